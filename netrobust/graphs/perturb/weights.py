"""Changes of weights: noise, signs, coarser values, and dealing them out anew.

Which links are chosen first is random, unless the name says otherwise.
"""

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray

from netrobust.core.errors import InputError
from netrobust.core.settings import number, whole
from netrobust.graphs.damage import Ids, Links
from netrobust.graphs.perturb.base import Mask, by, one_of
from netrobust.graphs.perturb.reweight import reweighting

if TYPE_CHECKING:
    from igraph import Graph

Weights = NDArray[np.float64]
Amplitude = Annotated[float, partial(number, least=0)]


def _bits(name: str, value: Any) -> int:
    if (bits := whole(name, value, 2)) > 24:
        raise InputError(f"{name} must be at most 24, those of a float32; got {bits}")
    return bits


def _weakest_first(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    return by(np.abs(Links.of(graph).weight), rng)


def _mean(links: Links, values: Weights) -> Weights:
    """Give, at every link, the mean of values over the links of its layer."""
    total, count = np.bincount(links.layer, values), np.bincount(links.layer)
    mean: Weights = total[links.layer] / count[links.layer]
    return mean


def _deviation(links: Links) -> Weights:
    """Give, at every link, the standard deviation of the weights of its layer."""
    weight = links.weight.astype(np.float64)
    return np.sqrt(_mean(links, (weight - _mean(links, weight)) ** 2))


@reweighting(elementwise=True)
def gaussian_noise(
    graph: "Graph | Links",
    rng: np.random.Generator,
    chosen: Mask,
    *,
    amplitude: Amplitude = 1.0,
) -> Weights:
    """Add normal noise to weights, of `amplitude` standard deviations of the layer.

    The noise has mean 0 and standard deviation `amplitude` times that of the weights of
    the intact layer. That of a link does not depend on the fraction.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.graphs.perturb import PERTURBATIONS
    >>> graph = from_links([2, 1], [0, 1], [2, 2], [1, 3])
    >>> PERTURBATIONS["gaussian_noise"](graph, np.random.default_rng(0), 0.5).weight
    array([0.21204151, 3.        ], dtype=float32)
    """
    links = Links.of(graph)
    noise = rng.standard_normal(len(links.weight))
    return links.weight + amplitude * _deviation(links) * noise


@reweighting(elementwise=True)
def uniform_noise(
    graph: "Graph | Links",
    rng: np.random.Generator,
    chosen: Mask,
    *,
    amplitude: Amplitude = 1.0,
) -> Weights:
    """Add uniform noise to weights, up to `amplitude` standard deviations of the layer.

    The noise is uniform on [-a, a], a being `amplitude` times the standard deviation of
    the weights of the intact layer. That of a link does not depend on the fraction.

    Notes
    -----
    Jankowski et al. (2025), https://arxiv.org/abs/2508.05463, with a in absolute units.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.graphs.perturb import PERTURBATIONS
    >>> graph = from_links([2, 1], [0, 1], [2, 2], [1, 3])
    >>> PERTURBATIONS["uniform_noise"](graph, np.random.default_rng(0), 0.5).weight
    array([0.90389836, 3.        ], dtype=float32)
    """
    links = Links.of(graph)
    noise = rng.uniform(-1, 1, len(links.weight))
    return links.weight + amplitude * _deviation(links) * noise


@reweighting
def random_sign_flips(
    graph: "Graph | Links", rng: np.random.Generator, chosen: Mask
) -> Weights:
    """Turn the signs of weights, in uniformly random order.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.graphs.perturb import PERTURBATIONS
    >>> graph = from_links([2, 1], [0, 1], [2, 2], [1, -3])
    >>> PERTURBATIONS["random_sign_flips"](graph, np.random.default_rng(0), 1).weight
    array([-1.,  3.], dtype=float32)
    """
    return -Links.of(graph).weight.astype(np.float64)


@reweighting(order=_weakest_first)
def weakest_sign_flips(
    graph: "Graph | Links", rng: np.random.Generator, chosen: Mask
) -> Weights:
    """Turn the signs of weights, in rising order of absolute weight, ties at random.

    Notes
    -----
    Jankowski et al. (2025), https://arxiv.org/abs/2508.05463.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.graphs.perturb import PERTURBATIONS
    >>> graph = from_links([2, 1], [0, 1], [2, 2], [1, -3])
    >>> PERTURBATIONS["weakest_sign_flips"](graph, np.random.default_rng(0), 0.5).weight
    array([-1., -3.], dtype=float32)
    """
    return -Links.of(graph).weight.astype(np.float64)


@reweighting(elementwise=True)
def binarised(
    graph: "Graph | Links",
    rng: np.random.Generator,
    chosen: Mask,
    *,
    scale: Annotated[str, one_of(allowed=("mean", "unit"))] = "mean",
) -> Weights:
    """Reduce weights to their signs, times the mean absolute weight of the layer.

    The mean is that of the intact layer; ``scale="unit"`` takes 1 instead. A weight of
    0 has no sign and stays.

    Notes
    -----
    Jankowski et al. (2025), https://arxiv.org/abs/2508.05463, by 1; the mean keeps the
    size of the signal, Rastegari et al. (2016), https://arxiv.org/abs/1603.05279.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.graphs.perturb import PERTURBATIONS
    >>> graph = from_links([2, 1], [0, 1], [2, 2], [1, -3])
    >>> PERTURBATIONS["binarised"](graph, np.random.default_rng(0), 1).weight
    array([ 2., -2.], dtype=float32)
    """
    links = Links.of(graph)
    weight = links.weight.astype(np.float64)
    size = _mean(links, np.abs(weight)) if scale == "mean" else 1.0
    return np.where(weight == 0, weight, np.sign(weight) * size)


@reweighting(elementwise=True)
def quantised(
    graph: "Graph | Links",
    rng: np.random.Generator,
    chosen: Mask,
    *,
    bits: Annotated[int, _bits] = 4,
) -> Weights:
    """Round weights to the 2^bits - 1 evenly spaced levels of a symmetric quantiser.

    With m the largest absolute weight of the intact layer and
    ``n = 2**(bits - 1) - 1`` a weight w becomes ``round(n * w / m) * m / n``, halves
    going to the even level.

    Notes
    -----
    Krishnamoorthi (2018), https://arxiv.org/abs/1806.08342.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.graphs.perturb import PERTURBATIONS
    >>> graph = from_links([3, 1], [0, 1, 2], [3, 3, 3], [0.8, 2.1, -3])
    >>> PERTURBATIONS["quantised(bits=3)"](graph, np.random.default_rng(0), 1).weight
    array([ 1.,  2., -3.], dtype=float32)
    """
    links = Links.of(graph)
    weight = links.weight.astype(np.float64)
    most = np.zeros(len(links.sizes) - 1)
    np.maximum.at(most, links.layer, np.abs(weight))
    step = most[links.layer] / (2 ** (bits - 1) - 1)
    levels = np.rint(np.divide(weight, step, out=np.zeros_like(step), where=step > 0))
    return levels * step


@reweighting
def shuffled_weights(
    graph: "Graph | Links", rng: np.random.Generator, chosen: Mask
) -> Weights:
    """Deal weights out anew at random, each within its layer.

    The weights of the chosen links of a layer are permuted uniformly among these links,
    so at fraction 1 this is the null model ``shuffle_all``.

    Notes
    -----
    Jankowski et al. (2025), https://arxiv.org/abs/2508.05463, at fraction 1.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.graphs.perturb import PERTURBATIONS
    >>> graph = from_links([3, 1], [0, 1, 2], [3, 3, 3], [1, 2, 3])
    >>> PERTURBATIONS["shuffled_weights"](graph, np.random.default_rng(0), 1).weight
    array([3., 1., 2.], dtype=float32)
    """
    links = Links.of(graph)
    return _dealt(links, rng, chosen, links.layer)


@reweighting
def shuffled_weights_by_sign(
    graph: "Graph | Links", rng: np.random.Generator, chosen: Mask
) -> Weights:
    """Deal weights out anew at random, each within its layer and its sign.

    The weights of the chosen links of a layer are permuted uniformly among the chosen
    links of the same sign, so at fraction 1 this is the null model ``shuffle_by_sign``:
    every link keeps its sign. A weight of 0 is dealt as a positive one.

    Notes
    -----
    Jankowski et al. (2025), https://arxiv.org/abs/2508.05463, at fraction 1.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> from netrobust.graphs.perturb import PERTURBATIONS
    >>> graph = from_links([3, 1], [0, 1, 2], [3, 3, 3], [1, -2, 3])
    >>> shuffled = PERTURBATIONS["shuffled_weights_by_sign"]
    >>> shuffled(graph, np.random.default_rng(0), 1).weight
    array([ 3., -2.,  1.], dtype=float32)
    """
    links = Links.of(graph)
    return _dealt(links, rng, chosen, 2 * links.layer + (links.weight < 0))


def _dealt(
    links: Links, rng: np.random.Generator, chosen: Mask, group: NDArray[np.int64]
) -> Weights:
    """Permute the weights of the chosen links within each group of links."""
    weight, key = links.weight.astype(np.float64), rng.random(len(links.weight))
    ids = np.flatnonzero(chosen)
    there = ids[np.argsort(group[ids], kind="stable")]
    dealt = ids[np.lexsort((key[ids], group[ids]))]
    weight[there] = weight[dealt]
    return weight
