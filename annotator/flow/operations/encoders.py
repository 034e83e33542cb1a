"""Pretrained encoders of the installation, as an admin sees and changes them."""

from pathlib import Path

from annotator import encoders
from annotator.encoders import Installed, UnusableEncoder, adding
from annotator.errors import Conflict, Invalid
from annotator.i18n import encoder_problems
from annotator.models import Project


def installed() -> list[Installed]:
    """Return the encoders that are there, by name."""
    return encoders.available()


def add_folder(given: str) -> str:
    """Copy an encoder from a folder of the server, and return its name; Invalid says why not."""
    folder = Path(given.strip()).expanduser()
    if not given.strip() or not folder.is_dir():
        raise Invalid("no_folder", field="folder", folder=given.strip())
    try:
        return adding.add_folder(folder, build=False)
    except UnusableEncoder as problem:
        raise _invalid(problem, "folder") from problem


def remove(name: str) -> None:
    """Remove an encoder that was added, unless a project's settings name it."""
    used = Project.objects.alive().filter(features=name).order_by("name")
    names = list(used.values_list("name", flat=True)[:5])
    if names:
        raise Conflict("encoder_in_use", names=", ".join(names))
    try:
        adding.remove(name)
    except UnusableEncoder as problem:
        raise _invalid(problem, "") from problem


def _invalid(problem: UnusableEncoder, field: str) -> Invalid:
    words = encoder_problems.text(problem.reason, problem.values)
    return Invalid(problem.reason, detail=words, field=field)
