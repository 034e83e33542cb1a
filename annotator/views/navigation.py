"""Navigation: the tabs of a project and of the installation, their pages, and the breadcrumbs.

A page is one line here. Everything else that helps people find it (tabs, the line below them, the
menu on a phone, breadcrumbs) reads this registry.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from annotator.models import Role
from annotator.views.access import Access

# A text that is translated when it is shown.
Lazy = Any


def _always(_access: Access) -> bool:
    return True


def _has_bulk(access: Access) -> bool:
    return bool(access.project.bulk_desk) and "bulk" in access.type.can


def _simulates(access: Access) -> bool:
    return "simulate" in access.type.can


def _delivers(access: Access) -> bool:
    return "deliver" in access.type.can


def _has_encoders(access: Access) -> bool:
    return bool(access.type.media.pretrained)


@dataclass(frozen=True)
class Page:
    """A page by the name of its URL; `below` names the pages that are reached from it.

    `least` is the lowest role that may open it, `is_for` tells whether a project has it.
    """

    view: str
    title: Lazy
    least: Role = Role.ANNOTATOR
    below: tuple[str, ...] = ()
    is_for: Callable[[Access], bool] = _always

    def is_open_to(self, access: Access | None) -> bool:
        """Return whether the navigation shows it."""
        if access is None:
            return True
        return access.role in Role.at_least(self.least) and self.is_for(access)


@dataclass(frozen=True)
class Tab:
    """A tab: its icon, and its pages, the first of which it opens."""

    title: Lazy
    icon: str
    pages: tuple[Page, ...]
    # Only admins of the installation see it.
    for_admins: bool = False
    # The account menu leads there; it is no tab.
    is_own: bool = False


OVERVIEW = Tab(
    gettext_lazy("Overview"),
    "chart-bar",
    (
        Page("dashboard", gettext_lazy("Dashboard")),
        Page("map", gettext_lazy("Map"), Role.LEAD),
        Page("summary", gettext_lazy("Week"), Role.LEAD),
        Page("simulations", gettext_lazy("Simulate"), Role.LEAD, is_for=_simulates),
        Page("status", gettext_lazy("Status"), Role.LEAD),
    ),
)
ITEMS = Tab(
    gettext_lazy("Items"),
    "queue-list",
    (
        Page(
            "items",
            pgettext_lazy("navigation", "Browse"),
            Role.LEAD,
            below=("item", "delete_item"),
        ),
        Page("assignments", gettext_lazy("Assignments"), Role.LEAD),
        Page("imports", gettext_lazy("Import"), Role.ADMIN, below=("undo_import", "server_files")),
        Page("exports", gettext_lazy("Export"), Role.LEAD),
        Page(
            "deliver",
            gettext_lazy("Deliver"),
            Role.LEAD,
            below=("remove_delivery", "delivery_changes"),
            is_for=_delivers,
        ),
    ),
)
LABEL = Tab(
    gettext_lazy("Label"),
    "pencil-square",
    (
        Page("label:desk", pgettext_lazy("navigation", "One by one")),
        Page("bulk:page", gettext_lazy("Bulk"), is_for=_has_bulk),
        Page("own_labels", gettext_lazy("Your labels")),
        Page("own_work", gettext_lazy("Your work")),
    ),
)
QUALITY = Tab(
    gettext_lazy("Quality"),
    "check-badge",
    (
        Page("quality", pgettext_lazy("navigation", "Figures"), Role.LEAD),
        Page("decisions", gettext_lazy("Decisions"), Role.LEAD),
        Page("disagreements", gettext_lazy("Disagreements"), Role.LEAD),
    ),
)
SETTINGS = Tab(
    gettext_lazy("Settings"),
    "cog-6-tooth",
    (
        Page(
            "settings",
            pgettext_lazy("navigation", "General"),
            Role.LEAD,
            below=("label_preview", "delete_project"),
        ),
        Page(
            "label_set",
            gettext_lazy("Labels"),
            Role.LEAD,
            below=("guidelines", "guideline_version"),
        ),
        Page("members", gettext_lazy("People"), Role.ADMIN, below=("remove_member",)),
        Page("project_encoders", gettext_lazy("Encoders"), Role.LEAD, is_for=_has_encoders),
    ),
)
PROJECT_TABS = (OVERVIEW, ITEMS, LABEL, QUALITY, SETTINGS)

SITE_TABS = (
    Tab(
        gettext_lazy("Projects"),
        "rectangle-stack",
        (
            Page(
                "projects",
                gettext_lazy("Projects"),
                below=("setup_data", "new_project", "open_archive"),
            ),
        ),
    ),
    Tab(
        gettext_lazy("People"),
        "users",
        (Page("people", gettext_lazy("People"), below=("users", "person", "deactivate")),),
        for_admins=True,
    ),
    Tab(
        gettext_lazy("Installation"),
        "server-stack",
        (
            Page("installation", gettext_lazy("Status")),
            Page("encoders", gettext_lazy("Encoders"), below=("remove_encoder",)),
            Page("design", gettext_lazy("Design")),
        ),
        for_admins=True,
    ),
    Tab(
        gettext_lazy("Account"),
        "user-circle",
        (
            Page("account", gettext_lazy("Account")),
            Page("desk_preferences", gettext_lazy("Labelling preferences")),
            Page("help", gettext_lazy("Help")),
        ),
        is_own=True,
    ),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Return `nav` for the templates; nothing is computed for a region that does not show it."""
    return {"nav": SimpleLazyObject(lambda: shown(request))}


def shown(request: HttpRequest) -> dict[str, Any]:
    """Return the tabs that this person may open, the open tab and the breadcrumbs."""
    access: Access | None = getattr(request, "access", None)
    match = request.resolver_match
    here = match.view_name if match else ""
    if access is None:
        # An error page may come before anybody was recognised.
        is_admin = hasattr(request, "user") and request.user.is_superuser
        tabs = [each for each in SITE_TABS if is_admin or not each.for_admins]
    else:
        tabs = list(PROJECT_TABS)
    told = [each for each in (_tab(tab, access, here) for tab in tabs) if each["pages"]]
    current = next((tab for tab in told if tab["is_current"]), None)
    return {
        "tabs": [each for each in told if not each["is_own"]],
        "tab": current,
        "crumbs": _crumbs(access, current, here),
        "project": access.project if access else None,
    }


def _tab(tab: Tab, access: Access | None, here: str) -> dict[str, Any]:
    pages = [_page(page, access, here) for page in tab.pages if page.is_open_to(access)]
    return {
        "title": tab.title,
        "icon": tab.icon,
        "is_own": tab.is_own,
        "pages": pages,
        "url": pages[0]["url"] if pages else "",
        "is_current": any(page["is_current"] for page in pages),
    }


def _page(page: Page, access: Access | None, here: str) -> dict[str, Any]:
    return {
        "title": page.title,
        "url": reverse(page.view, args=[access.project.pk] if access else []),
        "is_here": here == page.view,
        "is_current": here == page.view or here in page.below,
    }


def _crumbs(
    access: Access | None, tab: dict[str, Any] | None, here: str
) -> Sequence[dict[str, Any]]:
    """Return the way to this page, from the project; the last is the page itself."""
    crumbs: list[dict[str, Any]] = []
    if access is not None:
        crumbs = [
            {"title": _("Projects"), "url": reverse("projects")},
            {"title": access.project.name, "url": access.page("dashboard"), "is_name": True},
        ]
    if tab is None:
        return crumbs
    page = next(each for each in tab["pages"] if each["is_current"])
    if len(tab["pages"]) > 1:
        crumbs.append({"title": tab["title"], "url": tab["url"]})
    crumbs.append({**page, "is_here": page["is_here"]})
    return crumbs
