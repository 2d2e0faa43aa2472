"""Components and paths: what of the network hangs together, and what feeds what."""

from typing import TYPE_CHECKING

import numpy as np

from netrobust.graphs import contract
from netrobust.graphs.damage import Links
from netrobust.graphs.measure.base import MEASURES
from netrobust.graphs.paths import total_paths

if TYPE_CHECKING:
    from igraph import Graph


@MEASURES.register(needs_stack=True)
def giant_component(graph: "Graph") -> float:
    """Give the largest weakly connected component's share of all neurons.

    Examples
    --------
    >>> giant_component(contract.from_links([2, 2], [0, 1], [2, 2], [1, 1]))
    0.75
    """
    neurons = sum(contract.sizes(graph))
    return max(graph.connected_components(mode="weak").sizes()) / neurons


@MEASURES.register(needs_stack=True)
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


@MEASURES.register(needs_stack=True)
def paths(graph: "Graph") -> float:
    """Count the directed paths from the first depth to the last.

    The number is exact up to 2**53. With links at uniformly random places its mean is
    the product of all sizes and all densities. Of a single layer it is its links.

    Notes
    -----
    The column ``paths`` of a network's topology dynamics; the credit assignment paths
    of Zhang et al., ICLR 2024, https://openreview.net/forum?id=iayEcORsGd

    Examples
    --------
    >>> stack = contract.from_links([1, 2, 1], [0, 0, 1, 2], [1, 2, 3, 3], [1] * 4)
    >>> paths(stack)
    2.0
    """
    return total_paths(Links.of(graph))
