"""Igraph: bipartite graphs as that library has them, often undirected."""

import numpy as np
from igraph import Graph

from netrobust.convert.bipartite_graphs import layered
from netrobust.core.errors import InputError


def from_igraph(graph: Graph) -> Graph:
    """Make a layer, or a stack, of a bipartite graph of igraph.

    Parameters
    ----------
    graph : igraph.Graph
        Its vertices have ``type``, as `igraph.Graph.Bipartite` gives it, or
        ``bipartite``: numbers, truth values or texts, two of them; or ``depth``, whole
        numbers, for a stack. ``bias`` is 0 and ``weight`` 1 where there is none. Edges
        of an undirected graph run from the sources to the targets.

    Returns
    -------
    igraph.Graph
        One that keeps the graph contract: vertices by depth, with their names and all
        their attributes; links in the order of the edges.

    Raises
    ------
    InputError
        A vertex is on no side, or the graph breaks the graph contract.

    Examples
    --------
    >>> graph = Graph.Bipartite([1, 0, 0], [(0, 1), (2, 0)])
    >>> graph.vs["name"] = ["concert", "Ann", "Bob"]
    >>> from_igraph(graph).vs["name"]
    ['Ann', 'Bob', 'concert']
    """
    if not isinstance(graph, Graph):
        raise InputError(f"a graph must be one of igraph; got {type(graph).__name__}")
    attributes = {name: graph.vs[name] for name in graph.vs.attributes()}
    names = attributes.get("name", list(range(graph.vcount())))
    of_links = {name: graph.es[name] for name in graph.es.attributes()}
    ends = np.array(graph.get_edgelist(), np.int64).reshape(-1, 2)
    made = layered(names, attributes, ends, of_links, graph.is_directed())
    for name in graph.attributes():
        made[name] = graph[name]
    return made
