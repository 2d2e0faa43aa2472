"""A topology trained anew from fresh weights: what a mask alone carries."""

from dataclasses import replace

from igraph import Graph

from netrobust.convert.network import to_model
from netrobust.core.errors import InputError
from netrobust.core.random_streams import stream
from netrobust.data.dataset import Dataset
from netrobust.neural.config import TrainConfig
from netrobust.neural.model import SparseMLP, reinitialised
from netrobust.neural.network import Network
from netrobust.neural.train import train


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
    >>> from netrobust.convert.network import to_graph
    >>> from netrobust.neural.config import TrainConfig
    >>> from netrobust.data.load import load
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


def frozen(network: Network) -> TrainConfig:
    """Give the settings of a network with a topology that stays as it is."""
    return replace(
        network.config,
        sparsifier="static",
        options={},
        topology=None,
        topology_options={},
        hidden=network.model.sizes[1:-1],
    )
