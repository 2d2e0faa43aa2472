"""Cannistraci-Hebb training by chance: links stay and grow in proportion to scores."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from netrobust.core.settings import MOST_TIMES, choice, flag, share, whole
from netrobust.neural.sparsify.base import (
    SPARSIFIERS,
    Context,
    LayerLinks,
    Rewiring,
    Sparsifier,
)
from netrobust.neural.sparsify.cannistraci_hebb import PREDICTED_BY, predicted
from netrobust.neural.sparsify.chain import chain_removal, without
from netrobust.neural.sparsify.evolution import em_s_surplus
from netrobust.neural.sparsify.grow import Regrowth, sampled, wanted
from netrobust.neural.sparsify.prune import (
    all_but_sampled,
    drops,
    lowest,
    relative_importance,
)
from netrobust.neural.topology import IntArray

_REMOVAL = "WM", "RI", "magnitude"
_SHARPENING = "exponent", "delta"


@SPARSIFIERS.register(
    variants={
        "source": {},
        "cht_benchmark": {},
        "released_command": {"removal": "magnitude", "em_s": True, "until": 0.75},
        "paper": {"sharpening": "delta"},
    }
)
def chts(
    *,
    predictor: str = "CH3-L3p",
    removal: str = "WM",
    sharpening: str = "exponent",
    chain_rounds: int = 1,
    em_s: bool = False,
    until: float = 1.0,
    history: bool = False,
    regrown: str = "zero",
    returns: str = "restored",
    skip_step: bool = True,
) -> Sparsifier:
    """Cannistraci-Hebb training, soft rule: both drop and growth are drawn by score.

    Parameters
    ----------
    predictor : {"CH3-L3p", "CH2-L3n"}
        Score of missing links; links grow with probability proportional to it.
    removal : {"WM", "RI", "magnitude"}
        Links stay with probability proportional to a power of their absolute weight,
        or of their relative importance to their two neurons. ``magnitude`` drops the
        smallest weights, as `cht` does.
    sharpening : {"exponent", "delta"}
        The power rises from 1 to 3: linearly in time (the code), or as
        ``delta / (1 - delta)`` with delta linear from 0.5 to 0.75 (the paper).
    chain_rounds : int
        As in `cht`.
    em_s : bool
        The EM&S schedule of `mest`: up to six times the budget at 99% sparsity until
        links stay. No comparison on equal terms.
    until : float
        Share of the training after which links stay; 0.75 in code under EM&S.
    history : bool
        A link that had a weight once starts again from the last one; others as
        `regrown` says.
    regrown, returns, skip_step
        As in `cht`.

    Notes
    -----
    Starts from `correlated` links. The released command, which has a variant, drops by
    magnitude and uses EM&S; its code does not regrow what chain removal takes there,
    while counts are exact here. Zhang et al., NeurIPS 2025,
    https://doi.org/10.48550/arXiv.2501.19107
    """
    choice("predictor", predictor, PREDICTED_BY)
    choice("removal", removal, _REMOVAL)
    choice("sharpening", sharpening, _SHARPENING)
    regrowth = Regrowth(regrown, returns)
    rounds = whole("chain_rounds", chain_rounds, 0, MOST_TIMES)
    flag("history", history)
    flag("em_s", em_s)

    def step(layers: Sequence[LayerLinks], context: Context) -> list[Rewiring]:
        power = _power(context.progress, sharpening)
        stays = []
        counts = drops(layers, context, context.zeta, em_s)
        for layer, count in zip(layers, counts, strict=True):
            dropped = _dropped(layer, count, removal, power, context.rng)
            stays.append(without(layer, dropped))
        chain_removal(layers, stays, rounds)
        moves = []
        grow = partial(sampled, rng=context.rng)
        for index, links in enumerate(wanted(layers, context)):
            layer, stay = layers[index], stays[index]
            places = predicted(layer, stay, links, predictor, regrowth, grow)
            move = regrowth.rewiring(layer, np.flatnonzero(stay), places, context.rng)
            moves.append(_remembered(layer, move, index, context) if history else move)
        return moves

    return Sparsifier(
        step=step,
        until=share("until", until),
        skips_step=flag("skip_step", skip_step),
        every_place=True,
        surplus=em_s_surplus if em_s else Sparsifier.surplus,
        topology="correlated",
    )


def _dropped(
    layer: LayerLinks, count: int, removal: str, power: float, rng: np.random.Generator
) -> IntArray:
    """Choose the links that go; the others stay by chance, or are the strongest."""
    if removal == "magnitude":
        return lowest(np.abs(layer.weight), count, rng)
    score = relative_importance(layer) if removal == "RI" else np.abs(layer.weight)
    with np.errstate(divide="ignore"):  # a score of 0 is never drawn
        return all_but_sampled(power * np.log(score), count, rng)


def _power(progress: float, sharpening: str) -> float:
    if sharpening == "exponent":
        return 1 + 2 * progress
    delta = 0.5 + 0.25 * progress
    return delta / (1 - delta)


def _remembered(
    layer: LayerLinks, move: Rewiring, index: int, context: Context
) -> Rewiring:
    """Let new links start from the last weight their place had, if it had one."""
    key = f"history.{index}"
    empty = np.zeros(layer.n_in * layer.n_out, np.float32)
    last = context.memory.setdefault(key, empty)
    last[layer.place] = layer.weight
    known = last[move.target * layer.n_in + move.source]
    return move._replace(weight=np.where(known != 0, known, move.weight))
