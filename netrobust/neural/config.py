"""The settings of one training."""

from dataclasses import asdict
from hashlib import blake2b
from json import dumps
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from netrobust.core.errors import InputError, shown
from netrobust.core.options import Option
from netrobust.core.own_functions import short
from netrobust.core.settings import MOST_TIMES, choice, settings
from netrobust.neural.density import DENSITIES, link_counts
from netrobust.neural.sparsify import (
    SPARSIFIERS,
    Sparsifier,
    default_options,
    sparsifier,
)
from netrobust.neural.topology import TOPOLOGIES, Place, topology

# Far beyond all that is trained here; what is larger is a slip of the hand.
Width = Annotated[int, Field(ge=1, le=10**7)]
Widths = Annotated[tuple[Width, ...], Field(min_length=1, max_length=1000)]
Positive = Annotated[int, Field(ge=1, le=MOST_TIMES)]

#: Links of all sparse layers together; each takes some 40 bytes in training.
MOST_LINKS = 4 * 10**8

#: How weights start: see `netrobust.neural.model.start`.
WEIGHT_STARTS = ("swi", "kaiming")


@settings
class TrainConfig:
    """How one network is made and trained; every field is checked.

    Attributes
    ----------
    sparsifier : str
        How links move, one of `SPARSIFIERS`.
    options : dict
        Options of the sparsifier; ``variant`` names a set of them. Those at their
        default are left out, so that naming a default makes no other settings.
    topology : str or None
        Where links start, one of `TOPOLOGIES`; None for the one the method starts
        from in its source.
    topology_options : dict
        Options of the topology, as `options`.
    densities : str
        How links are shared among the layers, one of `DENSITIES`.
    weights : {"swi", "kaiming"}
        Variance of the starting weights: 2 over the mean in-degree, or over the width.
    hidden : tuple of int
        Neurons of each hidden layer.
    sparsity : float
        Share of absent links in each sparse layer, in [0, 1).
    epochs, batch_size : int
    learning_rate, final_learning_rate : float
        Of the first epoch, and of the last ones.
    decay_until : float
        Share of the epochs over which the learning rate falls linearly, in (0, 1].
    momentum : float
        In [0, 1).
    weight_decay : float
        On weights, not on biases.
    zeta : float
        Share of links rewired after an epoch, in [0, 1].
    threads : int
        Processors to use; more than one can change the last bits of dense products.

    Raises
    ------
    InputError
        A field is unknown or breaks its rule.

    Notes
    -----
    The schedule is that of the published 99%-sparse benchmarks (Zhang et al. 2025,
    https://doi.org/10.48550/arXiv.2501.19107).

    Examples
    --------
    >>> TrainConfig(sparsifier="set", epochs=5).label
    'set'
    >>> TrainConfig(zeta=1.5)
    Traceback (most recent call last):
    ...
    netrobust.core.errors.InputError: TrainConfig.zeta: input should be less than or \
equal to 1; got 1.5
    """

    sparsifier: str = "set"
    options: dict[str, Option] = Field(default_factory=dict)
    topology: str | None = None
    topology_options: dict[str, Option] = Field(default_factory=dict)
    densities: str = "uniform"
    weights: str = "swi"
    hidden: Widths = (1000, 1000, 1000)
    sparsity: Annotated[float, Field(ge=0, lt=1)] = 0.99
    epochs: Positive = 25
    batch_size: Positive = 64
    learning_rate: Annotated[float, Field(gt=0)] = 0.025
    final_learning_rate: Annotated[float, Field(ge=0)] = 2.5e-4
    decay_until: Annotated[float, Field(gt=0, le=1)] = 0.9
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    weight_decay: Annotated[float, Field(ge=0)] = 5e-4
    zeta: Annotated[float, Field(ge=0, le=1)] = 0.3
    threads: Positive = 1

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        factory = SPARSIFIERS.with_options(self.sparsifier, self.options)
        factory()  # refuses values that it does not know
        DENSITIES[self.densities]
        choice("weights", self.weights, WEIGHT_STARTS)
        # What is at its default is left out and not filled in, so that `replace` can
        # change the sparsifier alone.
        object.__setattr__(self, "options", factory.changed)
        if self.topology == self.method.topology:
            object.__setattr__(self, "topology", None)
        start = TOPOLOGIES.with_options(self.start_topology, self.topology_options)
        start()
        object.__setattr__(self, "topology_options", start.changed)
        method = self.method
        if method.surplus(0) and method.epochs >= method.until * self.epochs:
            raise InputError(
                f"{self.label} starts above its budget and ends within it at its last "
                f"update, but none falls in {self.epochs} epochs (links move every "
                f"{method.epochs}, until {method.until} of them); train for longer"
            )
        if self.final_learning_rate > self.learning_rate:
            raise InputError(
                "final_learning_rate must not exceed learning_rate "
                f"({self.learning_rate}); got {self.final_learning_rate}"
            )
        return self

    @property
    def method(self) -> Sparsifier:
        """The sparsifier with its options set."""
        return sparsifier(self.sparsifier, **self.options)

    @property
    def start_topology(self) -> str:
        """Name of the topology that links start from."""
        return self.method.topology if self.topology is None else self.topology

    @property
    def place(self) -> Place:
        """The topology that links start from, with its options set."""
        return topology(self.start_topology, **self.topology_options)

    @property
    def label(self) -> str:
        """Name of the method in tables: what differs from its defaults is named.

        `netrobust.neural.method.parse` reads it.

        Examples
        --------
        >>> TrainConfig(options={"prune": "random"}).label
        'set(prune=random)'
        >>> TrainConfig(sparsifier="cht", topology="erdos_renyi").label
        'cht@erdos_renyi'
        """
        name = SPARSIFIERS.with_options(self.sparsifier, self.options).__name__
        if self.topology is None and not self.topology_options:
            return name
        start = TOPOLOGIES.with_options(self.start_topology, self.topology_options)
        return f"{name}@{start.__name__}"

    @property
    def record(self) -> dict[str, Any]:
        """All settings as plain values, options at their default included.

        ``TrainConfig(**record)`` are the same settings.
        """
        start = self.start_topology
        return asdict(self) | {
            "options": default_options(self.sparsifier) | self.options,
            "topology": start,
            "topology_options": TOPOLOGIES.with_options(start).options
            | self.topology_options,
        }

    @property
    def digest(self) -> str:
        """A hash of all settings, eight hexadecimal digits, for names."""
        text = dumps(self.record, sort_keys=True)
        return blake2b(text.encode(), digest_size=4).hexdigest()

    def sizes(self, n_in: int, classes: int) -> tuple[int, ...]:
        """Neurons per depth of the network for given images and classes.

        Examples
        --------
        >>> TrainConfig(sparsifier="dense_small").sizes(784, 10)
        (784, 48, 10)
        """
        sizes = (n_in, *self.hidden, classes)
        budget = sum(self.links(sizes)) + sizes[-2] * classes
        return self.method.widths(sizes, budget)

    def links(self, sizes: tuple[int, ...], surplus: float = 0.0) -> list[int]:
        """Links per sparse layer: the nearest count to the asked sparsity.

        `surplus` is density above it, in every layer.

        Examples
        --------
        >>> TrainConfig().links((784, 1000, 1000, 1000, 10))
        [7840, 10000, 10000]
        """
        shares = DENSITIES[self.densities](sizes[:-1], 1 - self.sparsity)
        dense = [min(share + surplus, 1) for share in shares]
        counts = link_counts(dense, sizes[:-1])
        if sum(counts) > MOST_LINKS:
            raise InputError(
                f"hidden {shown(self.hidden)} at sparsity {self.sparsity} asks for "
                f"{sum(counts)} links, and {MOST_LINKS} is the most; give narrower "
                "layers or a higher sparsity"
            )
        return counts

    def rate(self, epoch: int) -> float:
        """Learning rate of an epoch, the first being 1: linear, then constant.

        Examples
        --------
        >>> [round(TrainConfig(epochs=10).rate(epoch), 5) for epoch in (1, 10)]
        [0.025, 0.00025]
        """
        passed = min((epoch - 1) / (self.decay_until * self.epochs), 1.0)
        change = self.final_learning_rate - self.learning_rate
        return self.learning_rate + change * passed


def network_name(dataset: str, config: TrainConfig, seed: int) -> str:
    """Name the network that these data, settings and seed make.

    Examples
    --------
    >>> network_name("mnist", TrainConfig(), 0).startswith("mnist-set-s0-")
    True
    """
    return f"{short(dataset)}-{short(config.sparsifier)}-s{seed}-{config.digest}"
