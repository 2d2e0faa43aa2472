"""Shuffles: every link stays where it is, and weights change places.

The types A to F are those of Jankowski et al. (2025),
https://doi.org/10.48550/arXiv.2508.05463. There a weight of 0 is a missing link; here
it is a link, and goes with the others unless signs are kept: then it stays.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netrobust.graphs import contract
from netrobust.graphs.null.base import dealt, null_model, rebuilt
from netrobust.graphs.null.conserved_quantities import CONSERVED, places, sides

if TYPE_CHECKING:
    from igraph import Graph

MASK = ("links", "weights", "biases", "degrees", "topology")
SIGNS = (*MASK, "signs", "signed_degrees")


@null_model(conserves=tuple(CONSERVED))
def none(layer: "Graph", rng: np.random.Generator) -> "Graph":
    """Keep the layer as it is: the reference among the null models."""
    return contract.directed(layer).copy()


@null_model(conserves=MASK)
def shuffle_all(layer: "Graph", rng: np.random.Generator) -> "Graph":
    """Permute all weights of the layer over its links (type A).

    After Jankowski et al. (2025), https://doi.org/10.48550/arXiv.2508.05463
    """
    weight = contract.weights(layer)
    return rebuilt(layer, places(layer), rng.permutation(weight))


@null_model(conserves=SIGNS)
def shuffle_by_sign(layer: "Graph", rng: np.random.Generator) -> "Graph":
    """Permute positive and negative weights separately; zeros stay (type B).

    After Jankowski et al. (2025), https://doi.org/10.48550/arXiv.2508.05463
    """
    weight = contract.weights(layer)
    for same_sign in (weight > 0, weight < 0):
        weight[same_sign] = rng.permutation(weight[same_sign])
    return rebuilt(layer, places(layer), weight)


@null_model(conserves=(*MASK, "out_strengths"))
def shuffle_by_source(layer: "Graph", rng: np.random.Generator) -> "Graph":
    """Permute the weights of each source over its own links (type C).

    After Jankowski et al. (2025), https://doi.org/10.48550/arXiv.2508.05463
    """
    _, source = _ends(layer)
    return _shuffled(layer, source, rng)


@null_model(conserves=(*MASK, "in_strengths"))
def shuffle_by_target(layer: "Graph", rng: np.random.Generator) -> "Graph":
    """Permute the weights of each target over its own links (type D).

    After Jankowski et al. (2025), https://doi.org/10.48550/arXiv.2508.05463
    """
    target, _ = _ends(layer)
    return _shuffled(layer, target, rng)


@null_model(conserves=(*SIGNS, "out_strengths"))
def shuffle_by_sign_and_source(layer: "Graph", rng: np.random.Generator) -> "Graph":
    """Permute each source's weights within their sign; zeros stay (type E).

    After Jankowski et al. (2025), https://doi.org/10.48550/arXiv.2508.05463
    """
    _, source = _ends(layer)
    return _shuffled(layer, source, rng, by_sign=True)


@null_model(conserves=(*SIGNS, "in_strengths"))
def shuffle_by_sign_and_target(layer: "Graph", rng: np.random.Generator) -> "Graph":
    """Permute each target's weights within their sign; zeros stay (type F).

    After Jankowski et al. (2025), https://doi.org/10.48550/arXiv.2508.05463
    """
    target, _ = _ends(layer)
    return _shuffled(layer, target, rng, by_sign=True)


def _ends(layer: "Graph") -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the target and the source of every link, each counted from 0."""
    n_in, _ = sides(layer)
    target, source = np.divmod(places(layer), n_in)
    return target, source


def _shuffled(
    layer: "Graph",
    neuron: NDArray[np.int64],
    rng: np.random.Generator,
    by_sign: bool = False,
) -> "Graph":
    """Permute the weights of the links of each neuron, all or those of one sign."""
    weight = contract.weights(layer)
    free, group = np.full(len(weight), True), neuron
    if by_sign:
        free, group = weight != 0, 2 * neuron + (weight > 0)
    weight[free] = dealt(weight[free], group[free], group[free], rng)
    return rebuilt(layer, places(layer), weight)
