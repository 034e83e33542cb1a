"""Which encoders there are, and which one suits."""

from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from annotator import encoders
from selection.encoders import UnusableEncoder
from tests import tiny_encoders


def test_encoder_is_ready_once_it_was_loaded(tiny: Path) -> None:
    (before,) = encoders.available()
    assert (before.name, before.ready, before.dimensions) == ("tiny", False, 0)
    encoder = encoders.load("tiny")
    assert encoder.encode(["apple"]).shape == (1, 3)
    (after,) = encoders.available()
    assert (after.ready, after.dimensions, after.problem) == (True, 3, None)
    assert len(after.fingerprint) == 64
    assert after.sha256 == before.sha256
    assert encoders.load("tiny") is encoder


def test_a_folder_that_is_an_encoder_itself_counts(tiny: Path, settings: Settings) -> None:
    settings.ENCODERS_FOLDER = tiny
    assert [each.name for each in encoders.available()] == ["tiny"]


def test_off_means_none(tiny: Path, settings: Settings) -> None:
    settings.ENCODERS_ON = False
    assert encoders.available() == []
    assert encoders.best_for("text") is None
    with pytest.raises(UnusableEncoder, match="unknown_encoder"):
        encoders.load("tiny")


def test_changed_file_is_refused_and_told(tiny: Path) -> None:
    encoders.load("tiny")
    tiny_encoders.write_text_model(tiny / "model.onnx", 2 * tiny_encoders.TABLE)
    for _ in range(2):
        with pytest.raises(UnusableEncoder, match="changed_file"):
            encoders.load("tiny")
    (found,) = encoders.available()
    assert not found.ready
    assert found.problem is not None
    assert found.problem.values == {"file": "model.onnx"}
    assert encoders.best_for("text") is None


def test_mended_file_is_taken_again(tiny: Path) -> None:
    first = encoders.find("tiny")
    whole = (tiny / "model.onnx").read_bytes()
    (tiny / "model.onnx").write_bytes(whole[:-9])
    with pytest.raises(UnusableEncoder):
        encoders.load("tiny")
    (tiny / "model.onnx").write_bytes(whole)
    encoders.load("tiny")
    assert encoders.find("tiny").problem is None
    assert encoders.find("tiny").sha256 == first.sha256


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"dimensions": 7}, "wrong_dimension"),
        ({"sha256": {}}, "no_sum"),
        ({"sha256": {"model.onnx": "0" * 64}}, "changed_file"),
        ({"files": {"model": "other.onnx"}}, "missing_file"),
        ({"kind": "oracle"}, "unknown_kind"),
        ({"name": "auto"}, "bad_manifest"),
        ({"name": "../x"}, "bad_manifest"),
        ({"max_length": "many"}, "bad_manifest"),
        ({"pooling": "most"}, "bad_manifest"),
        ({"std": [0, 1, 1]}, "bad_manifest"),
        ({"files": {"model": "../../secret"}}, "bad_manifest"),
        ({"build": "anything"}, "bad_manifest"),
        ({"medium": "smell", "kind": "onnx_text"}, "bad_manifest"),
    ],
)
def test_wrong_manifests_are_refused_by_reason(
    installation: Path, changes: dict[str, Any], reason: str
) -> None:
    tiny_encoders.write_text_folder(installation / "tiny", **changes)
    (found,) = encoders.available()
    with pytest.raises(UnusableEncoder) as caught:
        encoders.load(found.name)
    assert caught.value.reason == reason
    assert encoders.find(found.name).problem.reason == reason


@pytest.mark.parametrize("content", ["{", "[]", '"text"', ""])
def test_manifest_that_is_no_object_is_told(installation: Path, content: str) -> None:
    (installation / "odd").mkdir()
    (installation / "odd" / "encoder.json").write_text(content)
    (found,) = encoders.available()
    assert found.problem.reason == "bad_manifest"


def test_missing_package_is_told(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("annotator.encoders.preparing.find_spec", lambda name: None)
    (found,) = encoders.available()
    assert found.problem.values == {"packages": "onnxruntime, tokenizers"}
    with pytest.raises(UnusableEncoder, match="not_installed"):
        encoders.load("tiny")


def test_fingerprint_changes_with_what_the_vectors_depend_on(installation: Path) -> None:
    def fingerprint(**changes: Any) -> str:
        tiny_encoders.write_text_folder(installation / "tiny", **changes)
        encoders.load("tiny")
        return encoders.find("tiny").fingerprint

    plain = fingerprint()
    assert fingerprint(prefix="query: ") != plain
    assert fingerprint(pooling="cls") != plain
    assert fingerprint(licence="Apache-2.0", languages=["de"]) == plain


def test_language_chooses_the_encoder(installation: Path) -> None:
    for name, languages in (("english", ["en"]), ("many", ["*"]), ("german", ["de"])):
        tiny_encoders.write_text_folder(installation / name, languages=languages)
    best = [encoders.best_for("text", code) for code in ("en", "", "de-AT", "zh")]
    assert best == ["english", "english", "german", "many"]
    assert encoders.best_for("image") is None


def test_no_encoder_suits_a_language_that_none_reads(installation: Path) -> None:
    tiny_encoders.write_text_folder(installation / "english", languages=["en"])
    assert encoders.best_for("text", "zh") is None


def test_network_goes_before_static_vectors(installation: Path) -> None:
    folder = installation / "a-static"
    folder.mkdir()
    tiny_encoders.write_safetensors(folder / "model.safetensors", embeddings=tiny_encoders.TABLE)
    tiny_encoders.write_tokenizer(folder / "tokenizer.json")
    tiny_encoders.write_manifest(folder, kind="static_vectors")
    assert encoders.best_for("text") == "a-static"
    assert encoders.load("a-static").encode(["apple"]).any()
    tiny_encoders.write_text_folder(installation / "network")
    assert encoders.best_for("text") == "network"


def test_picture_encoder_suits_pictures(installation: Path) -> None:
    folder = installation / "eyes"
    folder.mkdir()
    tiny_encoders.write_image_model(folder / "model.onnx")
    tiny_encoders.write_manifest(folder, medium="image", mean=[0, 0, 0], std=[1, 1, 1])
    assert encoders.best_for("image") == "eyes"
    assert encoders.load("eyes").dimensions == 3
