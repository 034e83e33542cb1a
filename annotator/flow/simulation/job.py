"""Simulation job: strategies replayed on labelled data before a budget is spent.

One message does one run, and the next message goes to the end of the queue: rounds come first.
"""

import shutil
import time
from collections.abc import Collection, Sequence
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
from annotator.flow.simulation import dataset, spans, storage
from annotator.flow.simulation import runs as simulation_runs
from annotator.formats import Columns, UnreadableFile
from annotator.i18n import stored_texts
from annotator.i18n.reasons import worded
from annotator.jobs.runner import job
from annotator.models import Item, Job, Project, Simulation, User
from annotator.pool import documents as pool_documents
from annotator.pool import feature_store, pretrained, training_set
from annotator.pool.spans import span_set
from annotator.projectsettings.item_selection import AUTO, POOL

if TYPE_CHECKING:
    from selection.simulation.dataset import Plan

MOST_SEEDS = 10
MOST_LABELS = 2_000
MOST_ITEMS = 20_000
MOST_BYTES = 256 << 20
# Limits of one simulation. A run takes a minute at most, because its rounds are limited.
MOST_RUNS = 60
MOST_ROUNDS = 50
# A round of spans reads all texts with a model of words.
MOST_SPAN_ROUNDS = 25
MOST_SPAN_ITEMS = 5_000
OF_SPANS = ("auto",)
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
    most_rounds = MOST_SPAN_ROUNDS if marks(project) else MOST_ROUNDS
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
                batch=max(project.retrain_every, -(-labels // most_rounds)),
                audit_share=project.audit_share,
                rare="" if project.rare_label_id is None else str(project.rare_label_id),
                total=len(_turns(project, names, seeds, _compared(features))),
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


def marks(project: Project) -> bool:
    """Tell whether the project's answers are spans, which are replayed by their own rules."""
    return not tasktypes.of(project).answer.of_classes


def strategy_choices(project: Project) -> dict[str, str]:
    """Return the titles of the strategies that can be simulated, by their names."""
    titles = projectsettings.strategy_titles()
    return {name: titles[name] for name in (*OF_SPANS, RANDOM)} if marks(project) else titles


def feature_choices(project: Project) -> list[str]:
    """Return the features that can be simulated: the pool's own, and with which encoders."""
    medium = "" if marks(project) else tasktypes.of(project).media.pretrained
    there = [each.name for each in pretrained.available(medium)] if medium else []
    return [POOL, AUTO, *there] if there else [POOL]


def _turns(
    project: Project, strategies: Sequence[str], seeds: int, features: Collection[str]
) -> list[simulation_runs.RunSpec]:
    return simulation_runs.turns(strategies, seeds, features, baseline=not marks(project))


def _compared(features: Sequence[str]) -> Sequence[str]:
    return features if len(features) > 1 else ()


def _check(
    project: Project, strategies: Sequence[str], labels: int, seeds: int, features: Sequence[str]
) -> None:
    there = strategy_choices(project)
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
    runs = len(_turns(project, strategies, seeds, _compared(features)))
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
    wanted = _turns(work.project, work.strategies, work.seeds, _compared(features))
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
        made = _span_data(work) if marks(work.project) else _data(work)
    except UnreadableFile as problem:
        raise Invalid(problem.code, detail=worded(problem.reason)) from problem
    facts = {
        **made.facts,
        "hunts": work.project.target_recall is not None and not marks(work.project),
        "checksums": storage.save_data(_folder(work), made),
    }
    compared = () if isinstance(made, spans.SpanData) else made.compared
    total = len(_turns(work.project, work.strategies, work.seeds, compared))
    labels = min(work.labels, made.facts["n"])
    work.hand_on(stage=Simulation.Stage.RUN, facts=facts, labels=labels, total=total)
    if work.path:
        upload.uploaded(work.path).unlink(missing_ok=True)


def _data(work: Simulation) -> dataset.SimulationData:
    answers = dataset.sample(_answers(work), MOST_ITEMS)
    known = {name for names in answers.labels for name in names}
    rare = _rare(work)
    return dataset.prepare(
        answers,
        rare=rare if rare in known else "",
        features=work.features or [POOL],
        labels=naming.labels_of(work.project),
        show=_Encoding(work).show,
    )


def _span_data(work: Simulation) -> spans.SpanData:
    if work.path:
        path, columns = upload.uploaded(work.path), _columns(work)
        answers = spans.read(path, columns, work.format, MOST_BYTES)
    else:
        answers = _own_spans(work.project)
    return spans.prepare(spans.sample(answers, MOST_SPAN_ITEMS))


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
    return dataset.read(upload.uploaded(work.path), _columns(work), work.format, MOST_BYTES)


def _columns(work: Simulation) -> Columns:
    named = Options(text_column=work.text_column, label_column=work.label_column)
    return named.columns(work.project)


def _own_spans(project: Project) -> spans.MarkedTexts:
    """Return the project's labelled texts with the spans that count."""
    space = encode.current_space(project)
    if space is None:
        raise Invalid("no_features")
    labels = naming.labels_of(project)
    known = span_set.load_span_set(project, space, [label.pk for label in labels])
    keys = span_set.keys_of(len(labels))
    names = {key: label.name for key, label in zip(keys, labels, strict=True)}
    found = [[(start, end, names[key]) for start, end, key in each] for each in known.spans]
    return spans.MarkedTexts(known.texts, found, [stored_texts.OWN_LABELS])


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
    done: dict[simulation_runs.RunSpec, Any] = {}
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
