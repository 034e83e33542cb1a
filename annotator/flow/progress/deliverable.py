"""What a model could label by itself, by the newest report about how sure it is.

Page and API show it, and rounds in finish mode leave it to the model.
"""

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from annotator.models import Project
from annotator.projectsettings.item_selection import FINISH_ERROR

# Of the report, which `flow.delivery.outlook` makes.
KIND = "delivery"
ALPHA = 0.05


def report(project: Project) -> dict[str, Any]:
    """Return the newest report; empty if there is none."""
    found = project.reports.filter(kind=KIND).values_list("found", flat=True).first()
    return dict(found or {})


def finish_threshold(project: Project) -> float | None:
    """Return the confidence from which finish mode leaves items to the model.

    None while it is off, or the model may label nothing yet.
    """
    allowed = FINISH_ERROR.value(project)
    if allowed is None:
        return None
    found = report(project)
    told = region(found, found.get("all"), Fraction(str(allowed)), ALPHA)
    threshold: float | None = told["threshold"]
    return threshold


def region(
    found: Mapping[str, Any], steps: Mapping[str, Any] | None, allowed: Fraction, alpha: float
) -> dict[str, Any]:
    """Return the region that is likely to be proven, and the checks that it is expected to take.

    `found` is the report, `steps` its sums of expected errors, of all items or of one label.
    """
    from selection.delivery import evidence, regions

    if not steps or not steps["counts"]:
        return nothing("no_model" if not steps else "all_labelled")
    if not alpha:
        return nothing("no_attempt_left")
    counts, doubt = np.array(steps["counts"]), np.array(steps["doubt"])
    error, slips = doubt / counts, found.get("slips") or 0.0
    fits = np.flatnonzero(error <= regions.LIKELY * float(allowed))
    if not len(fits):
        return nothing("nothing_sure")
    last = int(fits[-1])
    size = int(counts[last])
    first = evidence.checks_without_error(0, 0, size, allowed, alpha, slips=slips)
    if first is None or first > size // 2:
        return nothing("too_small")
    tested = float(evidence.less_slips(allowed, slips))
    needed = evidence.checks_expected(float(error[last]), tested, alpha)
    few = size * allowed < regions.FEW_WRONG
    return {
        "machine": size,
        "threshold": steps["threshold"][last],
        "checks_needed": None if needed is None else min(size, math.ceil(needed)),
        "advice": "costly" if few else "ready",
    }


def nothing(advice: str) -> dict[str, Any]:
    """Return that the model may label nothing, and why by its code."""
    return {"machine": 0, "threshold": None, "checks_needed": None, "advice": advice}
