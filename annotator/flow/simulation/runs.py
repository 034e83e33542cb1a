"""Runs of a simulation, in one process or several, and their result files."""

import csv
import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO, overload

from annotator.flow.simulation.dataset import SimulationData
from annotator.flow.simulation.spans import SpanData

if TYPE_CHECKING:
    from selection.simulation.dataset import Plan, Run
    from selection.spans.simulation.dataset import SpanRun

    AnyRun = Run | SpanRun

AnyData = SimulationData | SpanData

BASELINE = "baseline"
AGAINST_RANDOM = "against_random"
BY_STRATEGY = {"strategies", "needs", "against_random", "savings"}
FIELDS = ("labels", "accuracy", "macro_f1", "rare_found", "audited")
OF_SPANS = ("sentences", "words", "actions", "by_hand", "f1")
Progress = Callable[[int, int], None]


# Between a strategy and its features, where several are compared.
AT = "@"


class RunSpec(NamedTuple):
    """A run to do: a strategy, or "baseline", with one seed.

    Where several features are compared, the strategy names its own: "auto@pool".
    """

    strategy: str
    seed: int


def turns(
    strategies: Sequence[str],
    seeds: int,
    features: Collection[str] = (),
    *,
    baseline: bool = True,
) -> list[RunSpec]:
    """Return all runs of `strategies`, with random and the baseline, seed by seed.

    `features` are those that are compared, if there are several. Spans have no `baseline`.
    """
    own = ["random", *strategies]
    if features:
        own = [f"{name}{AT}{each}" for each in features for name in own]
    names = dict.fromkeys([*([BASELINE] if baseline else []), *own])
    return [RunSpec(name, seed) for seed in range(seeds) for name in names]


@overload
def run_once(trial: SimulationData, plan: "Plan", spec: RunSpec) -> "Run": ...
@overload
def run_once(trial: AnyData, plan: "Plan", spec: RunSpec) -> "AnyRun": ...
def run_once(trial: AnyData, plan: "Plan", spec: RunSpec) -> "AnyRun":
    """Return one run. The baseline is trained on the rows that random selects by that seed."""
    from selection.simulation.loop import RANDOM, replay

    if isinstance(trial, SpanData):
        return _run_of_spans(trial, plan, spec)
    if spec.strategy == BASELINE:
        return replay(trial.plain, RANDOM, spec.seed, plan, time.perf_counter)
    name, _at, features = spec.strategy.partition(AT)
    known = trial.compared.get(features, trial.known)
    return replace(replay(known, name, spec.seed, plan, time.perf_counter), strategy=spec.strategy)


def _run_of_spans(trial: SpanData, plan: "Plan", spec: RunSpec) -> "SpanRun":
    from selection.spans.simulation.dataset import SpanPlan
    from selection.spans.simulation.loop import replay_spans

    own = SpanPlan(plan.labels, plan.batch, plan.audit_share)
    return replay_spans(trial.known, spec.strategy, spec.seed, own, time.perf_counter)


@overload
def go_all(
    trial: SimulationData, plan: "Plan", wanted: Sequence[RunSpec], jobs: int, show: Progress
) -> dict[RunSpec, "Run"]: ...
@overload
def go_all(
    trial: AnyData, plan: "Plan", wanted: Sequence[RunSpec], jobs: int, show: Progress
) -> "Mapping[RunSpec, AnyRun]": ...
def go_all(
    trial: AnyData, plan: "Plan", wanted: Sequence[RunSpec], jobs: int, show: Progress
) -> "Mapping[RunSpec, AnyRun]":
    """Return all `wanted` runs in order, computed in `jobs` processes; `show` gets the progress."""
    done: dict[RunSpec, AnyRun] = {}
    show(0, len(wanted))
    if jobs < 2 or len(wanted) < 2:
        for spec in wanted:
            done[spec] = run_once(trial, plan, spec)
            show(len(done), len(wanted))
        return done
    with _executor(trial, plan, min(jobs, len(wanted))) as executor:
        try:
            with _interrupted_later():
                waiting = {executor.submit(_go_here, spec): spec for spec in wanted}
            for future in as_completed(waiting):
                done[waiting[future]] = future.result()
                show(len(done), len(wanted))
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            _end_runs()
            raise
    return {spec: done[spec] for spec in wanted}


def summarise(
    trial: AnyData, plan: "Plan", done: "Mapping[RunSpec, AnyRun]", **more: Any
) -> dict[str, Any]:
    """Return the summary of all runs, with the facts of the data."""
    settings = {
        "labels": plan.labels,
        "batch": plan.batch,
        "audit_share": plan.audit_share,
        "hunts": plan.hunts,
        "seeds": len({spec.seed for spec in done}),
    }
    return {**more, **trial.facts, "settings": settings, **_told(trial, done)}


def _told(trial: AnyData, done: "Mapping[RunSpec, Any]") -> dict[str, Any]:
    if isinstance(trial, SpanData):
        from selection.simulation.spans import summarise_spans

        return summarise_spans(list(done.values()))
    ours = [run for spec, run in done.items() if spec.strategy != BASELINE]
    plain = [run for spec, run in done.items() if spec.strategy == BASELINE]
    return _compared(ours, plain)


def _compared(ours: "Sequence[Run]", plain: "Sequence[Run]") -> dict[str, Any]:
    """Return the summary of runs: each strategy against random with the same features."""
    from selection.simulation import summary

    groups: dict[str, list[Run]] = {}
    for run in ours:
        name, at, features = run.strategy.partition(AT)
        groups.setdefault(at + features, []).append(replace(run, strategy=name))
    told: dict[str, Any] = {}
    for ending, some in groups.items():
        for key, value in summary.summarise(some, plain).items():
            if key in BY_STRATEGY:
                value = told.get(key, {}) | {f"{name}{ending}": value[name] for name in value}
            told[key] = value
    return told


def write_csv(file: TextIO, done: "Mapping[RunSpec, AnyRun]") -> None:
    """Write one row per strategy, seed and measurement."""
    writer = csv.writer(file, lineterminator="\n")
    of_spans = any(hasattr(run, "f1") for run in done.values())
    fields = OF_SPANS if of_spans else FIELDS
    writer.writerow(["strategy", "seed", *fields])
    for spec, run in done.items():
        for row in zip(*(getattr(run, name).tolist() for name in fields), strict=True):
            # Without a test set there is no measurement, which is not NaN.
            writer.writerow([*spec, *("" if v != v else round(v, 6) for v in row)])


def write_json(file: TextIO, summary: dict[str, Any]) -> None:
    """Write a summary."""
    json.dump(summary, file, ensure_ascii=False, allow_nan=False, indent=1)
    file.write("\n")


# In several processes -----------------------------------------------------------------------------

# Set once per process: the features are far too large to send with every run.
_here: tuple[AnyData, Any] | None = None


def _executor(trial: AnyData, plan: "Plan", jobs: int) -> ProcessPoolExecutor:
    # A forked process shares the features; elsewhere each process gets a copy once.
    forks = "fork" in multiprocessing.get_all_start_methods()
    return ProcessPoolExecutor(
        jobs,
        mp_context=multiprocessing.get_context("fork" if forks else None),
        initializer=_begin,
        initargs=(trial, plan),
    )


@contextmanager
def _interrupted_later() -> Iterator[None]:
    """Have Ctrl-C wait while processes are started: what runs around a fork would swallow it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_runs() -> None:
    # A user who stops it would wait for the current runs, which can take minutes.
    for process in multiprocessing.active_children():
        process.terminate()


def _begin(trial: AnyData, plan: "Plan") -> None:
    from threadpoolctl import threadpool_limits

    global _here
    # Ctrl-C is handled by the parent process, which ends the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threadpool_limits(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _here = trial, plan


def _end_with_parent() -> None:
    # A process that waits for work does not notice that its parent is gone.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _go_here(spec: RunSpec) -> "AnyRun":
    if _here is None:
        raise RuntimeError("the process was not begun")
    return run_once(*_here, spec)
