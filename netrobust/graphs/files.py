"""Graph files: GraphML for people and other programs, ``.npz`` for size and speed.

GraphML is text: it returns depths as floats and adds an ``id``, and the reader
restores the contract's types. Its numbers hold 15 digits, which name every float32.
A document type declaration is refused before the graph is parsed, because it can
define entities that swell or fetch other files. The ``.npz`` file holds plain arrays
and never runs code on loading.

Readers answer anything that is not a whole graph file with `Unreadable`.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from netrobust.graphs.clauses import float32

# igraph loads inside `read_graphml`: the families of `netrobust list` import this
# module by way of `graph`.
if TYPE_CHECKING:
    from igraph import Graph

ARRAYS = ("sizes", "first_depth", "source", "target", "weight", "bias")


class Unreadable(Exception):
    """A file is not a whole graph file; the text is the reason."""


def write_graphml(graph: "Graph", path: Path) -> None:
    """Write a graph, attributes beyond the contract included."""
    plain = graph.copy()
    # Plain numbers only: igraph writes numpy's as text.
    plain.vs["depth"] = np.array(graph.vs["depth"]).tolist()
    for sequence, name in ((plain.vs, "bias"), (plain.es, "weight")):
        sequence[name] = np.array(sequence[name], dtype=float).tolist()
    plain.write_graphml(str(path))


def read_graphml(path: Path) -> "Graph":
    """Read a graph and restore integer depths, boolean sides and float32 values."""
    from igraph import Graph, InternalError

    _refuse_doctype(path)
    # igraph warns where it leaves something out; a graph with a part left out is
    # not the graph that was written.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            graph = Graph.Read_GraphML(str(path))
        except (InternalError, SystemError) as error:
            reason = " ".join(str(error).split())
            raise Unreadable(f"igraph finds no graph in it ({reason})") from error
    for warning in caught:
        # A file that igraph itself wrote again carries its ids twice; they go anyway.
        if "already an 'id' vertex attribute" not in str(warning.message):
            raise Unreadable(str(warning.message).replace("\n", " "))
    if "id" in graph.vs.attributes():
        del graph.vs["id"]
    if not graph.ecount():
        graph.es["weight"] = []  # typeless in the file when no link carries it
    for sequence, name in ((graph.vs, "bias"), (graph.es, "weight")):
        if name in sequence.attributes():
            sequence[name] = float32(name, sequence[name]).tolist()
    if "depth" in graph.vs.attributes():
        depth = graph.vs["depth"]
        if all(isinstance(d, float) and d.is_integer() for d in depth):
            graph.vs["depth"] = [int(d) for d in depth]
    return graph


def _refuse_doctype(path: Path) -> None:
    """Walk the whole document with entities never expanded, as the first door."""

    def refuse(*_: object) -> None:
        raise Unreadable("it holds a DOCTYPE, which graph files must not")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
    except (expat.ExpatError, ValueError, LookupError) as error:  # or its encoding
        raise Unreadable(f"it is not well-formed XML, {error}") from error


def write_npz(arrays: Mapping[str, Any], path: Path) -> None:
    """Write the contract's arrays; the same arrays give the same bytes."""
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Read exactly the contract's arrays."""
    try:
        with path.open("rb") as file:
            stored = np.load(file, allow_pickle=False)
            if not isinstance(stored, np.lib.npyio.NpzFile):
                raise Unreadable("it holds a single array")
            if set(stored.files) != set(ARRAYS):
                raise Unreadable(
                    f"it must hold the arrays {', '.join(ARRAYS)}; "
                    f"it holds {', '.join(stored.files) or 'none'}"
                )
            return {name: stored[name] for name in ARRAYS}
    except (Unreadable, OSError):
        raise
    except Exception as error:  # zip, zlib and numpy each refuse in their own ways
        raise Unreadable(f"it is damaged or no .npz file ({error})") from error
