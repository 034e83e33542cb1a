"""What people and the model say of an item, in the reader's words."""

from typing import Any

from django.utils.translation import gettext as _

from annotator.flow.annotation import seed_labels
from annotator.flow.queue import skipped_items
from annotator.i18n.stored_messages import translated
from annotator.messages import labelling
from annotator.models import Source
from annotator.views import number_format
from annotator.views.access import Access
from annotator.views.items import marked
from annotator.views.labelling.messages import SKIP_REASONS


def in_list(access: Access, known: dict[str, Any]) -> dict[str, Any]:
    """Return what a row of the list says beside the item."""
    answers = [_brief(access, each) for each in known["annotations"]]
    names = [each["labels"] for each in known["annotations"]]
    return {
        "answers": answers,
        "labels": list(dict.fromkeys(each["words"] for each in answers)),
        "differ": any(each != names[0] for each in names[1:]),
        "people": list(dict.fromkeys(each["by"] for each in answers)),
        "at": max((each["created_at"] for each in known["annotations"]), default=None),
        "notes": [each for each in answers if each["note"]],
        "is_unsure": any(each["unsure"] for each in known["annotations"]),
        "skips": [_skip(each) for each in known["skips"]],
        "decided": _labels(access, known["decided"]),
        "prediction": _prediction(access, known["prediction"]),
        "can_undo": any(_is_own(access, each) for each in known["annotations"]),
        "is_gold": known["gold"] is not None,
    }


def whole(access: Access, known: dict[str, Any]) -> dict[str, Any]:
    """Return everything about one item."""
    judged = known["judged"]
    text = None if access.type.answer.of_classes else known["text"]
    return {
        "annotations": [_full(access, each, text) for each in known["annotations"]],
        "skips": [_skip(each) for each in known["skips"]],
        "gold": _labels(access, known["gold"]),
        "decided": _labels(access, known["decided"]),
        "prediction": _prediction(access, known["prediction"], text),
        "judged": judged and _judged(access, judged),
        "meta": known["meta"],
        "state": known["state"],
    }


def _is_own(access: Access, known: dict[str, Any]) -> bool:
    name: str = access.user.username
    is_seed = known["annotator"] == name and known["strategy"] == seed_labels.FOUND
    return bool(known["corrected_by"] == name or is_seed)


def _brief(access: Access, known: dict[str, Any]) -> dict[str, Any]:
    return {
        "words": labelling.label_words(access.project, known["labels"]),
        "by": known["annotator"] or _("a former user"),
        "note": known["note"],
        "corrected_by": known["corrected_by"],
    }


def _full(access: Access, known: dict[str, Any], text: str | None) -> dict[str, Any]:
    seconds = known["seconds"]
    suggestion = known["suggestion"]
    return {
        **known,
        **_brief(access, known),
        "pieces": _pieces(access, known, text),
        "author_words": labelling.label_words(access.project, known["author_labels"]),
        "how": str(Source(known["source"]).label),
        "why": translated(known["why"]),
        "time": "" if seconds is None else number_format.decimal(seconds),
        "shown": _labels(access, suggestion["labels"]) if suggestion else "",
        "history": [_change(access, each, text) for each in known["history"]],
    }


def _pieces(access: Access, known: dict[str, Any], text: str | None) -> list[Any] | None:
    """Return the text with its marks; None where an answer has none."""
    return None if text is None else marked.pieces(access.project, text, known["labels"])


def _change(access: Access, change: dict[str, Any], text: str | None) -> dict[str, Any]:
    actions = {"corrected": _("corrected"), "reverted": _("undone"), "withdrawn": _("withdrawn")}
    return {
        **change,
        "pieces": _pieces(access, change, text),
        "words": labelling.label_words(access.project, change["labels"]),
        "action": actions.get(change["action"], change["action"]),
        "by": change["by"] or _("a former user"),
    }


def _skip(known: dict[str, Any]) -> dict[str, Any]:
    return {**known, "reason": skip_reason(known["reason"])}


def skip_reason(reason: str) -> str:
    """Return the reason of a skip in words: one of those to choose, and what was typed."""
    chosen, note = skipped_items.split(reason)
    told = [str(SKIP_REASONS[chosen])] if chosen else []
    return ": ".join([*told, note] if note else told) or _("no reason given")


def _prediction(
    access: Access, known: dict[str, Any] | None, text: str | None = None
) -> dict[str, Any] | None:
    if known is None:
        return None
    # No mark at all has no confidence.
    sure = known["confidence"]
    return {
        **known,
        "words": labelling.label_words(access.project, known["labels"]),
        "sure": "" if sure is None else number_format.percent(sure),
        "pieces": _pieces(access, known, text),
    }


def _judged(access: Access, known: dict[str, Any]) -> dict[str, Any]:
    words = labelling.label_words(access.project, known["labels"])
    return {**known, "words": words, "sure": number_format.percent(known["confidence"])}


def _labels(access: Access, names: list[str] | None) -> str:
    return "" if names is None else labelling.label_words(access.project, names)
