"""Static files with a content hash in their names, in imports between scripts as well.

Our own files are served without their comments and indentation, style sheets also without most line
ends and with what they import: a page that is opened for the first time asks for less. So is a
script that has the name of its folder, with the modules beside it.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

# The path of our own modules; scripts of other packages are bundles, and stay unchanged.
FOLDERS = ("answers", "labelling", "medium", "pages")
IMPORT = r"""(?P<matched>(?m:^)import (?P<names>[^"]+) from "(?P<url>\.[^"]+)";)"""
RENAMED = """import %(names)s from "%(url)s";"""

# In one file, all these modules share their names; each imports from outside what it needs.
SCRIPT_IMPORT = re.compile(r"""^import [^"]+ from "\./([^"/]+)";\n""", re.MULTILINE)
OUTER_IMPORT = re.compile(r"""^import [^"]+ from "\.\./[^"]+";\n""", re.MULTILINE)
EXPORT = re.compile(r"^export (?=const|class|let|function)", re.MULTILINE)
SHEET_IMPORT = re.compile(r'^@import "([^":]+)";\n', re.MULTILINE)
# Only comments that have their lines to themselves.
COMMENTS = {
    ".css": re.compile(r"^ */\*.*?\*/\n", re.MULTILINE | re.DOTALL),
    ".js": re.compile(r"^ *//.*\n", re.MULTILINE),
}
# Indentation and empty lines: no text in our files spans several lines.
INDENTATION = re.compile(r"^ +|^\n+", re.MULTILINE)
# What a style sheet has for those who read it: lines, and blanks before blocks.
LAYOUT = re.compile(r"(?<=[{};,])\n+| (?={\n)")

# The files to collect: by name, the storage that has them and their path in it.
Found = dict[str, tuple[Any, str]]


class StaticFiles(CompressedManifestStaticFilesStorage):
    """Static files that browsers may cache for ever, because changed content has another name."""

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        *((f"{folder}/*.js", ((IMPORT, RENAMED),)) for folder in FOLDERS),
    )

    def post_process(self, paths: Found, *args: Any, **options: Any) -> Iterator[Any]:
        ours = {name: found for name, found in paths.items() if _is_ours(name, found)}
        served = Served(ours)
        yield from super().post_process(
            {**paths, **{name: (served, name) for name in ours}}, *args, **options
        )


class Served:
    """Our own scripts and style sheets, with the content that browsers receive."""

    def __init__(self, files: Found) -> None:
        self._files = files

    def open(self, name: str) -> "ContentFile[bytes]":
        return ContentFile(self._text(name).encode())

    def _text(self, name: str) -> str:
        storage, path = self._files[name]
        with storage.open(path) as file:
            text = COMMENTS[_kind(name)].sub("", file.read().decode())
        text = INDENTATION.sub("", text)
        if _kind(name) != ".css":
            return self._with_folder(name, text) if _has_folder(name) else text
        folder = posixpath.dirname(name)
        imports = SHEET_IMPORT.findall(text)
        found = [self._text(posixpath.normpath(posixpath.join(folder, each))) for each in imports]
        return "".join([*found, LAYOUT.sub("", SHEET_IMPORT.sub("", text))])

    def _with_folder(self, name: str, text: str) -> str:
        """Return a script with the modules of its folder, each after those that it imports."""
        parts: dict[str, str] = {}
        self._gather(posixpath.dirname(name), text, parts)
        whole = "".join([*parts.values(), SCRIPT_IMPORT.sub("", text)])
        outer = dict.fromkeys(OUTER_IMPORT.findall(whole))
        return "".join(outer) + EXPORT.sub("", OUTER_IMPORT.sub("", whole))

    def _gather(self, folder: str, text: str, parts: dict[str, str]) -> None:
        for module in SCRIPT_IMPORT.findall(text):
            if module not in parts:
                found = self._text(f"{folder}/{module}")
                self._gather(folder, found, parts)
                parts[module] = SCRIPT_IMPORT.sub("", found)


def _has_folder(name: str) -> bool:
    folder, file = posixpath.split(name)
    return posixpath.basename(folder) == file.removesuffix(".js")


def _is_ours(name: str, found: tuple[Any, str]) -> bool:
    return _kind(name) in COMMENTS and Path(found[0].location) in settings.STATICFILES_DIRS


def _kind(name: str) -> str:
    return posixpath.splitext(name)[1]
