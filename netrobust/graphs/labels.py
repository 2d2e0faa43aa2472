"""Names of neurons and layers: what a graph says beyond the graph contract, and keeps.

Vertices keep every attribute that is not part of the contract and was not written by
data, such as ``name``, through null models, and from stacks to layers and back. A layer
is called by the graph attribute ``name``; in a stack its targets carry that as the
vertex attribute ``layer``.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from netrobust.graphs.data_attributes import DATA_ATTRIBUTES

if TYPE_CHECKING:
    from igraph import Graph

_CONTRACT = ("depth", "bias", "type")


def own_attributes(graph: "Graph") -> list[str]:
    """Give the vertex attributes beyond the contract.

    Examples
    --------
    >>> from netrobust.graphs.contract import from_links
    >>> graph = from_links([1, 1], [0], [1], [0.5])
    >>> graph.vs["name"] = ["a", "b"]
    >>> own_attributes(graph)
    ['name']
    """
    known = (*_CONTRACT, *DATA_ATTRIBUTES)
    return [name for name in graph.vs.attributes() if name not in known]


def labelled(graph: "Graph", like: "Graph", start: int = 0) -> "Graph":
    """Give a graph the labels of another one, or of a part of it.

    Parameters
    ----------
    graph : igraph.Graph
        It is changed.
    like : igraph.Graph
    start : int
        Which of its vertices is the first of `graph`.

    Examples
    --------
    >>> from netrobust.graphs.contract import from_links
    >>> like = from_links([1, 1], [0], [1], [0.5])
    >>> like.vs["name"] = ["a", "b"]
    >>> labelled(from_links([1, 1], [], [], []), like).vs["name"]
    ['a', 'b']
    """
    for name in own_attributes(like):
        graph.vs[name] = like.vs[start : start + graph.vcount()][name]
    if like.vcount() == graph.vcount():
        for name in like.attributes():
            graph[name] = like[name]
    return graph


def cut(layers: Sequence["Graph"], stack: "Graph") -> list["Graph"]:
    """Give the layers of a stack its labels, and the names that it has of them."""
    start = 0
    for layer in layers:
        count = layer.vcount() - sum(layer.vs["type"])
        named = labelled(layer, stack, start)
        if "layer" in stack.vs.attributes():
            names = set(named.vs[count:]["layer"])
            if len(names) == 1 and (name := names.pop()):
                named["name"] = name
            del named.vs["layer"]
        start += count
    return list(layers)


def joined(stack: "Graph", layers: Sequence["Graph"]) -> "Graph":
    """Give a stack the labels of its layers, and their names."""
    values: dict[str, list[Any]] = {}
    names = sorted({name for one in layers for name in own_attributes(one)})
    for name in names:
        values[name] = [None] * stack.vcount()
    called = any("name" in one.attributes() for one in layers)
    if called and len(layers) > 1:
        values["layer"] = [""] * stack.vcount()
    start = 0
    for one in layers:
        end = start + one.vcount()
        for name in names:
            if name in one.vs.attributes():
                values[name][start:end] = one.vs[name]
        start = end - _last(one)
        if "layer" in values and "layer" not in one.vs.attributes():
            own = one["name"] if "name" in one.attributes() else ""
            values["layer"][start:end] = [own] * (end - start)
    for name, held in values.items():
        stack.vs[name] = held
    if len(layers) == 1:
        labelled(stack, layers[0])
    return stack


def _last(graph: "Graph") -> int:
    """Count the neurons of the last depth."""
    depth = graph.vs["depth"]
    return depth.count(depth[-1])
