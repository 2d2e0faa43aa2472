"""Links that start and move at random: their degrees, places tried and survival."""

from typing import Any, overload

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom

from netrobust.core.errors import InputError
from netrobust.core.settings import share, whole

#: Of one side of a layer, whose degrees are written out.
MOST_NEURONS = 10**7


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
    whole("own", own, 1, MOST_NEURONS)
    whole("other", other, 1, MOST_NEURONS)
    whole("links", links, 0, own * other)
    degrees = np.arange(other + 1)
    return np.asarray(hypergeom.pmf(degrees, own * other, other, links), np.float64)


@overload
def itop_rate(density: float, zeta: float, updates: int) -> float: ...
@overload
def itop_rate(
    density: float, zeta: float, updates: NDArray[np.integer[Any]]
) -> NDArray[np.float64]: ...
def itop_rate(
    density: float, zeta: float, updates: int | NDArray[np.integer[Any]]
) -> float | NDArray[np.float64]:
    """Give the mean share of places that ever held a link, if links grow at random.

    After an update has dropped the share zeta of the links, ``1 - (1 - zeta) d`` of
    the places are free and the share zeta d grows on them, so that a place without a
    link gets one with probability ``q = zeta d / (1 - (1 - zeta) d)``, whatever was
    dropped, and ``1 - (1 - d) (1 - q)**T`` of all places held one at the start or
    after one of T updates.

    Parameters
    ----------
    density : float
        Share d of the places that hold a link, in [0, 1]; updates keep it.
    zeta : float
        Share of the links that an update drops, in [0, 1]: the dropped count over the
        links, where that count is rounded.
    updates : int or ndarray of int
        Number T of updates, from 0 on.

    Returns
    -------
    float, or ndarray of float64 of the shape of `updates`

    Raises
    ------
    InputError
        A number is outside its range.

    Notes
    -----
    Exact for links that start and grow uniformly at random on all free places, those
    just dropped included. The measured share is the in-time over-parameterisation of
    Liu et al., ICML 2021, https://doi.org/10.48550/arXiv.2102.02887

    Examples
    --------
    >>> round(itop_rate(0.01, 0.3, 100), 3)
    0.268
    >>> itop_rate(0.01, 0.3, np.array([0, 1])).round(4)
    array([0.01 , 0.013])
    """
    drawn = _chance_to_grow(density, zeta)
    return _alike(1 - (1 - density) * (1 - drawn) ** _count(updates))


@overload
def link_survival(density: float, zeta: float, updates: int) -> float: ...
@overload
def link_survival(
    density: float, zeta: float, updates: NDArray[np.integer[Any]]
) -> NDArray[np.float64]: ...
def link_survival(
    density: float, zeta: float, updates: int | NDArray[np.integer[Any]]
) -> float | NDArray[np.float64]:
    """Give the mean share of first links that are there later, if all moves at random.

    A place is a Markov chain of two states, with a link and without, whose stationary
    share of links is the density d and whose correlation falls at every update by its
    second eigenvalue ``(1 - zeta) (1 - q)``, q as in `itop_rate`; so a place that held
    a link at the start holds one after T updates with probability
    ``d + (1 - d) ((1 - zeta) (1 - q))**T``.

    Parameters
    ----------
    density, zeta, updates
        As in `itop_rate`.

    Returns
    -------
    float, or ndarray of float64 of the shape of `updates`

    Raises
    ------
    InputError
        A number is outside its range.

    Notes
    -----
    Exact if the dropped links are drawn uniformly at random, too: sparse evolutionary
    training, Mocanu et al. (2018), https://doi.org/10.1038/s41467-018-04316-3, with
    removal at random. Links that were dropped and came back count. What a trained
    network has above this share is memory that learning made.

    Examples
    --------
    >>> round(link_survival(0.01, 0.3, 1), 4)
    0.7009
    >>> link_survival(0.01, 0.3, np.array([0, 10**6])).round(4)
    array([1.  , 0.01])
    """
    drawn = _chance_to_grow(density, zeta)
    stays = (1 - zeta) * (1 - drawn)
    return _alike(density + (1 - density) * stays ** _count(updates))


def _chance_to_grow(density: float, zeta: float) -> float:
    """Give the chance that a place without a link gets one at an update."""
    share("density", density)
    share("zeta", zeta)
    dropped = zeta * density
    free = 1 - density + dropped
    return dropped / free if free else 0.0


def _count(updates: int | NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    count = np.asarray(updates)
    if count.dtype.kind not in "iu" or (count < 0).any():
        raise InputError(f"updates must be integers, 0 or larger; got {updates!r}")
    return count.astype(np.float64)


def _alike(law: NDArray[np.floating]) -> float | NDArray[np.float64]:
    """Give a number for a number, an array for an array."""
    return law.astype(np.float64) if law.ndim else float(law)
