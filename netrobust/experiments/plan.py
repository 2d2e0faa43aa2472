"""What a sweep does to every network: chosen and checked once, at the public door."""

import pickle
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from importlib.metadata import version
from os.path import isfile
from re import fullmatch
from typing import Any, TypeAlias

from netrobust.core.errors import InputError
from netrobust.core.settings import flag, whole
from netrobust.data.dataset import Dataset
from netrobust.experiments.damage_curve import TRAINING_IMAGES
from netrobust.experiments.score import check_fit
from netrobust.graphs.measure import MEASURES
from netrobust.graphs.null import (
    NULL_MODELS,
    check_head,
    check_installed,
    scope_of,
)
from netrobust.graphs.perturb import PERTURBATIONS
from netrobust.graphs.perturb.scopes import (
    asks_data,
    check_reach,
    check_scope,
    reaches_head,
)
from netrobust.graphs.requirements import check_weights
from netrobust.neural.network import Network
from netrobust.stats.summary import KEYS

Names: TypeAlias = str | Callable[..., Any] | Sequence[str | Callable[..., Any]]

#: Shares of links removed along a damage curve, from none to all in steps of 0.05.
GRID = tuple(round(step / 20, 2) for step in range(21))

#: Columns of a sweep between the keys and the measures.
VALUES = ("images", "removed", "accuracy", "loss", "moved")

#: What `details` adds, but for the accuracy of every class.
DETAILS = ("confidence", "ece")


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
    training_images: int
    retrain: bool
    details: bool

    @property
    def shows_training(self) -> bool:
        """Whether the workers must have training images."""
        return self.retrain or any(map(asks_data, self.perturbations))


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
    training_images: int = TRAINING_IMAGES,
    retrain: bool = False,
    details: bool = False,
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
        training_images=whole("training_images", training_images, 1),
        retrain=flag("retrain", retrain),
        details=flag("details", details),
    )
    for what, members in {
        "network": networks,
        "null model": plan.null_models,
        "perturbation": plan.perturbations,
    }.items():
        if not members:
            raise InputError(f"no {what} came; give at least one")
    check_columns(plan.perturbations, plan.measures, (*KEYS, *VALUES, *DETAILS))
    for network in networks:
        check_fit(network.model, data)
    depth = min(len(network.model.sizes) - 2 for network in networks)
    check_scope(scope, depth)
    for perturbation in plan.perturbations:
        check_reach(perturbation, scope)
    for network in networks:
        weight = network.model.links(reaches_head(scope))[2]
        for kind, members in {
            "perturbation": plan.perturbations,
            "null model": plan.null_models,
            "measure": plan.measures,
        }.items():
            for member in members:
                check_weights(kind, member, weight, network.name)
    check_installed(plan.null_models)
    check_head(plan.null_models)
    for null_model in plan.null_models:
        check_scope(scope_of(null_model), depth)
        if plan.retrain and reaches_head(scope_of(null_model)):
            raise InputError(
                f"{null_model.__name__} draws the head, which retraining draws anew; "
                "choose a scope without the head, or do not retrain"
            )
    if plan.retrain:
        for network in networks:
            if network.config.method.dense:
                raise InputError(
                    f"{network.name} is dense and has no topology to retrain; leave it "
                    "out"
                )
    if plan.images is not None and plan.images > len(data.y_test):
        raise InputError(
            f"images must be from 1 to {len(data.y_test)}, the test images of "
            f"{data.name}; got {images}"
        )
    if whole("jobs", jobs, 1) > 1:
        check_importable(plan)
    return plan


def check_importable(job: object) -> None:
    """Refuse, with InputError, a job whose functions other processes cannot have."""
    script = getattr(sys.modules["__main__"], "__file__", None)
    try:
        if b"__main__" in pickle.dumps(job) and not isfile(script or ""):
            raise TypeError("they were typed in, as in a notebook")
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise InputError(
            f"with several jobs your own functions must be importable ({error}); "
            "define them at the top of a module or use one job"
        ) from None


def check_columns(
    perturbations: Sequence[Any], measures: Sequence[Any], columns: Sequence[str]
) -> None:
    """Refuse, with InputError, measures and options that hide a column of a table."""
    options = {name for one in perturbations for name in numbers_of(one)}
    for kind, names in {
        "an option": sorted(options),
        "a measure": [name_of(one) for one in measures],
    }.items():
        for name in names:
            if name in columns or fullmatch(r"accuracy_\d+", name):
                raise InputError(f"{kind} cannot be called {name!r}; rename yours")
        columns = [*columns, *names]


def several(networks: Network | Iterable[Network]) -> list[Network]:
    """Give one or several networks as a list.

    Raises
    ------
    InputError
        What came is no network, or two have one name, under which tables hold them.
    """
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


def unit_key(name: str, network: Network, data: Dataset, *settings: Any) -> str:
    """Name a unit of work by what it is called and all that its rows depend on."""
    rest = (version("netrobust"), network.dataset_sha256, data.sha256, *settings)
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
