import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as reference

from netrobust.core.errors import InputError
from netrobust.stats.interval import MIN_NETWORKS
from netrobust.stats.summary import (
    CHANCE,
    KEYS,
    gap,
    robustness,
    split,
    summarise,
)

GRID = np.linspace(0, 1, 21)


def seeds(values, **columns):
    """One row per network seed."""
    return pd.DataFrame(
        {"network_seed": range(len(values)), "accuracy": values, "fraction": 0.5}
        | columns
    )


def damage(values, fractions=GRID, **columns):
    """One damage curve."""
    return pd.DataFrame(
        {"network_seed": 0, "fraction": fractions, "accuracy": values} | columns
    )


def only(table):
    """The single row of a table."""
    assert len(table) == 1
    return table.iloc[0]


# summarise


@pytest.mark.parametrize("count", range(1, MIN_NETWORKS))
def test_few_networks_give_the_range_and_say_so(count):
    values = [0.5, 0.9, 0.1, 0.7][:count]
    row = only(summarise(seeds(values), "accuracy", by="fraction"))
    assert (row["low"], row["high"]) == (min(values), max(values))
    assert row["mean"] == pytest.approx(np.mean(values))
    assert row["networks"] == count
    assert row["interval"] == "range"
    assert row["value"] == "accuracy"


def test_each_network_follows_the_rows_over_networks():
    table = pd.concat([seeds([0.2, 0.6], replicate=0), seeds([0.4, 0.6], replicate=1)])
    plain = summarise(table, "accuracy", by="fraction")
    joined = summarise(table, "accuracy", by="fraction", each=True)
    over, single = split(joined)
    pd.testing.assert_frame_equal(over.drop(columns="network_seed"), plain)
    assert single["network_seed"].tolist() == [0, 1]
    assert single["mean"].tolist() == pytest.approx([0.3, 0.6])
    assert single["networks"].tolist() == [1, 1]


def test_a_summary_of_single_networks_is_whole():
    table = seeds([0.2, 0.6])
    single = summarise(table, "accuracy", by=["fraction", "network_seed"], each=True)
    over, rest = split(single)
    assert len(over) == 2
    assert rest.empty


def test_enough_networks_give_an_interval_inside_the_data():
    values = np.array([0.1, 0.2, 0.3, 0.4, 0.9])
    row = only(summarise(seeds(values), "accuracy", by="fraction"))
    assert row["interval"] == "bootstrap 95%"
    assert values.min() < row["low"] < row["mean"] < row["high"] < values.max()
    narrow = only(summarise(seeds(values), "accuracy", by="fraction", level=0.5))
    assert narrow["interval"] == "bootstrap 50%"
    assert row["low"] < narrow["low"] < narrow["high"] < row["high"]


def test_the_network_seed_is_the_unit_not_the_replicate():
    # A network with 99 replicates weighs no more than one with a single replicate.
    table = pd.concat(
        [
            damage([0.2], [0.5], replicate=0),
            damage(np.full(99, 0.8), 0.5, replicate=range(99), network_seed=1),
        ]
    )
    row = only(summarise(table, "accuracy", by="fraction"))
    assert row["mean"] == pytest.approx(0.5)
    assert row["networks"] == 2
    # Repeating every row narrows nothing.
    once = seeds([0.1, 0.2, 0.3, 0.4, 0.9, 0.8])
    many = pd.concat([once.assign(replicate=r) for r in range(20)])
    columns = ["mean", "low", "high", "networks"]
    np.testing.assert_allclose(
        summarise(many, "accuracy", by="fraction")[columns].to_numpy(),
        summarise(once, "accuracy", by="fraction")[columns].to_numpy(),
    )


@pytest.mark.parametrize(("count", "least"), [(5, 0.88), (10, 0.92), (20, 0.925)])
def test_the_interval_covers_the_mean_of_normal_samples(count, least):
    # 2,000 samples: the standard error of the coverage is at most 0.007. The plain
    # percentile interval covers 0.84, 0.90 and 0.93: below the bound at 5 and 10.
    samples = np.random.default_rng(0).normal(size=(2000, count))
    table = pd.DataFrame(
        {
            "sample": np.repeat(np.arange(2000), count),
            "network_seed": np.tile(np.arange(count), 2000),
            "accuracy": samples.ravel(),
        }
    )
    result = summarise(table, "accuracy", by="sample", draws=2000)
    covered = ((result["low"] <= 0) & (result["high"] >= 0)).mean()
    assert least <= covered <= 0.975


def test_two_calls_give_the_same_numbers_and_the_seed_matters():
    table = seeds(np.random.default_rng(0).normal(size=8))
    first = summarise(table, "accuracy", by="fraction")
    pd.testing.assert_frame_equal(first, summarise(table, "accuracy", by="fraction"))
    other = summarise(table, "accuracy", by="fraction", seed=1)
    assert (other["low"] != first["low"]).all()


def test_neither_row_order_nor_other_groups_change_a_row():
    low, high = seeds([0.1, 0.2, 0.3, 0.4, 0.9]), seeds([0.8, 0.6, 0.9, 0.7, 0.5])
    alone = summarise(low, "accuracy", by="fraction")
    both = pd.concat([high.assign(fraction=0.1), low]).sample(frac=1, random_state=0)
    together = summarise(both, "accuracy", by="fraction")
    assert together["fraction"].tolist() == [0.1, 0.5]
    pd.testing.assert_frame_equal(together.iloc[[1]].reset_index(drop=True), alone)


@given(
    st.lists(st.floats(-10, 10), min_size=1, max_size=8),
    st.floats(-5, 5),
    st.floats(0.01, 100),
)
def test_shift_and_scale_of_the_measure_shift_and_scale_the_summary(values, a, b):
    columns = ["mean", "low", "high"]
    plain = summarise(seeds(values), "accuracy", by="fraction", draws=200)[columns]
    moved = seeds(a + b * np.array(values))
    result = summarise(moved, "accuracy", by="fraction", draws=200)[columns]
    np.testing.assert_allclose(result, a + b * plain, rtol=1e-9, atol=1e-9)


def test_the_interval_meets_the_exact_resampling_distribution():
    # All 46,656 samples of six take 462 means, so the comparison is one of shares:
    # a p-quantile has at most p below it and at least p at or below it.
    values = np.sqrt([0.02, 0.11, 0.29, 0.43, 0.61, 0.97])
    exact = np.array(list(itertools.product(values, repeat=6))).mean(axis=1)
    for level in (0.5, 0.9, 0.95):
        row = only(summarise(seeds(values), "accuracy", "fraction", level, 200_000))
        student = reference.t.ppf((1 - level) / 2, df=5)
        tail = reference.norm.cdf(np.sqrt(6 / 5) * student)
        error = 5 * np.sqrt(tail * (1 - tail) / 200_000)
        for end, share in ((row["low"], tail), (row["high"], 1 - tail)):
            assert (exact < end - 1e-9).mean() <= share + error
            assert (exact <= end + 1e-9).mean() >= share - error


def test_an_undefined_replicate_makes_its_network_undefined():
    table = pd.concat([seeds([0.1, 0.2]), seeds([0.3, np.nan])])
    assert np.isnan(only(summarise(table, "accuracy", by="fraction"))["mean"])


@pytest.mark.parametrize("count", [2, 6])
def test_an_undefined_value_is_carried_not_dropped(count):
    values = np.linspace(0.1, 0.9, count)
    values[1] = np.nan
    row = only(summarise(seeds(values), "accuracy", by="fraction"))
    assert np.isnan([row["mean"], row["low"], row["high"]]).all()
    assert row["networks"] == count


def test_a_missing_key_is_a_group_of_its_own():
    table = pd.concat([seeds([0.1, 0.3], scope=None), seeds([0.5], scope="global")])
    result = summarise(table, "accuracy", by=["scope", "fraction"])
    assert result["mean"].tolist() == pytest.approx([0.5, 0.2])


@pytest.mark.parametrize(
    "column",
    [
        *("dataset", "sparsifier", "null_model", "perturbation", "scope"),
        *("epoch", "layer", "side", "degree"),
    ],
)
def test_methods_are_never_averaged_together(column):
    table = pd.concat([seeds([0.1], **{column: "a"}), seeds([0.5], **{column: "b"})])
    with pytest.raises(InputError, match=f"add '{column}' to by"):
        summarise(table, "accuracy", by="fraction")
    assert len(summarise(table, "accuracy", by=["fraction", column])) == 2
    one = table[table[column] == "a"]
    assert only(summarise(one, "accuracy", by="fraction"))["mean"] == 0.1


def test_a_setting_fixed_by_the_groups_need_not_be_named():
    table = pd.concat(
        [
            seeds([0.1, 0.2], sparsifier="dense_small", width=48),
            seeds([0.3, 0.4], sparsifier="set", width=1000),
        ]
    )
    assert len(summarise(table, "accuracy", by="sparsifier")) == 2


def test_a_measure_named_like_a_setting_can_be_summarised():
    table = seeds([0.1, 0.2]).assign(degree=[3.0, 5.0])
    assert only(summarise(table, "degree", by="fraction"))["mean"] == 4


def test_fractions_are_never_averaged_together():
    table = damage(GRID, sparsifier="set")
    with pytest.raises(InputError, match="add 'fraction' to by"):
        summarise(table, "accuracy", by="sparsifier")


def test_two_networks_with_one_seed_are_refused():
    table = pd.concat([seeds([0.1], network="a"), seeds([0.5], network="b")])
    with pytest.raises(InputError, match="same network_seed"):
        summarise(table, "accuracy", by="fraction")
    assert len(summarise(table, "accuracy", by=["network", "fraction"])) == 2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: summarise(t, "acuracy", by="fraction"), "no column 'acuracy'"),
        (lambda t: summarise(t, "accuracy", by="colour"), "choose from: network_seed"),
        (lambda t: summarise(t, "accuracy", by=[]), "at least one column"),
        (lambda t: summarise(t, "accuracy", by="accuracy"), "other than 'accuracy'"),
        (lambda t: summarise(t[:0], "accuracy", by="fraction"), "table has no rows"),
        (
            lambda t: summarise(
                t.drop(columns="network_seed"), "accuracy", by="fraction"
            ),
            "no column 'network_seed'",
        ),
        (
            lambda t: summarise(t.assign(network_seed=None), "accuracy", "fraction"),
            "network_seed is missing",
        ),
        (
            lambda t: summarise(t.assign(accuracy="high"), "accuracy", "fraction"),
            "does not hold numbers",
        ),
        (lambda t: summarise(t, "accuracy", "fraction", level=95), "level must"),
        (lambda t: summarise(t, "accuracy", "fraction", draws=0), "draws must"),
        (lambda t: summarise(t, "accuracy", "fraction", draws=1e3), "got 1000.0"),
        (lambda t: summarise(t, "accuracy", "fraction", seed=-1), "seed must.*got -1"),
        (lambda t: summarise(t, "accuracy", "fraction", seed=0.5), "seed must"),
        (lambda t: robustness(t), "0.5 to 0.5"),
        (lambda t: robustness(t, chance=np.nan), "chance must be"),
        (lambda t: robustness(t, floor=-0.1), "floor must be"),
        (lambda t: robustness(t, floor=np.nan), "floor must be"),
        (lambda t: robustness(t.assign(loss=1.0), "loss"), "not known for 'loss'"),
        (lambda t: robustness(t[:0]), "table has no rows"),
        (lambda t: robustness(t.drop(columns="fraction")), "no column 'fraction'"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(InputError, match=message):
        call(seeds([0.1, 0.2]))


def test_the_table_is_left_as_it_was():
    table = damage(1 - GRID)
    before = table.copy(deep=True)
    summarise(table, "accuracy", by="fraction")
    robustness(table)
    gap(table.assign(reach=table["accuracy"]), structure="reach")
    pd.testing.assert_frame_equal(table, before)


# robustness: curves known in closed form


@pytest.mark.parametrize("intact", [0.97, 0.2])
def test_a_linear_fall_to_chance_has_area_and_half_of_one_half(intact):
    row = only(robustness(damage(intact + (0.1 - intact) * GRID)))
    assert row["robustness"] == pytest.approx(0.5)
    assert row["f50"] == pytest.approx(0.5)
    assert row["f95"] == pytest.approx(0.05)
    assert row["value"] == "accuracy"


def test_a_quadratic_fall_meets_its_integral_and_root():
    fine = np.linspace(0, 1, 1001)
    row = only(robustness(damage(1 - fine**2, fine), chance=0))
    assert row["robustness"] == pytest.approx(2 / 3, abs=1e-6)
    assert row["f50"] == pytest.approx(np.sqrt(0.5), abs=1e-6)
    assert row["f95"] == pytest.approx(np.sqrt(0.05), abs=1e-6)


def test_a_step_falls_within_its_own_interval():
    # Intact up to 0.3, chance from 0.35 on: a ramp of width 0.05 centred at 0.325.
    row = only(robustness(damage(np.where(GRID < 0.325, 0.9, 0.1))))
    assert row["robustness"] == pytest.approx(0.325)
    assert row["f50"] == pytest.approx(0.325)


def test_a_curve_that_never_falls_has_no_half():
    row = only(robustness(damage(np.full(21, 0.9))))
    assert row["robustness"] == pytest.approx(1)
    assert np.isnan(row["f50"])


def test_the_first_of_several_crossings_counts():
    row = only(robustness(damage([1, 0, 1, 0, 0], [0, 0.25, 0.5, 0.75, 1]), chance=0))
    assert row["f50"] == pytest.approx(0.125)


def test_a_curve_that_only_touches_the_half_has_reached_it():
    row = only(robustness(damage([1, 0.5, 1], [0, 0.4, 1]), chance=0))
    assert row["f50"] == pytest.approx(0.4)


def test_an_uneven_grid_is_weighted_by_its_steps():
    row = only(robustness(damage([1, 0, 0], [0, 0.1, 1]), chance=0))
    assert row["robustness"] == pytest.approx(0.05)


def test_values_below_chance_are_kept():
    row = only(robustness(damage([0.9, 0.0, 0.0], [0, 0.5, 1])))
    assert row["robustness"] == pytest.approx(0.25 - 0.125 * 0.25 - 0.125 * 0.5)


@pytest.mark.parametrize("intact", [0.1, 0.05, 0.149])
def test_an_intact_network_near_chance_has_no_robustness(intact):
    row = only(robustness(damage(np.linspace(intact, 0.1, 21))))
    assert np.isnan([row["robustness"], row["f50"], row["f95"]]).all()


def test_the_floor_is_the_least_height_above_chance():
    linear = damage(np.linspace(0.3, 0.1, 21))
    assert only(robustness(linear, floor=0.19))["f50"] == pytest.approx(0.5)
    assert np.isnan(only(robustness(linear, floor=0.21))["f50"])
    # At 0 everything above chance counts, and a curve at chance still does not.
    assert only(robustness(linear, chance=0.299, floor=0))["robustness"] < 0
    assert np.isnan(only(robustness(linear, chance=0.3, floor=0))["robustness"])


def test_noise_has_no_robustness_where_a_floor_of_zero_gives_ratios_of_noise():
    rng = np.random.default_rng(0)
    curves = CHANCE + rng.normal(0, 0.015, (100, 21))
    table = pd.concat(damage(curve, network_seed=n) for n, curve in enumerate(curves))
    assert robustness(table)[["robustness", "f50"]].isna().all(axis=None)
    naive = robustness(table, floor=0)["robustness"].dropna()
    assert len(naive) > 30
    assert naive.abs().max() > 1  # more robust than a network that never fails


def test_chance_is_that_of_ten_classes_for_accuracy_and_nothing_for_shares():
    values = np.linspace(0.9, 0.1, 21)
    shares = dict.fromkeys(["giant_component", "reach", "paths"], values)
    table = damage(values).assign(loss=values, **shares)
    for name, chance in (("accuracy", 0.1), *((share, 0) for share in shares)):
        pd.testing.assert_frame_equal(
            robustness(table, name), robustness(table, name, chance=chance)
        )
    # From 0.9 to 0.1 above 0: the mean of the two ends over the first.
    row = only(robustness(table, "giant_component"))
    assert row["robustness"] == pytest.approx(0.5 * (0.9 + 0.1) / 0.9)
    assert only(robustness(table, "loss", chance=0))["f50"] > 0.5


def test_an_undefined_point_makes_the_curve_undefined():
    values = 1 - GRID
    values[15] = np.nan
    row = only(robustness(damage(values)))
    assert np.isnan([row["robustness"], row["f50"], row["f95"]]).all()


def test_replicates_are_averaged_before_the_crossing_is_sought():
    steep = np.where(GRID < 0.1, 1.0, 0.0)
    flat = np.ones(21)
    table = pd.concat(
        [damage(steep, replicate=0, draw_seed=5), damage(flat, replicate=1)]
    )
    row = only(robustness(table, chance=0))
    # The mean curve is 1, then 1/2: reached at 0.1, where the flat curve has no half.
    assert row["f50"] == pytest.approx(0.1)
    assert not {"replicate", "draw_seed", "fraction"} & set(row.index)


def test_each_network_and_damage_has_its_row():
    table = pd.concat(
        damage(1 - GRID**power, network_seed=seed, perturbation=perturbation)
        for seed in (0, 1)
        for power, perturbation in [(1, "random_links"), (9, "weakest_links")]
    )
    result = robustness(table.sample(frac=1, random_state=0), chance=0)
    assert len(result) == 4
    area = result.groupby("perturbation")["robustness"].mean()
    assert area["random_links"] == pytest.approx(0.5)
    assert area["weakest_links"] > 0.85
    # Its rows are networks again, so they can be summarised.
    summary = summarise(result, "robustness", by="perturbation")
    assert summary["networks"].tolist() == [2, 2]


@pytest.mark.parametrize("drop", [0, 20])
def test_a_grid_without_an_end_is_refused(drop):
    with pytest.raises(InputError, match="needs both 0 and 1"):
        robustness(damage(1 - GRID).drop(index=drop))


# gap


def fall(at):
    """Intact until `at`, nothing from the next fraction of the grid on."""
    return np.where(at + 1e-9 < GRID, 0.0, 1.0)


def both(function, structure, **columns):
    """The damage curves of function and structure, each with its chance at 0."""
    return damage(function, giant_component=structure, **columns)


def test_the_gap_is_the_area_between_function_and_structure():
    # Ramps of width 0.05 that end the plateaus: centred at 0.325 and at 0.825.
    row = only(gap(both(fall(0.3), 0.9 * fall(0.8)), chance=0))
    assert row["robustness_function"] == pytest.approx(0.325)
    assert row["robustness_structure"] == pytest.approx(0.825)
    assert row["gap"] == pytest.approx(0.5)
    assert row["f50_function"] == pytest.approx(0.325)
    assert row["f50_structure"] == pytest.approx(0.825)
    # Half of the function is gone while every connected neuron still is.
    assert row["structure_at_f50"] == pytest.approx(0.9)
    assert row["structure_kept"] == pytest.approx(1)
    assert (row["function"], row["structure"]) == ("accuracy", "giant_component")


def test_what_is_left_at_half_function_lies_on_the_broken_line():
    # The function is halved at 1 - sqrt(1/2) of a fine grid; a linear structure has
    # lost as much of its 0.6.
    fine = np.linspace(0, 1, 1001)
    table = damage((1 - fine) ** 2, fine, reach=0.6 * (1 - fine))
    row = only(gap(table, structure="reach", chance=0))
    assert row["f50_function"] == pytest.approx(1 - np.sqrt(0.5), abs=1e-6)
    assert row["structure_kept"] == pytest.approx(np.sqrt(0.5), abs=1e-6)
    assert row["structure_at_f50"] == pytest.approx(0.6 * np.sqrt(0.5), abs=1e-6)
    assert row["gap"] == pytest.approx(1 / 2 - 1 / 3, abs=1e-6)


def test_the_sides_of_a_gap_are_robustness_and_f50_of_each():
    table = pd.concat(
        both(0.1 + 0.8 * (1 - GRID) ** a, (1 - GRID**b) / 2, network_seed=seed)
        for seed, (a, b) in enumerate([(1, 1), (2, 3), (3, 9)])
    )
    result = gap(table)
    for side, name in (("function", "accuracy"), ("structure", "giant_component")):
        alone = robustness(table, name)
        for column in ("robustness", "f50"):
            pd.testing.assert_series_equal(
                result[f"{column}_{side}"], alone[column], check_names=False
            )
    difference = result["robustness_structure"] - result["robustness_function"]
    pd.testing.assert_series_equal(result["gap"], difference, check_names=False)


def test_a_function_that_falls_with_the_structure_has_no_gap():
    row = only(gap(both(0.1 + 0.8 * (1 - GRID**2), 1 - GRID**2)))
    assert row["gap"] == pytest.approx(0)
    assert row["structure_kept"] == pytest.approx(0.5)


def test_a_function_that_outlives_the_structure_has_a_negative_gap():
    row = only(gap(both(np.ones(21), fall(0.2)), chance=0))
    assert row["gap"] == pytest.approx(-0.775)
    assert np.isnan([row["f50_function"], row["structure_kept"]]).all()


def test_the_gap_averages_replicates_first_and_keeps_the_keys():
    pair = [
        both(np.where(GRID < 0.1, 1.0, 0.0), np.ones(21), replicate=0),
        both(np.ones(21), np.ones(21), replicate=1),
    ]
    table = pd.concat(
        one.assign(sparsifier=name, perturbation="random_links", network_seed=seed)
        for one in pair
        for name in ("set", "static")
        for seed in (0, 1)
    )
    result = gap(table, chance=0)
    assert result["f50_function"].tolist() == pytest.approx([0.1] * 4)
    kept = result[["sparsifier", "network_seed", "perturbation"]]
    assert len(kept.drop_duplicates()) == 4
    assert not {"replicate", "fraction"} & set(result.columns)


@pytest.mark.parametrize(
    ("function", "structure", "defined"),
    [
        (np.where(np.arange(21) == 9, np.nan, 1 - GRID), 1 - GRID, "structure"),
        (1 - GRID, np.where(np.arange(21) == 20, np.nan, 1 - GRID), "function"),
        (1 - GRID, np.zeros(21), "function"),
        (np.full(21, 0.04), 1 - GRID, "structure"),
    ],
)
def test_an_undefined_side_makes_what_depends_on_it_undefined(
    function, structure, defined
):
    row = only(gap(both(function, structure), chance=0))
    assert row[f"robustness_{defined}"] == pytest.approx(0.5)
    other = {"function": "structure", "structure": "function"}[defined]
    names = [f"robustness_{other}", "gap", "structure_at_f50", "structure_kept"]
    assert row[names].isna().all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: gap(t, "accuracy", "accuracy"), "both 'accuracy'; name two"),
        (lambda t: gap(t, "loss", "reach"), "not known for 'loss'"),
        (lambda t: gap(t, structure="kcore"), "no column 'kcore'"),
        (lambda t: gap(t.iloc[:-1]), "needs both 0 and 1"),
        (lambda t: gap(t, floor=-1), "floor must be"),
    ],
)
def test_a_gap_that_cannot_be_said_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call(both(1 - GRID, 1 - GRID, loss=GRID, reach=1 - GRID))


def test_keys_are_in_the_order_of_the_contract():
    assert KEYS[0] == "network"
    assert KEYS[-2:] == ("replicate", "draw_seed")
    assert len(set(KEYS)) == len(KEYS)


def test_fractions_that_are_text_are_refused():
    made = pd.DataFrame(
        {"network_seed": 0, "fraction": ["0.0", "1.0"], "accuracy": [0.9, 0.1]}
    )
    with pytest.raises(InputError, match="'fraction' does not hold numbers"):
        robustness(made)
