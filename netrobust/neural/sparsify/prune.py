"""Which links go: rules on the weights of one layer, arrays in, link ids out."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from netrobust.neural.sparsify.base import Context, Floats, LayerLinks
from netrobust.neural.topology import IntArray

Prune: TypeAlias = Callable[[Floats, float, np.random.Generator], IntArray]


def rounded(zeta: float, links: int) -> int:
    """Give the share zeta of a number of links, to the nearest count.

    Examples
    --------
    >>> rounded(0.3, 8)
    2
    """
    return int(zeta * links + 0.5)


def annealed(zeta: float, progress: float) -> float:
    """Lower the share of links to rewire along half a cosine, from zeta to 0.

    Examples
    --------
    >>> annealed(0.3, 0.0), round(annealed(0.3, 0.5), 3)
    (0.3, 0.15)
    """
    return float(zeta / 2 * (1 + np.cos(np.pi * progress)))


def drops(
    layers: Sequence[LayerLinks], context: Context, zeta: float, em_s: bool = False
) -> list[int]:
    """Count the links to drop: the share zeta, or under EM&S all above the budget.

    More go where a layer must have fewer links after the step than would be left.
    """
    sizes = [layer.weight.size for layer in layers]
    counts = [rounded(zeta, size) for size in sizes]
    if em_s and context.budget is not None:
        pairs = zip(sizes, context.budget, strict=True)
        counts = [size - budget for size, budget in pairs]
    if context.links is None:
        return counts
    trios = zip(counts, sizes, context.links, strict=True)
    return [max(count, size - links) for count, size, links in trios]


def lowest(
    score: NDArray[np.floating], count: int, rng: np.random.Generator
) -> IntArray:
    """Give the ids of the `count` lowest scores, ties at random.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> sorted(lowest(np.array([3.0, 1.0, 2.0]), 2, rng).tolist())
    [1, 2]
    """
    return _rising(score, rng)[:count]


def all_but_sampled(
    log_score: NDArray[np.floating], count: int, rng: np.random.Generator
) -> IntArray:
    """Give the ids of `count` links: what is left when the others are drawn to stay.

    Those that stay are drawn one after the other without replacement, with
    probability proportional to their score, of which the logarithm comes in. Adding
    Gumbel noise to the logarithms and ranking is the same draw (Yellott 1977,
    https://doi.org/10.1016/0022-2496(77)90026-8).

    Examples
    --------
    >>> log_score = np.array([0.0, -np.inf, 0.0])
    >>> all_but_sampled(log_score, 1, np.random.default_rng(0)).tolist()
    [1]
    """
    return _rising(log_score + rng.gumbel(size=log_score.size), rng)[:count]


def relative_importance(links: LayerLinks) -> NDArray[np.float64]:
    """Give the mean share a link has in the strength of its target and of its source.

    Strengths are sums of absolute weights. A link of a neuron whose links all weigh 0
    has no share in it.

    Examples
    --------
    >>> weight = np.array([1, -3], np.float32)
    >>> links = LayerLinks(2, 1, np.array([0, 1]), np.array([0, 0]), weight)
    >>> relative_importance(links).tolist()
    [0.625, 0.875]
    """
    size = np.abs(links.weight).astype(np.float64)
    share = np.zeros(size.size)
    for end, neurons in ((links.source, links.n_in), (links.target, links.n_out)):
        strength = np.bincount(end, weights=size, minlength=neurons)[end]
        share += np.divide(size, strength, where=strength > 0, out=np.zeros(size.size))
    return share / 2


def _rising(key: NDArray[np.floating], rng: np.random.Generator) -> IntArray:
    """Order links by a key; a stable sort after a shuffle breaks ties at random."""
    shuffled = rng.permutation(key.size)
    return shuffled[np.argsort(key[shuffled], kind="stable")]


def _per_sign(weight: Floats, zeta: float, rng: np.random.Generator) -> IntArray:
    order = _rising(weight, rng)
    below, above = (
        np.searchsorted(weight[order], 0, "left"),
        np.searchsorted(weight[order], 0, "right"),
    )
    first = below - rounded(zeta, int(below))
    last = above + rounded(zeta, int(weight.size - above))
    return order[first:last]


def _magnitude(weight: Floats, zeta: float, rng: np.random.Generator) -> IntArray:
    return lowest(np.abs(weight), rounded(zeta, weight.size), rng)


def _random(weight: Floats, zeta: float, rng: np.random.Generator) -> IntArray:
    return rng.choice(weight.size, rounded(zeta, weight.size), replace=False)


PRUNING: dict[str, Prune] = {
    "per_sign": _per_sign,
    "magnitude": _magnitude,
    "random": _random,
}
