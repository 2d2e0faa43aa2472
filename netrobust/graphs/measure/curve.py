"""Measures along a damage curve: in one pass where that is exact and possible."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from netrobust.graphs.damage import Damage, Links
from netrobust.graphs.measure.base import MEASURES, NAN, value_of
from netrobust.graphs.percolation import ALONG, along, nested

if TYPE_CHECKING:
    from igraph import Graph


def measured(
    links: Links,
    damages: Sequence[Damage],
    measures: Sequence[Any],
    left: Callable[[Damage], Sequence["Graph"]],
) -> dict[str, list[float]]:
    """Measure what is left of a graph at every damage.

    The damage of a removal is nested, and one union-find pass gives what `ALONG` names.
    A user's own need not be; then, and for all other measures, each damaged graph is
    built in igraph.

    Parameters
    ----------
    links : Links
        Of the graph before damage.
    damages : sequence of Damage
    measures : sequence of callable
        Members of `MEASURES`, or a user's own.
    left : callable
        Builds what a damage leaves: one graph, or a graph for each layer where the
        layers of a network do not chain. Of several, a measure is the mean over those
        that have a value, and `links` their sum.

    Returns
    -------
    dict of str to list of float
        The values of each measure, one per damage.

    Raises
    ------
    InputError
        A measure gives no number.

    Examples
    --------
    >>> from netrobust.graphs.contract import from_links
    >>> from netrobust.graphs.damage import apply
    >>> graph = from_links((2, 1), [0, 1], [2, 2], [1.0, 1.0])
    >>> def build(damage):
    ...     return [apply(graph, damage)]
    >>> curve = [Damage([0, 1]), Damage([0])]
    >>> measured(Links.of(graph), curve, [MEASURES["links"]], build)
    {'links': [2.0, 1.0]}
    """
    known = [name for name in ALONG if MEASURES[name] in measures]
    fast = along(links, damages, known) if known and nested(damages) else {}
    values: dict[str, list[float]] = {
        measure.__name__: fast[measure.__name__].tolist()
        if measure.__name__ in fast
        else []
        for measure in measures
    }
    rest = [measure for measure in measures if measure.__name__ not in fast]
    for damage in damages if rest else ():
        graphs = left(damage)
        for measure in rest:
            values[measure.__name__].append(_joined(measure, graphs))
    return values


def _joined(measure: Any, graphs: Sequence["Graph"]) -> float:
    values = [value_of(measure, graph) for graph in graphs]
    if measure.__name__ == "links":
        return sum(values)
    defined = [value for value in values if not np.isnan(value)]
    return float(np.mean(defined)) if defined else NAN
