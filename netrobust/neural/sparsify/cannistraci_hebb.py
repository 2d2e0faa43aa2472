"""Cannistraci-Hebb training: links grow where the topology itself predicts them."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from netrobust.core.settings import MOST_TIMES, choice, flag, share, whole
from netrobust.neural.sparsify.base import (
    NO_LINKS,
    SPARSIFIERS,
    Context,
    Floats,
    LayerLinks,
    Rewiring,
    Sparsifier,
)
from netrobust.neural.sparsify.chain import Stays, chain_removal, without
from netrobust.neural.sparsify.grow import Regrowth, highest, wanted
from netrobust.neural.sparsify.prune import annealed, drops, lowest
from netrobust.neural.topology import IntArray

#: Scores of missing links, named here so that numba is loaded with the first training.
PREDICTED_BY = "CH3-L3p", "CH2-L3n"
_STOPS = "network", "layer", "never"


@SPARSIFIERS.register(
    variants={
        "source": {},
        "cht_benchmark": {},
        "paper": {
            "chain_rounds": 2,
            "anneal": False,
            "until": 1.0,
            "early_stop": "layer",
            "regrown": "initial",
            "returns": "fresh",
        },
    }
)
def cht(
    *,
    predictor: str = "CH3-L3p",
    chain_rounds: int = 1,
    anneal: bool = True,
    until: float = 0.75,
    early_stop: str = "network",
    overlap: float = 0.9,
    regrown: str = "zero",
    returns: str = "restored",
    skip_step: bool = True,
) -> Sparsifier:
    """Cannistraci-Hebb training: drop the weakest, grow the best predicted links.

    Parameters
    ----------
    predictor : {"CH3-L3p", "CH2-L3n"}
        Score of missing links.
    chain_rounds : int
        Rounds of chain removal: links into neurons that send none any more go, and
        links out of neurons that receive none. One in the released code, two in the
        paper; the second finds nothing left to take. 0 for none. What goes is regrown
        with the rest.
    anneal : bool
        The share of links to rewire falls from zeta to 0 along half a cosine, as in
        the released command; the paper keeps it.
    until : float
        Share of the training after which links stay.
    early_stop : {"network", "layer", "never"}
        Once the share of the regrown links that had just been dropped exceeds
        `overlap`, a layer is done. In the code links move until all layers are done,
        in the paper a layer that is done stays.
    overlap : float
    regrown : {"zero", "initial"}
        Weight of a regrown link: 0 in the code, drawn as at the start in the paper.
    returns : {"fresh", "restored", "barred"}
        A link dropped now may grow at once with its old weight and momentum (the
        code), as a new link, or not at all.
    skip_step : bool
        Leave out the optimiser's step on the batch of an update, as the code does
        until links have stopped; here it is left out after that as well.

    Notes
    -----
    Ties are broken at random, so that counts are exact; the code grows all of them.
    Starts from `correlated` links. Zhang et al., ICLR 2024,
    https://openreview.net/forum?id=iayEcORsGd
    """
    choice("early_stop", early_stop, _STOPS)
    choice("predictor", predictor, PREDICTED_BY)
    regrowth, limit = Regrowth(regrown, returns), share("overlap", overlap)
    rounds = whole("chain_rounds", chain_rounds, 0, MOST_TIMES)
    flag("anneal", anneal)

    def step(layers: Sequence[LayerLinks], context: Context) -> list[Rewiring]:
        stopped = context.memory.setdefault("stopped", np.zeros(len(layers), bool))
        if early_stop != "never" and stopped.all():
            return [_unchanged(layer) for layer in layers]
        frozen = (
            stopped.copy() if early_stop == "layer" else np.zeros(len(layers), bool)
        )
        zeta = annealed(context.zeta, context.progress) if anneal else context.zeta
        stays = []
        counts = drops(layers, context, zeta)
        for layer, count, done in zip(layers, counts, frozen, strict=True):
            dropped = lowest(np.abs(layer.weight), 0 if done else count, context.rng)
            stays.append(without(layer, dropped))
        chain_removal(layers, stays, rounds, frozen)
        moves = []
        grow = partial(highest, rng=context.rng)
        for index, links in enumerate(wanted(layers, context)):
            layer, stay = layers[index], stays[index]
            places = predicted(layer, stay, links, predictor, regrowth, grow)
            moves.append(
                regrowth.rewiring(layer, np.flatnonzero(stay), places, context.rng)
            )
            if places.size:
                back = np.isin(places, layer.place[~stay], assume_unique=True)
                stopped[index] |= back.mean() > limit
        return moves

    return Sparsifier(
        step=step,
        until=share("until", until),
        skips_step=flag("skip_step", skip_step),
        every_place=True,
        topology="correlated",
    )


def predicted(
    layer: LayerLinks,
    stay: Stays,
    links: int,
    predictor: str,
    regrowth: Regrowth,
    grow: Callable[[Floats, IntArray, int], IntArray],
) -> IntArray:
    """Choose where the layer grows, by the topology of the links that stay."""
    # numba is loaded with the first training, not with the names of the methods.
    from netrobust.neural.sparsify.link_prediction import PREDICTORS

    kept = np.flatnonzero(stay)
    count = links - kept.size
    if count == 0:
        return NO_LINKS
    score = PREDICTORS[predictor](
        layer.n_in, layer.n_out, layer.source[kept], layer.target[kept]
    )
    return grow(score, regrowth.occupied(layer, kept, count), count)


def _unchanged(layer: LayerLinks) -> Rewiring:
    everything = np.arange(layer.weight.size)
    return Rewiring(everything, NO_LINKS, NO_LINKS, np.empty(0, np.float32))
