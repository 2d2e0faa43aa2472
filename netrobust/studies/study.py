"""What the main job trains, damages and compares."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise, product
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from netrobust.core.errors import InputError
from netrobust.core.own_functions import short
from netrobust.core.registry import Registry
from netrobust.core.settings import canonical_fraction, choice, file_name, settings
from netrobust.data.load import DATASETS
from netrobust.experiments.plan import GRID
from netrobust.graphs.measure import MEASURES
from netrobust.graphs.null import NULL_MODELS, check_installed
from netrobust.graphs.perturb import PERTURBATIONS
from netrobust.graphs.perturb.scopes import check_reach, check_scope
from netrobust.graphs.requirements import declares
from netrobust.neural.config import Positive, TrainConfig
from netrobust.neural.input_attacks import INPUT_ATTACKS
from netrobust.neural.method import parse
from netrobust.studies.grid import check_fields, grids, read_grid
from netrobust.studies.task import Task, topologies

Names = Annotated[tuple[str, ...], Field(min_length=1)]
Count = Annotated[int, Field(ge=1, le=10_000)]
Fraction = Annotated[float, AfterValidator(canonical_fraction)]

_FAMILIES: dict[str, Registry[Any]] = {
    **dict.fromkeys(("curve_null_models", "null_models", "retrained"), NULL_MODELS),
    "perturbations": PERTURBATIONS,
    "measures": MEASURES,
    "input_attacks": INPUT_ATTACKS,
}

#: Fields that a further table of damage curves may have otherwise.
OF_CURVES = (
    "sparsifiers", "networks", "perturbations", "curve_null_models", "fractions",
    "replicates", "scope", "measures", "snapshots", "images",
)  # fmt: skip
_OF_METHODS = ("more_networks", "method_training")


@settings
class Study:
    """Choose what the main job trains, damages and compares; every field is checked.

    Attributes
    ----------
    name : str
    datasets : tuple of str
    sparsifiers : tuple of str
        Methods: a sparsifier, in brackets a variant of it or options, and after an
        ``@`` a starting topology other than the method's own, such as ``set``,
        ``rigl(batches=50)``, ``cht@small_world(beta=0.5)``.
    networks : int
        Per method and data set, with the network seeds 0, 1, ...
    more_networks : dict of str to int
        So many of single methods instead, named as in `sparsifiers`: those of a
        comparison that needs them, see `networks_needed`.
    training : dict
        Fields of `TrainConfig` for all networks.
    method_training : dict of str to dict
        The same of single methods, named as in `sparsifiers`, in place of those of
        all, such as ``{"set": {"weight_decay": 0.001}}``.
    grid : dict of str to list, or list of such
        Fields of `TrainConfig` and the values of each: every method is trained with
        every combination, such as ``{"sparsity": [0.9, 0.99], "zeta": [0.1, 0.3]}``.
        A list of grids has the places of all, where fields change together.
    reference_epochs : int
        Of full-width dense networks, which learn and are not damaged; 0 for none.
    reference_networks : int
        How many of these per data set.
    snapshots : tuple of float
        Shares of the epochs after which the networks are kept beside the trained ones.
    damage : bool
        Whether the trained networks are taken apart.
    perturbations, measures : tuple of str
    curve_null_models : tuple of str
        Whose damage curves are drawn, ``none`` (the network itself) included.
    fractions : tuple of float
        From 0 to 1.
    replicates, scope
        As in `percolate`.
    curves : dict of str to dict
        Further tables of damage curves: ``curves_NAME`` of each has the fields above
        otherwise, as far as it names some of sparsifiers, networks, perturbations,
        curve_null_models, fractions, replicates, scope, measures, snapshots and images.
        One that names snapshots damages the networks as they were at these shares of
        the epochs, which its column ``epoch`` counts.
    null_models : tuple of str
        Compared undamaged, `null_replicates` draws each.
    null_replicates : int
    retrained : tuple of str
        Null models whose topologies, and with ``none`` the networks' own, are trained
        anew from fresh weights, `retrained_replicates` draws each; none if empty.
    retrained_networks : int or None
        Only the first so many networks of each method are trained anew; all if None.
    input_attacks : tuple of str
        Attacks on images, at each of `eps`, for the first `attack_images` test images.
    theory : bool
        Whether exact predictions of random removal are tabulated for sparse networks.
    recovery : tuple of float
        Fractions of the links that go at random before a network learns on for
        `recovery_epochs`.
    images : int or None
        Score the first so many test images; all if None.
    seed : int
        Of the draws.
    fallback : str or None
        Data set used where another is unavailable; None stops there.

    Raises
    ------
    InputError
        A field is unknown or breaks its rule.

    Examples
    --------
    >>> len(Study(datasets=["mnist"], sparsifiers=["set"], networks=3).tasks())
    3
    """

    name: str = "custom"
    datasets: Names = ("mnist", "fashion-mnist")
    sparsifiers: Names = ("static", "set", "dense_small", "dense_narrow")
    networks: Count = 2
    more_networks: dict[str, Count] = Field(default_factory=dict)
    training: dict[str, Any] = Field(default_factory=dict)
    method_training: dict[str, dict[str, Any]] = Field(default_factory=dict)
    grid: Annotated[Any, AfterValidator(read_grid)] = Field(default_factory=dict)
    reference_epochs: Annotated[int, Field(ge=0)] = 0
    reference_networks: Count = 1
    snapshots: tuple[Annotated[float, Field(ge=0, le=1)], ...] = (0.0, 0.5, 1.0)
    damage: bool = True
    perturbations: Names = ("random_links", "strongest_links", "weakest_links")
    curve_null_models: Names = ("none", "degree_preserving")
    fractions: Annotated[tuple[Fraction, ...], Field(min_length=1)] = GRID
    replicates: Positive = 10
    scope: str = "per_layer"
    curves: dict[str, dict[str, Any]] = Field(default_factory=dict)
    measures: Names = ("giant_component", "reach")
    null_models: Names = (
        "shuffle_all",
        "shuffle_by_sign",
        "degree_preserving",
        "erdos_renyi",
    )
    null_replicates: Positive = 20
    retrained: tuple[str, ...] = ()
    retrained_replicates: Positive = 1
    retrained_networks: Count | None = None
    input_attacks: tuple[str, ...] = ()
    eps: tuple[Annotated[float, Field(ge=0)], ...] = (0, 0.01, 0.02, 0.05, 0.1, 0.2)
    attack_images: Positive = 1000
    theory: bool = False
    recovery: tuple[Annotated[Fraction, Field(ge=0, le=1)], ...] = ()
    recovery_epochs: Positive = 5
    images: Positive | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    fallback: str | None = None

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        for name in (*self.datasets, *filter(None, [self.fallback])):
            DATASETS[name]
        found = {
            "datasets": [*map(short, self.datasets)],
            "sparsifiers": self.sparsifiers,
        }
        for field, family in _FAMILIES.items():
            # A member bears one name however its options are written.
            found[field] = [family[one].__name__ for one in getattr(self, field)]
        for field, names in found.items():
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
        for fields in (self.training, *self.method_training.values()):
            check_fields(self.grid, fields)
        self._check_networks()
        self._check_damage()
        self._check_curves()
        return self

    def _check_curves(self) -> None:
        """Refuse further curves that are no study of their own."""
        for name, changes in self.curves.items():
            file_name("a name of curves", name)
            for field in changes:
                choice(f"a field of curves.{name}", field, OF_CURVES)
            try:
                self.percolations()[f"curves_{name}"]
            except InputError as error:
                reason = str(error).removeprefix("Study: ")
                raise InputError(f"curves.{name}: {reason}") from None
            for field in ("sparsifiers", "snapshots"):
                if strange := {*changes.get(field, ())} - {*getattr(self, field)}:
                    raise InputError(
                        f"curves.{name}: {field} must be some of those of the study, "
                        f"{[*getattr(self, field)]}; got {sorted(strange)}"
                    )

    def _check_damage(self) -> None:
        """Refuse what would be refused after the training."""
        for name in self.perturbations:
            check_reach(PERTURBATIONS[name], self.scope)
        chosen = (*self.curve_null_models, *self.null_models, *self.retrained)
        check_installed([NULL_MODELS[name] for name in chosen])
        for name in self.measures:
            if not declares(MEASURES[name], "needs_positive_weights"):
                continue
            raise InputError(
                f"{name} needs positive weights, which no trained network has; "
                "leave it out of the measures"
            )
        for field in ("eps", "recovery"):
            values = list(getattr(self, field))
            if values != sorted(set(values)) or not (values or field == "recovery"):
                raise InputError(f"{field} must rise without repeats; got {values}")
        for name in self.input_attacks:
            INPUT_ATTACKS[name].check(max(self.eps), pixels=784)

    def _check_networks(self) -> None:
        """Refuse now what would fail after the training."""
        for field in _OF_METHODS:
            for name in getattr(self, field):
                choice(f"a method of {field}", name, self.sparsifiers)
        labels = [self._config(one).label for one in self.sparsifiers]
        configs = [config for _, config in self._configs()]
        for label in labels:
            if labels.count(label) > 1:
                raise InputError(
                    f"two of the sparsifiers are {label}; got "
                    f"{', '.join(self.sparsifiers)}"
                )
        for config in configs:
            if configs.count(config) > 1:
                raise InputError(
                    f"two networks of {config.label} have the same settings; leave out "
                    "repeated values of the grid, or one of the sparsifiers"
                )
        if "dense" in labels and self.reference_epochs:
            raise InputError(
                "dense in sparsifiers and reference_epochs both ask for the full-width "
                "dense network; give one of them"
            )
        if "giant_component" not in self.measures:
            raise InputError(
                "measures must include giant_component, which the percolation figure "
                f"shows; got {list(self.measures)}"
            )
        if not {*self.null_models} - {"none"}:
            raise InputError("null_models must include one that is not 'none'")
        sparse = [config for config in configs if not config.method.dense]
        if not sparse:
            raise InputError(
                "sparsifiers must include a sparse one, whose degrees are counted; got "
                f"{', '.join(self.sparsifiers)}"
            )
        # Depth and links depend little on the size of images; the known one serves.
        sizes = [config.sizes(784, 10) for config in configs]
        for config in sparse:
            if min(config.links(config.sizes(784, 10))) == 0:
                raise InputError(
                    f"sparsity {config.sparsity} leaves a layer of {config.hidden} "
                    "without a link; lower it"
                )
        check_scope(self.scope, min(len(one) for one in sizes) - 2)

    def tasks(self) -> list[Task]:
        """List the networks to train and damage."""
        return [
            Task(dataset, config, seed)
            for dataset in self.datasets
            for sparsifier, config in self._configs()
            for seed in range(self.more_networks.get(sparsifier, self.networks))
        ]

    def references(self) -> list[Task]:
        """List the full-width dense networks that are trained and left intact."""
        if not self.reference_epochs:
            return []
        dense = self._config("dense", epochs=self.reference_epochs)
        return [
            Task(dataset, dense, seed)
            for dataset in self.datasets
            for seed in range(self.reference_networks)
        ]

    def size(self) -> dict[str, int]:
        """Count the networks, epochs and scores of the whole job.

        Examples
        --------
        >>> Study(datasets=["mnist"], sparsifiers=["set"]).size()["networks"]
        2
        """
        tasks = [*self.references(), *self.tasks()]
        damaged = [task.config for task in self.tasks()]
        steps = 0
        for table, one in self.percolations().items():
            each = len(one.perturbations) * len(one.fractions) * one.replicates
            seen = len(one.snapshots) if self.along(table) else 1
            for task in one.tasks():
                curves = topologies(one.curve_null_models, task.config)
                steps += each * seen * len(curves)
        nulls = [len(topologies(self.null_models, config)) for config in damaged]
        sparse = sum(not one.config.method.dense for one in self.anew().tasks())
        drawn = len({*self.retrained} - {"none"}) * self.retrained_replicates
        further = {
            "topologies trained anew": sparse * (1 + drawn) * bool(self.retrained),
            "attacks on images": len(damaged) * len(self.input_attacks) * len(self.eps),
            "networks that learn on": len(damaged) * len(self.recovery),
        }
        if not self.damage:
            steps, nulls, further = 0, [], {}
        return {
            "networks": len(tasks),
            "epochs": sum(task.config.epochs for task in tasks),
            "damaged networks scored": steps,
            "null networks scored": sum(1 + self.null_replicates * n for n in nulls),
            **{what: count for what, count in further.items() if count},
        }

    def percolations(self) -> dict[str, "Study"]:
        """Give the tables of damage curves: to each name the study with its fields.

        Examples
        --------
        >>> study = Study(curves={"head": {"scope": "per_layer+head"}})
        >>> {name: one.scope for name, one in study.percolations().items()}
        {'percolation': 'per_layer', 'curves_head': 'per_layer+head'}
        """
        found = {"percolation": self}
        for name, changes in self.curves.items():
            methods = changes.get("sparsifiers", self.sparsifiers)
            single: dict[str, Any] = {
                field: {one: of for one, of in given.items() if one in methods}
                for field in _OF_METHODS if (given := getattr(self, field))
            }  # fmt: skip
            if "networks" in changes:
                single["more_networks"] = {}
            found[f"curves_{name}"] = replace(self, curves={}, **single, **changes)
        return found

    def anew(self) -> "Study":
        """Give the study of the networks whose topologies are trained anew."""
        most = self.retrained_networks
        if most is None:
            return self
        more = {name: min(count, most) for name, count in self.more_networks.items()}
        return replace(self, networks=min(self.networks, most), more_networks=more)

    def along(self, table: str) -> bool:
        """Return whether a table of damage curves follows the training."""
        return "snapshots" in self.curves.get(table.removeprefix("curves_"), {})

    @property
    def scanned(self) -> tuple[str, ...]:
        """Fields of `TrainConfig` in which the networks of a method differ."""
        return tuple(grids(self.grid)[0])

    def settings_of(self, config: TrainConfig) -> dict[str, Any]:
        """Give the place of a network in the grid: its columns, but the sparsity.

        Examples
        --------
        >>> study = Study(grid={"zeta": [0.1, 0.3], "hidden": [[50], [50, 50]]})
        >>> study.settings_of(TrainConfig(zeta=0.1, hidden=(50, 50)))
        {'zeta': 0.1, 'hidden': '50-50'}
        """
        found = {name: getattr(config, name) for name in self.scanned}
        found.pop("sparsity", None)  # a key of all tables
        return {
            name: "-".join(map(str, value)) if isinstance(value, tuple) else value
            for name, value in found.items()
        }

    def _configs(self) -> Iterator[tuple[str, TrainConfig]]:
        """Give every method with every combination of the grid."""
        for sparsifier, grid in product(self.sparsifiers, grids(self.grid)):
            for values in product(*grid.values()):
                changes = dict(zip(grid, values, strict=True))
                yield sparsifier, self._config(sparsifier, **changes)

    def _config(self, sparsifier: str, **changes: Any) -> TrainConfig:
        fields = {**self.training, **self.method_training.get(sparsifier, {})}
        return TrainConfig(**{**fields, **parse(sparsifier), **changes})
