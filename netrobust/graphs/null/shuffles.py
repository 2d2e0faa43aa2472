"""Shuffles: every link stays where it is, and weights change places.

The types A to F are those of Jankowski et al. (2025),
https://doi.org/10.48550/arXiv.2508.05463. There a weight of 0 is a missing link; here
it is a link, and goes with the others unless signs are kept: then it stays.
"""

import numpy as np

from netrobust.graphs.null.base import Layer, dealt, null_model, reweighed
from netrobust.graphs.null.conserved_quantities import CONSERVED, one_layer

MASK = ("links", "weights", "biases", "degrees", "topology")
SIGNS = (*MASK, "signs", "signed_degrees")


@null_model(conserves=tuple(CONSERVED), takes_links=True)
def none(layer: Layer, rng: np.random.Generator) -> Layer:
    """Keep the layer as it is: the reference among the null models."""
    links = one_layer(layer)
    return reweighed(layer, links.weight)


@null_model(conserves=MASK, takes_links=True)
def shuffle_all(layer: Layer, rng: np.random.Generator) -> Layer:
    """Permute all weights of the layer over its links (type A).

    After Jankowski et al. (2025), https://doi.org/10.48550/arXiv.2508.05463
    """
    links = one_layer(layer)
    return reweighed(layer, rng.permutation(links.weight))


@null_model(conserves=SIGNS, takes_links=True)
def shuffle_by_sign(layer: Layer, rng: np.random.Generator) -> Layer:
    """Permute positive and negative weights separately; zeros stay (type B).

    After Jankowski et al. (2025), https://doi.org/10.48550/arXiv.2508.05463
    """
    links = one_layer(layer)
    weight = links.weight.copy()
    for same_sign in (weight > 0, weight < 0):
        weight[same_sign] = rng.permutation(weight[same_sign])
    return reweighed(layer, weight)


@null_model(conserves=(*MASK, "out_strengths"), takes_links=True)
def shuffle_by_source(layer: Layer, rng: np.random.Generator) -> Layer:
    """Permute the weights of each source over its own links (type C).

    After Jankowski et al. (2025), https://doi.org/10.48550/arXiv.2508.05463
    """
    return _shuffled(layer, "source", rng)


@null_model(conserves=(*MASK, "in_strengths"), takes_links=True)
def shuffle_by_target(layer: Layer, rng: np.random.Generator) -> Layer:
    """Permute the weights of each target over its own links (type D).

    After Jankowski et al. (2025), https://doi.org/10.48550/arXiv.2508.05463
    """
    return _shuffled(layer, "target", rng)


@null_model(conserves=(*SIGNS, "out_strengths"), takes_links=True)
def shuffle_by_sign_and_source(layer: Layer, rng: np.random.Generator) -> Layer:
    """Permute each source's weights within their sign; zeros stay (type E).

    After Jankowski et al. (2025), https://doi.org/10.48550/arXiv.2508.05463
    """
    return _shuffled(layer, "source", rng, by_sign=True)


@null_model(conserves=(*SIGNS, "in_strengths"), takes_links=True)
def shuffle_by_sign_and_target(layer: Layer, rng: np.random.Generator) -> Layer:
    """Permute each target's weights within their sign; zeros stay (type F).

    After Jankowski et al. (2025), https://doi.org/10.48550/arXiv.2508.05463
    """
    return _shuffled(layer, "target", rng, by_sign=True)


def _shuffled(
    layer: Layer, side: str, rng: np.random.Generator, by_sign: bool = False
) -> Layer:
    """Permute the weights of each neuron's links, all or those of one sign."""
    links = one_layer(layer)
    weight, neuron = links.weight.copy(), getattr(links, side)
    free, group = np.full(len(weight), True), neuron
    if by_sign:
        free, group = weight != 0, 2 * neuron + (weight > 0)
    weight[free] = dealt(weight[free], group[free], group[free], rng)
    return reweighed(layer, weight)
