"""Consensus of marks: what counts where several people marked one text."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.tasktypes.common_marks import most_marks
from annotator.tasktypes.marks import ANY, NESTED, NONE, Mark, first_overlap

Said = Sequence[tuple[Sequence[Mark], bool]]


def own(*answers: Sequence[tuple[int, int, int]]) -> Said:
    return [([Mark(*each) for each in marks], True) for marks in answers]


def test_what_more_than_half_marked_just_so_counts() -> None:
    said = own([(0, 3, 1), (5, 9, 2)], [(0, 3, 1)], [(5, 9, 1)])
    assert most_marks(said) == [Mark(0, 3, 1)]


def test_borders_that_most_agree_on_count_where_no_mark_has_a_majority() -> None:
    # Two of three start at 0, two of three end at 8.
    assert most_marks(own([(0, 5, 1)], [(0, 8, 1)], [(2, 8, 1)])) == [Mark(0, 8, 1)]
    # Of another label it is no match.
    assert most_marks(own([(0, 5, 1)], [(0, 8, 2)], [(2, 8, 1)])) == []
    # The start is common, the end is not.
    assert most_marks(own([(0, 5, 1)], [(0, 8, 1)], [(0, 9, 1)])) == []
    # Two people have no majority of borders.
    assert most_marks(own([(0, 5, 1)], [(0, 8, 1)]), NONE) == [Mark(0, 8, 1)]


def test_another_reading_of_an_agreed_mark_is_left_to_it() -> None:
    said = own([(0, 5, 1)], [(0, 5, 1)], [(0, 5, 1)], [(0, 8, 1)], [(2, 8, 1)])
    assert most_marks(said) == [Mark(0, 5, 1)]


def test_two_people_who_differ_keep_to_the_rule_of_the_project() -> None:
    said = own([(0, 5, 1)], [(3, 8, 1)])
    assert most_marks(said, ANY) == [Mark(0, 5, 1), Mark(3, 8, 1)]
    for rule in (NONE, NESTED):
        assert most_marks(said, rule) == [Mark(0, 5, 1)]
    inner = own([(0, 9, 1)], [(3, 8, 1)])
    assert most_marks(inner, NESTED) == [Mark(0, 9, 1), Mark(3, 8, 1)]
    assert most_marks(inner, NONE) == [Mark(0, 9, 1)]


def test_answer_of_one_person_stays_whatever_the_rule_has_become() -> None:
    said = own([(0, 9, 1), (3, 8, 1)])
    assert most_marks(said, NONE) == [Mark(0, 9, 1), Mark(3, 8, 1)]


def _fits(marks: Sequence[Mark], rule: str) -> bool:
    return rule == ANY or first_overlap(list(marks), nested=rule == NESTED) is None


@st.composite
def answers(draw: st.DrawFn) -> tuple[str, Said]:
    """Draw a rule, and answers of up to six people that each keep to it."""
    rule = draw(st.sampled_from([NONE, NESTED, ANY]))
    mark = st.builds(
        lambda start, length, label, attribute: Mark(start, start + length, label, attribute),
        st.integers(0, 8),
        st.integers(1, 6),
        st.sampled_from([1, 2]),
        st.sampled_from(["", "", "negated", "unsure"]),
    )
    said = []
    for _ in range(draw(st.integers(1, 6))):
        kept: list[Mark] = []
        for each in draw(st.lists(mark, max_size=5)):
            is_new = each.bare not in [other.bare for other in kept]
            if is_new and _fits([*kept, each], rule):
                kept.append(each)
        said.append((kept, draw(st.booleans())))
    return rule, said


@given(drawn=answers(), data=st.data())
def test_order_of_people_and_of_marks_changes_nothing(
    drawn: tuple[str, Said], data: st.DataObject
) -> None:
    rule, said = drawn
    shuffled = [(data.draw(st.permutations(list(marks))), is_own) for marks, is_own in said]
    assert most_marks(data.draw(st.permutations(shuffled)), rule) == most_marks(said, rule)


@given(drawn=answers())
def test_result_keeps_the_rule_and_is_what_somebody_marked(drawn: tuple[str, Said]) -> None:
    rule, said = drawn
    found = most_marks(said, rule)
    assert _fits(found, rule)
    assert len({each.bare for each in found}) == len(found)
    marked = {each.bare for marks, _is_own in said for each in marks}
    assert {each.bare for each in found} <= marked


@given(drawn=answers())
def test_what_all_marked_counts(drawn: tuple[str, Said]) -> None:
    rule, said = drawn
    common = set.intersection(*({each.bare for each in marks} for marks, _is_own in said))
    assert common <= {each.bare for each in most_marks(said, rule)}


@pytest.mark.parametrize("rule", [NONE, NESTED, ANY])
@given(drawn=answers())
def test_twice_the_same_people_say_the_same(rule: str, drawn: tuple[str, Said]) -> None:
    _own_rule, said = drawn
    if len(said) > 1:
        assert most_marks([*said, *said], rule) == most_marks(said, rule)
