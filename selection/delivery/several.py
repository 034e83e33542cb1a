"""Several promises at once, such as one for each label: Holm's procedure on e-values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from selection.delivery import ladder
from selection.delivery.ladder import Plan, Standing


@dataclass(frozen=True)
class Part:
    """One of the promises: its plan, and the arrays of `ladder.stand`."""

    plan: Plan
    innermost: NDArray[np.int64]
    verdicts: NDArray[np.int64]
    taken: NDArray[np.bool_]


def stand(parts: Mapping[int, Part], alpha: float, *, at_once: bool = False) -> dict[int, Standing]:
    """Return the standings of all parts, which hold together but in a share `alpha` of the time.

    Each part starts with an equal share of `alpha`, at which it was planned. A part whose rungs are
    all proven hands its share on to the others (Holm 1979); one that gave a rung up keeps it. With
    `at_once`, verdicts of a part that came after its first moment of proof are not read.
    """
    found: dict[int, Standing] = {}
    done: set[int] = set()
    while True:
        level = alpha / max(1, len(parts) - len(done))
        for key, part in parts.items():
            if key not in done:
                found[key] = ladder.stand(
                    part.plan,
                    part.innermost,
                    part.verdicts,
                    part.taken,
                    level=level,
                    at_once=at_once,
                )
        fresh = {key for key in parts if key not in done and _is_wholly_proven(found[key])}
        if not fresh:
            return found
        done |= fresh


def _is_wholly_proven(standing: Standing) -> bool:
    return all(rung.is_proven for rung in standing.rungs)
