"""The parts of pages in all their states, for those who build pages."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from annotator.views import number_format
from annotator.views.access import Request, only_installation_admins, signed_in
from annotator.views.key_figures import KeyFigure, Trend

COLOURS = (
    "paper surface sunk ink quiet line edge accent accent-soft bad bad-soft good good-soft "
    "series-1 series-2 series-3 series-4 series-5 series-6"
).split()
TYPES = "text-small text-label text-body text-large text-title text-figure".split()
SPACES = "space-1 space-2 space-3 space-4 space-6 space-8".split()
# Those that pages use.
ICONS = (
    "chart-bar queue-list pencil-square check-badge cog-6-tooth rectangle-stack users "
    "server-stack user-circle lifebuoy inbox tag question-mark-circle check-circle "
    "information-circle exclamation-triangle x-mark chevron-down chevron-up-down bars-3 "
    "arrow-down-tray arrow-up-tray arrow-trending-up arrow-trending-down"
).split()


class SampleForm(forms.Form):
    """A field of each kind; one has an error."""

    name = forms.CharField(label=gettext_lazy("Name"), help_text=gettext_lazy("As people read it."))
    role = forms.ChoiceField(
        label=gettext_lazy("Role"),
        choices=[("a", gettext_lazy("annotator")), ("l", gettext_lazy("lead"))],
    )
    note = forms.CharField(label=gettext_lazy("Note"), widget=forms.Textarea(attrs={"rows": 2}))
    agreed = forms.BooleanField(label=gettext_lazy("Blind"), required=False)


@require_safe
@signed_in
def design(request: Request) -> HttpResponse:
    """Show every part of the design system."""
    only_installation_admins(request)
    form = SampleForm({"name": "", "role": "a", "note": _("Three words suffice.")})
    context = {
        "colours": COLOURS,
        "types": TYPES,
        "spaces": SPACES,
        "icons": ICONS,
        "form": form,
        "figures": _figures(),
        "tabs": _tabs(),
        "rows": _rows(),
        "notices": _notices(),
        "steps": _steps(),
    }
    return render(request, "operations/design.html", context)


def _figures() -> list[KeyFigure]:
    return [
        KeyFigure(
            id="sample-accuracy",
            title=_("Accuracy"),
            value=number_format.percent(0.93),
            notes=[_("95% CI 90–95%")],
            trend=Trend.of(0.021, _("%(n)s points") % {"n": number_format.points(0.021)}),
            about=[_("Measured on audit items.")],
        ),
        KeyFigure(
            id="sample-labelled",
            title=_("Labelled"),
            value=number_format.count(412),
            unit=_("of %(n)s") % {"n": number_format.count(2000)},
            share=(412, 2000),
        ),
        KeyFigure(
            id="sample-error",
            title=_("Label errors"),
            value=number_format.percent(0.04),
            trend=Trend.of(0.01, number_format.points(0.01), is_better_up=False),
        ),
        KeyFigure(id="sample-next", title=_("Next"), value=_("Import a file"), is_words=True),
    ]


def _tabs() -> list[dict[str, Any]]:
    titles = [_("Model"), _("Selection"), _("Rounds")]
    return [
        {"title": title, "url": "#tabs-title", "is_here": not place}
        for place, title in enumerate(titles)
    ]


def _rows() -> list[dict[str, Any]]:
    rows = [
        ("Ana", "good", _("active"), 412),
        ("Ben", "busy", _("invited"), 0),
        ("Cem", "bad", _("locked"), 1200),
        ("Dora", "", _("deactivated"), 37),
    ]
    return [
        {"name": name, "kind": kind, "words": words, "n": n, "labels": number_format.count(n)}
        for name, kind, words, n in rows
    ]


def _notices() -> list[tuple[str, str]]:
    return [
        ("success", _("The settings are saved.")),
        ("info", _("A round is running.")),
        ("warning", _("No worker is running.")),
        ("error", _("The file can't be read.")),
    ]


def _steps() -> list[dict[str, str]]:
    return [
        {"state": "is-done", "icon": "check-circle", "words": _("Items are imported")},
        {"state": "is-next", "icon": "pencil-square", "words": _("12 of 20 audit items labelled")},
        {"state": "", "icon": "chart-bar", "words": _("First accuracy estimate")},
    ]
