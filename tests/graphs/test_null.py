"""Laws of every null model, and a verifier that no false claim escapes."""

import random
from collections import Counter

import igraph
import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare
from specimens import fingerprint, layered_graphs, one_layer, path, random_stack

from netrobust.errors import InputError
from netrobust.graphs.claims import CONSERVED, BrokenClaimError
from netrobust.graphs.graph import biases, check, from_links, layers, links, sizes
from netrobust.graphs.null import (
    NULL_MODELS,
    moved,
    null_model,
    randomise,
)

SEEDS = st.integers(0, 2**32)
every_model = pytest.mark.parametrize("name", NULL_MODELS)

# What each must conserve, as the science says, not as the code declares.
EXPECTED = {
    "none": {"links", "weights", "biases", "degrees", "topology", "signs"},
    "shuffle_all": {"links", "weights", "biases", "degrees", "topology"},
    "shuffle_by_sign": {"links", "weights", "biases", "degrees", "topology", "signs"},
    "degree_preserving": {"links", "weights", "biases", "degrees"},
    "erdos_renyi": {"links", "weights", "biases"},
}


def _quantities(layer):
    """All quantities that can be claimed, counted without the code under test."""
    source, target, weight = links(layer)
    pairs = list(zip(source.tolist(), target.tolist(), strict=True))
    return {
        "links": len(pairs),
        "weights": Counter(weight.tolist()),
        "biases": biases(layer).tolist(),
        "degrees": (Counter(source.tolist()), Counter(target.tolist())),
        "topology": set(pairs),
        "signs": {
            (pair, bool(w > 0), bool(w < 0))
            for pair, w in zip(pairs, weight, strict=True)
        },
    }


def test_claims_are_those_of_the_science():
    assert {n: set(model.conserves) for n, model in NULL_MODELS.items()} == EXPECTED


@every_model
@given(graph=layered_graphs(max_depth=1), seed=SEEDS)
def test_every_draw_keeps_the_contract_and_the_claims(name, graph, seed):
    before = fingerprint(graph)
    drawn = check(randomise(graph, name, np.random.default_rng(seed)))
    assert fingerprint(graph) == before
    assert sizes(drawn) == sizes(graph)
    assert drawn.vs["depth"] == graph.vs["depth"]
    for old, new in zip(layers(graph), layers(drawn), strict=True):
        for quantity in EXPECTED[name]:
            assert _quantities(old)[quantity] == _quantities(new)[quantity]
    again = randomise(graph, name, np.random.default_rng(seed))
    assert fingerprint(again) == fingerprint(drawn)


@every_model
@given(graph=layered_graphs(max_layers=1), seed=SEEDS)
def test_null_models_leave_the_layer_they_get(name, graph, seed):
    before = fingerprint(graph)
    NULL_MODELS[name](graph, np.random.default_rng(seed))
    assert fingerprint(graph) == before


@given(graph=layered_graphs(), seed=SEEDS)
def test_none_changes_nothing(graph, seed):
    drawn = randomise(graph, "none", np.random.default_rng(seed))
    assert fingerprint(drawn) == fingerprint(graph)


def test_each_model_changes_what_it_does_not_claim():
    graph = random_stack([100, 120], [1200], seed=0)
    graph.es[0]["weight"] = 0.0
    before = _quantities(graph)
    for name, kept in EXPECTED.items():
        drawn = randomise(graph, name, np.random.default_rng(1))
        after = _quantities(drawn)
        assert {
            quantity for quantity in before if before[quantity] == after[quantity]
        } == kept
        assert (drawn.es["weight"] == graph.es["weight"]) == (name == "none")


def test_shuffles_permute_uniformly():
    graph = from_links([2, 2], [0, 1, 0], [2, 2, 3], [1, 2, 3])
    rng = np.random.default_rng(0)
    for name in ("shuffle_all", "shuffle_by_sign"):
        model = NULL_MODELS[name]
        seen = Counter(tuple(model(graph, rng).es["weight"]) for _ in range(900))
        assert len(seen) == 6
        assert chisquare(list(seen.values())).pvalue > 1e-4


def test_shuffle_by_sign_leaves_zeros_and_mixes_within_each_sign():
    weight = [1, 0, -1, 2, 0, -2]
    graph = from_links([3, 2], [0, 1, 2] * 2, [3, 3, 3, 4, 4, 4], weight)
    rng = np.random.default_rng(0)
    model = NULL_MODELS["shuffle_by_sign"]
    seen = {tuple(model(graph, rng).es["weight"]) for _ in range(50)}
    assert seen == {(a, 0, -b, 3 - a, 0, b - 3) for a in (1, 2) for b in (1, 2)}


@pytest.mark.parametrize(("count", "sets"), [(2, 6), (3, 4), (4, 1)])
def test_erdos_renyi_draws_all_sets_of_places_alike(count, sets):
    graph = from_links([2, 2], [0, 1, 0, 1][:count], [2, 2, 3, 3][:count], [1] * count)
    rng = np.random.default_rng(0)
    model = NULL_MODELS["erdos_renyi"]
    seen = Counter(tuple(model(graph, rng).get_edgelist()) for _ in range(900))
    assert len(seen) == sets
    assert sets == 1 or chisquare(list(seen.values())).pvalue > 1e-4


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

    drawn = check(randomise(layer, "degree_preserving", np.random.default_rng(0)))
    assert drawn.degree(mode="out") == layer.degree(mode="out")
    assert drawn.degree(mode="in") == layer.degree(mode="in")
    assert moved(layer, drawn) > 0.97  # 1% of all places are shared by chance


def test_stub_matching_makes_parallel_links_and_ours_does_not():
    layer = random_stack([784, 1000], [7840], seed=0)
    matched = nx.bipartite.configuration_model(
        layer.degree(range(784), mode="out"), layer.degree(range(784, 1784), mode="in"),
        seed=0,
    )  # fmt: skip
    assert matched.number_of_edges() > nx.Graph(matched).number_of_edges()
    for name in NULL_MODELS:
        drawn = randomise(layer, name, np.random.default_rng(0))
        assert len(set(drawn.get_edgelist())) == 7840


def test_the_global_generator_is_neither_read_nor_changed():
    layer = random_stack([20, 20], [100], seed=0)
    for name in NULL_MODELS:
        draws = []
        for seed in (1, 2):
            random.seed(seed)
            state = random.getstate()
            draws.append(randomise(layer, name, np.random.default_rng(0)))
            assert random.getstate() == state
            expected = igraph.Graph.Erdos_Renyi(n=30, m=40).get_edgelist()
            random.setstate(state)  # igraph draws from `random` again
            assert igraph.Graph.Erdos_Renyi(n=30, m=40).get_edgelist() == expected
        assert fingerprint(draws[0]) == fingerprint(draws[1])


def _claims(*names):
    def declare(model):
        model.conserves = names
        return model

    return declare


@_claims("links")
def loses_a_link(layer, rng):
    layer.delete_edges([0])
    return layer


@_claims("weights")
def doubles_a_weight(layer, rng):
    layer.es[0]["weight"] *= 2
    return layer


@_claims("biases")
def sets_a_bias(layer, rng):
    layer.vs[4]["bias"] = 1.0
    return layer


def _moves_a_link(layer):
    layer.delete_edges([0])
    layer.add_edge(0, 4, weight=0.5)
    return layer


@_claims("degrees")
def changes_degrees(layer, rng):
    return _moves_a_link(layer)


@_claims("topology")
def changes_topology(layer, rng):
    return _moves_a_link(layer)


@_claims("signs")
def flips_a_sign(layer, rng):
    layer.es[0]["weight"] *= -1
    return layer


LIARS = (
    loses_a_link, doubles_a_weight, sets_a_bias, changes_degrees, changes_topology,
    flips_a_sign,
)  # fmt: skip


def test_there_is_a_liar_for_every_claim():
    assert {liar.conserves[0] for liar in LIARS} == set(CONSERVED)


@pytest.mark.parametrize("liar", LIARS)
def test_a_lying_null_model_is_caught(liar):
    graph, quantity = one_layer(), liar.conserves[0]
    before = fingerprint(graph)
    with pytest.raises(BrokenClaimError, match=f"{liar.__name__} .* {quantity},"):
        randomise(graph, liar, np.random.default_rng(0))
    assert fingerprint(graph) == before  # it worked on a copy


def adds_a_parallel_link(layer, rng):
    layer.add_edge(0, 3, weight=1.0)
    return layer


def returns_nothing(layer, rng):
    return None


def adds_a_neuron(layer, rng):
    layer.add_vertex(depth=1, bias=0.0, type=True)
    return layer


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (adds_a_parallel_link, "no valid layer: no two links may be parallel"),
        (returns_nothing, "no valid layer: a graph must be an igraph.Graph"),
        (adds_a_neuron, "changed the sides"),
    ],
)
def test_what_all_keep_is_verified_without_a_claim(model, message):
    with pytest.raises(BrokenClaimError, match=message):
        randomise(one_layer(), model, np.random.default_rng(0))


def test_own_null_models_and_bad_names():
    def reversed_weights(layer, rng):
        layer.es["weight"] = layer.es["weight"][::-1]
        return layer

    drawn = randomise(one_layer(), reversed_weights, np.random.default_rng(0))
    assert drawn.es["weight"] == one_layer().es["weight"][::-1]
    with pytest.raises(InputError, match="unknown null model 'shuffle'"):
        randomise(path(), "shuffle", np.random.default_rng(0))
    with pytest.raises(InputError, match="unknown quantity 'colour'; choose from"):
        null_model(conserves=("colour",))
    reversed_weights.conserves = ("colour",)
    with pytest.raises(InputError, match="unknown quantity 'colour'; choose from"):
        randomise(path(), reversed_weights, np.random.default_rng(0))
    with pytest.raises(InputError, match="directed"):
        randomise(igraph.Graph(2), "none", np.random.default_rng(0))


def test_moved_is_the_share_of_new_places():
    assert moved(one_layer(), one_layer()) == 0
    assert moved(one_layer(), _moves_a_link(one_layer())) == 0.25
    empty = from_links([1, 1], [], [], [])
    assert np.isnan(moved(empty, empty))
