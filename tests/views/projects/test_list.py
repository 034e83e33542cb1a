"""One's projects, and a new one."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotator.flow.projects import settings
from annotator.models import Import, ModelVersion, Project, Tally, User
from tests.given import SignedIn
from tests.loop import ready_space

pytestmark = pytest.mark.django_db

NEW = {
    "name": "Reviews",
    "task": "text",
    "labels": "good | p\nbad | b\nmixed",
    "guidelines": "Look at the last sentence.",
    "strategy": "auto",
    "batch_size": "20",
    "retrain_every": "20",
    "retrain_seconds": "300",
    "overlap": "2",
    "audit_share": "15",
    "gold_share": "0",
    "second_share": "5",
    "lease_seconds": "600",
    "target_metric": "accuracy",
    "target_value": "90",
    "show_suggestions": "on",
    "features": "auto",
    "seed": "1",
}


@pytest.fixture
def root(db: Any) -> Any:
    return User.objects.create_superuser("root")


def test_members_see_their_project_and_strangers_do_not(
    signed_in: SignedIn, ana: User, zed: User, project: Project
) -> None:
    assert project.name in signed_in(ana).get(reverse("projects")).content.decode()
    page = signed_in(zed).get(reverse("projects")).content.decode()
    assert project.name not in page
    assert "Ask a project admin to add you" in page


def test_empty_list_tells_the_installation_admin_to_create_one(
    signed_in: SignedIn, root: Any
) -> None:
    page = signed_in(root).get(reverse("projects")).content.decode()
    assert "No projects yet" in page
    assert reverse("new_project") in page


def test_row_tells_how_far_and_how_good(signed_in: SignedIn, ana: User, project: Project) -> None:
    Project.objects.filter(pk=project.pk).update(items=1200)
    Tally.objects.create(project=project, user=ana, day="2026-01-01", labels=340, finished=340)
    ModelVersion.objects.create(
        project=project,
        space=ready_space(project),
        number=1,
        labels=[],
        trained_on=340,
        accuracy={"value": 0.93, "low": 0.9, "high": 0.95, "n": 60, "confidence": 0.95},
    )
    page = signed_in(ana).get(reverse("projects")).content.decode()
    assert "340 of 1,200 items labelled" in page
    assert "Accuracy 93% (95% CI 90–95%) on 60 audit items" in page


def test_estimate_from_too_few_items_is_not_shown(
    signed_in: SignedIn, ana: User, project: Project
) -> None:
    ModelVersion.objects.create(
        project=project,
        space=ready_space(project),
        number=1,
        labels=[],
        trained_on=9,
        accuracy={"value": 1.0, "low": 0.5, "high": 1.0, "n": 4, "confidence": 0.95},
    )
    assert "No accuracy estimate yet" in signed_in(ana).get(reverse("projects")).content.decode()


def test_list_costs_the_same_for_ten_projects_as_for_two(signed_in: SignedIn, olga: User) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            client.get(reverse("projects"))
        return len(seen)

    client = signed_in(olga)
    for number in range(2):
        settings.create_project(olga, name=f"p{number}", labels=["a", "b"])
    few = cost()
    for number in range(8):
        settings.create_project(olga, name=f"q{number}", labels=["a", "b"])
    assert cost() == few


def test_lead_sees_what_is_missing_who_is_active_and_the_week(
    signed_in: SignedIn, lea: User, ana: User, project: Project
) -> None:
    Project.objects.filter(pk=project.pk).update(items=100)
    today = timezone.now().date()
    Tally.objects.create(project=project, user=ana, day=today, labels=12, finished=12, audits=3)
    page = signed_in(lea).get(reverse("projects")).content.decode()
    assert "First accuracy estimate after 20 more audit items" in page
    assert "1 active: ana" in page
    assert "12 labels in 7 days" in page
    assert page.count("<rect ") == 7
    assert "No round yet" in page


def test_worker_that_never_came_is_missed_after_a_minute(
    signed_in: SignedIn, lea: User, ana: User, project: Project
) -> None:
    """Right after the first start it is on its way, and the page looks again soon."""
    fresh = signed_in(lea).get(reverse("projects")).content.decode()
    assert "No worker is running" not in fresh
    assert "every 2s" in fresh
    Project.objects.update(created_at=timezone.now() - timedelta(minutes=2))
    old = signed_in(lea).get(reverse("projects")).content.decode()
    assert "No worker is running" in old
    assert "every 10s" in old
    assert "No worker is running" not in signed_in(ana).get(reverse("projects")).content.decode()


def test_row_of_a_project_that_is_being_filled_waits_for_its_items(
    signed_in: SignedIn, olga: User, project: Project
) -> None:
    Import.objects.create(project=project, name="first.csv", format="csv")
    page = signed_in(olga).get(reverse("projects")).content.decode()
    assert "Import running" in page
    assert reverse("imports", args=[project.pk]) not in page
    state = re.search(r"state=(\w+)", page)[1]
    assert poll(signed_in(olga), state).status_code == 204
    Project.objects.filter(pk=project.pk).update(items=100)
    shown = poll(signed_in(olga), state).content.decode()
    assert "<html" not in shown
    assert reverse("label:desk", args=[project.pk]) in shown


def poll(client: Any, state: Any) -> Any:
    """Ask as the page does, again and again, for what has changed since `state`."""
    headers = {"HX-Request": "true", "HX-Target": "project_rows"}
    return client.get(reverse("projects"), {"q": "", "state": state}, headers=headers)


def test_annotator_keeps_a_simple_list(signed_in: SignedIn, ana: User, project: Project) -> None:
    Project.objects.filter(pk=project.pk).update(items=100, budget=1)
    today = timezone.now().date()
    Tally.objects.create(project=project, user=ana, day=today, labels=12, finished=12)
    page = signed_in(ana).get(reverse("projects")).content.decode()
    for leads_only in ("<rect ", "active", "Needs a decision", "No worker", "No round"):
        assert leads_only not in page


def test_decision_is_said_on_top(
    signed_in: SignedIn, lea: User, ana: User, project: Project
) -> None:
    Project.objects.filter(pk=project.pk).update(items=100, budget=10)
    Tally.objects.create(project=project, user=ana, day="2026-01-01", labels=12)
    page = signed_in(lea).get(reverse("projects")).content.decode()
    assert "Needs a decision" in page
    assert "Budget spent: 12 of 10 labels." in page


def test_many_projects_can_be_found_by_name(signed_in: SignedIn, olga: User) -> None:
    client = signed_in(olga)
    for number in range(5):
        settings.create_project(olga, name=f"Survey {number}", labels=["a", "b"])
    assert 'name="q"' not in client.get(reverse("projects")).content.decode()
    settings.create_project(olga, name="Letters <b>", labels=["a", "b"])
    assert 'name="q"' in client.get(reverse("projects")).content.decode()
    page = client.get(reverse("projects"), {"q": "letters <b"}).content.decode()
    assert page.count('class="card project"') == 1
    assert 'value="letters &lt;b"' in page
    page = client.get(reverse("projects"), {"q": "zebra"}).content.decode()
    assert "No projects match." in page


def test_only_installation_admins_create_projects(signed_in: SignedIn, olga: User) -> None:
    assert signed_in(olga).get(reverse("new_project")).status_code == 403
    assert signed_in(olga).post(reverse("new_project"), NEW).status_code == 403


def test_new_project_has_what_was_typed(signed_in: SignedIn, root: Any) -> None:
    answer = signed_in(root).post(reverse("new_project"), NEW)
    made = Project.objects.get()
    assert answer.url == reverse("imports", args=[made.pk])
    assert list(made.labels.values_list("name", "hotkey")) == [
        ("good", "p"),
        ("bad", "b"),
        ("mixed", ""),
    ]
    assert (made.overlap, made.audit_share, made.target_value) == (2, 0.15, 0.9)


def test_new_project_has_its_labels_described(signed_in: SignedIn, root: Any) -> None:
    labels = "good\ngood: better\nbad | b"
    told = "GOOD : was fun\n\ngood: better: was even more fun\ngood: would come again"
    signed_in(root).post(reverse("new_project"), {**NEW, "labels": labels, "descriptions": told})
    assert list(Project.objects.get().labels.values_list("name", "description")) == [
        ("good", "was fun would come again"),
        ("good: better", "was even more fun"),
        ("bad", ""),
    ]


def test_description_of_no_label_is_refused_at_its_field(signed_in: SignedIn, root: Any) -> None:
    told = "good: was fun\nugly: was not nice to look at"
    answer = signed_in(root).post(reverse("new_project"), {**NEW, "descriptions": told})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "“ugly: was not nice to look at” doesn’t" in page.replace("&#x27;", "’")
    assert "ugly: was not nice to look at</textarea>" in page
    assert not Project.objects.exists()


def test_form_offers_sound_defaults(signed_in: SignedIn, root: Any) -> None:
    page = signed_in(root).get(reverse("new_project")).content.decode()
    assert "More settings" in page
    assert 'name="audit_share" value="15"' in page


def test_project_with_one_label_is_refused_in_words(signed_in: SignedIn, root: Any) -> None:
    answer = signed_in(root).post(reverse("new_project"), {**NEW, "labels": "only"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "A project needs between 2 and" in page
    assert "only</textarea>" in page
    assert not Project.objects.exists()


def test_mistake_under_more_settings_opens_them(signed_in: SignedIn, root: Any) -> None:
    answer = signed_in(root).post(reverse("new_project"), {**NEW, "audit_share": "80"})
    assert answer.status_code == 422
    assert '<details class="card" open>' in answer.content.decode()


@pytest.mark.parametrize("labels", ["", "a\nA", "a | x\nb | x", "a | ?\nb"])
def test_labels_that_clash_are_refused(signed_in: SignedIn, root: Any, labels: str) -> None:
    answer = signed_in(root).post(reverse("new_project"), {**NEW, "labels": labels})
    assert answer.status_code == 422
    assert not Project.objects.exists()
