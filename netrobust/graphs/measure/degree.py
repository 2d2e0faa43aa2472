"""Links and degrees: how many, how uneven, and which degrees links join."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netrobust.graphs import contract
from netrobust.graphs.measure.base import MEASURES, NAN, BipartiteLayer, over_layers

if TYPE_CHECKING:
    from igraph import Graph


def degrees(graph: "Graph") -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the out-degrees and in-degrees of the neurons.

    Returns
    -------
    out_degree : ndarray of int64, shape (neurons before the last depth,)
    in_degree : ndarray of int64, shape (neurons after the first depth,)

    Raises
    ------
    InputError
        The graph is undirected, or its depths break the graph contract.

    Examples
    --------
    >>> graph = contract.from_links([2, 1], source=[0, 1], target=[2, 2], weight=[1, 1])
    >>> degrees(graph)
    (array([1, 1]), array([2]))
    """
    counts = contract.sizes(graph)
    out_degree = np.array(graph.degree(mode="out"), dtype=np.int64)
    in_degree = np.array(graph.degree(mode="in"), dtype=np.int64)
    return out_degree[: -counts[-1]], in_degree[counts[0] :]


@MEASURES.register
def links(graph: "Graph") -> float:
    """Count the links.

    Examples
    --------
    >>> links(contract.from_links([2, 1], [0, 1], [2, 2], [1, 0]))
    2.0
    """
    return float(contract.directed(graph).ecount())


@MEASURES.register
def density(graph: "Graph") -> float:
    """Divide the links by the places between adjacent depths.

    Examples
    --------
    >>> density(contract.from_links([2, 2], [0, 1], [2, 2], [1, 1]))
    0.5
    """
    counts = np.array(contract.sizes(graph))
    return float(graph.ecount() / (counts[:-1] * counts[1:]).sum())


@MEASURES.register
def mean_in_degree(graph: "Graph") -> float:
    """Average the in-degree over the neurons after the first depth."""
    return float(degrees(graph)[1].mean())


@MEASURES.register
def mean_out_degree(graph: "Graph") -> float:
    """Average the out-degree over the neurons before the last depth."""
    return float(degrees(graph)[0].mean())


@MEASURES.register
def max_in_degree(graph: "Graph") -> float:
    """Find the largest in-degree."""
    return float(degrees(graph)[1].max())


@MEASURES.register
def max_out_degree(graph: "Graph") -> float:
    """Find the largest out-degree."""
    return float(degrees(graph)[0].max())


@MEASURES.register
def in_degree_dispersion(graph: "Graph") -> float:
    """Divide the variance of the in-degrees by its Erdos-Renyi value.

    With M links at uniformly random places of an n_in x n_out layer an in-degree is
    hypergeometric: N = n_in n_out places, n_in of them the neuron's own. Its variance
    is (M/n_out) (1 - 1/n_out) (N - M)/(N - 1), and the index is 1 on average, exactly.
    Of a stack it is the mean over the layers that have one; it is NaN where the
    Erdos-Renyi degrees cannot vary: no link, every link, a single neuron.

    Examples
    --------
    >>> layer = contract.from_links([2, 2], [0, 1], [2, 2], [1, 1])
    >>> round(in_degree_dispersion(layer), 4)
    3.0
    """
    return _dispersion(graph, side=1)


@MEASURES.register
def out_degree_dispersion(graph: "Graph") -> float:
    """Divide the variance of the out-degrees by its Erdos-Renyi value.

    The mirror image of `in_degree_dispersion`.

    Examples
    --------
    >>> layer = contract.from_links([2, 2], [0, 1], [2, 2], [1, 1])
    >>> out_degree_dispersion(layer)
    0.0
    """
    return _dispersion(graph, side=0)


def _dispersion(graph: "Graph", side: int) -> float:
    counts = contract.sizes(graph)
    split = np.cumsum(counts[1:-1] if side else counts[:-2])
    indices = []
    for k, degree in enumerate(np.split(degrees(graph)[side], split)):
        neurons, places = len(degree), counts[k] * counts[k + 1]
        if neurons == 1 or not 0 < (total := int(degree.sum())) < places:
            continue
        thinning = (places - total) / (places - 1)
        expected = total / neurons * (1 - 1 / neurons) * thinning
        # The mean degree is fixed by the count of links, so nothing is lost to its
        # estimation and the plain variance is the unbiased one.
        indices.append(degree.var() / expected)
    return float(np.mean(indices)) if indices else NAN


@MEASURES.register
def degree_assortativity(graph: "Graph") -> float:
    """Correlate, over links, the out-degree of the source with the target's in-degree.

    Pearson's coefficient: above 0 where links join large sources to large targets. Of
    a stack it is the mean over layers, so that layers of different mean degree do not
    pass for a correlation. NaN where one of the two degrees is the same for all links.

    Notes
    -----
    Newman (2003), https://doi.org/10.1103/PhysRevE.67.026126

    Examples
    --------
    A hub that is linked to a leaf, and a leaf that is linked to a hub:

    >>> layer = contract.from_links([2, 3], [0, 0, 1], [2, 3, 3], [1, 1, 1])
    >>> round(degree_assortativity(layer), 4)
    -0.5
    """
    return over_layers(graph, _assortativity)


def _assortativity(layer: BipartiteLayer) -> float:
    ends = layer.out_degree[layer.source], layer.in_degree[layer.target]
    if not layer.source.size or any(end.min() == end.max() for end in ends):
        return NAN
    return float(np.corrcoef(*ends)[0, 1])
