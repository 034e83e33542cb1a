"""Read thousands of damaged files: `python -m tests.bench.mutated_files --number 10000`.

Each runs with a limit of time in a process of its own pool; the memory of the processes is watched.
"""

import argparse
import os
import resource
import signal
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import FrameType

LIMIT_SECONDS = 5
AT_ONCE = 200


class TooSlow(BaseException):
    """A file took longer than the limit."""


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlow


def read_part(seed: int, number: int) -> tuple[Counter[str], float, int, list[str]]:
    """Return outcomes, the longest time, the peak memory in MB, and what went wrong."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotator.settings")
    import django

    django.setup()
    from tests.formats.mutations import mutated
    from tests.formats.test_mutations import outcome

    signal.signal(signal.SIGALRM, _stop)
    found: Counter[str] = Counter()
    longest, wrong = 0.0, []
    with tempfile.TemporaryDirectory() as folder:
        for name, kind, content in mutated(seed, number):
            start = time.perf_counter()
            signal.alarm(LIMIT_SECONDS)
            try:
                found[outcome(Path(folder) / "file", name, kind, content)] += 1
            except (Exception, TooSlow) as problem:
                found["WRONG"] += 1
                wrong.append(f"seed {seed}, {name}: {type(problem).__name__}: {problem}"[:300])
            finally:
                signal.alarm(0)
            longest = max(longest, time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    return found, longest, peak, wrong


def main() -> None:
    """Print what became of the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=1)
    options = parser.parse_args()
    os.environ.setdefault("WINNOW_DATA", tempfile.mkdtemp())
    total: Counter[str] = Counter()
    longest, first_peak, last_peak = 0.0, 0, 0
    with ProcessPoolExecutor(options.processes) as pool:
        parts = range(1000, 1000 + options.number // AT_ONCE)
        for found, slowest, peak, wrong in pool.map(read_part, parts, [AT_ONCE] * len(parts)):
            total += found
            longest = max(longest, slowest)
            first_peak, last_peak = first_peak or peak, peak
            print(*wrong, sep="\n", end="\n" if wrong else "", flush=True)
    print(f"{total.total()} files, longest {longest:.2f} s")
    print(f"memory: {first_peak} MB after the first {AT_ONCE}, {last_peak} MB at the end")
    for code, times in total.most_common():
        print(f"{times:6} {code}")


if __name__ == "__main__":
    main()
