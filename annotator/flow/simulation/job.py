"""Simulation job: strategies replayed on labelled data before a budget is spent.

One message does one run, and the next message goes to the end of the queue: rounds come first.
"""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from annotator import projectsettings, tasktypes
from annotator.errors import Conflict, Invalid, NotFound
from annotator.flow.datasets import upload
from annotator.flow.datasets.options import Options
from annotator.flow.features import encode
from annotator.flow.labels import naming
from annotator.flow.simulation import dataset, storage
from annotator.flow.simulation import runs as simulation_runs
from annotator.formats import Columns, UnreadableFile
from annotator.i18n import stored_texts
from annotator.i18n.reasons import worded
from annotator.jobs.runner import job
from annotator.models import Item, Job, Project, Simulation, User
from annotator.pool import documents as pool_documents
from annotator.pool import feature_store, pretrained, training_set
from annotator.projectsettings.item_selection import AUTO, POOL

if TYPE_CHECKING:
    from selection.simulation.dataset import Plan, Run

MOST_SEEDS = 10
MOST_LABELS = 2_000
MOST_ITEMS = 20_000
MOST_BYTES = 256 << 20
# Limits of one simulation. A run takes a minute at most, because its rounds are limited.
MOST_RUNS = 60
MOST_ROUNDS = 50
FEWEST_OWN = 200
KEPT = 10
TELL_SECONDS = 2.0
RANDOM = "random"


# Start --------------------------------------------------------------------------------------------


def start(
    project: Project,
    user: User,
    *,
    file: Any = None,
    strategies: Sequence[str],
    labels: int,
    seeds: int,
    features: Sequence[str] = (POOL,),
    text_column: str = "",
    label_column: str = "",
) -> Simulation:
    """Store a simulation to run; on the project's own labels if there is no `file`.

    Refused if there is too much work, too little data, or a simulation running already.
    """
    tasktypes.require(project, "simulate")
    features = list(dict.fromkeys(features)) or [POOL]
    _check(project, strategies, labels, seeds, features)
    given: dict[str, Any] = {}
    if file is not None:
        columns = Options(text_column=text_column, label_column=label_column).columns(project)
        given = _received(project, file, columns)
    elif own_labels(project) < FEWEST_OWN:
        raise Invalid("too_few", field="file", least=FEWEST_OWN)
    names = [name for name in strategies if name != RANDOM]
    try:
        with transaction.atomic():
            return Simulation.objects.create(
                project=project,
                user=user,
                strategies=names,
                features=features,
                seeds=seeds,
                labels=labels,
                # The number of labels between two rounds of a project.
                batch=max(project.retrain_every, -(-labels // MOST_ROUNDS)),
                audit_share=project.audit_share,
                rare="" if project.rare_label_id is None else str(project.rare_label_id),
                total=len(simulation_runs.turns(names, seeds, _compared(features))),
                **given,
            )
    except IntegrityError as problem:
        if given:
            upload.uploaded(given["path"]).unlink(missing_ok=True)
        raise Conflict("running") from problem


def stop(project: Project, pk: int, user: User) -> None:
    """Stop a running simulation; its worker notices at the next write."""
    find(project, pk)
    words = stored_texts.STOPPED % {"name": user.username}
    Simulation.objects.active().filter(pk=pk).update(
        state=Job.State.FAILED, token=None, finished_at=timezone.now(), error=words
    )


def find(project: Project, pk: int) -> Simulation:
    """Return one of the project's simulations."""
    found: Simulation | None = Simulation.objects.filter(project=project, pk=pk).first()
    if found is None:
        raise NotFound("unknown_simulation")
    return found


def own_labels(project: Project) -> int:
    """Return the number of the project's labelled items."""
    return Item.objects.filter(project=project, state=Item.State.LABELLED).count()


def feature_choices(project: Project) -> list[str]:
    """Return the features that can be simulated: the pool's own, and with which encoders."""
    medium = tasktypes.of(project).media.pretrained
    there = [each.name for each in pretrained.available(medium)] if medium else []
    return [POOL, AUTO, *there] if there else [POOL]


def _compared(features: Sequence[str]) -> Sequence[str]:
    return features if len(features) > 1 else ()


def _check(
    project: Project, strategies: Sequence[str], labels: int, seeds: int, features: Sequence[str]
) -> None:
    there = projectsettings.strategy_titles()
    unknown = [name for name in strategies if name not in there]
    if unknown or not strategies:
        raise Invalid("strategy", field="strategies")
    if not 1 <= labels <= MOST_LABELS:
        raise Invalid("labels", field="labels", most=MOST_LABELS)
    if not 1 <= seeds <= MOST_SEEDS:
        raise Invalid("seeds", field="seeds", most=MOST_SEEDS)
    unknown = [name for name in features if name not in feature_choices(project)]
    if unknown:
        names = ", ".join(feature_choices(project))
        raise Invalid("unknown_features", field="features", name=unknown[0][:60], names=names)
    runs = len(simulation_runs.turns(strategies, seeds, _compared(features)))
    if runs > MOST_RUNS:
        raise Invalid("too_much", field="seeds", runs=runs, most=MOST_RUNS)


def _received(project: Project, file: Any, columns: Columns) -> dict[str, Any]:
    kind = upload.kind_of(project, file.name)
    path = upload.keep_upload(file)
    try:
        upload.look(path, kind, columns)
    except Invalid:
        path.unlink()
        raise
    return {
        "name": Path(file.name).name[:255],
        "path": path.name,
        "format": kind,
        "text_column": columns.text,
        "label_column": columns.label,
    }


# Run ----------------------------------------------------------------------------------------------


@job(Simulation)
def go_on(work: Simulation) -> Simulation | None:
    """Prepare the data, or do the next run; return the simulation while more runs remain."""
    if work.stage == Simulation.Stage.PREPARE:
        _prepare(work)
        return work
    features = work.facts.get("features", [])
    wanted = simulation_runs.turns(work.strategies, work.seeds, _compared(features))
    folder = _folder(work)
    missing = [spec for spec in wanted if storage.load_run(folder, spec) is None]
    if missing:
        run = simulation_runs.run_once(
            storage.load_data(folder, work.facts), _plan(work), missing[0]
        )
        storage.save_run(folder, missing[0], run)
        work.hand_on(done=len(wanted) - len(missing) + 1)
        return work
    _finish(work, wanted)
    return None


def _prepare(work: Simulation) -> None:
    try:
        answers = dataset.sample(_answers(work), MOST_ITEMS)
        known = {name for names in answers.labels for name in names}
        rare = _rare(work)
        made = dataset.prepare(
            answers,
            rare=rare if rare in known else "",
            features=work.features or [POOL],
            labels=naming.labels_of(work.project),
            show=_Encoding(work).show,
        )
    except UnreadableFile as problem:
        raise Invalid(problem.code, detail=worded(problem.reason)) from problem
    facts = {
        **made.facts,
        "hunts": work.project.target_recall is not None,
        "checksums": storage.save_data(_folder(work), made),
    }
    total = len(simulation_runs.turns(work.strategies, work.seeds, made.compared))
    labels = min(work.labels, len(made.known.X))
    work.hand_on(stage=Simulation.Stage.RUN, facts=facts, labels=labels, total=total)
    if work.path:
        upload.uploaded(work.path).unlink(missing_ok=True)


@dataclass
class _Encoding:
    """Progress of an encoder in the row, from time to time; a stopped simulation ends there."""

    work: Simulation
    told_at: float = 0.0

    def show(self, done: int, of: int) -> None:
        if time.monotonic() - self.told_at >= TELL_SECONDS:
            self.told_at = time.monotonic()
            self.work.write(facts={"encoding": [done, of]})


def _rare(work: Simulation) -> str:
    """Return the rare label's current name; older simulations stored it by name."""
    if not work.rare.isdigit():
        return work.rare
    return str(naming.names(work.project, [int(work.rare)])[0])


def _answers(work: Simulation) -> dataset.LabelledDocuments:
    if not work.path:
        return _own_answers(work.project)
    named = Options(text_column=work.text_column, label_column=work.label_column)
    columns = named.columns(work.project)
    return dataset.read(upload.uploaded(work.path), columns, work.format, MOST_BYTES)


def _own_answers(project: Project) -> dataset.LabelledDocuments:
    """Return the project's labelled items with their current labels."""
    space = encode.current_space(project)
    if space is None:
        raise Invalid("no_features")
    labels = naming.labels_of(project)
    known = training_set.load_training_set(project, space, [label.pk for label in labels])
    names = [
        [label.name for label, given in zip(labels, row, strict=True) if given]
        for row in known.label_space.indicator(known.y[:MOST_ITEMS])
    ]
    documents = list(pool_documents.documents_at(project, known.positions[:MOST_ITEMS].tolist()))
    notes = [stored_texts.OWN_LABELS]
    return dataset.LabelledDocuments(documents, names, notes, not known.label_space.is_nominal)


def _plan(work: Simulation) -> "Plan":
    from selection.simulation.dataset import Plan

    return Plan(
        work.labels, work.batch, work.audit_share, hunts=bool(work.facts.get("hunts", False))
    )


def _finish(work: Simulation, wanted: Sequence[simulation_runs.RunSpec]) -> None:
    """Store the summary and the curves; delete the features."""
    folder = _folder(work)
    done: dict[simulation_runs.RunSpec, Run] = {}
    for spec in wanted:
        run = storage.load_run(folder, spec)
        if run is None:
            raise RuntimeError(f"the run {spec} is gone")
        done[spec] = run
    made = storage.load_data(folder, work.facts)
    summary = simulation_runs.summarise(made, _plan(work), done, data=work.name)
    with _csv_path(work, "new").open("w", encoding="utf-8", newline="") as file:
        simulation_runs.write_csv(file, done)
    _csv_path(work, "new").replace(_csv_path(work))
    work.finish(summary=summary)
    shutil.rmtree(folder, ignore_errors=True)


# Files -------------------------------------------------------------------------------------------


def curves_path(work: Simulation) -> Path:
    """Return the path of the CSV with the curves of a finished simulation."""
    return _csv_path(work)


def drop_old(project: Project) -> None:
    """Delete all simulations but the newest, and the features of those not running."""
    for old in project.simulations.exclude(state__in=[Job.State.QUEUED, Job.State.RUNNING])[KEPT:]:
        _csv_path(old).unlink(missing_ok=True)
        old.delete()
    under_way = {_folder(work) for work in project.simulations.active()}
    for folder in _simulations(project.pk).glob("*/"):
        if folder not in under_way:
            shutil.rmtree(folder, ignore_errors=True)


def _csv_path(work: Simulation, ending: str = "csv") -> Path:
    return _simulations(work.project_id) / f"{work.pk}.{ending}"


def _folder(work: Simulation) -> Path:
    return _simulations(work.project_id) / str(work.pk)


def _simulations(project_id: int) -> Path:
    return feature_store.project_folder(project_id) / "simulations"
