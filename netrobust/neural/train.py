"""Training: one visible loop."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import cross_entropy
from torch.optim import SGD

from netrobust.errors import DivergedError, InputError
from netrobust.neural.config import TrainConfig
from netrobust.neural.data import Dataset
from netrobust.neural.evaluate import evaluate
from netrobust.neural.linear import SparseLinear
from netrobust.neural.model import SparseMLP, start
from netrobust.neural.network import Network, load_network, save_network
from netrobust.neural.sparsify import Context, Links, Rewiring, Step
from netrobust.neural.threads import limited_threads
from netrobust.neural.topology import TOPOLOGIES
from netrobust.settings import whole
from netrobust.streams import stream

Row: TypeAlias = dict[str, float]


def train(
    data: Dataset,
    config: TrainConfig | None = None,
    seed: int = 0,
    *,
    path: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> Network:
    """Train one network while its links move.

    Only ``data.x_train`` trains; the test images are scored after every epoch and
    decide nothing: the network returned is that of the last epoch.

    Parameters
    ----------
    data : Dataset
    config : TrainConfig, optional
        The defaults if not given.
    seed : int
        Every random number of the training follows from it and the name of the data:
        networks of one seed and data set start from the same links whatever moves
        them, and those of two data sets share nothing.
    path : path-like, optional
        File of the network. A checkpoint is written there after each epoch; a
        training that was killed goes on from it, with bitwise the same result, and a
        finished network is read instead of trained.
    progress : bool
        Show a bar with epoch, loss and test accuracy on stderr.

    Returns
    -------
    Network
        Its `dynamics` have one row per epoch and sparse layer: ``links``, ``removed``
        (links dropped, and as many grown, after the epoch) and ``returned`` (dropped
        links that grew again at once).

    Raises
    ------
    InputError
        The seed is no integer of at least 0, or `path` holds another network.
    DivergedError
        A loss or weight is not finite; a smaller learning rate helps.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.random((64, 9), np.float32), np.arange(64) % 2
    >>> data = Dataset.from_arrays(x, y, x, y)
    >>> config = TrainConfig(hidden=(8,), sparsity=0.5, epochs=2)
    >>> network = train(data, config, seed=0)
    >>> len(network.history), network.dynamics.links.unique().tolist()
    (2, [36])
    """
    config = config or TrainConfig()
    seed = whole("seed", seed, 0)
    network = _begin(data, config, seed, path)
    if network.finished:
        return network
    model, step = network.model, config.method.step
    optimiser = _optimiser(network)
    history, dynamics = _rows(network.history), _rows(network.dynamics)
    with limited_threads(config.threads), _bar(network, progress) as show:
        for epoch in range(len(history) + 1, config.epochs + 1):
            for group in optimiser.param_groups:
                group["lr"] = config.rate(epoch)
            draw = stream(seed, "batches", data.name, epoch)
            order = draw.permutation(len(data.y_train))
            learnt = _one_epoch(model, data, optimiser, order, config.batch_size)
            if not (np.isfinite(learnt["loss"]) and _finite(model)):
                raise DivergedError(
                    f"training diverged in epoch {epoch} (its loss or weights are not "
                    f"finite); choose a learning_rate below {config.learning_rate}"
                )
            tested = evaluate(model, data.x_test, data.y_test)
            history.append(
                {
                    "epoch": epoch,
                    "learning_rate": config.rate(epoch),
                    **learnt,
                    "test_accuracy": tested["accuracy"],
                }
            )
            moves = step if epoch < config.epochs else None
            context = Context(config.zeta, stream(seed, "rewire", data.name, epoch))
            for row in _move_links(model, optimiser, moves, context):
                dynamics.append({"epoch": epoch, **row})
            network = replace(
                network,
                history=pd.DataFrame(history),
                dynamics=pd.DataFrame(dynamics),
                momentum=_momentum(model, optimiser) if epoch < config.epochs else {},
            )
            if path is not None:
                save_network(network, path)
            show(history[-1])
    return network


def _begin(
    data: Dataset,
    config: TrainConfig,
    seed: int,
    path: str | os.PathLike[str] | None,
) -> Network:
    """Read the checkpoint, or make the network before its first epoch."""
    if path is not None and Path(path).exists():
        network = load_network(path)
        came = (network.config, network.seed, network.dataset_sha256)
        if came != (config, seed, data.sha256):
            raise InputError(
                f"{path} holds {network.name}, trained with other settings or data; "
                "give another path or remove that file"
            )
        return network
    sizes = config.sizes(data.x_train.shape[1], data.n_classes)
    model = start(
        sizes,
        stream(seed, "start", data.name),
        links=None if config.method.dense else config.links(sizes),
        topology=TOPOLOGIES[config.topology],
        mean=data.mean,
        std=data.std,
    )
    empty = pd.DataFrame()
    return Network(model, config, seed, data.name, data.sha256, empty, empty)


def _optimiser(network: Network) -> SGD:
    """SGD with momentum; weight decay on weights alone; momentum of a checkpoint."""
    config, named = network.config, dict(network.model.named_parameters())
    weights = [p for name, p in named.items() if not name.endswith("bias")]
    biases = [p for name, p in named.items() if name.endswith("bias")]
    optimiser = SGD(
        [
            {"params": weights, "weight_decay": config.weight_decay},
            {"params": biases, "weight_decay": 0.0},
        ],
        lr=config.learning_rate,
        momentum=config.momentum,
        fused=True,
    )
    for name, buffer in network.momentum.items():
        optimiser.state[named[name]]["momentum_buffer"] = buffer.clone()
    return optimiser


def _momentum(model: SparseMLP, optimiser: SGD) -> dict[str, torch.Tensor]:
    buffers = {
        name: optimiser.state[parameter].get("momentum_buffer")
        for name, parameter in model.named_parameters()
    }
    return {name: buffer for name, buffer in buffers.items() if buffer is not None}


def _one_epoch(
    model: SparseMLP, data: Dataset, optimiser: SGD, order: np.ndarray, batch_size: int
) -> Row:
    """Show every training image once; give mean loss and accuracy on the way."""
    total = correct = 0.0
    for first in range(0, order.size, batch_size):
        batch = order[first : first + batch_size]
        x = torch.from_numpy(data.x_train[batch])
        y = torch.from_numpy(data.y_train[batch])
        scores = model(x)
        loss = cross_entropy(scores, y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.item() * batch.size
        correct += (scores.argmax(1) == y).sum().item()
    return {"loss": total / order.size, "train_accuracy": correct / order.size}


def _finite(model: SparseMLP) -> bool:
    return all(bool(torch.isfinite(part).all()) for part in model.parameters())


def _move_links(
    model: SparseMLP, optimiser: SGD, step: Step | None, context: Context
) -> Iterator[Row]:
    """Rewire all sparse layers, momentum included; give one row for each."""
    layers = [part for part in model.layers if isinstance(part, SparseLinear)]
    before = [
        Links(layer.in_features, layer.out_features, *layer.links()) for layer in layers
    ]
    moves = step(before, context) if step else [None] * len(layers)
    for number, (layer, links, move) in enumerate(
        zip(layers, before, moves, strict=True), start=1
    ):
        if move is not None:
            _rewire(layer, optimiser, move)
        if layer.weight.numel() != links.weight.size:
            raise AssertionError(
                f"layer {number} had {links.weight.size} links and was rewired to "
                f"{layer.weight.numel()}"
            )
        yield {"layer": number, "links": links.weight.size, **_turnover(links, move)}


def _rewire(layer: SparseLinear, optimiser: SGD, move: Rewiring) -> None:
    origin = layer.rewire(*move)
    buffer = optimiser.state[layer.weight].get("momentum_buffer")
    if buffer is None:  # SGD with momentum 0 keeps none
        return
    survived = torch.from_numpy(origin >= 0)
    moved = torch.zeros_like(layer.weight)
    moved[survived] = buffer[torch.from_numpy(origin[origin >= 0])]
    optimiser.state[layer.weight]["momentum_buffer"] = moved


def _turnover(links: Links, move: Rewiring | None) -> Row:
    if move is None:
        return {"removed": 0, "returned": 0}
    place = links.target * links.n_in + links.source
    dropped = np.delete(place, move.kept)
    grown = move.target * links.n_in + move.source
    return {
        "removed": dropped.size,
        "returned": int(np.isin(dropped, grown, assume_unique=True).sum()),
    }


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return cast(list[dict[str, Any]], table.to_dict(orient="records"))


@contextmanager
def _bar(network: Network, progress: bool) -> Iterator[Callable[[Row], None]]:
    """Show a bar over epochs on stderr; without `progress` the updates go nowhere."""
    if not progress:
        yield lambda row: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(),
        MofNCompleteColumn(), "epochs", "loss {task.fields[loss]}",
        "accuracy {task.fields[accuracy]}", TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(
            network.name,
            total=network.config.epochs,
            completed=len(network.history),
            loss="-",
            accuracy="-",
        )

        def show(row: Row) -> None:
            bar.update(
                task,
                advance=1,
                loss=f"{row['loss']:.3f}",
                accuracy=f"{100 * row['test_accuracy']:.2f}%",
            )

        yield show
