"""The recall of a rare label: what is claimed, and from when on."""

from typing import Any

import pytest

from annotator.errors import Conflict, Invalid
from annotator.flow.annotation import revise
from annotator.flow.evaluation import recall_sample
from annotator.flow.operations import background_reports
from annotator.flow.progress import recall_standing
from annotator.flow.projects import label_set, settings
from annotator.flow.queue import leasing, releasing
from annotator.models import Item, Project, QueueEntry, RecallProof, Report, Source, User
from annotator.pool import audit_set
from tests import loop
from tests.given import Fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def hunted(project: Project, filled: Fill) -> Any:
    """The project with 80 items, half of which have the label that is looked for."""
    settings.change_settings(project, rare_label="spam", audit_share=0.5)
    filled(project, 80)
    return project


def reported(project: Project) -> Any:
    background_reports.make_all(project.pk)
    found = Report.objects.get(project=project, kind=recall_standing.KIND)
    assert found.error == ""
    return found.found


def relevant(project: Project) -> Any:
    return [item for item in Item.objects.filter(project=project) if loop.truth(item) == ["spam"]]


def test_nothing_is_reckoned_where_no_label_is_looked_for(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 10)
    loop.label(project, ana, 5)
    assert recall_standing.report(project) is None
    background_reports.make_all(project.pk)
    assert not Report.objects.filter(kind=recall_standing.KIND).exists()


def test_found_and_read_are_counted(hunted: Any, ana: User) -> None:
    given = loop.label(hunted, ana, 30)
    found = reported(hunted)
    spam = sum(loop.truth(each.item) == ["spam"] for each in given)
    assert (found["items"], found["read"], found["found"]) == (80, 30, spam)


def test_prevalence_comes_from_the_audits_and_holds_the_truth(hunted: Any, ana: User) -> None:
    loop.label(hunted, ana, 60)
    shown = reported(hunted)["prevalence"]
    assert shown["n"] >= 20
    assert shown["low"] <= len(relevant(hunted)) / 80 <= shown["high"]


def test_before_the_first_look_no_recall_is_told(hunted: Any, ana: User) -> None:
    loop.label(hunted, ana, 20)
    found = reported(hunted)
    assert found["audits"] < recall_standing.FIRST_BOUND
    assert found["recall"] is None
    # The number of items to read is known all the same.
    assert all(step["reads_needed"] > 0 and not step["proven"] for step in found["steps"])


def test_bound_from_the_audits_is_below_the_truth(hunted: Any, ana: User) -> None:
    loop.label(hunted, ana, 64)
    found = reported(hunted)
    assert found["audits"] >= recall_standing.FIRST_BOUND
    truth = found["found"] / len(relevant(hunted))
    assert 0 < found["recall"]["low"] <= truth
    assert found["most"] >= len(relevant(hunted))


def test_all_read_is_all_found(hunted: Any, ana: User) -> None:
    loop.label(hunted, ana, 80)
    found = reported(hunted)
    assert found["recall"]["low"] == 1.0
    assert all(step["proven"] for step in found["steps"])


def test_nothing_relevant_yet_has_no_recall(project: Project, filled: Fill, ana: User) -> None:
    settings.change_settings(project, rare_label="spam", audit_share=0.5)
    filled(project, 60)
    for _number in range(55):
        loop.answer(leasing.lease_next(project, ana), ["ham"])
    found = reported(project)
    assert (found["found"], found["recall"], found["steps"]) == (0, None, [])
    assert found["prevalence"]["value"] == 0
    # One class only trains no model, and yet it is known how many there may be.
    assert found["most"] < 60


def test_relabelled_audit_counts_as_what_it_is_now(hunted: Any, ana: User) -> None:
    loop.label(hunted, ana, 60)
    before = reported(hunted)
    audit = next(
        each
        for each in loop.Annotation.objects.filter(project=hunted, source=Source.AUDIT)
        if loop.truth(each.item) == ["spam"]
    )
    revise.correct(audit, ana, labels=["ham"])
    after = reported(hunted)
    assert after["found"] == before["found"] - 1
    assert after["prevalence"]["seen"] == before["prevalence"]["seen"] - 1


def test_skipped_audit_may_be_relevant(hunted: Any, ana: User, ben: User) -> None:
    while True:
        lease = leasing.lease_next(hunted, ana)
        if lease.source == Source.AUDIT:
            releasing.skip(lease)
            break
        loop.answer(lease)
    lease = leasing.lease_next(hunted, ben)
    while lease.item.skips == 0:
        loop.answer(lease)
        lease = leasing.lease_next(hunted, ben)
    releasing.skip(lease)
    loop.label(hunted, ana, 50)
    reading = recall_standing._reading(hunted, hunted.rare_label_id)
    marks = reading.marks(recall_standing._audit_positions(hunted))
    known = [reading.relevant[p] for p in reading.relevant if p in set(audits(hunted))]
    assert sum(marks) == sum(known) + len(marks) - len(known)


def audits(project: Project) -> Any:
    return recall_standing._audit_positions(project)


def test_report_on_another_label_says_nothing(hunted: Any, ana: User) -> None:
    loop.label(hunted, ana, 60)
    found = reported(hunted)
    assert recall_standing.standing(hunted, found) is not None
    settings.change_settings(hunted, rare_label="ham")
    assert recall_standing.standing(hunted, found) is None
    assert not Report.objects.filter(kind=recall_standing.KIND).exists()
    settings.change_settings(hunted, rare_label=None)
    assert recall_standing.standing(hunted, found) is None


def test_label_that_is_deleted_leaves_no_screening(
    project: Project, filled: Fill, ana: User
) -> None:
    specs = [{"id": each.pk, "name": each.name} for each in project.labels.all()]
    label_set.change_labels(project, [*specs, {"name": "phish"}])
    settings.change_settings(project, rare_label="phish", target_metric="recall", target_value=0.8)
    filled(project, 10)
    loop.label(project, ana, 5)
    found = reported(project)
    label_set.change_labels(project, specs)
    project.refresh_from_db()
    assert project.rare_label is None
    assert recall_standing.standing(project, found) is None
    assert recall_standing.find_reached(project) is None
    assert recall_standing.report(project) is None


# The goal ----------------------------------------------------------------------------------------


def told(project: Project, low: Any) -> None:
    Report.objects.create(
        project=project,
        kind=recall_standing.KIND,
        seq=1,
        made_at="2026-01-01T00:00:00Z",
        found={"label": project.rare_label_id, "recall": {"low": low}},
    )


def test_recall_that_is_proven_is_a_reason_to_stop_and_pauses(hunted: Any, ana: User) -> None:
    settings.change_settings(hunted, target_metric="recall", target_value=0.85, auto_stop=True)
    told(hunted, 0.8499)
    assert leasing.lease_next(hunted, ana) is not None
    Report.objects.update(found={"label": hunted.rare_label_id, "recall": {"low": 0.8599}})
    (reason,) = loop.advice_on(hunted, 60, None)["reasons"]
    assert reason == ("Recall of “spam”: at least 85.9% with 95% confidence. The target is 85%.")
    releasing.release_all(hunted, ana)
    assert leasing.lease_next(hunted, ana) is None


def test_recall_is_no_reason_where_the_goal_is_another(hunted: Any) -> None:
    told(hunted, 0.99)
    settings.change_settings(hunted, target_metric="accuracy", target_value=0.5)
    assert loop.advice_on(hunted, 60, None)["reasons"] == []


# Proofs ------------------------------------------------------------------------------------------


def test_proof_comes_first_and_stays_through_a_refill(hunted: Any, ana: User, olga: User) -> None:
    loop.label(hunted, ana, 20)
    proof = recall_sample.draw(hunted, olga, 15)
    assert (proof.size, proof.items, len(set(proof.positions))) == (60, 80, 15)
    from annotator.flow.queue import withdraw

    withdraw.withdraw_open(hunted)
    given = loop.label(hunted, ana, 15)
    assert {each.item.position for each in given} == set(proof.positions)
    assert all(each.blind and each.suggestion is None for each in given)


def test_proof_is_looked_at_when_all_of_it_is_read(hunted: Any, ana: User, olga: User) -> None:
    loop.label(hunted, ana, 20)
    recall_sample.draw(hunted, olga, 40)
    loop.label(hunted, ana, 39)
    (told_now,) = reported(hunted)["proofs"]
    assert told_now == {"number": 1, "drawn": 40, "waiting": 1}
    loop.label(hunted, ana, 1)
    found = reported(hunted)
    (told_now,) = found["proofs"]
    items = Item.objects.filter(project=hunted, position__in=RecallProof.objects.get().positions)
    assert told_now["seen"] == sum(loop.truth(item) == ["spam"] for item in items)
    assert found["recall"]["low"] <= found["found"] / len(relevant(hunted))
    assert found["recall"]["drawn"] == 40


def test_proof_of_all_that_is_left_proves_everything(hunted: Any, ana: User, olga: User) -> None:
    loop.label(hunted, ana, 50)
    recall_sample.draw(hunted, olga, 500)
    loop.label(hunted, ana, 30)
    assert all(step["proven"] for step in reported(hunted)["steps"])


def test_items_that_come_later_may_all_be_relevant(
    hunted: Any, filled: Fill, ana: User, olga: User
) -> None:
    loop.label(hunted, ana, 50)
    recall_sample.draw(hunted, olga, 30)
    loop.label(hunted, ana, 30)
    filled(hunted, 40, start=200)
    found = reported(hunted)
    assert found["found"] == len([i for i in relevant(hunted) if i.position < 80])
    assert found["most"] == found["found"] + 40


def test_answer_taken_back_since_may_be_relevant(hunted: Any, ana: User, olga: User) -> None:
    first = loop.label(hunted, ana, 50)
    recall_sample.draw(hunted, olga, 30)
    loop.label(hunted, ana, 30)
    ham = next(each for each in first if loop.truth(each.item) == ["ham"])
    revise.withdraw(ham, ana)
    found = reported(hunted)
    assert found["most"] == found["found"] + 1


def test_second_proof_waits_for_the_first(hunted: Any, ana: User, olga: User) -> None:
    recall_sample.draw(hunted, olga, 10)
    with pytest.raises(Conflict, match="Finish the previous sample"):
        recall_sample.draw(hunted, olga, 10)
    loop.label(hunted, ana, 10)
    assert recall_sample.draw(hunted, olga, 10).number == 2


def test_proof_that_cannot_be_is_refused(hunted: Any, ana: User, olga: User) -> None:
    with pytest.raises(Invalid):
        recall_sample.draw(hunted, olga, 3)
    loop.label(hunted, ana, 80)
    with pytest.raises(Conflict, match="have been read"):
        recall_sample.draw(hunted, olga, 10)
    settings.change_settings(hunted, rare_label=None)
    with pytest.raises(Conflict, match="rare label"):
        recall_sample.draw(hunted, olga, 10)


def test_proof_asks_each_item_as_often_as_the_project_wants(hunted: Any, olga: User) -> None:
    settings.change_settings(hunted, overlap=2)
    proof = recall_sample.draw(hunted, olga, 10)
    entries = QueueEntry.objects.filter(item__position__in=proof.positions, project=hunted)
    assert entries.count() == 20
    assert set(entries.values_list("rank", flat=True)) == {-1}


def test_audit_in_a_proof_stays_an_audit(hunted: Any, ana: User, olga: User) -> None:
    loop.label(hunted, ana, 5)
    waiting = set(
        QueueEntry.objects.filter(project=hunted, state=0, source=Source.AUDIT).values_list("item")
    )
    recall_sample.draw(hunted, olga, 75)
    still = QueueEntry.objects.filter(project=hunted, source=Source.AUDIT, rank=-1)
    assert waiting <= set(still.values_list("item"))


def test_drawn_from_a_large_pool_is_unread_and_without_repeats(
    hunted: Any, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.label(hunted, ana, 70)
    import random

    size = recall_sample._unread(hunted).count()
    drawn = recall_sample._drawn(hunted, size, size, random.Random(1))
    assert sorted(drawn) == sorted(recall_sample._unread(hunted).values_list("position", flat=True))


def test_reserve_is_in_the_draw_like_the_rest(hunted: Any, olga: User) -> None:
    # Else nothing could be said of what only audits reach.
    proof = recall_sample.draw(hunted, olga, 60)
    keys = Item.objects.filter(position__in=proof.positions).values_list("audit_key", flat=True)
    bound = audit_set.audit_threshold(hunted)
    assert min(keys) < bound < max(keys)
