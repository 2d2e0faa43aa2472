"""Layers whose links keep to neurons at the same place of a ring.

Both sides lie on one ring, neuron i of n at the share i / n of its length, so that
equal shares are the diagonal of the layer's matrix.
"""

import numpy as np
from numpy.typing import NDArray

from netrobust.core.settings import choice, share
from netrobust.neural.topology.base import (
    TOPOLOGIES,
    Ends,
    IntArray,
    Place,
    absent_positions,
    ends,
)


@TOPOLOGIES.register
def small_world(*, beta: float = 0.25) -> Place:
    """Link neurons to the nearest ones on a ring, then move some links anywhere.

    Every neuron of the larger side (of the targets, if none is) has the same number
    of links, up to one.

    Parameters
    ----------
    beta : float
        Chance of each link to be taken away; as many are placed uniformly at random
        where no link is then. 0 is the lattice, 1 the Erdos-Renyi layer.

    Raises
    ------
    InputError
        Beta is no number in [0, 1].

    Notes
    -----
    The bipartite small world of Zhang et al., NeurIPS 2025,
    https://doi.org/10.48550/arXiv.2501.19107, after Watts and Strogatz 1998,
    https://doi.org/10.1038/30918. Of two neurons at the same distance the one further
    along the ring is nearer; who has one link more is drawn.

    Examples
    --------
    >>> source, target = small_world(beta=0.0)(3, 3, 6, np.random.default_rng(0))
    >>> list(zip(source.tolist(), target.tolist()))
    [(0, 0), (1, 0), (1, 1), (2, 1), (0, 2), (2, 2)]
    """
    chance = share("beta", beta)

    def place(
        n_in: int,
        n_out: int,
        links: int,
        rng: np.random.Generator,
        images: NDArray[np.float32] | None = None,
    ) -> Ends:
        smaller, larger = sorted((n_in, n_out))
        own, other = nearest(even(larger, links, rng), smaller)
        source, target = (own, other) if n_in > n_out else (other, own)
        lattice = np.sort(target * n_in + source)
        kept = lattice[rng.random(links) >= chance]
        moved = absent_positions(kept, n_in * n_out, links - kept.size, rng)
        return ends(np.sort(np.concatenate([kept, moved])), n_in)

    return place


@TOPOLOGIES.register
def receptive_field(*, r: float = 0.25, degrees: str = "fixed") -> Place:
    """Let every target neuron draw its sources, near ones on the ring most often.

    Parameters
    ----------
    r : float
        Sources are drawn one after the other without replacement, with probability
        proportional to ``(1 + D) ** (-(1 - r) / r)``, where D is the distance along
        the ring in steps from source to source. 0 takes the nearest, 1 draws them
        uniformly.
    degrees : {"fixed", "uniform"}
        Links into a target neuron: the same number for all, up to one, or numbers
        spread evenly from none to twice the mean (the other way round from all, where
        the mean is above half of all), whose order is drawn.

    Raises
    ------
    InputError
        r is no number in [0, 1], or the word for the degrees is unknown.

    Notes
    -----
    The bipartite receptive field of Zhang et al., NeurIPS 2025,
    https://doi.org/10.48550/arXiv.2501.19107, with the sign of the exponent that makes
    near sources likelier. The smallest of exponential variables divided by the weights
    are the same draw (Efraimidis and Spirakis 2006,
    https://doi.org/10.1016/j.ipl.2005.11.003). Takes time in proportion to all places
    of the layer, and memory to its links.

    Examples
    --------
    >>> source, target = receptive_field(r=0.0)(4, 2, 2, np.random.default_rng(0))
    >>> source.tolist(), target.tolist()
    ([0, 2], [0, 1])
    """
    spread = share("r", r)
    drawn_degrees = _DEGREES[choice("degrees", degrees, _DEGREES)]

    def place(
        n_in: int,
        n_out: int,
        links: int,
        rng: np.random.Generator,
        images: NDArray[np.float32] | None = None,
    ) -> Ends:
        degree = drawn_degrees(n_in, n_out, links, rng)
        if spread == 0:
            target, source = nearest(degree, n_in)
        else:
            rows = [
                _drawn_around(neuron * n_in / n_out, n_in, count, spread, rng)
                for neuron, count in enumerate(degree.tolist())
            ]
            source = np.concatenate(rows)
            target = np.repeat(np.arange(n_out), degree)
        return ends(np.sort(target * n_in + source), n_in)

    return place


def nearest(degree: IntArray, others: int) -> Ends:
    """Link every neuron of one side to the nearest of the other side, along a ring.

    Parameters
    ----------
    degree : ndarray of int64, shape (neurons,)
        Links of every neuron of the one side, at most `others`.
    others : int
        Neurons of the other side.

    Returns
    -------
    own, other : ndarray of int64, shape (links,)
        Neurons of the one side, ascending, and of the other.

    Examples
    --------
    >>> own, other = nearest(np.array([1, 3]), 4)
    >>> own.tolist(), other.tolist()
    ([0, 1, 1, 1], [0, 1, 2, 3])
    """
    neurons = degree.size
    index = np.arange(neurons)
    # The k numbers nearest to c are those in (c - k / 2, c + k / 2], here with
    # c = index * others / neurons, all in integers.
    first = (2 * index * others - degree * neurons) // (2 * neurons) + 1
    own = np.repeat(index, degree)
    rank = np.arange(own.size) - np.repeat(np.cumsum(degree) - degree, degree)
    return own, (first[own] + rank) % others


def even(neurons: int, links: int, rng: np.random.Generator) -> IntArray:
    """Give neurons the same number of links; who has one more is drawn.

    Examples
    --------
    >>> sorted(even(3, 7, np.random.default_rng(0)).tolist())
    [2, 2, 3]
    """
    least, more = divmod(links, neurons)
    degree = np.full(neurons, least, dtype=np.int64)
    degree[rng.choice(neurons, more, replace=False)] += 1
    return degree


def _fixed(n_in: int, n_out: int, links: int, rng: np.random.Generator) -> IntArray:
    return even(n_out, links, rng)


def _uniform(n_in: int, n_out: int, links: int, rng: np.random.Generator) -> IntArray:
    absent = n_in * n_out - links
    # Rounding the sums, which end in the exact total, and not the numbers themselves.
    upto = np.floor(min(links, absent) * np.linspace(0, 1, n_out + 1) ** 2)
    degree = rng.permutation(np.diff(upto).astype(np.int64))
    return degree if links <= absent else n_in - degree


_DEGREES = {"fixed": _fixed, "uniform": _uniform}


def _drawn_around(
    centre: float, neurons: int, count: int, r: float, rng: np.random.Generator
) -> IntArray:
    """Draw neurons of a ring around a position, as `receptive_field` says.

    The key is r times the logarithm of an exponential variable over the weight: free
    of overflow however small r is.
    """
    if count == 0:
        return np.empty(0, np.int64)
    away = np.abs(np.arange(neurons) - centre)
    distance = np.minimum(away, neurons - away)
    key = (1 - r) * np.log1p(distance) - r * rng.gumbel(size=neurons)
    return np.argpartition(key, count - 1)[:count]
