"""Files of other programs, each read as a list of layers.

What the repositories of two methods write, as read off their sources:

* CHT and CHTs (Zhang, Muscoloni and Cannistraci) save the mask of each layer and epoch
  as ``adj_<layer>/<epoch>.mat``, whose one variable ``adjacency_matrix`` has the shape
  (inputs, outputs) and holds 0 or 1. It tells no weights: links weigh what it says.
* SET (Mocanu et al.) holds each layer as a sparse matrix of rows (inputs, outputs),
  which `scipy.sparse.save_npz` writes; its own ``*_input_connections.npz`` count links
  per input, and no topology can be had from them.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from igraph import Graph
from numpy.typing import NDArray

from netrobust.convert.matlab import Triplets, parse_mat, triplets
from netrobust.convert.scipy_matrices import from_triplets
from netrobust.convert.state_dicts import read_pt, read_safetensors, state_layers
from netrobust.core.errors import InputError
from netrobust.core.isolated_parser import allowance, guarded
from netrobust.graphs.files import ARRAYS, npz_arrays
from netrobust.graphs.graph import layers, read


def read_layers(
    path: str | Path, groups: Mapping[str, int] | None = None
) -> list[Graph]:
    """Read the layers of a network that another program wrote.

    Parameters
    ----------
    path : str or Path
        ``.safetensors``, ``.pt`` or ``.pth``: a state dict, see `state_layers`; a
        pickled module is refused. ``.mat``: an adjacency matrix of shape (inputs,
        outputs), called ``adjacency_matrix`` or the only matrix there. ``.npz``: what
        `scipy.sparse.save_npz` or `write` wrote, or one matrix of that shape per layer.
        ``.graphml``: what `read` reads.
    groups : mapping of str to int, optional
        Of convolutions in a state, as for `state_layers`.

    Returns
    -------
    list of igraph.Graph
        One graph per layer.

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
    suffix = path.suffix.lower()
    if groups and suffix not in (".safetensors", ".pt", ".pth"):
        raise InputError(f"groups are those of a state dict; got {path.name!r}")
    readers: dict[str, Callable[[], list[Graph]]] = {
        ".safetensors": lambda: state_layers(read_safetensors(path), groups),
        ".pt": lambda: state_layers(read_pt(path), groups),
        ".pth": lambda: state_layers(read_pt(path), groups),
        ".mat": lambda: _read_mat(path),
        ".npz": lambda: _read_npz(path),
        ".graphml": lambda: layers(read(path)),
    }
    if suffix not in readers:
        raise InputError(
            f"a file of layers must end in {', '.join(readers)}; got {path.name!r}"
        )
    if not path.is_file():
        what = "a folder" if path.is_dir() else "missing"
        raise InputError(f"no layers can be read from {path}: it is {what}")
    try:
        return readers[suffix]()
    except (InputError, OSError) as error:
        raise InputError(f"no layers can be read from {path}: {error}") from error


def _read_mat(path: Path) -> list[Graph]:
    what = f"the MATLAB file {path.name}"
    name, found = guarded(parse_mat, path, what=what, **allowance(path))
    graph = from_triplets(found, name)
    graph["name"] = name
    return [graph]


def _read_npz(path: Path) -> list[Graph]:
    arrays = npz_arrays(path)
    if set(arrays) == set(ARRAYS):
        return layers(read(path))
    if {"format", "shape", "data"} <= set(arrays):
        return [from_triplets(_sparse(arrays), "the matrix")]
    if "inputLayerConnections" in arrays:
        raise InputError(
            "inputLayerConnections in it, of SET, counts the links of every input and "
            "does not tell where they lead; save the matrices with "
            "scipy.sparse.save_npz"
        )
    graphs: list[Graph] = []
    for name, matrix in arrays.items():
        if matrix.ndim != 2:
            raise InputError(
                f"it must hold a sparse matrix of scipy, or matrices of 2 dimensions, "
                f"one per layer; {name} has {matrix.ndim}"
            )
        goes_on = graphs and sum(graphs[-1].vs["type"]) == matrix.shape[0]
        depth = graphs[-1].vs[-1]["depth"] + (not goes_on) if graphs else 0
        graph = from_triplets(triplets(name, matrix), name, first_depth=depth)
        graph["name"] = name
        graphs.append(graph)
    if not graphs:
        raise InputError("it holds no array")
    return graphs


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
