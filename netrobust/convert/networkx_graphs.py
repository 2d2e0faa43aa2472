"""Networkx: a layer is a bipartite graph, with its sides as ``bipartite``."""

from typing import Any

import networkx as nx
import numpy as np
from igraph import Graph

from netrobust.convert.bipartite_graphs import layered
from netrobust.core.errors import InputError
from netrobust.graphs.graph import biases, check, first_depth, links, sizes
from netrobust.graphs.labels import own_attributes


def from_networkx(graph: nx.Graph) -> Graph:
    """Make a layer, or a stack, of a bipartite graph of networkx.

    Parameters
    ----------
    graph : networkx.Graph or DiGraph
        Every node has ``bipartite`` or ``type``, 0 at the sources and 1 at the targets,
        or any two values; or ``depth``, an integer, for a stack. ``bias`` is 0 where it
        has none. Edges of an undirected graph run from the lower depth to the higher.
        ``weight`` is 1 where an edge has none.

    Returns
    -------
    igraph.Graph
        Neurons by depth, in the order of the nodes; links in the order of the edges.
        Nodes keep their labels as ``name``, unless these are numbers from 0 on, and
        all their attributes.

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
    made = layered(*parts(graph))
    if isinstance(name := graph.graph.get("name"), str) and name:
        made["name"] = name
    return made


def parts(graph: nx.Graph) -> tuple[Any, ...]:
    """Take a graph apart into what `layered` is made of.

    An attribute that only some nodes or edges have is None at the others.

    Examples
    --------
    >>> parts(nx.Graph([("a", "b")]))[0]
    ['a', 'b']
    """
    nodes = list(graph)
    place = {node: k for k, node in enumerate(nodes)}
    links = list(graph.edges(data=True))
    ends = [(place[one], place[other]) for one, other, _ in links]
    return (
        nodes,
        _columns([data for _, data in graph.nodes(data=True)], {"bias": 0.0}),
        np.array(ends, np.int64).reshape(-1, 2),
        _columns([data for *_, data in links], {"weight": 1.0}),
        graph.is_directed(),
    )


def _columns(rows: list[Any], default: dict[str, float]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for row in rows for name in row if isinstance(name, str))
    return {name: [row.get(name, default.get(name)) for row in rows] for name in names}


def to_networkx(graph: Graph) -> nx.DiGraph:
    """Give a layer, or a stack, as a directed graph of networkx.

    Parameters
    ----------
    graph : igraph.Graph

    Returns
    -------
    networkx.DiGraph
        Nodes are called by their ``name``, or count from 0 where that does not tell
        them apart, and have ``depth``, ``bias``, ``type`` in a single layer, all other
        attributes, and ``bipartite``, which is 0 and 1 in turns from depth to depth;
        edges have ``weight``. `from_networkx` gives
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
    start, counts = first_depth(graph), sizes(graph)
    depth = np.repeat(np.arange(len(counts)) + start, counts).tolist()
    nodes = vertex_names(graph)
    held = {name: graph.vs[name] for name in own_attributes(graph) if name != "name"}
    held |= {"depth": depth, "bias": biases(graph).tolist()}
    if len(counts) == 2:
        held["type"] = [one > start for one in depth]
    held["bipartite"] = [(one - start) % 2 for one in depth]
    for k, node in enumerate(nodes):
        made.add_node(node, **{name: values[k] for name, values in held.items()})
    source, target, weight = (one.tolist() for one in links(graph))
    ends = [nodes[k] for k in source], [nodes[k] for k in target]
    made.add_weighted_edges_from(zip(*ends, weight, strict=True))
    made.graph.update({name: graph[name] for name in graph.attributes()})
    return made


def vertex_names(graph: Graph) -> list[Any]:
    """Give what tells vertices apart: their names, or numbers from 0 on.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> vertex_names(from_links([2, 1], [0, 1], [2, 2], [0.5, -1]))
    [0, 1, 2]
    """
    names = graph.vs["name"] if "name" in graph.vs.attributes() else []
    told = all(isinstance(one, str) for one in names) and len({*names}) == len(names)
    return list(names) if names and told else list(range(graph.vcount()))
