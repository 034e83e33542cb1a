"""Whatever a person reads is in a catalogue: no text is bare in a template, a module, a script."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser

from django.template.base import Lexer, TokenType

from tests.checks.source import CODE, PAGES, ROOT, SCRIPTS, assert_rule_holds

# Templates ---------------------------------------------------------------------------------------

# File formats have the same names in every language.
NAMES = {"JSONL", "JSON", "Lines", "CSV", "SVG", "PNG", "ZIP", "Vega", "Lite", "Vega-Lite"}
READ_ALOUD = {
    "title",
    "aria-label",
    "placeholder",
    "alt",
    "aria-description",
    "aria-roledescription",
}
DATE = re.compile(r"\bdate:(\"[^\"]*\"|'[^']*')")
LITERAL = re.compile(r"\"([^\"]*)\"|'([^']*)'")


class Texts(HTMLParser):
    """Collects what a reader gets to see or to hear of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside.append(tag)
        spoken = READ_ALOUD | (
            {"value"} if dict(attrs).get("type") in {"submit", "button"} else set()
        )
        self.found += [value for name, value in attrs if name in spoken and value]

    def handle_endtag(self, tag: str) -> None:
        if tag in self.inside:
            del self.inside[len(self.inside) - 1 - self.inside[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.inside):
            self.found.append(data)


def bare_texts(source: str) -> list[str]:
    """Return the texts of a template that are not translated."""
    page, found, in_block = "", [], False
    for token in Lexer(source).tokenize():
        if token.token_type == TokenType.BLOCK:
            name = token.contents.split()[0]
            # What a class block fills is an attribute, though it stands where texts stand.
            if name in {"blocktranslate", "comment"} or token.contents.endswith("_class"):
                in_block = True
            elif name in {"endblocktranslate", "endcomment", "endblock"}:
                in_block = False
            found += [] if name in {"translate", "blocktranslate"} else _said(token.contents)
        elif token.token_type == TokenType.VAR:
            found += _said(token.contents)
        elif token.token_type == TokenType.TEXT and not in_block:
            page += token.contents
    reader = Texts()
    reader.feed(page)
    return [text.strip() for text in [*reader.found, *found] if _is_text(text)]


def _said(tag: str) -> list[str]:
    """Return what the tag may say by itself: a word with a capital, or more than one word."""
    literals = [one or other for one, other in LITERAL.findall(DATE.sub("", tag))]
    return [text for text in literals if re.match(r"[A-Z][a-z]", text) or " " in text.strip()]


def _is_text(text: str) -> bool:
    # One letter is a key, which has no language.
    words = re.findall(r"[^\W\d_]{2,}", text)
    return bool(words) and not set(words) <= NAMES


def test_no_text_of_a_template_is_untranslated() -> None:
    assert_rule_holds(PAGES, bare_texts)


def test_bare_text_is_found() -> None:
    for source, found in [
        ("<p>Hello</p>", ["Hello"]),
        ('<img alt="A cat">', ["A cat"]),
        ('<input type="submit" value="Go">', ["Go"]),
        ("<p>{{ count }} items</p>", ["items"]),
        ('{{ name|default:"Nobody" }}', ["Nobody"]),
        ('{% include "a.html" with title="Two words" %}', ["Two words"]),
        ("{% blocktranslate %}Hello{% endblocktranslate %} there", ["there"]),
        ('<p title="{% translate "Hello" %}">{% translate "Hello" %} · → <kbd>1</kbd></p>', []),
        ("{% comment %}Hello{% endcomment %}<script>let hello;</script>", []),
    ]:
        assert bare_texts(source) == found, source


# Python ------------------------------------------------------------------------------------------

# Output of commands and machines is for operators.
FOR_OPERATORS = {
    *("backup", "bench", "db", "demo.py", "management", "metrics", "server"),
    "settings.py",
    "environment.py",
}
SOURCES = [
    path
    for path in CODE
    if path.relative_to(ROOT).parts[1] not in FOR_OPERATORS and "migrations" not in path.parts
]
MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "pgettext", "pgettext_lazy"}
# What goes to the log or ends a process is for whoever keeps the installation; the description of
# the API is for programmers, and English like its docstrings.
NOT_SHOWN = {
    *("RuntimeError", "ValueError", "LostClaim", "TypeError", "Http404", "KeyError"),
    *("OpenApiParameter", "extend_schema", "described"),
}
SENTENCE = re.compile(r"[“A-Z].*[^\W\d_] [^\W\d_].*[.!?:]$", re.DOTALL)


def bare_sentences(source: str) -> list[str]:
    """Return the sentences of a module that no catalogue has."""
    return list(_sentences(ast.parse(source)))


def _sentences(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and _name(node.func) in MARKS | NOT_SHOWN:
        return
    if isinstance(node, ast.Call) and _name(getattr(node.func, "value", None)) == "log":
        return
    if isinstance(node, ast.JoinedStr):
        text = "".join(
            part.value if isinstance(part, ast.Constant) else "x"  # type: ignore[misc]
            for part in node.values
        )
        if SENTENCE.match(text):
            yield text
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if SENTENCE.match(node.value):
            yield node.value
        return
    for child in ast.iter_child_nodes(node):
        is_docstring = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
        if not is_docstring:
            yield from _sentences(child)


def _name(function: ast.AST | None) -> str:
    return getattr(function, "id", None) or getattr(function, "attr", "")  # type: ignore[return-value]


def test_no_sentence_of_a_module_is_untranslated() -> None:
    assert_rule_holds(SOURCES, bare_sentences)


REFUSALS = {
    *("UnreadableFile", "BadContent", "BadPicture", "ParseError"),
}
KEYWORDS = {"detail", "label", "help_text", "empty_label", "verbose_name"}


def bare_words(source: str) -> list[str]:
    """Return the words of refusals, messages, fields and choices that are written down bare."""
    return [ast.unparse(node) for node in _words(ast.parse(source)) if _is_bare(node)]


def _words(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and "TextChoices" in map(_attribute, node.bases):
            yield from _choices(node)
        if not isinstance(node, ast.Call):
            continue
        yield from (each.value for each in node.keywords if each.arg in KEYWORDS)
        name, module = _name(node.func), _name(getattr(node.func, "value", None))
        if name in REFUSALS or module == "messages":
            yield from node.args[1:2]
        elif name == "ValidationError":
            yield from node.args[:1]


def _choices(node: ast.ClassDef) -> Iterator[ast.expr]:
    for line in node.body:
        if isinstance(line, ast.Assign):
            yield line.value.elts[-1] if isinstance(line.value, ast.Tuple) else line.value


def _attribute(node: ast.expr) -> str:
    return getattr(node, "attr", "")


def _is_bare(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_bare(node.left)
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return isinstance(node, ast.JoinedStr) or (is_text and _is_text(node.value))


def test_no_words_of_a_refusal_a_message_or_a_field_are_untranslated() -> None:
    assert_rule_holds(SOURCES, bare_words)


def test_bare_word_is_found() -> None:
    for source, is_bare in [
        ('raise Invalid("code", detail="no such label")', True),
        ('raise Conflict("code", detail=f"{name} is taken")', True),
        ('raise UnreadableFile("code", "no %s" % name)', True),
        ('messages.success(request, "saved")', True),
        ('forms.CharField(label="Name")', True),
        ('class Task(models.TextChoices):\n    TEXT = "text", "a text"', True),
        ('raise Invalid("code", detail=_("no %s") % name)', False),
        ('messages.success(request, _("saved"))', False),
        ('forms.CharField(label=gettext_lazy("Name"))', False),
        ('class Task(models.TextChoices):\n    TEXT = "text", _("a text")', False),
    ]:
        assert bool(bare_words(source)) is is_bare, source


def test_bare_sentence_is_found() -> None:
    assert bare_sentences('words = f"There is no {name} here."') == ["There is no x here."]
    assert bare_sentences('words = _("Not found.")\n"""A docstring of it."""') == []


# Scripts -----------------------------------------------------------------------------------------

STRING = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`")
COMMENT = re.compile(r"(?<!:)//[^\n]*|/\*.*?\*/", re.DOTALL)
TWO_WORDS = re.compile(r"[^\W\d_]{2,} [^\W\d_]")
# Selectors of the stylesheet, directives and cookies have spaces, too.
NO_WORDS = re.compile(r"use strict|[\w$-]*[=\[\]#.>:(]|^\w+(?:, ?\w+)+")


def spoken(source: str) -> list[str]:
    """Return the strings of a script that read like words for people."""
    texts = [text[1:-1] for text in STRING.findall(COMMENT.sub("", source))]
    return [text for text in texts if TWO_WORDS.search(text) and not NO_WORDS.match(text)]


def test_scripts_have_no_words_of_their_own() -> None:
    assert_rule_holds(SCRIPTS, spoken)


def test_words_in_a_script_are_found() -> None:
    assert spoken('say("Not saved"); // "in a comment"\n say(`${n} items left`)') == [
        "Not saved",
        "${n} items left",
    ]
