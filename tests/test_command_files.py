"""Commands read files of any name, and replace nothing but ordinary files."""

import os
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from annotator.models import Import, Project, User
from tests import loop
from tests.given import Fill

WRITING = [("export_annotations", "--out"), ("export_project", "--")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("words", WRITING, ids=lambda words: words[0])
def test_pipe_or_device_is_not_replaced_by_a_file(
    project: Project, filled: Fill, ana: User, tmp_path: Path, words: tuple[str, str]
) -> None:
    filled(project, 3)
    loop.label(project, ana, 1)
    command, before = words
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    for target in (pipe, link):
        with pytest.raises(CommandError, match="no ordinary file"):
            call_command(command, str(project.pk), before, str(target))
    assert (pipe.is_fifo(), link.is_symlink()) == (True, True)
    file = tmp_path / "file"
    file.write_text("before")
    call_command(command, str(project.pk), before, str(file))
    assert file.read_bytes() not in (b"before", b"")


@pytest.mark.django_db(transaction=True)
def test_name_that_is_not_utf8_is_shown_as_far_as_it_can_be(
    project: Project, olga: User, tmp_path: Path
) -> None:
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.csv"))
    file.write_text("text\nhello\n")
    call_command("import_dataset", str(project.pk), str(file))
    made = Import.objects.get()
    assert (made.name, made.created) == ("caf?.csv", 1)
