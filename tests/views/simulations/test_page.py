"""Trying it out on labelled data: started by leads, followed while it runs, told in words."""

import json
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from annotator.flow.simulation import job
from annotator.models import Job, Project, Simulation, User
from annotator.views.simulations import chart, text
from annotator.views.simulations import page as simulations_page
from tests import hashing_encoder, loop
from tests.given import Region, SignedIn

pytestmark = pytest.mark.django_db

TITLES = {"auto": "Automatic", "random": "Random sampling", "margin": "Margin sampling"}


def at(project: Project) -> str:
    return reverse("simulations", args=[project.pk])


def content(number: Any = 100) -> Any:
    lines = [f"{loop.text(i)},{'spam' if i % 2 == 0 else 'ham'}" for i in range(number)]
    return "\n".join(["text,label", *lines]).encode()


def post(client: Any, project: Project, **more: Any) -> Any:
    headers = more.pop("headers", None)
    file = SimpleUploadedFile("mail.csv", more.pop("content", content()))
    fields = {"file": file, "strategies": ["auto"], "labels": 40, "seeds": 2, **more}
    return client.post(at(project), fields, headers=headers)


def made(project: Project, **fields: Any) -> Any:
    given = {"strategies": ["auto"], "seeds": 2, "labels": 40, "batch": 20, "audit_share": 0.1}
    return Simulation.objects.create(
        project=project, name="a.csv", **{"total": 6, **given, **fields}
    )


@pytest.fixture
def done(project: Project, lea: User) -> Any:
    """A simulation that was done."""
    work = job.start(
        project,
        lea,
        file=SimpleUploadedFile("mail.csv", content()),
        strategies=["auto", "margin"],
        labels=40,
        seeds=2,
    )
    while job.go_on(work.pk) is not None:
        pass
    return loop.refreshed(work)


# Starting ----------------------------------------------------------------------------------------


def test_empty_page_says_what_it_is_for(signed_in: SignedIn, lea: User, project: Project) -> None:
    page = signed_in(lea).get(at(project)).content.decode()
    assert "No simulations yet." in page
    assert "CSV or JSON Lines, one text with its label" in page
    assert "With 200 or more labelled items" in page
    # Random is the baseline, and no option.
    assert 'value="auto" ' in page
    assert 'value="random"' not in page


def test_upload_becomes_a_simulation_that_waits(
    signed_in: SignedIn, lea: User, project: Project
) -> None:
    assert post(signed_in(lea), project, strategies=["auto", "margin"]).url == at(project)
    work = Simulation.objects.get()
    assert (work.name, work.user, work.strategies) == ("mail.csv", lea, ["auto", "margin"])
    page = signed_in(lea).get(at(project)).content.decode()
    assert "Waiting for a worker." in page
    assert 'name="file"' not in page


def test_features_are_offered_where_an_encoder_is_there(
    signed_in: SignedIn, lea: User, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashing_encoder.install(monkeypatch)
    assert 'name="features"' not in signed_in(lea).get(at(project)).content.decode()
    hashing_encoder.install(monkeypatch, hashing_encoder.Hashing())
    page = signed_in(lea).get(at(project)).content.decode()
    assert page.count('name="features"') == 3
    assert post(signed_in(lea), project, features=["nonsense"]).status_code == 422
    post(signed_in(lea), project, features=["pool", "hashing"])
    assert Simulation.objects.get().features == ["pool", "hashing"]


def test_upload_by_htmx_answers_with_the_region(
    signed_in: SignedIn, lea: User, project: Project, region: Region
) -> None:
    page = post(signed_in(lea), project, headers=region("simulations")).content.decode()
    assert page.strip().startswith('<section id="simulations"')
    assert "mail.csv" in page


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"strategies": []}, "required"),
        ({"strategies": ["nonsense"]}, "not one of the available choices"),
        ({"labels": 2001}, "less than or equal to 2000"),
        ({"seeds": 11}, "less than or equal to 10"),
        ({"content": b""}, "empty"),
        ({"label_column": "kind"}, "Column “kind” not found"),
        ({"file": ""}, "fewer than 200 labelled items"),
    ],
)
def test_what_cannot_be_is_422_in_words(
    signed_in: SignedIn, lea: User, project: Project, more: Any, words: str
) -> None:
    answer = post(signed_in(lea), project, **more)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Simulation.objects.exists()


def test_second_one_is_refused_in_words(signed_in: SignedIn, lea: User, project: Project) -> None:
    made(project)
    answer = post(signed_in(lea), project)
    assert answer.status_code == 422
    assert "A simulation is already running." in answer.content.decode()


# Following ---------------------------------------------------------------------------------------


def test_it_is_asked_about_only_while_it_runs(
    signed_in: SignedIn, lea: User, project: Project, region: Region
) -> None:
    work = made(project, stage="run", done=2)
    client = signed_in(lea)
    page = client.get(at(project)).content.decode()
    assert "2 of 6 runs" in page
    address = page.split('hx-get="')[1].split('"')[0]
    assert client.get(address, headers=region("simulations")).status_code == 204
    Simulation.objects.filter(pk=work.pk).update(done=3)
    page = client.get(address, headers=region("simulations")).content.decode()
    assert "3 of 6 runs" in page
    Simulation.objects.filter(pk=work.pk).update(state="failed", error="No <memory>.")
    page = client.get(address, headers=region("simulations")).content.decode()
    assert "hx-trigger" not in page
    assert "No &lt;memory&gt;." in page
    assert 'name="file"' in page


def test_missing_worker_is_named(signed_in: SignedIn, lea: User, project: Project) -> None:
    made(project)
    assert "No worker is running" in signed_in(lea).get(at(project)).content.decode()


def test_it_can_be_stopped(signed_in: SignedIn, lea: User, project: Project) -> None:
    work = made(project)
    answer = signed_in(lea).post(reverse("stop_simulation", args=[project.pk, work.pk]))
    assert answer.url == at(project)
    now = loop.refreshed(work)
    assert (now.state, now.error) == (Job.State.FAILED, "Stopped by lea.")


# The result --------------------------------------------------------------------------------------


def test_result_is_a_sentence_a_picture_and_a_table(
    signed_in: SignedIn, lea: User, project: Project, done: Any
) -> None:
    page = signed_in(lea).get(at(project)).content.decode()
    sentence, picture, table = (page.index(each) for each in ('"sentence"', "<picture>", "<table>"))
    assert sentence < picture < table
    for title in ("Automatic", "Margin sampling", "Random sampling", "TF-IDF, random labels"):
        assert f'<th scope="row">{title}</th>' in page
    assert "random items are held out as the test set" in page


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", ["tall", "phone"])
def test_picture_names_every_line(
    signed_in: SignedIn, lea: User, project: Project, done: Any, theme: str, size: str
) -> None:
    address = reverse("simulation_file", args=[project.pk, done.pk, "picture.svg"])
    answer = signed_in(lea).get(address, {"theme": theme, "size": size})
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    drawn = answer.content.decode()
    assert ET.fromstring(drawn).tag.endswith("svg")
    for title in ("Automatic", "Margin sampling", "Random sampling", "TF-IDF, random labels"):
        assert f">{title}<" in drawn


@pytest.mark.parametrize("name", ["summary.json", "curves.csv", "curves.svg"])
def test_files_can_be_taken_home(
    signed_in: SignedIn, lea: User, project: Project, done: Any, name: str
) -> None:
    answer = signed_in(lea).get(reverse("simulation_file", args=[project.pk, done.pk, name]))
    body = b"".join(answer) if answer.streaming else answer.content
    assert "attachment" in answer.headers["Content-Disposition"]
    if name == "summary.json":
        assert json.loads(body) == done.summary
    if name == "curves.csv":
        assert body.startswith(b"strategy,seed,labels,")


@pytest.mark.parametrize("name", ["nonsense", "summary.txt", "picture.svg?theme=none"])
def test_file_that_there_is_not_is_404(
    signed_in: SignedIn, lea: User, project: Project, done: Any, name: str
) -> None:
    address = reverse("simulation_file", args=[project.pk, done.pk, "x"])[:-1] + name
    assert signed_in(lea).get(address).status_code == 404


def test_files_of_one_that_is_not_done_are_404(
    signed_in: SignedIn, lea: User, project: Project
) -> None:
    work = made(project)
    address = reverse("simulation_file", args=[project.pk, work.pk, "summary.json"])
    assert signed_in(lea).get(address).status_code == 404


def test_both_curves_of_compared_features_are_shown(
    signed_in: SignedIn, lea: User, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashing_encoder.install(monkeypatch, hashing_encoder.Hashing())
    post(signed_in(lea), project, features=["pool", "hashing"], seeds=1)
    work = Simulation.objects.get()
    while job.go_on(work.pk) is not None:
        pass
    work = loop.refreshed(work)
    page = signed_in(lea).get(at(project)).content.decode()
    address = reverse("simulation_file", args=[project.pk, work.pk, "picture.svg"])
    drawn = signed_in(lea).get(address).content.decode()
    strategies = ["Automatic", "Random sampling"]
    endings = ["without an encoder", "with hashing"]
    for title in [f"{each}, {ending}" for each in strategies for ending in endings]:
        assert f'<th scope="row">{title}</th>' in page
        assert f">{title}<" in drawn
    # The two references look alike, but for their dashes.
    spec = chart.curves_spec(work.summary, "accuracy", "light", TITLES)
    dashes = spec["layer"][1]["encoding"]["strokeDash"]["scale"]["range"]
    assert len({str(each) for each in dashes}) == 4


# In words ----------------------------------------------------------------------------------------


def summary(
    query: Any = None,
    low: Any = None,
    high: Any = None,
    over: Any = None,
    mine: Any = None,
    theirs: Any = None,
) -> Any:
    saved = {"query": query, "query_low": low, "query_high": high, "query_over": over}
    system = {"system": 3.6, "system_low": 2.5, "system_high": 5.0, "system_over": None}
    return {
        "strategies": {"random": {}, "auto": {}},
        "savings": {"auto": {**saved, **system}},
        "needs": {"auto": {"target": mine}, "random": {"target": theirs}},
        "target": 0.85,
        "settings": {"labels": 500},
        "n_test": 1000,
    }


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (
            summary(2.93, 2.0, 4.1, mine=140, theirs=410),
            "Automatic needs 140 labels where random needs 410: fewer by a factor of 2.9 "
            "(95% CI: 2.0 to 4.1).",
        ),
        (
            summary(2.93, 2.0, None, mine=140, theirs=410),
            "Automatic needs 140 labels where random needs 410: fewer by a factor of 2.9 "
            "(95% CI: 2.0 or more).",
        ),
        (
            summary(1.1, 0.8, 1.4, mine=300, theirs=330),
            "Automatic needs 300 labels where random needs 330. This may be chance "
            "(95% CI: a factor of 0.8 to 1.4).",
        ),
        (
            summary(0.9, 0.8, 1.4, mine=300, theirs=270),
            "Automatic saves no labels: it needs 300, random needs 270.",
        ),
        (
            summary(1.0, 1.0, 1.0, mine=20, theirs=20),
            "Automatic saves no labels: it needs 20, random needs 20.",
        ),
        (
            summary(2.0, mine=100, theirs=200),
            "Automatic needs 100 labels where random needs 200. One repeat is too few to "
            "rule out chance.",
        ),
        (
            summary(over=3.6, mine=140),
            "Automatic reaches 85% with 140 labels; random does not reach it.",
        ),
        (summary(), "Automatic does not reach 85% with 500 labels."),
    ],
)
def test_sentence_claims_no_more_than_was_seen(told: Any, words: str) -> None:
    assert text.sentence(told, TITLES) == words


def headed(
    ratio: Any = None,
    low: Any = None,
    high: Any = None,
    verdict: str = "never",
    mine: Any = None,
    seeds: Any = 5,
) -> Any:
    told = summary(1.2, 1.1, 1.3, mine=20, theirs=24)
    headline = {
        "verdict": verdict,
        "target": 0.914,
        "reached": 0.907,
        "labels": mine,
        "random_labels": 390.0,
    }
    own = {
        "against_random": ratio,
        "against_random_low": low,
        "against_random_high": high,
        "against_random_over": None,
        "headline": headline,
    }
    told["savings"]["auto"] |= own
    told["settings"]["seeds"] = seeds
    return told


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (
            headed(2.6, 2.0, 3.1, "better", 150.0),
            "Automatic reaches 91.4% with 150 labels; random needs 2.6 times as many, 390 "
            "(95% CI: 2.0 to 3.1).",
        ),
        (
            headed(0.8, 0.75, 0.9, "worse", 487.5),
            "Automatic needs 1.2 times as many labels as random to reach 91.4%: 488, random 390 "
            "(95% CI: 1.1 to 1.3).",
        ),
        (
            headed(),
            "Automatic never reaches 91.4%, which random reaches with 390 labels; it ends "
            "at 90.7% with 500.",
        ),
        (
            headed(1.0, 1.0, 1.0, "equal", 390.0),
            "Automatic needs as many labels as random to reach 91.4%: 390.",
        ),
        (
            headed(1.1, 0.9, 1.3, "unclear", 355.0),
            "Automatic reaches 91.4% with 355 labels, random with 390. This may be chance "
            "(95% CI: 0.9 to 1.3 times as many).",
        ),
        (
            headed(2.6, verdict="unclear", mine=150.0, seeds=1),
            "Automatic reaches 91.4% with 150 labels, random with 390. One repeat is too "
            "few to rule out chance.",
        ),
    ],
)
def test_headline_is_at_the_end_of_random_and_tells_a_loss_as_a_loss(told: Any, words: str) -> None:
    assert text.sentence(told, TITLES) == words


def test_saving_at_the_baselines_end_is_never_told_alone() -> None:
    told = headed()
    assert "never reaches" in text.sentence(told, TITLES)
    assert text.captions(told, TITLES) == [text.sentence(told, TITLES)]


def test_goal_is_explained() -> None:
    assert text.goal(summary(2.9, mine=140, theirs=410), TITLES) == (
        "The target is an accuracy of 85% on 1,000 held-out items, which TF-IDF reaches with 500 "
        "random labels. Automatic needs fewer labels by a factor of 3.6 (2.5 to 5.0)."
    )


# Who may -----------------------------------------------------------------------------------------

PLACES = [("simulations", "get"), ("simulations", "post"), ("stop", "post"), ("file", "get")]


@pytest.mark.parametrize(("place", "method"), PLACES)
@pytest.mark.parametrize(("who", "status"), [("zed", 404), ("ana", 403), ("lea", 0), ("olga", 0)])
def test_trying_out_is_for_leads(
    signed_in: SignedIn,
    request: pytest.FixtureRequest,
    project: Project,
    place: Any,
    method: Any,
    who: str,
    status: int,
) -> None:
    work = made(project)
    address = {
        "simulations": at(project),
        "stop": reverse("stop_simulation", args=[project.pk, work.pk]),
        "file": reverse("simulation_file", args=[project.pk, work.pk, "summary.json"]),
    }[place]
    answer = getattr(signed_in(request.getfixturevalue(who)), method)(address)
    if status:
        assert answer.status_code == status
    else:
        assert answer.status_code not in {403, 500}


def test_simulation_of_another_project_is_404(
    signed_in: SignedIn, olga: User, project: Project, image_project: Project
) -> None:
    work = made(image_project)
    client = signed_in(olga)
    address = reverse("simulation_file", args=[project.pk, work.pk, "summary.json"])
    assert client.get(address).status_code == 404
    assert client.post(reverse("stop_simulation", args=[project.pk, work.pk])).status_code == 404
    assert loop.refreshed(work).state == Job.State.QUEUED


def test_page_costs_the_same_with_many_simulations(
    signed_in: SignedIn,
    lea: User,
    project: Project,
    done: Any,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client = signed_in(lea)
    client.get(at(project))
    for _ in range(8):
        made(project, state="done", summary=done.summary)
    with django_assert_max_num_queries(8):
        page = client.get(at(project)).content.decode()
    assert page.count('class="card simulation"') == simulations_page.SHOWN
