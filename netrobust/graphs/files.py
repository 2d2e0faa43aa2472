"""Graph files: GraphML for people and other programs, ``.npz`` for size and speed.

Both hold all that the graph contract speaks of, bit for bit. What others lose, or
change on the way through igraph:

========== ======================= ==================================================
suffix     ours                    what is lost
========== ======================= ==================================================
.graphml   `write` and `read`      nothing; a reader other than ours finds depths as
                                   floats, and igraph adds an ``id``
.npz       `write` and `read`      attributes beyond the contract, such as labels
.csv       `write` alone           depths, biases, and neurons without links
.gml       by igraph               depths and ``type`` become floats, with an ``id``
.net       by igraph (Pajek)       depths and biases
.ncol      by igraph               those, neurons without links, and their order
.edgelist  by igraph               those but the order, and all weights
========== ======================= ==================================================

GraphML is text: its numbers hold 15 digits, which name every float32. A document type
declaration is refused before the graph is parsed, because it can define entities that
swell or fetch other files, and the parser, which is not ours, works in a child process
with limits. The ``.npz`` file holds plain arrays and never runs code on loading; an
array must be as large as its header says before memory is given to it.

Readers answer anything that is not a whole graph file with `Unreadable`.
"""

import locale
import math
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.parsers import expat
from zipfile import ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from netrobust.core.errors import InputError
from netrobust.core.isolated_parser import allowance, guarded
from netrobust.graphs.contract import float32
from netrobust.graphs.data_attributes import DATA_ATTRIBUTES

# igraph loads inside the functions that need it: the families of `netrobust list`
# import this module by way of `graph`.
if TYPE_CHECKING:
    from igraph import Graph

ARRAYS = ("sizes", "first_depth", "source", "target", "weight", "bias")

#: A character that XML, which has no other control characters, does not hold.
_LOST = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_FLOAT32, _TRUTH = ("weight", "bias"), {bool, np.bool_}

#: Bytes that the arrays of a file may take in memory: 400 million links.
MOST_BYTES = 2**33


class Unreadable(InputError):
    """A file is not a whole graph file; the text is the reason."""


class Parsed(NamedTuple):
    """A graph as plain values, which travel out of a child process."""

    neurons: int
    directed: bool
    ends: NDArray[np.int64]
    of_graph: dict[str, Any]
    of_neurons: dict[str, Any]
    of_links: dict[str, Any]


def write_graphml(graph: "Graph", path: Path) -> None:
    """Write a graph, attributes beyond the contract included.

    Warns
    -----
    UserWarning
        Numbers of such an attribute have more digits than the file.
    """
    plain, rounded = graph.copy(), []
    held = {
        **{("vertex", name): plain.vs[name] for name in plain.vs.attributes()},
        **{("edge", name): plain.es[name] for name in plain.es.attributes()},
        **{("graph", name): [plain[name]] for name in plain.attributes()},
    }
    for (what, name), values in held.items():
        known = name in _FLOAT32 or name in DATA_ATTRIBUTES
        if (
            not _check_kept(f"the {what} attribute {name!r}", name, values)
            and not known
        ):
            rounded.append(name)
    if rounded:
        warnings.warn(
            f"GraphML holds numbers to 15 digits, to which those of "
            f"{', '.join(rounded)} are rounded; round them, or turn them into texts",
            UserWarning,
            stacklevel=5,
        )
    if "id" in plain.vs.attributes():
        raise InputError(
            "GraphML has a vertex attribute id of its own; rename yours before writing"
        )
    # Plain numbers only: igraph writes numpy's as text.
    plain.vs["depth"] = np.array(graph.vs["depth"]).tolist()
    for sequence, name in ((plain.vs, "bias"), (plain.es, "weight")):
        sequence[name] = np.array(sequence[name], dtype=float).tolist()
    with _decimal_points():
        plain.write_graphml(str(path))


@contextmanager
def _decimal_points() -> Iterator[None]:
    """Let igraph write 0.5 where the locale of the process has 0,5."""
    before = locale.setlocale(locale.LC_NUMERIC)
    locale.setlocale(locale.LC_NUMERIC, "C")
    try:
        yield
    finally:
        locale.setlocale(locale.LC_NUMERIC, before)


def _check_kept(what: str, name: str, values: list[Any]) -> bool:
    """Refuse what GraphML, as igraph writes and reads it, does not keep.

    It says whether numbers keep all their digits, too.
    """
    kinds = {type(one) for one in values}
    texts, numbers = kinds <= {str, np.str_}, all(map(_number, values))
    read = [_read_back(one) for one in values] if numbers and not texts else []
    fits = not any(_LOST.search(one) for one in values) if texts else None not in read
    if _LOST.search(name) or not fits or not (texts or numbers or kinds <= _TRUTH):
        raise InputError(
            f"{what} cannot be kept in GraphML, which holds truth values, texts "
            "without control characters, or numbers up to 10**15, one at every place; "
            "leave it out, or turn it into texts"
        )
    return all(
        one == other or one != one for one, other in zip(values, read, strict=False)
    )


def _number(value: Any) -> bool:
    real = isinstance(value, int | float | np.integer | np.floating)
    return real and not isinstance(value, bool)


def _read_back(value: Any) -> float | None:
    """Give a number as a file holds it; None if it holds none such."""
    if isinstance(value, int | np.integer):
        return float(value) if abs(int(value)) <= 10**15 else None
    read = float(f"{value:.15g}")
    tiny = 0 < abs(read) < np.finfo(np.float64).tiny
    return None if tiny or math.isinf(read) != math.isinf(value) else read


def read_graphml(path: Path) -> "Graph":
    """Read a graph and restore integer depths, boolean sides and float32 values."""
    what = f"the GraphML file {path.name}"
    return rebuilt(guarded(parse_graphml, path, what=what, **allowance(path)))


def parse_graphml(path: Path) -> Parsed:
    """Read a graph with igraph: what the child process does."""
    from igraph import Graph, InternalError

    check_xml(path)
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
    ends = np.fromiter(chain.from_iterable(graph.get_edgelist()), np.int64)
    return Parsed(
        graph.vcount(),
        graph.is_directed(),
        ends.reshape(-1, 2),
        {name: graph[name] for name in graph.attributes()},
        {name: _packed(graph.vs[name]) for name in graph.vs.attributes()},
        {name: _packed(graph.es[name]) for name in graph.es.attributes()},
    )


def rebuilt(parsed: Sequence[Any]) -> "Graph":
    """Build the graph that was parsed, with the types of the contract."""
    from igraph import Graph

    neurons, is_directed, ends, of_graph, of_neurons, of_links = parsed
    graph = Graph(neurons, ends.tolist(), directed=is_directed)
    for name, value in of_graph.items():
        graph[name] = value
    for sequence, attributes in ((graph.vs, of_neurons), (graph.es, of_links)):
        for name, values in attributes.items():
            sequence[name] = values if isinstance(values, list) else values.tolist()
    if "id" in graph.vs.attributes():
        names = graph.vs["id"]
        if "name" not in graph.vs.attributes() and not _counted(names):
            graph.vs["name"] = names
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


def _counted(names: Sequence[Any]) -> bool:
    """Tell ids that only count, as igraph and networkx write them, from names."""
    plain = [str(name).removeprefix("n") for name in names]
    return plain == list(map(str, range(len(names))))


def _packed(values: list[Any]) -> Any:
    """Give numbers as an array, which travels fastest, and anything else as it is."""
    kinds = set(map(type, values))
    return np.array(values) if kinds in ({float}, {bool}) else values


def check_xml(path: Path) -> None:
    """Walk the whole document, entities never expanded; refuse what would be lost."""

    def refuse(*_: object) -> None:
        raise Unreadable("it holds a DOCTYPE, which graph files must not")

    found = {"graph": 0, "hyperedge": 0}
    nodes, ends, twice = set[str](), set[str](), set[str]()

    def count(name: str, given: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "node":
            one = given.get("id", "")
            (twice if one in nodes else nodes).add(one)
        elif local == "edge":
            ends.update((given.get("source", ""), given.get("target", "")))
        elif local in found:
            found[local] += 1

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = count
    try:
        with path.open("rb") as file:
            parser.ParseFile(file)
    except Unreadable:
        raise
    except (expat.ExpatError, ValueError, LookupError) as error:  # or its encoding
        raise Unreadable(f"it is not well-formed XML, {error}") from error
    if found["graph"] > 1:
        raise Unreadable(
            f"it holds {found['graph']} graphs, of which one would be read; give each "
            "a file of its own"
        )
    if found["hyperedge"]:
        raise Unreadable("it holds hyperedges, which join more than two neurons")
    if twice:
        raise Unreadable(f"it holds the node {min(twice)[:40]!r} more than once")
    if unknown := ends - nodes:
        raise Unreadable(
            f"an edge of it ends at the node {min(unknown)[:40]!r}, which it does "
            "not hold"
        )


def write_npz(arrays: Mapping[str, Any], path: Path) -> None:
    """Write the contract's arrays; the same arrays give the same bytes."""
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def read_npz(path: Path) -> dict[str, NDArray[Any]]:
    """Read exactly the contract's arrays."""
    arrays = npz_arrays(path, ARRAYS)
    sizes, bias = arrays["sizes"], arrays["bias"]
    # The one number that memory follows and no array of the file has the size of.
    if (
        sizes.ndim == 1
        and sizes.dtype.kind in "iu"
        and sum(sizes.tolist()) != bias.size
    ):
        raise Unreadable(
            f"its sizes make {sum(sizes.tolist())} neurons and its bias has "
            f"{bias.size} values"
        )
    return arrays


def npz_arrays(path: Path, names: Sequence[str] = ()) -> dict[str, NDArray[Any]]:
    """Read the arrays of an ``.npz`` file, by name in the order of the file.

    Parameters
    ----------
    path : Path
    names : sequence of str
        The file must hold exactly these arrays; any if not given.

    Raises
    ------
    Unreadable
        The file holds something else, or an array is not as large as it says.
    """
    try:
        with path.open("rb") as file:
            if file.read(len(npy.MAGIC_PREFIX)) == npy.MAGIC_PREFIX:
                raise Unreadable("it holds a single array")
            with ZipFile(file) as archive:
                _check_members(archive, names)
            file.seek(0)
            stored = np.load(file, allow_pickle=False)
            return {name: stored[name] for name in stored.files}
    except (Unreadable, OSError):
        raise
    except Exception as error:  # zip, zlib and numpy each refuse in their own ways
        reason = " ".join(str(error).split())[:300]
        raise Unreadable(f"it is damaged or no .npz file ({reason})") from error


def _check_members(archive: ZipFile, names: Sequence[str]) -> None:
    """Refuse members that are not the arrays they should be, before they are read."""
    members = archive.infolist()
    found = [member.filename.removesuffix(".npy") for member in members]
    if names and sorted(found) != sorted(names):
        raise Unreadable(
            f"it must hold the arrays {', '.join(names)}; "
            f"it holds {', '.join(found) or 'none'}"
        )
    if (size := sum(member.file_size for member in members)) > MOST_BYTES:
        raise Unreadable(
            f"its arrays take {size} bytes, more than the {MOST_BYTES} that are read"
        )
    for name, member in zip(found, members, strict=True):
        if name == member.filename or found.count(name) > 1:
            raise Unreadable(f"{member.filename} in it is no array of its own name")
        _check_size(archive, member)


def _check_size(archive: ZipFile, member: ZipInfo) -> None:
    """Refuse an array whose header promises other bytes than follow."""
    with archive.open(member) as file:
        version = npy.read_magic(file)
        if version == (1, 0):
            shape, _, dtype = npy.read_array_header_1_0(file)
        else:
            shape, _, dtype = npy.read_array_header_2_0(file)
        promised = math.prod(shape) * dtype.itemsize + file.tell()
    if not dtype.hasobject and (
        promised != member.file_size or min(shape, default=0) < 0
    ):
        raise Unreadable(
            f"{member.filename} in it should hold {promised} bytes and holds "
            f"{member.file_size}"
        )


def write_csv(graph: "Graph", path: Path) -> None:
    """Write the links as lines ``source,target,weight``, neurons counted from 0."""
    weight = np.array(graph.es["weight"], dtype=np.float32)
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.write("source,target,weight\n")
        # The shortest text that gives the same float32 back.
        for (source, target), value in zip(
            graph.get_edgelist(), weight.astype(str), strict=True
        ):
            file.write(f"{source},{target},{value}\n")
