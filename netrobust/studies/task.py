"""One network of a study, and what differs from method to method."""

from collections.abc import Sequence
from typing import NamedTuple

from netrobust.graphs.null import conserved
from netrobust.neural.config import TrainConfig, network_name


def topologies(null_models: Sequence[str], config: TrainConfig) -> list[str]:
    """Give the null models that differ for a method.

    A complete layer has one topology only: of all null models, those that keep the
    topology are left.

    Examples
    --------
    >>> nulls = ["none", "shuffle_all", "degree_preserving"]
    >>> topologies(nulls, TrainConfig(sparsifier="dense_small"))
    ['none', 'shuffle_all']
    """
    if not config.method.dense:
        return list(null_models)
    return [name for name in null_models if "topology" in conserved(name)]


def moments(snapshots: Sequence[float], config: TrainConfig) -> list[int]:
    """Give the epochs after which a network is kept, the start being 0.

    Examples
    --------
    >>> moments((0, 0.5, 1), TrainConfig(epochs=3))
    [0, 2, 3]
    """
    return sorted({round(share * config.epochs) for share in snapshots})


class Task(NamedTuple):
    """One network to train."""

    dataset: str
    config: TrainConfig
    seed: int

    @property
    def name(self) -> str:
        """Identity of the network."""
        return network_name(self.dataset, self.config, self.seed)
