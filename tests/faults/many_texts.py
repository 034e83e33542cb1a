"""A project of many texts, every second one labelled, for jobs whose workers are killed."""

from pathlib import Path
from typing import Any

from tests import servers

ENDED = {"done", "failed"}


def project_of(client: Any, path: Path, rows: int) -> int:
    """Return the number of a new project with that many texts, which are written to a file."""
    texts = (f"{n},text number {n} of many,{'spam' if n % 2 else ''}\n" for n in range(rows))
    path.write_text("id,text,label\n" + "".join(texts))
    project: int = client.call("POST", "/projects", {"name": "Killed", "labels": ["spam", "ham"]})[
        "id"
    ]
    work = client.upload(project, path)
    assert ended(client, f"/projects/{project}/imports/{work['id']}")["created"] == rows
    return project


def ended(client: Any, address: str) -> Any:
    """Return what is told of a job once it has ended."""
    return client.wait_for(address, lambda told: told["state"] in ENDED, servers.patient(240))
