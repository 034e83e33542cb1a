"""Have other tools read our exports with their own code; print a line for each.

python -m tests.bench.other_tools_read FOLDER installs each tool in an environment of its own in
FOLDER (some 700 MB), writes a small export and compares what the tool found with what went out.
"""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")

TEXTS = ('smile \U0001f600 "quoted"', "two\nlines", "=1+1", "e\u0301 \u0627\u0644")
LABELS = ("spam", "a", "caf\u00e9", "spam")
PEOPLE = ("ana", "ben", "zo\u00eb", "ana")
EXPECTED = [list(each) for each in zip(TEXTS, LABELS, PEOPLE, strict=True)]

LABEL_STUDIO = """
import json, sys
from label_studio_sdk.converter import Converter
view = '<View><Text name="text" value="$text"/><Choices name="label" toName="text"/></View>'
Converter(view, project_dir=".").convert(sys.argv[1], "out", "JSON_MIN", is_dir=False)
rows = json.load(open("out/result.json"))
print(json.dumps([[row["text"], row["label"], row["annotator"]] for row in rows]))
"""
ARGILLA = """
import json, sys, uuid
from argilla.records._io._json import JsonIO
found = []
for record in JsonIO._records_from_json(sys.argv[1]):
    (response,) = record.responses
    uuid.UUID(response.user_id)
    found.append([record.fields["text"], response.value, record.metadata["winnow_annotators"][0]])
print(json.dumps(found))
"""
DOCCANO = """
import json, os, sys
from importlib.util import find_spec
sys.path.insert(0, os.path.dirname(find_spec("backend").origin))
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.base"
from data_import.pipeline.parsers import JSONLParser
rows = JSONLParser(encoding="utf_8").parse(sys.argv[1])
print(json.dumps([[row["text"], row["label"][0], row["username"]] for row in rows]))
"""
PRODIGY = """
import json, sys, srsly
rows = srsly.read_jsonl(sys.argv[1])
print(json.dumps([[row["text"], row["accept"][0], row["_annotator_id"]] for row in rows]))
"""
# What is installed, and what reads the file that is named to it.
TOOLS = {
    "label-studio": (["label-studio-sdk"], LABEL_STUDIO),
    "argilla": (["argilla", "requests"], ARGILLA),
    "doccano": (["doccano", "numpy<2"], DOCCANO),
    # Prodigy is sold; this is the reader that it is built on.
    "prodigy": (["srsly"], PRODIGY),
}


def exported(kind: str) -> bytes:
    """Return a small export."""
    from annotator.formats import Outgoing
    from annotator.formats.registry import WRITERS
    from tests.formats.test_round_trips import as_answer, as_item

    writer, make = WRITERS[kind], as_item if WRITERS[kind].by_item else as_answer
    records = [
        make(number, {"key": f"k{number}", "text": text, "labels": [label], "meta": {}} | by)
        for number, (text, label, person) in enumerate(EXPECTED, 1)
        for by in [{"annotator": person}]
    ]
    about = Outgoing(tuple(records[0]), labels=sorted(set(LABELS)))
    return b"".join(writer.write(iter(records), about))


def python_of(folder: Path, packages: list[str]) -> Path:
    """Return the interpreter of an environment that has the packages."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
    return python


def found_by(kind: str, folder: Path) -> Any:
    """Return what a tool read, or the last line of what it said."""
    packages, script = TOOLS[kind]
    python = python_of(folder / kind, packages)
    path = folder / f"{kind}.json"
    path.write_bytes(exported(kind))
    run = subprocess.run(
        [python, "-c", script, path], cwd=folder, capture_output=True, text=True, timeout=300
    )
    return json.loads(run.stdout) if run.returncode == 0 else run.stderr.strip().splitlines()[-1]


def main() -> None:
    """Print a line for each tool."""
    django.setup()
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for kind in TOOLS:
        found = found_by(kind, folder)
        print(f"{kind}: {'the same' if found == EXPECTED else found}", flush=True)


if __name__ == "__main__":
    main()
