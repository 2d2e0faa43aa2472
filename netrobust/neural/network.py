"""A network with its history, and the one file that keeps it.

The file is safetensors: weights and topology as tensors, everything else as JSON in
its header. A checkpoint is the same file, written before the last epoch, with what
training needs to resume beside the weights. A digest of the whole file lies in the
header, too. No pickle is involved.
"""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from netrobust.core import digests
from netrobust.core.atomic_files import remove_leftovers, replacing
from netrobust.core.errors import InputError
from netrobust.core.own_functions import UntrustedCodeError, told_by_a_file
from netrobust.core.settings import file_name, whole
from netrobust.core.shown import Shown
from netrobust.neural.config import TrainConfig, network_name
from netrobust.neural.model import SparseMLP, from_state

FORMAT = "netrobust network 1"
_STATE = ("momentum.", "trace.", "memory.")
# Inputs are the only neurons of which a file need not hold a number.
_FEW_INPUTS, _INPUTS_PER_NUMBER = 1_000_000, 10
_HISTORY = ("epoch", "learning_rate", "loss", "train_accuracy", "test_accuracy")

# What bytes can make the readers of safetensors, JSON and tensors raise.
_UNREADABLE = (
    SafetensorError,
    OSError,
    LookupError,
    TypeError,
    ValueError,
    OverflowError,
    RecursionError,
)


@dataclass(frozen=True, eq=False, repr=False)
class Network(Shown):
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
    state : dict of str to Tensor
        What training needs to resume while it is unfinished, else empty: ``momentum.``
        of every parameter, the ``trace.`` of the links and the ``memory.`` of the
        sparsifier.

    Examples
    --------
    >>> import numpy as np
    >>> from netrobust.neural.model import start
    >>> config = TrainConfig(sparsifier="static", hidden=(3,), sparsity=0.5)
    >>> model = start((4, 3, 2), np.random.default_rng(0), config.links((4, 3, 2)))
    >>> none = pd.DataFrame()  # no epoch is done
    >>> network = Network(model, config, 0, "mine", "", none, none)
    >>> network.finished, network.labels["sparsifier"], network.labels["sparsity"]
    (False, 'static', 0.5)
    """

    model: SparseMLP
    config: TrainConfig
    seed: int
    dataset: str
    dataset_sha256: str
    history: pd.DataFrame
    dynamics: pd.DataFrame
    state: Mapping[str, Tensor] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """Give what is shown of the network."""
        done, epochs = len(self.history), self.config.epochs
        tested = f"{self.history.test_accuracy.iloc[-1]:.2%}" if done else "none"
        return {
            "": self.name,
            "method": self.config.label,
            "neurons": "-".join(map(str, self.model.sizes)),
            "links": self.links,
            "sparsity": self.labels["sparsity"],
            "epochs": done if done == epochs else f"{done} of {epochs}",
            "test accuracy": tested,
        }

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return len(self.history) == self.config.epochs

    @property
    def name(self) -> str:
        """Identity of the network: data, method, seed and a hash of the settings."""
        return network_name(self.dataset, self.config, self.seed)

    @property
    def links(self) -> int:
        """Number of links of all hidden layers; the head has none that can go."""
        return sum(layer.weight.numel() for layer in self.model.hidden_layers)

    @property
    def labels(self) -> dict[str, Any]:
        """The key columns of every table row about this network."""
        sizes = self.model.sizes
        places = sum(a * b for a, b in pairwise(sizes[:-1]))
        return {
            "network": self.name,
            "dataset": self.dataset,
            "sparsifier": self.config.label,
            "width": max(sizes[1:-1]),
            "sparsity": round(1 - self.links / places, 6),
            "network_seed": self.seed,
        }


def save_network(network: Network, path: str | os.PathLike[str]) -> Path:
    """Write a network, or the checkpoint of one, to a safetensors file.

    The file appears whole or not at all, and what an earlier, killed writer of it left
    beside it goes.

    Parameters
    ----------
    network : Network
    path : path-like
        Its folder is made if need be.

    Returns
    -------
    Path
        `path` itself.

    Raises
    ------
    InputError
        The place cannot be written to.

    Examples
    --------
    >>> import numpy as np
    >>> from tempfile import TemporaryDirectory
    >>> from netrobust.neural.model import start
    >>> model = start((4, 3, 2), np.random.default_rng(0), links=[6])
    >>> none = pd.DataFrame()
    >>> network = Network(model, TrainConfig(hidden=(3,)), 0, "mine", "", none, none)
    >>> with TemporaryDirectory() as folder:
    ...     save_network(network, folder + "/new/a.safetensors").name
    ...     load_network(folder + "/new/a.safetensors").model.layers[0]
    'a.safetensors'
    SparseLinear(4, 3, links=6)
    """
    path = Path(path)
    header = {
        digests.WRITTEN_BY: digests.blank(),
        "format": FORMAT,
        "sizes": network.model.sizes,
        "config": network.config.record,
        "seed": network.seed,
        "dataset": network.dataset,
        "dataset_sha256": network.dataset_sha256,
        "history": network.history.to_dict(orient="list"),
        "dynamics": network.dynamics.to_dict(orient="list"),
    }
    tensors = {name: t.contiguous() for name, t in network.model.state_dict().items()}
    tensors |= {name: tensor.contiguous() for name, tensor in network.state.items()}
    with replacing(path) as part:
        try:
            save_file(tensors, part, metadata={"netrobust": json.dumps(header)})
        except SafetensorError as error:  # such as a full disk
            raise OSError(str(error)) from None
        digests.fill(part)
    remove_leftovers(path)
    return path


def load_network(path: str | os.PathLike[str]) -> Network:
    """Read a network written by `save_network`.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    Network
        With bitwise the weights that were written.

    Raises
    ------
    InputError
        There is no such file, or it is damaged or not a network of ours.

    Examples
    --------
    >>> load_network("nowhere.safetensors")
    Traceback (most recent call last):
    ...
    netrobust.core.errors.InputError: no network at nowhere.safetensors; give a file \
written by save_network
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"no network at {path}; give a file written by save_network")
    writer = ""
    try:
        writer = digests.check(path)
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})["netrobust"])
            if header["format"] != FORMAT:
                raise InputError(f"its format is {header['format']!r}, not {FORMAT!r}")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        state = {
            name: tensors.pop(name) for name in list(tensors) if name.startswith(_STATE)
        }
        _check_sizes(header["sizes"], tensors)
        model = from_state(tensors, header["sizes"])
        momentum = {
            name: tensor.shape
            for name, tensor in state.items()
            if name.startswith("momentum.")
        }
        needed = {f"momentum.{name}": p.shape for name, p in model.named_parameters()}
        if momentum and momentum != needed:
            raise InputError("its momentum does not fit its weights")
        network = Network(
            model=model,
            config=_config(header["config"]),
            seed=header["seed"],
            dataset=header["dataset"],
            dataset_sha256=header["dataset_sha256"],
            history=_table(header["history"]),
            dynamics=_table(header["dynamics"]),
            state=state,
        )
        _check(network)
        return network
    except UntrustedCodeError as error:
        raise UntrustedCodeError(f"{path} is not read: {error}") from None
    except _UNREADABLE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"{path} is not a readable network file ({reason}"
            f"{digests.other_writer(writer)}); train it again or restore it"
        ) from None


def _config(fields: Any) -> TrainConfig:
    with told_by_a_file():
        return TrainConfig(**fields)


def _table(columns: object) -> pd.DataFrame:
    """Make a table of columns as the header holds them."""
    if not isinstance(columns, dict) or not all(
        isinstance(column, list) for column in columns.values()
    ):
        raise InputError("its history and dynamics must be columns by name")
    return pd.DataFrame(columns)


def _check_sizes(sizes: object, tensors: Mapping[str, Tensor]) -> None:
    """Refuse sizes that are not those of the tensors, before room is made for them."""
    if not isinstance(sizes, list) or len(sizes) < 3:
        raise InputError(f"its sizes must be three or more whole numbers; got {sizes}")
    for size in sizes:
        whole("each of its sizes", size, 1)
    held = sum(tensor.numel() for tensor in tensors.values())
    if sizes[0] > (most := _FEW_INPUTS + _INPUTS_PER_NUMBER * held):
        raise InputError(
            f"its first size is {sizes[0]}, and a file of {held} numbers has at most "
            f"{most} inputs"
        )
    head = tensors["head.weight"].shape
    if tuple(head) != (sizes[-1], sizes[-2]):
        raise InputError(f"its head of shape {tuple(head)} does not fit sizes {sizes}")
    for depth, (n_in, n_out) in enumerate(pairwise(sizes[:-1])):
        weight = tensors[f"layers.{depth}.weight"].shape
        if len(weight) > 1 and tuple(weight) != (n_out, n_in):
            raise InputError(f"layer {depth} does not fit the sizes {sizes}")


def _check(network: Network) -> None:
    """Refuse what a file can say but no training leaves."""
    whole("its seed", network.seed, 0)
    for name in ("dataset", "dataset_sha256"):
        if not isinstance(value := getattr(network, name), str):
            raise InputError(f"its {name} is no text but {value!r}")
    file_name("its dataset", network.dataset)
    for name, parameter in network.model.named_parameters():
        if parameter.dtype != torch.float32 or not parameter.isfinite().all():
            raise InputError(f"its {name} must hold finite float32 values")
    mean, std = float(network.model.mean), float(network.model.std)
    if not (math.isfinite(mean) and 0 < std < math.inf):
        raise InputError(f"its pixels cannot have mean {mean} and deviation {std}")
    done = len(network.history)
    if done == 0 and (network.state or len(network.dynamics)):
        raise InputError("its history is missing")
    if done and tuple(network.history) != _HISTORY:
        raise InputError(f"its history must have the columns {', '.join(_HISTORY)}")
    for what in ("history", "dynamics"):
        if any(kind.kind not in "iuf" for kind in getattr(network, what).dtypes):
            raise InputError(f"its {what} must hold numbers alone")
    epochs = network.history["epoch"].tolist() if done else []
    if epochs != list(range(1, done + 1)) or done > network.config.epochs:
        raise InputError(
            f"its history is not that of the first of {network.config.epochs} epochs"
        )
