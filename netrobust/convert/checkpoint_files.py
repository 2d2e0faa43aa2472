"""Checkpoints as they are shipped, each read as a state dict.

Files of torch are read with ``weights_only=True`` in a child process: a pickle is never
run. What a training script saved beside the state is left out, and where several things
in the file may be the state, the user says which by its key.
"""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from netrobust.convert.state_tensors import (
    densified,
    refuse_computed,
    weight_norms,
    with_masks,
)
from netrobust.convert.torch_modules import as_array
from netrobust.core.errors import InputError
from netrobust.core.isolated_parser import allowance, guarded

#: How the names of torch's files end.
TORCH = (".pt", ".pth", ".pth.tar", ".ckpt", ".bin")
INDEX = (".safetensors.index.json", ".bin.index.json")

# Where training scripts put the state, best known first.
_INSIDE = ("state_dict", "model_state_dict", "model", "model_state", "net", "network")
_FIRST = ("input", "in", "stem", "embed", "embedding", "embeddings", "first", "conv1")
_LAST = ("output", "out", "head", "classifier", "last", "final", "logits")


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Read all tensors of a safetensors file.

    The writer sorts the names, so they are given as people count: 2 before 10, inputs
    first and outputs last.

    Raises
    ------
    InputError
        The file is damaged, or a network of netrobust.
    """
    try:
        with safe_open(path, framework="pt") as file:
            if "netrobust" in (file.metadata() or {}):
                raise InputError("it is a network of netrobust, for load_network")
            names = sorted(file.keys(), key=_counted)
            return {name: file.get_tensor(name) for name in names}
    except (SafetensorError, RuntimeError) as error:
        raise InputError(
            f"it is damaged or no safetensors file ({_said(error)})"
        ) from None


def read_torch(path: Path, key: str | None = None) -> dict[str, Any]:
    """Read the state in a file of torch, in a child process.

    Raises
    ------
    InputError
        The file is damaged, holds no state dict, or would have to be unpickled.
    """
    what = f"the file of torch {path.name}"
    found: dict[str, Any] = guarded(
        parse_torch, path, key, what=what, **allowance(path)
    )
    return found


def read_index(path: Path) -> dict[str, Any]:
    """Read a state that lies in several files beside its index.

    Raises
    ------
    InputError
        The index is none, or a file is missing or does not hold what it should.
    """
    try:
        places = json.loads(path.read_text("utf-8"))["weight_map"]
        pairs = sorted(places.items(), key=lambda pair: _counted(pair[0]))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(
            f"it must be an index with a weight_map ({_said(error)})"
        ) from None
    shards: dict[str, dict[str, Any]] = {}
    state = {}
    for name, file in pairs:
        # A name may not lead out of the folder.
        if not isinstance(file, str) or Path(file).name != file:
            raise InputError(f"it names {file!r}, which is no file beside it")
        if file not in shards:
            shard = path.with_name(file)
            if not shard.is_file():
                raise InputError(f"it names {file}, which is not beside it")
            safe = shard.suffix == ".safetensors"
            shards[file] = read_safetensors(shard) if safe else read_torch(shard)
        if name not in shards[file]:
            raise InputError(f"{file} holds no {name}, which the index puts there")
        state[name] = shards[file][name]
    return state


def parse_torch(path: Path, key: str | None = None) -> dict[str, Any]:
    """Read tensors with torch, never code: what the child process does."""
    torch.set_num_threads(1)
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # pickle, zip and torch each refuse in their own ways
        raise InputError(
            f"torch reads no tensors from it ({_said(error, 120)}); save "
            "module.state_dict()"
        ) from None
    if not isinstance(found, Mapping):
        raise InputError(
            f"it holds a {type(found).__name__} and no state; save module.state_dict()"
        )
    state = _state_in(found, key)
    refuse_computed(dict.fromkeys(weight_norms(state)))
    masks = found.get("masks", found.get("mask"))
    if isinstance(masks, Mapping) and state is not masks:
        state = with_masks(state, masks)
    dense = {name: _whole(name, one) for name, one in state.items() if _is(one)}
    return {
        name: as_array(one) if one.is_floating_point() else one.numpy()
        for name, one in (
            (name, _tensor(one)) for name, one in densified(dense).items()
        )
    }


def _tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else torch.from_numpy(value)


def _is(value: Any) -> bool:
    return isinstance(value, Tensor)


def _whole(name: str, value: Tensor) -> Tensor:
    """Refuse a tensor that claims to be larger than the memory it lies in."""
    if value.is_complex():
        raise InputError(f"{name} in it is complex; weights are real numbers")
    held = value.numel() * value.element_size()
    strided = value.layout == torch.strided
    if strided and (value.is_meta or held > value.untyped_storage().nbytes()):
        raise InputError(f"{name} in it is no whole dense tensor")
    return value


def _state_in(found: Mapping[Any, Any], key: str | None) -> Mapping[str, Any]:
    """Find the state among what a file holds."""
    states = dict(_states("", found))
    listed = ", ".join(map(str, list(found)[:10])) or "nothing"
    if key is not None:
        if key not in states:
            raise InputError(
                f"it has no state under {key!r}; there are "
                f"{', '.join(states) or 'none'} among {listed}"
            )
        return states[key]
    if "" in states:
        return states[""]
    known = [name for one in _INSIDE for name in states if name.split(".")[0] == one]
    known = known or list(states)
    if not states or (len(states) > 1 and known[0].split(".")[0] not in _INSIDE):
        held = f"states under {', '.join(states)}" if states else "no state"
        raise InputError(
            f"it holds {held}, and the keys {listed}; say which is the state with "
            "key=, or save module.state_dict()"
        )
    return states[known[0]]


def _states(start: str, found: Any, depth: int = 3) -> Iterator[tuple[str, Any]]:
    """Give all mappings of names to tensors, by their keys joined with dots."""
    if not isinstance(found, Mapping):
        return
    names = [key for key in found if isinstance(key, str)]
    if any(
        isinstance(found[key], Tensor) and "weight" in key.rpartition(".")[2]
        for key in names
    ):
        yield start, {key: found[key] for key in names}
    elif depth:
        for key in names:
            if key not in ("mask", "masks"):
                yield from _states(f"{start}.{key}".strip("."), found[key], depth - 1)


def _said(error: Exception, most: int = 300) -> str:
    """Give the text of an error, in one line and without control characters."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    return " ".join("".join(c if c.isprintable() else " " for c in plain).split())[
        :most
    ]


def _counted(name: str) -> list[tuple[int, int, str]]:
    """Order names as people count: numbers by value, inputs first, outputs last."""
    parts: list[tuple[int, int, str]] = []
    for part in re.findall(r"[0-9]+|[^0-9._]+", name):
        if part.isdigit():
            digits = part.lstrip("0")
            parts.append((1, len(digits), digits))
        else:
            place = 0 if part in _FIRST else 3 if part in _LAST else 2
            parts.append((place, 0, part))
    return parts
