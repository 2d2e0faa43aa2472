"""Ensembles: every link is drawn anew, given the size of the layer or its degrees."""

import numpy as np
from numpy.typing import NDArray

from netrobust.graphs.null.base import Layer, null_model, rebuilt
from netrobust.graphs.null.conserved_quantities import one_layer
from netrobust.graphs.null.maxent import link_probabilities

BLOCK = 2**20  # places whose links are drawn at once


@null_model(conserves=("links", "weights", "biases"), takes_links=True)
def erdos_renyi(layer: Layer, rng: np.random.Generator) -> Layer:
    """Draw as many links at uniformly random places, and deal the weights at random.

    The ensemble with a fixed number of links of Erdos and Renyi (1959),
    https://doi.org/10.5486/PMD.1959.6.3-4.12
    """
    links = one_layer(layer)
    n_in, n_out = links.sizes
    free = _choose(n_in * n_out, len(links.weight), rng)
    return rebuilt(layer, free, rng.permutation(links.weight))


@null_model(conserves=("biases",), package="bicm", takes_links=True)
def maximum_entropy(layer: Layer, rng: np.random.Generator) -> Layer:
    """Draw every link on its own, so that each neuron has its degree on average.

    The bipartite configuration model: of all ensembles with these mean degrees, the one
    of maximum entropy. The number of links differs from draw to draw; their weights
    are drawn from those of the layer, with replacement, for the model is one of the
    mask alone. Needs the package bicm: install netrobust[maxent].

    After Saracco et al. (2015), https://doi.org/10.1038/srep10595

    Raises
    ------
    InputError
        If bicm is not installed or finds no such ensemble.
    """
    links = one_layer(layer)
    n_in, n_out = links.sizes
    probability, row, column = link_probabilities(
        np.bincount(links.source, minlength=n_in),
        np.bincount(links.target - n_in, minlength=n_out),
    )
    drawn, step = [], max(1, BLOCK // n_in)
    for first in range(0, n_out, step):
        chance = probability.T[np.ix_(column[first : first + step], row)]
        linked = np.flatnonzero(rng.random(chance.shape) < chance)
        drawn.append(first * n_in + linked)
    place = np.concatenate(drawn)
    return rebuilt(layer, place, rng.choice(links.weight, len(place)))


def _choose(n: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Choose `count` of n places uniformly, in memory of the order of `count`.

    Drawing again for whatever repeats an earlier place treats all places alike, so
    every set of `count` places is equally likely.
    """
    if 2 * count > n:
        return np.sort(rng.permutation(n)[:count])
    chosen = np.unique(rng.integers(n, size=count))
    while (missing := count - len(chosen)) > 0:
        chosen = np.union1d(chosen, rng.integers(n, size=missing))
    return chosen
