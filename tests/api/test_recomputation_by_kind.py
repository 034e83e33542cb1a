"""The same for a project that searches for a rare label, and for one that compares pairs."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from annotator.flow.annotation import revise
from annotator.flow.datasets import export
from annotator.flow.evaluation import recall_sample
from annotator.flow.operations import background_reports
from annotator.flow.progress import recall_standing
from annotator.flow.projects import members, settings
from annotator.flow.queue import leasing, releasing
from annotator.models import Item, Project, User
from annotator.views import number_format
from annotator.views.charts.data import ChartData
from annotator.views.dashboard import recall
from tests import claims, loop
from tests.api.test_recomputation import check
from tests.given import Api
from tests.tasktypes import test_pairs as pairs

pytestmark = pytest.mark.django_db

RATE = 30


def exported(project: Project, labels: list[str]) -> claims.Export:
    lines = b"".join(export.stream(project, "jsonl", claims.INCLUDE)).splitlines()
    return claims.Export([json.loads(line) for line in lines], labels)


def work(project: Project, user: User, number: int, truth: Any, others: dict[str, str]) -> Any:
    """Label that many items, some of them wrongly, slowly, twice or in vain; skip one."""
    given = []
    for place in range(number):
        lease = leasing.lease_next(project, user)
        if lease is None:
            break
        right = truth(lease.item)
        said = others[right] if place % 6 == 5 else right
        given.append(loop.answer(lease, [said], seconds=7200.0 if place == 3 else 4.0))
    revise.correct(given[0], user, [others[given[0].given.get().label.name]])
    revise.withdraw(given[1], user)
    releasing.skip(leasing.lease_next(project, user), "hard")
    return given


def figures(project: Project, found: claims.Export, client: Any) -> Any:
    """Return the API's claims about the project, beside those of its export."""

    def ask(path: str) -> Any:
        return client.get(f"/api/v1/projects/{project.pk}/{path}").json()

    progress = ask("progress")
    models, rounds = ask("models")["results"], ask("rounds")["results"]
    yield from claims.of_progress(progress, found, RATE)
    yield from claims.of_search(progress["search"], found)
    yield from claims.of_models(models, found)
    yield from claims.of_rounds(rounds, models, found)
    yield from claims.of_curve(ask("curve")["results"], found)
    yield from of_items(ask, found)


def of_items(ask: Any, found: claims.Export) -> Any:
    labelled = ask("items?state=labelled&page_size=500")["results"]
    yield "items", "labelled", len(labelled), found.in_state("labelled")


# A search ----------------------------------------------------------------------------------------


@pytest.fixture
def searched(project: Project, ana: User, ben: User, lea: User, time_machine: Any) -> Project:
    """A project of two days that searches for “spam”, with a target for its recall."""
    time_machine.move_to(datetime(2026, 3, 9, 10, 0, tzinfo=UTC))
    settings.change_settings(
        project, rare_label="spam", target_metric="recall", target_value=0.9, audit_share=0.5
    )
    settings.change_settings(project, overlap=2, hourly_rate=RATE)
    loop.bring_in(project, "seeds.csv", "text,label\nfree prize x,spam\nlunch office y,ham\n")
    loop.fill(project, 160)
    loop.make_features(project)
    others = {"spam": "ham", "ham": "spam"}

    def truth(item: Any) -> str:
        return str(loop.truth(item)[0])

    for user in (ana, ben):
        work(loop.refreshed(project), user, 40, truth, others)
    loop.go_round(project)
    time_machine.move_to(datetime(2026, 3, 9, 10, 0, tzinfo=UTC) + timedelta(days=1))
    for user in (ana, ben):
        work(loop.refreshed(project), user, 50, truth, others)
    loop.go_round(project)
    background_reports.make_all(project.pk)
    return loop.refreshed(project)


def test_every_number_of_a_search_can_be_counted_again(
    searched: Project, api: Api, lea: User
) -> None:
    found = exported(searched, ["spam", "ham"])
    assert len(found.skips) > 2
    assert sum(bool(each["withdrawn_at"]) for each in found.answers) == 4
    seen = check(figures(searched, found, api(lea)))
    assert {("search", name) for name in ("read", "found", "recall")} <= seen
    check(of_report(searched, found))
    card = recall.card(ChartData(searched))
    real = found.search("spam")
    assert card is not None
    assert card["sentence"].startswith(f"{real['found']} found in {real['read']} items read.")
    frequency = real["frequency"]
    said = f"Frequency {number_format.percent(frequency['value'])}"
    assert card["prevalence"].startswith(said)


def of_report(project: Project, found: claims.Export) -> Any:
    told = background_reports.report(project, recall_standing.KIND)
    real = found.search("spam")
    for name in ("items", "read", "found", "audits", "recall"):
        yield "report", name, told[name], real[name]
    frequency = real["frequency"]
    yield "report", "share", told["prevalence"]["value"], frequency["value"]
    yield "report", "shared by", told["prevalence"]["n"], frequency["n"]


def test_drawn_sample_can_be_counted_again(
    searched: Project, lea: User, ana: User, ben: User
) -> None:
    drawn = recall_sample.draw(searched, lea, 10)
    for user in (ana, ben):
        loop.label(loop.refreshed(searched), user, 16)
    loop.go_round(searched)
    background_reports.make_all(searched.pk)
    found = exported(loop.refreshed(searched), ["spam", "ham"])
    (proof,) = background_reports.report(searched, recall_standing.KIND)["proofs"]
    rows = Item.objects.filter(project=searched, position__in=drawn.positions)
    positions = list(rows.values_list("pk", flat=True))
    settled = found.settled()
    unread = [item for item in positions if item not in settled]
    relevant = [item for item in positions if settled.get(item, "spam") == "spam"]
    check(
        [
            ("proof", "drawn", proof["drawn"], len(positions)),
            ("proof", "waiting", proof["waiting"], 0),
            ("proof", "seen", proof["seen"], len(relevant)),
        ]
    )
    assert len(unread) < 3


# Pairs -------------------------------------------------------------------------------------------


def test_every_number_of_pairs_can_be_counted_again(
    olga: User, ana: User, ben: User, lea: User, api: Api
) -> None:
    project = settings.create_project(olga, name="Replies", task="text-pairs", seed=3, batch_size=8)
    for name, role in (("ana", "annotator"), ("ben", "annotator"), ("lea", "lead")):
        members.add_member(project, name, role)
    settings.change_settings(project, overlap=2, audit_share=0.5, hourly_rate=RATE)
    pairs.fill(project, 100)
    loop.make_features(project)
    others = {"a": "b", "b": "tie", "tie": "a"}
    for _day in range(2):
        for user in (ana, ben):
            work(loop.refreshed(project), user, 35, pairs.right, others)
        loop.go_round(project)
    background_reports.make_all(project.pk)
    found = exported(loop.refreshed(project), ["a", "b", "tie"])
    assert len(found.judged()) >= 20
    seen = check(figures(loop.refreshed(project), found, api(lea)))
    assert len(seen) > 30
    check(of_agreement(project, found))


def of_agreement(project: Project, found: claims.Export) -> Any:
    told = background_reports.report(project, "quality")
    yield "quality", "answers", told["answers"], len(found.opinions())
    shared = found.unanimous()
    yield from (("quality", k, told["overlap"]["share"][k], shared[k]) for k in shared)
    alpha = found.alpha()
    for name in ("value", "low", "high", "n"):
        yield "quality", f"alpha {name}", told["overlap"]["alpha"][name], getattr(alpha, name)
