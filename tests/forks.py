"""Commands in forks of a process that has loaded the app: each start would take a second."""

import json
import os
import select
import subprocess
import sys
from pathlib import Path

from tests import servers

LOADED = """
import json, os, sys, django
django.setup()
import annotator.urls, manage
for line in sys.stdin:
    told = json.loads(line)
    if os.fork():
        print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
        continue
    for number, path in enumerate((os.devnull, told["out"], told["err"])):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC), number)
    sys.argv = ["manage.py", *told["words"]]
    break
else:
    sys.exit()
manage.main()
"""


class Forks:
    """A process with the app, from which each command is forked as manage.py would run it."""

    def __init__(self, env: dict[str, str], folder: Path) -> None:
        self._out, self._err = folder / "out", folder / "err"
        self._process = subprocess.Popen(
            [sys.executable, "-c", LOADED],
            cwd=servers.ROOT,
            env={**env, "DJANGO_SETTINGS_MODULE": "annotator.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        assert self._process.stdin
        assert self._process.stdout
        told = {"words": list(map(str, words)), "out": str(self._out), "err": str(self._err)}
        self._process.stdin.write(json.dumps(told) + os.linesep)
        self._process.stdin.flush()
        ended, _, _ = select.select([self._process.stdout], [], [], 120)
        assert ended, f"{words} did not end"
        code = int(self._process.stdout.readline())
        return subprocess.CompletedProcess(
            words, code, self._out.read_text(), self._err.read_text()
        )

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait(30)
