"""The page “Deliver”: what could go out, the proof under way, and what was frozen."""

import re
import xml.etree.ElementTree as ET

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from annotator.flow.delivery import freezing, outlook, planning, promises, proof, standing
from annotator.flow.operations import background_reports
from annotator.flow.projects.settings import create_project
from annotator.models import Delivery, DeliveryCheck, Job, Project, User
from annotator.projectsettings.item_selection import FINISH_ERROR
from tests import loop
from tests.flow.delivery.test_delivery import answer_checks, started, train
from tests.given import Region, SignedIn
from tests.kept import Kept, keeping

pytestmark = pytest.mark.django_db


def at(project: Project, query: str = "") -> str:
    return reverse("deliver", args=[project.pk]) + query


def shown(client: Client, project: Project, query: str = "") -> str:
    return client.get(at(project, query)).content.decode()


def with_reports() -> Project:
    project = train(loop.mail_project())
    background_reports.make_all(project.pk)
    return project


reported_once = keeping(lambda _patch: with_reports())


@pytest.fixture
def reported(reported_once: Kept, db: None, settings: Settings) -> Project:
    return reported_once.put(settings)


def freeze(delivery: Delivery) -> Delivery:
    freezing.start(delivery)
    freezing.freeze(delivery.pk)
    return loop.refreshed(delivery)


# Now ----------------------------------------------------------------------------------------------


def test_project_without_a_model_is_told_to_label(signed_in: SignedIn, db: None, lea: User) -> None:
    page = shown(signed_in(lea), loop.mail_project())
    assert "There is no model yet. Label some items first." in page
    assert "No deliveries yet." in page
    assert 'id="start-delivery"' not in page


def test_page_of_spans_says_that_nothing_is_promised_for_them(
    signed_in: SignedIn, db: None, lea: User
) -> None:
    project = create_project(lea, name="Names", task="text-spans", labels=["person", "place"])
    page = shown(signed_in(lea), project)
    assert "Deliveries aren&#x27;t available for spans" in page
    assert reverse("exports", args=[project.pk]) in page
    assert "There is no model yet" not in page
    assert 'class="promise"' not in page
    answer = signed_in(lea).post(reverse("finish_mode", args=[project.pk]), {"on": "1"})
    assert answer.status_code == 404


def test_page_tells_what_could_go_out_and_what_it_takes(
    signed_in: SignedIn, reported: Project, lea: User
) -> None:
    page = shown(signed_in(lea), reported, "?max_error=0.2")
    assert "People still need to label" in page
    assert "Start a delivery: checks of the model" in page
    assert 'value="0.2" checked' in page.replace(' id="id_max_error_4"', "").replace(
        " required", ""
    )
    assert "Items of each label in the pool, estimated" in page
    looser = shown(signed_in(lea), reported, "?max_error=0.01")
    assert re.search(r"; or [\d,]+, if (2|5|10|20)% wrong is allowed\.", looser)


@pytest.mark.parametrize("query", ["?max_error=x", "?max_error=9", "?confidence=-1&max_error=nan"])
def test_promise_that_means_nothing_shows_the_usual_one(
    signed_in: SignedIn, reported: Project, lea: User, query: str
) -> None:
    page = shown(signed_in(lea), reported, query)
    assert 'name="max_error" value="0.05000"' in page or 'name="max_error" value="0.05"' in page


def test_finish_mode_is_turned_on_and_off(
    signed_in: SignedIn, reported: Project, lea: User, ana: User
) -> None:
    client, address = signed_in(lea), reverse("finish_mode", args=[reported.pk])
    assert "Turn finish mode on" in shown(client, reported, "?max_error=0.1")
    answer = client.post(address, {"max_error": "0.1", "on": "1"}, follow=True)
    assert "Finish mode is on for at most 10% wrong labels" in answer.content.decode()
    assert answer.redirect_chain[-1][0] == at(reported, "?max_error=0.1")
    assert FINISH_ERROR.value(loop.refreshed(reported)) == 0.1
    assert "Use 5% instead" in shown(client, reported, "?max_error=0.05")
    client.post(address, {"max_error": "0.1"})
    assert FINISH_ERROR.value(loop.refreshed(reported)) is None
    assert client.get(address).status_code == 405
    assert signed_in(ana).post(address, {"on": "1"}).status_code in (403, 404)


def test_page_tells_what_the_newest_labels_brought(
    signed_in: SignedIn, reported: Project, lea: User
) -> None:
    report = reported.reports.get(kind=outlook.KIND)
    (now,) = report.found["history"]
    before = {**now, "model": -1, "labels": now["labels"] - 60, "machine": {"0.2": 100}}
    report.found["history"] = [before, now]
    report.save()
    brought = now["machine"]["0.2"] - 100
    words = f"The last 60 labels let the model label {brought:,} more items."
    assert words in shown(signed_in(lea), reported, "?max_error=0.2")
    assert "The last 60 labels" not in shown(signed_in(lea), reported, "?max_error=0.03")


def test_proof_tells_what_people_still_have_to_do(
    signed_in: SignedIn, reported: Project, lea: User
) -> None:
    delivery = started(reported, lea)
    page = shown(signed_in(lea), reported)
    told = standing.told(delivery)
    wanted = (
        rf"People still need to label {told['left']:,} items, about [\w ]+, and to check about "
    )
    assert re.search(wanted + rf"{told['checks_needed']} labels of the model, about \w+", page)


def test_curve_is_drawn_with_the_promise(signed_in: SignedIn, reported: Project, lea: User) -> None:
    address = reverse("deliver_curve", args=[reported.pk])
    picture = signed_in(lea).get(f"{address}?max_error=0.1&theme=dark&size=narrow").content.decode()
    ET.fromstring(picture)
    assert "at most 10% wrong" in picture
    reported.reports.all().delete()
    assert signed_in(lea).get(address).status_code == 404


def test_page_takes_a_bounded_number_of_queries(
    signed_in: SignedIn,
    reported: Project,
    lea: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client = signed_in(lea)
    with django_assert_max_num_queries(18):
        shown(client, reported)
    started(reported, lea)
    with django_assert_max_num_queries(18):
        shown(client, reported)


# Under way ----------------------------------------------------------------------------------------


def start_on_page(client: Client, project: Project, **more: object) -> None:
    given = {"max_error": "0.2", "confidence": "0.95", "only_attempt": "1", **more}
    answer = client.post(at(project), given)
    assert (answer.status_code, answer.url) == (302, at(project))


def test_delivery_is_started_followed_and_frozen(
    signed_in: SignedIn, reported: Project, lea: User, ana: User, region: Region
) -> None:
    client = signed_in(lea)
    start_on_page(client, reported)
    assert "Choosing what the model may label." in shown(client, reported)
    work = Delivery.objects.get()
    planning.plan(work.pk)
    proof.go_on(work.pk)
    page = shown(client, reported)
    assert "0 of about" in page
    assert "nobody sees which ones they are" in page
    address = page.split('id="deliver"')[1].split('hx-get="')[1].split('"')[0]
    assert client.get(address, headers=region("deliver")).status_code == 204
    answer_checks(work, ana, 50)
    told = client.get(address, headers=region("deliver")).content.decode()
    assert told.strip().startswith('<section id="deliver"')
    assert "Proven: of the" in told
    assert client.post(reverse("freeze_delivery", args=[reported.pk, 1])).status_code == 302
    assert "Writing the labels." in shown(client, reported)
    freezing.freeze(work.pk)
    page = shown(client, reported)
    assert "at most" in page
    assert f"/api/v1/projects/{reported.pk}/deliveries/1/export" in page
    assert "hx-get" not in page.split('id="deliver"')[1].split(">")[0]


def test_lead_may_be_content_with_what_is_proven_so_far(
    signed_in: SignedIn, reported: Project, lea: User, ana: User
) -> None:
    client, work = signed_in(lea), started(reported, lea)
    address = reverse("settle_delivery", args=[reported.pk, 1])
    assert 'id="settle"' not in shown(client, reported)
    page = client.post(address, follow=True).content.decode()
    assert "Nothing is proven yet" in page
    answer_checks(work, ana, 50)
    # As if a larger region were still open.
    told = loop.refreshed(work).standing["parts"][0]
    *safer, largest = told["rungs"]
    assert safer
    rung = {**largest, "is_proven": False, "bound": None}
    part = {**told, "rungs": [*safer, rung], "delivered": None, "is_over": False}
    Delivery.objects.filter(pk=work.pk).update(standing={"parts": [part]}, is_proven=False)
    assert "Proven so far: of" in shown(client, reported)
    client.post(address)
    assert loop.refreshed(work).parts[0]["settled"]
    assert loop.refreshed(work).is_proven
    assert 'id="freeze"' in shown(client, reported)


def test_start_that_is_refused_says_why(signed_in: SignedIn, reported: Project, lea: User) -> None:
    client = signed_in(lea)
    started(reported, lea)
    answer = client.post(at(reported), {"max_error": "0.2", "confidence": "0.95"}, follow=True)
    assert "Another delivery of this project is under way." in answer.content.decode()
    answer = client.post(at(reported), {"max_error": "much"}, follow=True)
    assert "Enter a number." in answer.content.decode()
    assert Delivery.objects.count() == 1


def test_chosen_labels_get_promises_of_their_own(
    signed_in: SignedIn, reported: Project, lea: User
) -> None:
    (spam,) = loop.ids(reported, "spam")
    start_on_page(signed_in(lea), reported, label=[spam])
    assert Delivery.objects.get().per_label == [spam]


def test_doubted_checks_are_told_to_wait_for_another_person(
    signed_in: SignedIn, reported: Project, lea: User, ana: User
) -> None:
    delivery = started(reported, lea)
    answer_checks(delivery, ana, 5, wrong={1})
    page = shown(signed_in(lea), reported)
    assert "1 check contradicts the model and waits for a second person." in page


def test_proof_without_hope_says_why(signed_in: SignedIn, reported: Project, lea: User) -> None:
    delivery = started(reported, lea)
    first = delivery.checks.filter(place__lt=4)
    first.update(verdict=DeliveryCheck.Verdict.WRONG)
    part = dict(loop.refreshed(delivery).standing["parts"][0], expected=None)
    Delivery.objects.filter(pk=delivery.pk).update(standing={"parts": [part]})
    page = shown(signed_in(lea), reported)
    assert "no number of checks proves the promise" in page


def test_failed_freeze_tells_its_error(signed_in: SignedIn, reported: Project, lea: User) -> None:
    delivery = started(reported, lea)
    Delivery.objects.filter(pk=delivery.pk).update(
        stage=Delivery.Stage.FREEZE,
        state=Job.State.FAILED,
        error="The disk is full.",
        is_proven=True,
    )
    assert "The disk is full." in shown(signed_in(lea), reported)
    promises.mend_failed()
    page = shown(signed_in(lea), reported)
    assert "The disk is full." in page
    assert 'id="freeze"' in page


def test_delivery_is_given_up_after_a_question(
    signed_in: SignedIn, reported: Project, lea: User
) -> None:
    started(reported, lea, only_attempt=False)
    client, address = signed_in(lea), reverse("remove_delivery", args=[reported.pk, 1])
    assert "All checks stay as annotations" in client.get(address).content.decode()
    page = client.post(address, follow=True).content.decode()
    assert "The delivery was given up." in page
    assert "Somebody gave it up." in page
    # A second attempt cannot be the only one.
    assert 'id="only-attempt"' not in shown(client, reported, "?max_error=0.2")


# Ended --------------------------------------------------------------------------------------------


def test_second_delivery_shows_its_changes(
    signed_in: SignedIn, reported: Project, lea: User, ana: User
) -> None:
    client = signed_in(lea)
    for _number in range(2):
        delivery = started(reported, lea)
        answer_checks(delivery, ana, 50)
        freeze(loop.refreshed(delivery))
    page = shown(client, reported)
    first, second = (reverse("delivery_changes", args=[reported.pk, n]) for n in (1, 2))
    assert second in page
    assert first not in page
    assert "compared with delivery 1" in client.get(second).content.decode()
    assert "no earlier delivery" in client.get(first).content.decode()


def test_one_that_went_out_is_not_deleted_by_accident(
    signed_in: SignedIn, reported: Project, lea: User, ana: User
) -> None:
    delivery = started(reported, lea)
    answer_checks(delivery, ana, 50)
    delivery = freeze(loop.refreshed(delivery))
    b"".join(freezing.stream(delivery, "jsonl"))
    client, address = signed_in(lea), reverse("remove_delivery", args=[reported.pk, 1])
    assert "Somebody downloaded it on" in client.get(address).content.decode()
    client.post(address)
    assert Delivery.objects.exists()
    client.post(address, {"force": "1"})
    assert not Delivery.objects.exists()
