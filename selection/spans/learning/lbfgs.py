"""L-BFGS for a smooth convex function of many numbers, without bounds.

Own code because the usual one handles bounds, which takes more time here than the function itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from selection.core.arrays import FloatArray

Loss = Callable[[FloatArray], tuple[float, FloatArray]]

MEMORY = 6  # pairs of steps and changes of the gradient that are kept
LEAST_GAIN = 1e-4  # of what the slope promises, that a step must bring (Armijo 1966)
HALVINGS = 20


def minimise(loss: Loss, start: FloatArray, steps: int, tolerance: float = 1e-5) -> FloatArray:
    """Return where `loss` is least, from `start` (n,), in at most `steps` steps.

    `loss` returns its value and its gradient (n,). Nocedal 1980, two-loop recursion. Ends when a
    step brings less than `tolerance` of the value.

    >>> minimise(lambda x: (float((x - 3) @ (x - 3)), 2 * (x - 3)), np.zeros(2), 20).round(3)
    array([3., 3.])
    """
    place = start
    value, gradient = loss(place)
    pairs: deque[tuple[FloatArray, FloatArray, float]] = deque(maxlen=MEMORY)
    for _ in range(steps):
        direction = _direction(gradient, pairs)
        slope = float(gradient @ direction)
        length = float(np.abs(gradient).max(initial=0.0))
        if not slope < 0 or not length:
            break
        size = 1.0 if pairs else min(1.0, 1.0 / length)
        for _ in range(HALVINGS):
            reached = place + size * direction
            new_value, new_gradient = loss(reached)
            if new_value <= value + LEAST_GAIN * size * slope:
                break
            size /= 2
        else:
            break
        _remember(pairs, reached - place, new_gradient - gradient)
        gain = value - new_value
        place, value, gradient = reached, new_value, new_gradient
        if gain <= tolerance * max(abs(value), 1.0):
            break
    return place


def _direction(
    gradient: FloatArray, pairs: deque[tuple[FloatArray, FloatArray, float]]
) -> FloatArray:
    direction = -gradient
    # One table for all products: to make and drop one each time takes longer than to fill it.
    part = np.empty_like(direction)
    weights = []
    for step, change, product in reversed(pairs):
        weight = float(step @ direction) / product
        direction -= np.multiply(change, weight, out=part)
        weights.append(weight)
    if pairs:
        _, change, product = pairs[-1]
        direction *= product / float(change @ change)
    for (step, change, product), weight in zip(pairs, reversed(weights), strict=True):
        share = weight - float(change @ direction) / product
        direction += np.multiply(step, share, out=part)
    return direction


def _remember(
    pairs: deque[tuple[FloatArray, FloatArray, float]], step: FloatArray, change: FloatArray
) -> None:
    product = float(step @ change)
    if product > 1e-10 * float(change @ change):
        pairs.append((step, change, product))
