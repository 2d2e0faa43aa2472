"""Matrices of MATLAB files, parsed by scipy; torch is not loaded for it."""

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat, whosmat
from scipy.sparse import coo_array, issparse

from netrobust.core.errors import InputError

#: Shape, rows, columns and values of a matrix.
Triplets = tuple[tuple[int, ...], NDArray[Any], NDArray[Any], NDArray[Any]]

MOST_BYTES = 2**33  # of one matrix in memory


def parse_mat(path: Path) -> tuple[str, Triplets]:
    """Read an adjacency matrix with scipy: what the child process does.

    Returns
    -------
    name : str
    triplets : tuple
        Its shape, rows, columns and values.
    """
    try:
        found = {name: shape for name, shape, _ in whosmat(path)}
        sparse = {name: kind == "sparse" for name, _, kind in whosmat(path)}
        matrices = [name for name, shape in found.items() if len(shape) == 2]
        if "adjacency_matrix" in matrices:
            matrices = ["adjacency_matrix"]
        if len(matrices) != 1:
            raise InputError(
                "it must hold one matrix, or one called adjacency_matrix; it holds "
                f"{', '.join(found) or 'none'}"
            )
        (name,) = matrices
        if 8 * prod(found[name]) > MOST_BYTES and not sparse[name]:
            raise InputError(f"{name} in it has shape {found[name]}, too large to read")
        matrix = loadmat(path, variable_names=[name])[name]
    except NotImplementedError:
        raise InputError(
            "it is of MATLAB 7.3; save it as version 7, with save -v7"
        ) from None
    return name, triplets(name, matrix)


def triplets(name: str, matrix: Any) -> Triplets:
    """Give rows, columns and values of what a matrix holds."""
    if issparse(matrix):
        stored = coo_array(matrix)
        return tuple(map(int, matrix.shape)), *stored.coords, stored.data
    if not isinstance(matrix, np.ndarray) or matrix.dtype.kind not in "biuf":
        raise InputError(f"{name} in it is no matrix of real numbers")
    row, column = np.nonzero(matrix)
    return matrix.shape, row, column, matrix[row, column]
