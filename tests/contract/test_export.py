"""Four small projects, walked through the API at a fixed time, go out as they did before."""

from __future__ import annotations

import csv
import io
import json
import re
import struct
import uuid
import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import time_machine
from django.apps import apps
from django.db.models import JSONField
from pytest_django import Settings
from rest_framework.test import APIClient

from annotator.models import Project, User
from tests import loop
from tests.contract import snapshots
from tests.given import Api

pytestmark = pytest.mark.django_db

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
EVERYTHING = "withdrawn,skipped,unlabelled"
# Two digits, on which every processor and every order of summing agree.
DIGITS = 2


class Walk:
    """One project and its people, each call a second after the one before."""

    def __init__(self, clock: Any, api: Any, people: dict[str, Any], **settings: Any) -> None:
        self.clock, self.people = clock, {name: api(user) for name, user in people.items()}
        wanted = {"seed": 7, "batch_size": 4, "gold_share": 0.3, "audit_share": 0.25, **settings}
        self.made = self.ask("olga", "post", "/api/v1/projects", wanted)
        self.row = Project.objects.get(pk=self.made["id"])
        for name in people:
            if name != "olga":
                role = "lead" if name == "lea" else "annotator"
                self.ask("olga", "post", self.at("members"), {"username": name, "role": role})

    def at(self, tail: str) -> str:
        return f"/api/v1/projects/{self.row.pk}/{tail}"

    def ask(self, who: str, method: str, path: str, body: Any = None) -> Any:
        """Call the API as somebody and return what it answers."""
        self.clock.shift(1)
        caller: APIClient = self.people[who]
        answer = getattr(caller, method)(path, body)
        assert answer.status_code < 300, (path, answer.content)
        return answer.json() if answer.content else None

    def bring_in(self, name: str, content: bytes | str, **options: str) -> None:
        """Import a file; every row of it is good."""
        self.clock.shift(1)
        work = loop.bring_in(self.row, name, content, **options)
        assert (work.state, work.rejected) == ("done", 0), (work.error, work.errors)

    def next(self, who: str) -> Any:
        """Return what somebody is given to label."""
        return self.ask(who, "post", self.at("next"), {})

    def save(self, who: str, labels: list[str], **more: Any) -> Any:
        """Answer the next item and return the annotation; without a next one, as each is asked."""
        given = {"lease": self.next(who)["lease"], "labels": labels, "seconds": 3.5, **more}
        given["client_id"] = str(uuid.uuid4())
        return self.ask(who, "post", self.at("annotations?next=0"), given)["annotation"]

    def correct(self, who: str, annotation: Any, labels: list[str], **more: Any) -> None:
        """Say something else instead."""
        path = self.at(f"annotations/{annotation['id']}")
        self.ask(who, "patch", path, {"labels": labels, **more})

    def withdraw(self, who: str, annotation: Any) -> None:
        """Take an answer back."""
        self.ask(who, "delete", self.at(f"annotations/{annotation['id']}"))

    def skip(self, who: str, reason: str) -> None:
        """Skip the next item."""
        lease = self.next(who)["lease"]
        self.ask(who, "post", self.at(f"leases/{lease}/skip"), {"reason": reason})

    def export(self, form: str) -> str:
        """Return everything that the project gives out."""
        path = self.at(f"export?format={form}&include={EVERYTHING}")
        answer = self.people["lea"].get(path)
        return b"".join(answer.streaming_content).decode()


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def people(olga: User, lea: User, ana: User, ben: User) -> dict[str, Any]:
    olga.is_superuser = True
    olga.save()
    return {"olga": olga, "lea": lea, "ana": ana, "ben": ben}


# What happens in them ----------------------------------------------------------------------------


def texts(number: int) -> str:
    rows = (f"t{i},{loop.text(i)},{2000 + i}\n" for i in range(number))
    return "id,text,year\n" + "".join(rows)


def right(served: Any) -> list[str]:
    words = loop.SUBJECTS[0].split()
    return ["spam" if any(word in served["item"]["text"] for word in words) else "ham"]


def label_rightly(walk: Walk, who: str, number: int) -> None:
    for _ in range(number):
        walk.save(who, right(walk.next(who)))


def walk_of_text(walk: Walk) -> None:
    """Seeds, gold, answers of two, a round of the model, and what people change their minds on."""
    walk.bring_in("seeds.csv", "id,text,label\ns1,free prize money,spam\ns2,office lunch,ham\n")
    gold = "id,text,label\ng1,winner claim prize,spam\ng2,minutes of the meeting,ham\n"
    walk.bring_in("gold.csv", gold, labels_are="gold")
    walk.bring_in("texts.csv", texts(24))
    loop.make_features(walk.row)
    label_rightly(walk, "ana", 6)
    label_rightly(walk, "ben", 4)
    loop.go_round(walk.row)
    label_rightly(walk, "ana", 3)
    first = walk.save("ben", ["spam"], note="=1+1 looks odd", unsure=True)
    walk.correct("ben", first, ["ham"], note="after all")
    walk.withdraw("ana", walk.save("ana", ["ham"], seconds=900.0))
    walk.skip("ben", "no text, only numbers")


def walk_of_topics(walk: Walk) -> None:
    """Two answers for each item, where people differ and a lead decides."""
    rows = ["red and round", "blue", "round as a ball", "neither", '"one, two" and 猫']
    lines = [json.dumps({"id": f"m{i}", "text": text, "n": i}) for i, text in enumerate(rows)]
    walk.bring_in("a.jsonl", "\n".join(lines))
    seeds = json.dumps({"id": "s", "text": "a red ball", "label": ["red", "round"]})
    walk.bring_in("seeds.jsonl", seeds)
    guess = json.dumps({"id": "p", "text": "a round one", "label": ["round"]})
    walk.bring_in("guesses.jsonl", guess, labels_are="suggestion")
    answers = [["red", "round"], ["blue"], ["round"], []]
    given = [walk.save("ana", labels, seconds=1.25) for labels in answers]
    walk.correct("ana", given[1], ["blue", "round"])
    walk.withdraw("ana", given[2])
    for labels in (["red"], ["blue"], ["round"], []):
        walk.save("ben", labels, note="seen", unsure=not labels)
    walk.skip("ana", "not a thing")
    found = walk.ask("lea", "get", walk.at("disagreements"))["results"]
    assert found
    item = found[0]["item"]["id"]
    path = walk.at(f"disagreements/{item}")
    walk.ask("lea", "post", path, {"labels": ["red", "round"], "note": "both are there"})


def picture(width: int, height: int, shade: tuple[int, int, int]) -> bytes:
    """Return a PNG without compression, whose bytes, and so its key, are the same everywhere."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + bytes(shade) * width) * height
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(rows, 0)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def pictures(names: list[str]) -> bytes:
    """Return a ZIP of pictures with these names, each of another size and shade."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for number, name in enumerate(names):
            shade = (30 * number, 200 - 20 * number, 90)
            file.writestr(name, picture(16 + number, 12, shade))
    return out.getvalue()


def walk_of_pictures(walk: Walk) -> None:
    """Pictures in folders that name their label, and some without."""
    walk.bring_in("seeds.zip", pictures(["cat/a.png", "dog/b.png"]))
    walk.bring_in("pets.zip", pictures(["cat/a.png", *(f"p{i}.png" for i in range(6))][1:]))
    walk.save("ana", ["cat"])
    walk.correct("ana", walk.save("ana", ["cat"], note="dark"), ["dog"])
    walk.withdraw("ben", walk.save("ben", ["dog"]))
    walk.skip("ben", "nothing to be seen")


def walk_of_scenes(walk: Walk) -> None:
    """Pictures with several labels each, or none."""
    walk.bring_in("scenes.zip", pictures([f"p{i}.png" for i in range(5)]))
    for labels in (["sky", "sea"], [], ["sea"]):
        walk.save("ana", labels, unsure=not labels)
    walk.skip("ana", "")


WALKS = {
    "text": (walk_of_text, {"labels": ["spam", "ham"], "features": "text-quick"}),
    "topics": (
        walk_of_topics,
        {"labels": ["red", "blue", "round"], "multi_label": True, "overlap": 2},
    ),
    "pictures": (walk_of_pictures, {"task": "image", "labels": ["cat", "dog"]}),
    "scenes": (
        walk_of_scenes,
        {"task": "image", "labels": ["sky", "sea"], "multi_label": True},
    ),
}


@pytest.fixture(params=WALKS)
def walk(request: pytest.FixtureRequest, clock: Any, api: Api, people: Any) -> Any:
    go, options = WALKS[request.param]
    made = Walk(clock, api, people, name=request.param, **options)
    go(made)
    return made


# What comes out of them --------------------------------------------------------------------------


class Masked:
    """What depends on the rows of before is numbered as it comes."""

    def __init__(self) -> None:
        self.seen: dict[str, dict[str, int]] = {"id": {}, "item": {}}

    def mask(self, record: dict[str, Any]) -> None:
        """Number the record's ids; the key of the project stands in the names of pictures."""
        for name, known in self.seen.items():
            if record[name] not in (None, ""):
                record[name] = known.setdefault(str(record[name]), len(known) + 1)
        if "image" in record:
            record["image"] = re.sub(r"^pictures/\d+/", "pictures/N/", record["image"])


def plain(value: Any) -> Any:
    """Return a record with numbers rounded that a processor may compute otherwise."""
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def as_jsonl(text: str) -> str:
    masked, lines = Masked(), []
    for line in text.splitlines():
        record = plain(json.loads(line))
        masked.mask(record)
        # In their order, which programs that read line by line may rely on.
        lines.append(json.dumps(record, ensure_ascii=False, separators=(", ", ": ")))
    return "\n".join(lines) + "\n"


def as_csv(text: str) -> str:
    masked, out = Masked(), io.StringIO(newline="")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    names = [name.lstrip("\ufeff") for name in rows[0]]
    writer = csv.writer(out)
    writer.writerow(rows[0])
    for row in rows[1:]:
        cells = dict(zip(names, row, strict=True))
        masked.mask(cells)
        writer.writerow(re.sub(r"\d+\.\d{3,}", shorter, str(each)) for each in cells.values())
    return out.getvalue()


def shorter(number: re.Match[str]) -> str:
    return str(round(float(number[0]), DIGITS))


def test_export_is_as_before(walk: Any) -> None:
    name = walk.row.name
    snapshots.assert_as_stored(f"export/{name}.jsonl", as_jsonl(walk.export("jsonl")))
    snapshots.assert_as_stored(f"export/{name}.csv", as_csv(walk.export("csv")))


@pytest.mark.parametrize("walk", ["text"], indirect=True)
def test_files_and_the_arrays_in_them_keep_their_names(walk: str, settings: Settings) -> None:
    folder, found = Path(settings.MEDIA_ROOT), {}
    for path in folder.rglob("*.np*"):
        # Ids and numbers of rows stand in folders and in the names of models.
        name = re.sub(r"\d+", "N", str(path.relative_to(folder)))
        loaded = np.load(path)
        found[name] = sorted(loaded) if path.suffix == ".npz" else str(loaded.dtype)
    assert found
    snapshots.assert_as_stored("arrays.json", found)


def names_in(value: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of all names in a JSON value; an id stands as N."""
    if isinstance(value, dict):
        for name, each in value.items():
            here = f"{path}.{'N' if name.isdigit() else name}"
            yield here
            yield from names_in(each, here)
    elif isinstance(value, list):
        for each in value:
            yield from names_in(each, f"{path}[]")


@pytest.mark.parametrize("walk", ["text"], indirect=True)
def test_names_in_stored_json_stay(walk: str) -> None:
    found = {}
    for model in apps.get_app_config("annotator").get_models():
        for field in model._meta.local_concrete_fields:
            values = model._default_manager.values_list(field.attname, flat=True)
            if isinstance(field, JSONField):
                names = {name for value in values for name in names_in(value)}
                found[f"{model._meta.db_table}.{field.column}"] = sorted(names)
    snapshots.assert_as_stored("json_in_rows.json", found)


@pytest.mark.parametrize("walk", ["topics"], indirect=True)
def test_project_is_told_as_before(walk: str) -> None:
    told = walk.ask("lea", "get", f"/api/v1/projects/{walk.row.pk}")
    for name in ("id", "version"):
        assert told.pop(name)
    for label in told["labels"]:
        assert label.pop("id")
    snapshots.assert_as_stored("project.json", plain(told))
