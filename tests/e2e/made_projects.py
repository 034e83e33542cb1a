"""Projects with texts of one's own, made over HTTP."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from annotator.bench.api_client import Client


def made(client: Client, name: str, labels: list[str], texts: Sequence[str], **more: Any) -> int:
    """Create a project with a few texts and return its number."""
    project = client.call("POST", "/projects", {"name": name, "labels": labels, **more})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.jsonl"
        path.write_text("\n".join(json.dumps({"text": text}) for text in texts))
        work = client.upload(project["id"], path)
    address = f"/projects/{project['id']}/imports/{work['id']}"
    client.wait_for(address, lambda answer: answer["state"] == "done")
    return int(project["id"])
