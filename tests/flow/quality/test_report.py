"""The quality report: annotators, agreement, and doubtful labels."""

from typing import Any

import numpy as np
import pytest

from annotator.flow.annotation import revise
from annotator.flow.operations import background_reports
from annotator.flow.progress import daily_counts
from annotator.flow.projects import settings
from annotator.flow.quality import report
from annotator.flow.queue import leasing
from annotator.models import Annotation, Project, ReviewRequest, Source, User
from selection.agreement import coefficients
from tests import loop
from tests.given import PutState

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(project: Project) -> Any:
    """A project whose lead wants second looks."""
    settings.change_settings(project, second_share=0.05)
    return project


@pytest.fixture
def crowd(put_state: PutState) -> Any:
    """A project in which two people answer every item; every fifth answer of Ben's is wrong."""
    return put_state(_crowd)


def _crowd() -> Project:
    project = loop.mail_project()
    return loop.by_two(project, loop.person("ana"), loop.person("ben"))


def table_of(project: Project) -> Any:
    """Return the answers as (items, people), straight from the rows."""
    names = list(project.labels.values_list("name", flat=True))
    found = {}
    for each in Annotation.objects.filter(project=project).select_related("user"):
        said = each.given.get().label.name
        found.setdefault(each.item_id, {})[each.user.username] = names.index(said)
    people = sorted({name for row in found.values() for name in row})
    return np.array([[row.get(name, -1) for name in people] for row in found.values()])


def test_agreement_is_that_of_the_table_of_answers(crowd: Any, ana: User, ben: User) -> None:
    found, table = report.build_report(crowd), table_of(crowd)
    alpha = found["overlap"]["alpha"]
    assert alpha["value"] == pytest.approx(coefficients.krippendorff_alpha(table))
    assert alpha["low"] < alpha["value"] < alpha["high"]
    both = table[(table >= 0).all(axis=1)]
    assert alpha["n"] == len(both)
    assert found["overlap"]["share"]["value"] == pytest.approx((both[:, 0] == both[:, 1]).mean())
    (pair,) = found["pairs"]
    assert {pair["a"], pair["b"]} == {ana.pk, ben.pk}
    assert pair["value"] == pytest.approx(coefficients.cohen_kappa(table[:, 0], table[:, 1]))
    (week,) = found["weeks"]
    assert week["value"] == alpha["value"]
    # With two labels, whether one is given says as much as which one.
    assert [each["value"] for each in found["labels"]] == [alpha["value"]] * 2


def test_consensus_tells_what_each_person_says_for_what(crowd: Any, ana: User) -> None:
    people = report.build_report(crowd)["consensus"]["people"]
    assert len(people) == 2
    for person in people:
        assert np.sum(person["confusion"], axis=1) == pytest.approx([1, 1], abs=0.01)
        assert person["n"] == report.build_report(crowd)["overlap"]["alpha"]["n"]


def test_paces_are_medians_without_outliers(project: Project, ana: User, ben: User) -> None:
    loop.fill(project, 30)
    loop.make_features(project)
    for seconds in (2.0, 4.0, 5000.0, 3.0, 9000.0):
        loop.answer(leasing.lease_next(project, ana), seconds=seconds)
    (pace,) = report.build_report(project)["people"]
    assert (pace["user"], pace["n"], pace["median"]) == (ana.pk, 5, 4.0)
    loop.answer(leasing.lease_next(project, ben), seconds=5000.0)
    paces = {each["user"]: each for each in report.build_report(project)["people"]}
    assert paces[ben.pk]["median"] == daily_counts.MOST_SECONDS


def test_wrong_labels_are_doubted_and_asked_again(project: Project, ana: User, ben: User) -> None:
    loop.fill(project, 120)
    loop.make_features(project)
    given = loop.label(project, ana, 90)
    loop.label(project, ben, 2)
    wrong_ones = [each for each in given if each.source != Source.AUDIT][:6]
    for wrong in wrong_ones:
        said = wrong.given.get()
        said.label = project.labels.exclude(pk=said.label_id).get()
        said.save()
    loop.go_round(project)
    background_reports.make_all(project.pk)
    suspects = background_reports.report(project, "quality")["doubts"]["suspect"]
    flipped = {each.pk: each.given.get().label_id for each in wrong_ones}
    found = [each for each in suspects if set(each["annotations"]) <= set(flipped)]
    assert len(found) >= 2
    assert all(each["given"] == [flipped[each["annotations"][0]]] for each in found)
    looks = ReviewRequest.objects.filter(kind=ReviewRequest.Kind.SUSPECT)
    doubted = {pk for each in suspects for pk in each["annotations"]}
    assert set(looks.values_list("about", flat=True)) == doubted
    # If only audits that disagree with the model were reviewed, audits would drift towards it.
    sources = Annotation.objects.filter(pk__in=doubted).values_list("source", flat=True)
    assert Source.AUDIT not in set(sources)


def test_without_a_share_for_them_nothing_is_asked_again(
    project: Project, ana: User, ben: User
) -> None:
    settings.change_settings(project, second_share=0)
    project = Project.objects.get(pk=project.pk)
    loop.fill(project, 80)
    loop.make_features(project)
    loop.label(project, ana, 40)
    loop.go_round(project)
    background_reports.make_all(project.pk)
    assert background_reports.report(project, "quality")["answers"] == 40
    assert not ReviewRequest.objects.exists()


def test_before_anybody_answered_there_is_nothing_to_tell(project: Project) -> None:
    found = report.build_report(project)
    assert found["answers"] == 0
    for part in ("overlap", "weeks", "labels", "pairs", "people", "effect", "doubts"):
        assert not found[part]


def test_answers_that_were_taken_back_count_nowhere(crowd: Any) -> None:
    Annotation.objects.filter(project=crowd).update(withdrawn_at=crowd.created_at)
    assert report.build_report(crowd)["answers"] == 0


def test_a_leads_corrections_leave_the_figures_about_people_alone(crowd: Any, lea: User) -> None:
    figures = ("overlap", "pairs", "others", "effect", "gold")
    before = report.build_report(crowd)
    for each in Annotation.objects.select_related("project", "user", "lease")[:40]:
        (said,) = each.given.values_list("label__name", flat=True)
        revise.correct(each, lea, ["ham" if said == "spam" else "spam"])
    after = report.build_report(crowd)
    assert {name: after[name] for name in figures} == {name: before[name] for name in figures}


def test_several_labels_an_item_are_compared_as_a_whole_and_one_by_one(
    project: Project, ana: User, ben: User
) -> None:
    Project.objects.filter(pk=project.pk).update(multi_label=True, overlap=2)
    project = Project.objects.get(pk=project.pk)
    loop.fill(project, 20)
    loop.make_features(project)
    for number in range(20):
        loop.answer(leasing.lease_next(project, ana), ["spam", "ham"] if number % 2 else ["spam"])
    for number in range(20):
        loop.answer(leasing.lease_next(project, ben), ["spam"] if number % 3 else ["spam", "ham"])
    found = report.build_report(project)
    assert (found["consensus"], found["overlap"]["alpha"]) == ({}, None)
    n = found["overlap"]["share"]["n"]
    assert 0 < found["overlap"]["share"]["value"] < 1
    by_label = {each["label"]: each for each in found["labels"]}
    spam = project.labels.get(name="spam").pk
    # Everybody always said spam, so agreement by chance is undefined.
    assert spam not in by_label
    (other,) = by_label.values()
    assert other["n"] == n
