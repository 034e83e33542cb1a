"""Merged labels mean one from the start, and an undo tells them apart again."""

from typing import Any

import pytest

from annotator.errors import Conflict, Invalid
from annotator.flow.annotation import history, revise, submit
from annotator.flow.annotation.payload import annotation_payload
from annotator.flow.labels import naming
from annotator.flow.operations import verify_counts
from annotator.flow.projects import label_edits, label_merge, label_set, settings
from annotator.flow.quality import answer_table
from annotator.flow.queue import leasing
from annotator.models import (
    Annotation,
    AnnotationLabel,
    Disagreement,
    Import,
    Item,
    Label,
    LabelEdit,
    LabelMove,
    Project,
    RecallProof,
    User,
)
from annotator.pool import training_set
from tests import loop
from tests.given import Fill

pytestmark = pytest.mark.django_db

GIVEN = ("spam", "junk mail", "ham", "junk mail", "spam", "junk mail")


@pytest.fixture
def labelled(project: Project, filled: Fill, ana: User) -> Any:
    """Six of twelve items labelled by Ana; “junk mail” is a third label, with a shortcut."""
    label_set.change_labels(project, [*specs(project), {"name": "junk mail", "hotkey": "j"}])
    filled(project, 12)
    for each in GIVEN:
        loop.answer(leasing.lease_next(project, ana), [each])
    return loop.refreshed(project)


def specs(project: Project) -> Any:
    naming.forget(project)
    labels = naming.labels_of(project)
    return [{"id": label.pk, **label_set.values_of(label)} for label in labels]


def merged(
    project: Project, user: User, source: Any = "junk mail", into: Any = "spam"
) -> LabelEdit:
    return done(label_merge.start(project, user, source, into))


def done(work: LabelEdit) -> LabelEdit:
    if work.state == LabelEdit.State.QUEUED:
        assert label_merge.run(work.pk) is not None
    work.refresh_from_db()
    assert (work.state, work.error) == ("done", "")
    work.project = loop.refreshed(work.project)
    return work


def undone(work: LabelEdit, user: User) -> LabelEdit:
    return done(label_merge.request_undo(label_edits.find(work.project, work.pk), user))


def said(project: Project) -> list[list[str]]:
    rows = Annotation.objects.filter(project=project, withdrawn_at=None).order_by("pk")
    return [sorted(each.given.values_list("label__name", flat=True)) for each in rows]


def with_label(project: Project, name: str) -> Project:
    label_set.change_labels(project, [*specs(project), name])
    return loop.refreshed(project)


def ids(project: Project) -> Any:
    return {label.name: label.pk for label in Label.objects.filter(project=project)}


def test_preview_counts_and_changes_nothing(labelled: Project, ana: User) -> None:
    item = Item.objects.filter(project=labelled).last()
    pk = ids(labelled)["junk mail"]
    Item.objects.filter(pk=item.pk).update(gold=[pk], suggested={"labels": [pk], "confidence": 1})
    leasing.lease_next(labelled, ana)
    assert label_merge.preview(labelled, "junk mail", "spam") == {
        "from": "junk mail",
        "into": "spam",
        "annotations": 3,
        "gold_items": 1,
        "suggestions": 1,
        "decisions": 0,
        "deliveries": 0,
        "open_leases": 1,
    }
    assert said(labelled) == [[each] for each in GIVEN]


def test_annotations_say_the_other_label_and_the_first_is_gone(
    labelled: Project, lea: User
) -> None:
    revision = training_set.label_revision(labelled)
    work = merged(labelled, lea)
    assert (work.total, work.done) == (3, 3)
    assert said(labelled) == [["ham" if each == "ham" else "spam"] for each in GIVEN]
    assert sorted(ids(labelled)) == ["ham", "spam"]
    assert training_set.label_revision(work.project) == revision + 3
    verify_counts.prove(labelled.pk)
    assert not loop.refreshed(labelled).recounted.get("differences")


def test_undo_brings_back_label_shortcut_place_and_annotations(
    labelled: Project, lea: User
) -> None:
    before, names = specs(labelled), said(labelled)
    work = undone(merged(labelled, lea), lea)
    assert (specs(work.project), said(labelled)) == (before, names)
    assert (work.undone, work.kept) == (3, 0)
    assert (work.project.merged_labels, work.project.removed_labels) == ({}, {})
    assert not LabelMove.objects.exists()
    with pytest.raises(Conflict):
        label_merge.request_undo(work, lea)


def test_what_was_corrected_since_stays_as_it_is(labelled: Project, lea: User, ana: User) -> None:
    work = merged(labelled, lea)
    moved = Annotation.objects.filter(project=labelled).order_by("pk")[1]
    revise.correct(moved, ana, labels=["ham"])
    work = undone(work, lea)
    assert said(labelled)[1] == ["ham"]
    assert (work.undone, work.kept) == (2, 1)


def test_stored_references_mean_the_other_label(labelled: Project, lea: User, ana: User) -> None:
    junk, spam = ids(labelled)["junk mail"], ids(labelled)["spam"]
    first = Annotation.objects.filter(project=labelled).order_by("pk")[1]
    revise.correct(first, lea, labels=["ham"])
    project = merged(labelled, lea).project
    assert naming.names(project, [junk]) == ["spam"]
    assert naming.current(project, [junk, spam]) == [spam]
    assert naming.counted(project, {str(junk): 2, str(spam): 3}) == {"spam": 5}
    first.refresh_from_db()
    first.project = project
    assert history.remembered(project, first)["history"][0]["labels"] == ["spam"]
    # For figures about people, their own answers count: Ana gave the label that is now spam.
    labels = [label.pk for label in naming.labels_of(project)]
    table = answer_table.of_project(project, labels)
    row = list(table.items).index(first.item_id)
    assert [labels[n] for n in table.said[row].nonzero()[0]] == [spam]


def test_open_windows_and_old_names_save_the_other_label(
    labelled: Project, lea: User, ana: User
) -> None:
    junk = ids(labelled)["junk mail"]
    held = leasing.lease_next(labelled, ana)
    project = merged(labelled, lea).project
    saved = loop.answer(loop.refreshed(held), [junk])
    assert annotation_payload(saved)["labels"] == ["spam"]
    assert submit.parse_label(project, "junk mail").name == "spam"


def test_repeated_save_from_before_the_merge_is_recognised(
    labelled: Project, lea: User, ana: User
) -> None:
    saved = Annotation.objects.filter(project=labelled).order_by("pk")[1]
    junk = ids(labelled)["junk mail"]
    project = merged(labelled, lea).project
    again = submit.find_earlier_save(project, ana, saved.client_id, [junk])
    assert again is not None
    assert again.pk == saved.pk


def test_annotation_with_both_keeps_one_and_gets_both_back(
    labelled: Project, lea: User, ana: User
) -> None:
    Project.objects.filter(pk=labelled.pk).update(multi_label=True)
    project = loop.refreshed(labelled)
    loop.answer(leasing.lease_next(project, ana), ["spam", "junk mail"])
    work = merged(project, lea)
    assert said(project)[-1] == ["spam"]
    undone(work, lea)
    assert said(project)[-1] == ["junk mail", "spam"]


def test_disagreement_between_the_two_closes_and_opens_again(
    labelled: Project, lea: User, ana: User, ben: User
) -> None:
    project = loop.by_two(labelled, ana, ben)
    item = Item.objects.filter(project=project, state=Item.State.LABELLED).last()
    torn = Disagreement.objects.filter(item=item)
    for user, label in ((ana, "spam"), (ben, "junk mail")):
        row = Annotation.objects.filter(item=item, user=user, withdrawn_at=None).first()
        if row is not None:
            row.project = project
            revise.correct(row, user, labels=[label])
    assert torn.exists()
    work = merged(project, lea)
    assert not torn.exists()
    undone(work, lea)
    assert torn.exists()


def test_merges_of_merges_are_undone_the_newest_first(labelled: Project, lea: User) -> None:
    project = with_label(labelled, "refund")
    names = said(project)
    first = merged(project, lea)
    second = merged(loop.refreshed(project), lea, "spam", "refund")
    assert naming.names(second.project, [first.options["from"]]) == ["refund"]
    with pytest.raises(Conflict):
        label_merge.request_undo(label_edits.find(second.project, first.pk), lea)
    undone(second, lea)
    undone(first, lea)
    assert said(project) == names


def test_group_rare_label_and_recall_samples_go_along(labelled: Project, lea: User) -> None:
    given = specs(labelled)
    given[1]["parent"] = given[2]["id"]
    label_set.change_labels(labelled, given)
    settings.change_settings(labelled, rare_label="junk mail")
    proof = RecallProof.objects.create(
        project=labelled,
        label_id=given[2]["id"],
        number=1,
        items=12,
        size=6,
        positions=[1, 2],
        created_at=labelled.created_at,
    )
    work = merged(loop.refreshed(labelled), lea)
    assert work.project.rare_label.name == "spam"
    assert specs(work.project)[1]["parent"] == given[0]["id"]
    work = undone(work, lea)
    assert work.project.rare_label.name == "junk mail"
    assert specs(work.project) == given
    assert RecallProof.objects.get(label=proof.label_id).positions == [1, 2]


def test_merge_is_refused_where_it_makes_no_sense(labelled: Project, lea: User) -> None:
    for source, into in (("spam", "spam"), ("spam", "nonsense"), (10**9, "spam")):
        with pytest.raises(Invalid):
            label_merge.preview(labelled, source, into)
    project = merged(labelled, lea).project
    with pytest.raises(Invalid):
        label_merge.start(project, lea, "ham", "spam")


def test_merge_waits_for_imports_and_other_merges(labelled: Project, lea: User) -> None:
    project = with_label(labelled, "refund")
    running = Import.objects.create(project=project, name="a.csv", path="a", state="running")
    with pytest.raises(Conflict):
        label_merge.start(project, lea, "junk mail", "spam")
    running.delete()
    label_merge.start(project, lea, "junk mail", "spam")
    with pytest.raises(Conflict):
        label_merge.start(loop.refreshed(project), lea, "refund", "spam")


def test_between_start_and_end_the_first_label_is_none_any_more(
    labelled: Project, lea: User
) -> None:
    work = label_merge.start(labelled, lea, "junk mail", "spam")
    project = loop.refreshed(labelled)
    assert [label.name for label in naming.labels_of(project)] == ["spam", "ham"]
    label_set.change_labels(project, [*specs(project), "refund"])
    assert [each["labels"] for each in loop.exported(project)] == [
        ["ham" if each == "ham" else "spam"] for each in GIVEN
    ]
    with pytest.raises(Conflict):
        label_set.change_labels(loop.refreshed(project), [*specs(project), "Junk Mail"])
    done(work)
    assert sorted(ids(project)) == ["ham", "refund", "spam"]


def test_merge_that_was_interrupted_goes_on_where_it_ended(
    labelled: Project, lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_merge, "_size", lambda: 2)
    work = label_merge.start(labelled, lea, "junk mail", "spam")
    whole, ranges = label_merge._move_range, []

    def once(job: LabelEdit, low: int, high: int) -> int:
        if len(ranges) == 2:
            raise RuntimeError("the worker died")
        ranges.append(low)
        return whole(job, low, high)

    monkeypatch.setattr(label_merge, "_move_range", once)
    assert label_merge.run(work.pk) is None
    monkeypatch.setattr(label_merge, "_move_range", whole)
    LabelEdit.objects.filter(pk=work.pk).update(retry_at=None)
    work = done(work)
    assert (work.done, LabelMove.objects.count()) == (3, 3)
    names = [["ham" if each == "ham" else "spam"] for each in GIVEN]
    assert said(labelled) == names


def test_statements_grow_with_the_ranges_and_not_with_the_annotations(
    labelled: Project, lea: User, ana: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        loop.answer(leasing.lease_next(labelled, ana), ["junk mail"])
    work = label_merge.start(labelled, lea, "junk mail", "spam")
    with django_assert_max_num_queries(45):
        done(work)
    assert not AnnotationLabel.objects.filter(label=work.options["from"]).exists()


def test_export_and_its_filter_know_the_merged_label(labelled: Project, lea: User) -> None:
    project = merged(labelled, lea).project
    given = [each["labels"] for each in loop.exported(project)]
    assert given == [["ham" if each == "ham" else "spam"] for each in GIVEN]


def test_file_with_the_former_label_brings_the_other_one(labelled: Project, lea: User) -> None:
    project = merged(labelled, lea).project
    work = loop.bring_in(project, "more.csv", "text,label\nfresh offer,junk mail\n")
    assert (work.state, work.created, work.rejected) == ("done", 1, 0)
    assert said(project)[-1] == ["spam"]
