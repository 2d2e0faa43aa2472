"""How many links each layer has: equal totals, and the rule by hand."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netrobust.core.errors import InputError
from netrobust.neural.density import (
    DENSITIES,
    erk,
    in_degree,
    link_counts,
    sparsity_at,
    uniform,
)

sizes = st.lists(st.integers(1, 2000), min_size=2, max_size=6)
densities = st.floats(0, 1)


def places(sizes):
    return [n_in * n_out for n_in, n_out in pairwise(sizes)]


def total(found, sizes):
    return sum(one * n for one, n in zip(found, places(sizes), strict=True))


@pytest.mark.parametrize("name", DENSITIES)
@given(sizes=sizes, density=densities)
def test_every_rule_gives_the_same_number_of_links(name, sizes, density):
    found = DENSITIES[name](sizes, density)
    assert len(found) == len(sizes) - 1
    assert all(type(one) is float and 0 <= one <= 1 for one in found)
    links = density * sum(places(sizes))
    assert total(found, sizes) == pytest.approx(links, rel=1e-9, abs=1e-9)
    counts = link_counts(found, sizes)
    assert all(0 <= n <= most for n, most in zip(counts, places(sizes), strict=True))
    assert abs(sum(counts) - links) <= len(counts) / 2 + 1e-6


def by_bisection(sizes, density):
    """Raise eps until the layers, none denser than 1, have the links."""
    shapes = [(n_in + n_out) / (n_in * n_out) for n_in, n_out in pairwise(sizes)]
    low, high = 0.0, 1 / min(shapes)
    for _ in range(200):
        eps = (low + high) / 2
        found = [min(1.0, eps * one) for one in shapes]
        enough = total(found, sizes) >= density * sum(places(sizes))
        low, high = (low, eps) if enough else (eps, high)
    return found


@given(sizes=sizes, density=densities)
def test_erk_is_the_rule_with_one_eps_and_complete_layers(sizes, density):
    expected = by_bisection(sizes, density)
    assert erk(sizes, density) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_equal_in_degrees():
    sizes = (784, 250, 4000, 100)
    sparsity = sparsity_at(10, sizes)
    found = in_degree(sizes, 1 - sparsity)
    counts = link_counts(found, sizes)
    assert counts == [2500, 40_000, 1000]
    # Only 250 neurons lie before the second layer, so the others have the rest.
    full = in_degree((784, 2, 100, 100), 0.3)
    assert full[1] == 1
    assert full[0] * 784 == pytest.approx(full[2] * 100)


def test_erk_by_hand():
    # 784 x 300, 300 x 100 and 100 x 10 at 10%: 26,620 links, 1594 neurons of sides,
    # eps = 16.7; the last layer would hold 1837 of 1000 links and is complete.
    # The others share 25,620 among 1484: eps = 17.264.
    eps = 25620 / 1484
    expected = [eps * 1084 / 235200, eps * 400 / 30000, 1.0]
    assert erk((784, 300, 100, 10), 0.1) == pytest.approx(expected, rel=1e-12)


def test_one_complete_layer_can_fill_the_next():
    # 1045 links: at first eps = 1045 / 161 = 6.49, and only the last layer is above 1;
    # with the 10 links it takes, eps = 1035 / 150 = 6.9 fills the one before, of
    # density 0.15 eps.
    found = erk((100, 20, 10, 1), 1045 / 2210)
    assert found == pytest.approx([(1045 - 210) / 2000, 1, 1], rel=1e-12)


def test_counts_of_the_usual_networks():
    for sizes, counts in (
        ((784, 1000, 1000, 1000), [7840, 10000, 10000]),
        ((784, 784, 784, 784), [6147, 6147, 6147]),
        ((784, 1568, 1568, 1568), [12293, 24586, 24586]),
    ):
        assert link_counts(uniform(sizes, 0.01), sizes) == counts
        assert link_counts(uniform(sizes, 1 - 0.99), sizes) == counts


def test_layers_of_one_shape_are_alike_under_erk():
    assert erk((50, 50, 50), 0.2) == pytest.approx([0.2, 0.2], rel=1e-12)


@pytest.mark.parametrize("name", DENSITIES)
@pytest.mark.parametrize("density", [-0.1, 1.5, float("nan"), "many"])
def test_a_density_is_a_share(name, density):
    with pytest.raises(InputError, match=r"density must be a number in \[0, 1\]"):
        DENSITIES[name]((4, 3, 2), density)


def test_rounding_makes_no_layer_denser_than_complete():
    for n_in in range(1, 30):
        for n_out in range(1, 30):
            assert erk((n_in, n_out), 1.0)[0] == pytest.approx(1, rel=1e-12)
            assert erk((n_in, n_out), 1)[0] <= 1


def test_there_is_one_density_per_layer():
    with pytest.raises(ValueError, match="zip"):
        link_counts([0.1], (4, 3, 2))


@pytest.mark.parametrize("rule", DENSITIES)
@pytest.mark.parametrize("degree", [0.5, 3, 10])
def test_the_mean_in_degree_that_is_asked_is_the_one_there(rule, degree):
    sizes = (300, 500, 200, 100)
    density = 1 - sparsity_at(degree, sizes)
    links = sum(link_counts(DENSITIES[rule](sizes, density), sizes))
    assert links / sum(sizes[1:]) == pytest.approx(degree, abs=3 / sum(sizes[1:]))


@pytest.mark.parametrize("degree", [-1, 4.1, float("nan"), "many"])
def test_a_mean_in_degree_beyond_complete_layers_is_refused(degree):
    with pytest.raises(InputError, match=r"mean_in_degree must be a number in \[0, 4"):
        sparsity_at(degree, (4, 4, 4, 4))
