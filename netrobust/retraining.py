"""Networks trained on: a topology from fresh weights, and what damage left.

Both go through `train` with a start: the first asks what a mask alone carries, the
second what a network regains after damage, with its topology frozen or adaptive.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any

import pandas as pd
from igraph import Graph

from netrobust.errors import InputError
from netrobust.export import to_model
from netrobust.neural.dataset import Dataset
from netrobust.neural.model import SparseMLP, reinitialised
from netrobust.neural.network import Network
from netrobust.neural.train import train
from netrobust.plan import check_importable, several
from netrobust.pool import Parts, Tick, gather
from netrobust.recovery import (
    MODES,
    frozen,
    key_of,
    plan_recovery,
    recovered,
)
from netrobust.streams import stream


def retrained(
    network: Network, graph: Graph, data: Dataset, seed: int, *key: str | int
) -> SparseMLP:
    """Train a topology from fresh weights, to see what the mask alone carries.

    Parameters
    ----------
    network : Network
        Its settings are those of the training, but no link moves.
    graph : igraph.Graph
        A stack of the sizes of the network, such as a draw of a null model; weights
        and biases on it play no part.
    data : Dataset
    seed : int
    *key : str or int
        What is trained; with `seed` all random numbers follow from it.

    Returns
    -------
    SparseMLP
        With the links of the graph.

    Raises
    ------
    InputError
        The network is dense, the graph has other sizes, or the data do not fit.

    Examples
    --------
    >>> from netrobust.export import to_graph
    >>> from netrobust.neural.config import TrainConfig
    >>> from netrobust.neural.data import load
    >>> data = load("mnist-5k")
    >>> network = train(data, TrainConfig(hidden=(20,), sparsity=0.9, epochs=1))
    >>> model = retrained(network, to_graph(network.model), data, 0, "again")
    >>> bool((model.links()[1] == network.model.links()[1]).all())
    True
    """
    if network.config.method.dense:
        raise InputError(
            f"{network.name} is dense and has no topology to retrain; leave it out"
        )
    rng = stream(seed, "retrained", *key)
    like = to_model(graph, like=network.model)
    start = reinitialised(like, rng, network.config.weights)
    config = frozen(network)
    return train(data, config, int(rng.integers(2**32)), start=start).model


def recover(
    networks: Network | Sequence[Network],
    data: Dataset,
    perturbation: str | Callable[..., Any] = "random_links",
    fractions: Sequence[float] = (0.5,),
    epochs: int = 5,
    modes: str | Sequence[str] = MODES,
    scope: str = "per_layer",
    replicates: int = 1,
    seed: int = 0,
    images: int | None = None,
    jobs: int = 1,
    parts: Parts | None = None,
    tick: Tick | None = None,
    *,
    executor: Executor | None = None,
) -> pd.DataFrame:
    """Damage networks, go on training what is left, and score every epoch.

    The budget of links is what the damage left: an adaptive network moves its links
    and gets none back. Training goes on with the settings of the network, momentum at
    0 and its schedule compressed into the epochs of the recovery: the learning rate
    starts high again and falls to its end.

    Parameters
    ----------
    networks : Network or sequence of Network
    data : Dataset
        Training images train, test images are scored and decide nothing.
    perturbation : str or callable
        As for `percolate`, which gives the same damage for the same networks,
        fractions, scope, replicate and seed.
    fractions : sequence of float
        Rising, in [0, 1]; 0 tells what training on does to an intact network.
    epochs : int
        Of the recovery.
    modes : str or sequence of str
        ``frozen``: no link moves; ``adaptive``: links move as they did in training.
        Networks whose links never move, within so few epochs or at all, and those that
        move them by exceeding their budget (EM&S) have frozen rows only.
    scope : str
        As for `percolate`, without the head.
    replicates, seed, images, jobs, parts, tick, executor
        As for `percolate`. Both modes see the same images in the same order.

    Returns
    -------
    DataFrame
        One row per epoch: the keys of `percolate`, then options of the perturbation
        that are numbers, ``mode``, ``epoch`` (0 is after the damage, before any
        training), ``images``, ``links`` of the hidden layers, ``intact`` (the accuracy
        before the damage), ``accuracy``, ``loss`` and ``regained``, the share of the
        lost accuracy that is back: 0 at epoch 0, NaN where none was lost.

    Raises
    ------
    InputError
        A name is unknown, a number out of its range, or no network has the modes.
    DivergedError
        A training left the finite range.

    Notes
    -----
    The links of dense baselines are trained one by one here, so that what was removed
    stays removed; a neuron without links may be linked again in adaptive networks.

    Examples
    --------
    >>> from netrobust.neural.config import TrainConfig
    >>> from netrobust.neural.data import load
    >>> data = load("mnist-5k")
    >>> network = train(data, TrainConfig(hidden=(20,), sparsity=0.9, epochs=1))
    >>> table = recover(network, data, epochs=2)
    >>> table[["mode", "epoch", "links"]].values.tolist()[1:4]
    [['frozen', 1, 784], ['frozen', 2, 784], ['adaptive', 0, 784]]
    """
    nets = several(networks)
    job = plan_recovery(
        nets, data, perturbation, fractions, epochs, modes, scope, replicates, seed,
        images, jobs,
    )  # fmt: skip
    if executor is not None:
        check_importable(job)
    units = {key_of(unit, nets, data, job): unit for unit in job.units}
    tables = gather(
        recovered, units, jobs, nets, data, job,
        executor=executor, parts=parts, tick=tick,
    )  # fmt: skip
    return pd.concat(tables, ignore_index=True)
