"""Help page: first steps, the reader's own keys, terms, and further reading."""

from collections.abc import Iterator

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from annotator.flow.projects import preferences, shortcuts
from annotator.i18n import shortcut_texts
from annotator.models import User
from annotator.views.access import Request, signed_in

# The terms that annotators meet; docs/reference/glossary.md has all of them.
TERMS = (
    (
        gettext_lazy("Suggestion"),
        gettext_lazy("The model's answer, shown before yours. You decide."),
    ),
    (
        gettext_lazy("Blind item"),
        gettext_lazy("An item without a suggestion and a reason. Answer it like all others."),
    ),
    (
        gettext_lazy("Audit sample"),
        gettext_lazy("Random blind items that measure how accurate the model is."),
    ),
    (
        gettext_lazy("Gold item"),
        gettext_lazy("An item with a known answer, served among all others."),
    ),
    (
        gettext_lazy("Seed label"),
        gettext_lazy("A label from a file or a search, from which the model learns."),
    ),
    (
        gettext_lazy("Round"),
        gettext_lazy("The model is trained, the pool is scored, and new items are selected."),
    ),
    (
        gettext_lazy("Lease"),
        gettext_lazy("An item that is reserved for you while you decide."),
    ),
)


@require_safe
@signed_in
def help_page(request: Request) -> HttpResponse:
    """Show the first steps, and the reader's keys."""
    context = {"groups": list(_keys(request.user)), "terms": TERMS}
    return render(request, "account/help.html", context)


def _keys(user: User) -> Iterator[tuple[Promise, list[tuple[Promise, list[str]]]]]:
    own = preferences.keys_of(user)
    for group, title in shortcut_texts.GROUPS.items():
        actions = [each for each in shortcuts.ACTIONS.values() if each.group == group]
        yield (
            title,
            [(each.title, [shortcuts.cap(key) for key in own[each.name]]) for each in actions],
        )
