"""What the main job trains, damages and compares."""

from typing import Annotated, Any, NamedTuple, Self

from pydantic import Field, model_validator

from netrobust.errors import InputError
from netrobust.graphs.measure import MEASURES
from netrobust.graphs.null import NULL_MODELS
from netrobust.graphs.perturb import PERTURBATIONS
from netrobust.neural.config import Positive, TrainConfig, network_name
from netrobust.neural.data import DATASETS
from netrobust.settings import settings

Names = Annotated[tuple[str, ...], Field(min_length=1)]

#: Shares of links removed along a damage curve, from none to all in steps of 0.05.
GRID = tuple(round(step / 20, 2) for step in range(21))


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
        for family, names in (
            (DATASETS, self.datasets),
            (PERTURBATIONS, self.perturbations),
            (NULL_MODELS, (*self.curve_null_models, *self.null_models)),
            (MEASURES, self.measures),
        ):
            for name in names:
                family[name]
        if list(self.fractions) != sorted({0.0, *self.fractions, 1.0}):
            raise InputError(
                "fractions must rise from 0 to 1, both included, so that robustness "
                f"is defined; got {list(self.fractions)}"
            )
        for sparsifier in self.sparsifiers:
            TrainConfig(**{**self.training, "sparsifier": sparsifier})
        return self

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
