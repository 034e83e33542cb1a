"""Log context of a worker: the task and its project."""

import inspect
from typing import Any

from celery.signals import task_postrun, task_prerun

from annotator.logs import log_format


@task_prerun.connect
def _begin(task_id: str, task: Any, args: Any, **_: Any) -> None:
    ids = {"task": task.name.rpartition(".")[2], "task_id": task_id}
    # Other tasks learn their project from the job's row (`jobs.runner`).
    parameters = list(inspect.signature(task.run).parameters)
    log_format.bind(
        **ids, **{"project": args[0]} if parameters[:1] == ["project_pk"] and args else {}
    )


@task_postrun.connect
def _end(**_: Any) -> None:
    log_format.bind()
