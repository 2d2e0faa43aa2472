"""Scipy's sparse matrices: a layer is a matrix whose rows are sources.

That is how SET (Mocanu et al., 2018, https://doi.org/10.1038/s41467-018-04316-3) holds
a layer. What a matrix stores is a link, explicit zeros included: SET grows links with
weight 0. A matrix has no biases and no depth, and in the row format no order of links.
"""

from pathlib import Path
from typing import Any

import numpy as np
from igraph import Graph
from numpy.typing import ArrayLike
from scipy.sparse import coo_array, csr_array, issparse, save_npz

from netrobust.convert.layer import check_size
from netrobust.convert.matlab import Triplets
from netrobust.core.atomic_files import replacing
from netrobust.core.errors import InputError
from netrobust.graphs.graph import check, from_links, links, sizes


def from_scipy(
    matrix: Any, bias: ArrayLike | None = None, first_depth: int = 0
) -> Graph:
    """Make a layer of a sparse matrix.

    Parameters
    ----------
    matrix : scipy sparse matrix or array, shape (sources, targets)
        Every stored number is a link, 0 included.
    bias : array_like, shape (targets,), optional
        0 if not given.
    first_depth : int
        Depth of the sources.

    Returns
    -------
    igraph.Graph
        With the links in the order in which the matrix stores them.

    Raises
    ------
    InputError
        It is no sparse matrix, or breaks the graph contract.

    Examples
    --------
    >>> graph = from_scipy(csr_array([[0, 0.5], [-1, 0]]))
    >>> graph.get_edgelist(), graph.es["weight"]
    ([(0, 3), (1, 2)], [0.5, -1.0])
    """
    if not issparse(matrix) or len(matrix.shape) != 2:
        raise InputError(
            "a matrix must be a sparse one of scipy, of shape (sources, targets); got "
            f"{type(matrix).__name__}"
        )
    stored = coo_array(matrix)
    found = matrix.shape, *stored.coords, stored.data
    return from_triplets(found, "the matrix", bias, first_depth)


def from_triplets(
    triplets: Triplets,
    name: str,
    bias: ArrayLike | None = None,
    first_depth: int = 0,
) -> Graph:
    """Make a layer of rows, columns and values; `name` says of what, in messages."""
    shape, row, column, value = triplets
    n_in, n_out = (int(count) for count in shape)
    check_size(name, n_in, n_out)
    own = np.zeros(n_out) if bias is None else np.asarray(bias)
    if own.shape != (n_out,):
        raise InputError(
            f"bias must give one value for each of the {n_out} targets; got shape "
            f"{own.shape}"
        )
    weight = value.astype(np.float32) if value.dtype.kind == "b" else value
    return from_links(
        (n_in, n_out),
        row.astype(np.int64),
        column.astype(np.int64) + n_in,
        weight,
        np.concatenate([np.zeros(n_in), own]),
        first_depth,
    )


def to_scipy(layer: Graph) -> csr_array:
    """Give the weights of a layer as a sparse array of rows.

    Parameters
    ----------
    layer : igraph.Graph
        A single layer.

    Returns
    -------
    scipy.sparse.csr_array of float32, shape (sources, targets)
        Links of weight 0 are stored zeros.

    Raises
    ------
    InputError
        It is a stack, or breaks the graph contract.

    Examples
    --------
    >>> to_scipy(from_links([2, 2], [0, 1], [3, 2], [0.5, -1])).toarray().tolist()
    [[0.0, 0.5], [-1.0, 0.0]]
    """
    counts = sizes(check(layer))
    if len(counts) != 2:
        raise InputError(
            f"a matrix holds a single layer; got a stack of {len(counts) - 1}: take "
            "its layers one by one"
        )
    source, target, weight = links(layer)
    return csr_array((weight, (source, target - counts[0])), shape=counts)


def write_scipy(layer: Graph, path: str | Path) -> None:
    """Write the weights of a layer to a file that `scipy.sparse.load_npz` reads.

    Parameters
    ----------
    layer : igraph.Graph
        A single layer.
    path : str or Path
        Ends in ``.npz``; its folder is made if need be.

    Raises
    ------
    InputError
        It is a stack, the suffix is another one, or the place cannot be written to.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from scipy.sparse import load_npz
    >>> with TemporaryDirectory() as folder:
    ...     write_scipy(from_links([1, 1], [0], [1], [0.5]), folder + "/layer.npz")
    ...     load_npz(folder + "/layer.npz").toarray()
    array([[0.5]], dtype=float32)
    """
    path, matrix = Path(path), to_scipy(layer)
    if path.suffix.lower() != ".npz":
        raise InputError(f"a file of scipy must end in .npz; got {path.name!r}")
    with replacing(path) as part, part.open("wb") as file:
        save_npz(file, matrix)
