"""What the main job trains, damages and compares."""

from itertools import pairwise
from typing import Annotated, Any, NamedTuple, Self

from pydantic import Field, model_validator

from netrobust.errors import InputError
from netrobust.graphs.measure import MEASURES
from netrobust.graphs.null import NULL_MODELS
from netrobust.graphs.perturb import PERTURBATIONS
from netrobust.neural.config import Positive, TrainConfig, network_name
from netrobust.neural.data import DATASETS
from netrobust.registry import Registry
from netrobust.settings import settings

Names = Annotated[tuple[str, ...], Field(min_length=1)]

#: Shares of links removed along a damage curve, from none to all in steps of 0.05.
GRID = tuple(round(step / 20, 2) for step in range(21))


_FAMILIES: dict[str, Registry[Any]] = {
    "perturbations": PERTURBATIONS,
    "curve_null_models": NULL_MODELS,
    "measures": MEASURES,
    "null_models": NULL_MODELS,
}


@settings
class Study:
    """What the main job trains, damages and compares; every field is checked.

    Raises
    ------
    InputError
        A field is unknown or breaks its rule.

    Examples
    --------
    >>> PRESETS["quick"].networks
    2
    >>> len(Study(datasets=["mnist"], sparsifiers=["set"], networks=3).tasks())
    3
    """

    name: str = "custom"
    datasets: Names = ("mnist", "fashion-mnist")
    sparsifiers: Names = ("static", "set", "dense_small", "dense_narrow")
    networks: Positive = 2  # per method and data set, with the seeds 0, 1, ...
    training: dict[str, Any] = Field(default_factory=dict)  # fields of TrainConfig
    reference_epochs: Annotated[int, Field(ge=0)] = (
        0  # of one dense network per data set
    )
    perturbations: Names = ("random_links", "strongest_links", "weakest_links")
    curve_null_models: Names = ("none", "degree_preserving")  # of damage curves
    fractions: Annotated[tuple[float, ...], Field(min_length=1)] = GRID
    replicates: Positive = 10
    scope: str = "per_layer"
    measures: Names = ("giant_component", "reach")
    null_models: Names = (
        "shuffle_all",
        "shuffle_by_sign",
        "degree_preserving",
        "erdos_renyi",
    )
    null_replicates: Positive = 20
    images: Positive | None = None  # score the first so many test images
    seed: Annotated[int, Field(ge=0)] = 0  # of the draws
    fallback: str | None = None  # data set used where another cannot be had

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        for name in (*self.datasets, *filter(None, [self.fallback])):
            DATASETS[name]
        for field, family in _FAMILIES.items():
            for name in getattr(self, field):
                family[name]
        for field in ("datasets", "sparsifiers", *_FAMILIES):
            names = getattr(self, field)
            if len(set(names)) < len(names):
                raise InputError(f"{field} must not repeat a name; got {list(names)}")
        if "none" not in self.curve_null_models:
            raise InputError(
                "curve_null_models must include 'none', the trained network itself, "
                f"whose robustness is reported; got {list(self.curve_null_models)}"
            )
        grid = self.fractions
        if (grid[0], grid[-1]) != (0, 1) or not all(a < b for a, b in pairwise(grid)):
            raise InputError(
                "fractions must rise from 0 to 1, both included, so that robustness "
                f"is defined; got {list(grid)}"
            )
        self._check_networks()
        return self

    def _check_networks(self) -> None:
        """Refuse now what would fail after the training."""
        configs = [self._config(sparsifier) for sparsifier in self.sparsifiers]
        if all(config.method.dense for config in configs):
            raise InputError(
                "sparsifiers must include a sparse one, whose degrees are counted; got "
                f"{', '.join(self.sparsifiers)}"
            )
        depth = min(
            # The depth of a network does not depend on the size of its images.
            len(config.sizes(784, 10)) - 2
            for config in configs
            if config.sparsifier != "dense"
        )
        check_scope(self.scope, depth)

    def tasks(self) -> list["Task"]:
        """List the networks to train, the slowest first."""
        found = [
            Task(dataset, self._config(sparsifier), seed)
            for dataset in self.datasets
            for sparsifier in self.sparsifiers
            for seed in range(self.networks)
        ]
        if self.reference_epochs:
            dense = self._config("dense", epochs=self.reference_epochs)
            found[:0] = [Task(dataset, dense, 0) for dataset in self.datasets]
        return found

    def size(self) -> dict[str, int]:
        """Count the networks, epochs and scores of the whole job.

        Examples
        --------
        >>> PRESETS["quick"].size()["networks"]
        18
        """
        tasks = self.tasks()
        damaged = sum(task.config.sparsifier != "dense" for task in tasks)
        curves = len(self.curve_null_models) * len(self.perturbations)
        return {
            "networks": len(tasks),
            "epochs": sum(task.config.epochs for task in tasks),
            "damaged scores": damaged * curves * len(self.fractions) * self.replicates,
            "null model scores": damaged
            * (1 + len(self.null_models) * self.null_replicates),
        }

    def _config(self, sparsifier: str, **changes: Any) -> TrainConfig:
        return TrainConfig(**{**self.training, "sparsifier": sparsifier, **changes})


def check_scope(scope: str, depth: int) -> None:
    """Refuse a scope that a network with so many layers before its head has not.

    Examples
    --------
    >>> check_scope("layer_3", depth=3)
    """
    layers = [f"layer_{number}" for number in range(1, depth + 1)]
    if scope not in (scopes := ["per_layer", "global", *layers]):
        raise InputError(
            f"unknown scope {scope!r}; choose from: {', '.join(scopes)} (the layers "
            "that every network has)"
        )


class Task(NamedTuple):
    """One network to train."""

    dataset: str
    config: TrainConfig
    seed: int

    @property
    def name(self) -> str:
        """Identity of the network."""
        return network_name(self.dataset, self.config, self.seed)


#: Studies by name.
PRESETS = {
    "quick": Study(
        name="quick",
        training={"epochs": 10},
        reference_epochs=2,
        fractions=tuple(round(step / 10, 1) for step in range(11)),
        replicates=3,
        null_replicates=5,
        fallback="mnist-5k",
    ),
    "paper": Study(
        name="paper", networks=10, training={"epochs": 100}, reference_epochs=100
    ),
}
