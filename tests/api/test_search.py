"""Items are listed and searched through the API."""

from http import HTTPStatus
from typing import Any

import pytest

from annotator.models import Project, User
from tests import loop
from tests.api.calls import assert_refused, at
from tests.given import Api, Fill

pytestmark = pytest.mark.django_db


def found(client: Any, project: Project, query: str = "") -> Any:
    answer = client.get(at(project, f"/items{query}"))
    assert answer.status_code == HTTPStatus.OK, answer.content
    return [each["key"] for each in answer.json()["results"]]


def test_items_are_searched_by_text_label_and_state(api: Api, project: Project, ana: User) -> None:
    loop.bring_in(
        project, "a.csv", "id,text,label\n1,Money now,spam\n2,money later,ham\n3,Lunch,\n"
    )
    client = api(ana)
    assert found(client, project) == ["1", "2", "3"]
    assert found(client, project, "?q=MONEY") == ["1", "2"]
    assert found(client, project, "?label=ham") == ["2"]
    assert found(client, project, "?state=pool") == ["3"]
    assert found(client, project, "?state=labelled&q=now&label=spam") == ["1"]
    assert found(client, project, "?q=%25") == []
    assert found(client, project, "?q=%00money") == ["1", "2"]
    assert found(client, project, "?label=%00ham") == ["2"]
    assert_refused(client.get(at(project, "/items?state=odd")), 422, "unknown_state", "state")


@pytest.mark.parametrize(
    "query",
    [
        "user__password__startswith=pbkdf2",
        "annotations__user__password__contains=a",
        "ordering=-project__created_by__password",
        "_connector=OR",
        "pk__in=1,2",
        "state__gte=0",
        "fields=gold",
        "q=(a%2B)%2B%24",
    ],
)
def test_items_are_filtered_by_nothing_else(
    api: Api, project: Project, filled: Fill, ana: User, query: str
) -> None:
    filled(project, 3)
    answer = api(ana).get(at(project, f"/items?{query}"))
    if query.startswith("q="):
        assert answer.json()["results"] == []
    else:
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_parameter")


def test_items_tell_neither_gold_nor_suggestions(api: Api, project: Project, ana: User) -> None:
    for use in ("gold", "suggestion"):
        loop.bring_in(project, "a.csv", f"text,label\n{use},spam\n", labels_are=use)
    answer = api(ana).get(at(project, "/items"))
    assert set(answer.json()["results"][0]) == {"id", "key", "text", "meta", "state"}
    assert b"spam" not in answer.content


def test_list_is_walked_by_its_cursor_in_both_directions(
    api: Api, project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 25)
    client, seen = api(ana), []
    page = client.get(at(project, "/items?page_size=10")).json()
    first = page
    while True:
        seen += [each["id"] for each in page["results"]]
        if page["next"] is None:
            break
        page = client.get(page["next"]).json()
    assert len(set(seen)) == len(seen) == 25
    back = client.get(page["previous"]).json()
    assert client.get(back["previous"]).json()["results"] == first["results"]
    assert first["previous"] is None


@pytest.mark.parametrize("size", ["0", "-1", "x", "5.0", "\u0665", "%20"])
@pytest.mark.parametrize(
    "where",
    [
        "items",
        "rounds",
        "models",
        "imports",
        "annotations",
        "disagreements",
        "exports",
        "deliveries",
    ],
)
def test_page_size_that_is_none_is_refused_by_every_list(
    api: Api, project: Project, olga: User, where: str, size: str
) -> None:
    answer = api(olga).get(at(project, f"/{where}?page_size={size}"))
    assert_refused(answer, 422, "page_size", "page_size")


@pytest.mark.parametrize(("size", "shown"), [("", 12), ("1000000000", 12), ("5", 5)])
def test_page_size_is_kept_within_reason(
    api: Api, project: Project, filled: Fill, ana: User, size: str, shown: int
) -> None:
    filled(project, 12)
    results = api(ana).get(at(project, f"/items?page_size={size}")).json()["results"]
    assert len(results) == shown


def test_made_up_cursor_is_refused(api: Api, project: Project, ana: User) -> None:
    assert_refused(api(ana).get(at(project, "/items?cursor=nonsense")), 404)
