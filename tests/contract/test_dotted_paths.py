"""Dotted paths in migrations, settings and deployment: each leads somewhere, moved or not."""

import ast
import importlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from celery.app.utils import find_app
from django.apps import apps
from django.urls import get_resolver
from django.utils.module_loading import import_string

from annotator import settings as module
from tests import servers
from tests.contract import snapshots

OURS = re.compile(r"(?:annotator|selection)(?:\.\w+)+(?::\w+)?")
CODES = (400, 403, 404, 500)
DEPLOYED = ["Dockerfile", "docker-compose.yml", "manage.py", ".ci/run", "pyproject.toml"]
MIGRATIONS = Path(module.__file__).parent / "migrations"


def leads_somewhere(path: str) -> bool:
    """Tell whether a dotted path names a module, or something in one."""
    dotted = path.replace(":", ".")
    for load in (importlib.import_module, import_string):
        try:
            load(dotted)
        except ImportError:
            continue
        return True
    return False


def test_path_that_leads_nowhere_is_noticed() -> None:
    assert leads_somewhere("annotator.settings")
    assert leads_somewhere("annotator.settings:secret_key")
    assert not leads_somewhere("annotator.setings")
    assert not leads_somewhere("annotator.settings.secret_kee")


# Migrations --------------------------------------------------------------------------------------


def _used(path: Path) -> set[str]:
    """Return what a migration takes from the app: imports, and dotted names such as a default."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute):
            found.add(ast.unparse(node))
    return {name for name in found if OURS.fullmatch(name)}


def _longest(names: set[str]) -> set[str]:
    return {one for one in names if not any(each.startswith(f"{one}.") for each in names)}


def test_migrations_take_from_the_app_what_they_took() -> None:
    found = {path.name: _used(path) for path in MIGRATIONS.glob("0*.py")}
    used = {name: sorted(_longest(names)) for name, names in found.items() if names}
    assert used, "the first migration takes a default from the app"
    snapshots.assert_as_stored("migrations.json", used)
    lost = [each for names in used.values() for each in names if not leads_somewhere(each)]
    assert lost == []


# Settings ----------------------------------------------------------------------------------------


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _texts(name)
            yield from _texts(each)
    elif isinstance(value, list | tuple | set):
        for each in value:
            yield from _texts(each)


def _settings() -> dict[str, Any]:
    return {name: value for name, value in vars(module).items() if name.isupper()}


def test_dotted_paths_in_the_settings_lead_somewhere() -> None:
    texts = {text for text in _texts(_settings()) if OURS.fullmatch(text)}
    texts.remove(module.AUTH_USER_MODEL)
    assert len(texts) >= 20
    assert sorted(text for text in texts if not leads_somewhere(text)) == []
    assert apps.get_model(module.AUTH_USER_MODEL)


def test_loggers_that_the_settings_name_are_written_to() -> None:
    ours = [name for name in module.LOGGING["loggers"] if OURS.fullmatch(name)]
    assert ours
    for name in ours:
        found = vars(importlib.import_module(name)).values()
        assert name in [getattr(each, "name", None) for each in found], f"nothing logs to {name}"


@pytest.mark.parametrize("code", CODES)
def test_error_pages_are_found(code: Any) -> None:
    assert callable(get_resolver().resolve_error_handler(code))


# Deployment --------------------------------------------------------------------------------------


def _read(name: str) -> str:
    return (servers.ROOT / name).read_text()


def test_dotted_paths_beside_the_code_lead_somewhere() -> None:
    named = {(name, path) for name in DEPLOYED for path in OURS.findall(_read(name))}
    named = {(name, path) for name, path in named if not path.endswith((".py", ".toml"))}
    assert named
    assert sorted(each for each in named if not leads_somewhere(each[1])) == []


def test_import_contracts_speak_of_modules_that_there_are() -> None:
    contracts = tomllib.loads(_read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    listed = {path for path in _texts(contracts) if OURS.fullmatch(path)}
    assert listed
    assert sorted(path for path in listed if not leads_somewhere(path)) == []


def _commands() -> Iterator[list[str]]:
    services = yaml.safe_load(_read("docker-compose.yml"))["services"].values()
    yield from (each["command"] for each in services if "command" in each)
    for line in _read("Dockerfile").splitlines():
        if line.startswith("CMD "):
            yield ast.literal_eval(line.removeprefix("CMD "))


def test_deployed_commands_start_what_there_is() -> None:
    configs = {each[each.index("--config") + 1] for each in _commands() if "--config" in each}
    assert configs
    assert [path for path in configs if not (servers.ROOT / path).is_file()] == []
    for path in configs:
        given = importlib.import_module(path.removesuffix(".py").replace("/", "."))
        assert leads_somewhere(f"{given.wsgi_app}.application")
    celery = [each[each.index("-A") + 1] for each in _commands() if "-A" in each]
    assert celery
    assert all(find_app(name).main == "winnow" for name in celery)


def test_image_is_given_files_that_there_are() -> None:
    lines = [line.split() for line in _read("Dockerfile").splitlines() if "COPY" in line]
    copied = [path for line in lines if not line[1].startswith("--") for path in line[1:-1]]
    assert copied
    assert [path for path in copied if not (servers.ROOT / path).exists()] == []
