"""Rewiring: links exchange their targets, so that every degree stays.

Ten swaps are tried for each link. A swap that would make a parallel link is none.
"""

import numpy as np
from numpy.typing import NDArray

from netrobust.graphs import contract
from netrobust.graphs.damage import Links
from netrobust.graphs.igraph_rng import igraph_random
from netrobust.graphs.null.base import Layer, dealt, null_model, rebuilt
from netrobust.graphs.null.conserved_quantities import one_layer, places

TRIALS = 10  # swaps tried for each link

DEGREES = ("links", "weights", "biases", "degrees")


@null_model(conserves=(*DEGREES, "signed_degrees"), takes_links=True)
def signed_degree_preserving(layer: Layer, rng: np.random.Generator) -> Layer:
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

    links = one_layer(layer)
    n_in, weight = links.sizes[0], links.weight
    target, source = np.divmod(places(links), n_in)
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


@null_model(conserves=DEGREES, takes_links=True)
def degree_preserving(layer: Layer, rng: np.random.Generator) -> Layer:
    """Rewire with every degree kept, and deal the weights at random.

    The layer is rewired as a directed graph: a swap then exchanges the targets of two
    links, and both sides stay what they are. On an undirected layer half of the links
    would end within one side.

    After Maslov and Sneppen (2002), https://doi.org/10.1126/science.1065103
    """
    links = one_layer(layer)
    place = _rewired(links, rng)
    return rebuilt(layer, place, rng.permutation(links.weight))


@null_model(conserves=(*DEGREES, "out_strengths"), takes_links=True)
def degree_preserving_by_source(layer: Layer, rng: np.random.Generator) -> Layer:
    """Rewire with every degree kept; each source deals its own weights anew.

    After Maslov and Sneppen (2002), https://doi.org/10.1126/science.1065103
    """
    links = one_layer(layer)
    n_in, place = links.sizes[0], _rewired(links, rng)
    weight = dealt(links.weight, links.source, place % n_in, rng)
    return rebuilt(layer, place, weight)


@null_model(conserves=(*DEGREES, "in_strengths"), takes_links=True)
def degree_preserving_by_target(layer: Layer, rng: np.random.Generator) -> Layer:
    """Rewire with every degree kept; each target deals its own weights anew.

    After Maslov and Sneppen (2002), https://doi.org/10.1126/science.1065103
    """
    links = one_layer(layer)
    n_in, place = links.sizes[0], _rewired(links, rng)
    weight = dealt(links.weight, links.target - n_in, place // n_in, rng)
    return rebuilt(layer, place, weight)


def _rewired(layer: Links, rng: np.random.Generator) -> NDArray[np.int64]:
    """Give the places of the links after swaps, rising."""
    rewired = layer.bare_graph()
    with igraph_random(rng):
        # Where every swap succeeds an even number of them reaches only half of the
        # layers, the even permutations; a coin decides on one more.
        rewired.rewire(TRIALS * rewired.ecount() + int(rng.integers(2)))
    source, target = contract.ends(rewired)
    n_in = layer.sizes[0]
    return np.sort((target - n_in) * n_in + source)
