"""Bipartite graphs of other programs: which vertices are sources, and of what depth.

Vertices say their depth by ``depth``, whole numbers, or their side by ``bipartite`` or
``type``: 0 and 1, false and true, or any two values, numbers by size and texts by which
comes first. Edges of an undirected graph run from sources to targets. Names are kept as
the vertex attribute ``name``, and all other attributes under their own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from igraph import Graph
from numpy.typing import NDArray

from netrobust.core.errors import InputError
from netrobust.graphs.contract import float32
from netrobust.graphs.graph import from_links

#: Vertex attributes that tell sides or depths, the first that there is.
SIDES = ("depth", "bipartite", "type")

_LOW = ("0", "false", "f", "no")
_HIGH = ("1", "true", "t", "yes")


def layered(
    names: Sequence[Any],
    attributes: Mapping[str, Sequence[Any]],
    ends: NDArray[np.int64],
    of_links: Mapping[str, Sequence[Any]],
    directed: bool,
) -> Graph:
    """Make a layer, or a stack, of vertices and edges as other programs have them.

    Parameters
    ----------
    names : sequence
        Of the vertices, in their order; numbers from 0 on are no names.
    attributes : mapping of str to sequence
        Of the vertices. ``depth``, ``bipartite`` or ``type`` tell their places, and
        ``bias`` is 0 where there is none.
    ends : ndarray of int, shape (edges, 2)
        Places of the vertices that edges join.
    of_links : mapping of str to sequence
        Attributes of the edges; ``weight`` is 1 where there is none.
    directed : bool
        Whether edges run one way, from sources to targets.

    Raises
    ------
    InputError
        A vertex is on no side, an attribute is no number, or the graph breaks the graph
        contract.

    Examples
    --------
    >>> graph = layered("yab", {"type": [1, 0, 0]}, np.array([[0, 1], [2, 0]]), {},
    ...                 directed=False)
    >>> graph.vs["name"], graph.get_edgelist()
    (['a', 'b', 'y'], [(0, 2), (1, 2)])
    """
    if not len(names):
        raise InputError("a graph must have neurons at two depths at least; got none")
    depth = depths(attributes, len(names))
    if depth.max() - depth.min() >= depth.size:
        raise InputError("the depths of the nodes must rise without gaps; they do not")
    order = np.argsort(depth, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    both = place[np.asarray(ends, np.int64).reshape(-1, 2)]
    if not directed:
        both = np.sort(both, axis=1)
    weight = numbers("weight", of_links.get("weight", ()), len(both), 1.0)
    bias = numbers("bias", attributes.get("bias", ()), len(names), 0.0)
    first = int(depth.min())
    source, target = both.T
    counts = np.bincount(depth - first).tolist()
    graph = from_links(counts, source, target, weight, bias[order], first)
    told = next((one for one in SIDES if one in attributes), "")
    for name, values in attributes.items():
        if name not in ("depth", "bias", "type", "bipartite", "name"):
            graph.vs[name] = [values[k] for k in order.tolist()]
        elif name == told and name == "type" and isinstance(values[0], str):
            graph.vs["side"] = [values[k] for k in order.tolist()]
    if list(names) != list(range(len(names))):
        graph.vs["name"] = [str(names[k]) for k in order.tolist()]
    for name, values in of_links.items():
        if name != "weight":
            graph.es[name] = list(values)
    return graph


def depths(attributes: Mapping[str, Sequence[Any]], count: int) -> NDArray[np.int64]:
    """Give the depth of every vertex.

    Examples
    --------
    >>> depths({"type": ["person", "event", "person"]}, 3)
    array([0, 1, 0])
    >>> depths({"depth": [0.0, 2.0, 1.0]}, 3)
    array([0, 2, 1])
    """
    for name in SIDES:
        values = list(attributes.get(name, ()))
        found = _whole(values) if name == "depth" else _sides(values)
        if values and found is not None:
            return found
    raise InputError(
        "every node must have bipartite or type, one value for sources and one for "
        "targets, or depth, an integer of 0 or more; set it first, as with "
        "networkx.set_node_attributes"
    )


def _whole(values: Sequence[Any]) -> NDArray[np.int64] | None:
    """Give whole numbers of any kind as depths; None if that is not what they are."""
    plain = [one for one in values if _real(one) and float(one).is_integer()]
    if len(plain) < len(values) or not all(0 <= one < 2**31 for one in plain):
        return None
    return np.array([int(one) for one in values], np.int64)


def _sides(values: Sequence[Any]) -> NDArray[np.int64] | None:
    """Tell two sides apart; None if there are not two of one kind."""
    if values and all(isinstance(one, str) for one in values):
        low = [one.strip().lower() for one in values]
        if set(low) <= {*_LOW, *_HIGH}:
            return np.array([one in _HIGH for one in low], np.int64)
        kinds = list(dict.fromkeys(values))
    elif all(isinstance(one, bool | np.bool_) for one in values) or all(
        _real(one) for one in values
    ):
        kinds = sorted(set(values))
        if set(kinds) <= {0, 1}:
            return np.array([int(one) for one in values], np.int64)
    else:
        return None
    if len(kinds) != 2:
        return None
    return np.array([kinds.index(one) for one in values], np.int64)


def _real(value: Any) -> bool:
    if isinstance(value, bool | np.bool_):
        return False
    return isinstance(value, int | float | np.integer | np.floating)


def numbers(
    name: str, values: Sequence[Any], count: int, default: float
) -> NDArray[np.float32]:
    """Give attributes as float32, or say that one is no number.

    Examples
    --------
    >>> numbers("weight", [], 2, 1.0)
    array([1., 1.], dtype=float32)
    """
    if not len(values):
        return np.full(count, default, np.float32)
    for value in values:
        # A whole number of Python may be too large even for float64.
        if not _real(value) or (isinstance(value, int) and abs(value) > 10**300):
            raise InputError(
                f"{name} must be a number everywhere; got {repr(value)[:40]}"
            )
    return float32(name, np.array(values, dtype=np.float64))
