"""Projects with everything in them, and how a moved one is compared with its origin."""

import json
import re
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotator.flow.annotation import adjudicate, revise
from annotator.flow.archiving import jobs, run
from annotator.flow.datasets import export, removal, undo_import
from annotator.flow.datasets.outgoing import choices
from annotator.flow.labels import naming
from annotator.flow.operations import background_reports
from annotator.flow.projects import settings
from annotator.flow.queue import leasing, releasing
from annotator.flow.training import predict
from annotator.models import (
    Annotation,
    ArchiveJob,
    Disagreement,
    Import,
    Item,
    Lease,
    Membership,
    Project,
    QueueEntry,
    ReviewRequest,
    Role,
    User,
)
from annotator.tasktypes import TaskType
from tests import loop
from tests.tasktypes.test_every_type import FILES, LABELS

# Keys, which differ in another project.
OWN = {"id", "item"}
PAGES = ("dashboard", "quality")
AGE = re.compile(r'(?<="age_seconds": )[0-9.]+')


def rich(project: Project, lea: User, ana: User, ben: User, items: int = 80) -> Project:
    """Fill a project of texts with all that can happen in one."""
    settings.change_settings(project, overlap=2, gold_share=0.1, rare_label="spam")
    loop.fill(project, items)
    loop.bring_in(project, "gold.csv", "text,label\nprize one,spam\n", labels_are="gold")
    hints = "text,label,place\nmeeting hint,ham,here\nprize hint,spam,there\n"
    loop.bring_in(project, "hints.csv", hints, labels_are="suggestion")
    loop.bring_in(project, "seeds.csv", "text,label\nmeeting seed,ham\n", labels_are="seed")
    loop.make_features(project)
    _say(project, ana, 30)
    _say(project, ben, 24, wrong=5)
    _decide(project, lea)
    loop.go_round(project)
    loop.rest(project)
    _say(project, ana, 8)
    _change(project, lea, ana, ben)
    _remove(project, lea)
    loop.make_features(project)
    loop.go_round(project)
    _hold(project, ana, ben)
    project.refresh_from_db()
    return project


def _say(project: Project, user: User, number: int, wrong: int = 0) -> None:
    """Answer that many items, every `wrong`th of them wrongly, if that is not 0."""
    for place in range(number):
        lease = leasing.lease_next(project, user)
        if lease is None:
            return
        right = loop.truth(lease.item)
        others = [name for name in ("spam", "ham") if name not in right]
        given = others if wrong and place % wrong == 0 else right
        loop.answer(lease, given, note="odd" if place == 3 else "", unsure=place == 4)


def _decide(project: Project, lea: User) -> None:
    torn = list(Disagreement.objects.filter(project=project).order_by("pk")[:3])
    assert len(torn) == 3
    for row, said in zip(torn, ("spam", "ham", "spam"), strict=True):
        adjudicate.decide(project, lea, row.item_id, [said], "by the guidelines")
    adjudicate.take_back(project, lea, torn[2].item_id)


def _change(project: Project, lea: User, ana: User, ben: User) -> None:
    """Correct, withdraw and review answers; change labels and contents."""
    own = list(Annotation.objects.filter(project=project, user=ana).order_by("pk"))
    revise.correct(own[0], ana, labels=["ham"], note="looked again")
    revise.withdraw(own[-1], ana)
    ReviewRequest.objects.create(
        project=project,
        item=own[1].item,
        about=own[1],
        kind=ReviewRequest.Kind.SUSPECT,
        why=f"Rather \x02{loop.ids(project, 'ham')[0]}\x03.",
        instead=loop.ids(project, "ham"),
        created_at=timezone.now(),
    )
    specs = [{"id": each.pk, "name": each.name} for each in project.labels.all()]
    settings.change_project(project, labels=[*specs, {"name": "other"}, {"name": "gone"}])
    specs = [{"id": each.pk, "name": each.name} for each in project.labels.all()]
    specs[2]["name"] = "else"
    settings.change_project(project, labels=specs[:3])
    project.refresh_from_db()
    assert list(project.removed_labels.values()) == ["gone"]


def _remove(project: Project, lea: User) -> None:
    """Remove an item and an import, replace a text, and reject a row."""
    rows = "id,text\na,number one\nb,number two\nc,\n"
    work = loop.bring_in(project, "later.csv", rows)
    assert work.rejected == 1
    loop.bring_in(project, "again.csv", "id,text\na,number three\n", same_id="update")
    removal.remove_item(project, Item.objects.get(project=project, key="b").pk)
    bad = loop.bring_in(project, "bad.csv", "text\nnumber bad\n")
    undone = undo_import.request(bad, lea)
    undo_import.run(undone.pk)
    assert loop.refreshed(undone).state == Import.State.DONE


def _hold(project: Project, ana: User, ben: User) -> None:
    """Skip an item, and leave leases that nobody ended."""
    skipped = leasing.lease_next(project, ben)
    releasing.skip(skipped, "blurred")
    leasing.lease_next(project, ben)
    leasing.lease_next(project, ana)
    assert Lease.objects.filter(project=project, ended_at=None).count() == 2


def a_project(kind: TaskType, annotator: User) -> Project:
    """Return a small project of a task type, with items."""
    project = settings.create_project(
        None,
        name="A",
        task=kind.task,
        multi_label=kind.multi_label,
        labels=LABELS if "labels" in kind.can else [],
        seed=7,
    )
    Membership.objects.create(project=project, user=annotator, role=Role.ANNOTATOR)
    work = loop.bring_in(project, *FILES[kind.media.name]())
    assert work.state == Import.State.DONE, work.error
    return project


# Move ---------------------------------------------------------------------------------------------


def archive_of(project: Project) -> Path:
    """Return the archive of a project, as a worker writes it."""
    work = jobs.archive(project, project.created_by)
    run.run(work.pk)
    done = loop.refreshed(work)
    assert done.state == ArchiveJob.State.DONE, done.error
    return jobs.file_of(done)


def opened(path: Path, user: User, name: str = "") -> ArchiveJob:
    """Open an archive as a worker does, and return how that ended."""
    work = jobs.receive(user, SimpleUploadedFile(path.name, path.read_bytes()), name)
    run.run(work.pk)
    done: ArchiveJob = loop.refreshed(work)
    return done


def made_by(work: ArchiveJob) -> Project:
    """Return the project that a job has made."""
    assert work.state == ArchiveJob.State.DONE, work.error
    assert work.made is not None
    return Project.objects.alive().get(pk=work.made.pk)


def moved(project: Project, user: User) -> Project:
    """Return the project that an archive of the given one becomes."""
    return made_by(opened(archive_of(project), user))


# Compare ------------------------------------------------------------------------------------------


def records(project: Project, **given: Any) -> list[dict[str, Any]]:
    """Return all that exports say of a project, without keys."""
    project = Project.objects.get(pk=project.pk)
    given = {"include": ["withdrawn", "skipped", "unlabelled", "predictions"], **given}
    given = {**dict.fromkeys(choices.NAMES, ""), **given}
    _writer, wanted = export.checked(project, "jsonl", given)
    lines = b"".join(export.stream(project, "jsonl", wanted=wanted)).splitlines()
    return [without_keys(json.loads(line)) for line in lines]


def without_keys(told: Any) -> Any:
    """Return a record without what differs in another project."""
    if isinstance(told, list):
        return [without_keys(each) for each in told]
    if not isinstance(told, dict):
        return told
    return {
        name: Path(each).name if name == "image" and each else without_keys(each)
        for name, each in told.items()
        if name not in OWN
    }


def figures(project: Project, user: User) -> dict[str, Any]:
    """Return what API, dashboard and quality page tell of a project, as text."""
    background_reports.make_all(project.pk)
    client = Client()
    client.force_login(user)
    pages = {name: client.get(reverse(name, args=[project.pk])) for name in PAGES}
    api = client.get(f"/api/v1/projects/{project.pk}/progress").json()
    return {
        "progress": json.loads(AGE.sub("0", json.dumps(api))),
        "rounds": rounds(project),
        **{name: _text(page.content.decode()) for name, page in pages.items()},
    }


def _text(html: str) -> list[str]:
    """Return the words and numbers of a page."""
    main = html.partition("<main")[2].partition("</main>")[0]
    # Whether people were invited stays behind, as an archive grants no roles.
    main = re.sub(r'(?s)<ol class="checklist">.*?</ol>', "", main)
    told = re.sub(r"(?s)<script.*?</script>|<[^>]+>", "\n", main)
    return [line.strip() for line in told.splitlines() if line.strip()]


def rounds(project: Project) -> list[Any]:
    """Return the rounds with their picks and models."""
    rows = project.rounds.select_related("model").order_by("number")
    return [
        (
            each.number,
            each.phase,
            each.timings,
            each.distribution,
            [(pick["position"], pick["score"], pick["probability"]) for pick in each.picks],
            each.model and (each.model.sha256, each.model.accuracy, each.model.macro_f1),
        )
        for each in rows
    ]


def next_picks(project: Project) -> Any:
    """Run a round, and return its picks with what the queue says of them."""
    project = Project.objects.get(pk=project.pk)
    loop.rest(project)
    turn = loop.go_round(project)
    queue = QueueEntry.objects.filter(project=project, state=QueueEntry.State.OPEN)
    waiting = list(
        queue.order_by("rank", "pk").values_list("item__position", "source", "strategy", "score")
    )
    said = [naming.untranslated(project, pick["why"]) for pick in turn.picks]
    return rounds(project)[-1][4], said, waiting


def predictions(project: Project) -> Any:
    """Return what the newest model says of new texts."""
    project = Project.objects.get(pk=project.pk)
    version, told = predict.predict(project, [loop.text(number) for number in range(200, 230)])
    return version.number, told
