"""Graphs to tables: measures and degrees, layer by layer."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from igraph import Graph
from torch.nn import Module

from netrobust.convert.network import to_graph
from netrobust.core.errors import InputError
from netrobust.core.random_streams import stream
from netrobust.graphs.graph import first_depth, layers, sizes
from netrobust.graphs.measure import (
    MEASURES,
    absolute_strengths,
    degrees,
    signed_measures,
)
from netrobust.graphs.measure.base import value_of
from netrobust.graphs.measure.tail import tail
from netrobust.graphs.theory import erdos_renyi_degrees
from netrobust.neural.network import Network

log = logging.getLogger("netrobust")

#: Networks with more links than this are trained and scored, not taken apart.
MOST_LINKS = 1_000_000

Measured: TypeAlias = Network | Graph


def measure(
    subject: Measured | Sequence[Measured],
    measures: str | Sequence[str | Callable[[Graph], float]] | None = None,
) -> pd.DataFrame:
    """Measure every layer of networks or graphs, and the whole stack.

    Parameters
    ----------
    subject : Network, igraph.Graph, or a sequence of them
    measures : sequence of str or callable, optional
        Names in `MEASURES` or your own ``graph -> float``; if not given, all those
        that are defined for weights of either sign, see `signed_measures`.

    Returns
    -------
    DataFrame
        One row per layer, and one for the stack as ``layer`` "all" where there are
        several; network labels left, measures right. NaN where undefined.

    Raises
    ------
    InputError
        A measure is unknown or refuses the weights, or a graph breaks the contract.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([2, 2, 1], [0, 1, 2], [2, 2, 4], [1, -1, 2])
    >>> measure(graph, ["links", "reach"]).round(2)
      layer  links  reach
    0     1    2.0   0.50
    1     2    1.0   1.00
    2   all    3.0   0.67
    """
    functions = MEASURES.members(signed_measures() if measures is None else measures)
    chosen = {function.__name__: function for function in functions}
    rows = []
    for labels, graph in _graphs(subject):
        parts = layers(graph)
        named = [(_called(layer), layer) for layer in parts]
        if len(parts) > 1:
            named.append(("all", graph))
        for layer, part in named:
            values = {name: value_of(value, part) for name, value in chosen.items()}
            rows.append({**labels, "layer": layer, **values})
    return pd.DataFrame(rows)


def degree_table(subject: Measured | Sequence[Measured]) -> pd.DataFrame:
    """Count the degrees of every layer beside their exact Erdos-Renyi expectation.

    Parameters
    ----------
    subject : Network, igraph.Graph, or a sequence of them

    Returns
    -------
    DataFrame
        One row per layer, ``side`` ("in" or "out") and ``degree``: ``count``, the
        neurons of that degree, and ``expected``, their mean number in a random layer
        with as many links.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> table = degree_table(from_links([2, 2], [0, 1], [2, 2], [1, 1]))
    >>> table[table.side == "in"]["count"].tolist()
    [1, 0, 1]
    """
    tables = []
    for labels, graph in _graphs(subject):
        for layer in layers(graph):
            n_in, n_out = sizes(layer)
            sides = {"out": (n_in, n_out), "in": (n_out, n_in)}
            for (side, (own, other)), degree in zip(
                sides.items(), degrees(layer), strict=True
            ):
                expected = own * erdos_renyi_degrees(own, other, layer.ecount())
                count = np.bincount(degree, minlength=other + 1)
                table = pd.DataFrame(
                    {
                        **labels,
                        "layer": _called(layer),
                        "side": side,
                        "degree": np.arange(other + 1),
                        "count": count,
                        "expected": expected,
                    }
                )
                # Beyond these degrees nothing is seen and nothing is expected.
                seen = (table["count"] > 0) | (table["expected"] > 1e-6)
                tables.append(table[: int(np.flatnonzero(seen)[-1]) + 1])
    return pd.concat(tables, ignore_index=True)


def tail_table(
    subject: Measured | Sequence[Measured],
    *,
    samples: int = 50,
    least: int = 50,
    seed: int = 0,
) -> pd.DataFrame:
    """Fit the tails of degrees and strengths, layer by layer; see `tail`.

    Parameters
    ----------
    subject : Network, igraph.Graph, or a sequence of them
    samples : int
        Drawn for each p-value.
    least : int
        Tails of fewer neurons are not judged.
    seed : int

    Returns
    -------
    DataFrame
        One row per layer, ``side`` ("in" or "out") and ``kind``: "degree", or
        "strength", of absolute weights. Right of them are the fields of `Tail`, NaN
        where undefined; ``size`` counts the neurons in the tail.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> table = tail_table(from_links([2, 2], [0, 1], [2, 2], [1, -1]))
    >>> table[["layer", "side", "kind", "size"]].values.tolist()
    [['1', 'out', 'degree', 0], ['1', 'in', 'degree', 0],
     ['1', 'out', 'strength', 0], ['1', 'in', 'strength', 0]]
    """
    rows = []
    for labels, graph in _graphs(subject):
        for layer in layers(graph):
            number = _called(layer)
            kinds = {"degree": degrees(layer), "strength": absolute_strengths(layer)}
            for kind, sides in kinds.items():
                for side, values in zip(("out", "in"), sides, strict=True):
                    keys = {"layer": number, "side": side, "kind": kind}
                    name = str(labels.get("network", ""))
                    rng = stream(seed, "tail", name, *keys.values())
                    found = tail(values, rng, samples=samples, least=least)
                    rows.append({**labels, **keys, **found._asdict()})
    return pd.DataFrame(rows)


def damageable(networks: Sequence[Network]) -> list[Network]:
    """Leave out, and say so, networks too large to export and damage link by link."""
    small = [network for network in networks if network.links <= MOST_LINKS]
    for network in networks:
        if network.links > MOST_LINKS:
            log.info(
                "%s is left intact: it has %d links, more than %d",
                network.name,
                network.links,
                MOST_LINKS,
            )
    return small


def _called(layer: Graph) -> str:
    """Give the name of a layer, or else its number."""
    named = "name" in layer.attributes() and layer["name"]
    return str(layer["name"] if named else first_depth(layer) + 1)


def _graphs(
    subject: Measured | Sequence[Measured],
) -> Iterator[tuple[dict[str, Any], Graph]]:
    alone = isinstance(subject, Network | Graph | Module)
    several = (
        list(subject) if isinstance(subject, Iterable) and not alone else [subject]
    )
    if not several:
        raise InputError("no network and no graph came; give at least one")
    for one in several:
        if isinstance(one, Module):
            raise InputError(
                "a torch module has the graphs that to_layers gives; measure those, or "
                "their stack"
            )
        if isinstance(one, Network):
            yield one.labels, to_graph(one.model)
        else:
            yield {}, one
