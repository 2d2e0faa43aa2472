"""Cannistraci-Hebb scores of missing links in a bipartite layer, in numba.

Both look at paths of three links ``source - target - source - target`` between two
neurons that are not linked: the ends of a missing link. Scores are dense, a float32 for
every possible link; the work is that of enumerating the paths, the memory that of the
scores and of one more number of 32 bits for every two sources.

A path weighs the same from either end, and sums are in float64 before they are rounded:
the order of the links does not part scores that are equal, which are for chance to
part, and a transposed layer has transposed scores.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from netrobust.core.compiled import njit
from netrobust.neural.sparsify.base import Floats
from netrobust.neural.topology import IntArray

Predictor: TypeAlias = Callable[[int, int, IntArray, IntArray], Floats]


def ch3_l3p(n_in: int, n_out: int, source: IntArray, target: IntArray) -> Floats:
    """Score missing links by CH3-L3p.

    The score of (u, v) is the sum over all paths u - a - i - v of three links of
    ``1 / sqrt((1 + e_a) (1 + e_i))``, where e counts the links of an intermediate
    neuron that lead neither to the path's ends nor to their neighbours on its side.

    Parameters
    ----------
    n_in, n_out : int
    source, target : ndarray of int64, shape (links,)
        Sorted by target, then source.

    Returns
    -------
    ndarray of float32, shape (n_out, n_in)
        0 where a link is, and where no path of three links leads.

    Notes
    -----
    With k and q the degrees of sources and targets, U and V the numbers of common
    neighbours of two sources and of two targets, ``1 + e_a = q_a - V_av`` and
    ``1 + e_i = k_i - U_iu``. Zhang et al., ICLR 2024; Muscoloni et al. 2020,
    https://doi.org/10.1101/2020.06.12.148718

    Examples
    --------
    >>> source, target = np.array([0, 1, 1]), np.array([0, 0, 1])
    >>> ch3_l3p(2, 2, source, target)  # the one path: source 0 - 0 - 1 - target 1
    array([[0., 0.],
           [1., 0.]], dtype=float32)
    """
    into, sources = _rows(n_out, target, source)
    out_of, targets = _rows(n_in, source, target)
    external = np.zeros((n_in, n_in), np.uint32)
    _common_neighbours(out_of, targets, into, sources, external)
    degree = np.diff(out_of).astype(np.uint32)
    np.subtract(degree[:, None], external, out=external)  # 1 + e_i for every u
    inverse_root = np.zeros(max(n_in, n_out) + 1)  # of 0, where a link is: 0
    inverse_root[1:] = 1 / np.sqrt(np.arange(1, inverse_root.size))
    score = np.empty((n_out, n_in), np.float32)
    _sum_paths(into, sources, out_of, targets, external, inverse_root, score)
    return score


def ch2_l3n(n_in: int, n_out: int, source: IntArray, target: IntArray) -> Floats:
    """Score missing links by CH2-L3n, the node-based form on matrices.

    ``S = E_U A + A E_V^T`` where A is the layer and, for two sources i, j with
    U_ij > 0 common neighbours, ``E_U[i, j] = (U_ij + 1) / (max(k_j - U_ij - 1, 0) +
    1)``; E_V likewise for targets. The parameters and the result are those of
    `ch3_l3p`.

    Notes
    -----
    Every intermediate neuron of a path of three links between the ends adds once
    ``(1 + its links to such neurons) / (1 + its links elsewhere)``, those to the ends
    left out. Zhang et al., NeurIPS 2025, https://doi.org/10.48550/arXiv.2501.19107

    Examples
    --------
    >>> source, target = np.array([0, 1, 1]), np.array([0, 0, 1])
    >>> ch2_l3n(2, 2, source, target)
    array([[0., 0.],
           [4., 0.]], dtype=float32)
    """
    into, sources = _rows(n_out, target, source)
    out_of, targets = _rows(n_in, source, target)
    factor = np.zeros((n_in, n_in), np.float32)
    _common_neighbours(out_of, targets, into, sources, factor)
    _weigh(np.diff(out_of).astype(np.float32), factor)
    score = np.empty((n_out, n_in), np.float32)
    _sum_neurons(into, sources, out_of, targets, factor, score)
    return score


def _rows(
    neurons: int, end: IntArray, other: IntArray
) -> tuple[IntArray, NDArray[np.uint32]]:
    """Give where the links of every neuron begin, and their other ends."""
    counts = np.bincount(end, minlength=neurons)
    order = np.argsort(end, kind="stable")
    # Unsigned, so that numba need not ask whether an index counts from the end.
    return np.concatenate([[0], np.cumsum(counts)]), other[order].astype(np.uint32)


@njit(cache=True, nogil=True)
def _count_common(neuron, first, other, back, own, row):
    """Add to a row the links that a neuron has in common with each of its side."""
    for a in other[first[neuron] : first[neuron + 1]]:
        for link in range(back[a], back[a + 1]):
            row[own[link]] += 1


@njit(cache=True, nogil=True)
def _common_neighbours(first, other, back, own, shared):
    """Add the numbers of common neighbours of every two neurons of one side."""
    for neuron in range(shared.shape[0]):
        _count_common(neuron, first, other, back, own, shared[neuron])


@njit(cache=True, nogil=True)
def _finish(v, mine, total, score):
    """Write the scores of a target, 0 where it is linked, and start anew."""
    for i in mine:
        total[i] = 0  # asking on every path takes longer
    score[v] = total
    total[:] = 0


@njit(cache=True, nogil=True)
def _sum_paths(into, sources, out_of, targets, external, inverse_root, score):
    """Add up all paths v - i - a - u for every target v."""
    n_out, n_in = score.shape
    common = np.zeros(n_out, np.int64)
    total = np.zeros(n_in)
    for v in range(n_out):
        mine = sources[into[v] : into[v + 1]]
        _count_common(v, into, sources, out_of, targets, common)
        for i in mine:
            row = external[i]
            for link in range(out_of[i], out_of[i + 1]):
                a = targets[link]
                root = inverse_root[into[a + 1] - into[a] - common[a]]
                for second in range(into[a], into[a + 1]):
                    u = sources[second]
                    total[u] += root * inverse_root[row[u]]
        for i in mine:
            for a in targets[out_of[i] : out_of[i + 1]]:
                common[a] = 0
        _finish(v, mine, total, score)


@njit(cache=True, nogil=True, error_model="numpy")
def _weigh(degree, shared):
    """Turn counts of common neighbours into the factors of CH2-L3n, in place."""
    one = np.float32(1)
    for i in range(shared.shape[0]):
        row = shared[i]
        for u in range(row.size):
            factor = (row[u] + one) / max(degree[i] - row[u], one)
            row[u] = factor if row[u] > 0 else np.float32(0)


@njit(cache=True, nogil=True)
def _sum_neurons(into, sources, out_of, targets, factor, score):
    """Add up the factors of all neurons i and a for every target v."""
    n_out, n_in = score.shape
    common = np.zeros(n_out, np.int64)
    total = np.zeros(n_in)
    for v in range(n_out):
        mine = sources[into[v] : into[v + 1]]
        _count_common(v, into, sources, out_of, targets, common)
        for i in mine:
            row = factor[i]
            for u in range(n_in):
                total[u] += row[u]
        for a in range(n_out):
            if common[a] > 0:
                external = max(into[a + 1] - into[a] - common[a], 1)
                weight = np.float32((common[a] + 1) / external)  # rounded like `factor`
                for link in range(into[a], into[a + 1]):
                    total[sources[link]] += weight
                common[a] = 0
        _finish(v, mine, total, score)


PREDICTORS: dict[str, Predictor] = {"CH3-L3p": ch3_l3p, "CH2-L3n": ch2_l3n}
