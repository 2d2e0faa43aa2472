"""Where the layers of a module keep their weights, and how each is seen as a layer.

A `WeightView` says which parameter of which module holds a layer, and turns it into an
array of shape (targets, sources / groups, *kernel) and back. Some parameters hold
several layers: the gates of an LSTM, or q, k and v of attention. A parameter that two
modules share is one layer, with both uses named.

========================================  ============================================
module                                    layers
========================================  ============================================
Linear, Conv1d, Conv2d, Conv3d            ``name``
ConvTranspose1d, 2d, 3d                   ``name``; stored as (sources, targets)
Embedding, EmbeddingBag                   ``name``; entries are sources
Conv1D of Hugging Face                    ``name``; stored as (sources, targets)
LSTM, LSTMCell                            ``name.weight_ih_l0.i``, and ``f g o``
GRU, GRUCell                              ``name.weight_ih_l0.r``, and ``z n``
RNN, RNNCell, projections of an LSTM      ``name.weight_ih_l0``
MultiheadAttention                        ``name.in_proj_weight.q``, and ``k v``
any with in_features and out_features     ``name``
any parameter of shape (1, n, m)          ``name.parameter``; its n rows are sources
========================================  ============================================
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd, _ConvTransposeNd
from torch.nn.parameter import is_lazy

_GATES = {"LSTM": "ifgo", "GRU": "rzn"}


@dataclass(frozen=True, eq=False)
class WeightView:
    """Say where a layer keeps its weights.

    Attributes
    ----------
    owner : torch.nn.Module
    weight, bias : str
        Names of its parameters; no bias if empty.
    part, parts : int
        Which of so many equal blocks of rows the layer is.
    flipped : bool
        Whether rows are sources.
    groups : int
        Of a convolution.
    call : bool
        Whether the layer is used when its owner is called.
    uses : tuple of str
        Names of all the modules that use the parameter, where they are several.
    bias_part : tuple of int, optional
        Which block of the bias is the layer's, and of how many, if not as for weights.
    """

    owner: nn.Module
    weight: str = "weight"
    bias: str = "bias"
    part: int = 0
    parts: int = 1
    flipped: bool = False
    groups: int = 1
    call: bool = True
    uses: tuple[str, ...] = ()
    bias_part: tuple[int, int] | None = None

    @property
    def parameter(self) -> Tensor | None:
        """The parameter, or what pruning keeps of it."""
        held = self.owner._parameters
        found = held.get(self.weight)
        return held.get(f"{self.weight}_orig") if found is None else found

    def rows(self, count: int, bias: bool = False) -> slice:
        """Give the rows of the layer among so many, of its weight or its bias."""
        part, parts = self.part, self.parts
        if bias and self.bias_part:
            part, parts = self.bias_part
        each = count // parts
        return slice(part * each, (part + 1) * each)

    def seen(self, stored: NDArray[Any], by_weight: bool = False) -> NDArray[Any]:
        """Give what the parameter holds as (targets, sources / groups, *kernel).

        With `by_weight`, every number of a kernel is a link of its own, from one place
        of the window over one channel, so that the kernel is part of the sources.
        """
        part = self._block(stored)
        if self.flipped:
            part = _flip(part, self.groups)
        return part.reshape(len(part), -1) if by_weight else part

    def store(self, layer: NDArray[Any], stored: NDArray[Any]) -> None:
        """Write what `seen` gave, changed, into the array that it came from."""
        block = self._block(stored)
        shape = block.shape
        if self.flipped:
            out = prod(shape) // prod(shape[2:]) // (shape[0] // self.groups)
            layer = layer.reshape(out, shape[0] // self.groups, *shape[2:])
            layer = _flip(layer, self.groups)
        block[...] = layer.reshape(shape)

    def _block(self, stored: NDArray[Any]) -> NDArray[Any]:
        block = stored[self.rows(len(stored))]
        return block if self.call else block[0]


def _flip(array: NDArray[Any], groups: int) -> NDArray[Any]:
    """Turn (a, b / groups, ...) into (b, a / groups, ...), which is its own inverse."""
    a, b, *kernel = array.shape
    apart = array.reshape(groups, a // groups, b, *kernel).swapaxes(1, 2)
    return apart.reshape(groups * b, a // groups, *kernel)


def weight_views(module: nn.Module) -> dict[str, WeightView]:
    """Find the layers of a module by name, in the order of its modules.

    A module that is a layer itself is called by its class.

    Examples
    --------
    >>> list(weight_views(nn.Sequential(nn.Linear(2, 3), nn.GRU(3, 2))))[:3]
    ['0', '1.weight_ih_l0.r', '1.weight_ih_l0.z']
    """
    found: dict[str, WeightView] = {}
    first: dict[tuple[int, int], str] = {}
    for name, one in module.named_modules():
        for suffix, view in _of(one):
            called = f"{name}.{suffix}".strip(".") or type(one).__name__
            key = id(view.parameter), view.part
            if view.parameter is not None and key in first:
                known = found[first[key]]
                uses = (*(known.uses or (first[key],)), called)
                found[first[key]] = replace(known, uses=uses)
            else:
                first[key] = called
                found[called] = view
    return found


def reached(module: nn.Module, views: Mapping[str, WeightView]) -> tuple[float, list]:
    """Say which share of the weights of a module some layers hold.

    Parameters
    ----------
    module : torch.nn.Module
    views : mapping of str to WeightView

    Returns
    -------
    share : float
        Of all weights: what layers hold, and every other parameter that is larger than
        1 in two dimensions at least.
    missing : list of str
        Names of the parameters, or quantised modules, that hold the rest.

    Examples
    --------
    >>> module = nn.ModuleList([nn.Linear(2, 3), nn.Bilinear(1, 3, 2)])
    >>> reached(module, weight_views(module))
    (0.5, ['1.weight'])
    """
    within = total = 0
    missing = []
    layers = {id(one.parameter) for one in weight_views(module).values()}
    parts: dict[int, float] = {}
    for one in views.values():
        parts[id(one.parameter)] = parts.get(id(one.parameter), 0) + 1 / one.parts
    for name, value in module.named_parameters():
        if is_lazy(value):
            continue
        if id(value) in layers or sum(n > 1 for n in value.shape) > 1:
            total += value.numel()
            within += round(parts.get(id(value), 0) * value.numel())
            if id(value) not in parts:
                missing.append(name)
    for name, module_ in module.named_modules():
        if hasattr(module_, "_packed_params") and hasattr(module_, "in_features"):
            total += module_.in_features * module_.out_features
            missing.append(name)
    return within / total if total else 1.0, missing


def _of(one: nn.Module) -> Iterator[tuple[str, WeightView]]:
    """Give the layers that one module itself holds."""
    if isinstance(one, nn.MultiheadAttention):
        yield from _attention(one)
    elif isinstance(one, nn.RNNBase | nn.RNNCellBase):
        yield from _recurrent(one)
    elif isinstance(one, _ConvTransposeNd):
        yield "", WeightView(one, flipped=True, groups=one.groups)
    elif isinstance(one, _ConvNd):
        yield "", WeightView(one, groups=one.groups)
    elif isinstance(one, nn.Embedding | nn.EmbeddingBag):
        yield "", WeightView(one, bias="", flipped=True)
    elif isinstance(one, nn.Linear):
        yield "", WeightView(one)
    elif type(one).__name__ == "Conv1D" and hasattr(one, "nf"):
        yield "", WeightView(one, flipped=True)
    elif hasattr(one, "in_features") and _shape(one, "weight"):
        ends = (one.out_features, one.in_features)
        if _shape(one, "weight") in (ends, ends[::-1]):
            yield "", WeightView(one, flipped=_shape(one, "weight") != ends)
    else:
        for name, value in one._parameters.items():
            if value is None or is_lazy(value) or value.ndim != 3:
                continue
            if value.shape[0] == 1 and min(value.shape[1:]) > 1:
                yield name, WeightView(one, name, "", flipped=True, call=False)


def _attention(one: nn.MultiheadAttention) -> Iterator[tuple[str, WeightView]]:
    bias = "in_proj_bias" if _held(one, "in_proj_bias") else ""
    for part, name in enumerate("qkv"):
        if _held(one, "in_proj_weight"):
            yield (
                f"in_proj_weight.{name}",
                WeightView(one, "in_proj_weight", bias, part, 3),
            )
        else:
            own = f"{name}_proj_weight"
            yield own, WeightView(one, own, bias, bias_part=(part, 3))


def _recurrent(one: Any) -> Iterator[tuple[str, WeightView]]:
    names = getattr(one, "_flat_weights_names", ("weight_ih", "weight_hh"))
    kind = getattr(one, "mode", type(one).__name__.removesuffix("Cell"))
    for name in names:
        if not name.startswith("weight_"):
            continue
        bias = name.replace("weight", "bias")
        bias = bias if _held(one, bias) else ""
        gates = "" if "_hr_" in name else _GATES.get(kind, "")
        if not gates:
            yield name, WeightView(one, name, bias)
        for part, gate in enumerate(gates):
            yield f"{name}.{gate}", WeightView(one, name, bias, part, len(gates))


def _held(one: nn.Module, name: str) -> bool:
    held = one._parameters
    return held.get(name) is not None or held.get(f"{name}_orig") is not None


def _shape(one: nn.Module, name: str) -> tuple[int, ...]:
    value = one._parameters.get(name)
    return () if value is None or is_lazy(value) else tuple(value.shape)
