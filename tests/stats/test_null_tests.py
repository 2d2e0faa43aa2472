import numpy as np
import pandas as pd
import pytest

from netrobust.core.errors import InputError
from netrobust.stats.null_tests import against_null
from netrobust.stats.summary import KEYS, summarise


def scored(own, draws, null_model="shuffle_all", **columns):
    """A network and draws of its null model, as `compare` gives them."""
    return pd.DataFrame(
        {
            "network": "set-0",
            "network_seed": 0,
            "null_model": ["none"] + [null_model] * len(draws),
            "retrained": False,
            "fraction": 0.0,
            "replicate": [0, *range(len(draws))],
            "accuracy": [own, *draws],
        }
        | columns
    )


def only(table):
    """The single row of a table."""
    assert len(table) == 1
    return table.iloc[0]


def test_a_network_among_four_draws_by_hand():
    row = only(against_null(scored(0.9, [0.2, 0.4, 0.3, 0.5]), side="greater"))
    assert row["intact"] == 0.9
    assert row["null_mean"] == pytest.approx(0.35)
    assert row["null_sd"] == pytest.approx(np.sqrt(0.05 / 3))
    assert row["z"] == pytest.approx(0.55 / np.sqrt(0.05 / 3))
    assert (row["draws"], row["p"], row["p_min"]) == (4, 1 / 5, 1 / 5)
    assert (row["value"], row["side"]) == ("accuracy", "greater")


@pytest.mark.parametrize(
    ("own", "greater", "less"),
    # Of the draws 1, 2, 2, 4: at least as large, and at most as large.
    [(0, 5, 1), (1, 5, 2), (2, 4, 4), (3, 2, 4), (4, 2, 5), (5, 1, 5)],
)
def test_draws_that_tie_count_on_both_sides(own, greater, less):
    table = scored(own, [1, 2, 2, 4])
    assert only(against_null(table, side="greater"))["p"] == greater / 5
    assert only(against_null(table, side="less"))["p"] == less / 5
    row = only(against_null(table))
    assert row["p"] == pytest.approx(min(1, 2 * min(greater, less) / 5))
    assert row["p_min"] == pytest.approx(2 / 5)


def test_rounding_does_not_break_a_tie():
    row = only(against_null(scored(0.1 + 0.2, [0.3, 0.3, 0.1]), side="greater"))
    assert row["p"] == 3 / 4


@pytest.mark.parametrize(
    ("side", "share"), [("greater", 1), ("less", 1), ("two-sided", 2)]
)
def test_p_is_uniform_where_the_network_is_one_of_its_nulls(side, share):
    values = np.random.default_rng(0).normal(size=(2000, 20))
    table = pd.concat(
        pd.DataFrame(
            {
                "network_seed": np.arange(2000),
                "null_model": "none" if draw == 0 else "shuffle_all",
                "accuracy": values[:, draw],
            }
        )
        for draw in range(20)
    )
    result = against_null(table, side=side)
    assert len(result) == 2000
    for step in (1, 2, 5, 8):
        expected = share * step / 20
        error = 4 * np.sqrt(expected * (1 - expected) / 2000)
        found = (result["p"] <= expected + 1e-9).mean()
        assert found == pytest.approx(expected, abs=error)


def test_draws_that_are_all_equal_have_no_z():
    row = only(against_null(scored(0.9, [0.1] * 9), side="greater"))
    assert (row["null_sd"], row["p"]) == (0, 0.1)
    assert np.isnan(row["z"])


def test_one_draw_says_nothing():
    row = only(against_null(scored(0.9, [0.1])))
    assert np.isnan([row["null_sd"], row["z"]]).all()
    assert (row["p"], row["p_min"]) == (1, 1)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("where", [0, 2])
def test_an_undefined_value_makes_its_row_undefined(bad, where):
    values = [0.9, 0.1, 0.2, 0.3]
    values[where] = bad
    table = pd.concat(
        [
            scored(values[0], values[1:]),
            scored(0.9, [0.1, 0.2], network_seed=1),
        ]
    )
    first, second = against_null(table).to_dict("records")
    assert np.isnan(
        [first["null_mean"], first["null_sd"], first["z"], first["p"]]
    ).all()
    assert first["draws"] == 3
    assert not np.isnan([second["z"], second["p"]]).any()


def test_an_undefined_replicate_makes_its_network_undefined():
    again = scored(np.nan, []).assign(replicate=1)
    table = pd.concat([scored(0.9, [0.1, 0.2]), again])
    row = only(against_null(table))
    assert np.isnan([row["intact"], row["z"], row["p"]]).all()
    # Two that are defined are averaged.
    again = scored(0.7, []).assign(replicate=1)
    row = only(against_null(pd.concat([scored(0.9, [0.1, 0.2]), again])))
    assert row["intact"] == pytest.approx(0.8)


def test_every_network_damage_and_null_model_has_its_row():
    table = pd.concat(
        scored(
            0.9 - fraction,
            [0.1 + shift, 0.2 + shift],
            null_model,
            network=f"set-{seed}",
            network_seed=seed,
            fraction=fraction,
        )
        for seed in (0, 1)
        for fraction in (0.0, 0.5)
        for null_model, shift in [("shuffle_all", 0), ("erdos_renyi", 0.1)]
    )
    result = against_null(table.sample(frac=1, random_state=0))
    assert len(result) == 8
    # The network's own row, given twice, is one value.
    assert set(result["intact"].round(6)) == {0.9, 0.4}
    means = result.groupby(["null_model", "fraction"])["null_mean"].mean()
    assert means["shuffle_all", 0.5] == pytest.approx(0.15)
    assert means["erdos_renyi", 0.0] == pytest.approx(0.25)
    keys = [name for name in KEYS if name in result]
    assert list(result)[: len(keys)] == keys
    # Rows are networks, so they can be summarised.
    over = summarise(result, "z", by=["null_model", "retrained", "fraction"])
    assert over["networks"].tolist() == [2] * 4


def test_missing_keys_find_each_other():
    table = scored(0.9, [0.1, 0.2]).assign(scope=None, width=np.nan)
    assert only(against_null(table))["null_mean"] == pytest.approx(0.15)


RETRAINED = pd.concat(
    [
        scored(0.9, [0.1, 0.2], "degree_preserving"),
        scored(0.7, [0.5, 0.6], "degree_preserving", retrained=True),
    ]
)


def test_retrained_draws_stand_beside_the_retrained_topology():
    result = against_null(RETRAINED).set_index("retrained")
    assert result["intact"].to_dict() == {False: 0.9, True: 0.7}
    assert result["null_mean"].to_dict() == pytest.approx({False: 0.15, True: 0.55})


def test_or_beside_the_network_as_it_was_trained():
    result = against_null(RETRAINED, as_trained=True)
    result = result.set_index(["null_model", "retrained"])
    assert (result["intact"] == 0.9).all()
    assert result["null_mean"].to_dict() == pytest.approx(
        {
            ("degree_preserving", False): 0.15,
            ("degree_preserving", True): 0.55,
            ("none", True): 0.7,
        }
    )


def test_tables_without_the_column_hold_networks_as_trained():
    old = scored(0.9, [0.1, 0.2]).drop(columns="retrained")
    assert "retrained" not in against_null(old)
    joined = pd.concat([old, RETRAINED.assign(network_seed=1)])
    result = against_null(joined, as_trained=True)
    assert result.loc[result["network_seed"] == 0, "intact"].tolist() == [0.9]


def test_the_table_is_left_as_it_was():
    before = RETRAINED.copy(deep=True)
    against_null(RETRAINED)
    pd.testing.assert_frame_equal(RETRAINED, before)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda t: against_null(t, side="both"),
            "one of two-sided, greater, less; got",
        ),
        (lambda t: against_null(t, "acuracy"), "no column 'acuracy'"),
        (lambda t: against_null(t[t["null_model"] == "none"]), "no null models"),
        (lambda t: against_null(t[t["null_model"] != "none"]), "of the network itself"),
        (
            lambda t: against_null(t[~t["retrained"] | (t["null_model"] != "none")]),
            "retrained True, .* set as_trained=True",
        ),
        (lambda t: against_null(t.assign(accuracy="high")), "does not hold numbers"),
        (
            lambda t: against_null(t.drop(columns="null_model")),
            "no column 'null_model'",
        ),
        (lambda t: against_null(t[:0]), "no rows"),
    ],
)
def test_what_has_no_place_in_an_ensemble_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call(RETRAINED)
