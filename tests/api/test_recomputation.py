"""Every number shown about finished work can be recomputed from the export."""

import json
import re
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotator.flow.annotation import payload, revise
from annotator.flow.datasets import export
from annotator.flow.operations import background_reports
from annotator.flow.progress import estimate, summary
from annotator.flow.projects import members, settings
from annotator.flow.queue import leasing, releasing
from annotator.flow.review import candidates
from annotator.models import Item, Label, Project, ReviewRequest, Tally, User
from annotator.views import number_format
from annotator.views.charts import registry
from annotator.views.charts.data import ChartData
from selection.evaluation import per_class
from tests import claims, loop
from tests.given import Api

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 3, 9, 10, 0, tzinfo=UTC)
RATE = 30
PEOPLE = ("ana", "ben", "cem")


@pytest.fixture
def people(project: Project, ana: User, ben: User) -> Any:
    cem = User.objects.create_user("cem")
    members.add_member(project, "cem")
    return ana, ben, cem


def answer(lease: Any, number: Any, **said: Any) -> Any:
    """Answer as somebody would: mostly right, sometimes slowly, now and then wrong."""
    right = loop.truth(lease.item)
    wrong = [name for name in ("spam", "ham") if name not in right]
    seconds = [2.0, 3.5, None, 8.0, 5.25][number % 5]
    given = {"seconds": seconds, "labels": wrong if number % 7 == 3 else right, **said}
    return loop.answer(lease, **given)


def work(project: Project, person: Any, number: Any, start: Any = 0) -> Any:
    """Label that many items, and return the answers."""
    given = []
    for place in range(start, start + number):
        lease = leasing.lease_next(project, person)
        if lease is None:
            break
        given.append(answer(lease, place))
    return given


def change_minds(person: Any, lead: Any, given: Any) -> None:
    """Correct two answers, take back two for good, and answer one anew."""
    for each, by in ((given[0], person), (given[1], lead)):
        (other,) = {"spam", "ham"} - set(payload.label_names(each))
        revise.correct(each, by, [other], note="on second thoughts")
    revise.withdraw(given[2], lead)
    revise.undo(given[3], person)
    answer(revise.undo(given[4], person), 0)


@pytest.fixture
def lived(project: Project, people: Any, lea: User, olga: User, time_machine: Any) -> Any:
    """A project of two days and two rounds, with some of everything that is counted."""
    time_machine.move_to(MONDAY)
    settings.change_settings(
        project, overlap=2, audit_share=0.35, gold_share=0.15, hourly_rate=RATE, budget=2000
    )
    loop.bring_in(project, "seeds.csv", "text,label\nfree prize x,spam\nlunch office y,ham\n")
    gold = "".join(f"known {loop.text(n)},{'ham' if n % 2 else 'spam'}\n" for n in range(12))
    loop.bring_in(project, "gold.csv", f"text,label\n{gold}", labels_are="gold")
    loop.fill(project, 150)
    loop.make_features(project)
    project = loop.refreshed(project)
    early = {each: work(project, each, 45, place) for place, each in enumerate(people)}
    loop.go_round(project)
    time_machine.move_to(MONDAY + timedelta(days=1, hours=2))
    for person in people[:2]:
        change_minds(person, lea, early[person])
    releasing.skip(leasing.lease_next(project, people[0]), "hard")
    skipped = leasing.lease_next(project, people[1])
    releasing.skip(skipped, "blurred")
    releasing.unskip(loop.refreshed(skipped))
    answer(leasing.lease_next(project, people[2]), 1, seconds=7200.0)
    for place, person in enumerate(people):
        work(project, person, 25, place)
    _ask_again(project, people)
    loop.go_round(project)
    background_reports.make_all(project.pk)
    return loop.refreshed(project)


def _ask_again(project: Project, people: Any) -> None:
    """Have a second look answered, which counts nowhere but for the time it took."""
    settings.change_settings(project, second_share=0.5)
    candidates.request_reviews(project, candidates.consistency_samples(project))
    for person in people:
        for _ in range(6):
            lease = leasing.lease_next(project, person)
            if lease is not None:
                answer(lease, 2, seconds=4.0)
    assert ReviewRequest.objects.exists()


@pytest.fixture
def exported(lived: Any) -> Any:
    lines = b"".join(export.stream(lived, "jsonl", claims.INCLUDE)).splitlines()
    return claims.Export([json.loads(line) for line in lines], ["spam", "ham"])


def check(found: Any) -> Any:
    """Fail with every claim that differs from the export."""
    found = list(found)
    wrong = [each for each in found if not claims.same(each[2], each[3])]
    told = "\n".join(
        f"{where}: {what} is {told!r}, but {real!r}" for where, what, told, real in wrong
    )
    assert not wrong, told
    return {(where, what) for where, what, _told, _real in found}


def test_every_number_can_be_counted_again_from_the_export(
    lived: Any, exported: Any, api: Api, olga: User, lea: User, people: Any
) -> None:
    check_project(exported)
    check_provenance(exported)
    check_tallies(lived, exported)
    check_api(lived, exported, api(lea))
    check_export(lived, exported, api(lea))
    check_dashboard(lived, exported, lea, people)
    check_charts(lived, exported)
    check_week(lived, exported, lea)
    check_own_work(lived, exported, people)
    check_quality(lived, exported, lea)
    check_projects(lived, exported, lea)
    check_people(lived, exported, olga)
    # Last, as windows take items.
    check_desk(lived, exported, api, people)


# The project is what it is meant to be -----------------------------------------------------------


def check_project(exported: Any) -> None:
    answers = exported.answers
    assert {each["source"] for each in answers} >= {"seed", "audit", "active", "gold", "repeat"}
    assert {each["annotator"] for each in exported.given} == set(PEOPLE)
    assert any(each["seconds"] == 7200.0 for each in answers)
    assert any(each["history"] and not each["withdrawn_at"] for each in answers)
    assert sum(bool(each["withdrawn_at"]) for each in answers) >= 6
    assert not all(each["counted"] for each in answers)
    assert any(each["hidden_suggestion"] for each in answers)
    assert len(exported.judged()) >= estimate.FIRST_ESTIMATE
    assert len({each["right"] for each in exported.judged()}) == 2


def check_provenance(exported: Any) -> None:
    for each in exported.answers:
        if each["source"] in ("audit", "random"):
            assert 0 < each["probability"] <= 1, each
        if each["source"] == "active":
            assert each["phase"], each
        if each["blind"]:
            assert each["suggestion"] is None


# API ---------------------------------------------------------------------------------------------


def check_api(lived: Any, exported: Any, client: Any) -> None:
    def ask(path: Any) -> Any:
        return client.get(f"/api/v1/projects/{lived.pk}/{path}").json()

    models, rounds = ask("models")["results"], ask("rounds")["results"]
    found = check(
        [
            *claims.of_progress(ask("progress"), exported, RATE),
            *claims.of_models(models, exported),
            *claims.of_rounds(rounds, models, exported),
            *claims.of_curve(ask("curve")["results"], exported),
            *claims.of_estimate("models", models[0]["accuracy"], exported),
        ]
    )
    assert len(found) > 35


def check_export(lived: Any, exported: Any, client: Any) -> None:
    address = f"/api/v1/projects/{lived.pk}/export?include={','.join(claims.INCLUDE)}"
    lines = b"".join(client.get(address).streaming_content).splitlines()
    assert [json.loads(line) for line in lines] == exported.records
    plain = client.get(f"/api/v1/projects/{lived.pk}/export")
    assert len(b"".join(plain.streaming_content).splitlines()) == len(exported.standing)


# Pages -------------------------------------------------------------------------------------------


def page(project: Project, name: Any, person: Any, **asked: Any) -> Any:
    """Return what a page of the project shows a person; without a project, another page."""
    client = Client()
    client.force_login(person)
    found = client.get(reverse(name, args=[project.pk] if project else []), asked)
    assert found.status_code == 200
    return found.context


def as_told(project: Project, exported: Any) -> Any:
    """Return the accuracy from the export, made as what is told says that it was made."""
    return claims.estimate_like(summary.progress(project)["accuracy"], exported)


def says(sentence: Any, found: Any) -> Any:
    """Tell whether a sentence has the accuracy, both ends of its interval, and what it rests on."""
    low = number_format.percent_number(found["low"])
    value, high = (number_format.percent(found[name]) for name in ("value", "high"))
    told = (f"Accuracy {value} (95% CI {low}–{high})", f"on {found['n']} audit items")
    return all(each in sentence for each in told)


def own_counts(found: Any) -> tuple[str, str]:
    """Return what a dashboard says of the reader's own labels: today, and in total."""
    figures = {each.id: each.value for each in found["key_figures"]}
    counts = dict(found["counts"])
    if "today" in figures:
        return figures["today"], figures["total"]
    return counts["yours today (UTC)"], counts["yours in total"]


def check_figures(found: Any, known: Any, accuracy: Any) -> None:
    figures = {each.id: each for each in found["key_figures"]}
    labelled = figures["labelled"]
    assert (labelled.value, labelled.unit) == (known["labelled"], f"of {known['items']} items")
    assert list(labelled.notes) == [f"{known['annotations']} annotations"]
    low = number_format.percent_number(accuracy["low"])
    value, high = (number_format.percent(accuracy[name]) for name in ("value", "high"))
    assert figures["accuracy"].value == value
    interval, sample = figures["accuracy"].notes
    assert interval == f"95% CI {low}–{high}"
    assert sample.startswith(f"{accuracy['n']} audit items")


def check_dashboard(lived: Any, exported: Any, lea: User, people: Any) -> None:
    found = page(lived, "dashboard", lea)
    shown = dict(found["counts"])
    del shown["in the queue"], shown["leased now"]
    known = {
        "items": number_format.count(len(exported.items())),
        "labelled": number_format.count(exported.in_state("labelled")),
        "annotations": number_format.count(len(exported.given)),
        "audited": number_format.count(exported.audited()),
        "audit items answered": number_format.count(exported.audits_answered()),
        "skipped": number_format.count(len(exported.skips)),
        "yours today (UTC)": "0",
        "yours in total": "0",
        "cost so far": number_format.money(RATE * exported.seconds() / 3600, ""),
    }
    assert len(shown) >= 6
    # A new count must be recomputed here, too.
    assert shown == {name: known[name] for name in shown}
    check_figures(found, known, as_told(lived, exported))
    today = date(2026, 3, 10)
    for person in people:
        own = exported.of(person.username)
        expected = str(len(own.of(days=[today]).given)), str(len(own.given))
        assert own_counts(page(lived, "dashboard", person)) == expected
    (accuracy,) = [each for each in found["key_figures"] if each.id == "accuracy"]
    sentence = accuracy.about[0]
    assert says(sentence, as_told(lived, exported))
    items = len(exported.at(lived.models.first().created_at).settled())
    after = int(re.search(r"after (\d+) labels", sentence)[1])
    assert after in (len(exported.given), items), sentence


def check_charts(lived: Any, exported: Any) -> None:
    facts = ChartData(lived)
    last = {name: registry.CHARTS[name].rows(facts)[-1] for name in ("curve", "cost", "f1")}
    accuracy = as_told(lived, exported)
    then = exported.at(lived.models.first().created_at)
    pairs = [(last["curve"][name], accuracy[name]) for name in ("value", "low", "high", "n")]
    pairs += [
        (last["curve"]["labels"], len(then.settled())),
        (last["cost"]["answers"], len(then.given)),
        (last["cost"]["hours"], round(then.seconds() / 3600, 3)),
        (last["cost"]["cost"], round(RATE * then.seconds() / 3600, 2)),
        (last["f1"]["value"], exported.macro_f1()),
        (last["f1"]["n"], accuracy["n"]),
    ]
    f1 = per_class.macro_f1(*exported.tables(), seed=lived.seed)  # type: ignore[misc]
    pairs += [(last["f1"]["low"], f1.low), (last["f1"]["high"], f1.high)]
    for row, found in zip(facts.classes, exported.precision_and_recall(), strict=True):
        for measure, share in found.items():
            pairs += [(row[measure][name], share[name]) for name in share]
    winners = list(then.settled().values())
    pairs += [
        (row["labelled"], winners.count(row["label"]))
        for row in registry.CHARTS["balance"].rows(facts)
    ]
    check(("charts", str(place), *pair) for place, pair in enumerate(pairs))


def check_week(lived: Any, exported: Any, lea: User) -> None:
    for first in (MONDAY.date(), MONDAY.date() - timedelta(days=7)):
        done = exported.of(days=[first + timedelta(days=n) for n in range(7)])
        context = page_of_week(lea, lived, first)
        shown = dict(context["counts"])
        rounds = shown.pop("rounds")
        assert shown == {
            "annotations": number_format.count(len(done.given)),
            "items labelled": number_format.count(done.finished()),
            "audit answers": number_format.count(done.audits()),
            "skipped": number_format.count(len(done.skips)),
            "active annotators": number_format.count(len(done.at_work())),
            "hours": number_format.decimal(done.seconds() / 3600),
            "cost": number_format.money(RATE * done.seconds() / 3600, ""),
        }
        assert rounds == ("2" if done.answers else "0")
        if done.answers:
            assert says(context["accuracy"], as_told(lived, exported))


def page_of_week(person: Any, project: Project, first: Any) -> Any:
    year, number, _day = first.isocalendar()
    return page(project, "summary", person, week=f"{year}-W{number:02d}")


def row_of(exported: Any, name: Any) -> Any:
    """Return what a page says of a person's work, in words, made from the export alone."""
    own, found = exported.of(name), {}
    labels, skips, hours = len(own.given), len(own.skips), own.seconds() / 3600
    found["labels"] = number_format.count(labels)
    found["per_hour"] = number_format.count(round(labels / hours)) if hours else "–"
    found["median"] = number_format.duration(own.median_seconds())
    found["skips"] = number_format.percent(skips / (labels + skips)) if labels + skips else "–"
    return found


def of(share: Any) -> str:
    if not share["n"]:
        return "–"
    ends = [number_format.percent(share[name]) for name in ("value", "low", "high")]
    return f"{ends[0]} of {share['n']} ({ends[1]} to {ends[2]})"


def check_own_work(lived: Any, exported: Any, people: Any) -> None:
    for person in people:
        context = page(lived, "own_work", person)
        shown, found = dict(context["counts"]), row_of(exported, person.username)
        assert {name: shown[name] for name in claims.OWN_WORK} == dict(
            zip(claims.OWN_WORK, found.values(), strict=True)
        )
        assert shown["gold accuracy"] == of(exported.gold(person.username))
        for day, number in context["days"]:
            assert number == len(exported.of(person.username, [day]).given), day


def check_desk(lived: Any, exported: Any, api: Any, people: Any) -> None:
    today = date(2026, 3, 10)
    for person in people:
        body = {"page": f"tab/{uuid.uuid4().hex[:8]}", "person": person.pk}
        told = api(person).post(f"/api/v1/projects/{lived.pk}/desk", body, format="json").json()
        own = exported.of(person.username, [today])
        counts = told["counts"]
        assert (counts["items"], counts["labelled"]) == (
            len(exported.items()),
            exported.in_state("labelled"),
        )
        assert counts["today"]["seconds"] == pytest.approx(own.seconds())
        assert counts["today"]["labels"] == len(own.given)
        assert counts["today"]["skips"] == len(own.skips)
        assert counts["today"]["changes"] == exported.changes(person.username, today)


def check_quality(lived: Any, exported: Any, lea: User) -> None:
    context, found = page(lived, "quality", lea), background_reports.report(lived, "quality")
    titles = ("name", "labels", "per_hour", "median", "skips", "others")
    rows = [
        dict(zip(titles, (cell["words"] for cell in row), strict=False))
        for row in context["people"]["rows"]
    ]
    for row in rows:
        expected = row_of(exported, row["name"])
        assert {name: row[name] for name in expected} == expected, row["name"]
    names = dict(User.objects.values_list("pk", "username"))
    assert {row["name"] for row in rows} >= set(PEOPLE)
    told = [("answers", found["answers"], len(exported.opinions()))]
    overlap = found["overlap"]
    told += [("share", overlap["share"][k], v) for k, v in exported.unanimous().items()]
    alpha = exported.alpha()
    told += [(k, overlap["alpha"][k], getattr(alpha, k)) for k in ("value", "low", "high", "n")]
    for pair in found["pairs"]:
        kappa = exported.kappa(names[pair["a"]], names[pair["b"]])
        told += [("kappa", pair[k], getattr(kappa, k)) for k in ("value", "low", "high", "n")]
    by_label = dict(Label.objects.values_list("pk", "name"))
    for each in found["labels"]:
        alpha = exported.alpha_of(by_label[each["label"]])
        told += [("alpha", each[k], getattr(alpha, k)) for k in ("value", "low", "high", "n")]
    for each in found["others"]:
        told.append(("others", each["value"], exported.same_as_others(names[each["user"]])))
    for each in found["gold"]:
        share = exported.gold(each["user"])
        told += [("gold", each[k], share[k]) for k in share]
    for each in found["people"]:
        own = exported.of(names[each["user"]])
        told.append(("pace", each["median"], own.median_seconds()))
    for side, counted in exported.effect().items():
        told.append((f"effect {side}", found["effect"][side], counted))
    check(("quality", *each) for each in told)
    assert len(found["pairs"]) == 3
    assert found["gold"]
    assert found["effect"]


def check_projects(lived: Any, exported: Any, lea: User) -> None:
    (row,) = page(None, "projects", lea)["rows"]
    assert row["labelled"] == exported.in_state("labelled")
    assert row["items_words"] == number_format.count(len(exported.items()))
    assert says(row["accuracy"], as_told(lived, exported))
    assert row["week"] == f"{len(exported.given)} labels in 7 days (UTC)"
    assert row["people"] == f"3 active: {', '.join(PEOPLE)}"


def check_people(lived: Any, exported: Any, olga: User) -> None:
    rows = page(lived, "members", olga)["rows"]
    shown = {row["member"].user.username: row["last_active"] for row in rows}
    for name in PEOPLE:
        newest = max(each["created_at"] for each in exported.of(name).records)
        assert shown[name] == claims.moment(newest).date()
    root = User.objects.create_superuser("root")
    rows = page(None, "users", root)["rows"]
    people = {row["user"].username: row["last_active"] for row in rows}
    assert {name: people[name] for name in PEOPLE} == {name: shown[name] for name in PEOPLE}


# Stored counters ---------------------------------------------------------------------------------


def check_tallies(lived: Any, exported: Any) -> None:
    for row in Tally.objects.filter(project=lived).select_related("user"):
        done = exported.of(row.user.username, [row.day])
        assert (row.labels, row.audits, row.finished, row.skips) == (
            len(done.given),
            done.audits(),
            done.finished(),
            len(done.skips),
        )
        assert row.seconds == pytest.approx(done.seconds())
        assert row.changes == exported.changes(row.user.username, row.day)
    assert Item.objects.filter(project=lived).count() == len(exported.items())
