"""The active learning loop by hand: the flow calls of the workers, one after the other."""

import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import F

from annotator.flow.annotation import submit
from annotator.flow.datasets import export, importing, upload
from annotator.flow.evaluation import audit_accuracy
from annotator.flow.features import encode
from annotator.flow.progress import stopping, version_numbers
from annotator.flow.projects import members, settings
from annotator.flow.queue import leasing
from annotator.flow.queue.refill import refill
from annotator.flow.training import pool_predictions, schedule, score, select, train
from annotator.messages.stopping import advice
from annotator.models import (
    Annotation,
    FeatureSpace,
    Import,
    Item,
    Lease,
    Project,
    Role,
    Round,
    RoundShard,
    User,
)
from annotator.pool import model_files

SUBJECTS = ("prize money winner claim", "meeting minutes lunch office")
FILLER = [
    "the",
    "of",
    "and",
    "for",
    "with",
    "about",
    "your",
    "our",
    "next",
    "last",
    "big",
    "small",
    "old",
    "new",
    "red",
    "blue",
]


def person(name: str) -> User:
    """Return the user of that name; a state that is kept for a module brings them along."""
    return User.objects.filter(username=name).first() or User.objects.create_user(name)


def mail_project() -> Project:
    """Return a new project of Olga's with Lea as lead, and Ana and Ben as annotators."""
    # The quick features are enough for these small texts, in a tenth of the time.
    made = settings.create_project(
        person("olga"), name="Mail", labels=["spam", "ham"], seed=7, features="text-quick"
    )
    return with_members(made)


def with_members(project: Project) -> Project:
    """Add Lea, Ana and Ben to a project."""
    for name, role in (("lea", Role.LEAD), ("ana", Role.ANNOTATOR), ("ben", Role.ANNOTATOR)):
        members.add_member(project, person(name).username, role)
    return project


def text(number: int) -> str:
    """Return the synthetic text with that number: even ones are spam, odd ones ham."""
    words = SUBJECTS[number % 2].split()
    about = f"{words[number % 4]} {words[number // 4 % 4]}"
    return f"{about} {FILLER[number % 16]} {FILLER[number // 16 % 16]} number{number}"


def truth(item: Item) -> list[str]:
    """Return the right answer for an item that `fill` made."""
    return ["spam" if any(word in item.text for word in SUBJECTS[0].split()) else "ham"]


def bring_in(project: Project, name: str, content: bytes | str, **options: Any) -> Import:
    """Import a file as an upload and its worker would, and return how that ended."""
    data = content.encode() if isinstance(content, str) else content
    user = options.pop("user", project.created_by)
    work = upload.receive(project, user, SimpleUploadedFile(name, data), **options)
    importing.run(work.pk)
    project.refresh_from_db()
    work.refresh_from_db()
    return work


def fill(project: Project, number: int, start: int = 0) -> list[Item]:
    """Import that many small texts and return the items."""
    rows = (f"{text(i)}\n" for i in range(start, start + number))
    work = bring_in(project, f"texts-{start}.csv", "text\n" + "".join(rows))
    assert work.state == Import.State.DONE, work.error
    return list(Item.objects.filter(imported=work).order_by("position"))


def make_features(project: Project) -> Project:
    """Compute the features of all current items."""
    for space in encode.plan(project):
        assert encode.fit(space.pk) is not None, refreshed(space).error
        for shard in space.shards.all():
            encode.transform(shard.pk)
    return project


def make_sure(project: Project) -> Project:
    """Give a project 120 items, and a model of twelve labels."""
    fill(project, 120)
    make_features(project)
    label(project, person("ana"), 12)
    go_round(project)
    return project


def keep_busy(project: Project) -> Project:
    """Give a project seed labels, annotations of two users, a round, a model and a full queue."""
    bring_in(project, "seeds.csv", "id,text,label\ns1,free prize money,spam\n")
    fill(project, 40)
    make_features(project)
    label(project, person("ana"), 10)
    label(project, person("ben"), 4)
    go_round(project)
    return project


def by_two(project: Project, first: User, second: User) -> Project:
    """Let two users answer 40 of 60 items; every fifth answer of the second one is wrong."""
    settings.change_settings(project, overlap=2)
    project = refreshed(project)
    fill(project, 60)
    make_features(project)
    label(project, first, 40)
    for number in range(40):
        lease = leasing.lease_next(project, second)
        right = truth(lease.item)
        wrong = [name for name in ("spam", "ham") if name not in right]
        answer(lease, wrong if number % 5 == 0 else right)
    return project


def differ(project: Project, first: User, second: User, number: int, **said: object) -> None:
    """Let two users answer that many items, the first correctly, the second wrongly.

    `said` are further arguments of the second answer, such as a note.
    """
    settings.change_settings(project, overlap=2)
    fill(project, number)
    label(project, first, number)
    for _ in range(number):
        lease = leasing.lease_next(project, second)
        wrong = "ham" if truth(lease.item) == ["spam"] else "spam"
        answer(lease, [wrong], **said)


def start(project: Project) -> Round:
    """Start a round and return it, before any of its work is done."""
    return schedule.start_round(project, "by hand")


def go_round(project: Project, shard_order: slice = slice(None)) -> Round:
    """Run one whole round and return it."""
    turn = start(project)
    for stage in ("train", "score", "select", "refill", "evaluate"):
        go_stage(turn, stage, shard_order)
    project.refresh_from_db()
    return refreshed(turn)


def rest(project: Project) -> None:
    """Move past the pause after a round."""
    project.rounds.update(created_at=F("finished_at"))


def go_stage(turn: Round, stage: str, shard_order: slice = slice(None)) -> None:
    """Run one stage of a round as its worker would."""
    if stage == "score":
        for scoring in list(RoundShard.objects.filter(round=turn))[shard_order]:
            score.score_shard(scoring.pk)
        return
    work = {
        "train": train.train,
        "select": select.select,
        "refill": refill,
        "evaluate": audit_accuracy.evaluate,
    }
    assert work[stage](turn.pk) is not None, refreshed(turn).error


def forget_what_was_loaded() -> None:
    """Clear all caches, like a worker that has just started."""
    model_files.clear_caches()
    pool_predictions.forget()
    for named in (
        version_numbers.round_number,
        version_numbers.model_number,
        version_numbers.model_trained_at,
    ):
        named.cache_clear()


def ids(project: Project, *names: str) -> list[int]:
    """Return the ids of the project's labels with these names."""
    known = dict(project.labels.model.objects.filter(project=project).values_list("name", "pk"))
    return [known[name] for name in names]


def refreshed(row: Any) -> Any:
    """Return the row, reloaded."""
    return type(row).objects.get(pk=row.pk)


def answer(lease: Lease, labels: Iterable[Any] | None = None, **options: Any) -> Annotation:
    """Submit an answer to a lease: the true label unless `labels` is given."""
    given = {
        "lease": str(lease.pk),
        "labels": list(labels or truth(lease.item)),
        "client_id": str(uuid.uuid4()),
        "seconds": 2.0,
        **options,
    }
    return submit.submit(lease.project, lease.user, **given)[0]


def label(project: Project, user: User, number: int = 1) -> list[Annotation]:
    """Lease and answer that many items, or as many as there are."""
    given = []
    while len(given) < number:
        lease = leasing.lease_next(project, user)
        if lease is None:
            break
        given.append(answer(lease))
    return given


def ready_space(project: Project) -> Any:
    """Return features of the project that are marked as ready."""
    spaces = FeatureSpace.objects.filter(project=project, state="done")
    return spaces.first() or FeatureSpace.objects.create(
        project=project, recipe="text-quick", items=project.items, state="done"
    )


def advice_on(project: Project, answers: int, measured: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the advice on a project, as the API shows it."""
    return advice(list(stopping.reasons_to_stop(project, answers, measured)))


def exported(project: Project) -> list[dict[str, Any]]:
    """Return the records of the project's export."""
    return [json.loads(line) for line in b"".join(export.stream(project, "jsonl")).splitlines()]
