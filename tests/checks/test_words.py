"""What people read names things by the field's terms: texts that were unclear stay away.

They are looked for in templates, in the texts of the code, which are those of the API as well, in
scripts and in the documentation; the catalogue has the same texts.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.checks.source import CODE, MAILS, PAGES, ROOT, SCRIPTS, assert_nothing_found

# What was said before; rows of the database may have some of it, and stay translated.
UNCLEAR = (
    "do not go together",
    "an item may have several labels",
    "a key may follow after a bar",
    "what is asked next",
    "how it is checked",
    "when it is enough",
    "repeating it",
    "random audit, %",
    "hidden checks",
    "second looks",
    "labels wanted per item",
    "or after so long",
    "never on audit items, and never on",
    "close calls, far apart",
    "in its own way",
    "words, their meaning and their company",
    "expert labels to start from",
    "takes zip files",
    "is no label of this project",
    "is taken by an item with other content",
    "looks again by itself",
    "not with your role",
    "in the log this is",
    "try it out",
    "times fewer",
    "always run along",
    "whether asking well",
    "so a point costs",
    "what each round brought",
    "how much the predictions moved",
    "why items were asked",
    "nothing was reckoned",
    "what people say for what",
    "same as others",
    "same when asked again",
    "middle time for one",
    "the worker is there",
    "last here",
    "what it is now",
    "say the same",
    "says honestly",
    "stands still is cut off",
    "nobody is believed",
)
FOUND = re.compile("|".join(map(re.escape, UNCLEAR)), re.IGNORECASE)
FORMER = ROOT / "annotator" / "i18n" / "former_sentences.py"


def texts(path: Path) -> Iterator[str]:
    """Yield the texts of a file; of a module its strings, joined where they are broken."""
    if path.suffix != ".py":
        yield " ".join(path.read_text().split())
        return
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield " ".join(node.value.split())


def unclear(path: Path) -> Iterator[str]:
    for text in texts(path):
        for match in FOUND.finditer(text):
            yield f"{path.relative_to(ROOT)}: {match[0]}"


def test_unclear_texts_stay_away() -> None:
    ours = [path for path in CODE if path != FORMER and path.parent.name != "migrations"]
    docs = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
    # Tables of benchmarks compare by how many times.
    docs = [path for path in docs if "benchmarks" not in path.name]
    files = [path for path in ours if path.is_relative_to(ROOT / "annotator")]
    files += [*PAGES, *MAILS, *SCRIPTS, *docs]
    assert len(files) > 500
    assert_nothing_found(sorted({each for path in files for each in unclear(path)}))


def test_texts_are_found_where_they_are_broken(tmp_path: Path) -> None:
    module = tmp_path / "told.py"
    module.write_text('WORDS = (\n    "Nothing was "\n    "reckoned yet"\n)\n')
    assert [FOUND.search(text) is not None for text in texts(module)] == [True]
    page = tmp_path / "page.html"
    page.write_text("<p>Why items\n  were asked</p>")
    assert any(FOUND.search(text) for text in texts(page))
