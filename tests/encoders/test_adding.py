"""Adding encoders from folders and a hub, and removing them."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from annotator import encoders
from annotator.encoders import catalogue
from annotator.encoders.catalogue import Entry, Pinned
from annotator.encoders.manifest import Manifest
from tests import tiny_encoders

REVISION = "0123abcd"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Return the address of a file server, and the folder of the repository in it."""
    root = tmp_path / "hub"
    folder = root / "people" / "tiny" / "resolve" / REVISION
    folder.mkdir(parents=True)
    tiny_encoders.write_safetensors(folder / "model.safetensors", embeddings=tiny_encoders.TABLE)
    tiny_encoders.write_tokenizer(folder / "tokenizer.json")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()
    server.server_close()


@pytest.fixture
def entry(hub: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> Entry:
    """Return an entry of the catalogue that the server has."""
    files = {
        role: Pinned(name, (hub[1] / name).stat().st_size, _sum(hub[1] / name))
        for role, name in (("model", "model.safetensors"), ("tokenizer", "tokenizer.json"))
    }
    sums = {each.path: each.sha256 for each in files.values()}
    told = {"name": "tiny-vectors", "kind": "static_vectors", "dimensions": 3, "sha256": sums}
    made = Entry(Manifest.of(told), "people/tiny", REVISION, files, "Tiny.")
    monkeypatch.setattr(catalogue, "ENTRIES", (made,))
    return made


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def command(*words: str) -> str:
    import io

    out = io.StringIO()
    call_command("encoders", *words, stdout=out)
    return out.getvalue()


def kept() -> list[str]:
    folder = Path(settings.DATA_DIR) / "encoders" / "added"
    return sorted(each.name for each in folder.iterdir() if each.name != ".lock")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Return the folder of an encoder that this installation does not know."""
    return tiny_encoders.write_text_folder(tmp_path / "elsewhere" / "mine")


def test_folder_is_copied_tried_and_removed(elsewhere: Path) -> None:
    assert "mine is there and ready" in command("add", str(elsewhere))
    for file in elsewhere.iterdir():
        file.unlink()
    assert encoders.find("mine").ready
    assert encoders.load("mine").encode(["apple"]).any()
    assert "mine" in command("list")
    command("remove", "mine")
    assert encoders.available() == []
    assert kept() == []


def test_missing_sums_are_taken_from_the_files(tmp_path: Path) -> None:
    folder = tiny_encoders.write_text_folder(tmp_path / "x" / "mine", sha256={})
    command("add", str(folder))
    assert encoders.find("mine").sha256 == _sum(folder / "model.onnx")


def test_an_encoder_that_fails_is_not_kept(tmp_path: Path) -> None:
    folder = tiny_encoders.write_text_folder(tmp_path / "x" / "mine", dimensions=9)
    with pytest.raises(CommandError, match="says 9 dimensions, but the model gives 3"):
        command("add", str(folder))
    assert kept() == []
    assert encoders.available() == []


def test_changed_file_is_not_added(elsewhere: Path) -> None:
    (elsewhere / "tokenizer.json").write_text("{}")
    with pytest.raises(CommandError, match=r"tokenizer\.json is not the one that encoder\.json"):
        command("add", str(elsewhere))


def test_name_is_given_once(elsewhere: Path) -> None:
    command("add", str(elsewhere))
    with pytest.raises(CommandError, match="There is an encoder mine already"):
        command("add", str(elsewhere))
    assert kept() == ["mine"]


def test_only_what_was_added_is_removed(tiny: Path) -> None:
    with pytest.raises(CommandError, match="lies in the folder of WINNOW_ENCODERS"):
        command("remove", "tiny")
    with pytest.raises(CommandError, match="There is no encoder other here"):
        command("remove", "other")
    assert tiny.is_dir()


def test_neither_name_nor_folder_is_told() -> None:
    with pytest.raises(CommandError, match="no name of the list: all-minilm-l6-v2"):
        command("add", "all-minilm")


def test_entry_is_fetched_checked_and_ready(hub: tuple[str, Path], entry: Entry) -> None:
    assert "encoders add tiny-vectors" in command("list")
    told = command("add", "Tiny-Vectors", "--hub", hub[0])
    assert "tiny-vectors is there and ready" in told
    assert encoders.load("tiny-vectors").encode(["apple"]).any()
    assert "encoders add tiny-vectors" not in command("list")


@pytest.mark.parametrize("change", ["other", "shorter", "longer"])
def test_other_file_at_the_hub_is_refused(hub: tuple[str, Path], entry: Entry, change: str) -> None:
    path = hub[1] / "model.safetensors"
    whole = path.read_bytes()
    changed = {
        "other": whole[:-1] + b"!",
        "shorter": whole[:-1],
        "longer": whole + b"?" * 5_000_000,
    }
    path.write_bytes(changed[change])
    with pytest.raises(CommandError, match="its size or SHA-256 differs"):
        command("add", "tiny-vectors", "--hub", hub[0])
    assert kept() == []


def test_hub_without_the_file_or_without_answer_is_told(
    hub: tuple[str, Path], entry: Entry
) -> None:
    (hub[1] / "tokenizer.json").unlink()
    with pytest.raises(CommandError, match="cannot be fetched"):
        command("add", "tiny-vectors", "--hub", hub[0])
    with pytest.raises(CommandError, match="cannot be fetched"):
        command("add", "tiny-vectors", "--hub", "http://127.0.0.1:9")
    with pytest.raises(CommandError, match="is no address of a hub"):
        command("add", "tiny-vectors", "--hub", "file:///etc")
    assert kept() == []


def test_catalogue_names_every_file_by_its_sum() -> None:
    for each in catalogue.ENTRIES:
        assert set(each.files) == set(each.manifest.files)
        for role, pinned in each.files.items():
            assert each.manifest.sums[each.manifest.files[role]] == pinned.sha256
            assert pinned.size > 0
        assert len(each.revision) == 40
        assert each.manifest.licence
        assert each.about_words
