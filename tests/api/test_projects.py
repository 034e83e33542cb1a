"""Projects by the API: made, set, filled, watched, taken out."""

import csv
import io
import json
from http import HTTPStatus
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.dateparse import parse_datetime
from pytest_django import Settings

from annotator.flow.datasets import importing
from annotator.flow.operations import background_reports
from annotator.models import Import, Project, Round, User
from tests import loop
from tests.given import Api, Fill

pytestmark = pytest.mark.django_db
ERROR = {"type", "code", "detail", "errors"}


@pytest.fixture
def root(db: Any) -> Any:
    return User.objects.create_superuser("root")


def at(project: Project, tail: str = "") -> str:
    return f"/api/v1/projects/{project.pk}{tail}"


def assert_refused(answer: Any, status: Any, code: Any = None, field: Any = None) -> Any:
    body = answer.json()
    assert answer.status_code == status, body
    assert set(body) == ERROR
    assert code is None or body["code"] == code
    assert field is None or field in {each.get("field") for each in body["errors"]}
    return body


# Projects ----------------------------------------------------------------------------------------


def test_project_is_made_with_settings_and_labels(api: Api, root: Any) -> None:
    body = {
        "name": "Mail",
        "task": "text",
        "labels": [
            "spam",
            {"name": "ham", "hotkey": "h", "description": "Good.", "examples": "Hi!\nLunch?"},
        ],
        "shown_fields": ["sender"],
        "overlap": 2,
        "rare_label": "spam",
        "hourly_rate": "12.50",
    }
    answer = api(root).post("/api/v1/projects", body)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["name"], made["overlap"], made["rare_label"]) == ("Mail", 2, "spam")
    assert [label["name"] for label in made["labels"]] == ["spam", "ham"]
    assert made["labels"][1]["hotkey"] == "h"
    assert [label["examples"] for label in made["labels"]] == ["", "Hi!\nLunch?"]
    assert made["shown_fields"] == ["sender"]
    assert set(Project.SETTINGS) <= set(made)
    assert parse_datetime(made["created_at"]).utcoffset().total_seconds() == 0
    assert api(root).get("/api/v1/projects").json()["results"][0]["id"] == made["id"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"labels": ["only"]}, "labels"),
        ({"labels": "ab"}, "labels"),
        ({"labels": None}, "labels"),
        ({"labels": [{"id": 1, "name": "a"}, "b"]}, "labels"),
        ({"name": ""}, "name"),
        ({"name": 5}, "name"),
        ({"task": "sound"}, "task"),
        ({"multi_label": "perhaps"}, "multi_label"),
        ({"batch_size": "many"}, "batch_size"),
        ({"batch_size": 0}, "batch_size"),
        ({"budget": 2**70}, "budget"),
        ({"audit_share": 0.9}, "audit_share"),
        ({"audit_share": "nan"}, "audit_share"),
        ({"strategy": "magic"}, "strategy"),
        ({"features": "magic"}, "features"),
        ({"rare_label": "nope"}, "rare_label"),
        ({"seed": -1}, "seed"),
        ({"labels": ["a", {"name": "b", "hotkey": "/"}]}, "labels"),
        ({"labels": ["a", {"name": "b", "examples": 5}]}, "labels"),
        ({"shown_fields": "sender"}, "shown_fields"),
        ({"shown_fields": None}, "shown_fields"),
        ({"shown_fields": [5]}, "shown_fields.0"),
        ({"shown_fields": ["a", "a"]}, "shown_fields"),
        ({"shown_fields": [str(n) for n in range(11)]}, "shown_fields"),
        ({"items": 5}, "items"),
        ({"created_by": 1}, "created_by"),
    ],
)
def test_project_that_cannot_be_is_refused_by_field(
    api: Api, root: Any, change: Any, field: str
) -> None:
    body = {"name": "Mail", "labels": ["spam", "ham"], **change}
    assert_refused(api(root).post("/api/v1/projects", body), 422, field=field)
    assert not Project.objects.exists()


@pytest.mark.parametrize("body", ["{", "[1", '{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"}'])
def test_body_that_is_no_json_is_refused(api: Api, root: Any, body: str) -> None:
    answer = api(root).generic("POST", "/api/v1/projects", body, content_type="application/json")
    assert_refused(answer, 400, "parse_error")


@pytest.mark.parametrize("body", ["[" * 100_000, "[" * 5000 + "]" * 5000, "1" * 5000])
def test_body_that_is_nested_or_long_beyond_reason_is_refused(
    api: Api, root: Any, body: Any
) -> None:
    answer = api(root).generic("POST", "/api/v1/projects", body, content_type="application/json")
    assert answer.status_code in {400, 422}


def test_body_that_is_too_large_is_refused(api: Api, root: Any, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert_refused(api(root).post("/api/v1/projects", {"name": "x" * 2000}), 413, "too_large")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x"]
)
def test_body_of_another_type_is_refused(api: Api, root: Any, kind: str) -> None:
    answer = api(root).generic("POST", "/api/v1/projects", "x", content_type=kind)
    assert_refused(answer, 415)


def test_settings_are_changed_one_by_one(api: Api, project: Project, lea: User) -> None:
    answer = api(lea).patch(at(project), {"batch_size": 7, "budget": 100})
    assert answer.status_code == 200
    assert (answer.json()["batch_size"], answer.json()["budget"]) == (7, 100)
    assert answer.json()["name"] == "Mail"
    assert_refused(
        api(lea).patch(at(project), {"batch_size": 8, "overlap": 0}), 422, field="overlap"
    )
    project.refresh_from_db()
    assert project.batch_size == 7


def test_labels_are_changed_by_admins_only(
    api: Api, project: Project, lea: User, olga: User
) -> None:
    spam, ham = project.labels.all()
    labels = {"labels": [{"id": ham.pk, "name": "good"}, {"id": spam.pk, "name": "bad"}, "new"]}
    assert_refused(api(lea).patch(at(project), labels), 403)
    answer = api(olga).patch(at(project), labels)
    assert [label["name"] for label in answer.json()["labels"]] == ["good", "bad", "new"]


def test_renaming_by_the_api_keeps_keys_and_examples(
    api: Api, project: Project, olga: User
) -> None:
    spam, ham = project.labels.all()
    full = {"id": spam.pk, "name": "spam", "hotkey": "s", "examples": "Win!"}
    api(olga).patch(at(project), {"labels": [full, {"id": ham.pk, "name": "ham"}]})
    labels = [{"id": spam.pk, "name": "junk"}, {"id": ham.pk, "name": "ham"}]
    told = api(olga).patch(at(project), {"labels": labels}).json()["labels"][0]
    assert told == {**full, "name": "junk", "description": ""}


def test_lead_chooses_the_fields_that_are_shown(
    api: Api, project: Project, lea: User, ana: User
) -> None:
    answer = api(lea).patch(at(project), {"shown_fields": ["from", "to"]})
    assert answer.json()["shown_fields"] == ["from", "to"]
    assert api(ana).get(at(project)).json()["shown_fields"] == ["from", "to"]


def test_refused_setting_leaves_the_labels_as_they_were(
    api: Api, project: Project, olga: User
) -> None:
    body = {"labels": ["a", "b"], "overlap": 0}
    assert_refused(api(olga).patch(at(project), body), 422, field="overlap")
    assert list(project.labels.values_list("name", flat=True)) == ["spam", "ham"]


def test_project_shows_its_counts(api: Api, busy: Any, ana: User) -> None:
    body = api(ana).get(at(busy)).json()
    assert body["items"] == 41
    assert body["counts"]["labelled"] == 15


def test_deleted_project_is_gone(api: Api, project: Project, olga: User) -> None:
    assert api(olga).delete(at(project)).status_code == 204
    assert_refused(api(olga).get(at(project)), 404)


def test_both_forms_of_an_address_answer(api: Api, busy: Any, lea: User) -> None:
    for tail in ("", "/progress", "/rounds", "/items"):
        with_slash, without = (api(lea).get(at(busy, tail + end)) for end in ("/", ""))
        assert with_slash.status_code == without.status_code == 200
    assert api(lea).post(at(busy, "/next/")).status_code == 200
    assert api(lea).get("/api/v1/projects/").status_code == 200


# In ----------------------------------------------------------------------------------------------


def upload(client: Any, project: Project, name: Any, content: Any, **fields: Any) -> Any:
    data = {"file": SimpleUploadedFile(name, content), **fields}
    return client.post(at(project, "/imports"), data, format="multipart")


def test_file_is_taken_in_and_its_state_told(api: Api, project: Project, olga: User) -> None:
    client = api(olga)
    answer = upload(
        client,
        project,
        "a.csv",
        b"corps,kind\nx,spam\ny,spma\nx,spam\n",
        text_column="corps",
        label_column="kind",
        labels_are="gold",
    )
    assert answer.status_code == 202
    number = answer.json()["id"]
    assert answer.json()["state"] == "queued"
    importing.run(number)
    told = client.get(at(project, f"/imports/{number}")).json()
    counts = {n: told[n] for n in ("state", "total", "done", "created", "duplicates", "rejected")}
    assert counts == {
        "state": "done",
        "total": 3,
        "done": 3,
        "created": 1,
        "duplicates": 1,
        "rejected": 1,
    }
    assert told["errors"] == [
        {"row": 2, "code": "unknown_label", "detail": told["errors"][0]["detail"]}
    ]
    report = client.get(told["report_url"])
    assert report.headers["Content-Type"] == "text/csv"
    assert "attachment" in report.headers["Content-Disposition"]
    assert len(list(csv.reader(io.StringIO(report.getvalue().decode())))) == 2
    (listed,) = client.get(at(project, "/imports")).json()["results"]
    assert listed == told


def test_import_without_rejected_rows_has_no_report(api: Api, project: Project, olga: User) -> None:
    work = loop.bring_in(project, "a.csv", "text\nx\n")
    assert api(olga).get(at(project, f"/imports/{work.pk}")).json()["report_url"] is None
    assert_refused(api(olga).get(at(project, f"/imports/{work.pk}/report")), 404, "no_report")


@pytest.mark.parametrize(
    ("name", "content", "fields", "status", "code"),
    [
        ("a.csv", b"", {}, 422, "empty_file"),
        ("a.csv", b"text\n", {}, 422, "empty_file"),
        ("a.csv", b"titre\nx\n", {}, 422, "missing_column"),
        ("a.csv", b"text\nx\n", {"text_column": "no"}, 422, "missing_column"),
        ("a.xlsx", b"PK", {}, 415, "wrong_type"),
        ("a.zip", b"PK", {}, 415, "wrong_type"),
        ("a.csv", b"text\nx\n", {"labels_are": "silver"}, 422, None),
        ("a.csv", b"text\nx\n", {"format": "xlsx"}, 422, None),
    ],
)
def test_file_that_cannot_be_used_is_refused_at_once(
    api: Api,
    project: Project,
    olga: User,
    name: str,
    content: bytes,
    fields: Any,
    status: int,
    code: Any,
) -> None:
    assert_refused(upload(api(olga), project, name, content, **fields), status, code)
    assert not Import.objects.exists()


def test_missing_column_names_those_that_are_there(api: Api, project: Project, olga: User) -> None:
    body = assert_refused(upload(api(olga), project, "a.csv", b"titre,corps\nx,y\n"), 422)
    assert "“titre”, “corps”" in body["detail"]


def test_import_needs_a_file(api: Api, project: Project, olga: User) -> None:
    answer = api(olga).post(at(project, "/imports"), {"format": "csv"}, format="multipart")
    assert_refused(answer, 422, field="file")
    assert_refused(api(olga).post(at(project, "/imports"), {"file": "x"}), 415)


def test_file_that_is_too_large_is_refused(
    api: Api, project: Project, olga: User, settings: Settings
) -> None:
    settings.MAX_UPLOAD_MB = 0
    assert_refused(upload(api(olga), project, "a.csv", b"text\nx\n"), 413, "too_large")


# Numbers -----------------------------------------------------------------------------------------


def test_progress_has_everything_that_scripts_rely_on(api: Api, busy: Any, ana: User) -> None:
    body = api(ana).get(at(busy, "/progress")).json()
    assert {
        "items",
        "labelled",
        "audited",
        "queued",
        "leased",
        "skipped",
        "model",
        "accuracy",
        "round",
        "stop",
    } <= set(body)
    assert set(body["model"]) == {"version", "trained_on", "age_seconds"}
    assert set(body["stop"]) == {"advice", "reasons"}


def test_round_is_started_by_hand_and_only_once(api: Api, busy: Any, lea: User) -> None:
    answer = api(lea).post(at(busy, "/rounds"))
    assert (answer.status_code, answer.json()["trigger"]) == (202, "by hand")
    assert_refused(api(lea).post(at(busy, "/rounds")), 409, "round_running")
    assert Round.objects.active().count() == 1
    numbers = [each["number"] for each in api(lea).get(at(busy, "/rounds")).json()["results"]]
    assert numbers == [2, 1]


def test_round_without_features_is_refused(api: Api, project: Project, lea: User) -> None:
    assert_refused(api(lea).post(at(project, "/rounds")), 409, "no_features")


def test_models_and_curve_are_listed(api: Api, busy: Any, lea: User) -> None:
    (version,) = api(lea).get(at(busy, "/models")).json()["results"]
    assert (version["number"], version["trained_on"]) == (1, 15)
    assert len(version["sha256"]) == len(version["snapshot"]) == 64
    (point,) = api(lea).get(at(busy, "/curve")).json()["results"]
    assert {"model", "labels", "value", "low", "high", "n"} <= set(point)


# Items -------------------------------------------------------------------------------------------


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
    plain = api(ana).get(at(project, "/items"))
    answer = api(ana).get(at(project, f"/items?{query}"))
    assert answer.status_code == 200
    assert query.startswith("q=") or answer.json()["results"] == plain.json()["results"]


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


@pytest.mark.parametrize(
    ("size", "shown"), [("0", 12), ("-1", 12), ("x", 12), ("1000000000", 12), ("5", 5)]
)
def test_page_size_is_kept_within_reason(
    api: Api, project: Project, filled: Fill, ana: User, size: str, shown: int
) -> None:
    filled(project, 12)
    results = api(ana).get(at(project, f"/items?page_size={size}")).json()["results"]
    assert len(results) == shown


def test_made_up_cursor_is_refused(api: Api, project: Project, ana: User) -> None:
    assert_refused(api(ana).get(at(project, "/items?cursor=nonsense")), 404)


# Out ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format", "kind"), [("jsonl", "application/x-ndjson"), ("csv", "text/csv; charset=utf-8")]
)
def test_export_is_streamed_as_a_download(
    api: Api, busy: Any, lea: User, format: str, kind: str
) -> None:
    Project.objects.update(name='Mail "x"\r\nSet-Cookie: a=b; 猫')
    answer = api(lea).get(at(busy, f"/export?format={format}"))
    assert answer.streaming
    assert answer.headers["Content-Type"] == kind
    disposition = answer.headers["Content-Disposition"]
    assert disposition == f'attachment; filename="mail-x-set-cookie-a-b.{format}"'
    assert "Set-Cookie" not in answer.headers
    body = answer.getvalue().decode("utf-8-sig")
    rows = body.splitlines() if format == "jsonl" else list(csv.DictReader(io.StringIO(body)))
    assert len(rows) == 15
    if format == "jsonl":
        assert json.loads(rows[0])["source"] == "seed"


def test_export_is_jsonl_unless_asked_otherwise(api: Api, busy: Any, lea: User) -> None:
    answer = api(lea).get(at(busy, "/export"))
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert_refused(api(lea).get(at(busy, "/export?format=xlsx")), 422, "unknown_format", "format")
    assert_refused(api(lea).get(at(busy, "/export?format=%00")), 422, "unknown_format")


def test_predict_says_labels_and_probabilities(api: Api, busy: Any, ana: User) -> None:
    answer = api(ana).post(at(busy, "/predict"), {"items": [{"text": "prize money"}] * 2})
    assert answer.json()["model"] == 1
    first, second = answer.json()["predictions"]
    assert first == second
    assert set(first["proba"]) == {"spam", "ham"}
    assert first["labels"][0] in first["proba"]


@pytest.mark.parametrize(
    "items",
    [
        [],
        None,
        "x",
        [{}],
        [{"text": 5}],
        [{"text": ""}],
        ["x"],
        [{"text": "a", "id": 1}],
        [{"text": "a"}] * 1001,
    ],
)
def test_predict_refuses_what_is_no_list_of_texts(
    api: Api, stocked: Any, ana: User, items: Any
) -> None:
    assert_refused(api(ana).post(at(stocked, "/predict"), {"items": items}), 422)


def test_predict_without_a_model_says_so(api: Api, project: Project, ana: User) -> None:
    answer = api(ana).post(at(project, "/predict"), {"items": [{"text": "a"}]})
    assert_refused(answer, 409, "no_model")


# The description ---------------------------------------------------------------------------------


def test_schema_names_every_route_once_and_without_warnings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from django.core.management import call_command

    from annotator.api.urls import ROUTES

    out = io.StringIO()
    call_command(
        "spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", stdout=out
    )
    schema = json.loads(out.getvalue())
    assert len(schema["paths"]) == len(ROUTES)
    assert "warning" not in capsys.readouterr().err.lower()


def test_no_call_takes_an_address_to_fetch() -> None:
    from django.core.management import call_command

    out = io.StringIO()
    call_command("spectacular", "--format", "openapi-json", stdout=out)
    assert '"format": "uri"' not in out.getvalue()


def test_progress_tells_how_far_the_search_is(
    api: Api, project: Project, lea: User, ana: User, filled: Fill
) -> None:
    filled(project, 40)
    assert api(lea).get(at(project, "/progress")).json()["search"] is None
    target = {"rare_label": "spam", "target_metric": "recall", "target_value": 0.9}
    assert api(project.created_by).patch(at(project), target).status_code == HTTPStatus.OK
    told = api(lea).get(at(project, "/progress")).json()["search"]
    assert told == {
        "rare_label": "spam",
        "target": 0.9,
        "read": None,
        "found": None,
        "recall": None,
    }
    loop.label(project, ana, 10)
    background_reports.make_all(project.pk)
    told = api(ana).get(at(project, "/progress")).json()["search"]
    assert told["read"] == 10
    assert 0 < told["found"] < 10
