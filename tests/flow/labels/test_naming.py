"""Renaming a label changes what people see everywhere, and no number; removing loses nothing."""

import importlib
import json
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models

from annotator.errors import Conflict, Invalid
from annotator.flow.annotation import (
    bulk_pages,
    history,
    revise,
    seed_labels,
    submit,
    sync_decisions,
)
from annotator.flow.annotation.payload import annotation_payload, label_names
from annotator.flow.items import listing
from annotator.flow.labels import naming
from annotator.flow.progress import model_history, summary
from annotator.flow.projects import label_set, settings
from annotator.flow.quality import report, suggestion_bias
from annotator.flow.queue import current_leases, leasing, payload
from annotator.flow.review import gold_items
from annotator.flow.training import predict
from annotator.models import (
    Annotation,
    AnnotationLabel,
    Item,
    Lease,
    ModelVersion,
    Project,
    QueueEntry,
    Report,
    ReviewRequest,
    Revision,
    Round,
    Source,
    User,
)
from tests import loop
from tests.flow.items.test_listing import query
from tests.given import Fill, PutState

pytestmark = pytest.mark.django_db

SPAM, HAM = "zq-spam", "zq-ham"
NEW_SPAM, NEW_HAM = "xv-junk", "xv-letters"
GOLD = "text,label\nprize of gold,zq-spam\nlunch of gold,zq-ham\nmeeting of gold,zq-ham\n"
HINTS = "text,label,confidence\nprize claim,zq-spam,0.9\nminutes office,zq-ham,0.8\n"

# Places where names belong: of the label itself, outside of a project, or in earlier texts.
NAMES = {
    "Label.former_names",
    "Project.removed_labels",
    "Import.errors",
    "Import.notes",
    "Item.meta",
    "Simulation.strategies",
    "Simulation.facts",
    "Simulation.summary",
    "User.desk",
    "Project.shown_fields",
    "Project.recounted",
}


@pytest.fixture
def worked(put_state: PutState, easily_sure: Any) -> Any:
    """A project in which every reference to a label that can be stored is stored."""
    return put_state(_worked)


def _worked() -> Project:
    project = loop.mail_project()
    ana, ben, lea = map(loop.person, ("ana", "ben", "lea"))
    spam, ham = project.labels.all()
    specs = [{"id": spam.pk, "name": SPAM, "hotkey": "q"}, {"id": ham.pk, "name": HAM}]
    label_set.change_labels(project, specs)
    # As if they had always had this name.
    project.labels.update(former_names=[])
    settings.change_settings(
        project, gold_share=0.3, second_share=0.5, gold_feedback=True, rare_label=SPAM
    )
    project = loop.refreshed(project)
    loop.bring_in(project, "gold.csv", GOLD, labels_are="gold")
    loop.bring_in(project, "hints.csv", HINTS, labels_are="suggestion")
    loop.fill(project, 90)
    loop.make_features(project)
    work(project, ana, 24)
    loop.go_round(project)
    work(project, ben, 20)
    first = Annotation.objects.filter(user=ana, source=Source.GOLD).first()
    (other,) = {SPAM, HAM} - set(label_names(first))
    revise.correct(loop.refreshed(first), ana, [other])
    seed_labels.seed(project, lea, unlabelled(project), labels=[SPAM], client_id=str(uuid.uuid4()))
    loop.go_round(project)
    Report.objects.create(
        project=project,
        kind="quality",
        seq=1,
        found=json.loads(json.dumps(report.build_report(project), default=str)),
        made_at=first.created_at,
    )
    bulk_pages.take(loop.refreshed(project), lea, SPAM)
    return loop.refreshed(project)


def work(project: Project, user: User, number: Any) -> None:
    for place in range(number):
        lease = leasing.lease_next(project, user)
        right = SPAM if "prize" in lease.item.text or "claim" in lease.item.text else HAM
        wrong = HAM if right == SPAM else SPAM
        loop.answer(lease, [wrong if place % 7 == 6 else right])


def unlabelled(project: Project) -> Any:
    return Item.objects.filter(project=project, state=Item.State.POOL, gold__isnull=True).first()


def rename(project: Project) -> Any:
    spam, ham = naming.labels_of(loop.refreshed(project))
    specs = [{"id": spam.pk, "name": NEW_SPAM}, {"id": ham.pk, "name": NEW_HAM}]
    # What a label was called is free for another one, and means that one from then on.
    label_set.change_labels(project, [*specs, SPAM])
    return loop.refreshed(project)


# Every stored reference --------------------------------------------------------------------------


def stored_texts() -> Iterator[tuple[str, str]]:
    """Yield every field that can hold a text or a structure, with all that is in it."""
    for model in apps.get_app_config("annotator").get_models():
        for field in model._meta.concrete_fields:
            where = f"{model.__name__}.{field.name}"
            if isinstance(field, (models.JSONField, models.CharField, models.TextField)):
                for value in model.objects.values_list(field.name, flat=True):
                    yield where, json.dumps(value, default=str)


def test_no_field_holds_the_name_of_a_label(worked: Any) -> None:
    holding = {where for where, text in stored_texts() if SPAM in text or HAM in text}
    assert "Label.name" in holding
    assert holding - NAMES == {"Label.name", "Item.text"} & holding


def test_the_project_of_the_test_has_every_kind_of_reference(worked: Any) -> None:
    """Otherwise the test above could pass because nothing is stored."""
    spam, ham = loop.ids(worked, SPAM, HAM)
    assert Item.objects.filter(gold=[ham]).count() == 2
    assert Item.objects.filter(suggested__labels=[spam]).exists()
    for model in (QueueEntry, Lease, Annotation):
        rows = model.objects.filter(suggestion__isnull=False)
        assert all(set(row.suggestion["labels"]) <= {spam, ham} for row in rows)
        assert rows.exists(), model
    assert Revision.objects.filter(labels__in=[[spam], [ham]]).exists()
    assert any(pick["suggestion"] for turn in Round.objects.all() for pick in turn.picks)
    assert ModelVersion.objects.filter(seen__has_keys=[str(spam), str(ham)]).exists()
    assert QueueEntry.objects.filter(why__contains=naming.MARK).exists()


def numbers(project: Project) -> Any:
    """Return all figures computed from stored rows, without names."""
    worker_found = json.loads(json.dumps(report.build_report(project), default=str))
    labels = {label.pk: label for label in project.labels.all()}
    return {
        "gold": gold_items.gold_score(project),
        "effect": suggestion_bias.of_suggestions(project),
        "quality": {k: v for k, v in worker_found.items() if k != "labels"},
        "progress": {
            k: v for k, v in summary.progress(project).items() if k not in ("model", "round")
        },
        "classes": model_history.per_class(project),
        "curve": model_history.curve(project),
        "balance": model_history.class_balance(model_history.newest_scored_round(project), labels),
        "rare": project.rare_label_id,
        "bulk": {
            each.label.pk: each.left for each in bulk_pages.choices(project, project.created_by)
        },
        "looks": sorted(ReviewRequest.objects.values_list("kind", "item", "instead")),
    }


def seen(project: Project, user: User) -> Any:
    """Return what people read: export, memory of the desk, what is served, found and predicted."""
    annotated = history.answers(project, user)
    model, predictions = predict.predict(project, ["prize money winner", "lunch at the office"])
    said = {
        "export": list(loop.exported(project)),
        "memory": [history.remembered(project, each) for each in annotated],
        "served": [
            payload.desk_payload(each) for each in current_leases.active_leases(project, user)
        ],
        "predictions": predictions,
        "model": naming.counted(project, model.seen),
        "words": [naming.words(project, each.why) for each in QueueEntry.objects.all()],
        "told": [annotation_payload(each) for each in annotated],
    }
    for served in said["served"]:
        # It grows by itself.
        (served["why"] or {}).pop("model_age_seconds", None)
    return json.dumps(said, default=str)


def test_renaming_changes_what_is_seen_everywhere_and_no_number(
    worked: Any, ana: User, lea: User
) -> None:
    before, text = numbers(worked), {user: seen(worked, user) for user in (ana, lea)}
    assert before["gold"]
    assert before["bulk"]
    assert before["quality"]["doubts"]["judged"]
    worked = rename(worked)
    assert numbers(worked) == before
    for user, was in text.items():
        now = seen(worked, user)
        assert not {name for name in (SPAM, HAM) if name in now}
        swapped = was.replace(SPAM, NEW_SPAM).replace(HAM, NEW_HAM)
        # The third label is new; nothing is predicted or counted of it.
        assert json.loads(now) == json.loads(swapped)
    items = listing.page(query(worked, label=NEW_SPAM)).items
    assert items
    assert listing.page(query(worked, label=SPAM)).items == []


# What is sent with names of before ---------------------------------------------------------------


def test_save_is_recognised_after_its_label_was_renamed(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 4)
    lease = leasing.lease_next(project, ana)
    save = {"lease": str(lease.pk), "client_id": str(uuid.uuid4())}
    stored, _new = submit.submit(project, ana, labels=["spam"], **save)
    spam, ham = project.labels.all()
    label_set.change_labels(
        project, [{"id": spam.pk, "name": "junk"}, {"id": ham.pk, "name": "spam"}]
    )
    for sent in (["spam"], ["junk"], [spam.pk]):
        again, is_new = submit.submit(loop.refreshed(project), ana, labels=sent, **save)
        assert (again.pk, is_new, label_names(again)) == (
            stored.pk,
            False,
            ["junk"],
        )
    with pytest.raises(Invalid, match="another annotation"):
        submit.submit(loop.refreshed(project), ana, labels=[ham.pk], **save)


def test_decision_that_waited_offline_means_the_label_that_was_on_the_button(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 4)
    leases = [leasing.lease_next(project, ana)]
    leases.append(leasing.lease_next(project, ana, holding=[str(leases[0].pk)]))
    spam, ham = project.labels.all()
    renamed = [{"id": spam.pk, "name": "junk"}, {"id": ham.pk, "name": "ham"}]
    label_set.change_labels(project, renamed)
    project = loop.refreshed(project)
    # By name, as long as only one label has had it.
    (by_name,) = decided(project, ana, leases[:1], labels=["spam"])
    assert by_name.annotation["labels"] == ["junk"]
    label_set.change_labels(project, [*renamed, "spam"])
    # Another label has it now; ids tell which one is meant.
    (by_id,) = decided(loop.refreshed(project), ana, leases[1:], label_ids=[spam.pk])
    assert by_id.annotation["labels"] == ["junk"]
    assert AnnotationLabel.objects.filter(label=spam).count() == 2


def decided(project: Project, user: User, leases: Any, **said: Any) -> Any:
    return [
        sync_decisions.apply_decision(
            project,
            user,
            "tab/1",
            {"kind": "label", "client_id": uuid.uuid4(), "lease": str(lease.pk), **said},
        )
        for lease in leases
    ]


def test_name_that_a_removed_label_had_too_means_nothing(project: Project) -> None:
    spam, ham = project.labels.all()
    label_set.change_labels(
        project, [{"id": spam.pk, "name": "junk"}, {"id": ham.pk, "name": "ham"}]
    )
    kept = [{"id": spam.pk, "name": "junk"}, {"id": ham.pk, "name": "ham"}]
    label_set.change_labels(project, [*kept, "spam"])
    label_set.change_labels(project, kept)
    with pytest.raises(Invalid, match="isn't a label in this project"):
        submit.parse_labels(loop.refreshed(project), ["spam"])


# Removing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels_are", "words"),
    [("gold", "1 gold item"), ("suggestion", "1 imported suggestion"), ("seed", "1 annotation")],
)
def test_label_that_a_file_brought_is_in_use(project: Project, labels_are: str, words: str) -> None:
    spam, ham = project.labels.all()
    loop.bring_in(project, "a.csv", f"text,label\na,{spam.name}\n", labels_are=labels_are)
    with pytest.raises(Conflict) as refused:
        label_set.change_labels(project, [{"id": ham.pk, "name": "ham"}, "new"])
    assert refused.value.code == "label_in_use"
    assert words in refused.value.detail
    label_set.change_labels(project, [{"id": spam.pk, "name": "spam"}, "new"])


def test_use_is_told_from_that_of_a_label_with_a_longer_id(project: Project) -> None:
    loop.bring_in(project, "a.csv", "text,label\na,spam\nb,ham\n", labels_are="suggestion")
    spam, _ham = project.labels.all()
    like = SimpleNamespace(pk=int(f"{spam.pk}{spam.pk}"))
    assert naming.items_with(project, spam) == (0, 1)
    assert naming.items_with(project, like) == (0, 0)
    Item.objects.filter(suggested__labels=[spam.pk]).update(
        suggested={"labels": [like.pk, spam.pk, 7], "confidence": 0.5}, gold=[spam.pk, like.pk]
    )
    assert naming.items_with(project, spam) == (1, 1)
    assert naming.items_with(project, like) == (1, 1)


def test_suggestion_of_a_removed_label_vanishes_and_history_keeps_its_name(
    project: Project, filled: Fill, ana: User
) -> None:
    third = [{"id": each.pk, "name": each.name} for each in project.labels.all()]
    label_set.change_labels(project, [*third, "odd"])
    project = loop.refreshed(project)
    items = filled(project, 3)
    (odd,) = loop.ids(project, "odd")
    said = {"labels": [odd], "confidence": 0.7}
    way = {"project": project, "source": Source.ACTIVE, "suggestion": said}
    for rank, item in enumerate(items):
        QueueEntry.objects.create(item=item, rank=rank, **way)
    first = loop.answer(leasing.lease_next(project, ana), ["spam"])
    held = leasing.lease_next(project, ana)
    assert payload.lease_payload(held)["suggestion"]["labels"] == ["odd"]
    label_set.change_labels(project, third)
    project = loop.refreshed(project)
    (lease,) = current_leases.active_leases(project, ana)
    assert payload.desk_payload(lease)["suggestion"] is None
    assert loop.answer(lease, ["spam"]).suggestion is None
    (told, _other) = loop.exported(project)
    assert (told["id"], told["suggestion"]["labels"]) == (first.pk, ["odd"])


def test_check_that_nobody_can_answer_is_neither_asked_nor_scored(
    project: Project, ana: User
) -> None:
    settings.change_settings(project, gold_share=0.5, audit_share=0.0)
    loop.bring_in(project, "g.csv", "text,label\na,spam\nb,ham\n", labels_are="gold")
    asked, other = Item.objects.order_by("position")
    answer = loop.answer(leasing.lease_next(project, ana), ["spam"])
    assert gold_items.gold_score(project)[0]["n"] == 1
    # As the migration leaves a name that no label had any more.
    Item.objects.update(gold=["bygone"])
    QueueEntry.objects.exclude(item=answer.item).delete()
    Item.objects.exclude(pk=answer.item_id).update(state=Item.State.POOL)
    assert gold_items.gold_score(project) == []
    lease = leasing.lease_next(project, ana)
    assert lease.source != Source.GOLD
    assert {asked.pk, other.pk} == {answer.item_id, lease.item_id}


# What was stored before --------------------------------------------------------------------------

MOVE = importlib.import_module("annotator.migrations.0016_label_ids_data")
RENAMED = {"SecondLook": "ReviewRequest"}
FORMER_APPS = SimpleNamespace(
    get_model=lambda app, name: apps.get_model(app, RENAMED.get(name, name))
)
OLD_WHY = "Doubtful in its own way. The model hesitates between zq-spam (60 %) and zq-ham (40 %)."


@pytest.mark.parametrize("batch", [1, 2_000])
def test_names_that_were_stored_become_ids_and_come_back(
    worked: Any, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(MOVE, "BATCH", batch)
    after = snapshot()
    editor = SimpleNamespace(connection=connection)
    MOVE.to_names(FORMER_APPS, editor)
    named = snapshot()
    assert named != after
    assert not any(naming.MARK in text for text in map(str, named.values()))
    assert Item.objects.filter(gold=[HAM]).count() == 2
    assert Item.objects.filter(suggested__labels=[SPAM]).exists()
    assert ModelVersion.objects.filter(seen__has_keys=[SPAM, HAM]).exists()
    assert Revision.objects.filter(labels__in=[[SPAM], [HAM]]).exists()
    MOVE.to_ids(FORMER_APPS, editor)
    assert snapshot() == after
    MOVE.to_ids(FORMER_APPS, editor)
    assert snapshot() == after


def snapshot() -> Any:
    return {
        f"{name}.{field}": list(
            FORMER_APPS.get_model("annotator", name).objects.order_by("pk").values_list("pk", field)
        )
        for name, field, *_rest in MOVE.FIELDS
    }


def test_name_that_no_label_has_any_more_is_kept(worked: Any) -> None:
    (spam,) = loop.ids(worked, SPAM)
    first, second = Item.objects.filter(gold__isnull=False).order_by("pk")[:2]
    Item.objects.filter(pk=first.pk).update(
        gold=["bygone"], suggested={"labels": ["bygone", SPAM.upper()], "confidence": 0.5}
    )
    Item.objects.filter(pk=second.pk).update(gold=[SPAM.upper()])
    MOVE.to_ids(FORMER_APPS, SimpleNamespace(connection=connection))
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.gold == ["bygone"]
    assert first.suggested == {"labels": ["bygone", spam], "confidence": 0.5}
    assert second.gold == [spam]
    assert naming.names(worked, first.gold) == ["bygone"]


def test_sentences_of_before_name_the_label_as_it_is_called_now(worked: Any) -> None:
    entry = QueueEntry.objects.first()
    look_why = "The model predicts “zq-spam” (80%), not “zq-ham” (3%)."
    for old in (OLD_WHY, look_why, "The model expects zq-ham (99 %).", "Looks like zq-spam (5 %)."):
        QueueEntry.objects.filter(pk=entry.pk).update(why=old)
        MOVE.to_ids(FORMER_APPS, SimpleNamespace(connection=connection))
        stored = loop.refreshed(entry).why
        assert not {name for name in (SPAM, HAM) if name in stored}
        assert naming.words(worked, stored) == old.replace(" %", "%")
        assert naming.untranslated(worked, stored) == old
