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


def test_collected_scripts_import_each_other_by_their_final_names(tmp_path: Path) -> None:
    # Our own files alone: those of other packages import nothing of ours.
    finders = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    with override_settings(STORAGES=STORAGES, STATIC_ROOT=tmp_path, STATICFILES_FINDERS=finders):
        call_command("collectstatic", verbosity=0, interactive=False)
    manifest = ManifestStaticFilesStorage(location=str(tmp_path)).hashed_files
    own = [name for name in manifest if (ROOT / "static" / name).is_file() and name.endswith(".js")]
    final = {tmp_path / manifest[name] for name in own}
    imports = 0
    for path in final:
        for named in IMPORT.findall(path.read_text()):
            imports += 1
            assert (path.parent / named).resolve() in final, f"{path.name}: {named}"
    assert imports > 20


def test_a_module_is_preloaded_only_where_it_is_imported() -> None:
    """What the desk names for preloading are exactly the modules that its scripts import."""
    from annotator import tasktypes
    from annotator.views.labelling.context import DESK_MODULES

    for kind in tasktypes.TASK_TYPES.values():
        media, answer = kind.media, kind.answer
        named = {"shortcuts.js", *DESK_MODULES, *media.modules, *answer.modules}
        scripts = {"labelling/main.js", *media.scripts, *answer.scripts}
        assert named == imported(scripts) - scripts, kind


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
