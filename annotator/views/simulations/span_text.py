"""Sentences about a simulation of spans: texts, words read and actions, never texts alone."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from annotator.views import number_format
from annotator.views.simulations.text import (
    RANDOM,
    Summary,
    Titles,
    ratio_against_random,
    title_of,
)


def is_of_spans(summary: Summary) -> bool:
    """Tell whether the replayed answers were spans."""
    return summary.get("task") == "spans"


def captions(summary: Summary, titles: Titles) -> list[str]:
    """Return a sentence for each strategy but random, as the chart's caption."""
    return [sentence_of(summary, name, titles) for name in _without_random(summary)]


def sentence_of(summary: Summary, name: str, titles: Titles) -> str:
    """Describe what a strategy took to random's last F1, in texts, words and actions."""
    headline, mine = summary["savings"][name]["headline"], summary["work"][name]
    facts = {
        "title": title_of(name, titles),
        "target": number_format.precise_percent(summary["target"]),
        "reached": number_format.precise_percent(headline["reached"]),
        "texts": number_format.count(summary["settings"]["labels"]),
    }
    if mine is None:
        words = _(
            "%(title)s never reaches F1 %(target)s, which random has after %(texts)s texts; it "
            "ends at %(reached)s."
        )
        return words % facts
    theirs = summary["work"][RANDOM]
    facts |= {f"my_{key}": number_format.count(round(value)) for key, value in mine.items()}
    facts |= {f"their_{key}": number_format.count(round(value)) for key, value in theirs.items()}
    words = _(
        "%(title)s reaches F1 %(target)s with %(my_labels)s texts, %(my_words)s words read and "
        "%(my_actions)s actions; random takes %(their_labels)s texts, %(their_words)s words and "
        "%(their_actions)s actions."
    )
    return " ".join([words % facts, *_chance(summary, headline["verdict"])])


def _chance(summary: Summary, verdict: str) -> list[str]:
    if summary["settings"]["seeds"] < 2:
        return [_("One repeat is too few to rule out chance.")]
    if verdict == "unclear":
        return [_("The difference in texts may be chance.")]
    return []


def goal(summary: Summary, _titles: Titles) -> str:
    """Describe the target, and what an action is."""
    facts = {
        "target": number_format.precise_percent(summary["target"]),
        "test": number_format.count(summary["n_test"]),
        "texts": number_format.count(summary["settings"]["labels"]),
    }
    words = _(
        "The target is what random has after %(texts)s texts: F1 %(target)s on %(test)s held-out "
        "texts. An action is a key or a click: start, end and label of a span, a correction, and "
        "the key that ends a text."
    )
    return words % facts


def lines(summary: Summary, titles: Titles) -> list[dict[str, str]]:
    """Return a table row for each strategy."""
    return [_line(summary, name, titles) for name in summary["strategies"]]


def picture(summary: Summary, titles: Titles) -> str:
    """Return the chart in words, for users who cannot see it."""
    reached = [f"{line['title']} {line['last']}" for line in lines(summary, titles)]
    return _("Final F1: %(all)s.") % {"all": "; ".join(reached)}


def _line(summary: Summary, name: str, titles: Titles) -> dict[str, str]:
    curve, work = summary["strategies"][name], summary["work"][name]
    return {
        "title": title_of(name, titles),
        "saved": "" if name == RANDOM else ratio_against_random(summary["savings"][name]),
        **{key: _whole(work, key) for key in ("words", "actions", "by_hand")},
        "texts": _("not reached") if work is None else _whole(work, "labels"),
        "last": number_format.percent(curve["f1"]["mean"][-1]),
        "seconds": number_format.duration(curve["seconds_per_round"]),
    }


def _whole(work: Mapping[str, Any] | None, key: str) -> str:
    return "–" if work is None else number_format.count(round(work[key]))


def _without_random(summary: Summary) -> list[str]:
    return [name for name in summary["strategies"] if name != RANDOM] or [RANDOM]
