"""No request causes a server error, and every status is described."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import get_resolver
from drf_spectacular.generators import SchemaGenerator
from knox.models import AuthToken

from annotator.api.responses.schema import ANSWERS
from annotator.models import Annotation, Item, Project, User
from tests import hostile, loop

pytestmark = pytest.mark.django_db


DEEP = b'{"name": "x", "labels": ' + b"[" * 1000 + b"]" * 1000 + b"}"
PAGED = [
    "projects",
    "imports",
    "assignments",
    "rounds",
    "models",
    "annotations",
    "disagreements",
    "items",
    "exports",
    "deliveries",
    "users",
]


@pytest.fixture
def known(busy: Any) -> Any:
    first = {
        "item": Item.objects.filter(project=busy).earliest("pk").pk,
        "number": Annotation.objects.filter(project=busy).latest("pk").pk,
        "id": busy.pk,
        "project_id": busy.pk,
    }
    ids = {name: str(pk) for name, pk in first.items()} | {"item_id": str(first["item"])}
    words = {"lease": "0" * 32, "action": "skip", "token": "1.a:b", "name": "curve", "form": "svg"}
    return hostile.Known(ids | words, page_routes())


@pytest.fixture(scope="module")
def schema() -> Any:
    return json.loads(json.dumps(SchemaGenerator().get_schema(public=True), default=str))


def page_routes() -> Any:
    """Return every page with the methods that it might take, as the schema names its paths."""
    found = [
        "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)
        for route in routes(get_resolver(), "")
        if not route.startswith(("admin/", "api/v1/"))
    ]
    return [(method, path) for path in found for method in ("GET", "POST")]


def routes(resolver: Any, before: Any) -> Iterator[Any]:
    for each in resolver.url_patterns:
        route = before + str(each.pattern)
        yield from routes(each, route) if hasattr(each, "url_patterns") else [route]


@pytest.fixture
def callers(olga: User, lea: User) -> Any:
    """Olga with her browser, and Lea with a token."""
    olga.is_superuser = olga.is_staff = True
    olga.save()
    by_session, by_token = (Client(raise_request_exception=False) for _ in range(2))
    by_session.force_login(olga)
    by_token.defaults["HTTP_AUTHORIZATION"] = f"Token {AuthToken.objects.create(user=lea)[1]}"
    return [by_session, by_token]


def test_no_mutated_request_is_answered_with_an_error_of_ours(
    known: Any, schema: Any, callers: Any, olga: User
) -> None:
    # Each kind of database is sent requests of its own.
    seed = 1 if connection.vendor == "sqlite" else 2
    answers = []
    for turn, call in enumerate(hostile.calls(schema, known, 2500, seed)):
        answer = hostile.send(callers[turn % 2], call)
        if answer.streaming:
            list(answer.streaming_content)
        answers.append((call, answer.status_code))
        if call.method == "DELETE":
            Project.objects.update(deleted_at=None)
        if "logout" in call.path:
            callers[0].force_login(olga)
    counted, broken = hostile.statuses(answers)
    assert broken == []
    # These requests do reach the app.
    assert counted[200] > 60
    assert counted[422] > 50


@pytest.mark.parametrize("cursor", hostile.CURSORS)
def test_made_up_cursors_lead_nowhere_on_every_list(busy: Any, callers: Any, cursor: Any) -> None:
    for name in PAGED:
        alone = name in ("projects", "users")
        path = f"/api/v1/{name}" if alone else f"/api/v1/projects/{busy.pk}/{name}"
        answer = callers[0].get(path, {"cursor": cursor})
        assert answer.status_code in (200, 404), (name, answer.content)
        if answer.status_code == 404:
            assert answer.json()["code"] == "not_found"


def test_every_list_with_a_cursor_is_among_them(schema: Any) -> None:
    paged = {
        path.rsplit("/", 1)[-1]
        for path, methods in schema["paths"].items()
        for each in methods.get("get", {}).get("parameters", [])
        if each["name"] == "cursor"
    }
    assert paged == set(PAGED)


def post(client: Any, path: Any, body: Any) -> Any:
    return client.post(f"/api/v1/{path}", body, content_type="application/json")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (DEEP, 400, "too_deep"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, 400, "too_deep"),
        (b'{"name": "x", "name": "y", "labels": []}', 400, "duplicate_key"),
        (b'{"name": "x", "labels": [{"name": "a", "name": "b"}]}', 400, "duplicate_key"),
        (b'{"name": "x", "labels": [{"name": "a\\u0000"}, "b"]}', 422, "nul_byte"),
        (b'{"name": "x", "labels": [{"a\\u0000": "b"}]}', 422, "nul_byte"),
        (b'{"name": "x", "labels": [], "seed": 9223372036854775808}', 422, "out_of_range"),
        (b'{"name": "x", "labels": ["\\ud800"]}', 400, "parse_error"),
        (b'{"name": "x", "labels": [], "audit_share": NaN}', 400, "parse_error"),
        (b'{"name": "\xff", "labels": []}', 400, "parse_error"),
    ],
)
def test_json_that_no_database_takes_is_refused_by_name(
    callers: Any, busy: Any, body: Any, status: int, code: str
) -> None:
    answer = post(callers[0], "projects", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert set(answer.json()) == {"type", "code", "detail", "errors"}


def test_text_that_looks_like_a_name_is_no_name(callers: Any, busy: Any) -> None:
    given = {"name": 'a "b": c', "labels": ['x": y', "z"], "guidelines": '"q" : "q" : '}
    answer = post(callers[0], "projects", json.dumps(given))
    assert answer.status_code == 201
    assert answer.json()["name"] == 'a "b": c'


def test_sixty_levels_are_read(callers: Any, busy: Any) -> None:
    body = b'{"name": "x", "labels": ' + b"[" * 60 + b"]" * 60 + b"}"
    assert post(callers[0], "projects", body).json()["code"] == "label_form"


@pytest.mark.parametrize("path", ["/api/docs", "/api/schema", "/api/v1/projects"])
@pytest.mark.parametrize("method", ["OPTIONS", "POST", "PUT", "TRACE", "FOO"])
def test_methods_that_are_not_there_are_405_or_422(
    callers: Any, busy: Any, path: str, method: str
) -> None:
    assert callers[0].generic(method, path).status_code in (405, 422)


@pytest.mark.parametrize("number", ["9" * 19, "9" * 40, str(2**63)])
def test_numbers_beyond_every_row_are_404(callers: Any, known: Any, number: Any) -> None:
    for route in {path for _method, path in known.pages if "{project_id}" in path}:
        path = route.replace("{project_id}", number)
        for name, value in known.ids.items():
            path = path.replace(f"{{{name}}}", value)
        assert callers[0].get(path).status_code == 404, path
    answer = callers[0].get(f"/api/v1/projects/{number}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_nul_in_a_path_is_400_and_in_a_query_is_left_out(callers: Any, busy: Any) -> None:
    assert callers[0].get("/projects/%00").status_code == 400
    answer = callers[0].get(f"/api/v1/projects/{busy.pk}/items?q=%00money")
    assert answer.status_code == 200
    assert answer.json()["results"]


def test_deep_rows_of_an_upload_are_imported_or_named(callers: Any, busy: Any) -> None:
    rows = b'{"id": "d1", "text": "deep", "meta": ' + b"[" * 900 + b"]" * 900 + b"}\n"
    rows += b'{"id": "d2", "text": "sea", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n"
    work = loop.bring_in(busy, "a.jsonl", rows)
    assert (work.state, work.created + work.rejected) == ("done", 2)


def test_every_call_describes_every_shared_error(schema: Any) -> None:
    missing = [
        f"{method} {path} {status}"
        for path, methods in schema["paths"].items()
        for method, each in methods.items()
        for status in ANSWERS
        if str(status) not in each["responses"]
        and ("requestBody" in each or status not in (413, 415))
    ]
    assert missing == []
    assert schema["components"]["responses"]["Error429"]["headers"]["Retry-After"]


def test_every_answer_is_described(known: Any, schema: Any, callers: Any, olga: User) -> None:
    unknown = set()
    for call in hostile.calls(schema, hostile.Known(known.ids), 300, seed=3):
        described = schema["paths"].get(template(call.path, known.ids), {}).get(call.method.lower())
        answer = hostile.send(callers[0], call)
        if described and str(answer.status_code) not in described["responses"]:
            unknown.add(f"{call.method} {call.path} {answer.status_code}")
        Project.objects.update(deleted_at=None)
    assert unknown == set()


def template(path: Any, ids: Any) -> Any:
    """Return the path as the schema names it, where it is one of its paths."""
    parts = path.split("/")
    if len(parts) > 4:
        parts[4] = "{id}"
    if len(parts) > 6 and parts[5] in ("items", "disagreements") and parts[6] != "put-back":
        parts[6] = "{item}"
    if len(parts) > 6 and parts[5] in ("annotations", "imports"):
        parts[6] = "{number}"
    if len(parts) > 7 and parts[5] == "leases":
        parts[6:8] = ["{lease}", "{action}"]
    return "/".join(parts)
