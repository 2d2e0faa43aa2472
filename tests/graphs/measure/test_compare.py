"""Comparing two topologies: overlap of links, and distance with neurons matched."""

from itertools import pairwise, permutations

import igraph
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from specimens import layered_graphs, no_links, one_layer, path, random_stack, star

from netrobust.core.errors import InputError
from netrobust.graphs.graph import from_links, links, sizes
from netrobust.graphs.measure import link_overlap, topology_distance


@st.composite
def pairs(draw, max_layers=3):
    """Two graphs with the same neurons."""
    one = draw(layered_graphs(max_layers=max_layers))
    keep = np.array(draw(st.lists(
        st.booleans(), min_size=one.ecount(), max_size=one.ecount())), dtype=bool
    )  # fmt: skip
    source, target, weight = links(one)
    return one, from_links(sizes(one), source[keep], target[keep], weight[keep])


def renumbered(graph: igraph.Graph, rng: np.random.Generator) -> igraph.Graph:
    """The same graph with its hidden neurons in a new order."""
    counts = sizes(graph)
    number = np.arange(graph.vcount())
    start = np.cumsum(counts)
    for first, last in pairwise(start):
        number[first:last] = rng.permutation(number[first:last])
    source, target, weight = links(graph)
    return from_links(counts, number[source], number[target], weight)


# Overlap


@given(pair=pairs())
def test_overlap_is_the_jaccard_index_of_the_links(pair):
    one, other = (set(graph.get_edgelist()) for graph in pair)
    found = link_overlap(*pair)
    if one | other:
        assert found == len(one & other) / len(one | other)
        assert found == link_overlap(*reversed(pair))
    else:
        assert np.isnan(found)


def test_overlap_of_random_layers_meets_the_hypergeometric_mean():
    shape, count = (50, 60), 300
    shared = []
    for seed in range(60):
        one, other = (
            random_stack(list(shape), [count], 1000 * k + seed) for k in (1, 2)
        )
        overlap = link_overlap(one, other)
        shared.append(2 * count * overlap / (1 + overlap))  # back to common links
    error = np.std(shared, ddof=1) / np.sqrt(len(shared))
    assert abs(np.mean(shared) - count**2 / 3000) < 4 * error < 4


# Distance


@given(graph=layered_graphs())
def test_a_graph_has_no_distance_from_itself(graph):
    assert topology_distance(graph, graph.copy()) == 0


@given(pair=pairs())
def test_distance_lies_between_0_and_1_and_asks_for_links_alone(pair):
    one, other = pair
    found = topology_distance(one, other)
    assert 0 <= found <= 1
    other.es["weight"] = 0.0
    assert topology_distance(one, other) == found


def test_the_numbers_of_hidden_neurons_play_no_part():
    rng = np.random.default_rng(0)
    one = random_stack([40, 30, 30, 20], [300, 200, 150], seed=0)
    other = random_stack([40, 30, 30, 20], [300, 200, 150], seed=1)
    assert topology_distance(one, renumbered(one, rng)) == 0
    assert link_overlap(one, renumbered(one, rng)) < 0.3
    found = topology_distance(one, other)
    assert found > 0.5
    assert topology_distance(one, renumbered(other, rng)) == pytest.approx(found)


@given(pair=pairs(max_layers=1))
def test_the_best_of_all_matches_is_found_for_a_layer(pair):
    one, other = ([set(g.predecessors(v)) for v in targets(g)] for g in pair)

    def differ(a, b):
        return len(a ^ b) / len(a | b) if a | b else 0

    best = min(
        np.mean([differ(a, b) for a, b in zip(one, order, strict=True)])
        for order in permutations(other)
    )
    assert topology_distance(*pair) == pytest.approx(best, abs=1e-12)


def targets(graph: igraph.Graph) -> range:
    return range(sizes(graph)[0], graph.vcount())


def test_distance_by_hand():
    one = from_links([3, 1], [0, 1], [3, 3], [1, 1])
    other = from_links([3, 1], [1, 2], [3, 3], [1, 1])
    assert topology_distance(one, other) == pytest.approx(2 / 3)
    # The first layers agree once neurons 2 and 3 change places; then 4 has its link
    # from another one.
    one = from_links([2, 2, 1], [0, 1, 2], [2, 3, 4], [1, 1, 1])
    other = from_links([2, 2, 1], [0, 1, 2], [3, 2, 4], [1, 1, 1])
    assert topology_distance(one, other) == 0.5
    assert topology_distance(no_links(), no_links()) == 0


def test_neurons_of_the_same_sources_are_told_apart_by_what_they_feed():
    one = from_links([1, 2, 1], [0, 0, 1], [1, 2, 3], [1, 1, 1])
    other = from_links([1, 2, 1], [0, 0, 2], [1, 2, 3], [1, 1, 1])
    assert topology_distance(one, other) == 0


@pytest.mark.parametrize("compare", [link_overlap, topology_distance])
def test_graphs_of_other_sizes_are_refused(compare):
    with pytest.raises(InputError, match="at every depth can be compared; got 3-2 and"):
        compare(one_layer(), star())
    with pytest.raises(InputError, match="got 3-2 and 1-1-1-1"):
        compare(one_layer(), path())
