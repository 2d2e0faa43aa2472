"""How a training begins: drawn, read from a checkpoint, or from a given network."""

import logging
import os
from copy import deepcopy
from itertools import pairwise
from pathlib import Path

import pandas as pd

from netrobust.core.errors import InputError
from netrobust.core.random_streams import stream
from netrobust.core.settings import MOST_SEED, whole
from netrobust.data.dataset import Dataset
from netrobust.neural.config import TrainConfig
from netrobust.neural.linear import SparseLinear
from netrobust.neural.model import SparseMLP
from netrobust.neural.model import start as draw
from netrobust.neural.network import Network, load_network
from netrobust.neural.topology import MOST_PLACES

logger = logging.getLogger("netrobust")


def begin(
    data: Dataset,
    config: TrainConfig,
    seed: int,
    path: str | os.PathLike[str] | None = None,
    start: SparseMLP | None = None,
) -> Network:
    """Read the checkpoint, or make the network before its first epoch.

    The parameters are those of `train`.

    Raises
    ------
    InputError
        `path` holds another network or came with a `start`, the start does not fit
        data and settings, a layer is too large for the method, or the topology cannot
        be made.
    """
    whole("seed", seed, 0, MOST_SEED)
    empty = pd.DataFrame()
    about = config, seed, data.name, data.sha256, empty, empty
    if start is not None:
        if path is not None:
            raise InputError(
                "a file does not say what its training started from; give path or "
                "start, not both, and write the trained network with save_network"
            )
        _check_start(start, data, config)
        return Network(deepcopy(start), *about)
    if path is not None and Path(path).exists():
        network = load_network(path)
        came = (network.config, network.seed, network.dataset_sha256)
        if came != (config, seed, data.sha256):
            raise InputError(
                f"{path} holds {network.name}, trained with other settings or data; "
                "give another path or remove that file"
            )
        return network
    method, sizes = config.method, config.sizes(data.x_train.shape[1], data.n_classes)
    _check_places(config, sizes)
    _check_memory(config, sizes)
    model = draw(
        sizes,
        stream(seed, "start", data.name),
        links=None if method.dense else config.links(sizes, method.surplus(0)),
        place=config.place,
        mean=data.mean,
        std=data.std,
        weights=config.weights,
        images=data.x_train,
    )
    return Network(model, *about)


def _check_start(start: SparseMLP, data: Dataset, config: TrainConfig) -> None:
    """Refuse a start that is no network of these data and settings."""
    classes = max(data.n_classes, start.sizes[-1])
    sizes = config.sizes(data.x_train.shape[1], classes)
    if start.sizes != sizes:
        raise InputError(
            f"a start for {data.name} and these settings has {sizes} neurons per "
            f"depth; got one of {start.sizes}; change hidden, or give another start"
        )
    sparse = [isinstance(layer, SparseLinear) for layer in start.hidden_layers]
    if any(sparse) if config.method.dense else not all(sparse):
        here, there = ("dense", "sparse")[:: 1 if config.method.dense else -1]
        raise InputError(
            f"{config.label} trains {here} layers and the start has {there} ones; "
            "give another start, or another sparsifier"
        )
    if config.method.surplus(0):
        raise InputError(
            f"{config.label} trains with more links than it ends with, and a start "
            "keeps the number it has; choose a sparsifier without em_s"
        )
    _check_places(config, sizes)


def _check_places(config: TrainConfig, sizes: tuple[int, ...]) -> None:
    """Refuse layers that the method cannot hold, or that have no link; warn of few."""
    links = [] if config.method.dense else config.links(sizes)
    for number, count in enumerate(links, start=1):
        sides = sizes[number - 1], sizes[number]
        if not count:
            raise InputError(
                f"sparsity {config.sparsity} leaves layer {number} of {sides[0]} by "
                f"{sides[1]} neurons without a link; give a lower sparsity"
            )
        if count < min(sides):
            logger.warning(
                "layer %s has %s links for %s and %s neurons, fewer than one for each",
                number, count, *sides,
            )  # fmt: skip
    for number, (n_in, n_out) in enumerate(pairwise(sizes[:-1]), start=1):
        if config.method.every_place and n_in * n_out > MOST_PLACES:
            raise InputError(
                f"{config.sparsifier} holds a number for every possible link of a "
                f"layer, at most {MOST_PLACES:,}; layer {number} has "
                f"{n_in * n_out:,}, train it with set or mest"
            )


#: Weight, source, gradient and momentum.
_BYTES_PER_LINK = 16


def _check_memory(config: TrainConfig, sizes: tuple[int, ...]) -> None:
    """Refuse a network whose numbers alone are more than this machine can hold."""
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", ()):
        return  # not told by this system
    dense = [n_in * n_out for n_in, n_out in pairwise(sizes)]
    links = dense if config.method.dense else [*config.links(sizes), dense[-1]]
    needed = _BYTES_PER_LINK * sum(links)
    held = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > held:
        raise InputError(
            f"a network of {sizes} neurons per depth has {sum(links):,} links, which "
            f"take {needed / 2**30:,.0f} GiB of the {held / 2**30:,.0f} GiB of this "
            "machine; make hidden smaller or sparsity higher"
        )
