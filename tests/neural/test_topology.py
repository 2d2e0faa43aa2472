"""Where links start: exact counts, and the law by which each topology draws."""

from collections import Counter
from fractions import Fraction
from itertools import combinations, permutations
from math import comb

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import seeds
from scipy.stats import chi2, hypergeom

from netrobust.core.errors import InputError
from netrobust.neural.topology import (
    TOPOLOGIES,
    absent_positions,
    preferential,
    topology,
    union,
)
from netrobust.neural.topology.correlation import correlations

EVERY = [(name, {}) for name in TOPOLOGIES] + [
    ("small_world", {"beta": 0.0}),
    ("small_world", {"beta": 1.0}),
    ("receptive_field", {"r": 0.0}),
    ("receptive_field", {"r": 1e-320}),
    ("receptive_field", {"r": 1.0, "degrees": "uniform"}),
]
erdos_renyi = topology("erdos_renyi")


def assert_law(counts, law):
    """Chi-square at the 99.9% level: one fixed seed, so it fails by defect only."""
    assert set(counts) <= set(law)
    draws = sum(counts.values())
    statistic = sum(
        (counts[one] - draws * p) ** 2 / (draws * p) for one, p in law.items()
    )
    assert statistic < chi2.ppf(0.999, len(law) - 1)


def assert_uniform(counts, possible):
    """Chi-square at the 99.9% level, all outcomes being equally likely."""
    law = dict.fromkeys(counts, 1 / possible)
    missing = range(possible - len(law))
    assert len(law) <= possible
    assert_law(counts, law | dict.fromkeys(missing, 1 / possible))


def assert_links(source, target, n_in, n_out, links):
    """Exactly the links asked for, in canonical order and none twice."""
    assert source.dtype == target.dtype == np.int64
    assert source.shape == target.shape == (links,)
    assert ((source >= 0) & (source < n_in)).all()
    assert ((target >= 0) & (target < n_out)).all()
    assert (np.diff(target * n_in + source) > 0).all()


def around(position, place, neurons):
    """Distance along a ring, in steps from neuron to neuron, without rounding."""
    away = abs(place - position) % neurons
    return min(away, neurons - away)


@pytest.mark.parametrize(("name", "options"), EVERY, ids=str)
@given(data=st.data(), seed=seeds)
def test_every_topology_gives_exactly_the_links_asked_for(name, options, data, seed):
    n_in, n_out = data.draw(st.integers(1, 30)), data.draw(st.integers(1, 30))
    images, most = None, n_in * n_out
    if name == "correlated":
        images = np.random.default_rng(seed).random((9, 7), np.float32)
        most = sum(i % 7 != j % 7 for i in range(n_in) for j in range(n_out))
    links = data.draw(st.integers(0, most) | st.just(most))
    place = topology(name, **options)
    drawn = place(n_in, n_out, links, np.random.default_rng(seed), images)
    assert_links(*drawn, n_in, n_out, links)
    again = place(n_in, n_out, links, np.random.default_rng(seed), images)
    assert (again[0] == drawn[0]).all()
    assert (again[1] == drawn[1]).all()


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("small_world", {"beta": 1.1}, r"beta must be a number in \[0, 1\]"),
        ("receptive_field", {"r": -0.1}, r"r must be a number in \[0, 1\]"),
        ("receptive_field", {"degrees": "same"}, "one of fixed, uniform; got 'same'"),
        ("scale_free", {"m": 2}, "no option 'm'; it takes none"),
    ],
)
def test_options_are_checked(name, options, words):
    with pytest.raises(InputError, match=words):
        topology(name, **options)


@pytest.mark.parametrize("links", [0, 7, 600])
def test_erdos_renyi_draws_places_as_ever(links):
    source, target = erdos_renyi(30, 20, links, np.random.default_rng(5))
    rng = np.random.default_rng(5)
    places = np.sort(rng.choice(600, links, replace=False, shuffle=False))
    assert (target * 30 + source == places).all()


def test_erdos_renyi_leaves_the_generator_as_ever():
    ours, theirs = np.random.default_rng(5), np.random.default_rng(5)
    erdos_renyi(30, 20, 7, ours)
    theirs.choice(600, 7, replace=False, shuffle=False)
    assert ours.random() == theirs.random()


def test_all_places_can_be_taken():
    source, target = erdos_renyi(3, 2, 6, np.random.default_rng(0))
    assert source.tolist() == [0, 1, 2] * 2
    assert target.tolist() == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("links", [1, 2, 3, 5])
@pytest.mark.parametrize(
    "place",
    [erdos_renyi, topology("small_world", beta=1.0)],
    ids=["erdos_renyi", "small_world"],
)
def test_every_set_of_places_is_equally_likely(place, links):
    rng = np.random.default_rng(links)
    counts = Counter()
    for _ in range(3000):
        source, target = place(3, 2, links, rng)
        counts[tuple((target * 3 + source).tolist())] += 1
    assert_uniform(counts, comb(6, links))


@pytest.mark.parametrize("links", [200, 4000], ids=["few", "many"])
def test_places_of_a_large_layer_are_uniform(links):
    # numpy draws in another way beyond 10,000 places, and again where many are taken.
    rng = np.random.default_rng(0)
    counts = Counter()
    for _ in range(40):
        source, target = erdos_renyi(200, 100, links, rng)
        counts.update(((target * 200 + source) // 1000).tolist())
    assert_uniform(counts, 20)


def test_a_layer_too_large_for_a_dense_array():
    rng = np.random.default_rng(0)
    source, target = erdos_renyi(10**6, 10**6, 1000, rng)  # a dense one: a terabyte
    place = target * 10**6 + source
    drawn = absent_positions(place, 10**12, 1000, rng)
    assert len(set(drawn.tolist())) == 1000
    assert not set(drawn.tolist()) & set(place.tolist())
    assert drawn.max() > 9 * 10**11


@given(data=st.data(), seed=seeds)
def test_absent_positions_are_absent_and_distinct(data, seed):
    positions = data.draw(st.integers(1, 60))
    places = st.integers(0, positions - 1)
    occupied = np.array(sorted(data.draw(st.sets(places))), dtype=np.int64)
    count = data.draw(st.integers(0, positions - occupied.size))
    drawn = absent_positions(occupied, positions, count, np.random.default_rng(seed))
    assert drawn.shape == (count,)
    free = set(range(positions)) - set(occupied.tolist())
    assert len(set(drawn.tolist())) == count
    assert set(drawn.tolist()) <= free
    if count == len(free):
        assert set(drawn.tolist()) == free


@pytest.mark.parametrize(
    "occupied", [[], [0], [6], [0, 1, 5], [2, 3, 4]], ids=lambda o: str(o)
)
@pytest.mark.parametrize("count", [1, 2])
def test_every_set_of_absent_positions_is_equally_likely(occupied, count):
    rng = np.random.default_rng(count)
    taken = np.array(occupied, dtype=np.int64)
    counts = Counter(
        tuple(sorted(absent_positions(taken, 7, count, rng).tolist()))
        for _ in range(2500)
    )
    free = [place for place in range(7) if place not in occupied]
    assert set(counts) <= set(combinations(free, count))
    assert_uniform(counts, comb(len(free), count))


@given(
    n_in=st.integers(1, 12), n_out=st.integers(1, 12), share=st.floats(0, 1), seed=seeds
)
def test_the_lattice_links_every_neuron_to_its_nearest(n_in, n_out, share, seed):
    links = round(share * n_in * n_out)
    lattice = topology("small_world", beta=0.0)
    source, target = lattice(n_in, n_out, links, np.random.default_rng(seed))
    own, other, neurons, others = target, source, n_out, n_in
    if n_in > n_out:
        own, other, neurons, others = source, target, n_in, n_out
    degree = np.bincount(own, minlength=neurons)
    assert degree.max() - degree.min() <= 1
    for neuron in range(neurons):
        at = Fraction(neuron * others, neurons)
        linked = set(other[own == neuron].tolist())
        near = [around(at, one, others) for one in linked]
        far = [around(at, one, others) for one in set(range(others)) - linked]
        assert max(near, default=0) <= min(far, default=others)


def test_the_lattice_of_a_small_layer():
    lattice = topology("small_world", beta=0.0)
    source, target = lattice(4, 2, 4, np.random.default_rng(0))
    # Sources 1 and 3 are midway between the targets: the next on the ring is theirs.
    assert source.tolist() == [0, 3, 1, 2]
    assert target.tolist() == [0, 0, 1, 1]
    source, target = lattice(6, 6, 18, np.random.default_rng(0))
    assert source[target == 0].tolist() == [0, 1, 5]  # round the end of the ring
    assert source[target == 3].tolist() == [2, 3, 4]


@pytest.mark.parametrize("beta", [0.25, 0.7])
def test_links_leave_the_lattice_with_the_chance_asked_for(beta):
    n, links = 100, 1000
    lattice = topology("small_world", beta=0.0)(n, n, links, np.random.default_rng(0))
    lattice = lattice[1] * n + lattice[0]
    rng = np.random.default_rng(1)
    found = []
    for _ in range(100):
        source, target = topology("small_world", beta=beta)(n, n, links, rng)
        found.append(np.isin(target * n + source, lattice).sum())
    # Of the moved ones some fall on places of the lattice that are free again.
    moved = beta * links
    expected = links - moved + moved**2 / (n * n - links + moved)
    assert abs(np.mean(found) - expected) < 5 * (links * beta * (1 - beta) / 100) ** 0.5


@pytest.mark.parametrize("degrees", ["fixed", "uniform"])
def test_receptive_fields_of_full_width_are_uniform(degrees):
    place = topology("receptive_field", r=1.0, degrees=degrees)
    rng = np.random.default_rng(0)
    counts = {k: Counter() for k in range(6)}
    for _ in range(1500):
        source, target = place(5, 4, 8, rng)
        for neuron in range(4):
            sources = tuple(source[target == neuron].tolist())
            counts[len(sources)][sources] += 1
    for k, one in counts.items():
        if 0 < k < 5 and one:
            assert_uniform(one, comb(5, k))
    found = {k for k, one in counts.items() if one}
    assert found == ({2} if degrees == "fixed" else {0, 2, 4})


def test_degrees_of_the_uniform_small_world_are_hypergeometric():
    n_in, n_out, links = 12, 40, 120
    rng = np.random.default_rng(0)
    place = topology("small_world", beta=1.0)
    counts = Counter()
    for _ in range(2000):
        target = place(n_in, n_out, links, rng)[1]
        counts[min(6, int((target == 0).sum()))] += 1
    law = hypergeom(n_in * n_out, n_in, links)
    assert_law(counts, {k: law.pmf(k) for k in range(6)} | {6: law.sf(5)})


@pytest.mark.parametrize("r", [0.25, 0.6])
def test_sources_are_drawn_in_turn_by_their_distance(r):
    # Target 2 of 3 lies at 10 / 3 of 5 sources, and draws two of them.
    weight = [(1 + around(10 / 3, one, 5)) ** (-(1 - r) / r) for one in range(5)]
    law = Counter()
    for one, two in permutations(range(5), 2):
        first = weight[one] / sum(weight)
        second = weight[two] / (sum(weight) - weight[one])
        law[tuple(sorted((one, two)))] += first * second
    rng = np.random.default_rng(0)
    counts = Counter()
    for _ in range(4000):
        source, target = topology("receptive_field", r=r)(5, 3, 6, rng)
        counts[tuple(source[target == 2].tolist())] += 1
    assert_law(counts, law)


def test_links_reach_further_as_r_grows():
    n_in, n_out, links = 90, 60, 600
    mean = []
    for r in (0.0, 0.25, 0.5, 0.75, 1.0):
        place = topology("receptive_field", r=r)
        source, target = place(n_in, n_out, links, np.random.default_rng(0))
        away = np.abs(source - target * n_in / n_out)
        mean.append(np.minimum(away, n_in - away).mean())
        degree = np.bincount(target, minlength=n_out)
        assert degree.tolist() == [10] * n_out
    assert (np.diff(mean) > 0.5).all()
    assert mean[0] == pytest.approx(2.5, abs=0.01)  # ten in a row
    assert mean[-1] == pytest.approx(n_in / 4, abs=5 * n_in / 4 / (3 * links) ** 0.5)


@pytest.mark.parametrize("r", [0.0, 0.5])
@pytest.mark.parametrize(
    ("n_in", "links", "expected"),
    [(8, 16, [1, 3, 5, 7]), (5, 16, [3, 4, 4, 5]), (8, 1, [0, 0, 0, 1])],
)
def test_uniform_degrees_rise_evenly_and_come_in_any_order(r, n_in, links, expected):
    place = topology("receptive_field", r=r, degrees="uniform")
    rng = np.random.default_rng(0)
    counts = Counter()
    for _ in range(600):
        degree = np.bincount(place(n_in, 4, links, rng)[1], minlength=4)
        counts[tuple(degree.tolist())] += 1
    assert {tuple(sorted(one)) for one in counts} == {tuple(expected)}
    assert_uniform(counts, len(set(permutations(expected))))


@given(seed=seeds, neurons=st.integers(1, 40), share=st.floats(0, 1))
def test_fixed_degrees_differ_by_one_at_most(seed, neurons, share):
    links = round(share * neurons * 9)
    place = topology("receptive_field", degrees="fixed")
    target = place(9, neurons, links, np.random.default_rng(seed))[1]
    degree = np.bincount(target, minlength=neurons)
    assert degree.max() - degree.min() <= 1


def attachments(out):
    """Exact law of all partners when neurons arrive one by one, by enumeration."""
    law = {(): 1.0}
    for neuron, count in enumerate(out):
        grown = Counter()
        for before, chance in law.items():
            degree = Counter(end for link in before for end in link)
            for order in permutations(range(neuron), count):
                p, left = chance, sum(degree.values())
                for one in order:
                    p *= degree[one] / left if left else 1 / (neuron * count)
                    left -= degree[one]
                links = (*before, *((neuron, one) for one in sorted(order)))
                grown[links] += p
        law = {links: p for links, p in grown.items() if p}
    return law


@pytest.mark.parametrize("crowd", [1, 100], ids=["one by one", "ranked"])
@pytest.mark.parametrize("out", [[0, 1, 1, 1, 1], [0, 1, 2, 2, 2]], ids=str)
def test_neurons_attach_in_proportion_to_degree(out, crowd, monkeypatch):
    monkeypatch.setattr(preferential, "_CROWD", crowd * 2 // max(out))
    rng = np.random.default_rng(0)
    counts = Counter()
    for _ in range(4000):
        pairs = preferential._attached(np.array(out), rng).tolist()
        counts[tuple(sorted(map(tuple, pairs)))] += 1
    assert_law(counts, attachments(out))


@given(neurons=st.integers(1, 40), share=st.floats(0, 1), seed=seeds)
def test_arriving_neurons_share_the_links_evenly(neurons, share, seed):
    links = round(share * neurons * (neurons - 1) / 2)
    out = preferential._arriving(neurons, links, np.random.default_rng(seed))
    assert out.sum() == links
    assert (out <= np.arange(neurons)).all()
    free = out[out < np.arange(neurons)]
    assert free.size == 0 or out.max() - free.min() <= 1


def grown_degrees(n_in, n_out, links, seed):
    rng = np.random.default_rng(seed)
    source, target = topology("scale_free")(n_in, n_out, links, rng)
    return np.bincount(source, minlength=n_in), np.bincount(target, minlength=n_out)


def test_scale_free_degrees_are_those_of_barabasi_and_albert():
    n, m, draws = 600, 6, 8
    ours, theirs = [], []
    for seed in range(draws):
        ours += np.concatenate(grown_degrees(n // 2, n // 2, n * m, seed)).tolist()
        graph = nx.barabasi_albert_graph(n, m, seed=seed)
        theirs += [degree for _, degree in graph.degree()]
    ours, theirs = np.array(ours), np.array(theirs)
    for k in (m, m + 2, 2 * m, 3 * m, 5 * m, 8 * m, 12 * m):
        one, two = (ours >= k).mean(), (theirs >= k).mean()
        error = ((one + two) / (draws * n)) ** 0.5
        assert abs(one - two) < 5 * error + 0.03 * two


@pytest.mark.parametrize("links", [1, 2, 5])
def test_a_scale_free_layer_can_have_few_links(links):
    for seed in range(20):  # the first links come where no neuron has any
        rng = np.random.default_rng(seed)
        assert_links(*topology("scale_free")(90, 60, links, rng), 90, 60, links)


def test_scale_free_layers_have_hubs_on_both_sides_and_anywhere():
    place = []
    for seed in range(30):
        for degree in grown_degrees(150, 250, 1600, seed):
            mean = degree.mean()
            # Erdos-Renyi: a variance below the mean, a maximum near 5 s.d. above it.
            assert degree.var() > 4 * mean
            assert degree.max() > mean + 8 * mean**0.5
            place.append(degree.argmax() / degree.size)
    assert abs(np.mean(place) - 0.5) < 5 * (1 / 12 / len(place)) ** 0.5


def test_what_sides_of_unequal_size_lack_goes_to_hubs():
    # Of 900 targets and 300 sources half of the links join two targets or more: the
    # sources' degrees double. In proportion they spread as before; if the links went
    # anywhere, the squared coefficient of variation would fall to about a quarter.
    n, m = 1200, 6
    spread = []
    for seed in range(6):
        degree = grown_degrees(300, 900, n * m, seed)[0]
        spread.append(degree.var() / degree.mean() ** 2)
    grown = [nx.barabasi_albert_graph(n, m, seed=seed).degree() for seed in range(6)]
    grown = [np.array([degree for _, degree in one]) for one in grown]
    expected = np.mean([one.var() / one.mean() ** 2 for one in grown])
    assert 0.6 * expected < np.mean(spread) < 1.4 * expected


def by_brute_force(images, n_in, n_out, links):
    """The most correlated pairs in exact arithmetic: squares of correlations."""
    count, pixels = images.shape
    columns = [[Fraction(int(value)) for value in column] for column in images.T]
    centred = [[value - sum(one) / count for value in one] for one in columns]

    def product(one, two):
        return sum(a * b for a, b in zip(centred[one], centred[two], strict=True))

    scored = []
    for source in range(n_in):
        for target in range(n_out):
            one, two = source % pixels, target % pixels
            both = product(one, two)
            if one != two and both:
                square = both**2 / (product(one, one) * product(two, two))
                scored.append((-square, source, target))
    chosen = [(target, source) for _, source, target in sorted(scored)[:links]]
    return sorted(chosen), len(scored)


@settings(derandomize=True)
@given(
    data=st.data(), n_in=st.integers(1, 9), n_out=st.integers(1, 9),
    pixels=st.integers(1, 5), count=st.integers(1, 5), seed=seeds,
)  # fmt: skip
def test_correlated_pixels_are_linked_ties_by_source(
    data, n_in, n_out, pixels, count, seed
):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 3, size=(count, pixels)).astype(np.float32)
    links = data.draw(st.integers(0, n_in * n_out))
    expected, possible = by_brute_force(images, n_in, n_out, links)
    place = topology("correlated")
    if links > possible:
        words = (
            f"cannot place {links} links .* only {possible} pairs .* at most {possible}"
        )
        with pytest.raises(InputError, match=words):
            place(n_in, n_out, links, rng, images)
        return
    source, target = place(n_in, n_out, links, rng, images)
    assert list(zip(target.tolist(), source.tolist(), strict=True)) == expected


def test_correlations_are_those_of_numpy():
    rng = np.random.default_rng(0)
    images = rng.random((5000, 40), np.float32) @ rng.random((40, 40), np.float32)
    images[:, 7] = np.float32(0.1)  # constant, and no binary fraction
    found = correlations(images)
    images[:, 7] = 0
    with np.errstate(invalid="ignore"):
        expected = np.abs(np.nan_to_num(np.corrcoef(images.T.astype(float))))
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
    assert (found[7] == 0).all()
    assert (found[:, 7] == 0).all()
    assert (found == found.T).all()


def test_training_images_are_left_as_they_were():
    images = np.random.default_rng(0).random((20, 6), np.float32)
    before = images.copy()
    topology("correlated")(6, 6, 9, np.random.default_rng(0), images)
    assert (images == before).all()


integers = st.lists(st.integers(0, 2**40), max_size=20)


@given(parts=st.lists(integers, min_size=1, max_size=4))
def test_a_union_is_that_of_sets(parts):
    found = union(*(np.array(part, np.int64) for part in parts))
    assert found.tolist() == sorted(set().union(*parts))


@pytest.mark.parametrize(
    ("sizes", "pixels", "of"),
    [((4, 4), 7072, "pixels"), ((7072, 7072), 4, "neurons")],
)
def test_correlated_links_refuse_layers_beyond_memory(sizes, pixels, of):
    images = np.zeros((2, pixels), np.float32)
    with pytest.raises(InputError, match=f"every pair of {of}.*here are 50,013,184"):
        topology("correlated")(*sizes, 2, np.random.default_rng(0), images)


def test_correlated_links_need_images():
    with pytest.raises(InputError, match="needs training images and none came; give"):
        topology("correlated")(4, 4, 2, np.random.default_rng(0))
