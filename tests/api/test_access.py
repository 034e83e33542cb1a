"""Who may call what: every route of the API, with every method, for every role."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver

from annotator.api.urls import ROUTES
from annotator.flow.projects import members, settings
from annotator.flow.queue import leasing
from annotator.models import (
    Annotation,
    Import,
    Invitation,
    Item,
    Membership,
    Project,
    QueueEntry,
    User,
)
from tests import loop
from tests.given import Api, Fill

pytestmark = pytest.mark.django_db

PROJECT = "projects/<int:pk>"
ROLES = ["ana", "lea", "olga"]
# SELF: of a user, for that user, and for installation admins.
ROOT, ANYBODY, SELF = "root", "anybody", "self"
# Their own tests check who may see a job, or an upload without a project.
OWN = "own"

# Each route and method with the lowest role that may use it; a route that is missing here does not
# exist.
CALLS = {
    ("auth/token", "post"): ANYBODY,
    ("users", "get"): ROOT,
    ("users", "post"): ROOT,
    ("users/<int:user>", "patch"): ROOT,
    ("users/<int:user>/invitation", "post"): ROOT,
    ("users/<int:user>/invitation", "delete"): ROOT,
    ("users/<int:user>/sessions", "get"): SELF,
    ("users/<int:user>/sessions/<int:session>", "delete"): SELF,
    ("users/<int:user>/tokens", "get"): SELF,
    ("users/<int:user>/tokens/<slug:token>", "delete"): SELF,
    ("projects", "get"): ANYBODY,
    ("encoders", "get"): ANYBODY,
    ("projects", "post"): ROOT,
    ("projects/import", "post"): ROOT,
    ("uploads", "get"): ROOT,
    ("uploads", "post"): ROOT,
    ("uploads/<uuid:key>", "patch"): OWN,
    ("uploads/<uuid:key>", "delete"): OWN,
    ("archives/<int:number>", "get"): OWN,
    ("archives/<int:number>/file", "get"): OWN,
    (f"{PROJECT}/archive", "post"): "olga",
    (f"{PROJECT}/clone", "post"): "olga",
    (PROJECT, "get"): "ana",
    (PROJECT, "patch"): "lea",
    (PROJECT, "delete"): "olga",
    (f"{PROJECT}/members", "get"): "olga",
    (f"{PROJECT}/members", "post"): "olga",
    (f"{PROJECT}/members", "delete"): "olga",
    (f"{PROJECT}/invitations", "get"): "olga",
    (f"{PROJECT}/invitations", "post"): "olga",
    (f"{PROJECT}/invitations/<int:number>", "post"): "olga",
    (f"{PROJECT}/invitations/<int:number>", "delete"): "olga",
    (f"{PROJECT}/imports", "get"): "olga",
    (f"{PROJECT}/imports", "post"): "olga",
    (f"{PROJECT}/imports/<int:number>", "get"): "olga",
    (f"{PROJECT}/imports/<int:number>", "delete"): "olga",
    (f"{PROJECT}/imports/<int:number>/cancel", "post"): "olga",
    (f"{PROJECT}/imports/<int:number>/report", "get"): "olga",
    (f"{PROJECT}/progress", "get"): "ana",
    (f"{PROJECT}/rounds", "get"): "lea",
    (f"{PROJECT}/rounds", "post"): "lea",
    (f"{PROJECT}/models", "get"): "lea",
    (f"{PROJECT}/curve", "get"): "lea",
    (f"{PROJECT}/items", "get"): "ana",
    (f"{PROJECT}/items/<int:item>", "delete"): "lea",
    (f"{PROJECT}/items/<int:item>/seed", "post"): "lea",
    (f"{PROJECT}/items/put-back", "post"): "lea",
    (f"{PROJECT}/items/bulk", "post"): "lea",
    (f"{PROJECT}/items/bulk/<int:number>", "get"): "lea",
    (f"{PROJECT}/items/bulk/<int:number>/undo", "post"): "lea",
    (f"{PROJECT}/labels/merge", "post"): "lea",
    (f"{PROJECT}/labels/split", "post"): "lea",
    (f"{PROJECT}/labels/edits/<int:number>", "get"): "lea",
    (f"{PROJECT}/labels/edits/<int:number>/undo", "post"): "lea",
    (f"{PROJECT}/assignments", "get"): "lea",
    (f"{PROJECT}/assignments", "post"): "lea",
    (f"{PROJECT}/assignments/<int:number>", "get"): "lea",
    (f"{PROJECT}/assignments/<int:number>", "delete"): "lea",
    (f"{PROJECT}/pause", "post"): "lea",
    (f"{PROJECT}/resume", "post"): "lea",
    (f"{PROJECT}/encoding/pause", "post"): "lea",
    (f"{PROJECT}/encoding/resume", "post"): "lea",
    (f"{PROJECT}/disagreements", "get"): "lea",
    (f"{PROJECT}/disagreements/<int:item>", "post"): "lea",
    (f"{PROJECT}/disagreements/<int:item>", "delete"): "lea",
    (f"{PROJECT}/predict", "post"): "ana",
    (f"{PROJECT}/export", "get"): "lea",
    (f"{PROJECT}/export/unaligned", "get"): "lea",
    (f"{PROJECT}/exports", "get"): "lea",
    (f"{PROJECT}/exports", "post"): "lea",
    (f"{PROJECT}/exports/<int:number>", "get"): "lea",
    (f"{PROJECT}/exports/<int:number>/file", "get"): "lea",
    (f"{PROJECT}/server-files", "get"): "olga",
    (f"{PROJECT}/delivery", "get"): "lea",
    (f"{PROJECT}/deliveries", "get"): "lea",
    (f"{PROJECT}/deliveries", "post"): "lea",
    (f"{PROJECT}/deliveries/<int:number>", "get"): "lea",
    (f"{PROJECT}/deliveries/<int:number>", "delete"): "lea",
    (f"{PROJECT}/deliveries/<int:number>/freeze", "post"): "lea",
    (f"{PROJECT}/deliveries/<int:number>/settle", "post"): "lea",
    (f"{PROJECT}/deliveries/<int:number>/export", "get"): "lea",
    (f"{PROJECT}/deliveries/<int:number>/card", "get"): "lea",
    (f"{PROJECT}/deliveries/<int:number>/model", "get"): "lea",
    (f"{PROJECT}/deliveries/<int:number>/difference", "get"): "lea",
    (f"{PROJECT}/uploads", "get"): "olga",
    (f"{PROJECT}/uploads", "post"): "olga",
    (f"{PROJECT}/uploads/<uuid:key>", "patch"): "olga",
    (f"{PROJECT}/uploads/<uuid:key>", "delete"): "olga",
    (f"{PROJECT}/desk", "post"): "ana",
    (f"{PROJECT}/desk/leave", "post"): "ana",
    (f"{PROJECT}/next", "post"): "ana",
    (f"{PROJECT}/annotations", "get"): "ana",
    (f"{PROJECT}/annotations", "post"): "ana",
    (f"{PROJECT}/annotations/<int:number>", "patch"): "ana",
    (f"{PROJECT}/annotations/<int:number>", "delete"): "ana",
    (f"{PROJECT}/annotations/<int:number>/revert", "post"): "ana",
    (f"{PROJECT}/leases/<str:lease>/<str:action>", "post"): "ana",
}
OF_PROJECT = [(route, method) for route, method in CALLS if route.startswith(PROJECT)]
METHODS = ["get", "post", "put", "patch", "delete"]


@pytest.fixture
def work(project: Project, filled: Fill, ana: User) -> Any:
    """One of everything that has an id, for the addresses."""
    imported = loop.bring_in(project, "a.csv", "text,label\nx\ny,spam\n")
    filled(project, 8)
    loop.label(project, ana, 1)
    lease = leasing.lease_next(project, ana)
    answered = Annotation.objects.get(user=ana)
    return {
        "import": imported.pk,
        "annotation": answered.pk,
        "lease": str(lease.pk),
        "item": lease.item_id,
        "user": ana.pk,
    }


def address(route: Any, project: Project, work: Any) -> str:
    number = work["annotation" if "annotations" in route else "import"]
    path = route.replace("<int:pk>", str(project.pk)).replace("<int:number>", str(number))
    path = path.replace("<int:item>", str(work["item"])).replace("<uuid:key>", work["lease"])
    path = path.replace("<int:user>", str(work["user"])).replace("<int:session>", "1")
    path = path.replace("<slug:token>", "0a1b2c")
    path = path.replace("<str:lease>", work["lease"]).replace("<str:action>", "extend")
    return f"/api/v1/{path}"


def state() -> Any:
    """Return what no refused call may change."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (Project, Membership, Annotation, Import, Invitation, QueueEntry, User)
    ]


@contextmanager
def taken_back() -> Iterator[None]:
    """Take back what a call changes, so that the next one finds everything as it was."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_every_route_is_in_the_table() -> None:
    assert {route for route, _method in CALLS} == {route for route, _view in ROUTES}
    patterns = next(p for p in get_resolver().url_patterns if str(p.pattern) == "api/v1/")
    known = {route for route, _view in ROUTES} | {f"{route}/" for route, _view in ROUTES}
    assert {str(pattern.pattern) for pattern in patterns.url_patterns} == known


def test_other_methods_are_refused(api: Api, project: Project, work: Any, olga: User) -> None:
    olga.is_superuser = True
    olga.save()
    client, routes = api(olga), {route for route, _method in CALLS}
    for route, method in {(r, m) for r in routes for m in METHODS} - CALLS.keys():
        answer = getattr(client, method)(address(route, project, work))
        assert answer.status_code == 405, (route, method)
        assert answer.json()["code"] == "method_not_allowed"


def test_nobody_gets_in_without_signing_in(client: Client, project: Project, work: Any) -> None:
    before = state()
    for route, method in CALLS:
        if CALLS[route, method] != ANYBODY:
            answer = getattr(client, method)(address(route, project, work))
            assert answer.status_code == 401, (route, method)
            assert answer.headers["WWW-Authenticate"]
            assert answer.json()["type"] == "unauthenticated"
    assert state() == before


def test_stranger_gets_404_and_changes_nothing(
    api: Api, project: Project, work: Any, zed: User
) -> None:
    before, client = state(), api(zed)
    for route, method in OF_PROJECT:
        path = address(route, project, work)
        answer = getattr(client, method)(path)
        assert answer.status_code == 404, (route, method)
        path = path.replace(f"projects/{project.pk}", "projects/987654")
        unknown = getattr(client, method)(path)
        assert (unknown.status_code, unknown.content) == (404, answer.content), (route, method)
    assert state() == before


@pytest.mark.parametrize(("route", "method"), [call for call in CALLS if "<int:user>" in call[0]])
def test_calls_of_a_user_are_unknown_to_others(
    api: Api, project: Project, work: Any, ana: User, olga: User, route: Any, method: Any
) -> None:
    before = state()
    answer = getattr(api(olga), method)(address(route, project, work))
    assert (answer.status_code, state()) == (404, before)
    unknown = getattr(api(olga), method)(address(route, project, {**work, "user": 987654}))
    assert (unknown.status_code, unknown.content) == (404, answer.content)
    own = getattr(api(ana), method)(address(route, project, work))
    assert (own.status_code == 403) is (CALLS[route, method] == ROOT)
    assert own.status_code < 500


@pytest.mark.parametrize("who", ROLES)
def test_role_decides(
    api: Api, request: pytest.FixtureRequest, project: Project, work: Any, who: Any
) -> None:
    client = api(request.getfixturevalue(who))
    before = state()
    for route, method in OF_PROJECT:
        with taken_back():
            answer = getattr(client, method)(address(route, project, work))
            allowed = ROLES.index(who) >= ROLES.index(CALLS[route, method])
            assert answer.status_code < 500, (route, method)
            assert (answer.status_code == 403) is not allowed, (route, method)
            if not allowed:
                assert answer.json()["type"] == "forbidden"
                assert state() == before, (route, method)


def test_only_admins_of_the_installation_make_people_and_projects(api: Api, olga: User) -> None:
    client = api(olga)
    for route, method in CALLS:
        if CALLS[route, method] == ROOT and "<" not in route:
            assert getattr(client, method)(f"/api/v1/{route}").status_code == 403, (route, method)


def test_project_that_was_deleted_is_gone_for_all(
    api: Api, project: Project, work: Any, olga: User
) -> None:
    settings.delete_project(project)
    client = api(olga)
    for route, method in OF_PROJECT:
        answer = getattr(client, method)(address(route, project, work))
        assert answer.status_code == 404, (route, method)


# Ids of another project --------------------------------------------------------------------------


@pytest.fixture
def other(db: Any, zed: User) -> Any:
    """A project of Zed's, in which Ana is no member."""
    made = settings.create_project(zed, name="Zed's", labels=["spam", "ham"])
    loop.fill(made, 3)
    return made


def test_annotations_of_another_project_are_not_there(
    api: Api, project: Project, work: Any, other: Any, zed: User, olga: User
) -> None:
    (foreign,) = loop.label(other, zed, 1)
    before = state()
    for where, who in ((project, olga), (other, olga), (project, zed)):
        for method, body in (("patch", {"labels": ["ham"]}), ("delete", {})):
            path = f"/api/v1/projects/{where.pk}/annotations/{foreign.pk}"
            assert getattr(api(who), method)(path, body).status_code == 404
    assert state() == before


def test_items_of_another_project_are_not_there(
    api: Api, project: Project, work: Any, other: Any, zed: User, lea: User, olga: User
) -> None:
    foreign = Item.objects.filter(project=other).first().pk
    before = state()
    body = {"labels": ["spam"], "client_id": str(uuid.uuid4())}
    for where, who in ((project, lea), (other, olga), (project, zed)):
        path = f"/api/v1/projects/{where.pk}/items"
        assert api(who).post(f"{path}/{foreign}/seed", body).status_code == 404
        assert api(who).get(f"{path}?like={foreign}").status_code == 404
    assert state() == before


def test_leases_of_another_project_or_person_are_not_there(
    api: Api, project: Project, work: Any, other: Any, zed: User, ben: User
) -> None:
    foreign = leasing.lease_next(other, zed)
    before = state()
    for key in (foreign.pk, work["lease"], uuid.uuid4(), "x"):
        for action in ("skip", "release", "extend"):
            path = f"/api/v1/projects/{project.pk}/leases/{key}/{action}"
            assert api(ben).post(path).status_code == 404
        body = {"lease": str(key), "labels": ["spam"], "client_id": str(uuid.uuid4())}
        path = f"/api/v1/projects/{project.pk}/annotations"
        assert api(ben).post(path, body).status_code == 404
    assert state() == before


def test_imports_of_another_project_are_not_there(
    api: Api, project: Project, other: Any, olga: User
) -> None:
    foreign = Import.objects.get(project=other)
    for tail in ("", "/report"):
        path = f"/api/v1/projects/{project.pk}/imports/{foreign.pk}{tail}"
        assert api(olga).get(path).status_code == 404


def test_colleagues_answers_are_not_an_annotators_business(
    api: Api, project: Project, work: Any, ben: User, lea: User
) -> None:
    path = f"/api/v1/projects/{project.pk}/annotations/{work['annotation']}"
    assert api(ben).patch(path, {"labels": ["ham"]}).status_code == 404
    assert api(ben).delete(path).status_code == 404
    assert api(lea).patch(path, {"labels": ["ham"]}).status_code == 200


def test_labels_of_another_project_are_unknown(
    api: Api, project: Project, image_project: Project, filled: Fill, ana: User
) -> None:
    filled(project, 2)
    lease = leasing.lease_next(project, ana)
    body = {"lease": str(lease.pk), "labels": ["cat"], "client_id": str(uuid.uuid4())}
    answer = api(ana).post(f"/api/v1/projects/{project.pk}/annotations", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_label")
    cat = image_project.labels.get(name="cat")
    body = {"labels": [{"id": cat.pk, "name": "mine"}, "b"]}
    olga = project.created_by
    assert api(olga).patch(f"/api/v1/projects/{project.pk}", body).status_code == 422
    body = {"rare_label": "cat"}
    assert api(olga).patch(f"/api/v1/projects/{project.pk}", body).status_code == 422


def test_project_cannot_be_swapped_in_query_or_body(
    api: Api, project: Project, other: Any, ana: User
) -> None:
    client = api(ana)
    seen = client.get(f"/api/v1/projects/{project.pk}/items?project={other.pk}&pk={other.pk}")
    assert (seen.status_code, seen.json()["code"]) == (422, "unknown_parameter")
    body = {"project": other.pk, "holding": []}
    assert client.post(f"/api/v1/projects/{project.pk}/next", body).status_code == 422


def test_starting_a_round_elsewhere_takes_no_place_there(api: Api, other: Any, ana: User) -> None:
    loop.make_features(other)
    assert api(ana).post(f"/api/v1/projects/{other.pk}/rounds").status_code == 404
    assert loop.start(other).number == 1


def test_removed_member_is_out_at_once(api: Api, project: Project, work: Any, ana: User) -> None:
    client = api(ana)
    members.remove_member(project, ana)
    body = {"lease": work["lease"], "labels": ["spam"], "client_id": str(uuid.uuid4())}
    assert client.post(f"/api/v1/projects/{project.pk}/annotations", body).status_code == 404
    assert client.post(f"/api/v1/projects/{project.pk}/next").status_code == 404


def test_lists_hold_ones_own_projects_only(
    api: Api, project: Project, other: Any, ana: User, zed: User
) -> None:
    for who, mine in ((ana, project), (zed, other)):
        results = api(who).get("/api/v1/projects").json()["results"]
        assert [each["id"] for each in results] == [mine.pk]


@pytest.mark.parametrize("pk", ["0", str(2**31), str(2**63), "9" * 30])
def test_ids_beyond_every_column_are_not_there(
    api: Api, project: Project, work: Any, olga: User, pk: Any
) -> None:
    for tail in ("", "/next", "/progress"):
        method = "post" if tail == "/next" else "get"
        assert getattr(api(olga), method)(f"/api/v1/projects/{pk}{tail}").status_code == 404
    base = f"/api/v1/projects/{project.pk}"
    assert api(olga).get(f"{base}/imports/{pk}").status_code == 404
    body = {"labels": ["ham"], "client_id": str(uuid.uuid4())}
    assert api(olga).post(f"{base}/items/{pk}/seed", body).status_code == 404
    assert api(olga).patch(f"{base}/annotations/{pk}", {"labels": ["ham"]}).status_code == 404


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v1/projects/x", "/api/v2/projects"])
def test_unknown_addresses_are_answered_in_json(api: Api, ana: User, path: str) -> None:
    answer = api(ana).get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
