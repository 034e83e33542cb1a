"""Picks become queue entries, with audits among them that nobody can recognise."""

import random
from typing import Any

import pytest

from annotator.flow.annotation.payload import annotation_payload
from annotator.flow.projects import settings
from annotator.flow.queue import audit_stream, leasing, payload, refill, releasing
from annotator.models import Annotation, Item, Project, QueueEntry, Round, Source, User
from annotator.pool import audit_set
from tests import loop
from tests.given import Fill, Learn, PutState, RunRound

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready(put_state: PutState) -> Any:
    """The project with 150 items, a model of ten labels and a queue of its picks."""
    return put_state(_ready)


def _ready() -> Project:
    project = loop.mail_project()
    project.batch_size = 10
    project.save()
    loop.fill(project, 150)
    loop.make_features(project)
    loop.go_round(project)
    loop.label(project, loop.person("ana"), 10)
    loop.go_round(project)
    return project


def waiting(project: Project) -> Any:
    entries = QueueEntry.objects.filter(project=project, state=QueueEntry.State.OPEN)
    return list(entries.select_related("item").order_by("rank", "id"))


def permutation(project: Project) -> Any:
    return list(Item.objects.filter(project=project).order_by("audit_key"))


# The audit stream --------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.05, 0.15, 0.3, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_audit_share_is_kept_over_rounds_that_are_cut_off_anywhere(share: float, seed: Any) -> None:
    rng = random.Random(seed)
    labels = audits = 0
    for _round in range(200):
        places = audit_stream.audit_places(share, share * labels - audits, 70, rng)
        for place in range(rng.randint(1, 60)):
            labels += 1
            audits += place in places
        assert abs(share * labels - audits) <= 1 + 1e-9


@pytest.mark.parametrize("share", [0.0, 0.01, 0.15, 0.5])
def test_a_stretch_holds_its_share_of_audits(share: float) -> None:
    for seed in range(50):
        places = audit_stream.audit_places(share, 0.0, 100, random.Random(seed))
        assert abs(len(places) - 100 * share) <= 1
        assert all(0 <= place < 100 for place in places)


def test_audit_share_is_kept_over_many_rounds(
    project: Project, filled: Fill, learnt: Learn, run_round: RunRound, ana: User, ben: User
) -> None:
    project.batch_size, project.audit_share = 5, 0.25
    project.save()
    filled(project, 120)
    learnt(project)
    audits = 0
    for number in range(1, 10):
        run_round(project)
        given = [*loop.label(project, ana, 4), *loop.label(project, ben, number % 4 + 1)]
        audits += sum(annotation.source == Source.AUDIT for annotation in given)
        labels = Annotation.objects.count()
        assert abs(audits - 0.25 * labels) <= 1


def test_audit_items_are_the_first_of_one_fixed_permutation(
    project: Project, filled: Fill, learnt: Learn, run_round: RunRound, ana: User
) -> None:
    filled(project, 80)
    learnt(project)
    for _ in range(5):
        run_round(project)
        loop.label(project, ana, 12)
    audited = [a.item for a in Annotation.objects.filter(source=Source.AUDIT).order_by("pk")]
    assert len(audited) >= 8
    assert audited == permutation(project)[: len(audited)]


def test_permutation_depends_on_seed_and_content_only(
    project: Project, olga: User, filled: Fill
) -> None:
    filled(project, 30)
    twin = settings.create_project(olga, name="Twin", labels=["x", "y"], seed=project.seed)
    other = settings.create_project(olga, name="Other", labels=["x", "y"], seed=project.seed + 1)
    for each in (twin, other):
        filled(each, 15, start=15)
        filled(each, 15)
    order = [[item.text for item in permutation(each)] for each in (project, twin, other)]
    assert order[0] == order[1] != order[2]


def test_strategy_never_picks_what_is_left_to_the_audits(
    ready: Any, ana: User, run_round: RunRound
) -> None:
    reserve = audit_set.audit_threshold(ready)
    for _ in range(6):
        turn = run_round(ready)
        picked = Item.objects.filter(position__in=[pick["position"] for pick in turn.picks])
        assert all(item.audit_key >= reserve for item in picked)
        loop.label(ready, ana, 10)
    by_source = Annotation.objects.values_list("source", "item__audit_key")
    assert all((source == Source.AUDIT) == (key < reserve) for source, key in by_source)


def test_skipped_audit_comes_first_for_somebody_else(
    ready: Any, ana: User, ben: User, run_round: RunRound
) -> None:
    lease = leasing.lease_next(ready, ana)
    while lease.source != Source.AUDIT:
        loop.answer(lease)
        lease = leasing.lease_next(ready, ana)
    releasing.skip(lease)
    run_round(ready)
    audits = [entry.item for entry in waiting(ready) if entry.source == Source.AUDIT]
    assert audits[0] == lease.item
    given = loop.label(ready, ben, 10)
    assert lease.item in [a.item for a in given if a.source == Source.AUDIT]


# Blind -------------------------------------------------------------------------------------------


def test_as_many_ordinary_items_are_blind_as_there_are_audits(ready: Any) -> None:
    entries = waiting(ready)
    audits = [entry for entry in entries if entry.source == Source.AUDIT]
    decoys = [entry for entry in entries if entry.source != Source.AUDIT and entry.blind]
    assert len(audits) == len(decoys) >= 4
    assert all(entry.blind for entry in audits)
    assert any(not entry.blind for entry in entries)


def test_blind_items_cannot_be_told_from_one_another(ready: Any, ana: User) -> None:
    shown = {}
    for _ in range(30):
        lease = leasing.lease_next(ready, ana)
        served = payload.lease_payload(lease)
        kind = lease.source if lease.blind else "open"
        shown.setdefault(kind, []).append(served)
        loop.answer(lease)
    assert set(shown) == {"open", Source.AUDIT, Source.ACTIVE}
    for kind, each in ((kind, each) for kind, all_of in shown.items() for each in all_of):
        assert list(each) == ["lease", "expires_at", "item", "suggestion", "why"]
        assert list(each["item"]) == ["id", "key", "text", "meta"]
        assert (each["why"] is None) is (each["suggestion"] is None) is (kind != "open")


def test_blind_item_shows_nothing_but_its_decoy_keeps_what_the_model_thought(
    ready: Any, ana: User
) -> None:
    decoy = next(e for e in waiting(ready) if e.blind and e.source == Source.ACTIVE)
    assert decoy.suggestion
    QueueEntry.objects.exclude(pk=decoy.pk).delete()
    lease = leasing.lease_next(ready, ana)
    assert lease.item_id == decoy.item_id
    annotation = loop.answer(lease)
    # It was not shown, so the answer does not claim that it was.
    assert annotation.suggestion is None
    told = annotation_payload(annotation)
    assert (told["source"], told["blind"]) == ("active", True)
    assert told["score"] is not None


def test_nothing_of_the_model_is_shown_or_stored_where_the_project_hides_it(
    ready: Any, ana: User
) -> None:
    settings.change_settings(ready, show_suggestions=False)
    entry = next(e for e in waiting(ready) if not e.blind)
    QueueEntry.objects.exclude(pk=entry.pk).delete()
    lease = leasing.lease_next(ready, ana)
    assert payload.lease_payload(lease)["suggestion"] is None
    # The reason tells what the model expects, too.
    assert payload.lease_payload(lease)["why"] is None
    assert loop.answer(lease).suggestion is None


# Hidden checks -----------------------------------------------------------------------------------


def test_hidden_checks_come_at_their_share_and_blind(
    project: Project, filled: Fill, learnt: Learn, run_round: RunRound, ana: User
) -> None:
    project.gold_share, project.audit_share, project.batch_size = 0.25, 0.1, 10
    project.save()
    rows = "".join(f"{loop.text(i)},{'spam' if i % 2 == 0 else 'ham'}\n" for i in range(500, 540))
    loop.bring_in(project, "gold.csv", f"text,label\n{rows}", labels_are="gold")
    filled(project, 60)
    learnt(project)
    run_round(project)
    checks = [entry for entry in waiting(project) if entry.source == Source.GOLD]
    assert len(checks) == round(0.25 * 34)
    assert all(entry.blind and entry.item.gold for entry in checks)
    given = loop.label(project, ana, 34)
    assert sum(annotation.source == Source.GOLD for annotation in given) >= 5


# The ranking -------------------------------------------------------------------------------------


def test_picks_carry_how_they_came_about(ready: Any) -> None:
    turn = ready.rounds.first()
    picks = {pick["position"]: pick for pick in turn.picks}
    entries = [entry for entry in waiting(ready) if entry.source == Source.ACTIVE]
    assert len(entries) == len(picks) == 30
    for entry in entries:
        pick = picks[entry.item.position]
        assert (entry.round, entry.model, entry.strategy) == (turn, turn.model, turn.strategy)
        assert (entry.score, entry.why) == (pick["score"], pick["why"])
        assert entry.why
    order = [entry.item.position for entry in entries]
    assert order == [pick["position"] for pick in turn.picks]


def test_refill_replaces_what_nobody_took_and_leaves_what_somebody_holds(
    ready: Any, ana: User, run_round: RunRound
) -> None:
    held = leasing.lease_next(ready, ana)
    before = {entry.pk for entry in waiting(ready)}
    run_round(ready)
    after = waiting(ready)
    assert not before & {entry.pk for entry in after}
    assert held.item_id not in {entry.item_id for entry in after}
    assert leasing.lease_next(ready, ana) == held
    states = Item.objects.filter(state=Item.State.QUEUED).values_list("pk", flat=True)
    assert set(states) == {held.item_id, *(entry.item_id for entry in after)}


def test_missing_second_opinions_come_first(
    project: Project, filled: Fill, learnt: Learn, run_round: RunRound, ana: User, ben: User
) -> None:
    project.overlap = 2
    project.save()
    filled(project, 40)
    learnt(project)
    begun = {annotation.item_id for annotation in loop.label(project, ana, 6)}
    run_round(project)
    assert {a.item_id for a in loop.label(project, ben, 6)} == begun


def test_items_labelled_while_a_round_ran_are_not_queued_again(ready: Any, ana: User) -> None:
    turn = loop.start(ready)
    for stage in ("train", "score", "select"):
        loop.go_stage(turn, stage)
    picks = loop.refreshed(turn).picks
    item = Item.objects.get(project=ready, position=picks[0]["position"])
    Item.objects.filter(pk=item.pk).update(state=Item.State.LABELLED)
    QueueEntry.objects.filter(item=item).delete()
    loop.go_stage(turn, "refill")
    assert item.pk not in {entry.item_id for entry in waiting(ready)}


def test_refill_of_a_round_that_was_taken_over_changes_nothing(
    ready: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = loop.start(ready)
    for stage in ("train", "score", "select"):
        loop.go_stage(turn, stage)
    before = [(entry.pk, entry.rank) for entry in waiting(ready)]
    begin = random.Random

    def begin_too_late(seed: Any) -> Any:
        Round.objects.filter(pk=turn.pk).update(token=None)
        return begin(seed)

    monkeypatch.setattr(refill.random, "Random", begin_too_late)
    assert refill.refill(turn.pk) is None
    assert [(entry.pk, entry.rank) for entry in waiting(ready)] == before
    assert loop.refreshed(turn).stage == Round.Stage.REFILL
