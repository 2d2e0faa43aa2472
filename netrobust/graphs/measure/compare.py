"""Comparing the topologies of two graphs."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netrobust.core.errors import InputError
from netrobust.graphs import contract
from netrobust.graphs.measure.base import NAN, BipartiteLayer, split

if TYPE_CHECKING:
    from igraph import Graph

# Decides between matchings of the same distance and is too small for any other:
# distances of neurons differ by 1 / (links squared).
_TIE = 1e-10


def link_overlap(one: "Graph", other: "Graph") -> float:
    """Divide the links that both graphs have by those that either has.

    The Jaccard index of the two sets of links, all layers together; neurons keep their
    numbers. In random layers of density d it is about d / (2 - d).

    Returns
    -------
    float
        Between 0 and 1; NaN where neither graph has a link.

    Raises
    ------
    InputError
        The graphs have different sizes, or one breaks the graph contract.

    Examples
    --------
    >>> one = contract.from_links([2, 2], [0, 1], [2, 3], [1, 1])
    >>> other = contract.from_links([2, 2], [0, 1], [2, 2], [1, 1])
    >>> round(link_overlap(one, other), 4)
    0.3333
    """
    _check_alike(one, other)
    shared, either = 0, 0
    for mine, its in zip(split(one), split(other), strict=True):
        places, others = (each.target * each.n_in + each.source for each in (mine, its))
        common = np.intersect1d(places, others, assume_unique=True).size
        shared += common
        either += places.size + others.size - common
    return shared / either if either else NAN


def topology_distance(one: "Graph", other: "Graph") -> float:
    """Say how far two topologies differ when the numbers of hidden neurons say nothing.

    Two neurons differ by the share of their sources that only one of them has, 0 where
    neither has any. From the first layer on, the neurons behind a layer are matched
    one to one so that these differences are smallest in sum; the match of one layer
    renames the sources of the next. The value is the mean difference of matched
    neurons, averaged over layers.

    Returns
    -------
    float
        Between 0, the same topology, and 1, no link in common. Layers are matched one
        after the other, so that with many neurons of the same sources it may lie above
        the smallest distance that some match of all layers has, and depend a little on
        which graph comes first.

    Raises
    ------
    InputError
        The graphs have different sizes, or one breaks the graph contract.

    Notes
    -----
    NNSTD of Liu et al. (2020), https://doi.org/10.48550/arXiv.2006.14085. Where several
    matches have the smallest sum, those of similar out-degree are taken, then those of
    the same number: a graph has distance 0 from itself, whatever neurons it repeats.
    A link of weight 0 counts as one.

    Examples
    --------
    The two hidden neurons change places, and nothing else differs:

    >>> one = contract.from_links([2, 2, 1], [0, 1, 2], [2, 3, 4], [1, 1, 1])
    >>> other = contract.from_links([2, 2, 1], [0, 1, 3], [3, 2, 4], [1, 1, 1])
    >>> topology_distance(one, other), round(link_overlap(one, other), 2)
    (0.0, 0.0)
    """
    from scipy.optimize import linear_sum_assignment

    _check_alike(one, other)
    mine, its = split(one), split(other)
    renamed = np.arange(mine[0].n_in)  # of the other graph's neurons, number in the one
    found = []
    for k, (here, there) in enumerate(zip(mine, its, strict=True)):
        distance = _distances(here, there._replace(source=renamed[there.source]))
        neurons = np.arange(here.n_out)
        odd = (neurons[:, None] != neurons).astype(float)
        if k + 1 < len(mine):
            sent = mine[k + 1].out_degree, its[k + 1].out_degree
            odd += 2 * np.abs(sent[0][:, None] - sent[1])
        _, partner = linear_sum_assignment(distance + _TIE * odd / (1 + odd.max()))
        found.append(distance[neurons, partner].mean())
        renamed = np.empty_like(partner)
        renamed[partner] = neurons
    return float(np.mean(found))


def _distances(one: BipartiteLayer, other: BipartiteLayer) -> NDArray[np.float64]:
    """Give 1 - Jaccard of the sources of every two targets, shape (n_out, n_out)."""
    shared = (one.mask().T @ other.mask()).toarray()
    either = one.in_degree[:, None] + other.in_degree - shared
    return np.where(either > 0, 1 - shared / np.maximum(either, 1), 0)


def _check_alike(one: "Graph", other: "Graph") -> None:
    sizes = contract.sizes(one), contract.sizes(other)
    if sizes[0] != sizes[1]:
        raise InputError(
            "only graphs with as many neurons at every depth can be compared; got "
            f"{' and '.join('-'.join(map(str, counts)) for counts in sizes)}"
        )
