"""Pandas: an edge list as a layer, and a graph as tables of its nodes and its links."""

from typing import Any

import numpy as np
import pandas as pd
from igraph import Graph

from netrobust.convert.bipartite_graphs import numbers
from netrobust.convert.networkx_graphs import vertex_names
from netrobust.core.errors import InputError
from netrobust.graphs.graph import biases, check, first_depth, from_links, links, sizes
from netrobust.graphs.labels import own_attributes


def from_pandas(
    edges: pd.DataFrame,
    source: str = "source",
    target: str = "target",
    weight: str | None = None,
) -> Graph:
    """Make a layer of a table that has one row per link.

    Parameters
    ----------
    edges : DataFrame
        What stands in the column `source` is a source, what stands in `target` a
        target, even if it is called alike.
    source, target : str
        Columns with the names of the neurons.
    weight : str, optional
        Column of the weights; ``weight`` if there is one, and 1 everywhere else.

    Returns
    -------
    igraph.Graph
        Sources and targets in the order in which they come, with ``name``, links in the
        order of the rows, and all other columns as edge attributes.

    Raises
    ------
    InputError
        A column is missing, has gaps, or two rows join the same neurons.

    Examples
    --------
    >>> edges = pd.DataFrame({"woman": ["Ann", "Bob", "Ann"], "event": [1, 1, 2]})
    >>> graph = from_pandas(edges, "woman", "event")
    >>> graph.vs["name"], graph.get_edgelist()
    (['Ann', 'Bob', '1', '2'], [(0, 2), (1, 2), (0, 3)])
    """
    if not isinstance(edges, pd.DataFrame):
        raise InputError(f"edges must be a DataFrame; got {type(edges).__name__}")
    asked = [source, target, *([weight] if weight else [])]
    for name in asked:
        if name not in edges:
            raise InputError(
                f"the edges have no column {name!r}; choose from: "
                f"{', '.join(map(str, edges.columns))}"
            )
        if edges[name].isna().any():
            raise InputError(f"the column {name} of the edges has gaps; drop such rows")
    if edges.duplicated([source, target]).any():
        row = edges[edges.duplicated([source, target])].iloc[0]
        raise InputError(
            f"no two rows may join the same neurons; {row[source]} and {row[target]} "
            "are joined twice: add up their weights with groupby first"
        )
    weight = weight or ("weight" if "weight" in edges else None)
    one, of_source = pd.factorize(edges[source])
    other, of_target = pd.factorize(edges[target])
    values = [] if weight is None else edges[weight].tolist()
    ends = len(of_source), len(of_target)
    made = from_links(
        ends, one, other + len(of_source), numbers("weight", values, len(edges), 1.0)
    )
    made.vs["name"] = [str(name) for side in (of_source, of_target) for name in side]
    for column in edges.columns:
        if column not in (source, target, weight):
            made.es[str(column)] = edges[column].tolist()
    return made


def to_pandas(graph: Graph) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give a layer, or a stack, as a table of its nodes and one of its links.

    Parameters
    ----------
    graph : igraph.Graph

    Returns
    -------
    nodes : DataFrame
        One row per neuron: ``name``, a number from 0 on if it has none, ``depth``,
        ``bias``, ``in_degree``, ``out_degree``, and all its attributes.
    edges : DataFrame
        One row per link: ``source`` and ``target``, by name, ``layer`` (the name of it
        or its number), ``weight``, and all its attributes.

    Raises
    ------
    InputError
        The graph breaks the graph contract.

    Examples
    --------
    >>> nodes, edges = to_pandas(from_links([2, 1], [0, 1], [2, 2], [0.5, -1]))
    >>> nodes[["name", "depth", "in_degree"]].values.tolist()
    [[0, 0, 0], [1, 0, 0], [2, 1, 2]]
    >>> edges.values.tolist()
    [[0, 2, '1', 0.5], [1, 2, '1', -1.0]]
    """
    counts, start = sizes(check(graph)), first_depth(graph)
    names = np.array(vertex_names(graph), dtype=object)
    depth = np.repeat(np.arange(len(counts)) + start, counts)
    own: dict[str, Any] = {name: graph.vs[name] for name in own_attributes(graph)}
    nodes = pd.DataFrame(
        {
            "name": names.tolist(),
            "depth": depth,
            "bias": biases(graph),
            "in_degree": graph.indegree(),
            "out_degree": graph.outdegree(),
            **{name: values for name, values in own.items() if name != "name"},
        }
    )
    source, target, weight = links(graph)
    layer = depth[target].astype(str).astype(object)
    if "layer" in own:
        layer = np.array(own["layer"], dtype=object)[target]
    elif "name" in graph.attributes() and len(counts) == 2:
        layer[:] = graph["name"]
    edges = pd.DataFrame(
        {
            "source": names[source].tolist(),
            "target": names[target].tolist(),
            "layer": layer.tolist(),
            "weight": weight,
            **{name: graph.es[name] for name in graph.es.attributes()
               if name != "weight"},
        }
    )  # fmt: skip
    return nodes, edges
