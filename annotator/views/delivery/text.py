"""What the page “Deliver” shows: figures and sentences of the outlook, the proof, the file."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from annotator.flow.delivery import freezing, outlook, promises, standing
from annotator.flow.labels import naming
from annotator.formats.registry import WRITERS
from annotator.messages.delivery import card as card_words
from annotator.messages.delivery import finish as finish_words
from annotator.messages.delivery import promise as promise_words
from annotator.messages.delivery import proof as proof_words
from annotator.models import Delivery, DeliveryCheck, Item, Project, ReviewRequest
from annotator.projectsettings.item_selection import FINISH_ERROR
from annotator.views import number_format, partials
from annotator.views.delivery import chart
from annotator.views.delivery.form import PromiseForm

SHOWN = 20
CHANGES = 200

# Now ----------------------------------------------------------------------------------------------


def outlook_context(project: Project, max_error: Decimal, confidence: Decimal) -> dict[str, Any]:
    """Return what could be delivered now with this promise, and with others."""
    known = outlook.Known.of(project)
    single = promises.has_single_labels(project)
    told = outlook.estimate(project, max_error, confidence, per_label=single, known=known)
    others = outlook.compare(known, sorted({*outlook.SHARES, max_error}), confidence)
    available = outlook.is_for(project)
    is_waiting = available and not known.report and project.models.exists()
    return {
        "is_available": available,
        "promise": PromiseForm(max_error, confidence),
        "told": told,
        "figures": _figures(told),
        "advice": _waiting() if is_waiting else promise_words.advice(told["advice"]),
        "trade": proof_words.trade(told, _looser(others, told)) if told["model"] else "",
        "finish": _finish(known, max_error) if told["model"] else None,
        "others": [_other(each) for each in others] if told["model"] else [],
        "curve": _curve(told),
        "labels": _labels(project, told),
        "totals": [_total(project, each) for each in told["totals"]],
        "may_start": told["machine"] > 0,
        "is_first": not known.attempts.number,
        "max_error": f"{max_error:f}",
        "confidence": f"{confidence:f}",
    }


def _finish(known: outlook.Known, max_error: Decimal) -> dict[str, Any]:
    """Return what finish mode does, whether it is on, and what the newest labels brought."""
    allowed = FINISH_ERROR.value(known.project)
    gained = outlook.gain(known, max_error)
    return {
        "words": finish_words.mode(allowed),
        "is_on": allowed is not None,
        "is_other": allowed is not None and abs(allowed - float(max_error)) > 1e-9,
        "share": promise_words.share(float(max_error)),
        "gain": finish_words.gain(*gained) if gained else "",
    }


def _waiting() -> str:
    return _("The figures are being worked out. They come a moment after each round.")


def _figures(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (_("labelled by people"), number_format.count(told["people"])),
        (_("by the model"), number_format.count(told["machine"])),
        (_("left to people"), number_format.count(told["left"])),
    ]


def _looser(others: list[dict[str, Any]], told: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the next larger share of which less is left."""
    more = [each for each in others if each["max_error"] > told["max_error"]]
    return next((each for each in more if each["left"] < told["left"]), None)


def _other(each: Mapping[str, Any]) -> dict[str, str]:
    needed, hours = each["checks_needed"], each["hours_left"]
    return {
        "share": promise_words.share(each["max_error"]),
        "machine": number_format.count(each["machine"]),
        "left": number_format.count(each["left"]),
        "hours": "–" if hours is None else proof_words.hours(hours),
        "checks": "–" if needed is None else number_format.count(needed),
    }


def _curve(told: Mapping[str, Any]) -> dict[str, Any] | None:
    if not told["curve"]:
        return None
    words = _("If the model labelled all the rest, about %(error)s would be wrong.") % {
        "error": number_format.percent(told["curve"][-1]["error"])
    }
    return {
        "words": words,
        "version": partials.state_of(chart.spec(told["curve"], told["max_error"], "light")),
    }


def _labels(project: Project, told: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "pk": each["label"],
            "name": naming.names(project, [each["label"]])[0],
            "machine": number_format.count(each["machine"]),
            "checks": "–"
            if each["checks_needed"] is None
            else number_format.count(each["checks_needed"]),
            "may": each["machine"] > 0,
        }
        for each in told["labels"] or []
    ]


def _total(project: Project, each: Mapping[str, Any]) -> dict[str, str]:
    return {
        "label": naming.names(project, [each["label"]])[0],
        "items": number_format.count(each["items"]),
        "interval": f"{number_format.count(each['low'])}–{number_format.count(each['high'])}",
    }


# Under way ----------------------------------------------------------------------------------------


def proof_context(delivery: Delivery) -> dict[str, Any]:
    """Return where a delivery under way stands."""
    told = standing.told(delivery)
    state = standing.state(delivery)
    is_proving = delivery.stage == Delivery.Stage.PROVE
    return {
        "delivery": delivery,
        "told": told,
        "promise": promise_words.promise(delivery),
        "is_proving": is_proving,
        "is_proven": state == "proven" and is_proving,
        "outcome": proof_words.outcome(told) if state == "proven" and told["bound"] else "",
        "figures": _proof_figures(told),
        "so_far": _so_far(told) if state == "proving" else "",
        "still": _still(delivery, told) if state == "proving" and is_proving else "",
        "done": told["checks_done"],
        "expected": _goal(told),
        "hints": _hints(delivery, told) if is_proving else [],
        "regions": _regions(delivery, told),
    }


def _so_far(told: Mapping[str, Any]) -> str:
    """Return what is proven of the promises that were given, if anything is."""
    if told["proven_bound"] is None:
        return ""
    return proof_words.so_far(told["proven"], told["proven_bound"])


def _still(delivery: Delivery, told: Mapping[str, Any]) -> str:
    known = outlook.Known.of(delivery.project)
    checks = told["checks_needed"]
    return finish_words.still(
        told, known.hours(told["left"]), None if checks is None else known.hours(checks)
    )


def _goal(told: Mapping[str, Any]) -> int | None:
    needed = told["checks_needed"]
    return None if needed is None else max(1, int(told["checks_done"] + needed))


def _hints(delivery: Delivery, told: Mapping[str, Any]) -> list[str]:
    wrong = delivery.checks.filter(verdict=DeliveryCheck.Verdict.WRONG)
    skipped = wrong.filter(item__state=Item.State.ASIDE).count()
    return proof_words.hints(delivery, told, _unconfirmed(delivery), skipped)


def _unconfirmed(delivery: Delivery) -> int:
    waiting = ReviewRequest.objects.filter(
        project=delivery.project,
        kind=ReviewRequest.Kind.CHECK,
        state__lt=ReviewRequest.State.DONE,
    )
    return waiting.count()


def _proof_figures(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    without, expected = told["without_error"], told["checks_needed"]
    shown = [
        (_("checks done"), told["checks_done"]),
        (_("of these wrong"), told["checks_wrong"]),
        (_("more checks if none is wrong"), without),
        (_("more checks expected"), expected),
        (_("labels by the model"), told["machine"]),
    ]
    return [(name, "–" if n is None else number_format.count(n)) for name, n in shown]


def _regions(delivery: Delivery, told: Mapping[str, Any]) -> list[dict[str, str]]:
    rows = []
    for part, planned in zip(told["parts"], delivery.parts, strict=False):
        label = part["label"]
        name = _("all labels") if label is None else naming.names(delivery.project, [label])[0]
        for rung, expected in zip(part["rungs"], planned["expected"], strict=True):
            rows.append(
                {
                    "label": name,
                    "machine": number_format.count(rung["remaining"]),
                    "checks": number_format.count(rung["checks"]),
                    "wrong": number_format.count(rung["wrong"]),
                    "expected": promise_words.share(expected),
                    "state": _rung_state(rung),
                }
            )
    return rows


def _rung_state(rung: Mapping[str, Any]) -> str:
    if rung["is_proven"]:
        return _("proven: at most %(bound)s wrong") % {
            "bound": promise_words.at_most(rung["bound"])
        }
    return _("given up") if rung["is_dropped"] else _("open")


# Ended --------------------------------------------------------------------------------------------


def ended(project: Project) -> list[dict[str, Any]]:
    """Return the newest deliveries that are over."""
    rows = Delivery.objects.filter(project=project).exclude(stage__in=Delivery.UNDER_WAY)
    frozen = list(rows.select_related("model")[:SHOWN])
    last = min((each.number for each in frozen if each.card), default=None)
    return [_ended(each, has_before=each.number != last) for each in frozen]


def _ended(delivery: Delivery, *, has_before: bool) -> dict[str, Any]:
    told = standing.told(delivery)
    is_frozen = delivery.stage == Delivery.Stage.FROZEN
    return {
        "delivery": delivery,
        "number": delivery.number,
        "is_frozen": is_frozen,
        "promise": promise_words.promise(delivery) if is_frozen else "",
        "reason": promise_words.reason(delivery.reason),
        "figures": _figures(told),
        "bound": promise_words.at_most(told["bound"]) if told["bound"] is not None else "",
        "checks": told["checks_done"],
        "formats": [
            (each.kind, each.title or each.kind) for each in WRITERS.values() if not each.of_spans
        ],
        "has_before": is_frozen and has_before,
        "has_model": is_frozen and delivery.model is not None,
    }


def changes(delivery: Delivery) -> dict[str, Any] | None:
    """Return how a delivery differs from the one before; None if there is none."""
    earlier = freezing.before(delivery)
    if earlier is None:
        return None
    found, who = freezing.difference(earlier, delivery), card_words.sources()
    return {
        "before": earlier.number,
        "figures": [
            (_("labels changed"), number_format.count(len(found["changed"]))),
            (_("labels added"), number_format.count(found["added"])),
            (_("labels gone"), number_format.count(found["gone"])),
            (_("labels kept"), number_format.count(found["kept"])),
        ],
        "rows": [{**row, "who": who[row["by"]]} for row in found["changed"][:CHANGES]],
        "is_cut": len(found["changed"]) > CHANGES,
    }
