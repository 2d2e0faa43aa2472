"""Files for Gephi: the graph with all that a drawing is made of."""

from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
from igraph import Graph

from netrobust.convert.networkx_graphs import to_networkx, vertex_names
from netrobust.core.atomic_files import replacing
from netrobust.core.errors import InputError
from netrobust.core.settings import whole
from netrobust.graphs.graph import links, sizes
from netrobust.graphs.labels import own_attributes


def write_gephi(
    graph: Graph, path: str | Path, image_shape: tuple[int, int] | None = None
) -> None:
    """Write a graph that opens in Gephi as it should be seen.

    Nodes have ``label`` (their name), ``side`` (sources, targets, or the depth in a
    stack), ``x`` and ``y`` (depths as columns; pixels as in their image), ``depth``,
    ``bias``, and ``row`` and ``column`` of pixels. Edges have their absolute weight as
    ``weight``, which Gephi needs to be positive, and beside it ``signed_weight``,
    ``sign`` and ``layer``.

    Parameters
    ----------
    graph : igraph.Graph
    path : str or Path
        Ends in ``.gexf`` or ``.graphml``.
    image_shape : tuple of int, optional
        Rows and columns of the images whose pixels are the neurons of depth 0.

    Raises
    ------
    InputError
        The graph breaks the contract, the suffix is another one, or the image has
        another number of pixels.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([4, 1], [0, 3], [4, 4], [0.5, -1])
    >>> with TemporaryDirectory() as folder:
    ...     write_gephi(graph, folder + "/a.gexf", image_shape=(2, 2))
    ...     nx.read_gexf(folder + "/a.gexf").nodes["3"]["row"]
    1
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".gexf", ".graphml"):
        raise InputError(
            f"a file for Gephi must end in .gexf or .graphml; got {path.name!r}"
        )
    made = _drawn(graph, image_shape)
    if suffix == ".gexf":
        for _, data in made.nodes(data=True):
            place = {"x": data["x"], "y": data["y"], "z": 0.0}
            data["viz"] = {"position": place}
    with replacing(path) as part:
        if suffix == ".gexf":
            nx.write_gexf(made, part)
        else:
            nx.write_graphml_xml(made, part)


def _drawn(graph: Graph, image_shape: tuple[int, int] | None) -> nx.DiGraph:
    """Give the graph with all attributes of a drawing, as plain texts and numbers."""
    plain = to_networkx(graph)
    counts, names = sizes(graph), [str(one) for one in vertex_names(graph)]
    made = nx.DiGraph(**{str(k): str(v) for k, v in plain.graph.items()})
    x, y = _places(counts, image_shape)
    depth = np.repeat(np.arange(len(counts)), counts)
    sides = ("sources", "targets")
    kept = {name: _plain(graph.vs[name]) for name in own_attributes(graph)}
    for k, node in enumerate(plain):
        data = plain.nodes[node]
        side = sides[depth[k]] if len(counts) == 2 else f"depth {data['depth']}"
        about: dict[str, Any] = {name: values[k] for name, values in kept.items()}
        about |= {
            "label": names[k],
            "side": side,
            "depth": int(data["depth"]),
            "bias": float(data["bias"]),
            "x": float(x[k]),
            "y": float(y[k]),
        }
        if image_shape is not None and depth[k] == 0:
            about |= {"row": k // image_shape[1], "column": k % image_shape[1]}
        made.add_node(str(node), **about)
    nodes = [str(node) for node in plain]
    layer = graph["name"] if "name" in graph.attributes() and len(counts) == 2 else ""
    named = graph.vs["layer"] if "layer" in graph.vs.attributes() else None
    for source, target, weight in zip(
        *(one.tolist() for one in links(graph)), strict=True
    ):
        own = named[target] if named else layer
        made.add_edge(
            nodes[source],
            nodes[target],
            weight=abs(weight),
            signed_weight=weight,
            sign="negative" if weight < 0 else "positive",
            layer=str(own or int(depth[target])),
        )
    return made


def _places(
    counts: tuple[int, ...], image_shape: tuple[int, int] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Put depths into columns, and pixels where they are in their image."""
    height = 10.0 * max(counts[1:])
    x = np.repeat(np.arange(len(counts)) * height / 2, counts)
    y = np.concatenate([height * (np.arange(n) + 0.5) / n for n in counts])
    if image_shape is not None:
        rows, columns = (whole("image_shape", one, 1) for one in image_shape)
        if rows * columns != counts[0]:
            raise InputError(
                f"an image of shape {image_shape} has {rows * columns} pixels, and the "
                f"graph {counts[0]} neurons at its first depth"
            )
        size = height / max(rows, columns)
        row, column = np.divmod(np.arange(counts[0]), columns)
        x[: counts[0]] = size * (column - columns)
        y[: counts[0]] = size * row
    return x, -y


def _plain(values: list[Any]) -> list[Any]:
    """Give attributes as files hold them; what they do not hold becomes text."""
    kinds = {type(one) for one in values}
    if kinds in ({int}, {float}, {bool}, {str}):
        return values
    return [str(one) for one in values]
