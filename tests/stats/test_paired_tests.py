import itertools
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from netrobust.core.errors import InputError
from netrobust.stats.holm import alike, corrected, holm, refuse_mixed
from netrobust.stats.paired_tests import (
    MOST_EXACT,
    paired_tests,
    rank_biserial,
    sign_flips,
)
from netrobust.stats.power import power
from netrobust.stats.summary import robustness, summarise

NUMBERS = ["difference", "low", "high", "cohen_dz", "rank_biserial", "p", "p_min"]


def methods(**values):
    """One row per method and network seed."""
    return pd.concat(
        pd.DataFrame({"sparsifier": name, "network_seed": range(len(own)), "R": own})
        for name, own in values.items()
    )


def only(table):
    """The single row of a table."""
    assert len(table) == 1
    return table.iloc[0]


# The test of one difference


def test_three_pairs_by_hand():
    row = only(paired_tests(methods(set=[0.5, 0.6, 0.2], static=[0.2, 0.4, 0.3]), "R"))
    # Differences 0.3, 0.2, -0.1: of the sums 0.6, 0.4, 0, 0.2 and their mirror images
    # two of four are as far from 0 as 0.4.
    assert (row["sparsifier"], row["against"], row["value"]) == ("set", "static", "R")
    assert row["p"] == 0.5
    assert row["p_min"] == 0.25
    assert row["networks"] == 3
    assert row["mean"] == pytest.approx(1.3 / 3)
    assert row["mean_against"] == pytest.approx(0.3)
    assert row["difference"] == pytest.approx(0.4 / 3)
    assert (row["low"], row["high"]) == pytest.approx((-0.1, 0.3))
    assert row["interval"] == "range"
    # Squared deviations from 0.4 / 3 sum to 0.14 - 0.16 / 3.
    assert row["cohen_dz"] == pytest.approx(0.4 / 3 / np.sqrt((0.14 - 0.16 / 3) / 2))
    assert row["rank_biserial"] == pytest.approx((3 + 2 - 1) / 6)
    assert row["test"] == "exact"


@pytest.mark.parametrize("count", range(1, 11))
def test_the_exact_p_is_that_of_scipy(count):
    rng = np.random.default_rng(count)
    for shift in (0, 1):
        left, right = rng.normal(shift, 1, count), rng.normal(0, 1, count)
        p = only(paired_tests(methods(a=left, b=right), "R"))["p"]
        if count == 1:  # which scipy declines to test
            assert p == 1
            continue
        known = reference.permutation_test(
            (left, right),
            lambda x, y, axis: np.mean(x - y, axis=axis),
            permutation_type="samples",
            vectorized=True,
            n_resamples=np.inf,
        )
        assert p == pytest.approx(known.pvalue)


def exact_p(integers):
    """Count all sign patterns of integers by the sums they reach."""
    total = sum(integers)
    ways = {0: 1}
    for one in integers:
        new = {}
        for reached, count in ways.items():
            for sign in (-1, 1):
                new[reached + sign * one] = new.get(reached + sign * one, 0) + count
        ways = new
    far = sum(count for reached, count in ways.items() if abs(reached) >= abs(total))
    return far / 2 ** len(integers)


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=12))
def test_ties_and_zeros_are_counted_whatever_their_rounding(integers):
    # Tenths are not exact in binary, so equal sums differ by rounding.
    differences = np.array([float(Fraction(one, 10)) for one in integers])
    assert sign_flips(differences, 100, 0)[0] == exact_p(integers)


def test_the_most_that_is_counted_and_the_least_that_is_drawn():
    draws = 20_000
    for count in (MOST_EXACT, MOST_EXACT + 1, 40):
        integers = [(-1) ** place * place + 5 for place in range(count)]
        known = exact_p(integers)
        assert 0.01 < known < 0.5
        p, p_min, test = sign_flips(np.array(integers, float), draws, seed=0)
        if count <= MOST_EXACT:
            assert (p, p_min, test) == (known, 2 / 2**count, "exact")
        else:
            error = 4 * np.sqrt(known * (1 - known) / draws) + 1 / draws
            assert p == pytest.approx(known, abs=error)
            assert (p_min, test) == (1 / (draws + 1), "20000 draws")


def test_no_drawn_p_is_zero_and_the_seed_matters():
    assert sign_flips(np.ones(30), 1000, seed=0)[0] == 1 / 1001
    mixed = np.random.default_rng(0).normal(size=30)
    first, again, other = (sign_flips(mixed, 1000, seed)[0] for seed in (0, 0, 1))
    assert first == again != other


def test_p_is_uniform_where_nothing_differs():
    # Pairs of ten networks: p takes the 512 values that are multiples of 2 / 1024.
    samples = np.random.default_rng(0).standard_cauchy((2000, 10))
    p = np.array([sign_flips(one, 100, 0)[0] for one in samples])
    for share in (2 / 1024, 10 / 1024, 52 / 1024, 0.25, 0.5, 0.75):
        error = 4 * np.sqrt(share * (1 - share) / 2000)
        assert (p <= share).mean() == pytest.approx(share, abs=error)


@pytest.mark.parametrize(
    ("networks", "least"), [(4, 0.125), (5, 0.0625), (6, 0.03125), (10, 2 / 1024)]
)
def test_even_complete_separation_cannot_go_below_the_least_p(networks, least):
    values = np.arange(networks) / 100
    row = only(paired_tests(methods(set=values + 1, static=values**2), "R"))
    assert row["p"] == row["p_min"] == row["p_holm"] == least
    assert row["rank_biserial"] == 1


# What stands beside it


def test_the_interval_is_that_of_the_differences():
    rng = np.random.default_rng(1)
    left, right = rng.normal(size=(2, 8))
    row = only(paired_tests(methods(a=left, b=right), "R", level=0.9))
    differences = methods(a=left - right)
    known = only(summarise(differences, "R", by="sparsifier", level=0.9))
    assert row["interval"] == "bootstrap 90%"
    np.testing.assert_allclose(
        row[["difference", "low", "high"]].astype(float),
        known[["mean", "low", "high"]].astype(float),
    )


def test_the_rank_biserial_is_that_of_the_signed_rank_sums():
    rng = np.random.default_rng(2)
    for differences in rng.normal(0.3, 1, (10, 9)):
        smaller = reference.wilcoxon(differences).statistic  # the smaller rank sum
        assert abs(rank_biserial(differences)) == pytest.approx(1 - 2 * smaller / 45)
    # Zeros are left out, equal sizes share ranks 1 and 2.
    assert rank_biserial(np.array([0.0, 0.1, -0.1, 0.5])) == pytest.approx(3 / 6)


def test_one_difference_throughout_has_no_standardised_size():
    # The three differences are 0.1 up to rounding.
    row = only(paired_tests(methods(a=[0.3, 0.2, 0.4], b=[0.2, 0.1, 0.3]), "R"))
    assert row["difference"] == pytest.approx(0.1)
    assert np.isnan(row["cohen_dz"])
    assert row["rank_biserial"] == 1
    same = only(paired_tests(methods(a=[0.3, 0.1], b=[0.3, 0.1]), "R"))
    assert (same["difference"], same["p"]) == (0, 1)
    assert np.isnan(same["rank_biserial"])


@settings(max_examples=20)
@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=2, max_size=6))
def test_swapping_the_methods_turns_the_signs(pairs):
    left, right = np.array(pairs).T
    row = only(paired_tests(methods(a=left, b=right), "R", draws=100))
    turned = only(paired_tests(methods(a=right, b=left), "R", draws=100))
    for name in ("difference", "cohen_dz", "rank_biserial"):
        assert turned[name] == pytest.approx(-row[name], nan_ok=True)
    assert turned["p"] == row["p"]


# Units, pairs, levels


def test_replicates_are_averaged_within_their_network():
    once = methods(set=[0.5, 0.6, 0.2, 0.9], static=[0.2, 0.4, 0.3, 0.1])
    noise = {0: 0.1, 1: -0.1}
    many = pd.concat(
        once.assign(R=once["R"] + shift, replicate=replicate)
        for replicate, shift in noise.items()
        for _ in range(5)
    )
    pd.testing.assert_frame_equal(paired_tests(once, "R"), paired_tests(many, "R"))


def test_all_two_of_the_methods_are_compared_or_those_against_one():
    table = methods(static=[1.0, 2], set=[2.0, 4], cht=[5.0, 5])
    every = paired_tests(table, "R")
    two = list(zip(every["sparsifier"], every["against"], strict=True))
    assert two == [("cht", "set"), ("cht", "static"), ("set", "static")]
    assert every["difference"].tolist() == [2, 3.5, 1.5]
    assert (every["tests"] == 3).all()
    one = paired_tests(table, "R", against="set")
    assert one["sparsifier"].tolist() == ["cht", "static"]
    assert one["difference"].tolist() == [2, -1.5]
    assert (one["tests"] == 2).all()


def test_networks_without_a_partner_are_left_out_and_counted():
    table = methods(set=[0.5, 0.6, 0.2, 0.9, 0.8], static=[0.2, 0.4, 0.3])
    row = only(paired_tests(table, "R"))
    assert (row["networks"], row["unpaired"]) == (3, 2)
    known = only(paired_tests(table[table["network_seed"] < 3], "R"))
    assert known["unpaired"] == 0
    pd.testing.assert_series_equal(
        row.drop("unpaired"), known.drop("unpaired"), check_names=False
    )


def test_pairs_do_not_depend_on_the_order_of_rows_and_the_table_stays():
    table = methods(set=[0.5, 0.6, 0.2, 0.9], static=[0.2, 0.4, 0.3, 0.1])
    mixed = table.sample(frac=1, random_state=0)
    before = mixed.copy(deep=True)
    pd.testing.assert_frame_equal(paired_tests(mixed, "R"), paired_tests(table, "R"))
    pd.testing.assert_frame_equal(mixed, before)


def test_data_sets_can_be_pairs_of_their_own():
    first = methods(set=[0.5, 0.6], static=[0.2, 0.4]).assign(dataset="mnist")
    second = methods(set=[0.7, 0.9], static=[0.3, 0.1]).assign(dataset="kmnist")
    table = pd.concat([first, second])
    row = only(paired_tests(table, "R", pair=("dataset", "network_seed")))
    assert row["networks"] == 4
    assert row["p"] == 0.125
    assert len(paired_tests(table, "R", by="dataset")) == 2


def test_rows_of_robustness_can_be_tested_and_damages_compared():
    grid = np.linspace(0, 1, 11)
    table = pd.concat(
        pd.DataFrame(
            {
                "network": f"{method}-{seed}",
                "sparsifier": method,
                "width": width,
                "network_seed": seed,
                "perturbation": order,
                "fraction": grid,
                "accuracy": 1 - 0.9 * grid ** (power + seed / 10),
            }
        )
        for method, width, gain in [("set", 1000, 1), ("dense_small", 48, 3)]
        for order, power in [("random_links", gain), ("weakest_links", 2 * gain)]
        for seed in range(6)
    )
    areas = robustness(table)
    between_methods = paired_tests(areas, "robustness", by="perturbation")
    assert between_methods["perturbation"].tolist() == ["random_links", "weakest_links"]
    assert (between_methods["sparsifier"] == "dense_small").all()
    assert (between_methods["p"] == 2 / 64).all()
    orders = paired_tests(areas, "robustness", between="perturbation", by="sparsifier")
    assert (orders["difference"] < 0).all()
    with pytest.raises(InputError, match="add 'perturbation' to by"):
        paired_tests(areas, "robustness")


def test_null_models_are_compared_though_retrained():
    table = pd.concat(
        [
            methods(set=[0.5, 0.6, 0.2]).assign(null_model="none", retrained=False),
            methods(set=[0.4, 0.5, 0.3]).assign(null_model="rewired", retrained=True),
        ]
    )
    row = only(paired_tests(table, "R", between="null_model", by="sparsifier"))
    assert (row["null_model"], row["against"]) == ("none", "rewired")
    assert row["difference"] == pytest.approx(0.1 / 3)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_undefined_value_makes_its_tests_undefined_and_is_in_no_family(bad):
    values = {"set": [0.5, 0.6, bad], "static": [0.2, 0.4, 0.3], "cht": [0.1, 0.2, 0.9]}
    table = methods(**values)
    result = paired_tests(table, "R").set_index(["sparsifier", "against"])
    for two in (("cht", "set"), ("set", "static")):
        assert result.loc[two, [*NUMBERS[:-1], "p_holm", "p_min_holm"]].isna().all()
        assert result.loc[two, "networks"] == 3
    kept = result.loc[("cht", "static")]
    assert kept["tests"] == 1
    assert kept["p_holm"] == kept["p"]
    # Dropped by the caller, only its pair is left out.
    dropped = paired_tests(table[np.isfinite(table["R"])], "R")
    dropped = dropped.set_index(["sparsifier", "against"])
    assert dropped.loc[("set", "static"), "networks"] == 2
    assert dropped.loc[("set", "static"), "unpaired"] == 1


def test_two_methods_without_a_common_seed_have_an_empty_row():
    table = methods(set=[0.5, 0.6], static=[0.2, 0.4], cht=[0.1, 0.3])
    table.loc[table["sparsifier"] == "cht", "network_seed"] += 10
    result = paired_tests(table, "R")
    assert result["networks"].tolist() == [0, 0, 2]
    assert result["unpaired"].tolist() == [4, 4, 0]
    assert result["p"].isna().tolist() == [True, True, False]
    assert (result["tests"] == 1).all()


# Families


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_holm_is_the_closed_test_of_bonferroni(p):
    # The corrected p of a hypothesis is the largest p, each corrected for the size of
    # the set, of all sets of hypotheses that hold it.
    result = holm(np.array(p))
    for i in range(len(p)):
        sets = (
            set(some)
            for size in range(1, len(p) + 1)
            for some in itertools.combinations(range(len(p)), size)
            if i in some
        )
        known = max(min(1.0, len(some) * min(p[j] for j in some)) for some in sets)
        assert result[i] == pytest.approx(known)


def test_holm_by_hand():
    p = np.array([0.01, 0.04, 0.03, 0.005])
    assert holm(p).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_families_are_corrected_apart():
    table = pd.concat(
        methods(
            set=np.arange(6) + 1.0, static=np.zeros(6), cht=np.arange(6) + 9.0
        ).assign(dataset=dataset)
        for dataset in ("mnist", "kmnist")
    )
    together = paired_tests(table, "R", by="dataset")
    apart = paired_tests(table, "R", by="dataset", family="dataset")
    assert (together["p"] == 2 / 64).all()
    assert together["tests"].tolist() == [6] * 6
    assert together["p_holm"].tolist() == pytest.approx([12 / 64] * 6)
    assert apart["tests"].tolist() == [3] * 6
    assert apart["p_holm"].tolist() == pytest.approx([6 / 64] * 6)
    # All tests are at their least, so the corrected are, too.
    pd.testing.assert_series_equal(
        together["p_holm"], together["p_min_holm"], check_names=False
    )


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=8).map(
        lambda pairs: np.sort(pairs, axis=1)
    )
)
def test_no_corrected_p_is_below_its_least(pairs):
    result = corrected(pd.DataFrame({"p": pairs[:, 1], "p_min": pairs[:, 0]}), [])
    assert (result["p_holm"] >= result["p_min_holm"]).all()
    assert (result["p_min_holm"] >= result["p_min"]).all()


@given(st.lists(st.integers(-999, 999), min_size=2), st.integers(-20, 20))
def test_alike_joins_what_rounding_parts(integers, power):
    values = np.array(integers) * 10.0**power
    scale = 1000 * 10.0**power
    noisy = values * (1 + 1e-15)
    assert alike(noisy, scale).tolist() == alike(values, scale).tolist()
    np.testing.assert_allclose(alike(values, scale), values, rtol=0, atol=scale / 1e11)


def test_settings_are_mixed_only_where_they_are_free():
    table = pd.DataFrame({"dataset": ["a", "a", "b"], "scope": ["x", "y", "y"]})
    refuse_mixed(table, ["dataset"], free={"scope"})
    refuse_mixed(table, ["dataset", "scope"], free=set())
    with pytest.raises(InputError, match="add 'scope' to by"):
        refuse_mixed(table, ["dataset"], free=set())


# Refusals


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        ({}, {"value": "accuracy"}, "no column 'accuracy'; choose from"),
        ({}, {"between": "method"}, "no column 'method'"),
        ({}, {"value": "sparsifier"}, "different columns; got 'sparsifier'"),
        ({}, {"by": "sparsifier"}, "must name different columns"),
        ({}, {"pair": "dataset"}, "pair must name 'network_seed'"),
        ({}, {"family": "dataset"}, r"family must name columns of by, \[\]; got"),
        ({}, {"against": "dense"}, "got 'dense', choose from: set, static"),
        ({}, {"level": 95}, "level must"),
        ({}, {"draws": 10}, "draws must"),
        ({}, {"seed": -1}, "seed must"),
        ({"sparsifier": "set"}, {}, "no two values of 'sparsifier' share"),
        ({"R": "high"}, {}, "does not hold numbers"),
        ({"fraction": [0.1, 0.2, 0.1, 0.2]}, {}, "add 'fraction' to by"),
        ({"scope": ["global"] * 2 + ["head"] * 2}, {}, "add 'scope' to by"),
        ({"network": list("abab"), "network_seed": 0}, {}, "same network_seed"),
    ],
)
def test_what_cannot_be_compared_is_refused(change, arguments, message):
    table = methods(set=[0.1, 0.3], static=[0.2, 0.5]).assign(dataset="mnist")
    with pytest.raises(InputError, match=message):
        paired_tests(table.assign(**change), **({"value": "R"} | arguments))


def differing(by, count=12):
    rng = np.random.default_rng(3)
    base = rng.normal(0.3, 0.01, count)
    return pd.DataFrame(
        {
            "sparsifier": ["set"] * count + ["static"] * count,
            "network_seed": [*range(count)] * 2,
            "robustness": [*(base + by + rng.normal(0, 0.004, count)), *base],
        }
    )


@pytest.mark.parametrize("margin", [0.002, 0.01, 0.03])
def test_equivalence_is_the_larger_of_two_one_sided_t_tests(margin):
    made = differing(0.001)
    row = paired_tests(made, "robustness", margin=margin).iloc[0]
    wide = made.pivot(index="network_seed", columns="sparsifier", values="robustness")
    difference = wide["set"] - wide["static"]
    expected = max(
        reference.ttest_1samp(difference, -margin, alternative="greater").pvalue,
        reference.ttest_1samp(difference, margin, alternative="less").pvalue,
    )
    assert row.p_equivalence == pytest.approx(expected)
    assert row.margin == margin


def test_without_a_margin_nothing_is_called_equal():
    row = paired_tests(differing(0.0), "robustness").iloc[0]
    assert "p_equivalence" not in row
    assert row.power == pytest.approx(power(12))
