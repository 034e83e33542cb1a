"""A paused or stopped project hands out nothing: every path that serves an item is walked."""

import re
import uuid
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from annotator.flow.annotation import bulk_pages
from annotator.flow.progress import stopping
from annotator.flow.projects import settings
from annotator.flow.queue import leasing, withdraw
from annotator.models import (
    Annotation,
    Item,
    Lease,
    ModelVersion,
    Project,
    QueueEntry,
    ReviewRequest,
    Source,
    User,
)
from tests import loop
from tests.given import Api, SignedIn

pytestmark = pytest.mark.django_db

TEXT = re.compile(r"number(\d+)\b")
WINDOW = "tab-1/load-1"


class Walk:
    """People at their desks in a project, and each way in which one of them may get an item.

    A way returns how many items it brought: by the answer, or as leases that were made.
    """

    def __init__(self, project: Project, people: Any, api: Any, signed_in: SignedIn) -> None:
        self.project, self.people = project, people
        self.api = {name: api(user) for name, user in people.items()}
        self.browser = {name: signed_in(user) for name, user in people.items()}

    def at(self, rest: Any) -> str:
        return f"/api/v1/projects/{self.project.pk}/{rest}"

    def page(self, name: Any) -> str:
        return reverse(name, args=[self.project.pk])

    def sync(self, who: Any, page: Any = WINDOW, **body: Any) -> Any:
        given = {"page": page, "person": self.people[who].pk, **body}
        return self.api[who].post(self.at("desk"), given).json()

    def brought(self, body: Any) -> int:
        return len(TEXT.findall(body.content.decode()))

    # Before ---------------------------------------------------------------------------------------

    def sit_down(self) -> None:
        """Have everybody hold something, as it is when a project is paused."""
        doubted = loop.label(self.project, self.people["ana"], 1)[0]
        self.held = self.api["lea"].post(self.at("next"), {}).json()["lease"]
        self.answered = loop.answer(leasing.lease_next(self.project, self.people["lea"]))
        self.held = self.api["lea"].post(self.at("next"), {}).json()["lease"]
        self.window = self.sync("ben", want=3, spares=3)
        assert len(self.window["next"]) == len(self.window["spares"]) == 3
        assert self.sync("ben", page="tab-7/load-1", want=1)["next"]
        self.confirm_a_page()
        self.form = self.lease_on_the_page("ana")
        beside = {"holding": [self.form]}
        self.skipped = self.api["ana"].post(self.at("next"), beside).json()["lease"]
        assert self.api["ana"].post(self.at(f"leases/{self.skipped}/skip"), {}).status_code == 204
        ReviewRequest.objects.create(
            project=self.project,
            item=doubted.item,
            about=doubted,
            kind=ReviewRequest.Kind.SUSPECT,
            why="",
            score=1.0,
            instead=[],
            rank=0,
            created_at=timezone.now(),
        )
        settings.change_settings(self.project, second_share=0.5)
        Project.objects.filter(pk=self.project.pk).update(has_looks=True)

    def confirm_a_page(self) -> None:
        leases = bulk_pages.take(self.project, self.people["olga"], "spam")
        assert leases
        keys = [str(lease.pk) for lease in leases]
        self.browser["olga"].post(
            self.page("bulk:confirm"),
            {"label": "spam", "seconds": "3", "lease": keys, "marked": keys},
        )
        assert Annotation.objects.filter(source=Source.BULK).exists()

    def lease_on_the_page(self, who: Any) -> Any:
        shown = self.browser[who].get(self.page("label:desk")).content.decode()
        return re.search(r'name="lease" value="([0-9a-f-]+)"', shown)[1]

    # The ways -------------------------------------------------------------------------------------

    def first_paint(self) -> Any:
        return self.brought(self.browser["ana"].get(self.page("label:desk")))

    def reload_of_a_tab(self) -> Any:
        self.browser["ben"].cookies["winnow_tab"] = "tab-7"
        return self.brought(self.browser["ben"].get(self.page("label:desk")))

    def page_of_a_lease(self) -> Any:
        address = self.page("label:desk") + f"?lease={self.form}"
        return self.brought(self.browser["ana"].get(address))

    def next_by_the_api(self) -> Any:
        return self.brought(self.api["lea"].post(self.at("next"), {}))

    def next_beside_what_is_held(self) -> Any:
        return self.brought(self.api["lea"].post(self.at("next"), {"holding": [self.held]}))

    def next_of_each_source(self) -> Any:
        """Serve from a queue of audits alone, then of gold items alone, and so on."""
        found = 0
        for source in (Source.AUDIT, Source.GOLD, Source.RANDOM, Source.ACTIVE):
            QueueEntry.objects.filter(state=QueueEntry.State.OPEN).update(source=source)
            found += self.next_beside_what_is_held()
        return found

    def next_from_a_dry_queue(self) -> Any:
        withdraw.withdraw_open(self.project)
        return self.next_beside_what_is_held()

    def second_look(self) -> Any:
        Project.objects.filter(pk=self.project.pk).update(second_share=1.0)
        before = Lease.objects.filter(source=Source.SECOND).count()
        for person in ("ben", "lea"):
            self.sync(person, page="tab-9/load-1", want=1)
        return Lease.objects.filter(source=Source.SECOND).count() - before

    def next_in_a_new_window(self) -> int:
        return len(self.sync("ben", page="tab-2/load-1", want=2)["next"])

    def offline_buffer(self) -> int:
        return len(self.sync("ben", page="tab-3/load-1", spares=3)["spares"])

    def window_that_lies(self) -> Any:
        """Return what it may go on with: all but the item that it shows."""
        held = [each["lease"] for each in [*self.window["next"], *self.window["spares"]]]
        heard = self.sync("ben", holding=held)
        assert held[0] not in heard["lost"]
        return len(held) - 1 - len(heard["lost"]) + len(heard["next"] + heard["spares"])

    def window_that_decides(self) -> Any:
        """Save what it shows, and return what it may go on with."""
        held = [each["lease"] for each in [*self.window["next"], *self.window["spares"]]]
        decision = {"kind": "label", "client_id": str(uuid.uuid4()), "lease": held[0]}
        heard = self.sync(
            "ben", holding=held[1:], want=2, decisions=[{**decision, "labels": ["spam"]}]
        )
        assert heard["decisions"][0]["state"] == "saved"
        return len(held) - 1 - len(heard["lost"]) + len(heard["next"])

    def undo_at_the_desk(self) -> int:
        decision = {"kind": "undo", "client_id": str(uuid.uuid4()), "annotation": None}
        heard = self.sync("ben", decisions=[decision])
        assert heard["decisions"][0]["code"] == "undone"
        return int(heard["decisions"][0]["next"] is not None)

    def undo_of_a_skip(self) -> int:
        decision = {"kind": "undo", "client_id": str(uuid.uuid4()), "lease": self.skipped}
        heard = self.sync("ana", page="tab-5/load-1", decisions=[decision])
        return int(heard["decisions"][0]["next"] is not None)

    def next_with_a_save(self) -> int:
        given = {"lease": self.held, "labels": ["spam"], "client_id": str(uuid.uuid4())}
        answer = self.api["lea"].post(self.at("annotations"), given)
        assert answer.status_code == 201
        return int(answer.json()["next"] is not None)

    def undo_by_the_api(self) -> int:
        answer = self.api["lea"].delete(self.at(f"annotations/{self.answered.pk}"))
        assert answer.json()["annotation"]["withdrawn_at"]
        return int(answer.json()["next"] is not None)

    def plain_form(self) -> Any:
        given = {"lease": self.form, "labels": "spam", "client_id": str(uuid.uuid4())}
        answer = self.browser["ana"].post(self.page("label:submit"), given, follow=True)
        assert Annotation.objects.filter(lease=self.form).exists()
        return self.brought(answer)

    def plain_undo(self) -> Any:
        return self.brought(self.browser["ana"].post(self.page("label:undo"), follow=True))

    def plain_skip(self) -> Any:
        mine = Lease.objects.filter(ended_at=None, user=self.people["lea"])
        lease = mine.order_by("item_id").first()
        given = {"lease": lease.pk if lease else self.held, "reason": ""}
        return self.brought(self.browser["lea"].post(self.page("label:skip"), given, follow=True))

    def bulk_page(self) -> Any:
        return self.brought(self.browser["ben"].get(self.page("bulk:page")))

    def bulk_page_again(self) -> Any:
        return self.brought(self.browser["olga"].get(self.page("bulk:page")))

    def bulk_undo(self) -> Any:
        """Return how many items came back by undoing the page of somebody."""
        before = Annotation.objects.filter(source=Source.BULK, withdrawn_at=None).count()
        self.browser["olga"].post(self.page("bulk:undo"), follow=True)
        return before - Annotation.objects.filter(source=Source.BULK, withdrawn_at=None).count()

    # In this order, as some ways settle what others need.
    WAYS = (
        "undo_of_a_skip first_paint reload_of_a_tab page_of_a_lease next_by_the_api "
        "next_beside_what_is_held "
        "next_of_each_source next_in_a_new_window offline_buffer window_that_lies "
        "next_with_a_save undo_by_the_api plain_form plain_undo plain_skip "
        "bulk_page bulk_page_again bulk_undo second_look window_that_decides undo_at_the_desk "
        "next_from_a_dry_queue"
    ).split()

    def go(self) -> Any:
        """Return for each way how many items it brought."""
        found = {}
        for way in self.WAYS:
            before = Lease.objects.count()
            found[way] = getattr(self, way)() or Lease.objects.count() - before
        return found


def by_its_lead(project: Project, lea: User) -> None:
    stopping.pause(project, lea, "New guidelines")


def by_its_budget(project: Project, lea: User) -> None:
    settings.change_settings(project, auto_stop=True, budget=1)


def by_its_goal(project: Project, lea: User) -> None:
    settings.change_settings(project, auto_stop=True, target_value=0.6)
    told = {"value": 0.9, "low": 0.8, "high": 0.95, "n": 60, "confidence": 0.95, "proven": 0.7}
    ModelVersion.objects.filter(project=project).update(accuracy=told)


@pytest.fixture
def walk(
    sure: Project,
    lea: User,
    ana: User,
    ben: User,
    olga: User,
    api: Api,
    signed_in: SignedIn,
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    # Reviews are drawn at random; here none is due before it is asked for.
    monkeypatch.setattr("random.random", lambda: 0.9)
    people = {"lea": lea, "ana": ana, "ben": ben, "olga": olga}
    walk = Walk(sure, people, api, signed_in)
    walk.sit_down()
    return walk


@pytest.mark.parametrize("stop", [by_its_lead, by_its_budget, by_its_goal])
def test_no_way_brings_an_item_of_a_paused_project(walk: Any, lea: User, stop: Any) -> None:
    stop(walk.project, lea)
    assert stopping.find_pause(loop.refreshed(walk.project))
    assert {way: n for way, n in walk.go().items() if n} == {}


def test_every_way_brings_an_item_of_a_project_that_goes_on(walk: Any) -> None:
    assert {way: n for way, n in walk.go().items() if not n} == {}


def test_each_item_that_was_given_back_waits_for_whoever_comes_after_the_pause(
    walk: Any, lea: User
) -> None:
    stopping.pause(walk.project, lea)
    walk.go()
    stopping.resume(walk.project)
    loop.label(loop.refreshed(walk.project), lea, 200)
    loop.label(loop.refreshed(walk.project), walk.people["ben"], 200)
    held = QueueEntry.objects.filter(state=QueueEntry.State.LEASED).values("item")
    left = Item.objects.exclude(state=Item.State.LABELLED).exclude(pk__in=held)
    assert not left.exists()
