"""Training: one visible loop."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import cross_entropy
from torch.optim import SGD

from netrobust.core.errors import DivergedError
from netrobust.core.random_streams import stream
from netrobust.core.settings import whole
from netrobust.data.load import Dataset
from netrobust.neural.config import TrainConfig
from netrobust.neural.evaluate import evaluate
from netrobust.neural.initialise import begin
from netrobust.neural.learner import Learner
from netrobust.neural.model import SparseMLP
from netrobust.neural.network import Network, save_network
from netrobust.neural.rewire import MovingLinks, Row
from netrobust.parallel.progress_bar import bars
from netrobust.parallel.threads import limited_threads

Observer = Callable[[Network], None]


def train(
    data: Dataset,
    config: TrainConfig | None = None,
    seed: int = 0,
    *,
    start: SparseMLP | None = None,
    path: str | os.PathLike[str] | None = None,
    observe: Observer | None = None,
    progress: bool | None = None,
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
    start : SparseMLP, optional
        Begin from the links, weights, biases, head and standardisation of this network,
        which stays as it is, instead of drawing them; momentum starts at 0. Its number
        of links per layer is kept, whatever `config` says of densities. Keep the
        result apart from what the same settings and seed make without a start: both
        have one name.
    path : path-like, optional
        File of the network. A checkpoint is written there after each epoch; a
        training that was killed resumes from it, with bitwise the same result, and a
        finished network is read instead of trained.
    observe : callable, optional
        Called with the network before the first epoch and after each one, as it was
        tested: before links move.
    progress : bool, optional
        Show a bar with epoch, loss and test accuracy; if not given, at a terminal and
        in a notebook.

    Returns
    -------
    Network
        Its `dynamics` have one row per epoch and sparse layer. The network tested
        after the epoch has ``links``, and what `topology_rows` says of them: shares of
        active neurons, ``itop``, ``survival``, ``paths``, ``alignment``. Moved in the
        epoch or after its test were ``removed`` and ``grown`` links; ``returned`` of
        those dropped grew again at once.

    Raises
    ------
    InputError
        The seed is no integer of at least 0, `path` holds another network or came with
        a `start`, or the start does not fit data and settings.
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
    config = TrainConfig() if config is None else config
    seed = whole("seed", seed, 0)
    network = begin(data, config, seed, path, start)
    if network.finished:
        return network
    model, optimiser = network.model, _optimiser(network)
    batches = -(-len(data.y_train) // config.batch_size)
    counts_stay = start is not None
    links = MovingLinks(model, optimiser, config, batches, network.state, counts_stay)
    learner = Learner(model, optimiser, data, config)
    history, dynamics = _rows(network.history), _rows(network.dynamics)
    observe = observe or (lambda seen: None)
    if not history:
        observe(replace(network, state={}))
    with limited_threads(config.threads), _bar(network, progress) as show:
        for epoch in range(len(history) + 1, config.epochs + 1):
            rate, done = config.rate(epoch), epoch * batches
            for group in optimiser.param_groups:
                group["lr"] = rate
            if learner.fits():
                learnt = _in_few_calls(network, data, learner, links, epoch, rate)
            else:
                learnt = _one_epoch(network, data, optimiser, links, epoch)
            if not (np.isfinite(learnt["loss"]) and _finite(model)):
                raise DivergedError(
                    f"training diverged in epoch {epoch} (its loss or weights are not "
                    f"finite); choose a learning_rate below {config.learning_rate}"
                )
            tested = evaluate(model, data.x_test, data.y_test)
            history.append(
                {
                    "epoch": epoch,
                    "learning_rate": rate,
                    **learnt,
                    "test_accuracy": tested["accuracy"],
                }
            )
            described = links.describe()
            network = replace(network, history=pd.DataFrame(history), state={})
            observe(network)
            if links.due(done) and not links.due_within(done):
                links.move(done, rate, stream(seed, "rewire", data.name, epoch))
            for row, moved in zip(described, links.turnover(), strict=True):
                dynamics.append({"epoch": epoch, **row, **moved})
            state = {**_momentum(model, optimiser), **links.state()}
            network = replace(
                network,
                dynamics=pd.DataFrame(dynamics),
                state=state if epoch < config.epochs else {},
            )
            if path is not None:
                save_network(network, path)
            show(history[-1])
    return network


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
    for name, parameter in named.items():
        if (buffer := network.state.get(f"momentum.{name}")) is not None:
            optimiser.state[parameter]["momentum_buffer"] = buffer.clone()
    return optimiser


def _momentum(model: SparseMLP, optimiser: SGD) -> dict[str, torch.Tensor]:
    buffers = {
        f"momentum.{name}": optimiser.state[parameter].get("momentum_buffer")
        for name, parameter in model.named_parameters()
    }
    return {name: buffer for name, buffer in buffers.items() if buffer is not None}


def _in_few_calls(
    network: Network,
    data: Dataset,
    learner: Learner,
    links: MovingLinks,
    epoch: int,
    rate: float,
) -> Row:
    """Do what `_one_epoch` does, all batches between two moves of links in one call."""
    seed, size = network.seed, network.config.batch_size
    order = stream(seed, "batches", data.name, epoch).permutation(len(data.y_train))
    batches = -(-order.size // size)
    before, done, total, correct = (epoch - 1) * batches, 0, 0.0, 0
    links.gradient_from(learner.gradient)
    while done < batches:
        ends = (end for end in range(done + 1, batches) if links.due(before + end))
        end = next(ends, batches)
        stay = links.skips(before + end)
        found = learner.learn(order[done * size : end * size], stay)
        if links.due_within(before + end):
            rng = stream(seed, "rewire", data.name, epoch, before + end)
            links.move(before + end, rate, rng)
        done, total, correct = end, total + found[0], correct + found[1]
    return {"loss": total / order.size, "train_accuracy": correct / order.size}


def _one_epoch(
    network: Network, data: Dataset, optimiser: SGD, links: MovingLinks, epoch: int
) -> Row:
    """Show every training image once; give mean loss and accuracy on the way."""
    model, size, seed = network.model, network.config.batch_size, network.seed
    order = stream(seed, "batches", data.name, epoch).permutation(len(data.y_train))
    firsts = range(0, order.size, size)
    total = correct = 0.0
    for number, first in enumerate(firsts, start=(epoch - 1) * len(firsts) + 1):
        batch = order[first : first + size]
        x = torch.from_numpy(data.x_train[batch])
        y = torch.from_numpy(data.y_train[batch])
        with links.watched(number):
            scores = model(x)
        loss = cross_entropy(scores, y)
        optimiser.zero_grad()
        loss.backward()
        if not links.skips(number):
            optimiser.step()
        if links.due_within(number):
            rng = stream(seed, "rewire", data.name, epoch, number)
            links.move(number, optimiser.param_groups[0]["lr"], rng)
        total += loss.item() * batch.size
        correct += (scores.argmax(1) == y).sum().item()
    return {"loss": total / order.size, "train_accuracy": correct / order.size}


def _finite(model: SparseMLP) -> bool:
    return all(bool(torch.isfinite(part).all()) for part in model.parameters())


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return cast(list[dict[str, Any]], table.to_dict(orient="records"))


@contextmanager
def _bar(network: Network, progress: bool | None) -> Iterator[Callable[[Row], None]]:
    """Show a bar over epochs; without `progress` the updates go nowhere."""
    with bars(progress) as tick:

        def show(row: Row) -> None:
            loss, accuracy = row["loss"], 100 * row["test_accuracy"]
            note = f"loss {loss:.3f}  accuracy {accuracy:.2f}%"
            tick(network.name, row["epoch"], network.config.epochs, note)

        yield show
