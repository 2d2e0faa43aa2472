"""What a signal needs: directed paths from the inputs to the last depth.

A neuron is of use if a path of kept links leads to it from an input and a path leads
on from it to the last depth, from which the dense head reads. Finite depth gives a
smooth crossover, not a threshold.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from netrobust.core.errors import InputError
from netrobust.core.settings import share, whole
from netrobust.graphs.damage import Links
from netrobust.graphs.theory.fixed_point import Floats
from netrobust.graphs.theory.numbers import layers, shares

if TYPE_CHECKING:
    from igraph import Graph


class Reach(NamedTuple):
    """Hold the shares of neurons on directed paths, depth by depth, the inputs first.

    Averaged over all depths but the first, weighted by their neurons, `functional` is
    the member `reach` of `MEASURES`, if all inputs are sources.

    Parameters
    ----------
    forward : ndarray of float64, shape (depths,)
        Share r that a path from an input leads to.
    backward : ndarray of float64, shape (depths,)
        Share b that a path leads on from to the last depth.
    functional : ndarray of float64, shape (depths,)
        Share of which both is true.
    """

    forward: Floats
    backward: Floats
    functional: Floats


def er_reach(
    sizes: Sequence[int], density: ArrayLike, p: float, inputs: float = 1.0
) -> Reach:
    """Give the reach of a stack of Erdos-Renyi layers.

    ``r_l = 1 - exp(-p d N_{l-1} r_{l-1})`` from ``r_0 = inputs`` on,
    ``b_l = 1 - exp(-p d N_{l+1} b_{l+1})`` from ``b_L = 1`` back, and both are true
    of the share ``r_l b_l``: the links into a neuron know nothing of those out of it.

    Parameters
    ----------
    sizes : sequence of int, shape (depths,)
        Neurons of each depth, the inputs first.
    density : float, or array_like of float, shape (depths - 1,)
        Of all layers, or of each.
    p : float
        Probability that a link is kept.
    inputs : float
        Share of the inputs that carry a signal: 717 of 784 pixels in MNIST.

    Returns
    -------
    Reach

    Raises
    ------
    InputError
        If a size is no positive integer, or another number not in [0, 1].

    Notes
    -----
    A branching process from depth to depth; for the two directions in random directed
    graphs see Dorogovtsev, Mendes and Samukhin (2001),
    https://doi.org/10.1103/PhysRevE.64.025101.

    Examples
    --------
    >>> er_reach([784, 1000, 1000, 1000], 0.01, p=0.2).functional.round(2)
    array([0.81, 0.65, 0.69, 0.8 ])
    """
    counts, dense = layers(sizes, density)
    dense = share("p", p) * dense
    forward, backward = np.ones(len(counts)), np.ones(len(counts))
    forward[0] = share("inputs", inputs)
    for k in range(1, len(counts)):
        forward[k] = -np.expm1(-dense[k - 1] * counts[k - 1] * forward[k - 1])
    for k in reversed(range(len(counts) - 1)):
        backward[k] = -np.expm1(-dense[k] * counts[k + 1] * backward[k + 1])
    return Reach(forward, backward, forward * backward)


def cm_reach(graph: "Graph | Links", p: float, inputs: ArrayLike = 1.0) -> Reach:
    """Give the reach of stacks that are random but for the degrees of a graph.

    ``r_l = 1 - sum P_l(k-) (1 - p rt_{l-1})^(k-)``, where ``rt_{l-1}`` is the share of
    the links out of depth l - 1 whose source is reached: there every neuron counts once
    for each of its k+ links. `backward` is the mirror image. Both are true of a neuron
    of degrees k- and k+ with the product of the two chances, so that hubs with many
    links on both sides count as what they are.

    Parameters
    ----------
    graph : igraph.Graph or Links
        Of which the in- and out-degrees of every neuron count.
    p : float
        Probability that a link is kept.
    inputs : float or array_like of float, shape (neurons of the first depth,)
        Chance of the inputs, or of each input, to carry a signal: 0 for pixels that
        are the same in all images.

    Returns
    -------
    Reach

    Raises
    ------
    InputError
        If the graph breaks the graph contract or a number is not in [0, 1].

    Notes
    -----
    As `er_reach`, with the degrees in place of their Poisson distribution.

    Examples
    --------
    >>> from netrobust.graphs.contract import from_links
    >>> graph = from_links([2, 2, 1], [0, 1, 1, 2], [2, 2, 3, 4], [1] * 4)
    >>> cm_reach(graph, p=0.5).forward
    array([1.   , 0.625, 0.375])
    """
    links, kept = Links.of(graph), share("p", p)
    neurons, split = sum(links.sizes), np.cumsum(links.sizes)[:-1]
    into = np.split(np.bincount(links.target, minlength=neurons), split)
    out = np.split(np.bincount(links.source, minlength=neurons), split)
    depths = len(links.sizes)
    forward = [shares("inputs", inputs, links.sizes[0])]
    for k in range(1, depths):
        tails = out[k - 1]
        reached = (tails * forward[-1]).sum() / max(tails.sum(), 1)
        forward.append(1 - (1 - kept * reached) ** into[k])
    backward = [np.ones(links.sizes[-1])]
    for k in reversed(range(depths - 1)):
        heads = into[k + 1]
        reached = (heads * backward[0]).sum() / max(heads.sum(), 1)
        backward.insert(0, 1 - (1 - kept * reached) ** out[k])
    both = [r * b for r, b in zip(forward, backward, strict=True)]
    return Reach(
        *(np.array([v.mean() for v in one]) for one in (forward, backward, both))
    )


def path_fraction(p: float, layers: int) -> float:
    """Give the mean share of input-to-output paths that survive: ``p**L``.

    Every path has one link in each of L layers, so this is exact for any graph whose
    links are kept with probability p each, and also where every layer keeps the share
    p of its links: the layers are damaged independently of each other.

    Parameters
    ----------
    p : float
    layers : int
        Number L of layers.

    Raises
    ------
    InputError
        If p is no probability or there is no layer.

    Notes
    -----
    By the linearity of the mean alone; counts that layers round differently give the
    product of the shares that they keep.

    Examples
    --------
    >>> path_fraction(0.5, layers=3)
    0.125
    """
    return share("p", p) ** whole("layers", layers, least=1)


def path_fraction_global(kept: int, links: int, layers: int) -> float:
    """Give the mean share of surviving paths if m of all M links are kept at random.

    ``m (m - 1) ... (m - L + 1) / (M (M - 1) ... (M - L + 1))``: the chance of the L
    links of a path to be among those kept. Exact for the scope ``global``.

    Parameters
    ----------
    kept, links : int
        Numbers m and M.
    layers : int
        Number L of layers.

    Raises
    ------
    InputError
        If more links are kept than there are, or there are fewer links than layers.

    Notes
    -----
    A hypergeometric chance; it is below ``(m / M)**L`` by about ``L**2 / (2 m)`` of it.

    Examples
    --------
    >>> path_fraction_global(kept=5, links=10, layers=3)
    0.08333333333333333
    """
    depth = whole("layers", layers, least=1)
    total = whole("links", links, least=depth)
    if whole("kept", kept, least=0) > total:
        raise InputError(f"kept must be at most {total}, the links; got {kept}")
    steps = np.arange(depth)
    return float(np.prod(np.maximum(kept - steps, 0) / (total - steps)))
