"""What a moving topology does: neurons in use, paths, places tried, links that stay.

Functions take the sparse layers of a network from the pixels on, one `LayerLinks` each;
its last hidden layer feeds a dense head. Layers that do not follow each other are
refused with `InputError`, layers without links are not. Memory and time grow with links
and neurons, never with the places of a layer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netrobust.core.errors import InputError
from netrobust.neural.sparsify.base import LayerLinks
from netrobust.neural.topology import IntArray, union

_NAMES = "first", "ever"


def active_neurons(layers: Sequence[LayerLinks]) -> list[NDArray[np.bool_]]:
    """Say which neurons lie on a directed path from a pixel to the last hidden layer.

    Links alone decide: one of weight 0 conducts. Every pixel is a source, whatever it
    shows, and every neuron of the last hidden layer leads to the head. So a pixel
    without links is not active, and no neuron is that nothing reaches.

    Returns
    -------
    list of ndarray of bool, shape (neurons of that depth,)
        One per depth, the pixels first.

    Notes
    -----
    The active share of all hidden neurons is the measure ``reach`` of the network's
    graph, which leaves the pixels out. The links between active neurons are those that
    the chain removal of Zhang et al., ICLR 2024, would leave:
    https://openreview.net/forum?id=iayEcORsGd

    Examples
    --------
    The second pixel has no link, and the link of the third one leads nowhere.

    >>> weight = np.ones(2, np.float32)
    >>> first = LayerLinks(3, 2, np.array([0, 2]), np.array([0, 1]), weight)
    >>> second = LayerLinks(2, 1, np.array([0]), np.array([0]), weight[:1])
    >>> [active.tolist() for active in active_neurons([first, second])]
    [[True, False, False], [True, False], [True]]
    """
    _check(layers)
    fed, feeds = [np.ones(layers[0].n_in, bool)], [np.ones(layers[-1].n_out, bool)]
    for layer in layers:
        reached = np.zeros(layer.n_out, bool)
        reached[layer.target[fed[-1][layer.source]]] = True
        fed.append(reached)
    for layer in reversed(layers):
        leads = np.zeros(layer.n_in, bool)
        leads[layer.source[feeds[-1][layer.target]]] = True
        feeds.append(leads)
    return [here & on for here, on in zip(fed, reversed(feeds), strict=True)]


def paths(layers: Sequence[LayerLinks]) -> float:
    """Count the directed paths from pixels to the last hidden layer.

    The number is exact up to 2**53.

    Notes
    -----
    The credit assignment paths of Zhang et al., ICLR 2024,
    https://openreview.net/forum?id=iayEcORsGd. With links at uniformly random places
    their mean number is the product of all sizes and all densities.

    Examples
    --------
    >>> source, target = np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])
    >>> full = LayerLinks(2, 2, source, target, np.ones(4, np.float32))
    >>> paths([full, full])
    8.0
    """
    _check(layers)
    count = np.ones(layers[0].n_in)
    for layer in layers:
        arriving = count[layer.source]
        count = np.bincount(layer.target, arriving, minlength=layer.n_out).astype(float)
    return float(count.sum())


def alignment(layer: LayerLinks, beyond: LayerLinks) -> float:
    """Compare the degrees that the neurons between two layers have on their two sides.

    A neuron there receives k- links from `layer` and sends k+ into `beyond`; the value
    is ``<k- k+> / (<k-> <k+>)``: 1 on average if the two are independent, more where
    neurons that receive many links send many, NaN where a layer has no link.

    Notes
    -----
    Also the number of paths through both layers over its mean for independent degrees.
    Where directed graphs percolate depends on the joint degrees by ``<k- k+>`` alone:
    Newman, Strogatz and Watts (2001), https://doi.org/10.1103/PhysRevE.64.026118

    Examples
    --------
    >>> weight = np.ones(2, np.float32)
    >>> layer = LayerLinks(2, 2, np.array([0, 1]), np.array([1, 1]), weight)
    >>> beyond = LayerLinks(2, 2, np.array([1, 1]), np.array([0, 1]), weight)
    >>> alignment(layer, beyond)
    2.0
    """
    _check([layer, beyond])
    independent = layer.target.size * beyond.source.size / layer.n_out
    if independent == 0:
        return float("nan")
    received = np.bincount(layer.target, minlength=layer.n_out)
    sent = np.bincount(beyond.source, minlength=beyond.n_in)
    return float(received @ sent / independent)


@dataclass(eq=False)
class Trace:
    """Where links were when training began, and where there ever was one.

    A training begins one with its layers, notes what grows, and keeps it in its
    checkpoints. Places are ``target * n_in + source``; layers count from 0.

    Attributes
    ----------
    first : tuple of ndarray of int64
        Places of the first links, ascending, one array per layer.

    Examples
    --------
    >>> weight = np.ones(2, np.float32)
    >>> start = LayerLinks(2, 2, np.array([0, 1]), np.array([0, 0]), weight)
    >>> trace = Trace.begin([start])
    >>> now = LayerLinks(2, 2, np.array([0, 1]), np.array([0, 1]), weight)
    >>> trace.grown(0, np.array([3]))
    >>> trace.survival(0, now), trace.itop(0, now)
    (0.5, 0.75)
    """

    first: tuple[IntArray, ...]
    # Per layer the places that ever held a link, and behind them arrays of others that
    # grew. Some methods grow a few after every batch: merging waits for a reader.
    _tried: list[list[IntArray]]

    @classmethod
    def begin(cls, layers: Sequence[LayerLinks]) -> "Trace":
        """Start with the links of these layers."""
        first = tuple(layer.place for layer in layers)
        return cls(first, [[places] for places in first])

    @property
    def ever(self) -> tuple[IntArray, ...]:
        """Places that ever held a link, ascending, one array per layer."""
        return tuple(self._ever(index) for index in range(len(self.first)))

    def _ever(self, index: int) -> IntArray:
        tried = self._tried[index]
        if len(tried) > 1:
            tried[:] = [union(*tried)]
        return tried[0]

    def grown(self, index: int, places: IntArray) -> None:
        """Note places, in any order, where links of a layer grew."""
        if places.size:
            self._tried[index].append(places.astype(np.int64))

    def survival(self, index: int, links: LayerLinks) -> float:
        """Give the share of a layer's first links that are there now.

        Links that were dropped and came back count; NaN if there was no first link.
        The exact mean under random rewiring is `link_survival`.
        """
        first = self.first[index]
        if not first.size:
            return float("nan")
        return float(np.isin(first, links.place, assume_unique=True).mean())

    def itop(self, index: int, links: LayerLinks) -> float:
        """Give the share of a layer's places that ever held a link.

        The in-time over-parameterisation of Liu et al., ICML 2021,
        https://doi.org/10.48550/arXiv.2102.02887. The exact mean under random
        regrowth is `itop_rate`.
        """
        return self._ever(index).size / (links.n_in * links.n_out)

    def arrays(self) -> dict[str, IntArray]:
        """Give everything as arrays: ``first.0``, ``ever.0``, ``first.1`` and so on."""
        return {
            f"{name}.{index}": places
            for index, pair in enumerate(zip(self.first, self.ever, strict=True))
            for name, places in zip(_NAMES, pair, strict=True)
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Trace":
        """Rebuild what `arrays` gave; refuse with `InputError` what it cannot give."""
        first, tried = [], []
        for index in range((len(arrays) + 1) // 2):
            start, ever = (_places(arrays, f"{name}.{index}") for name in _NAMES)
            if not np.isin(start, ever, assume_unique=True).all():
                raise InputError(
                    f"ever.{index} of a trace must hold all places of first.{index}; "
                    "some are missing; train the network again"
                )
            first.append(start)
            tried.append([ever])
        return cls(tuple(first), tried)


def topology_rows(layers: Sequence[LayerLinks], trace: Trace) -> list[dict[str, float]]:
    """Say where the topology of every sparse layer stands; none, no row.

    Returns
    -------
    list of dict of str to float
        ``active_sources`` and ``active_targets``, the shares of the neurons before and
        behind the layer that are active; ``itop`` and ``survival``, see `Trace`;
        ``paths`` of the whole network, the same in every row; ``alignment`` with the
        next layer, NaN in the last row.
    """
    if len(trace.first) != len(layers):
        raise InputError(
            f"the trace has {len(trace.first)} layers, the network {len(layers)}; give "
            "the trace of this network"
        )
    if not layers:
        return []
    active = [float(neurons.mean()) for neurons in active_neurons(layers)]
    aligned = [*(alignment(*pair) for pair in pairwise(layers)), float("nan")]
    count = paths(layers)
    return [
        {
            "active_sources": active[index],
            "active_targets": active[index + 1],
            "itop": trace.itop(index, layer),
            "survival": trace.survival(index, layer),
            "paths": count,
            "alignment": aligned[index],
        }
        for index, layer in enumerate(layers)
    ]


def _check(layers: Sequence[LayerLinks]) -> None:
    if not layers:
        raise InputError("there is no layer; give the sparse layers of a network")
    for number, (layer, beyond) in enumerate(pairwise(layers), start=1):
        if layer.n_out != beyond.n_in:
            raise InputError(
                f"layer {number} ends in {layer.n_out} neurons and the next begins "
                f"with {beyond.n_in}; give neighbouring layers in their order"
            )


def _places(arrays: Mapping[str, NDArray[Any]], name: str) -> IntArray:
    found = np.asarray(arrays.get(name))
    row = found.dtype == np.int64 and found.ndim == 1
    if not (row and (found >= 0).all() and (found[1:] > found[:-1]).all()):
        raise InputError(
            f"{name} of a trace must hold rising int64 places from 0 on; got "
            f"{found.dtype} {np.array2string(found, threshold=9)}; train the network "
            "again"
        )
    return found
