"""Labels named by a form: ids from pages, names from scripts."""

from django.http import QueryDict

from annotator.flow.labels.naming import Ref


def labels(posted: QueryDict) -> list[Ref]:
    """Return the chosen labels; a page older than a rename sends ids, so it still works."""
    ids: list[Ref] = [int(each) for each in posted.getlist("label_ids") if is_id(each)]
    return ids + [name for name in posted.getlist("labels") if name]


def label(given: QueryDict) -> Ref:
    """Return the label of a URL or form; an empty name without one."""
    key = given.get("label_id", "")
    return int(key) if is_id(key) else given.get("label", "")


def is_id(text: str) -> bool:
    """Return whether this can be the id of a row."""
    return text.isascii() and text.isdigit() and len(text) < 19
