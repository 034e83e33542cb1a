"""The reference pages say what the code says."""

from dataclasses import replace

import pytest

from docs import generate


def test_the_reference_pages_are_up_to_date() -> None:
    stale = [
        name
        for name, text in generate.pages().items()
        if (generate.FOLDER / name).read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run: python docs/generate.py"


def test_a_change_of_the_code_changes_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    from annotator.projectsettings import SETTINGS

    before = generate.pages()["settings.md"]
    monkeypatch.setitem(SETTINGS, "seed", replace(SETTINGS["seed"], title="Something else"))
    assert generate.pages()["settings.md"] != before
