"""Rules about the code itself: who may import whom, and through which doors items go."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checks.source import CODE, ROOT, assert_nothing_found, assert_rule_holds, calls, imported


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "annotator.settings", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def python(code: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-c", code)


# Imports -----------------------------------------------------------------------------------------


def test_imports_keep_to_the_layers() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    found = run(str(program), "--no-cache")
    assert found.returncode == 0, found.stdout + found.stderr


def test_library_needs_no_django() -> None:
    found = python(
        "import pkgutil, importlib, sys, selection;"
        "[importlib.import_module(m.name) for m in pkgutil.walk_packages("
        "selection.__path__, 'selection.')];"
        "heavy = [n for n in ('django', 'celery', 'redis', 'annotator') if n in sys.modules];"
        "assert not heavy, heavy"
    )
    assert found.returncode == 0, found.stderr


def test_every_module_of_flow_is_in_the_table_that_tells_the_story() -> None:
    import annotator.flow

    folder = Path(annotator.flow.__file__).parent
    modules = {path for path in folder.rglob("*.py") if path.stem != "__init__"}
    assert_nothing_found(
        path.relative_to(folder) for path in sorted(modules) if not _is_told(path, folder)
    )


def _is_told(module: Path, top: Path) -> bool:
    """Tell whether `flow`, or the package of a module, names it in its description."""
    tables = [(each / "__init__.py").read_text() for each in {top, module.parent}]
    return any(re.search(rf"(\| `?{module.stem}`? |`{module.stem}`)", each) for each in tables)


REQUESTS = {"django.http", "django.shortcuts"}


def of_requests(source: str) -> Iterator[str]:
    """Yield what a module imports that only those who see a request need."""
    yield from REQUESTS & set(imported(source))


def test_flow_sees_no_request() -> None:
    assert_rule_holds(
        (path for path in CODE if path.is_relative_to(ROOT / "annotator" / "flow")), of_requests
    )


def test_a_module_that_sees_requests_is_found() -> None:
    for name in REQUESTS:
        assert list(of_requests(f"from {name} import anything")) == [name]
    assert list(of_requests("from django.db import models")) == []


TRANSLATION = re.compile(r"(django\.utils\.)?(translation|gettext)(\.|$)")


def of_translation(source: str) -> Iterator[str]:
    """Yield what a module imports to word sentences itself."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{each.name}" for each in node.names]
        else:
            continue
        yield from filter(TRANSLATION.match, names)


# Pages and API, the catalogue, and what registries and choices of tables call themselves.
WORDING = (
    *("views", "api", "messages", "i18n"),
    *("models", "tasktypes", "projectsettings", "encoders/catalogue.py"),
)


def test_all_others_word_no_sentence() -> None:
    """Errors have codes and values; what is stored has its words in `i18n.stored_texts`."""
    places = [ROOT / "annotator" / each for each in WORDING]
    others = [path for path in CODE if not any(map(path.is_relative_to, places))]
    assert {"flow", "formats", "jobs", "archives"} <= {each.parts[-2] for each in others}
    assert_rule_holds(others, of_translation)
    left = [place for place in places if not any(p.is_relative_to(place) for p in CODE)]
    assert_nothing_found(left)


def test_a_module_that_words_sentences_is_found() -> None:
    for line in (
        "from django.utils.translation import gettext as _",
        "from django.utils import timezone, translation",
        "import gettext",
        "def here():\n    import django.utils.translation",
    ):
        assert list(of_translation(line)), line
    assert not list(of_translation("from annotator.i18n import error_messages, stored_texts"))


def test_models_and_migrations_agree(tmp_path: Path) -> None:
    found = run(
        sys.executable,
        "manage.py",
        "makemigrations",
        "--check",
        "--dry-run",
        WINNOW_DATA=str(tmp_path),
        DATABASE_URL=f"sqlite:///{tmp_path}/none.sqlite3",
    )
    assert found.returncode == 0, found.stdout + found.stderr


# Settings ----------------------------------------------------------------------------------------


def variables(source: str) -> set[str]:
    """Return the names of the variables that a module reads from the environment."""
    direct = re.findall(r"environ(?:\.get\(|\[)\s*\"([A-Z_]+)\"", source)
    reader = r"env(?:\.\w+)?|self(?:\.(?:text|number|flag|folder))?"
    return {*re.findall(rf"\b(?:{reader})\(\s*\"([A-Z_]+)\"", source), *direct}


def test_every_variable_that_is_read_is_explained() -> None:
    example = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"^#? ?([A-Z][A-Z_]+)=", example, flags=re.M))
    read = set().union(*(variables(path.read_text()) for path in [*CODE, ROOT / "manage.py"]))
    assert {"WINNOW_DATA", "SECRET_KEY", "DATABASE_URL", "BROKER_URL", "MAX_UPLOAD_MB"} <= read
    assert_nothing_found(sorted(read - named - {"DJANGO_SETTINGS_MODULE"}))


def test_variables_that_are_read_are_found() -> None:
    read = 'env("A")\nenv.flag("B")\nenv.number(\n    "C", 3)\n'
    assert variables(f'{read}os.environ["D"]\nos.environ.get("E")') == set("ABCDE")
    assert variables('environment("A"); env(name)') == set()


@pytest.mark.parametrize("key", ["short", "change-me-" * 6, "django-insecure-" + "x" * 60])
def test_start_with_a_weak_key_is_refused(tmp_path: Path, key: str) -> None:
    found = run(
        sys.executable,
        "-c",
        "import django; django.setup()",
        WINNOW_DATA=str(tmp_path),
        SECRET_KEY=key,
        DEBUG="false",
    )
    assert "SECRET_KEY is short or well known" in found.stderr


def test_first_start_makes_a_key_of_its_own(tmp_path: Path) -> None:
    code = (
        "import django; django.setup(); from django.conf import settings as s; print(s.SECRET_KEY)"
    )
    keys = []
    for folder in ("one", "one", "two"):
        found = run(sys.executable, "-c", code, WINNOW_DATA=str(tmp_path / folder), SECRET_KEY="")
        keys.append(found.stdout.strip())
    assert keys[0] == keys[1] != keys[2]
    assert len(keys[0]) > 50
    assert (tmp_path / "one" / "secret_key").stat().st_mode & 0o777 == 0o600


# Handing out -------------------------------------------------------------------------------------

MADE = re.compile(r"(^|\.)Lease$|Lease\.objects\.(create|bulk_create|\w+_or_create)$")
STORED = re.compile(r"(again|lease)\.save$")
SERVED = re.compile(r"(^|\.)(lease|desk)_payload$")


def leases(source: str) -> Iterator[str]:
    """Yield where a module makes a lease or stores one."""
    for line, name, _call in calls(source):
        if MADE.search(name) or STORED.search(name):
            yield f"{line}: {name}"


def serves(source: str) -> bool:
    """Tell whether a module shows an item to whoever holds its lease."""
    return any(SERVED.search(name) for _line, name, _call in calls(source))


def test_no_item_is_handed_out_but_through_the_one_door() -> None:
    """Only `admission` builds and stores leases: it asks whether the project is paused."""
    others = (path for path in CODE if path.name != "admission.py")
    assert_rule_holds((path for path in others if "migrations" not in path.parts), leases)


def test_a_lease_made_or_stored_elsewhere_is_found() -> None:
    bad = ["Lease(item=item)", "models.Lease()", "Lease.objects.create()", "lease.save()"]
    bad += ["Lease.objects.bulk_create(all)", "Lease.objects.get_or_create()", "again.save()"]
    assert [source for source in bad if not list(leases(source))] == []
    assert list(leases("room.new_lease(); Lease.objects.filter(); item.save()")) == []


def test_an_item_is_shown_where_the_paths_are_walked_alone() -> None:
    """Whoever adds a path that serves items adds it to `test_paused_everywhere.py`."""
    outside = [path for path in CODE if not path.is_relative_to(ROOT / "annotator" / "flow")]
    serving = {
        str(path.relative_to(ROOT / "annotator")) for path in outside if serves(path.read_text())
    }
    assert serving == {
        "api/annotations.py",
        "api/sync.py",
        "views/labelling/bulk.py",
        "views/labelling/context.py",
    }


def test_what_serves_an_item_is_found() -> None:
    assert serves("lease_payload(lease)")
    assert serves("payload.desk_payload(lease)")
    assert not serves("item_payload(item); release_payload(lease)")


# What is named in a text -------------------------------------------------------------------------


def test_up_starts_gunicorn_with_settings_that_are_there() -> None:
    from annotator.management.commands import up

    assert up.GUNICORN.is_file()
