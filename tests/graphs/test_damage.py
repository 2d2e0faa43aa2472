"""Damage, and the links of a graph as arrays."""

import numpy as np
import pytest
from damages import damaged_cases, marked
from hypothesis import given
from hypothesis import strategies as st
from specimens import SPECIMENS, layered_graphs, one_layer, path

from netrobust.core.errors import InputError
from netrobust.graphs.damage import Damage, Links, apply, removed_fraction
from netrobust.graphs.graph import biases, check, links, sizes
from netrobust.graphs.perturb import random_links


def test_scopes_are_named_for_the_depth_of_the_targets():
    assert Links.of(path()).scopes == (
        "per_layer", "global", "layer_1", "layer_2", "layer_3",
    )  # fmt: skip
    deep = SPECIMENS["full"]()
    assert Links.of(deep).scopes == ("per_layer", "global", "layer_3")
    rng = np.random.default_rng(0)
    assert random_links(path(), rng, 1, "layer_2").kept.tolist() == [0, 2]
    for scope in ("layer_4", "layer_0", "everywhere", 1):
        with pytest.raises(InputError, match="per_layer, global, layer_1, layer_2"):
            random_links(path(), rng, 0.5, scope)


def test_a_graph_that_breaks_the_contract_is_refused():
    graph = path()
    del graph.es["weight"]
    with pytest.raises(InputError, match="weight"):
        random_links(graph, np.random.default_rng(0), 0.5)


def test_damage_may_replace_weights_and_biases():
    graph = one_layer()
    damage = Damage(np.array([0, 3]), np.float32([7, 8]), np.float32([0.5, -0.5]))
    damaged = check(apply(graph, damage))
    assert damaged.es["weight"] == [7, 8]
    assert damaged.vs["bias"] == [0, 0, 0, 0.5, -0.5]
    assert Links.of(graph).hidden == 2
    deep = SPECIMENS["full"]()  # no neuron of it lies at depth 0
    damage = Damage(np.arange(6), bias=np.ones(5, dtype=np.float32))
    assert apply(deep, damage).vs["bias"] == [1.0] * 5
    assert Links.of(deep).hidden == 5


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (Damage([4]), "rising link ids from 0 to 3; got 4"),
        (Damage([0, 3, 9]), "rising link ids from 0 to 3; got 9"),
        (Damage([0], bias=np.ones(5)), "bias .* 2 values; got 5"),
        (Damage([], bias=[]), "bias .* 2 values; got 0"),
    ],
)
def test_damage_that_does_not_fit_is_refused(damage, message):
    with pytest.raises(InputError, match=message):
        apply(one_layer(), damage)
    with pytest.raises(InputError, match=message):
        removed_fraction(one_layer(), damage)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"kept": [1, 0]}, "kept must hold rising link ids from 0 on; got 0 at 1"),
        ({"kept": [1, 1]}, "rising link ids from 0 on; got 1 at 1"),
        ({"kept": [-1]}, "rising link ids from 0 on; got -1 at 0"),
        ({"kept": [-1.0]}, "rising link ids from 0 on; got -1.0 at 0"),
        ({"kept": [0, 0.5]}, "rising link ids from 0 on; got 0.5 at 1"),
        ({"kept": [np.nan]}, "rising link ids from 0 on; got nan at 0"),
        ({"kept": [0, np.inf]}, "rising link ids from 0 on; got inf at 1"),
        ({"kept": [1e300]}, "rising link ids from 0 on; got 1e"),
        ({"kept": np.array([2**64 - 1], np.uint64)}, "rising .* got 18446744073709"),
        ({"kept": [0, 2**63 - 1, -(2**63)]}, "rising .* got -9223372036854775808 at 2"),
        ({"kept": np.array([True, False])}, "one row of link ids; got True"),
        ({"kept": ["1"]}, "one row of link ids; got '1'"),
        ({"kept": [[1]]}, r"one row of link ids; got shape \(1, 1\)"),
        ({"kept": 3}, r"one row of link ids; got shape \(\)"),
        ({"kept": None}, "one row of link ids; got shape"),
        ({"kept": [0], "weight": np.ones(4)}, "weight .* 1 values; got 4"),
        ({"kept": [0, 1], "weight": np.ones(1)}, "weight .* 2 values; got 1"),
        ({"kept": [0], "weight": [np.nan]}, "weight of the damage must be finite"),
        ({"kept": [0], "weight": [1e39]}, "weight of the damage must be finite"),
        ({"kept": [0], "weight": ["1"]}, "weight of the damage must hold one row"),
        ({"kept": [0], "bias": [1, np.inf]}, "bias of the damage must be finite"),
        ({"kept": [0], "bias": np.float32(1)}, "bias of the damage must hold one row"),
    ],
)
def test_arrays_that_are_no_damage_are_refused(arrays, message):
    with pytest.raises(InputError, match=message):
        Damage(**arrays)


@pytest.mark.parametrize(
    "kept",
    [[0, 2], (0, 2), [0.0, 2.0], range(0, 3, 2), np.array([0, 2], np.uint8)],
    ids=["list", "tuple", "floats", "range", "bytes"],
)
def test_damage_holds_arrays_of_one_kind(kept):
    damage = Damage(kept, weight=[1, 2], bias=[0.1, 3])
    assert (damage.kept.dtype, damage.kept.tolist()) == (np.int64, [0, 2])
    assert (damage.weight.dtype, damage.weight.tolist()) == (np.float32, [1, 2])
    assert damage.bias.tolist() == [np.float32(0.1), 3]
    assert apply(one_layer(), damage).get_edgelist() == [(0, 3), (1, 4)]


@pytest.mark.parametrize("kept", [[], (), np.array([]), np.arange(0)])
def test_nothing_at_all_may_be_kept(kept):
    damage = Damage(kept)
    assert damage.kept.dtype == np.int64
    assert apply(one_layer(), damage).ecount() == 0
    assert removed_fraction(one_layer(), damage) == 1


@given(graph=layered_graphs())
def test_links_hold_what_the_graph_holds(graph):
    held = Links.of(graph)
    assert Links.of(held) is held
    assert held.sizes == sizes(graph)
    for array, expected in zip(
        (held.source, held.target, held.weight), links(graph), strict=True
    ):
        assert array.tobytes() == expected.tobytes()
    assert held.layer.tolist() == [graph.vs[edge.source]["depth"] for edge in graph.es]
    assert held.bias.tobytes() == biases(graph).tobytes()


SAME = ("source", "target", "weight", "bias")


@given(case=damaged_cases("random_links"), weight=st.booleans(), bias=st.booleans())
def test_what_is_left_is_what_the_damaged_graph_holds(case, weight, bias):
    graph, scope, seed, fractions = case
    held, rng = Links.of(graph), np.random.default_rng(seed)
    kept = random_links(graph, rng, max(fractions, default=0), scope).kept
    damage = Damage(
        kept,
        rng.normal(size=kept.size) if weight else None,
        rng.normal(size=held.hidden) if bias else None,
    )
    left, read = held.left(damage), Links.of(apply(graph, damage))
    assert (left.sizes, left.first_depth) == (read.sizes, read.first_depth)
    for name in SAME:
        assert getattr(left, name).tobytes() == getattr(read, name).tobytes()
    assert (
        left.attributes.keys() == read.attributes.keys() == {"saliency", "activation"}
    )
    for name, mark in left.attributes.items():
        assert mark.tobytes() == read.attributes[name].tobytes()


def test_what_is_left_of_other_links_is_refused():
    with pytest.raises(InputError, match="rising link ids from 0 to 3; got 9"):
        Links.of(one_layer()).left(Damage([9]))


def test_marks_are_read_where_they_are():
    graph = one_layer()
    assert Links.of(graph).attributes == {}
    graph.es["saliency"] = np.float32([0.5, 0, 2, 1])
    assert [*Links.of(graph).attributes] == ["saliency"]
    assert Links.of(graph).attribute("saliency").tolist() == [0.5, 0, 2, 1]
    assert Links.of(graph).attribute("saliency").dtype == np.float64
    assert Links.of(marked(graph)).attribute("activation").shape == (5,)
    with pytest.raises(
        InputError,
        match=r"no activation in finite numbers; set graph.vs\[\"activation\"\] to the "
        "mean activation of every neuron first",
    ):
        Links.of(one_layer()).attribute("activation")


@pytest.mark.parametrize(
    "values",
    ["relu", [None] * 4, [1, 2, 3, np.nan], [[1], [2, 3], [4], [5]], [True] * 4],
)
def test_what_is_no_mark_is_in_nobodys_way(values):
    graph = one_layer()
    graph.es["saliency"] = values
    assert Links.of(graph).attributes == {}
    with pytest.raises(InputError, match="no saliency in finite numbers; set"):
        Links.of(graph).attribute("saliency")
