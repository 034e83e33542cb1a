"""Rounds of spans: a chain over words learns, reads each shard, and says which texts to ask for.

The stages and their rows are those of every round; only what is learnt and stored differs.
"""

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from numpy.typing import NDArray

from annotator.flow.queue import refill
from annotator.i18n.stored_texts import WHY_DRAWN, WHY_UNSURE_SPANS, WHY_VARIED
from annotator.models import ModelVersion, Project, Round, RoundShard
from annotator.pool import documents, feature_store, model_files
from annotator.pool.spans import span_files, span_set
from annotator.projectsettings.marking import OVERLAPPING_SPANS
from annotator.storage import arrays
from annotator.tasktypes.marks import ANY, NESTED, Mark, first_overlap

if TYPE_CHECKING:
    from selection.spans.learning.model import SpanModel
    from selection.spans.text.auto_tag import AutoTag

# Texts of clusters, before the doubt of a model says anything.
FIRST = 60
# Texts from which suggestions are shown before anything is measured, and the F1 from which they
# save actions; both from replays on three sets.
FEWEST, LEAST_F1 = 50, 0.3
# Of a shard, before there is a model.
SAMPLE = 2_000
START, DOUBT, RANDOM = "typical", "margin", "random"
WIDER = 5
BINS = 20


# Learn --------------------------------------------------------------------------------------------


def learn(round_: Round) -> tuple[str, ModelVersion | None]:
    """Return the phase of the round, and its model if there is a span to learn from."""
    from selection.spans.learning.fitting import fit, is_trainable

    project = round_.project
    labels = [label.pk for label in project.labels.all()]
    known = span_set.load_span_set(project, round_.space, labels)
    phase = RANDOM if round_.strategy == RANDOM else START if len(known) < FIRST else DOUBT
    if not is_trainable(known.spans):
        return (phase if phase == RANDOM else START), None
    lexicon = span_files.lexicon_of(project, round_.space)
    keys = span_set.keys_of(len(labels))
    model = fit(known.texts, known.spans, keys, seed=project.seed, lexicon=lexicon)
    return phase, _version(round_, labels, known, model)


def _version(
    round_: Round, labels: list[int], known: span_set.SpanSet, model: "SpanModel"
) -> ModelVersion:
    path, sha256 = span_files.save_span_model(round_.project, round_.number, model)
    counts = known.counts(len(labels))
    return ModelVersion(
        project=round_.project,
        number=round_.number,
        space=round_.space,
        labels=labels,
        trained_on=len(known),
        seen={str(pk): n for pk, n in zip(labels, counts, strict=True)},
        path=path,
        sha256=sha256,
        snapshot=_snapshot(known),
        params={
            "seed": round_.project.seed,
            "recipe": round_.space.recipe,
            "lexicon_items": round_.space.items,
            "block_weights": {},
            "leans_on": {},
        },
    )


def _snapshot(known: span_set.SpanSet) -> str:
    digest = hashlib.sha256(known.positions.tobytes())
    digest.update(orjson.dumps(known.spans))
    return digest.hexdigest()


# Score --------------------------------------------------------------------------------------------


def score(scoring: RoundShard, free: NDArray[np.int64]) -> dict[str, Any]:
    """Store the candidates of a shard among its rows `free`; return the fields of the shard."""
    round_ = scoring.round
    if round_.model is None:
        return {"checksums": {"candidates": _save(scoring, _sampled(scoring, free))}}
    model = span_files.load_span_model(round_.model)
    texts = list(documents.documents(round_.project, scoring.shard.start, scoring.shard.stop))
    spans, doubt = model.read(texts)
    found = _best(scoring, free, doubt.mnlp if round_.strategy == "mnlp" else doubt.entropy)
    sums = {"candidates": _save(scoring, found)}
    return {"checksums": sums, **_distribution(round_, doubt.mnlp, spans)}


def _best(
    scoring: RoundShard, free: NDArray[np.int64], scores: NDArray[Any]
) -> dict[str, NDArray[Any]]:
    from selection.core.top_k import best

    ids = free + scoring.shard.start
    rows = best(scores[free], ids, WIDER * wanted(scoring.round), _seed(scoring.round))
    return {"ids": ids[rows], "scores": scores[free][rows]}


def _sampled(scoring: RoundShard, free: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    rng = np.random.default_rng([_seed(scoring.round), scoring.shard.number])
    rows = np.sort(rng.permutation(free)[:SAMPLE])
    return {"ids": rows + scoring.shard.start, "scores": np.full(len(rows), np.nan)}


def _distribution(round_: Round, mnlp: NDArray[Any], spans: list[Any]) -> dict[str, Any]:
    assert round_.model is not None
    said = [{each.label for each in of_text} for of_text in spans]
    keys = span_set.keys_of(len(round_.model.labels))
    predicted = [sum(key in each for each in said) for key in keys]
    return {"histogram": _histogram(1 - np.exp(-mnlp)), "predicted": predicted}


def _histogram(shares: NDArray[Any]) -> list[int]:
    counts, _edges = np.histogram(np.clip(shares, 0.0, 1.0), bins=BINS, range=(0.0, 1.0))
    return [int(n) for n in counts]


def _save(scoring: RoundShard, found: dict[str, NDArray[Any]]) -> str:
    return arrays.save_npz(_path(scoring), found)


def _path(scoring: RoundShard) -> Any:
    folder = model_files.round_folder(scoring.round.project_id, scoring.round.number)
    return folder / f"{scoring.shard.number:05d}.npz"


def wanted(round_: Round) -> int:
    """Return how many texts a round asks for."""
    return int(round_.project.batch_size * refill.BATCHES_AHEAD)


def _seed(round_: Round) -> int:
    from selection.strategies.shortlist import round_seed

    return round_seed(round_.project.seed, round_.number)


# Select -------------------------------------------------------------------------------------------


def pick(round_: Round) -> list[dict[str, Any]]:
    """Return the picks of a round among the candidates of all shards, with their suggestions."""
    shards = list(round_.shards.select_related("round", "shard"))
    found = [model_files.load_found(each, _path(each), "candidates") for each in shards]
    ids = np.concatenate([each["ids"] for each in found]) if found else np.zeros(0, np.int64)
    if not len(ids):
        return []
    scores = np.concatenate([each["scores"] for each in found])
    rows = _choose(round_, ids, scores)
    said = _suggestions(round_, shards, ids[rows])
    why = {START: WHY_VARIED, DOUBT: WHY_UNSURE_SPANS, RANDOM: WHY_DRAWN}[round_.phase]
    return [
        {
            "position": int(ids[row]),
            "score": None if np.isnan(scores[row]) else float(scores[row]),
            "probability": None,
            "reason": round_.phase,
            "why": why,
            "suggestion": suggestion,
        }
        for row, suggestion in zip(rows.tolist(), said, strict=True)
    ]


def _choose(round_: Round, ids: NDArray[Any], scores: NDArray[Any]) -> NDArray[np.int64]:
    from selection.spans.learning.choice import first_texts, select_spans

    k, seed = min(wanted(round_), len(ids)), _seed(round_)
    if round_.phase == RANDOM:
        return np.asarray(np.random.default_rng(seed).permutation(len(ids))[:k])
    vectors = feature_store.gather(round_.space, ids).spread_block()
    if round_.phase == START or np.isnan(scores).all():
        return first_texts(vectors, k, None, seed)
    rule: Any = "mnlp" if round_.strategy == "mnlp" else "entropy"
    return select_spans(scores, ids, vectors, k, seed=seed, rule=rule)


def _suggestions(
    round_: Round, shards: list[RoundShard], positions: NDArray[Any]
) -> list[dict[str, Any] | None]:
    """Return what the model and the auto-tag say of the picks, where that pays."""
    if round_.model is None or not _pays(round_):
        return [None] * len(positions)
    from selection.spans.simulation.actions import merge_suggestions

    model = span_files.load_span_model(round_.model)
    tagged, overlap = _auto_tag(round_), OVERLAPPING_SPANS.value(round_.project)
    order = np.argsort(positions)
    texts = list(documents.documents_at(round_.project, positions[order].tolist()))
    found: list[dict[str, Any] | None] = [None] * len(positions)
    for row, text, said in zip(order.tolist(), texts, model.predict(texts), strict=True):
        merged = merge_suggestions(said, tagged.suggest(text))
        found[row] = suggestion(_allowed(merged, overlap), round_.model.labels)
    return found


def _pays(round_: Round) -> bool:
    """Tell whether suggestions save more actions than they cost."""
    assert round_.model is not None
    measured = round_.project.models.filter(accuracy__isnull=False).first()
    if measured is not None and measured.accuracy and measured.accuracy["n"] >= FEWEST:
        return bool(measured.accuracy["value"] >= LEAST_F1)
    return round_.model.trained_on >= FEWEST


def _auto_tag(round_: Round) -> "AutoTag":
    from selection.spans.text.auto_tag import AutoTag

    assert round_.model is not None
    known = span_set.load_span_set(round_.project, round_.space, round_.model.labels)
    return AutoTag.of(zip(known.texts, known.spans, strict=True))


def _allowed(found: list[Any], overlap: str) -> list[Any]:
    """Return the spans that may stand beside each other, the surest first."""
    kept: list[Any] = []
    for each in sorted(found, key=lambda one: -one.confidence):
        marks = [Mark(*one[:3]) for one in (*kept, each)]
        is_free = overlap == ANY or first_overlap(marks, nested=overlap == NESTED) is None
        if is_free and marks[-1] not in marks[:-1]:
            kept.append(each)
    return sorted(kept)


def suggestion(found: list[Any], labels: list[int]) -> dict[str, Any]:
    """Return spans as a suggestion is stored."""
    sure = [round(each.confidence, 4) for each in found]
    return {
        "labels": span_set.as_refs(found, labels),
        "confidence": min(sure) if sure else None,
        "each": sure,
    }


def predict(project: Project, version: ModelVersion, texts: list[str]) -> list[dict[str, Any]]:
    """Return what a model says of texts that are not stored."""
    overlap = OVERLAPPING_SPANS.value(project)
    said = span_files.load_span_model(version).predict(texts)
    return [suggestion(_allowed(each, overlap), version.labels) for each in said]
