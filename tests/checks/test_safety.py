"""What must not be in the tree at all: code that runs data, queries and pages that take it raw."""

import ast
import re
from collections.abc import Iterable, Iterator

from tests.checks.source import (
    CODE,
    MAILS,
    PAGES,
    ROOT,
    SCRIPTS,
    assert_rule_holds,
    calls,
    imported,
)

# Modules -----------------------------------------------------------------------------------------

UNPICKLERS = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
BUILTINS = {"eval", "exec", "compile", "__import__"}
RAW = {"extra", "RawSQL", "mark_safe", "extractall", "system", "popen"}
# Options that may only be off.
DANGEROUS = ("allow_pickle", "shell")


def executed(source: str) -> Iterator[str]:
    """Yield what a module executes, unpickles or trusts as it is."""
    for name in imported(source):
        if name.split(".")[0] in UNPICKLERS:
            yield f"imports {name}"
    for line, name, call in calls(source):
        if name in BUILTINS or name.split(".")[-1] in RAW:
            yield f"{line}: calls {name}"
        if name.split(".")[-1] == "load" and "yaml" in name:
            yield f"{line}: {name} makes objects"
        yield from (f"{line}: {name} with {option}" for option in _dangerous(name, call))


def _dangerous(name: str, call: ast.Call) -> Iterator[str]:
    options = {option.arg: ast.unparse(option.value) for option in call.keywords}
    for option in DANGEROUS:
        if options.get(option, "False") != "False":
            yield f"{option}={options[option]}"
    if name in {"np.load", "numpy.load"} and "allow_pickle" not in options:
        yield "no word of allow_pickle"


# Its unpickler knows numbers, texts, lists and tensors, and refuses whatever else a file names.
RESTRICTED = ROOT / "annotator" / "encoders" / "building" / "torch_file.py"


def test_nothing_is_ever_executed_or_unpickled() -> None:
    assert_rule_holds([path for path in CODE if path != RESTRICTED], executed)
    assert list(executed(RESTRICTED.read_text())) == ["imports pickle"]


def test_what_executes_or_unpickles_is_found() -> None:
    bad = [
        *(f"import {name}" for name in UNPICKLERS),
        "from joblib.memory import Memory",
        *(f"{name}(text)" for name in BUILTINS),
        *(f"thing.{name}(text)" for name in RAW),
        "yaml.load(text)",
        "np.load(path)",
        "numpy.load(path)",
        "np.load(path, allow_pickle=True)",
        "run(words, shell=True)",
        "run(words, shell=asked)",
    ]
    assert [source for source in bad if not list(executed(source))] == []
    good = ["import json", "np.load(path, allow_pickle=False)", "yaml.safe_load(text)"]
    good += ["run(words, shell=False)", "re.compile(text)", "literal_eval(text)"]
    assert [source for source in good if list(executed(source))] == []


FILTERS = {"filter", "exclude", "annotate", "order_by", "values", "alias", "get"}
SENT = re.compile(r"request|\bquery\b|params")


def built_from_what_was_sent(source: str) -> Iterator[str]:
    """Yield the queries that take names of fields from a request."""
    for line, name, call in calls(source):
        if name.split(".")[-1] not in FILTERS:
            continue
        given = [ast.unparse(option.value) for option in call.keywords if option.arg is None]
        given += [ast.unparse(argument) for argument in call.args]
        yield from (f"{line}: {name}({each})" for each in given if SENT.search(each))


def test_no_query_is_built_from_what_was_sent() -> None:
    assert_rule_holds(CODE, built_from_what_was_sent)


def test_a_query_built_from_what_was_sent_is_found() -> None:
    sent = ["request.GET['by']", "**request.GET", "*params", "query", "Q(**query)"]
    bad = [f"Item.objects.{name}({each})" for name in FILTERS for each in sent]
    assert [source for source in bad if not list(built_from_what_was_sent(source))] == []
    good = "Item.objects.filter(pk=request.GET['item']).order_by('pk')"
    assert list(built_from_what_was_sent(good)) == []


# Pages and scripts -------------------------------------------------------------------------------


IN_PAGES = (
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
)
IN_SCRIPTS = (
    r"\.innerHTML\s*=",
    r"\.outerHTML\s*=",
    r"insertAdjacentHTML",
    r"\beval\(",
    r"new Function",
    r"document\.write",
)


def _matches(patterns: Iterable[str], source: str) -> list[str]:
    found = (re.search(pattern, source) for pattern in patterns)
    return [match[0].strip() for match in found if match]


def inline(page: str) -> list[str]:
    """Return what a page does not escape, runs or styles inline, or loads from elsewhere."""
    return _matches(IN_PAGES, page)


def markup(script: str) -> list[str]:
    """Return where a script writes markup or runs a text."""
    return _matches(IN_SCRIPTS, script)


def test_pages_escape_everything_and_run_nothing_inline() -> None:
    assert_rule_holds([*PAGES, *MAILS], inline)


def test_what_a_page_does_not_escape_or_runs_inline_is_found() -> None:
    bad = [
        *("{{ text|safe }}", "{{ text | safe }}", "{% autoescape off %}", '<p x-html="text">'),
        *("<p hx-on:click='go()'>", '<p onclick="go()">', "<p onload = 'go()'>"),
        *('<a href="javascript:go()">', "<style>p {}</style>", '<p style="color: red">'),
        *("<script>go()</script>", '<script type="module">go()</script>'),
        *('<img src="https://example.org/a.png">', '<link href="http://example.org/a.css">'),
    ]
    assert [page for page in bad if not inline(page)] == []
    good = [
        *('<script src="a.js"></script>', '<script type="application/json">{}</script>'),
        *("{{ text }}", "http://127.0.0.1:8000/", '<svg xmlns="http://www.w3.org/2000/svg">'),
    ]
    assert [page for page in good if inline(page)] == []


def test_scripts_write_no_markup() -> None:
    assert_rule_holds(SCRIPTS, markup)


def test_markup_that_a_script_writes_is_found() -> None:
    bad = [
        *("p.innerHTML = text", "p.outerHTML=text", 'p.insertAdjacentHTML("beforeend", text)'),
        *("eval(text)", "new Function(text)", "document.write(text)"),
    ]
    assert [script for script in bad if not markup(script)] == []
    assert markup("p.textContent = text; medieval(text)") == []
