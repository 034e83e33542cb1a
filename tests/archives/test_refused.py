"""Archives that cannot be opened: each has a clear answer, and nothing of it is stored."""

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from annotator.archives import package
from annotator.archives.problems import BadArchive
from annotator.archives.tables import TABLES
from annotator.archives.writer import write
from annotator.errors import FlowError
from annotator.flow.archiving import jobs, run
from annotator.flow.operations import cleanup
from annotator.models import ArchiveJob, Project, User
from tests import loop
from tests.archives import moving, packing
from tests.archives.packing import row

pytestmark = pytest.mark.django_db

# Written once: what is refused needs no project beside it.
WRITTEN: list[bytes] = []

Change = Callable[[packing.Parts, Any], object]


@pytest.fixture
def archive(project: Project, ana: User, tmp_path: Path) -> Path:
    path = tmp_path / "mail.winnow"
    if not WRITTEN:
        loop.fill(project, 20)
        loop.make_features(project)
        loop.label(project, ana, 12)
        loop.go_round(project)
        write(project, path)
        WRITTEN.append(path.read_bytes())
        cleanup.remove_project(project)
    path.write_bytes(WRITTEN[0])
    return path


@pytest.fixture
def stored(archive: Path) -> Callable[[], Any]:
    """Return what there is, which no refused archive changes."""

    def there() -> Any:
        rows = [(model, model._default_manager.count()) for model in (*TABLES, User)]
        return [*rows, sorted(files(archive))]

    return there


def files(archive: Path) -> set[str]:
    return {str(path) for path in (archive.parent / "files").rglob("*") if path.is_file()}


def code_of(path: Path, user: User) -> str:
    """Return with which code the archive is refused, at once or by the worker."""
    try:
        work = jobs.receive(user, SimpleUploadedFile(path.name, path.read_bytes()))
    except FlowError as refused:
        assert not ArchiveJob.objects.filter(kind=ArchiveJob.Kind.IMPORT).exists()
        return refused.code
    found: list[str] = []
    real = BadArchive.__init__

    def noted(self: BadArchive, code: str, **values: Any) -> None:
        found.append(code)
        real(self, code, **values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BadArchive, "__init__", noted)
        run.run(work.pk)
    done = loop.refreshed(work)
    assert (done.state, done.made) == (ArchiveJob.State.FAILED, None)
    assert done.error
    # The next attempt would give the same result, so the file is not kept.
    assert not (jobs.folder() / done.path).exists()
    return found[-1]


# Files --------------------------------------------------------------------------------------------


def test_files_that_are_no_archives(archive: Path, olga: User, stored: Any, tmp_path: Path) -> None:
    before = stored()
    other = tmp_path / "other.winnow"
    for content in (b"", b"text,label\nx,y\n", b"PK", b"\x00" * 5000):
        other.write_bytes(content)
        assert code_of(other, olga) == "archive_foreign"
    with zipfile.ZipFile(other, "w") as made:
        made.writestr("a.txt", "x")
    assert code_of(other, olga) == "archive_foreign"
    for told in ("[]", "{}", '{"format": "1"}'):
        with zipfile.ZipFile(other, "w") as made:
            made.writestr("manifest.json", told)
        assert code_of(other, olga) == "archive_foreign"
    with zipfile.ZipFile(other, "w") as made:
        made.writestr("manifest.json", "{")
    assert code_of(other, olga) == "archive_damaged"
    assert stored() == before


def test_archives_cut_off_anywhere(archive: Path, olga: User, stored: Any, tmp_path: Path) -> None:
    before, whole = stored(), archive.read_bytes()
    cut = tmp_path / "cut.winnow"
    for share in (0.01, 0.3, 0.7, 0.99):
        cut.write_bytes(whole[: int(share * len(whole))])
        assert code_of(cut, olga) == "archive_incomplete"
    assert stored() == before


def test_bytes_changed_anywhere(archive: Path, olga: User, stored: Any, tmp_path: Path) -> None:
    before, whole = stored(), archive.read_bytes()
    bad = tmp_path / "bad.winnow"
    chance = np.random.default_rng(7)
    codes = set()
    for place in chance.integers(0, len(whole), 60).tolist():
        changed = bytearray(whole)
        changed[place] ^= 1 << int(chance.integers(0, 8))
        bad.write_bytes(changed)
        work = None
        try:
            work = jobs.receive(olga, SimpleUploadedFile("bad.winnow", bytes(changed)))
        except FlowError as refused:
            codes.add(refused.code)
            continue
        run.run(work.pk)
        done = loop.refreshed(work)
        # A bit without meaning, such as a date in a header, may differ.
        assert done.state == "failed" or moving.records(done.made) == moving.records(
            Project.objects.get(pk=done.made.pk)
        )
        if done.state == "failed":
            assert done.attempts == 1, done.error
            codes.add("failed")
        else:
            cleanup.remove_project(done.made)
    assert codes <= {
        *("archive_foreign", "archive_incomplete", "archive_damaged", "archive_bomb", "failed"),
        "archive_newer",
    }
    assert "failed" in codes
    assert stored() == before


# Parts --------------------------------------------------------------------------------------------

FALSE_PARTS: dict[str, tuple[Change, str]] = {
    "row lost": (
        lambda parts, _m: parts.update({"tables/item.jsonl": parts["tables/item.jsonl"][:-40]}),
        "archive_damaged",
    ),
    "part lost": (lambda parts, _m: parts.pop("people.json"), "archive_damaged"),
    "part too many": (lambda parts, _m: parts.update(extra=b"x"), "archive_damaged"),
    "other count": (
        lambda _p, manifest: manifest["counts"].update({"tables/item.jsonl": 3}),
        "archive_damaged",
    ),
    "other hash": (
        lambda _p, manifest: manifest["sha256"].update({"people.json": "0" * 64}),
        "archive_damaged",
    ),
    "newer format": (lambda _p, manifest: manifest.update(format=2), "archive_newer"),
    "newer tables": (
        lambda _p, manifest: manifest["migrations"].append("9999_later"),
        "archive_newer",
    ),
    "no time": (lambda _p, manifest: manifest.update(made_at="yesterday"), "archive_damaged"),
    "unknown scope": (lambda _p, manifest: manifest.update(scope="half"), "archive_damaged"),
}


@pytest.mark.parametrize(("change", "code"), FALSE_PARTS.values(), ids=list(FALSE_PARTS))
def test_parts_that_differ_from_the_manifest(
    archive: Path, olga: User, stored: Any, change: Change, code: str
) -> None:
    before = stored()
    assert code_of(packing.changed(archive, change, is_true=False), olga) == code
    assert stored() == before


def _put(name: str, content: bytes) -> Change:
    def change(parts: packing.Parts, manifest: Any) -> None:
        parts[name.replace("{pk}", str(manifest["project"]))] = content

    return change


def _line(table: str, line: bytes) -> Change:
    name = f"tables/{table}.jsonl"
    return lambda parts, _manifest: parts.update({name: parts[name] + line + b"\n"})


def _model_file(content: bytes) -> Change:
    def change(parts: packing.Parts, _manifest: Any) -> None:
        name = next(each for each in parts if "/models/" in each)
        parts[name] = content

    return change


def _packed_arrays() -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, weights=np.zeros(1_000_000))
    return out.getvalue()


def _people(names: dict[str, Any]) -> Change:
    return _put("people.json", json.dumps(names).encode())


# An archive with a correct manifest, as a stranger could make one.
STRANGE: dict[str, tuple[Change, str]] = {
    "path outside": (_put("files/../../evil", b"x"), "archive_file"),
    "absolute path": (_put("files//etc/passwd", b"x"), "archive_file"),
    "unknown file": (_put("files/projects/{pk}/models/run.py", b"x"), "archive_file"),
    "other project": (_put("files/projects/999/models/000001.npz", b"x"), "archive_file"),
    "features of nobody": (
        _put("files/projects/{pk}/features/7777777/encoder.npz", b"x"),
        "archive_file",
    ),
    "picture of nobody": (
        _put("files/pictures/{pk}/ab/ab" + "0" * 30 + ".png", b"x"),
        "archive_file",
    ),
    "unknown part": (_put("tables/user.jsonl", b""), "archive_foreign"),
    "model that is no arrays": (_model_file(b"\x80\x04cos\nsystem\n"), "archive_file"),
    "model that unpacks": (_model_file(_packed_arrays()), "archive_file"),
    "bomb": (_put("tables/tally.jsonl", b" " * (40 << 20)), "archive_bomb"),
    "no JSON": (_line("label", b"{"), "archive_value"),
    "deep JSON": (_line("label", b"[" * 100_000), "archive_value"),
    "no row": (_line("label", b"[]"), "archive_value"),
    "column too many": (row("item", is_admin=True), "archive_value"),
    "text for a number": (row("item", position="0"), "archive_value"),
    "truth for a number": (row("item", answers=True), "archive_value"),
    "number too large": (row("item", position=2**40), "archive_value"),
    "place beyond": (row("item", 19, position=20), "archive_value"),
    "no number": (row("project", second_share=float("nan")), "archive_value"),
    "NUL": (row("item", text="a\x00b"), "archive_value"),
    "half a character": (row("item", meta={"a": "\ud800"}), "archive_value"),
    "text too long": (row("item", key="k" * 201), "archive_value"),
    "other shape": (row("item", meta=[]), "archive_value"),
    "null": (row("item", text=None), "archive_value"),
    "no time": (row("annotation", created_at="2026-13-01"), "archive_value"),
    "no zone": (row("annotation", created_at="2026-11-01T00:00:00"), "archive_value"),
    "no choice": (row("annotation", source="magic"), "archive_value"),
    "no UUID": (row("annotation", client_id="x"), "archive_value"),
    "picture elsewhere": (row("item", image="../../secret_key"), "archive_value"),
    "unknown task": (row("project", task="audio"), "archive_value"),
    "unknown strategy": (row("project", strategy="magic"), "archive_value"),
    "share too large": (row("project", audit_share=0.9), "archive_value"),
    "keys out of order": (row("label", 1, id=1), "archive_value"),
    "label of nobody": (row("annotationlabel", label_id=987_654), "archive_reference"),
    "item of nobody": (row("annotation", item_id=987_654), "archive_reference"),
    "other person": (row("annotation", user_id=987_654), "archive_reference"),
    "rare label of nobody": (row("project", rare_label_id=987_654), "archive_reference"),
    "label id in JSON": (row("item", gold=[987_654]), "archive_reference"),
    "no label ids": (row("item", gold=[{}]), "archive_reference"),
    "suggestion without labels": (row("item", suggested={}), "archive_reference"),
    "two projects": (_line("project", b"{}"), "archive_value"),
    "items lost": (row("project", items=21), "archive_damaged"),
    "person without a name": (_people({"1": ""}), "archive_value"),
    "person with markup": (_people({"1": "<b>"}), "archive_value"),
    "people of one name": (_people({"1": "a", "2": "a"}), "archive_value"),
    "same place twice": (row("item", 1, position=0), "archive_contradicts"),
    "label twice": (row("label", 1, name="spam"), "archive_contradicts"),
}


@pytest.mark.parametrize(("change", "code"), STRANGE.values(), ids=list(STRANGE))
def test_archives_of_strangers(
    archive: Path, olga: User, stored: Any, change: Change, code: str
) -> None:
    before = stored()
    assert code_of(packing.changed(archive, change), olga) == code
    assert stored() == before


def test_two_parts_of_one_name(archive: Path, olga: User, tmp_path: Path) -> None:
    twice = tmp_path / "twice.winnow"
    shutil.copy(archive, twice)
    with (
        pytest.warns(UserWarning, match="Duplicate"),
        zipfile.ZipFile(twice, "a") as made,
    ):
        made.writestr("people.json", "{}")
    assert code_of(twice, olga) == "archive_foreign"


def test_path_of_a_model_is_not_the_archives(archive: Path, olga: User) -> None:
    made = moving.made_by(
        moving.opened(packing.changed(archive, row("modelversion", path="../../x")), olga)
    )
    assert [each.path for each in made.models.all()] == ["000001.npz"]


def test_disk_without_room(
    archive: Path, olga: User, stored: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored()
    usage = shutil.disk_usage(archive)
    full = usage._replace(free=package.RESERVED_BYTES + 1000)
    monkeypatch.setattr(package.shutil, "disk_usage", lambda _path: full)
    assert code_of(archive, olga) == "archive_room"
    assert stored() == before


def test_column_of_a_later_version_gets_its_default(archive: Path, olga: User) -> None:
    def without(parts: packing.Parts, _manifest: Any) -> None:
        name = "tables/item.jsonl"
        rows = [json.loads(line) for line in parts[name].splitlines()]
        for each in rows:
            del each["skips"]
        parts[name] = b"".join(json.dumps(each).encode() + b"\n" for each in rows)

    work = moving.opened(packing.changed(archive, without), olga)
    assert moving.made_by(work).items == 20
