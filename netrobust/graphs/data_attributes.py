"""Attributes that data write on a graph, for orders that ask for them."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from igraph import Graph


class DataAttribute(NamedTuple):
    """Where data write on a graph, and what they say."""

    of_links: bool
    place: str
    meaning: str


DATA_ATTRIBUTES = {
    "saliency": DataAttribute(True, 'graph.es["saliency"]', "|w dL/dw| of every link"),
    "activation": DataAttribute(
        False, 'graph.vs["activation"]', "the mean activation of every neuron"
    ),
}


def read_data_attributes(graph: "Graph") -> dict[str, NDArray[np.float64]]:
    """Read what data wrote on a graph; what is no row of finite numbers is left out.

    Returns
    -------
    dict of ndarray of float64, shape (links,) or (neurons,)

    Examples
    --------
    >>> from netrobust.graphs.contract import from_links
    >>> graph = from_links([1, 1], [0], [1], [0.5])
    >>> graph.es["saliency"], graph.vs["activation"] = [0.25], "relu"
    >>> read_data_attributes(graph)
    {'saliency': array([0.25])}
    """
    found = {}
    for name, attribute in DATA_ATTRIBUTES.items():
        sequence: Any = graph.es if attribute.of_links else graph.vs
        if name in sequence.attributes():
            try:
                values = np.asarray(sequence[name])
            except ValueError:  # ragged lists among them
                continue
            numbers = values.ndim == 1 and (
                values.dtype.kind in "iuf" or not len(values)
            )
            if numbers and np.isfinite(values).all():
                found[name] = values.astype(np.float64)
    return found
