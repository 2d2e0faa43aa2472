"""Chain removal: links that lead nowhere, or come from nowhere, go with the others."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from netrobust.neural.sparsify.base import LayerLinks
from netrobust.neural.topology import IntArray

Stays: TypeAlias = NDArray[np.bool_]  # per link of a layer: it has not been dropped


def without(layer: LayerLinks, dropped: IntArray) -> Stays:
    """Say of every link of a layer whether it stays."""
    stay = np.ones(layer.weight.size, bool)
    stay[dropped] = False
    return stay


def chain_removal(
    layers: Sequence[LayerLinks],
    stays: list[Stays],
    rounds: int = 1,
    frozen: Sequence[bool] | NDArray[np.bool_] = (),
) -> None:
    """Drop links that lead nowhere or come from nowhere, in place.

    One round goes backward through the layers and takes links into neurons none of
    whose links into the next layer stay, and then forward and takes links out of
    neurons that none reaches. Every neuron of the last layer leads to the dense head,
    every input is reached. Layers that are frozen keep theirs. What is left is the
    largest set of links without a dead end, so that a second round takes nothing.

    Parameters
    ----------
    layers : sequence of LayerLinks
    stays : list of ndarray of bool, shape (links,)
        Per layer the links that are not dropped yet.
    rounds : int
    frozen : sequence of bool, optional
    """
    moving = ~np.asarray(frozen, bool) if len(frozen) else np.ones(len(layers), bool)
    for _ in range(rounds):
        for index in reversed(range(len(layers) - 1)):
            if moving[index]:
                beyond, stay = layers[index + 1], stays[index + 1]
                sends = np.zeros(beyond.n_in, bool)
                sends[beyond.source[stay]] = True
                stays[index] &= sends[layers[index].target]
        for index in range(1, len(layers)):
            if moving[index]:
                before, stay = layers[index - 1], stays[index - 1]
                receives = np.zeros(before.n_out, bool)
                receives[before.target[stay]] = True
                stays[index] &= receives[layers[index].source]
