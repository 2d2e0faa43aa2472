"""Power against published numbers and against simulated tests."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from netrobust.core.errors import InputError
from netrobust.stats.power import networks_needed, power


@pytest.mark.parametrize(
    # G*Power 3.1, matched pairs, two-sided; Cohen (1988), table 2.3.5
    ("networks", "effect", "expected"),
    [(10, 0.5, 0.2932), (20, 0.5, 0.5645), (34, 0.5, 0.8078), (10, 1.0, 0.8031)],
)
def test_power_is_that_of_the_tables(networks, effect, expected):
    assert power(networks, effect) == pytest.approx(expected, abs=5e-5)


def test_power_without_an_effect_is_the_level():
    assert power(12, 0.0, level=0.01) == pytest.approx(0.01)


def test_power_is_how_often_a_test_finds_the_effect():
    rng = np.random.default_rng(0)
    found = ttest_1samp(rng.normal(0.7, 1, (4000, 12)), 0, axis=1).pvalue < 0.05
    error = np.sqrt(found.var() / len(found))
    assert abs(found.mean() - power(12, 0.7)) < 4 * error


def test_the_fewest_networks_have_the_power_and_one_less_has_not():
    for effect in (0.3, 0.5, 0.8, 1.5):
        needed = networks_needed(effect)
        assert power(needed, effect) >= 0.8 > power(needed - 1, effect)


def test_effects_too_small_to_be_found_are_refused():
    with pytest.raises(InputError, match="more than 100000 pairs"):
        networks_needed(0.001)
    with pytest.raises(InputError, match="networks must be an integer, 2 or larger"):
        power(1)
