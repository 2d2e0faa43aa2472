"""Percolation in one pass: what is left of a graph after every single removal.

Links are put back in the reverse of the order in which they are removed, and a forest
of clusters takes note (union-find, by size and with path halving). One pass gives the
clusters for every number of links kept, where a search for components starts afresh
at each of them. Paths from the inputs to the last depth grow in the same order, and
each neuron is marked once. `percolation` follows one order link by link; `along`
follows a nested sequence of damages, any scope, and gives members of `MEASURES` at
each of them.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netrobust.core.errors import InputError
from netrobust.graphs.contract import integers
from netrobust.graphs.damage import Damage, Links
from netrobust.graphs.kernels import (
    follow_damages,
    follow_order,
    follow_reach,
    is_permutation,
    survive,
)
from netrobust.graphs.paths import total_paths

if TYPE_CHECKING:
    from igraph import Graph

#: The members of `MEASURES` that `along` gives.
ALONG = ("giant_component", "reach", "paths")


class Clusters(NamedTuple):
    """Hold the clusters of a graph for every number m = 0 to M of links kept.

    All arrays have shape (M + 1,).

    Parameters
    ----------
    largest : ndarray of int32
        Neurons of the largest cluster, S1.
    second : ndarray of int32
        Neurons of the second largest, S2; equal to S1 at a tie, 0 if there is none.
    mean_cluster_size : ndarray of float64
        Sum of s^2 over all clusters but the largest, over the number of neurons.
    """

    largest: NDArray[np.int32]
    second: NDArray[np.int32]
    mean_cluster_size: NDArray[np.float64]


class Percolation(NamedTuple):
    """Hold the clusters and the reach of a graph for every number of links kept.

    All arrays have shape (M + 1,), for m = 0 to M links kept.

    Parameters
    ----------
    largest, second : ndarray of int32
    mean_cluster_size : ndarray of float64
        As in `Clusters`.
    reach : ndarray of float64
        Share of hidden neurons on a directed path from an input to the last depth:
        bitwise the member `reach` of `MEASURES`.
    """

    largest: NDArray[np.int32]
    second: NDArray[np.int32]
    mean_cluster_size: NDArray[np.float64]
    reach: NDArray[np.float64]


def percolation(
    graph: "Graph | Links", order: NDArray[np.integer[Any]] | None = None
) -> Percolation:
    """Follow the clusters and the reach of a graph while its links go one by one.

    Parameters
    ----------
    graph : igraph.Graph or Links
    order : ndarray of int, shape (links,), optional
        Link ids, first to be removed first, as a member of `ORDERS` gives them;
        without it links go in the order of their ids.

    Returns
    -------
    Percolation

    Raises
    ------
    InputError
        If the order does not hold every link exactly once.

    Notes
    -----
    The algorithm of Newman and Ziff (2001),
    https://doi.org/10.1103/PhysRevE.64.016706, and its like for directed paths: a
    neuron is marked when the first path from an input arrives, and so are all behind
    it, so that the pass takes time in proportion to links and neurons.

    Examples
    --------
    >>> from netrobust.graphs.contract import from_links
    >>> graph = from_links([2, 2], [0, 1, 0], [2, 3, 3], [1, 1, 1])
    >>> curve = percolation(graph, order=np.array([2, 0, 1]))
    >>> curve.largest, curve.second
    (array([1, 2, 2, 4], dtype=int32), array([1, 1, 2, 0], dtype=int32))
    >>> curve.mean_cluster_size
    array([0.75, 0.5 , 1.  , 0.  ])
    >>> curve.reach
    array([0. , 0.5, 1. , 1. ])
    """
    links = Links.of(graph)
    neurons, inputs, last = sum(links.sizes), links.sizes[0], links.sizes[-1]
    ends = links.source, links.target
    clusters = grow_clusters(neurons, *ends, order)
    on_path = np.empty(len(links.source) + 1, np.int32)
    ranking = None if order is None else _ids("order", order)
    follow_reach(neurons, inputs, neurons - last, *ends, ranking, on_path)
    return Percolation(*clusters, on_path / (neurons - inputs))


def grow_clusters(
    neurons: int, source: ArrayLike, target: ArrayLike, order: ArrayLike | None = None
) -> Clusters:
    """Follow the clusters as `percolation` does, for bare arrays of any graph.

    Arrays of int32 or int64 are read where they stand. With int32, 10^8 links between
    2 x 10^7 neurons take 1.2 GB as arguments and 1.8 GB more for the pass and its
    result. Direction plays no part, and parallel links do no harm.

    Parameters
    ----------
    neurons : int
        From 1 to 2^31 - 1.
    source, target : array_like of int, shape (links,)
        Ends of the links, 0 to `neurons` - 1.
    order : array_like of int, shape (links,), optional
        As for `percolation`.

    Raises
    ------
    InputError
        If an end or the order is out of its range.

    Examples
    --------
    >>> grow_clusters(3, source=[0, 1], target=[1, 2]).largest
    array([1, 2, 3], dtype=int32)
    """
    if not 1 <= neurons < 2**31:
        raise InputError(f"neurons must be from 1 to 2^31 - 1; got {neurons}")
    ends = [_ids("source", source), _ids("target", target)]
    if len(ends[0]) != len(ends[1]):
        raise InputError(
            "source and target must be equally long; "
            f"got {len(ends[0])} and {len(ends[1])}"
        )
    for end in ends:
        for wrong in (end.min(), end.max()) if end.size else ():
            if not 0 <= wrong < neurons:
                raise InputError(
                    f"links must join neurons 0 to {neurons - 1}; got {wrong}"
                )
    links = len(ends[0])
    ranking = None if order is None else _ids("order", order)
    if ranking is not None and not is_permutation(ranking, links):
        raise InputError(f"order must hold each of the {links} links once")
    # One block for the result is kept for the next curve by the allocator. Three are
    # given back and come as new pages, which costs half as much as the pass itself.
    block = np.empty(2 * (links + 1))
    whole = block[links + 1 :].view(np.int32)
    curve = Clusters(whole[: links + 1], whole[links + 1 :], block[: links + 1])
    # Made by NumPy, which asks the system for huge pages where numba does not.
    parent, clusters = np.full(neurons, -1, np.int32), np.full(neurons + 1, 0, np.int32)
    follow_order(parent, clusters, *ends, ranking, *curve)
    return curve


def _ids(name: str, values: ArrayLike) -> NDArray[np.integer[Any]]:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype not in (np.int32, np.int64):
        array = integers(name, array)
    return np.ascontiguousarray(array)


def nested(damages: Sequence[Damage]) -> bool:
    """Return whether each damage keeps no other links than the one before it.

    Examples
    --------
    >>> less, more = Damage(np.array([0, 2, 3])), Damage(np.array([2]))
    >>> nested([less, more, more]), nested([more, less])
    (True, False)
    """
    if not damages:
        return True
    first = damages[0].kept
    return _last(damages, int(first[-1]) + 1 if first.size else 0) is not None


def along(
    graph: "Graph | Links", damages: Sequence[Damage], measures: Sequence[str] = ALONG
) -> dict[str, NDArray[np.float64]]:
    """Measure a graph at every one of a nested sequence of damages, in one pass.

    The links of the most damaged graph are joined first, then those that each milder
    damage keeps beyond the one after it. A neuron is marked as fed once, when the
    first directed path from an input reaches it, and likewise as feeding the last
    depth, so that links and neurons are each met once and not once for each damage.

    Parameters
    ----------
    graph : igraph.Graph or Links
        The graph before the damage.
    damages : sequence of Damage
        Each within the one before, such as `Removal.curve` gives for rising fractions.
    measures : sequence of str
        Out of `ALONG`.

    Returns
    -------
    dict of ndarray of float64, shape (damages,)
        By measure, bitwise what that member of `MEASURES` gives for
        `apply(graph, damage)`.

    Raises
    ------
    InputError
        If the damages are not nested or not of this graph, or a measure is no member
        of `ALONG`.

    Examples
    --------
    >>> from netrobust.graphs.contract import from_links
    >>> graph = from_links([1, 2, 2], [0, 1, 2], [1, 3, 4], [1, 1, 1])
    >>> found = along(graph, [Damage(np.array([0, 1, 2])), Damage(np.array([1, 2]))])
    >>> found["giant_component"], found["reach"]
    (array([0.6, 0.4]), array([0.5, 0. ]))
    """
    links = Links.of(graph)
    for name in measures:
        if name not in ALONG:
            raise InputError(
                f"damages can be followed by {', '.join(ALONG)} only; got {name!r}"
            )
    if (last := _last(damages, len(links.source))) is None:
        raise InputError(
            "damages must be nested, each keeping none but links of the one before, "
            f"with ids from 0 to {len(links.source) - 1}; measure them one by one"
        )
    neurons, inputs = sum(links.sizes), links.sizes[0]
    head = neurons - links.sizes[-1]
    ends = links.source, links.target
    counts = follow_damages(neurons, inputs, head, *ends, last, len(damages))
    shares = counts / np.array([[neurons], [neurons - inputs]])
    found = dict(zip(ALONG, shares, strict=False))
    if "paths" in measures:  # a few sums over the links left, at each damage
        left = [links.left(damage) for damage in damages]
        found["paths"] = np.array([total_paths(one) for one in left])
    return {name: found[name] for name in measures}


def _last(damages: Sequence[Damage], links: int) -> NDArray[np.int32] | None:
    """Give the place of the last damage that each link survives, -1 for none.

    None if the damages are not nested.
    """
    last = np.full(links, -1, np.int32)
    for place, damage in enumerate(damages):
        if not survive(last, damage.kept, place):
            return None
    return last
