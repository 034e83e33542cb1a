"""The card for a label that is looked for: a sentence first, and what would prove more."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotator.flow.evaluation import recall_sample
from annotator.flow.operations import background_reports
from annotator.flow.progress import recall_standing
from annotator.flow.projects import settings
from annotator.flow.queue import leasing
from annotator.models import Item, Project, RecallProof, Report, User
from annotator.views.dashboard.recall import at_least, prevalence, sentence
from tests import loop
from tests.given import Fill, SignedIn
from tests.views.operations.test_status import failed_round

pytestmark = pytest.mark.django_db

FOUND = {
    "items": 1000,
    "read": 400,
    "found": 41,
    "audits": 120,
    "most": 57,
    "recall": {"value": 41 / 48, "expected": 48, "low": 0.7299, "drawn": 0},
    "prevalence": {"n": 120, "seen": 6, "value": 0.05, "low": 0.02, "high": 0.1},
}


@pytest.fixture
def hunted(project: Project, filled: Fill) -> Any:
    settings.change_settings(project, rare_label="spam", audit_share=0.5)
    filled(project, 80)
    return project


def page_of(client: Any, project: Project) -> Any:
    answer = client.get(reverse("dashboard", args=[project.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_there_is_no_card_without_a_rare_label(
    signed_in: SignedIn, lea: User, project: Project
) -> None:
    assert 'id="screening"' not in page_of(signed_in(lea), project)


def test_card_is_for_leads(signed_in: SignedIn, lea: User, ana: User, hunted: Any) -> None:
    assert 'id="screening"' not in page_of(signed_in(ana), hunted)
    assert "is estimated after the next round" in page_of(signed_in(lea), hunted)


def test_card_says_whether_the_label_is_searched_for(
    signed_in: SignedIn, lea: User, hunted: Any
) -> None:
    assert "Set a target for the recall of the rare label to start it." in page_of(
        signed_in(lea), hunted
    )
    settings.change_settings(hunted, target_metric=Project.Metric.RECALL, target_value=0.9)
    assert "The search is on" in page_of(signed_in(lea), hunted)
    settings.change_settings(hunted, strategy="margin")
    assert "Select the strategy" in page_of(signed_in(lea), hunted)


def test_sentence_has_the_bound_and_what_it_rests_on() -> None:
    assert sentence(FOUND) == (
        "Recall 85%, at least 72% with 95% confidence: about 41 of 48 found, from 120 audit items."
    )
    drawn = {**FOUND["recall"], "drawn": 244}
    assert "120 audit items and a random sample of 244 items drawn" in sentence(
        {**FOUND, "recall": drawn}
    )


def test_bound_is_never_rounded_up() -> None:
    assert at_least(0.8599) == "85%"
    assert at_least(0.29) == "29%"
    assert at_least(1.0) == "100%"


def test_what_cannot_be_said_yet_is_said_to_be_missing() -> None:
    early = {**FOUND, "recall": None, "audits": 12}
    assert sentence(early).endswith("First estimate after 13 more audit items.")
    assert "None found yet in 400 items read" in sentence({**FOUND, "found": 0})
    unmet = {**FOUND["recall"], "value": None, "expected": None}
    assert "No random item was relevant" in sentence({**FOUND, "recall": unmet})
    few = {**FOUND, "prevalence": None, "audits": 5}
    assert "after 15 more audit items" in prevalence(few)


def test_prevalence_says_how_many_that_are() -> None:
    assert prevalence(FOUND) == (
        "Frequency 5% (95% CI 2–10%): 6 of 120 audit items, so 41 to 100 of the 1,000 items."
    )


def test_lead_has_a_sample_drawn_reads_it_and_sees_what_it_proves(
    signed_in: SignedIn, lea: User, ana: User, hunted: Any
) -> None:
    client = signed_in(lea)
    loop.label(hunted, ana, 50)
    background_reports.make_all(hunted.pk)
    assert 'id="prove"' in page_of(client, hunted)
    drawn = client.post(reverse("prove", args=[hunted.pk]), {"number": "30"}, follow=True)
    assert "30 items are served first." in drawn.content.decode()
    loop.label(hunted, ana, 10)
    page = page_of(client, hunted)
    assert "Sample 1: 10 of 30 items read" in page
    assert 'id="prove"' not in page
    loop.label(hunted, ana, 20)
    assert "The next round calculates what it proves" in page_of(client, hunted)
    background_reports.make_all(hunted.pk)
    page = page_of(client, hunted)
    spam = sum(
        loop.truth(item) == ["spam"]
        for item in Item.objects.filter(position__in=RecallProof.objects.get().positions)
    )
    assert f"Sample 1: {spam} of 30 items" in page
    assert "Recall 100" in page


@pytest.mark.parametrize("number", ["", "3", "100000", "many"])
def test_size_that_cannot_be_is_refused_in_words(
    signed_in: SignedIn, lea: User, hunted: Any, number: str
) -> None:
    answer = signed_in(lea).post(
        reverse("prove", args=[hunted.pk]), {"number": number}, follow=True
    )
    assert 'class="notice warning"' in answer.content.decode()
    assert not RecallProof.objects.exists()


def test_second_sample_is_refused_in_words(signed_in: SignedIn, lea: User, hunted: Any) -> None:
    client = signed_in(lea)
    for _time in range(2):
        answer = client.post(reverse("prove", args=[hunted.pk]), {"number": "10"}, follow=True)
    assert "Finish the previous sample first" in answer.content.decode()


def test_goal_without_a_label_says_what_to_do(
    signed_in: SignedIn, lea: User, project: Project
) -> None:
    settings.change_settings(project, target_metric="recall", target_value=0.9)
    assert "but no rare label is chosen in the settings" in page_of(signed_in(lea), project)


def test_goal_is_set_on_the_settings_page_and_reached(
    signed_in: SignedIn, lea: User, hunted: Any
) -> None:
    client = signed_in(lea)
    page = client.get(reverse("settings", args=[hunted.pk])).content.decode()
    assert "recall of the rare label" in page
    settings.change_settings(hunted, target_metric="recall", target_value=0.9)
    Report.objects.create(
        project=hunted,
        kind=recall_standing.KIND,
        seq=1,
        made_at=hunted.created_at,
        found={**FOUND, "label": hunted.rare_label_id, "steps": [], "proofs": []},
    )
    page = page_of(client, hunted)
    assert "Recall is at least 72.9% with 95% confidence. The target is 90%." in page
    Project.objects.filter(pk=hunted.pk).update(target_value=0.7)
    assert "you can stop" in page_of(client, hunted)


def test_card_costs_no_more_queries_with_many_labels(
    signed_in: SignedIn, lea: User, ana: User, hunted: Any
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            page_of(client, hunted)
        return len(seen)

    client = signed_in(lea)
    loop.label(hunted, ana, 30)
    background_reports.make_all(hunted.pk)
    cost()
    few = cost()
    loop.label(hunted, ana, 30)
    background_reports.make_all(hunted.pk)
    assert cost() == few <= 30


def test_sample_that_waits_is_asked_for_in_few_queries(
    signed_in: SignedIn, lea: User, ana: User, hunted: Any
) -> None:
    client = signed_in(lea)
    loop.label(hunted, ana, 40)
    background_reports.make_all(hunted.pk)
    settings.change_settings(hunted, target_metric="recall", target_value=0.9)
    client.post(reverse("prove", args=[hunted.pk]), {"number": "20"})
    with CaptureQueriesContext(connection) as seen:
        assert "Sample 1: 0 of 20 items read" in page_of(client, hunted)
    assert len(seen) <= 33


def test_what_was_known_stays_when_a_later_round_fails(
    signed_in: SignedIn, lea: User, ana: User, hunted: Any
) -> None:
    loop.label(hunted, ana, 60)
    background_reports.make_all(hunted.pk)
    before = sentence(Report.objects.get(kind=recall_standing.KIND).found)
    failed_round(hunted)
    page = page_of(signed_in(lea), hunted)
    assert before in page
    assert "Round 1 failed" in page


def test_one_label_only_is_told_without_a_model(
    signed_in: SignedIn, lea: User, ana: User, hunted: Any
) -> None:
    for _number in range(30):
        loop.answer(leasing.lease_next(hunted, ana), ["ham"])
    background_reports.make_all(hunted.pk)
    page = page_of(signed_in(lea), hunted)
    assert "None found yet in 30 items read" in page
    assert "Available once an item with the rare label is found." in page
    assert 'id="prove"' not in page


@pytest.mark.parametrize(("value", "is_told"), [(0.7, True), (0.8, False), (None, False)])
def test_reading_on_comes_before_proving(
    signed_in: SignedIn, lea: User, hunted: Any, value: Any, is_told: bool
) -> None:
    step = {"target": 0.8, "proven": False, "p_value": 0.5, "reads_needed": 90}
    Report.objects.create(
        project=hunted,
        kind=recall_standing.KIND,
        seq=1,
        made_at=hunted.created_at,
        found={
            **FOUND,
            "label": hunted.rare_label_id,
            "recall": {**FOUND["recall"], "value": value, "expected": value and 48},
            "steps": [step],
            "proofs": [],
        },
    )
    page = page_of(signed_in(lea), hunted)
    assert ("Read more items first" in page) == is_told
    assert 'value="90"' in page


def test_dashboard_with_a_goal_and_a_sample_costs_few_queries(
    signed_in: SignedIn, lea: User, hunted: Any, ana: User
) -> None:
    settings.change_settings(hunted, target_metric="recall", target_value=0.9)
    loop.label(Project.objects.get(pk=hunted.pk), ana, 30)
    background_reports.make_all(hunted.pk)
    recall_sample.draw(Project.objects.get(pk=hunted.pk), lea, 20)
    client = signed_in(lea)
    page_of(client, hunted)
    with CaptureQueriesContext(connection) as asked:
        page_of(client, hunted)
    # One of them is for the audits behind the one that the estimate waits for.
    assert len(asked) <= 34
