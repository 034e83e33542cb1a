"""Label Studio: JSON with its annotations, and the flat JSON_MIN and CSV."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from annotator.formats.base import Columns, GivenAnswer
from annotator.formats.tables.labels import LabelParser, NoLabel
from annotator.formats.tables.rows import Given
from annotator.formats.tools.base import (
    Record,
    Tool,
    as_confidence,
    as_number,
    as_time,
    list_of,
    mapping_of,
    share,
    simple_labels,
)

# In what Winnow writes, the id of an item there; that of a task is a number.
WINNOW_ID = "winnow_id"
# In such a file, the controls of what people say about their answers.
REMARKS = ("note", "unsure")
# Fields of a flat export that are about the annotation.
OF_ANNOTATION = {"annotation_id", "annotator", "created_at", "updated_at", "lead_time", "id"}


# JSON ---------------------------------------------------------------------------------------------


def is_json(sample: Sequence[Record]) -> bool:
    """Return whether most records are tasks."""
    return share(sample, _is_task) > 0.5


def _is_task(record: Record) -> bool:
    answers = any(isinstance(record.get(each), list) for each in ("annotations", "completions"))
    return isinstance(record.get("data"), dict) and (answers or "predictions" in record)


def read_json(
    sample: Sequence[Record], wanted: Columns, parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader of tasks; a named label column is the name of a control."""

    control = wanted.label or _asked(sample, parser)

    def given(record: Record) -> Given:
        data, meta = dict(mapping_of(record.get("data"))), mapping_of(record.get("meta"))
        key = data.pop(WINNOW_ID, None)
        # In a file from here, the metadata are apart from what an item is.
        fields = {**({} if key else meta), **data, "id": key or record.get("id")}
        done = list(map(mapping_of, _done(record)))
        answers = [_answer(each, control) for each in done]
        if key:
            answers = list(map(_with_remarks, answers, done))
        guesses = list_of(record.get("predictions"))
        answers += [_suggestion(mapping_of(each), control) for each in guesses]
        # What was asked beside the labels stays with the item.
        beside = _beside(done, control)
        for name in REMARKS if key else ():
            beside.pop(name, None)
        fields = {**beside, **fields}
        told = tuple(each for each in answers if each.labels or each.kind == "skip")
        return Given(fields, told, simple_labels(told), meta if key else {})

    return given


def _done(record: Record) -> list[Any]:
    return list_of(record.get("annotations") or record.get("completions"))


def _asked(sample: Sequence[Record], parser: LabelParser) -> str:
    """Return the control whose choices are labels of the project; empty if one is asked alone."""
    said: dict[str, list[str]] = {}
    for record in sample:
        for each in (*_done(record), *list_of(record.get("predictions"))):
            for result in _results(mapping_of(each)):
                names = [str(name) for name in _chosen(result)]
                if names:
                    said.setdefault(str(result.get("from_name")), []).extend(names)
    known = {name: sum(each in parser for each in names) for name, names in said.items()}
    best = max(known, key=lambda name: known[name], default="")
    return best if len(said) > 1 and known[best] else ""


def _beside(annotations: Sequence[Mapping[str, Any]], control: str) -> dict[str, Any]:
    """Return the answers to other questions than for the label, by the names of their controls."""
    found: dict[str, Any] = {}
    for annotation in annotations:
        for each in _results(annotation):
            name, value = each.get("from_name"), mapping_of(each.get("value"))
            is_label = control in ("", name) and list(_chosen(each))
            if isinstance(name, str) and not is_label and value:
                kind = str(each.get("type"))
                found.setdefault(name, []).append(value.get(kind, value.get("text", dict(value))))
    return {name: said[0] if len(said) == 1 else said for name, said in found.items()}


def _results(annotation: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return map(mapping_of, list_of(annotation.get("result")))


def _answer(annotation: Mapping[str, Any], control: str) -> GivenAnswer:
    by = annotation.get("completed_by")
    by = by.get("email") or by.get("id") if isinstance(by, Mapping) else by
    is_skip = bool(annotation.get("was_cancelled") or annotation.get("skipped"))
    return GivenAnswer(
        () if is_skip else tuple(_choices(annotation, control)),
        "skip" if is_skip else "answer",
        annotator="" if by is None else str(by),
        created_at=as_time(annotation.get("created_at")),
        seconds=as_number(annotation.get("lead_time")),
    )


def _with_remarks(answer: GivenAnswer, annotation: Mapping[str, Any]) -> GivenAnswer:
    """Return an answer of a file from here with the note of its author."""
    values = {each.get("from_name"): mapping_of(each.get("value")) for each in _results(annotation)}
    note = next(iter(list_of(mapping_of(values.get("note")).get("text"))), "")
    return replace(answer, note=str(note), unsure="unsure" in values)


def _suggestion(prediction: Mapping[str, Any], control: str) -> GivenAnswer:
    score = as_confidence(prediction.get("score"))
    labels = tuple(_choices(prediction, control))
    return GivenAnswer(labels, "suggestion", confidence=score)


def _choices(annotation: Mapping[str, Any], control: str) -> Iterator[Any]:
    for each in _results(annotation):
        if control in ("", each.get("from_name")):
            yield from _chosen(each)


def _chosen(result: Mapping[str, Any]) -> Iterator[Any]:
    value = mapping_of(result.get("value"))
    choices = value.get("choices")
    # A single one may stand without a list.
    yield from [choices] if isinstance(choices, str) else list_of(choices)
    yield from _paths(value.get("taxonomy"))


def _paths(taxonomy: Any) -> Iterator[str]:
    for path in map(list_of, list_of(taxonomy)):
        yield "/".join(map(str, path))


# JSON_MIN and CSV ---------------------------------------------------------------------------------


def is_flat(sample: Sequence[Record]) -> bool:
    """Return whether the records are annotations with the data beside them."""
    return share(sample, lambda record: "annotation_id" in record and "id" in record) > 0.5


def read_flat(
    sample: Sequence[Record], wanted: Columns, parser: LabelParser
) -> Callable[[Record], Given]:
    """Return the reader of annotations; the labels are in the column of their control."""
    control = wanted.label or _control(sample, parser)

    def given(record: Record) -> Given:
        fields = {name: value for name, value in record.items() if name not in OF_ANNOTATION}
        labels = tuple(parser.of(_choices_of(fields.pop(control, None))))
        answer = GivenAnswer(
            labels,
            annotator=str(record.get("annotator") or ""),
            created_at=as_time(record.get("created_at")),
            seconds=as_number(record.get("lead_time")),
        )
        # The control stays a column to choose.
        return Given(
            {**fields, "id": record.get("id"), control: None}, (answer,) * bool(labels), labels
        )

    return given if control else _plain


def _plain(record: Record) -> Given:
    return Given(dict(record))


def _choices_of(value: Any) -> Any:
    return value.get("choices") if isinstance(value, Mapping) else value


def _control(sample: Sequence[Record], parser: LabelParser) -> str:
    """Return the column in which choices, or labels of the project, are."""
    names = dict.fromkeys(name for record in sample for name in record)
    for name in names:
        if name not in OF_ANNOTATION and any(_is_choice(each.get(name), parser) for each in sample):
            return name
    return ""


def _is_choice(value: Any, parser: LabelParser) -> bool:
    if isinstance(value, Mapping) or str(value).startswith('{"choices"'):
        return "choices" in value
    try:
        labels = parser.of(value)
    except NoLabel:
        return False
    return bool(labels) and all(label in parser for label in labels)


def _item(record: Record) -> str:
    return str(record.get("id"))


JSON = Tool("label-studio", "Label Studio", is_json, read_json)
FLAT = Tool("label-studio-min", "Label Studio (CSV, JSON_MIN)", is_flat, read_flat, _item)
