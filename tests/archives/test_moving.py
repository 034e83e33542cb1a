"""A moved project is the same project: exports, figures, predictions and next picks are equal."""

import json
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import JSONField, Model

from annotator import tasktypes
from annotator.archives import label_ids, people, places
from annotator.archives.label_ids import LABEL_IDS, NO_IDS
from annotator.archives.tables import TABLES, rows_of
from annotator.archives.writer import write
from annotator.db.bulk_insert import reserve_keys
from annotator.flow.annotation import revise
from annotator.flow.operations import verify_counts
from annotator.flow.projects.settings import change_project
from annotator.flow.queue import leasing, releasing
from annotator.models import (
    Annotation,
    Import,
    Item,
    Job,
    Label,
    Lease,
    Membership,
    Project,
    QueueEntry,
    Role,
    Round,
    Tally,
    User,
    VectorShard,
)
from annotator.pool import encoder_process, label_texts
from annotator.tasktypes import TASK_TYPES, TaskType
from annotator.tasktypes.marks import Mark
from tests import loop, vectors
from tests.archives import moving
from tests.archives.moving import a_project

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def root(db: Any) -> User:
    return User.objects.create_superuser("root")


def test_moved_project_says_the_same(
    project: Project, lea: User, ana: User, ben: User, root: User
) -> None:
    mail = moving.rich(project, lea, ana, ben)
    made = moving.moved(mail, root)
    assert moving.records(made) == moving.records(mail)
    assert moving.records(made, unit="item") == moving.records(mail, unit="item")
    assert moving.predictions(made) == moving.predictions(mail)
    _check_nobody_holds_an_item(made)
    for lease in Lease.objects.filter(project=mail, ended_at=None):
        releasing.release(lease)
    assert moving.figures(made, root) == moving.figures(mail, root)
    assert verify_counts.recount(made) == verify_counts.recount(mail) == []
    assert moving.next_picks(made) == moving.next_picks(mail)
    assert moving.predictions(made) == moving.predictions(mail)
    assert [moving.records(each) for each in (made, mail)] == [moving.records(mail)] * 2


def _check_nobody_holds_an_item(made: Project) -> None:
    leases = Lease.objects.filter(project=made)
    assert leases.exists()
    assert not leases.filter(ended_at=None).exists()
    held = QueueEntry.objects.filter(project=made, state=QueueEntry.State.LEASED)
    assert not held.exists()
    known = set(leases.values_list("pk", flat=True))
    answered = Annotation.objects.filter(project=made).exclude(lease=None)
    assert set(answered.values_list("lease_id", flat=True)) <= known


def test_ids_stand_only_in_columns_that_are_listed(
    project: Project, lea: User, ana: User, ben: User, root: User
) -> None:
    first = {model: _keys_far_apart(model, place) for place, model in enumerate(_numbered())}
    start = first[Label]
    Label.objects.filter(project=project).delete()
    for place, name in enumerate(("spam", "ham")):
        Label.objects.create(pk=start + place + 1, project=project, name=name, position=place)
    mail = moving.rich(Project.objects.get(pk=project.pk), lea, ana, ben)
    found = {
        (model, each.attname, of)
        for model in TABLES
        for each in model._meta.concrete_fields
        if not each.is_relation and not each.primary_key
        for value in rows_of(model, mail).values_list(each.attname, flat=True)
        for of, low in first.items()
        if _names_a_key(value, low)
    }
    assert {(model, name) for model, name, of in found if of is Label} <= LABEL_IDS.keys()
    assert {(model, name) for model, name, of in found if of is Label} >= {
        *((Item, "gold"), (Item, "suggested"), (Round, "picks"), (QueueEntry, "why")),
    }
    assert {(model, name, of) for model, name, of in found if of is not Label} == {
        # An item that came without a key keeps the one that it got, wherever it is.
        (Item, "key", Import),
        # The placeholder for the content of a removed item differs for each item.
        (Item, "key", Item),
        (Item, "content_hash", Item),
    }
    made = moving.moved(mail, root)
    for model, name in LABEL_IDS:
        for value in rows_of(model, made).values_list(name, flat=True):
            stays = set(mail.labels.values_list("pk", flat=True))
            assert not any(str(key) in json.dumps(value) for key in stays), (model, name)
    for row in Item.objects.filter(project=made, state=Item.State.REMOVED):
        told = row.key, bytes(row.content_hash)
        assert told == (f"removed-{row.pk}", b"-%015d" % row.pk)


def _numbered() -> list[type[Model]]:
    return [model for model in TABLES if model._meta.pk.get_internal_type() == "BigAutoField"]


def _keys_far_apart(model: type[Model], place: int) -> int:
    """Let a table go on with keys that no other number looks like, and return the last one."""
    last = (place + 11) * 10_000_019_000
    reserve_keys(model, 1)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            sql = "UPDATE sqlite_sequence SET seq = %s WHERE name = %s"
            cursor.execute(sql, [last, model._meta.db_table])
        else:
            sql = "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)"
            cursor.execute(sql, [model._meta.db_table, last])
    return last


def _names_a_key(value: Any, low: int) -> bool:
    return str(low)[:-4] in json.dumps(value, default=str)


def test_every_json_column_is_listed() -> None:
    columns = {
        (model, each.name)
        for model in TABLES
        for each in model._meta.concrete_fields
        if isinstance(each, JSONField)
    }
    sentences = {(model, name) for model, name in LABEL_IDS if name == "why"}
    assert LABEL_IDS.keys() - sentences | NO_IDS.keys() == columns
    assert not LABEL_IDS.keys() & NO_IDS.keys()
    assert {(model, "why") for model in TABLES if _has(model, "why")} == sentences


def _has(model: type[Model], name: str) -> bool:
    return name in {each.name for each in model._meta.concrete_fields}


def test_every_file_of_a_project_is_of_a_known_kind(
    project: Project, ana: User, tmp_path: Any, settings: Any
) -> None:
    loop.fill(project, 30)
    loop.make_features(project)
    loop.label(project, ana, 12)
    loop.go_round(project)
    there = [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]
    names = [str(path.relative_to(settings.MEDIA_ROOT)) for path in there]
    assert len(names) > 8
    assert [name for name in names if not places.is_known(name)] == []
    manifest = write(project, tmp_path / "mail.winnow")
    assert {f"files/{name}" for name in names} <= manifest["sha256"].keys()


def test_unknown_people_become_inactive_accounts_and_nobody_gets_a_role(
    project: Project, ana: User, ben: User, root: User
) -> None:
    loop.by_two(project, ana, ben)
    before = moving.records(project)
    path = moving.archive_of(project)
    User.objects.filter(pk=ben.pk).update(username="gone")
    work = moving.opened(path, root, "Moved")
    made = moving.made_by(work)
    kept = User.objects.get(username="ben")
    assert work.people == [kept.pk]
    assert not kept.is_active
    assert not kept.has_usable_password()
    assert made.name == "Moved"
    assert moving.records(made) == before
    members = Membership.objects.filter(project=made).values_list("user__username", "role")
    assert list(members) == [("root", Role.ADMIN)]
    assert set(Tally.objects.filter(project=made).values_list("user_id", flat=True)) == {
        ana.pk,
        kept.pk,
    }


def test_times_of_creation_are_those_of_the_archive(
    project: Project, ana: User, root: User
) -> None:
    loop.fill(project, 10)
    loop.make_features(project)
    given = loop.label(project, ana, 3)
    revise.correct(given[0], ana, labels=["spam"], note="again")
    made = moving.moved(project, root)
    times = [
        [
            sorted(rows_of(model, each).values_list(name, flat=True))
            for model in TABLES
            for name in [one.name for one in model._meta.concrete_fields]
            if name in {"created_at", "at", "opened_at"}
        ]
        for each in (project, made)
    ]
    assert times[0] == times[1]
    assert sum(map(len, times[0])) > 5


def test_jobs_under_way_end_or_go_on(project: Project, ana: User, root: User) -> None:
    loop.fill(project, 30)
    loop.make_features(project)
    loop.label(project, ana, 12)
    loop.go_round(project)
    loop.rest(project)
    turn = loop.start(project)
    Import.objects.filter(project=project).update(state=Job.State.RUNNING)
    project.spaces.update(state=Job.State.QUEUED)
    made = moving.moved(project, root)
    ended = made.rounds.get(number=turn.number)
    assert (ended.state, ended.error) == (
        Job.State.FAILED,
        "The project was archived while this was under way.",
    )
    assert made.imports.get().state == Job.State.FAILED
    assert [each.state for each in made.spaces.all()] == [Job.State.QUEUED]


@pytest.mark.parametrize("kind", TASK_TYPES.values(), ids=lambda kind: kind.name)
def test_projects_of_every_type_move(kind: TaskType, root: User, ana: User) -> None:
    project = a_project(kind, ana)
    loop.make_features(project)
    _answer(project, ana, 12)
    loop.go_round(project)
    made = moving.moved(project, root)
    assert moving.records(made) == moving.records(project)
    assert moving.rounds(made) == moving.rounds(project)
    assert moving.next_picks(made) == moving.next_picks(project)
    pictures = Item.objects.filter(project=made).exclude(image="").values_list("image", flat=True)
    assert all(default_storage.exists(name) for name in pictures)
    assert all(name.startswith(f"pictures/{made.pk}/") for name in pictures)


def _answer(project: Project, user: User, number: int) -> None:
    names = [label.name for label in project.labels.all()]
    for place in range(number):
        lease, name = leasing.lease_next(project, user), names[place % 2]
        of_classes = tasktypes.of(project).answer.of_classes
        loop.answer(lease, [name if of_classes else Mark(0, 4, name)])


def test_picture_that_is_lost_is_told(root: User, ana: User) -> None:
    kind = next(each for each in TASK_TYPES.values() if each.task == "image")
    project = a_project(kind, ana)
    lost = Item.objects.filter(project=project).first()
    assert lost is not None
    default_storage.delete(lost.image)
    work = moving.opened(moving.archive_of(project), root)
    made = moving.made_by(work)
    assert work.missing == 1
    assert made.items == project.items
    assert Item.objects.get(project=made, key=lost.key).image.startswith(f"pictures/{made.pk}/")


def test_vectors_of_an_encoder_move(
    project: Project, root: User, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors.install(monkeypatch)
    specs = [{"name": name, "description": told} for name, told in vectors.DESCRIPTIONS.items()]
    change_project(project, labels=specs)
    vectors.give(project)
    loop.label(project, ana, 10)
    loop.go_round(project)
    read = len(VectorShard.objects.all())
    made = moving.moved(project, root)
    assert moving.records(made) == moving.records(project)
    assert moving.predictions(made) == moving.predictions(project)
    # Nothing is encoded again, texts of labels neither.
    monkeypatch.setattr(encoder_process, "encode", _refuse)
    space = made.spaces.exclude(encoder="").get()
    assert label_texts.find(space, list(made.labels.all())) is not None
    turn, before = made.rounds.get(), project.rounds.get()
    assert turn.label_texts == label_texts.digest(list(made.labels.all())) != before.label_texts
    assert moving.next_picks(made) == moving.next_picks(project)
    assert len(VectorShard.objects.all()) == 2 * read


def _refuse(*_args: Any) -> Any:
    raise AssertionError("it was encoded before")


def test_accounts_that_others_need_stay(project: Project, ana: User, ben: User) -> None:
    loop.fill(project, 10)
    loop.label(project, ana, 2)
    _matched, created = people.match({1: "ana", 2: "new", 3: "other"})
    assert len(created) == 2
    User.objects.filter(pk=ana.pk).update(is_active=False)
    people.remove([*created, ana.pk])
    assert set(User.objects.filter(username__in=["ana", "new", "other"])) == {ana}


def test_a_salt_keeps_names_apart() -> None:
    assert label_ids.salted(b"a", b"x") == label_ids.salted(b"a", b"x")
    assert (
        len({label_ids.salted(salt, name) for salt in (b"a", b"b") for name in (b"x", b"y")}) == 4
    )
