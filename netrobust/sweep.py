"""Networks to table: damage curves and null models, one row per scored network.

A unit of work is one network under one null model and one perturbation, with all
fractions and replicates. The table is the same in any order of the units, on any number
of processes, and after an interruption.
"""

import pickle
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import blake2b
from itertools import product
from typing import Any, Protocol, TypeAlias, TypeVar

import pandas as pd

from netrobust.errors import InputError
from netrobust.graphs.measure import MEASURES
from netrobust.graphs.null import NULL_MODELS
from netrobust.graphs.perturb import PERTURBATIONS
from netrobust.neural.data import Dataset
from netrobust.neural.network import Network
from netrobust.pool import spread
from netrobust.registry import Registry
from netrobust.results.stats import KEYS
from netrobust.study import GRID, check_scope
from netrobust.unit import VALUES, Plan, name_of, run_unit

F = TypeVar("F", bound=Callable[..., Any])
Names: TypeAlias = Sequence[str | Callable[..., Any]]
Unit: TypeAlias = tuple[int, int, int]  # places of network, null model, perturbation


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
    tick: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Damage networks step by step and score what is left: damage curves.

    Parameters
    ----------
    networks : Network or sequence of Network
    data : Dataset
        Its test images are scored.
    perturbations, measures, null_models : sequence of str or callable
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
        Processes to spread over. The table does not depend on it.
    parts : optional
        Keeps finished units, with ``get(key)`` and ``put(key, rows)``; what it holds
        is not computed again.
    tick : callable, optional
        Called with the units done and the units in all.

    Returns
    -------
    DataFrame
        One row per scored network: the keys ``network, dataset, sparsifier, width,
        sparsity, network_seed, null_model, perturbation, scope, fraction, replicate,
        draw_seed``, then ``removed`` (the share really removed, after rounding),
        ``accuracy``, ``loss``, ``moved`` (the share of links the null model moved)
        and the measures.

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
    plan = Plan(
        null_models=_members(NULL_MODELS, null_models),
        perturbations=_members(PERTURBATIONS, perturbations),
        measures=_members(MEASURES, measures),
        fractions=check_grid(fractions),
        replicates=replicates,
        scope=scope,
        seed=seed,
        images=images,
    )
    _check(nets, plan, jobs, len(data.y_test))
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
    **options: Any,
) -> pd.DataFrame:
    """Score networks beside their null models, undamaged.

    This is `percolate` at fraction 0; the intact network is the null model ``none``.

    Parameters
    ----------
    networks : Network or sequence of Network
    data : Dataset
    null_models : sequence of str or callable
    replicates : int
        Draws of every null model.
    **options
        ``measures, seed, images, jobs, parts, tick`` of `percolate`.

    Returns
    -------
    DataFrame
        The rows of `percolate`, with perturbation ``none``.
    """
    shared = {"perturbations": ["random_links"], "fractions": [0.0], **options}
    given = [null_models] if isinstance(null_models, str) else null_models
    drawn = [one for one in given if one != "none"]
    # The null models first: they are refused, if at all, before anything is kept.
    nulls = percolate(
        networks, data, null_models=drawn, replicates=replicates, **shared
    )
    intact = percolate(networks, data, null_models=["none"], replicates=1, **shared)
    both = pd.concat([intact, nulls], ignore_index=True)
    return both.assign(perturbation="none")


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


def _members(family: Registry[F], chosen: Names) -> tuple[F, ...]:
    """Look up names; take a user's own functions as they are."""
    given = [chosen] if isinstance(chosen, str) else list(chosen)
    found: list[Any] = [one if callable(one) else family[one] for one in given]
    for one in found:
        if not hasattr(one, "__name__"):
            raise InputError(f"a {family.kind} of your own needs a __name__; got {one}")
    names = [name_of(one) for one in found]
    if len(set(names)) < len(names):
        raise InputError(
            f"each {family.kind} can be asked for once; got {', '.join(names)}"
        )
    return tuple(found)


def check_grid(fractions: Sequence[float]) -> tuple[float, ...]:
    """Give rising fractions in [0, 1] as a tuple; refuse others with InputError.

    Examples
    --------
    >>> check_grid([0, 0.5, 1])
    (0.0, 0.5, 1.0)
    """
    grid = tuple(float(fraction) for fraction in fractions)
    for fraction in grid:
        if not 0 <= fraction <= 1:  # also true of NaN
            raise InputError(f"fraction must be in [0, 1]; got {fraction}")
    if not grid or sorted(set(grid)) != list(grid):
        raise InputError(f"fractions must rise without repeats; got {list(grid)}")
    return grid


def _check(networks: list[Network], plan: Plan, jobs: int, images: int) -> None:
    for what, members in {
        "network": networks,
        "null model": plan.null_models,
        "perturbation": plan.perturbations,
    }.items():
        if not members:
            raise InputError(f"no {what} came; give at least one")
    if taken := {*KEYS, *VALUES} & {name_of(one) for one in plan.measures}:
        raise InputError(f"a measure cannot be called {taken.pop()!r}; rename yours")
    for name, value in {"replicates": plan.replicates, "jobs": jobs}.items():
        if not isinstance(value, int) or value < 1:
            raise InputError(f"{name} must be an integer, 1 or larger; got {value!r}")
    check_scope(plan.scope, min(len(network.model.sizes) - 2 for network in networks))
    if not isinstance(plan.seed, int) or plan.seed < 0:
        raise InputError(f"seed must be an integer, 0 or larger; got {plan.seed!r}")
    if plan.images is not None and not 1 <= plan.images <= images:
        raise InputError(f"images must be from 1 to {images}; got {plan.images}")
    if jobs > 1:
        try:
            pickle.dumps(plan)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise InputError(
                f"with several jobs your own functions must be importable ({error}); "
                "define them at the top of a module or use one job"
            ) from None


def _key(networks: list[Network], data: Dataset, plan: Plan, unit: Unit) -> str:
    """Name a unit by all that its rows depend on."""
    network, null_model, perturbation = (
        networks[unit[0]],
        name_of(plan.null_models[unit[1]]),
        name_of(plan.perturbations[unit[2]]),
    )
    rest = (
        network.dataset_sha256, data.sha256, plan.fractions, plan.replicates,
        plan.scope, plan.seed, plan.images, [name_of(one) for one in plan.measures],
    )  # fmt: skip
    digest = blake2b(repr(rest).encode(), digest_size=4).hexdigest()
    return f"{network.name}-{null_model}-{perturbation}-{digest}"
