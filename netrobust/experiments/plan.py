"""What a sweep does to every network: chosen and checked once, before any work."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from importlib.metadata import version
from typing import Any, TypeAlias

from torch.nn import Module

from netrobust.core.errors import InputError
from netrobust.core.settings import (
    MOST_JOBS,
    MOST_SEED,
    MOST_TIMES,
    canonical_fraction,
    whole,
)
from netrobust.data.dataset import Dataset
from netrobust.experiments.columns import check_names
from netrobust.experiments.damage_curve import TRAINING_IMAGES
from netrobust.experiments.options import Options, check_options
from netrobust.experiments.score import check_fit
from netrobust.graphs.measure import MEASURES
from netrobust.graphs.null import (
    NULL_MODELS,
    check_head,
    check_installed,
    scope_of,
)
from netrobust.graphs.perturb import PERTURBATIONS
from netrobust.graphs.perturb.scopes import check_reach, check_scope, reaches_head
from netrobust.graphs.requirements import check_weights
from netrobust.neural.network import Network
from netrobust.stats.columns import Column

Names: TypeAlias = str | Callable[..., Any] | Sequence[str | Callable[..., Any]]

#: Shares of links removed along a damage curve, from none to all in steps of 0.05.
GRID = tuple(round(step / 20, 2) for step in range(21))


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
    images: int | None = None
    training_images: int = TRAINING_IMAGES
    options: Options = field(default_factory=Options)


def make_plan(
    columns: Sequence[Column],
    *,
    perturbations: Names,
    fractions: Sequence[float],
    replicates: int,
    scope: str,
    seed: int,
    measures: Names = (),
    null_models: Names = "none",
) -> Plan:
    """Look up all names and check all numbers that need no network.

    The parameters are those of `percolate`, but for the columns of the table.

    Raises
    ------
    InputError
        A name is unknown, a number out of its range, or hides a column.
    """
    plan = Plan(
        null_models=NULL_MODELS.members(null_models),
        perturbations=PERTURBATIONS.members(perturbations),
        measures=MEASURES.members(measures),
        fractions=check_grid(fractions),
        replicates=whole("replicates", replicates, 1, MOST_TIMES),
        scope=scope,
        seed=whole("seed", seed, 0, MOST_SEED),
    )
    for what, members in {
        "null model": plan.null_models,
        "perturbation": plan.perturbations,
    }.items():
        if not members:
            raise InputError(f"no {what} came; give at least one")
    options = {name: 0 for one in plan.perturbations for name in numbers_of(one)}
    check_names([*options], [name_of(one) for one in plan.measures], columns)
    check_installed(plan.null_models)
    check_head(plan.null_models)
    return plan


def plan_networks(
    columns: Sequence[Column],
    networks: Sequence[Network],
    data: Dataset,
    *,
    images: int | None,
    jobs: int,
    training_images: int = TRAINING_IMAGES,
    options: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Plan:
    """Check all names and numbers of a sweep over networks before anything is done.

    The parameters are those of `make_plan` and `percolate`.

    Raises
    ------
    InputError
        As for `make_plan`, or something does not fit a network or the data.
    """
    whole("jobs", jobs, 1, MOST_JOBS)
    if not networks:
        raise InputError("no network came; give at least one")
    plan = replace(
        make_plan(columns, **settings),
        images=None if images is None else whole("images", images, 1),
        training_images=whole("training_images", training_images, 1),
    )
    for network in networks:
        check_fit(network.model, data)
    depth = min(len(network.model.sizes) - 2 for network in networks)
    check_scope(plan.scope, depth)
    for perturbation in plan.perturbations:
        check_reach(perturbation, plan.scope)
    for network in networks:
        weight = network.model.links(reaches_head(plan.scope))[2]
        for kind, members in {
            "perturbation": plan.perturbations,
            "null model": plan.null_models,
            "measure": plan.measures,
        }.items():
            for member in members:
                check_weights(kind, member, weight, network.name)
    for null_model in plan.null_models:
        check_scope(scope_of(null_model), depth)
    if plan.images is not None and plan.images > len(data.y_test):
        raise InputError(
            f"images must be from 1 to {len(data.y_test)}, the test images of "
            f"{data.name}; got {images}"
        )
    return replace(plan, options=check_options(options or {}, networks))


def one_perturbation(plan: Plan, what: str) -> Plan:
    """Refuse, with InputError, several perturbations where there is place for one."""
    if len(plan.perturbations) > 1:
        raise InputError(
            f"{what} one perturbation; got "
            f"{', '.join(map(name_of, plan.perturbations))}; ask for each alone"
        )
    return plan


def several(networks: Network | Iterable[Network]) -> list[Network]:
    """Give one or several networks as a list.

    Raises
    ------
    InputError
        What came is no network, or two have one name, under which tables hold them.
    """
    if isinstance(networks, Module):
        raise InputError(
            f"{type(networks).__name__} is a torch module, which only a function of "
            "yours can score; give evaluate= to percolate, and no data"
        )
    alone = isinstance(networks, Network) or not isinstance(networks, Iterable)
    given: Any = [networks] if alone else networks
    found = list(given)
    for one in found:
        if not isinstance(one, Network):
            raise InputError(
                "networks must be one or several Network, such as train gives them; "
                f"got {type(one).__name__}"
            )
    names = [one.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"two of the networks are called {name}, and tables know networks by "
                "their names; ask for each alone"
            )
    return found


def check_grid(fractions: Sequence[float]) -> tuple[float, ...]:
    """Give rising fractions in [0, 1] as a tuple; refuse others with InputError.

    Fractions are keys, so that they are rounded to `canonical_fraction`.

    Examples
    --------
    >>> check_grid([0, 0.1 + 0.2, 1])
    (0.0, 0.3, 1.0)
    """
    try:
        grid = tuple(canonical_fraction(fraction) for fraction in fractions)
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
    """Give the name a member, or a user's own function, has in tables; none of None."""
    return "none" if member is None else str(member.__name__)


def unit_key(name: str, network: Network, data: Dataset, *settings: Any) -> str:
    """Name a unit of work by what it is called and all that its rows depend on."""
    trained = network.dataset_sha256, len(network.history)
    rest = (version("netrobust"), *trained, data.sha256, *settings)
    digest = blake2b(repr(rest).encode(), digest_size=8).hexdigest()
    return f"{name}-{digest}"


def numbers_of(perturbation: Any) -> dict[str, float]:
    """Give the options of a perturbation that are numbers; they are columns of tables.

    Others, such as ``rescale=weights``, stand in its name alone.
    """
    options = getattr(perturbation, "options", {})
    return {
        name: value
        for name, value in options.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
