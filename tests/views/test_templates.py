"""Every template can be read: its tags, its filters, and what it extends or includes are there."""

from pathlib import Path

from django.conf import settings
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import get_template
from django.template.loader_tags import ExtendsNode, IncludeNode

FOLDER = Path(settings.BASE_DIR) / "templates"


def test_every_template_can_be_read() -> None:
    names = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.html"))
    assert len(names) > 60
    assert [fault for name in names for fault in faults(name)] == []


def faults(name: str) -> list[str]:
    """Return what is wrong with a template: that it cannot be read, or names one that cannot."""
    try:
        nodes = get_template(name).template.nodelist
        for kind, field in ((ExtendsNode, "parent_name"), (IncludeNode, "template")):
            for node in nodes.get_nodes_by_type(kind):
                other = getattr(node, field).var
                # A name that the page finds out is known only when it is shown.
                if isinstance(other, str):
                    get_template(other)
    except (TemplateSyntaxError, TemplateDoesNotExist) as problem:
        return [f"{name}: {problem!r}"]
    return []


# Beside a chart or in a card among others, what is missing is one quiet line.
QUIET = {
    "charts/_figure.html",
    "dashboard/_rounds.html",
    "dashboard/map.html",
    "delivery/_ended.html",
    "delivery/difference.html",
    "items/page.html",
    "labels/_label_edits.html",
    "operations/_installation.html",
    "quality/_quality.html",
}


def test_every_empty_list_is_shown_by_the_one_component() -> None:
    names = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.html")}
    lines = {name for name in names if 'class="empty"' in (FOLDER / name).read_text()}
    assert lines == QUIET
