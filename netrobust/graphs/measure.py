"""Measures of a graph: every member of `MEASURES` is ``graph -> float``.

They take a single layer or a stack and answer a graph that is none with `InputError`;
where a quantity is undefined they give NaN.
In-degrees belong to the neurons that links can enter (all but the first depth),
out-degrees to those that links can leave (all but the last).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netrobust.graphs import contract
from netrobust.registry import Registry

if TYPE_CHECKING:
    from igraph import Graph

MEASURES: Registry[Callable[["Graph"], float]] = Registry("measure")


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


def strengths(graph: "Graph") -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the out-strengths and in-strengths: sums of the signed weights of links.

    Returns
    -------
    out_strength : ndarray of float64, shape (neurons before the last depth,)
    in_strength : ndarray of float64, shape (neurons after the first depth,)

    Raises
    ------
    InputError
        The graph is undirected, or its depths or weights break the graph contract.

    Examples
    --------
    >>> graph = contract.from_links([2, 1], [0, 1], [2, 2], weight=[0.5, -2])
    >>> strengths(graph)
    (array([ 0.5, -2. ]), array([-1.5]))
    """
    counts, weight = contract.sizes(graph), contract.weights(graph).tolist()
    out_strength = np.array(graph.strength(mode="out", weights=weight), dtype=float)
    in_strength = np.array(graph.strength(mode="in", weights=weight), dtype=float)
    return out_strength[: -counts[-1]], in_strength[counts[0] :]


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
def mean_in_strength(graph: "Graph") -> float:
    """Average the signed in-strength over the neurons after the first depth."""
    return float(strengths(graph)[1].mean())


@MEASURES.register
def mean_out_strength(graph: "Graph") -> float:
    """Average the signed out-strength over the neurons before the last depth."""
    return float(strengths(graph)[0].mean())


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
    return float(np.mean(indices)) if indices else float("nan")


@MEASURES.register
def giant_component(graph: "Graph") -> float:
    """Give the largest weakly connected component's share of all neurons.

    Examples
    --------
    >>> giant_component(contract.from_links([2, 2], [0, 1], [2, 2], [1, 1]))
    0.75
    """
    neurons = sum(contract.sizes(graph))
    return max(graph.connected_components(mode="weak").sizes()) / neurons


@MEASURES.register
def reach(graph: "Graph") -> float:
    """Give the share of hidden neurons on a directed path from an input to the head.

    Hidden are all neurons after the first depth. The head is dense and no part of the
    graph: every neuron of the last depth feeds it.

    Examples
    --------
    >>> stack = contract.from_links([1, 2, 2], [0, 1, 2], [1, 3, 4], [1, 1, 1])
    >>> reach(stack)
    0.5
    """
    source, target, _ = contract.links(graph)
    counts = contract.sizes(graph)
    start = np.cumsum((0, *counts))
    fed, feeds = np.zeros(start[-1], dtype=bool), np.zeros(start[-1], dtype=bool)
    fed[: start[1]] = True
    feeds[start[-2] :] = True
    layer = np.searchsorted(start[1:], source, side="right")
    ends = [(source[layer == k], target[layer == k]) for k in range(len(counts) - 1)]
    for tails, heads in ends:
        fed[heads[fed[tails]]] = True
    for tails, heads in reversed(ends):
        feeds[tails[feeds[heads]]] = True
    return float((fed & feeds)[start[1] :].mean())
