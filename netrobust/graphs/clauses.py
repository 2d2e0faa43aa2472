"""The clauses of the graph contract that arrays can break, each checked in one place.

All raise an `InputError` that names the clause and the value found.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netrobust.errors import InputError

if TYPE_CHECKING:
    from igraph import Graph


def integers(name: str, values: ArrayLike) -> NDArray[np.int64]:
    """Give values as one row of int64, or say that they are not integers."""
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise InputError(f"{name} must hold one row of integers; got {_shown(array)}")
    return array.astype(np.int64)


def float32(name: str, values: ArrayLike) -> NDArray[np.float32]:
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


def link_ids(name: str, values: ArrayLike) -> NDArray[np.int64]:
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


def check_depth(depth: NDArray[np.int64]) -> None:
    """Check that the depths of the neurons rise without gaps."""
    steps = np.diff(depth)
    if len(depth) < 2 or depth[0] == depth[-1]:
        raise InputError("a graph must have neurons at two depths at least")
    if depth[0] < 0 or ((steps != 0) & (steps != 1)).any():
        raise InputError(
            "depth must start at 0 or above and rise in steps of 1, with the vertices "
            "sorted by it"
        )


def check_biases(depth: NDArray[np.int64], bias: NDArray[np.float32]) -> None:
    """Check that there is one bias per neuron, and none at the inputs."""
    if len(bias) != len(depth):
        raise InputError(
            f"bias must give one value per neuron, {len(depth)}; got {len(bias)}"
        )
    if (wrong := np.flatnonzero((depth == 0) & (bias != 0))).size:
        raise InputError(
            f"bias must be 0 at depth 0; neuron {wrong[0]} has {bias[wrong[0]]}"
        )


def check_links(
    depth: NDArray[np.int64], source: NDArray[np.int64], target: NDArray[np.int64]
) -> None:
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
