"""State dicts, in memory and in files: weights by name, without the module they fit.

Names are those of ``module.state_dict()``. What ends in ``weight`` is a linear layer if
it has two dimensions and a convolution if it has four; an embedding looks like a linear
layer, and is taken for one. With ``weight_orig`` comes ``weight_mask``, as
`torch.nn.utils.prune` names them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from igraph import Graph
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from torch import Tensor

from netrobust.convert.layer import Layer
from netrobust.convert.layer_stack import Joint
from netrobust.convert.torch_modules import as_array
from netrobust.core.errors import InputError
from netrobust.core.isolated_parser import allowance, guarded
from netrobust.core.settings import whole

_PARTS = ("weight", "weight_orig", "weight_mask", "bias", "bias_orig", "bias_mask")
_INSIDE = ("state_dict", "model_state_dict", "model")  # of what training scripts save


def state_layers(
    state: Mapping[str, Any], groups: Mapping[str, int] | None = None
) -> list[Graph]:
    """Make graphs of the layers of a state dict.

    Parameters
    ----------
    state : mapping of str to Tensor or ndarray
        As ``module.state_dict()`` gives it; the layers are taken in its order.
    groups : mapping of str to int, optional
        Of convolutions by layer name, which a state does not tell: a depthwise kernel
        is taken for one with a single source if this is not given.

    Returns
    -------
    list of igraph.Graph
        As `to_layers` gives them for the module itself, if that registers its layers in
        the order of the state.

    Raises
    ------
    InputError
        There is no layer, or one whose tensors do not fit each other.

    Examples
    --------
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
    many = dict(groups or {})
    layers = []
    for key, value in state.items():
        name, what = _split(key)
        if what in ("weight", "weight_orig") and getattr(value, "ndim", 0) in (2, 4):
            layers.append(_layer(name, what, state, many.pop(name, 1)))
    if many or not layers:
        wrong = f"no convolution {next(iter(many))!r}" if many else "no weight"
        raise InputError(
            f"the state has {wrong} of 2 dimensions (linear) or 4 (convolution); it "
            f"holds {', '.join(list(state)[:10]) or 'nothing'}"
        )
    return Joint(layers).graphs()


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a safetensors file that layers are made of, in its order.

    Raises
    ------
    InputError
        The file is damaged, or a network of netrobust.
    """
    try:
        with safe_open(path, framework="pt") as file:
            if "netrobust" in (file.metadata() or {}):
                raise InputError("it is a network of netrobust, for load_network")
            names = [name for name in file.keys() if _split(name)[1] in _PARTS]  # noqa: SIM118
            return {name: file.get_tensor(name) for name in names}
    except (SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError(f"it is damaged or no safetensors file ({reason})") from None


def read_pt(path: Path) -> dict[str, Any]:
    """Read the tensors of a ``.pt`` file that layers are made of, in a child process.

    Raises
    ------
    InputError
        The file is damaged, holds no state dict, or would have to be unpickled.
    """
    what = f"the file of torch {path.name}"
    found: dict[str, Any] = guarded(parse_pt, path, what=what, **allowance(path))
    return found


def parse_pt(path: Path) -> dict[str, Any]:
    """Read tensors with torch, never code: what the child process does."""
    torch.set_num_threads(1)
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle, zip and torch each refuse in their own ways
        reason = " ".join(str(error).split())[:120]
        raise InputError(
            f"torch reads no tensors from it ({reason}); save module.state_dict()"
        ) from None
    if isinstance(found, Mapping):
        inner = [found[name] for name in _INSIDE if name in found]
        found = inner[0] if inner and isinstance(inner[0], Mapping) else found
    if not isinstance(found, Mapping):
        raise InputError(
            f"it holds a {type(found).__name__} and no state; save module.state_dict()"
        )
    tensors: dict[str, Any] = {}
    for name, value in found.items():
        if not isinstance(name, str) or _split(name)[1] not in _PARTS:
            continue
        if isinstance(value, Tensor):
            # A tensor may claim to be larger than the memory it lies in.
            if value.layout != torch.strided or (
                value.numel() * value.element_size() > value.untyped_storage().nbytes()
            ):
                raise InputError(f"{name} in it is no whole dense tensor")
            tensors[name] = _numbers(name, value)
    return tensors


def _split(key: str) -> tuple[str, str]:
    name, _, what = key.rpartition(".")
    return name, what


def _layer(name: str, what: str, state: Mapping[str, Any], groups: int) -> Layer:
    """Read one layer of a state."""
    label = name or "the layer"
    start = f"{name}." if name else ""
    numbers, mask = _numbers(label, state[f"{start}{what}"]), None
    if what == "weight_orig":
        if f"{start}weight_mask" not in state:
            raise InputError(f"{label} has weight_orig and no weight_mask in the state")
        mask = _numbers(label, state[f"{start}weight_mask"])
    bias = None
    if f"{start}bias_orig" in state:
        cut = state.get(f"{start}bias_mask", 1.0)
        bias = _numbers(label, state[f"{start}bias_orig"])
        bias = bias * (cut if isinstance(cut, float) else _numbers(label, cut))
    elif f"{start}bias" in state:
        bias = _numbers(label, state[f"{start}bias"])
    groups = whole(f"groups of {label}", groups, 1)
    wrong = mask is not None and mask.shape != numbers.shape
    wrong |= bias is not None and bias.shape != numbers.shape[:1]
    if wrong or numbers.shape[0] % groups or (numbers.ndim == 2 and groups > 1):
        raise InputError(
            f"the tensors of {label} do not fit each other: weight {numbers.shape}, "
            f"mask {None if mask is None else mask.shape}, bias "
            f"{None if bias is None else bias.shape}, {groups} groups"
        )
    return Layer.of(label, numbers, mask, bias, groups)


def _numbers(name: str, value: Any) -> NDArray[Any]:
    """Give a tensor or an array as real numbers."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return value.astype(np.float64 if value.dtype == np.float64 else np.float32)
    if not isinstance(value, Tensor) or value.is_complex() or value.is_meta:
        raise InputError(
            f"{name} must be given by tensors or arrays of real numbers; got "
            f"{type(value).__name__}"
        )
    return as_array(value)
