"""From a module of torch to its layers as arrays, and into a copy of it.

Layers are every `torch.nn.Linear` and `torch.nn.Conv2d` of a module, in the order of
``module.named_modules()``. All others stay as they are. A layer that is used in several
places is one layer, and damage to it shows wherever it is used.

A link exists where the mask of `torch.nn.utils.prune` is not 0, whatever it weighs;
without a mask, where a weight is not 0. Of a convolution, one number of the slice is
enough.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from netrobust.convert.layer import Layer
from netrobust.core.errors import InputError
from netrobust.neural.model import SparseMLP

Stored = tuple[Tensor, Tensor | None]  # numbers, and the pruning mask over them


def read_module(module: nn.Module, names: Sequence[str] | None = None) -> list[Layer]:
    """Give the layers of a module as arrays.

    Parameters
    ----------
    module : torch.nn.Module
        It stays as it is.
    names : sequence of str, optional
        Of the layers, as in ``module.named_modules()``; all if not given.

    Raises
    ------
    InputError
        There is no such layer, or its weights cannot be read and written back.

    Examples
    --------
    >>> [(one.name, one.kernel) for one in read_module(nn.Sequential(nn.Linear(2, 3)))]
    [('0', ())]
    """
    found = _layers(module)
    if names is not None:
        for name in (names := [names] if isinstance(names, str) else list(names)):
            if name not in found:
                raise InputError(
                    f"the module has no layer {name!r}; choose from: {', '.join(found)}"
                )
        found = {name: one for name, one in found.items() if name in names}
    _check_apart(module, found)
    return [_read(name, one) for name, one in found.items()]


def write_module(layers: Sequence[Layer], like: nn.Module) -> nn.Module:
    """Give a copy of a module that has other links and biases in some layers.

    What a layer does not change stays the same to the last bit. Links that are gone are
    0 in the weights, and in the pruning mask where there is one.

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
    copy = _copied(like)
    own_layers = dict(_layers(copy))
    with torch.no_grad():
        for layer in layers:
            own = own_layers[layer.name]
            _write(own, layer, _read(layer.name, own))
    return copy


def _layers(module: nn.Module) -> dict[str, nn.Module]:
    """Find the layers of a module by name; one that is a layer itself has its class's.

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
    found: dict[str, nn.Module] = {
        name or type(one).__name__: one
        for name, one in module.named_modules()
        if isinstance(one, nn.Linear | nn.Conv2d)
    }
    if not found:
        raise InputError(
            f"{type(module).__name__} has no torch.nn.Linear or torch.nn.Conv2d, the "
            "layers that have a graph; give a module that has one"
        )
    return found


def _stored(name: str, one: nn.Module, what: str = "weight") -> Stored:
    """Give the numbers of a layer as it stores them, and their pruning mask."""
    numbers, mask = one._parameters.get(what), None
    if numbers is None:
        numbers = one._parameters.get(f"{what}_orig")
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
    return numbers, mask


def as_array(tensor: Tensor) -> NDArray[Any]:
    """Give a tensor as float64 if that is what it is, and as float32 if not."""
    wide = torch.float64 if tensor.dtype == torch.float64 else torch.float32
    return np.array(tensor.detach().to("cpu", wide).numpy())


def _read(name: str, one: nn.Module) -> Layer:
    numbers, mask = _stored(name, one)
    return Layer.of(
        name,
        as_array(numbers),
        None if mask is None else as_array(mask),
        _bias(name, one),
        int(getattr(one, "groups", 1)),
    )


def _bias(name: str, one: nn.Module) -> NDArray[Any] | None:
    if getattr(one, "bias", None) is None:
        return None
    numbers, mask = _stored(name, one, "bias")
    return as_array(numbers if mask is None else numbers.detach() * mask)


def _check_apart(module: nn.Module, layers: Mapping[str, nn.Module]) -> None:
    """Refuse layers that share memory with another one, whose damage would be its."""
    # Two names of one tensor are found by the memory they have in common.
    places = [
        (f"{name}.{what}".lstrip("."), tensor.data_ptr(), _extent(tensor))
        for name, one in module.named_modules()
        for what, tensor in one._parameters.items()
        if tensor is not None and not is_lazy(tensor) and not tensor.is_meta
    ]
    inside = {id(one): name for name, one in module.named_modules()}
    ours = {
        f"{inside[id(one)]}.{what}".lstrip(".")
        for one in layers.values()
        for what in one._parameters
    }
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


def _copied(module: nn.Module) -> nn.Module:
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


def _write(own: nn.Module, new: Layer, old: Layer) -> None:
    """Write what differs between two states of a layer into its module."""
    numbers, mask = _stored(new.name, own)
    whole, cut = as_array(numbers), None if mask is None else as_array(mask)
    before, after = _place(old), _place(new)
    slices = whole.reshape(-1, max(prod(old.kernel), 1))
    if cut is None:
        slices[before] = 0
        slices[after] = new.values
    else:
        cuts = cut.reshape(slices.shape)
        cuts[before] = 0
        cuts[after] = new.mask
        # What lies behind the mask stays, unless the mask uncovers it.
        slices[after] = np.where(new.mask != 0, new.values, slices[after])
        mask.copy_(torch.from_numpy(cut))  # type: ignore[union-attr]
    numbers.copy_(torch.from_numpy(whole))
    if mask is not None:
        own.weight = numbers.detach() * mask  # as its hook does before every forward
    _write_bias(own, new, old)


def _place(layer: Layer) -> NDArray[np.int64]:
    """Give the row of each link among the slices of the kernel."""
    within = layer.n_in // layer.groups
    return layer.target * within + layer.source % within


def _write_bias(own: nn.Module, new: Layer, old: Layer) -> None:
    changed = new.bias.view(np.int32) != old.bias.view(np.int32)
    if not changed.any():
        return
    if getattr(own, "bias", None) is None:
        raise InputError(
            f"{new.name} has no bias, and is given one; leave its biases at 0"
        )
    numbers, mask = _stored(new.name, own, "bias")
    where = torch.from_numpy(changed).to(numbers.device)
    value = torch.from_numpy(new.bias).to(numbers)
    numbers.copy_(torch.where(where, value, numbers))
    if mask is not None:
        mask.copy_(torch.where(where, torch.ones_like(mask), mask))
        own.bias = numbers.detach() * mask
