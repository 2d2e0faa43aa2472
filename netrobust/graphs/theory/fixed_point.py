"""The giant component solves x = F(x): the largest solution, found from above."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ERROR = 1e-10  # of the solution, as the last steps let it be estimated
MEMORY = 6  # steps that are looked back upon
SLACK = 1 + 1e-12  # rounding
BELOW_ONE = 1 - 2.0**-53
STEPS = 20_000  # far beyond what is ever needed; a guard against endless loops


def led_on(logarithms: Floats) -> Floats:
    """Give the chance that not all of some chances fail, from their summed `missed`."""
    return np.asarray(0.0 - np.expm1(logarithms))


def missed(chance: Floats) -> Floats:
    """Give the logarithm of the chance to fail; the smallest but one is finite."""
    return np.asarray(np.log1p(-np.minimum(chance, BELOW_ONE)))


def largest_fixed_point(step: Callable[[Floats], Floats], start: Floats) -> Floats:
    """Follow a map from above down to its largest fixed point.

    The map must rise in all arguments and be concave, with values from 0 to `start`,
    as those of percolation are: shares and messages that lead to the giant component.
    Values near 0 should be exact as such, not as differences from 1: `led_on` makes
    them so.

    Close to a threshold plain steps hardly approach. Anderson's mixing (1965),
    https://doi.org/10.1145/321296.321305, estimates the point where the last steps
    would together have led nowhere, as a secant does in one dimension. It could land
    below the solution, from where 0 attracts it. But a point that the map nowhere
    raises is not below: were t < 1 the largest number with t times the solution below
    the point, the map would lift the point further above than that. So leaps are taken
    to such points alone, short of the estimate or, where that is of no use, further
    along the last step.

    Parameters
    ----------
    step : callable
        The map.
    start : ndarray of float64
        Its largest argument.

    Returns
    -------
    ndarray of float64, of the shape of `start`
        What is not larger than its error is 0.
    """

    def half(point: Floats) -> Floats:
        # Where the map swaps two sides, whole steps would alternate.
        return (point + step(point)) / 2

    here, there, stride = start, half(start), 1.0
    points: list[Floats] = []
    ways: list[Floats] = []
    for _ in range(STEPS):
        points = [*points, here][-MEMORY:]
        ways = [*ways, there - here][-MEMORY:]
        estimate, length = _mixed(points, ways), np.abs(ways[-1]).max(initial=0)
        if max(length, (there - estimate).max(initial=0)) <= ERROR:
            return np.where(there > 2 * ERROR, there, 0.0)
        onward = np.maximum(there + stride * ways[-1], there / 2)
        here = there
        for share, goal in ((0.95, estimate), (0.5, estimate), (1.0, onward)):
            leap = there + share * (goal - there)
            if goal is estimate and (there - leap).max() < length:
                continue  # no further than a step
            beyond = half(leap)
            if (beyond <= leap * SLACK).all():
                here, there = leap, beyond
                stride *= 2 if goal is onward else 1
                break
        else:
            there, stride = half(there), stride / 4
    raise ArithmeticError("the equations of a theory were not solved; please report it")


def _mixed(points: list[Floats], ways: list[Floats]) -> Floats:
    """Estimate the solution from the last points and where the map led from them."""
    there = points[-1] + ways[-1]
    if len(ways) == 1:
        return there
    turns = np.diff(ways, axis=0)
    share = np.linalg.lstsq(turns.T, ways[-1], rcond=1e-10)[0]
    mixed = there - share @ (np.diff(points, axis=0) + turns)
    return np.clip(mixed, there / 100, there)
