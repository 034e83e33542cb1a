"""Load generator: many simultaneous annotators, each with its own connection and thread.

They behave as the labelling page does: a decision keeps its `client_id` until the server has
confirmed it, and is sent again after a lost connection or a server error.
"""

import random
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from annotator.bench.api_annotator import ApiAnnotator
from annotator.bench.connection import TIMEOUT
from annotator.bench.invariants import Call, Stored

if TYPE_CHECKING:
    from annotator.models import User


@dataclass(frozen=True)
class Person:
    """An annotator: the number of the account, with a token and a session."""

    number: int
    token: str
    session: str = ""


class Worker(Protocol):
    """One annotator: `ApiAnnotator` uses the API, `DeskWindow` the labelling page's calls."""

    def open(self) -> None:
        """Prepare to label."""

    def work(self) -> None:
        """Label until told to stop or nothing is left."""


@dataclass
class Habits:
    """Behaviour of simulated annotators; shares are between 0 and 1."""

    think: Callable[[random.Random], float] = lambda _rng: 0.0
    skips: float = 0.0
    repeats: float = 0.0  # saves that are sent twice although they were answered
    wanders: float = 0.0  # items left until the lease has expired
    returns: float = 0.0  # of those, items that are answered all the same
    labels: Sequence[str] = ("a", "b")
    keeps_trying: float = 60.0  # seconds for which an unanswered call is repeated


@dataclass
class Crowd:
    """Annotators who label one project until they are stopped or no item is left."""

    address: str
    project: int
    people: Sequence[Person]
    habits: Habits = field(default_factory=Habits)
    worker: Callable[["Crowd", Person, random.Random], Worker] = ApiAnnotator
    calls: list[Call] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    is_open: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> "Crowd":
        """Start all annotators once all are prepared, so that only labelling is measured."""
        ready = threading.Barrier(len(self.people), action=self.is_open.set)
        for index, person in enumerate(self.people):
            worker = self.worker(self, person, random.Random(index))
            thread = threading.Thread(target=self._run, args=(worker, ready), daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def _run(self, worker: Worker, ready: threading.Barrier) -> None:
        try:
            worker.open()
            with suppress(threading.BrokenBarrierError):
                ready.wait()
            worker.work()
        except Exception as problem:
            self.failures.append(f"{type(problem).__name__}: {problem}")
            ready.abort()
            self.is_open.set()

    def stop(self, seconds: float = TIMEOUT + 60) -> list[Call]:
        """Stop after the current call, and return all calls; TimeoutError if an annotator hangs."""
        self.over.set()
        return self.join(seconds)

    def join(self, seconds: float) -> list[Call]:
        """Wait until nothing is left for anyone, and return all calls."""
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(end - time.monotonic(), 0.0))
        if any(thread.is_alive() for thread in self._threads):
            raise TimeoutError("somebody still waits for an answer")
        return self.calls

    def run_for(self, seconds: float) -> list[Call]:
        """Let them work for `seconds` once all are ready, and return all calls."""
        self.start()
        self.wait_until_open()
        self.over.wait(seconds)
        return self.stop()

    def wait_until_open(self) -> None:
        """Wait until all annotators are ready and labelling."""
        self.is_open.wait(TIMEOUT + 60)


# Accounts and stored annotations, in the measured database ----------------------------------------


def enrol(project: int, number: int) -> list[Person]:
    """Return that many new annotators of the project, each with a token and a session."""
    from knox.models import AuthToken

    from annotator.models import Membership, Role, User

    mark = secrets.token_hex(3)
    people = [
        User(username=f"bench-{mark}-{index}", password="!")  # noqa: S106 - nobody can log in with it
        for index in range(number)
    ]
    User.objects.bulk_create(people)
    rows = list(User.objects.filter(username__startswith=f"bench-{mark}-").order_by("pk"))
    Membership.objects.bulk_create(
        [Membership(project_id=project, user=user, role=Role.ANNOTATOR) for user in rows]
    )
    return [
        Person(user.pk, AuthToken.objects.create(user=user)[1], _session(user)) for user in rows
    ]


def _session(user: "User") -> str:
    """Return a new session key as signing in does, without the slow password check."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def stored(project: int) -> list[Stored]:
    """Return all valid annotations of the project."""
    from annotator.models import REVIEW_SOURCES, Annotation

    rows = Annotation.objects.filter(project_id=project, withdrawn_at=None)
    return [
        Stored(
            row.pk,
            row.item_id,
            row.user_id or 0,
            str(row.client_id),
            tuple(each.label.name for each in row.given.all()),
            row.counted,
            row.source in REVIEW_SOURCES,
        )
        for row in rows.prefetch_related("given__label")
    ]
