"""Every analysis: its claim, its table, its figure."""

import re
from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from matplotlib._pylab_helpers import Gcf
from scipy.stats import binom, hypergeom

import netrobust as nr
from netrobust.gallery import ANALYSES, analysis

DATASETS = {"mnist": 0.97, "fashion-mnist": 0.87}
SPARSE = ("static", "set")
SMALL = ("dense_small", "dense_narrow")
WEIGHT = {"dense": 1.01, "set": 1.0, "static": 0.99, "dense_small": 0.985}
NULLS = ("shuffle_all", "shuffle_by_sign", "degree_preserving", "erdos_renyi")


def labels(dataset, sparsifier, seed):
    return {
        "network": f"{dataset}-{sparsifier}-s{seed}",
        "dataset": dataset,
        "sparsifier": sparsifier,
        "width": {"dense_small": 48, "dense_narrow": 43}.get(sparsifier, 1000),
        "sparsity": 0.99 if sparsifier in SPARSE else 0.0,
        "network_seed": seed,
    }


def networks(sparsifiers, seeds=2):
    """Labels and intact accuracy of the networks of the quick preset."""
    for (dataset, level), name, seed in product(
        DATASETS.items(), sparsifiers, range(seeds)
    ):
        accuracy = level * WEIGHT.get(name, 0.975) + 0.002 * seed
        yield labels(dataset, name, seed), accuracy


GRID = (0, 0.01, 0.02, 0.03, 0.05, *np.arange(1, 11) / 10)


def nonsense(keys, null):
    """Complete layers have no topology to randomise, so runs hold no such rows."""
    return keys["sparsifier"] in SMALL and null in ("degree_preserving", "erdos_renyi")


def history(epochs=10):
    rows = []
    runs = [(one, epochs) for one in networks((*SPARSE, *SMALL))]
    runs += [(one, 2) for one in networks(("dense",), seeds=1)]
    for (keys, accuracy), length in runs:
        for epoch in range(1, length + 1):
            test = accuracy * (1 - 0.1 * np.exp(-epoch / 3))
            rows.append({**keys, "epoch": epoch, "learning_rate": 0.025, "loss": 0.1})
            rows[-1] |= {"train_accuracy": test + 0.01, "test_accuracy": test}
    return pd.DataFrame(rows)


def percolation(replicates=3):
    rows = []
    half = {"random_links": 0.5, "strongest_links": 0.2, "weakest_links": 0.8}
    for (keys, intact), null, perturbation, fraction, replicate in product(
        networks((*SPARSE, *SMALL)),
        ("none", "degree_preserving"),
        half,
        GRID,
        range(replicates),
    ):
        if nonsense(keys, null):
            continue
        top = intact if null == "none" else 0.2
        fall = 1 / (1 + np.exp(12 * (fraction - half[perturbation])))
        shift = 0.02 * replicate * fraction * (1 - fraction)
        rows.append(
            keys
            | {"null_model": null, "perturbation": perturbation, "scope": "per_layer"}
            | {"fraction": fraction, "removed": fraction, "replicate": replicate}
            | {"draw_seed": 0, "accuracy": 0.1 + (top - 0.1) * fall + shift}
            | {"loss": 2.3 - 2 * fall, "moved": 0.0 if null == "none" else 0.99}
            | {"giant_component": (1 - fraction**6) * 0.99, "reach": 1 - fraction**5}
        )
    return pd.DataFrame(rows)


def nulls(replicates=5):
    rows = []
    kept = dict(zip(("none", *NULLS), (1, 0.2, 0.8, 0.05, 0.02), strict=True))
    for (keys, intact), (null, share) in product(
        networks((*SPARSE, *SMALL)), kept.items()
    ):
        if nonsense(keys, null):
            continue
        for replicate in range(1 if null == "none" else replicates):
            accuracy = 0.1 + (intact - 0.1) * share + 0.01 * replicate * (share < 1)
            rows.append(
                keys
                | {"null_model": null, "perturbation": "none", "scope": "per_layer"}
                | {"fraction": 0.0, "removed": 0.0, "replicate": replicate}
                | {"draw_seed": 0, "accuracy": accuracy, "loss": 1.0, "moved": 0.5}
            )
    return pd.DataFrame(rows)


def degrees():
    """Degrees of random layers; those of SET also have a few neurons of many links."""
    rng = np.random.default_rng(0)
    tables = []
    shape = {"1": (784, 1000), "2": (1000, 1000), "3": (1000, 1000)}
    for (keys, _), (layer, sizes), side in product(
        networks(SPARSE), shape.items(), ("in", "out")
    ):
        own, other = sizes[::-1] if side == "in" else sizes
        law = hypergeom(own * other, other, own * other // 100)
        drawn = law.rvs(own, random_state=rng)
        if keys["sparsifier"] == "set":
            drawn[:30] += rng.integers(5, 30, size=30)
        degree = np.arange(max(drawn.max() + 1, 45))
        count = np.bincount(drawn, minlength=len(degree))
        table = {"degree": degree, "count": count, "expected": own * law.pmf(degree)}
        tables.append(pd.DataFrame({**keys, "layer": layer, "side": side, **table}))
    return pd.concat(tables, ignore_index=True)


def measures():
    """Indices of dispersion; those of whole networks and dense layers go unused."""
    rows = []
    for (keys, _), layer in product(networks((*SPARSE, *SMALL)), ("1", "2", "all")):
        excess = 0.1 * keys["network_seed"] if keys["sparsifier"] == "set" else 0.0
        index = np.nan if keys["sparsity"] == 0 else 1 + excess
        rows.append(
            keys
            | {"layer": layer, "links": 10_000.0}
            | {"in_degree_dispersion": index, "out_degree_dispersion": 2 * index}
        )
    third = [{**row, "layer": "3"} for row in rows if row["layer"] == "2"]
    return pd.DataFrame(rows + third)


SURVIVAL = {"static": 1.0, "set": 0.9, "rigl": 0.95}


def dynamics(epochs=10):
    """Shares of places and links; layers and networks differ in those of neurons."""
    rows = []
    for (keys, _), epoch, layer in product(
        networks(tuple(SURVIVAL)), range(1, epochs + 1), (1, 2, 3)
    ):
        name, seed = keys["sparsifier"], keys["network_seed"]
        places = 784_000 if layer == 1 else 1_000_000
        active = 1 - 0.03 * 2**layer - 0.1 * seed * (name == "rigl")
        rows.append(
            keys
            | {"sparsity": 0.99, "epoch": epoch, "layer": layer}
            | {"links": places // 100, "itop": 0.01 + 0.003 * (epoch - 1)}
            | {"active_sources": 0.5, "active_targets": active, "paths": 1e5}
            | {"survival": SURVIVAL[name] ** (epoch - 1) - 0.001 * layer}
            | {"alignment": np.nan, "removed": 300, "grown": 300, "returned": 1}
        )
    return pd.DataFrame(rows)


def receptive_fields(epochs=(0, 5, 10), pixels=784):
    """Even maps, but for RigL, whose links gather in the upper half."""
    tables = []
    for (keys, _), epoch in product(networks(("static", "set", "rigl")), epochs):
        upper = np.arange(pixels) < pixels / 2
        degree = (
            10 + keys["network_seed"] + epoch * upper * (keys["sparsifier"] == "rigl")
        )
        table = {"epoch": epoch, "pixel": np.arange(pixels), "degree": degree}
        tables.append(pd.DataFrame({**keys, **table, "strength": degree / 7}))
    return pd.concat(tables, ignore_index=True)


class FakeRun:
    """A run whose tables are made up, in the shape of real ones."""

    def __init__(self, settings=None, **tables):
        self.settings = settings or {"training": {}}
        self.tables = tables
        self.read = set()

    def table(self, name):
        self.read.add(name)
        return self.tables[name].copy()


@pytest.fixture(scope="module")
def run():
    return FakeRun(
        history=history(),
        percolation=percolation(),
        nulls=nulls(),
        degrees=degrees(),
        measures=measures(),
        dynamics=dynamics(),
        receptive_fields=receptive_fields(),
    )


@pytest.fixture(scope="module")
def drawn(run):
    """Table and figure of every analysis, laid out for print."""
    results = {}
    for name in ANALYSES:
        table = analysis(name).compute(run)
        before = table.copy()
        with nr.draw.style():
            figure = analysis(name).draw(table)
            figure.draw_without_rendering()
        pd.testing.assert_frame_equal(table, before)
        results[name] = (table, figure)
    return results


@pytest.mark.parametrize("name", ANALYSES)
def test_the_docstring_says_what_is_examined(name):
    text = analysis(name).__doc__
    assert text.startswith(("Claim: ", "Question: "))
    assert "arxiv" in text.lower()


@pytest.mark.parametrize("name", ANALYSES)
def test_an_analysis_reads_the_tables_that_it_says_it_reads(name, run):
    own = FakeRun(**run.tables)
    analysis(name).compute(own)
    assert own.read == set(analysis(name).READS)


@pytest.mark.parametrize("name", ANALYSES)
def test_compute_does_not_depend_on_the_order_of_rows(name, run, drawn):
    shuffled = FakeRun(
        **{
            key: table.sample(frac=1, random_state=1)
            for key, table in run.tables.items()
        }
    )
    pd.testing.assert_frame_equal(analysis(name).compute(shuffled), drawn[name][0])


@pytest.mark.parametrize("name", ANALYSES)
def test_figures_are_in_print_width_lettered_and_say_what_they_show(name, drawn):
    _, figure = drawn[name]
    assert figure.get_size_inches()[0] == nr.draw.DOUBLE
    assert figure.get_size_inches()[1] <= 9
    titles = [ax.get_title(loc="left") for ax in lettered(figure)]
    assert [title[:3] for title in titles] == [
        f"({chr(ord('a') + place)})" for place in range(len(titles))
    ]
    few = "1 to 2" if name in ("learning", "accuracy") else "2"
    assert said(figure, rf"\b{few} networks")
    assert not Gcf.figs


def lettered(figure):
    """Axes that show data; those of colour bars do not."""
    return [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]


def said(figure, pattern):
    """Whether any words of a figure hold a pattern."""
    return any(re.search(pattern, words) for words, _ in texts(figure))


def texts(figure):
    """All visible words of a figure with their boxes."""
    found = []
    for ax in figure.axes:
        parts = [ax.xaxis.label, ax.yaxis.label, ax._left_title, ax.title]
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if low <= tick.get_loc() <= high:
                    parts += [tick.label1, tick.label2]
        parts += ax.texts
        found += [one for one in parts if one.get_visible() and one.get_text().strip()]
    for legend in figure.legends:
        found += [*legend.get_texts(), legend.get_title()]
    return [(one.get_text(), one.get_window_extent()) for one in found]


def assert_no_overlap(figure):
    """No two words share a place, and none leaves the page."""
    words = texts(figure)
    for (one, box), (two, other) in combinations(words, 2):
        width = min(box.x1, other.x1) - max(box.x0, other.x0)
        height = min(box.y1, other.y1) - max(box.y0, other.y0)
        assert width <= 0 or height <= 0, (one, two)
    for word, box in words:
        assert box.x0 >= 0, word
        assert box.y0 >= 0, word
        assert box.x1 <= figure.bbox.width, word
        assert box.y1 <= figure.bbox.height, word


@pytest.mark.parametrize("name", ANALYSES)
def test_no_words_overlap_or_leave_the_page(name, drawn):
    assert_no_overlap(drawn[name][1])


def panel(figure, start):
    (ax,) = [ax for ax in figure.axes if ax.get_title(loc="left").startswith(start)]
    return ax


def line(ax, text):
    (one,) = [one for one in ax.lines if one.get_label() == text]
    return one


def over(table, **keys):
    """Rows over networks with these keys."""
    rows = table[table["network_seed"].isna()] if "network_seed" in table else table
    for key, value in keys.items():
        rows = rows[rows[key] == value]
    return rows


def test_learning_draws_the_means_of_its_table(run, drawn):
    table, figure = drawn["learning"]
    for start, dataset in (("(a) MNIST", "mnist"), ("(b) Fashion", "fashion-mnist")):
        ax = panel(figure, start)
        for text, name in (("static", "static"), ("SET", "set")):
            rows = over(table, dataset=dataset, sparsifier=name)
            np.testing.assert_array_equal(line(ax, text).get_xdata(), rows["epoch"])
            np.testing.assert_array_equal(line(ax, text).get_ydata(), rows["mean"])
    rows = over(table, dataset="mnist", sparsifier="set", epoch=10)
    raw = run.tables["history"].query("dataset == 'mnist' and sparsifier == 'set'")
    assert rows["mean"].item() == raw.query("epoch == 10")["test_accuracy"].mean()


def test_learning_names_the_methods_with_fewer_networks_or_epochs(drawn):
    (legend,) = drawn["learning"][1].legends
    words = [text.get_text() for text in legend.get_texts()]
    assert words == [
        "dense (1 network, 2 epochs)",
        "small dense, one hidden layer",
        "small dense, same depth",
        "static",
        "SET",
    ]


def test_learning_compares_panels_on_one_scale(drawn):
    left, right = (ax.get_ylim() for ax in drawn["learning"][1].axes)
    assert left[1] - left[0] == pytest.approx(right[1] - right[0])
    for ax in drawn["learning"][1].axes:
        low, high = ax.get_ylim()
        for one in ax.lines:
            assert low <= one.get_ydata().min() <= one.get_ydata().max() <= high


ORDERS = ("random_links", "strongest_links", "weakest_links")


def test_percolation_draws_function_and_structure_on_one_axis(drawn):
    table, figure = drawn["percolation"]
    axes = np.reshape(figure.axes, (2, 3))
    headers = ["random links", "strongest links", "weakest links"]
    assert [ax.get_title(loc="left")[4:] for ax in axes[0]] == headers
    for row, dataset in zip(axes, DATASETS, strict=True):
        assert row[0].get_ylabel().startswith(nr.draw.label(dataset) + "\n")
        for ax, perturbation in zip(row, ORDERS, strict=True):
            here = {"dataset": dataset, "perturbation": perturbation}
            for text, null in (
                ("SET (trained)", "none"),
                ("SET (degrees preserved)", "degree_preserving"),
            ):
                rows = over(
                    table, **here, value="accuracy", sparsifier="set", null_model=null
                )
                np.testing.assert_array_equal(line(ax, text).get_ydata(), rows["mean"])
                np.testing.assert_array_equal(line(ax, text).get_xdata(), GRID)
            giant = [one for one in ax.lines if one.get_label().startswith("giant")]
            assert len(giant) == 4  # static and SET, trained and null
            drawn_rows = sorted(tuple(one.get_ydata()) for one in giant)
            rows = over(table, **here, value="giant_component")
            kinds = rows.groupby(["sparsifier", "null_model"])["mean"]
            assert drawn_rows == sorted(tuple(means) for _, means in kinds)
            assert set(line(ax, "chance").get_ydata()) == {0.1}
    assert axes[-1, 0].get_xlabel() == "fraction of links removed"


def test_percolation_says_what_is_spared_and_names_the_control(drawn):
    (legend,) = drawn["percolation"][1].legends
    words = [text.get_text() for text in legend.get_texts()]
    assert words[:2] == ["small dense, one hidden layer", "small dense, same depth"]
    assert words.count("giant component (share of neurons)") == 1
    assert "the dense head is spared" in legend.get_title().get_text()


def test_percolation_has_the_dense_controls_for_accuracy_only(drawn):
    table, _ = drawn["percolation"]
    dense = table[table["sparsifier"].isin(SMALL)]
    assert set(dense["value"]) == {"accuracy"}
    assert set(dense["null_model"]) == {"none"}
    assert set(table["null_model"]) == {"none", "degree_preserving"}


def test_percolation_of_dense_networks_alone_has_no_giant_component(run):
    dense = run.tables["percolation"].query("sparsity == 0")
    table = analysis("percolation").compute(FakeRun(percolation=dense))
    assert set(table["value"]) == {"accuracy"}
    figure = analysis("percolation").draw(table)
    assert not [
        one for one in figure.axes[0].lines if one.get_label().startswith("giant")
    ]


def test_degrees_are_shares_of_all_neurons(run, drawn):
    table, figure = drawn["degrees"]
    raw = run.tables["degrees"].query(
        "network == 'mnist-set-s0' and layer == '2' and side == 'in'"
    )
    other = run.tables["degrees"].query(
        "network == 'mnist-set-s1' and layer == '2' and side == 'in'"
    )
    rows = over(table, dataset="mnist", sparsifier="set", layer="2", side="in")
    row = over(rows, degree=12).iloc[0]
    shares = [one[one["degree"] >= 12]["count"].sum() / 1000 for one in (raw, other)]
    assert (row["low"], row["high"]) == pytest.approx((min(shares), max(shares)))
    assert row["null"] == pytest.approx(hypergeom(10**6, 1000, 10**4).sf(11), rel=1e-9)
    assert table["degree"].min() == 1
    axes = np.reshape(figure.axes, (4, 3))
    assert [ax.get_title(loc="left")[4:] for ax in axes[0]] == [
        "layer 1",
        "layer 2",
        "layer 3",
    ]
    assert "MNIST\nin-degree" in axes[0, 0].get_ylabel()
    seen = rows[rows["mean"] > 0]
    np.testing.assert_array_equal(line(axes[0, 1], "SET").get_xdata(), seen["degree"])
    np.testing.assert_array_equal(line(axes[0, 1], "SET").get_ydata(), seen["mean"])
    assert line(axes[0, 1], "Erdős\N{EN DASH}Rényi (exact)")


def test_degrees_show_what_chance_allows(drawn):
    table, figure = drawn["degrees"]
    rows = over(table, dataset="mnist", sparsifier="static", layer="2", side="in")
    # 1,000 neurons of each of 2 networks; the mean share is a count over 2,000.
    law = binom(2000, hypergeom(10**6, 1000, 10**4).sf(rows["degree"] - 1))
    np.testing.assert_allclose(rows["null_low"], law.ppf(0.025) / 2000)
    np.testing.assert_allclose(rows["null_high"], law.ppf(0.975) / 2000)
    inside = rows["mean"].between(rows["null_low"], rows["null_high"])
    assert inside.mean() > 0.9
    adaptive = over(table, dataset="mnist", sparsifier="set", layer="2", side="in")
    tail = adaptive[adaptive["degree"].between(25, 35)]
    assert (tail["mean"] > tail["null_high"]).all()
    labels = [one.get_label() for one in figure.axes[1].collections]
    assert "95% of Erdős\N{EN DASH}Rényi draws" in labels


def test_degrees_print_the_mean_index_of_dispersion(drawn):
    table, figure = drawn["degrees"]
    rows = over(table, dataset="mnist", sparsifier="set", layer="2")
    index = rows.groupby("side")["dispersion"].unique()
    assert index["in"] == pytest.approx([1.05])  # the mean of 1 and 1.1
    assert index["out"] == pytest.approx([2.1])
    axes = np.reshape(figure.axes, (4, 3))
    said = [text.get_text() for text in axes[1, 1].texts]
    assert said[1:] == ["static 2.00", "SET 2.10"]
    assert said[0].endswith("ER 1 \N{PLUS-MINUS SIGN} 0.06")


def test_the_margin_of_the_index_is_that_of_random_layers(drawn):
    table, _ = drawn["degrees"]
    (margin,) = over(table, layer="2")["margin"].unique()
    # Means over two networks of 1,000 neurons with 10,000 links.
    rng = np.random.default_rng(0)
    degrees = rng.multivariate_hypergeometric([1000] * 1000, 10_000, (1000, 2))
    index = degrees.var(axis=2) / hypergeom(10**6, 1000, 10**4).var()
    inside = (np.abs(index.mean(axis=1) - 1) <= margin).mean()
    assert 0.93 <= inside <= 0.97  # 95% within 3 standard errors of 1,000 draws


def test_degrees_of_methods_with_different_settings_are_not_pooled(run):
    wider = run.tables["degrees"].assign(width=2000, network="other")
    both = FakeRun(degrees=pd.concat([run.tables["degrees"], wider]))
    with pytest.raises(nr.InputError, match="different width"):
        analysis("degrees").compute(both)


def test_shuffling_shows_means_networks_intact_and_chance(drawn):
    table, figure = drawn["shuffling"]
    for ax, dataset in zip(figure.axes, DATASETS, strict=True):
        levels = {one.get_ydata()[0] for one in ax.lines if len(one.get_ydata()) == 2}
        intact = over(table, dataset=dataset, null_model="none")
        assert levels >= {0.1, *intact["mean"]}
        for bars, name in zip(
            ax.containers, ("dense_small", "dense_narrow", *SPARSE), strict=True
        ):
            rows = over(table, dataset=dataset, sparsifier=name)
            heights = bars[0].get_ydata()
            np.testing.assert_array_equal(np.sort(heights), np.sort(rows["mean"]))
        dots = sum(
            len(one.get_offsets())
            for one in ax.collections
            if len(one.get_offsets()) > 1
        )
        assert dots >= 32  # 2 methods of 5 and 2 of 3 null models, 2 networks
        words = [tick.get_text().replace("\n", " ") for tick in ax.get_xticklabels()]
        assert words == [nr.draw.label(one) for one in ("none", *NULLS)]


def test_shuffling_has_no_point_where_there_is_no_topology_to_randomise(drawn):
    _, figure = drawn["shuffling"]
    for bars, name in zip(
        figure.axes[0].containers, ("dense_small", "dense_narrow", *SPARSE), strict=True
    ):
        assert len(bars[0].get_xdata()) == (3 if name in SMALL else 5), name
    note = figure.legends[0].get_title().get_text()
    assert "no topology to randomise" in note


def test_dynamics_average_layers_first_and_then_networks(run, drawn):
    table, _ = drawn["dynamics"]
    at = {"dataset": "mnist", "epoch": 3}
    rigl = over(table, **at, sparsifier="rigl", value="active_neurons").iloc[0]
    # Layers have 0.94, 0.88 and 0.76, and 0.1 less in the second network.
    assert rigl[["low", "mean", "high"]].tolist() == pytest.approx([0.76, 0.81, 0.86])
    assert rigl["networks"] == 2
    first = over(table, **at, sparsifier="set", value="survival").iloc[0]
    assert first["mean"] == pytest.approx(0.9**2 - 0.002)
    tried = over(table, **at, sparsifier="set", value="itop").iloc[0]
    assert tried["mean"] == pytest.approx(0.016)


def test_the_null_of_the_dynamics_has_moved_once_less_than_epochs_passed(drawn):
    table, figure = drawn["dynamics"]
    for value, law in (("itop", nr.itop_rate), ("survival", nr.link_survival)):
        rows = over(table, dataset="mnist", sparsifier="set", value=value)
        exact = [law(0.01, 0.3, epoch - 1) for epoch in rows["epoch"]]
        np.testing.assert_allclose(rows["null"], exact, rtol=1e-12)
    assert over(table, value="active_neurons")["null"].isna().all()
    axes = np.reshape(figure.axes, (3, 2))
    name = "random rewiring of 30% an epoch (exact)"
    null = line(axes[1, 0], name)
    assert null.get_linestyle() == "--"
    np.testing.assert_array_equal(null.get_xdata(), np.arange(1, 11))
    np.testing.assert_allclose(null.get_ydata(), exact)
    assert not [one for one in axes[2, 0].lines if one.get_label() == name]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["static", "SET", "RigL", name]


def test_the_null_of_the_dynamics_follows_the_settings_of_the_run(run):
    table = run.tables["dynamics"]
    half = FakeRun({"training": {"zeta": 0.5, "epochs": 10}}, dynamics=table)
    rows = over(analysis("dynamics").compute(half), value="itop", epoch=3)
    assert rows["null"].unique() == pytest.approx([nr.itop_rate(0.01, 0.5, 2)])
    assert set(rows["zeta"]) == {0.5}
    erk = FakeRun({"training": {"densities": "erk"}}, dynamics=table)
    found = analysis("dynamics").compute(erk)
    assert found["null"].isna().all()
    figure = analysis("dynamics").draw(found)
    assert [text.get_text() for text in figure.legends[0].get_texts()][-1] == "RigL"


def test_dynamics_draw_the_means_of_their_table_from_zero_on(drawn):
    table, figure = drawn["dynamics"]
    axes = np.reshape(figure.axes, (3, 2))
    for row, value in zip(axes, ("itop", "survival", "active_neurons"), strict=True):
        assert row[0].get_ylabel() == nr.draw.label(value)
        for ax, dataset in zip(row, DATASETS, strict=True):
            assert ax.get_ylim()[0] == 0
            for name in SURVIVAL:
                rows = over(table, dataset=dataset, sparsifier=name, value=value)
                shown = line(ax, nr.draw.label(name))
                np.testing.assert_array_equal(shown.get_ydata(), rows["mean"])
                np.testing.assert_array_equal(shown.get_xdata(), rows["epoch"])


def test_receptive_fields_average_networks_at_start_middle_and_end(run, drawn):
    table, _ = drawn["receptive_fields"]
    assert len(table) == 2 * 3 * 784
    rows = over(table, dataset="mnist", sparsifier="rigl")
    assert set(rows["networks"]) == {2}
    top, bottom = (rows.set_index("pixel").loc[pixel] for pixel in (391, 392))
    for epoch in (0, 5, 10):
        assert top[f"degree_{epoch}"] == 10.5 + epoch
        assert bottom[f"degree_{epoch}"] == 10.5
        assert top[f"strength_{epoch}"] == pytest.approx((10.5 + epoch) / 7, rel=5e-4)
    assert bottom["strength_10"] == 1.5
    assert len(str(top["strength_5"])) <= 5  # four digits and a point
    many = receptive_fields(epochs=(0, 2, 4, 6, 8))
    found = analysis("receptive_fields").compute(FakeRun(receptive_fields=many))
    assert [name for name in found if name.startswith("degree")] == [
        *("degree_0", "degree_4", "degree_8"),
    ]


def test_receptive_fields_stand_in_maps_of_a_row_per_method(run, drawn):
    table, figure = drawn["receptive_fields"]
    panels, bars = lettered(figure), figure.axes[4:]
    titles = [ax.get_title(loc="left")[4:] for ax in panels]
    assert titles == ["MNIST", "Fashion-MNIST"] * 2
    for ax, value in zip(panels, ["degree"] * 2 + ["strength"] * 2, strict=True):
        assert ax.get_xlabel() == f"{value} after epoch"
        assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0", "5", "10"]
        (image,) = ax.images
        canvas = np.ma.filled(image.get_array(), np.nan)
        assert canvas.shape == (3 * 28 + 2, 3 * 28 + 2)
        rigl = over(table, dataset="mnist", sparsifier="rigl")  # the last row
        shown = canvas[58:, 58:].ravel()
        np.testing.assert_array_equal(shown, rigl[f"{value}_10"])
        assert np.isnan(canvas[28]).all()
        assert np.isnan(canvas[:, 57]).all()
    words = [tick.get_text() for tick in panels[0].get_yticklabels()]
    assert words == ["static", "SET", "RigL"]
    assert [bar.get_xlabel() for bar in bars] == [
        "links of a pixel; mean of 2 networks",
        "strength of a pixel, sum of $|w|$; mean of 2 networks",
    ]


def test_maps_of_nine_methods_are_no_smaller_than_twelve_millimetres():
    names = ["static", "set(cht_benchmark)", "rigl(cht_benchmark)", "mest"]
    names += ["mest(em_s=True)", "deep_r", "cht", "chts", "chts(removal=RI)"]
    one = receptive_fields().query("sparsifier == 'set' and network_seed == 0")
    table = pd.concat([one.assign(sparsifier=name) for name in names])
    table["network"] += table["sparsifier"]
    found = analysis("receptive_fields").compute(FakeRun(receptive_fields=table))
    with nr.draw.style():
        figure = analysis("receptive_fields").draw(found)
        figure.draw_without_rendering()
    assert figure.get_size_inches()[1] <= 9
    assert_no_overlap(figure)
    for ax in lettered(figure):
        box = ax.get_window_extent()
        assert box.width / figure.dpi * 25.4 * 28 / 86 >= 12
        assert box.height / figure.dpi * 25.4 * 28 / (9 * 29 - 1) >= 12


def test_the_numbers_of_six_methods_stay_below_a_mebibyte(tmp_path):
    names = ["static", "set", "rigl(cht_benchmark)", "mest(cht_benchmark)"]
    names += ["cht", "chts(removal=RI)"]
    rng = np.random.default_rng(0)
    one = receptive_fields().query("sparsifier == 'set'")
    table = pd.concat([one.assign(sparsifier=name) for name in names])
    table["network"] += table["sparsifier"]
    table["strength"] = rng.uniform(0, 30, len(table))
    table["degree"] = rng.uniform(0, 50, len(table))
    found = analysis("receptive_fields").compute(FakeRun(receptive_fields=table))
    assert len(found) == 2 * 6 * 784
    text = found.to_csv(index=False, lineterminator="\n")
    assert len(text.encode()) < 2**20


def test_receptive_fields_refuse_images_that_are_no_squares(run):
    odd = FakeRun(receptive_fields=receptive_fields(pixels=783))
    with pytest.raises(nr.InputError, match="783 pixels are no squares"):
        analysis("receptive_fields").compute(odd)


def test_receptive_fields_of_methods_with_different_settings_are_not_pooled(run):
    wider = run.tables["receptive_fields"].assign(width=2000, network="other")
    both = pd.concat([run.tables["receptive_fields"], wider])
    with pytest.raises(nr.InputError, match="different width"):
        analysis("receptive_fields").compute(FakeRun(receptive_fields=both))


@pytest.mark.parametrize("name", ANALYSES)
def test_one_data_set_and_one_network_are_enough(name, run):
    few = FakeRun(
        **{
            key: table.query("dataset == 'mnist' and network_seed == 0")
            for key, table in run.tables.items()
        }
    )
    table = analysis(name).compute(few)
    with nr.draw.style():
        figure = analysis(name).draw(table)
        figure.draw_without_rendering()
    assert said(figure, r"\b1 network")
    assert_no_overlap(figure)


def test_the_saved_numbers_are_those_of_the_table(drawn, tmp_path):
    table, figure = drawn["shuffling"]
    *_, csv = nr.draw.save(figure, table, tmp_path, "shuffling")
    pd.testing.assert_frame_equal(pd.read_csv(csv), table, check_dtype=False)


# Accuracies beside the published ones


def trained(final, width=1568, epochs=100, dataset="mnist", sparsity=0.99):
    """Histories of two epochs kept, the best and the last, for methods and seeds."""
    rows = []
    for sparsifier, ends in final.items():
        for seed, (best, last) in enumerate(ends):
            keys = labels(dataset, sparsifier, seed)
            keys |= {"width": width, "sparsity": sparsity}
            for epoch, test in ((epochs - 1, best), (epochs, last)):
                rows.append({**keys, "epoch": epoch, "test_accuracy": test})
    return pd.DataFrame(rows)


SET = [(0.985, 0.982), (0.983, 0.983), (0.984, 0.981)]


def test_accuracy_by_hand():
    table = analysis("accuracy").compute(
        FakeRun(history=trained({"set(cht_benchmark)": SET, "mine": [(0.5, 0.4)]}))
    )
    assert table.sparsifier.tolist() == ["set(cht_benchmark)", "mine"]
    first, mine = (row for _, row in table.iterrows())
    assert first.networks == 3
    assert first.accuracy == pytest.approx(98.2)
    assert first.standard_error == pytest.approx(0.1 / np.sqrt(3), abs=1e-3)
    assert (first.lowest, first.highest) == (98.1, 98.3)
    assert first.best_epoch == pytest.approx(98.4)
    assert (first.published, first.published_error) == (98.14, 0.02)
    assert first.difference == pytest.approx(0.06)
    assert np.isnan([mine.standard_error, mine.published, mine.difference]).all()


@pytest.mark.parametrize(
    ("change", "compared"),
    [
        ({}, True),
        ({"width": 1000}, False),
        ({"epochs": 25}, False),
        ({"sparsity": 0.98}, False),
        ({"dataset": "fashion-mnist"}, True),
        ({"dataset": "mnist-5k"}, False),
    ],
    ids=str,
)
def test_only_equals_are_compared(change, compared):
    methods = {"set": SET, "cht@erdos_renyi": SET, "chts(removal=RI)": SET}
    table = analysis("accuracy").compute(FakeRun(history=trained(methods, **change)))
    rows = table.set_index("sparsifier")
    assert rows.difference.notna()["set"] == compared
    assert rows.difference.notna()["chts(removal=RI)"] == compared
    # From another start it is not the published method.
    assert np.isnan(rows.published["cht@erdos_renyi"])
    assert rows.published.notna()["set"] == (change.get("dataset") != "mnist-5k")


def test_the_accuracy_table_in_print():
    table = analysis("accuracy").compute(
        FakeRun(history=trained({"set": SET, "static": [(0.5, 0.4)]}))
    )
    written = analysis("accuracy").texts(table)
    lines = written["md"].splitlines()
    assert lines[2] == "| MNIST | 1568 | static | 1 | 40.00 |  |  | 50.00 |"
    row = "MNIST", "1568", "SET", "3", "98.20 ± 0.06", "98.14 ± 0.02", "+0.06", "98.40"
    assert lines[3] == f"| {' | '.join(row)} |"
    assert "2501.19107, Table 7" in lines[-1]
    assert r"98.20 $\pm$ 0.06 & 98.14 $\pm$ 0.02 & +0.06 & 98.40 \\" in written["tex"]
    assert r"accuracy (\%)" in written["tex"]
    assert written["tex"].count(r"\hline") == 3
    assert written["tex"].strip().endswith(r"\end{tabular}")


def test_indices_of_many_methods_stand_in_the_numbers_alone(run):
    tables = {name: run.tables[name] for name in ("degrees", "measures")}
    more = {
        name: pd.concat(
            [
                table.assign(
                    sparsifier=method
                    + table.sparsifier.where(table.sparsifier == "set", ""),
                    network=method + table.network,
                )[table.sparsifier == "set"]
                for method in ("a", "b", "c")
            ]
            + [table]
        )
        for name, table in tables.items()
    }
    table = analysis("degrees").compute(FakeRun(**more))
    with nr.draw.style():
        figure = analysis("degrees").draw(table)
        figure.draw_without_rendering()
    assert table.sparsifier.nunique() == 5
    assert table.dispersion.notna().all()
    assert not said(figure, "var/var")
    assert_no_overlap(figure)
