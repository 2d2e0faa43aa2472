"""Percolation in one pass against igraph, networkx, the measures, and theory."""

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from specimens import SPECIMENS, fingerprint, layered_graphs, one_layer, random_stack

from netrobust.core.errors import InputError
from netrobust.graphs.graph import from_links, links
from netrobust.graphs.measure import MEASURES
from netrobust.graphs.percolation import (
    ALONG,
    along,
    grow_clusters,
    nested,
    percolation,
)
from netrobust.graphs.perturb import ORDERS, PERTURBATIONS, Damage, Links, apply
from netrobust.graphs.theory import er_layer_giant, er_layer_threshold

SEEDS = st.integers(0, 2**32)


def _reference(clusters):
    """S1, S2 and mean cluster size of clusters found by another program."""
    size = [*sorted(clusters, reverse=True), 0]
    return size[0], size[1], sum(s**2 for s in size[1:]) / sum(size)


def _igraph(graph, kept):
    left = apply(graph, Damage(np.sort(kept)))
    clusters = _reference(left.connected_components(mode="weak").sizes())
    return *clusters, MEASURES["reach"](left)


def _reach_by_paths(graph, kept):
    """Share of hidden neurons that igraph finds on a path from an input to the end."""
    left = apply(graph, Damage(np.sort(kept)))
    depth = np.array(left.vs["depth"])
    ids = np.arange(len(depth))
    first, last = ids[depth == depth[0]], ids[depth == depth[-1]]
    there = np.isfinite(np.array(left.distances(first, ids, mode="out"))).any(axis=0)
    onward = np.isfinite(np.array(left.distances(last, ids, mode="in"))).any(axis=0)
    return (there & onward)[len(first) :].mean()


def with_marks(graph, seed=0):
    """Write what some orders read."""
    rng = np.random.default_rng([12, seed])
    graph.es["saliency"] = rng.exponential(size=graph.ecount()).tolist()
    graph.vs["activation"] = rng.exponential(size=graph.vcount()).tolist()
    return graph


def _at(curve, m):
    return tuple(array[m].item() for array in curve)


@given(graph=layered_graphs(max_size=8, max_depth=1), seed=SEEDS)
def test_every_number_of_links_kept_agrees_with_igraph(graph, seed):
    before = fingerprint(graph)
    order = np.random.default_rng(seed).permutation(graph.ecount())
    curve = percolation(graph, order)
    assert fingerprint(graph) == before
    assert {array.shape for array in curve} == {(graph.ecount() + 1,)}
    for m in range(graph.ecount() + 1):
        assert _at(curve, m) == _igraph(graph, order[graph.ecount() - m :])


@given(graph=layered_graphs(), seed=SEEDS)
def test_reach_of_every_number_of_links_kept_agrees_with_paths_of_igraph(graph, seed):
    order = np.random.default_rng(seed).permutation(graph.ecount())
    curve = percolation(graph, order)
    for m in range(graph.ecount() + 1):
        found = _reach_by_paths(graph, order[graph.ecount() - m :])
        assert curve.reach[m] == pytest.approx(found, abs=1e-15)


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("density", [0.5, 2, 10])
def test_every_order_of_a_large_stack_agrees_with_igraph(order, density):
    each = int(150 * density)
    graph = with_marks(random_stack([150, 200, 120], [each, each], seed=1))
    ranking = order(graph, np.random.default_rng(2))
    curve = percolation(Links.of(graph), ranking)
    for cut in np.linspace(0, graph.ecount(), 21).astype(int):
        assert _at(curve, graph.ecount() - cut) == _igraph(graph, ranking[cut:])


@pytest.mark.parametrize("build", SPECIMENS.values(), ids=SPECIMENS)
def test_specimens_agree_with_networkx(build):
    graph = build()
    source, target, _ = links(graph)
    curve, other = percolation(graph), nx.Graph()
    other.add_nodes_from(range(graph.vcount()))
    for m in range(graph.ecount() + 1):  # without an order the last ids come back first
        other.add_edges_from(zip(source[-m:], target[-m:], strict=True) if m else [])
        found = _reference(map(len, nx.connected_components(other)))
        assert _at(curve[:3], m) == found


def test_a_tie_for_the_largest_is_second_as_well():
    curve = grow_clusters(6, [0, 2, 4, 0, 0], [1, 3, 5, 2, 4], order=[4, 3, 2, 1, 0])
    assert curve.largest.tolist() == [1, 2, 2, 2, 4, 6]
    assert curve.second.tolist() == [1, 1, 2, 2, 2, 0]
    assert curve.mean_cluster_size == pytest.approx(np.array([5, 4, 6, 8, 4, 0]) / 6)


def test_the_second_is_found_again_where_the_largest_swallows_it():
    sizes = [50, 40, 3, 2, 1]
    start = np.cumsum([0, *sizes])
    chains = [np.arange(a, b - 1) for a, b in itertools.pairwise(start)]
    source = np.concatenate([*chains, start[:3]])
    target = np.concatenate([*(chain + 1 for chain in chains), start[1:4]])
    curve = grow_clusters(96, source, target, np.arange(len(source))[::-1])
    assert curve.largest[-4:].tolist() == [50, 90, 93, 95]
    assert curve.second[-4:].tolist() == [40, 3, 2, 1]


def test_paths_are_counted_when_they_close_and_not_before():
    graph = from_links([1, 1, 1, 2], [0, 1, 2, 2], [1, 2, 3, 4], [1] * 4)
    for order, expected in (
        ([0, 1, 2, 3], [0, 0, 0, 0, 1]),  # the path grows from its end
        ([3, 2, 1, 0], [0, 0, 0, 0.75, 1]),  # from the input
        ([2, 1, 0, 3], [0, 0, 0, 0.75, 1]),  # from both, and closes in the middle
        ([2, 0, 1, 3], [0, 0, 0, 0.75, 1]),
    ):
        assert percolation(graph, np.array(order)).reach.tolist() == expected


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint16])
def test_arrays_of_any_integers_in_any_layout_give_the_same(dtype):
    graph = random_stack([30, 40], [100], seed=3)
    source, target, _ = links(graph)
    order = np.random.default_rng(4).permutation(100)
    pair = np.stack([source, target], axis=1).astype(dtype)  # its columns have strides
    bare = grow_clusters(70, pair[:, 0], pair[:, 1], order.astype(dtype))
    curve = percolation(graph, order.astype(dtype))
    assert np.array_equal(curve.reach, percolation(graph, order).reach)
    for one, other in zip(bare, curve[:3], strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)


def test_squares_beyond_32_bits_stay_exact():
    half = 2**17
    source, target = np.arange(2 * half - 2), np.arange(1, 2 * half - 1)
    target[half - 1 :] += 1
    source[half - 1 :] += 1
    curve = grow_clusters(2 * half, source, target)
    assert _at(curve, 2 * half - 2) == (half, half, half / 2)


def test_a_forest_too_large_for_the_cache_grows_the_same_clusters():
    rng, few, many = np.random.default_rng(8), 10_000, 4_300_000
    source, target = rng.integers(few, size=(2, 30_000))
    order = rng.permutation(30_000)
    small = grow_clusters(few, source, target, order)
    spread = many // few  # all neurons between two of the few have no link
    large = grow_clusters(many, source * spread, target * spread, order)
    assert np.array_equal(large.largest, small.largest)
    assert np.array_equal(large.second, np.maximum(small.second, 1))
    squares = small.mean_cluster_size * few + (many - few)
    assert large.mean_cluster_size == pytest.approx(squares / many, rel=1e-12)


@pytest.mark.parametrize("neurons", [1, 4])
def test_without_links_every_neuron_is_a_cluster(neurons):
    curve = grow_clusters(neurons, [], [], [])
    assert _at(curve, 0) == (1, int(neurons > 1), (neurons - 1) / neurons)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, [], []), "neurons must be from 1"),
        ((2**31, [], []), "neurons must be from 1"),
        ((2, [0, 0], [1]), "equally long; got 2 and 1"),
        ((2, [0], [2]), "neurons 0 to 1; got 2"),
        ((2, [-1], [1]), "neurons 0 to 1; got -1"),
        ((2, [0.5], [1]), "source must hold one row of integers"),
        ((2, [[0]], [1]), "source must hold one row of integers"),
        ((3, [0, 1], [1, 2], [0]), "order must hold each of the 2 links once"),
        ((3, [0, 1], [1, 2], [0, 0]), "order must hold each of the 2 links once"),
        ((3, [0, 1], [1, 2], [1, 2]), "order must hold each of the 2 links once"),
        ((3, [0, 1], [1, 2], [-1, 0]), "order must hold each of the 2 links once"),
        ((3, [0, 1], [1, 2], [0, 1, 1]), "order must hold each of the 2 links once"),
    ],
)
def test_bad_arrays_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        grow_clusters(*arguments)


def _random_curves(n_in, n_out, count, draws):
    """S1 and S2 of random bipartite layers, and the links kept beside them."""
    for seed in range(draws):
        rng = np.random.default_rng([9, seed])
        place = rng.choice(n_in * n_out, count, replace=False)
        source, target = place % n_in, n_in + place // n_in
        yield grow_clusters(n_in + n_out, source, target, rng.permutation(count))


def test_giant_component_of_a_random_layer_meets_its_theory():
    kept = 12_000  # of 16,000 links, f = 0.25
    curves = _random_curves(4000, 4000, 16_000, draws=20)
    share = np.array([curve.largest[kept] / 8000 for curve in curves])
    predicted, other = er_layer_giant(4, 4, p=0.75)
    assert predicted == other
    assert predicted == pytest.approx(0.9405, abs=5e-5)
    error = share.std(ddof=1) / np.sqrt(len(share))
    assert error < 0.002  # else the next line would hold for any law
    assert abs(share.mean() - predicted) < 4 * error


def test_second_cluster_peaks_at_the_threshold_as_layers_grow():
    # S2 peaks at p_c (1 + x N^(-1/3)), x about 1.6 and alike for all N: the mean-field
    # window. N 8 times as large halves it, so 2 p(8 N) - p(N) has lost x.
    draws, peaks = 40, []
    for scale in (1, 8):
        n_in, n_out, count = 5000 * scale, 7500 * scale, 30_000 * scale
        curves = _random_curves(n_in, n_out, count, draws)
        peaks.append(np.array([curve.second.argmax() / count for curve in curves]))
    found = 2 * peaks[1] - peaks[0]
    threshold = er_layer_threshold(6, 4)
    assert threshold == pytest.approx(1 / np.sqrt(6 * 4))
    error = found.std(ddof=1) / np.sqrt(draws)
    assert error < 0.015 * threshold
    assert abs(found.mean() - threshold) < 4 * error


def _check_along(graph, damages):
    assert nested(damages)
    found = along(graph, damages)
    assert tuple(found) == ALONG
    for name, values in found.items():
        reference = [MEASURES[name](apply(graph, damage)) for damage in damages]
        assert values.tolist() == reference  # the same floats, not close ones


@given(graph=layered_graphs(max_size=8, max_depth=2), data=st.data())
def test_along_is_the_measures_of_any_nested_damages(graph, data):
    order = np.random.default_rng(data.draw(SEEDS)).permutation(graph.ecount())
    cuts = sorted(data.draw(st.lists(st.integers(0, graph.ecount()), max_size=6)))
    _check_along(graph, [Damage(np.sort(order[cut:])) for cut in cuts])


def _damages(name, graph, fractions, scope, seed):
    perturbation, links = PERTURBATIONS[name], Links.of(graph)
    rng = np.random.default_rng(seed)
    probe = [lambda damage: (float(damage.kept.sum()), links.attributes)]
    given_probe = probe if perturbation.probed else []
    return perturbation.curve(links, rng, fractions, scope, *given_probe)


@st.composite
def curves_of_damage(draw, name):
    seed, graph = draw(SEEDS), draw(layered_graphs(max_size=8))
    fractions = sorted(draw(st.lists(st.floats(0, 1), max_size=6)))
    on_pixels = PERTURBATIONS[name].acts_on == "pixels"
    scope = "per_layer" if on_pixels else draw(st.sampled_from(Links.of(graph).scopes))
    return graph, _damages(name, with_marks(graph, seed), fractions, scope, seed)


@pytest.mark.parametrize("name", PERTURBATIONS)
@settings(max_examples=15)  # of each; what damages there can be, the test above draws
@given(data=st.data())
def test_along_follows_every_perturbation(name, data):
    _check_along(*data.draw(curves_of_damage(name)))


@pytest.mark.parametrize("name", ["random_links", "weakest_links", "strongest_links"])
@pytest.mark.parametrize("scope", ["per_layer", "global", "layer_1"])
def test_along_follows_a_large_stack(name, scope):
    graph = random_stack([80, 100, 100, 60], [300, 400, 300], seed=5)
    _check_along(graph, _damages(name, graph, np.linspace(0, 1, 11), scope, seed=6))


@pytest.mark.parametrize("build", SPECIMENS.values(), ids=SPECIMENS)
def test_along_follows_every_specimen_link_by_link(build):
    graph = build()
    ids = np.random.default_rng(7).permutation(graph.ecount())
    damages = [Damage(np.sort(ids[cut:])) for cut in range(graph.ecount() + 1)]
    _check_along(graph, damages)


def test_along_gives_what_is_asked_for():
    damages = [Damage(np.array([0, 1, 3])), Damage(np.array([], dtype=np.int64))]
    assert list(along(one_layer(), damages, ["reach"])) == ["reach"]
    assert along(one_layer(), damages)["giant_component"].tolist() == [0.6, 0.2]
    assert along(one_layer(), [])["reach"].shape == (0,)


@given(kept=st.lists(st.sets(st.integers(0, 5)), max_size=4))
def test_nested_is_being_a_subset_of_the_one_before(kept):
    damages = [Damage(np.array(sorted(ids), dtype=np.int64)) for ids in kept]
    expected = all(more <= less for less, more in itertools.pairwise(kept))
    assert nested(damages) == expected


@pytest.mark.parametrize("kept", [[[0], [0, 1]], [[0, 1], [2]], [[0, 4]]])
def test_along_refuses_what_is_not_nested_or_no_link(kept):
    damages = [Damage(np.array(ids)) for ids in kept]
    with pytest.raises(InputError, match=r"nested, .* ids from 0 to 3"):
        along(one_layer(), damages)


def test_along_refuses_other_measures():
    with pytest.raises(
        InputError, match=r"giant_component, reach.* only; got 'density'"
    ):
        along(one_layer(), [], ["density"])


def test_measures_along_are_members_of_their_registry():
    assert set(ALONG) <= set(MEASURES)
