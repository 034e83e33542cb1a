"""The one next action of a project, for its leads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from annotator.flow.progress import estimate
from annotator.views import number_format
from annotator.views.access import Access


@dataclass(frozen=True)
class NextStep:
    """What to do next: a title, a reason, and where."""

    title: str
    why: str
    url: str
    # An action of the page itself has its own button.
    is_link: bool = True


def next_step(access: Access, found: Mapping[str, Any]) -> NextStep:
    """Return the first of these that applies; `found` is the context of the dashboard."""
    progress = found["progress"]
    if not progress["items"]:
        return _import(access)
    if progress["paused"]:
        return NextStep(_("Resume the project"), _("No items are served."), "#paused", False)
    if not found["worker"]["alive"]:
        return NextStep(_("Start a worker"), "", access.page("status"))
    if any(each["failed"] for each in found["activity"]):
        return NextStep(_("See what failed"), "", access.page("status"))
    if progress["stop"]["advice"] == "stop":
        return _stop(access, progress, is_enough=found["is_enough"])
    if progress["aside"]:
        return _decide(access, progress["aside"])
    return _label(access, progress)


def _import(access: Access) -> NextStep:
    if access.administers:
        return NextStep(_("Import a file"), "", access.page("imports"))
    return NextStep(_("Wait for items"), _("An admin imports them."), access.page("items"))


def _stop(access: Access, progress: Mapping[str, Any], *, is_enough: bool) -> NextStep:
    budget = access.project.budget
    if is_enough or not budget or progress["answers"] < budget:
        return NextStep(_("Stop, and deliver"), "", access.page("deliver"))
    return NextStep(_("Stop, or raise the budget"), "", f"{access.page('settings')}#id_budget")


def _decide(access: Access, aside: int) -> NextStep:
    words = ngettext("%(n)s item was skipped by all", "%(n)s items were skipped by all", aside)
    why = words % {"n": number_format.count(aside)}
    return NextStep(_("Decide about skips"), why, access.page("decisions"))


def _label(access: Access, progress: Mapping[str, Any]) -> NextStep:
    missing = estimate.FIRST_ESTIMATE - progress["audits_answered"]
    why = ""
    if progress["accuracy"] is None and missing > 0:
        words = ngettext(
            "%(n)s more audit to the first estimate",
            "%(n)s more audits to the first estimate",
            missing,
        )
        why = words % {"n": number_format.count(missing)}
    return NextStep(_("Label"), why, access.page("label:desk"))
