"""The trained model goes out: the same labels as the delivery, on a machine of its own."""

import io
import json
import re
import subprocess
import sys
import venv
import zipfile
from decimal import Decimal
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from annotator.errors import Conflict
from annotator.flow.delivery import freezing, planning, promises, proof, trained_model
from annotator.flow.training import predict
from annotator.models import Delivery, Item, Project, User
from annotator.pool import delivery_regions
from tests import hashing_encoder, loop
from tests.api.calls import at
from tests.flow.delivery.test_delivery import started, trained, trained_once
from tests.given import Api

pytestmark = pytest.mark.django_db
__all__ = ["trained", "trained_once"]
LIBRARIES = ("numpy", "scipy", "scikit-learn")


def unpacked(delivery: Delivery, folder: Path) -> Path:
    with trained_model.pack(delivery) as file, zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
    return folder


def predicted(python: Path, folder: Path, texts: list[Any]) -> list[dict[str, Any]]:
    """Return what the script says of texts, or of rows with several fields."""
    rows = [text if isinstance(text, dict) else {"text": text} for text in texts]
    # From elsewhere, and without what this process can import.
    told = subprocess.run(
        [python, "-I", folder / "predict.py"],
        input="".join(json.dumps(row) + "\n" for row in rows),
        capture_output=True,
        check=False,
        cwd="/",
        text=True,
        timeout=120,
    )
    assert told.returncode == 0, told.stderr
    return [json.loads(line) for line in told.stdout.splitlines()]


def assert_same_as_delivered(delivery: Delivery, rows: list[dict[str, Any]], texts: Any) -> None:
    project = delivery.project
    (region,) = delivery_regions.load(delivery)
    labels = [label.name for label in project.labels.order_by("pk")]
    assert delivery.model is not None
    names = {label.pk: label.name for label in project.labels.all()}
    columns = [names[pk] for pk in delivery.model.labels]
    assert set(columns) == set(labels)
    given = dict(zip(region.positions.tolist(), region.classes(len(columns)), strict=True))
    sure = dict(zip(region.positions.tolist(), region.confidence, strict=True))
    compared = 0
    for item, row in zip(texts, rows, strict=True):
        if item.position in given:
            own = [n for n, is_it in zip(columns, given[item.position], strict=True) if is_it]
            assert row["labels"] == own
            assert row["confidence"] == pytest.approx(sure[item.position], abs=1e-6)
            compared += 1
    assert compared > 500


def test_script_predicts_what_was_delivered(trained: Project, lea: User, tmp_path: Path) -> None:
    delivery = started(trained, lea)
    items = list(Item.objects.filter(project=trained).order_by("position"))
    rows = predicted(
        Path(sys.executable), unpacked(delivery, tmp_path), [item.text for item in items]
    )
    assert_same_as_delivered(delivery, rows, items)
    _version, by_api = predict.predict(trained, [item.text for item in items[:50]])
    for row, told in zip(rows, by_api, strict=False):
        assert row["labels"] == told["labels"]
        assert row["proba"] == pytest.approx(told["proba"], abs=1e-5)


def link_libraries(site: Path) -> None:
    """Put the three libraries and what they require into a folder, and nothing else."""
    left, known = list(LIBRARIES), set()
    while left:
        found = metadata.distribution(left.pop())
        known.add(found.name)
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            (site / top).symlink_to(Path(str(found.locate_file(top))))
        needed = {re.split(r"[^\w-]", each)[0] for each in found.requires or () if ";" not in each}
        left += needed - known - set(left)


def test_script_needs_three_libraries_only(trained: Project, lea: User, tmp_path: Path) -> None:
    delivery = started(trained, lea)
    folder = unpacked(delivery, tmp_path / "model")
    venv.create(tmp_path / "venv", symlinks=True)
    (site,) = (tmp_path / "venv" / "lib").glob("python3*/site-packages")
    link_libraries(site)
    python = tmp_path / "venv" / "bin" / "python"
    bare = subprocess.run([python, "-I", "-c", "import django"], capture_output=True)
    assert b"ModuleNotFoundError" in bare.stderr
    items = list(Item.objects.filter(project=trained).order_by("position"))
    rows = predicted(python, folder, [item.text for item in items])
    assert_same_as_delivered(delivery, rows, items)


def test_model_is_kept_though_newer_ones_came(
    trained: Project, lea: User, ana: User, tmp_path: Path
) -> None:
    delivery = started(trained, lea)
    folder = delivery_regions.folder(delivery)
    before = (folder / "model.npz").read_bytes()
    loop.label(trained, ana, 30)
    loop.go_round(trained)
    assert (folder / "model.npz").read_bytes() == before
    (folder / "model.npz").unlink()
    with pytest.raises(Conflict, match="was not kept"):
        trained_model.pack(delivery)


def test_model_of_a_pretrained_encoder_takes_its_files_along(
    trained: Project, lea: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = started(trained, lea)
    assert delivery.model is not None
    hashing_encoder.install(monkeypatch, hashing_encoder.Hashing())
    weights = tmp_path / "model.onnx"
    weights.write_bytes(b"weights")
    told = {"name": "hashing", "files": {"model": "model.onnx"}}
    monkeypatch.setattr(trained_model.pretrained, "files_of", lambda _name: (told, [weights]))
    found = trained_model.pretrained.find("text", "hashing")
    assert found is not None
    delivery.model.space.encoder, delivery.model.space.encoder_sha256 = "hashing", found.sha256
    with trained_model.pack(delivery) as file, zipfile.ZipFile(file) as archive:
        assert archive.read("encoder/model.onnx") == b"weights"
        assert json.loads(archive.read("model.json"))["encoder"] == told
        assert b"onnxruntime" in archive.read("predict.py")
    delivery.model.space.encoder_sha256 = "changed"
    with pytest.raises(Conflict, match="changed"):
        trained_model.pack(delivery)


def test_model_is_sent_once_it_is_frozen(api: Api, trained: Project, lea: User, ana: User) -> None:
    from tests.flow.delivery.test_delivery import answer_checks

    work = promises.start(trained, lea, max_error=Decimal("0.2"), only_attempt=True)
    planning.plan(work.pk)
    proof.go_on(work.pk)
    assert api(lea).get(at(trained, "/deliveries/1/model")).status_code == 409
    answer_checks(work, ana, 50)
    freezing.start(work)
    freezing.freeze(work.pk)
    answer = api(lea).get(at(trained, "/deliveries/1/model"))
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.getvalue())) as archive:
        assert archive.testzip() is None
        assert {"predict.py", "model.json", "model.npz", "features.npz"} <= set(archive.namelist())
