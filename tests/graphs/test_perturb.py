"""Laws of every order and every perturbation, and of the damage they tell."""

import itertools
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from specimens import SPECIMENS, fingerprint, layered_graphs, one_layer, path

from netrobust.errors import InputError
from netrobust.graphs import perturb
from netrobust.graphs.graph import biases, check, first_depth, from_links, links, sizes
from netrobust.graphs.perturb import (
    ORDERS,
    PERTURBATIONS,
    Damage,
    Links,
    Removal,
    apply,
    random_links,
    removed_fraction,
    strongest_links,
    weakest_links,
)
from netrobust.registry import Registry

FRACTIONS = st.floats(0, 1)
SEEDS = st.integers(0, 2**32)
every_perturbation = pytest.mark.parametrize("name", PERTURBATIONS)


@st.composite
def scoped_graphs(draw):
    graph = draw(layered_graphs(max_depth=2))
    return graph, draw(st.sampled_from(Links.of(graph).scopes))


def _groups(graph, scope):
    """Link ids that lose a fraction together, told without the code under test."""
    depth = np.array(graph.vs["depth"])[links(graph)[1]]
    if scope == "global":
        return [np.arange(len(depth))]
    if scope == "per_layer":
        return [np.flatnonzero(depth == d) for d in sorted(set(graph.vs["depth"]))]
    return [np.flatnonzero(depth == int(scope.removeprefix("layer_")))]


@every_perturbation
@given(case=scoped_graphs(), seed=SEEDS)
def test_nothing_goes_at_0_and_everything_in_scope_at_1(name, case, seed):
    graph, scope = case
    rng = np.random.default_rng(seed)
    intact = PERTURBATIONS[name](graph, rng, 0, scope)
    assert fingerprint(apply(graph, intact)) == fingerprint(graph)
    gone = PERTURBATIONS[name](graph, rng, 1, scope)
    inside = np.concatenate(_groups(graph, scope))
    assert set(gone.kept) == set(range(graph.ecount())) - set(inside)
    if scope in ("per_layer", "global"):
        assert apply(graph, gone).ecount() == 0


@every_perturbation
@given(case=scoped_graphs(), fraction=FRACTIONS, seed=SEEDS)
def test_counts_are_exact_in_every_group_of_the_scope(name, case, fraction, seed):
    graph, scope = case
    damage = PERTURBATIONS[name](graph, np.random.default_rng(seed), fraction, scope)
    assert (np.diff(damage.kept) > 0).all()
    removed = np.setdiff1d(np.arange(graph.ecount()), damage.kept)
    quota = [int(fraction * len(g) + 0.5) for g in _groups(graph, scope)]
    counts = [len(np.intersect1d(removed, g)) for g in _groups(graph, scope)]
    assert counts == quota
    assert len(removed) == sum(quota)
    total = sum(len(group) for group in _groups(graph, scope))
    share = removed_fraction(graph, damage, scope)
    assert share == pytest.approx(sum(quota) / total if total else np.nan, nan_ok=True)


@every_perturbation
@given(case=scoped_graphs(), fractions=st.lists(FRACTIONS, max_size=5), seed=SEEDS)
def test_a_curve_is_nested_and_equal_to_its_points(name, case, fractions, seed):
    graph, scope = case
    fractions = sorted(fractions)
    perturbation = PERTURBATIONS[name]
    read_once = Links.of(graph)
    curve = perturbation.curve(read_once, np.random.default_rng(seed), fractions, scope)
    for fraction, damage in zip(fractions, curve, strict=True):
        alone = perturbation(graph, np.random.default_rng(seed), fraction, scope)
        assert np.array_equal(damage.kept, alone.kept)
    for less, more in itertools.pairwise(curve):
        assert set(more.kept) <= set(less.kept)


@every_perturbation
@given(case=scoped_graphs(), fraction=FRACTIONS, seed=SEEDS)
def test_the_input_stays_and_the_damaged_graph_keeps_the_contract(
    name, case, fraction, seed
):
    graph, scope = case
    before = fingerprint(graph)
    damage = PERTURBATIONS[name](graph, np.random.default_rng(seed), fraction, scope)
    damaged = check(apply(graph, damage))
    assert fingerprint(graph) == before
    assert sizes(damaged) == sizes(graph)
    assert first_depth(damaged) == first_depth(graph)
    assert biases(damaged).tobytes() == biases(graph).tobytes()
    for of_damaged, of_graph in zip(links(damaged), links(graph), strict=True):
        assert of_damaged.tobytes() == of_graph[damage.kept].tobytes()


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@given(graph=layered_graphs(), seed=SEEDS)
def test_an_order_ranks_every_link_once_and_repeats_with_its_seed(order, graph, seed):
    ranking = order(graph, np.random.default_rng(seed))
    assert sorted(ranking) == list(range(graph.ecount()))
    again = order(Links.of(graph), np.random.default_rng(seed))
    assert np.array_equal(ranking, again)


@given(case=scoped_graphs(), fraction=FRACTIONS, seed=SEEDS)
def test_ordered_removals_split_every_group_by_weight(case, fraction, seed):
    graph, scope = case
    weight = np.abs(links(graph)[2])
    for removal, sign in ((strongest_links, 1), (weakest_links, -1)):
        kept = removal(graph, np.random.default_rng(seed), fraction, scope).kept
        for group in _groups(graph, scope):
            stays = np.isin(group, kept)
            if stays.any() and not stays.all():
                gone, left = sign * weight[group[~stays]], sign * weight[group[stays]]
                assert gone.min() >= left.max()


@every_perturbation
def test_equal_links_go_at_random(name):
    graph = from_links([5, 2], np.arange(10) % 5, 5 + np.arange(10) // 5, [1, -1] * 5)
    rng, draws, gone = np.random.default_rng(0), 4000, np.full(10, 4000)
    for _ in range(draws):
        gone[PERTURBATIONS[name](Links.of(graph), rng, 0.3, "global").kept] -= 1
    # Each count is binomial; 5 standard deviations over 10 links do not happen.
    assert np.abs(gone / draws - 0.3).max() < 5 * np.sqrt(0.3 * 0.7 / draws)


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


@pytest.mark.parametrize("fraction", [-0.1, 1.5, np.nan, np.inf])
def test_a_fraction_outside_0_to_1_is_refused(fraction):
    with pytest.raises(InputError, match=rf"in \[0, 1\]; got {fraction}"):
        random_links(path(), np.random.default_rng(0), fraction)


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


def by_id(graph, rng):
    """Remove links by their ids."""
    return np.arange(len(Links.of(graph).weight))


def backwards(graph, rng):
    """Remove links from the last to the first."""
    return by_id(graph, rng)[::-1]


def test_one_decorator_adds_an_order_and_a_perturbation(monkeypatch):
    monkeypatch.setattr(perturb, "ORDERS", Registry("order"))
    monkeypatch.setattr(perturb, "PERTURBATIONS", Registry("perturbation"))
    mine = perturb.removal(by_id)
    assert perturb.ORDERS["by_id"] is by_id
    assert perturb.PERTURBATIONS["by_id"] is mine
    assert perturb.PERTURBATIONS.summaries() == {"by_id": "Remove links by their ids."}
    assert mine(path(), np.random.default_rng(0), 0.4, "global").kept.tolist() == [1, 2]
    again = perturb.removal(by_id)  # as in a cell of a notebook that runs twice
    assert perturb.PERTURBATIONS["by_id"] is again


def test_a_taken_name_is_left_alone():
    def random_links(graph, rng):
        """Remove links my way."""

    before = dict(ORDERS), dict(PERTURBATIONS)
    with pytest.raises(InputError, match="'random_links' is registered already"):
        perturb.removal(random_links)
    assert (dict(ORDERS), dict(PERTURBATIONS)) == before


@pytest.mark.parametrize("ranking", [[0, 1], [0, 0, 1], [0, 1, 3]])
def test_an_order_that_does_not_rank_every_link_is_refused(ranking):
    def short(graph, rng):
        return ranking

    with pytest.raises(InputError, match="order short must rank each of the 3 links"):
        Removal(short)(path(), np.random.default_rng(0), 0.5)


def _kept(removal: Removal) -> list[int]:
    return removal(path(), np.random.default_rng(0), 0.4, "global").kept.tolist()


def test_removals_travel_to_spawned_processes():
    for removal in PERTURBATIONS.values():
        assert pickle.loads(pickle.dumps(removal)) is removal
    own = Removal(backwards)
    assert pickle.loads(pickle.dumps(own)) == own
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        for removal in (*PERTURBATIONS.values(), own):
            assert pool.submit(_kept, removal).result() == _kept(removal)


def test_the_families_load_without_igraph():
    code = (
        "import sys, netrobust.graphs.perturb, netrobust.graphs.null, "
        "netrobust.graphs.measure; "
        "assert not {'igraph', 'torch', 'pandas', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


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
