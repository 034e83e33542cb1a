"""The model of a delivery in an environment of its own: the same labels as the delivery.

    WINNOW_DATA=DIR python -m tests.bench.delivery_model --sets ag_news --items 10000 \
        --python FRESH/bin/python

A project of the items of these sets (several are joined) is labelled by their known answers, and a
delivery is planned. Its ZIP then predicts all items in FRESH, an environment with NumPy and
scikit-learn (and Pillow for pictures; ONNX Runtime and tokenizers with `--features auto`).
"""

import argparse
import csv
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
LABELS = 400
ROUNDS = (60, LABELS)


def main() -> None:
    options = _options()
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    files = list(_files(options.sets.split(","), options.items))
    delivery = _planned(files, options)
    with tempfile.TemporaryDirectory() as folder:
        print(_compared(delivery, files, Path(folder), options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", default="ag_news")
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--features", default="pool", help="as in the settings of a project")
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    return parser.parse_args()


# Data ---------------------------------------------------------------------------------------------


def _files(sets: list[str], most: int) -> Iterator[tuple[str, str, Any]]:
    """Yield (key, label, text or picture) of each item."""
    left = most
    for name in sets:
        for stem in (name, f"{name}_test"):
            path = DATA / f"{stem}.zip"
            read = _pictures(path) if path.exists() else _texts(DATA / f"{stem}.csv")
            for each, _number in zip(read, range(left), strict=False):
                left -= 1
                yield each


def _texts(path: Path) -> Iterator[tuple[str, str, Any]]:
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield row["id"], row["label"], row["text"]


def _pictures(path: Path) -> Iterator[tuple[str, str, Any]]:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith((".png", ".jpg"))]
        for name in names:
            yield f"{path.stem}-{Path(name).name}", Path(name).parts[-2], archive.read(name)


def _upload(files: list[tuple[str, str, Any]]) -> tuple[str, bytes]:
    if isinstance(files[0][2], str):
        out = io.StringIO()
        csv.writer(out).writerows([("id", "text"), *((key, text) for key, _, text in files)])
        return "items.csv", out.getvalue().encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for key, _label, data in files:
            archive.writestr(key, data)
    return "items.zip", packed.getvalue()


# The project --------------------------------------------------------------------------------------


def _planned(files: list[tuple[str, str, Any]], options: argparse.Namespace) -> Any:
    """Return a delivery of a project in which 400 of these items are labelled."""
    from annotator.flow.delivery import planning, promises
    from annotator.flow.projects import members, settings
    from annotator.models import Import, Role, User
    from tests import loop

    user = User.objects.create_superuser(f"model{time.time_ns()}", password="correct-horse")
    project = settings.create_project(
        user,
        name="Model",
        task="text" if isinstance(files[0][2], str) else "image",
        labels=sorted({label for _, label, _ in files}),
        features=options.features,
    )
    members.add_member(project, loop.person("ana").username, Role.ANNOTATOR)
    work = loop.bring_in(project, *_upload(files))
    assert work.state == Import.State.DONE, work.error
    loop.make_features(project)
    answers = {key: label for key, label, _ in files}
    for until in ROUNDS:
        _label(project, answers, until)
        loop.go_round(project)
        loop.rest(project)
    promises.start(project, user, max_error=Decimal("0.4"), only_attempt=True)
    delivery = project.deliveries.get()
    assert planning.plan(delivery.pk) is not None, "nothing can be delivered"
    delivery.refresh_from_db()
    return delivery


def _label(project: Any, answers: dict[str, str], until: int) -> None:
    from annotator.flow.queue import leasing
    from annotator.models import Annotation
    from tests import loop

    done = Annotation.objects.filter(project=project).count()
    for _number in range(until - done):
        lease = leasing.lease_next(loop.refreshed(project), loop.person("ana"))
        assert lease is not None
        loop.answer(lease, [answers[lease.item.key]])


# The script ---------------------------------------------------------------------------------------


def _compared(
    delivery: Any, files: list[tuple[str, str, Any]], folder: Path, options: argparse.Namespace
) -> str:
    """Return how many of the script's labels are those of the frozen model, over all items."""
    from annotator.flow.datasets.outgoing import predictions
    from annotator.flow.delivery import trained_model
    from annotator.models import Item

    with trained_model.pack(delivery) as file, zipfile.ZipFile(file) as archive:
        size = sum(each.file_size for each in archive.infolist())
        archive.extractall(folder / "model")
    rows = _predicted(options.python, folder, files)
    predicted = predictions.of_model(delivery.project, delivery.model)
    items = Item.objects.filter(project=delivery.project)
    places = dict(items.values_list("key", "position"))
    same, furthest = 0, 0.0
    for (key, _label, _data), row in zip(files, rows, strict=True):
        told = predicted.of(places[key])
        assert told is not None
        same += told["labels"] == row["labels"]
        furthest = max(furthest, abs(float(predicted.confidence[places[key]]) - row["confidence"]))
    seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    return (
        f"{options.sets}: {same:,} of {len(files):,} labels the same, confidence within "
        f"{furthest:.1e}, {seconds:.0f} s of CPU, {size / 1e6:.1f} MB"
    )


def _predicted(
    python: Path, folder: Path, files: list[tuple[str, str, Any]]
) -> list[dict[str, Any]]:
    rows = []
    for number, (_key, _label, data) in enumerate(files):
        if isinstance(data, str):
            rows.append({"text": data})
            continue
        path = folder / f"{number}.png"
        path.write_bytes(data)
        rows.append({"image": str(path)})
    told = subprocess.run(
        [python, "-I", folder / "model" / "predict.py"],
        input="".join(json.dumps(row) + "\n" for row in rows),
        capture_output=True,
        check=False,
        cwd="/",
        text=True,
    )
    assert told.returncode == 0, told.stderr
    return [json.loads(line) for line in told.stdout.splitlines()]


if __name__ == "__main__":
    main()
