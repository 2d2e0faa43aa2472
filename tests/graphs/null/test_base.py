"""Laws of every null model, and a verifier that no false claim escapes."""

import random
from collections import Counter
from dataclasses import replace

import igraph
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from specimens import fingerprint, layered_graphs, one_layer, path, random_stack

from netrobust.core.errors import InputError
from netrobust.graphs.damage import Links
from netrobust.graphs.graph import biases, check, from_links, layers, links, sizes
from netrobust.graphs.null import (
    NULL_MODELS,
    check_head,
    conserved,
    installed,
    moved,
    null_model,
    randomise,
    randomised,
)
from netrobust.graphs.null.conserved_quantities import CONSERVED, NotConservedError

SEEDS = st.integers(0, 2**32)
few = settings(max_examples=20)  # each example builds graphs
every_model = pytest.mark.parametrize("name", NULL_MODELS)

# What each must conserve, as the science says, not as the code declares.
_MASK = {"links", "weights", "biases", "degrees", "topology"}
_SIGNS = {*_MASK, "signs", "signed_degrees"}
_DEGREES = {"links", "weights", "biases", "degrees"}
EXPECTED = {
    "none": {*_SIGNS, "out_strengths", "in_strengths"},
    "shuffle_all": _MASK,
    "shuffle_by_sign": _SIGNS,
    "shuffle_by_source": {*_MASK, "out_strengths"},
    "shuffle_by_target": {*_MASK, "in_strengths"},
    "shuffle_by_sign_and_source": {*_SIGNS, "out_strengths"},
    "shuffle_by_sign_and_target": {*_SIGNS, "in_strengths"},
    "signed_degree_preserving": {*_DEGREES, "signed_degrees"},
    "degree_preserving": _DEGREES,
    "degree_preserving_by_source": {*_DEGREES, "out_strengths"},
    "degree_preserving_by_target": {*_DEGREES, "in_strengths"},
    "erdos_renyi": {"links", "weights", "biases"},
    "maximum_entropy": {"biases"},
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
        "signed_degrees": [
            Counter(end[sign * weight > 0].tolist())
            for end in (source, target)
            for sign in (1, -1)
        ],
        "out_strengths": Counter(zip(source.tolist(), weight.tolist(), strict=True)),
        "in_strengths": Counter(zip(target.tolist(), weight.tolist(), strict=True)),
    }


def test_claims_are_those_of_the_science():
    assert {name: set(conserved(name)) for name in NULL_MODELS} == EXPECTED
    assert list(NULL_MODELS) == list(EXPECTED)  # from the finest to the coarsest


@every_model
@few
@given(graph=layered_graphs(max_depth=1), seed=SEEDS)
def test_every_draw_keeps_the_contract_and_the_says(name, graph, seed):
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
@few
@given(graph=layered_graphs(max_layers=1), seed=SEEDS)
def test_null_models_leave_the_layer_they_get(name, graph, seed):
    before = fingerprint(graph)
    NULL_MODELS[name](graph, np.random.default_rng(seed))
    assert fingerprint(graph) == before


@few
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


def test_stub_matching_makes_parallel_links_and_ours_does_not():
    layer = random_stack([200, 250], [2000], seed=0)
    matched = nx.bipartite.configuration_model(
        layer.degree(range(200), mode="out"), layer.degree(range(200, 450), mode="in"),
        seed=0,
    )  # fmt: skip
    assert matched.number_of_edges() > nx.Graph(matched).number_of_edges()
    for name in NULL_MODELS:
        drawn = randomise(layer, name, np.random.default_rng(0))
        assert len(set(drawn.get_edgelist())) == drawn.ecount()
        assert drawn.ecount() == 2000 or "links" not in EXPECTED[name]


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


def _says(*names):
    def declare(model):
        model.conserves = names
        return model

    return declare


@_says("links")
def loses_a_link(layer, rng):
    layer.delete_edges([0])
    return layer


@_says("weights")
def doubles_a_weight(layer, rng):
    layer.es[0]["weight"] *= 2
    return layer


@_says("biases")
def sets_a_bias(layer, rng):
    layer.vs[4]["bias"] = 1.0
    return layer


def _moves_a_link(layer):
    layer.delete_edges([0])
    layer.add_edge(0, 4, weight=0.5)
    return layer


@_says("degrees")
def changes_degrees(layer, rng):
    return _moves_a_link(layer)


@_says("topology")
def changes_topology(layer, rng):
    return _moves_a_link(layer)


@_says("signs")
def flips_a_sign(layer, rng):
    layer.es[0]["weight"] *= -1
    return layer


def _weighs(name, *weight):
    @_says("signed_degrees")
    def liar(layer, rng):
        layer.es["weight"] = weight
        return layer

    liar.__name__ = name
    return liar


@_says("out_strengths")
def keeps_the_sum_of_each_source(layer, rng):
    layer.es["weight"] = [0.5, 0.5, 0.5, -0.25]
    return layer


@_says("in_strengths")
def keeps_the_sum_of_each_target(layer, rng):
    layer.es["weight"] = [0.5, -1, 1, 0.75]
    return layer


LIARS = (
    loses_a_link, doubles_a_weight, sets_a_bias, changes_degrees, changes_topology,
    flips_a_sign, keeps_the_sum_of_each_source, keeps_the_sum_of_each_target,
    _weighs("exchanges_signs_at_a_target", -1, 0.5, 2, -0.25),
    _weighs("exchanges_signs_at_a_source", 0.5, 2, -1, -0.25),
    _weighs("silences_a_positive_link", 0, -1, 2, -0.25),
    _weighs("silences_a_negative_link", 0.5, 0, 2, -0.25),
)  # fmt: skip


def test_there_is_a_liar_for_every_quantity():
    assert {liar.conserves[0] for liar in LIARS} == set(CONSERVED)


@pytest.mark.parametrize("liar", LIARS, ids=lambda liar: liar.__name__)
def test_a_lying_null_model_is_caught(liar):
    graph, quantity = one_layer(), liar.conserves[0]
    before = fingerprint(graph)
    with pytest.raises(NotConservedError, match=f"{liar.__name__} .* {quantity},"):
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
def test_what_all_keep_is_always_verified(model, message):
    with pytest.raises(NotConservedError, match=message):
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


def test_every_null_model_can_be_drawn_where_the_tests_run():
    assert all(installed(name) for name in NULL_MODELS)

    @null_model(conserves=(), package="no_such_package")
    def far_away(layer, rng):
        """Need what nobody has."""

    assert not installed("far_away")
    assert installed(loses_a_link)  # a function of one's own declares nothing


@every_model
def test_a_stack_is_sent_to_randomise(name):
    if name == "none":
        return
    with pytest.raises(InputError, match=r"a stack of 3: draw all .* randomise"):
        NULL_MODELS[name](path(), np.random.default_rng(0))


def test_arrays_are_drawn_as_graphs_are():
    graph = path()
    for name in NULL_MODELS:
        drawn = randomised(Links.of(graph), name, np.random.default_rng(1)).graph()
        again = randomise(graph, name, np.random.default_rng(1))
        assert fingerprint(drawn) == fingerprint(again)
        layer, rng = layers(graph)[0], np.random.default_rng(2)
        alone = NULL_MODELS[name](layer, rng)
        rng = np.random.default_rng(2)
        array = NULL_MODELS[name](Links.of(layer), rng)
        assert fingerprint(array.graph()) == fingerprint(alone)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": [0, 0, 0, 0], "target": [3, 3, 4, 4]}, "may be parallel"),
        ({"target": [3, 4, 9, 3]}, "links must join neurons"),
        ({"target": [0, 4, 3, 4]}, "every link must join depth d to d"),
        ({"weight": [1, np.nan, 1, 1]}, "weight must be finite"),
        ({"weight": [1, 1]}, "equally long"),
        ({"bias": [1, 0, 0, 0, 0]}, "bias must be 0 at depth 0"),
        ({"first_depth": 1, "bias": [0] * 5}, "changed the sides"),
    ],
)
def test_arrays_that_a_user_draws_are_verified_as_graphs_are(changes, message):
    @null_model(conserves=(), takes_links=True)
    def mine(layer, rng):
        arrays = {
            key: one if key == "first_depth" else np.array(one)
            for key, one in changes.items()
        }
        return replace(layer, **arrays)

    with pytest.raises(NotConservedError, match=message):
        randomise(one_layer(), mine, np.random.default_rng(0))


def test_a_scope_says_which_layers_are_drawn():
    graph = random_stack(
        [9, 8, 7, 5], [30, 25, 35], seed=0
    )  # the last is complete, as heads
    for scope, drawn in {
        "per_layer": {0, 1, 2},
        "layer_2": {1},
        "head": {2},
        "per_layer+head": {0, 1, 2},
    }.items():
        text = f"shuffle_all(scope={scope})"
        found = [
            randomise(graph, text, np.random.default_rng(0)),
            randomise(graph, "shuffle_all", np.random.default_rng(0), scope),
        ]
        assert fingerprint(found[0]) == fingerprint(found[1])
        pairs = zip(layers(graph), layers(found[0]), strict=True)
        changed = {
            k for k, (a, b) in enumerate(pairs) if fingerprint(a) != fingerprint(b)
        }
        assert changed == drawn
    for scope, message in {
        "global": "scope of a null model must be",
        "layer_9": "unkn",
    }.items():
        with pytest.raises(InputError, match=message):
            randomise(graph, f"shuffle_all(scope={scope})", np.random.default_rng(0))


def test_the_head_is_for_null_models_that_keep_the_topology():
    for name, member in NULL_MODELS.items():
        reaches = "topology" in member.conserves
        assert member.reaches_head == reaches
        one = NULL_MODELS[f"{name}(scope=head)"]
        if reaches:
            check_head([one])
        else:
            with pytest.raises(
                InputError, match=r"\(scope=head\) moves links, and the"
            ):
                check_head([one])
    check_head([loses_a_link])  # a plain function draws all layers but the head
