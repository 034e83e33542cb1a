"""Import benchmark: time from file to items, and from items to features."""

import time
from collections.abc import Callable
from pathlib import Path

from annotator.bench.api_client import Client
from annotator.bench.fixtures import filled, wait_for_features
from annotator.bench.percentiles import Figure


def measure(client: Client, folder: Path, peak: Callable[[], float], items: int) -> list[Figure]:
    """Measure how long `items` short texts take from upload to pool, and on to features."""
    project, seconds = filled(client, folder, items)
    started = time.perf_counter()
    wait_for_features(project)
    usual = items == 100_000
    return [
        Figure(f"import of {items:,} short texts", seconds, "s", "20" if usual else ""),
        Figure("features after it", time.perf_counter() - started, "s", "30" if usual else ""),
        Figure("peak memory of a worker process", peak(), "MB"),
    ]
