"""Strengths: the weights of a neuron's links, summed or shared out."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netrobust.graphs import contract
from netrobust.graphs.measure.base import (
    MEASURES,
    NAN,
    BipartiteLayer,
    over_layers,
)
from netrobust.graphs.requirements import check_weights

if TYPE_CHECKING:
    from igraph import Graph


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
    return _summed(graph, contract.weights(graph))


def absolute_strengths(
    graph: "Graph",
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the strengths that a graph has with absolute weights.

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
    >>> absolute_strengths(graph)
    (array([0.5, 2. ]), array([2.5]))
    """
    return _summed(graph, np.abs(contract.weights(graph)))


def _summed(
    graph: "Graph", weight: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    counts, weights = contract.sizes(graph), weight.tolist()
    out_strength = np.array(graph.strength(mode="out", weights=weights), dtype=float)
    in_strength = np.array(graph.strength(mode="in", weights=weights), dtype=float)
    return out_strength[: -counts[-1]], in_strength[counts[0] :]


@MEASURES.register
def mean_in_strength(graph: "Graph") -> float:
    """Average the signed in-strength over the neurons after the first depth."""
    return float(strengths(graph)[1].mean())


@MEASURES.register
def mean_out_strength(graph: "Graph") -> float:
    """Average the signed out-strength over the neurons before the last depth."""
    return float(strengths(graph)[0].mean())


@MEASURES.register
def mean_absolute_in_strength(graph: "Graph") -> float:
    """Average the in-strength of absolute weights over the same neurons."""
    return float(absolute_strengths(graph)[1].mean())


@MEASURES.register
def mean_absolute_out_strength(graph: "Graph") -> float:
    """Average the out-strength of absolute weights over the same neurons."""
    return float(absolute_strengths(graph)[0].mean())


@MEASURES.register(needs_positive_weights=True, instead="absolute_disparity")
def disparity(graph: "Graph") -> float:
    """Say how unevenly the in-strength of neurons is shared among their links.

    Of a neuron with in-strength s it is the sum of (w/s)^2 over its incoming links:
    1 / in-degree for equal weights, 1 for a single link that outweighs all others. The
    value is the mean over neurons with an in-strength above 0, NaN without any.

    Raises
    ------
    InputError
        A weight is negative: shares of a sum of both signs mean nothing.

    Notes
    -----
    Barthelemy et al. (2005), https://doi.org/10.1016/j.physa.2004.08.047;
    Serrano, Boguna and Vespignani (2009), https://doi.org/10.1073/pnas.0808904106

    Examples
    --------
    >>> disparity(contract.from_links([2, 1], [0, 1], [2, 2], [3, 1]))
    0.625
    """
    check_weights("measure", disparity, contract.weights(graph), "this graph")
    return over_layers(graph, _shares)


@MEASURES.register
def absolute_disparity(graph: "Graph") -> float:
    """Give the `disparity` that a graph has with absolute weights.

    Examples
    --------
    >>> absolute_disparity(contract.from_links([2, 1], [0, 1], [2, 2], [3, -1]))
    0.625
    """
    return over_layers(graph, _shares)


def _shares(layer: BipartiteLayer) -> float:
    weight = np.abs(layer.weight.astype(np.float64))
    total = np.bincount(layer.target, weight, minlength=layer.n_out)
    share = weight / np.where(total > 0, total, 1)[layer.target]
    squares = np.bincount(layer.target, share**2, minlength=layer.n_out)
    return float(squares[total > 0].mean()) if (total > 0).any() else NAN
