"""A web server with a deliberate bug; gunicorn reads this as its configuration.

`WINNOW_FAULT` names the bug. Each one breaks an invariant of the queue.
"""

import os
import random
from typing import Any

wsgi_app = "annotator.wsgi"
worker_class = "gthread"
workers, threads = 2, 8
loglevel = "error"
control_socket_disable = True


def post_worker_init(_worker: Any) -> None:
    FAULTS[os.environ["WINNOW_FAULT"]]()


def none() -> None:
    """No bug."""


def _loosen(condition: str, by: str) -> None:
    # The statements are built from it when they are first used.
    from annotator.flow.queue import leasing

    assert condition in leasing.CLAIM
    leasing.CLAIM = leasing.CLAIM.replace(condition, by)


def claims_without_asking_again() -> None:
    """Two claims that saw the same open entry both take it."""
    _loosen("state = 0 AND id = (", "id = (")
    _loosen("{lock}", "")


def acknowledges_before_it_stores() -> None:
    """Some saves are acknowledged and then rolled back."""
    from django.db import transaction

    from annotator.flow.annotation import submit

    stored = submit._store

    def sometimes(*args: Any) -> Any:
        with transaction.atomic():
            annotation = stored(*args)
            if random.random() < 0.1:
                transaction.set_rollback(True)
        return annotation

    submit._store = sometimes  # type: ignore[assignment]


def gives_skipped_items_to_the_same_person_again() -> None:
    """The queue forgets skips."""
    _loosen("l.outcome = 'skipped'", "l.outcome = 'never'")


def tells_that_nothing_is_left() -> None:
    """An empty queue is not topped up."""
    from annotator.flow.queue import leasing

    leasing._refill_then_claim = lambda *_args, **_options: None


def counts_opinions_that_nobody_needs() -> None:
    """A label on a lost lease counts although the item is complete."""
    from annotator.flow.annotation import submit

    submit._settle_entry = lambda _held: True  # type: ignore[assignment]


FAULTS = {name: fault for name, fault in globals().items() if callable(fault) and fault.__doc__}
