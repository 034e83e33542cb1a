"""Long texts in paragraphs: each is an item, and the export puts them together."""

import json
from typing import Any

import pytest

from annotator import tasktypes
from annotator.flow.annotation import submit
from annotator.flow.datasets import export
from annotator.flow.datasets.outgoing import choices
from annotator.flow.projects import settings
from annotator.flow.queue import leasing
from annotator.models import Item, Project
from tests import loop
from tests.tasktypes.test_spans import bring_in, call, key, project, spans

pytestmark = pytest.mark.django_db

__all__ = ["project"]

TEXT = "\n Ana 👩🏽‍🚒 met Li.\nThey left.\r\n \r\nSame.\n\n\n\tIn Lyon\u00a0it rained.\n\nSame.\n\n"
PARTS = [
    "\n Ana 👩🏽‍🚒 met Li.\nThey left.\r\n \r\n",
    "Same.\n\n\n\t",
    "In Lyon\u00a0it rained.\n\n",
    "Same.\n\n",
]


def at(quote: str, label: str) -> tuple[int, int, str]:
    return TEXT.index(quote), TEXT.index(quote) + len(quote), label


@pytest.fixture
def parted(project: Project) -> Project:
    settings.change_settings(project, document_parts="paragraphs", audit_share=0.0)
    return loop.refreshed(project)


def texts(project: Project) -> list[str]:
    return list(Item.objects.filter(project=project).order_by("pk").values_list("text", flat=True))


def test_paragraphs_are_the_text_to_the_letter(parted: Project) -> None:
    work = bring_in(parted, {"id": "case", "text": TEXT}, {"id": "one", "text": "Alone."})
    assert (work.state, work.created, work.rejected, work.duplicates) == ("done", 5, 0, 0)
    assert texts(parted) == [*PARTS, "Alone."]
    found = {each.key: each.meta.get("part_of") for each in Item.objects.all()}
    assert found["case#3"] == {
        "document": "case",
        "number": 3,
        "of": 4,
        "start": len(PARTS[0]) + len(PARTS[1]),
    }
    assert found["one"] is None
    # The same file again brings nothing new.
    again = bring_in(parted, {"id": "case", "text": TEXT})
    assert (again.created, again.duplicates) == (0, 4)


def test_texts_stay_whole_by_default(project: Project) -> None:
    bring_in(project, {"id": "case", "text": TEXT})
    assert texts(project) == [TEXT]


def test_lines_are_items_where_the_lead_wants_that(project: Project) -> None:
    settings.change_settings(project, document_parts="lines")
    bring_in(loop.refreshed(project), {"text": "One.\r\nTwo.\n\n Three."})
    assert texts(project) == ["One.\r\n", "Two.\n\n ", "Three."]


def test_spans_of_a_document_go_to_their_paragraphs_and_back(parted: Project, olga: Any) -> None:
    given = spans(at("Ana", "person"), at("Lyon", "place"))
    work = bring_in(parted, {"id": "case", "text": TEXT, "spans": given})
    assert (work.created, work.rejected) == (4, 0), work.errors
    records = [json.loads(line) for line in out(parted, unit="document").splitlines()]
    (whole,) = records
    assert (whole["key"], whole["text"], whole["open"]) == ("case", TEXT, 0)
    assert whole["spans"] == [
        {**span, "text": quote} for span, quote in zip(given, ("Ana", "Lyon"), strict=True)
    ]
    assert whole["parts"] == ["case#1", "case#2", "case#3", "case#4"]
    (answer,) = [each for each in whole["answers"] if len(each["spans"]) and "Lyon" in str(each)]
    assert answer["spans"][0]["start"] == TEXT.index("Lyon")
    other = settings.create_project(olga, name="B", task="text-spans", labels=["person", "place"])
    plain = json.dumps({"id": whole["key"], "text": whole["text"], "spans": whole["spans"]})
    assert loop.bring_in(other, "whole.jsonl", plain).created == 1
    assert loop.exported(other)[0]["spans"] == whole["spans"]


def out(project: Project, **wanted: Any) -> str:
    chosen = choices.parsed(project, wanted)
    return b"".join(export.stream(project, "jsonl", wanted=chosen)).decode()


def test_open_paragraphs_keep_a_document_back(parted: Project, ana: Any) -> None:
    bring_in(parted, {"id": "case", "text": TEXT})
    lease = leasing.lease_next(parted, ana)
    assert lease is not None
    submit.submit(parted, ana, lease=str(lease.pk), labels=[], client_id=key())
    assert out(parted, unit="document") == ""
    (whole,) = out(parted, unit="document", include=["unlabelled"]).splitlines()
    told = json.loads(whole)
    assert (told["open"], told["spans"], told["resolved_by"]) == (3, [], None)
    assert told["text"] == TEXT


def test_document_that_lost_a_paragraph_goes_out_in_parts(parted: Project) -> None:
    given = spans(at("Ana", "person"))
    bring_in(parted, {"id": "case", "text": TEXT, "spans": given})
    Item.objects.filter(key="case#2").update(state=Item.State.REMOVED)
    records = [json.loads(line) for line in out(parted, unit="document").splitlines()]
    assert [each["key"] for each in records] == ["case#1", "case#3", "case#4"]
    assert records[1]["meta"]["part_of"]["start"] == len(PARTS[0]) + len(PARTS[1])


def test_span_across_paragraphs_is_refused_with_its_row(parted: Project) -> None:
    start = TEXT.index("left")
    work = bring_in(
        parted,
        {
            "text": TEXT,
            "spans": [{"start": start, "end": TEXT.index("Same") + 2, "label": "person"}],
        },
        {"text": TEXT, "spans": [{"start": 5, "end": 5, "label": "person"}]},
        {"text": TEXT, "spans": [{"start": 5, "end": 500, "label": "person"}]},
    )
    told = [(each["row"], each["code"]) for each in work.errors]
    assert told == [(1, "span_crosses_parts"), (2, "span_empty"), (3, "span_range")]
    assert not Item.objects.exists()


def test_paragraph_is_served_with_what_stands_around_it(
    client: Any, parted: Project, ana: Any
) -> None:
    bring_in(parted, {"id": "case", "text": TEXT})
    served = {}
    for _ in PARTS:
        shown = call(client, ana, "post", f"{parted.pk}/next", {}).json()
        served[shown["item"]["key"]] = shown["item"]
        call(client, ana, "post", f"{parted.pk}/leases/{shown['lease']}/skip", {"reason": ""})
    first, third = served["case#1"], served["case#3"]
    assert (first["before"], first["after"]) == ("", PARTS[1])
    assert (third["before"], third["text"], third["after"]) == (PARTS[1], PARTS[2], PARTS[3])


def test_parts_that_come_back_are_no_documents(parted: Project, olga: Any) -> None:
    bring_in(parted, {"id": "case", "text": TEXT, "spans": spans(at("Ana", "person"))})
    other = settings.create_project(
        olga,
        name="B",
        task="text-spans",
        labels=["person", "place"],
        document_parts="lines",
    )
    work = loop.bring_in(other, "export.jsonl", out(parted))
    assert (work.created, work.rejected) == (4, 0), work.errors
    assert texts(other) == PARTS


def test_other_projects_have_no_documents(client: Any, olga: Any) -> None:
    mail = settings.create_project(olga, name="Mail", labels=["spam", "ham"])
    client.force_login(olga)
    refused = client.get(f"/api/v1/projects/{mail.pk}/export?unit=document")
    assert refused.status_code == 422
    page = client.get(f"/projects/{mail.pk}/exports/").content.decode()
    assert "One row per document" not in page


def test_paragraph_costs_one_query_more(
    parted: Project, ana: Any, django_assert_max_num_queries: Any
) -> None:
    bring_in(parted, {"id": "case", "text": TEXT})
    lease = leasing.lease_next(parted, ana)
    assert lease is not None
    media = tasktypes.of(parted).media
    with django_assert_max_num_queries(1):
        media.payload(lease.item)
    lease.item.meta = {}
    with django_assert_max_num_queries(0):
        media.payload(lease.item)
