"""Files of other programs, each read as a list of layers.

What the repositories of two methods write, as read off their sources:

* CHT and CHTs (Zhang, Muscoloni and Cannistraci) save the mask of each layer and epoch
  as ``adj_<layer>/<epoch>.mat``, whose one variable ``adjacency_matrix`` has the shape
  (inputs, outputs) and holds 0 or 1. It tells no weights: links weigh what it says.
* SET (Mocanu et al.) holds each layer as a sparse matrix of rows (inputs, outputs),
  which `scipy.sparse.save_npz` writes; its own ``*_input_connections.npz`` count links
  per input, and no topology can be had from them.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from igraph import Graph
from numpy.typing import NDArray

from netrobust.convert.checkpoint_files import (
    INDEX,
    TORCH,
    read_index,
    read_safetensors,
    read_torch,
)
from netrobust.convert.graph_files import read
from netrobust.convert.matlab import Triplets, parse_mat, triplets
from netrobust.convert.matrix_files import matrix_layers
from netrobust.convert.onnx_files import parse_onnx
from netrobust.convert.state_dicts import state_layers
from netrobust.core.atomic_files import instead_of_file
from netrobust.core.errors import InputError
from netrobust.core.isolated_parser import allowance, guarded
from netrobust.graphs.files import ARRAYS, npz_arrays
from netrobust.graphs.graph import layers, sizes

#: Suffixes of files that hold a state dict.
STATES = (".safetensors", *TORCH, *INDEX, ".onnx")
MATRICES = (".npz", ".mat")


def read_layers(
    path: str | Path,
    groups: Mapping[str, int] | None = None,
    *,
    key: str | None = None,
    masks: Mapping[str, Any] | None = None,
    order: Sequence[str] | None = None,
    transpose: bool | Sequence[str] = (),
    links: str = "slices",
) -> list[Graph]:
    """Read the layers of a network that another program wrote.

    Parameters
    ----------
    path : str or Path
        ``.safetensors``, ``.pt``, ``.pth``, ``.pth.tar``, ``.ckpt``, ``.bin``, or the
        ``.index.json`` of a state in several files: a state dict, see `state_layers`; a
        pickled module is refused, and masks that lie in the file beside the state are
        used. ``.onnx``: the weights of Gemm, MatMul and Conv, with the package onnx.
        ``.npz`` and ``.mat``: matrices of shape (inputs, outputs), one per layer, each
        with its biases if there are as many numbers as outputs behind it or under a
        name that differs by ``b`` or ``bias``; what `scipy.sparse.save_npz` wrote; or
        ``adjacency_matrix`` alone; an ``.npz`` with the names of a state dict is one.
        ``.graphml`` and the ``.npz`` of `write`: what `read` reads.
    groups : mapping of str to int, optional
        Of convolutions in a state, as for `state_layers`.
    key : str, optional
        Where in a file of torch the state lies, such as ``"net"`` or ``"model.ema"``.
    masks, order, links
        As for `state_layers`.
    transpose : bool or sequence of str
        As for `state_layers`; of matrices, those stored as (outputs, inputs).

    Returns
    -------
    list of igraph.Graph
        One graph per layer, with its ``name``.

    Raises
    ------
    InputError
        The file is missing, damaged, or of another kind.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     np.savez(folder + "/set.npz", w1=np.eye(3), w2=np.ones((3, 2)))
    ...     [one.ecount() for one in read_layers(folder + "/set.npz")]
    [3, 6]
    """
    path = Path(path)
    known = (*STATES, *MATRICES, ".graphml")
    fits = [one for one in known if path.name.lower().endswith(one)]
    if not fits:
        raise InputError(
            f"a file of layers must end in {', '.join(known)}; got {path.name!r}"
        )
    suffix = max(fits, key=len)
    if suffix == ".bin" and path.name.endswith(".index.json"):
        suffix = ".index.json"
    _check_options(path, suffix, groups=groups, key=key, masks=masks, links=links)
    if not path.is_file():
        raise InputError(
            f"no layers can be read from {path}: it is {instead_of_file(path)}"
        )
    options: dict[str, Any] = {"masks": masks, "order": order, "transpose": transpose}

    def state(found: Mapping[str, Any]) -> list[Graph]:
        return state_layers(found, groups, links=links, **options)

    def matrices(found: Mapping[str, Triplets]) -> list[Graph]:
        return matrix_layers(found, **options)

    readers: dict[str, Callable[[], list[Graph]]] = {
        ".safetensors": lambda: state(read_safetensors(path)),
        ".onnx": lambda: state(_child(parse_onnx, path, "ONNX")),
        **dict.fromkeys(TORCH, lambda: state(read_torch(path, key))),
        **dict.fromkeys(INDEX, lambda: state(read_index(path))),
        ".mat": lambda: matrices(_child(parse_mat, path, "MATLAB")),
        ".npz": lambda: _read_npz(path, state, matrices),
        ".graphml": lambda: _apart(read(path)),
    }
    try:
        return readers[suffix]()
    except (InputError, OSError) as error:
        raise InputError(f"no layers can be read from {path}: {error}") from error


def _apart(graph: Graph) -> list[Graph]:
    """Give a single layer with all it holds, and the layers of a stack."""
    return [graph] if len(sizes(graph)) == 2 else layers(graph)


def _check_options(path: Path, suffix: str, **given: Any) -> None:
    """Refuse options that have no meaning for a kind of file."""
    ours = {
        "groups": (*STATES, ".npz"),
        "key": TORCH,
        "masks": (*STATES, *MATRICES),
        "links": (*STATES, ".npz"),
    }
    for name, value in given.items():
        if value not in (None, "slices") and suffix not in ours[name]:
            what = {"groups": "a state dict", "key": "a file of torch"}
            raise InputError(
                f"{name} are those of {what.get(name, 'weights in arrays')}; got "
                f"{path.name!r}"
            )


def _child(parse: Callable[..., Any], path: Path, kind: str) -> Any:
    what = f"the {kind} file {path.name}"
    return guarded(parse, path, what=what, **allowance(path))


def _read_npz(
    path: Path,
    state: Callable[[Mapping[str, Any]], list[Graph]],
    matrices: Callable[[Mapping[str, Triplets]], list[Graph]],
) -> list[Graph]:
    arrays = npz_arrays(path)
    if set(arrays) == set(ARRAYS):
        return layers(read(path))
    if {"format", "shape", "data"} <= set(arrays):
        return matrices({"the matrix": _sparse(arrays)})
    if "inputLayerConnections" in arrays:
        raise InputError(
            "inputLayerConnections in it, of SET, counts the links of every input and "
            "does not tell where they lead; save the matrices with "
            "scipy.sparse.save_npz"
        )
    if any(name.rpartition(".")[2] == "weight" for name in arrays):
        return state(arrays)
    return matrices({name: triplets(name, one) for name, one in arrays.items()})


def _sparse(arrays: Mapping[str, NDArray[Any]]) -> Triplets:
    """Read the arrays of `scipy.sparse.save_npz`, held against each other."""
    form, shape, data = arrays["format"], arrays["shape"], arrays["data"]
    kind = bytes(form.tobytes()).replace(b"\0", b"").decode("ascii", "replace")
    needs = {"coo": ("row", "col")}.get(kind, ("indices", "indptr"))
    if kind not in ("csr", "csc", "coo") or not set(needs) <= set(arrays):
        raise InputError(
            f"its sparse format {kind!r} is none of csr, csc and coo, or not whole; "
            "convert with tocsr() before saving"
        )
    parts = [arrays[name] for name in needs]
    whole = all(one.ndim == 1 and one.dtype.kind in "iu" for one in (shape, *parts))
    real = data.ndim == 1 and data.dtype.kind in "biuf"
    if not (whole and real and shape.size == 2 and shape.min() > 0):
        raise InputError("its arrays are not those of a sparse matrix of real numbers")
    n_in, n_out = shape.tolist()
    if kind == "coo":
        row, column = parts
    else:
        indices, pointer = (one.astype(np.int64) for one in parts)
        counts = np.diff(pointer)
        rows = n_in if kind == "csr" else n_out
        ends = pointer.size == rows + 1 and pointer[0] == 0 <= counts.min(initial=0)
        if not ends or pointer[-1] != data.size:
            raise InputError("its index pointers do not fit its shape and data")
        major = np.repeat(np.arange(rows), counts)
        row, column = (major, indices) if kind == "csr" else (indices, major)
    if not row.size == column.size == data.size:
        raise InputError("its indices are not as many as its data")
    return (n_in, n_out), row, column, data
