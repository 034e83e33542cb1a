"""Labels by the API: merged with a dry run and an undo, split, retired, grouped."""

from typing import Any

import pytest

from annotator.flow.projects import label_set, settings
from annotator.flow.queue import leasing
from annotator.models import Annotation, LabelEdit, Project, QueueEntry, Source, User
from tests import loop
from tests.given import Api, Fill

pytestmark = pytest.mark.django_db

COUNTS = ("annotations", "gold_items", "suggestions", "decisions", "deliveries", "open_leases")


@pytest.fixture
def labelled(project: Project, filled: Fill, ana: User) -> Any:
    """Six of eight items labelled by Ana; “junk mail” is a third label."""
    label_set.change_labels(project, [*named(project), "junk mail"])
    filled(project, 8)
    for each in ("spam", "junk mail", "ham") * 2:
        loop.answer(leasing.lease_next(project, ana), [each])
    return loop.refreshed(project)


def named(project: Project) -> Any:
    return [{"id": each.pk, "name": each.name} for each in project.labels.all()]


def at(project: Project, tail: str) -> str:
    return f"/api/v1/projects/{project.pk}/labels/{tail}"


def names(project: Project) -> list[str]:
    return list(project.labels.values_list("name", flat=True))


def said(project: Project) -> list[str]:
    rows = Annotation.objects.filter(project=project, withdrawn_at=None).order_by("pk")
    return list(rows.values_list("given__label__name", flat=True))


def test_dry_run_counts_and_the_merge_can_be_undone(api: Api, labelled: Project, lea: User) -> None:
    client, body = api(lea), {"from": "junk mail", "into": "spam"}
    dry = client.post(at(labelled, "merge?dry_run=1"), body)
    assert dry.status_code == 200
    assert dry.json() == {**body, **dict.fromkeys(COUNTS, 0), "annotations": 2}
    assert names(labelled) == ["spam", "ham", "junk mail"]
    answer = client.post(at(labelled, "merge"), body)
    told = answer.json()
    assert answer.status_code == 202
    assert (told["action"], told["state"], told["done"]) == ("merge", "done", 2)
    assert said(labelled) == ["spam", "spam", "ham"] * 2
    assert client.get(at(labelled, f"edits/{told['id']}")).json() == told
    undone = client.post(at(labelled, f"edits/{told['id']}/undo"))
    assert (undone.status_code, undone.json()["undone"]) == (202, 2)
    assert said(labelled) == ["spam", "junk mail", "ham"] * 2
    assert client.post(at(labelled, f"edits/{told['id']}/undo")).status_code == 409


def test_large_merge_is_left_to_a_worker(
    api: Api, labelled: Project, lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("annotator.flow.projects.label_merge.IN_REQUEST", 1)
    told = api(lea).post(at(labelled, "merge"), {"from": "junk mail", "into": "spam"}).json()
    assert (told["state"], told["total"], told["done"]) == ("queued", 2, 0)
    shown = api(lea).get(f"/api/v1/projects/{labelled.pk}").json()
    assert [each["name"] for each in shown["labels"]] == ["spam", "ham"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "from"),
        ({"from": "spam"}, "into"),
        ({"from": "spam", "into": "spam"}, "into"),
        ({"from": "odd", "into": "spam"}, "from"),
        ({"from": True, "into": "spam"}, "from"),
        ({"from": "spam", "into": 10**12}, "into"),
        ({"from": "spam", "into": "ham", "odd": 1}, "odd"),
    ],
)
def test_wrong_merge_names_the_field(
    api: Api, labelled: Project, lea: User, body: Any, field: str
) -> None:
    answer = api(lea).post(at(labelled, "merge"), body)
    assert answer.status_code in (400, 422)
    assert answer.json()["errors"][0]["field"] == field


def test_annotators_and_strangers_merge_nothing(
    api: Api, labelled: Project, ana: User, zed: User
) -> None:
    for user, status in ((ana, 403), (zed, 404)):
        for tail in ("merge", "split", "edits/1/undo"):
            assert api(user).post(at(labelled, tail), {}).status_code == status
        assert api(user).get(at(labelled, "edits/1")).status_code == status


def test_split_asks_the_items_again_and_keeps_the_history(
    api: Api, labelled: Project, lea: User, ana: User
) -> None:
    client = api(lea)
    body = {"label": "spam", "names": ["advert", "fraud"]}
    dry = client.post(at(labelled, "split?dry_run=1"), body)
    assert (dry.status_code, dry.json()["items"]) == (200, 2)
    told = client.post(at(labelled, "split"), body).json()
    assert loop.refreshed(LabelEdit.objects.get(pk=told["id"])).redo.action == "redo"
    run_redo(told["redo"])
    assert said(labelled) == ["junk mail", "ham"] * 2
    assert names(labelled) == ["spam", "advert", "fraud", "ham", "junk mail"]
    first = Annotation.objects.filter(project=labelled).order_by("pk").first()
    assert first.withdrawn_at is not None
    assert [each.action for each in first.revisions.all()] == ["withdrawn"]
    # Ana may answer again: she was not wrong.
    again = leasing.lease_next(loop.refreshed(labelled), ana)
    assert again.item_id == first.item_id
    loop.answer(again, ["fraud"])
    assert client.post(at(labelled, f"edits/{told['id']}/undo")).status_code == 202
    run_redo(told["redo"])
    assert sorted(said(labelled)) == ["fraud", "ham", "ham", "junk mail", "junk mail", "spam"]
    shown = client.get(f"/api/v1/projects/{labelled.pk}").json()["labels"]
    # Labels that are in use by now stay.
    assert [each["name"] for each in shown] == ["spam", "ham", "junk mail", "fraud"]
    assert not any(each["retired"] for each in shown)


def run_redo(pk: int) -> None:
    from annotator.flow.items import bulk

    assert bulk.run(pk) is not None


def test_audits_of_a_split_label_stay_blind_audits(
    api: Api, labelled: Project, lea: User, ana: User
) -> None:
    settings.change_settings(labelled, audit_share=0.5)
    project = loop.refreshed(labelled)
    loop.fill(project, 30, start=20)
    for lease in iter(lambda: leasing.lease_next(project, ana), None):
        loop.answer(lease, ["spam"])
    rows = QueueEntry.objects.filter(project=project).order_by("item")
    came = list(rows.values_list("item", "source", "blind"))
    assert Source.AUDIT in {source for _item, source, _blind in came}
    told = api(lea).post(at(project, "split"), {"label": "spam", "names": ["a"]}).json()
    run_redo(told["redo"])
    assert rows.filter(state=QueueEntry.State.OPEN).count() == told["total"] > 20
    assert list(rows.values_list("item", "source", "blind")) == came


def test_split_of_some_of_the_items(api: Api, labelled: Project, lea: User) -> None:
    item = Annotation.objects.filter(given__label__name="ham").first().item_id
    body = {"label": "ham", "names": ["note"], "items": [item], "retire": False}
    told = api(lea).post(at(labelled, "split"), body).json()
    run_redo(told["redo"])
    assert said(labelled).count("ham") == 1


def test_labels_are_retired_coloured_and_grouped(
    api: Api, labelled: Project, lea: User, ana: User
) -> None:
    client, spam = api(lea), labelled.labels.get(name="spam").pk
    labels = [
        {"id": spam, "name": "spam", "color": "red"},
        {"name": "ham"},
        {"name": "junk mail", "parent": "spam", "retired": True},
    ]
    shown = client.patch(f"/api/v1/projects/{labelled.pk}", {"labels": labels}).json()["labels"]
    told = [(each["name"], each["color"], each["parent"], each["retired"]) for each in shown]
    assert told[:2] == [("spam", "red", None, False), ("ham", "", None, False)]
    assert told[2:] == [("junk mail", "", spam, True)]
    # It is no longer offered; a label from a window that was open still counts.
    page = api(ana).post(f"/api/v1/projects/{labelled.pk}/next", {}).json()
    body = {"lease": page["lease"], "labels": ["junk mail"]}
    body["client_id"] = "0d1c1a4e-5a3c-4c5e-8a77-0d5f4a1b2c3d"
    assert api(ana).post(f"/api/v1/projects/{labelled.pk}/annotations", body).status_code == 201


@pytest.mark.parametrize(
    "labels",
    [
        [{"name": "a", "color": "#f00"}, "b"],
        [{"name": "a", "parent": "a"}, "b"],
        [{"name": "a", "parent": "odd"}, "b"],
        [{"name": "a", "parent": "b"}, {"name": "b", "parent": "c"}, "c"],
    ],
)
def test_odd_colours_and_groups_are_refused(
    api: Api, project: Project, lea: User, labels: Any
) -> None:
    answer = api(lea).patch(f"/api/v1/projects/{project.pk}", {"labels": labels})
    assert answer.status_code in (400, 422)
    assert names(project) == ["spam", "ham"]
