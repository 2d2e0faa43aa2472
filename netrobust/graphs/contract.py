"""The graph contract: how a sparse network is held as an `igraph.Graph`.

One type serves a single layer and the whole stack. The graph is directed, from the
inputs on. Its vertices are neurons, sorted by the integer attribute ``depth``, with a
``bias`` (0 at depth 0), and with ``type``, the side, where there are exactly two
depths. Every link joins depth d to depth d + 1 and carries a finite float32
``weight``; 0 is a weight like any other. No two links are parallel. Neurons without
links stay, and a graph without links is legal. The order of the links is part of the
graph: it survives export, damage and reload.
"""

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netrobust.core.errors import InputError

Ids = NDArray[np.int64]
Floats = NDArray[np.float32]

# igraph loads inside the functions that name its class, so that the families of
# `netrobust list` can import this module without waiting for it.
if TYPE_CHECKING:
    from igraph import Graph


def from_links(
    sizes: Sequence[int],
    source: ArrayLike,
    target: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    first_depth: int = 0,
) -> "Graph":
    """Build the graph of a layer, or of a stack of layers, from arrays.

    Parameters
    ----------
    sizes : sequence of int
        Neurons at each depth, at least one each, for at least two depths.
    source, target : array_like of int, shape (links,)
        Vertex ids, counted through all depths. The order of the links is kept.
    weight : array_like, shape (links,)
        Weights, rounded to float32.
    bias : array_like, shape (neurons,), optional
        Biases, rounded to float32; 0 for inputs. All 0 if left out.
    first_depth : int
        Depth of the first neurons: 0, or larger for a layer inside a network.

    Returns
    -------
    igraph.Graph

    Raises
    ------
    InputError
        Naming the first rule of the graph contract that is broken.

    Examples
    --------
    >>> graph = from_links([2, 1], source=[0, 1], target=[2, 2], weight=[0.5, -1])
    >>> graph.vs["depth"], graph.es["weight"]
    ([0, 0, 1], [0.5, -1.0])
    """
    from igraph import Graph

    counts = integers("sizes", sizes)
    if len(counts) < 2 or counts.min() < 1:
        raise InputError(
            "sizes must give at least two depths of at least one neuron each; "
            f"got {counts.tolist()}"
        )
    first = integers("first_depth", [first_depth])[0]
    depth = np.repeat(np.arange(len(counts)) + first, counts)
    check_depth(depth)
    biases = float32("bias", np.zeros(len(depth)) if bias is None else bias)
    check_biases(depth, biases)
    pair = [integers("source", source), integers("target", target)]
    weights = float32("weight", weight)
    if not len(pair[0]) == len(pair[1]) == len(weights):
        raise InputError(
            "source, target and weight must be equally long; "
            f"got {len(pair[0])}, {len(pair[1])} and {len(weights)}"
        )
    check_links(depth, *pair)
    # Pairs from zip: as many lists of two would set off Python's garbage collector.
    pairs = zip(*(end.tolist() for end in pair), strict=True)
    graph = Graph(len(depth), pairs, directed=True)
    graph.vs["depth"] = depth.tolist()
    graph.vs["bias"] = biases.tolist()
    if len(counts) == 2:
        graph.vs["type"] = (depth > first).tolist()
    graph.es["weight"] = weights.tolist()
    return check_simple(graph)


def links(
    graph: "Graph",
) -> tuple[Ids, Ids, Floats]:
    """Give the source, target and weight of every link, in the order of the graph.

    Returns
    -------
    source, target : ndarray of int64, shape (links,)
    weight : ndarray of float32, shape (links,)

    Raises
    ------
    InputError
        The graph is undirected, or has no finite weights.

    Examples
    --------
    >>> links(from_links([1, 1], source=[0], target=[1], weight=[0.5]))
    (array([0]), array([1]), array([0.5], dtype=float32))
    """
    weight = weights(graph)
    return *ends(graph), weight


def weights(graph: "Graph") -> Floats:
    """Give the weight of every link, shape (links,): what `links` gives third.

    Examples
    --------
    >>> weights(from_links([1, 1], source=[0], target=[1], weight=[0.5]))
    array([0.5], dtype=float32)
    """
    return float32("weight", _attribute(directed(graph).es, "weight"))


def biases(graph: "Graph") -> Floats:
    """Give the bias of every neuron, shape (neurons,).

    Raises
    ------
    InputError
        The graph is undirected, or has no finite biases.

    Examples
    --------
    >>> biases(from_links([1, 1], [0], [1], [0.5], bias=[0, 0.25]))
    array([0.  , 0.25], dtype=float32)
    """
    return float32("bias", _attribute(directed(graph).vs, "bias"))


def sizes(graph: "Graph") -> tuple[int, ...]:
    """Give the number of neurons at each depth of the graph.

    Raises
    ------
    InputError
        The graph is undirected, or its depths break the graph contract.

    Examples
    --------
    >>> sizes(from_links([2, 3], source=[], target=[], weight=[]))
    (2, 3)
    """
    depth = _depths(graph)
    return tuple(np.bincount(depth - depth[0]).tolist())


def first_depth(graph: "Graph") -> int:
    """Give the depth of the graph's first neurons: 0 where they are the inputs.

    Raises
    ------
    InputError
        The graph is undirected, or its depths break the graph contract.

    Examples
    --------
    >>> first_depth(from_links([1, 1], [0], [1], [0.5], first_depth=2))
    2
    """
    return int(_depths(graph)[0])


def directed(graph: "Graph") -> "Graph":
    """Return the graph if it is a directed one: what can be checked at no cost.

    Raises
    ------
    InputError
        It is no igraph.Graph, or undirected.
    """
    from igraph import Graph

    if not isinstance(graph, Graph):
        raise InputError(f"a graph must be an igraph.Graph; got {type(graph).__name__}")
    if not graph.is_directed():
        raise InputError(
            "the graph must be directed, from the inputs on; this one is undirected"
        )
    return graph


def check(graph: "Graph") -> "Graph":
    """Return the graph if it keeps the graph contract.

    Raises
    ------
    InputError
        Naming the first rule that is broken.

    Examples
    --------
    >>> import igraph
    >>> check(igraph.Graph(2, [(0, 1)]))
    Traceback (most recent call last):
    ...
    netrobust.core.errors.InputError: the graph must be directed, from the inputs on; \
this one is undirected
    """
    read(graph)
    return graph


def read(graph: "Graph") -> tuple[tuple[int, ...], Ids, Ids, Floats, Floats, int]:
    """Read and validate a graph at once: what `from_links` takes, in its order.

    Returns
    -------
    sizes, source, target, weight, bias, first_depth

    Raises
    ------
    InputError
        Naming the first rule of the graph contract that is broken.

    Examples
    --------
    >>> read(from_links([1, 1], [0], [1], [0.5]))[0]
    (1, 1)
    """
    depth = _depths(graph)
    bias = _exact_float32("bias", _attribute(graph.vs, "bias"))
    check_biases(depth, bias)
    if depth[-1] - depth[0] == 1:
        side = _attribute(graph.vs, "type")
        if side.dtype.kind != "b" or not np.array_equal(side, depth > depth[0]):
            raise InputError(
                "vertex attribute type must be the side of each neuron of a single "
                "layer: False at the first depth, True at the second"
            )
    weight = _exact_float32("weight", _attribute(graph.es, "weight"))
    source, target = ends(graph)
    check_links(depth, source, target)
    check_simple(graph)
    counts = tuple(np.bincount(depth - depth[0]).tolist())
    return counts, source, target, weight, bias, int(depth[0])


def ends(graph: "Graph") -> tuple[Ids, Ids]:
    """Give the source and the target of every link."""
    # `fromiter` over the flattened tuples takes two thirds of the time of `array`.
    ids = chain.from_iterable(graph.get_edgelist())
    source, target = np.fromiter(ids, np.int64).reshape(-1, 2).T.copy()
    return source, target


def _depths(graph: "Graph") -> Ids:
    """Give the depth of every neuron, checked."""
    vertices = directed(graph).vs
    depth = _attribute(vertices, "depth")
    whole = depth.dtype.kind == "f" and depth.size and np.isfinite(depth).all()
    if whole and (depth % 1 == 0).all():
        raise InputError(
            "vertex attribute depth must hold integers; GraphML makes them floats, so "
            "read the file with netrobust.read"
        )
    depth = integers("vertex attribute depth", depth)
    check_depth(depth)
    return depth


def _attribute(sequence: Any, name: str) -> NDArray[Any]:
    """Give one attribute of the vertices or edges as an array of any kind."""
    if name not in sequence.attributes():
        kind = "edge" if name == "weight" else "vertex"
        raise InputError(f"every graph must carry the {kind} attribute {name}")
    try:
        return np.asarray(sequence[name])
    except ValueError:  # ragged lists among the values
        return np.array([None], dtype=object)


def _exact_float32(name: str, values: NDArray[Any]) -> Floats:
    rounded = float32(name, values)
    if (wrong := np.flatnonzero(rounded != values)).size:
        raise InputError(
            f"{name} must hold float32 values; {values[wrong[0]]} at {wrong[0]} is "
            "none, so round with numpy.float32 or build with from_links"
        )
    return rounded


def integers(name: str, values: ArrayLike) -> Ids:
    """Give values as one row of int64, or say that they are not integers."""
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise InputError(f"{name} must hold one row of integers; got {_shown(array)}")
    return array.astype(np.int64)


def float32(name: str, values: ArrayLike) -> Floats:
    """Round values to one row of float32, or say that they are not finite there."""
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iuf"):
        raise InputError(f"{name} must hold one row of numbers; got {_shown(array)}")
    with np.errstate(over="ignore"):
        rounded = array.astype(np.float32)
    if (wrong := np.flatnonzero(~np.isfinite(rounded))).size:
        raise InputError(
            f"{name} must be finite in float32; got {array[wrong[0]]} at {wrong[0]}"
        )
    return rounded


def _shown(array: NDArray[Any]) -> str:
    if array.ndim != 1:
        return f"shape {array.shape}"
    odd = (value for value in array.tolist() if not isinstance(value, int | float))
    return repr(next(odd, array.tolist()[0]))


def link_ids(name: str, values: ArrayLike) -> Ids:
    """Give rising link ids as int64; whole numbers of any kind are taken as such."""
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "iuf":
        raise InputError(f"{name} must hold one row of link ids; got {_shown(array)}")
    with np.errstate(invalid="ignore"):  # what has no place in int64 differs from it
        ids = array.astype(np.int64, copy=False)
    falls = np.append(False, ids[1:] <= ids[:-1]) | (ids < 0) if ids.size else ids
    if (wrong := np.flatnonzero(falls | (ids != array))).size:
        raise InputError(
            f"{name} must hold rising link ids from 0 on; got {array[wrong[0]]} at "
            f"{wrong[0]}"
        )
    return ids


def check_depth(depth: Ids) -> None:
    """Check that the depths of the neurons rise without gaps."""
    steps = np.diff(depth)
    if len(depth) < 2 or depth[0] == depth[-1]:
        raise InputError("a graph must have neurons at two depths at least")
    if depth[0] < 0 or ((steps != 0) & (steps != 1)).any():
        raise InputError(
            "depth must start at 0 or above and rise in steps of 1, with the vertices "
            "sorted by it"
        )


def check_biases(depth: Ids, bias: Floats) -> None:
    """Check that there is one bias per neuron, and none at the inputs."""
    if len(bias) != len(depth):
        raise InputError(
            f"bias must give one value per neuron, {len(depth)}; got {len(bias)}"
        )
    if (wrong := np.flatnonzero((depth == 0) & (bias != 0))).size:
        raise InputError(
            f"bias must be 0 at depth 0; neuron {wrong[0]} has {bias[wrong[0]]}"
        )


def check_links(depth: Ids, source: Ids, target: Ids) -> None:
    """Check the links: known neurons, and one depth forward each."""
    both = np.concatenate([source, target])
    if (wrong := np.flatnonzero((both < 0) | (both >= len(depth)))).size:
        raise InputError(
            f"links must join neurons 0 to {len(depth) - 1}; got {both[wrong[0]]}"
        )
    if (wrong := np.flatnonzero(depth[target] != depth[source] + 1)).size:
        k = wrong[0]
        raise InputError(
            f"every link must join depth d to d + 1; link {k} ({source[k]} -> "
            f"{target[k]}) joins depth {depth[source[k]]} to {depth[target[k]]}"
        )


def check_simple(graph: "Graph") -> "Graph":
    """Return the graph if no two of its links join the same neurons."""
    if graph.has_multiple():
        k = graph.is_multiple().index(True)
        source, target = graph.es[k].tuple
        raise InputError(
            f"no two links may be parallel; link {k} ({source} -> {target}) repeats "
            "an earlier one"
        )
    return graph
