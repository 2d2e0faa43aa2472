"""Percolation of one bipartite layer, its links kept with probability p.

Direction plays no part. Side A and side B are the two sides of the layer, in either
order; what is said of A holds for the neurons of A.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netrobust.core.errors import InputError
from netrobust.core.settings import number, share
from netrobust.graphs.theory.fixed_point import (
    Floats,
    largest_fixed_point,
    led_on,
    missed,
)
from netrobust.graphs.theory.numbers import degree_sequence

Degrees = NDArray[np.int64]


def er_layer_threshold(mean_a: float, mean_b: float) -> float:
    """Give the threshold of an Erdos-Renyi layer: ``1 / sqrt(c_A c_B)``.

    Parameters
    ----------
    mean_a, mean_b : float
        Mean degrees c_A and c_B of the two sides: ``density * other side's neurons``.

    Raises
    ------
    InputError
        If a mean degree is negative.

    Notes
    -----
    Newman, Strogatz and Watts (2001), https://doi.org/10.1103/PhysRevE.64.026118, with
    Poisson degrees on both sides.

    Examples
    --------
    >>> round(er_layer_threshold(0.01 * 1000, 0.01 * 784), 3)
    0.113
    """
    product = number("mean_a", mean_a, least=0) * number("mean_b", mean_b, least=0)
    return float(1 / np.sqrt(product)) if product else float("inf")


def er_layer_giant(mean_a: float, mean_b: float, p: float) -> tuple[float, float]:
    """Give the giant component's shares of both sides of an Erdos-Renyi layer.

    The largest solution of ``S_A = 1 - exp(-p c_A S_B)``,
    ``S_B = 1 - exp(-p c_B S_A)``.

    Parameters
    ----------
    mean_a, mean_b : float
        Mean degrees c_A and c_B.
    p : float
        Probability that a link is kept.

    Returns
    -------
    of_a, of_b : float
        Shares of the neurons of A and of B.

    Raises
    ------
    InputError
        If a mean degree is negative or p is no probability.

    Notes
    -----
    As `er_layer_threshold`. Of layers as large as c_A and c_B are small against them.

    Examples
    --------
    >>> of_a, of_b = er_layer_giant(4, 4, p=0.75)
    >>> round(of_a, 4), round(of_b, 4)
    (0.9405, 0.9405)
    """
    means = np.array(
        [number("mean_a", mean_a, least=0), number("mean_b", mean_b, least=0)]
    )
    links = share("p", p) * means
    of_a, of_b = largest_fixed_point(lambda s: -np.expm1(-links * s[::-1]), np.ones(2))
    return float(of_a), float(of_b)


def cm_layer_threshold(
    degree_a: ArrayLike, degree_b: ArrayLike, occupied: float = 1.0
) -> float:
    """Give the threshold of a random layer with given degrees on both sides.

    ``1 / sqrt(phi kappa_A kappa_B)``, with ``kappa = <k (k - 1)> / <k>``: the links
    that a link leads to, on average.

    Parameters
    ----------
    degree_a, degree_b : array_like of int, shape (neurons of A,) and (neurons of B,)
        Both count the same links.
    occupied : float
        Share phi of the neurons of A that are kept, at random.

    Raises
    ------
    InputError
        If degrees are negative, differ in their sums, or `occupied` is no share.

    Notes
    -----
    The bipartite form of Molloy and Reed's criterion: Newman (2002), section V,
    https://doi.org/10.1103/PhysRevE.66.016128, where both transmissibilities are p;
    removal of neurons as in Callaway et al. (2000),
    https://doi.org/10.1103/PhysRevLett.85.5468. A heavy tail ends at the width of the
    other side, so that the threshold of a layer is never 0.

    Examples
    --------
    >>> cm_layer_threshold([3, 3], [2, 2, 2])
    0.7071067811865475
    """
    sides = _sides(degree_a, degree_b)
    branching = share("occupied", occupied)
    for degree in sides:
        links = degree.sum()
        branching *= (degree * (degree - 1)).sum() / links if links else 0.0
    return float(1 / np.sqrt(branching)) if branching > 0 else float("inf")


def cm_layer_giant(
    degree_a: ArrayLike, degree_b: ArrayLike, p: float, occupied: float = 1.0
) -> tuple[float, float]:
    """Give the giant component's shares of both sides, given all degrees.

    With ``f0`` and ``g0`` the generating functions of the degrees of A and B and
    ``f1 = f0' / f0'(1)``, ``g1 = g0' / g0'(1)`` those of what follows a link, a link
    leads from A to no giant component with probability ``u_B = 1 - p + p g1(u_A)``,
    from B with ``u_A = 1 - p phi + p phi f1(u_B)``; then
    ``S_A = phi (1 - f0(u_B))`` and ``S_B = 1 - g0(u_A)``.

    Parameters
    ----------
    degree_a, degree_b : array_like of int
        As for `cm_layer_threshold`.
    p : float
        Probability that a link is kept.
    occupied : float
        Share phi of the neurons of A that are kept, at random.

    Returns
    -------
    of_a, of_b : float
        Shares of all neurons of A and of B.

    Raises
    ------
    InputError
        As for `cm_layer_threshold`, or if p is no probability.

    Notes
    -----
    As `cm_layer_threshold`. The links join at random what the degrees allow.

    Examples
    --------
    >>> of_a, of_b = cm_layer_giant([1, 3], [1, 3], p=1)
    >>> round(of_a, 4), round(of_b, 4)
    (0.8148, 0.8148)
    """
    a, b = _sides(degree_a, degree_b)
    kept = share("p", p) * np.array([1.0, share("occupied", occupied)])

    def step(found: Floats) -> Floats:
        fails_b, fails_a = missed(found)
        return kept * np.array([_onward(b, fails_a), _onward(a, fails_b)])

    fails_b, fails_a = missed(largest_fixed_point(step, kept))
    of_a = float(occupied * led_on(fails_b * a).mean())
    return of_a, float(led_on(fails_a * b).mean())


def _onward(degree: Degrees, fails: float) -> float:
    """Give the chance that a neuron at the end of a link leads on by another one."""
    onward = led_on(fails * np.maximum(degree - 1, 0))
    return float((degree * onward).sum() / max(degree.sum(), 1))


def _sides(degree_a: ArrayLike, degree_b: ArrayLike) -> tuple[Degrees, Degrees]:
    a, b = degree_sequence("degree_a", degree_a), degree_sequence("degree_b", degree_b)
    if a.sum() != b.sum():
        raise InputError(
            "degree_a and degree_b must count the same links; their sums are "
            f"{a.sum()} and {b.sum()}"
        )
    return a, b
