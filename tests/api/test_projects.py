"""Projects through the API: created, changed, trained, deleted."""

import io
import json
from http import HTTPStatus
from typing import Any

import pytest
from django.utils.dateparse import parse_datetime
from pytest_django import Settings

from annotator.flow.operations import background_reports
from annotator.models import Project, Round, User
from annotator.projectsettings import SETTINGS
from tests import loop
from tests.api.calls import assert_refused, at
from tests.given import Api, Fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(db: Any) -> Any:
    return User.objects.create_superuser("root")


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
    assert set(SETTINGS) <= set(made)
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


def test_labels_are_changed_by_leads(api: Api, project: Project, ana: User, lea: User) -> None:
    spam, ham = project.labels.all()
    labels = {"labels": [{"id": ham.pk, "name": "good"}, {"id": spam.pk, "name": "bad"}, "new"]}
    assert_refused(api(ana).patch(at(project), labels), 403)
    answer = api(lea).patch(at(project), labels)
    assert [label["name"] for label in answer.json()["labels"]] == ["good", "bad", "new"]


def test_renaming_by_the_api_keeps_keys_and_examples(
    api: Api, project: Project, olga: User
) -> None:
    spam, ham = project.labels.all()
    full = {"id": spam.pk, "name": "spam", "hotkey": "s", "examples": "Win!"}
    api(olga).patch(at(project), {"labels": [full, {"id": ham.pk, "name": "ham"}]})
    labels = [{"id": spam.pk, "name": "junk"}, {"id": ham.pk, "name": "ham"}]
    told = api(olga).patch(at(project), {"labels": labels}).json()["labels"][0]
    blank = {"description": "", "color": "", "parent": None, "retired": False}
    assert told == {**full, "name": "junk", **blank}


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
    assert set(body["model"]) == {"version", "trained_on", "age_seconds", "leans_on", "label_texts"}
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
