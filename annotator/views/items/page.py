"""Item list: found by words, filters and predictions, with one item open beside it."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db.models import prefetch_related_objects
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from annotator.errors import FlowError, NotFound
from annotator.flow.items import criteria, details, likeness, listing
from annotator.models import BulkEdit, Item, Role
from annotator.views import number_format, partials
from annotator.views.access import Access, Request, open_project, signed_in
from annotator.views.items import saved_views, told
from annotator.views.items.bulk_form import BulkForm
from annotator.views.items.filter_form import COLUMNS, GRID, TABLE, FilterForm
from annotator.views.labelling.context import FILTER_FROM, choices
from annotator.views.snippets import excerpt, excerpts

# For so long, a bulk edit is offered to be undone beside the list.
EDITS_SHOWN, MOST_EDITS = timedelta(hours=24), 3
COLUMNS_COOKIE, REMEMBERED = "winnow_columns", timedelta(days=365)
USUAL = ("label", "annotator", "predicted", "state", "remarks")


@require_safe
@signed_in
def items(request: Request, project_id: int) -> HttpResponse:
    """Show the items that match, as a table or as pictures."""
    access = opened(request, project_id)
    given = request.GET.copy()
    if not given.getlist("columns"):
        given.setlist("columns", [name for name in _columns(request) if name in COLUMNS])
    form = FilterForm(given, access.project)
    context = shared(request, access) | {"form": form}
    if request.htmx.target != "found":
        context |= saved_views.tabs(request, access)
    if not form.is_valid():
        return partials.render_partial(request, "items/page.html", "found", context, status=422)
    context |= _found(request, access, form.cleaned_data)
    answer = partials.render_partial(request, "items/page.html", "found", context)
    _remember_columns(request, access, answer)
    return answer


@require_safe
@signed_in
def moved(request: Request, project_id: int) -> HttpResponse:
    """Lead from the list's former address to where it is now."""
    access = open_project(request, project_id, Role.LEAD)
    query = request.GET.urlencode()
    return redirect(reverse("items", args=[access.project.pk]) + (f"?{query}" if query else ""))


@require_safe
@signed_in
def item(request: Request, project_id: int, item_id: int) -> HttpResponse:
    """Show one item with everything that is known of it."""
    access = opened(request, project_id)
    context = shared(request, access) | detail(access, details.find(access.project, item_id))
    return partials.render_partial(request, "items/item.html", "detail", context)


def opened(request: Request, project_id: int) -> Access:
    """Return the project with its labels loaded once, for flow and page."""
    access = open_project(request, project_id, Role.LEAD)
    prefetch_related_objects([access.project], "labels")
    return access


def shared(request: Request, access: Access) -> dict[str, Any]:
    """Return the context of list and item: labels, and how the list looks."""
    labels = choices(access, None, [])
    usual = GRID if access.type.media.name == "image" else TABLE
    view = request.GET.get("view", usual)
    columns = [name for name in _columns(request) if name in COLUMNS]
    given = request.GET.copy()
    given.pop("item", None)
    return {
        "access": access,
        "choices": labels,
        "has_picker": len(labels) >= FILTER_FROM,
        "here": given.urlencode(),
        "view": view if view in (TABLE, GRID) else usual,
        "columns": columns or list(USUAL),
        "column_titles": [COLUMNS[name] for name in columns or USUAL],
        "sought": request.GET.get("q", ""),
    }


def _columns(request: Request) -> list[str]:
    """Return the columns of the address, or those that were chosen last in this browser."""
    return request.GET.getlist("columns") or request.COOKIES.get(COLUMNS_COOKIE, "").split(".")


def _remember_columns(request: Request, access: Access, answer: HttpResponse) -> None:
    chosen = [name for name in request.GET.getlist("columns") if name in COLUMNS]
    told = ".".join(chosen)
    if chosen and request.COOKIES.get(COLUMNS_COOKIE) != told:
        answer.set_cookie(
            COLUMNS_COOKIE,
            told,
            max_age=REMEMBERED,
            path=reverse("items", args=[access.project.pk]),
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
        )


def detail(access: Access, found: Item) -> dict[str, Any]:
    """Return the context of one item."""
    known = details.whole(access.project, access.user, found)
    return {"item": found, "row": row(access, found, known), "told": told.whole(access, known)}


def row(access: Access, found: Item, known: dict[str, Any], sought: str = "") -> dict[str, Any]:
    """Return an item of the list with what is said of it in words."""
    return {
        "item": found,
        "key": excerpt(found.key, sought),
        "text": excerpt(found.text, sought),
        "parts": excerpts(found, sought),
        "stamp": details.stamp(known),
        **told.in_list(access, known),
    }


def bulk_edits(access: Access) -> list[BulkEdit]:
    """Return the newest bulk edits, as long as they run or can be undone."""
    since = timezone.now() - EDITS_SHOWN
    rows = BulkEdit.objects.filter(project=access.project, created_at__gte=since)
    return list(rows.select_related("user").defer("keys")[:MOST_EDITS])


# The list -----------------------------------------------------------------------------------------


def _found(request: Request, access: Access, asked: dict[str, Any]) -> dict[str, Any]:
    given = {name: request.GET.get(name, "") for name in (*criteria.NAMES, "by", "sort")}
    context: dict[str, Any] = {}
    try:
        query = listing.Query(
            access.project,
            access.user,
            criteria.parsed(access.project, given),
            criteria.sort_of(given),
            after=asked["after"],
        )
        found, context["like"] = _page(query, asked["like"])
    except NotFound:
        raise
    except FlowError as refusal:
        return {"problem": refusal.detail}
    known = details.of_items(access.project, access.user, found.items, found.predictions)
    sought = given["q"] if query.wanted.by == criteria.WORDS else ""
    rows = [row(access, *each, sought) for each in zip(found.items, known, strict=True)]
    return context | {
        "found": found,
        "rows": rows,
        "count": _count(found, is_ranked=asked["like"] is not None or query.wanted.is_by_meaning),
        "looked": _looked(found),
        "rest": _address(request.GET, found.after),
        "is_cut": len(found.items) < listing.SHOWN,
        "whole": number_format.count(access.project.population),
        "edits": bulk_edits(access),
        "split": _split_address(access, query.wanted, given),
        "chosen": number_format.count(len(query.wanted.ids)) if query.wanted.ids else "",
        "bulk": BulkForm(access.project, is_filtered=bool(query.wanted.active)),
        **_opened_beside(request, access),
    }


def _split_address(access: Access, wanted: criteria.Criteria, given: dict[str, str]) -> str:
    """Return where the label that is filtered by can be split; empty without one."""
    if not wanted.label or wanted.label < 0 or "labels" not in access.type.can:
        return ""
    own = ("label", "q", "by", "sort")
    more = {name: value for name, value in given.items() if value and name not in own}
    chosen = {"split-label": str(wanted.label), "split-q": given["q"], **more}
    return f"{access.page('label_set')}?{urlencode(chosen)}#split"


def _page(query: listing.Query, like: int | None) -> tuple[listing.Found, dict[str, Any] | None]:
    if like is None and query.wanted.is_by_meaning:
        return likeness.by_meaning(query), None
    if like is None:
        return listing.page(query), None
    near = details.find(query.project, like)
    shown = {"item": near, "text": excerpt(near.text), "parts": excerpts(near)}
    return likeness.more_like(query, near), shown


def _opened_beside(request: Request, access: Access) -> dict[str, Any]:
    """Return the context of the item that the address names."""
    key = request.GET.get("item", "")
    if not (key.isascii() and key.isdigit() and len(key) < 19):
        return {}
    found = Item.objects.present(access.project).filter(pk=int(key)).first()
    return {} if found is None else {"opened": detail(access, found)}


def _count(found: listing.Found, *, is_ranked: bool) -> str:
    if is_ranked:
        near = len(found.items)
        return ngettext("The nearest item", "The %(n)s nearest items", near) % {"n": near}
    shown = number_format.count(found.total)
    if not found.is_exact and found.after is not None:
        return _("%(n)s+ items") % {"n": shown}
    return ngettext("%(n)s item", "%(n)s items", found.total) % {"n": shown}


def _looked(found: listing.Found) -> str:
    """Describe the searched part of the pool; empty if it was all of it."""
    if found.looked is None or (found.looked[0] == 0 and found.after is None):
        return ""
    start, stop, whole = found.looked
    return _("Searched items %(first)s to %(last)s of %(total)s.") % {
        "first": number_format.count(start + 1),
        "last": number_format.count(stop),
        "total": number_format.count(whole),
    }


def _address(given: QueryDict, after: int | None) -> str:
    query: Any = given.copy()
    query.pop("item", None)
    query["after"] = "" if after is None else str(after)
    return str(query.urlencode())


def address(request: Request, access: Access, found: Item) -> str:
    """Return the address of the list with this item open."""
    given: Any = request.GET.copy()
    given["item"] = str(found.pk)
    return f"{reverse('items', args=[access.project.pk])}?{given.urlencode()}"


def render_detail(
    request: Request,
    access: Access,
    found: Item,
    *,
    said: str = "",
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    """Render the item after a change, and its row in the list; without htmx, go to its page."""
    if not request.htmx:
        place = address(request, access, found)
        return partials.redirect_with_message(request, place, said=said, problem=problem)
    found.refresh_from_db()
    context = shared(request, access) | detail(access, found)
    context |= {"said": said, "problem": problem, "is_answer": True}
    return render(request, "items/_detail.html", context, status=status)
