"""Swaps of targets in numba: arrays in, the array of targets changed in place."""

from typing import Any

from numpy.typing import NDArray

from netrobust.core.compiled import njit

Ints = NDArray[Any]


@njit(cache=True)
def _reaches(target: Ints, begin: int, end: int, neuron: int) -> bool:
    """Say whether one of the links from begin to end reaches a neuron."""
    for link in range(begin, end):  # noqa: SIM110 (numba has no any)
        if target[link] == neuron:
            return True
    return False


@njit(cache=True, nogil=True)
def swap_targets(
    source: Ints, target: Ints, start: Ints, one: Ints, other: Ints
) -> None:
    """Exchange the targets of pairs of links wherever both new places are free.

    A source keeps its links, so those that might be in the way are found in its own
    block of the arrays, without a table of places.

    Parameters
    ----------
    source, target : ndarray of int64, shape (links,)
        Ends of every link, by source. The targets change.
    start : ndarray of int64, shape (sources + 1,)
        Where the links of each source begin.
    one, other : ndarray of int64, shape (trials,)
        The links of each pair, which are drawn outside: numba's own generator is
        never used. A link paired with itself stays.
    """
    for trial in range(len(one)):
        a, b = one[trial], other[trial]
        left, right = source[a], source[b]
        # Links with an end in common find each other in the way.
        if _reaches(target, start[left], start[left + 1], target[b]):
            continue
        if _reaches(target, start[right], start[right + 1], target[a]):
            continue
        target[a], target[b] = target[b], target[a]
