"""What a measure is, how it is asked, and what measures share: layers as arrays."""

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from netrobust.core.errors import InputError
from netrobust.core.registry import Registry
from netrobust.graphs import contract
from netrobust.graphs.contract import check_links
from netrobust.graphs.requirements import check_weights, declares

if TYPE_CHECKING:
    from igraph import Graph

Measure: TypeAlias = Callable[["Graph"], float]

MEASURES: Registry[Measure] = Registry(
    "measure",
    declares={"needs_stack": False, "needs_positive_weights": False, "instead": ""},
    takes=("graph",),
)

NAN = float("nan")


def signed_measures() -> tuple[str, ...]:
    """Name the members of `MEASURES` that weights of either sign have a value for.

    It is what is measured when nothing is chosen: trained weights have both signs.

    Examples
    --------
    >>> "reach" in signed_measures(), "disparity" in signed_measures()
    (True, False)
    """
    return tuple(
        name
        for name, member in MEASURES.items()
        if not declares(member, "needs_positive_weights")
    )


def value_of(measure: Measure, graph: "Graph") -> float:
    """Measure a graph, after what the measure declares that it needs.

    A function of the user's own that works in place spoils its own copy alone.

    Raises
    ------
    InputError
        The measure needs positive weights, or gives no number.

    Examples
    --------
    >>> value_of(MEASURES["links"], contract.from_links([1, 1], [0], [1], [0.5]))
    1.0
    """
    name = measure.__name__
    if declares(measure, "needs_positive_weights"):
        check_weights("measure", measure, contract.weights(graph), "this graph")
    ours = name in MEASURES and MEASURES[name] is measure
    found = measure(graph if ours else graph.copy())
    try:
        return float(found)
    except (TypeError, ValueError):
        raise InputError(
            f"measure {name} must give a number; got {type(found).__name__}"
        ) from None


class BipartiteLayer(NamedTuple):
    """The links of one layer, its neurons counted from 0 on either side."""

    n_in: int
    n_out: int
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    weight: NDArray[np.float32]

    @property
    def out_degree(self) -> NDArray[np.int64]:
        """Links of every source, shape (n_in,)."""
        return np.bincount(self.source, minlength=self.n_in)

    @property
    def in_degree(self) -> NDArray[np.int64]:
        """Links of every target, shape (n_out,)."""
        return np.bincount(self.target, minlength=self.n_out)

    def mask(self) -> Any:
        """Give the biadjacency matrix, a sparse array of shape (n_in, n_out)."""
        return sparse(self.source, self.target, np.ones(self.source.size), self[:2])

    def weights(self) -> Any:
        """Give the matrix of weights, a sparse array of shape (n_in, n_out)."""
        return sparse(self.source, self.target, self.weight, self[:2])


def sparse(
    row: NDArray[np.int64],
    column: NDArray[np.int64],
    value: NDArray[Any],
    shape: tuple[int, int],
) -> Any:
    """Build a sparse float64 array; places do not repeat."""
    from scipy.sparse import csr_array

    return csr_array((value.astype(np.float64), (row, column)), shape=shape)


def split(graph: "Graph") -> list[BipartiteLayer]:
    """Give the layers of a graph as arrays.

    Raises
    ------
    InputError
        The graph breaks the graph contract.

    Examples
    --------
    >>> both = contract.from_links([1, 2, 1], [0, 2], [1, 3], [0.5, -1])
    >>> [(layer.source.tolist(), layer.target.tolist()) for layer in split(both)]
    [([0], [0]), ([1], [0])]
    """
    counts = contract.sizes(graph)
    source, target, weight = contract.links(graph)
    start = np.cumsum((0, *counts))
    check_links(np.repeat(np.arange(len(counts)), counts), source, target)
    layer = np.searchsorted(start, source, side="right") - 1
    found = []
    for k, (n_in, n_out) in enumerate(pairwise(counts)):
        mine = layer == k
        ends = source[mine] - start[k], target[mine] - start[k + 1]
        found.append(BipartiteLayer(n_in, n_out, *ends, weight[mine]))
    return found


def over_layers(graph: "Graph", value: Callable[[BipartiteLayer], float]) -> float:
    """Average a quantity over the layers of a graph that have one; NaN if none has."""
    values = [value(layer) for layer in split(graph)]
    defined = [one for one in values if not np.isnan(one)]
    return float(np.mean(defined)) if defined else NAN
