"""How many links each sparse layer has: a family of rules, and the counts.

A rule is a function ``(sizes, density) -> densities``: `sizes` are the neurons per
depth from the input to the last hidden layer, `density` the share of all possible
links that the sparse layers have together; there is one density per layer.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from netrobust.core.errors import InputError
from netrobust.core.registry import Registry
from netrobust.core.settings import number, share, whole

Densities: TypeAlias = Callable[[Sequence[int], float], list[float]]

DENSITIES: Registry[Densities] = Registry("rule of densities")


@DENSITIES.register
def uniform(sizes: Sequence[int], density: float) -> list[float]:
    """Give every layer the same density.

    Raises
    ------
    InputError
        The density is no number in [0, 1].

    Examples
    --------
    >>> uniform((784, 1000, 1000, 1000), 0.01)
    [0.01, 0.01, 0.01]
    """
    return [share("density", density)] * (len(sizes) - 1)


@DENSITIES.register
def erk(sizes: Sequence[int], density: float) -> list[float]:
    """Give small layers more: links in proportion to the neurons of both sides.

    The density of a layer is ``eps * (n_in + n_out) / (n_in * n_out)``, with eps such
    that all layers together have as many links as under `uniform`. Layers that would
    have more links than places are complete, and eps is that of the others.

    Raises
    ------
    InputError
        The density is no number in [0, 1].

    Notes
    -----
    The Erdos-Renyi(-kernel) rule of Mocanu et al. 2018,
    https://doi.org/10.1038/s41467-018-04316-3, and Evci et al. 2020,
    https://proceedings.mlr.press/v119/evci20a.html

    Examples
    --------
    >>> [round(one, 4) for one in erk((784, 300, 100), 0.1)]
    [0.0824, 0.2383]
    >>> [round(one, 4) for one in erk((784, 300, 10), 0.1)]
    [0.0885, 1.0]
    """
    neurons = [n_in + n_out for n_in, n_out in pairwise(sizes)]
    return _in_proportion(neurons, sizes, density)


@DENSITIES.register
def in_degree(sizes: Sequence[int], density: float) -> list[float]:
    """Give all hidden neurons the same mean in-degree.

    All layers together have as many links as under `uniform`. Layers that would have
    more links than places are complete, and the others share the rest.

    Raises
    ------
    InputError
        The density is no number in [0, 1].

    Examples
    --------
    >>> [round(one, 4) for one in in_degree((784, 2000, 1000), 0.01)]
    [0.0152, 0.0059]
    """
    return _in_proportion(sizes[1:], sizes, density)


def _in_proportion(
    parts: Sequence[int], sizes: Sequence[int], density: float
) -> list[float]:
    """Give densities with links in these proportions, as far as layers have places."""
    neurons = np.array(parts, float)
    places = np.array([n_in * n_out for n_in, n_out in pairwise(sizes)], float)
    links = share("density", density) * places.sum()
    complete = np.zeros(places.size, bool)
    while not complete.all():
        eps = (links - places[complete].sum()) / neurons[~complete].sum()
        found = np.where(complete, 1, eps * neurons / places)
        if (found <= 1).all():
            return [float(one) for one in found]
        complete |= found > 1
    return [1.0] * places.size


def link_counts(densities: Sequence[float], sizes: Sequence[int]) -> list[int]:
    """Give the links of every layer: the whole number nearest to its density.

    Parameters
    ----------
    densities : sequence of float
        One per layer.
    sizes : sequence of int
        Neurons per depth, from the input to the last hidden layer.

    Examples
    --------
    >>> sizes = (784, 1000, 1000, 1000)
    >>> link_counts(uniform(sizes, 0.01), sizes)
    [7840, 10000, 10000]
    """
    layers = zip(densities, pairwise(sizes), strict=True)
    return [round(density * n_in * n_out) for density, (n_in, n_out) in layers]


def sparsity_at(mean_in_degree: float, sizes: Sequence[int]) -> float:
    """Give the sparsity at which hidden neurons receive so many links on average.

    Parameters
    ----------
    mean_in_degree : float
        Links of all sparse layers over the neurons that they enter.
    sizes : sequence of int
        Neurons per depth, from the input to the last hidden layer.

    Returns
    -------
    float
        For ``TrainConfig(sparsity=...)``. With ``densities="in_degree"`` every layer
        then has this mean in-degree; with ``"erk"`` links are shared in proportion to
        the neurons of both sides, as very wide networks need.

    Raises
    ------
    InputError
        Neurons cannot receive so many links.

    Examples
    --------
    >>> round(sparsity_at(10, (3312, 333_000, 333_000, 333_000)), 7)
    0.9999552
    """
    sizes = [whole("each of the sizes", size, least=1) for size in sizes]
    if len(sizes) < 2:
        raise InputError(f"sizes must name two depths at least; got {sizes}")
    places = sum(n_in * n_out for n_in, n_out in pairwise(sizes))
    most = places / sum(sizes[1:])
    return 1 - number("mean_in_degree", mean_in_degree, 0, most) / most
