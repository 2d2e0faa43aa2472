"""Heavy tails against published fits, known distributions and slow sums."""

import random
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import zeta

from netrobust.core.errors import InputError
from netrobust.graphs.measure.tail import EXPONENTS, Tail, _log_norm, tail


def seeded(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def published(name: str) -> np.ndarray:
    """Data that Clauset, Shalizi and Newman (2009) fit; powerlaw carries them."""
    folder = Path(find_spec("powerlaw").origin).parent / "reference_data"
    return np.loadtxt(folder / f"{name}.txt")


def test_discrete_tail_of_the_published_attacks():
    # Their tables 6.1 to 6.3: deaths in terrorist attacks.
    deaths = published("terrorism").astype(int)
    found = tail(deaths, seeded(), samples=1)
    assert (round(found.alpha, 1), found.xmin, found.size) == (2.4, 12, 547)
    assert found.lognormal_p == pytest.approx(0.78, abs=0.005)
    assert found.truncated == pytest.approx(-0.077, abs=0.0005)
    assert found.truncated_p == pytest.approx(0.70, abs=0.01)
    assert found.exponential_p == pytest.approx(0.01, abs=0.005)


def test_continuous_tail_of_the_published_blackouts():
    # Customers hit by blackouts; their p is 0.62 from 2,500 samples.
    found = tail(published("blackouts"), seeded(), samples=400)
    assert (round(found.alpha, 1), found.xmin, found.size) == (2.3, 230_000, 59)
    assert abs(found.p - 0.62) < 4 * np.sqrt(0.62 * 0.38 * (1 / 400 + 1 / 2500))
    assert found.lognormal_p == pytest.approx(0.68, abs=0.005)
    assert found.truncated == pytest.approx(-0.382, abs=0.0005)
    assert found.truncated_p == pytest.approx(0.38, abs=0.005)


@pytest.mark.parametrize("alpha", [2.2, 3.4])
def test_a_power_law_is_found_where_there_is_one(alpha):
    drawn = seeded(1).zipf(alpha, 3000)
    found = tail(drawn, seeded(), xmin=1, samples=20)
    # The standard error of Clauset et al., their equation 3.6, from zeta by sums.
    k = np.arange(1, 10**6)
    chance = k**-alpha / (k**-alpha).sum()
    logs = np.log(k)
    error = 1 / np.sqrt(3000 * ((chance @ logs**2) - (chance @ logs) ** 2))
    assert abs(found.alpha - alpha) < 4 * error
    assert not found.at_edge
    assert found.p > 0.05
    assert found.exponential > 0
    assert found.exponential_p < 0.01


def test_other_distributions_are_preferred_where_they_hold():
    rng = seeded(2)
    lognormal = tail(np.exp(rng.normal(0, 0.7, 2000)), rng, xmin=0.5, samples=20)
    assert lognormal.p == 0
    assert lognormal.lognormal < 0
    assert lognormal.lognormal_p < 1e-6
    geometric = tail(rng.geometric(0.1, 2000), rng, xmin=1, samples=1)
    assert geometric.exponential < 0
    assert geometric.exponential_p < 1e-6
    assert geometric.truncated <= geometric.exponential + 1e-6  # which it includes


@pytest.mark.parametrize("xmin", [3, 4])
def test_the_ratio_to_an_exponential_in_closed_form(xmin):
    drawn = seeded(7).zipf(2.5, 3000)
    drawn = drawn[drawn != 3]  # a tail may begin where nobody is
    found = tail(drawn, seeded(), xmin=xmin, samples=1)
    x = drawn[drawn >= xmin]
    assert found.size == x.size
    law = -found.alpha * np.log(x) - np.log(zeta(found.alpha, xmin))
    rate = np.log1p(1 / (x.mean() - xmin))
    exponential = np.log1p(-np.exp(-rate)) - rate * (x - xmin)
    assert found.exponential == pytest.approx((law - exponential).sum(), abs=1e-3)


def test_a_cut_off_cannot_make_a_power_law_worse():
    outliers = np.append(seeded(6).zipf(3, 500), [10**6] * 3)
    found = tail(outliers, seeded(), xmin=1, samples=1)
    assert (found.truncated, found.truncated_p) == (0, 1)


def test_an_exponent_out_of_range_is_none():
    binomial = tail(seeded(3).binomial(784, 0.01, 2000), seeded(), xmin=17, least=5)
    assert binomial.at_edge
    assert np.isnan(binomial[0])
    assert np.isnan([binomial.p, *binomial[5:]]).all()
    assert binomial.xmin == 17
    assert binomial.size >= 5


@pytest.mark.parametrize(
    "values", [[], [0, 0, 0], [7] * 200, [0.5] * 200, list(range(1, 30))]
)
def test_too_few_values_or_one_value_have_no_tail(values):
    assert str(tail(values, seeded())) == str(Tail())


def test_a_short_tail_is_not_judged():
    drawn = seeded(4).zipf(2.5, 400)
    xmin = int(np.sort(drawn)[-20])
    found = tail(drawn, seeded(), xmin=xmin)
    assert found.xmin == xmin
    assert found.size == (drawn >= xmin).sum() < 50
    assert np.isnan([found.alpha, found.p, *found[5:]]).all()
    constant = tail([1] * 100 + [9] * 60, seeded(), xmin=2)
    assert (constant.xmin, constant.size) == (2, 60)
    assert np.isnan(constant.alpha)


@given(
    values=st.lists(st.integers(0, 30), max_size=60)
    | st.lists(st.floats(0, 2.0**127, width=32), max_size=60),
    seed=st.integers(0, 3),
)
def test_any_sample_has_a_tail_or_none_and_the_same_again(values, seed):
    array = np.array(values)
    before, state = array.copy(), random.getstate()
    found = tail(array, seeded(seed), samples=5, least=5)
    assert random.getstate() == state
    assert np.array_equal(array, before)
    assert not np.isinf(found).any()
    assert np.isnan(found.alpha) or EXPONENTS[0] < found.alpha < EXPONENTS[1]
    assert not found.at_edge or np.isnan(found.alpha)
    assert np.isnan(found.truncated) or found.truncated <= 0
    mixed = np.random.default_rng(seed).permutation(array)
    again = tail(mixed, seeded(seed), samples=5, least=5)
    assert np.array_equal(found, again, equal_nan=True)


@pytest.mark.parametrize("scale", [1e-20, 1e20])
def test_the_unit_of_strengths_plays_no_part(scale):
    drawn = seeded(5).pareto(1.5, 500) + 1
    one, other = (tail(drawn * unit, seeded(), samples=20) for unit in (1, scale))
    assert other.xmin == pytest.approx(one.xmin * scale)
    # igraph's and powerlaw's searches end within 1e-4.
    assert other._replace(xmin=one.xmin) == pytest.approx(one, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize(
    ("alpha", "rate", "xmin"),
    [(2.5, 0.01, 1), (0.3, 0.05, 7), (0, 2, 300), (1.5, 0.3, 12), (1, 1e-4, 3)],
)
def test_the_norm_of_a_cut_off_law_is_that_of_long_sums(alpha, rate, xmin):
    k = np.arange(xmin, xmin + 10**6, dtype=float)
    expected = np.log((k**-alpha * np.exp(-rate * (k - xmin))).sum())
    assert _log_norm(alpha, rate, xmin, True) == pytest.approx(expected, rel=1e-10)
    # Midpoints of a fine grid in the logarithm.
    edge = np.geomspace(xmin, xmin + 800 / rate, 400_001)
    x, step = np.sqrt(edge[1:] * edge[:-1]), np.diff(edge)
    expected = np.log((x**-alpha * np.exp(-rate * (x - xmin)) * step).sum())
    assert _log_norm(alpha, rate, xmin, False) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([[1, 2]], {}, "one row of numbers"),
        (["a"], {}, "one row of numbers"),
        ([1, -2], {}, "finite numbers from 0 on; give degrees or absolute_strengths"),
        ([1, np.inf], {}, "finite numbers from 0 on"),
        ([1, 2], {"xmin": 0}, "xmin must be above 0; got 0"),
        ([1, 2], {"xmin": 1.5}, "xmin must be whole where all values are; got 1.5"),
        ([1, 2], {"samples": 0}, "samples must be an integer, 1 or larger; got 0"),
        ([1, 2], {"samples": 10**7}, "integer from 1 to 1000000; got 10000000"),
        ([1, 2], {"least": 1}, "least must be an integer, 2 or larger; got 1"),
    ],
)
def test_what_has_no_tail_is_refused(values, options, message):
    with pytest.raises(InputError, match=message):
        tail(values, seeded(), **options)
