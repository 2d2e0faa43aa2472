"""The exact degree distribution against counting, moments and drawn graphs."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from specimens import random_stack

from netrobust.graphs.measure import (
    degrees,
    in_degree_dispersion,
    out_degree_dispersion,
)
from netrobust.graphs.theory import erdos_renyi_degrees


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
