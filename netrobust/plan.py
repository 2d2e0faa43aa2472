"""What a sweep does to every network: chosen and checked once, at the public door."""

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from netrobust.errors import InputError
from netrobust.graphs.measure import MEASURES
from netrobust.graphs.null import NULL_MODELS
from netrobust.graphs.perturb import PERTURBATIONS
from netrobust.neural.dataset import Dataset
from netrobust.neural.network import Network
from netrobust.results.stats import KEYS
from netrobust.settings import whole
from netrobust.study import check_scope

Names: TypeAlias = str | Callable[..., Any] | Sequence[str | Callable[..., Any]]

#: Columns of a sweep between the keys and the measures.
VALUES = ("images", "removed", "accuracy", "loss", "moved")


@dataclass(frozen=True)
class Plan:
    """What is done to every network; travels to the worker processes."""

    null_models: tuple[Any, ...]
    perturbations: tuple[Any, ...]
    measures: tuple[Any, ...]
    fractions: tuple[float, ...]
    replicates: int
    scope: str
    seed: int
    images: int | None


def make_plan(
    networks: Sequence[Network],
    data: Dataset,
    perturbations: Names,
    fractions: Sequence[float],
    replicates: int,
    measures: Names,
    null_models: Names,
    scope: str,
    seed: int,
    images: int | None,
    jobs: int,
) -> Plan:
    """Look up all names and check all numbers of a sweep before anything is done.

    The parameters are those of `percolate`.

    Raises
    ------
    InputError
        A name is unknown or a number out of its range.
    """
    plan = Plan(
        null_models=NULL_MODELS.members(null_models),
        perturbations=PERTURBATIONS.members(perturbations),
        measures=MEASURES.members(measures),
        fractions=check_grid(fractions),
        replicates=whole("replicates", replicates, 1),
        scope=scope,
        seed=whole("seed", seed, 0),
        images=None if images is None else whole("images", images, 1),
    )
    for what, members in {
        "network": networks,
        "null model": plan.null_models,
        "perturbation": plan.perturbations,
    }.items():
        if not members:
            raise InputError(f"no {what} came; give at least one")
    if taken := {*KEYS, *VALUES} & {name_of(one) for one in plan.measures}:
        raise InputError(f"a measure cannot be called {taken.pop()!r}; rename yours")
    check_scope(scope, min(len(network.model.sizes) - 2 for network in networks))
    if plan.images is not None and plan.images > len(data.y_test):
        raise InputError(
            f"images must be from 1 to {len(data.y_test)}, the test images of "
            f"{data.name}; got {images}"
        )
    if whole("jobs", jobs, 1) > 1:
        _check_importable(plan)
    return plan


def _check_importable(plan: Plan) -> None:
    try:
        pickle.dumps(plan)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise InputError(
            f"with several jobs your own functions must be importable ({error}); "
            "define them at the top of a module or use one job"
        ) from None


def check_grid(fractions: Sequence[float]) -> tuple[float, ...]:
    """Give rising fractions in [0, 1] as a tuple; refuse others with InputError.

    Examples
    --------
    >>> check_grid([0, 0.5, 1])
    (0.0, 0.5, 1.0)
    """
    try:
        grid = tuple(float(fraction) for fraction in fractions)
    except (TypeError, ValueError):
        raise InputError(
            f"fractions must be a sequence of numbers; got {fractions!r}"
        ) from None
    for fraction in grid:
        if not 0 <= fraction <= 1:  # also true of NaN
            raise InputError(f"fraction must be in [0, 1]; got {fraction}")
    if not grid or sorted(set(grid)) != list(grid):
        raise InputError(f"fractions must rise without repeats; got {list(grid)}")
    return grid


def name_of(member: Any) -> str:
    """Give the name a member of a family, or a user's own function, has in tables."""
    return str(member.__name__)
