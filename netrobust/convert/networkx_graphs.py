"""Networkx: a layer is a bipartite graph, with its sides as ``bipartite``."""

from typing import Any

import networkx as nx
import numpy as np
from igraph import Graph

from netrobust.core.errors import InputError
from netrobust.graphs.graph import biases, check, first_depth, from_links, links, sizes


def from_networkx(graph: nx.Graph) -> Graph:
    """Make a layer, or a stack, of a bipartite graph of networkx.

    Parameters
    ----------
    graph : networkx.Graph or DiGraph
        Every node has ``bipartite``, 0 at the sources and 1 at the targets, or
        ``depth``, an integer, for a stack; ``bias`` is 0 where it has none. Edges of an
        undirected graph run from the lower depth to the higher. ``weight`` is 1 where
        an edge has none.

    Returns
    -------
    igraph.Graph
        Neurons by depth, in the order of the nodes; links in the order of the edges.

    Raises
    ------
    InputError
        A node is on no side, or the graph breaks the graph contract.

    Examples
    --------
    >>> graph = nx.Graph([("y", "a"), ("b", "y")])
    >>> nx.set_node_attributes(graph, {"a": 0, "b": 0, "y": 1}, "bipartite")
    >>> from_networkx(graph).get_edgelist()
    [(0, 2), (1, 2)]
    """
    if not isinstance(graph, nx.Graph):
        raise InputError(f"a graph must be one of networkx; got {type(graph).__name__}")
    depth = np.array(_depths(graph), dtype=np.int64)
    if not depth.size:
        raise InputError("a graph must have neurons at two depths at least; got none")
    if depth.max() - depth.min() >= depth.size:
        raise InputError("the depths of the nodes must rise without gaps; they do not")
    order = np.argsort(depth, kind="stable")
    nodes = list(graph)
    place = {nodes[k]: number for number, k in enumerate(order.tolist())}
    ends, weight = [], []
    for one, other, value in graph.edges(data="weight", default=1.0):
        pair = place[one], place[other]
        ends.append(pair if graph.is_directed() else (min(pair), max(pair)))
        weight.append(value)
    bias = [graph.nodes[nodes[k]].get("bias", 0.0) for k in order]
    first = int(depth.min())
    counts = np.bincount(depth - first)
    source, target = np.array(ends, np.int64).reshape(-1, 2).T
    return from_links(
        counts.tolist(), source, target, _numbers("weight", weight),
        _numbers("bias", bias), first,
    )  # fmt: skip


def to_networkx(graph: Graph) -> nx.DiGraph:
    """Give a layer, or a stack, as a directed graph of networkx.

    Parameters
    ----------
    graph : igraph.Graph

    Returns
    -------
    networkx.DiGraph
        Nodes count from 0 and have ``depth``, ``bias`` and ``bipartite``, which is 0
        and 1 in turns from depth to depth; edges have ``weight``. `from_networkx` gives
        the links back by source, and otherwise the same graph.

    Raises
    ------
    InputError
        The graph breaks the graph contract.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = to_networkx(from_links([2, 1], [0, 1], [2, 2], [0.5, -1]))
    >>> nx.is_bipartite(graph), graph.edges[1, 2]["weight"], graph.nodes[2]["bipartite"]
    (True, -1.0, 1)
    """
    check(graph)
    made = nx.DiGraph()
    start = first_depth(graph)
    depths = np.repeat(np.arange(len(sizes(graph))) + start, sizes(graph)).tolist()
    for node, (depth, bias) in enumerate(
        zip(depths, biases(graph).tolist(), strict=True)
    ):
        side = (depth - start) % 2
        made.add_node(node, depth=depth, bias=bias, bipartite=side)
    made.add_weighted_edges_from(
        zip(*(one.tolist() for one in links(graph)), strict=True)
    )
    return made


def _depths(graph: nx.Graph) -> list[int]:
    """Give the depth of every node, in their order."""
    for name, known in (("depth", None), ("bipartite", (0, 1))):
        found: list[Any] = [data.get(name) for _, data in graph.nodes(data=True)]
        whole = all(
            isinstance(one, int | np.integer) and not isinstance(one, bool)
            for one in found
        )
        small = whole and all(0 <= one < 2**31 for one in found)
        if small and (known is None or set(found) <= set(known)):
            return found
    raise InputError(
        "every node must have bipartite, 0 for sources and 1 for targets, or depth, an "
        "integer of 0 or more; set it with networkx.set_node_attributes"
    )


def _numbers(name: str, values: list[Any]) -> Any:
    """Give attributes as an array, or say that one is no number."""
    for value in values:
        if isinstance(value, bool) or not isinstance(
            value, int | float | np.integer | np.floating
        ):
            raise InputError(f"{name} must be a number everywhere; got {value!r}")
    return np.array(values, dtype=np.float64)
