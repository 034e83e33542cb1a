"""The scripts: what needs no browser is tested by node, and collected files import each other."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.management import call_command
from django.test import override_settings

from annotator import tasktypes
from annotator.storage import static_files

ROOT = Path(settings.BASE_DIR)
STORAGES = {
    **settings.STORAGES,
    "staticfiles": {"BACKEND": "annotator.storage.static_files.StaticFiles"},
}
IMPORT = re.compile(r'^import [^"]+ from "([^"]+)";$', flags=re.MULTILINE)


def test_rules_that_need_no_browser_hold_in_node() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed; .ci/run installs it")
    tests = sorted(map(str, (ROOT / "tests" / "js").glob("*.test.mjs")))
    assert len(tests) > 5
    found = subprocess.run(
        [node, "--test", *tests], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert found.returncode == 0, found.stdout + found.stderr


def collect(folder: Path) -> dict[str, str]:
    """Collect our own static files, and return their final names."""
    # Those of other packages import nothing of ours.
    finders = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    with override_settings(STORAGES=STORAGES, STATIC_ROOT=folder, STATICFILES_FINDERS=finders):
        call_command("collectstatic", verbosity=0, interactive=False)
    return dict(ManifestStaticFilesStorage(location=str(folder)).hashed_files)


def test_collected_scripts_import_each_other_by_their_final_names(tmp_path: Path) -> None:
    manifest = collect(tmp_path)
    own = [name for name in manifest if (ROOT / "static" / name).is_file() and name.endswith(".js")]
    final = {tmp_path / manifest[name] for name in own}
    imports = 0
    for path in final:
        for named in IMPORT.findall(path.read_text()):
            imports += 1
            assert (path.parent / named).resolve() in final, f"{path.name}: {named}"
    assert imports > 20


def test_collected_files_have_no_comments_and_a_sheet_has_what_it_imports(tmp_path: Path) -> None:
    collected = collect(tmp_path)
    for medium in {kind.media for kind in tasktypes.TASK_TYPES.values()}:
        sheet = (tmp_path / collected[medium.style]).read_text()
        assert "@import" not in sheet
        assert not re.search(r"^ ", sheet, re.MULTILINE)
        # Of the base, of the desk, and of what the desk imports.
        for rule in (".skip-link", ".desk-foot", ".choice-list"):
            assert f"{rule}{{" in sheet, medium.name
    assert ".picture-box{" in (tmp_path / collected["medium/image/desk.css"]).read_text()
    ours = [name for name in collected if name.endswith((".css", ".js"))]
    texts = {name: (tmp_path / collected[name]).read_text() for name in ours}
    assert [name for name in ours if re.search(r"^ *(//|/\*)", texts[name], re.MULTILINE)] == []


def test_no_text_in_a_script_spans_lines() -> None:
    """Otherwise a line of such a text that looks like a comment would be left out."""
    scripts = list((ROOT / "static").rglob("*.js"))
    assert len(scripts) > 20
    code = {path: static_files.COMMENTS[".js"].sub("", path.read_text()) for path in scripts}
    lines = [(path.name, line) for path in scripts for line in code[path].splitlines()]
    assert [each for each in lines if re.sub(r'"[^"]*"', "", each[1]).count("`") % 2] == []


def test_a_module_is_preloaded_only_where_it_is_imported() -> None:
    """What the desk names for preloading are exactly the modules that its scripts import."""
    from annotator.views.labelling.context import DESK_MODULES

    for kind in tasktypes.TASK_TYPES.values():
        media, answer = kind.media, kind.answer
        named = {"shortcuts.js", *DESK_MODULES, *media.modules, *answer.modules}
        scripts = {"labelling/main.js", *media.scripts, *answer.scripts}
        assert named == imported(scripts) - scripts - in_one_file(scripts), kind


def in_one_file(scripts: set[str]) -> set[str]:
    """Return the modules that are served within the script that has the name of their folder."""
    folders = {Path(each).parent for each in scripts if Path(each).stem == Path(each).parent.name}
    found = (path for folder in folders for path in (ROOT / "static" / folder).glob("*.js"))
    return {str(path.relative_to(ROOT / "static")) for path in found} - scripts


def test_script_with_the_name_of_its_folder_has_its_modules_in_it(tmp_path: Path) -> None:
    collected = collect(tmp_path)
    path = tmp_path / collected["answers/spans/spans.js"]
    text = path.read_text()
    imports = IMPORT.findall(text)
    assert imports
    assert all(each.startswith("../") for each in imports)
    assert len(re.findall(r"^import .*$", text, re.MULTILINE)) == len(
        set(re.findall(r"^import .*$", text, re.MULTILINE))
    )
    for name in ("AutoTag", "Marks", "Paint", "Pointer", "SpanList", "SpanText", "SpanValue"):
        assert len(re.findall(rf"^class {name}\b", text, re.MULTILINE)) == 1, name
    node = shutil.which("node")
    if node is not None:
        module = path.rename(path.with_suffix(".mjs"))
        found = subprocess.run([node, "--check", str(module)], capture_output=True, text=True)
        assert found.returncode == 0, found.stderr


def imported(names: set[str]) -> set[str]:
    """Return the scripts that these import, and those that they import in turn."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        path = ROOT / "static" / waiting.pop()
        for named in IMPORT.findall(path.read_text()):
            name = str((path.parent / named).resolve().relative_to(ROOT / "static"))
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found
