"""Exact predictions against counting, moments and drawn graphs."""

from collections import Counter
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from specimens import random_stack

from netrobust.core.errors import InputError
from netrobust.graphs.measure import (
    degrees,
    in_degree_dispersion,
    out_degree_dispersion,
)
from netrobust.graphs.theory import erdos_renyi_degrees, itop_rate, link_survival


@st.composite
def shapes(draw, largest=40):
    own, other = draw(st.integers(1, largest)), draw(st.integers(1, largest))
    return own, other, draw(st.integers(0, own * other))


def _variance(own, links, places):
    """SCIENCE: (M/n) (1 - 1/n) (N - M)/(N - 1)."""
    if places == 1:
        return 0.0
    return links / own * (1 - 1 / own) * (places - links) / (places - 1)


@given(shape=shapes())
def test_probabilities_with_exact_mean_and_variance(shape):
    own, other, links = shape
    p = erdos_renyi_degrees(own, other, links)
    k = np.arange(other + 1)
    assert p.shape == k.shape
    assert (p >= 0).all()
    assert p.sum() == pytest.approx(1, abs=1e-9)
    mean = (k * p).sum()
    assert mean == pytest.approx(links / own, rel=1e-8, abs=1e-8)
    expected = _variance(own, links, own * other)
    assert ((k - mean) ** 2 * p).sum() == pytest.approx(expected, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(("own", "other"), [(1, 3), (2, 3), (3, 2), (4, 2)])
def test_counting_all_layers_gives_the_same(own, other):
    for links in range(own * other + 1):
        count = np.zeros(other + 1)
        for places in combinations(range(own * other), links):
            degree = sum(place // other == 0 for place in places)
            count[degree] += 1
        expected = count / count.sum()
        np.testing.assert_allclose(
            erdos_renyi_degrees(own, other, links), expected, atol=1e-12
        )


def test_a_layer_of_a_million_places():
    p = erdos_renyi_degrees(1000, 1000, 10_000)
    k = np.arange(1001)
    assert p.sum() == pytest.approx(1, abs=1e-9)
    assert (k * p).sum() == pytest.approx(10)


def test_dispersion_is_the_variance_over_that_of_the_theory():
    layer = random_stack([30, 20], [150], seed=3)
    out_degree, in_degree = degrees(layer)
    for degree, other, value in (
        (in_degree, 30, in_degree_dispersion(layer)),
        (out_degree, 20, out_degree_dispersion(layer)),
    ):
        p = erdos_renyi_degrees(len(degree), other, 150)
        k = np.arange(other + 1)
        variance = (k**2 * p).sum() - (k * p).sum() ** 2
        assert value == pytest.approx(degree.var() / variance)


# Rewiring at random


def lowest(links):
    return [(frozenset([min(links)]), Fraction(1))]


def any_one(links):
    return [(frozenset([link]), Fraction(1, len(links))) for link in links]


def exact_history(drop, updates):
    """Mean shares of places tried and of first links there, by following all cases.

    A layer of five places and two links, of which every update drops one.
    """
    places, links = range(5), 2
    starts = [frozenset(start) for start in combinations(places, links)]
    cases = {(start, start, start): Fraction(1, len(starts)) for start in starts}
    tried, there = [], []
    for _ in range(updates + 1):
        tried.append(sum(p * len(ever) for (_, ever, _), p in cases.items()) / 5)
        there.append(
            sum(p * len(first & now) for (first, _, now), p in cases.items()) / links
        )
        after = Counter()
        for (first, ever, now), p in cases.items():
            for gone, chance in drop(now):
                free = [place for place in places if place not in now - gone]
                for place in free:
                    new = now - gone | {place}
                    after[first, ever | new, new] += p * chance / len(free)
        cases = after
    return [float(share) for share in tried], [float(share) for share in there]


@pytest.mark.parametrize("drop", [any_one, lowest])
def test_places_tried_by_following_all_cases(drop):
    tried, _ = exact_history(drop, updates=5)
    assert itop_rate(2 / 5, 1 / 2, np.arange(6)) == pytest.approx(tried, rel=1e-12)


def test_survival_by_following_all_cases():
    _, there = exact_history(any_one, updates=5)
    found = link_survival(2 / 5, 1 / 2, np.arange(6))
    assert found == pytest.approx(there, rel=1e-12)
    # It is a law of random removal: any choice among the links breaks it.
    _, there = exact_history(lowest, updates=5)
    assert abs(found[2:] - there[2:]).min() > 0.01


def test_a_hundred_updates_of_a_sparse_layer():
    assert itop_rate(0.01, 0.3, 100) == pytest.approx(0.268, abs=5e-4)
    # After many updates nothing is left of the start but chance.
    assert link_survival(0.01, 0.3, 100) == pytest.approx(0.01, abs=1e-12)


shares = st.floats(0, 1)


@given(density=shares, zeta=shares)
def test_laws_begin_at_their_ends_and_are_monotonic(density, zeta):
    updates = np.arange(50)
    tried = itop_rate(density, zeta, updates)
    there = link_survival(density, zeta, updates)
    assert tried[0] == pytest.approx(density)
    assert there[0] == pytest.approx(1)
    assert (np.diff(tried) >= -1e-15).all()
    assert (np.diff(there) <= 1e-15).all()
    for law in (tried, there):
        assert (law >= density - 1e-12).all()
        assert (law <= 1 + 1e-12).all()
    # The drop leaves 1 - d + zeta d of the places free, and 1 - d of them stay empty.
    empty = 1 - density
    free = max(empty + zeta * density, 1e-300)
    assert 1 - tried[1] == pytest.approx(empty**2 / free, abs=1e-12)
    assert there[1] == pytest.approx(1 - zeta * empty / free, abs=1e-12)


@pytest.mark.parametrize("law", [itop_rate, link_survival])
def test_a_number_for_a_number_and_an_array_for_an_array(law):
    assert type(law(0.1, 0.3, 4)) is type(law(0.1, 0.3, np.int64(4))) is float
    grid = law(0.1, 0.3, np.array([[0, 1], [2, 4]]))
    assert grid.shape == (2, 2)
    assert grid.dtype == np.float64
    assert grid[1, 1] == law(0.1, 0.3, 4)


@pytest.mark.parametrize("law", [itop_rate, link_survival])
def test_layers_without_links_or_free_places(law):
    assert itop_rate(0, 0.3, 5) == 0
    for zeta in (0, 0.3, 1):
        assert law(1, zeta, 5) == 1
    assert law(0.2, 0, 5) == pytest.approx(0.2 if law is itop_rate else 1)


@pytest.mark.parametrize("law", [itop_rate, link_survival])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((1.1, 0.3, 5), r"density must be a number in \[0, 1\]; got 1.1"),
        ((-0.1, 0.3, 5), "density must be .*got -0.1"),
        ((float("nan"), 0.3, 5), "density must be .*got nan"),
        ((True, 0.3, 5), "density must be .*got True"),
        ((0.1, 2, 5), r"zeta must be a number in \[0, 1\]; got 2"),
        ((0.1, "0.3", 5), "zeta must be .*got '0.3'"),
        ((0.1, 0.3, -1), "updates must be integers, 0 or larger; got -1"),
        ((0.1, 0.3, 1.5), "updates must be .*got 1.5"),
        ((0.1, 0.3, True), "updates must be .*got True"),
        ((0.1, 0.3, np.array([1, -2])), "updates must be .*got array"),
        ((0.1, 0.3, np.array([1.0])), "updates must be .*got array"),
    ],
)
def test_numbers_out_of_range_are_refused(law, given, message):
    with pytest.raises(InputError, match=message):
        law(*given)
