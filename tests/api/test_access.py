"""Who may call what: every route of the API, with every method, for every role."""

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver

from annotator.api.urls import ROUTES
from annotator.flow.projects import members, settings
from annotator.flow.queue import leasing
from annotator.models import Annotation, Import, Item, Membership, Project, QueueEntry, User
from tests import loop
from tests.given import Api, Fill

pytestmark = pytest.mark.django_db

PROJECT = "projects/<int:pk>"
ROLES = ["ana", "lea", "olga"]
ROOT, ANYBODY = "root", "anybody"

# Each route and method with the least role that it is for; what is not here does not exist.
CALLS = {
    ("auth/token", "post"): ANYBODY,
    ("users", "get"): ROOT,
    ("users", "post"): ROOT,
    ("projects", "get"): ANYBODY,
    ("encoders", "get"): ANYBODY,
    ("projects", "post"): ROOT,
    (PROJECT, "get"): "ana",
    (PROJECT, "patch"): "lea",
    (PROJECT, "delete"): "olga",
    (f"{PROJECT}/members", "get"): "olga",
    (f"{PROJECT}/members", "post"): "olga",
    (f"{PROJECT}/members", "delete"): "olga",
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
    (f"{PROJECT}/pause", "post"): "lea",
    (f"{PROJECT}/resume", "post"): "lea",
    (f"{PROJECT}/encoding/pause", "post"): "lea",
    (f"{PROJECT}/encoding/resume", "post"): "lea",
    (f"{PROJECT}/disagreements", "get"): "lea",
    (f"{PROJECT}/disagreements/<int:item>", "post"): "lea",
    (f"{PROJECT}/disagreements/<int:item>", "delete"): "lea",
    (f"{PROJECT}/predict", "post"): "ana",
    (f"{PROJECT}/export", "get"): "lea",
    (f"{PROJECT}/exports", "get"): "lea",
    (f"{PROJECT}/exports", "post"): "lea",
    (f"{PROJECT}/exports/<int:number>", "get"): "lea",
    (f"{PROJECT}/exports/<int:number>/file", "get"): "lea",
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
    }


def address(route: Any, project: Project, work: Any) -> str:
    number = work["annotation" if "annotations" in route else "import"]
    path = route.replace("<int:pk>", str(project.pk)).replace("<int:number>", str(number))
    path = path.replace("<int:item>", str(work["item"])).replace("<uuid:key>", work["lease"])
    path = path.replace("<str:lease>", work["lease"]).replace("<str:action>", "extend")
    return f"/api/v1/{path}"


def state() -> Any:
    """Return what no refused call may change."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (Project, Membership, Annotation, Import, QueueEntry, User)
    ]


def test_every_route_is_in_the_table() -> None:
    assert {route for route, _method in CALLS} == {route for route, _view in ROUTES}
    patterns = next(p for p in get_resolver().url_patterns if str(p.pattern) == "api/v1/")
    known = {route for route, _view in ROUTES} | {f"{route}/" for route, _view in ROUTES}
    assert {str(pattern.pattern) for pattern in patterns.url_patterns} == known


@pytest.mark.parametrize("route", [route for route, _view in ROUTES])
def test_other_methods_are_refused(
    api: Api, project: Project, work: Any, olga: User, route: Any
) -> None:
    olga.is_superuser = True
    olga.save()
    for method in METHODS:
        if (route, method) not in CALLS:
            answer = getattr(api(olga), method)(address(route, project, work))
            assert answer.status_code == 405, (method, answer)
            assert answer.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize(("route", "method"), [call for call in CALLS if CALLS[call] != ANYBODY])
def test_nobody_gets_in_without_signing_in(
    client: Client, project: Project, work: Any, route: Any, method: Any
) -> None:
    before = state()
    answer = getattr(client, method)(address(route, project, work))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"]
    assert answer.json()["type"] == "unauthenticated"
    assert state() == before


@pytest.mark.parametrize(("route", "method"), OF_PROJECT)
def test_stranger_gets_404_and_changes_nothing(
    api: Api, project: Project, work: Any, zed: User, route: Any, method: Any
) -> None:
    before = state()
    answer = getattr(api(zed), method)(address(route, project, work))
    assert answer.status_code == 404
    assert state() == before
    unknown = getattr(api(zed), method)(
        address(route, project, work).replace(f"projects/{project.pk}", "projects/987654")
    )
    assert (unknown.status_code, unknown.content) == (404, answer.content)


@pytest.mark.parametrize("who", ROLES)
@pytest.mark.parametrize(("route", "method"), OF_PROJECT)
def test_role_decides(
    api: Api,
    request: pytest.FixtureRequest,
    project: Project,
    work: Any,
    route: Any,
    method: Any,
    who: Any,
) -> None:
    before = state()
    client = api(request.getfixturevalue(who))
    answer = getattr(client, method)(address(route, project, work))
    allowed = ROLES.index(who) >= ROLES.index(CALLS[route, method])
    assert answer.status_code < 500
    assert (answer.status_code == 403) is not allowed
    if not allowed:
        assert answer.json()["type"] == "forbidden"
        assert state() == before


@pytest.mark.parametrize(("route", "method"), [c for c in CALLS if CALLS[c] == ROOT])
def test_only_admins_of_the_installation_make_people_and_projects(
    api: Api, olga: User, route: Any, method: Any
) -> None:
    answer = getattr(api(olga), method)(f"/api/v1/{route}")
    assert answer.status_code == 403


@pytest.mark.parametrize(("route", "method"), OF_PROJECT)
def test_project_that_was_deleted_is_gone_for_all(
    api: Api, project: Project, work: Any, olga: User, route: Any, method: Any
) -> None:
    settings.delete_project(project)
    assert getattr(api(olga), method)(address(route, project, work)).status_code == 404


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
