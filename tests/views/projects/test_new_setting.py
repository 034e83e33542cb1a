"""A new setting is one declaration: the form, the API, the docs and the command follow it."""

import json
import threading
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import path, reverse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view

from annotator.api import request_context, responses, serializers
from annotator.errors import Invalid
from annotator.flow.projects import settings, versions
from annotator.models import Project, User
from annotator.projectsettings import SETTINGS, Group, Setting, When
from annotator.projectsettings.base import Refusal
from annotator.views.projects.settings_form import SettingsForm
from docs import generate
from tests import loop
from tests.given import Api, SignedIn

pytestmark = pytest.mark.django_db

SHARE = [MinValueValidator(0.0), MaxValueValidator(0.5)]


def no_friday(value: Any) -> None:
    if value == "friday":
        raise Invalid("friday", detail="Not on Fridays.", field="day")


NEW = (
    Setting(
        "coffee_minutes",
        "Coffee break (min)",
        "Annotators rest this long.",
        Group.QUALITY_CONTROL,
        When.NEXT_ROUND,
        models.PositiveIntegerField(default=5, validators=[MaxValueValidator(60)]),
    ),
    Setting(
        "coffee_share",
        "Coffee (%)",
        "Share of the time.",
        Group.QUALITY_CONTROL,
        When.RELOAD,
        models.FloatField(default=0.1, validators=SHARE),
        is_share=True,
    ),
    Setting(
        "coffee",
        "Coffee",
        "Whether there is any.",
        Group.GENERAL,
        When.AT_ONCE,
        models.BooleanField(default=False),
    ),
    Setting(
        "coffee_price",
        "Price of a cup",
        "In your currency.",
        Group.STOPPING_CRITERIA,
        When.AT_ONCE,
        models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True),
    ),
    Setting(
        "cup",
        "Cup",
        "The size of a cup.",
        Group.ITEM_SELECTION,
        When.AT_ONCE,
        models.CharField(default="small", choices=[("small", "small"), ("large", "large")]),
    ),
    Setting(
        "bean",
        "Bean",
        "The kind of bean.",
        Group.ITEM_SELECTION,
        When.AT_ONCE,
        models.CharField(default="arabica", max_length=20),
        choices=lambda project: [("arabica", "Arabica"), ("robusta", "Robusta")],
        refusal=Refusal("unknown_bean", "Unknown bean."),
        leads_only=True,
    ),
    Setting(
        "day",
        "Day",
        "When it is made.",
        Group.REPRODUCIBILITY,
        When.AT_ONCE,
        models.CharField(default="monday", max_length=20),
        check=no_friday,
        needs="bulk",
    ),
)
NAMES = [each.name for each in NEW]
DEFAULTS = {
    "coffee_minutes": 5,
    "coffee_share": 0.1,
    "coffee": False,
    "coffee_price": None,
    "cup": "small",
    "bean": "arabica",
    "day": "monday",
}
GIVEN = {
    "coffee_minutes": 7,
    "coffee_share": 0.25,
    "coffee": True,
    "coffee_price": "1.50",
    "cup": "large",
    "bean": "robusta",
    "day": "sunday",
}
READ = {**GIVEN, "coffee_price": Decimal("1.50")}
TYPED = {**GIVEN, "coffee_share": "25", "coffee": "on"}


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    for each in NEW:
        monkeypatch.setitem(SETTINGS, each.name, each)
    # Serializers of other tests were made before, and know of no new setting.
    monkeypatch.setattr(request_context, "_own", threading.local())


def read(project: Project) -> dict[str, Any]:
    """The new settings as the database has them."""
    fresh = loop.refreshed(project)
    return {name: SETTINGS[name].value(fresh) for name in NAMES}


def at(project: Project) -> str:
    return reverse("settings", args=[project.pk])


def typed(project: Project, **changes: Any) -> dict[str, Any]:
    form = SettingsForm(instance=loop.refreshed(project))
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in values.items() if value not in (None, False)} | changes


def described() -> Any:
    """The schemas of a call of its own: those of the API keep the fields that they had once."""

    @extend_schema(request=serializers.NewProject, responses=responses.Project)
    @api_view(["PUT"])
    def call(_request: Any) -> Any: ...

    schema = SchemaGenerator(patterns=[path("call", call)]).get_schema(public=True)
    return schema["components"]["schemas"]


def test_it_has_its_default_until_it_is_set(project: Project) -> None:
    assert read(project) == DEFAULTS
    settings.change_settings(project, **GIVEN)
    assert read(project) == READ
    settings.change_settings(project, coffee_minutes=9)
    assert read(project) == READ | {"coffee_minutes": 9}


def test_form_shows_it_in_its_group_and_stores_it(
    signed_in: SignedIn, lea: User, project: Project
) -> None:
    client = signed_in(lea)
    page = client.get(at(project)).content.decode()
    for setting in NEW:
        assert f'name="{setting.name}"' in page
        assert setting.title in page
        assert setting.help in page
    quality = page[page.index("Quality control") : page.index("Stopping criteria")]
    assert 'name="coffee_minutes"' in quality
    saved = client.post(at(project), typed(project, **TYPED), follow=True).content.decode()
    assert "Effective from the next round: Coffee break (min)." in saved
    assert "Effective when the labelling page is opened or reloaded: Coffee (%)." in saved
    assert read(project) == READ
    # Shown again as it is stored, and saved unchanged it stays.
    again = client.post(at(project), typed(project), follow=True).content.decode()
    assert "Settings saved." in again
    assert "Effective" not in again
    assert read(project) == READ


def test_new_project_takes_it(signed_in: SignedIn, olga: User) -> None:
    olga.is_superuser = True
    olga.save()
    client = signed_in(olga)
    page = client.get(reverse("new_project")).content.decode()
    assert all(f'name="{name}"' in page for name in NAMES)
    form = client.get(reverse("new_project")).context["form"]
    sent = {name: form[name].value() for name in form.fields}
    sent = {name: value for name, value in sent.items() if value not in (None, False)}
    sent |= {"name": "Cafe", "labels": "a\nb", **TYPED}
    assert client.post(reverse("new_project"), sent).status_code == 302
    assert read(Project.objects.get(name="Cafe")) == READ


def test_api_has_it_and_describes_it(api: Api, lea: User, ana: User, project: Project) -> None:
    address = f"/api/v1/projects/{project.pk}"
    before = api(lea).get(address).json()
    assert {name: before[name] for name in NAMES} == DEFAULTS
    answer = api(lea).patch(address, GIVEN)
    assert answer.status_code == 200, answer.json()
    assert {name: answer.json()[name] for name in NAMES} == GIVEN
    assert answer.json()["version"] != before["version"]
    assert read(project) == READ
    hidden = set(NAMES) - set(api(ana).get(address).json())
    assert hidden == {"bean"}
    schemas = described()
    for name in ("NewProjectRequest", "Project"):
        assert set(NAMES) <= set(schemas[name]["properties"])
    assert schemas["Project"]["properties"]["coffee_minutes"] == {"type": "integer"}
    assert schemas["CupEnum"]["enum"] == ["small", "large"]


@pytest.mark.parametrize(
    ("name", "value", "typing"),
    [
        ("coffee_minutes", 61, "61"),
        ("coffee_minutes", -1, "-1"),
        ("coffee_minutes", None, ""),
        ("coffee_share", 0.6, "60"),
        ("coffee_price", "1.234", "1.234"),
        ("cup", "huge", "huge"),
        ("bean", "cocoa", "cocoa"),
        ("day", "friday", "friday"),
    ],
)
def test_wrong_value_is_refused_by_its_name_and_changes_nothing(
    api: Api,
    signed_in: SignedIn,
    lea: User,
    project: Project,
    name: str,
    value: Any,
    typing: str,
) -> None:
    with pytest.raises(Invalid) as refused:
        settings.change_settings(loop.refreshed(project), coffee=True, **{name: value})
    assert name in {each["field"] for each in refused.value.errors}
    answer = api(lea).patch(f"/api/v1/projects/{project.pk}", {"coffee": True, name: value})
    assert answer.status_code == 422
    assert name in {each["field"] for each in answer.json()["errors"]}
    page = signed_in(lea).post(at(project), typed(project, **{name: typing}))
    assert page.status_code == 422
    assert name in page.context["form"].errors
    assert read(project) == DEFAULTS


def test_reference_lists_it() -> None:
    # Not all pages: the schema of the API would keep the new fields for other tests.
    page = "\n".join(generate._settings())
    assert "| Coffee break (min) | `coffee_minutes` | `5` | Annotators rest this long. |" in page
    general = page[page.index("### General") : page.index("### Item selection")]
    assert "`coffee`" in general


def test_command_takes_it(olga: User) -> None:
    olga.is_superuser = True
    olga.save()
    out = StringIO()
    given = [f"{name}={json.dumps(value)}" for name, value in GIVEN.items()]
    options = [part for each in given for part in ("--set", each)]
    call_command("create_project", "Cafe", "--labels", "a,b", *options, stdout=out)
    assert read(Project.objects.get(name="Cafe")) == READ


def test_it_is_hidden_where_its_feature_is_missing(lea: User) -> None:
    made = settings.create_project(lea, name="Pairs", task="text-pairs")
    fields = SettingsForm(instance=made).fields
    assert "day" not in fields
    assert "coffee_minutes" in fields


def test_two_who_change_it_see_both_versions(
    signed_in: SignedIn, lea: User, project: Project
) -> None:
    form = SettingsForm(instance=loop.refreshed(project))
    loaded = json.dumps(versions.stamps(form.stored()))
    settings.change_settings(loop.refreshed(project), coffee_minutes=8)
    sent = typed(project, coffee_minutes="9", loaded=loaded)
    answer = signed_in(lea).post(at(project), sent)
    assert answer.status_code == 409
    assert [each.name for each in answer.context["form"].clashes] == ["coffee_minutes"]
    assert read(project)["coffee_minutes"] == 8


def test_every_setting_is_declared_once() -> None:
    columns = {field.name for field in Project._meta.concrete_fields}
    for name, setting in SETTINGS.items():
        assert setting.name == name
        assert setting.has_column == (name in columns)
        assert bool(setting.choices) == bool(setting.refusal)
