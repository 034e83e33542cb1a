"""Labels named by a form: ids from pages, names from scripts."""

from django.http import QueryDict

from annotator.flow.labels.naming import Ref
from annotator.tasktypes.marks import Mark


def labels(posted: QueryDict) -> list[Ref]:
    """Return the chosen labels; a page older than a rename sends ids, so it still works."""
    ids: list[Ref] = [int(each) for each in posted.getlist("label_ids") if is_id(each)]
    marks = [each for each in map(_mark, posted.getlist("marks")) if each]
    return ids + marks + [name for name in posted.getlist("labels") if name]


def mark_value(mark: Mark) -> str:
    """Return a mark, with the id of its label, as a field of a form."""
    return "-".join(map(str, mark))


def _mark(value: str) -> Mark | None:
    *place, attribute = (value if value.count("-") > 2 else f"{value}-").split("-", 3)
    if len(place) != 3 or not all(map(is_id, place)):
        return None
    start, end, label = map(int, place)
    return Mark(start, end, label, attribute)


def label(given: QueryDict) -> Ref:
    """Return the label of a URL or form; an empty name without one."""
    key = given.get("label_id", "")
    return int(key) if is_id(key) else given.get("label", "")


def is_id(text: str) -> bool:
    """Return whether this can be the id of a row."""
    return text.isascii() and text.isdigit() and len(text) < 19
