"""An annotator with the true labels, driving the HTTP API."""

import csv
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from annotator.bench.api_client import Client
from tests import servers


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a data set."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@dataclass
class Oracle:
    """Labels a project with the true labels of a file, looked up by item key."""

    client: Client
    project: int
    truth: dict[str, str]
    served: list[int] = field(default_factory=list)
    saved: list[dict[str, Any]] = field(default_factory=list)
    shown: dict[str, Any] | None = None

    def label(self, number: int, pause: float = 0.0) -> None:
        """Label that many items, saving each with the next."""
        path = f"/projects/{self.project}"
        self.shown = self.shown or self.client.call("POST", f"{path}/next", {})
        for _ in range(number):
            answer = self.client.call("POST", f"{path}/annotations", self.answer())
            self.served.append(self.shown["item"]["id"])
            self.saved.append(answer["annotation"])
            self.shown = answer["next"]
            time.sleep(pause)

    def answer(self) -> dict[str, Any]:
        """Return the request body that saves the true label of an item."""
        return {
            "lease": self.shown["lease"],
            "labels": [self.truth[self.shown["item"]["key"]]],
            "client_id": str(uuid.uuid4()),
            "seconds": 1.5,
        }

    def progress(self) -> dict[str, Any]:
        """Return the project's progress."""
        return dict(self.client.call("GET", f"/projects/{self.project}/progress"))

    def rounds(self) -> list[dict[str, Any]]:
        """Return the project's rounds, newest first."""
        return list(
            self.client.call("GET", f"/projects/{self.project}/rounds?page_size=200")["results"]
        )


def new_project(client: Client, path: Path, truth: dict[str, str], **settings: Any) -> Oracle:
    """Create a project from a data set, wait for the import, and return its oracle."""
    labels = sorted(set(truth.values()))
    # A task type whose labels are fixed takes none.
    given = {"labels": labels} if labels else {}
    project = client.call("POST", "/projects", {"name": path.stem, **given, **settings})
    work = client.upload(project["id"], path, labels_are="ignore")
    address = f"/projects/{project['id']}/imports/{work['id']}"
    done = client.wait_for(
        address, lambda a: a["state"] in {"done", "failed"}, servers.patient(300)
    )
    assert done["state"] == "done", done["error"]
    return Oracle(client, project["id"], truth)
