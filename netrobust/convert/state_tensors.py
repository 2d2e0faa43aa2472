"""What a state dict holds, as plain tensors: masks, sparse ones, computed weights."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import coo_array, issparse
from torch import Tensor

from netrobust.convert.torch_modules import as_array
from netrobust.core.errors import InputError

_SPARSE = (torch.sparse_coo, torch.sparse_csr, torch.sparse_csc)
_MOST = 2**31  # numbers of a sparse matrix that is made dense

# The length and the direction of a weight, as weight_norm keeps them.
_NORMED = (
    ("weight_g", "weight_v"),
    ("parametrizations.weight.original0", "parametrizations.weight.original1"),
)
# What parametrizations and quantised layers keep in place of a weight.
_COMPUTED = re.compile(r"(.*?)\.?(parametrizations\..*|weight_[guv])")
_QUANTISED = re.compile(
    r"(.*?)\.?(qweight|SCB|_packed_params.*"
    r"|weight[._](absmax|quant.*|scale(_inv)?|zero_point|SCB|nested.*))"
)


def weight_norms(state: Mapping[str, Any]) -> dict[str, Any]:
    """Compute the weights that `torch.nn.utils.parametrizations.weight_norm` holds.

    Examples
    --------
    >>> state = {"a.weight_g": torch.ones(1, 1), "a.weight_v": torch.tensor([[3.0, 4]])}
    >>> weight_norms(state)["a.weight"]
    array([[0.6, 0.8]], dtype=float32)
    """
    plain: dict[str, Any] = {}
    directions: list[str] = []
    for key, value in state.items():
        pair = next((two for two in _NORMED if f".{key}".endswith(f".{two[0]}")), None)
        start = key[: -len(pair[0])] if pair else ""
        if pair is None or f"{start}{pair[1]}" not in state:
            plain[key] = value
            continue
        size, v = numbers_of(key, value), numbers_of(key, state[f"{start}{pair[1]}"])
        if size.ndim != v.ndim or sum(n > 1 for n in size.shape) > 1:
            raise InputError(f"{key} and {start}{pair[1]} are not those of weight_norm")
        kept = int(np.argmax(size.shape))
        others = tuple(k for k in range(v.ndim) if k != kept)
        norm = np.sqrt((v.astype(np.float64) ** 2).sum(others, keepdims=True))
        plain[f"{start}weight"] = (v * (size / norm)).astype(v.dtype)
        directions.append(f"{start}{pair[1]}")
    return {key: value for key, value in plain.items() if key not in directions}


def densified(state: Mapping[str, Any]) -> dict[str, Any]:
    """Give sparse tensors and matrices as dense ones, with masks of what they store.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> sorted(densified({"a.weight": csr_array([[0.0, 2.0]])}))
    ['a.weight', 'a.weight_mask']
    """
    plain: dict[str, Any] = {}
    for name, value in state.items():
        plain[name] = value
        sparse = coo_array(value) if issparse(value) else None
        if isinstance(value, Tensor) and value.layout in _SPARSE:
            found = value.detach().cpu().to_sparse_coo().coalesce()
            data, ends = as_array(found.values()), found.indices().numpy()
            if data.ndim != 1 or len(ends) != 2:
                raise InputError(f"{name} is a sparse tensor of more than 2 dimensions")
            sparse = coo_array((data, tuple(ends)), shape=tuple(value.shape))
        if sparse is not None:
            if np.prod(sparse.shape, dtype=float) > _MOST:
                raise InputError(
                    f"{name} has shape {sparse.shape}, too large to be dense; read it "
                    "with from_scipy"
                )
            plain[name] = sparse.toarray()
            stored = np.zeros(sparse.shape, np.float32)
            stored[sparse.coords] = 1
            plain[f"{name}_mask"] = stored
    return plain


def with_masks(state: Mapping[str, Any], masks: Mapping[str, Any]) -> dict[str, Any]:
    """Put masks beside the weights whose layer or parameter they name.

    Raises
    ------
    InputError
        A mask belongs to no weight.

    Examples
    --------
    >>> sorted(with_masks({"a.weight": 1}, {"a": 0}))
    ['a.weight', 'a.weight_mask']
    """
    plain = dict(state)
    bare = {name.removeprefix("module."): name for name in state}
    for name, mask in masks.items():
        own = name.removeprefix("module.")
        mine = [key for key in (own, f"{own}.weight") if key in bare]
        if not mine:
            raise InputError(
                f"there is a mask of {name!r} and no such weight; weights are "
                f"{', '.join(one for one in state if one.endswith('weight')) or 'none'}"
            )
        plain[f"{bare[mine[0]]}_mask"] = mask
    return plain


def refuse_computed(state: Mapping[str, Any]) -> None:
    """Refuse layers whose weights are not in the state as numbers.

    Raises
    ------
    InputError
        Naming one, and the way out.

    Examples
    --------
    >>> refuse_computed({"fc.weight": 1, "fc.bias": 2})
    """
    for key, value in state.items():
        if isinstance(value, Tensor) and value.is_quantized:
            raise InputError(f"{key} is quantised; save the dequantised module's state")
        if found := _QUANTISED.fullmatch(key):
            raise InputError(
                f"{found[1] or 'the layer'} is quantised ({key} is in the state), so "
                "that its weights are codes; save the state of the dequantised module"
            )
        found = _COMPUTED.fullmatch(key)
        if found and ("parametrizations." in key or key[:-2] not in state):
            raise InputError(
                f"the weight of {found[1] or 'the layer'} is computed from other "
                f"numbers ({key} is in the state); save the state after "
                "remove_parametrizations, or remove_weight_norm, of torch.nn.utils"
            )


def numbers_of(name: str, value: Any, weights: bool = False) -> NDArray[Any]:
    """Give a tensor or an array as real numbers; weights must be no integers.

    Raises
    ------
    InputError
        It is something else.

    Examples
    --------
    >>> numbers_of("fc", np.array([True, False]))
    array([1., 0.], dtype=float32)
    """
    if isinstance(value, Tensor) and not (value.is_complex() or value.is_meta):
        whole_numbers = not value.is_floating_point()
        kind, numbers = str(value.dtype), as_array(value)
    elif isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        whole_numbers, kind = value.dtype.kind in "iu", str(value.dtype)
        double = value.dtype == np.float64
        numbers = value.astype(np.float64 if double else np.float32)
    else:
        raise InputError(
            f"{name} must be given by tensors or arrays of real numbers; got "
            f"{type(value).__name__}"
        )
    if weights and whole_numbers:
        raise InputError(
            f"the weights of {name} are {kind}, as of a quantised layer, whose codes "
            "are no weights; save the state of the dequantised module, or turn them "
            "into floats if they are what they say"
        )
    return numbers
