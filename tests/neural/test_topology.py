"""Where links start: exact counts, and every set of places equally likely."""

from collections import Counter
from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import seeds
from scipy.stats import chi2

from netrobust.neural.topology import TOPOLOGIES, absent_positions, erdos_renyi


def assert_uniform(counts, possible):
    """Chi-square at the 99.9% level: one fixed seed, so it fails by defect only."""
    expected = sum(counts.values()) / possible
    missing = possible - len(counts)
    assert missing >= 0
    statistic = sum((n - expected) ** 2 for n in counts.values()) / expected
    statistic += missing * expected
    assert statistic < chi2.ppf(0.999, possible - 1)


@pytest.mark.parametrize("name", TOPOLOGIES)
@given(data=st.data(), seed=seeds)
def test_every_topology_gives_exactly_the_links_asked_for(name, data, seed):
    n_in, n_out = data.draw(st.integers(1, 30)), data.draw(st.integers(1, 30))
    links = data.draw(st.integers(0, n_in * n_out))
    place = TOPOLOGIES[name]
    source, target = place(n_in, n_out, links, np.random.default_rng(seed))
    assert source.dtype == target.dtype == np.int64
    assert source.shape == target.shape == (links,)
    assert ((source >= 0) & (source < n_in)).all()
    assert ((target >= 0) & (target < n_out)).all()
    assert (np.diff(target * n_in + source) > 0).all()  # canonical, no pair twice
    again = place(n_in, n_out, links, np.random.default_rng(seed))
    assert (again[0] == source).all()
    assert (again[1] == target).all()


def test_all_places_can_be_taken():
    source, target = erdos_renyi(3, 2, 6, np.random.default_rng(0))
    assert source.tolist() == [0, 1, 2] * 2
    assert target.tolist() == [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("links", [1, 2, 3, 5])
def test_every_set_of_places_is_equally_likely(links):
    rng = np.random.default_rng(links)
    counts = Counter()
    for _ in range(3000):
        source, target = erdos_renyi(3, 2, links, rng)
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
