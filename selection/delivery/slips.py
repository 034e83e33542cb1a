"""How often people slip: the rate that a proof allows for, from two independent annotations."""

from __future__ import annotations

import math

from scipy.stats import beta

# Of the error probability, what the estimate of the slips takes for itself.
SHARE = 0.01


def rate_at_most(disagreed: int, pairs: int, error: float = SHARE) -> float | None:
    """Return the upper bound of the rate at which one person slips; None where nothing bounds it.

    `disagreed` of `pairs` items got two different labels from two people who did not see each
    other's. Two people who slip independently in a share s of the items disagree in 2 s (1 - s) of
    them if there are two labels, in more if there are more. Slips that both share stay unseen.

    >>> round(rate_at_most(4, 200), 4), rate_at_most(0, 3)
    (0.0293, None)
    """
    if not 0 <= disagreed <= pairs:
        raise ValueError(f"{disagreed} of {pairs} pairs cannot disagree")
    if disagreed == pairs:
        return None
    most = float(beta.ppf(1 - error, disagreed + 1, pairs - disagreed))
    return (1 - math.sqrt(1 - 2 * most)) / 2 if most < 0.5 else None
