"""A change through the API names the version it is based on, or changes only the given fields."""

from typing import Any

import pytest

from annotator.flow.projects import settings
from annotator.models import Project, User
from tests.given import Api

pytestmark = pytest.mark.django_db


def test_patch_with_a_stale_version_is_409_with_what_is_stored(
    api: Api, project: Project, olga: User
) -> None:
    client, path = api(olga), f"/api/v1/projects/{project.pk}"
    shown = client.get(path)
    version = shown.json()["version"]
    assert shown.headers["ETag"] == f'"{version}"'
    kept = ["spam", "ham", "refund"]
    changed = client.patch(path, {"labels": kept, "version": version})
    assert changed.status_code == 200
    assert changed.json()["version"] != version
    for stale in (
        client.patch(path, {"labels": ["spam", "ham"], "version": version}),
        client.patch(path, {"labels": ["spam", "ham"]}, headers={"If-Match": f'"{version}"'}),
        client.patch(path, {"guidelines": "x"}, headers={"If-Match": f'W/"{version}"'}),
    ):
        assert stale.status_code == 409
        body = stale.json()
        assert body["code"] == "stale_version"
        assert [each["name"] for each in body["current"]["labels"]] == kept
        assert body["current"]["version"] == changed.json()["version"]
    assert list(project.labels.values_list("name", flat=True)) == kept


@pytest.mark.parametrize("header", ["*", "", None])
def test_patch_without_a_version_changes_what_it_names(
    api: Api, project: Project, lea: User, header: Any
) -> None:
    settings.change_settings(project, guidelines="stays")
    sent = {} if header is None else {"If-Match": header}
    path = f"/api/v1/projects/{project.pk}"
    answer = api(lea).patch(path, {"overlap": 2}, headers=sent)
    assert answer.status_code == 200
    assert (answer.json()["overlap"], answer.json()["guidelines"]) == (2, "stays")


def test_current_version_is_taken_in_either_place(api: Api, project: Project, lea: User) -> None:
    client, path = api(lea), f"/api/v1/projects/{project.pk}"
    for number in (2, 3):
        version = client.get(path).json()["version"]
        sent = {"overlap": number}
        if number == 2:
            answer = client.patch(path, sent, headers={"If-Match": f'"{version}"'})
        else:
            answer = client.patch(path, sent | {"version": version})
        assert answer.status_code == 200


def test_labels_by_name_keep_their_ids(api: Api, project: Project, olga: User) -> None:
    client, path = api(olga), f"/api/v1/projects/{project.pk}"
    before = {each["name"]: each["id"] for each in client.get(path).json()["labels"]}
    after = client.patch(path, {"labels": ["ham", "spam", "new"]}).json()["labels"]
    assert [each["name"] for each in after] == ["ham", "spam", "new"]
    assert before.items() <= {each["name"]: each["id"] for each in after}.items()
