"""Actions: keys and clicks that it takes to mark the spans of a text, by hand or from suggestions.

One action each: setting the start of a span, setting its end, choosing its label, moving a border,
changing a label, deleting a span, and the key that ends the text ("accept all", "nothing here").
So a span by hand takes three, and a text that was suggested rightly takes one in all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from selection.spans.text.spans import Span, Suggestion, overlap

BY_HAND = 3  # start, end and label of a span
DELETE = 1
FINISH = 1


def actions_by_hand(truth: Sequence[Span]) -> int:
    """Return the actions of marking all spans of a text by hand.

    >>> actions_by_hand([(0, 3, "person")])
    4
    """
    return FINISH + BY_HAND * len(set(truth))


def actions_with(suggested: Iterable[Span], truth: Iterable[Span]) -> int:
    """Return the actions of making the `suggested` spans of a text those of the `truth`.

    What is right stays; of the others, each is changed into the span that it overlaps where that is
    no dearer than deleting it and marking anew; the rest is deleted, and what is missing is marked.

    >>> actions_with([(0, 3, "person"), (8, 9, "place")], [(0, 5, "person")])
    3
    """
    said, real = set(suggested), set(truth)
    wrong, missing = sorted(said - real), sorted(real - said)
    pairs = sorted(
        (_changes(one, other), i, j)
        for i, one in enumerate(wrong)
        for j, other in enumerate(missing)
        if overlap(one, other)
    )
    changed: set[int] = set()
    reached: set[int] = set()
    total = FINISH
    for cost, i, j in pairs:
        if i in changed or j in reached or cost > DELETE + BY_HAND:
            continue
        changed.add(i)
        reached.add(j)
        total += cost
    total += DELETE * (len(wrong) - len(changed))
    return total + BY_HAND * (len(missing) - len(reached))


def suggestions_pay(accepted: int, changed: int, rejected: int) -> bool:
    """Return whether suggestions save actions, by what people did with those of late.

    An accepted span saves the three actions of marking it, a changed one about two, a rejected one
    costs one. Nothing known yet pays: the first model shows what it can do.

    >>> suggestions_pay(accepted=10, changed=0, rejected=29), suggestions_pay(10, 0, 31)
    (True, False)
    """
    saved = BY_HAND * accepted + (BY_HAND - 1) * changed - DELETE * rejected
    return saved > 0 or not accepted + changed + rejected


def merge_suggestions(
    model: Sequence[Suggestion], tagged: Sequence[Suggestion]
) -> list[Suggestion]:
    """Return the model's spans, and those of the auto-tag where the model says nothing.

    >>> merge_suggestions([Suggestion(0, 3, "a", 0.9)],
    ...                   [Suggestion(0, 5, "a", 1.0), Suggestion(7, 9, "a", 1.0)])
    [Suggestion(start=0, end=3, label='a', confidence=0.9),
     Suggestion(start=7, end=9, label='a', confidence=1.0)]
    """
    added = [each for each in tagged if not any(overlap(each.span, other.span) for other in model)]
    return sorted([*model, *added])


def _changes(one: Span, other: Span) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True))
