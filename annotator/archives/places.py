"""Files of an archive: which kinds there are, what they may hold, and where each lands here.

A name in an archive is matched with the shape of its kind, and only numbers, hashes and words of
that shape are taken from it: the path is the one that this installation would have chosen.
"""

import io
import re
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from PIL import Image, UnidentifiedImageError

from annotator.archives.package import ERRORS, Manifest
from annotator.archives.problems import BadArchive
from annotator.formats.image_zip import MOST_PIXELS
from annotator.models import FeatureSpace, Import
from annotator.pool import feature_store, model_files, vector_store

FORMATS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP"}
LARGEST_PICTURE = 100 << 20
IN_MEMORY = 16 << 20

PICTURE = re.compile(
    r"pictures/(?P<project>\d{1,18})/(?P<start>[0-9a-f]{2})/"
    r"(?P<name>(?P=start)[0-9a-f]{30}(?:_[A-Za-z0-9]{7})?\.(?P<ending>png|jpg|webp))"
)
REPORT = re.compile(r"reports/(?P<import>\d{1,18})\.csv")
OF_SPACE = re.compile(
    r"projects/(?P<project>\d{1,18})/features/(?P<space>\d{1,18})/"
    r"(?P<name>(?:encoder|label-texts|plane|words-\d{1,10})\.npz|shard-\d{5}/[a-z_]{1,40}\.npy)"
)
VECTORS = re.compile(
    r"projects/(?P<project>\d{1,18})/vectors/"
    r"(?P<name>[A-Za-z0-9_-]{1,100}/(?:[0-9a-f]{16}|own)/\d{9}\.npy)"
)
MODEL = re.compile(
    r"projects/(?P<project>\d{1,18})/models/"
    r"(?P<name>\d{6}(?:-committee|-relevance)?\.npz)"
)
OF_ROUND = re.compile(
    r"projects/(?P<project>\d{1,18})/rounds/(?P<round>\d{1,9})/"
    r"(?P<name>\d{5}(?:-surest|-predictions)?\.npz|audits\.npz|surest\.json)"
)

DELIVERY = re.compile(
    r"projects/(?P<project>\d{1,18})/deliveries/"
    r"(?P<name>\d{6}/(?:(?:regions|model|features)\.npz|labels\.jsonl\.gz))"
)

Keys = Mapping[type[Any], Any]


def _picture(found: re.Match[str], project: int, _keys: Keys) -> Path:
    return _root() / "pictures" / str(project) / found["start"] / found["name"]


def _report(found: re.Match[str], _project: int, keys: Keys) -> Path:
    return report_path(keys[Import][int(found["import"])])


def _of_space(found: re.Match[str], project: int, keys: Keys) -> Path:
    space = FeatureSpace(pk=keys[FeatureSpace][int(found["space"])], project_id=project)
    return feature_store.space_folder(space) / found["name"]


def _vectors(found: re.Match[str], project: int, _keys: Keys) -> Path:
    return vector_store.vectors_folder(project) / found["name"]


def _model(found: re.Match[str], project: int, _keys: Keys) -> Path:
    return model_files.models_folder(project) / found["name"]


def _of_round(found: re.Match[str], project: int, _keys: Keys) -> Path:
    return model_files.round_folder(project, int(found["round"])) / found["name"]


def _delivery(found: re.Match[str], project: int, _keys: Keys) -> Path:
    return feature_store.project_folder(project) / "deliveries" / found["name"]


KINDS: dict[re.Pattern[str], Callable[[re.Match[str], int, Keys], Path]] = {
    PICTURE: _picture,
    REPORT: _report,
    OF_SPACE: _of_space,
    VECTORS: _vectors,
    MODEL: _model,
    OF_ROUND: _of_round,
    DELIVERY: _delivery,
}


def report_path(import_pk: int) -> Path:
    """Return the path of the report of an import."""
    return _root() / "uploads" / f"{import_pk}-rejected.csv"


def _root() -> Path:
    return Path(settings.MEDIA_ROOT)


def is_known(name: str) -> bool:
    """Return whether a file is of a kind that archives hold."""
    return any(kind.fullmatch(name) for kind in KINDS)


def is_stored_picture(name: str, project: int) -> bool:
    """Return whether this is the name of a stored picture of the project."""
    found = PICTURE.fullmatch(name)
    return found is not None and int(found["project"]) == project


def picture_name(name: str, project: int) -> str:
    """Return the name that a stored picture has in another project."""
    found = PICTURE.fullmatch(name)
    assert found is not None, "it was checked"
    return f"pictures/{project}/{found['start']}/{found['name']}"


def place_of(name: str, project: int, keys: Keys) -> Path:
    """Return where a file of the archive lands in the project, by the new keys of the rows."""
    for kind, place in KINDS.items():
        found = kind.fullmatch(name)
        if found is not None:
            return place(found, project, keys)
    raise ValueError(name)


# Checks -------------------------------------------------------------------------------------------


def check_name(name: str, manifest: Manifest, checked: Any) -> None:
    """Raise BadArchive for a file of another kind, or one that no row knows."""
    found = next((hit for hit in (kind.fullmatch(name) for kind in KINDS) if hit), None)
    if found is None:
        raise BadArchive("archive_file", field="file", part=name[:100])
    told = found.groupdict()
    if "project" in told and int(told["project"]) != manifest.project:
        raise BadArchive("archive_file", field="file", part=name[:100])
    owners = (("space", FeatureSpace), ("import", Import))
    is_owned = all(int(told[key]) in checked.keys[model] for key, model in owners if key in told)
    if not is_owned or ("ending" in told and name not in checked.pictures):
        raise BadArchive("archive_file", field="file", part=name[:100])


def check_content(name: str, blocks: Iterator[bytes]) -> None:
    """Read a file to its end; BadArchive for a picture or arrays that are none."""
    ending = name.rpartition(".")[2]
    if ending not in FORMATS and ending != "npz":
        for _block in blocks:
            continue
        return
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        size = 0
        for block in blocks:
            size += file.write(block)
            if ending in FORMATS and size > LARGEST_PICTURE:
                raise BadArchive("archive_file", field="file", part=name[:100])
        file.seek(0)
        if not (_is_npz(file, size) if ending == "npz" else _is_image(file, FORMATS[ending])):
            raise BadArchive("archive_file", field="file", part=name[:100])


def _is_npz(file: IO[bytes], size: int) -> bool:
    """Return whether these are arrays as they are stored here: none unpacks to more than it is."""
    try:
        with zipfile.ZipFile(file) as arrays:
            entries = arrays.infolist()
    except ERRORS:
        return False
    is_plain = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
    return is_plain and sum(entry.file_size for entry in entries) <= size


def _is_image(file: IO[bytes], kind: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(file.read()), formats=[kind]) as picture:
                width, height = picture.size
                picture.verify()
    except (UnidentifiedImageError, Image.DecompressionBombError, Warning, *ERRORS, SyntaxError):
        return False
    except OSError:
        return False
    return width * height <= MOST_PIXELS


def write(path: Path, blocks: Iterable[bytes]) -> None:
    """Store a file, with the folders that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for block in blocks:
            file.write(block)
