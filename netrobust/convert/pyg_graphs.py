"""PyTorch Geometric: a graph as its ``Data``, with the extra ``pyg``."""

from typing import Any

import numpy as np
import torch
from igraph import Graph

from netrobust.core.errors import InputError
from netrobust.graphs.graph import biases, check, first_depth, from_links, links, sizes


def to_pyg(graph: Graph) -> Any:
    """Give a layer, or a stack, as a graph of PyTorch Geometric.

    Parameters
    ----------
    graph : igraph.Graph

    Returns
    -------
    torch_geometric.data.Data
        ``edge_index`` of shape (2, links), ``edge_weight``, and for the nodes ``depth``
        and ``bias``; ``name`` is a list of their names, if they have any.

    Raises
    ------
    InputError
        The graph breaks the contract, or the package is not installed.

    Examples
    --------
    >>> graph = from_links([2, 1], [0, 1], [2, 2], [0.5, -1])
    >>> to_pyg(graph).edge_index.tolist()  # doctest: +SKIP
    [[0, 1], [2, 2]]
    """
    data = _package().Data()
    source, target, weight = links(check(graph))
    counts = sizes(graph)
    depth = np.repeat(np.arange(len(counts)) + first_depth(graph), counts)
    data.num_nodes = graph.vcount()
    data.edge_index = torch.from_numpy(np.stack([source, target]))
    data.edge_weight = torch.from_numpy(weight)
    data.depth, data.bias = torch.from_numpy(depth), torch.from_numpy(biases(graph))
    if "name" in graph.vs.attributes():
        data.name = list(graph.vs["name"])
    return data


def from_pyg(data: Any) -> Graph:
    """Make a layer, or a stack, of what `to_pyg` gave, changed or not.

    Parameters
    ----------
    data : torch_geometric.data.Data

    Raises
    ------
    InputError
        It has no depths, or they and the links break the graph contract.

    Examples
    --------
    >>> graph = from_links([2, 1], [0, 1], [2, 2], [0.5, -1])
    >>> from_pyg(to_pyg(graph)).es["weight"]  # doctest: +SKIP
    [0.5, -1.0]
    """
    held: list[Any] = [getattr(data, name, None) for name in ("edge_index", "depth")]
    if not all(isinstance(one, torch.Tensor) for one in held):
        raise InputError(
            "data must have edge_index and depth, the depth of every node, as to_pyg "
            f"gives them; got {type(data).__name__}"
        )
    edges, depth = (one.cpu().numpy() for one in held)
    if edges.ndim != 2 or len(edges) != 2 or not (np.diff(depth) >= 0).all():
        raise InputError("the nodes must come by depth, and edge_index be of two rows")
    weight = getattr(data, "edge_weight", None)
    bias = getattr(data, "bias", None)
    graph = from_links(
        np.bincount(depth - depth[0]).tolist(),
        edges[0],
        edges[1],
        np.ones(edges.shape[1]) if weight is None else weight.detach().cpu().numpy(),
        None if bias is None else bias.detach().cpu().numpy(),
        int(depth[0]),
    )
    if isinstance(names := getattr(data, "name", None), list):
        graph.vs["name"] = names
    return graph


def _package() -> Any:
    try:
        import torch_geometric.data
    except ImportError:
        raise InputError(
            "PyTorch Geometric is not installed; install netrobust[pyg]"
        ) from None
    return torch_geometric.data
