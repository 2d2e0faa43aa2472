"""Exact predictions that measurements must meet."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom


def erdos_renyi_degrees(own: int, other: int, links: int) -> NDArray[np.float64]:
    """Give the degree distribution of a random bipartite layer with fixed link count.

    Of the ``own * other`` places of the layer `links` are taken at random and `other`
    of them are those of one neuron, so its degree is hypergeometric.

    Parameters
    ----------
    own : int
        Neurons on the side whose degrees are asked for.
    other : int
        Neurons on the other side: the largest possible degree.
    links : int

    Returns
    -------
    ndarray of float64, shape (other + 1,)
        Probability of the degrees 0 to `other`.

    Notes
    -----
    The random graph with a fixed number of links of Erdos and Renyi (1959),
    https://doi.org/10.5486/PMD.1959.6.3-4.12, restricted to two sides.

    Examples
    --------
    >>> erdos_renyi_degrees(own=2, other=2, links=2).round(4)
    array([0.1667, 0.6667, 0.1667])
    """
    return hypergeom.pmf(np.arange(other + 1), own * other, other, links)
