"""Methods that drop weak links and regrow at random: SET and MEST."""

from collections.abc import Sequence

import numpy as np

from netrobust.core.settings import MOST_TIMES, choice, flag, number, share, whole
from netrobust.neural.sparsify.base import (
    SPARSIFIERS,
    Context,
    LayerLinks,
    Rewiring,
    Sparsifier,
)
from netrobust.neural.sparsify.grow import Regrowth, all_but, uniform, wanted
from netrobust.neural.sparsify.prune import PRUNING, drops, lowest


@SPARSIFIERS.register(
    variants={
        "source": {},
        "cht_benchmark": {
            "prune": "magnitude",
            "returns": "restored",
            "skip_step": True,
        },
    }
)
def set(
    *,
    prune: str = "per_sign",
    regrown: str = "zero",
    returns: str = "fresh",
    skip_step: bool = False,
) -> Sparsifier:
    """Sparse evolutionary training: drop weak links, regrow as many at random.

    Parameters
    ----------
    prune : {"per_sign", "magnitude", "random"}
        ``per_sign``, the rule of the source, drops the share zeta of the positive
        weights nearest to zero and of the negative ones; weights that are exactly 0
        (regrown and never moved) have no sign and go first. ``magnitude`` drops the
        share zeta of the smallest absolute weights, as later benchmarks of the method
        do. Both break ties at random. ``random`` drops any links: a control whose
        dynamics are known exactly.
    regrown : {"zero", "initial"}
        Weight of a regrown link. The source's mask code and the CHT benchmark take 0,
        its sparse code N(0, 0.01); ``initial`` draws as at the start.
    returns : {"fresh", "restored", "barred"}
        Whether a link dropped now may grow at once: as a new link (the source), with
        its old weight and momentum (the CHT benchmark), or not at all.
    skip_step : bool
        Leave out the optimiser's step on the batch of an update, as the CHT benchmark
        does; the source does not.

    Notes
    -----
    Regrown links are uniform over all positions that hold no link after the drop.
    Variant ``cht_benchmark`` is the rule with which Zhang et al.,
    https://doi.org/10.48550/arXiv.2501.19107, report SET.
    Mocanu et al., Nature Communications 9, 2383 (2018),
    https://doi.org/10.1038/s41467-018-04316-3
    """
    choice("prune", prune, PRUNING)
    regrowth = Regrowth(regrown, returns)

    def step(layers: Sequence[LayerLinks], context: Context) -> list[Rewiring]:
        moves = []
        for layer, links in zip(layers, wanted(layers, context), strict=True):
            dropped = PRUNING[prune](layer.weight, context.zeta, context.rng)
            moves.append(_regrow(layer, dropped, links, regrowth, context))
        return moves

    return Sparsifier(step=step, skips_step=flag("skip_step", skip_step))


@SPARSIFIERS.register(
    variants={
        "source": {},
        "cht_benchmark": {
            "gradient_share": 0.01,
            "em_s": True,
            "epochs": 1,
            "until": 0.75,
            "returns": "restored",
            "skip_step": True,
        },
    }
)
def mest(
    *,
    gradient_share: float = 0.0,
    em_s: bool = False,
    epochs: int = 5,
    until: float = 1.0,
    regrown: str = "zero",
    returns: str = "fresh",
    skip_step: bool = False,
) -> Sparsifier:
    """Memory-economic sparse training: drop by weight and gradient, regrow at random.

    Parameters
    ----------
    gradient_share : float
        The importance of a link is ``|w| + gradient_share * |dL/dw|``, with the
        gradient of the last batch; the released code's default is 0, the CHT
        benchmark takes 0.01.
    em_s : bool
        Elastic mutation and shrinking: five percentage points of density more until
        0.6 of the time in which links move, two and a half until the last update, and
        then the budget. At 99% sparsity that is six times the budget most of the
        time: no comparison on equal terms, and the benchmark's.
    epochs : int
        Epochs from one update to the next: 5 in the released code, 1 in the CHT
        benchmark.
    until : float
        Share of the training after which links stay: 0.75 in the CHT benchmark.
    regrown, returns, skip_step
        As in `set`.

    Notes
    -----
    Yuan et al., NeurIPS 2021, https://doi.org/10.48550/arXiv.2110.14032. Under EM&S an
    update drops every link above the budget, as in the code of
    https://doi.org/10.48550/arXiv.2501.19107, and grows what the schedule asks for.
    """
    regrowth = Regrowth(regrown, returns)
    weight_of_gradient = np.float32(number("gradient_share", gradient_share, 0))

    def step(layers: Sequence[LayerLinks], context: Context) -> list[Rewiring]:
        moves = []
        counts = drops(layers, context, context.zeta, em_s)
        for layer, links, drop in zip(
            layers, wanted(layers, context), counts, strict=True
        ):
            importance = np.abs(layer.weight)
            if weight_of_gradient:
                if layer.gradient is None:
                    raise AssertionError("the loop must give gradients to mest")
                importance = importance + weight_of_gradient * np.abs(layer.gradient)
            dropped = lowest(importance, drop, context.rng)
            moves.append(_regrow(layer, dropped, links, regrowth, context))
        return moves

    return Sparsifier(
        step=step,
        epochs=whole("epochs", epochs, 1, MOST_TIMES),
        until=share("until", until),
        skips_step=flag("skip_step", skip_step),
        surplus=em_s_surplus if flag("em_s", em_s) else Sparsifier.surplus,
    )


def em_s_surplus(progress: float) -> float:
    """Give the density above the budget that EM&S asks for.

    Examples
    --------
    >>> em_s_surplus(0.0), em_s_surplus(0.7)
    (0.05, 0.025)
    """
    return 0.05 if progress <= 0.6 else 0.025


def _regrow(
    layer: LayerLinks,
    dropped: np.ndarray,
    links: int,
    regrowth: Regrowth,
    context: Context,
) -> Rewiring:
    """Keep the other links and grow at random until there are so many."""
    kept = all_but(layer, dropped)
    count = links - kept.size
    occupied = regrowth.occupied(layer, kept, count)
    places = uniform(layer, occupied, count, context.rng)
    return regrowth.rewiring(layer, kept, places, context.rng)
