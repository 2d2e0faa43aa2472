"""Tiny graphs with names, a strategy for random ones, and equality of graphs."""

import itertools
from collections.abc import Callable

import igraph
import numpy as np
from hypothesis import strategies as st

from netrobust.graphs.graph import biases, from_links, links


def one_layer() -> igraph.Graph:
    """Three inputs, two neurons, four links of either sign."""
    return from_links(
        [3, 2], [0, 1, 1, 2], [3, 3, 4, 4], [0.5, -1, 2, -0.25], [0, 0, 0, 0.1, -0.2]
    )


def path() -> igraph.Graph:
    """One neuron at each of four depths."""
    return from_links([1, 1, 1, 1], [0, 1, 2], [1, 2, 3], [1, -2, 3], [0, 1, 2, 3])


def star() -> igraph.Graph:
    """One input feeds all five neurons of its layer."""
    return from_links([2, 5], [0] * 5, range(2, 7), [1, 2, 3, 4, 5])


def empty_layer() -> igraph.Graph:
    """A stack whose second layer has no link."""
    return from_links([2, 2, 2], [0, 1], [2, 3], [1, -1])


def no_links() -> igraph.Graph:
    """A single layer without any link."""
    return from_links([2, 3], [], [], [])


def isolated() -> igraph.Graph:
    """One link among three pairs of neurons."""
    return from_links([3, 3], [1], [4], [-0.5])


def zero_weight() -> igraph.Graph:
    """Freshly grown links weigh 0, of either sign, and are links."""
    return from_links([2, 2, 1], [0, 1, 2, 3], [2, 3, 4, 4], [0, -0.0, 1, 0])


def full() -> igraph.Graph:
    """Every place of a layer deep inside a network is taken."""
    return from_links(
        [2, 3], [0, 1] * 3, [2, 2, 3, 3, 4, 4], range(-3, 3), range(5), first_depth=2
    )


SPECIMENS: dict[str, Callable[[], igraph.Graph]] = {
    build.__name__: build
    for build in (
        one_layer, path, star, empty_layer, no_links, isolated, zero_weight, full,
    )
}  # fmt: skip

_float32 = st.floats(width=32, allow_nan=False, allow_infinity=False)


@st.composite
def layered_graphs(
    draw: st.DrawFn, max_layers: int = 4, max_size: int = 5, max_depth: int = 0
) -> igraph.Graph:
    """Draw graphs layer by layer: empty layers and isolated neurons included."""
    size = st.integers(1, max_size)
    sizes = draw(st.lists(size, min_size=2, max_size=max_layers + 1))
    first_depth = draw(st.integers(0, max_depth))
    source, target, start = [], [], 0
    for n_in, n_out in itertools.pairwise(sizes):
        places = st.integers(0, n_in * n_out - 1)
        for place in draw(st.lists(places, unique=True, max_size=n_in * n_out)):
            source.append(start + place % n_in)
            target.append(start + n_in + place // n_in)
        start += n_in
    count = len(source)
    weight = draw(st.lists(_float32, min_size=count, max_size=count))
    silent = sizes[0] if first_depth == 0 else 0
    free = sum(sizes) - silent
    bias = [0.0] * silent + draw(st.lists(_float32, min_size=free, max_size=free))
    return from_links(sizes, source, target, weight, bias, first_depth)


def fingerprint(graph: igraph.Graph) -> tuple[object, ...]:
    """Everything the contract speaks of, down to the bits of the numbers."""
    source, target, weight = links(graph)
    return (
        graph.is_directed(),
        graph.vs["depth"],
        [type(depth) for depth in graph.vs["depth"]],
        graph.vs["type"] if "type" in graph.vs.attributes() else None,
        source.tobytes(),
        target.tobytes(),
        weight.tobytes(),
        biases(graph).tobytes(),
    )


def random_stack(sizes: list[int], count: list[int], seed: int) -> igraph.Graph:
    """Draw an Erdos-Renyi stack with a fixed number of links in each layer."""
    rng = np.random.default_rng(seed)
    source, target, start = [], [], 0
    for n_in, n_out, m in zip(sizes, sizes[1:], count, strict=False):
        place = np.sort(rng.choice(n_in * n_out, m, replace=False))
        source.append(start + place % n_in)
        target.append(start + n_in + place // n_in)
        start += n_in
    ends = np.concatenate(source), np.concatenate(target)
    return from_links(sizes, *ends, rng.normal(size=sum(count)))


def within_four_errors(found, expected, at_most):
    """The mean over draws is that of the theory; rows are draws, and no row is vague.

    `at_most` bounds the standard error: without it any law would hold.
    """
    difference = np.asarray(found) - np.asarray(expected)
    error = difference.std(axis=0, ddof=1) / np.sqrt(len(difference))
    assert (error < at_most).all(), error
    assert (np.abs(difference.mean(axis=0)) < 4 * error).all(), (
        difference.mean(axis=0) / error
    )
