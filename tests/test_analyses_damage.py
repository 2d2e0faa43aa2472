"""The analyses of the damage suite: what they show follows by hand from tables."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from analyses_tables import (
    BASIC,
    DATASETS,
    EPS,
    EVERY,
    GIANT,
    METHODS,
    MIXED,
    ORDERS,
    REGAINED,
    RETRAINED,
    SEEDS,
    SITES,
    STEEPNESS,
    STEPS,
    SUITE,
    WEIGHT,
    FakeRun,
    drawing,
    held_out,
    laid_out,
    lettered,
    line,
    networks,
    over,
    quick,
    raised,
    said,
    scanned,
    site_area,
    source,
    suite,
    thin,
)
from scipy.stats import spearmanr

import netrobust as nr
from netrobust.core.errors import InputError
from netrobust.studies.gallery import ANALYSES, analysis, draw_figures


def intact(dataset, sparsifier):
    """Mean accuracy of the eight networks, with 0.002 from seed to seed."""
    return DATASETS[dataset] * WEIGHT.get(sparsifier, 0.975) + 0.002 * 3.5


def shift(sparsifier):
    """Mean of what a method's height at 0.5 is raised by."""
    return 0.035 + {"static": -0.11}.get(sparsifier, 0.0)


def grid(name, rows):
    return np.reshape(lettered(drawing(name)[1]), (rows, -1))


def words(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def one(table, **keys):
    rows = over(table, **keys)
    assert len(rows) == 1, rows
    return rows.iloc[0]


# Which run has enough for which analysis


def test_the_quick_preset_shows_the_basic_analyses_alone():
    shown = [name for name in SUITE if hasattr(analysis(name), "shows")]
    assert len(shown) >= 5
    run = quick()
    for name in shown:
        if {*run.made} >= {*analysis(name).READS}:
            assert analysis(name).shows(run) is False, name
        assert analysis(name).shows(source(name)) is True, name


def test_a_run_is_drawn_as_far_as_it_shows_something(tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr("netrobust.studies.gallery.draw.save", _named(drawn))
    for module in map(analysis, ANALYSES):
        monkeypatch.setattr(module, "compute", lambda run: None)
        monkeypatch.setattr(module, "draw", lambda table: None)
        if hasattr(module, "texts"):
            monkeypatch.setattr(module, "texts", lambda table: {"md": "", "tex": ""})
    draw_figures(quick(), tmp_path)
    assert drawn == list(BASIC)
    drawn.clear()
    draw_figures(suite(), tmp_path)
    left_out = {"dynamics", "receptive_fields", "degrees", "scaling", "tuning"}
    assert drawn == [name for name in ANALYSES if name not in left_out]
    printed = {name for name in ANALYSES if hasattr(analysis(name), "texts")}
    assert len(printed - left_out) > 10
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{name}.{end}" for name in printed & {*BASIC, *drawn} for end in ("md", "tex")
    }


def _named(drawn):
    def save(figure, table, folder, name):
        drawn.append(name)
        return []

    return save


@pytest.mark.parametrize("name", ["attacks", "neurons", "predictors", "statistics"])
def test_what_is_asked_for_and_cannot_be_shown_is_refused_in_a_sentence(name, tmp_path):
    with pytest.raises(InputError) as caught:
        draw_figures(quick(), tmp_path / "figures", ["learning", name])
    said_so = str(caught.value)
    assert said_so == (
        f"made-up has too little for {name!r}, which needs {analysis(name).NEEDS}; "
        "choose another analysis, or make a run that has it"
    )
    assert not (tmp_path / "figures").exists()


@pytest.mark.parametrize("name", ["null_hierarchy", "adversarial", "recovery"])
def test_a_table_that_is_asked_for_and_missing_is_named(name, tmp_path):
    with pytest.raises(InputError, match=f"no table '{analysis(name).READS[-1]}'"):
        draw_figures(quick(), tmp_path / "figures", [name])
    assert not (tmp_path / "figures").exists()


@pytest.mark.parametrize(
    ("name", "query", "shown"),
    [
        ("attacks", "perturbation != 'random_links'", False),
        ("attacks", "perturbation in ['random_links', 'strongest_links', "
         "'weakest_links', 'gaussian_noise', 'random_neurons']", False),
        ("attacks", "perturbation in ['random_links', 'strongest_links', "
         "'weakest_links', 'greedy_links']", True),
        ("neurons", "perturbation != 'random_pixels'", False),
        ("neurons", "perturbation in ['random_pixels', 'random_neurons']", True),
        ("structure_and_function", "sparsity == 0", False),
        ("structure_and_function", "perturbation != 'random_links'", False),
        ("predictors", "sparsity == 0", False),
        ("predictors", "network_seed < 4", False),
        ("predictors", "network_seed < 5", True),
        ("predictors", "network_seed < 4 or sparsifier == 'set'", False),
        ("predictors", "network_seed < 5 or sparsifier == 'set'", True),
        ("predictors", "network_seed < 5 and sparsifier != 'dense_narrow'", True),
        ("statistics", "network_seed < 4", False),
        ("statistics", "network_seed < 5", True),
        ("statistics", "sparsifier != 'set'", False),
        ("statistics", "sparsifier == 'set'", False),
    ],
)  # fmt: skip
def test_shows_tells_what_is_enough(name, query, shown):
    table = suite().table("percolation").query(query)
    run = suite().having(percolation=table)
    assert analysis(name).shows(run) is shown


def test_structure_and_function_need_all_their_measures():
    table = suite().table("percolation").drop(columns="paths")
    run = suite().having(percolation=table)
    assert analysis("structure_and_function").shows(run) is False


# Attacks on links


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("method", METHODS)
def test_areas_of_the_orders_by_hand(dataset, method):
    table, _ = drawing("attacks")
    here = {"dataset": dataset, "sparsifier": method}
    assert set(table.perturbation) == {*ORDERS}
    for name, (early, late) in ORDERS.items():
        area = site_area((early, late + shift(method)))
        row = one(table, **here, perturbation=name, value="robustness")
        assert row["mean"] == pytest.approx(area)
        assert row["networks"] == SEEDS
        # The seeds differ by what they are raised, over 3/8 of the axis.
        random = site_area((0.9, 0.6 + shift(method)))
        gap = one(table, **here, perturbation=name, value="gap")
        assert gap["mean"] == pytest.approx(random - area)
        assert gap["high"] - gap["low"] == pytest.approx(0, abs=1e-9)


def test_the_curves_of_the_orders():
    table, figure = drawing("attacks")
    top = grid("attacks", 2)[0]
    for ax, dataset in zip(top, DATASETS, strict=True):
        assert ax.get_title(loc="left")[4:] == f"{nr.draw.label(dataset)}, SET"
        for name in ORDERS:
            shown = over(
                table, dataset=dataset, sparsifier="set", perturbation=name,
                value="accuracy",
            )  # fmt: skip
            curve = line(ax, nr.draw.label(name))
            np.testing.assert_array_equal(curve.get_xdata(), shown.fraction)
            np.testing.assert_array_equal(curve.get_ydata(), shown["mean"])
        assert line(ax, "chance").get_ydata()[0] == 0.1
    known = {nr.draw.label(name) for name in (*ORDERS, *METHODS)} | {"chance"}
    assert {*words(figure)} == known


def test_the_areas_of_all_methods_stand_below_the_curves():
    table, _ = drawing("attacks")
    for ax, dataset in zip(grid("attacks", 2)[1], DATASETS, strict=True):
        assert len(ax.get_yticks()) == len(ORDERS)
        for bars, name in zip(
            ax.containers, ("dense_narrow", "static", "set"), strict=True
        ):
            rows = over(table, dataset=dataset, sparsifier=name, value="robustness")
            np.testing.assert_array_equal(
                np.sort(bars[0].get_xdata()), np.sort(rows["mean"])
            )


def test_attacks_of_other_methods_are_drawn_where_there_is_no_set():
    table = analysis("attacks").compute(suite().of("sparsifier == 'dense_narrow'"))
    figure = laid_out("attacks", table)
    assert said(figure, "small dense, same depth")


# Structure and function


def test_function_and_structure_by_hand():
    table, _ = drawing("structure_and_function")
    assert {*table.sparsifier} == {"static", "set"}  # dense ones have no structure
    here = {"dataset": "mnist", "sparsifier": "set", "kind": "measured"}
    exact = {
        "accuracy above chance": (1, 0.9, 0.635, 0),
        "giant_component": (1, 0.975, 0.75, 0),
        "reach": (1, 0.9375, 0.75, 0),
        "paths": (1, 0.421875, 0.125, 0),
    }
    for value, heights in exact.items():
        rows = over(table, **here, value=value)
        np.testing.assert_allclose(rows.fraction, STEPS)
        np.testing.assert_allclose(rows["mean"], heights, atol=1e-12)
        assert set(rows.networks) == {SEEDS}


def test_theory_is_scaled_by_its_own_intact_networks():
    table, _ = drawing("structure_and_function")
    here = {"dataset": "fashion-mnist", "sparsifier": "static", "kind": "theory"}
    exact = {  # of a giant component of 0.8, and a reach of 0.9
        "giant_component": [share / 0.8 for share in GIANT.values()],
        "reach": (1, 0.75, 0.5, 0),
        "paths": (1, 0.421875, 0.125, 0),
    }
    for value, heights in exact.items():
        rows = over(table, **here, value=value)
        np.testing.assert_allclose(rows["mean"], heights, atol=1e-12)
    theory = suite().table("theory")
    low = theory.assign(giant_component=theory.giant_component / 2)
    found = analysis("structure_and_function").compute(suite().having(theory=low))
    rows = over(found, **here, value="giant_component")
    np.testing.assert_allclose(rows["mean"], exact["giant_component"], atol=1e-12)


def test_levels_of_whole_curves_by_hand():
    table, _ = drawing("structure_and_function")
    here = {"dataset": "mnist", "sparsifier": "set", "kind": "level"}
    # Function falls from 0.6 + 0.01 s at 0.5 to 0 at 1, structure from 0.75.
    lost = [0.5 + 0.5 * (0.1 + 0.01 * s) / (0.6 + 0.01 * s) for s in range(SEEDS)]
    exact = {
        "f50_function": np.mean(lost),
        "f50_structure": 0.5 + 0.5 / 3,
        "structure_at_f50": np.mean([0.6 * 2 * (1 - f50) for f50 in lost]),
        "gap": site_area((0.975, 0.75)) - site_area((0.9, 0.635)),
        "predicted_f50": 0.735,
        "threshold": 0.95,
    }
    assert {*over(table, **here).value} == {*exact}
    for value, number in exact.items():
        assert one(table, **here, value=value)["mean"] == pytest.approx(number), value


def test_measured_lines_lie_beside_those_of_theory():
    table, figure = drawing("structure_and_function")
    axes = grid("structure_and_function", 2)
    assert [ax.get_title(loc="left")[4:] for ax in axes[0]] == ["static", "SET"]
    for row, dataset in zip(axes, DATASETS, strict=True):
        for ax, method in zip(row, ("static", "set"), strict=True):
            own = over(table, dataset=dataset, sparsifier=method)
            for value, rows in own[own.kind == "measured"].groupby("value"):
                curve = line(ax, nr.draw.label(value))
                np.testing.assert_array_equal(curve.get_ydata(), rows["mean"])
            laws = own[own.kind == "theory"].groupby("value")
            bare = [tuple(one.get_ydata()) for one in ax.lines]
            for _, rows in laws:
                assert tuple(rows["mean"]) in bare
            places = [
                (*one.get_xdata(), *one.get_ydata())
                for one in ax.lines
                if one.get_marker() == "^" and len(one.get_xdata()) == 1
            ]
            assert places == [(pytest.approx(0.735), 0)]
    shown = words(figure)
    for text in ("accuracy above chance", "giant component", "reach", "theory"):
        assert shown.count(text) == 1
    assert "noise as large as signal" in shown


# Neurons and pixels


def test_removal_of_neurons_and_pixels_by_hand():
    table, _ = drawing("neurons")
    assert {*table.perturbation} == {*SITES}
    kinds = table.groupby("perturbation").kind.unique().map(list).to_dict()
    assert kinds == {
        name: ["neurons" if "neurons" in name else "pixels"] for name in SITES
    }
    for method in METHODS:
        here = {"dataset": "mnist", "sparsifier": method}
        for name, (early, late) in SITES.items():
            row = one(table, **here, perturbation=name, value="robustness")
            area = site_area((early, late + shift(method)))
            assert row["mean"] == pytest.approx(area)
    giant = table[table.value == "giant_component"]
    assert {*giant.sparsifier} == {"static", "set"}
    np.testing.assert_allclose(giant["mean"], giant.fraction.map(GIANT))


def test_random_removal_is_drawn_and_every_order_summed_up():
    table, figure = drawing("neurons")
    top, bottom = grid("neurons", 2)
    columns = [
        (dataset, kind) for dataset in DATASETS for kind in ("neurons", "pixels")
    ]
    for upper, lower, (dataset, kind) in zip(top, bottom, columns, strict=True):
        own = over(table, dataset=dataset, kind=kind)
        for method in METHODS:
            rows = over(
                own, perturbation=f"random_{kind}", sparsifier=method, value="accuracy"
            )
            curve = line(upper, nr.draw.label(method))
            np.testing.assert_array_equal(curve.get_ydata(), rows["mean"])
        giants = thin(upper)
        marks = (line(upper, name) for name in ("static", "SET"))
        assert [one.get_color() for one in giants] == [one.get_color() for one in marks]
        np.testing.assert_allclose(giants[0].get_ydata(), [*GIANT.values()])
        assert upper.get_xlabel() == f"fraction of {kind} removed"
        areas = over(own, value="robustness")
        shown = np.concatenate([bars[0].get_xdata() for bars in lower.containers])
        np.testing.assert_array_equal(np.sort(shown), np.sort(areas["mean"]))
        assert len(lower.get_yticks()) == 2
        assert lower.get_xlim()[0] == 0
    names = [tick.get_text() for tick in bottom[0].get_yticklabels()]
    assert names == ["by degree", "random"]
    told = {*words(figure)}
    assert {"small dense, same depth", "static", "SET"} < told
    assert "giant component (thin; share of neurons)" in told


# Null models and trained topologies


def test_the_hierarchy_of_null_models_by_hand():
    table, _ = drawing("null_hierarchy")
    share = dict(zip(EVERY, np.linspace(1, 0, len(EVERY)), strict=True))
    for dataset, method in (("mnist", "set"), ("fashion-mnist", "static")):
        here = {"dataset": dataset, "sparsifier": method}
        height = intact(dataset, method) - 0.1
        for null in EVERY:
            row = one(table, **here, retrained=False, null_model=null)
            assert row["mean"] == pytest.approx(0.1 + height * share[null])
        for null, more in RETRAINED.items():
            row = one(table, **here, retrained=True, null_model=null)
            assert row["mean"] == pytest.approx(intact(dataset, method) + more)
            assert row["networks"] == SEEDS


def test_trained_again_stands_below_as_drawn():
    table, figure = drawing("null_hierarchy")
    for row, again in zip(grid("null_hierarchy", 2), (False, True), strict=True):
        for ax, dataset in zip(row, DATASETS, strict=True):
            rows = over(table, dataset=dataset, retrained=again)
            shown = np.concatenate([bars[0].get_xdata() for bars in ax.containers])
            np.testing.assert_array_equal(np.sort(shown), np.sort(rows["mean"]))
            known = nr.draw.ordered(rows.null_model)
            assert known[0] == "none"
            names = [tick.get_text() for tick in ax.get_yticklabels()]
            assert names in ([nr.draw.label(null) for null in known], [])
            chance = [one for one in ax.lines if one.get_label() == "chance"]
            assert len(chance) == (0 if again else 1)
    assert "no topology to randomise" in figure.legends[0].get_title().get_text()


# Attacks on images


def test_accuracy_under_attack_by_hand():
    table, _ = drawing("adversarial")
    for dataset, method in (("mnist", "dense_narrow"), ("fashion-mnist", "set")):
        height = intact(dataset, method) - 0.1
        for name, steep in STEEPNESS.items():
            rows = over(table, dataset=dataset, sparsifier=method, attack=name)
            np.testing.assert_allclose(rows.eps, EPS)
            exact = [0.1 + height * (1 - steep * eps) for eps in EPS]
            np.testing.assert_allclose(rows["mean"], exact)


def test_a_panel_for_every_attack():
    table, figure = drawing("adversarial")
    axes = grid("adversarial", 2)
    titles = [ax.get_title(loc="left")[4:] for ax in axes[0]]
    assert titles == ["FGSM", "PGD", "Gaussian noise"]
    for row, dataset in zip(axes, DATASETS, strict=True):
        assert row[0].get_ylabel().startswith(nr.draw.label(dataset))
        for ax, name in zip(row, STEEPNESS, strict=True):
            for method in METHODS:
                rows = over(table, dataset=dataset, attack=name, sparsifier=method)
                curve = line(ax, nr.draw.label(method))
                np.testing.assert_array_equal(curve.get_ydata(), rows["mean"])
                np.testing.assert_array_equal(curve.get_xdata(), EPS)
            assert line(ax, "chance")
    assert words(figure) == ["small dense, same depth", "static", "SET", "chance"]


# Recovery


def test_recovery_by_hand():
    table, _ = drawing("recovery")
    for method, modes in (("static", ["frozen"]), ("set", ["frozen", "adaptive"])):
        own = over(table, dataset="mnist", sparsifier=method)
        assert {*own["mode"]} == {*modes}
        for mode in modes:
            regained = over(own, mode=mode, value="regained", fraction=0.9)
            np.testing.assert_allclose(regained["mean"], REGAINED[mode])
            height = intact("mnist", method)
            lost = (height - 0.1) * 0.9
            rows = over(own, mode=mode, value="accuracy", fraction=0.9)
            exact = [height - lost * (1 - share) for share in REGAINED[mode]]
            np.testing.assert_allclose(rows["mean"], exact)


def test_what_regained_nothing_lost_is_left_open():
    table = suite().table("recovery")
    table.loc[table.fraction == 0.5, "regained"] = np.nan
    found = analysis("recovery").compute(suite().having(recovery=table))
    rows = found[found.value == "regained"]
    assert rows[rows.fraction == 0.5]["mean"].isna().all()
    assert rows[rows.fraction == 0.9]["mean"].notna().all()


def test_frozen_and_adaptive_networks_share_a_panel():
    table, figure = drawing("recovery")
    axes = grid("recovery", 2)
    titles = [ax.get_title(loc="left")[4:] for ax in axes[0]]
    assert titles == ["50% of the links removed", "90% of the links removed"]
    for row, dataset in zip(axes, DATASETS, strict=True):
        for ax, fraction in zip(row, (0.5, 0.9), strict=True):
            here = {"dataset": dataset, "fraction": fraction, "value": "regained"}
            assert line(ax, "intact").get_ydata()[0] == 1
            for text, method, mode in (
                ("static", "static", "frozen"),
                ("SET (frozen topology)", "set", "frozen"),
                ("SET (adaptive topology)", "set", "adaptive"),
            ):
                rows = over(table, **here, sparsifier=method, mode=mode)
                curve = line(ax, text)
                np.testing.assert_array_equal(curve.get_xdata(), [0, 1, 2])
                np.testing.assert_array_equal(curve.get_ydata(), rows["mean"])
    solid, broken = (
        line(axes[0, 0], f"SET ({mode} topology)") for mode in ("frozen", "adaptive")
    )
    assert (solid.get_linestyle(), broken.get_linestyle()) == ("-", "--")
    assert "SET (adaptive topology)" in words(figure)


# Predictors


@pytest.fixture(scope="module")
def alone():
    """Ranks of the networks of SET alone, which are those of their seeds."""
    return analysis("predictors").compute(suite().of("sparsifier == 'set'"))


def test_ranks_within_a_method_by_hand(alone):
    exact = {"intact_accuracy": 1, "reach": 1, "in_degree_dispersion": -1}
    exact["modularity"] = 1 - 6 * 28 / (8 * 63)
    assert sum((place - rank) ** 2 for rank, place in enumerate(MIXED)) == 28
    assert {*alone.perturbation} == {"random_links", "strongest_links"}
    for (dataset, perturbation), rows in alone.groupby(["dataset", "perturbation"]):
        assert dataset in DATASETS
        found = rows.set_index("predictor").spearman
        assert found.to_dict() == pytest.approx(exact), perturbation
    assert set(alone.networks) == {SEEDS}
    assert (alone.low <= alone.spearman + 1e-9).all()


def test_constants_and_what_is_undefined_are_no_predictors():
    table, _ = drawing("predictors")
    # The links are the same everywhere and nestedness is undefined; the dispersion is
    # undefined in dense networks alone, which are not ranked.
    assert {*table.predictor} == {
        *("intact_accuracy", "reach", "in_degree_dispersion", "modularity"),
    }
    assert set(table.networks) == {2 * SEEDS}
    assert set(table.within) == {"sparsifier"}


def test_ranks_over_methods_have_the_mean_of_each_taken_away():
    table, _ = drawing("predictors")
    rows = [
        {"method": keys["sparsifier"], "modularity": 0.1 * MIXED[keys["network_seed"]]}
        | {"robustness": round(0.375 * raised(keys), 9)}
        for keys, _ in networks(("static", "set"), SEEDS)
        if keys["dataset"] == "mnist"
    ]
    both = pd.DataFrame(rows)
    own = both.groupby("method").transform(lambda one: (one - one.mean()).round(9))
    exact = spearmanr(own.modularity, own.robustness).statistic
    here = {"dataset": "mnist", "predictor": "modularity"}
    for perturbation in ("random_links", "strongest_links"):
        row = one(table, **here, perturbation=perturbation)
        assert row["spearman"] == pytest.approx(exact)
        assert row["tests"] == 4  # the predictors of one data set and one removal


def test_predictors_stand_in_the_order_of_their_strength():
    table, figure = drawing("predictors")
    left, right = grid("predictors", 1)[0]
    names = [tick.get_text() for tick in left.get_yticklabels()]
    most = table.groupby("predictor").spearman.apply(lambda rho: rho.abs().max())
    strongest = most.sort_values(ascending=False).index
    assert names == [nr.draw.label(name) for name in strongest]
    assert left.yaxis_inverted()  # the strongest on top
    for ax, dataset in ((left, "mnist"), (right, "fashion-mnist")):
        rows = over(table, dataset=dataset)
        for sure in (True, False):
            kind = [
                bars[0]
                for bars in ax.containers
                if (bars[0].get_markerfacecolor() != "white") == sure
            ]
            parts = [np.asarray(marks.get_xdata(), float) for marks in kind]
            shown = np.sort(np.concatenate([[], *parts]))
            expected = np.sort(rows.spearman[(rows.p_holm < 0.05) == sure])
            np.testing.assert_array_equal(shown, expected)
    assert len(words(figure)) == 2


def test_an_interval_beside_its_number_can_be_drawn():
    table, _ = drawing("predictors")
    beside = table.assign(high=table.spearman - 0.01, low=table.spearman - 0.2)
    laid_out("predictors", beside)
    table, _ = drawing("statistics")
    rounded = table.assign(low=table.difference + 1e-16)
    laid_out("statistics", rounded)


# Statistics


def test_tests_against_set_by_hand():
    table, _ = drawing("statistics")
    assert {*table.sparsifier} == {"static", "dense_narrow"}
    assert set(table.against) == {"set"}
    assert set(table.networks) == {SEEDS}
    assert set(table.p_min) == {2 / 2**SEEDS}
    assert set(table.tests) == {len(table)}  # one family
    for name, (early, late) in ORDERS.items():
        for dataset in DATASETS:
            here = {"dataset": dataset, "perturbation": name}
            row = one(table, **here, sparsifier="static")
            # In turn 0.1 and 0.12 lower at 0.5, which is 3/8 of the area.
            assert row["difference"] == pytest.approx(-0.11 * 0.375)
            spread = np.std([0.1, 0.12] * (SEEDS // 2), ddof=1)
            assert row["cohen_dz"] == pytest.approx(-0.11 / spread)
            assert row["mean_against"] == pytest.approx(
                site_area((early, late + 0.035))
            )
            assert row["p"] == 2 / 2**SEEDS
            # Those of static are the least, and one step up are those that are 1.
            assert row["p_holm"] == pytest.approx(min(1, len(table) * row["p"]))
            other = one(table, **here, sparsifier="dense_narrow")
            assert other["difference"] == pytest.approx(0, abs=1e-12)
            assert (other["p"], other["p_holm"]) == (1, 1)


def test_where_half_of_the_skill_is_gone():
    table, _ = drawing("statistics")
    row = one(
        table, dataset="mnist", perturbation="random_neurons", sparsifier="dense_narrow"
    )
    # From 0.8 at 0.25 through 0.5 + r at 0.5 to 0 at 1.
    late = [0.5 + 0.01 * s + 0.02 * (-1) ** s for s in range(SEEDS)]
    exact = [
        1 - 0.25 / end if end >= 0.5 else 0.25 + 0.25 * 0.3 / (0.8 - end)
        for end in late
    ]
    assert row["f50"] == pytest.approx(np.mean(exact))


def test_a_network_that_never_loses_half_leaves_f50_open():
    table = suite().table("percolation")
    name = table.network[table.sparsifier == "static"].iloc[0]
    kept = (table.network == name) & (table.fraction == 1)
    table.loc[kept, "accuracy"] = 0.9
    run = suite().having(percolation=table)
    found = analysis("statistics").compute(run)
    rows = over(found, dataset="mnist", perturbation="weakest_links")
    assert np.isnan(one(rows, sparsifier="static")["f50"])
    assert one(rows, sparsifier="dense_narrow")["f50"] > 0.5
    assert "|  |" in analysis("statistics").texts(found)["md"]


def test_differences_are_drawn_filled_where_they_are_sure():
    table, _ = drawing("statistics")
    # So few networks can be sure of nothing after the correction over all rows.
    figure = laid_out("statistics", table.assign(p_holm=table.p))
    for ax, dataset in zip(lettered(figure), DATASETS, strict=True):
        rows = over(table, dataset=dataset)
        shown = np.concatenate([bars[0].get_xdata() for bars in ax.containers])
        np.testing.assert_array_equal(np.sort(shown), np.sort(rows.difference))
        for bars in ax.containers:
            if len(bars[0].get_xdata()):
                sure = (bars[0].get_xdata() < -0.02).all()
                assert (bars[0].get_markerfacecolor() != "white") == sure
    first = grid("statistics", 1)[0][0]
    names = [tick.get_text() for tick in first.get_yticklabels()]
    assert names[:2] == ["random links", "strongest links"]
    assert first.get_ylim()[0] > first.get_ylim()[1]  # the first stands on top
    assert words(figure) == ["small dense, same depth", "static"]
    assert said(figure, "8 pairs of networks; bars: bootstrap 95%; filled: p < 0.05")


def test_the_tests_in_print():
    table, _ = drawing("statistics")
    written = analysis("statistics").texts(table)
    row = one(
        table, dataset="mnist", perturbation="strongest_links", sparsifier="static"
    )
    area = site_area((0.5, 0.235))
    cells = (
        "MNIST", "strongest links", "static", f"{area - 0.04125:.3f}", f"{area:.3f}",
        f"-0.041 ({row.low:+.3f} to {row.high:+.3f})", "-10.3", "0.0078",
        f"{row.p_holm:.3f}", "0.0078", f"{row.power:.2f}", f"{row.f50:.2f}",
    )  # fmt: skip
    assert f"| {' | '.join(cells)} |" in written["md"].splitlines()
    assert f"{' & '.join(cells)} \\\\" in written["tex"].splitlines()
    assert r"Cohen's d\_z" in written["tex"]
    assert r"95\%" in written["tex"]
    assert len(written["md"].splitlines()) == 2 + len(table) + 2


def test_signs_of_latex_are_escaped():
    table, _ = drawing("statistics")
    mine = table.assign(
        sparsifier=table.sparsifier.replace("static", "mest(em_s=True)")
    )
    written = analysis("statistics").texts(mine)["tex"]
    assert r"& MEST (EM\&S) &" in written


def test_fewer_pairs_are_said():
    run = suite().of("network_seed < 6 or sparsifier != 'static'")
    table = analysis("statistics").compute(run)
    assert {*table.networks} == {6, 8}
    assert said(laid_out("statistics", table), "6 to 8 pairs of networks")


# Claims


def test_claims_are_paired_differences_with_a_family_each():
    table, figure = drawing("claims")
    assert {*table.claim} == {
        "accuracy", "random removal", "targeted removal", "adversarial attack",
        "shuffled weights",
    }  # fmt: skip
    counts = table.groupby("family").size()
    assert (table.tests == table.family.map(counts)).all()
    assert {*table.family} == {*table.claim, "primary"}
    assert set(table.networks) == {SEEDS}
    here = {"dataset": "mnist", "contrast": "set - static"}
    accuracy = one(table, **here, claim="accuracy")
    assert accuracy.difference == pytest.approx(0.97 * 0.01)
    assert accuracy.verdict == "higher"
    primary = one(table, **here, measure="random_links")
    assert primary.difference == pytest.approx(0.11 * 0.375)
    assert primary.p == 2 / 2**SEEDS
    assert primary.verdict == "higher"
    assert primary.p_holm == pytest.approx(primary.p * 2)  # of two sets
    level = one(table, **here, measure="shuffled_weights")
    assert level.difference == pytest.approx(0, abs=1e-12)
    assert level.verdict == "none within the margin"
    assert said(figure, "SET less static")


def test_claims_stand_with_interval_power_and_verdict_in_print():
    table, _ = drawing("claims")
    lines = analysis("claims").texts(table)["md"].splitlines()
    row = one(table, dataset="mnist", contrast="set - static", measure="random_links")
    start = "| random removal | random links | MNIST | SET less static | "
    words = (
        f"{row.difference:+.4f} ({row.low:+.4f} to {row.high:+.4f}) | {SEEDS} | "
        f"{row.power:.2f} | {row.p:.4f}"
    )
    (found,) = [line for line in lines if line.startswith(start)]
    assert words in found


# Along the training, and shuffles in part


def test_an_untrained_network_has_an_accuracy_and_no_area():
    table, _ = drawing("along_training")
    here = {"dataset": "mnist", "sparsifier": "set"}
    known = over(table, **here, value="accuracy").set_index("epoch")["mean"]
    assert known[0] == pytest.approx(0.1)
    assert known[10] == known[100] == pytest.approx(intact("mnist", "set"))
    areas = over(table, **here, value="robustness", perturbation="random_links")
    assert areas.epoch.tolist() == [10, 100]
    np.testing.assert_allclose(areas["mean"], 0.5)


def test_shuffles_in_part_are_drawn_from_nothing_to_everything():
    table, figure = drawing("partial_shuffles")
    axes = grid("partial_shuffles", 2)
    for ax, left in zip(axes[0], (0.0, 0.5), strict=True):
        curve = line(ax, "SET")
        np.testing.assert_array_equal(curve.get_xdata(), [0, 0.5, 1])
        height = intact("mnist", "set") - 0.1
        assert curve.get_ydata()[-1] == pytest.approx(0.1 + height * left)
    assert len(over(table, dataset="mnist", sparsifier="set")) == 2 * 3
    assert "SET" in words(figure)


# Networks and orders


def test_variance_components_by_hand():
    table, _ = drawing("variance_components")
    # Areas of single orders lie 0.005 below and above that of their mean.
    here = {"dataset": "mnist", "sparsifier": "set", "perturbation": "random_links"}
    row = one(table, **here)
    curves = suite().table("percolation").query("perturbation == 'random_links'")
    own = curves.query("dataset == 'mnist' and sparsifier == 'set'")
    areas = {
        key: np.trapezoid(
            (of.accuracy - 0.1) / (of.accuracy.iloc[0] - 0.1), of.fraction
        )
        for key, of in own.groupby(["network_seed", "replicate"])
    }
    single = pd.Series(areas).unstack()
    assert single.shape == (SEEDS, 2)
    within = single.var(axis=1).mean()
    assert row.sd_replicates == pytest.approx(np.sqrt(within))
    between = single.mean(axis=1).var() - within / 2
    assert row.sd_networks == pytest.approx(np.sqrt(max(between, 0)))
    assert row[["networks", "replicates"]].tolist() == [SEEDS, 2]
    panels_ = grid("variance_components", 2)
    assert [ax.get_xlim() for ax in panels_[:, 2]] == [(-0.05, 1.05)] * 2
    assert panels_[0, 0].get_xlim() == panels_[0, 1].get_xlim()


def test_removal_from_the_head_has_components_of_its_own():
    table = suite().table("percolation").query("perturbation == 'random_links'")
    run = suite().having(curves_head=table.assign(scope="per_layer+head"))
    found = analysis("variance_components").compute(run)
    keys = ["dataset", "sparsifier", "perturbation"]
    rows = found.set_index(keys).sort_index()
    without = rows.xs("random_links", level="perturbation")
    within = rows.xs("random_links with head", level="perturbation")
    pd.testing.assert_frame_equal(without, within)


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ("replicate == 0", False),
        ("network_seed < 4", False),
        ("network_seed < 5", True),
        ("network_seed < 4 or sparsifier == 'set'", True),
    ],
)
def test_variance_components_need_networks_and_orders(query, there):
    tables = {
        name: suite().table(name).query(query)
        for name in ("percolation", "curves_shuffles")
    }
    assert analysis("variance_components").shows(suite().having(**tables)) is there


def test_networks_without_skill_have_no_variance_components():
    table = suite().table("percolation").query("sparsifier == 'set'")
    dull = table.assign(accuracy=table.accuracy.mask(table.network_seed == 0, 0.1))
    run = FakeRun({}, percolation=pd.concat([dull, table.assign(sparsifier="rigl")]))
    found = analysis("variance_components").compute(run)
    assert set(found.sparsifier) == {"rigl"}
    assert not analysis("variance_components").shows(FakeRun({}, percolation=dull))


# Settings of a grid


def test_scaling_by_hand():
    table, _ = drawing("scaling")
    assert set(table.field) == {"width"}
    early, late = ORDERS["random_links"]
    for method, width in product(("static", "set"), (500, 1000)):
        here = {"dataset": "mnist", "sparsifier": method, "place": width}
        keys = [{"sparsifier": method, "network_seed": seed} for seed in range(SEEDS)]
        half = [
            np.interp(-0.5, [-1, -early, -late - raised(key), 0], [0, 0.25, 0.5, 1])
            for key in keys
        ]
        row = one(table, **here, value="f50_function")
        assert row["mean"] == pytest.approx(np.mean(half))
        assert row["networks"] == SEEDS
        row = one(table, **here, value="f50_structure")
        falls = [-share / GIANT[0] for share in GIANT.values()]
        assert row["mean"] == pytest.approx(np.interp(-0.5, falls, [*GIANT]))
        law = one(table, **here, value="predicted_f50")
        assert law["mean"] == pytest.approx(0.7 + 0.01 * (SEEDS - 1) / 2)
        assert one(table, **here, value="threshold")["mean"] == pytest.approx(0.95)
        found = one(table, **here, value="accuracy")["mean"]
        assert found == pytest.approx(intact("mnist", method))
    assert not table.sparsifier.str.startswith("dense").any()
    panels_ = grid("scaling", 2)
    assert [ax.get_xlabel() for ax in panels_[1]] == ["width"] * 3
    assert {ax.get_xscale() for ax in panels_.flat} == {"log"}
    rows = over(table, dataset="mnist", sparsifier="set", value="f50_function")
    drawn = line(panels_[0][1], "SET")
    np.testing.assert_array_equal(drawn.get_ydata(), rows["mean"])
    np.testing.assert_array_equal(drawn.get_xdata(), [500, 1000])
    laws = [one.get_ydata() for one in thin(panels_[0][2])]
    np.testing.assert_allclose(laws, 0.95)
    assert len(laws) == 2


def test_areas_below_nothing_are_not_cut_off():
    for name, axis in (("along_training", "y"), ("neurons", "x")):
        table, _ = drawing(name)
        low = table.assign(
            mean=table["mean"] - 1, low=table.low - 1, high=table.high - 1
        )
        axes = lettered(laid_out(name, low))
        limits = [getattr(ax, f"get_{axis}lim")()[0] for ax in axes[-2:]]
        assert max(limits) < low[low.value == "robustness"].low.max()


@pytest.mark.parametrize(
    ("places", "field", "values"),
    [
        ([{"hidden": "9"}, {"hidden": "9-9"}], "depth", [1, 2]),
        ([{"sparsity": 0.9}, {"sparsity": 0.95}], "density", [0.05, 0.1]),
        ([{"weight_decay": 0.0}, {"weight_decay": 0.1}], "weight_decay", [0, 0.1]),
        (
            [{"hidden": "9-9", "sparsity": 0.5}, {"hidden": "5-5", "sparsity": 0.1}],
            "width", [5, 9],
        ),
    ],
)  # fmt: skip
def test_scaling_finds_the_setting_that_differs(places, field, values):
    run = scanned(*places)
    assert analysis("scaling").shows(run)
    table = analysis("scaling").compute(run)
    assert set(table.field) == {field}
    assert sorted(set(table.place)) == values


@pytest.mark.parametrize(
    "places",
    [
        [{"zeta": 0.1}],
        [{"zeta": z, "momentum": m} for z in (0.1, 0.2) for m in (0.3, 0.4)],
        [{"densities": "erk"}, {"densities": "uniform"}],
    ],
)
def test_scaling_shows_no_grid_whose_places_would_hide_each_other(places):
    assert not analysis("scaling").shows(scanned(*places))


# Settings chosen by images held out


def test_tuning_by_hand():
    run = held_out(0.001, 0.01)
    table, figure = drawing("tuning")
    assert set(table.field) == {"weight_decay"}
    history = run.table("history")
    last = history[history.epoch == history.epoch.max()]
    for method, decay in product(("static", "set"), (0.001, 0.01)):
        row = one(table, dataset="fashion-mnist", sparsifier=method, place=decay)
        asked = "dataset == 'fashion_mnist_validation' and method == @method"
        own = last.query(f"{asked} and weight_decay == @decay").test_accuracy
        assert row["mean"] == pytest.approx(own.mean())
        assert row["networks"] == len(own) > 1
        assert row.chosen == (decay == 0.001)
    left, right = figure.axes
    assert [ax.get_title(loc="left")[4:] for ax in figure.axes] == [
        "MNIST", "Fashion-MNIST",
    ]  # fmt: skip
    assert left.get_ylabel() == "validation accuracy"
    assert {ax.get_xlabel() for ax in figure.axes} == {"weight decay"}
    rings = [line for line in right.lines if line.get_linestyle() == "None"]
    best = over(table, dataset="fashion-mnist", chosen=True)
    np.testing.assert_array_equal(rings[-1].get_ydata(), best["mean"])
    chosen = "chosen: 0.001 for static, 0.001 for SET"
    assert chosen in analysis("tuning").texts(table)["md"]


def test_one_value_is_chosen_for_all_data_sets():
    history = held_out(0.001, 0.01).table("history")
    fashion = history.dataset.str.startswith("fashion")
    much = history.test_accuracy + 0.05 * (fashion & (history.weight_decay == 0.01))
    run = held_out(0.001, 0.01).having(history=history.assign(test_accuracy=much))
    table = analysis("tuning").compute(run)
    assert set(table[table.chosen].place) == {0.01}
    assert table.chosen.sum() == 4  # two methods on two data sets


def test_a_setting_of_which_none_can_be_drawn_on_a_logarithm_is_chosen_too():
    run = held_out(0, 0.01)
    table = analysis("tuning").compute(run)
    assert {ax.get_xscale() for ax in laid_out("tuning", table).axes} == {"linear"}


def test_nothing_is_chosen_by_test_images():
    run = held_out(0.001, 0.01)
    history = run.table("history")
    on_test = history.assign(dataset=history.dataset.str.removesuffix("_validation"))
    assert analysis("tuning").shows(run)
    assert not analysis("tuning").shows(run.having(history=on_test))
    two = {"weight_decay": [0.001, 0.01], "zeta": [0.1, 0.3]}
    for grid in (two, {"densities": ["erk", "uniform"]}, [{"zeta": [0.1, 0.3]}]):
        other = FakeRun({"grid": grid}, history=history.assign(densities="erk"))
        assert not analysis("tuning").shows(other)
