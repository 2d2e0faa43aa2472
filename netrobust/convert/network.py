"""The bridge between torch and igraph: a network as a graph, and back."""

import numpy as np
from igraph import Graph

from netrobust.core.errors import InputError
from netrobust.graphs.graph import (
    biases,
    check,
    first_depth,
    from_links,
    links,
    sizes,
)
from netrobust.neural.model import SparseMLP


def to_graph(model: SparseMLP, head: bool = False) -> Graph:
    """Export a network as one directed, weighted, layered graph.

    Parameters
    ----------
    model : SparseMLP
    head : bool
        With the classes as the last depth and the dense head as the last layer; all
        layers but the head if not.

    Returns
    -------
    igraph.Graph
        The stack: vertices in the order of depth with ``depth`` and ``bias``, links
        with ``weight``, in the canonical order of the network. `layers` cuts it into
        one bipartite graph per layer.

    Examples
    --------
    >>> import numpy as np
    >>> from netrobust.neural.model import start
    >>> model = start((4, 3, 2), np.random.default_rng(0), links=[6])
    >>> graph = to_graph(model)
    >>> graph.vcount(), graph.ecount(), graph.is_weighted()
    (7, 6, True)
    """
    sizes = model.sizes if head else model.sizes[:-1]
    bias = np.concatenate([np.zeros(sizes[0], np.float32), model.biases(head)])
    return from_links(sizes, *model.links(head), bias)


def to_model(graph: Graph, like: SparseMLP) -> SparseMLP:
    """Load a graph back into torch, with the head and standardisation of a network.

    ``to_model(to_graph(m), like=m)`` computes bitwise the same as ``m``.

    Parameters
    ----------
    graph : igraph.Graph
        A whole stack that keeps the graph contract. Where its last depth are the
        classes of `like`, the head is that of the graph.
    like : SparseMLP
        The network the graph came from, or one of the same sizes.

    Raises
    ------
    InputError
        The graph breaks the contract or its sizes are not those of `like`.

    Examples
    --------
    >>> import numpy as np
    >>> from netrobust.neural.model import start
    >>> model = start((4, 3, 2), np.random.default_rng(0), links=[6])
    >>> to_model(to_graph(model), like=model).layers[0]
    SparseLinear(4, 3, links=6)
    """
    check(graph)
    if sizes(graph) not in (like.sizes[:-1], like.sizes):
        raise InputError(
            f"the graph has {sizes(graph)} neurons per depth, the network "
            f"{like.sizes[:-1]}, or {like.sizes} with its classes; export and reload "
            "the same network"
        )
    if first_depth(graph) != 0:
        raise InputError(
            f"the graph starts at depth {first_depth(graph)}, a network at 0; reload "
            "the stack of all its layers"
        )
    return like.with_links(*links(graph), biases(graph)[like.sizes[0] :])
