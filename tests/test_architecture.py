"""Rules about the code itself: who may import whom, and what must not be in the tree at all."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CODE = sorted(
    path for folder in ("annotator", "selection") for path in (ROOT / folder).rglob("*.py")
)
PAGES = sorted([*(ROOT / "templates").rglob("*.html"), *(ROOT / "templates").rglob("*.txt")])
SCRIPTS = sorted((ROOT / "static").rglob("*.js"))


def run(*command, **environment):
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "annotator.settings", **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def python(code):
    return run(sys.executable, "-c", code)


# Imports -----------------------------------------------------------------------------------------


def test_imports_keep_to_the_layers():
    program = Path(sys.executable).parent / "lint-imports"
    found = run(str(program), "--no-cache")
    assert found.returncode == 0, found.stdout + found.stderr


def test_web_process_loads_no_learning_library():
    found = python(
        "import django, sys; django.setup(); import annotator.urls, annotator.wsgi;"
        "heavy = [n for n in ('sklearn', 'scipy', 'pandas', 'torch') if n in sys.modules];"
        "assert not heavy, heavy"
    )
    assert found.returncode == 0, found.stderr


def test_library_needs_no_django():
    found = python(
        "import pkgutil, importlib, sys, selection;"
        "[importlib.import_module(m.name) for m in pkgutil.walk_packages("
        "selection.__path__, 'selection.')];"
        "heavy = [n for n in ('django', 'celery', 'redis', 'annotator') if n in sys.modules];"
        "assert not heavy, heavy"
    )
    assert found.returncode == 0, found.stderr


def test_every_module_of_flow_is_in_the_table_that_tells_the_story():
    import annotator.flow

    folder = Path(annotator.flow.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    told = annotator.flow.__doc__ or ""
    assert modules == {name for name in modules if re.search(rf"(\| {name} |`{name}`)", told)}


def test_flow_sees_no_request():
    for path in CODE:
        if path.parent.name == "flow":
            assert not {"django.http", "django.shortcuts"} & set(imported(path)), path.name


def test_models_and_migrations_agree(tmp_path):
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


def test_every_variable_that_is_read_is_explained():
    example = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"^#? ?([A-Z][A-Z_]+)=", example, flags=re.M))
    read = set()
    for path in [*CODE, ROOT / "manage.py"]:
        source = path.read_text()
        read |= set(re.findall(r"\benv(?:\.\w+)?\(\s*\"([A-Z_]+)\"", source))
        read |= set(re.findall(r"environ(?:\.get\(|\[)\s*\"([A-Z_]+)\"", source))
    assert {"WINNOW_DATA", "SECRET_KEY", "DATABASE_URL", "BROKER_URL", "MAX_UPLOAD_MB"} <= read
    assert not read - named - {"DJANGO_SETTINGS_MODULE"}


@pytest.mark.parametrize("key", ["short", "change-me-" * 6, "django-insecure-" + "x" * 60])
def test_start_with_a_weak_key_is_refused(tmp_path, key):
    found = run(
        sys.executable,
        "-c",
        "import django; django.setup()",
        WINNOW_DATA=str(tmp_path),
        SECRET_KEY=key,
        DEBUG="false",
    )
    assert "SECRET_KEY is short or well known" in found.stderr


def test_first_start_makes_a_key_of_its_own(tmp_path):
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


# What must not be there --------------------------------------------------------------------------


def calls(path):
    """Yield (line, dotted name, call) of each call in a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func), node


def imported(path):
    """Yield the names of all modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_ever_executed_or_unpickled(path):
    forbidden = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
    assert not {name.split(".")[0] for name in imported(path)} & forbidden
    for line, name, call in calls(path):
        bare = name.split(".")[-1]
        assert name not in {"eval", "exec", "compile", "__import__"}, line
        assert not (bare == "load" and "yaml" in name), line
        assert bare not in {"extra", "RawSQL", "mark_safe", "extractall", "system", "popen"}, line
        options = {option.arg: ast.unparse(option.value) for option in call.keywords}
        assert options.get("allow_pickle", "False") == "False", line
        assert options.get("shell", "False") == "False", line
        if name in {"np.load", "numpy.load"}:
            assert "allow_pickle" in options, line


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_query_is_built_from_what_was_sent(path):
    for line, name, call in calls(path):
        bare = name.split(".")[-1]
        if bare in {"filter", "exclude", "annotate", "order_by", "values", "alias", "get"}:
            spread = [ast.unparse(option.value) for option in call.keywords if option.arg is None]
            spread += [ast.unparse(arg) for arg in call.args]
            assert not any(re.search(r"request|\bquery\b|params", each) for each in spread), line


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_pages_escape_everything_and_run_nothing_inline(path):
    page = path.read_text()
    for pattern in (
        r"\|\s*safe\b",
        r"autoescape\s+off",
        r"\bx-html\b",
        r"\shx-on",
        r"\son[a-z]+\s*=\s*[\"']",
        r"javascript:",
        r"<style\b",
        r"\sstyle\s*=",
        r"<script(?![^>]*\bsrc=)(?![^>]*application/json)",
        r"https?://(?!127\.0\.0\.1|localhost|www\.w3\.org)[a-z]",
    ):
        assert not re.search(pattern, page), pattern


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_scripts_write_no_markup(path):
    script = path.read_text()
    for pattern in (
        r"\.innerHTML\s*=",
        r"\.outerHTML\s*=",
        r"insertAdjacentHTML",
        r"\beval\(",
        r"new Function",
        r"document\.write",
    ):
        assert not re.search(pattern, script), pattern


# Handing out -------------------------------------------------------------------------------------


def written_calls(path):
    """Return what a module calls, as it is written: `Lease`, `room.new_lease`."""
    nodes = ast.walk(ast.parse(path.read_text()))
    return [ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)]


def test_no_item_is_handed_out_but_through_the_one_door():
    """A lease is built and stored in `leasing` alone, which asks whether the project is paused."""
    made = re.compile(r"(^|\.)Lease$|Lease\.objects\.(create|bulk_create|\w+_or_create)$")
    stored = re.compile(r"(again|lease)\.save$")
    offenders = [
        f"{path.relative_to(ROOT)}: {call}"
        for path in CODE
        if "migrations" not in path.parts and path.name != "leasing.py"
        for call in written_calls(path)
        if made.search(call) or stored.search(call)
    ]
    assert not offenders


def test_an_item_is_shown_where_the_paths_are_walked_alone():
    """A path that serves items is added to `test_paused_everywhere.py` as well."""
    serving = {
        str(path.relative_to(ROOT / "annotator"))
        for path in CODE
        if path.name != "queue.py"
        and any(re.search(r"(^|\.)served(_to_desk)?$", call) for call in written_calls(path))
    }
    assert serving == {"api/desk.py", "api/work.py", "views/bulk.py", "views/desk_page.py"}
