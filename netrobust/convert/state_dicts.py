"""State dicts: weights by name, without the module they fit.

Names are those of ``module.state_dict()``. What ends in ``weight`` is a linear layer if
it has two dimensions and a convolution if it has three to five; an embedding looks like
a linear layer, and is taken for one, with its entries as targets, unless ``transpose``
names it. Gates of recurrent layers and q, k and v of attention are known by the names
of their parameters. A mask is ``weight_mask`` or ``mask``, of the shape of the weights.

A state does not tell which layer feeds which. Without ``order`` its layers stand side
by side.
"""

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from igraph import Graph
from torch import nn

from netrobust.convert.layer import Layer
from netrobust.convert.layer_stack import Joint
from netrobust.convert.state_tensors import (
    densified,
    numbers_of,
    refuse_computed,
    weight_norms,
    with_masks,
)
from netrobust.convert.weight_views import WeightView
from netrobust.core.errors import InputError
from netrobust.core.settings import whole

UNKNOWN = (
    "a state does not tell which layer feeds which (give order=, the names of its "
    "layers)"
)

_GATED = re.compile(r"weight_(ih|hh)(_l\d+)?(_reverse)?")
_ATTENTION = ("q_proj_weight", "k_proj_weight", "v_proj_weight")


def state_layers(
    state: Mapping[str, Any],
    groups: Mapping[str, int] | None = None,
    *,
    masks: Mapping[str, Any] | None = None,
    order: Sequence[str] | None = None,
    transpose: bool | Sequence[str] = (),
    links: str = "slices",
) -> list[Graph]:
    """Make graphs of the layers of a state dict.

    Parameters
    ----------
    state : mapping of str to Tensor, ndarray or sparse matrix
        As ``module.state_dict()`` gives it; the layers are taken in its order. Every
        number that a sparse tensor or matrix stores is a link.
    groups : mapping of str to int, optional
        Of convolutions by layer name, which a state does not tell: a depthwise kernel
        is taken for one with a single source if this is not given.
    masks : mapping of str to array_like, optional
        Of layers, or of their parameters: 0 where there is no link.
    order : sequence of str, optional
        Names of the layers in the order in which each feeds the next; no others are
        read. Without it they stand side by side.
    transpose : bool or sequence of str
        Names of the layers that are stored as (inputs, outputs), as embeddings,
        transposed convolutions and the layers of GPT-2 are; True for all of two
        dimensions. Where the bias fits one way round alone, that way is taken.
    links : {"slices", "weights"}
        As for `to_layers`.

    Returns
    -------
    list of igraph.Graph
        As `to_layers` gives them for the module itself.

    Warns
    -----
    UserWarning
        Tensors that look like weights belong to no layer.

    Raises
    ------
    InputError
        There is no layer, or one whose tensors do not fit each other, are quantised, or
        are computed from others.

    Examples
    --------
    >>> import torch
    >>> state = {"fc.weight": torch.tensor([[0, 0.5]]), "fc.bias": torch.ones(1)}
    >>> (layer,) = state_layers(state)
    >>> layer["name"], layer.es["weight"], layer.vs["bias"]
    ('fc', [0.5], [0.0, 0.0, 1.0])
    """
    if not isinstance(state, Mapping) or not all(isinstance(key, str) for key in state):
        raise InputError(
            "a state must be a mapping of names to tensors, as module.state_dict() "
            f"gives it; got {type(state).__name__}"
        )
    if links not in ("slices", "weights"):
        raise InputError(f"links must be one of slices, weights; got {links!r}")
    plain = with_masks(densified(weight_norms(state)), masks or {})
    refuse_computed(plain)
    read = _Reading(plain, groups or {}, transpose, links == "weights")
    layers = read.layers()
    if order is None:
        return Joint(layers, [UNKNOWN] * (len(layers) - 1)).graphs()
    named = {one.name: one for one in layers}
    if not (order := [order] if isinstance(order, str) else list(order)):
        raise InputError(f"order names no layer; choose from: {', '.join(named)}")
    for name in order:
        if name not in named:
            raise InputError(
                f"the state has no layer {name!r}; choose from: {', '.join(named)}"
            )
    return Joint([named[name] for name in order]).graphs()


class _Reading:
    """One pass over a state, which notes what belongs to a layer."""

    def __init__(
        self,
        state: Mapping[str, Any],
        groups: Mapping[str, int],
        transpose: bool | Sequence[str],
        by_weight: bool,
    ) -> None:
        self.state, self.groups, self.by_weight = state, dict(groups), by_weight
        names = [transpose] if isinstance(transpose, str) else transpose
        self.flipped = set() if isinstance(names, bool) else set(names)
        self.everywhere = transpose is True
        self.seen: set[str] = set()

    def layers(self) -> list[Layer]:
        """Read all layers, and say what is left."""
        found = [
            layer
            for key, value in self.state.items()
            if getattr(value, "ndim", 0) in (2, 3, 4, 5)
            for layer in self.of(key, value)
        ]
        names = {one.name for one in found}
        unknown = next(iter([*self.groups, *(self.flipped - names)]), None)
        if unknown is not None or not found:
            wrong = f"no convolution {unknown!r}" if self.groups else "no weight"
            if unknown is not None and not self.groups:
                wrong = f"no layer {unknown!r} to transpose, or no weight"
            held = ", ".join(list(self.state)[:10]) or "nothing"
            raise InputError(
                f"the state has {wrong} of 2 dimensions (linear) or 3 to 5 "
                f"(convolution); it holds {held}"
            )
        left = [
            key
            for key, value in self.state.items()
            if key not in self.seen
            and not key.endswith(("bias", "mask"))
            and sum(n > 1 for n in getattr(value, "shape", ())) > 1
        ]
        if left:
            warnings.warn(
                f"{', '.join(map(repr, left[:10]))} of the state are no layers and "
                "are left out",
                UserWarning,
                stacklevel=4,
            )
        return found

    def of(self, key: str, value: Any) -> list[Layer]:
        """Read the layers that one tensor holds."""
        name, _, what = key.rpartition(".")
        start = f"{name}." if name else ""
        own = what.removesuffix("_orig")
        nobody = nn.Module()
        if own == "weight":
            label, view = name or "the layer", WeightView(nobody)
            flipped = label in self.flipped or (self.everywhere and value.ndim == 2)
            many = whole(f"groups of {label}", self.groups.pop(label, 1), 1)
            view = WeightView(nobody, flipped=flipped, groups=many)
            return [self.layer(label, view, key, f"{start}bias")]
        if value.ndim == 2 and own in ("in_proj_weight", *_ATTENTION):
            if own in _ATTENTION:
                part = WeightView(nobody, bias_part=(_ATTENTION.index(own), 3))
                return [self.layer(start + own, part, key, f"{start}in_proj_bias")]
            bias = f"{start}in_proj_bias"
            return [
                self.layer(f"{key}.{c}", WeightView(nobody, part=k, parts=3), key, bias)
                for k, c in enumerate("qkv")
            ]
        if value.ndim == 2 and _GATED.fullmatch(own):
            return self.gates(start, own, key)
        if value.ndim == 2 and own.startswith("weight_hr_l"):
            return [self.layer(start + own, WeightView(nobody), key, "")]
        table = value.ndim == 3 and value.shape[0] == 1 and min(value.shape[1:]) > 1
        if table and not what.endswith(("mask", "bias")):
            rows = WeightView(nobody, flipped=True, call=False)
            return [self.layer(key, rows, key, "")]
        return []

    def gates(self, start: str, own: str, key: str) -> list[Layer]:
        """Read the gates of a recurrent layer, as many as its rows tell."""
        rows = self.state[key].shape[0]
        tail = own[len("weight_ih") :]
        across = [f"{start}weight_{kind}{tail}" for kind in ("hr", "hh")]
        across = [one for name in across for one in (name, f"{name}_orig")]
        width = [self.state[one].shape[1] for one in across if one in self.state]
        gates = {4: "ifgo", 3: "rzn"}.get(rows // width[0] if width and width[0] else 1)
        bias = start + own.replace("weight", "bias")
        if gates is None:
            return [self.layer(start + own, WeightView(nn.Module()), key, bias)]
        return [
            self.layer(
                f"{start}{own}.{gate}",
                WeightView(nn.Module(), part=k, parts=len(gates)),
                key,
                bias,
            )
            for k, gate in enumerate(gates)
        ]

    def layer(self, name: str, view: WeightView, key: str, bias: str) -> Layer:
        """Read one layer, with its mask and its bias."""
        numbers, groups = numbers_of(name, self.state[key], weights=True), view.groups
        base = key.removesuffix("_orig")
        self.seen.add(key)
        mask = None
        for where in (f"{base}_mask", base.removesuffix("weight") + "mask"):
            if where in self.state and where != key:
                self.seen.add(where)
                mask = numbers_of(name, self.state[where])
                break
        if key.endswith("_orig") and mask is None:
            raise InputError(f"{name} has weight_orig and no weight_mask in the state")
        held = None
        if f"{bias}_orig" in self.state:
            held = numbers_of(name, self.state[f"{bias}_orig"])
            if f"{bias}_mask" in self.state:
                held = held * numbers_of(name, self.state[f"{bias}_mask"])
        elif bias in self.state:
            held = numbers_of(name, self.state[bias])
        ends = (numbers.shape[0], numbers.shape[view.call] * groups)
        alone = view.call and view.parts == 1 and not view.bias_part
        if (
            held is not None
            and alone
            and not view.flipped
            and held.shape == ends[1:] != ends[:1]
        ):
            view = replace(view, flipped=True)
        n_out = ends[view.flipped]
        wrong = mask is not None and mask.shape != numbers.shape
        wrong |= held is not None and view.bias_part is None and held.shape != (n_out,)
        if wrong or n_out % groups or (numbers.ndim == 2 and groups > 1):
            raise InputError(
                f"the tensors of {name} do not fit each other: weight {numbers.shape}, "
                f"mask {None if mask is None else mask.shape}, bias "
                f"{None if held is None else held.shape}, {groups} groups"
            )
        return Layer.of(
            name,
            view.seen(numbers, self.by_weight),
            None if mask is None else view.seen(mask, self.by_weight),
            None if held is None else held[view.rows(len(held), bias=True)],
            groups,
        )
