"""Labels named by a form: ids from pages, names from scripts."""

from django.http import QueryDict

from annotator.flow.labels.naming import Ref


def labels(posted: QueryDict) -> list[Ref]:
    """Return the labels that were chosen; by ids, a page older than a rename means the same."""
    ids: list[Ref] = [int(each) for each in posted.getlist("label_ids") if is_id(each)]
    return ids + [name for name in posted.getlist("labels") if name]


def label(given: QueryDict) -> Ref:
    """Return the label that an address or a form is about; an empty name where there is none."""
    key = given.get("label_id", "")
    return int(key) if is_id(key) else given.get("label", "")


def is_id(text: str) -> bool:
    """Tell whether this can be the id of a row."""
    return text.isascii() and text.isdigit() and len(text) < 19
