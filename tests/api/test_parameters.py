"""Invalid parameters are refused before anything happens, with the valid choices."""

from typing import Any

import pytest

from annotator.models import Annotation, Delivery, Import, Item, Project, User
from tests import loop
from tests.api.calls import assert_refused, at
from tests.given import Api, Fill

pytestmark = pytest.mark.django_db

WRONG = ("false", "true", "no", "2")


@pytest.mark.parametrize("value", WRONG)
def test_undo_of_an_import_takes_no_other_word_for_all_items(
    api: Api, project: Project, filled: Fill, olga: User, ana: User, value: str
) -> None:
    filled(project, 6)
    loop.label(project, ana, 2)
    work = Import.objects.get(project=project)
    url = at(project, f"/imports/{work.pk}")
    assert_refused(api(olga).delete(f"{url}?all={value}"), 422, "choice", "all")
    assert Item.objects.present(project).count() == 6
    assert api(olga).delete(f"{url}?all=0").json()["undo"]["removed"] == 4


@pytest.mark.parametrize("value", WRONG)
def test_dry_run_takes_no_other_word(
    api: Api, project: Project, olga: User, lea: User, value: str
) -> None:
    calls: list[tuple[User, str, dict[str, Any]]] = [
        (olga, "/imports", {"upload": "x"}),
        (lea, "/labels/merge", {"from": "spam", "into": "ham"}),
        (lea, "/labels/split", {"label": "spam", "names": ["a", "b"]}),
    ]
    for user, tail, body in calls:
        answer = api(user).post(at(project, f"{tail}?dry_run={value}"), body)
        assert_refused(answer, 422, "choice", "dry_run")
    assert list(project.labels.values_list("name", flat=True)) == ["spam", "ham"]


def test_annotation_is_not_saved_with_a_wrong_next(api: Api, stocked: Project, ana: User) -> None:
    lease = api(ana).post(at(stocked, "/next")).json()["lease"]
    body = {"lease": lease, "labels": ["spam"], "client_id": "6dbd15ba-8d3f-4fbb-8f5c-9b1d0e6e6c11"}
    url = at(stocked, "/annotations")
    assert_refused(api(ana).post(f"{url}?next=false", body), 422, "choice", "next")
    assert not Annotation.objects.filter(project=stocked).exists()
    assert "next" in api(ana).post(f"{url}?next=1", body).json()


def test_delivery_takes_no_other_word(api: Api, project: Project, lea: User) -> None:
    assert_refused(
        api(lea).get(at(project, "/delivery?per_label=spam")), 422, "choice", "per_label"
    )
    work = Delivery.objects.create(
        project=project, number=1, max_error=0.05, confidence=0.95, alpha=0.05
    )
    url = at(project, f"/deliveries/{work.number}")
    assert_refused(api(lea).delete(f"{url}?force=yes"), 422, "choice", "force")
    assert Delivery.objects.filter(pk=work.pk).exists()


def test_wrong_choice_is_told_what_there_is(api: Api, project: Project, olga: User) -> None:
    sent = {"username": "ana", "role": "x" * 1000}
    told = assert_refused(api(olga).post(at(project, "/members"), sent), 422, field="role")
    (each,) = told["errors"]
    assert each["code"] == "invalid_choice"
    assert each["detail"].endswith("Choose one of: annotator, lead, admin.")
    assert len(each["detail"]) < 150
