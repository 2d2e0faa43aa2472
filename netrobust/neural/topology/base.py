"""Where the links of a sparse layer start: the family, and what its members share.

A topology is made by a factory ``(**options) -> place`` named after it, where
``place(n_in, n_out, links, rng, images=None) -> (source, target)`` gives two integer
arrays of shape (links,) without a repeated pair, sorted by target and then source.
`images` are training images of shape (images, pixels), for topologies that look at
them.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from netrobust.core.options import Factory
from netrobust.core.registry import Registry

IntArray: TypeAlias = NDArray[np.int64]
Ends: TypeAlias = tuple[IntArray, IntArray]


class Place(Protocol):
    """Choose the links of one layer."""

    def __call__(
        self,
        n_in: int,
        n_out: int,
        links: int,
        rng: np.random.Generator,
        images: NDArray[np.float32] | None = None,
    ) -> Ends:
        """Give sources and targets of exactly `links` links."""
        ...


@dataclass(frozen=True)
class TopologyFactory(Factory):
    """Stand for a factory of topologies, ``(**options) -> Place``."""

    kind: ClassVar[str] = "topology"


TOPOLOGIES: Registry[TopologyFactory] = Registry("topology", TopologyFactory)

#: Possible links of a layer up to which a rule may hold a number for each: 200 MB.
MOST_PLACES = 50_000_000


def ends(places: IntArray, n_in: int) -> Ends:
    """Give sources and targets of places ``target * n_in + source``, in their order.

    Examples
    --------
    >>> source, target = ends(np.array([1, 5]), n_in=4)
    >>> source.tolist(), target.tolist()
    ([1, 1], [0, 1])
    """
    target, source = np.divmod(places.astype(np.int64, copy=False), n_in)
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


def union(*arrays: IntArray) -> IntArray:
    """Give the integers that stand in any of several arrays, ascending, each once.

    Notes
    -----
    What `numpy.union1d` gives, without its hashing: the sort merges runs that rise
    already, and its time stays in proportion to the links of large layers.

    Examples
    --------
    >>> union(np.array([1, 4]), np.array([3, 1])).tolist()
    [1, 3, 4]
    """
    merged = np.sort(np.concatenate(arrays), kind="stable")
    new = np.ones(merged.size, np.bool_)
    new[1:] = merged[1:] != merged[:-1]
    return merged[new]
