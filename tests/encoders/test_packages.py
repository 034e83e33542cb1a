"""The encoders of Python packages, as they are installed by default."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_images

from annotator import encoders
from annotator.encoders import packages
from annotator.encoders.building.torch_file import read_tensors
from selection.encoders import PretrainedEncoder, UnusableEncoder

# Published with all-MiniLM-L6-v2: its texts and their similarities.
TEXTS = ("The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium.")
SIMILARITIES = {(0, 1): 0.6660, (0, 2): 0.1046, (1, 2): 0.1411}
# Classes of ImageNet: a bell cote, a monastery, a palace; a daisy.
TEMPLE, FLOWER = {442, 663, 698}, {985}


@pytest.fixture
def carried() -> None:
    """Use the packages that are installed."""
    if any(packages.find_files(each) is None for each in packages.CARRIED):
        pytest.skip("The packages with weights are not installed.")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data directory in which encoders are prepared once for all tests here."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def minilm(carried: None, prepared: Path, settings: object) -> PretrainedEncoder:
    settings.DATA_DIR = prepared
    return encoders.load("all-minilm-l6-v2")


def test_vectors_are_those_that_the_authors_publish(minilm: PretrainedEncoder) -> None:
    vectors = minilm.encode(TEXTS)
    for (one, other), published in SIMILARITIES.items():
        assert vectors[one] @ vectors[other] == pytest.approx(published, abs=0.02)


def test_a_text_has_one_vector_in_any_company(minilm: PretrainedEncoder) -> None:
    alone = minilm.encode(TEXTS[:1])
    together = minilm.encode([*TEXTS, "word " * 400])
    np.testing.assert_allclose(alone[0], together[0], atol=1e-5)
    assert minilm.too_long([*TEXTS, "word " * 400]).tolist() == [False, False, False, True]


def test_pictures_are_what_they_show(carried: None, prepared: Path, settings: object) -> None:
    settings.DATA_DIR = prepared
    encoder = encoders.load("efficientnet-lite0")
    head = read_tensors(packages.find_files(packages.EFFICIENTNET_LITE0)["model"])
    pictures = [
        Image.fromarray(each).crop((107, 0, 534, 427)) for each in load_sample_images().images
    ]
    vectors = encoder.encode(pictures)
    # Vectors have length 1; those that the head was trained on are about 20 times as long.
    classes = np.argsort(20 * vectors @ head["_fc.weight"].T + head["_fc.bias"], axis=1)[:, ::-1]
    assert classes[0, 0] in TEMPLE
    assert FLOWER & set(classes[1, :3].tolist())


def test_installed_ones_are_listed_with_what_they_are(carried: None) -> None:
    found = {each.name: each for each in encoders.available()}
    assert set(found) == {"all-minilm-l6-v2", "efficientnet-lite0"}
    for each in found.values():
        assert (each.origin, each.licence, each.problem) == ("package", "Apache-2.0", None)
        assert each.publisher
        assert len(each.sha256) == 64
    assert encoders.best_for("text", "en") == "all-minilm-l6-v2"
    assert encoders.best_for("text", "zh") is None
    assert encoders.best_for("image") == "efficientnet-lite0"


def test_package_with_another_file_is_refused(
    carried: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    paths = packages.find_files(packages.MINILM)
    changed = tmp_path / "model.onnx"
    changed.write_bytes(paths["model"].read_bytes()[:-1] + b"?")
    monkeypatch.setattr(packages, "find_files", lambda _each: {**paths, "model": changed})
    with pytest.raises(UnusableEncoder, match="changed_file"):
        encoders.load("all-minilm-l6-v2")
