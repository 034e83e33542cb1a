"""Say what a project tells, as JSON, in an installation of its own; or make one first.

`python -m tests.archives.told make KIND ITEMS` makes a project and prints its number;
`python -m tests.archives.told PROJECT` prints what it tells, and what the next round selects.
"""

import hashlib
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import django

django.setup()

import pytest  # noqa: E402

from annotator.flow.annotation import adjudicate, revise  # noqa: E402
from annotator.flow.delivery import freezing, planning, promises, standing  # noqa: E402
from annotator.flow.projects import members, settings  # noqa: E402
from annotator.flow.projects.settings import change_project  # noqa: E402
from annotator.flow.training import predict  # noqa: E402
from annotator.models import Annotation, Disagreement, Item, Lease, Project, User  # noqa: E402
from tests import loop, vectors  # noqa: E402
from tests.archives import moving  # noqa: E402
from tests.flow.delivery import test_delivery as deliveries  # noqa: E402
from tests.tasktypes import test_pairs as pairs  # noqa: E402
from tests.tasktypes import test_spans_learning as spans  # noqa: E402

PEOPLE = ("lea", "ana", "ben", "cleo")


def make(kind: str, items: int) -> int:
    """Make a project of a kind, with four annotators, and return its number."""
    root = User.objects.create_superuser("root")
    people = [User.objects.create_user(name) for name in PEOPLE]

    def create(**given: Any) -> Project:
        project = settings.create_project(root, name="Moving", seed=7, **given)
        for person in people:
            members.add_member(project, person.username)
        return project

    return MAKERS[kind](create, people, items).pk


def _mail(create: Callable[..., Project], people: list[User], items: int) -> Project:
    """Vectors of an encoder, overlap and rounds."""
    project = create(labels=["spam", "ham"])
    rich = moving.rich(project, people[0], people[1], people[2], items)
    for lease in Lease.objects.filter(project=rich, ended_at=None):
        moving.releasing.release(lease)
    specs = [
        {"id": each.pk, "name": each.name, "description": vectors.DESCRIPTIONS.get(each.name, "")}
        for each in rich.labels.all()
    ]
    change_project(rich, labels=specs)
    rich.refresh_from_db()
    vectors.make(rich)
    loop.rest(rich)
    loop.label(rich, people[3], 10)
    loop.go_round(rich)
    return rich


def _spans(create: Callable[..., Project], people: list[User], items: int) -> Project:
    """Spans by two people who differ, one decided, one corrected, and a model."""
    project = create(task="text-spans", labels=["person", "place"], overlap=2, batch_size=10)
    rows = "\n".join(f'"{spans.sentence(number)}"' for number in range(items))
    loop.bring_in(project, "texts.csv", f"text\n{rows}")
    project = loop.make_features(loop.refreshed(project))
    lea, ana, ben, _cleo = people
    spans.label(project, ana, 60)
    spans.label(project, ben, 40)
    both = Annotation.objects.filter(project=project, user=ben).order_by("pk")
    for said in both[:3]:
        revise.correct(said, ben, labels=spans.truth(said.item.text)[:1])
    torn = Disagreement.objects.filter(project=project).order_by("pk").first()
    assert torn is not None
    adjudicate.decide(project, lea, torn.item_id, spans.truth(torn.item.text), "as marked first")
    loop.go_round(project)
    return loop.refreshed(project)


def _pairs(create: Callable[..., Project], people: list[User], items: int) -> Project:
    """Comparisons of texts, answered by one person, and a model."""
    project = create(task="text-pairs", batch_size=8)
    pairs.fill(project, items)
    loop.make_features(project)
    pairs.label(project, people[1], 60)
    loop.go_round(project)
    loop.rest(project)
    return loop.refreshed(project)


def _delivery(create: Callable[..., Project], people: list[User], items: int) -> Project:
    """A frozen delivery, and one whose plan waits for checks."""
    project = create(labels=["spam", "ham"])
    lea, ana, *_ = people
    loop.fill(project, max(items, deliveries.ITEMS))
    loop.make_features(project)
    loop.label(project, ana, 60)
    loop.go_round(project)
    loop.rest(project)
    work = promises.start(project, lea, max_error=Decimal("0.2"))
    planning.plan(work.pk)
    deliveries.proof.go_on(work.pk)
    deliveries.until_proven(loop.refreshed(work), ana)
    freezing.start(loop.refreshed(work))
    freezing.freeze(work.pk)
    deliveries.answer_checks(_started(project, lea), ana, 5)
    loop.rest(project)
    return loop.refreshed(project)


def _started(project: Project, lea: User) -> Any:
    loop.label(project, lea, 30)
    loop.go_round(project)
    work = promises.start(loop.refreshed(project), lea, max_error=Decimal("0.3"))
    planning.plan(work.pk)
    deliveries.proof.go_on(work.pk)
    return loop.refreshed(work)


# Of what is told of a delivery.
OTHER = ("id", "sha256")
MAKERS = {"mail": _mail, "spans": _spans, "pairs": _pairs, "delivery": _delivery}


def _predictions(project: Project) -> Any:
    if project.task == "text-pairs":
        texts: list[Any] = [(each["text_a"], each["text_b"]) for each in pairs.pairs(20)]
    elif project.task == "text-spans":
        texts = [spans.sentence(number) for number in range(900, 930)]
    else:
        return moving.predictions(project)
    version, told = predict.predict(project, texts)
    return version.number, told


def _deliveries(project: Project) -> list[Any]:
    """Return what is told of each delivery, and its file where it is frozen."""
    found: list[Any] = []
    keys = dict(Item.objects.filter(project=project).values_list("pk", "key"))
    for each in project.deliveries.order_by("number"):
        # The ids of the items are other ones elsewhere, and so is the hash of the file.
        told = {name: value for name, value in standing.told(each).items() if name not in OTHER}
        rows = freezing.stream(each, "jsonl") if standing.state(each) == "frozen" else []
        assert not rows or all(keys[row["item"]] == row["key"] for row in freezing.read(each))
        lines = b"".join(rows).splitlines()
        found.append([told, _hash([moving.without_keys(json.loads(line)) for line in lines])])
    return found


def tell(pk: int) -> dict[str, Any]:
    """Return what the project tells; long lists as their hash."""
    project = Project.objects.alive().get(pk=pk)
    root = User.objects.get(username="root")
    told: dict[str, Any] = {
        "records": _hash(moving.records(project)),
        "by item": _hash(moving.records(project, unit="item")),
        "predictions": _predictions(project),
        "deliveries": _deliveries(project),
        **moving.figures(project, root),
    }
    return {**told, "next": moving.next_picks(project)}


def _hash(rows: list[Any]) -> list[Any]:
    return [len(rows), hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()]


def main() -> None:
    with pytest.MonkeyPatch.context() as patch:
        vectors.install(patch)
        if sys.argv[1] == "make":
            print(json.dumps(make(sys.argv[2], int(sys.argv[3]))))
        else:
            print(json.dumps(tell(int(sys.argv[1])), default=str))


if __name__ == "__main__":
    main()
