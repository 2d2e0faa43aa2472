"""Percolation of a given graph by messages that its own links pass on.

Direction plays no part. The messages know every link of the graph and take no two ways
that they come together for dependent: exact on trees, and close on graphs whose cycles
are long, such as sparse layers, whose shortest possible cycle has four links.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import bmat, coo_array, csr_array, diags_array, eye_array
from scipy.sparse.linalg import eigs

from netrobust.core.settings import share
from netrobust.graphs.damage import Links
from netrobust.graphs.theory.fixed_point import (
    Floats,
    largest_fixed_point,
    led_on,
    missed,
)

if TYPE_CHECKING:
    from igraph import Graph

Ids = NDArray[np.int64]

DENSE = 200  # rows up to which all eigenvalues are found, with no iteration


def message_passing_giant(graph: "Graph | Links", p: float) -> Floats:
    """Give the chance of every neuron to be in the giant component of a given graph.

    A link from i leads to no giant component through j with probability
    ``u_{j->i} = 1 - p + p prod u_{k->j}`` over the neighbours k of j but i, and neuron
    i is in it with probability ``1 - prod u_{j->i}`` over its neighbours j.

    Parameters
    ----------
    graph : igraph.Graph or Links
    p : float
        Probability that a link is kept.

    Returns
    -------
    ndarray of float64, shape (neurons,)
        The mean is the giant component's share of the neurons.

    Raises
    ------
    InputError
        If the graph breaks the graph contract or p is no probability.

    Notes
    -----
    Karrer, Newman and Zdeborova (2014), https://doi.org/10.1103/PhysRevLett.113.208702.
    Every component with two cycles or more is taken for a part of the giant one, which
    is none of a few neurons in a large graph.

    Examples
    --------
    >>> from netrobust.graphs.contract import from_links
    >>> ends = [0, 0, 0, 1, 1, 1], [2, 3, 4, 2, 3, 4]
    >>> message_passing_giant(from_links([2, 3], *ends, [1] * 6), p=0.8).round(3)
    array([0.822, 0.822, 0.795, 0.795, 0.795])
    """
    links, kept = Links.of(graph), share("p", p)
    neurons, count = sum(links.sizes), len(links.source)
    tail = np.concatenate([links.source, links.target])
    head = np.concatenate([links.target, links.source])

    def gathered(found: Floats) -> tuple[Floats, Floats]:
        # The product of all messages but one is the sum of their logarithms less one,
        # which takes away exactly what it adds only as long as none is infinite.
        each = missed(found)
        return each, np.bincount(head, each, neurons).astype(np.float64)

    def step(found: Floats) -> Floats:
        each, total = gathered(found)
        back = np.concatenate([each[count:], each[:count]])
        return kept * led_on(np.minimum(total[tail] - back, 0))

    found = largest_fixed_point(step, np.full(2 * count, kept))
    return led_on(gathered(found)[1])


def nonbacktracking_threshold(graph: "Graph | Links") -> float:
    """Give the threshold of a given graph by its non-backtracking matrix.

    ``1 / lambda_max`` of the matrix whose rows and columns are the links in both
    directions, 1 where one continues the other without turning back. Its largest
    eigenvalue is that of ``[[A, 1 - D], [1, 0]]``, two rows a neuron, with the
    adjacency matrix A and the degrees D.

    Parameters
    ----------
    graph : igraph.Graph or Links

    Returns
    -------
    float
        1 if there are cycles and no component has two of them, infinite without any.

    Raises
    ------
    InputError
        If the graph breaks the graph contract.

    Notes
    -----
    Karrer, Newman and Zdeborova (2014), https://doi.org/10.1103/PhysRevLett.113.208702;
    Hamilton and Pryadko (2014), https://doi.org/10.1103/PhysRevLett.113.208701; the
    smaller matrix after Bass (1992), https://doi.org/10.1142/S0129167X92000357. Exact
    on trees as they grow, a lower bound of the threshold in general.

    Examples
    --------
    >>> from netrobust.graphs.contract import from_links
    >>> ends = [0, 0, 0, 1, 1, 1], [2, 3, 4, 2, 3, 4]
    >>> round(nonbacktracking_threshold(from_links([2, 3], *ends, [1] * 6)), 4)
    0.7071
    """
    adjacency = _two_core(Links.of(graph))
    neurons = adjacency.shape[0]
    if not neurons:
        return float("inf")
    degree = np.asarray(adjacency.sum(axis=1)).ravel()
    if degree.max() == 2:
        return 1.0  # nothing but cycles
    one = eye_array(neurons)
    matrix = bmat([[adjacency, one - diags_array(degree)], [one, None]], format="csr")
    if 2 * neurons <= DENSE:
        largest = np.linalg.eigvals(matrix.toarray()).real.max()
    else:  # a given start: ARPACK would draw one of its own
        start = np.ones(2 * neurons)
        values = eigs(matrix, k=1, which="LR", v0=start, return_eigenvectors=False)
        largest = values[0].real
    return float(1 / largest)


def _two_core(links: Links) -> csr_array:
    """Give the adjacency matrix of what stays when leaves go until there are none.

    No leaf is part of a walk that goes on for ever without turning back.
    """
    source, target, neurons = links.source, links.target, sum(links.sizes)
    while True:
        degree = np.bincount(np.concatenate([source, target]), minlength=neurons)
        inner = (degree[source] > 1) & (degree[target] > 1)
        if inner.all():
            break
        source, target = source[inner], target[inner]
    number = np.cumsum(degree > 0) - 1
    ends = number[np.concatenate([source, target])]
    others = number[np.concatenate([target, source])]
    size = int(np.count_nonzero(degree))
    return csr_array(coo_array((np.ones(len(ends)), (ends, others)), (size, size)))
