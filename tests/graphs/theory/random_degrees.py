"""Stacks that are random but for their degrees, and what links kept at random leave."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from netrobust.graphs.damage import Links


def configuration(into, out, rng):
    """Join the ends of links at random; what is parallel stays, as in the theory.

    `into` and `out` hold the degrees of the neurons of each depth.
    """
    sizes = [len(degree) for degree in into]
    start = np.cumsum([0, *sizes])
    source, target = [], []
    for k in range(len(sizes) - 1):
        tails, heads = np.arange(sizes[k]), np.arange(sizes[k + 1])
        source.append(start[k] + np.repeat(tails, out[k]))
        target.append(start[k + 1] + rng.permutation(np.repeat(heads, into[k + 1])))
    return of_ends(sizes, np.concatenate(source), np.concatenate(target))


def of_ends(sizes, source, target):
    weight = np.ones(len(source), np.float32)
    return Links(tuple(sizes), source, target, weight, np.zeros(sum(sizes), np.float32))


def erdos_renyi(sizes, counts, rng):
    """Draw so many links for each layer, at random places."""
    source, target, start = [], [], 0
    for n_in, n_out, links in zip(sizes, sizes[1:], counts, strict=False):
        place = rng.choice(n_in * n_out, links, replace=False)
        source.append(start + place % n_in)
        target.append(start + n_in + place // n_in)
        start += n_in
    return of_ends(sizes, np.concatenate(source), np.concatenate(target))


def by_depth(links, values):
    return np.array(
        [part.mean() for part in np.split(values, np.cumsum(links.sizes)[:-1])]
    )


def giant(links, kept):
    """Whether each neuron is in the largest cluster of the links kept."""
    ends = links.source[kept], links.target[kept]
    neurons = sum(links.sizes)
    matrix = coo_array((np.ones(len(ends[0])), ends), (neurons, neurons))
    label = connected_components(matrix, directed=False)[1]
    return label == np.bincount(label).argmax()


def reached(links, kept, inputs=None):
    """Whether paths of kept links lead to each neuron, and on to the last depth."""
    neurons, first, last = sum(links.sizes), links.sizes[0], links.sizes[-1]
    forward, backward = np.zeros(neurons, bool), np.zeros(neurons, bool)
    forward[:first] = True if inputs is None else inputs
    backward[neurons - last :] = True
    source, target = links.source[kept], links.target[kept]
    for _ in range(len(links.sizes) - 1):
        forward[target[forward[source]]] = True
        backward[source[backward[target]]] = True
    return forward, backward
