"""Variance components against made data of known variances, and by hand."""

import numpy as np
import pandas as pd
import pytest

from netrobust.core.errors import InputError
from netrobust.stats.summary import robustness
from netrobust.stats.variance import variance_components


def table(values):
    networks, replicates = values.shape
    return pd.DataFrame(
        {
            "network_seed": np.repeat(np.arange(networks), replicates),
            "replicate": np.tile(np.arange(replicates), networks),
            "robustness": values.ravel(),
        }
    )


def test_known_variances_come_back():
    rng = np.random.default_rng(1)
    values = rng.normal(0, 0.01, (3000, 1)) + rng.normal(0.3, 0.03, (3000, 20))
    row = variance_components(table(values), "robustness").iloc[0]
    assert row.sd_networks == pytest.approx(0.01, rel=0.1)
    assert row.sd_replicates == pytest.approx(0.03, rel=0.02)
    assert row.reliability_of_one == pytest.approx(0.1, abs=0.02)
    assert row.reliability == pytest.approx(
        0.01**2 / (0.01**2 + 0.03**2 / 20), abs=0.03
    )


def test_replicates_that_agree_are_wholly_reliable():
    values = np.repeat([[0.1], [0.2], [0.4]], 5, axis=1)
    row = variance_components(table(values), "robustness").iloc[0]
    assert row.reliability == pytest.approx(1)
    assert row.sd_networks == pytest.approx(np.std([0.1, 0.2, 0.4], ddof=1))


def test_the_interval_of_reliability_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(3)
    networks, orders, spread, noise = 10, 4, 0.02, 0.03
    truth = spread**2 / (spread**2 + noise**2 / orders)
    held = 0
    for _ in range(1000):
        values = rng.normal(0, spread, (networks, 1))
        values = values + rng.normal(0, noise, (networks, orders))
        row = variance_components(table(values), "robustness").iloc[0]
        assert row.reliability_low <= row.reliability <= row.reliability_high
        held += row.reliability_low <= truth <= row.reliability_high
    assert 930 <= held <= 970  # 950 with a standard deviation of 7


def test_nothing_that_varies_has_no_reliability():
    row = variance_components(table(np.ones((3, 2))), "robustness").iloc[0]
    assert row.filter(like="reliability").isna().all()


def test_a_negative_estimate_is_no_variance_of_networks():
    values = np.array([[0.0, 1.0], [1.0, 0.1], [0.0, 1.0]])
    row = variance_components(table(values), "robustness").iloc[0]
    assert (row.sd_networks, row.reliability) == (0, 0)


def test_areas_of_single_orders_average_to_the_area_of_their_mean_curve():
    rng = np.random.default_rng(0)
    rows = [
        {"network_seed": n, "replicate": r, "fraction": f, "accuracy": a}
        for n in range(3)
        for r in range(4)
        for f, a in zip((0, 0.5, 1), (0.9, rng.uniform(0.2, 0.8), 0.1), strict=True)
    ]
    made = pd.DataFrame(rows)
    single = robustness(made, each=True)
    assert len(single) == 12
    joined = single.groupby("network_seed")["robustness"].mean().to_numpy()
    np.testing.assert_allclose(joined, robustness(made)["robustness"])
    assert variance_components(single, "robustness")["replicates"].item() == 4


@pytest.mark.parametrize("shape", [(1, 4), (3, 1)])
def test_too_few_of_either_are_refused(shape):
    with pytest.raises(InputError, match="two networks at least"):
        variance_components(table(np.zeros(shape)), "robustness")


def test_unequal_numbers_of_replicates_are_refused():
    made = table(np.zeros((2, 3)))[:-1]
    with pytest.raises(InputError, match="with 2, 3 replicates"):
        variance_components(made, "robustness")
