"""How it runs, in words: for a project's leads, and for the installation's admins."""

import re
import tomllib
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from annotator import VERSION
from annotator.flow.operations import health, readiness
from annotator.flow.projects import settings
from annotator.flow.queue import leasing
from annotator.models import Import, Job, Project, Round, Simulation, User, WorkerBeat
from annotator.views import number_format
from annotator.views.operations import status_text
from tests import loop, servers
from tests.given import PutState, Region, SignedIn

pytestmark = pytest.mark.django_db


@pytest.fixture
def alive(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation where everything answers."""
    WorkerBeat.objects.create(name="here:1", seen_at=timezone.now())
    monkeypatch.setattr(readiness, "_broker", lambda: "ok")
    monkeypatch.setattr(health, "disk", lambda: health.Disk(30_000_000_000, 100_000_000_000))


@pytest.fixture
def ready(put_state: PutState) -> Any:
    """The project with a round that learnt from twenty labels."""
    return put_state(_ready)


@pytest.fixture
def trained(ready: Any, alive: Any) -> Any:
    """The same, while everything answers."""
    return ready


def _ready() -> Project:
    project = loop.mail_project()
    loop.fill(project, 60)
    loop.make_features(project)
    loop.label(project, loop.person("ana"), 20)
    loop.go_round(project)
    return project


@pytest.fixture
def root(olga: User) -> Any:
    olga.is_superuser = True
    olga.save()
    return olga


def of_project(client: Any, project: Project) -> Any:
    answer = client.get(reverse("status", args=[project.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def of_installation(client: Any) -> Any:
    answer = client.get(reverse("installation"))
    assert answer.status_code == 200
    return answer.content.decode()


def failed(model: Any, project: Project, **fields: Any) -> Any:
    return model.objects.create(
        project=project, state=Job.State.FAILED, finished_at=timezone.now(), **fields
    )


def failed_round(project: Project) -> Any:
    number = (project.rounds.first().number if project.rounds.exists() else 0) + 1
    fields = {"trigger": "labels", "strategy": "auto", "seq": 0, "error": "No space left"}
    return failed(Round, project, number=number, space=loop.ready_space(project), **fields)


# A project ---------------------------------------------------------------------------------------


def test_new_project_says_what_comes_first(
    signed_in: SignedIn, lea: User, project: Project, alive: Any
) -> None:
    page = of_project(signed_in(lea), project)
    assert "All systems are running." in page
    assert "The first round starts once the features are computed." in page
    assert "It needs at least two different labels" in page


def test_running_project_says_how_old_everything_is(
    signed_in: SignedIn, lea: User, trained: Any, ana: User, ben: User
) -> None:
    loop.label(trained, ana, 3)
    leasing.lease_next(trained, ben)
    Round.objects.update(finished_at=timezone.now() - timedelta(minutes=5))
    page = of_project(signed_in(lea), trained)
    number = trained.rounds.first().number
    figures = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page))
    assert (figures["Newest round"], figures["Number"]) == (str(number), str(number))
    assert figures["Finished"] == "5 minutes ago"
    assert figures["Queue refilled after"].endswith("s")
    assert (figures["Labels"], figures["New labels since"]) == ("20", "3")
    assert figures["Trained"] == figures["Oldest lease"] == "less than a minute ago"
    assert figures["Leased"] == "1"
    assert (figures["Free"], figures["Total"]) == ("30\u202fGB", "100\u202fGB")


def test_dead_worker_comes_first(signed_in: SignedIn, lea: User, trained: Any) -> None:
    WorkerBeat.objects.update(seen_at=timezone.now() - timedelta(minutes=9))
    page = of_project(signed_in(lea), trained)
    assert "Errors: Worker." in page
    assert "No worker seen for 9 minutes" in page


def test_failed_round_says_why_and_what_happens_next(
    signed_in: SignedIn, lea: User, trained: Any
) -> None:
    failed_round(trained)
    page = of_project(signed_in(lea), trained)
    assert "No space left. Labelling continues with the current queue." in page
    assert "tell an installation admin the reason" in page
    assert "Failed jobs" not in page


def test_labels_that_no_round_came_for_are_worth_a_look(
    signed_in: SignedIn, lea: User, trained: Any, ana: User
) -> None:
    settings.change_settings(trained, retrain_every=2)
    loop.label(trained, ana, 5)
    page = of_project(signed_in(lea), trained)
    assert "Running, with warnings: Model." in page
    assert "A round was due after 2 labels." in page
    loop.start(trained)
    page = of_project(signed_in(lea), trained)
    assert "A round was due" not in page


def test_what_is_under_way_has_a_bar_and_is_asked_about_often(
    signed_in: SignedIn, lea: User, trained: Any
) -> None:
    Import.objects.create(project=trained, name="b.csv", path="x", state="running", total=9, done=3)
    page = of_project(signed_in(lea), trained)
    assert 'max="9" value="3"' in page
    assert 'hx-trigger="every 2s"' in page


def test_failures_are_listed_with_reason_and_advice(
    signed_in: SignedIn, lea: User, trained: Any
) -> None:
    failed(Import, trained, name="<b>bad.csv", path="x", error="No column <i>text</i>")
    fields = {"strategies": ["auto"], "seeds": 1, "labels": 10, "batch": 5, "audit_share": 0.1}
    failed(Simulation, trained, total=1, error="Too few.", **fields)
    page = of_project(signed_in(lea), trained)
    assert "Import of &lt;b&gt;bad.csv" in page
    assert "No column &lt;i&gt;text&lt;/i&gt;." in page
    assert "import the file again" in page
    assert "Simulation of the project&#x27;s own labels" in page


def test_failures_of_other_projects_are_nobodys_business(
    signed_in: SignedIn, lea: User, trained: Any, olga: User
) -> None:
    other = settings.create_project(olga, name="Other", labels=["a", "b"])
    failed(Import, other, name="secret.csv", path="x", error="x")
    assert "secret.csv" not in of_project(signed_in(lea), trained)


def test_full_disk_needs_somebody(
    signed_in: SignedIn, lea: User, trained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "disk", lambda: health.Disk(1 << 20, 100 << 30))
    page = of_project(signed_in(lea), trained)
    assert "Free space soon" in page


def test_poll_answers_204_until_something_changed(
    signed_in: SignedIn, lea: User, trained: Any, ana: User, region: Region
) -> None:
    client = signed_in(lea)
    address = re.search(r'hx-get="([^"]+)"', of_project(client, trained))[1]
    assert client.get(address, headers=region("status")).status_code == 204
    loop.label(trained, ana, 1)
    changed = client.get(address, headers=region("status"))
    assert changed.status_code == 200
    assert changed.content.decode().strip().startswith('<div id="status"')


def test_project_status_costs_the_same_after_many_rounds(
    signed_in: SignedIn,
    lea: User,
    trained: Any,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(12):
        failed_round(trained)
        failed(Import, trained, name="b.csv", path="x", error="x")
    client = signed_in(lea)
    of_project(client, trained)
    with django_assert_max_num_queries(24):
        of_project(client, trained)


def test_dashboard_leads_leads_there(
    signed_in: SignedIn, lea: User, ana: User, trained: Any
) -> None:
    to_status = f'href="{reverse("status", args=[trained.pk])}"'
    at = reverse("dashboard", args=[trained.pk])
    assert to_status in signed_in(lea).get(at).content.decode()
    assert to_status not in signed_in(ana).get(at).content.decode()


# The installation --------------------------------------------------------------------------------


def test_it_is_for_admins_of_the_installation(
    client: Client, signed_in: SignedIn, lea: User, root: Any
) -> None:
    address = reverse("installation")
    assert client.get(address).url == f"/login?next={address}"
    assert signed_in(lea).get(address).status_code == 403
    assert signed_in(root).get(address).status_code == 200
    assert f'href="{address}"' in signed_in(root).get("/projects/").content.decode()
    assert f'href="{address}"' not in signed_in(lea).get("/projects/").content.decode()


def test_everything_that_answers_is_fine(signed_in: SignedIn, root: Any, trained: Any) -> None:
    page = of_installation(signed_in(root))
    assert "All systems are running." in page
    assert page.count("Connected.") == 2
    assert "here:1" in page
    assert "last heartbeat less than a minute ago" in page
    assert f"Winnow {VERSION} on " in page
    assert reverse("status", args=[trained.pk]) in page


def test_what_is_away_is_named_with_what_to_do(
    signed_in: SignedIn, root: Any, alive: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "_broker", lambda: "not reachable (OperationalError)")
    WorkerBeat.objects.update(seen_at=timezone.now() - timedelta(minutes=3))
    page = of_installation(signed_in(root))
    assert "Errors: Broker, Worker." in page
    assert "Not reachable (OperationalError)." in page
    assert "correct BROKER_URL" in page
    assert "not responding, last heartbeat 3 minutes ago" in page


def test_jobs_that_nobody_takes_up_are_worth_a_look(
    signed_in: SignedIn, root: Any, trained: Any, time_machine: Any
) -> None:
    work = Import.objects.create(project=trained, name="b.csv", path="x")
    assert "1 running." in of_installation(signed_in(root))
    Import.objects.filter(pk=work.pk).update(created_at=timezone.now() - timedelta(minutes=5))
    page = of_installation(signed_in(root))
    assert "A job due 5 minutes ago has not started." in page
    assert "no scheduler is running" in page


def test_failures_of_all_projects_are_listed_with_theirs(
    signed_in: SignedIn, root: Any, trained: Any
) -> None:
    failed_round(trained)
    page = of_installation(signed_in(root))
    assert "No space left." in page
    assert page.count(reverse("status", args=[trained.pk])) == 2


def test_poll_of_the_installation_answers_204(
    signed_in: SignedIn, root: Any, alive: Any, project: Project, region: Region
) -> None:
    client = signed_in(root)
    address = re.search(r'hx-get="([^"]+)"', of_installation(client))[1]
    assert client.get(address, headers=region("installation")).status_code == 204
    WorkerBeat.objects.create(name="there:2", seen_at=timezone.now())
    assert client.get(address, headers=region("installation")).status_code == 200


def test_installation_costs_the_same_with_many_projects(
    signed_in: SignedIn,
    root: Any,
    trained: Any,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(12):
        other = settings.create_project(root, name=f"P{number}", labels=["a", "b"])
        failed(Import, other, name="b.csv", path="x", error="x")
    client = signed_in(root)
    of_installation(client)
    with django_assert_max_num_queries(24):
        of_installation(client)


def test_version_is_that_of_the_package() -> None:
    project = tomllib.loads((servers.ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == VERSION


# Words -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "less than a minute ago"),
        (60, "1 minute ago"),
        (3599, "59 minutes ago"),
        (7200, "2 hours ago"),
        (86_400, "1 day ago"),
        (10 * 86_400, "10 days ago"),
    ],
)
def test_ages_are_told_in_the_largest_unit(seconds: Any, said: str) -> None:
    assert number_format.ago(seconds) == said


def test_a_count_that_stopped_says_that_there_is_more() -> None:
    assert status_text.at_most(health.MOST) == "1,000"
    assert status_text.at_most(health.MOST + 1) == "more than 1,000"


def test_the_worst_note_gives_the_verdict() -> None:
    notes = [status_text.Note(level.upper(), level, "") for level in status_text.LEVELS]
    told = [status_text.verdict(notes[: n + 1]) for n in range(len(notes))]
    assert len(set(told)) == len(told)
    assert told[-1] == "Errors: ACT."


def test_every_kind_of_job_has_its_words(project: Project) -> None:
    assert set(status_text.KINDS) == set(health.KINDS)
    assert set(status_text.WHAT) == set(health.WHOLE)


def test_strangers_learn_nothing_of_a_deleted_project(
    signed_in: SignedIn, zed: User, lea: User, project: Project
) -> None:
    settings.delete_project(project)
    for who in (zed, lea):
        assert signed_in(who).get(reverse("status", args=[project.pk])).status_code == 404
    assert Project.objects.filter(pk=project.pk).exists()
