"""Benchmark projects: synthetic data, imported like any file; ready once all jobs are done."""

import time
from pathlib import Path
from typing import Any

from django.utils import timezone

from annotator.bench import synthetic_text
from annotator.bench.api_client import Client

LONGEST = 3600.0


def filled(client: Client, folder: Path, items: int, **settings: Any) -> tuple[int, float]:
    """Return a new project with `items` synthetic texts, and how many seconds the import took."""
    path = folder / f"{items}.csv"
    if not path.exists():
        synthetic_text.write_csv(path, items)
    return imported(client, path, {"labels": synthetic_text.TOPICS, **settings})


def imported(client: Client, path: Path, body: dict[str, Any]) -> tuple[int, float]:
    """Return a new project with the items of a file, and how many seconds the import took."""
    project = client.call("POST", "/projects", {"name": f"bench {path.stem}", **body})["id"]
    started = time.perf_counter()
    work = client.upload(project, path, labels_are="ignore")
    address = f"/projects/{project}/imports/{work['id']}"
    done = client.wait_for(address, lambda a: a["state"] in {"done", "failed"}, LONGEST)
    if done["state"] == "failed":
        raise RuntimeError(done["error"])
    return int(project), time.perf_counter() - started


def wait_for_features(project: int, *, first: bool = False) -> None:
    """Wait until the best features of the project are there, or the first ones."""
    from annotator.models import FeatureSpace

    end = time.monotonic() + LONGEST
    while time.monotonic() < end:
        spaces = FeatureSpace.objects.filter(project_id=project)
        if first and spaces.filter(state=FeatureSpace.State.DONE).exists():
            return
        if spaces.exists() and not spaces.active().exists():
            return
        time.sleep(0.1)
    raise TimeoutError("the features were not ready after an hour")


def settle(client: Client, project: int) -> None:
    """Wait until nothing is running that would start or end a round."""

    def quiet(progress: dict[str, Any]) -> bool:
        round_ = progress["round"]
        return not progress["features"]["improving"] and round_ and round_["state"] == "done"

    client.wait_for(f"/projects/{project}/progress", quiet, LONGEST)
    # Better features start a round at once; check whether one started.
    time.sleep(1.0)
    client.wait_for(f"/projects/{project}/progress", quiet, LONGEST)
    _wait_out_the_rest(project)


def _wait_out_the_rest(project: int) -> None:
    """Wait until labels may start a round again, so that the pause does not count as its time."""
    from annotator.flow.training.schedule import is_resting
    from annotator.models import Round

    end = time.monotonic() + LONGEST
    while time.monotonic() < end:
        newest = Round.objects.filter(project_id=project, state=Round.State.DONE).first()
        if newest is None or not is_resting(newest, timezone.now()):
            return
        time.sleep(0.05)
