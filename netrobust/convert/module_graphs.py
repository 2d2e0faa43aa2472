"""Modules as lists of graphs, and graphs loaded back into a copy of their module."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from igraph import Graph
from torch import nn

from netrobust.convert.forward_trace import probed, trace
from netrobust.convert.layer import Layer
from netrobust.convert.layer_stack import Joint
from netrobust.convert.torch_modules import layers_of, read_module, write_module
from netrobust.convert.weight_views import reached
from netrobust.core.errors import InputError
from netrobust.graphs.graph import biases, check, links, sizes

_UNKNOWN = (
    "nothing tells which layer feeds which (give example=, an input of the module, or "
    "order=, the names of its layers)"
)


def to_layers(
    module: nn.Module,
    names: Sequence[str] | None = None,
    *,
    example: Any = None,
    order: Sequence[str] | None = None,
    masks: Mapping[str, Any] | None = None,
    links: str = "slices",
) -> list[Graph]:
    """Export every layer of a module as a graph.

    Parameters
    ----------
    module : torch.nn.Module
        Pruned or not, of whatever origin. It stays as it is.
    names : sequence of str, optional
        Of the layers to export, as in ``module.named_modules()``; all if not given.
    example : Tensor, tuple or mapping, optional
        An input of the module. A forward pass on it tells in which order the layers are
        used, and which of them goes on from the one before. A module of linear layers
        that takes rows of numbers needs none.
    order : sequence of str, optional
        Names of the layers in the order in which each feeds the next, where you know
        it; no others are exported.
    masks : mapping of str to array_like, optional
        Of layers, or of their parameters, shaped as these: 0 where there is no link.
        Masks of `torch.nn.utils.prune`, and buffers ``mask`` or ``weight_mask`` of a
        layer, are found without.
    links : {"slices", "weights"}
        What a link of a convolution is: a slice of the kernel, between two channels, or
        a single weight, from one place of the window over a channel.

    Returns
    -------
    list of igraph.Graph
        One weighted bipartite graph per layer, see `netrobust.convert.weight_views`, in
        the order of their use if that is known, or else of ``module.named_modules()``.
        The name of the layer is its ``name``, and ``uses`` are all modules that share
        its weights. A link is a weight that is not 0, or one that a mask leaves,
        whatever its value. Between the channels of a convolution it is a slice of the
        kernel, weighs the L2 norm of that, and has its number as the edge attribute
        ``slice``; equal norms differ in the last bits. A layer that goes on from the
        one before starts at the depth where that one ends, others at a new one, so that
        `stack` joins the layers where all of them chain, and refuses where they do not.

    Warns
    -----
    UserWarning
        Weights of the module lie in no layer.

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
    joint = read_joint(
        module, names, example=example, order=order, masks=masks, links=links
    )
    if names is None and order is None:
        warn_unreached(module)
    return joint.graphs()


def read_joint(
    module: nn.Module,
    names: Sequence[str] | None = None,
    *,
    example: Any = None,
    order: Sequence[str] | None = None,
    masks: Mapping[str, Any] | None = None,
    links: str = "slices",
) -> Joint:
    """Give the layers of a module and what is known of which feeds which.

    Parameters
    ----------
    module : torch.nn.Module
    names, example, order, masks, links
        As for `to_layers`.

    Raises
    ------
    InputError
        As `to_layers`.

    Examples
    --------
    >>> module = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> read_joint(module).links.sizes
    (2, 3, 1)
    """
    if order is not None:
        return _ordered(module, names, example, order, masks, links)
    found = layers_of(module, names)
    layers = {
        one.name: one for one in read_module(module, names, masks=masks, links=links)
    }
    if len(found) == 1 and example is None:
        return Joint(list(layers.values()), [])
    seen = trace(module, example) if example is not None else probed(module, found)
    if seen is None:
        return Joint(list(layers.values()), [_UNKNOWN] * (len(layers) - 1))
    used = [name for name in seen.order if name in layers]
    used += [name for name in layers if name not in used]
    return Joint(
        [layers[name] for name in used],
        [seen.why_not(*both) for both in pairwise(used)],
        seen.why_no_end(used[-1]) if names is None else "",
    )


def _ordered(
    module: nn.Module, names: Any, example: Any, order: Any, masks: Any, links: str
) -> Joint:
    """Give layers that the user says follow each other."""
    order = [order] if isinstance(order, str) else list(order)
    if names is not None or example is not None or len({*order}) < len(order):
        raise InputError(
            "order names each layer once and takes the place of an example and of a "
            "choice of layers; give one of these"
        )
    layers = {
        one.name: one for one in read_module(module, order, masks=masks, links=links)
    }
    return Joint([layers[name] for name in order])


def reached_share(module: nn.Module, names: Sequence[str] | None = None) -> float:
    """Say which share of the weights of a module its layers, or some of them, hold.

    Examples
    --------
    >>> reached_share(nn.ModuleList([nn.Linear(2, 3), nn.Bilinear(1, 3, 2)]))
    0.5
    """
    return reached(module, layers_of(module, names))[0]


def warn_unreached(module: nn.Module) -> None:
    """Warn, once, of weights of a module that lie in no layer.

    Examples
    --------
    >>> warn_unreached(nn.Linear(2, 3))
    """
    share, missing = reached(module, layers_of(module))
    if missing:
        warnings.warn(
            f"{share:.1%} of the weights of {type(module).__name__} are within reach; "
            f"those of {', '.join(missing)} are not, and stay as they are",
            UserWarning,
            stacklevel=3,
        )


def to_module(
    layers: Sequence[Graph],
    like: nn.Module,
    names: Sequence[str] | None = None,
    *,
    masks: Mapping[str, Any] | None = None,
    links: str = "slices",
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
        As `to_layers` gave them, then damaged or randomised: each belongs to the layer
        of its name, or, without names, they come in the order of the module. Biases are
        taken from the side of the targets.
    like : torch.nn.Module
        The module they came from. It stays as it is.
    names, masks, links
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
    own = read_module(like, names, masks=masks, links=links)
    if isinstance(layers, Graph) or len(layers) != len(own):
        got = "one graph" if isinstance(layers, Graph) else f"{len(layers)} graphs"
        raise InputError(
            f"the module has {len(own)} layers ({', '.join(one.name for one in own)}) "
            f"and needs a list of as many graphs; got {got}"
        )
    named = {one["name"]: one for one in layers if "name" in one.attributes()}
    if set(named) == {one.name for one in own}:
        layers = [named[one.name] for one in own]
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
