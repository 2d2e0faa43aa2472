"""What a signal needs, in theory, against simulation and by counting all cases."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from random_degrees import (
    by_depth,
    configuration,
    erdos_renyi,
    of_ends,
    reached,
)
from specimens import (
    empty_layer,
    layered_graphs,
    one_layer,
    path,
    random_stack,
    within_four_errors,
)

from netrobust.core.errors import InputError
from netrobust.graphs import theory
from netrobust.graphs.damage import Damage, Links, apply
from netrobust.graphs.graph import from_links
from netrobust.graphs.measure import MEASURES

STACK, COUNTS = [784, 1000, 1000, 1000], [7840, 10_000, 10_000]


# Reach

PUBLISHED = {
    0.5: (0.993, 0.973, 0.986, 0.993),
    0.2: (0.81, 0.65, 0.69, 0.80),
    0.1: (0.37, 0.26, 0.27, 0.34),
}


@pytest.mark.parametrize("p", PUBLISHED)
def test_reach_of_the_stack_of_the_paper(p):
    forward, backward, both = theory.er_reach(STACK, 0.01, p)
    assert both == pytest.approx(PUBLISHED[p], abs=0.01)
    assert both == pytest.approx(forward * backward)
    found = []
    for draw in range(80):
        rng = np.random.default_rng([1, draw])
        links = erdos_renyi(STACK, COUNTS, rng)
        kept = np.flatnonzero(rng.random(len(links.source)) < p)
        there, onward = reached(links, kept)
        shares = [by_depth(links, mark) for mark in (there, onward, there & onward)]
        found.append(np.concatenate(shares))
    found = np.array(found)
    certain = [0, 7]  # every input is fed, and every neuron of the last depth feeds
    assert (found[:, certain] == 1).all()
    assert forward[0] == backward[-1] == 1
    expected = np.concatenate([forward, backward, both])
    drawn = np.delete(found, certain, axis=1), np.delete(expected, certain)
    within_four_errors(*drawn, at_most=0.01)
    assert found.mean(axis=0)[8:] == pytest.approx(PUBLISHED[p], abs=0.01)


def test_only_some_inputs_carry_a_signal():
    informative = theory.er_reach(STACK, 0.01, 0.5, inputs=717 / 784)
    assert informative.functional[0] == pytest.approx(0.908, abs=5e-4)
    assert (informative.forward < theory.er_reach(STACK, 0.01, 0.5).forward).all()


def _aligned(rng, aligned):
    """Degrees of four depths, whose hubs are hubs on both sides or on one alone."""
    few = np.repeat([0, 1, 2, 9], 300)
    into, out = [few] * 4, [few if aligned else few[::-1]] * 4
    return configuration([0 * few, *into[1:]], [*out[:3], 0 * few], rng)


@pytest.mark.parametrize("aligned", [True, False])
def test_reach_of_given_degrees_where_hubs_meet_and_where_not(aligned):
    p, found = 0.3, []
    lit = np.random.default_rng(2).random(1200) < np.linspace(0.1, 1, 1200)
    for draw in range(30):
        rng = np.random.default_rng([3, draw])
        links = _aligned(rng, aligned)
        kept = np.flatnonzero(rng.random(len(links.source)) < p)
        there, onward = reached(links, kept, lit)
        shares = [by_depth(links, mark) for mark in (there, onward, there & onward)]
        found.append([share[1:3] for share in shares])
    expected = theory.cm_reach(links, p, inputs=lit)
    within_four_errors(found, np.array(expected)[:, 1:3], at_most=0.006)
    # Where in- and out-degree depend on each other, so do the two marks.
    apart = expected.functional[1:3] - (expected.forward * expected.backward)[1:3]
    assert (apart > 0.01).all() if aligned else (apart < 0).all()


def test_degrees_of_chance_give_the_erdos_renyi_reach():
    links = erdos_renyi([4000, 6000, 5000], [24_000, 30_000], np.random.default_rng(4))
    found = theory.cm_reach(links, 0.4, inputs=0.8)
    expected = theory.er_reach([4000, 6000, 5000], 0.001, 0.4, inputs=0.8)
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, abs=0.02)


def test_the_measure_of_a_graph_is_the_mean_over_its_hidden_neurons():
    graph = random_stack(STACK, COUNTS, seed=5)
    rng, found = np.random.default_rng(6), []
    expected = theory.cm_reach(graph, 0.2)
    hidden = np.average(expected.functional[1:], weights=STACK[1:])
    for _ in range(10):
        kept = np.flatnonzero(rng.random(graph.ecount()) < 0.2)
        found.append(MEASURES["reach"](apply(graph, Damage(kept))))
    # The chance of the one graph stays, beside that of the draws.
    assert np.mean(found) == pytest.approx(hidden, abs=0.01)


def test_reach_along_a_chain_is_the_chance_of_its_links():
    forward, backward, both = theory.cm_reach(path(), 0.5)
    assert forward.tolist() == [1, 0.5, 0.25, 0.125]
    assert backward.tolist() == [0.125, 0.25, 0.5, 1]
    assert both.tolist() == [0.125] * 4
    assert theory.cm_reach(path(), 0.5, inputs=[0]).forward.tolist() == [0] * 4


@given(graph=layered_graphs(), p=st.floats(0, 1))
def test_reach_is_a_share_and_no_link_gives_none(graph, p):
    for found in (theory.cm_reach(graph, p), theory.cm_reach(graph, 0)):
        for shares in found:
            assert ((shares >= 0) & (shares <= 1 + 1e-12)).all()
        assert (found.functional <= found.forward + 1e-12).all()
    assert found.forward[1:].max() == found.backward[:-1].max() == 0


# Paths


def _paths(graph_or_links, kept):
    """Count the paths from the first to the last depth along the links kept."""
    links = Links.of(graph_or_links)
    neurons, start = sum(links.sizes), np.cumsum([0, *links.sizes])
    source, target = links.source[kept], links.target[kept]
    count = np.zeros(neurons)
    count[: start[1]] = 1
    for k in range(len(links.sizes) - 1):
        here = (source >= start[k]) & (source < start[k + 1])
        count += np.bincount(target[here], count[source[here]], neurons)
    return count[start[-2] :].sum()


@given(graph=layered_graphs(max_size=3, max_layers=3), p=st.floats(0.01, 1))
def test_mean_path_fraction_by_counting_all_subgraphs(graph, p):
    links, layers = graph.ecount(), len(Links.of(graph).sizes) - 1
    intact = _paths(graph, np.arange(links))
    assume(intact)
    assume(links <= 8)
    mean, by_count = 0.0, [[] for _ in range(links + 1)]
    for kept in product([False, True], repeat=links):
        m, paths = sum(kept), _paths(graph, np.flatnonzero(kept))
        mean += p**m * (1 - p) ** (links - m) * paths
        by_count[m].append(paths)
    assert mean / intact == pytest.approx(theory.path_fraction(p, layers))
    for m, paths in enumerate(by_count):
        expected = theory.path_fraction_global(m, links, layers)
        assert np.mean(paths) / intact == pytest.approx(expected)


def test_mean_path_fraction_where_every_layer_keeps_its_share():
    graph = from_links([2, 2, 2], [0, 0, 1, 1, 2, 2, 3, 3], [2, 3] * 2 + [4, 5] * 2,
                       [1] * 8)  # fmt: skip
    pairs = [np.array(pair) for pair in combinations(range(4), 2)]
    kept = [np.append(a, b + 4) for a in pairs for b in pairs]
    mean = np.mean([_paths(graph, ids) for ids in kept])
    assert mean / _paths(graph, np.arange(8)) == theory.path_fraction(0.5, 2)
    assert theory.path_fraction_global(4, 8, 2) == pytest.approx(3 / 14)


@pytest.mark.parametrize("p", [0.8, 0.5, 0.2])
def test_mean_path_fraction_of_the_stack_of_the_paper(p):
    links = erdos_renyi(STACK, COUNTS, np.random.default_rng(7))
    rng, total = np.random.default_rng([8, int(100 * p)]), sum(COUNTS)
    intact, count = _paths(links, np.arange(total)), round(p * total)
    found = []
    for _ in range(100):
        by_chance = np.flatnonzero(rng.random(total) < p)
        of_all = rng.permutation(total)[:count]
        of_each = np.concatenate(
            [
                start + rng.permutation(layer)[: round(p * layer)]
                for start, layer in zip((0, 7840, 17_840), COUNTS, strict=True)
            ]
        )
        cuts = by_chance, of_each, of_all
        found.append([_paths(links, kept) / intact for kept in cuts])
    law = theory.path_fraction(p, 3)
    assert law == pytest.approx(p**3)
    expected = [law, law, theory.path_fraction_global(count, total, 3)]
    within_four_errors(found, expected, at_most=0.01 * law)


# Signal and noise


def _moments(weight, x, p):
    """Mean and variance of a thinned sum, over all ways to thin it."""
    z, chance = [], []
    for kept in product([False, True], repeat=len(weight)):
        z.append((weight * x)[list(kept)].sum())
        chance.append(p ** sum(kept) * (1 - p) ** (len(kept) - sum(kept)))
    mean = np.dot(chance, z)
    return mean, np.dot(chance, (z - mean) ** 2)


@given(seed=st.integers(0, 2**32), links=st.integers(1, 7), p=st.floats(0.05, 1))
def test_noise_of_a_neuron_by_counting_all_cases(seed, links, p):
    rng = np.random.default_rng(seed)
    weight, x = rng.normal(size=links).astype(np.float32), rng.exponential(size=links)
    mean, variance = _moments(weight.astype(float), x, p)
    assume(abs(mean) > 1e-3)
    graph = from_links([links, 1], range(links), [links] * links, weight)
    k_eff = theory.effective_links(graph, [*x, 0])
    found = theory.relative_noise(k_eff, p)
    assert found**2 == pytest.approx(variance / mean**2, rel=1e-6, abs=1e-12)
    assert theory.relative_noise(k_eff, p, averaged=True) == pytest.approx(found)


def test_noise_of_a_layer_by_simulation():
    graph = random_stack([200, 100], [2000], seed=9)
    links, rng, p = Links.of(graph), np.random.default_rng(10), 0.6
    x = np.append(rng.exponential(size=200), np.zeros(100))
    carried = links.weight * x[links.source]
    found = []
    for _ in range(40):
        kept = rng.random((100, 2000)) < p
        z = np.array([np.bincount(links.target, row * carried, 300) for row in kept])
        # Squares of means are too large by the error of the mean.
        spread = z.var(axis=0, ddof=1).sum()
        signal = (z.mean(axis=0) ** 2).sum() - spread / len(z)
        found.append([spread / signal])
    k_eff = theory.effective_links(graph, x)
    predicted = theory.relative_noise(k_eff, p) ** 2
    within_four_errors(found, predicted, at_most=0.01 * predicted)


def test_noise_of_two_linear_layers_by_simulation():
    sources, middle, p = 12, 8, 0.7
    ends = list(product(range(sources), range(sources, sources + middle)))
    source, target = np.array([*ends, *((sources + k, 20) for k in range(middle))]).T
    links = of_ends([sources, middle, 1], source, target)
    x = np.array([1.0] * sources + [sources] * middle + [0])
    assert theory.effective_links(links, x).tolist() == [12, 8]
    rng, found = np.random.default_rng(11), []
    for _ in range(40):
        first = rng.random((2000, middle, sources)) < p
        z = (first.sum(axis=2) * (rng.random((2000, middle)) < p)).sum(axis=1)
        found.append([z.var(ddof=1) / (z.mean() ** 2 - z.var() / 2000)])
    exact = theory.relative_noise([12, 8], p, averaged=True) ** 2
    within_four_errors(found, exact, at_most=0.01 * exact)
    # Added up, the noise of the first layer counts as if all neurons shared it.
    assert theory.relative_noise([12, 8], p) ** 2 > 1.3 * exact


def test_effective_links_are_those_of_equal_terms():
    equal = from_links([4, 2], [0, 1, 2, 3, 0, 1], [4] * 4 + [5] * 2, [2] * 6)
    # (8^2 + 4^2) over (4 x 2^2 + 2 x 2^2) at x = 1
    assert theory.effective_links(equal, [1] * 6).tolist() == [80 / 24]
    both_signs = from_links([2, 1], [0, 1], [2, 2], [1, -1])
    assert theory.effective_links(both_signs, [1, 1, 0]).tolist() == [0]
    images = [[1, 1, 0], [1, 0, 0]]  # (0 + 1) over (2 + 1)
    assert theory.effective_links(both_signs, images) == pytest.approx([1 / 3])
    silent = theory.effective_links(empty_layer(), np.ones(6))
    assert silent[0] == 1
    assert np.isnan(silent[1])


def test_effective_links_read_what_the_graph_carries():
    graph = one_layer()
    with pytest.raises(InputError, match="activation"):
        theory.effective_links(graph)
    graph.vs["activation"] = [1.0, 2.0, 3.0, 0.0, 0.0]
    found = theory.effective_links(graph)
    assert found == theory.effective_links(graph, [1, 2, 3, 0, 0])
    # z = 0.5 - 2 and 4 - 0.75
    assert found == pytest.approx(
        [(1.5**2 + 3.25**2) / (0.5**2 + 2**2 + 4**2 + 0.75**2)]
    )


@given(
    k_eff=st.lists(st.floats(0.1, 1000), min_size=1, max_size=5),
    level=st.floats(0.01, 10),
    averaged=st.booleans(),
)
def test_noise_reaches_its_level_at_the_predicted_fraction(k_eff, level, averaged):
    f50 = theory.predicted_f50(k_eff, level, averaged)
    assert 0 < f50 < 1
    noise = theory.relative_noise(k_eff, 1 - f50, averaged)
    assert noise**2 == pytest.approx(level, rel=1e-6)
    deeper = theory.predicted_f50([*k_eff, k_eff[-1]], level)
    assert deeper < theory.predicted_f50(k_eff, level)


def test_noise_at_its_ends_and_its_first_order():
    assert theory.relative_noise([5, 5], 1) == 0
    for averaged in (False, True):
        assert theory.relative_noise([5, 5], 0, averaged) == np.inf
        assert theory.relative_noise([5, 0], 0.9, averaged) == np.inf
        assert theory.predicted_f50([5, 0], averaged=averaged) == 0
        assert np.isnan(theory.relative_noise([5, np.nan], 0.9, averaged))
        assert np.isnan(theory.predicted_f50([5, np.nan], averaged=averaged))
    ones = theory.relative_noise([1, 1, 1], 0.999) ** 2
    averaged = theory.relative_noise([1, 1, 1], 0.999, averaged=True) ** 2
    assert averaged == pytest.approx(ones, rel=0.01)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: theory.er_reach([3, 4], 0.1, 2), r"p must be .*\[0, 1\]; got 2"),
        (lambda: theory.er_reach([3, 4], 0.1, 0.5, -1), "inputs must be .*got -1"),
        (
            lambda: theory.cm_reach(path(), 0.5, [1, 1]),
            "inputs must be one number or 1",
        ),
        (lambda: theory.cm_reach(path(), 0.5, [2]), "inputs must be .*got 2"),
        (lambda: theory.path_fraction(1.5, 3), "p must be .*got 1.5"),
        (lambda: theory.path_fraction(0.5, 0), "layers must be .* 1 or larger; got 0"),
        (lambda: theory.path_fraction_global(11, 10, 3), "kept must be at most 10"),
        (lambda: theory.path_fraction_global(-1, 10, 3), "kept must be .*got -1"),
        (lambda: theory.path_fraction_global(1, 2, 3), "links must be .* 3 or larger"),
        (lambda: theory.effective_links(path(), [1, 2]), "each of 4 neurons; .*(2,)"),
        (lambda: theory.effective_links(path(), [np.nan] * 4), "a finite number for"),
        (lambda: theory.relative_noise([], 0.5), "k_eff must hold one number, 0 or"),
        (
            lambda: theory.relative_noise([1, -1], 0.5),
            "k_eff must hold one number, 0 or",
        ),
        (lambda: theory.relative_noise([1], 1.5), "p must be .*got 1.5"),
        (lambda: theory.predicted_f50([[1]]), "k_eff must hold one number, 0 or"),
        (lambda: theory.predicted_f50([1], 0), "level must be .*larger than 0; got 0"),
    ],
)
def test_numbers_out_of_range_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
