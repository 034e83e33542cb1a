"""Spans with an attribute of the project's list, at every boundary."""

import json
from typing import Any

import pytest
from django.urls import reverse

from annotator.flow.annotation import adjudicate, revise, submit
from annotator.flow.datasets import export
from annotator.flow.projects import settings
from annotator.flow.queue import leasing
from annotator.models import Annotation, Disagreement, Project
from annotator.tasktypes.common_marks import most_marks
from annotator.tasktypes.marks import Mark
from tests import loop
from tests.tasktypes.test_spans import (
    ANA,
    LI,
    TEXT,
    answer,
    bring_in,
    call,
    key,
    lease_of,
    project,
    save,
    spans,
)

pytestmark = pytest.mark.django_db

__all__ = ["project"]

NEGATED = {**spans(ANA)[0], "attribute": "negated"}


@pytest.fixture
def choosing(project: Project) -> Project:
    settings.change_settings(project, span_attributes="negated, uncertain")
    return loop.refreshed(project)


def test_attribute_is_stored_and_told(client: Any, choosing: Project, ana: Any) -> None:
    bring_in(choosing, {"text": TEXT})
    given = [NEGATED, *spans(LI)]
    told = save(client, choosing, ana, given)
    assert told.status_code == 201, told.json()
    assert told.json()["annotation"]["spans"] == given
    person = loop.ids(choosing, "person")[0]
    assert Annotation.objects.get().value == [[0, 8, person, "negated"], [13, 19, person]]
    (record,) = loop.exported(choosing)
    assert record["spans"] == [{**NEGATED, "text": "Ana Roth"}, {**spans(LI)[0], "text": "Li Wei"}]


def test_unknown_attribute_is_refused_by_its_number(
    client: Any, choosing: Project, ana: Any
) -> None:
    bring_in(choosing, {"text": TEXT})
    lease = lease_of(client, choosing, ana)
    wrong = save(client, choosing, ana, [*spans(LI), {**NEGATED, "attribute": "dead"}], lease)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "span_attribute")
    assert wrong.json()["errors"][0]["field"] == "spans.1"
    assert "negated, uncertain" in wrong.json()["detail"]
    form = save(client, choosing, ana, [{**NEGATED, "attribute": 5}], lease)
    assert (form.status_code, form.json()["code"]) == (422, "span_form")
    settings.change_settings(choosing, span_attributes="")
    none = save(client, choosing, ana, [NEGATED], lease)
    assert "no attributes" in none.json()["detail"]
    assert save(client, choosing, ana, spans(ANA), lease).status_code == 201


def test_one_span_has_one_attribute(client: Any, choosing: Project, ana: Any) -> None:
    bring_in(choosing, {"text": TEXT})
    twice = save(client, choosing, ana, [NEGATED, {**NEGATED, "attribute": "uncertain"}])
    assert twice.json()["code"] == "span_twice"


def test_files_bring_attributes_and_take_them_along(choosing: Project, olga: Any) -> None:
    work = bring_in(
        choosing,
        {"id": "1", "text": TEXT, "spans": [NEGATED]},
        {"id": "2", "text": f"{TEXT} 2", "spans": [{**NEGATED, "attribute": "dead"}]},
        {"id": "3", "text": f"{TEXT} 3", "spans": [{**NEGATED, "attribute": ["negated"]}]},
    )
    assert work.created == 1
    assert [(each["row"], each["code"]) for each in work.errors] == [
        (2, "span_attribute"),
        (3, "span_form"),
    ]
    other = settings.create_project(
        olga,
        name="B",
        task="text-spans",
        labels=["person", "place"],
        span_attributes="negated",
    )
    out = b"".join(export.stream(choosing, "jsonl"))
    again = loop.bring_in(other, "export.jsonl", out)
    assert (again.created, again.rejected) == (1, 0), again.errors
    assert [each["spans"] for each in loop.exported(other)] == [
        [{**NEGATED, "text": "Ana Roth"}],
    ]


@pytest.mark.parametrize("format", ["doccano", "prodigy", "argilla", "label-studio", "conll"])
def test_formats_of_other_tools_hold_the_spans_alone(choosing: Project, format: str) -> None:
    bring_in(choosing, {"id": "1", "text": TEXT, "spans": [NEGATED]})
    out = b"".join(export.stream(choosing, format)).decode()
    assert "person" in out
    assert "negated" not in out


def test_another_attribute_is_a_correction_that_can_be_undone(choosing: Project, ana: Any) -> None:
    bring_in(choosing, {"text": TEXT})
    given = answer(choosing, ana, ANA)
    revise.correct(given, ana, [Mark(*ANA, "uncertain")])
    assert loop.exported(choosing)[0]["spans"][0]["attribute"] == "uncertain"
    revise.revert(loop.refreshed(given), ana)
    assert "attribute" not in loop.exported(choosing)[0]["spans"][0]


def test_people_who_differ_in_an_attribute_disagree(
    client: Any, choosing: Project, ana: Any, ben: Any, lea: Any
) -> None:
    settings.change_settings(choosing, overlap=2)
    bring_in(choosing, {"text": TEXT})
    answer(choosing, ana, (*ANA, "negated"))
    answer(choosing, ben, ANA)
    (row,) = Disagreement.objects.filter(project=choosing)
    client.force_login(lea)
    page = client.get(reverse("disagreements", args=[choosing.pk])).content.decode()
    assert "person (negated)" in page
    assert page.count("(other attribute)") == 2
    assert "other label" not in page
    person = loop.ids(choosing, "person")[0]
    assert f'value="0-8-{person}-negated"' in page
    adjudicate.decide(choosing, lea, row.item_id, [Mark(*ANA, "negated")])
    shown = adjudicate.shown(choosing, adjudicate.find(choosing, row.item_id))
    assert shown["decision"]["labels"] == [Mark(*ANA, "negated")]


def test_most_votes_win_for_span_and_attribute() -> None:
    negated, plain, other = [0, 3, 1, "negated"], [0, 3, 1], [5, 8, 1]
    three = [([negated], True), ([negated, other], True), ([plain], True)]
    assert most_marks(three) == [Mark(0, 3, 1, "negated")]
    assert most_marks([([negated], True), ([plain], True)]) == [Mark(0, 3, 1)]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("a" * 41, "attribute_name"),
        ("one\x07two", "attribute_name"),
        ("negated, Negated", "duplicate_name"),
        (",".join(map(str, range(21))), "too_many"),
    ],
)
def test_list_of_attributes_is_checked(
    client: Any, project: Project, lea: Any, given: str, code: str
) -> None:
    refused = call(client, lea, "patch", f"{project.pk}", {"span_attributes": given})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, code), refused.json()
    kept = call(client, lea, "patch", f"{project.pk}", {"span_attributes": "negated, uncertain"})
    assert kept.json()["span_attributes"] == "negated, uncertain"


def test_suggested_attribute_comes_along(client: Any, choosing: Project, ana: Any) -> None:
    given = json.loads(json.dumps(NEGATED))
    bring_in(choosing, {"text": TEXT, "spans": [given]}, labels_are="suggestion")
    settings.change_settings(choosing, audit_share=0.0)
    shown = call(client, ana, "post", f"{choosing.pk}/next", {}).json()
    assert shown["suggestion"]["spans"] == [{**NEGATED, "text": "Ana Roth"}]


def test_renamed_attribute_breaks_no_stored_answer(
    client: Any, choosing: Project, ana: Any, ben: Any, lea: Any
) -> None:
    settings.change_settings(choosing, overlap=2)
    bring_in(choosing, {"id": "1", "text": TEXT}, {"id": "2", "text": f"{TEXT} 2"})
    given = answer(choosing, ana, (*ANA, "negated"))
    settings.change_settings(choosing, span_attributes="denied, uncertain")
    choosing = loop.refreshed(choosing)
    given = Annotation.objects.get(pk=given.pk)
    assert [each.get("attribute") for each in loop.exported(choosing)[0]["spans"]] == ["negated"]
    # Another span of the text is added, and the attribute is changed and put back.
    revise.correct(given, ana, [Mark(*ANA, "negated"), Mark(*LI)])
    revise.correct(loop.refreshed(given), ana, [Mark(*ANA, "denied")])
    revise.revert(loop.refreshed(given), ana)
    given.refresh_from_db()
    assert [mark[3] for mark in given.value if len(mark) > 3] == ["negated"]
    # A lead may decide for it as well.
    other = leasing.lease_next(choosing, ben)
    while other.item_id != given.item_id:
        other = leasing.lease_next(choosing, ben)
    submit.submit(choosing, ben, lease=str(other.pk), labels=[Mark(*ANA)], client_id=key())
    adjudicate.decide(choosing, lea, given.item_id, [Mark(*ANA, "negated")])


def test_former_attribute_is_no_choice_for_other_texts(
    client: Any, choosing: Project, ana: Any
) -> None:
    bring_in(choosing, {"text": TEXT}, {"text": f"{TEXT} 2"})
    answer(choosing, ana, (*ANA, "negated"))
    settings.change_settings(choosing, span_attributes="denied")
    refused = save(client, loop.refreshed(choosing), ana, [NEGATED])
    assert (refused.status_code, refused.json()["code"]) == (422, "span_attribute")
