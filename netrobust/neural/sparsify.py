"""How links move while a network learns, and the dense baselines beside it.

A sparsifier is a factory ``(**options) -> Sparsifier`` named after its method; every
option has a default. Its record says whether links move after an epoch (`step`), and
how wide a baseline with complete layers must be. The training loop owns time, learning
rate and optimiser; `step` sees all sparse layers and answers with one `Rewiring` for
each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from netrobust.errors import InputError
from netrobust.neural.topology import IntArray, absent_positions
from netrobust.registry import Registry


class Links(NamedTuple):
    """The links of one layer in canonical order: by target, then by source."""

    n_in: int
    n_out: int
    source: IntArray
    target: IntArray
    weight: NDArray[np.float32]


class Rewiring(NamedTuple):
    """What a step does to one layer: ids of the links kept, and the links added."""

    kept: IntArray
    source: IntArray
    target: IntArray
    weight: NDArray[np.float32]


class Context(NamedTuple):
    """What a step may know: the share of links to rewire, and the generator."""

    zeta: float
    rng: np.random.Generator


Sizes: TypeAlias = tuple[int, ...]
Step: TypeAlias = Callable[[Sequence[Links], Context], list[Rewiring]]


def _as_asked(sizes: Sizes, budget: int) -> Sizes:
    return sizes


@dataclass(frozen=True)
class Sparsifier:
    """One method of training.

    Attributes
    ----------
    step : callable or None
        Rewires the layers between epochs; None keeps the topology.
    dense : bool
        Layers are complete bipartite graphs, held as matrices.
    widths : callable
        ``(sizes, budget) -> sizes``: the sizes a baseline has, where budget is the
        number of weights of the sparse network, its dense head included.
    """

    step: Step | None = None
    dense: bool = False
    widths: Callable[[Sizes, int], Sizes] = _as_asked


SPARSIFIERS: Registry[Callable[..., Sparsifier]] = Registry("sparsifier")


def sparsifier(name: str, **options: Any) -> Sparsifier:
    """Look up a method by name and set its options.

    Raises
    ------
    InputError
        The name or an option is unknown, or an option's value is not allowed.

    Examples
    --------
    >>> sparsifier("set", prune="magnitude").dense
    False
    """
    factory = SPARSIFIERS[name]
    known = list(default_options(name))
    for option in options:
        if option not in known:
            allowed = f"it takes {', '.join(known)}" if known else "it takes none"
            raise InputError(f"sparsifier {name!r} has no option {option!r}; {allowed}")
    return factory(**options)


def default_options(name: str) -> dict[str, Any]:
    """Give the options a method takes, with the values they have if not given.

    Raises
    ------
    InputError
        The name is unknown.

    Examples
    --------
    >>> default_options("set")
    {'prune': 'per_sign'}
    """
    parameters = signature(SPARSIFIERS[name]).parameters.values()
    return {one.name: one.default for one in parameters}


@SPARSIFIERS.register
def static() -> Sparsifier:
    """Keep the random topology of the start (the fixed sparse control)."""
    return Sparsifier()


@SPARSIFIERS.register
def set(prune: Literal["per_sign", "magnitude", "random"] = "per_sign") -> Sparsifier:
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

    Notes
    -----
    Regrown links are uniform over all positions that hold no link after the drop, so
    that a link just dropped may return; they start at weight 0 and momentum 0.
    Mocanu et al., Nature Communications 9, 2383 (2018),
    https://doi.org/10.1038/s41467-018-04316-3
    """
    rule = _PRUNING.get(prune)
    if rule is None:
        raise InputError(f"prune must be one of {', '.join(_PRUNING)}; got {prune!r}")

    def step(layers: Sequence[Links], context: Context) -> list[Rewiring]:
        return [_drop_and_regrow(layer, rule, context) for layer in layers]

    return Sparsifier(step=step)


@SPARSIFIERS.register
def dense() -> Sparsifier:
    """Train every possible link at full width (dense baseline)."""
    return Sparsifier(dense=True)


@SPARSIFIERS.register
def dense_small() -> Sparsifier:
    """Train one dense hidden layer with the weight count of the sparse network."""
    return Sparsifier(dense=True, widths=_one_layer_within)


@SPARSIFIERS.register
def dense_narrow() -> Sparsifier:
    """Train dense layers of the same depth with the sparse network's weight count."""
    return Sparsifier(dense=True, widths=_same_depth_within)


def _one_layer_within(sizes: Sizes, budget: int) -> Sizes:
    n_in, classes = sizes[0], sizes[-1]
    return n_in, max(1, round(budget / (n_in + classes))), classes


def _same_depth_within(sizes: Sizes, budget: int) -> Sizes:
    n_in, depth, classes = sizes[0], len(sizes) - 2, sizes[-1]

    def excess(width: int) -> int:
        weights = (n_in + classes) * width + (depth - 1) * width**2
        return abs(weights - budget)

    return n_in, *[min(range(1, max(sizes) + 1), key=excess)] * depth, classes


def _drop_and_regrow(layer: Links, prune: "_Prune", context: Context) -> Rewiring:
    kept = np.setdiff1d(
        np.arange(layer.weight.size),
        prune(layer.weight, context.zeta, context.rng),
        assume_unique=True,
    )
    occupied = layer.target[kept] * layer.n_in + layer.source[kept]
    drawn = absent_positions(
        occupied,
        layer.n_in * layer.n_out,
        layer.weight.size - kept.size,
        context.rng,
    )
    target, source = np.divmod(drawn, layer.n_in)
    return Rewiring(kept, source, target, np.zeros(drawn.size, np.float32))


_Prune: TypeAlias = Callable[
    [NDArray[np.float32], float, np.random.Generator], IntArray
]


def _share(zeta: float, links: int) -> int:
    return int(zeta * links + 0.5)


def _rising(key: NDArray[np.float32], rng: np.random.Generator) -> IntArray:
    """Order links by a key; a stable sort after a shuffle breaks ties at random."""
    shuffled = rng.permutation(key.size)
    return shuffled[np.argsort(key[shuffled], kind="stable")]


def _prune_per_sign(
    weight: NDArray[np.float32], zeta: float, rng: np.random.Generator
) -> IntArray:
    order = _rising(weight, rng)
    below, above = (
        np.searchsorted(weight[order], 0, "left"),
        np.searchsorted(weight[order], 0, "right"),
    )
    first = below - _share(zeta, int(below))
    last = above + _share(zeta, int(weight.size - above))
    return order[first:last]


def _prune_magnitude(
    weight: NDArray[np.float32], zeta: float, rng: np.random.Generator
) -> IntArray:
    return _rising(np.abs(weight), rng)[: _share(zeta, weight.size)]


def _prune_random(
    weight: NDArray[np.float32], zeta: float, rng: np.random.Generator
) -> IntArray:
    return rng.choice(weight.size, _share(zeta, weight.size), replace=False)


_PRUNING: dict[str, _Prune] = {
    "per_sign": _prune_per_sign,
    "magnitude": _prune_magnitude,
    "random": _prune_random,
}
