"""The page of quality, and one's own work."""

import re
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from annotator.flow.operations import background_reports
from annotator.flow.projects import settings
from annotator.models import Item, Project, Report, Tally, User
from tests import loop
from tests.given import Region, SignedIn
from tests.kept import Kept, keeping

pytestmark = pytest.mark.django_db


def labelled_by_two() -> Project:
    project = loop.by_two(loop.mail_project(), loop.person("ana"), loop.person("ben"))
    loop.go_round(project)
    background_reports.make_all(project.pk)
    return project


crowd_once = keeping(lambda _patch: labelled_by_two())


@pytest.fixture
def crowd(crowd_once: Kept, db: None, settings: Settings) -> Project:
    return crowd_once.put(settings)


def page_of(client: Any, project: Project, name: str = "quality") -> Any:
    answer = client.get(reverse(name, args=[project.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_sentence_has_its_interval_and_what_it_rests_on(
    signed_in: SignedIn, lea: User, crowd: Any
) -> None:
    page = page_of(signed_in(lea), crowd)
    alpha = background_reports.report(crowd, "quality")["overlap"]["alpha"]
    assert f"on {alpha['n']} items labelled by two annotators: alpha {alpha['value']:.2f} (" in page


def test_figures_come_before_the_sentences_that_explain_them(
    signed_in: SignedIn, lea: User, crowd: Any
) -> None:
    page = page_of(signed_in(lea), crowd)
    alpha = background_reports.report(crowd, "quality")["overlap"]["alpha"]
    figure = page[page.index('id="agreement-figure"') : page.index('id="effect-figure"')]
    assert f"alpha {alpha['value']:.2f}" in figure
    assert f"{alpha['n']} shared items" in figure
    assert 'class="sentence"' not in page
    assert 'id="suspects-figure"' in page


def test_people_stand_in_the_order_of_their_names(
    signed_in: SignedIn, lea: User, crowd: Any
) -> None:
    page = page_of(signed_in(lea), crowd)
    table = page[page.index('id="people-title"') :]
    assert table.index(">ana<") < table.index(">ben<")
    assert "Likely label errors" in page
    assert "Confusion matrix by annotator" in page


def test_item_is_listed_where_what_counts_is_not_the_consensus(
    signed_in: SignedIn, lea: User, crowd: Any
) -> None:
    page = page_of(signed_in(lea), crowd)
    assert "None: every current label matches the consensus." in page
    report = Report.objects.get(kind="quality")
    item = Item.objects.filter(project=crowd).first()
    spam, ham = crowd.labels.values_list("pk", flat=True).order_by("position")[:2]
    report.found["consensus"]["differing"] = [
        {"item": item.pk, "today": ham, "instead": spam, "proba": 0.934}
    ]
    report.save()
    page = page_of(signed_in(lea), crowd)
    row = page[page.index("Consensus differs from the current label") :].split("<tbody>")[1]
    assert f"?item={item.pk}" in row.split("</tr>")[0]
    cells = re.findall(r'<td dir="auto">([^<\n]+)</td>', row.split("</tr>")[0])
    assert cells == ["ham", "spam", "93%"]


@pytest.mark.parametrize(
    ("overlap", "words"),
    [
        (1, "Set “Annotations per item” to 2"),
        (2, "No item has been labelled by two annotators yet."),
    ],
)
def test_without_an_overlap_it_says_what_to_do(
    signed_in: SignedIn, lea: User, project: Project, ana: User, overlap: int, words: str
) -> None:
    settings.change_settings(project, overlap=overlap)
    loop.fill(project, 30)
    loop.label(project, ana, 5)
    background_reports.make_all(project.pk)
    page = page_of(signed_in(lea), project)
    assert words in page
    assert "once some items have been served with a suggestion" in page


def test_before_the_first_report_it_says_when_it_comes(
    signed_in: Any, lea: User, project: Project
) -> None:
    assert "The next round calculates it" in page_of(signed_in(lea), project)


def test_report_that_failed_says_so_beside_what_was_found_before(
    signed_in: SignedIn, lea: User, crowd: Any
) -> None:
    Report.objects.filter(kind="quality").update(error="The storage is full.")
    page = page_of(signed_in(lea), crowd)
    assert "The last calculation failed: The storage is full." in page
    assert "items labelled by two annotators" in page


def test_one_label_alone_has_no_alpha_and_says_how_many_agree(
    signed_in: SignedIn, lea: User, crowd: Any
) -> None:
    report = Report.objects.get(kind="quality")
    report.found["overlap"] = {
        "share": {"value": 1.0, "low": 0.91, "high": 1.0, "n": 40},
        "alpha": None,
    }
    report.save()
    page = page_of(signed_in(lea), crowd)
    assert "Agreement 100% (95% CI 91–100%) on 40 items" in page


def test_poll_answers_204_until_something_changed(
    signed_in: SignedIn, lea: User, crowd: Any, region: Region
) -> None:
    client = signed_in(lea)
    page = page_of(client, crowd)
    state = page.split("?state=")[1].split('"')[0]
    address = reverse("quality", args=[crowd.pk]) + f"?state={state}"
    assert client.get(address, headers=region("quality")).status_code == 204
    Tally.objects.filter(project=crowd).update(skips=3)
    assert client.get(address, headers=region("quality")).status_code == 200


def test_own_work_shows_nobody_else(signed_in: SignedIn, ana: User, ben: User, crowd: Any) -> None:
    page = page_of(signed_in(ana), crowd, "own_work")
    assert "Only you and the project" in page
    assert "ben" not in page
    assert "<dd>40</dd>" in page


@pytest.mark.parametrize("page", ["quality", "own_work"])
def test_figures_that_miss_newer_answers_say_of_when_they_are(
    signed_in: SignedIn, lea: User, ana: User, crowd: Any, page: str
) -> None:
    client = signed_in(lea)
    assert "Newer annotations are not included yet." not in page_of(client, crowd, page)
    loop.label(crowd, ana, 1)
    assert "Newer annotations are not included yet." in page_of(client, crowd, page)


def test_own_work_of_somebody_who_did_nothing_has_no_numbers(
    signed_in: SignedIn, ben: User, project: Project
) -> None:
    assert "<dd>–</dd>" in page_of(signed_in(ben), project, "own_work")


def test_quality_costs_few_queries(
    signed_in: SignedIn,
    lea: User,
    crowd: Any,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client = signed_in(lea)
    page_of(client, crowd)
    with django_assert_max_num_queries(15):
        page_of(client, crowd)
