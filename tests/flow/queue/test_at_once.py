"""Several people at the same moment: real threads, real transactions, a database in a file."""

import contextlib
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from annotator.errors import Conflict, FlowError
from annotator.flow.annotation import (
    adjudicate,
    bulk_confirm,
    bulk_pages,
    revise,
    seed_labels,
    submit,
)
from annotator.flow.operations import verify_counts
from annotator.flow.progress import summary
from annotator.flow.projects import members, settings
from annotator.flow.queue import leasing, refill, releasing, withdraw
from annotator.flow.review import assignments, candidates
from annotator.flow.training import schedule
from annotator.models import (
    Annotation,
    Decision,
    Disagreement,
    Import,
    Item,
    Lease,
    Project,
    QueueEntry,
    ReviewRequest,
    Round,
    Source,
    User,
)
from tests import loop
from tests.given import Fill, Learn

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls: Any) -> Any:
    """Run each call in a thread of its own, with a connection of its own; return the answers."""

    def run(call: Any) -> Any:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def refused(call: Any, *args: Any, **kwargs: Any) -> Any:
    """Return the code of the refusal of a call, "" for none; anything else that it raises, too."""
    try:
        call(*args, **kwargs)
    except FlowError as refusal:
        return refusal.code
    return ""


@pytest.fixture
def people(project: Project) -> Any:
    """Four annotators of the project."""
    names = ["ana", "ben", "cleo", "dora"]
    for name in names[2:]:
        User.objects.create_user(name)
        members.add_member(project, name)
    return list(User.objects.filter(username__in=names).order_by("username"))


@pytest.mark.parametrize(("overlap", "crowd"), [(1, 2), (1, 4), (2, 4)])
def test_no_item_is_held_by_more_people_than_it_needs(
    project: Project, filled: Fill, people: Any, overlap: int, crowd: int
) -> None:
    project.overlap = overlap
    project.save()
    filled(project, 200 // overlap)

    def take_all(user: User) -> Any:
        def call() -> Any:
            taken = []
            for _ in range(50):
                lease = leasing.lease_next(project, user)
                if lease is None:
                    break
                taken.append((lease.item_id, user.pk))
                # It is not released: the item stays leased, and the person goes on to the next.
                Lease.objects.filter(pk=lease.pk).update(ended_at=lease.created_at)
            return taken

        return call

    taken = [pair for each in at_once(*map(take_all, people[:crowd])) for pair in each]
    assert len(set(taken)) == len(taken) >= 100
    holders = [item for item, _user in taken]
    assert max(map(holders.count, set(holders))) <= overlap
    entries = QueueEntry.objects.filter(state=QueueEntry.State.LEASED)
    assert sorted(entries.values_list("item", "user")) == sorted(taken)


@pytest.mark.parametrize("overlap", [1, 2])
def test_everybody_labels_at_once_and_nothing_is_lost_or_doubled(
    project: Project, filled: Fill, people: Any, overlap: int
) -> None:
    project.overlap = overlap
    project.save()
    filled(project, 30)

    def label_all(user: User) -> Any:
        return lambda: [annotation.pk for annotation in loop.label(project, user, 100)]

    saved = [pk for each in at_once(*map(label_all, people[:3])) for pk in each]
    # A person who came when the last items were leased to others asks again.
    for user in people:
        saved += [annotation.pk for annotation in loop.label(project, user, 100)]
    assert len(set(saved)) == len(saved) == Annotation.objects.count() == 30 * overlap
    assert set(Item.objects.values_list("state", "answers")) == {(Item.State.LABELLED, overlap)}
    progress = summary.progress(project)
    assert (progress["labelled"], progress["answers"]) == (30, 30 * overlap)


def test_same_save_from_two_threads_is_one_annotation(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 10)
    for _ in range(10):
        lease = leasing.lease_next(project, ana)
        save = {"lease": str(lease.pk), "labels": ["spam"], "client_id": str(uuid.uuid4())}
        answers = at_once(*[lambda save=save: submit.submit(project, ana, **save)] * 2)
        assert len({annotation.pk for annotation, _new in answers}) == 1
        assert sorted(is_new for _annotation, is_new in answers) == [False, True]
    assert Annotation.objects.count() == 10
    assert summary.progress(project)["labelled"] == 10


def test_two_windows_of_one_person_save_one_answer(
    project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 5)

    def save(lease: Any) -> Any:
        try:
            return loop.answer(lease)
        except Conflict as refused:
            return refused.code

    for _ in range(5):
        lease = leasing.lease_next(project, ana)
        answers = at_once(*[lambda lease=lease: save(lease)] * 2)
        assert answers.count("already_labelled") == 1
    assert Annotation.objects.count() == 5


@pytest.mark.parametrize("overlap", [1, 2])
def test_pages_that_are_taken_at_once_share_no_more_than_is_needed(
    sure: Project, people: Any, overlap: int
) -> None:
    settings.change_settings(sure, overlap=overlap)
    takes = [lambda user=user: bulk_pages.take(sure, user, "spam") for user in people[1:]]
    pages = [[lease.item_id for lease in page] for page in at_once(*takes)]
    assert all(pages)
    held = [item for page in pages for item in page]
    assert max(map(held.count, held)) <= overlap
    entries = QueueEntry.objects.filter(state=QueueEntry.State.LEASED)
    assert sorted(entries.values_list("item", flat=True)) == sorted(held)


def test_page_from_two_windows_is_saved_once(sure: Project, ben: User) -> None:
    page = [str(lease.pk) for lease in bulk_pages.take(sure, ben, "spam")]
    answers = at_once(*[lambda: bulk_confirm.confirm(sure, ben, page, page[1:])] * 2)
    assert answers == [bulk_confirm.Confirmed(saved=19, given_back=1, settled=0)] * 2
    assert Annotation.objects.filter(source="bulk").count() == 19


def test_desk_and_bulk_desk_of_one_person_hold_no_item_twice(sure: Project, ben: User) -> None:
    calls = [lambda: bulk_pages.take(sure, ben, "ham"), lambda: leasing.lease_next(sure, ben)] * 3
    at_once(*calls)
    held = list(Lease.objects.filter(user=ben, ended_at=None).values_list("item", flat=True))
    assert len(set(held)) == len(held) > 20


def test_same_seed_from_two_threads_is_one_annotation(
    project: Project, filled: Fill, lea: User
) -> None:
    for item in filled(project, 10):
        save = {"labels": ["spam"], "client_id": str(uuid.uuid4())}
        calls = [lambda item=item, save=save: seed_labels.seed(project, lea, item, **save)] * 2
        answers = at_once(*calls)
        assert len({annotation.pk for annotation, _new in answers}) == 1
        assert sorted(is_new for _annotation, is_new in answers) == [False, True]
    assert summary.progress(project)["labelled"] == Annotation.objects.count() == 10


def test_a_lead_seeds_while_others_label_and_every_item_is_finished_once(
    project: Project, filled: Fill, people: Any, lea: User
) -> None:
    items = filled(project, 40)

    def seed_all() -> None:
        for item in items:
            with contextlib.suppress(Conflict):
                key = str(uuid.uuid4())
                seed_labels.seed(project, lea, item, labels=loop.truth(item), client_id=key)

    at_once(seed_all, *[lambda user=user: loop.label(project, user, 40) for user in people[:2]])
    assert set(Item.objects.values_list("state", flat=True)) == {Item.State.LABELLED}
    assert not QueueEntry.objects.filter(state__lt=QueueEntry.State.DONE).exists()
    progress = summary.progress(project)
    answers = Annotation.objects.filter(lease__isnull=False).count()
    assert (progress["labelled"], progress["answers"]) == (40, answers)


def test_answer_is_taken_back_while_a_lead_seeds_the_same_item(
    project: Project, filled: Fill, ana: User, lea: User
) -> None:
    """Both change the item and the same entry: in two orders, each would wait for the other."""
    settings.change_settings(project, overlap=2)
    filled(project, 20)
    for answer in loop.label(project, ana, 20):
        item, key = answer.item, str(uuid.uuid4())
        said = {"labels": loop.truth(item), "client_id": key}
        at_once(
            lambda answer=answer: revise.withdraw(answer, ana),
            lambda item=item, said=said: seed_labels.seed(project, lea, item, **said),
        )
    assert set(Item.objects.values_list("state", "answers")) == {(Item.State.LABELLED, 1)}
    progress = summary.progress(project)
    assert (progress["labelled"], progress["answers"]) == (20, 0)


def test_answers_are_taken_back_while_the_page_with_their_items_is_confirmed(
    sure: Project, ben: User
) -> None:
    """A page counts for its person item by item, and so does who takes an answer back."""
    page = bulk_pages.take(sure, ben, "spam")
    answers = [loop.answer(lease) for lease in page[::2]]
    keys = [str(lease.pk) for lease in page]

    def withdraw_all() -> None:
        for answer in answers:
            revise.withdraw(answer, ben)

    at_once(withdraw_all, lambda: bulk_confirm.confirm(sure, ben, keys, keys))
    standing = Annotation.objects.filter(user=ben, withdrawn_at=None)
    assert len(page) - len(answers) <= standing.count() <= len(page)
    progress = summary.progress(sure)
    counted = Annotation.objects.filter(counted=True, withdrawn_at=None, lease__isnull=False)
    assert progress["answers"] == counted.count()


def test_two_workers_claim_a_job_once(project: Project) -> None:
    for number in range(10):
        work = Import.objects.create(project=project, name=str(number), path="x", format="csv")
        claims = at_once(*[lambda work=work: Import.objects.claim(work.pk)] * 3)
        assert sum(claim is not None for claim in claims) == 1


def test_two_wishes_for_a_round_start_one(project: Project, filled: Fill, learnt: Learn) -> None:
    filled(project, 10)
    learnt(project)
    turns = at_once(*[lambda: schedule.start_if_due(project.pk)] * 4)
    assert sum(turn is not None for turn in turns) == 1
    assert Round.objects.count() == 1


def test_two_imports_at_once_give_dense_positions(project: Project) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    from annotator.flow.datasets import importing, upload

    works = []
    for start in (0, 40):
        rows = "".join(f"{loop.text(i)}\n" for i in range(start, start + 40))
        file = SimpleUploadedFile("a.csv", f"text\n{rows}".encode())
        works.append(upload.receive(project, None, file))
    at_once(*[lambda work=work: importing.run(work.pk) for work in works])
    positions = Item.objects.order_by("position").values_list("position", flat=True)
    assert list(positions) == list(range(80))
    project.refresh_from_db()
    assert project.items == 80


def test_who_comes_during_a_refill_waits_for_what_it_brings(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    """Nobody is given random items because a refill is just taking the old ones back."""
    settings.change_settings(project, audit_share=0.0)
    filled(project, 60)
    releasing.release(leasing.lease_next(project, ana))
    refilling, may_end = threading.Event(), threading.Event()

    def refill_slowly() -> None:
        with refill.alone(project):
            withdraw.withdraw_open(project)
            items = Item.objects.filter(project=project, state=Item.State.POOL)[:10]
            refill.append(project, [(item, {"source": Source.ACTIVE}) for item in items])
            refilling.set()
            assert may_end.wait(20)

    def come() -> Any:
        assert refilling.wait(20)
        threading.Timer(0.3, may_end.set).start()
        return leasing.lease_next(project, ben)

    _done, lease = at_once(refill_slowly, come)
    assert lease.source == Source.ACTIVE


def test_second_looks_are_given_to_one_person_each(
    project: Project, filled: Fill, people: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assignments.random, "random", lambda: 0.0)
    settings.change_settings(project, second_share=0.05)
    filled(project, 24)
    answers = loop.label(project, people[0], 24)
    candidates.request_reviews(
        project, [candidates.ReviewCandidate(each.pk, "suspect", 1.0, "") for each in answers]
    )

    def look_at_all(user: User) -> Any:
        return lambda: [annotation.pk for annotation in loop.label(project, user, 24)]

    found = [pk for each in at_once(*map(look_at_all, people[1:])) for pk in each]
    assert len(set(found)) == len(found) == 24
    done = ReviewRequest.objects.filter(state=ReviewRequest.State.DONE)
    assert done.values("answer").distinct().count() == 24
    assert verify_counts.recount(project) == []


def test_same_look_from_two_windows_is_answered_once(
    project: Project, filled: Fill, people: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assignments.random, "random", lambda: 0.0)
    settings.change_settings(project, second_share=0.05)
    filled(project, 5)
    answers = loop.label(project, people[0], 5)
    candidates.request_reviews(
        project, [candidates.ReviewCandidate(each.pk, "suspect", 1.0, "") for each in answers]
    )

    def save(lease: Any) -> Any:
        try:
            return loop.answer(lease)
        except Conflict as refused:
            return refused.code

    for _ in range(5):
        lease = leasing.lease_next(project, people[1])
        said = at_once(*[lambda lease=lease: save(lease)] * 2)
        assert said.count("already_labelled") == 1
    assert Annotation.objects.filter(source=Source.SECOND).count() == 5


def test_looks_are_proposed_while_others_take_them(
    project: Project, filled: Fill, people: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assignments.random, "random", lambda: 0.0)
    settings.change_settings(project, second_share=0.05)
    filled(project, 20)
    answers = loop.label(project, people[0], 20)
    found = [candidates.ReviewCandidate(each.pk, "suspect", 1.0, "") for each in answers]
    candidates.request_reviews(project, found)
    at_once(
        lambda: [candidates.request_reviews(project, found) for _ in range(5)],
        lambda: [candidates.request_reviews(project, found) for _ in range(5)],
        *[lambda user=user: loop.label(project, user, 20) for user in people[1:3]],
    )
    candidates.request_reviews(project, found)
    for user in people[1:]:
        loop.label(project, user, 20)
    assert Annotation.objects.filter(source=Source.SECOND).count() == 20
    assert not ReviewRequest.objects.exclude(state=ReviewRequest.State.DONE).exists()
    assert verify_counts.recount(project) == []


def test_opinions_that_differ_at_the_same_moment_are_noted(
    project: Project, filled: Fill, people: Any
) -> None:
    settings.change_settings(project, overlap=2)
    filled(project, 15)
    for _ in range(15):
        held = [leasing.lease_next(project, user) for user in people[:2]]
        if held[0].item_id != held[1].item_id:
            continue
        said = zip(held, ["spam", "ham"], strict=True)
        at_once(
            *[lambda lease=lease, name=name: loop.answer(lease, [name]) for lease, name in said]
        )
    torn = Item.objects.filter(state=Item.State.LABELLED).values_list("pk", flat=True)
    noted = Disagreement.objects.values_list("item", flat=True)
    assert sorted(noted) == sorted(torn)
    assert len(torn) > 10


def test_two_leads_decide_at_once_and_one_decision_holds(
    project: Project, filled: Fill, people: Any, lea: User, olga: User
) -> None:
    settings.change_settings(project, overlap=2)
    filled(project, 4)
    loop.label(project, people[0], 4)
    for _ in range(4):
        lease = leasing.lease_next(project, people[1])
        loop.answer(lease, ["ham" if loop.truth(lease.item) == ["spam"] else "spam"])
    for item in Item.objects.all():
        said = at_once(
            lambda item=item: refused(adjudicate.decide, project, lea, item.pk, ["spam"]),
            lambda item=item: refused(adjudicate.decide, project, olga, item.pk, ["ham"]),
        )
        assert sorted(said) == ["", "decided_meanwhile"]
    assert Decision.objects.count() == 4
    assert Disagreement.objects.filter(state=Disagreement.State.DECIDED).count() == 4
    assert verify_counts.recount(project) == []
