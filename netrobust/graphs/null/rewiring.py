"""Rewiring: links exchange their targets, so that every degree stays.

Ten swaps are tried for each link. A swap that would make a parallel link is none.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netrobust.graphs import contract
from netrobust.graphs.igraph_rng import lend
from netrobust.graphs.null.base import dealt, null_model, rebuilt
from netrobust.graphs.null.conserved_quantities import places, sides

if TYPE_CHECKING:
    from igraph import Graph

TRIALS = 10  # swaps tried for each link

DEGREES = ("links", "weights", "biases", "degrees")


@null_model(conserves=(*DEGREES, "signed_degrees"))
def signed_degree_preserving(layer: "Graph", rng: np.random.Generator) -> "Graph":
    """Rewire positive and negative links among themselves (type G).

    Every neuron keeps its numbers of positive and of negative links. A swap exchanges
    the targets of two links of one sign, never onto the place of any other link; links
    of weight 0 are a third kind, rewired alike. Weights are then dealt at random
    within each sign. Where the links of the other signs leave few places free, the
    layers that swaps can reach may be fewer than those with these degrees; among the
    former the chain is uniform.

    After Jankowski et al. (2025), https://doi.org/10.48550/arXiv.2508.05463, who swap
    positive links into places that negative ones then refill. In a layer with 1% of
    its links that would leave nearly every link where it is, so here the mask is not
    kept; `moved` gives the share of links at new places.
    """
    from netrobust.graphs.null.swaps import swap_targets  # numba is slow to load

    n_in, _ = sides(layer)
    target, source = np.divmod(places(layer), n_in)
    weight = contract.weights(layer)
    by_source = np.argsort(source, kind="stable")
    source, target, weight = source[by_source], target[by_source], weight[by_source]
    start = np.searchsorted(source, np.arange(n_in + 1))
    sign = np.sign(weight)
    by_sign = np.argsort(sign, kind="stable")
    first = np.searchsorted(sign[by_sign], sign[by_sign], side="left")
    last = np.searchsorted(sign[by_sign], sign[by_sign], side="right")
    for _ in range(TRIALS if len(weight) else 0):
        one = rng.integers(len(weight), size=len(weight))
        other = rng.integers(first[one], last[one])  # of the same sign, or itself
        swap_targets(source, target, start, by_sign[one], by_sign[other])
    place = target * n_in + source
    order = np.argsort(place)
    return rebuilt(layer, place[order], dealt(weight, sign, sign, rng)[order])


@null_model(conserves=DEGREES)
def degree_preserving(layer: "Graph", rng: np.random.Generator) -> "Graph":
    """Rewire with every degree kept, and deal the weights at random.

    The layer is rewired as a directed graph: a swap then exchanges the targets of two
    links, and both sides stay what they are. On an undirected layer half of the links
    would end within one side.

    After Maslov and Sneppen (2002), https://doi.org/10.1126/science.1065103
    """
    place = _rewired(layer, rng)
    return rebuilt(layer, place, rng.permutation(contract.weights(layer)))


@null_model(conserves=(*DEGREES, "out_strengths"))
def degree_preserving_by_source(layer: "Graph", rng: np.random.Generator) -> "Graph":
    """Rewire with every degree kept; each source deals its own weights anew.

    After Maslov and Sneppen (2002), https://doi.org/10.1126/science.1065103
    """
    n_in, _ = sides(layer)
    place, weight = _rewired(layer, rng), contract.weights(layer)
    return rebuilt(layer, place, dealt(weight, places(layer) % n_in, place % n_in, rng))


@null_model(conserves=(*DEGREES, "in_strengths"))
def degree_preserving_by_target(layer: "Graph", rng: np.random.Generator) -> "Graph":
    """Rewire with every degree kept; each target deals its own weights anew.

    After Maslov and Sneppen (2002), https://doi.org/10.1126/science.1065103
    """
    n_in, _ = sides(layer)
    place, weight = _rewired(layer, rng), contract.weights(layer)
    return rebuilt(
        layer, place, dealt(weight, places(layer) // n_in, place // n_in, rng)
    )


def _rewired(layer: "Graph", rng: np.random.Generator) -> NDArray[np.int64]:
    """Give the places of the links after swaps, rising."""
    sides(layer)
    rewired = layer.copy()
    with lend(rng):
        # Where every swap succeeds an even number of them reaches only half of the
        # layers, the even permutations; a coin decides on one more.
        rewired.rewire(TRIALS * layer.ecount() + int(rng.integers(2)))
    rewired.es["weight"] = layer.es["weight"]  # rewiring drops it
    return np.sort(places(rewired))
