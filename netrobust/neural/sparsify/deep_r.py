"""DEEP R: links walk at random, fall asleep at zero, and others wake."""

from collections.abc import Sequence

import numpy as np

from netrobust.core.settings import choice, number, whole
from netrobust.neural.sparsify.base import (
    SPARSIFIERS,
    Context,
    LayerLinks,
    Rewiring,
    Sparsifier,
)
from netrobust.neural.sparsify.grow import all_but, uniform, wanted

_AWAKE = np.float32(1e-12)  # size of a weight that has just been woken
_NOISE = "code", "paper"


@SPARSIFIERS.register
def deep_r(
    *,
    l1: float = 1e-5,
    noise: str = "code",
    temperature: float = 1e-9,
    batches: int = 1,
) -> Sparsifier:
    """Deep rewiring: weights walk at random, and a link whose sign would flip moves.

    Every possible link has a sign that never changes. After each step of the optimiser
    the size of a weight shrinks by ``learning_rate * l1`` and takes a random step;
    links whose size is no longer above 0 become dormant, and as many dormant ones,
    drawn uniformly, wake with size 1e-12. zeta plays no part.

    Parameters
    ----------
    l1 : float
        Strength of the pull to zero.
    noise : {"code", "paper"}
        Standard deviation of the random step: ``1e-5 * learning_rate`` as in the
        released code, or ``sqrt(2 * learning_rate * temperature)`` as in the paper.
    temperature : float
        Of the paper's noise.
    batches : int
        Batches from one update to the next; 1 in the source.

    Notes
    -----
    The sign of a starting link is the one its weight has at the first update. A link
    that has just become dormant may wake at once. Bellec et al., ICLR 2018,
    https://doi.org/10.48550/arXiv.1711.05136
    """
    choice("noise", noise, _NOISE)
    pull, heat = number("l1", l1, 0), number("temperature", temperature, 0)

    def step(layers: Sequence[LayerLinks], context: Context) -> list[Rewiring]:
        rate = context.learning_rate
        scale = 1e-5 * rate if noise == "code" else np.sqrt(2 * rate * heat)
        moves = []
        for index, (layer, links) in enumerate(
            zip(layers, wanted(layers, context), strict=True)
        ):
            signs = _signs(layer, index, context)
            # The pull can be less than a weight's last digit: only the sum is rounded.
            sign = np.where(signs[layer.place], 1.0, -1.0)
            walk = scale * context.rng.standard_normal(layer.weight.size)
            size = (sign * layer.weight - rate * pull + walk).astype(np.float32)
            kept = all_but(layer, np.flatnonzero(size <= 0))
            count = links - kept.size
            places = np.sort(uniform(layer, layer.place[kept], count, context.rng))
            target, source = np.divmod(places, layer.n_in)
            woken = np.where(signs[places], _AWAKE, -_AWAKE)
            values = np.copysign(size[kept], sign[kept]).astype(np.float32)
            moves.append(Rewiring(kept, source, target, woken, values=values))
        return moves

    return Sparsifier(step=step, batches=whole("batches", batches, 1), every_place=True)


def _signs(layer: LayerLinks, index: int, context: Context) -> np.ndarray:
    """Give the sign of every possible link of a layer, true for positive."""
    key = f"signs.{index}"
    if key not in context.memory:
        signs = context.rng.integers(0, 2, layer.n_in * layer.n_out, np.uint8) > 0
        signs[layer.place] = layer.weight > 0
        context.memory[key] = signs
    return context.memory[key]
