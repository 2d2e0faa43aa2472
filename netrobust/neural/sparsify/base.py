"""What a sparsifier is: a record that says when links move, and how.

A sparsifier is a factory ``(**options) -> Sparsifier`` named after its method; every
option has a default. The training loop owns time, learning rate and optimiser; the
record's `step` sees all sparse layers and answers with one `Rewiring` for each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from netrobust.core.options import Factory
from netrobust.core.registry import Registry
from netrobust.neural.topology import IntArray

Floats: TypeAlias = NDArray[np.float32]

NO_LINKS: IntArray = np.empty(0, np.int64)


class LayerLinks(NamedTuple):
    """The links of one layer in canonical order: by target, then by source.

    `gradient` is that of the loss of the last batch, where there was one.
    """

    n_in: int
    n_out: int
    source: IntArray
    target: IntArray
    weight: Floats
    gradient: Floats | None = None

    @property
    def place(self) -> IntArray:
        """Positions of the links, ``target * n_in + source``, ascending."""
        return self.target * self.n_in + self.source


class Rewiring(NamedTuple):
    """What a step does to one layer.

    `kept` are the ids of the links that were not dropped and `values`, where given,
    their new weights; `source`, `target` and `weight` are links that start anew;
    `restored` are ids of links dropped and grown again in the same step that continue
    with their old weight and momentum.
    """

    kept: IntArray
    source: IntArray
    target: IntArray
    weight: Floats
    restored: IntArray = NO_LINKS
    values: Floats | None = None


@dataclass(frozen=True)
class Context:
    """What a step may know beside the layers.

    Attributes
    ----------
    zeta : float
        Share of links to rewire.
    rng : numpy.random.Generator
    progress : float
        Share passed of the time in which links move, in [0, 1).
    links : tuple of int, optional
        Links every layer must have after the step; as many as before if not given.
    budget : tuple of int, optional
        Links every layer has when training ends.
    learning_rate : float
    gradient : callable, optional
        ``(layer) -> array`` of shape (n_out, n_in): the gradient of the last batch at
        all possible links of the layer of that index.
    memory : dict of str to ndarray
        What a method keeps from one step to the next; part of every checkpoint.
    """

    zeta: float
    rng: np.random.Generator
    progress: float = 0.0
    links: tuple[int, ...] | None = None
    budget: tuple[int, ...] | None = None
    learning_rate: float = 0.0
    gradient: Callable[[int], Floats] | None = None
    memory: dict[str, NDArray[Any]] = field(default_factory=dict)


Sizes: TypeAlias = tuple[int, ...]
Step: TypeAlias = Callable[[Sequence[LayerLinks], Context], list[Rewiring]]


def _as_asked(sizes: Sizes, budget: int) -> Sizes:
    return sizes


def _none(progress: float) -> float:
    return 0.0


@dataclass(frozen=True)
class Sparsifier:
    """One method of training.

    Attributes
    ----------
    step : callable or None
        Rewires the layers; None keeps the topology.
    batches : int
        Batches from one update to the next; 0 to update after epochs.
    epochs : int
        Epochs from one update to the next, where `batches` is 0.
    until : float
        Share of the training after which links stay. The last batch moves none.
    skips_step : bool
        The optimiser makes no step on the batch of an update.
    every_place : bool
        The rule holds a number for every possible link of a layer, so that layers
        must not be too large; see `netrobust.neural.topology.MOST_PLACES`.
    gradient : bool
        The rule asks for the gradient at all possible links.
    surplus : callable
        ``(progress) -> density`` that layers have above their budget; the last update
        ends it.
    topology : str
        Where links start, if the settings do not say: one of `TOPOLOGIES`.
    dense : bool
        Layers are complete bipartite graphs, held as matrices.
    widths : callable
        ``(sizes, budget) -> sizes``: the sizes a baseline has, where budget is the
        number of weights of the sparse network, its dense head included.
    """

    step: Step | None = None
    batches: int = 0
    epochs: int = 1
    until: float = 1.0
    skips_step: bool = False
    every_place: bool = False
    gradient: bool = False
    surplus: Callable[[float], float] = _none
    topology: str = "erdos_renyi"
    dense: bool = False
    widths: Callable[[Sizes, int], Sizes] = _as_asked


@dataclass(frozen=True)
class SparsifierFactory(Factory):
    """Stand for a factory of sparsifiers, ``(**options) -> Sparsifier``."""

    kind: ClassVar[str] = "sparsifier"


SPARSIFIERS: Registry[SparsifierFactory] = Registry("sparsifier", SparsifierFactory)
