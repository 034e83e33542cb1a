"""The navigation: five tabs, and on each only the pages that a role may open."""

import re
from typing import Any

import pytest
from django.urls import reverse

from annotator.models import Project, User
from annotator.views import navigation
from annotator.views.urls import project_urls
from tests.given import SignedIn

pytestmark = pytest.mark.django_db

PAGES = [page for tab in navigation.PROJECT_TABS for page in tab.pages]
NAV = re.compile(r'<nav class="top-nav".*?</nav>', re.DOTALL)
LINK = re.compile(r'href="([^"]*)"')


def links(client: Any, project: Project, view: str = "dashboard") -> set[str]:
    """Return the addresses in the menu of a project."""
    answer = client.get(reverse(view, args=[project.pk]))
    return set(LINK.findall(NAV.search(answer.content.decode())[0]))


def test_a_project_has_at_most_five_tabs() -> None:
    assert 2 < len(navigation.PROJECT_TABS) <= 5
    views = [page.view for page in PAGES]
    below = [name for page in PAGES for name in page.below]
    assert len(set(views + below)) == len(views + below)


@pytest.mark.parametrize("name", ["ana", "lea", "olga"])
def test_people_see_what_their_role_may_open(
    request: pytest.FixtureRequest, signed_in: SignedIn, project: Project, name: str
) -> None:
    client = signed_in(request.getfixturevalue(name))
    shown = links(client, project)
    for page in PAGES:
        address = reverse(page.view, args=[project.pk])
        if address in shown:
            assert client.get(address).status_code == 200, address
        elif page.is_for is navigation._always:
            assert client.get(address).status_code == 403, address
    assert len(shown) > 3


def test_pages_that_a_project_lacks_are_not_shown(
    signed_in: SignedIn, lea: User, project: Project
) -> None:
    bulk = reverse("bulk:page", args=[project.pk])
    Project.objects.filter(pk=project.pk).update(bulk_desk=False)
    assert bulk not in links(signed_in(lea), project)
    Project.objects.filter(pk=project.pk).update(bulk_desk=True)
    assert bulk in links(signed_in(lea), project)


def test_every_page_of_the_navigation_is_an_address_of_a_project() -> None:
    known = {url.name for url in project_urls if getattr(url, "name", None)}
    known |= {"label:desk", "bulk:page"}
    assert {page.view for page in PAGES} <= known
    assert {name for page in PAGES for name in page.below} <= known


def test_the_open_page_and_its_tab_are_marked(
    signed_in: SignedIn, lea: User, project: Project
) -> None:
    page = signed_in(lea).get(reverse("decisions", args=[project.pk])).content.decode()
    marked = re.findall(r'<a href="([^"]*)" aria-current="(\w+)"', NAV.search(page)[0])
    quality, decisions = (reverse(name, args=[project.pk]) for name in ("quality", "decisions"))
    assert marked == [(quality, "true"), (decisions, "page")]


def test_breadcrumbs_lead_back_to_the_project(
    signed_in: SignedIn, lea: User, project: Project
) -> None:
    page = signed_in(lea).get(reverse("decisions", args=[project.pk])).content.decode()
    crumbs = re.search(r'<nav class="crumbs".*?</nav>', page, re.DOTALL)[0]
    assert LINK.findall(crumbs) == [
        reverse("projects"),
        reverse("dashboard", args=[project.pk]),
        reverse("quality", args=[project.pk]),
    ]
    assert '<span aria-current="page">Decisions</span>' in crumbs


def test_the_installation_is_for_its_admins(
    signed_in: SignedIn, ana: User, olga: User, project: Project
) -> None:
    shown = signed_in(ana).get(reverse("projects")).content.decode()
    assert reverse("installation") not in shown
    olga.is_superuser = True
    olga.save()
    shown = signed_in(olga).get(reverse("projects")).content.decode()
    assert reverse("installation") in shown


def test_the_switch_lists_own_projects(signed_in: SignedIn, ana: User, project: Project) -> None:
    foreign = Project.objects.create(name="Of others")
    page = signed_in(ana).get(f"{reverse('project_switch')}?now={project.pk}").content.decode()
    here = reverse("dashboard", args=[project.pk])
    assert f'<a href="{here}" dir="auto" aria-current="true">{project.name}</a>' in page
    assert foreign.name not in page
    assert signed_in(ana).get(f"{reverse('project_switch')}?now=x").status_code == 200
