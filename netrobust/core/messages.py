"""Messages between processes: a line of JSON, then plain arrays.

A value is None, bool, int, float, str, bytes, Path, an array of numbers or text, or a
list, tuple or dict of these. Reading gives data and runs nothing, whoever wrote the
bytes.
"""

import json
import re
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

# Kinds of arrays whose bytes are their values, which leaves out objects; and how numpy
# names their types. Of other names it makes types of all kinds.
_KINDS = "biufcSUmM"
_TYPE = re.compile(rf"[<>|=][{_KINDS}]\d{{1,9}}(\[\d{{0,9}}\w{{1,2}}\])?")


def pack(value: Any) -> bytes:
    """Write a value as bytes.

    Raises
    ------
    TypeError
        It, or a part of it, is of another type.

    Examples
    --------
    >>> unpack(pack({"weight": np.array([0.5]), "sizes": (1, 2)}))
    {'weight': array([0.5]), 'sizes': (1, 2)}
    """
    blobs: list[Any] = []
    tree = _plain(value, blobs)
    line = json.dumps([tree, [len(blob) for blob in blobs]])
    return b"".join([line.encode("ascii"), b"\n", *blobs])


def unpack(message: bytes) -> Any:
    """Read what `pack` wrote; arrays are writable copies.

    Raises
    ------
    ValueError, TypeError, LookupError, OverflowError, RecursionError
        The bytes are something else.
    """
    end = message.index(b"\n")
    tree, sizes = json.loads(message[:end])
    blobs, start = [], end + 1
    for size in sizes:
        blobs.append(memoryview(message)[start : start + size])
        start += size
    return _value(tree, blobs)


def _plain(value: Any, blobs: list[Any]) -> Any:
    """Turn a value into JSON; everything but lists gets a tag."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) is list:
        return [_plain(one, blobs) for one in value]
    if isinstance(value, tuple):
        return {"tuple": [_plain(one, blobs) for one in value]}
    if isinstance(value, dict):
        pairs = value.items()
        return {"dict": [[_plain(k, blobs), _plain(v, blobs)] for k, v in pairs]}
    if isinstance(value, Path):
        return {"path": str(value)}
    if isinstance(value, bytes):
        blobs.append(value)
        return {"bytes": len(blobs) - 1}
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in _KINDS:
        blobs.append(value.tobytes())
        return {"array": [len(blobs) - 1, value.dtype.str, list(value.shape)]}
    raise TypeError(f"a {type(value).__name__} cannot go from process to process")


def _value(tree: Any, blobs: list[memoryview]) -> Any:
    if isinstance(tree, list):
        return [_value(one, blobs) for one in tree]
    if not isinstance(tree, dict):
        return tree
    ((tag, held),) = tree.items()
    if tag == "tuple":
        return tuple(_value(one, blobs) for one in held)
    if tag == "dict":
        return {_value(key, blobs): _value(one, blobs) for key, one in held}
    if tag == "path":
        return Path(held)
    if tag == "bytes":
        return bytes(blobs[held])
    if tag != "array":
        raise ValueError(f"no value has the tag {tag!r}")
    blob, name, shape = held
    if not _TYPE.fullmatch(name):
        raise ValueError(f"no array is of the type {name!r}")
    dtype = np.dtype(name)
    if prod(shape) * dtype.itemsize != len(blobs[blob]):
        raise ValueError(f"no array of {name} has the shape {shape}")
    array = np.ndarray(shape, dtype, blobs[blob]).copy()
    return array if shape else array[()]
