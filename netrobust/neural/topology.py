"""Where the links of a sparse layer start.

A topology is a function ``(n_in, n_out, links, rng) -> (source, target)``: two integer
arrays of shape (links,) without a repeated pair, sorted by target and then source.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from netrobust.registry import Registry

IntArray: TypeAlias = NDArray[np.int64]
Topology: TypeAlias = Callable[
    [int, int, int, np.random.Generator], tuple[IntArray, IntArray]
]

TOPOLOGIES: Registry[Topology] = Registry("topology")


@TOPOLOGIES.register
def erdos_renyi(
    n_in: int, n_out: int, links: int, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Place exactly `links` links, every set of positions being equally likely.

    Parameters
    ----------
    n_in, n_out : int
        Neurons on the source and on the target side.
    links : int
        Number of links, at most ``n_in * n_out``.
    rng : numpy.random.Generator

    Returns
    -------
    source, target : ndarray of int64, shape (links,)

    Notes
    -----
    The uniform random graph G(n, M) of Erdos and Renyi (1959) on two sides,
    https://doi.org/10.5486/PMD.1959.6.3-4.12; the degrees are hypergeometric.

    Examples
    --------
    >>> source, target = erdos_renyi(4, 3, 5, np.random.default_rng(0))
    >>> source.size, len(set(zip(source.tolist(), target.tolist())))
    (5, 5)
    """
    place = np.sort(rng.choice(n_in * n_out, links, replace=False, shuffle=False))
    target, source = np.divmod(place.astype(np.int64, copy=False), n_in)
    return source, target


def absent_positions(
    occupied: IntArray, positions: int, count: int, rng: np.random.Generator
) -> IntArray:
    """Draw positions that hold no link, every set of them being equally likely.

    Parameters
    ----------
    occupied : ndarray of int64, shape (links,)
        Positions that hold a link, ascending; position = target * n_in + source.
    positions : int
        Number of all positions, ``n_in * n_out``.
    count : int
        How many to draw, at most ``positions - links``.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of int64, shape (count,)

    Notes
    -----
    The r-th absent position is r plus the number of occupied positions before it, so
    ranks are drawn and shifted; no array of the size of the layer is made.

    Examples
    --------
    >>> drawn = absent_positions(np.array([0, 2]), 4, 2, np.random.default_rng(0))
    >>> sorted(drawn.tolist())
    [1, 3]
    """
    absent = positions - occupied.size
    rank = rng.choice(absent, count, replace=False, shuffle=False)
    gaps_before = occupied - np.arange(occupied.size)
    return rank + np.searchsorted(gaps_before, rank, side="right")
