"""From a module of torch to its layers as arrays, and into a copy of it.

Layers are all that `netrobust.convert.weight_views` finds, in the order of
``module.named_modules()``. All others stay as they are. A layer that is used in several
places is one layer, and damage to it shows wherever it is used.

A link exists where a mask is not 0, whatever it weighs; without a mask, where a weight
is not 0. Masks are those of `torch.nn.utils.prune`; buffers ``mask`` and
``weight_mask`` beside a weight of the same shape; and those that are given. Of a
convolution, one number of the slice is enough.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from netrobust.convert.layer import Layer
from netrobust.convert.weight_views import WeightView, weight_views
from netrobust.core.errors import InputError
from netrobust.neural.model import SparseMLP

#: What a link of a convolution is: a slice of the kernel, or one weight of it.
LINKS = ("slices", "weights")


def read_module(
    module: nn.Module,
    names: Sequence[str] | None = None,
    *,
    masks: Mapping[str, Any] | None = None,
    links: str = "slices",
) -> list[Layer]:
    """Give the layers of a module as arrays.

    Parameters
    ----------
    module : torch.nn.Module
        It stays as it is.
    names : sequence of str, optional
        Of the layers, as `weight_views` names them; all if not given.
    masks : mapping of str to array_like, optional
        Of layers by name, or by that of their parameter (``fc.weight``), shaped as the
        parameter: 0 where there is no link.
    links : {"slices", "weights"}
        What a link of a convolution is: a slice of the kernel, between two channels, or
        a single weight, from one place of the window over a channel.

    Raises
    ------
    InputError
        There is no such layer, or its weights cannot be read and written back.

    Examples
    --------
    >>> [(one.name, one.kernel) for one in read_module(nn.Sequential(nn.Linear(2, 3)))]
    [('0', ())]
    """
    if links not in LINKS:
        raise InputError(f"links must be one of {', '.join(LINKS)}; got {links!r}")
    found = layers_of(module, names)
    _check_apart(module, found)
    given = _given_masks(masks, found)
    by_weight = links == "weights"
    return [_read(name, one, by_weight, given.get(name)) for name, one in found.items()]


def write_module(layers: Sequence[Layer], like: nn.Module) -> nn.Module:
    """Give a copy of a module that has other links and biases in some layers.

    What a layer does not change stays the same to the last bit. Links that are gone are
    0 in the weights, and in the mask where there is one.

    Parameters
    ----------
    layers : sequence of Layer
        Read from that module, and changed since.
    like : torch.nn.Module
        It stays as it is.

    Raises
    ------
    InputError
        The module cannot be copied, or a layer has a bias that the module has not.
    """
    copy = copied(like)
    own = weight_views(copy)
    with torch.no_grad():
        for layer in layers:
            _write(own[layer.name], layer)
    return copy


def layers_of(
    module: nn.Module, names: Sequence[str] | None = None
) -> dict[str, WeightView]:
    """Find the layers of a module by name, or those that are named.

    Raises
    ------
    InputError
        It has none, or is no module of torch, or one of netrobust.
    """
    if isinstance(module, SparseMLP) or not isinstance(module, nn.Module):
        raise InputError(
            f"a module must be a torch.nn.Module; got {type(module).__name__}; "
            "networks of netrobust go through to_graph and percolate"
        )
    found = weight_views(module)
    if not found:
        raise InputError(
            f"{type(module).__name__} has no torch.nn.Linear or torch.nn.Conv2d, nor "
            "any other of the layers that have a graph; give a module that has one"
        )
    if names is None:
        return found
    names = [names] if isinstance(names, str) else list(names)
    if not names:
        raise InputError(f"no layer is named; choose from: {', '.join(found)}")
    for name in names:
        if name not in found:
            raise InputError(
                f"the module has no layer {name!r}; choose from: {', '.join(found)}"
            )
    return {name: one for name, one in found.items() if name in names}


def _given_masks(
    masks: Mapping[str, Any] | None, found: Mapping[str, WeightView]
) -> dict[str, NDArray[Any]]:
    """Give the masks of each layer, whose names they have or whose parameter's."""
    given: dict[str, NDArray[Any]] = {}
    for key, value in (masks or {}).items():
        mine = [
            name
            for name, one in found.items()
            if key in (name, parameter_name(name, one))
        ]
        if not mine:
            raise InputError(
                f"masks name {key!r}, which is no layer; choose from: "
                f"{', '.join(found)}"
            )
        for name in mine:
            one = found[name]
            held = np.asarray(
                value.detach().cpu() if isinstance(value, Tensor) else value
            )
            shape = () if one.parameter is None else tuple(one.parameter.shape)
            if held.shape != shape or held.dtype.kind not in "biuf":
                raise InputError(
                    f"the mask of {name} must be numbers of the shape {shape} of its "
                    f"weights; got shape {held.shape}"
                )
            given[name] = held.astype(np.float32)
    return given


def parameter_name(name: str, view: WeightView) -> str:
    """Give the name of the parameter that holds a layer, as in a state dict."""
    if view.weight != "weight" or not view.call:
        return name.rpartition(f"{view.weight}")[0] + view.weight
    bare = type(view.owner).__name__ == name
    return "weight" if bare else f"{name}.weight"


def _stored(
    name: str, view: WeightView, what: str | None = None
) -> tuple[Tensor, Tensor | None, bool]:
    """Give the numbers of a layer as its module stores them, and the mask over them.

    The third value says whether the mask stands beside the numbers that are used, so
    that what it hides must be 0 there too.
    """
    what, one = what or view.weight, view.owner
    numbers, mask, beside = one._parameters.get(what), None, True
    if numbers is None:
        numbers, beside = one._parameters.get(f"{what}_orig"), False
        mask = one._buffers.get(f"{what}_mask")
        if numbers is None or mask is None:
            raise InputError(
                f"the {what} of {name} is computed from other numbers, by a "
                "parametrization or a hook other than pruning; make it a plain "
                "parameter first, as remove_parametrizations does"
            )
    if is_lazy(numbers) or numbers.is_meta:
        raise InputError(
            f"{name} has no numbers yet; load the module, or run it on data, first"
        )
    if numbers.layout != torch.strided or not numbers.is_floating_point():
        raise InputError(
            f"the {what} of {name} must be a dense tensor of real floating-point "
            f"numbers; got {numbers.layout} of {numbers.dtype}"
        )
    if beside and what == view.weight:
        mask = _mask_beside(name, one, numbers, what)
    return numbers, mask, beside


def _mask_beside(
    name: str, one: nn.Module, numbers: Tensor, what: str
) -> Tensor | None:
    """Find the mask that a layer keeps as a buffer or parameter of its own."""
    for key in (f"{what}_mask", *(["mask"] if what == "weight" else [])):
        for held in (one._buffers, one._parameters):
            mask = held.get(key)
            if mask is None:
                continue
            if mask.shape != numbers.shape:
                raise InputError(
                    f"{name} has the {key} of shape {tuple(mask.shape)} beside weights "
                    f"of shape {tuple(numbers.shape)}, and it is not known what it "
                    "does; rename it, or leave the layer out"
                )
            return mask
    return None


def as_array(tensor: Tensor) -> NDArray[Any]:
    """Give a tensor as float64 if that is what it is, and as float32 if not."""
    wide = torch.float64 if tensor.dtype == torch.float64 else torch.float32
    return np.array(tensor.detach().to("cpu", wide).numpy())


def _read(
    name: str,
    view: WeightView,
    by_weight: bool = False,
    given: NDArray[Any] | None = None,
) -> Layer:
    numbers, mask, _ = _stored(name, view)
    cut = None if mask is None else as_array(mask)
    if given is not None:
        cut = given if cut is None else cut * given
    seen = view.seen(as_array(numbers), by_weight)
    mask_seen = None if cut is None else view.seen(cut, by_weight)
    layer = Layer.of(name, seen, mask_seen, _bias(name, view), view.groups)
    return replace(layer, uses=view.uses)


def _bias(name: str, view: WeightView) -> NDArray[Any] | None:
    if not view.bias or getattr(view.owner, view.bias, None) is None:
        return None
    numbers, mask, _ = _stored(name, view, view.bias)
    whole = as_array(numbers if mask is None else numbers.detach() * mask)
    return whole[view.rows(len(whole), bias=True)]


def _check_apart(module: nn.Module, layers: Mapping[str, WeightView]) -> None:
    """Refuse layers that share memory with others, whose damage would be theirs.

    A parameter that is shared as a whole is one layer, whose uses are known.
    """
    mine = {
        id(value) for one in layers.values() for value in one.owner._parameters.values()
    }
    # Two names of one memory are found by the place of their numbers.
    named = list(module.named_parameters())
    ours = {name for name, value in named if id(value) in mine}
    places = [
        (name, value.data_ptr(), _extent(value))
        for name, value in named
        if not is_lazy(value) and not value.is_meta
    ]
    places.sort(key=lambda one: one[1])
    reached, last = 0, ""
    for name, start, extent in places:
        if extent and start < reached and {name, last} & ours:
            raise InputError(
                f"{last} and {name} share their numbers, so that neither can be "
                "damaged alone; give each its own, or leave the layer out of layers"
            )
        if start + extent > reached:
            reached, last = start + extent, name


def _extent(tensor: Tensor) -> int:
    """Bytes from the first number of a tensor to the end of its last one."""
    if not tensor.numel():
        return 0
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    return (1 + sum((n - 1) * step for n, step in steps)) * tensor.element_size()


def copied(module: nn.Module) -> nn.Module:
    """Copy a module; what a forward pass has computed in it is copied as numbers."""
    computed = {
        id(value): value.detach().clone()
        for one in module.modules()
        for value in vars(one).values()
        if isinstance(value, Tensor) and not value.is_leaf
    }
    try:
        return deepcopy(module, computed)
    except Exception as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"{type(module).__name__} cannot be copied by copy.deepcopy ({reason}); "
            "make it so, for damage goes into a copy"
        ) from error


def _write(view: WeightView, new: Layer) -> None:
    """Write what differs from a layer of a module into that module."""
    numbers, mask, beside = _stored(new.name, view)
    whole, cut = as_array(numbers), None if mask is None else as_array(mask)
    by_weight = not new.kernel and numbers.ndim > 2
    after = _place(new)
    seen = np.ascontiguousarray(view.seen(whole, by_weight))
    slices = seen.reshape(-1, max(prod(new.kernel), 1))
    if cut is None:
        slices[_live(slices)] = 0
        slices[after] = new.values if new.mask is None else new.values * new.mask
    else:
        cuts = np.ascontiguousarray(view.seen(cut, by_weight))
        flat = cuts.reshape(slices.shape)
        gone = _live(flat)
        flat[gone] = 0
        flat[after] = 1 if new.mask is None else new.mask
        # What lies behind the mask stays, unless the mask uncovers it.
        slices[after] = np.where(flat[after] != 0, new.values, slices[after])
        if beside:
            gone[after] = False
            slices[gone] = 0
        view.store(cuts, cut)
        mask.copy_(torch.from_numpy(cut))  # type: ignore[union-attr]
    view.store(seen, whole)
    numbers.copy_(torch.from_numpy(whole))
    if mask is not None and not beside:
        # As its hook does before every forward pass.
        setattr(view.owner, view.weight, numbers.detach() * mask)
    _write_bias(view, new)


def _live(slices: NDArray[Any]) -> NDArray[np.bool_]:
    """Say which slices hold a number other than 0; a negative 0 stays what it is."""
    live = slices != 0
    return live[:, 0] if slices.shape[1] == 1 else live.any(1)


def _place(layer: Layer) -> NDArray[np.int64]:
    """Give the row of each link among the slices of the kernel."""
    if layer.groups == 1:
        return layer.target * layer.n_in + layer.source
    within = layer.n_in // layer.groups
    return layer.target * within + layer.source % within


def _write_bias(view: WeightView, new: Layer) -> None:
    held = _bias(new.name, view)
    old = np.zeros_like(new.bias) if held is None else held.astype(np.float32)
    changed = new.bias.view(np.int32) != old.view(np.int32)
    if not changed.any():
        return
    if not view.bias or getattr(view.owner, view.bias, None) is None:
        raise InputError(
            f"{new.name} has no bias, and is given one; leave its biases at 0"
        )
    numbers, mask, _ = _stored(new.name, view, view.bias)
    rows = view.rows(len(numbers), bias=True)
    where = torch.from_numpy(changed).to(numbers.device)
    value = torch.from_numpy(new.bias).to(numbers)
    numbers[rows] = torch.where(where, value, numbers[rows])
    if mask is not None:
        mask[rows] = torch.where(where, torch.ones_like(mask[rows]), mask[rows])
        setattr(view.owner, view.bias, numbers.detach() * mask)
