"""A network with its history, and the one file that keeps it.

The file is safetensors: weights and topology as tensors, everything else as JSON in
its header. A checkpoint is the same file, written before the last epoch, with the
momentum of the optimiser beside the weights. No pickle is involved.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from netrobust.errors import InputError
from netrobust.neural.config import TrainConfig, network_name
from netrobust.neural.model import SparseMLP, from_state

FORMAT = "netrobust network 1"
_MOMENTUM = "momentum."


@dataclass(frozen=True, eq=False)
class Network:
    """A trained network and what is known about it.

    Attributes
    ----------
    model : SparseMLP
    config : TrainConfig
    seed : int
    dataset, dataset_sha256 : str
        Name and content hash of the data it learnt.
    history : DataFrame
        One row per epoch: ``epoch, learning_rate, loss, train_accuracy,
        test_accuracy``; loss and train accuracy are running means over the epoch.
    dynamics : DataFrame
        One row per epoch and sparse layer, see `train`.
    momentum : dict of str to Tensor
        State of the optimiser while training is unfinished, else empty.
    """

    model: SparseMLP
    config: TrainConfig
    seed: int
    dataset: str
    dataset_sha256: str
    history: pd.DataFrame
    dynamics: pd.DataFrame
    momentum: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return len(self.history) == self.config.epochs

    @property
    def name(self) -> str:
        """Identity of the network: data, method, seed and a hash of the settings."""
        return network_name(self.dataset, self.config, self.seed)

    @property
    def labels(self) -> dict[str, Any]:
        """The key columns of every table row about this network."""
        sizes = self.model.sizes
        links = sum(layer.weight.numel() for layer in self.model.hidden_layers)
        places = sum(a * b for a, b in pairwise(sizes[:-1]))
        return {
            "network": self.name,
            "dataset": self.dataset,
            "sparsifier": self.config.label,
            "width": max(sizes[1:-1]),
            "sparsity": round(1 - links / places, 6),
            "network_seed": self.seed,
        }


def save_network(network: Network, path: str | os.PathLike[str]) -> Path:
    """Write a network, or the checkpoint of one, to a safetensors file.

    The file appears whole or not at all.

    Parameters
    ----------
    network : Network
    path : path-like
        Its folder is made if need be.

    Raises
    ------
    InputError
        The place cannot be written to.
    """
    path = Path(path)
    header = {
        "format": FORMAT,
        "sizes": network.model.sizes,
        "config": asdict(network.config),
        "seed": network.seed,
        "dataset": network.dataset,
        "dataset_sha256": network.dataset_sha256,
        "history": network.history.to_dict(orient="list"),
        "dynamics": network.dynamics.to_dict(orient="list"),
    }
    tensors = {name: t.contiguous() for name, t in network.model.state_dict().items()}
    for name, buffer in network.momentum.items():
        tensors[_MOMENTUM + name] = buffer.contiguous()
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            save_file(tensors, partial, metadata={"netrobust": json.dumps(header)})
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    except (OSError, SafetensorError) as error:
        raise InputError(
            f"cannot write {path} ({error}); choose another place"
        ) from None
    return path


def load_network(path: str | os.PathLike[str]) -> Network:
    """Read a network written by `save_network`.

    Raises
    ------
    InputError
        There is no such file, or it is damaged or not a network of ours.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"no network at {path}; give a file written by save_network")
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})["netrobust"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        momentum = {
            name.removeprefix(_MOMENTUM): tensors.pop(name)
            for name in list(tensors)
            if name.startswith(_MOMENTUM)
        }
        model = from_state(tensors, header["sizes"])
        needed = {name: value.shape for name, value in model.named_parameters()}
        if momentum and {name: m.shape for name, m in momentum.items()} != needed:
            raise InputError("its momentum does not fit its weights")
        return Network(
            model=model,
            config=TrainConfig(**header["config"]),
            seed=header["seed"],
            dataset=header["dataset"],
            dataset_sha256=header["dataset_sha256"],
            history=pd.DataFrame(header["history"]),
            dynamics=pd.DataFrame(header["dynamics"]),
            momentum=momentum,
        )
    except (SafetensorError, LookupError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} is not a readable network file ({error}); train it again or "
            "restore it"
        ) from None
