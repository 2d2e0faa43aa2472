"""Graphs of sparse networks: the contract's functions, layers and stacks, files.

A network leaves torch as one weighted bipartite graph per sparse layer, or as one graph
of the whole stack. Both are plain `igraph.Graph` objects that keep the contract of
`netrobust.graphs.contract`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from netrobust.core import digests
from netrobust.core.atomic_files import instead_of_file, replacing
from netrobust.core.errors import InputError
from netrobust.graphs import files
from netrobust.graphs.contract import (
    biases,
    check,
    first_depth,
    from_links,
    links,
    sizes,
)
from netrobust.graphs.damage import Links
from netrobust.graphs.labels import cut, joined

if TYPE_CHECKING:
    from igraph import Graph

_EDITED = "; write it again, or remove its last line if you meant to change it"

__all__ = [
    "biases",
    "check",
    "first_depth",
    "from_links",
    "layers",
    "links",
    "read",
    "sizes",
    "stack",
    "write",
]


def layers(graph: "Graph") -> list["Graph"]:
    """Split a stack into one weighted bipartite graph for each pair of depths.

    Each layer keeps the depths, biases and labels of both its sides, the name that the
    stack has of it, and the order of its links; `stack` is the inverse for a graph
    whose links come layer by layer.

    Parameters
    ----------
    graph : igraph.Graph
        A stack, or a single layer, of which a copy returns.

    Returns
    -------
    list of igraph.Graph
        The layers in the order of depth.

    Raises
    ------
    InputError
        If the graph breaks the graph contract.

    Examples
    --------
    >>> both = from_links([1, 1, 1], source=[0, 1], target=[1, 2], weight=[2, 3])
    >>> [layer.vs["depth"] for layer in layers(both)]
    [[0, 1], [1, 2]]
    """
    return cut([layer.graph() for layer in Links.of(graph).layers()], graph)


def stack(layers: Sequence["Graph"]) -> "Graph":
    """Join layers into one graph, the first layer's links first.

    Raises
    ------
    InputError
        If a layer breaks the contract or does not continue the one before it: the
        shared neurons must agree in number, depth and bias.

    Examples
    --------
    >>> first = from_links([2, 1], source=[0], target=[2], weight=[1])
    >>> second = from_links([1, 2], [0], [1], [1], first_depth=1)
    >>> sizes(stack([first, second]))
    (2, 1, 2)
    """
    joint = Links.stack([Links.of(layer) for layer in layers])
    return joined(joint.graph(), layers)


def write(graph: "Graph", path: str | Path) -> None:
    """Write a graph to a ``.graphml``, ``.npz`` or ``.csv`` file, whole or not at all.

    Parameters
    ----------
    graph : igraph.Graph
    path : str or Path
        Its folder is made if need be, and its suffix chooses the format. GraphML, which
        Gephi opens, keeps attributes beyond the contract, and ends with a comment that
        holds its digest; ``.npz`` is the better choice above a million links. ``.csv``
        is a list of the links, ``source, target, weight``, which cannot be read back:
        it has no depths, biases or neurons without links.

    Raises
    ------
    InputError
        If the graph breaks the contract, the suffix is another one, or the place
        cannot be written to.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> graph = from_links([1, 1], source=[0], target=[1], weight=[0.1])
    >>> with TemporaryDirectory() as folder:
    ...     write(graph, folder + "/layer.graphml")
    ...     links(read(folder + "/layer.graphml"))[2]
    array([0.1], dtype=float32)
    """
    check(graph)
    path, suffix = _known(path, (".graphml", ".npz", ".csv"))
    with replacing(path) as part:
        if suffix == ".graphml":
            files.write_graphml(graph, part)
            with part.open("a", encoding="ascii", newline="\n") as file:
                file.write(f"<!-- {digests.blank()} -->\n")
            digests.fill(part)
        elif suffix == ".csv":
            files.write_csv(graph, part)
        else:
            parts = sizes(graph), first_depth(graph), *links(graph), biases(graph)
            files.write_npz(dict(zip(files.ARRAYS, parts, strict=True)), part)


def read(path: str | Path) -> "Graph":
    """Read a graph that `write`, or another program, put into a file.

    Parameters
    ----------
    path : str or Path
        A ``.graphml`` or ``.npz`` file.

    Returns
    -------
    igraph.Graph
        With bitwise the weights and biases that were written.

    Raises
    ------
    InputError
        If the file is missing, damaged, of another format, or breaks the contract.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write(from_links([1, 1], [0], [1], [0.1]), folder + "/layer.npz")
    ...     sizes(read(folder + "/layer.npz"))
    (1, 1)
    """
    path, suffix = _known(path, (".graphml", ".npz"))
    if not path.is_file():
        raise InputError(
            f"no graph can be read from {path}: it is {instead_of_file(path)}"
        )
    try:
        digests.check(path, _EDITED)
        if suffix == ".graphml":
            return check(files.read_graphml(path))
        return from_links(**files.read_npz(path))  # type: ignore[arg-type]
    except (InputError, OSError) as error:
        raise InputError(f"no graph can be read from {path}: {error}") from error


def _known(path: str | Path, suffixes: tuple[str, ...]) -> tuple[Path, str]:
    """Split off the suffix of a path, if it is one of those given."""
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in suffixes:
        known = f"{', '.join(suffixes[:-1])} or {suffixes[-1]}"
        raise InputError(f"a graph file must end in {known}; got {path.name!r}")
    return path, suffix
