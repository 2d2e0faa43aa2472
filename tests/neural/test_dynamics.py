"""Neurons in use, paths, aligned degrees, and the exact laws of random rewiring."""

from functools import cache
from itertools import pairwise, product
from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import models
from specimens import within_four_errors

import netrobust
from netrobust.core.errors import InputError
from netrobust.graphs.measure import reach
from netrobust.graphs.theory import erdos_renyi_degrees, itop_rate, link_survival
from netrobust.neural.dynamics import (
    Trace,
    active_neurons,
    alignment,
    paths,
    topology_rows,
)
from netrobust.neural.sparsify import Context, LayerLinks, sparsifier
from netrobust.neural.sparsify.cannistraci_hebb import chain_removal


def layer(n_in, n_out, *ends):
    """A layer with links at pairs of source and target."""
    place = np.array(sorted(t * n_in + s for s, t in ends), np.int64)
    return at(n_in, n_out, place)


def at(n_in, n_out, place):
    target, source = np.divmod(place, n_in)
    return LayerLinks(n_in, n_out, source, target, np.ones(place.size, np.float32))


def drawn(rng, n_in, n_out, links):
    places = rng.choice(n_in * n_out, links, replace=False, shuffle=False)
    return at(n_in, n_out, np.sort(places))


@st.composite
def stacks(draw, largest=4):
    """Layers that follow each other, without links to with all of them."""
    size = st.integers(1, largest)
    sizes = draw(st.lists(size, min_size=2, max_size=4))
    every = [list(product(range(a), range(b))) for a, b in pairwise(sizes)]
    chosen = [draw(st.lists(st.sampled_from(e), unique=True)) for e in every]
    pairs = zip(pairwise(sizes), chosen, strict=True)
    return [layer(*shape, *ends) for shape, ends in pairs]


def walks(layers):
    """Every path through the layers, found by trying all sequences of neurons."""
    sizes = [layers[0].n_in, *(one.n_out for one in layers)]
    ends = [
        set(zip(one.source.tolist(), one.target.tolist(), strict=True))
        for one in layers
    ]
    return [
        walk
        for walk in product(*map(range, sizes))
        if all(step in links for step, links in zip(pairwise(walk), ends, strict=True))
    ]


# Two pixels feed the one path that arrives. Pixel 1 ends two layers on, pixel 2 has no
# link. Hidden neuron 2 leads to the last layer and is fed by nobody, 3 is fed and leads
# nowhere; the last layer's neuron 1 hears from unfed neurons only, 2 from none.
DEAD_ENDS = (
    layer(4, 4, (0, 0), (3, 0), (1, 1), (0, 3)),
    layer(4, 3, (0, 0), (2, 1), (1, 2)),
    layer(3, 3, (0, 0), (1, 1)),
)


# Active neurons


def test_active_neurons_by_hand():
    found = [active.tolist() for active in active_neurons(DEAD_ENDS)]
    assert found == [
        [True, False, False, True],
        [True, False, False, False],
        [True, False, False],
        [True, False, False],
    ]
    assert paths(DEAD_ENDS) == 2


def test_one_layer_is_active_at_both_ends_of_its_links():
    pixels, hidden = active_neurons([layer(3, 3, (0, 1), (2, 1))])
    assert pixels.tolist() == [True, False, True]
    assert hidden.tolist() == [False, True, False]


@pytest.mark.parametrize("empty", [0, 1, 2])
def test_one_layer_without_links_leaves_nothing_active(empty):
    layers = list(DEAD_ENDS)
    layers[empty] = layer(layers[empty].n_in, layers[empty].n_out)
    assert not np.concatenate(active_neurons(layers)).any()
    assert paths(layers) == 0


@given(layers=stacks())
def test_active_neurons_and_paths_are_those_of_all_walks(layers):
    every = walks(layers)
    assert paths(layers) == len(every)
    found = active_neurons(layers)
    assert [len(active) for active in found] == [
        layers[0].n_in,
        *(one.n_out for one in layers),
    ]
    for depth, active in enumerate(found):
        assert active.dtype == bool
        assert set(np.flatnonzero(active)) == {walk[depth] for walk in every}


@given(model=models(dense=False))
def test_the_active_share_of_hidden_neurons_is_the_reach_of_the_graph(model):
    layers = [
        LayerLinks(part.in_features, part.out_features, *part.links())
        for part in model.hidden_layers
    ]
    hidden = np.concatenate(active_neurons(layers)[1:])
    assert reach(netrobust.to_graph(model)) == hidden.mean()


@given(layers=stacks())
def test_links_between_active_neurons_are_those_chain_removal_leaves(layers):
    stays = [np.ones(one.source.size, bool) for one in layers]
    chain_removal(layers, stays, rounds=5)
    active = active_neurons(layers)
    for depth, (one, stay) in enumerate(zip(layers, stays, strict=True)):
        both = active[depth][one.source] & active[depth + 1][one.target]
        assert (stay == both).all()


# Paths


@given(layers=stacks(largest=6))
def test_paths_are_the_entries_of_the_product_of_the_matrices(layers):
    count = np.ones(layers[0].n_in, object)
    for one in layers:
        matrix = np.zeros((one.n_out, one.n_in), object)
        matrix[one.target, one.source] = 1
        count = matrix @ count
    assert paths(layers) == count.sum()


def test_paths_are_exact_close_to_the_end_of_whole_numbers():
    # Every layer adds two neighbours of Fibonacci's sequence, in Python's integers too.
    step, one, two = layer(2, 2, (0, 0), (1, 0), (0, 1)), 1, 1
    layers = []
    while two + one < 2**53:
        layers.append(step)
        one, two = two, one + two
    assert len(layers) == 76
    # The sum over both neurons of the last layer is the next number of the sequence.
    assert paths(layers[:-1]) == two == 8_944_394_323_791_464


def test_mean_number_of_paths_of_random_layers():
    """784 * 1000**3 * 0.01**3 = 784,000; the standard error is 0.08% of it."""
    rng, sizes = np.random.default_rng(0), (784, 1000, 1000, 1000)
    links = [round(0.01 * a * b) for a, b in pairwise(sizes)]
    found = [
        paths(
            [
                drawn(rng, a, b, m)
                for (a, b), m in zip(pairwise(sizes), links, strict=True)
            ]
        )
        for _ in range(40)
    ]
    within_four_errors(found, 784_000, at_most=0.002 * 784_000)


# Alignment


@pytest.mark.parametrize(
    ("received", "sent", "expected"),
    [
        ((0, 0, 1, 1), (0, 0, 1, 1), 1.0),  # all alike
        ((0, 0, 0, 0), (0, 0, 0, 0), 2.0),  # one neuron has everything
        ((0, 0, 0, 0), (1, 1, 1, 1), 0.0),  # who receives does not send
        ((0, 0, 0, 1), (0, 1, 1, 1), 0.75),  # (3 + 3) / 2 over 2 * 2
        ((0, 0, 0, 1), (0, 0, 0, 1), 1.25),  # (9 + 1) / 2 over 2 * 2
    ],
)
def test_alignment_by_hand(received, sent, expected):
    into = layer(4, 2, *((source, target) for source, target in enumerate(received)))
    out = layer(2, 4, *((source, target) for target, source in enumerate(sent)))
    assert alignment(into, out) == expected


def test_alignment_without_links_is_undefined():
    assert isnan(alignment(layer(2, 3), layer(3, 2, (0, 0))))
    assert isnan(alignment(layer(2, 3, (0, 0)), layer(3, 2)))


def test_alignment_of_independent_degrees():
    """1 on average; with n neurons its variance is n^4 v- v+ / (n - 1) / (M- M+)^2."""
    rng, n, draws = np.random.default_rng(1), 50, 400
    sides = ((60, 300), (70, 900))  # neurons beyond, links
    found = [
        alignment(drawn(rng, 60, n, 300), drawn(rng, n, 70, 900)) for _ in range(draws)
    ]
    spread = n**4 / (n - 1)
    for other, links in sides:
        p, k = erdos_renyi_degrees(n, other, links), np.arange(other + 1)
        spread *= ((k - links / n) ** 2 * p).sum() / links**2
    assert abs(np.mean(found) - 1) < 4 * np.sqrt(spread / draws)
    # The variance of nearly normal numbers has the relative error sqrt(2 / draws).
    assert np.var(found) == pytest.approx(spread, rel=4 * np.sqrt(2 / draws))


@given(layers=stacks())
def test_alignment_compares_the_paths_through_both_layers(layers):
    for first, second in pairwise(layers):
        links = first.source.size * second.source.size
        if links:
            expected = paths([first, second]) / (links / first.n_out)
            assert alignment(first, second) == pytest.approx(expected)


# Trace


def test_a_trace_by_hand():
    trace = Trace.begin([layer(2, 2, (0, 0), (1, 0)), layer(2, 3)])
    assert [places.tolist() for places in trace.first] == [[0, 1], []]
    now = layer(2, 2, (0, 0), (1, 1))
    assert (trace.survival(0, now), trace.itop(0, now)) == (0.5, 0.5)
    trace.grown(0, np.array([3]))
    assert (trace.survival(0, now), trace.itop(0, now)) == (0.5, 0.75)
    assert isnan(trace.survival(1, layer(2, 3)))
    assert trace.itop(1, layer(2, 3)) == 0
    trace.grown(1, np.array([5, 2, 3]))
    assert trace.itop(1, layer(2, 3)) == 0.5
    assert [places.tolist() for places in trace.ever] == [[0, 1, 3], [2, 3, 5]]
    assert [places.tolist() for places in trace.first] == [[0, 1], []]


def test_a_trace_knows_links_that_come_back():
    start = layer(2, 2, (0, 0), (1, 0))
    trace = Trace.begin([start])
    trace.grown(0, start.place)
    assert (trace.survival(0, start), trace.itop(0, start)) == (1.0, 0.5)
    trace.grown(0, np.array([3, 2]))
    everywhere_else = layer(2, 2, (0, 1), (1, 1))
    assert trace.survival(0, everywhere_else) == 0
    assert trace.itop(0, everywhere_else) == 1


places_of_a_layer = st.lists(st.integers(0, 99), unique=True)


@given(
    first=places_of_a_layer,
    grown=st.lists(st.tuples(places_of_a_layer, st.booleans()), max_size=5),
    now=places_of_a_layer,
)
def test_a_trace_is_a_set_whenever_it_is_read(first, grown, now):
    trace = Trace.begin([at(10, 10, np.array(sorted(first), np.int64))])
    ever = set(first)
    for places, read in grown:
        array = np.array(places, np.int32 if read else np.int64)
        trace.grown(0, array)
        array[:] = 7  # what the caller does with it later is none of the trace's
        ever |= set(places)
        if read:
            assert trace.itop(0, at(10, 10, np.array([], np.int64))) == len(ever) / 100
    (found,) = trace.ever
    assert found.dtype == np.int64
    assert found.tolist() == sorted(ever)
    links = at(10, 10, np.array(sorted(now), np.int64))
    if first:
        assert trace.survival(0, links) == len(set(first) & set(now)) / len(first)


def traced():
    trace = Trace.begin([layer(2, 2, (0, 0), (1, 0)), layer(2, 3)])
    trace.grown(1, np.array([5, 0]))
    return trace


def test_a_trace_goes_to_arrays_and_back():
    one = traced()
    arrays = one.arrays()
    assert {name: places.tolist() for name, places in arrays.items()} == {
        "first.0": [0, 1],
        "ever.0": [0, 1],
        "first.1": [],
        "ever.1": [0, 5],
    }
    two = Trace.from_arrays(arrays)
    for trace in (one, two):
        trace.grown(0, np.array([3]))
        trace.grown(1, np.array([1, 5]))
    assert arrays["ever.0"].tolist() == [0, 1]  # what was handed out stays
    for name, places in one.arrays().items():
        assert places.dtype == two.arrays()[name].dtype == np.int64
        assert places.tolist() == two.arrays()[name].tolist()
    assert Trace.from_arrays({}).arrays() == Trace.begin([]).arrays() == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"ever.1": [3, 2]},
            r"ever\.1 .*rising int64 places.*got int64 \[3 2\]; train",
        ),
        ({"first.0": [1, 1]}, r"first\.0 .*got int64 \[1 1\]"),
        ({"first.0": [-1, 1]}, r"first\.0 .*got int64 \[-1 1\]"),
        ({"ever.0": [[0, 1]]}, r"ever\.0 .*got int64 \[\[0 1\]\]"),
        ({"ever.0": 1}, r"ever\.0 .*got int64 1"),
        ({"ever.0": np.array([0.0, 1.0])}, r"ever\.0 .*got float64 \[0\. 1\.\]"),
        ({"ever.0": np.array([0, 1], np.int32)}, r"ever\.0 .*got int32 \[0 1\]"),
        ({"ever.0": [0, 2]}, r"ever\.0 .*all places of first\.0; some are missing"),
        ({"ever.1": None}, r"ever\.1 .*got object None"),
        ({"first.1": None}, r"first\.1 .*got object None"),
        ({"first.0": None, "ever.0": None}, r"first\.0 .*got object None"),
        ({"later.0": [1]}, r"first\.2 .*got object None"),
        ({"first.3": [1], "ever.3": [1]}, r"first\.2 .*got object None"),
    ],
)
def test_what_is_no_trace_is_refused(change, message):
    arrays = traced().arrays()
    for name, places in change.items():
        if places is None:
            del arrays[name]
        else:
            arrays[name] = np.asarray(places)
    with pytest.raises(InputError, match=message):
        Trace.from_arrays(arrays)


# Rows


def test_rows_by_hand():
    trace = Trace.begin(DEAD_ENDS)
    moved = (DEAD_ENDS[0], layer(4, 3, (0, 0), (3, 0), (1, 2)), DEAD_ENDS[2])
    trace.grown(1, np.array([3]))
    rows = topology_rows(moved, trace)
    assert rows[:2] == [
        {
            "active_sources": 0.5,
            "active_targets": 0.5,
            "itop": 4 / 16,
            "survival": 1.0,
            "paths": 3.0,
            "alignment": (2 * 1 + 1 * 1 + 1 * 1) / 4 / (4 / 4 * 3 / 4),
        },
        {
            "active_sources": 0.5,
            "active_targets": 1 / 3,
            "itop": 4 / 12,
            "survival": 2 / 3,
            "paths": 3.0,
            "alignment": (2 * 1) / 3 / (3 / 3 * 2 / 3),
        },
    ]
    last = rows[2]
    assert isnan(last.pop("alignment"))
    assert last == {
        "active_sources": 1 / 3,
        "active_targets": 1 / 3,
        "itop": 2 / 9,
        "survival": 1.0,
        "paths": 3.0,
    }


def test_rows_of_layers_without_links():
    layers = [layer(2, 3), layer(3, 1)]
    for row in topology_rows(layers, Trace.begin(layers)):
        assert isnan(row.pop("survival"))
        assert isnan(row.pop("alignment"))
        assert set(row.values()) == {0.0}
    assert topology_rows([], Trace.begin([])) == []


def test_nothing_of_the_size_of_a_layer_is_made():
    n = 10**6  # a layer has as many places as a terabyte has bytes
    layers = [layer(n, n, (5, 7), (6, n - 1)), layer(n, n, (7, 8), (9, n - 1))]
    trace = Trace.begin(layers)
    trace.grown(1, np.array([n * n - 2]))
    first, second = topology_rows(layers, Trace.from_arrays(trace.arrays()))
    assert first["paths"] == 1
    assert first["active_sources"] == second["active_targets"] == 1 / n
    assert first["alignment"] == n / 4
    assert second["itop"] == 3 / n**2
    assert second["survival"] == 1


def test_layers_that_do_not_follow_each_other_are_refused():
    wrong = [layer(2, 3), layer(4, 2)]
    for measure in (active_neurons, paths, lambda layers: alignment(*layers)):
        with pytest.raises(
            InputError, match=r"layer 1 ends in 3 .* begins with 4; give"
        ):
            measure(wrong)
    with pytest.raises(InputError, match="layer 2 ends in 3 neurons"):
        paths([layer(1, 2), *wrong])
    for measure in (active_neurons, paths):
        with pytest.raises(InputError, match="there is no layer"):
            measure([])
    with pytest.raises(InputError, match="the trace has 1 layers, the network 2"):
        topology_rows([layer(2, 3), layer(3, 2)], Trace.begin([layer(2, 3)]))


# Exact laws of random regrowth. Every prediction is checked to within four standard
# errors of the mean of independent runs, themselves estimated from the runs, and the
# errors are so small that a wrong law would show.


LAYERS = {
    "sparse": ((100, 100, 100), 0.3),  # 1% of the places hold a link
    "dense": ((40, 50, 400), 0.5),  # 20%: dropped links often grow again
}


@cache
def runs(kind, updates, count, **options):
    """ITOP and survival of one layer after every update, shape (count, 2, updates)."""
    return np.array(
        [run(kind, updates, seed, **options) for seed in range(count)]
    ).swapaxes(1, 2)


def run(kind, updates, seed, **options):
    (n_in, n_out, count), zeta = LAYERS[kind]
    rng = np.random.default_rng(seed)
    links = drawn(rng, n_in, n_out, count)
    links = links._replace(weight=rng.normal(size=count).astype(np.float32))
    trace, method, found = Trace.begin([links]), sparsifier("set", **options), []
    for _ in range(updates):
        (move,) = method.step([links], Context(zeta, rng))
        grown = move.target * n_in + move.source
        trace.grown(0, grown)
        place = np.concatenate([links.place[move.kept], grown])
        weight = np.concatenate([links.weight[move.kept], move.weight])
        order = np.argsort(place)
        # Training moves every weight before the next update.
        learnt = weight[order] + 0.1 * rng.standard_normal(count, np.float32)
        links = at(n_in, n_out, place[order])._replace(weight=learnt)
        found.append((trace.itop(0, links), trace.survival(0, links)))
    return found


@pytest.mark.parametrize("prune", ["random", "magnitude"])
@pytest.mark.parametrize(
    ("kind", "updates", "times"),
    [("sparse", 100, (1, 10, 100)), ("dense", 10, (1, 4, 10))],
)
def test_share_of_places_ever_tried(kind, updates, times, prune):
    """It follows `itop_rate` whatever is dropped, as long as regrowth is uniform.

    The standard errors are 0.03% to 0.16% of the predictions.
    """
    (n_in, n_out, count), zeta = LAYERS[kind]
    found = runs(kind, updates, 40, prune=prune)[:, 0]
    expected = itop_rate(count / (n_in * n_out), zeta, np.arange(1, updates + 1))
    for time in times:
        law = expected[time - 1]
        within_four_errors(found[:, time - 1], law, at_most=0.003 * law)


@pytest.mark.parametrize(
    ("kind", "times"), [("sparse", (1, 2, 4)), ("dense", (1, 3, 10))]
)
def test_survival_of_links_under_random_rewiring(kind, times):
    """It follows `link_survival` down to the density.

    The standard errors are 0.03% to 0.8% of the predictions.
    """
    (n_in, n_out, count), zeta = LAYERS[kind]
    found = runs(kind, max(times), 250, prune="random")[:, 1]
    density = count / (n_in * n_out)
    for time in times:
        expected = link_survival(density, zeta, time)
        within_four_errors(found[:, time - 1], expected, at_most=0.01 * expected)


def test_the_laws_tell_other_rules_apart():
    """A rule that bars dropped links explores more; weight keeps links longer."""
    barred = runs("dense", 10, 40, prune="random", returns="barred")[:, 0, -1]
    error = np.std(barred, ddof=1) / np.sqrt(40)
    assert np.mean(barred) > itop_rate(0.2, 0.5, 10) + 10 * error
    weighed = runs("dense", 10, 40, prune="magnitude")[:, 1, 2]
    error = np.std(weighed, ddof=1) / np.sqrt(40)
    assert np.mean(weighed) > link_survival(0.2, 0.5, 3) + 10 * error
