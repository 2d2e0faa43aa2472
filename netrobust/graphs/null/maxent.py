"""Maximum entropy: the probability of every link, given the mean degrees.

The solver is that of the package bicm. It is handed two degree sequences and nothing
else: signed weights would end in NaN, reported as converged. What it says of its own
success is not read either; the solution is held against the degrees here.
"""

import io
import warnings
from contextlib import redirect_stdout
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from netrobust.core.errors import InputError

TOLERANCE = 1e-3  # between a degree and its expectation

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Counts = tuple[tuple[int, int], ...]  # degrees, each with the number of its neurons


def link_probabilities(k_out: Ints, k_in: Ints) -> tuple[Floats, Ints, Ints]:
    """Give the probabilities of links under which the mean degrees are those given.

    A link has the probability x y / (1 + x y), where x and y are the fitnesses of its
    source and its target. Neurons of one side with the same degree have the same
    fitness, so there is one probability for each pair of degrees.

    Parameters
    ----------
    k_out, k_in : ndarray of int64, shapes (sources,) and (targets,)
        Degrees as a layer has them.

    Returns
    -------
    probability : ndarray of float64, shape (degrees of sources, degrees of targets)
        Read-only.
    row, column : ndarray of int64, shapes (sources,) and (targets,)
        Where each neuron finds its own.

    Raises
    ------
    InputError
        If bicm is not installed or finds no solution.

    Examples
    --------
    >>> p, row, column = link_probabilities(np.array([1, 1]), np.array([2, 0]))
    >>> p[row][:, column]
    array([[1., 0.],
           [1., 0.]])
    """
    rows, row = _counted(k_out)
    columns, column = _counted(k_in)
    return _solved(rows, columns), row, column


def _counted(degrees: Ints) -> tuple[Counts, Ints]:
    """Count the neurons of each degree, and give the place of each neuron's own."""
    value, place, count = np.unique(degrees, return_inverse=True, return_counts=True)
    return tuple(zip(value.tolist(), count.tolist(), strict=True)), place


@lru_cache(maxsize=32)  # one solution for all draws from a layer
def _solved(rows: Counts, columns: Counts) -> Floats:
    """Give one probability for each pair of degrees, held against both sides."""
    k, n = np.array(rows, dtype=np.int64).T
    q, m = np.array(columns, dtype=np.int64).T
    probability, a, b, left, right = _settled(k, n, q, m)
    if a.any():
        x, y = _fitnesses(np.repeat(left[a], n[a]), np.repeat(right[b], m[b]))
        own = np.cumsum(n[a]) - 1, np.cumsum(m[b]) - 1  # one neuron of each degree
        odds = np.outer(x[own[0]], y[own[1]])
        with np.errstate(all="ignore"):  # what is not finite is refused below
            probability[np.ix_(a, b)] = odds / (1 + odds)
    missed = max(np.abs(probability @ m - k).max(), np.abs(n @ probability - q).max())
    if not (missed <= TOLERANCE and 0 <= probability.min() <= probability.max() <= 1):
        raise InputError(
            "bicm finds no ensemble with the degrees of this layer, for it misses one "
            f"by {missed:.2g}; use degree_preserving, which keeps them all"
        )
    probability.setflags(write=False)
    return probability


def _settled(
    k: Ints, n: Ints, q: Ints, m: Ints
) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_], Ints, Ints]:
    """Fix what neurons without a choice are linked to, until all others have one.

    A neuron with no link, or linked to all that are left, has no finite fitness.

    Returns
    -------
    probability : ndarray of float64
        0 or 1 where it is fixed.
    a, b : ndarray of bool
        The degrees of either side that are left.
    left, right : ndarray of int64
        Their links among themselves.
    """
    probability = np.zeros((len(k), len(q)))
    a, b, left, right = np.full(len(k), True), np.full(len(q), True), k, q
    while True:
        full = a & (left == m[b].sum())
        stuck = full | (a & (left == 0))
        if stuck.any():
            probability[np.ix_(full, b)] = 1
            right, a = right - n[full].sum(), a & ~stuck
            continue
        full = b & (right == n[a].sum())
        stuck = full | (b & (right == 0))
        if not stuck.any():
            return probability, a, b, left, right
        probability[np.ix_(a, full)] = 1
        left, b = left - m[full].sum(), b & ~stuck


def _fitnesses(k_out: Ints, k_in: Ints) -> tuple[Floats, Floats]:
    """Solve for the fitnesses of the neurons, in silence."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # numba's, of functions among the arguments
        try:
            import bicm  # type: ignore[import-untyped]
        except ModuleNotFoundError as error:
            raise InputError(
                "the null model maximum_entropy needs the package bicm, which is not "
                "installed; install netrobust[maxent]"
            ) from error
        graph = bicm.BipartiteGraph(degree_sequences=(k_out, k_in))
        graph.solve_tool(light_mode=True, print_error=False)
        x, y = graph.get_bicm_fitnesses()
    return np.array([*x.values()]), np.array([*y.values()])
