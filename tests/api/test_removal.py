"""Deleting items and undoing imports by the API."""

from typing import Any

import pytest

from annotator.models import Import, Project, User
from tests import loop
from tests.given import Api, Fill

pytestmark = pytest.mark.django_db


def path(project: Project, rest: str = "") -> str:
    return f"/api/v1/projects/{project.pk}{rest}"


def newest(project: Project) -> Import:
    return Import.objects.filter(project=project).order_by("-pk")[0]


def test_lead_deletes_an_item(api: Api, project: Project, filled: Fill, lea: User) -> None:
    item = filled(project, 5)[2]
    assert api(lea).delete(path(project, f"/items/{item.pk}")).status_code == 204
    assert api(lea).delete(path(project, f"/items/{item.pk}")).status_code == 404
    found = api(lea).get(path(project, "/items")).json()["results"]
    assert len(found) == 4
    assert item.pk not in {each["id"] for each in found}
    assert api(lea).get(path(project, "/progress")).json()["items"] == 4


def test_annotators_may_not_delete_items(
    api: Api, project: Project, filled: Fill, ana: User
) -> None:
    item = filled(project, 2)[0]
    assert api(ana).delete(path(project, f"/items/{item.pk}")).status_code == 403
    assert loop.refreshed(item).text


def test_admin_undoes_an_import_and_is_told_what_became_of_it(
    api: Api, project: Project, filled: Fill, olga: User, ana: User
) -> None:
    filled(project, 30)
    loop.label(project, ana, 4)
    work = newest(project)
    url = path(project, f"/imports/{work.pk}")
    assert api(olga).get(url).json()["undo"] is None
    answer = api(olga).delete(url)
    assert answer.status_code == 202
    undo = answer.json()["undo"]
    assert (undo["state"], undo["removed"], undo["kept"], undo["done"]) == ("done", 26, 4, 30)
    assert api(olga).get(path(project, "/progress")).json()["items"] == 4
    assert api(olga).delete(f"{url}?all=1").json()["undo"]["removed"] == 30
    assert api(olga).get(path(project, "/progress")).json()["items"] == 0
    assert api(olga).delete(f"{url}?all=1").status_code == 409
    assert api(olga).delete(f"{url}?everything=1").status_code == 422


def test_many_items_are_left_to_a_worker(
    api: Api, project: Project, filled: Fill, olga: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from annotator.flow.datasets import undo_import

    monkeypatch.setattr(undo_import, "ITEMS_IN_REQUEST", 5)
    filled(project, 10)
    answer = api(olga).delete(path(project, f"/imports/{newest(project).pk}")).json()
    assert answer["undo"]["state"] == "queued"
    assert loop.refreshed(project).population == 10


@pytest.mark.parametrize("who", ["lea", "ana"])
def test_only_admins_undo_imports(
    api: Api, project: Project, filled: Fill, who: str, request: Any
) -> None:
    filled(project, 3)
    user = request.getfixturevalue(who)
    url = path(project, f"/imports/{newest(project).pk}")
    assert api(user).delete(url).status_code == 403
