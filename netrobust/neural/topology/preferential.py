"""Layers with hubs, grown by preferential attachment."""

import numpy as np
from numpy.typing import NDArray

from netrobust.neural.topology.base import (
    TOPOLOGIES,
    Ends,
    IntArray,
    Place,
    absent_positions,
    ends,
    union,
)

#: Neurons are in a crowd while those before them are fewer than so many times the
#: partners they look for.
_CROWD = 8

#: Times that links which found their place taken are drawn again by degree. Where
#: that is not enough the hubs are full, and what is left goes anywhere.
_ROUNDS = 10


@TOPOLOGIES.register
def scale_free() -> Place:
    """Grow a Barabasi-Albert graph on all neurons and make it bipartite.

    Notes
    -----
    The bipartite scale-free layer of Zhang et al., NeurIPS 2025,
    https://doi.org/10.48550/arXiv.2501.19107, after Barabasi and Albert 1999,
    https://doi.org/10.1126/science.286.5439.509. Neurons arrive one by one and link to
    m, or to m + 1, of the earlier ones, drawn in proportion to their degrees; then
    each is a source or a target at random. A link between two sources and one between
    two targets exchange ends, which leaves all degrees as they are. Links without such
    a partner keep one end, and of links that would be parallel one is drawn again;
    what they lack is drawn in proportion to the degrees.

    Examples
    --------
    >>> source, target = scale_free()(200, 200, 800, np.random.default_rng(0))
    >>> bool(np.bincount(source).max() > 5 * np.bincount(source).mean())
    True
    """
    return _place


def _place(
    n_in: int,
    n_out: int,
    links: int,
    rng: np.random.Generator,
    images: NDArray[np.float32] | None = None,
) -> Ends:
    attached = _attached(_arriving(n_in + n_out, links, rng), rng)
    pairs = rng.permutation(n_in + n_out)[attached]  # sources are those below n_in
    pairs = rng.permuted(pairs, axis=1)
    of_sources = (pairs < n_in).sum(axis=1)
    across = np.sort(pairs[of_sources == 1], axis=1)
    two_sources = rng.permutation(pairs[of_sources == 2])
    two_targets = pairs[of_sources == 0]
    exchanged = min(len(two_sources), len(two_targets))
    places = _with(
        np.empty(0, np.int64),
        np.concatenate([across[:, 0], two_sources[:exchanged].ravel()]),
        np.concatenate([across[:, 1], two_targets[:exchanged].ravel()]) - n_in,
        n_in,
    )
    target, source = np.divmod(places, n_in)
    sources, targets = two_sources[exchanged:, 0], two_targets[exchanged:, 0] - n_in
    places = _with(
        places,
        np.concatenate([sources, _by_degree(source, n_in, targets.size, rng)]),
        np.concatenate([_by_degree(target, n_out, sources.size, rng), targets]),
        n_in,
    )
    for _ in range(_ROUNDS):
        missing = links - places.size
        if not missing:
            break
        target, source = np.divmod(places, n_in)
        places = _with(
            places,
            _by_degree(source, n_in, missing, rng),
            _by_degree(target, n_out, missing, rng),
            n_in,
        )
    anywhere = absent_positions(places, n_in * n_out, links - places.size, rng)
    return ends(np.sort(np.concatenate([places, anywhere])), n_in)


def _with(places: IntArray, source: IntArray, target: IntArray, n_in: int) -> IntArray:
    """Add links to places, and leave parallel ones out."""
    return union(places, target * n_in + source)


def _by_degree(
    end: IntArray, neurons: int, count: int, rng: np.random.Generator
) -> IntArray:
    """Draw neurons in proportion to their degrees: the ends of links drawn uniformly.

    Of a side without links, every neuron is as likely as the others.
    """
    if end.size == 0:
        return rng.integers(neurons, size=count)
    return end[rng.integers(end.size, size=count)]


def _arriving(neurons: int, links: int, rng: np.random.Generator) -> IntArray:
    """Give how many links each neuron has with earlier ones: m or m + 1, if it can.

    The t-th can have t, so that the first m + 1 are all linked to each other.
    """
    index = np.arange(neurons)
    # Raising everybody's m from k to k + 1 adds a link to all but the first k + 1.
    with_m = np.concatenate([[0], np.cumsum(index[::-1])])
    m = int(np.searchsorted(with_m, links, side="right")) - 1
    out = np.minimum(index, m)
    one_more = rng.choice(index[m + 1 :], links - with_m[m], replace=False)
    out[one_more] += 1
    return out


def _attached(out: IntArray, rng: np.random.Generator) -> IntArray:
    """Link neurons, in the order of their arrival, to earlier ones by their degree.

    The first neurons have most of those before them as partners, and would wait long
    for a new one to be drawn: they rank them all by exponential variables over the
    degrees, which is the same draw (Efraimidis and Spirakis 2006,
    https://doi.org/10.1016/j.ipl.2005.11.003).

    Returns
    -------
    ndarray of int64, shape (links, 2)
        The new and the earlier neuron of every link.
    """
    first = min(_CROWD * int(out.max()), out.size)
    degree = np.full(first, 1e-9)  # those without links come last, in any order
    chosen = [np.empty(0, np.int64)]
    for neuron, count in enumerate(out[:first].tolist()):
        key = rng.exponential(size=neuron) / degree[:neuron]
        partners = np.argsort(key)[:count]
        degree[partners] += 1
        degree[neuron] += count
        chosen.append(partners)
    earlier: list[int] = np.concatenate(chosen).tolist()
    # Every neuron as often as it has links; where none has, the first stands for all.
    linked = earlier + np.repeat(np.arange(first), out[:first]).tolist() or [0]
    random = rng.random
    for neuron, count in enumerate(out[first:].tolist(), start=first):
        drawn: dict[int, None] = {}  # keeps their order, as a set would not
        size = len(linked)
        while len(drawn) < count:
            drawn[linked[int(random() * size)]] = None
        earlier += drawn
        linked += drawn
        linked += [neuron] * count
    new = np.repeat(np.arange(out.size), out)
    return np.stack([new, np.array(earlier, dtype=np.int64)], axis=1)
