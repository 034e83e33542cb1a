"""Sentences about a simulation: the result with its interval first, without a promise."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from annotator.flow.simulation.runs import AT
from annotator.projectsettings.item_selection import POOL
from annotator.views import number_format

RANDOM = "random"
BASELINE = "baseline"
FAVOURITE = "auto"

Summary = Mapping[str, Any]
Titles = Mapping[str, str]


def title_of(name: str, titles: Titles) -> str:
    """Return the title of a strategy; where several features are compared, with its own.

    >>> title_of("auto@pool", {"auto": "Automatic"})
    'Automatic, without an encoder'
    """
    strategy, at, features = name.partition(AT)
    title = titles.get(strategy, strategy)
    if not at:
        return title
    if features == POOL:
        return _("%(strategy)s, without an encoder") % {"strategy": title}
    return _("%(strategy)s, with %(encoder)s") % {"strategy": title, "encoder": features}


def is_random(name: str) -> bool:
    """Tell whether a curve is that of random sampling, with whichever features."""
    return name.partition(AT)[0] == RANDOM


def sentence(summary: Summary, titles: Titles) -> str:
    """Describe the label savings on this data: a gain, none, or a loss."""
    return sentence_of(summary, _told_of(summary), titles)


def sentence_of(summary: Summary, name: str, titles: Titles) -> str:
    """Return the sentence for one strategy: at random's final accuracy, if known."""
    headline = summary["savings"][name].get("headline")
    if headline is None:
        # Simulations from before headlines were stored.
        return _to_the_goal(summary, name, titles)
    saved, settings = summary["savings"][name], summary["settings"]
    facts = {
        "title": title_of(name, titles),
        "mine": _labels(headline["labels"]),
        "theirs": _labels(headline["random_labels"]),
        "target": number_format.precise_percent(headline["target"]),
        "reached": number_format.precise_percent(headline["reached"]),
        "labels": number_format.count(settings["labels"]),
        **_times_and_interval(saved["against_random"], _own(saved)),
        "level": number_format.percent(0.95),
    }
    return _headline(headline["verdict"], saved["against_random"], settings["seeds"]) % facts


def captions(summary: Summary, titles: Titles) -> list[str]:
    """Return a sentence for each strategy but random, as the chart's caption."""
    names = [name for name in summary["strategies"] if not is_random(name)]
    return [
        sentence_of(summary, name, titles)
        for name in names
        if summary["savings"][name].get("headline")
    ]


def _own(saved: Mapping[str, Any]) -> tuple[float | None, float | None]:
    return saved["against_random_low"], saved["against_random_high"]


def _times_and_interval(
    ratio: float | None, ends: tuple[float | None, float | None]
) -> dict[str, str]:
    """Return the ratio in words: how many times more labels the slower one takes."""
    low, high = ends
    if ratio is None or ratio >= 1:
        return {"times": _times(ratio), "interval": _interval(low, high)}
    least, most = (1 / high if high else 0.0), (1 / low if low else None)
    said = "" if low is None else _interval(least, most)
    return {"times": _times(1 / ratio), "interval": said}


def _headline(verdict: str, ratio: float | None, seeds: int) -> str:
    """Return the sentence of a verdict, with its placeholders."""
    if verdict == "never":
        return _(
            "%(title)s never reaches %(target)s, which random reaches with %(theirs)s labels; it "
            "ends at %(reached)s with %(labels)s."
        )
    if verdict == "equal":
        return _("%(title)s needs as many labels as random to reach %(target)s: %(theirs)s.")
    is_less = ratio is not None and ratio < 1
    if seeds < 2:
        return _(
            "%(title)s reaches %(target)s with %(mine)s labels, random with %(theirs)s. One "
            "repeat is too few to rule out chance."
        )
    if verdict == "unclear":
        return _(
            "%(title)s reaches %(target)s with %(mine)s labels, random with %(theirs)s. This may "
            "be chance (%(level)s CI: %(interval)s times as many)."
        )
    if is_less:
        return _(
            "%(title)s needs %(times)s times as many labels as random to reach %(target)s: "
            "%(mine)s, random %(theirs)s (%(level)s CI: %(interval)s)."
        )
    return _(
        "%(title)s reaches %(target)s with %(mine)s labels; random needs %(times)s times as many, "
        "%(theirs)s (%(level)s CI: %(interval)s)."
    )


def _to_the_goal(summary: Summary, name: str, titles: Titles) -> str:
    """Describe the savings at the accuracy that the baseline ends at."""
    facts = _facts(summary, name, titles)
    saved = summary["savings"][name]
    if saved["query_over"] is not None:
        return (
            _("%(title)s reaches %(target)s with %(mine)s labels; random does not reach it.")
            % facts
        )
    if saved["query"] is None:
        return _("%(title)s does not reach %(target)s with %(labels)s labels.") % facts
    if saved["query_low"] is None or saved["query_low"] <= 1 or facts["mine"] == facts["theirs"]:
        return _nothing(saved["query"], facts)
    return (
        _(
            "%(title)s needs %(mine)s labels where random needs %(theirs)s: fewer by a factor of "
            "%(times)s (%(level)s CI: %(interval)s)."
        )
        % facts
    )


def _nothing(ratio: float, facts: dict[str, str]) -> str:
    if facts["mine"] == facts["theirs"] or ratio < 1:
        return _("%(title)s saves no labels: it needs %(mine)s, random needs %(theirs)s.") % facts
    if not facts["interval"]:
        return (
            _(
                "%(title)s needs %(mine)s labels where random needs %(theirs)s. One repeat is too "
                "few to rule out chance."
            )
            % facts
        )
    return (
        _(
            "%(title)s needs %(mine)s labels where random needs %(theirs)s. This may be chance "
            "(%(level)s CI: a factor of %(interval)s)."
        )
        % facts
    )


def goal(summary: Summary, titles: Titles) -> str:
    """Describe the target and the labels that the baseline needs for it."""
    name = _told_of(summary)
    facts = _facts(summary, name, titles)
    told = _(
        "The target is an accuracy of %(target)s on %(test)s held-out items, which TF-IDF reaches "
        "with %(labels)s random labels."
    )
    saved = summary["savings"][name]
    if saved["system"] is None:
        return told % facts
    if saved["system"] < 1:
        more = _("%(title)s needs %(times)s times as many labels.")
        return f"{told % facts} {more % {**facts, 'times': _times(1 / saved['system'])}}"
    ratio = _("%(title)s needs fewer labels by a factor of %(times)s.")
    return f"{told % facts} {ratio % {**facts, 'times': _ratio(saved, 'system')}}"


def lines(summary: Summary, titles: Titles) -> list[dict[str, str]]:
    """Return a table row for each strategy and for the baseline."""
    found = [_line(summary, name, titles) for name in summary["strategies"]]
    curve = summary["baseline"]
    plain = {
        "title": _("TF-IDF, random labels"),
        "needs": number_format.count(round(summary["settings"]["labels"])),
        "last": _last(curve, "accuracy"),
        "f1": _last(curve, "macro_f1"),
        "found": _last(curve, "rare_found"),
        "seconds": number_format.duration(curve["seconds_per_round"]),
    }
    return [*found, plain]


def picture(summary: Summary, titles: Titles) -> str:
    """Return the chart in words, for users who cannot see it."""
    reached = [f"{line['title']} {line['last']}" for line in lines(summary, titles)]
    return _("Final accuracy: %(all)s.") % {"all": "; ".join(reached)}


def _line(summary: Summary, name: str, titles: Titles) -> dict[str, str]:
    curve, needs = summary["strategies"][name], summary["needs"][name]
    against, saved = summary["against_random"][name], summary["savings"][name]
    return {
        "title": title_of(name, titles),
        "needs": _needs(needs),
        "own": "" if is_random(name) else ratio_against_random(saved),
        "query": "" if is_random(name) else _ratio(saved, "query"),
        "system": _ratio(saved, "system"),
        "last": _last(curve, "accuracy"),
        "f1": _last(curve, "macro_f1"),
        "found": _last(curve, "rare_found"),
        "worse": "" if is_random(name) else _below(against),
        "seconds": number_format.duration(curve["seconds_per_round"]),
    }


def _told_of(summary: Summary) -> str:
    """Return the strategy of the headline."""
    names: list[str] = [name for name in summary["strategies"] if not is_random(name)]
    if not names:
        return RANDOM
    # Not the best one, which is partly determined by chance. Of several features, those named last.
    favourites = [name for name in names if name.partition(AT)[0] == FAVOURITE]
    return favourites[-1] if favourites else names[0]


def _facts(summary: Summary, name: str, titles: Titles) -> dict[str, str]:
    saved, needs = summary["savings"][name], summary["needs"]
    _strategy, at, features = name.partition(AT)
    return {
        "title": title_of(name, titles),
        "mine": _labels(needs[name]["target"]),
        "theirs": _labels(needs[f"{RANDOM}{at}{features}"]["target"]),
        "target": number_format.percent(summary["target"]),
        "labels": number_format.count(summary["settings"]["labels"]),
        "test": number_format.count(summary["n_test"]),
        "times": _times(saved["query"]),
        "interval": _interval(saved["query_low"], saved["query_high"]),
        "level": number_format.percent(0.95),
    }


def _labels(number: float | None) -> str:
    return "–" if number is None else number_format.count(round(number))


def _needs(needs: Mapping[str, Any]) -> str:
    if needs["target"] is None:
        return _("not reached")
    if needs["low"] is None or needs["low"] == needs["high"]:
        return _labels(needs["target"])
    high = _labels(needs["high"]) if needs["high"] is not None else "…"
    return f"{_labels(needs['target'])} ({_labels(needs['low'])}–{high})"


def ratio_against_random(saved: Mapping[str, Any]) -> str:
    """Return how many times as many labels random needs to its own last accuracy, in words."""
    if "against_random" not in saved:
        return "–"
    if saved["against_random"] is None and saved["headline"]:
        return _("not reached")
    return _ratio(saved, "against_random")


def _ratio(saved: Mapping[str, Any], which: str) -> str:
    if saved[f"{which}_over"] is not None:
        return _("over %(times)s") % {"times": _times(saved[f"{which}_over"])}
    if saved[which] is None:
        return "–"
    if round(saved[which], 1) < 1:
        ends = saved[f"{which}_low"], saved[f"{which}_high"]
        more = _times_and_interval(saved[which], ends)
        said = _("more by a factor of %(times)s") % more
        return f"{said} ({more['interval']})" if more["interval"] else said
    interval = _interval(saved[f"{which}_low"], saved[f"{which}_high"])
    return f"{_times(saved[which])} ({interval})" if interval else _times(saved[which])


def _interval(low: float | None, high: float | None) -> str:
    if low is None:
        return ""
    if high is None:
        return _("%(low)s or more") % {"low": _times(low)}
    return _("%(low)s to %(high)s") % {"low": _times(low), "high": _times(high)}


def _times(ratio: float | None) -> str:
    return "–" if ratio is None else number_format.decimal(ratio)


def _last(curve: Mapping[str, Any], metric: str) -> str:
    value = curve[metric]["mean"][-1]
    return "–" if value is None else number_format.percent(value)


def _below(against: Mapping[str, Any] | None) -> str:
    """Return the label counts at which random was better, beyond the interval."""
    if against is None or against["never_worse"] is None:
        return "–"
    if against["never_worse"]:
        return _("never")
    labels = [n for n, bad in zip(against["labels"], against["worse"], strict=True) if bad]
    shown = ", ".join(number_format.count(n) for n in labels[:3])
    return f"{shown}, …" if len(labels) > 3 else shown
