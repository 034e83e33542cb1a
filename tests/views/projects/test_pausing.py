"""The pages of a paused project."""

from typing import Any

import pytest
from django.urls import reverse

from annotator.flow.annotation import bulk_pages
from annotator.flow.progress import stopping
from annotator.flow.projects import settings
from annotator.models import Annotation, Project, Source, User
from tests import loop
from tests.given import Fill, SignedIn

pytestmark = pytest.mark.django_db

RESUME = 'id="resume"'


def at(name: Any, project: Project) -> str:
    return reverse(name, args=[project.pk])


def page_of(client: Any, name: Any, project: Project) -> Any:
    return client.get(at(name, project)).content.decode()


def test_a_lead_pauses_on_the_dashboard_and_resumes_there(
    signed_in: SignedIn, project: Project, filled: Fill, lea: User, ana: User
) -> None:
    filled(project, 30)
    client = signed_in(lea)
    said = client.post(at("pause", project), {"reason": "Lunch"}, follow=True).content.decode()
    assert "Items on screen can still be saved." in said
    assert RESUME in said
    assert "Reason: “Lunch”" in said
    seen = page_of(signed_in(ana), "dashboard", project)
    assert "Reason: “Lunch”" in seen
    assert RESUME not in seen
    desk = page_of(signed_in(ana), "label:desk", project)
    assert "is-paused" in desk
    assert "Reason: “Lunch”" in desk
    for person in (lea, ana):
        listed = signed_in(person).get(reverse("projects")).content.decode()
        assert "Reason: “Lunch”" in listed
    said = client.post(at("resume", project), follow=True).content.decode()
    assert "Open labelling pages continue within seconds" in said
    assert RESUME not in said
    assert "is-paused" not in page_of(signed_in(ana), "label:desk", project)


def test_annotators_and_strangers_pause_nothing(
    signed_in: SignedIn, project: Project, ana: User, zed: User
) -> None:
    for name in ("pause", "resume"):
        assert signed_in(ana).post(at(name, project)).status_code == 403
        assert signed_in(zed).post(at(name, project)).status_code == 404
        assert signed_in(ana).get(at(name, project)).status_code == 405
    assert loop.refreshed(project).paused_at is None


def test_a_reason_that_is_too_long_pauses_nothing_and_says_so(
    signed_in: SignedIn, project: Project, lea: User
) -> None:
    given = {"reason": "x" * 501}
    said = signed_in(lea).post(at("pause", project), given, follow=True).content.decode()
    assert "500" in said
    assert loop.refreshed(project).paused_at is None


def test_a_resume_says_where_the_project_still_stops_by_itself(
    signed_in: SignedIn, project: Project, filled: Fill, lea: User, ana: User
) -> None:
    filled(project, 30)
    settings.change_settings(project, budget=2, auto_stop=True)
    loop.label(project, ana, 2)
    said = signed_in(lea).post(at("resume", project), follow=True).content.decode()
    assert "Budget spent: 2 of 2 labels. The project is paused; its lead can resume it." in said
    assert "Change the budget or the target" in said
    assert "you can stop" not in said
    listed = signed_in(lea).get(reverse("projects")).content.decode()
    assert "Paused: no new items are served." in listed


def test_a_page_of_the_bulk_desk_is_told_and_can_still_be_saved(
    signed_in: SignedIn, sure: Project, ben: User, lea: User
) -> None:
    client = signed_in(ben)
    leases = bulk_pages.take(sure, ben, "spam")
    keys = [str(lease.pk) for lease in leases]
    shown = {"page": leases[0].page, "lease": keys}
    assert client.post(at("bulk:keep", sure), shown).status_code == 204
    stopping.pause(sure, lea, "Lunch")
    told = client.post(at("bulk:keep", sure), shown)
    assert told.status_code == 200
    assert "“Lunch”. You can still save the item on your screen." in told.content.decode()
    given = {"label": "spam", "seconds": "3", "lease": keys, "marked": keys}
    after = client.post(at("bulk:confirm", sure), given, follow=True).content.decode()
    assert Annotation.objects.filter(source=Source.BULK).count() == len(keys)
    assert "<h2>Paused</h2>" in after
    undone = client.post(at("bulk:undo", sure), follow=True).content.decode()
    assert "Nothing was undone" in undone
    assert Annotation.objects.filter(source=Source.BULK, withdrawn_at=None).count() == len(keys)


def test_the_settings_page_says_when_each_change_holds(
    signed_in: SignedIn, project: Project, filled: Fill, lea: User, ana: User
) -> None:
    filled(project, 30)
    loop.label(project, ana, 3)
    client = signed_in(lea)
    form = client.get(at("settings", project)).context["form"]
    values = {name: form[name].value() for name in form.fields}
    given = {name: value for name, value in values.items() if value not in (None, False, [])}
    given |= {"overlap": "2", "batch_size": "30", "show_suggestions": "", "bulk_desk": "on"}
    del given["show_suggestions"]
    answer = client.post(at("settings", project), given, follow=True)
    said = answer.content.decode()
    assert "Effective immediately: Annotations per item, Show suggestions." in said
    assert "Effective from the next round: Items per round." in said
    assert "3 labelled items have fewer than 2 annotations." in said
    assert signed_in(ana).post(at("ask_missing", project)).status_code == 403
    said = client.post(at("ask_missing", project), follow=True).content.decode()
    assert "3 items requeued." in said
    assert "labelled items have fewer" not in said
