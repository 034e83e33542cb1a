"""The layers that CONTRIBUTING lists are those of the imports."""

import re
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[2]
# Modules that put everything together, or that are not part of the app's own code.
BESIDE = {"", "apps", "demo", "flow", "migrations", "templatetags", "urls", "wsgi"}


def layers() -> dict[str, int]:
    """Return the line of the list in which each package stands."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    part = text.split("## Layers\n")[1].split("\n## ")[0]
    lines = re.findall(r"^(\d+)\. (.*)$", part, re.MULTILINE)
    return {name: int(n) for n, line in lines for name in re.findall(r"`([\w.]+)`", line)}


def room(module: str, listed: dict[str, int]) -> str:
    """Return the package of a module as the list names it: its longest name there."""
    name = module if module.startswith("selection") else module.partition(".")[2]
    while name and name not in listed and "." in name:
        name = name.rpartition(".")[0]
    return name


def test_imports_go_only_up_the_list() -> None:
    listed = layers()
    graph = grimp.build_graph("annotator", "selection", cache_dir=None)
    rooms = {module: room(module, listed) for module in graph.modules}
    assert set(rooms.values()) - BESIDE == set(listed)
    wrong = {
        f"{rooms[module]} imports {rooms[other]}: {module}"
        for module in graph.modules
        for other in graph.find_modules_directly_imported_by(module)
        if rooms[module] in listed and listed.get(rooms[other], 0) > listed[rooms[module]]
    }
    assert wrong == set()
