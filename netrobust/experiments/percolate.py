"""Networks to table: damage curves and null models, one row per scored network.

A unit of work is one network under one null model and one perturbation, with all
fractions and replicates. The table is the same in any order of the units, on any number
of processes, and after an interruption.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from itertools import product
from typing import Any, TypeAlias, cast

import pandas as pd

from netrobust.core.errors import InputError
from netrobust.data.dataset import Dataset
from netrobust.experiments.damage_curve import TRAINING_IMAGES
from netrobust.experiments.module_scores import Evaluate
from netrobust.experiments.percolate_module import Module, percolate_module
from netrobust.experiments.plan import (
    GRID,
    Names,
    Plan,
    check_importable,
    make_plan,
    name_of,
    numbers_of,
    several,
    unit_key,
)
from netrobust.experiments.unit import run_unit
from netrobust.graphs.null import NULL_MODELS
from netrobust.neural.network import Network
from netrobust.parallel.gather import Parts, Tick, gather
from netrobust.parallel.partial_failure import Going
from netrobust.stats.summary import KEYS

Unit: TypeAlias = tuple[int, int, int]  # places of network, null model, perturbation


def percolate(
    networks: Network | Sequence[Network] | Module,
    data: Dataset | None = None,
    perturbations: Names = ("random_links",),
    fractions: Sequence[float] = GRID,
    replicates: int = 10,
    measures: Names | None = None,
    null_models: Names = ("none",),
    scope: str = "per_layer",
    seed: int = 0,
    images: int | None = None,
    jobs: int = 1,
    parts: Parts | None = None,
    tick: Tick | None = None,
    *,
    evaluate: Evaluate | None = None,
    executor: Executor | None = None,
    retrain: bool = False,
    details: bool = False,
    training_images: int = TRAINING_IMAGES,
) -> pd.DataFrame:
    """Damage networks step by step and score what is left: damage curves.

    Parameters
    ----------
    networks : Network, sequence of Network, or torch.nn.Module
        A module that was trained elsewhere needs `evaluate`.
    data : Dataset
        Its test images are scored; none for a module.
    perturbations, measures, null_models : str, callable, or a sequence of them
        Names in `PERTURBATIONS`, `MEASURES`, `NULL_MODELS`, or your own functions.
        Perturbations may have options: ``gaussian_noise(amplitude=0.5)``. The giant
        component is measured if nothing is named.
    fractions : sequence of float
        Shares of the links (neurons, pixels) in scope that are removed or changed, 0
        to 1.
    replicates : int
        Draws of every null model and perturbation.
    scope : str
        ``per_layer``, ``global``, or one layer such as ``layer_1``; ``head`` for the
        dense head alone, ``per_layer+head`` and ``global+head`` for both, where the
        classes are a depth of the graph that is measured.
    seed : int
        Of the draws; the networks have their own.
    images : int, optional
        Score the first so many test images; all if not given.
    jobs : int
        Processes to spread over. The table does not depend on it. With several, your
        script needs its ``if __name__ == "__main__":``.
    parts : optional
        Keeps finished units, with ``found(keys)`` and ``put(key, rows)``; what it holds
        is not computed again.
    tick : callable, optional
        Called with the units done and the units in all.
    evaluate : callable, optional
        ``(module) -> dict`` of numbers, which scores damaged copies of a module of your
        own: then this is `percolate_module`, whose docstring says what has a meaning
        there, and takes no options from `images` to `tick` and from `executor` on.
    executor : concurrent.futures.Executor, optional
        Where the work is done, instead of `jobs` processes: one of yours, such as the
        ``get_executor()`` of a Dask client.
    retrain : bool
        Train the topology of every null model, and of the network itself under
        ``none``, from fresh weights with the network's settings before it is damaged:
        what does the mask alone carry?
    details : bool
        Add ``confidence``, ``ece`` (expected calibration error) and the accuracy of
        each class, ``accuracy_0`` and on.
    training_images : int
        Orders that ask data are shown the first so many training images.

    Returns
    -------
    DataFrame
        One row per scored network: the keys ``network, dataset`` (the one scored),
        ``sparsifier, width, sparsity, network_seed, null_model, retrained,
        perturbation, scope, fraction, replicate, draw_seed``, then options of the
        perturbations that are numbers, ``images`` (how many were scored), ``removed``
        (the share of links really removed), ``accuracy``, ``loss``, ``moved`` (the
        share of links the null model moved) and the measures.

    Raises
    ------
    InputError
        A name is unknown or a number out of its range.
    UnfinishedError
        Units failed, and `parts` are those of a run, which keep all others.

    Examples
    --------
    >>> from netrobust.neural.config import TrainConfig
    >>> from netrobust.data.load import load
    >>> from netrobust.neural.train import train
    >>> data = load("mnist-5k")
    >>> network = train(data, TrainConfig(hidden=(50,), sparsity=0.9, epochs=1))
    >>> table = percolate(network, data, fractions=[0, 0.5, 1], replicates=2)
    >>> len(table), round(float(table.giant_component.min()), 4)
    (6, 0.0012)
    """
    if evaluate is not None:
        _check_module_alone(
            data=data, images=images, jobs=None if jobs == 1 else jobs, parts=parts,
            tick=tick, executor=executor, retrain=retrain, details=details,
        )  # fmt: skip
        return percolate_module(
            cast(Module, networks), evaluate, perturbations, fractions, replicates,
            measures, null_models, scope, seed,
        )  # fmt: skip
    if data is None:
        raise InputError(
            "no data came; give the Dataset whose test images are scored, or, for a "
            "torch module of your own, evaluate"
        )
    nets = several(cast(Network | Sequence[Network], networks))
    measures = ("giant_component",) if measures is None else measures
    plan = make_plan(
        nets, data, perturbations, fractions, replicates, measures, null_models, scope,
        seed, images, jobs, training_images, retrain, details,
    )  # fmt: skip
    if executor is not None:
        check_importable(plan)
    nulls, damages = range(len(plan.null_models)), range(len(plan.perturbations))
    units = {
        _key(nets, data, plan, unit): unit
        for unit in product(range(len(nets)), nulls, damages)
    }
    seen = shown(data, plan)
    tables = gather(
        _run, units, jobs, nets, seen, plan, executor=executor, parts=parts, tick=tick
    )
    table = pd.concat(tables, ignore_index=True)
    options = [name for one in plan.perturbations for name in numbers_of(one)]
    first = [*KEYS, *dict.fromkeys(options)]
    return table[[*first, *(name for name in table.columns if name not in first)]]


def _check_module_alone(**given: Any) -> None:
    """Refuse what only networks of netrobust can be asked for."""
    for name, value in given.items():
        if value is not None and value is not False:
            raise InputError(
                f"a module is scored by evaluate alone, here and now; leave {name} out"
            )


def shown(data: Dataset, plan: Plan) -> Dataset:
    """Give the data that workers need: to score, no training images."""
    most = None if plan.retrain else plan.training_images * plan.shows_training
    return replace(data, x_train=data.x_train[:most])


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
    *,
    executor: Executor | None = None,
    retrain: bool = False,
    details: bool = False,
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
    measures, seed, images, jobs, parts, tick, executor, retrain, details
        As for `percolate`. With `retrain` the networks' own topologies come first,
        trained anew, too.

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
            nets, data, "random_links", [0.0], draws, measures, nulls,
            seed=seed, images=images, jobs=jobs, parts=parts, tick=tick,
            executor=executor, retrain=retrain, details=details,
        )  # fmt: skip

    nets, chosen = several(networks), NULL_MODELS.members(null_models)
    drawn = [one for one in chosen if name_of(one) != "none"]
    tables, going = [], Going()
    # The null models first: they are refused, if at all, before anything is kept.
    if drawn:
        with going.on():
            tables = [undamaged(drawn, replicates)]
    with going.on():
        tables.insert(0, undamaged("none", 1))
    going.check()
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
    return unit_key(
        f"{network.name}-{null_model}-{perturbation}", network, data,
        plan.fractions, plan.replicates, plan.scope, plan.seed, plan.images,
        [name_of(one) for one in plan.measures], plan.training_images, plan.retrain,
        plan.details,
    )  # fmt: skip
