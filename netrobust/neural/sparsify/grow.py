"""Where links grow, and what becomes of a link: the half of a step all methods share.

Places are counted ``target * n_in + source``; those in `occupied` ascend.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netrobust.core.errors import InputError
from netrobust.core.settings import choice
from netrobust.neural.sparsify.base import Context, Floats, LayerLinks, Rewiring
from netrobust.neural.topology import IntArray, absent_positions

#: What becomes of a link that is dropped and grows again in the same step.
RETURNS = ("fresh", "restored", "barred")
#: Weight of a regrown link.
REGROWN = ("zero", "initial")


@dataclass(frozen=True)
class Regrowth:
    """How regrown links start; the options that most methods have in common.

    Attributes
    ----------
    regrown : {"zero", "initial"}
        Weight 0, or drawn as at the start of the training.
    returns : {"fresh", "restored", "barred"}
        A link dropped and grown again in the same step starts like any other new
        link, continues with its old weight and momentum, or is not allowed.
    """

    regrown: str = "zero"
    returns: str = "fresh"

    def __post_init__(self) -> None:
        choice("regrown", self.regrown, REGROWN)
        choice("returns", self.returns, RETURNS)

    def occupied(self, links: LayerLinks, kept: IntArray, count: int) -> IntArray:
        """Give the places where none of `count` new links may grow."""
        if self.returns != "barred":
            return links.place[kept]
        free = links.n_in * links.n_out - links.weight.size
        if count > free:
            raise InputError(
                f"returns='barred' leaves {free} places for {count} links; choose "
                "another value of returns, or a higher sparsity"
            )
        return links.place

    def rewiring(
        self,
        links: LayerLinks,
        kept: IntArray,
        places: IntArray,
        rng: np.random.Generator,
    ) -> Rewiring:
        """Give the step that keeps some links and grows others at new places."""
        target, source = np.divmod(places, links.n_in)
        if self.regrown == "initial":
            scale = np.sqrt(2 * links.n_out / max(kept.size + places.size, 1))
            weight = (scale * rng.standard_normal(places.size)).astype(np.float32)
        else:
            weight = np.zeros(places.size, np.float32)
        move = Rewiring(kept, source, target, weight)
        return restoring(links, move) if self.returns == "restored" else move


def all_but(links: LayerLinks, dropped: IntArray) -> IntArray:
    """Give the ids of the other links, ascending."""
    left = np.ones(links.weight.size, bool)
    left[dropped] = False
    return np.flatnonzero(left)


def wanted(layers: Sequence[LayerLinks], context: Context) -> list[int]:
    """Give the links that every layer must have after the step."""
    if context.links is None:
        return [links.weight.size for links in layers]
    return list(context.links)


def restoring(links: LayerLinks, move: Rewiring) -> Rewiring:
    """Let links that return at once continue with their old weight and momentum."""
    places = move.target * links.n_in + move.source
    before = np.searchsorted(links.place, places)
    before = np.minimum(before, max(links.weight.size - 1, 0))
    back = links.place[before] == places if links.weight.size else places < 0
    new = ~back
    return move._replace(
        source=move.source[new],
        target=move.target[new],
        weight=move.weight[new],
        restored=np.sort(before[back]),
    )


def uniform(
    links: LayerLinks, occupied: IntArray, count: int, rng: np.random.Generator
) -> IntArray:
    """Draw free places, every set of them being equally likely."""
    return absent_positions(occupied, links.n_in * links.n_out, count, rng)


def highest(
    score: Floats, occupied: IntArray, count: int, rng: np.random.Generator
) -> IntArray:
    """Give the free places of highest score, ties at random.

    Parameters
    ----------
    score : ndarray of float32, shape (n_out, n_in)
        Of every place, 0 or larger.
    occupied : ndarray of int64
    count : int
    rng : numpy.random.Generator

    Examples
    --------
    >>> score = np.array([[3, 1], [2, 0]], np.float32)
    >>> taken = np.array([0])
    >>> highest(score, taken, 2, np.random.default_rng(0)).tolist()
    [1, 2]
    """
    flat = score.ravel().copy()
    flat[occupied] = -1
    if count == 0:
        return np.empty(0, np.int64)
    least = np.partition(flat, flat.size - count)[flat.size - count]
    above = np.flatnonzero(flat > least)
    equal = np.flatnonzero(flat == least)
    drawn = rng.choice(equal, count - above.size, replace=False)
    return np.sort(np.concatenate([above, drawn]))


def sampled(
    score: Floats, occupied: IntArray, count: int, rng: np.random.Generator
) -> IntArray:
    """Draw free places without replacement, in proportion to their score.

    The parameters are those of `highest`. Where fewer places than asked for have a
    score above 0, every free place gets 1e-5 more.
    """
    flat = score.ravel().copy()
    free = np.ones(flat.size, bool)
    free[occupied] = False
    flat[~free] = 0
    candidates = np.flatnonzero(flat)
    if candidates.size < count:
        candidates = np.flatnonzero(free)
        flat += np.float32(1e-5)
    # The smallest of exponential waiting times with these rates are such a draw.
    wait = rng.standard_exponential(candidates.size, np.float32) / flat[candidates]
    return np.sort(candidates[_least(wait, count)])


def _least(key: NDArray[np.floating], count: int) -> IntArray:
    if count in (0, key.size):
        return np.arange(count)
    return np.argpartition(key, count - 1)[:count]
