"""Modules as lists of graphs, and graphs loaded back into a copy of their module."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from igraph import Graph
from torch import nn

from netrobust.convert.layer import Layer
from netrobust.convert.layer_stack import Joint
from netrobust.convert.torch_modules import read_module, write_module
from netrobust.core.errors import InputError
from netrobust.graphs.graph import biases, check, links, sizes


def to_layers(module: nn.Module, names: Sequence[str] | None = None) -> list[Graph]:
    """Export every linear layer and convolution of a module as a graph.

    Parameters
    ----------
    module : torch.nn.Module
        Pruned or not, of whatever origin. It stays as it is.
    names : sequence of str, optional
        Of the layers to export, as in ``module.named_modules()``; all if not given.

    Returns
    -------
    list of igraph.Graph
        One weighted bipartite graph per `torch.nn.Linear` and `torch.nn.Conv2d`, in the
        order of ``module.named_modules()``, with the name of the layer as its
        ``name``. A link is a weight that is not 0, or one that the mask of
        `torch.nn.utils.prune` leaves, whatever its value. Between the channels of a
        convolution it is a slice of the kernel, weighs the L2 norm of that, and has its
        number as the edge attribute ``slice``; equal norms differ in the last bits. A
        layer that has as many sources as the one before has targets starts at the depth
        where that one ends, others at a new one, so that `stack` joins the layers where
        all of them chain, and refuses where they do not.

    Raises
    ------
    InputError
        The module has no such layer, or one whose numbers cannot be had.

    Examples
    --------
    >>> from torch.nn.utils import prune
    >>> module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(16, 2))
    >>> _ = prune.random_unstructured(module[2], "weight", 0.5)
    >>> [(one["name"], sizes(one), one.ecount()) for one in to_layers(module)]
    [('0', (1, 4), 4), ('2', (16, 2), 16)]
    """
    return Joint(read_module(module, names)).graphs()


def to_module(
    layers: Sequence[Graph], like: nn.Module, names: Sequence[str] | None = None
) -> nn.Module:
    """Load layers, damaged or not, into a copy of the module that they came from.

    Links that are gone become 0, in weights and in pruning masks; new weights are
    written; a slice whose link has moved is at its new place, and one whose link weighs
    something else is multiplied by the new weight over the old one. All else,
    normalisation and dropout among it, is copied as it is, and layers that are as they
    were exported compute bitwise the same.

    Parameters
    ----------
    layers : sequence of igraph.Graph
        As `to_layers` gave them, in its order, then damaged or randomised. Biases are
        taken from the side of the targets.
    like : torch.nn.Module
        The module they came from. It stays as it is.
    names : sequence of str, optional
        As for `to_layers`.

    Returns
    -------
    torch.nn.Module

    Raises
    ------
    InputError
        The layers are not those of the module, or hold what it has no place for.

    Examples
    --------
    >>> from netrobust.graphs.perturb import apply, strongest_links
    >>> module = nn.Linear(4, 2)
    >>> (layer,) = to_layers(module)
    >>> damage = strongest_links(layer, np.random.default_rng(0), 0.5)
    >>> left = to_module([apply(layer, damage)], like=module)
    >>> int((left.weight == 0).sum()), int((module.weight == 0).sum())
    (4, 0)
    """
    own = read_module(like, names)
    if isinstance(layers, Graph) or len(layers) != len(own):
        got = "one graph" if isinstance(layers, Graph) else f"{len(layers)} graphs"
        raise InputError(
            f"the module has {len(own)} layers ({', '.join(one.name for one in own)}) "
            f"and needs a list of as many graphs; got {got}"
        )
    loaded = [_loaded(graph, one) for graph, one in zip(layers, own, strict=True)]
    return write_module(loaded, like)


def _loaded(graph: Graph, layer: Layer) -> Layer:
    """Give a layer the links, weights and biases of a graph."""
    if sizes(check(graph)) != (layer.n_in, layer.n_out):
        raise InputError(
            f"the graph of {layer.name} must have {(layer.n_in, layer.n_out)} neurons; "
            f"got {sizes(graph)}"
        )
    source, target, weight = links(graph)
    bias = biases(graph)[layer.n_in :]
    target -= layer.n_in
    if layer.single or "slice" not in graph.es.attributes():
        return replace(layer.placed(source, target, weight), bias=bias)
    ids = np.array(graph.es["slice"])
    known = ids.dtype.kind in "iuf" or not ids.size
    if not known or not np.isin(ids, np.arange(len(layer.weight))).all():
        raise InputError(
            f"the edge attribute slice of {layer.name} must hold the numbers of its "
            f"{len(layer.weight)} kernel slices, as to_layers wrote them"
        )
    held = layer.take(ids.astype(np.int64))
    moved = held.placed(source, target, held.weight)
    return replace(moved.reweighted(weight), bias=bias)
