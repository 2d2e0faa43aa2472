"""Networks to table: accuracy under attacks on the images, one row per attack and eps.

A unit of work is one network under one attack, with all eps, damage fractions and
replicates.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import product
from typing import Any, Self

import numpy as np
import pandas as pd

from netrobust.core.errors import InputError
from netrobust.core.random_streams import stream
from netrobust.data.dataset import Dataset
from netrobust.experiments.columns import ATTACK
from netrobust.experiments.damage_curve import damage_curve, damage_stream
from netrobust.experiments.plan import (
    Names,
    name_of,
    one_perturbation,
    plan_networks,
    several,
)
from netrobust.experiments.score import damaged
from netrobust.experiments.sweep import Score, Sweep, Unit
from netrobust.graphs.perturb.scopes import reaches_head
from netrobust.neural.evaluate import evaluate
from netrobust.neural.input_attacks import INPUT_ATTACKS, InputAttack
from netrobust.neural.model import SparseMLP
from netrobust.neural.network import Network
from netrobust.parallel.gather import Parts, Tick
from netrobust.parallel.threads import limited_threads

#: Test images that are attacked if nothing else is asked for.
IMAGES = 1000

#: Strengths of attack, in the unit of each.
EPS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)


def attack(
    networks: Network | Sequence[Network],
    data: Dataset,
    attacks: Names = ("fgsm", "pgd"),
    eps: Sequence[float] = EPS,
    perturbation: str | Callable[..., Any] = "none",
    fractions: Sequence[float] = (0,),
    replicates: int = 1,
    images: int | None = IMAGES,
    seed: int = 0,
    scope: str = "per_layer",
    jobs: int = 1,
    parts: Parts | None = None,
    tick: Tick | None = None,
    *,
    executor: Executor | None = None,
    progress: bool | None = None,
) -> pd.DataFrame:
    """Attack the test images of networks, intact or damaged, and score what is left.

    An attack sees the images it changes and their labels, and the network as it is
    after damage.

    Parameters
    ----------
    networks : Network or sequence of Network
    data : Dataset
        Its test images are attacked.
    attacks : str, callable, or a sequence of them
        Names in `INPUT_ATTACKS`, with options where wanted, such as
        ``pgd(norm=l2,steps=40)``, or your own ``(model, x, y, eps, rng) -> x'``.
    eps : sequence of float
        How strong: 0 is no attack, and the unit is the attack's own. Must rise.
    perturbation : str or callable
        Of the network before the attack: a name in `PERTURBATIONS` or your own
        function; ``none`` for intact networks.
    fractions : sequence of float
        Of the perturbation, 0 to 1.
    replicates : int
        Draws of the perturbation and of the attacks that draw.
    images : int, optional
        Attack the first so many test images, by default 1000 or all that there are;
        all if None.
    seed : int
        Of the draws; the networks have their own.
    scope : str
        Of the perturbation, as for `percolate`.
    jobs, parts, tick, executor, progress
        As for `percolate`.

    Returns
    -------
    DataFrame
        One row per network, attack, eps, fraction and replicate: the keys of
        `percolate`, then ``attack``, ``eps``, ``images`` (how many), ``accuracy``,
        ``loss`` and ``mean_distance``, how far images were really moved in the unit of
        `eps`, which is less than `eps` where pixels are clipped to [0, 1] or nothing
        is gained by continuing.

    Raises
    ------
    InputError
        A name is unknown, a number out of its range, or the data are of another kind
        than those of the networks.

    Notes
    -----
    What an attack draws depends on network, attack and replicate, neither on eps nor on
    the damage: rows that differ in these alone are paired. Where all paths of an image
    through a network are silent, the loss has no gradient for it, and attacks by
    gradient leave it alone: damage can make networks look robust, at the accuracy of
    guessing.

    Examples
    --------
    >>> from netrobust.neural.config import TrainConfig
    >>> from netrobust.data.load import load
    >>> from netrobust.neural.train import train
    >>> data = load("mnist-5k")
    >>> network = train(data, TrainConfig(hidden=(50,), sparsity=0.9, epochs=1))
    >>> table = attack(network, data, "fgsm", eps=[0, 0.1], images=200)
    >>> bool(table.accuracy[0] > 0.5 > 0.2 > table.accuracy[1])
    True
    """
    if images == IMAGES:
        images = min(IMAGES, len(data.y_test))
    sweep = Attacks.planned(
        networks, data, attacks, eps, perturbation, fractions=fractions,
        replicates=replicates, images=images, seed=seed, scope=scope, jobs=jobs,
    )  # fmt: skip
    return sweep.run(jobs, parts, tick, executor, progress)


@dataclass(frozen=True)
class Attacks(Sweep):
    """A sweep whose units are one network under one attack each."""

    columns = ATTACK
    stage = "attacks"

    attacks: tuple[InputAttack, ...]
    eps: tuple[float, ...]
    damage: bool  # whether the networks are damaged before

    @classmethod
    def planned(
        cls,
        networks: Network | Iterable[Network],
        data: Dataset,
        attacks: Names,
        eps: Sequence[float],
        perturbation: str | Callable[..., Any],
        **settings: Any,
    ) -> Self:
        """Check everything before anything is done; the settings are `attack`'s."""
        nets, damage = several(networks), perturbation != "none"
        plan = plan_networks(
            cls.columns, nets, data, **settings,
            perturbations=perturbation if damage else "random_links",
        )  # fmt: skip
        one_perturbation(plan, "networks are attacked after")
        if not damage and plan.fractions != (0,):
            raise InputError(
                f"fractions {list(plan.fractions)} of no perturbation were asked for; "
                "give a perturbation, or the fraction 0 alone"
            )
        chosen = tuple(
            one if isinstance(one, InputAttack) else InputAttack(one)
            for one in INPUT_ATTACKS.members(attacks)
        )
        strengths = _grid(eps)
        few = data.x_test[: plan.images][:1], data.y_test[: plan.images][:1]
        _check_attacks(chosen, strengths, data)
        for one in chosen:
            # Whether a user's own function gives images is known once it has.
            one(nets[0].model, *few, strengths[-1], np.random.default_rng(0))
        return cls(plan, tuple(nets), data, chosen, strengths, damage)

    def units(self) -> Iterable[Unit]:
        """Give places of network and attack."""
        return product(range(len(self.networks)), range(len(self.attacks)))

    def key(self, unit: Unit) -> str:
        """Name a unit by its network and attack, the plan, eps and the damage."""
        plan, network = self.plan, self.networks[unit[0]]
        return self.called(
            f"attack-{network.name}-{name_of(self.attacks[unit[1]])}", unit, self.eps,
            name_of(self.perturbation(unit)), plan.fractions,
            plan.replicates, plan.scope, plan.seed, plan.images, plan.training_images,
        )  # fmt: skip

    def members(self) -> tuple[Any, ...]:
        """Give the functions whose code the rows depend on, attacks among them."""
        return *super().members(), *self.attacks

    def perturbation(self, unit: Unit) -> Any:
        """Give what damages the networks; None where they are intact."""
        return self.plan.perturbations[0] if self.damage else None

    def scored(self, unit: Unit) -> Iterator[Score]:
        """Attack one network in one way."""
        network, assault, plan = (
            self.networks[unit[0]],
            self.attacks[unit[1]],
            self.plan,
        )
        x, y = self.data.x_test[: plan.images], self.data.y_test[: plan.images]
        for replicate in range(plan.replicates):
            models = self._models(network, replicate)
            for (fraction, model), eps in product(models, self.eps):
                # The same numbers at every fraction and eps, so that these are paired.
                rng = stream(
                    plan.seed, "attack", network.name, name_of(assault), replicate
                )
                with limited_threads(1):
                    changed = assault(model, x, y, eps, rng)
                    scores = evaluate(model, changed, y)
                facts = {
                    "attack": name_of(assault),
                    "eps": eps,
                    "images": len(y),
                    "mean_distance": float(assault.distance(x, changed).mean()),
                }
                yield Score(fraction, replicate, scores, facts)

    def _models(
        self, network: Network, replicate: int
    ) -> list[tuple[float, SparseMLP]]:
        """Give the network at every fraction of its damage."""
        if not self.damage:
            return [(0.0, network.model)]
        plan = self.plan
        (perturbation,) = plan.perturbations
        label, head = name_of(perturbation), reaches_head(plan.scope)
        rng = damage_stream(
            plan.seed, network.name, "none", replicate, label, plan.scope
        )
        damages = damage_curve(
            network.model, perturbation, plan.fractions, plan.scope, rng, self.data,
            images=plan.training_images,
        )  # fmt: skip
        left = [damaged(network.model, damage, head) for damage in damages]
        return list(zip(plan.fractions, left, strict=True))


def _check_attacks(
    attacks: Sequence[InputAttack], eps: Sequence[float], data: Dataset
) -> None:
    """Refuse attacks that the images or the strengths do not suit."""
    if not attacks:
        raise InputError("no attack came; give at least one")
    rows, columns = data.image_shape
    for one in attacks:
        if one.square and rows != columns:
            raise InputError(
                f"{one.__name__} needs square images; those of {data.name} have "
                f"{rows} x {columns} pixels, so leave it out"
            )
        for strength in eps:
            one.check(strength, data.x_test.shape[1])


def _grid(eps: Sequence[float]) -> tuple[float, ...]:
    try:
        grid = tuple(float(one) for one in eps)
    except (TypeError, ValueError):
        raise InputError(f"eps must be a sequence of numbers; got {eps!r}") from None
    if not grid or sorted(set(grid)) != list(grid):
        raise InputError(f"eps must rise without repeats; got {list(grid)}")
    return grid
