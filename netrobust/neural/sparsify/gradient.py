"""RigL: grow where the gradient is largest."""

from collections.abc import Sequence

import numpy as np

from netrobust.core.settings import flag, share, whole
from netrobust.neural.sparsify.base import (
    SPARSIFIERS,
    Context,
    LayerLinks,
    Rewiring,
    Sparsifier,
)
from netrobust.neural.sparsify.grow import Regrowth, all_but, highest, wanted
from netrobust.neural.sparsify.prune import annealed, drops, lowest


@SPARSIFIERS.register(variants={"source": {}, "cht_benchmark": {"batches": 0}})
def rigl(
    *,
    batches: int = 100,
    until: float = 0.75,
    anneal: bool = True,
    regrown: str = "zero",
    returns: str = "restored",
    skip_step: bool = True,
) -> Sparsifier:
    """Rigged lottery: drop the weakest links, grow those of largest gradient.

    Parameters
    ----------
    batches : int
        Batches from one update to the next: 100 in the source, 0 for an update an
        epoch, as in the CHT benchmark.
    until : float
        Share of the training after which links stay: 0.75 in the paper.
    anneal : bool
        The share of links to rewire falls from zeta to 0 along half a cosine.
    regrown : {"zero", "initial"}
        Weight of a regrown link; 0 in the paper and its code.
    returns : {"fresh", "restored", "barred"}
        Whether a link dropped now may grow at once: as a new link, with its old weight
        and momentum (the source's code and the CHT benchmark), or not at all.
    skip_step : bool
        Leave out the optimiser's step on the batch of an update, as both codes do.

    Notes
    -----
    The gradient is that of the last batch, at all possible links of a layer. Ties go
    at random. Counts are rounded to the nearest, in the code down.
    Evci et al., ICML 2020, https://doi.org/10.48550/arXiv.1911.11134
    """
    regrowth = Regrowth(regrown, returns)
    flag("anneal", anneal)

    def step(layers: Sequence[LayerLinks], context: Context) -> list[Rewiring]:
        if context.gradient is None:
            raise AssertionError("the loop must give gradients to rigl")
        zeta = annealed(context.zeta, context.progress) if anneal else context.zeta
        moves = []
        counts = drops(layers, context, zeta)
        for index, (layer, links, drop) in enumerate(
            zip(layers, wanted(layers, context), counts, strict=True)
        ):
            kept = all_but(layer, lowest(np.abs(layer.weight), drop, context.rng))
            count = links - kept.size
            occupied = regrowth.occupied(layer, kept, count)
            score = np.abs(context.gradient(index))
            places = highest(score, occupied, count, context.rng)
            moves.append(regrowth.rewiring(layer, kept, places, context.rng))
        return moves

    return Sparsifier(
        step=step,
        batches=whole("batches", batches, 0),
        until=share("until", until),
        skips_step=flag("skip_step", skip_step),
        every_place=True,
        gradient=True,
    )
