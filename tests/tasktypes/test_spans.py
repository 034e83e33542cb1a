"""Spans in texts: brought in, answered, corrected, compared, and given out."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from annotator.errors import Invalid
from annotator.flow.annotation import adjudicate, history, revise, submit
from annotator.flow.annotation.payload import annotation_payload
from annotator.flow.datasets import export
from annotator.flow.projects import settings
from annotator.flow.quality import span_agreement
from annotator.flow.queue import leasing
from annotator.models import Annotation, Disagreement, Item, Membership, Project, Role
from annotator.tasktypes.marks import Mark
from tests import loop

pytestmark = pytest.mark.django_db

TEXT = "Ana Roth met Li Wei in Lyon."
ANA, LI, LYON = (0, 8, "person"), (13, 19, "person"), (23, 27, "place")


@pytest.fixture
def project(olga: Any, ana: Any, ben: Any, lea: Any) -> Project:
    made = settings.create_project(
        olga, name="Names", task="text-spans", labels=["person", "place"], seed=3
    )
    for user, role in ((ana, Role.ANNOTATOR), (ben, Role.ANNOTATOR), (lea, Role.LEAD)):
        Membership.objects.create(project=made, user=user, role=role)
    return made


def spans(*given: tuple[int, int, str]) -> list[dict[str, Any]]:
    return [{"start": start, "end": end, "label": label} for start, end, label in given]


def bring_in(project: Project, *records: dict[str, Any], **options: Any) -> Any:
    return loop.bring_in(
        project, "texts.jsonl", "\n".join(json.dumps(each) for each in records), **options
    )


def test_answer_is_stored_with_its_places_and_found_by_its_labels(
    project: Project, ana: Any
) -> None:
    bring_in(project, {"text": TEXT})
    lease = leasing.lease_next(project, ana)
    assert lease is not None
    given = submit.submit(
        project, ana, lease=str(lease.pk), labels=[Mark(*LYON), Mark(*ANA)], client_id=key()
    )[0]
    person, place = loop.ids(project, "person", "place")
    assert loop.refreshed(given).value == [[0, 8, person], [23, 27, place]]
    assert set(given.given.values_list("label", flat=True)) == {person, place}
    assert annotation_payload(given)["labels"] == [ANA, LYON]


def key() -> str:
    return str(uuid.uuid4())


def test_spans_come_in_and_go_out_as_they_were(project: Project, olga: Any) -> None:
    work = bring_in(
        project,
        {"id": "1", "text": TEXT, "spans": spans(ANA, LYON)},
        {"id": "2", "text": "Nobody.", "spans": []},
        {"id": "3", "text": "Open."},
    )
    assert (work.state, work.created, work.rejected) == ("done", 3, 0), work.errors
    one, two = loop.exported(project)
    assert one["spans"] == [
        {"start": 0, "end": 8, "label": "person", "text": "Ana Roth"},
        {"start": 23, "end": 27, "label": "place", "text": "Lyon"},
    ]
    assert two["spans"] == []
    other = settings.create_project(
        olga, name="B", task="text-spans", labels=["person", "place"], seed=3
    )
    out = b"".join(export.stream(project, "jsonl", include=["unlabelled"]))
    again = loop.bring_in(other, "export.jsonl", out)
    assert (again.created, again.rejected) == (3, 0), again.errors
    assert [each["spans"] for each in loop.exported(other)] == [one["spans"], []]
    assert Item.objects.filter(project=other, state=Item.State.LABELLED).count() == 2


# API ---------------------------------------------------------------------------------------------


def call(client: Any, user: Any, method: str, path: str, body: Any = None) -> Any:
    client.force_login(user)
    return getattr(client, method)(
        f"/api/v1/projects/{path}", body, content_type="application/json"
    )


def lease_of(client: Any, project: Project, user: Any) -> str:
    answer = call(client, user, "post", f"{project.pk}/next", {})
    return str(answer.json()["lease"])


def save(client: Any, project: Project, user: Any, given: Any, lease: str = "") -> Any:
    body = {
        "lease": lease or lease_of(client, project, user),
        "client_id": key(),
        "spans": given,
    }
    return call(client, user, "post", f"{project.pk}/annotations?next=0", body)


def test_api_takes_spans_and_answers_with_them(client: Any, project: Project, ana: Any) -> None:
    bring_in(project, {"text": TEXT}, {"text": f"{TEXT} 2"})
    answer = save(client, project, ana, spans(LYON, ANA))
    assert answer.status_code == 201, answer.json()
    assert answer.json()["annotation"]["spans"] == spans(ANA, LYON)
    assert "labels" not in answer.json()["annotation"]
    assert save(client, project, ana, []).json()["annotation"]["spans"] == []


def test_quote_of_a_span_is_checked(client: Any, project: Project, ana: Any) -> None:
    bring_in(project, {"text": TEXT})
    lease = lease_of(client, project, ana)
    wrong = save(client, project, ana, [{**spans(ANA)[0], "text": "Ana R"}], lease)
    assert wrong.status_code == 422
    assert "“Ana R”" in wrong.json()["detail"]
    assert "“Ana Roth”" in wrong.json()["detail"]
    right = save(client, project, ana, [{**spans(ANA)[0], "text": "Ana Roth"}], lease)
    assert right.status_code == 201


WRONG = {
    "out of range": ([(0, 99, "person")], "span_range", 0),
    "negative": ([(-1, 3, "person")], "span_range", 0),
    "empty": ([ANA, (5, 5, "person")], "span_empty", 1),
    "reversed": ([ANA, (9, 3, "person")], "span_reversed", 1),
    "unknown label": ([ANA, (13, 19, "planet")], "unknown_label", 1),
    "twice": ([ANA, LI, ANA], "span_twice", 2),
    "overlapping": ([ANA, LI, (4, 15, "place")], "spans_overlap", 2),
    "nested": ([ANA, (0, 3, "person")], "spans_overlap", 1),
    "two labels": ([ANA, (0, 8, "place")], "spans_overlap", 1),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_span_is_refused_by_its_number(
    client: Any, project: Project, ana: Any, name: str
) -> None:
    given, code, number = WRONG[name]
    bring_in(project, {"text": TEXT})
    answer = save(client, project, ana, spans(*given))
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["field"] == f"spans.{number}"
    assert f"spans[{number}]" in answer.json()["detail"]
    assert not Annotation.objects.exists()


@pytest.mark.parametrize(
    "given",
    [
        "person",
        {"start": 0},
        [1],
        [{"start": 0, "end": 3}],
        [{"start": "0", "end": 3, "label": "person"}],
        [{"start": 0.0, "end": 3, "label": "person"}],
        [{"start": False, "end": True, "label": "person"}],
        [{"start": 0, "end": 3, "label": None}],
        [{"start": 0, "end": 3, "label": "person", "colour": 1}],
        [{"start": 0, "end": 3, "label": "person", "text": 5}],
    ],
)
def test_what_is_no_list_of_spans_is_refused(
    client: Any, project: Project, ana: Any, given: Any
) -> None:
    bring_in(project, {"text": TEXT})
    assert save(client, project, ana, given).status_code == 422
    assert not Annotation.objects.exists()


CROSSING = [(0, 15, "person"), (4, 19, "place")]
INNER = [ANA, (0, 3, "place")]
SAME = [ANA, (0, 8, "place")]


@pytest.mark.parametrize(
    ("setting", "fine", "wrong"),
    [
        (False, [[ANA, LI]], [INNER, SAME, CROSSING]),
        ("nested", [INNER, SAME], [CROSSING]),
        (True, [INNER, SAME, CROSSING], [[ANA, ANA]]),
    ],
)
def test_overlap_is_as_the_project_allows(
    client: Any, project: Project, ana: Any, lea: Any, setting: Any, fine: Any, wrong: Any
) -> None:
    bring_in(project, *({"text": f"{TEXT} {n}"} for n in range(4)))
    changed = call(client, lea, "patch", f"{project.pk}", {"overlapping_spans": setting})
    assert changed.json()["overlapping_spans"] == setting
    lease = lease_of(client, project, ana)
    for given in wrong:
        assert save(client, project, ana, spans(*given), lease).status_code == 422
    for given in fine:
        assert save(client, project, ana, spans(*given), lease).status_code == 201
        lease = lease_of(client, project, ana)


def test_label_of_a_whole_item_is_no_answer(project: Project, ana: Any) -> None:
    bring_in(project, {"text": TEXT})
    lease = leasing.lease_next(project, ana)
    assert lease is not None
    with pytest.raises(Invalid):
        loop.answer(lease, ["person"])


# Changed, compared, decided ----------------------------------------------------------------------


def answer(project: Project, user: Any, *given: tuple[int, int, str]) -> Annotation:
    lease = leasing.lease_next(project, user)
    assert lease is not None
    return submit.submit(
        project,
        user,
        lease=str(lease.pk),
        labels=[Mark(*each) for each in given],
        client_id=key(),
    )[0]


def test_same_save_again_stores_nothing(project: Project, ana: Any) -> None:
    bring_in(project, {"text": TEXT})
    lease = leasing.lease_next(project, ana)
    assert lease is not None
    one = {"lease": str(lease.pk), "client_id": key()}
    first, is_new = submit.submit(project, ana, labels=[Mark(*ANA)], **one)
    again, is_newer = submit.submit(project, ana, labels=[Mark(*ANA)], **one)
    assert (first.pk, is_new, is_newer) == (again.pk, True, False)
    with pytest.raises(Invalid, match="already used"):
        submit.submit(project, ana, labels=[Mark(0, 7, "person")], **one)


def test_correction_keeps_what_was_said_before(project: Project, ana: Any, lea: Any) -> None:
    bring_in(project, {"text": TEXT})
    given = answer(project, ana, ANA)
    revise.correct(given, lea, [Mark(*ANA), Mark(*LI)])
    person = loop.ids(project, "person")[0]
    assert loop.refreshed(given).value == [[0, 8, person], [13, 19, person]]
    (shown,) = [history.remembered(project, each) for each in history.answers(project, ana)]
    assert [each["labels"] for each in shown["history"]] == [[ANA]]
    revise.revert(loop.refreshed(given), lea)
    assert loop.refreshed(given).value == [[0, 8, person]]


def test_moved_border_is_a_correction(project: Project, ana: Any) -> None:
    bring_in(project, {"text": TEXT})
    given = answer(project, ana, ANA)
    revise.correct(given, ana, [Mark(0, 3, "person")])
    assert given.revisions.count() == 1
    revise.correct(given, ana, [Mark(0, 3, "person")])
    assert given.revisions.count() == 1


def test_same_labels_in_other_places_are_a_disagreement(
    project: Project, ana: Any, ben: Any, lea: Any
) -> None:
    settings.change_settings(project, overlap=2)
    bring_in(project, {"text": TEXT}, {"text": f"{TEXT} 2"})
    for given in (ANA, LI):
        answer(project, ana, ANA)
        answer(project, ben, given)
    (row,) = Disagreement.objects.filter(project=project)
    adjudicate.decide(project, lea, row.item_id, [Mark(*ANA), Mark(*LI)])
    shown = adjudicate.shown(project, adjudicate.find(project, row.item_id))
    assert [each["labels"] for each in shown["opinions"]] == [[ANA], [LI]]
    assert shown["decision"]["labels"] == [ANA, LI]


def test_renamed_label_keeps_its_spans(project: Project, ana: Any) -> None:
    bring_in(project, {"text": TEXT})
    given = answer(project, ana, ANA)
    person, place = project.labels.all()
    settings.change_project(
        project, labels=[{"id": person.pk, "name": "human"}, {"id": place.pk, "name": "place"}]
    )
    assert loop.exported(loop.refreshed(project))[0]["spans"][0]["label"] == "human"
    assert loop.refreshed(given).value == [[0, 8, person.pk]]


# Files -------------------------------------------------------------------------------------------


def test_wrong_spans_of_a_file_are_refused_by_row(project: Project) -> None:
    work = bring_in(
        project,
        {"text": "Good Ana.", "spans": spans((5, 8, "person"))},
        {"text": "Empty.", "spans": spans((2, 2, "person"))},
        {"text": "Reversed.", "spans": spans((4, 2, "person"))},
        {"text": "Beyond.", "spans": spans((0, 70, "person"))},
        {"text": "Overlap", "spans": spans((0, 4, "person"), (2, 6, "place"))},
        {"text": "Label", "spans": spans((0, 4, "planet"))},
        {"text": "Quote", "spans": [{**spans((0, 3, "person"))[0], "text": "Que"}]},
        {"text": "Form", "spans": [{"start": "a", "end": 3, "label": "person"}]},
        {"text": "Good Ben.", "spans": spans((5, 8, "person"))},
    )
    assert (work.created, work.rejected) == (2, 7), work.errors
    told = {each["row"]: each["code"] for each in work.errors}
    assert told == {
        2: "span_empty",
        3: "span_reversed",
        4: "span_range",
        5: "spans_overlap",
        6: "unknown_label",
        7: "span_quote",
        8: "span_form",
    }


def test_text_with_spans_is_not_edited_in_place(project: Project) -> None:
    bring_in(project, {"id": "1", "text": TEXT, "spans": spans(ANA)}, {"id": "2", "text": "Open."})
    work = bring_in(
        project, {"id": "1", "text": f"So {TEXT}"}, {"id": "2", "text": "New."}, same_id="update"
    )
    assert [(each["row"], each["code"]) for each in work.errors] == [(1, "spans_stay")]
    assert work.updated == 1
    assert set(Item.objects.values_list("text", flat=True)) == {TEXT, "New."}


def test_labels_of_spans_are_created_where_that_was_chosen(project: Project) -> None:
    bring_in(project, {"text": TEXT, "spans": spans((0, 3, "given"), ANA)}, unknown_labels="create")
    assert "given" in {label.name for label in project.labels.all()}


@pytest.mark.parametrize("unit", ["utf-16", "utf-8"])
def test_offsets_of_another_unit_are_recognised(project: Project, unit: str) -> None:
    text = "👩‍🚒 Zoë met Ana 𠮷野."

    def offset(place: int) -> int:
        width = {"utf-16": 2, "utf-8": 1}[unit]
        codec = {"utf-16": "utf-16-le", "utf-8": "utf-8"}[unit]
        return len(text[:place].encode(codec)) // width

    at = text.index("Ana")
    one = {"start": offset(at), "end": offset(at + 3), "label": "person", "text": "Ana"}
    work = bring_in(project, {"text": text, "spans": [one]})
    assert (work.created, work.rejected) == (1, 0), work.errors
    assert loop.exported(project)[0]["spans"][0]["start"] == at
    assert [each["code"] for each in work.notes][-1] == "offsets_converted"


def test_suggestions_of_a_file_keep_their_confidence(
    client: Any, project: Project, ana: Any
) -> None:
    given = [{**spans(ANA)[0], "confidence": 0.75}]
    bring_in(project, {"text": TEXT, "spans": given}, labels_are="suggestion")
    settings.change_settings(project, audit_share=0.0)
    shown = call(client, ana, "post", f"{project.pk}/next", {}).json()
    assert shown["suggestion"]["spans"] == [
        {**spans(ANA)[0], "text": "Ana Roth", "confidence": 0.75}
    ]


def test_agreement_of_two_people_is_f1_with_chance(project: Project, ana: Any, ben: Any) -> None:
    settings.change_settings(project, overlap=2)
    bring_in(project, {"text": TEXT}, {"text": f"{TEXT} 2"})
    for theirs in ((ANA, LYON), (ANA, (13, 15, "person"))):
        answer(project, ana, ANA, LI)
        answer(project, ben, *theirs)
    (pair,) = span_agreement.of_pairs(project)
    assert (pair["n"], pair["spans"]) == (2, 8)
    assert pair["exact"] == 0.5
    assert pair["overlapping"] == 0.75
    assert 0 < pair["exact_chance"] < pair["exact"]
    person, place = (str(pk) for pk in loop.ids(project, "person", "place"))
    assert pair["labels"][place]["exact"] == 0.0
    assert pair["labels"][person]["exact"] > 0.5
