"""Networks to table: accuracy under attacks on the images, one row per attack and eps.

A unit of work is one network under one attack, with all eps, damage fractions and
replicates.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from netrobust.core.errors import InputError
from netrobust.core.random_streams import stream
from netrobust.data.dataset import Dataset
from netrobust.experiments.damage_curve import damage_curve, damage_stream
from netrobust.experiments.percolate import shown
from netrobust.experiments.plan import (
    Names,
    Plan,
    check_columns,
    check_importable,
    make_plan,
    name_of,
    numbers_of,
    several,
    unit_key,
)
from netrobust.experiments.score import damaged
from netrobust.graphs.damage import Damage
from netrobust.graphs.perturb.scopes import reaches_head
from netrobust.neural.evaluate import evaluate
from netrobust.neural.input_attacks import INPUT_ATTACKS, InputAttack
from netrobust.neural.model import SparseMLP
from netrobust.neural.network import Network
from netrobust.parallel.gather import Parts, Tick, gather
from netrobust.parallel.threads import limited_threads
from netrobust.stats.summary import KEYS

#: Strengths of attack, in the unit of each.
EPS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)

#: Columns behind the keys and the options of the perturbation.
COLUMNS = ("attack", "eps", "images", "accuracy", "loss", "mean_distance")

Unit: TypeAlias = tuple[int, int]  # places of network and attack


@dataclass(frozen=True)
class Attacks:
    """What is done to images and networks; travels to the worker processes."""

    attacks: tuple[InputAttack, ...]
    eps: tuple[float, ...]
    damage: bool
    plan: Plan


def attack(
    networks: Network | Sequence[Network],
    data: Dataset,
    attacks: Names = ("fgsm", "pgd"),
    eps: Sequence[float] = EPS,
    perturbation: str | Callable[..., Any] = "none",
    fractions: Sequence[float] = (0,),
    replicates: int = 1,
    images: int | None = 1000,
    seed: int = 0,
    scope: str = "per_layer",
    jobs: int = 1,
    parts: Parts | None = None,
    tick: Tick | None = None,
    *,
    executor: Executor | None = None,
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
        Attack the first so many test images; all if None.
    seed : int
        Of the draws; the networks have their own.
    scope : str
        Of the perturbation, as for `percolate`.
    jobs, parts, tick, executor
        As for `percolate`.

    Returns
    -------
    DataFrame
        One row per network, attack, eps, fraction and replicate: the keys of
        `percolate`, then ``attack``, ``eps``, ``images`` (how many), ``accuracy``,
        ``loss`` and ``mean_distance``, how far images were really moved in the unit of
        `eps`, which is less than `eps` where pixels are clipped to [0, 1] or nothing
        is gained by going on.

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
    nets = several(networks)
    job = plan_attacks(
        nets, data, attacks, eps, perturbation, fractions, replicates, images, seed,
        scope, jobs,
    )  # fmt: skip
    if jobs > 1 or executor is not None:
        check_importable(job)
    units = {
        _key(nets, data, job, unit): unit
        for unit in product(range(len(nets)), range(len(job.attacks)))
    }
    seen = shown(data, job.plan)
    tables = gather(
        _run, units, jobs, nets, seen, job, executor=executor, parts=parts, tick=tick
    )
    return pd.concat(tables, ignore_index=True)


def plan_attacks(
    networks: Sequence[Network],
    data: Dataset,
    attacks: Names,
    eps: Sequence[float],
    perturbation: str | Callable[..., Any],
    fractions: Sequence[float],
    replicates: int,
    images: int | None,
    seed: int,
    scope: str,
    jobs: int,
) -> Attacks:
    """Check all names and numbers of attacks before anything is done.

    The parameters are those of `attack`, and so is what is refused.
    """
    damage = perturbation != "none"
    plan = make_plan(
        networks, data, perturbation if damage else "random_links", fractions,
        replicates, (), "none", scope, seed, images, jobs,
    )  # fmt: skip
    if len(plan.perturbations) > 1:
        raise InputError(
            "networks are attacked after one perturbation; got "
            f"{', '.join(map(name_of, plan.perturbations))}; ask for each alone"
        )
    check_columns(plan.perturbations, (), COLUMNS)
    if not damage and plan.fractions != (0,):
        raise InputError(
            f"fractions {list(plan.fractions)} of no perturbation were asked for; "
            "give a perturbation, or the fraction 0 alone"
        )
    chosen = tuple(
        one if isinstance(one, InputAttack) else InputAttack(one)
        for one in INPUT_ATTACKS.members(attacks)
    )
    if not chosen:
        raise InputError("no attack came; give at least one")
    strengths = _grid(eps)
    x, y = data.x_test[: plan.images], data.y_test[: plan.images]
    rows, columns = data.image_shape
    for one in chosen:
        if one.square and rows != columns:
            raise InputError(
                f"{one.__name__} needs square images; those of {data.name} have "
                f"{rows} x {columns} pixels, so leave it out"
            )
        for strength in strengths:
            one.check(strength, x.shape[1])
        # Whether a user's own function gives images is known once it has.
        one(networks[0].model, x[:1], y[:1], strengths[-1], np.random.default_rng(0))
    return Attacks(chosen, strengths, damage, plan)


def _grid(eps: Sequence[float]) -> tuple[float, ...]:
    try:
        grid = tuple(float(one) for one in eps)
    except (TypeError, ValueError):
        raise InputError(f"eps must be a sequence of numbers; got {eps!r}") from None
    if not grid or sorted(set(grid)) != list(grid):
        raise InputError(f"eps must rise without repeats; got {list(grid)}")
    return grid


def _run(
    unit: Unit, networks: list[Network], data: Dataset, job: Attacks
) -> pd.DataFrame:
    """Attack one network in one way: visible loops."""
    network, assault, plan = networks[unit[0]], job.attacks[unit[1]], job.plan
    (perturbation,) = plan.perturbations
    label = name_of(perturbation) if job.damage else "none"
    options = numbers_of(perturbation) if job.damage else {}
    name = name_of(assault)
    x, y = data.x_test[: plan.images], data.y_test[: plan.images]
    rows: list[dict[str, Any]] = []
    for replicate in range(plan.replicates):
        models = _models(network, data, job, replicate)
        for (fraction, model), eps in product(models, job.eps):
            # The same numbers at every fraction and eps, so that these are paired.
            rng = stream(plan.seed, "attack", network.name, name, replicate)
            with limited_threads(1):
                changed = assault(model, x, y, eps, rng)
                scores = evaluate(model, changed, y)
            rows.append(
                {
                    **network.labels,
                    "dataset": data.name,
                    "null_model": "none",
                    "retrained": False,
                    "perturbation": label,
                    "scope": plan.scope,
                    "fraction": fraction,
                    "replicate": replicate,
                    "draw_seed": plan.seed,
                    **options,
                    "attack": name,
                    "eps": eps,
                    "images": len(y),
                    **scores,
                    "mean_distance": float(assault.distance(x, changed).mean()),
                }
            )
    return pd.DataFrame(rows)[[*KEYS, *options, *COLUMNS]]


def _models(
    network: Network, data: Dataset, job: Attacks, replicate: int
) -> list[tuple[float, SparseMLP]]:
    """Give the network at every fraction of its damage."""
    if not job.damage:
        return [(0.0, network.model)]
    plan = job.plan
    (perturbation,) = plan.perturbations
    rng = damage_stream(
        plan.seed, network.name, "none", replicate, name_of(perturbation), plan.scope
    )
    damages: list[Damage] = damage_curve(
        network.model, perturbation, plan.fractions, plan.scope, rng, data,
        images=plan.training_images,
    )  # fmt: skip
    head = reaches_head(plan.scope)
    left = [damaged(network.model, damage, head) for damage in damages]
    return list(zip(plan.fractions, left, strict=True))


def _key(networks: list[Network], data: Dataset, job: Attacks, unit: Unit) -> str:
    """Name a unit by the network and all settings that its rows depend on."""
    network, name, plan = networks[unit[0]], name_of(job.attacks[unit[1]]), job.plan
    label = name_of(plan.perturbations[0]) if job.damage else "none"
    return unit_key(
        f"attack-{network.name}-{name}", network, data, job.eps, label,
        plan.fractions, plan.replicates, plan.scope, plan.seed, plan.images,
        plan.training_images,
    )  # fmt: skip
