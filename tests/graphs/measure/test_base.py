"""Measures against other programs, against exact enumeration, and against theory."""

from itertools import combinations

import igraph
import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from specimens import (
    empty_layer,
    layered_graphs,
    no_links,
    one_layer,
    path,
    random_stack,
    star,
)

from netrobust.graphs.graph import first_depth, from_links, layers, links, sizes
from netrobust.graphs.measure import (
    MEASURES,
    degrees,
    giant_component,
    in_degree_dispersion,
    out_degree_dispersion,
    reach,
    strengths,
)
from netrobust.graphs.perturb import apply, random_links


def _networkx(graph: igraph.Graph) -> nx.DiGraph:
    other = nx.DiGraph()
    other.add_nodes_from(range(graph.vcount()))
    other.add_weighted_edges_from(zip(*(a.tolist() for a in links(graph)), strict=True))
    return other


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (
            one_layer,
            {
                "links": 4,
                "density": 2 / 3,
                "mean_in_degree": 2,
                "mean_out_degree": 4 / 3,
                "max_in_degree": 2,
                "max_out_degree": 2,
                "mean_in_strength": 0.625,
                "mean_out_strength": 1.25 / 3,
                "giant_component": 1,
                "reach": 1,
            },
        ),
        (
            path,
            {
                "links": 3,
                "density": 1,
                "mean_in_degree": 1,
                "max_out_degree": 1,
                "mean_in_strength": 2 / 3,
                "giant_component": 1,
                "reach": 1,
                "in_degree_dispersion": np.nan,
                "out_degree_dispersion": np.nan,
            },
        ),
        (
            star,
            {
                "density": 0.5,
                "mean_in_degree": 1,
                "mean_out_degree": 2.5,
                "max_out_degree": 5,
                "giant_component": 6 / 7,
                "reach": 1,
                "in_degree_dispersion": 0,
                "out_degree_dispersion": 9,
            },
        ),
        (
            empty_layer,
            {
                "links": 2,
                "density": 0.25,
                "mean_in_degree": 0.5,
                "max_in_degree": 1,
                "giant_component": 1 / 3,
                "reach": 0,
            },
        ),
        (
            no_links,
            {
                "links": 0,
                "density": 0,
                "mean_in_degree": 0,
                "max_out_degree": 0,
                "mean_out_strength": 0,
                "giant_component": 0.2,
                "reach": 0,
                "in_degree_dispersion": np.nan,
            },
        ),
    ],
)
def test_tiny_graphs_by_hand(build, expected):
    found = {name: MEASURES[name](build()) for name in expected}
    assert found == pytest.approx(expected, nan_ok=True)


@given(graph=layered_graphs(max_depth=1))
def test_degrees_and_strengths_agree_with_networkx(graph):
    other, counts = _networkx(graph), sizes(graph)
    before_last = range(graph.vcount() - counts[-1])
    after_first = range(counts[0], graph.vcount())
    out_degree, in_degree = degrees(graph)
    assert out_degree.tolist() == [other.out_degree(v) for v in before_last]
    assert in_degree.tolist() == [other.in_degree(v) for v in after_first]
    out_strength, in_strength = strengths(graph)
    # Sums of opposite weights cancel, so the largest weight sets the tolerance.
    scale = max(float(np.abs(links(graph)[2]).max(initial=0)) * 1e-12, 1e-300)
    expected = [other.out_degree(v, weight="weight") for v in before_last]
    assert out_strength == pytest.approx(expected, rel=1e-12, abs=scale)
    expected = [other.in_degree(v, weight="weight") for v in after_first]
    assert in_strength == pytest.approx(expected, rel=1e-12, abs=scale)


@given(graph=layered_graphs())
def test_giant_component_agrees_with_networkx(graph):
    largest = max(nx.weakly_connected_components(_networkx(graph)), key=len)
    assert giant_component(graph) == len(largest) / graph.vcount()


@given(graph=layered_graphs(max_depth=1))
def test_reach_agrees_with_igraph_and_networkx(graph):
    first, last = first_depth(graph), graph.vs["depth"][-1]
    inputs = graph.vs.select(depth=first).indices
    outputs = graph.vs.select(depth=last).indices
    other = _networkx(graph)
    fed = set(inputs).union(*(nx.descendants(other, v) for v in inputs))
    feeds = set(outputs).union(*(nx.ancestors(other, v) for v in outputs))
    hidden = set(range(graph.vcount())) - set(inputs)
    assert reach(graph) == len(hidden & fed & feeds) / len(hidden)
    fed = {w for v in inputs for w in graph.subcomponent(v, mode="out")}
    feeds = {w for v in outputs for w in graph.subcomponent(v, mode="in")}
    assert reach(graph) == len(hidden & fed & feeds) / len(hidden)


@pytest.mark.parametrize("shape", [(2, 3), (4, 2)])
def test_dispersion_is_1_on_average_over_all_placements(shape):
    n_in, n_out = shape
    for count in range(1, n_in * n_out):
        found = []
        for places in combinations(range(n_in * n_out), count):
            target, source = np.divmod(places, n_in)
            graph = from_links(shape, source, target + n_in, np.ones(count))
            found.append((in_degree_dispersion(graph), out_degree_dispersion(graph)))
        assert np.mean(found, axis=0) == pytest.approx([1, 1], abs=1e-12)


def test_dispersion_of_a_stack_is_the_mean_over_its_layers():
    graph = random_stack([30, 40, 50, 20], [200, 0, 100], seed=0)
    first, empty, last = layers(graph)
    for dispersion in (in_degree_dispersion, out_degree_dispersion):
        assert np.isnan(dispersion(empty))
        expected = (dispersion(first) + dispersion(last)) / 2
        assert dispersion(graph) == pytest.approx(expected)


@st.composite
def _all_or_nothing(draw):
    n_in, n_out = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    count = draw(st.sampled_from([0, n_in * n_out]))
    target, source = np.divmod(np.arange(count), n_in)
    return from_links([n_in, n_out], source, target + n_in, np.ones(count))


@given(graph=_all_or_nothing())
def test_dispersion_is_undefined_where_degrees_cannot_vary(graph):
    assert np.isnan(in_degree_dispersion(graph))
    assert np.isnan(out_degree_dispersion(graph))


def _theory(n_in: int, n_out: int, links: int, fraction: float) -> float:
    """Giant component of an Erdos-Renyi layer after bond percolation (SCIENCE 4.2)."""
    kept = 1 - fraction
    s_in = s_out = 1.0
    for _ in range(10_000):
        s_in = 1 - np.exp(-kept * links / n_in * s_out)
        s_out = 1 - np.exp(-kept * links / n_out * s_in)
    return (n_in * s_in + n_out * s_out) / (n_in + n_out)


@pytest.mark.parametrize(
    ("shape", "count", "fraction"),
    [
        ((4000, 4000), 16_000, 0.25),
        ((4000, 4000), 16_000, 0.5),
        ((2000, 6000), 12_000, 0.4),
    ],
)
def test_giant_component_meets_the_self_consistent_equations(shape, count, fraction):
    if fraction == 0.25:
        assert _theory(*shape, count, fraction) == pytest.approx(0.9405, abs=5e-5)
    rng = np.random.default_rng(0)
    found = []
    for seed in range(20):
        drawn = random_stack(list(shape), [count], seed)
        found.append(giant_component(apply(drawn, random_links(drawn, rng, fraction))))
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    assert error < 0.005  # else agreement would mean little
    assert abs(np.mean(found) - _theory(*shape, count, fraction)) < 4 * error


def test_no_giant_component_below_the_threshold():
    layer = random_stack([4000, 4000], [16_000], seed=0)
    damage = random_links(layer, np.random.default_rng(0), 0.85)  # p_c is 1/4
    assert giant_component(apply(layer, damage)) < 0.01


@pytest.mark.parametrize("kept", [0.5, 0.2, 0.1])
def test_reach_meets_the_branching_recursion(kept):
    counts, density = [784, 1000, 1000, 1000], 0.01
    fed, feeds = [1.0], [1.0]
    for n in counts[:-1]:
        fed.append(1 - np.exp(-kept * density * n * fed[-1]))
    for n in counts[:1:-1]:
        feeds.insert(0, 1 - np.exp(-kept * density * n * feeds[0]))
    expected = np.mean(np.multiply(fed[1:], feeds))
    rng = np.random.default_rng(0)
    found = []
    for seed in range(5):
        graph = random_stack(counts, [7840, 10_000, 10_000], seed)
        found.append(reach(apply(graph, random_links(graph, rng, 1 - kept))))
    assert np.mean(found) == pytest.approx(expected, abs=0.01)
