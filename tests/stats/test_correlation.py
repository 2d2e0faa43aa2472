import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats as reference

from netrobust.core.errors import InputError
from netrobust.stats.correlation import correlated, rank_correlation


def networks(x, y, **columns):
    """One row per network."""
    return pd.DataFrame(
        {"network_seed": range(len(x)), "reach": x, "robustness": y} | columns
    )


def only(table):
    """The single row of a table."""
    assert len(table) == 1
    return table.iloc[0]


def methods(count, size, slope, step, seed=0):
    """Methods that rise in both numbers by `step`; inside, y goes with x by `slope`."""
    rng = np.random.default_rng(seed)
    x, noise = rng.normal(size=(2, count, size))
    ranks = np.arange(count)[:, None]
    y = slope * x + noise
    return networks(
        (x + step * ranks).ravel(),
        (y + step * ranks).ravel(),
        network_seed=np.tile(range(size), count),
        sparsifier=np.repeat(list("abcdefgh")[:count], size),
    )


@pytest.mark.parametrize("count", [3, 6, 12, 40])
def test_the_correlations_are_those_of_scipy_ties_included(count):
    rng = np.random.default_rng(count)
    for decimals in (0, 8):
        x, y = np.round(rng.normal(size=(2, count)), decimals)
        x[0], y[-1] = 9, 9  # neither is constant
        row = only(rank_correlation(networks(x, y), "reach", draws=100))
        assert row["spearman"] == pytest.approx(reference.spearmanr(x, y).statistic)
        assert row["kendall"] == pytest.approx(reference.kendalltau(x, y).statistic)
        assert row["networks"] == count


def test_the_exact_p_is_that_of_scipy():
    rng = np.random.default_rng(0)
    for x, y in rng.normal(size=(3, 2, 6)):
        row = only(rank_correlation(networks(x, y), "reach"))
        known = reference.permutation_test(
            (y,),
            lambda one, x=x: reference.spearmanr(x, one).statistic,
            permutation_type="pairings",
            n_resamples=np.inf,
        )
        # Of the two sides scipy doubles the smaller; the distribution is symmetric.
        assert row["p"] == pytest.approx(min(1, known.pvalue))
        assert row["test"] == "exact"
        assert row["p_min"] == pytest.approx(2 / 720)


def test_three_networks_by_hand():
    row = only(rank_correlation(networks([1, 2, 3], [0.1, 0.2, 0.7]), "reach"))
    assert (row["spearman"], row["kendall"]) == pytest.approx((1, 1))
    assert row["p"] == row["p_min"] == pytest.approx(2 / 6)
    assert np.isnan([row["low"], row["high"]]).all()
    assert row["interval"] == "none"
    # With a tie in y there are three orders: rho = 0.87, 0 and -0.87.
    tied = only(rank_correlation(networks([1, 2, 3], [0.1, 0.1, 0.7]), "reach"))
    assert tied["p"] == tied["p_min"] == pytest.approx(2 / 3)


def test_more_orders_than_draws_are_drawn():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=(2, 7))
    table = networks(x, y + 0.5 * x)
    exact = only(rank_correlation(table, "reach", draws=5040))
    drawn = only(rank_correlation(table, "reach", draws=5039))
    assert (exact["test"], drawn["test"]) == ("exact", "5039 draws")
    error = 4 * np.sqrt(exact["p"] * (1 - exact["p"]) / 5039) + 1 / 5039
    assert drawn["p"] == pytest.approx(exact["p"], abs=error)
    assert drawn["p_min"] == 1 / 5040
    perfect = only(rank_correlation(networks(x, 3 * x), "reach", draws=500))
    assert perfect["p"] == 1 / 501


def test_p_is_uniform_where_nothing_goes_together():
    samples = np.random.default_rng(0).normal(size=(600, 2, 9))
    p = np.array([correlated(pair, [9], 0.95, 199, 0)["p"] for pair in samples])
    for share in (0.05, 0.2, 0.5, 0.8):
        error = 4 * np.sqrt(share * (1 - share) / 600)
        # Equal correlations of several orders can only lower the share.
        assert share - error - 0.02 <= (p <= share).mean() <= share + error


def test_differences_of_methods_are_not_a_correlation_within():
    # Inside each method the two go against each other; over methods together.
    table = methods(4, 10, slope=-2, step=10)
    pooled = only(rank_correlation(table, "reach"))
    within = only(rank_correlation(table, "reach", within="sparsifier"))
    assert pooled["spearman"] > 0.8
    assert within["spearman"] < -0.7
    assert within["high"] < -0.5
    assert (pooled["within"], within["within"]) == ("", "sparsifier")
    # What centring leaves does not know how far the methods are apart.
    nearer = only(
        rank_correlation(methods(4, 10, slope=-2, step=0), "reach", within="sparsifier")
    )
    numbers = ["spearman", "low", "high", "kendall", "p"]
    np.testing.assert_allclose(
        within[numbers].astype(float), nearer[numbers].astype(float)
    )


def test_p_within_methods_is_uniform_though_methods_differ():
    samples = np.random.default_rng(0).normal(size=(400, 2, 15))
    samples += 10 * np.repeat([0, 1, 2], 5)
    p = np.array([correlated(pair, [5] * 3, 0.95, 199, 0)["p"] for pair in samples])
    for share in (0.05, 0.2, 0.5):
        error = 4 * np.sqrt(share * (1 - share) / 400)
        assert share - error - 0.01 <= (p <= share).mean() <= share + error
    # Over methods together the difference of methods alone is found every time.
    pooled = [correlated(pair, [15], 0.95, 199, 0)["p"] for pair in samples[:50]]
    assert max(pooled) < 0.05


def test_the_exact_p_within_methods_counts_the_orders_inside_them():
    # Two methods of three networks: 36 orders, and ranks after centring by hand.
    table = networks(
        [1, 2, 4, 11, 12, 14],
        [0.1, 0.3, 0.4, 0.9, 0.7, 0.8],
        network_seed=[0, 1, 2] * 2,
        sparsifier=list("aaabbb"),
    )
    row = only(rank_correlation(table, "reach", within="sparsifier"))
    x = np.array([1, 2, 4, 1, 2, 4])
    y = np.array([0, 2, 3, 2, 0, 1]) - np.repeat([5 / 3, 1], 3)
    orders = [
        [*a, *(3 + i for i in b)]
        for a in itertools.permutations(range(3))
        for b in itertools.permutations(range(3))
    ]
    found = np.array([reference.spearmanr(x, y[one]).statistic for one in orders])
    rho = reference.spearmanr(x, y).statistic
    assert row["spearman"] == pytest.approx(rho)
    assert row["p"] == pytest.approx((abs(found) >= abs(rho) - 1e-9).mean())
    assert row["p_min"] == pytest.approx((abs(found) >= abs(found).max() - 1e-9).mean())
    assert row["test"] == "exact"


@pytest.mark.parametrize("sizes", [[5], [3, 3]])
def test_the_interval_meets_the_exact_resampling_distribution(sizes):
    # All 3125 samples of five networks, or 729 of two methods of three: each method
    # is drawn from itself and centred anew. Samples without ranks do not count.
    x = np.array([1.0, 2, 4, 7, 11, 16])[: sum(sizes)]
    y = np.array([0.2, 0.1, 0.5, 0.3, 0.45, 0.32])[: sum(sizes)]
    blocks = np.split(np.arange(len(x)), np.cumsum(sizes)[:-1])
    samples = np.array(
        [
            np.concatenate(parts)
            for parts in itertools.product(
                *(itertools.product(block, repeat=len(block)) for block in blocks)
            )
        ]
    )
    ranks = []
    for one in (x[samples], y[samples]):
        centred = [one[:, b] - one[:, b].mean(axis=1, keepdims=True) for b in blocks]
        rounded = np.round(np.concatenate(centred, axis=1), 9)
        ranks.append(reference.rankdata(rounded, axis=1) - (len(x) + 1) / 2)
    lengths = [np.sqrt((one**2).sum(axis=1)) for one in ranks]
    told = (lengths[0] > 0) & (lengths[1] > 0)
    exact = (ranks[0] * ranks[1]).sum(axis=1)[told] / (lengths[0] * lengths[1])[told]
    free = len(x) - len(sizes)
    for level in (0.5, 0.8):
        row = correlated(np.array([x, y]), sizes, level, 50_000, 0)
        student = reference.t.ppf((1 - level) / 2, df=free)
        tail = reference.norm.cdf(np.sqrt(len(x) / free) * student)
        error = 5 * np.sqrt(tail * (1 - tail) / 50_000)
        assert (exact < row["low"] - 1e-9).mean() <= tail + error
        assert (exact <= row["low"] + 1e-9).mean() >= tail - error
        assert (exact > row["high"] + 1e-9).mean() <= tail + error
        assert (exact >= row["high"] - 1e-9).mean() >= tail - error
        assert row["interval"] == f"bootstrap {100 * level:g}%"


def test_the_interval_covers_the_correlation_of_normal_numbers():
    x, noise = np.random.default_rng(0).normal(size=(2, 400, 12))
    y = 0.5 * x + np.sqrt(0.75) * noise
    rows = [
        correlated(np.array(pair), [12], 0.95, 400, 0)
        for pair in zip(x, y, strict=True)
    ]
    true = 6 / np.pi * np.arcsin(0.25)
    covered = np.mean([row["low"] <= true <= row["high"] for row in rows])
    assert 0.95 - 4 * np.sqrt(0.95 * 0.05 / 400) <= covered < 1


def test_predictors_are_a_family_and_each_has_a_row():
    rng = np.random.default_rng(0)
    y = rng.normal(size=6)
    table = networks(y**3, y, kcore=-y, density=rng.normal(size=6))
    result = rank_correlation(table, ["reach", "kcore", "density"])
    assert result["predictor"].tolist() == ["reach", "kcore", "density"]
    assert result["spearman"].tolist()[:2] == pytest.approx([1, -1])
    assert (result["tests"] == 3).all()
    assert result["p_holm"].tolist()[:2] == pytest.approx([6 / 720] * 2)
    assert result["p_min_holm"].tolist() == pytest.approx([6 / 720] * 3)
    # Alone, a predictor has the same numbers, but for the correction.
    alone = only(rank_correlation(table, "density"))
    same = ["spearman", "low", "high", "kendall", "p"]
    assert (alone[same] == result.iloc[2][same]).all()
    assert (alone["tests"], alone["p_holm"]) == (1, alone["p"])


def test_groups_are_ranked_apart_and_families_follow_them():
    table = pd.concat(
        networks(range(6), np.arange(6) * sign, dataset=dataset)
        for dataset, sign in [("mnist", 1), ("kmnist", -1)]
    )
    result = rank_correlation(table, "reach", by="dataset", family="dataset")
    assert result["spearman"].tolist() == pytest.approx([-1, 1])
    assert (result["tests"] == 1).all()
    assert (rank_correlation(table, "reach", by="dataset")["tests"] == 2).all()
    with pytest.raises(InputError, match="add 'dataset' to by"):
        rank_correlation(table, "reach")


def test_repetitions_are_averaged_and_rows_may_come_in_any_order():
    table = methods(3, 5, slope=1, step=1).assign(width=1000)
    known = rank_correlation(table, "reach", within="sparsifier", draws=200)
    many = pd.concat(
        table.assign(robustness=table["robustness"] + shift, replicate=shift)
        for shift in (-1, 0, 1)
    )
    mixed = many.sample(frac=1, random_state=0)
    before = mixed.copy(deep=True)
    result = rank_correlation(mixed, "reach", within="sparsifier", draws=200)
    pd.testing.assert_frame_equal(result, known)
    pd.testing.assert_frame_equal(mixed, before)


def test_the_interval_needs_five_networks_beyond_the_methods():
    # Each method but the first spends a network on its mean.
    enough = methods(2, 3, slope=1, step=0)
    row = only(rank_correlation(enough, "reach", within="sparsifier", draws=200))
    assert row["interval"] == "bootstrap 95%"
    few = rank_correlation(enough.iloc[:-1], "reach", within="sparsifier", draws=200)
    assert only(few)["interval"] == "none"
    assert only(rank_correlation(enough.iloc[:-1], "reach"))["interval"] != "none"


@pytest.mark.parametrize(
    ("x", "within"),
    [
        ([1, 2, 3, 4, 5, np.nan], ()),
        ([1, 2, 3, 4, 5, np.inf], "sparsifier"),
        ([7, 7, 7, 7, 7, 7], ()),
        # One value in each method: centred, nothing but rounding is left.
        ([0.1, 0.1, 0.1, 0.7, 0.7, 0.7], "sparsifier"),
    ],
)
def test_what_has_no_ranks_has_no_correlation_and_no_test(x, within):
    y = [0.1, 0.4, 0.2, 0.8, 0.5, 0.6]
    table = networks(x, y, sparsifier=list("aaabbb"), links=[3, 1, 4, 1, 5, 9])
    result = rank_correlation(table, ["reach", "links"], within=within)
    first, second = result.to_dict("records")
    numbers = ["spearman", "low", "high", "kendall", "p", "p_min", "p_holm"]
    assert np.isnan([first[name] for name in numbers]).all()
    assert first["networks"] == 6
    assert (second["tests"], second["p_holm"]) == (1, second["p"])


def test_size_of_methods_can_be_a_predictor():
    table = networks([1, 2, 3, 4], [0.1, 0.4, 0.2, 0.8], width=[48, 48, 100, 1000])
    row = only(rank_correlation(table, "width"))
    known = reference.spearmanr([48, 48, 100, 1000], [0.1, 0.4, 0.2, 0.8])
    assert row["spearman"] == pytest.approx(known.statistic)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": "kcore"}, "no column 'kcore'; choose from"),
        ({"x": []}, "must name different columns"),
        ({"x": "robustness"}, "must name different columns"),
        ({"x": "sparsifier"}, "does not hold numbers"),
        ({"by": "scope", "within": "scope"}, "must name different columns"),
        ({"family": "scope"}, "family must name columns of by"),
        ({"draws": 0}, "draws must"),
        ({"level": 1}, "level must"),
        ({"seed": 1.5}, "seed must"),
        ({}, "add 'scope' to by"),
    ],
)
def test_what_cannot_be_ranked_is_refused(arguments, message):
    table = networks(
        range(4), range(4), sparsifier="set", scope=["global"] * 2 + ["head"] * 2
    )
    with pytest.raises(InputError, match=message):
        rank_correlation(table, **({"x": "reach"} | arguments))
