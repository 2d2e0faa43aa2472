"""Mesoscale order: clustering, nestedness and modules."""

from typing import TYPE_CHECKING, Any

import numpy as np

from netrobust.graphs import contract
from netrobust.graphs.igraph_rng import igraph_random
from netrobust.graphs.measure.base import MEASURES, NAN, BipartiteLayer, over_layers

if TYPE_CHECKING:
    from igraph import Graph

# Above this density a product of full matrices is faster than one of sparse ones.
_CROWDED = 0.1


@MEASURES.register
def clustering(graph: "Graph") -> float:
    """Give the share of paths of three links that a fourth closes to a cycle.

    A bipartite layer has no triangles; its shortest cycle has four links, and holds
    four of these paths. Directions and weights play no part. Of a stack it is the mean
    over layers; NaN where no path has three links.

    Notes
    -----
    Robins and Alexander (2004), https://doi.org/10.1023/B:CMOT.0000032580.12184.c0

    Examples
    --------
    One cycle and one link more at one of its neurons, which makes two open paths:

    >>> layer = contract.from_links([2, 3], [0, 1, 0, 1, 0], [2, 2, 3, 3, 4], [1] * 5)
    >>> round(clustering(layer), 4)
    0.6667
    """
    return over_layers(graph, _clustering)


def _clustering(layer: BipartiteLayer) -> float:
    out_degree, in_degree = layer.out_degree, layer.in_degree
    ends = out_degree[layer.source] - 1, in_degree[layer.target] - 1
    if not (three := int(ends[0] @ ends[1])):
        return NAN
    mask = layer.mask()
    shared = _shared(mask if layer.n_in <= layer.n_out else mask.T)
    common = shared.data[shared.row != shared.col]
    # Two neurons with c common neighbours are in c (c - 1) / 2 cycles, every cycle has
    # two such pairs, and both come twice: this is four times the number of cycles.
    return float((common * (common - 1)).sum()) / three


@MEASURES.register
def nestedness(graph: "Graph") -> float:
    """Say how far the neighbours of neurons are subsets of those of larger neurons.

    NODF, between 0 and 100, of neurons with links on both sides of a layer: of every
    two neurons of one side with different degrees, the percentage of the smaller one's
    neighbours that are the larger one's too; two of equal degree count 0. Of a stack
    it is the mean over layers; NaN where no side has two neurons with links.

    Notes
    -----
    Almeida-Neto et al. (2008), https://doi.org/10.1111/j.0030-1299.2008.16644.x

    Examples
    --------
    >>> steps = contract.from_links([2, 2], [0, 0, 1], [2, 3, 2], [1, 1, 1])
    >>> nestedness(steps)
    100.0
    """
    return over_layers(graph, _nestedness)


def _nestedness(layer: BipartiteLayer) -> float:
    paired, pairs, mask = 0.0, 0, layer.mask()
    for rows, degree in ((mask, layer.out_degree), (mask.T, layer.in_degree)):
        linked = int(np.count_nonzero(degree))
        pairs += linked * (linked - 1) // 2
        shared = _shared(rows)
        # Every two neurons come twice; the larger one comes first in one of them.
        larger, smaller = degree[shared.row], degree[shared.col]
        falls = larger > smaller
        paired += float((shared.data[falls] / smaller[falls]).sum())
    return 100 * paired / pairs if pairs else NAN


def _shared(rows: Any) -> Any:
    """Count the columns that every two rows of a 0/1 matrix have in common."""
    if rows.nnz > _CROWDED * rows.shape[0] * rows.shape[1]:
        from scipy.sparse import coo_array

        full = rows.toarray()
        return coo_array(full @ full.T)
    return (rows @ rows.T).tocoo()


@MEASURES.register(needs_stack=True)
def modularity(graph: "Graph") -> float:
    """Give the modularity of the modules that Louvain finds, on absolute weights.

    Links lose their direction, and a stack is one graph. Modularity is Newman's, which
    expects links between all neurons alike. NaN where no link has a weight.

    Notes
    -----
    Blondel et al. (2008), https://doi.org/10.1088/1742-5468/2008/10/P10008. Louvain
    visits neurons in random order; the order here is a fixed one, so that a graph has
    one value, but the same graph with its neurons renumbered may have another.

    Examples
    --------
    Two pairs of neurons, each linked within:

    >>> modularity(contract.from_links([2, 2], [0, 1], [2, 3], [1, -1]))
    0.5
    """
    contract.sizes(graph)
    weight = np.abs(contract.weights(graph)).tolist()
    if not any(weight):
        return NAN
    undirected = graph.as_undirected(mode="each")  # keeps the order of the links
    with igraph_random(np.random.default_rng(0)):
        found = undirected.community_multilevel(weights=weight)
    return float(found.modularity)
