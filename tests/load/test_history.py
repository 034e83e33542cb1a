"""The checker of histories finds each broken promise, and nothing where all were kept."""

import itertools
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from annotator.bench.invariants import OK, REFUSED, UNKNOWN, Call, Stored, read, violations, write

LATER = 600.0


class Scene:
    """A history in the making: what people did, with the answers that they got."""

    def __init__(self) -> None:
        self.calls, self.stored = [], []
        self._numbers = itertools.count(1)

    def next(self, person: Any, item: Any, at: Any, lease: str = "", lasts: Any = LATER) -> Any:
        lease = lease or f"lease-{person}-{item}"
        given = {"item": item, "lease": lease, "until": at + lasts}
        call = Call(person, "next", at, at + 0.1, OK, 200, given=given)
        self.calls.append(call)
        return lease

    def nothing(self, person: Any, at: Any) -> None:
        self.calls.append(Call(person, "next", at, at + 0.1, OK, 204))

    def save(
        self,
        person: Any,
        item: Any,
        at: Any,
        counted: bool = True,
        keep: bool = True,
        outcome: Any = OK,
        **other: Any,
    ) -> Any:
        number = next(self._numbers)
        call = Call(
            person,
            "save",
            at,
            at + 0.1,
            outcome,
            201 if counted else 409,
            item=item,
            lease=f"lease-{person}-{item}",
            client_id=f"save-{number}",
            labels=["a"],
            annotation=number if outcome != UNKNOWN else None,
            counted=counted,
        )
        self.calls.append(Call(**{**vars(call), **other}))
        if keep:
            self.stored.append(Stored(number, item, person, call.client_id, ("a",), counted))
        return call

    def skip(self, person: Any, item: Any, at: Any) -> None:
        lease = f"lease-{person}-{item}"
        self.calls.append(Call(person, "skip", at, at + 0.1, OK, 204, item=item, lease=lease))

    def broken(self, **options: Any) -> Any:
        return [found.kind for found in violations(self.calls, self.stored, **options)]


def test_history_in_which_all_went_well_obeys() -> None:
    scene = Scene()
    for person, item in ((1, 10), (2, 11), (1, 12)):
        scene.next(person, item, at=item)
        scene.save(person, item, at=item + 0.5)
    scene.next(2, 13, at=20)
    scene.skip(2, 13, at=21)
    scene.next(1, 13, at=22)
    scene.save(1, 13, at=23)
    scene.nothing(1, at=24)
    assert scene.broken(items=[10, 11, 12, 13]) == []


def test_acknowledged_label_that_is_not_stored_is_lost() -> None:
    scene = Scene()
    scene.next(1, 10, at=0)
    scene.save(1, 10, at=1, keep=False)
    assert scene.broken() == ["lost"]


def test_label_without_an_answer_may_be_stored_or_not() -> None:
    for keep in (True, False):
        scene = Scene()
        scene.next(1, 10, at=0)
        scene.save(1, 10, at=1, keep=keep, outcome=UNKNOWN)
        assert scene.broken() == []


def test_label_that_is_stored_as_something_else_is_changed() -> None:
    scene = Scene()
    scene.next(1, 10, at=0)
    scene.save(1, 10, at=1, labels=["b"])
    assert scene.broken() == ["changed"]


def test_one_save_that_is_stored_twice_is_doubled() -> None:
    scene = Scene()
    scene.next(1, 10, at=0)
    scene.save(1, 10, at=1)
    scene.stored.append(Stored(77, 10, 1, "save-1", ("a",), False))
    assert set(scene.broken()) == {"doubled"}


def test_annotation_that_nobody_sent_is_unasked() -> None:
    scene = Scene()
    scene.stored.append(Stored(1, 10, 1, "save-1", ("a",), True))
    assert scene.broken() == ["unasked"]


def test_item_in_two_hands_at_once_is_crowded_unless_it_needs_two() -> None:
    scene = Scene()
    scene.next(1, 10, at=0)
    scene.next(2, 10, at=5)
    scene.save(1, 10, at=6)
    scene.save(2, 10, at=7, counted=False)
    assert scene.broken() == ["crowded"]
    assert scene.broken(overlap=2) == []


def test_item_that_was_answered_is_in_no_other_hands_later() -> None:
    scene = Scene()
    scene.next(1, 10, at=0)
    scene.save(1, 10, at=1)
    scene.next(2, 10, at=500)
    assert scene.broken() == ["crowded"]


def test_item_whose_lease_ran_out_may_go_on() -> None:
    scene = Scene()
    scene.next(1, 10, at=0, lasts=30)
    scene.next(2, 10, at=40)
    scene.save(2, 10, at=41)
    scene.save(1, 10, at=50, counted=False)
    assert scene.broken() == []


def test_two_answers_that_count_for_one_are_crowded() -> None:
    scene = Scene()
    scene.next(1, 10, at=0, lasts=30)
    scene.next(2, 10, at=40)
    scene.save(2, 10, at=41)
    scene.save(1, 10, at=50)
    assert "crowded" in scene.broken()


def test_person_who_is_given_again_what_they_settled_is_asked_twice() -> None:
    for settle in (Scene.save, Scene.skip):
        scene = Scene()
        scene.next(1, 10, at=0)
        settle(scene, 1, 10, 1)
        scene.next(1, 10, at=5, lease="another")
        assert "repeated" in scene.broken(overlap=3)


def test_same_save_with_two_answers_is_unsteady() -> None:
    scene = Scene()
    scene.next(1, 10, at=0)
    call = scene.save(1, 10, at=1)
    again = {**vars(call), "began": 2.0, "ended": 2.1, "annotation": 99}
    scene.calls.append(Call(**again))
    assert scene.broken() == ["unsteady"]


def test_nothing_left_while_an_item_was_never_given_is_starved() -> None:
    scene = Scene()
    scene.next(1, 10, at=0)
    scene.nothing(2, at=1)
    assert scene.broken(items=[10]) == []
    assert scene.broken(items=[10, 11]) == ["starved"]


def test_refused_call_settles_nothing() -> None:
    scene = Scene()
    scene.next(1, 10, at=0)
    scene.calls.append(Call(1, "skip", 1, 1.1, REFUSED, 409, item=10, lease="lease-1-10"))
    scene.next(1, 10, at=2)
    assert scene.broken() == []


def test_history_is_read_as_it_was_written(tmp_path: Path) -> None:
    scene = Scene()
    scene.next(1, 10, at=0)
    scene.save(1, 10, at=1)
    write(tmp_path / "history.jsonl", scene.calls)
    assert read(tmp_path / "history.jsonl") == scene.calls


@given(
    st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["save", "skip", "lose"])), max_size=30)
)
def test_queue_that_hands_out_one_at_a_time_obeys_whatever_people_do(deeds: Any) -> None:
    """A queue that is right by construction: every item is new, so nothing can be broken."""
    scene = Scene()
    for item, (person, deed) in enumerate(deeds):
        scene.next(person, item, at=item)
        if deed == "save":
            scene.save(person, item, at=item + 0.3)
        elif deed == "skip":
            scene.skip(person, item, at=item + 0.3)
    assert scene.broken(items=range(len(deeds))) == []


def test_second_look_at_ones_own_answer_breaks_nothing() -> None:
    shown = {"item": 10, "lease": "b", "until": 900.0}
    calls = [
        Call(1, "save", 1.0, 2.0, "ok", item=10, lease="a", client_id="x", annotation=1),
        Call(1, "next", 3.0, 4.0, "ok", given=shown),
        Call(
            1, "save", 5.0, 6.0, "ok", item=10, lease="b", client_id="y", annotation=2, again=True
        ),
    ]
    for call in (calls[0], calls[2]):
        call.labels = ["a"]
    calls[2].counted = False
    stored = [
        Stored(1, 10, 1, "x", ("a",), True),
        Stored(2, 10, 1, "y", ("a",), False, again=True),
    ]
    assert violations(calls, stored) == []
    calls[2].again = False
    stored[1] = Stored(2, 10, 1, "y", ("a",), False)
    assert {each.kind for each in violations(calls, stored)} == {"doubled", "repeated"}


def test_item_held_ahead_may_be_passed_on_until_somebody_has_seen_it() -> None:
    scene = Scene()
    scene.next(1, 10, at=1)
    scene.next(2, 10, at=2)
    assert scene.broken() == ["crowded"]
    scene.calls[0].given["sure"] = False
    assert scene.broken() == []
    shown = {**scene.calls[0].given, "sure": True}
    scene.calls.append(Call(1, "next", 3, 3.1, OK, 200, given=shown))
    assert scene.broken() == ["crowded"]
