"""Files of graphs: ours, and those of other programs, each read as one graph.

What vertices say of their sides is what `netrobust.convert.bipartite_graphs` reads.
Where a format knows no such thing, its columns are the sides.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
from igraph import Graph
from scipy.io import mmread, mmwrite

from netrobust.convert.bipartite_graphs import layered
from netrobust.convert.edge_lists import parse_edges, parse_netzschleuder, parse_pajek
from netrobust.convert.igraph_graphs import from_igraph
from netrobust.convert.matlab import Triplets, triplets
from netrobust.convert.networkx_graphs import parts
from netrobust.convert.scipy_matrices import from_triplets, to_scipy
from netrobust.core.atomic_files import instead_of_file, replacing
from netrobust.core.errors import InputError
from netrobust.core.isolated_parser import allowance, guarded
from netrobust.graphs import graph as own
from netrobust.graphs.contract import check
from netrobust.graphs.files import check_xml, read_graphml

_LISTS = (".edgelist", ".tsv", ".txt", ".csv")


def read(path: str | Path) -> Graph:
    r"""Read a graph that `write`, or another program, put into a file.

    Parameters
    ----------
    path : str or Path
        ``.graphml``, ``.npz`` (of `write`), ``.gml``, ``.gexf``, ``.net`` (Pajek, in
        two modes), ``.mtx`` (MatrixMarket, rows are sources), ``.edgelist``, ``.tsv``,
        ``.txt`` and ``.csv`` (a link per line, sources first, then targets, then a
        weight if there is one), ``edges.csv`` beside ``nodes.csv`` or a ``.csv.zip``
        (Netzschleuder).

    Returns
    -------
    igraph.Graph
        Of what `write` wrote, bitwise the weights and biases. Of others, a layer, or a
        stack where vertices have ``depth``; undirected edges run from sources to
        targets, and names and attributes are kept.

    Raises
    ------
    InputError
        If the file is missing, damaged, of another format, holds more than one graph or
        a link of more than two ends, or does not say which vertices are sources.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.csv").write_text("woman,event\nAnn,ball\nBob,ball\n")
    ...     read(folder + "/a.csv").vs["name"]
    ['Ann', 'Bob', 'ball']
    """
    path = Path(path)
    name = path.name.lower()
    if name.endswith(".npz"):
        return own.read(path)
    readers: dict[str, Callable[[], Graph]] = {
        ".graphml": lambda: _graphml(path),
        ".gml": lambda: layered(*_child(parse_gml, path, "GML")),
        ".gexf": lambda: layered(*_child(parse_gexf, path, "GEXF")),
        ".net": lambda: layered(*parse_pajek(path)),
        ".mtx": lambda: from_triplets(_child(parse_mtx, path, "Matrix"), "the matrix"),
        ".csv.zip": lambda: layered(*parse_netzschleuder(path)),
        **dict.fromkeys(_LISTS, lambda: layered(*parse_edges(path))),
    }
    if name == "edges.csv" and path.with_name("nodes.csv").is_file():
        readers[".csv"] = lambda: layered(*parse_netzschleuder(path))
    fits = [suffix for suffix in readers if name.endswith(suffix)]
    if not fits:
        raise InputError(
            f"a graph file must end in .npz, {', '.join(readers)}; got {path.name!r}"
        )
    if not path.is_file():
        raise InputError(
            f"no graph can be read from {path}: it is {instead_of_file(path)}"
        )
    try:
        return readers[max(fits, key=len)]()
    except (InputError, OSError, UnicodeDecodeError) as error:
        raise InputError(f"no graph can be read from {path}: {error}") from error


def write(graph: Graph, path: str | Path) -> None:
    """Write a graph to a file, whole or not at all.

    Parameters
    ----------
    graph : igraph.Graph
    path : str or Path
        Its folder is made if need be, and its suffix chooses the format. ``.graphml``
        keeps attributes beyond the contract; ``.npz`` is the better choice above a
        million links, and keeps none. ``.csv`` is a list of the links, ``source,
        target, weight``, by the numbers of the neurons, and ``.mtx`` a sparse matrix
        (inputs, outputs) of a single layer, in the MatrixMarket format; neither has
        depths, biases or names. `write_gephi` writes for the eye.

    Raises
    ------
    InputError
        If the graph breaks the contract, the suffix is another one, an attribute cannot
        be kept in GraphML, or the place cannot be written to.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([1, 1], source=[0], target=[1], weight=[0.1])
    >>> with TemporaryDirectory() as folder:
    ...     write(graph, folder + "/layer.mtx")
    ...     read(folder + "/layer.mtx").es["weight"] == graph.es["weight"]
    True
    """
    path = Path(path)
    if path.suffix.lower() != ".mtx":
        own.write(graph, path)
        return
    matrix = to_scipy(graph)
    with replacing(path) as part, part.open("wb") as file:
        mmwrite(file, matrix, precision=9, symmetry="general")


def parse_gml(path: Path) -> tuple[Any, ...]:
    """Read GML with networkx: what the child process does."""
    try:
        try:
            return parts(nx.read_gml(path))
        except nx.NetworkXError:
            return parts(nx.read_gml(path, label="id"))
    except (nx.NetworkXError, ValueError, KeyError) as error:
        raise InputError(f"it is no GML ({' '.join(str(error).split())})") from None


def parse_gexf(path: Path) -> tuple[Any, ...]:
    """Read GEXF with networkx: what the child process does."""
    check_xml(path)
    try:
        graph = nx.read_gexf(path)
    except (nx.NetworkXError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"it is no GEXF ({' '.join(str(error).split())})") from None
    labels = [data.pop("label", node) for node, data in graph.nodes(data=True)]
    for *_, data in graph.edges(data=True):
        data.pop("id", None)
    for _, data in graph.nodes(data=True):
        data.pop("viz", None)
    names, *rest = parts(graph)
    counted = list(names) == [str(k) for k in range(len(names))]
    if len({*labels}) == len(labels) and not counted:
        names = labels
    return (list(range(len(names))) if counted and labels == names else names, *rest)


def parse_mtx(path: Path) -> Triplets:
    """Read a MatrixMarket file with scipy: what the child process does."""
    try:
        matrix = mmread(path)
    except (ValueError, OverflowError) as error:
        raise InputError(f"it is no MatrixMarket file ({error})") from None
    return triplets("the matrix", matrix)


def _graphml(path: Path) -> Graph:
    graph = read_graphml(path)
    if graph.is_directed() and {"depth", "bias"} <= {*graph.vs.attributes()}:
        sides = "type" in graph.vs.attributes() or max(graph.vs["depth"], default=0) > 1
        if sides and "weight" in graph.es.attributes():
            return check(graph)
    return from_igraph(graph)


def _child(parse: Callable[..., Any], path: Path, kind: str) -> Any:
    found = guarded(parse, path, what=f"the {kind} file {path.name}", **allowance(path))
    if isinstance(found, tuple | list) and len(found) == 5:
        names, attributes, ends, of_links, directed = found
        return names, attributes, np.asarray(ends), of_links, directed
    return found
