"""The bridge between torch and igraph: a network as a graph, and back."""

import numpy as np
from igraph import Graph

from netrobust.core.errors import InputError
from netrobust.core.settings import flag
from netrobust.graphs.contract import float32
from netrobust.graphs.damage import Links
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
    return to_links(model, flag("head", head)).graph()


def to_links(model: SparseMLP, head: bool = False) -> Links:
    """Give what `to_graph` exports as arrays, without building the graph.

    Raises
    ------
    InputError
        A weight or bias is not finite, or what came is no such network.

    Examples
    --------
    >>> import numpy as np
    >>> from netrobust.neural.model import start
    >>> model = start((4, 3, 2), np.random.default_rng(0), links=[6])
    >>> to_links(model).sizes
    (4, 3)
    """
    if not isinstance(model, SparseMLP):
        raise InputError(
            "to_graph takes the model of a Network, a SparseMLP; got "
            f"{type(model).__name__}: torch modules of your own go through to_layers"
        )
    sizes = model.sizes if head else model.sizes[:-1]
    bias = np.concatenate([np.zeros(sizes[0], np.float32), model.biases(head)])
    source, target, weight = model.links(head)
    numbers = float32("weight", weight), float32("bias", bias)
    return Links(tuple(sizes), source, target, *numbers)


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
    return model_from_links(Links.of(graph), like)


def model_from_links(links: Links, like: SparseMLP) -> SparseMLP:
    """Load a graph back as `to_model` does, from its arrays.

    Raises
    ------
    InputError
        The sizes are not those of `like`.

    Examples
    --------
    >>> import numpy as np
    >>> from netrobust.neural.model import start
    >>> model = start((4, 3, 2), np.random.default_rng(0), links=[6])
    >>> model_from_links(to_links(model), like=model).layers[0]
    SparseLinear(4, 3, links=6)
    """
    if links.sizes not in (like.sizes[:-1], like.sizes):
        raise InputError(
            f"the graph has {links.sizes} neurons per depth, the network "
            f"{like.sizes[:-1]}, or {like.sizes} with its classes; export and reload "
            "the same network"
        )
    if links.first_depth != 0:
        raise InputError(
            f"the graph starts at depth {links.first_depth}, a network at 0; reload "
            "the stack of all its layers"
        )
    bias = links.bias[like.sizes[0] :]
    return like.with_links(links.source, links.target, links.weight, bias)
