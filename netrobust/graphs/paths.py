"""Directed paths through the links and neurons of a stack.

Every link leads one depth on, so all paths between two neurons are equally long: each
is a shortest one.
"""

import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netrobust.graphs.damage import Ids, Links

if TYPE_CHECKING:
    from igraph import Graph

#: Betweenness is a sum of fractions; beyond these decimals equal ones differ by the
#: order of the sum, and ties would be broken by rounding instead of at random.
DECIMALS = 6

#: Seconds that betweenness takes for a link on the way from a source, as measured.
PER_LINK = 1.5e-8
#: Seconds beyond which it is said beforehand what betweenness takes.
LONG = 60


def path_counts(
    graph: "Graph | Links",
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Count the paths from the first depth to each neuron, and on to the last depth.

    Returns
    -------
    into, onward : ndarray of float64, shape (neurons,)
        Exact to 2^53; a neuron of the first depth has one path into it, one of the last
        depth one path onward.

    Examples
    --------
    >>> from netrobust.graphs.contract import from_links
    >>> graph = from_links([2, 1, 2], [0, 1, 2], [2, 2, 3], [1, 1, 1])
    >>> path_counts(graph)
    (array([1., 1., 2., 2., 0.]), array([1., 1., 1., 1., 1.]))
    """
    links = Links.of(graph)
    neurons = sum(links.sizes)
    into, onward = np.zeros(neurons), np.zeros(neurons)
    into[: links.sizes[0]], onward[neurons - links.sizes[-1] :] = 1, 1
    within = [np.flatnonzero(links.layer == k) for k in range(len(links.sizes) - 1)]
    for layer in within:
        source, target = links.source[layer], links.target[layer]
        into += np.bincount(target, weights=into[source], minlength=neurons)
    for layer in reversed(within):
        source, target = links.source[layer], links.target[layer]
        onward += np.bincount(source, weights=onward[target], minlength=neurons)
    return into, onward


def total_paths(links: Links) -> float:
    """Count the paths from the first depth to the last."""
    into, _ = path_counts(links)
    return float(into[len(into) - links.sizes[-1] :].sum())


def paths_through(graph: "Graph | Links") -> NDArray[np.float64]:
    """Count the paths from the first to the last depth through each link.

    Returns
    -------
    ndarray of float64, shape (links,)

    Examples
    --------
    >>> from netrobust.graphs.contract import from_links
    >>> paths_through(from_links([2, 1, 2], [0, 1, 2], [2, 2, 3], [1, 1, 1]))
    array([1., 1., 2.])
    """
    links = Links.of(graph)
    into, onward = path_counts(links)
    return into[links.source] * onward[links.target]


def link_betweenness(
    graph: "Graph | Links", sources: Ids | None = None
) -> NDArray[np.float64]:
    """Give the betweenness of links: of directed paths, over all pairs of neurons.

    A pair joined by n paths counts 1/n for each; weights play no part.

    Parameters
    ----------
    graph : igraph.Graph or Links
    sources : ndarray of int64, optional
        Neurons that paths start at, out of those before the last depth; all if not
        given. The sum over k of n such neurons is multiplied by n / k: over uniformly
        drawn ones its mean is the betweenness.

    Returns
    -------
    ndarray of float64, shape (links,)

    Warns
    -----
    UserWarning
        It takes more than a minute: about how many.

    Notes
    -----
    Brandes (2001), https://doi.org/10.1080/0022250X.2001.9990249; from some sources
    Brandes and Pich (2007), https://doi.org/10.1142/S0218127407018403.

    Examples
    --------
    >>> from netrobust.graphs.contract import from_links
    >>> link_betweenness(from_links([2, 1, 1], [0, 1, 2], [2, 2, 3], [1, 1, 1]))
    array([2., 2., 3.])
    """
    links = Links.of(graph)
    starts = np.arange(sum(links.sizes[:-1]))
    if sources is None:
        sources = starts
    _say(links, sources, "sources=500 of links_by_betweenness estimates it from 500")
    bare, few = links.bare_graph(), None if len(sources) == len(starts) else sources
    found = np.array(
        bare.edge_betweenness(directed=True, sources=few), dtype=np.float64
    )
    scale = len(starts) / len(sources)
    return (found if few is None else found * scale).round(DECIMALS)


def betweenness_seconds(graph: "Graph | Links", sources: Ids | None = None) -> float:
    """Estimate how long betweenness takes: in proportion to the links on all ways.

    Examples
    --------
    >>> from netrobust.graphs.contract import from_links
    >>> graph = from_links([2, 1, 1], [0, 1, 2], [2, 2, 3], [1, 1, 1])
    >>> betweenness_seconds(graph) == 7 * PER_LINK
    True
    """
    links = Links.of(graph)
    if sources is None:
        sources = np.arange(sum(links.sizes[:-1]))
    depth = np.repeat(np.arange(len(links.sizes)), links.sizes)[sources]
    starts = np.bincount(depth, minlength=len(links.sizes) - 1)
    layers = np.bincount(links.layer, minlength=len(links.sizes) - 1)
    return float(PER_LINK * (np.cumsum(starts) * layers).sum())


def _say(links: Links, sources: Ids | None, less: str) -> None:
    """Warn of betweenness that takes long."""
    seconds = betweenness_seconds(links, sources)
    if seconds > LONG:
        warnings.warn(
            f"the betweenness of {len(links.weight)} links takes about "
            f"{seconds / 60:.0f} minutes each time; {less}",
            UserWarning,
            stacklevel=4,
        )


def neuron_betweenness(graph: "Graph | Links") -> NDArray[np.float64]:
    """Give the betweenness of neurons, whose paths may end there too.

    A pair joined by n directed paths counts 1/n for each neuron of each path, both
    ends included. So an input, which no path goes through, has the number of neurons
    that it reaches, and one at the last depth the number of those that reach it.

    Returns
    -------
    ndarray of float64, shape (neurons,)

    Notes
    -----
    Freeman (1977), https://doi.org/10.2307/3033543, does not count the ends; networkx
    does under ``endpoints=True``.

    Examples
    --------
    >>> from netrobust.graphs.contract import from_links
    >>> neuron_betweenness(from_links([2, 1, 1], [0, 1, 2], [2, 2, 3], [1, 1, 1]))
    array([2., 2., 5., 3.])
    """
    links = Links.of(graph)
    _say(links, None, "neurons_by_degree takes a moment")
    bare = links.bare_graph()
    found = np.array(bare.betweenness(directed=True), dtype=np.float64)
    for mode in ("in", "out"):
        reached = bare.neighborhood_size(order=len(links.sizes), mode=mode)
        found += np.array(reached) - 1  # itself
    return found.round(DECIMALS)
