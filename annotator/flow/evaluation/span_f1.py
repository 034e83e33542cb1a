"""Entity F1 on audited texts, each read by a model that was not trained on it."""

from dataclasses import asdict
from typing import Any

import numpy as np

from annotator.flow.progress import audit_counts, spending
from annotator.models import Item, ModelVersion, Project, Round
from annotator.pool.spans import span_files, span_set

FOLDS = 5


def measure(round_: Round, version: ModelVersion) -> dict[str, Any]:
    """Return what is measured of a model: F1 with its interval, over all spans and for each label.

    A span is right if both borders and the label are.
    """
    from selection.spans.learning.fitting import is_trainable
    from selection.spans.quality.f1 import audit_f1, count_spans

    project = round_.project
    known = span_set.load_span_set(project, round_.space, version.labels)
    if not known.audited.any() or not is_trainable(known.spans):
        return {}
    rows, said = _cross_fit(round_, version, known)
    truth = [known.spans[row] for row in rows]
    found = audit_f1(*count_spans(truth, said))
    assert found is not None, "there is an audit"
    frontier = int(known.keys[known.audited].max())
    keys = span_set.keys_of(len(version.labels))
    each = [audit_f1(*count_spans(truth, said, key)) for key in keys]
    return {
        "accuracy": _told(project, found, frontier),
        "macro_f1": None,
        "measured": {
            "macro_f1": None,
            "spans": [
                {"label": label, **asdict(one)}
                for label, one in zip(version.labels, each, strict=True)
                if one
            ],
            "change": None,
            "moved": None,
            "spent": version.measured.get("spent") or spending.spent(project),
            "audits": audit_counts.counting_mark(project),
        },
    }


def _cross_fit(
    round_: Round, version: ModelVersion, known: span_set.SpanSet
) -> tuple[list[int], list[span_set.Spans]]:
    """Return the audited rows, and what models that did not learn from them say of each."""
    from selection.spans.learning.fitting import fit, is_trainable

    audited = np.flatnonzero(known.audited)
    folds = np.array_split(np.random.default_rng(round_.project.seed).permutation(audited), FOLDS)
    lexicon = span_files.load_span_model(version).lexicon
    labels = span_set.keys_of(len(version.labels))
    said: dict[int, span_set.Spans] = {}
    for fold in folds:
        left = np.setdiff1d(np.arange(len(known)), fold)
        texts, spans = known.take(left)
        asked = known.take(fold)[0]
        if not asked:
            continue
        if is_trainable(spans):
            model = fit(texts, spans, labels, seed=round_.project.seed, lexicon=lexicon)
            found = [[each.span for each in one] for one in model.predict(asked)]
        else:
            found = [[] for _text in asked]
        said |= dict(zip(fold.tolist(), found, strict=True))
    rows = sorted(said)
    return rows, [said[row] for row in rows]


def _told(project: Project, found: Any, frontier: int) -> dict[str, Any]:
    """Return F1 as an estimate is stored. It is a ratio of sums, for which no look is proven."""
    behind = Item.objects.present(project).filter(audit_key__gt=frontier).count()
    return {
        "metric": "span_f1",
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "n": found.n,
        "confidence": found.confidence,
        "method": found.method,
        "population": found.n + behind,
    }
