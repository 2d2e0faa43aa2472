"""Networks to table: damage curves and null models, one row per scored network.

A unit of work is one network under one null model and one perturbation, with all
fractions and replicates. The table is the same in any order of the units, on any number
of processes, and after an interruption.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import blake2b
from importlib.metadata import version
from itertools import product
from typing import Protocol, TypeAlias

import pandas as pd

from netrobust.neural.dataset import Dataset
from netrobust.neural.network import Network
from netrobust.plan import Names, Plan, make_plan, name_of
from netrobust.pool import spread
from netrobust.study import GRID
from netrobust.unit import run_unit

Unit: TypeAlias = tuple[int, int, int]  # places of network, null model, perturbation
Tick: TypeAlias = Callable[[int, int], None]  # units done, units in all


class Parts(Protocol):
    """Where finished units are kept, so that an interrupted sweep can go on."""

    def get(self, key: str) -> pd.DataFrame | None:
        """Give the rows of a unit that is done, or None."""

    def put(self, key: str, rows: pd.DataFrame) -> None:
        """Keep the rows of a unit."""


def percolate(
    networks: Network | Sequence[Network],
    data: Dataset,
    perturbations: Names = ("random_links",),
    fractions: Sequence[float] = GRID,
    replicates: int = 10,
    measures: Names = ("giant_component",),
    null_models: Names = ("none",),
    scope: str = "per_layer",
    seed: int = 0,
    images: int | None = None,
    jobs: int = 1,
    parts: Parts | None = None,
    tick: Tick | None = None,
) -> pd.DataFrame:
    """Damage networks step by step and score what is left: damage curves.

    Parameters
    ----------
    networks : Network or sequence of Network
    data : Dataset
        Its test images are scored.
    perturbations, measures, null_models : str, callable, or a sequence of them
        Names in `PERTURBATIONS`, `MEASURES`, `NULL_MODELS`, or your own functions.
    fractions : sequence of float
        Shares of the links in scope that are removed, 0 to 1.
    replicates : int
        Draws of every null model and perturbation.
    scope : str
        ``per_layer``, ``global``, or one layer such as ``layer_1``.
    seed : int
        Of the draws; the networks have their own.
    images : int, optional
        Score the first so many test images; all if not given.
    jobs : int
        Processes to spread over. The table does not depend on it. With several, your
        script needs its ``if __name__ == "__main__":``.
    parts : optional
        Keeps finished units, with ``get(key)`` and ``put(key, rows)``; what it holds
        is not computed again.
    tick : callable, optional
        Called with the units done and the units in all.

    Returns
    -------
    DataFrame
        One row per scored network: the keys ``network, dataset`` (the one scored),
        ``sparsifier, width, sparsity, network_seed, null_model, perturbation, scope,
        fraction, replicate, draw_seed``, then ``images`` (how many were scored),
        ``removed`` (the share really removed, after rounding), ``accuracy``, ``loss``,
        ``moved`` (the share of links the null model moved) and the measures.

    Raises
    ------
    InputError
        A name is unknown or a number out of its range.

    Examples
    --------
    >>> from netrobust.neural.config import TrainConfig
    >>> from netrobust.neural.data import load
    >>> from netrobust.neural.train import train
    >>> data = load("mnist-5k")
    >>> network = train(data, TrainConfig(hidden=(50,), sparsity=0.9, epochs=1))
    >>> table = percolate(network, data, fractions=[0, 0.5, 1], replicates=2)
    >>> len(table), round(float(table.giant_component.min()), 4)
    (6, 0.0012)
    """
    nets = [networks] if isinstance(networks, Network) else list(networks)
    plan = make_plan(
        nets, data, perturbations, fractions, replicates, measures, null_models, scope,
        seed, images, jobs,
    )  # fmt: skip
    nulls, damages = range(len(plan.null_models)), range(len(plan.perturbations))
    units = list(product(range(len(nets)), nulls, damages))
    done: dict[Unit, pd.DataFrame] = {}
    for unit in units:
        found = parts.get(_key(nets, data, plan, unit)) if parts else None
        if found is not None:
            done[unit] = found
    if tick:
        tick(len(done), len(units))
    missing = [unit for unit in units if unit not in done]
    # Workers score; they need no training images.
    tests = replace(data, x_train=data.x_train[:0])
    for unit, rows in spread(_run, missing, jobs, nets, tests, plan):
        done[unit] = rows
        if parts:
            parts.put(_key(nets, data, plan, unit), rows)
        if tick:
            tick(len(done), len(units))
    return pd.concat([done[unit] for unit in units], ignore_index=True)


def compare(
    networks: Network | Sequence[Network],
    data: Dataset,
    null_models: Names = ("shuffle_all", "shuffle_by_sign", "degree_preserving"),
    replicates: int = 20,
    measures: Names = ("giant_component",),
    seed: int = 0,
    images: int | None = None,
    jobs: int = 1,
    parts: Parts | None = None,
    tick: Tick | None = None,
) -> pd.DataFrame:
    """Score networks beside their null models, undamaged.

    This is `percolate` at fraction 0; the networks themselves come first, as the null
    model ``none``.

    Parameters
    ----------
    networks : Network or sequence of Network
    data : Dataset
    null_models : str, callable, or a sequence of them
        Names in `NULL_MODELS`, or your own functions.
    replicates : int
        Draws of every null model.
    measures, seed, images, jobs, parts, tick
        As for `percolate`.

    Returns
    -------
    DataFrame
        The rows of `percolate`, with perturbation ``none``.

    Raises
    ------
    InputError
        A name is unknown or a number out of its range.
    """

    def undamaged(nulls: Names, draws: int) -> pd.DataFrame:
        return percolate(
            networks, data, "random_links", [0.0], draws, measures, nulls,
            seed=seed, images=images, jobs=jobs, parts=parts, tick=tick,
        )  # fmt: skip

    given = [null_models] if isinstance(null_models, str) else null_models
    drawn = list(given) if isinstance(given, Sequence) else [given]
    drawn = [one for one in drawn if one != "none"]
    # The null models first: they are refused, if at all, before anything is kept.
    tables = [undamaged(drawn, replicates)] if drawn else []
    tables.insert(0, undamaged("none", 1))
    return pd.concat(tables, ignore_index=True).assign(perturbation="none")


def _run(
    unit: Unit, networks: list[Network], data: Dataset, plan: Plan
) -> pd.DataFrame:
    network, null_model, perturbation = unit
    return run_unit(
        networks[network],
        data,
        plan,
        plan.null_models[null_model],
        plan.perturbations[perturbation],
    )


def _key(networks: list[Network], data: Dataset, plan: Plan, unit: Unit) -> str:
    """Name a unit by the network and all settings that its rows depend on."""
    network, null_model, perturbation = (
        networks[unit[0]],
        name_of(plan.null_models[unit[1]]),
        name_of(plan.perturbations[unit[2]]),
    )
    rest = (
        version("netrobust"), network.dataset_sha256, data.sha256,
        plan.fractions, plan.replicates, plan.scope, plan.seed, plan.images,
        [name_of(one) for one in plan.measures],
    )  # fmt: skip
    digest = blake2b(repr(rest).encode(), digest_size=8).hexdigest()
    return f"{network.name}-{null_model}-{perturbation}-{digest}"
