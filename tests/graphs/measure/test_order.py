"""Order in a graph: degrees, cycles, nests, modules, spectra, shares and paths."""

import random
from itertools import product

import igraph
import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networkx.algorithms.bipartite import robins_alexander_clustering
from specimens import (
    empty_layer,
    full,
    layered_graphs,
    no_links,
    one_layer,
    path,
    random_stack,
    star,
    zero_weight,
)

from netrobust.core.errors import InputError
from netrobust.graphs.graph import from_links, layers, links, sizes
from netrobust.graphs.measure import (
    absolute_disparity,
    absolute_strengths,
    clustering,
    degree_assortativity,
    disparity,
    largest_singular_value,
    modularity,
    nestedness,
    paths,
    singular_values,
    spectral_radius,
    stable_rank,
    strengths,
)

single_layers = layered_graphs(max_layers=1, max_size=7)


def layer_of(mask) -> igraph.Graph:
    """A layer from a matrix of weights, sources in rows; 0 is no link."""
    matrix = np.asarray(mask, dtype=float)
    source, target = np.nonzero(matrix)
    ends = source, target + matrix.shape[0]
    return from_links(matrix.shape, *ends, matrix[source, target])


def matrix_of(graph: igraph.Graph) -> np.ndarray:
    source, target, weight = links(graph)
    matrix = np.zeros((graph.vcount(), graph.vcount()))
    matrix[source, target] = weight
    return matrix


def networkx(graph: igraph.Graph, kind=nx.Graph):
    other = kind()
    other.add_nodes_from(range(graph.vcount()))
    other.add_edges_from(graph.get_edgelist())
    return other


def large_layer(density: float) -> igraph.Graph:
    """A layer beyond the sizes that full matrices are used for."""
    rng = np.random.default_rng(3)
    keep = rng.random((90, 110)) < density
    return layer_of(np.where(keep, rng.normal(size=keep.shape), 0))


# Degrees


@given(layer=single_layers)
def test_assortativity_agrees_with_igraph_and_networkx(layer):
    found = degree_assortativity(layer)
    other = layer.assortativity(layer.outdegree(), layer.indegree(), directed=True)
    assert found == pytest.approx(other, abs=1e-9, nan_ok=True)
    if not np.isnan(found):
        other = nx.degree_assortativity_coefficient(
            networkx(layer, nx.DiGraph), x="out", y="in"
        )
        assert found == pytest.approx(other, abs=1e-9)


def test_layers_of_different_mean_degree_are_not_assortative():
    graph = random_stack([100, 100, 100], [500, 2000], seed=0)
    pooled = graph.assortativity(graph.outdegree(), graph.indegree(), directed=True)
    assert pooled > 0.5
    assert abs(degree_assortativity(graph)) < 0.1


# Cycles


@given(layer=single_layers)
def test_clustering_agrees_with_networkx(layer):
    expected = robins_alexander_clustering(networkx(layer))
    found = clustering(layer)
    assert expected == (0 if np.isnan(found) else pytest.approx(found))


@pytest.mark.parametrize("density", [0.03, 0.3])
def test_clustering_and_nestedness_of_large_layers(density):
    layer = large_layer(density)
    expected = robins_alexander_clustering(networkx(layer))
    assert clustering(layer) == pytest.approx(expected, rel=1e-12)
    assert nestedness(layer) == pytest.approx(slow_nodf(layer), rel=1e-12)


def test_clustering_by_hand():
    assert clustering(full()) == 1
    assert np.isnan(clustering(star()))
    assert clustering(one_layer()) == 0
    assert np.isnan(clustering(no_links()))


# Nests


def slow_nodf(layer: igraph.Graph) -> float:
    """Pair by pair, as the definition reads."""
    mask = matrix_of_links(layer)
    found = []
    for rows in (mask, mask.T):
        sets = [set(np.flatnonzero(row)) for row in rows if row.any()]
        for one, other in product(range(len(sets)), repeat=2):
            if one < other:
                small, large = sorted((sets[one], sets[other]), key=len)
                falls = len(small) < len(large)
                found.append(100 * len(small & large) / len(small) if falls else 0)
    return np.mean(found) if found else np.nan


def matrix_of_links(layer: igraph.Graph) -> np.ndarray:
    n_in, n_out = sizes(layer)
    source, target, _ = links(layer)
    mask = np.zeros((n_in, n_out), dtype=bool)
    mask[source, target - n_in] = True
    return mask


@given(layer=single_layers)
def test_nestedness_agrees_with_its_definition(layer):
    assert nestedness(layer) == pytest.approx(slow_nodf(layer), nan_ok=True)


def test_nestedness_of_the_published_example():
    # The example that Almeida-Neto et al. (2008) introduce NODF with: 58 of 100.
    rows = ["10111", "11100", "01110", "11000", "11000"]
    layer = layer_of([[int(place) for place in row] for row in rows])
    assert nestedness(layer) == pytest.approx(58.3, abs=0.05)


def test_nestedness_by_hand():
    steps = np.tri(6)
    assert nestedness(layer_of(steps)) == 100
    assert nestedness(layer_of(np.eye(6))) == 0
    assert nestedness(layer_of(np.ones((4, 5)))) == 0  # nobody is larger
    assert nestedness(layer_of([[1, 1, 0], [0, 0, 1]])) == 0
    # Sources: {a, b} and {a}: 100. Targets: {1, 2} and {1}: 100. One more of each
    # with a neighbour of its own: 0 with all others.
    assert nestedness(layer_of([[1, 1, 0], [1, 0, 0], [0, 0, 1]])) == pytest.approx(
        100 * 2 / 6
    )


# Modules


@pytest.mark.parametrize("blocks", [2, 3, 5])
def test_modularity_of_blocks_apart(blocks):
    mask = np.kron(np.eye(blocks), np.ones((3, 4)))
    rng = np.random.default_rng(0)
    signs = np.where(rng.random(mask.shape) < 0.5, -1, 1)
    for scale in (1, 1e-44, 1e38):
        layer = layer_of(mask * signs * scale)
        assert modularity(layer) == pytest.approx(1 - 1 / blocks)


def test_louvain_comes_close_to_the_best_of_all_partitions():
    rng = np.random.default_rng(0)
    found, best = [], []
    for _ in range(12):
        graph = layer_of(rng.normal(size=(3, 4)) * (rng.random((3, 4)) < 0.6))
        weight = np.abs(links(graph)[2]).tolist()
        undirected = graph.as_undirected(mode="each")
        every = (
            undirected.modularity(list(names), weights=weight)
            for names in product(range(3), repeat=graph.vcount())
        )
        found.append(modularity(graph))
        best.append(max(every))
    assert (np.array(found) <= np.array(best) + 1e-12).all()
    assert np.mean(found) > 0.95 * np.mean(best)


def test_modularity_has_one_value_and_leaves_the_generators_alone():
    graph = random_stack([60, 60, 60], [200, 200], seed=0)
    found = set()
    for seed in range(5):
        random.seed(seed)
        before = random.getstate()
        found.add(modularity(graph))
        assert random.getstate() == before
    assert len(found) == 1


def test_modularity_is_undefined_without_weights():
    assert np.isnan(modularity(no_links()))
    assert np.isnan(modularity(layer_of_zeros()))


def layer_of_zeros() -> igraph.Graph:
    return from_links([2, 2], [0, 1], [2, 3], [0, -0.0])


# Spectra


@given(graph=layered_graphs(max_depth=1))
def test_spectral_radius_is_the_largest_eigenvalue(graph):
    adjacency = (matrix_of_any_links(graph) | matrix_of_any_links(graph).T).astype(int)
    expected = np.linalg.eigvalsh(adjacency).max()
    assert spectral_radius(graph) == pytest.approx(max(expected, 0), abs=1e-7)


def matrix_of_any_links(graph: igraph.Graph) -> np.ndarray:
    source, target, _ = links(graph)
    mask = np.zeros((graph.vcount(), graph.vcount()), dtype=bool)
    mask[source, target] = True
    return mask


def test_spectral_radius_in_closed_form():
    assert spectral_radius(path()) == pytest.approx((1 + 5**0.5) / 2)  # golden ratio
    assert spectral_radius(star()) == pytest.approx(5**0.5)
    assert spectral_radius(layer_of(np.ones((80, 90)))) == pytest.approx(7200**0.5)
    assert spectral_radius(layer_of(np.eye(80))) == pytest.approx(1)
    assert spectral_radius(no_links()) == 0


@pytest.mark.parametrize("density", [0.03, 0.5])
def test_spectra_of_large_layers(density):
    layer = large_layer(density)
    matrix = matrix_of(layer)[:90, 90:]
    expected = np.linalg.svd(matrix, compute_uv=False)
    assert singular_values(layer) == pytest.approx(expected, rel=1e-10, abs=1e-12)
    assert largest_singular_value(layer) == pytest.approx(expected[0], rel=1e-10)
    squares = (matrix**2).sum()
    assert stable_rank(layer) == pytest.approx(squares / expected[0] ** 2, rel=1e-9)
    radius = np.linalg.norm((matrix != 0).astype(float), 2)
    assert spectral_radius(layer) == pytest.approx(radius, rel=1e-10)


@pytest.mark.parametrize("scale", [1e-44, 1e38])
def test_spectra_of_weights_at_the_ends_of_their_range(scale):
    layer = layer_of(np.diag([1, 2]) * scale)
    assert largest_singular_value(layer) == pytest.approx(2 * scale, rel=0.05)
    assert stable_rank(layer) == pytest.approx(1.25, rel=0.05)


def test_small_weights_have_no_other_spectrum():
    layer = random_stack([800, 900], [8000], seed=0)
    small = layer.copy()
    small.es["weight"] = (links(layer)[2] * np.float32(2.0**-80)).tolist()
    found, expected = (largest_singular_value(graph) for graph in (small, layer))
    assert found == pytest.approx(expected * 2.0**-80, rel=1e-12, abs=0)
    assert stable_rank(small) == pytest.approx(stable_rank(layer), rel=1e-12)


def test_spectra_by_hand():
    stack = from_links([1, 1, 1], [0, 1], [1, 2], [2, -3])
    assert largest_singular_value(stack) == pytest.approx(6)
    assert largest_singular_value(empty_layer()) == 0
    assert np.isnan(stable_rank(layer_of_zeros()))
    assert stable_rank(layer_of(np.eye(70) * 3)) == pytest.approx(70)
    with pytest.raises(InputError, match="a single layer; got a stack of 2"):
        singular_values(stack)


def test_a_stack_stretches_no_further_than_its_largest_singular_value():
    graph = random_stack([20, 30, 10], [200, 100], seed=1)
    first, second = (matrix_of(layer) for layer in layers(graph))
    whole = first[:20, 20:] @ second[:30, 30:]
    assert np.linalg.norm(whole, 2) < largest_singular_value(graph)


# Strengths


@given(graph=layered_graphs(max_depth=1))
def test_absolute_strengths_are_those_of_absolute_weights(graph):
    copy = graph.copy()
    copy.es["weight"] = np.abs(links(graph)[2]).tolist()
    for found, expected in zip(absolute_strengths(graph), strengths(copy), strict=True):
        assert found.tolist() == expected.tolist()


def test_disparity_by_hand():
    # In-strengths 4 of 3 and 1, and 4 of two equal links; the third has one link.
    layer = layer_of([[3, 2, 0], [1, 2, 5]])
    assert disparity(layer) == pytest.approx((0.625 + 0.5 + 1) / 3)
    assert absolute_disparity(one_layer()) == pytest.approx(
        ((0.5**2 + 1) / 1.5**2 + (2**2 + 0.25**2) / 2.25**2) / 2
    )
    assert disparity(layer_of(np.ones((8, 3)))) == pytest.approx(1 / 8)
    assert np.isnan(disparity(no_links()))
    assert np.isnan(disparity(layer_of_zeros()))
    # Two of the three targets receive something, one of them through a single link.
    assert disparity(zero_weight()) == 1


@given(graph=layered_graphs(max_layers=1), seed=st.integers(0, 9))
def test_disparity_lies_between_equal_shares_and_one(graph, seed):
    copy = graph.copy()
    drawn = np.random.default_rng(seed).random(graph.ecount()) + 0.1
    copy.es["weight"] = drawn.astype(np.float32).tolist()
    degree = np.array(graph.indegree())
    if (degree > 0).any():
        assert np.mean(1 / degree[degree > 0]) - 1e-12 <= disparity(copy) <= 1 + 1e-12


# Paths


@given(graph=layered_graphs(max_depth=1))
def test_paths_are_those_of_the_product_of_the_masks(graph):
    product_of_masks = np.ones((1, sizes(graph)[0]))
    for layer in layers(graph):
        product_of_masks = product_of_masks @ matrix_of_links(layer)
    assert paths(graph) == product_of_masks.sum()


def test_paths_of_random_stacks_meet_the_product_of_densities():
    counts, some = [78, 100, 100, 100], [780, 1000, 1000]
    found = [paths(random_stack(counts, some, seed)) for seed in range(40)]
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    assert abs(np.mean(found) - 78 * 10**3) < 4 * error < 0.02 * 78_000
