"""Names and values that stand in rows, scripts, bookmarks and environments of installations."""

import argparse
import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core.management import get_commands, load_command_class
from django.db import connection, models
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from pytest_django import Settings

from annotator import tasktypes
from annotator.flow.operations import background_reports
from annotator.models import Project, User
from selection import strategies
from tests import servers
from tests.contract import snapshots

# Django's own options, and those of the parser.
COMMON = {"-h", "--version", "-v", "--settings", "--pythonpath", "--traceback", "--no-color"}
COMMON |= {"--force-color", "--skip-checks"}
# Ours only sets defaults; its options come and go with Django.
OF_DJANGO = {"makemessages"}
# The number of its cores.
OF_THE_MACHINE = {"jobs"}
NAMED = re.compile(r"winnow[._:-]")


# Rows --------------------------------------------------------------------------------------------


def _tables() -> list[type[models.Model]]:
    return list(apps.get_app_config("annotator").get_models(include_auto_created=True))


def _columns(model: type[models.Model]) -> dict[str, Any]:
    found = {}
    for field in model._meta.local_concrete_fields:
        kind = field.get_internal_type()
        found[field.column] = f"{kind}{', null' if field.null else ''}{_choices(field)}"
    return found  # type: ignore[return-value]


def _choices(field: "models.Field[Any, Any]") -> str:
    # Their titles may change.
    values = [value for value, _words in field.flatchoices]
    return f": {' | '.join(map(repr, values))}" if values else ""


def test_tables_columns_and_values_stay() -> None:
    snapshots.assert_as_stored(
        "tables.json", {each._meta.db_table: _columns(each) for each in _tables()}
    )


def test_names_of_indexes_and_constraints_stay() -> None:
    found = {
        each._meta.db_table: {
            "constraints": sorted(one.name for one in each._meta.constraints),
            "indexes": sorted(one.name for one in each._meta.indexes),
        }
        for each in _tables()
    }
    snapshots.assert_as_stored("indexes.json", found)


@pytest.mark.django_db
def test_database_has_these_tables() -> None:
    made = {name for name in connection.introspection.table_names() if "annotator" in name}
    assert made == {each._meta.db_table for each in _tables()}


def test_names_that_rows_hold_without_a_list_of_choices_stay() -> None:
    types = tasktypes.TASK_TYPES.values()
    found = {
        "feature recipes": {each.task: list(each.media.encoders) for each in types},
        "kinds of reports": sorted(background_reports.MAKERS),
        "strategies": list(strategies.STRATEGIES),
    }
    snapshots.assert_as_stored("names_in_rows.json", found)


@pytest.mark.django_db
def test_preferences_of_the_desk_keep_their_names_and_defaults(client: Client, ana: User) -> None:
    # They are stored by these names, as far as somebody changed them.
    client.force_login(ana)
    form = client.get(reverse("desk_preferences")).context["form"]
    snapshots.assert_as_stored("desk.json", {name: form[name].value() for name in form.fields})


# Addresses ---------------------------------------------------------------------------------------


def _addresses(patterns: list[Any], before: str = "", space: str = "") -> Iterator[tuple[str, str]]:
    for each in patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLPattern):
            yield route, f"{space}{each.name or ''}"
        elif isinstance(each, URLResolver) and each.app_name != "admin":
            inner = f"{space}{each.namespace}:" if each.namespace else space
            yield from _addresses(each.url_patterns, route, inner)


def test_addresses_and_their_names_stay() -> None:
    found = sorted(f"/{route}  {name}".rstrip() for route, name in _addresses(_patterns()))
    snapshots.assert_as_stored("urls.txt", "\n".join(found) + "\n")


def _patterns() -> list[Any]:
    return get_resolver().url_patterns


# Commands and the environment --------------------------------------------------------------------


def _options(parser: argparse.ArgumentParser) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found |= {name: _options(inner) for name, inner in action.choices.items()}
        elif not COMMON & set(action.option_strings):
            found[" ".join(action.option_strings) or action.dest] = _option(action)
    return found


def _option(action: argparse.Action) -> str:
    default = "made at need" if action.dest in OF_THE_MACHINE else repr(action.default)
    parts = ["required" if action.required else f"default {default}"]
    if action.nargs is not None:
        parts.append(f"nargs {action.nargs}")
    if action.choices is not None:
        parts.append(f"one of {', '.join(map(str, action.choices))}")
    return "; ".join(parts)


def test_commands_and_their_options_stay() -> None:
    found = {
        name: _options(load_command_class("annotator", name).create_parser("manage.py", name))
        for name, app in get_commands().items()
        if app == "annotator" and name not in OF_DJANGO
    }
    snapshots.assert_as_stored("commands.json", found)


def test_environment_variables_and_their_defaults_stay() -> None:
    lines = (servers.ROOT / ".env.example").read_text().splitlines()
    found = [line for line in lines if re.match(r"(# )?[A-Z][A-Z_]+=", line)]
    snapshots.assert_as_stored("environment.txt", "\n".join(sorted(found)) + "\n")


# What processes and browsers share ---------------------------------------------------------------


def test_names_in_broker_cookies_and_files_stay() -> None:
    found: set[str] = set()
    for path in (servers.ROOT / "annotator").rglob("*.py"):
        if "bench" not in path.parts:
            found |= _named_in(path.read_text())
    snapshots.assert_as_stored("shared_names.txt", "\n".join(sorted(found)) + "\n")


def _named_in(source: str) -> set[str]:
    nodes = list(ast.walk(ast.parse(source)))
    # The name of an attribute leaves no process.
    calls = [each for each in nodes if isinstance(each, ast.Call)]
    within = {id(arg) for call in calls if _is_getattr(call) for arg in call.args}
    texts = [each for each in nodes if isinstance(each, ast.Constant) and id(each) not in within]
    return {str(each.value) for each in texts if NAMED.match(str(each.value))}


def _is_getattr(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id in {"getattr", "setattr", "hasattr"}


def test_names_that_browsers_keep_stay() -> None:
    found: set[str] = set()
    for path in (servers.ROOT / "static").rglob("*.js"):
        found |= set(re.findall(r"[\"'`](winnow[^\"'`]*)[\"'`]", path.read_text()))
    snapshots.assert_as_stored("browser_names.txt", "\n".join(sorted(found)) + "\n")


@pytest.mark.django_db
def test_figures_for_prometheus_keep_their_names(
    client: Client, settings: Settings, project: Project
) -> None:
    settings.METRICS = "loopback"
    text = client.get("/metrics").content.decode()
    found = sorted(line.removeprefix("# TYPE ") for line in text.splitlines() if "# TYPE" in line)
    snapshots.assert_as_stored("metrics.txt", "\n".join(found) + "\n")
