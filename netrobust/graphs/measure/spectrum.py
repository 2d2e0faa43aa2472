"""Spectra: of the links as they are, and of the weights they carry."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netrobust.core.errors import InputError
from netrobust.graphs.measure.base import (
    MEASURES,
    NAN,
    BipartiteLayer,
    over_layers,
    sparse,
    split,
)

if TYPE_CHECKING:
    from igraph import Graph

# Up to this smaller side a full decomposition takes less time than an iteration.
_SMALL = 64


def singular_values(layer: "Graph") -> NDArray[np.float64]:
    """Give all singular values of the weights of a layer, the largest first.

    Parameters
    ----------
    layer : igraph.Graph
        A single layer; its matrix is made full, 8 bytes per place.

    Returns
    -------
    ndarray of float64, shape (min(sizes),)

    Raises
    ------
    InputError
        The graph is a stack, or breaks the graph contract.

    Examples
    --------
    >>> from netrobust.graphs.contract import from_links
    >>> singular_values(from_links([2, 2], [0, 1], [2, 3], [1, -3]))
    array([3., 1.])
    """
    parts = split(layer)
    if len(parts) > 1:
        raise InputError(
            f"singular_values takes a single layer; got a stack of {len(parts)}: take "
            "them one by one from layers(graph)"
        )
    return np.linalg.svd(parts[0].weights().toarray(), compute_uv=False)


@MEASURES.register(needs_stack=True)
def spectral_radius(graph: "Graph") -> float:
    """Find the largest eigenvalue of the adjacency matrix.

    Links count 1 in both directions, whatever they weigh, and a stack is one graph. It
    lies between the mean and the largest number of links of a neuron; of a single
    layer it is the largest singular value of the mask. 0 without links.

    Notes
    -----
    Its inverse estimates the share of links at which a graph falls apart when links
    are removed at random: Bollobas et al. (2010), https://doi.org/10.1214/09-AOP478

    Examples
    --------
    >>> from netrobust.graphs.contract import from_links
    >>> round(spectral_radius(from_links([1, 4], [0] * 4, [1, 2, 3, 4], [1] * 4)), 6)
    2.0
    """
    layers = split(graph)
    # Depths alternate between the two sides of one bipartite graph, and its matrix has
    # the singular values that the symmetric one has as eigenvalues of either sign.
    rows, columns, start = [], [], 0
    for k, layer in enumerate(layers):
        ends = layer.source + start, layer.target + start + layer.n_in
        rows.append(ends[k % 2])
        columns.append(ends[1 - k % 2])
        start += layer.n_in
    row, column = (
        np.unique(np.concatenate(side), return_inverse=True) for side in (rows, columns)
    )
    shape = row[0].size, column[0].size
    return _largest(sparse(row[1], column[1], np.ones(row[1].size), shape))


@MEASURES.register
def largest_singular_value(graph: "Graph") -> float:
    """Find the largest singular value of the weights: how far a layer can stretch.

    Of a stack it is the product over layers, which bounds how much the outputs of the
    last depth can change with the inputs where neurons are rectified; biases and head
    play no part. 0 where a layer has no link.

    Notes
    -----
    Szegedy et al. (2014), section 4.3, https://doi.org/10.48550/arXiv.1312.6199

    Examples
    --------
    >>> from netrobust.graphs.contract import from_links
    >>> largest_singular_value(from_links([1, 1, 1], [0, 1], [1, 2], [2, -3]))
    6.0
    """
    return float(np.prod([_largest(layer.weights()) for layer in split(graph)]))


@MEASURES.register
def stable_rank(graph: "Graph") -> float:
    """Divide the sum of squared weights by the largest squared singular value.

    Between 1 and the rank: in how many directions a layer stretches about as far as in
    the first. Of a stack it is the mean over layers; NaN where all weights are 0.

    Notes
    -----
    Rudelson and Vershynin (2007), https://doi.org/10.1145/1255443.1255449

    Examples
    --------
    >>> from netrobust.graphs.contract import from_links
    >>> stable_rank(from_links([2, 2], [0, 1], [2, 3], [2, 1]))
    1.25
    """
    return over_layers(graph, _stable_rank)


def _stable_rank(layer: BipartiteLayer) -> float:
    matrix = layer.weights()
    if not (largest := _largest(matrix)):
        return NAN
    return float(((matrix.data / largest) ** 2).sum())


def _largest(matrix: Any) -> float:
    """Find the largest singular value of a sparse matrix."""
    if not (scale := np.abs(matrix.data).max(initial=0)):
        return 0.0
    scaled = matrix / scale  # the iteration below stops at an absolute precision
    if min(matrix.shape) <= _SMALL:
        return float(scale * np.linalg.norm(scaled.toarray(), 2))
    from scipy.sparse.linalg import svds

    # A start that is drawn anew would change the last digits.
    start = np.random.default_rng(0).random(min(matrix.shape)) + 0.5
    (found,) = svds(scaled, k=1, v0=start, return_singular_vectors=False)
    return float(scale * found)
