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


def parse_mat(path: Path) -> dict[str, Triplets]:
    """Read matrices with scipy: what the child process does.

    Returns
    -------
    dict
        Shape, rows, columns and values by name, in the order of the file:
        ``adjacency_matrix`` alone if there is one, or else all.
    """
    try:
        held = whosmat(path)
        matrices = [name for name, shape, _ in held if len(shape) == 2]
        if "adjacency_matrix" in matrices:
            matrices = ["adjacency_matrix"]
        if not matrices or (
            len(matrices) < len(held) and matrices[0] != "adjacency_matrix"
        ):
            names = ", ".join(name for name, _, _ in held) or "none"
            raise InputError(
                "it must hold matrices of two dimensions alone, or one called "
                f"adjacency_matrix; it holds {names}"
            )
        for name, shape, kind in held:
            if name in matrices and kind != "sparse" and 8 * prod(shape) > MOST_BYTES:
                raise InputError(f"{name} in it has shape {shape}, too large to read")
        found = loadmat(path, variable_names=matrices)
    except NotImplementedError:
        raise InputError(
            "it is of MATLAB 7.3; save it as version 7, with save -v7"
        ) from None
    return {name: triplets(name, found[name]) for name in matrices}


def triplets(name: str, matrix: Any) -> Triplets:
    """Give rows, columns and values of what a matrix holds."""
    if issparse(matrix):
        stored = coo_array(matrix)
        return tuple(map(int, matrix.shape)), *stored.coords, stored.data
    if not isinstance(matrix, np.ndarray) or matrix.dtype.kind not in "biuf":
        raise InputError(f"{name} in it is no matrix of real numbers")
    if matrix.ndim != 2:  # for the biases of a matrix
        flat = matrix.reshape(-1) if matrix.ndim == 1 else matrix.reshape(-1)[:0]
        return matrix.shape, np.arange(len(flat)), np.zeros(len(flat), int), flat
    row, column = np.nonzero(matrix)
    return matrix.shape, row, column, matrix[row, column]
