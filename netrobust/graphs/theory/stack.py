"""Percolation of a whole stack of layers, its links kept with probability p.

Direction plays no part: a cluster holds what paths join that may go up and down. The
shares come depth by depth; weighted by the numbers of neurons they average to the
giant component's share of the stack. A dense head would join all neurons of the last
depth and is no part of it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netrobust.core.settings import share
from netrobust.graphs.damage import Links
from netrobust.graphs.theory.fixed_point import (
    Floats,
    largest_fixed_point,
    led_on,
    missed,
)
from netrobust.graphs.theory.numbers import layers

if TYPE_CHECKING:
    from igraph import Graph

Degrees = NDArray[np.int64]


def er_stack_threshold(sizes: Sequence[int], density: ArrayLike) -> float:
    """Give the threshold of a stack of Erdos-Renyi layers: ``1 / rho(K)``.

    ``K_{l,l+-1} = d N_{l+-1}`` is the mean number of links from a neuron of depth l to
    depth l + 1 or l - 1, with the density d of that layer, and rho the largest
    eigenvalue.

    Parameters
    ----------
    sizes : sequence of int, shape (depths,)
        Neurons of each depth.
    density : float, or array_like of float, shape (depths - 1,)
        Of all layers, or of each.

    Raises
    ------
    InputError
        If a size is no positive integer or a density not in [0, 1].

    Notes
    -----
    Soderberg (2002), https://doi.org/10.1103/PhysRevE.66.066121; Bollobas, Janson and
    Riordan (2007), https://doi.org/10.1002/rsa.20168.

    Examples
    --------
    >>> round(er_stack_threshold([784, 1000, 1000, 1000], 0.01), 4)
    0.0637
    """
    counts, dense = layers(sizes, density)
    # K is no symmetric matrix but similar to this one, whose eigenvalues are real.
    beside = dense * np.sqrt(counts[:-1] * counts[1:])
    largest = np.linalg.eigvalsh(np.diag(beside, 1) + np.diag(beside, -1)).max()
    return float(1 / largest) if largest > 0 else float("inf")


def er_stack_giant(sizes: Sequence[int], density: ArrayLike, p: float) -> Floats:
    """Give the giant component's share of each depth of a stack of random layers.

    The largest solution of ``S_l = 1 - exp(-p sum K_{l,m} S_m)``, K as in
    `er_stack_threshold`.

    Parameters
    ----------
    sizes, density
        As for `er_stack_threshold`.
    p : float
        Probability that a link is kept.

    Returns
    -------
    ndarray of float64, shape (depths,)

    Raises
    ------
    InputError
        As for `er_stack_threshold`, or if p is no probability.

    Notes
    -----
    As `er_stack_threshold`.

    Examples
    --------
    >>> er_stack_giant([784, 1000, 1000, 1000], 0.01, p=0.1).round(3)
    array([0.48 , 0.653, 0.683, 0.495])
    """
    counts, dense = layers(sizes, density)
    links = np.diag(dense * counts[1:], 1) + np.diag(dense * counts[:-1], -1)
    links *= share("p", p)
    return largest_fixed_point(lambda s: -np.expm1(-links @ s), np.ones(len(counts)))


def cm_stack_threshold(graph: "Graph | Links") -> float:
    """Give the threshold of stacks that are random but for the degrees of a graph.

    ``1 / lambda_max(B)`` of the Jacobian B, (2 L, 2 L), of the messages in
    `cm_stack_giant` at p = 1. That hubs of one layer are hubs of the next enters
    through ``<k- k+>`` alone.

    Parameters
    ----------
    graph : igraph.Graph or Links
        Of which the in- and out-degrees of every neuron count.

    Raises
    ------
    InputError
        If the graph breaks the graph contract.

    Notes
    -----
    Percolation of multi-type random graphs: Allard et al. (2009),
    https://doi.org/10.1103/PhysRevE.79.036113; the links of each layer are a type.

    Examples
    --------
    >>> from netrobust.graphs.contract import from_links
    >>> ends = [0, 0, 1, 1, 2, 2, 3, 3], [2, 3, 2, 3, 4, 5, 4, 5]
    >>> round(cm_stack_threshold(from_links([2, 2, 2], *ends, [1] * 8)), 4)
    0.5774
    """
    into, out = _degrees(Links.of(graph))
    count = len(into) - 1
    matrix = np.zeros((2 * count, 2 * count))
    for k in range(count):
        up, down = k, count + k  # the messages of layer k
        there, here = k + 1, k  # the depths that they come from
        if into[there].any():
            matrix[up, down] = _mean_over(into[there], into[there] - 1)
            matrix[down, up] = _mean_over(out[here], out[here] - 1)
            if k + 1 < count:
                matrix[up, up + 1] = _mean_over(into[there], out[there])
            if k > 0:
                matrix[down, down - 1] = _mean_over(out[here], into[here])
    # The entries are not negative, so that the largest in size is real and positive.
    largest = np.abs(np.linalg.eigvals(matrix)).max()
    return float(1 / largest) if largest > 1e-9 else float("inf")


def cm_stack_giant(graph: "Graph | Links", p: float) -> Floats:
    """Give the giant component's share of each depth, given the degrees of a graph.

    With ``P_l(k-, k+)`` the joint distribution of in- and out-degree at depth l, a
    link of layer l, between depths l - 1 and l, leads up and down to no giant
    component with probability

    ``u_l^up = 1 - p + p sum [k- P_l / <k->] (u_l^dn)^(k- - 1) (u_{l+1}^up)^(k+)``,

    ``u_l^dn = 1 - p + p sum [k+ P_{l-1} / <k+>] (u_l^up)^(k+ - 1) (u_{l-1}^dn)^(k-)``,

    and ``S_l = 1 - sum P_l (u_l^dn)^(k-) (u_{l+1}^up)^(k+)``.

    Parameters
    ----------
    graph : igraph.Graph or Links
        As for `cm_stack_threshold`.
    p : float
        Probability that a link is kept.

    Returns
    -------
    ndarray of float64, shape (depths,)

    Raises
    ------
    InputError
        If the graph breaks the graph contract or p is no probability.

    Notes
    -----
    As `cm_stack_threshold`.

    Examples
    --------
    >>> from netrobust.graphs.contract import from_links
    >>> ends = [0, 0, 1, 1, 2, 2, 3, 3], [2, 3, 2, 3, 4, 5, 4, 5]
    >>> cm_stack_giant(from_links([2, 2, 2], *ends, [1] * 8), p=0.8).round(3)
    array([0.937, 0.974, 0.937])
    """
    into, out = _degrees(Links.of(graph))
    count, kept = len(into) - 1, share("p", p)

    def both_ways(found: Floats) -> tuple[Floats, Floats]:
        # Nothing leads up from the last depth or down from the first.
        fails = missed(found)
        return np.append(fails[:count], 0.0), np.append(0.0, fails[count:])

    def step(found: Floats) -> Floats:
        up, down = both_ways(found)
        onward = np.zeros(2 * count)
        for k in range(count):
            if into[k + 1].any():
                onward[k] = _onward(into[k + 1], down[k + 1], out[k + 1], up[k + 1])
                onward[count + k] = _onward(out[k], up[k], into[k], down[k])
        return kept * onward

    up, down = both_ways(largest_fixed_point(step, np.full(2 * count, kept)))
    sides = zip(into, down, out, up, strict=True)
    return np.array([led_on(i * d + o * u).mean() for i, d, o, u in sides])


def _degrees(links: Links) -> tuple[list[Degrees], list[Degrees]]:
    """Count the links into and out of every neuron, depth by depth."""
    neurons, split = sum(links.sizes), np.cumsum(links.sizes)[:-1]
    into = np.bincount(links.target, minlength=neurons)
    out = np.bincount(links.source, minlength=neurons)
    return np.split(into, split), np.split(out, split)


def _mean_over(degree: Degrees, values: Degrees | Floats) -> float:
    """Average over the neurons that the links lead to, each once for every link."""
    return float((degree * values).sum() / degree.sum())


def _onward(back: Degrees, fails: float, on: Degrees, fails_on: float) -> float:
    """Give the chance that a neuron at the end of a link leads on."""
    return _mean_over(back, led_on(np.maximum(back - 1, 0) * fails + on * fails_on))
