"""Rewiring keeps every degree and reaches all that swaps can reach, uniformly."""

import random
from collections import Counter

import igraph
import numpy as np
import pytest
from scipy.stats import chisquare
from specimens import full, random_stack

from netrobust.graphs.graph import check, from_links, links
from netrobust.graphs.null import NULL_MODELS, moved, randomise
from netrobust.graphs.null.base import dealt

REWIRING = (
    "signed_degree_preserving",
    "degree_preserving",
    "degree_preserving_by_source",
    "degree_preserving_by_target",
)


def _signs(layer):
    """Give the sign of the link at every place, as a mapping that can be counted."""
    source, target, weight = links(layer)
    ends = zip(source.tolist(), target.tolist(), strict=True)
    return frozenset(zip(ends, np.sign(weight).tolist(), strict=True))


def _swapped(signs):
    """Enumerate what one swap makes of a layer."""
    taken = {place for place, _ in signs}
    for one, sign in signs:
        for other, same in signs:
            new = {(one[0], other[1]), (other[0], one[1])}
            if sign == same and not new & taken:
                yield signs - {(one, sign), (other, sign)} | {(p, sign) for p in new}


def _reachable(signs):
    found, fresh = {signs}, {signs}
    while fresh:
        fresh = {after for before in fresh for after in _swapped(before)} - found
        found |= fresh
    return found


# Ends and weights of layers from which ten trials a link come within 0.002 of a uniform
# distribution, in total variation. The number of swaps that a layer allows differs, so
# a chain that only counts successful ones would prefer some layers.
SMALL = {
    "sixteen layers": (
        [4, 4], [0, 2, 1, 2, 3, 0, 1, 3], [4, 4, 5, 5, 6, 7, 7, 7],
        [1, -1, 0, 1, 1, 1, -1, 1],
    ),
    "twenty layers": (
        [4, 4], [2, 3, 2, 3, 0, 1, 0, 1], [4, 4, 5, 5, 6, 6, 7, 7],
        [-1, 1, 0, -1, 0, 0, -1, 1],
    ),
    # Every swap of a matching succeeds: an even number of them would reach half.
    "a matching": ([3, 3], [0, 1, 2], [3, 4, 5], [-1, -1, -2]),
    # Two negative links can swap only where the positive ones are out of the way.
    "two matchings": ([3, 3], [0, 1, 2, 0, 1], [3, 4, 5, 4, 5], [1, 2, 3, -1, -2]),
}  # fmt: skip


@pytest.mark.parametrize("case", SMALL)
def test_signed_rewiring_is_uniform_over_what_swaps_reach(case):
    layer = from_links(*SMALL[case])
    reachable = _reachable(_signs(layer))
    rng = np.random.default_rng(0)
    model = NULL_MODELS["signed_degree_preserving"]
    seen = Counter(_signs(model(layer, rng)) for _ in range(60 * len(reachable)))
    assert set(seen) <= reachable
    assert chisquare([seen[signs] for signs in reachable]).pvalue > 1e-4


def test_signed_rewiring_deals_weights_within_each_sign():
    weight = [1, 2, 3, -1, -2]
    layer = from_links([3, 3], [0, 1, 2, 0, 1], [3, 4, 5, 4, 5], weight)
    rng = np.random.default_rng(0)
    model = NULL_MODELS["signed_degree_preserving"]
    seen = Counter()
    for _ in range(600):
        dealt_to = model(layer, rng).es["weight"]  # by target, then source
        seen[tuple(w for w in dealt_to if w > 0)] += 1
        assert sorted(w for w in dealt_to if w < 0) == [-2, -1]
    assert len(seen) == 6
    assert chisquare(list(seen.values())).pvalue > 1e-4


def test_signed_rewiring_moves_a_sparse_layer_and_no_full_one():
    layer = random_stack([784, 1000], [7840], seed=0)
    drawn = randomise(layer, "signed_degree_preserving", np.random.default_rng(0))
    assert moved(layer, drawn) > 0.97  # 1% of all places are shared by chance
    for sign in (1, -1):  # nor do the links of one sign stay
        before, after = (
            {(a, b) for a, b, w in zip(*links(one), strict=True) if w * sign > 0}
            for one in (layer, drawn)
        )
        assert len(before & after) < 0.03 * len(before)
    complete = full()
    drawn = randomise(complete, "signed_degree_preserving", np.random.default_rng(0))
    assert _signs(drawn) == _signs(complete)  # every place is in the way of every link


@pytest.mark.parametrize("size", [2, 3])
def test_degree_preserving_draws_all_matchings_alike(size):
    # Every swap of a matching succeeds, so a fixed number of them would reach only
    # the even permutations.
    neurons = np.arange(size)
    graph = from_links([size, size], neurons, size + neurons, np.ones(size))
    rng = np.random.default_rng(0)
    model = NULL_MODELS["degree_preserving"]
    seen = Counter(tuple(model(graph, rng).get_edgelist()) for _ in range(900))
    assert len(seen) == [2, 6][size - 2]
    assert chisquare(list(seen.values())).pvalue > 1e-4


def test_rewiring_the_undirected_layer_breaks_it_and_ours_does_not():
    layer = random_stack([784, 1000], [7840], seed=0)
    undirected = layer.copy()
    undirected.to_undirected()
    igraph.set_random_number_generator(random.Random(0))
    try:
        undirected.rewire(20 * 7840)
    finally:
        igraph.set_random_number_generator(random)
    assert undirected.degree() == layer.degree()  # it looks right
    side = layer.vs["type"]
    crossing = np.mean([side[a] != side[b] for a, b in undirected.get_edgelist()])
    assert 0.4 < crossing < 0.6
    assert not undirected.is_bipartite()

    for name in REWIRING:
        drawn = check(randomise(layer, name, np.random.default_rng(0)))
        assert drawn.degree(mode="out") == layer.degree(mode="out")
        assert drawn.degree(mode="in") == layer.degree(mode="in")
        assert moved(layer, drawn) > 0.97  # 1% of all places are shared by chance


@pytest.mark.parametrize("end", [0, 1], ids=["source", "target"])
def test_weights_are_dealt_over_the_same_rewired_links(end):
    layer = random_stack([40, 50], [300], seed=0)
    name = "degree_preserving"
    own = f"{name}_by_{('source', 'target')[end]}"
    one, other = (
        NULL_MODELS[it](layer, np.random.default_rng(3)) for it in (name, own)
    )
    assert one.get_edgelist() == other.get_edgelist()
    for graph, same in ((one, False), (other, True)):
        held = [
            Counter(zip(parts[end].tolist(), parts[2].tolist(), strict=True))
            for parts in (links(layer), links(graph))
        ]
        assert (held[0] == held[1]) == same


def test_dealing_is_uniform_within_groups():
    weight = np.arange(5, dtype=np.float32)
    held, wanted = np.array([7, 2, 7, 2, 7]), np.array([2, 7, 7, 7, 2])
    rng = np.random.default_rng(0)
    seen = Counter(tuple(dealt(weight, held, wanted, rng)) for _ in range(1200))
    assert len(seen) == 12  # 2! x 3!
    assert all({hand[0], hand[4]} == {1, 3} for hand in seen)
    assert chisquare(list(seen.values())).pvalue > 1e-4
    assert weight.tolist() == [0, 1, 2, 3, 4]
