"""The data card of a delivery in Markdown."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.i18n import numbers
from annotator.messages.delivery.promise import at_most, promise
from annotator.models import Delivery


def card(delivery: Delivery) -> str:
    """Return the data card of a frozen delivery as Markdown."""
    return "\n".join(_lines(delivery, delivery.card)) + "\n"


def _lines(delivery: Delivery, facts: dict[str, Any]) -> Iterator[str]:
    title = _("%(project)s: delivery %(number)d") % {
        "project": facts["project"],
        "number": facts["delivery"],
    }
    yield f"# {title}"
    yield ""
    yield _(
        "%(items)s items: %(people)s labelled by people, %(machine)s by the model, "
        "%(left)s without a label."
    ) % {name: numbers.count(facts[name]) for name in ("items", "people", "machine", "left")}
    yield ""
    yield "## " + _("Promise")
    yield ""
    yield promise(delivery)
    yield ""
    for part in facts["promise"]["parts"]:
        yield f"- {_proof(part)}"
    yield ""
    yield from _assumptions(facts)
    yield "## " + _("Labels")
    yield ""
    yield from _table((_("label"), _("in this file")), _counted(facts["labels"]))
    if facts["totals"]:
        yield "## " + _("In the whole pool")
        yield ""
        rows = [
            (
                each["label"],
                numbers.count(each["items"]),
                f"{numbers.count(each['low'])}–{numbers.count(each['high'])}",
            )
            for each in facts["totals"]
        ]
        yield from _table((_("label"), _("estimate"), _("interval of 95%")), rows)
    yield "## " + _("Sources")
    yield ""
    by = sources()
    yield from _table(
        (_("by"), _("labels")), [(by[name], numbers.count(n)) for name, n in facts["by"].items()]
    )
    yield from _versions(facts)


def sources() -> dict[str, str]:
    """Return who can have given a label, by its code."""
    return {
        "person": _("one person"),
        "consensus": _("several people"),
        "adjudication": _("decided by a lead"),
        "model": _("the model"),
    }


def _proof(part: dict[str, Any]) -> str:
    about = part["label"] or _("All labels")
    if part["bound"] is None:
        return _("%(about)s: not proven, so the model labels none of them.") % {"about": about}
    checks = ngettext("%(n)d check", "%(n)d checks", part["checks"]) % {"n": part["checks"]}
    return _(
        "%(about)s: of %(machine)s labels by the model, at most %(bound)s are wrong; proven by "
        "%(checks)s, of which %(wrong)d were wrong and are corrected."
    ) % {
        "about": about,
        "machine": numbers.count(part["machine"]),
        "bound": at_most(part["bound"]),
        "checks": checks,
        "wrong": part["wrong"],
    }


def _assumptions(facts: dict[str, Any]) -> Iterator[str]:
    yield "## " + _("Assumptions")
    yield ""
    slips = facts["promise"]["slips"]
    if slips is None:
        yield "- " + _("A check that two people made is right.")
    else:
        yield "- " + _(
            "One person slips in at most %(share)s of the items, independently of another; this "
            "was estimated from items that two people labelled. Mistakes that both share stay "
            "unseen."
        ) % {"share": at_most(slips)}
    yield "- " + _("The model did not change, and its labels are those of the moment of the plan.")
    yield "- " + _("Items that came later are not in the promise.")
    if facts["promise"]["attempt"] > 1:
        yield "- " + _(
            "This was attempt %(number)d. All attempts together share the error probability."
        ) % {"number": facts["promise"]["attempt"]}
    yield ""


def _counted(labels: dict[str, int]) -> list[tuple[str, str]]:
    return [(name, numbers.count(n)) for name, n in sorted(labels.items())]


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
    yield ""


def _versions(facts: dict[str, Any]) -> Iterator[str]:
    yield "## " + _("Versions")
    yield ""
    model = facts["model"]
    if model is not None:
        yield "- " + _(
            "Model %(number)d, trained on %(labels)d labelled items: SHA-256 %(sha256)s"
        ) % {
            "number": model["number"],
            "labels": model["trained_on"],
            "sha256": model["sha256"],
        }
    yield "- " + _("Labels: SHA-256 %(sha256)s") % {"sha256": facts["sha256"]}
