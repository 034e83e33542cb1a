"""Names in the broker: old and new workers share it while an installation is upgraded."""

import inspect
from typing import Any

from celery.schedules import crontab

from annotator import tasks
from annotator.celery import app
from tests.contract import snapshots


def _ours() -> dict[str, Any]:
    app.loader.import_default_modules()
    return {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}


def _entry(entry: dict[str, Any]) -> dict[str, Any]:
    schedule = entry["schedule"]
    if isinstance(schedule, crontab):
        schedule = f"{schedule._orig_minute} {schedule._orig_hour}"
    return {**entry, "schedule": schedule}


def test_tasks_keep_their_names_and_arguments() -> None:
    # A message carries the arguments in their order.
    found = {name: str(inspect.signature(task.run)) for name, task in _ours().items()}
    snapshots.assert_as_stored("tasks.json", found)


def test_tasks_are_named_in_words_and_not_by_their_module() -> None:
    source = inspect.getsource(tasks)
    unnamed = [name for name in _ours() if f'@shared_task(name="{name}")' not in source]
    assert unnamed == []


def test_beat_sends_what_there_is() -> None:
    entries = app.conf.beat_schedule
    assert {entry["task"] for entry in entries.values()} <= set(_ours())
    snapshots.assert_as_stored("beat.json", {name: _entry(each) for name, each in entries.items()})


def test_queues_and_routes_stay() -> None:
    names = ("task_default_queue", "task_queues", "task_routes", "task_default_exchange")
    more = ("task_default_routing_key", "task_serializer", "accept_content")
    found = {name: getattr(app.conf, name) for name in (*names, *more)}
    queue_of = {name: app.amqp.router.route({}, name)["queue"].name for name in _ours()}
    snapshots.assert_as_stored("queues.json", {**found, "app": app.main, "queue of": queue_of})
