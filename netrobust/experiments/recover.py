"""Recovery: damaged networks that learn on, with a frozen or an adaptive topology.

A unit of work is one network in one mode and replicate, with all fractions. Its random
streams are keyed by what it is, never by when or where it runs.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any, Self

import pandas as pd

from netrobust.core.errors import InputError
from netrobust.core.random_streams import stream
from netrobust.core.settings import MOST_TIMES, choice, whole
from netrobust.data.dataset import Dataset
from netrobust.experiments.columns import RECOVERY
from netrobust.experiments.damage_curve import damage_curve, damage_stream
from netrobust.experiments.plan import (
    name_of,
    one_perturbation,
    plan_networks,
    several,
)
from netrobust.experiments.retrain import frozen
from netrobust.experiments.score import damaged, score
from netrobust.experiments.sweep import Score, Sweep, Unit
from netrobust.graphs.damage import Damage
from netrobust.graphs.perturb.scopes import reaches_head
from netrobust.neural.config import TrainConfig
from netrobust.neural.linear import SparseLinear
from netrobust.neural.model import SparseMLP
from netrobust.neural.network import Network
from netrobust.neural.rewire import moves
from netrobust.neural.train import train
from netrobust.parallel.gather import Parts, Tick

log = logging.getLogger("netrobust")

#: What the topology does while a damaged network learns on.
MODES = ("frozen", "adaptive")


def recover(
    networks: Network | Sequence[Network],
    data: Dataset,
    perturbation: str | Callable[..., Any] = "random_links",
    fractions: Sequence[float] = (0.5,),
    epochs: int = 5,
    modes: str | Sequence[str] = MODES,
    scope: str = "per_layer",
    replicates: int = 1,
    seed: int = 0,
    images: int | None = None,
    jobs: int = 1,
    parts: Parts | None = None,
    tick: Tick | None = None,
    *,
    executor: Executor | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Damage networks, continue training what is left, and score every epoch.

    The budget of links is what the damage left: an adaptive network moves its links
    and gets none back. Training continues with the settings of the network, momentum at
    0 and its schedule compressed into the epochs of the recovery: the learning rate
    starts high again and falls to its end.

    Parameters
    ----------
    networks : Network or sequence of Network
    data : Dataset
        Training images train, test images are scored and decide nothing.
    perturbation : str or callable
        As for `percolate`, which gives the same damage for the same networks,
        fractions, scope, replicate and seed.
    fractions : sequence of float
        Rising, in [0, 1]; 0 tells what training on does to an intact network.
    epochs : int
        Of the recovery.
    modes : str or sequence of str
        ``frozen``: no link moves; ``adaptive``: links move as they did in training.
        Networks whose links never move, within so few epochs or at all, and those that
        move them by exceeding their budget (EM&S) have frozen rows only.
    scope : str
        As for `percolate`, without the head.
    replicates, seed, images, jobs, parts, tick, executor, progress
        As for `percolate`. Both modes see the same images in the same order.

    Returns
    -------
    DataFrame
        One row per epoch: the keys of `percolate`, then options of the perturbation
        that are numbers, ``mode``, ``epoch`` (0 is after the damage, before any
        training), ``images``, ``links`` of the hidden layers, ``intact`` (the accuracy
        before the damage), ``accuracy``, ``loss`` and ``regained``, the share of the
        lost accuracy that is back: 0 at epoch 0, NaN where none was lost.

    Raises
    ------
    InputError
        A name is unknown, a number out of its range, or no network has the modes.
    DivergedError
        A training left the finite range.

    Notes
    -----
    The links of dense baselines are trained one by one here, so that what was removed
    stays removed; a neuron without links may be linked again in adaptive networks.

    Examples
    --------
    >>> from netrobust.neural.config import TrainConfig
    >>> from netrobust.data.load import load
    >>> data = load("mnist-5k")
    >>> network = train(data, TrainConfig(hidden=(20,), sparsity=0.9, epochs=1))
    >>> table = recover(network, data, epochs=2)
    >>> table[["mode", "epoch", "links"]].values.tolist()[1:4]
    [['frozen', 1, 784], ['frozen', 2, 784], ['adaptive', 0, 784]]
    """
    sweep = Recovery.planned(
        networks, data, perturbation, epochs, modes, fractions=fractions, scope=scope,
        replicates=replicates, seed=seed, images=images, jobs=jobs,
    )  # fmt: skip
    return sweep.run(jobs, parts, tick, executor, progress)


@dataclass(frozen=True)
class Recovery(Sweep):
    """A sweep whose units are one network in one mode and replicate each."""

    columns = RECOVERY
    stage = "recovery"
    learns = True

    epochs: int
    work: tuple[Unit, ...]  # place of the network, mode, replicate

    @classmethod
    def planned(
        cls,
        networks: Network | Iterable[Network],
        data: Dataset,
        perturbation: str | Callable[..., Any],
        epochs: int,
        modes: str | Sequence[str],
        **settings: Any,
    ) -> Self:
        """Check everything before anything is done; the settings are `recover`'s."""
        nets = several(networks)
        plan = plan_networks(
            cls.columns, nets, data, perturbations=perturbation, **settings
        )
        one_perturbation(plan, "a recovery is from")
        if reaches_head(plan.scope):
            raise InputError(
                "a recovery cannot keep links of the dense head removed; got "
                f"{plan.scope!r}, choose a scope without the head"
            )
        epochs = whole("epochs", epochs, 1, MOST_TIMES)
        units, chosen = [], _modes(modes)
        for place, network in enumerate(nets):
            for mode in chosen:
                if mode == "adaptive" and not _adapts(
                    network, epochs, len(data.y_train)
                ):
                    log.info("%s moves no links in this recovery", network.name)
                else:
                    units += [(place, mode, one) for one in range(plan.replicates)]
        if not units:
            raise InputError(
                f"no network moves its links in {epochs} epochs of recovery; choose "
                "the mode frozen, more epochs, or other networks"
            )
        return cls(plan, tuple(nets), data, epochs, tuple(units))

    def units(self) -> Iterable[Unit]:
        """Give place of the network, mode and replicate."""
        return self.work

    def key(self, unit: Unit) -> str:
        """Name a unit by all it is; the number of replicates is no part of it."""
        (place, mode, replicate), plan = unit, self.plan
        network, label = self.networks[place], name_of(self.perturbation(unit))
        return self.called(
            f"recovery-{network.name}-{label}", unit, plan.fractions,
            plan.scope, plan.seed, plan.images, self.epochs, replicate, mode,
        )  # fmt: skip

    def scored(self, unit: Unit) -> Iterator[Score]:
        """Let one network learn on after damage of every fraction."""
        place, mode, replicate = unit
        network, plan, data = self.networks[place], self.plan, self.data
        (perturbation,) = plan.perturbations
        what = network.name, "none", replicate, name_of(perturbation), plan.scope
        damages = damage_curve(
            network.model, perturbation, plan.fractions, plan.scope,
            damage_stream(plan.seed, *what), data,
        )  # fmt: skip
        # The same for both modes and all fractions, so that these are paired.
        order = int(stream(plan.seed, "recovery", *what).integers(2**32))
        config = frozen(network) if mode == "frozen" else network.config
        config = replace(config, epochs=self.epochs)
        tests = data.x_test[: plan.images], data.y_test[: plan.images]
        few = replace(data, x_test=tests[0], y_test=tests[1])
        model = _link_by_link(network.model)
        intact = score(model, few)["accuracy"]
        for fraction, damage in zip(plan.fractions, damages, strict=True):
            healing = _healed(model, damage, few, config, order)
            for epoch, scores in enumerate(healing):
                facts = {
                    "mode": mode,
                    "epoch": epoch,
                    "images": len(few.y_test),
                    "links": damage.kept.size,
                    "intact": intact,
                    "after": healing[0]["accuracy"],
                }
                yield Score(fraction, replicate, scores, facts)


def _modes(modes: str | Sequence[str]) -> list[str]:
    alone = isinstance(modes, str) or not isinstance(modes, Iterable)
    chosen = [choice("mode", mode, MODES) for mode in ([modes] if alone else modes)]
    if not chosen or len(set(chosen)) < len(chosen):
        raise InputError(
            f"modes must be {' or '.join(MODES)}, or both; got {chosen or 'none'}"
        )
    return chosen


def _adapts(network: Network, epochs: int, images: int) -> bool:
    """Return whether links move in a recovery, their number unchanged."""
    if network.config.method.surplus(0):
        return False
    batches = -(-images // network.config.batch_size)
    return moves(replace(network.config, epochs=epochs), batches)


def _healed(
    model: SparseMLP, damage: Damage, data: Dataset, config: TrainConfig, seed: int
) -> list[dict[str, float]]:
    """Score a damaged network before and after every epoch of its recovery."""
    seen: list[dict[str, float]] = []

    def observe(network: Network) -> None:
        seen.append(score(network.model, data))

    train(data, config, seed, start=damaged(model, damage), observe=observe)
    return seen


def _link_by_link(model: SparseMLP) -> SparseMLP:
    """Hold every layer as its links, so that a removed one is not there to be trained.

    A dense layer would hold it as a weight of 0, which grows again.
    """
    layers = [
        SparseLinear(
            layer.in_features,
            layer.out_features,
            *layer.links(),
            layer.bias.detach().numpy(),
        )
        for layer in model.hidden_layers
    ]
    return SparseMLP(layers, model.head, float(model.mean), float(model.std))
