"""Every analysis: its claim, its table, its figure."""

import re
from io import BytesIO, StringIO

import numpy as np
import pandas as pd
import pytest
from analyses_tables import (
    BASIC,
    DATASETS,
    GRID,
    NULLS,
    SEEDS,
    SMALL,
    SPARSE,
    SUITE,
    SURVIVAL,
    FakeRun,
    assert_no_overlap,
    drawing,
    labels,
    laid_out,
    lettered,
    line,
    over,
    panel,
    quick,
    receptive_fields,
    said,
    source,
    thin,
)
from matplotlib._pylab_helpers import Gcf
from scipy.stats import binom, hypergeom

import netrobust as nr
from netrobust.studies.gallery import ANALYSES, analysis, draw_figures

#: Analyses whose claim is our own, not that of a paper.
OWN = (
    "structure_and_function", "neurons", "recovery", "predictors", "statistics",
    "along_training", "grid", "scaling", "variance_components", "tuning",
)  # fmt: skip


class Drawn:
    """Table and figure of an analysis by its name, laid out for print."""

    def __getitem__(self, name):
        return drawing(name)


@pytest.fixture
def run():
    return quick()


@pytest.fixture
def drawn():
    return Drawn()


@pytest.mark.parametrize("name", ANALYSES)
def test_the_docstring_says_what_is_examined(name):
    first, *rest = analysis(name).__doc__.split("\n\n")
    assert first.startswith(("Claim: ", "Question: "))
    assert first.endswith((".", "?"))
    assert rest
    assert name in OWN or "arxiv" in " ".join(rest).lower()


@pytest.mark.parametrize("name", ANALYSES)
def test_the_door_of_an_analysis(name):
    module = analysis(name)
    assert list(module.compute.__annotations__) == ["run", "return"]
    assert list(module.draw.__annotations__) == ["table", "return"]
    assert module.compute.__annotations__["return"] is pd.DataFrame
    assert isinstance(module.READS, tuple)
    assert module.READS
    if hasattr(module, "shows"):
        assert module.NEEDS
        assert not module.NEEDS[0].isupper()
        assert not module.NEEDS.endswith(".")


@pytest.mark.parametrize("name", ANALYSES)
def test_compute_reads_the_tables_that_it_says_in_any_order_of_rows(name, drawn):
    mixed = {
        key: table.sample(frac=1, random_state=1)
        for key, table in source(name).made.items()
    }
    own = FakeRun(source(name).settings, **mixed)
    pd.testing.assert_frame_equal(analysis(name).compute(own), drawn[name][0])
    also = {*getattr(analysis(name), "ALSO", ())} & {*own.made}
    assert own.read == {*analysis(name).READS, *also}


@pytest.mark.parametrize("name", ANALYSES)
def test_figures_are_in_print_width_lettered_and_say_what_they_show(name, drawn):
    _, figure = drawn[name]
    assert figure.get_size_inches()[0] == nr.draw.DOUBLE
    assert figure.get_size_inches()[1] <= 9
    titles = [ax.get_title(loc="left") for ax in lettered(figure)]
    assert [title[:3] for title in titles] == [
        f"({chr(ord('a') + place)})" for place in range(len(titles))
    ]
    counts = {"learning": "1 to 2", "accuracy": "1 to 2", "predictors": 2 * SEEDS}
    few = counts.get(name, 2 if name in BASIC else SEEDS)
    assert said(figure, rf"\b{few} (pairs of )?networks")
    assert not Gcf.figs


@pytest.mark.parametrize("name", ANALYSES)
def test_no_words_overlap_or_leave_the_page(name, drawn):
    assert_no_overlap(drawn[name][1])


@pytest.mark.parametrize("name", ANALYSES)
def test_data_lie_inside_their_panel(name, drawn):
    for ax in lettered(drawn[name][1]):
        (left, right), (bottom, top) = sorted(ax.get_xlim()), sorted(ax.get_ylim())
        drawn_here = [one for one in ax.lines if one.get_transform() == ax.transData]
        for one in drawn_here:
            x, y = (np.asarray(part, float) for part in one.get_data())
            there = np.isfinite(x) & np.isfinite(y)
            assert ((left <= x[there]) & (x[there] <= right)).all(), one.get_label()
            assert ((bottom <= y[there]) & (y[there] <= top)).all(), one.get_label()


@pytest.mark.parametrize("name", SUITE)
def test_a_table_gives_one_and_the_same_figure_and_goes_through_csv(name, drawn):
    table, figure = drawn[name]
    text = table.to_csv(index=False, lineterminator="\n")
    read = pd.read_csv(StringIO(text))
    pd.testing.assert_frame_equal(read, table, check_dtype=False, rtol=1e-12)
    files = [BytesIO(), BytesIO()]
    for one, file in zip((figure, laid_out(name, table)), files, strict=True):
        one.set_layout_engine("none")  # both are laid out
        one.savefig(file, format="raw", dpi=50)
    assert files[0].getvalue() == files[1].getvalue()


@pytest.mark.parametrize("name", ANALYSES)
def test_texts_are_tables_of_one_width(name, drawn):
    written = getattr(analysis(name), "texts", lambda table: {})(drawn[name][0])
    assert set(written) <= {"md", "tex"}
    if not written:
        return
    rows = [one for one in written["md"].splitlines() if one.startswith("|")]
    assert len({one.count("|") for one in rows}) == 1
    assert set(rows[1]) == set("| -")
    latex = [one for one in written["tex"].splitlines() if one.endswith(r"\\")]
    assert len(latex) == len(rows) - 1
    for one in latex:
        assert len(re.findall(r"(?<!\\)&", one)) == rows[0].count("|") - 2
        assert not re.search(r"(?<!\\)[%_#]", one), one


def test_learning_draws_the_means_of_its_table(run, drawn):
    table, figure = drawn["learning"]
    for start, dataset in (("(a) MNIST", "mnist"), ("(b) Fashion", "fashion-mnist")):
        ax = panel(figure, start)
        for text, name in (("static", "static"), ("SET", "set")):
            rows = over(table, dataset=dataset, sparsifier=name)
            np.testing.assert_array_equal(line(ax, text).get_xdata(), rows["epoch"])
            np.testing.assert_array_equal(line(ax, text).get_ydata(), rows["mean"])
    rows = over(table, dataset="mnist", sparsifier="set", epoch=10)
    raw = run.made["history"].query("dataset == 'mnist' and sparsifier == 'set'")
    assert rows["mean"].item() == raw.query("epoch == 10")["test_accuracy"].mean()


def test_learning_shows_single_networks_where_epochs_are_few(run, drawn):
    history = run.made["history"]
    assert "network_seed" in drawn["learning"][0]
    long = [history.assign(epoch=history["epoch"] + 10 * step) for step in range(5)]
    table = analysis("learning").compute(FakeRun(history=pd.concat(long)))
    assert "network_seed" not in table
    assert "epoch" in [ax.get_xlabel() for ax in analysis("learning").draw(table).axes]
    texts = analysis("learning").texts
    assert texts(table)["md"].count("| MNIST |") == 1


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
            giant = thin(ax)
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
    assert words.count("giant component (thin; share of neurons)") == 1
    assert "the dense head is spared" in legend.get_title().get_text()


def test_percolation_has_the_dense_controls_for_accuracy_only(drawn):
    table, _ = drawn["percolation"]
    dense = table[table["sparsifier"].isin(SMALL)]
    assert set(dense["value"]) == {"accuracy"}
    assert set(dense["null_model"]) == {"none"}
    assert set(table["null_model"]) == {"none", "degree_preserving"}


def test_percolation_of_dense_networks_alone_has_no_giant_component(run):
    dense = run.made["percolation"].query("sparsity == 0")
    table = analysis("percolation").compute(FakeRun(percolation=dense))
    assert set(table["value"]) == {"accuracy"}
    figure = analysis("percolation").draw(table)
    assert not thin(figure.axes[0])


def test_degrees_are_shares_of_all_neurons(run, drawn):
    table, figure = drawn["degrees"]
    raw = run.made["degrees"].query(
        "network == 'mnist-set-s0' and layer == '2' and side == 'in'"
    )
    other = run.made["degrees"].query(
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
    wider = run.made["degrees"].assign(width=2000, network="other")
    both = FakeRun(degrees=pd.concat([run.made["degrees"], wider]))
    with pytest.raises(nr.InputError, match="different width"):
        analysis("degrees").compute(both)


def test_shuffling_shows_means_networks_intact_and_chance(drawn):
    table, figure = drawn["shuffling"]
    for ax, dataset in zip(figure.axes, DATASETS, strict=True):
        levels = {one.get_xdata()[0] for one in ax.lines if len(one.get_xdata()) == 2}
        intact = over(table, dataset=dataset, null_model="none")
        assert levels >= {0.1, *intact["mean"]}
        for bars, name in zip(
            ax.containers, ("dense_small", "dense_narrow", *SPARSE), strict=True
        ):
            rows = over(table, dataset=dataset, sparsifier=name)
            means = bars[0].get_xdata()
            np.testing.assert_array_equal(np.sort(means), np.sort(rows["mean"]))
        dots = sum(
            len(one.get_offsets())
            for one in ax.collections
            if len(one.get_offsets()) > 1
        )
        assert dots >= 32  # 2 methods of 5 and 2 of 3 null models, 2 networks
        assert len(ax.get_yticks()) == len(NULLS) + 1
    words = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
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
    table = run.made["dynamics"]
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
    wider = run.made["receptive_fields"].assign(width=2000, network="other")
    both = pd.concat([run.made["receptive_fields"], wider])
    with pytest.raises(nr.InputError, match="different width"):
        analysis("receptive_fields").compute(FakeRun(receptive_fields=both))


@pytest.mark.parametrize("name", ANALYSES)
def test_one_data_set_and_one_network_are_enough_or_refused(name, tmp_path):
    few = source(name).of("dataset.str.match('mnist') and network_seed == 0")
    if name in (
        "claims",
        "predictors",
        "statistics",
        "variance_components",
    ):  # they are about differences of networks
        with pytest.raises(nr.InputError, match=analysis(name).NEEDS):
            draw_figures(few, tmp_path, [name])
        return
    table = analysis(name).compute(few)
    figure = laid_out(name, table)
    assert said(figure, r"\b1 network")
    assert_no_overlap(figure)


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
    one = {name: table.query("dataset == 'mnist'") for name, table in run.made.items()}
    tables = {name: one[name] for name in ("degrees", "measures")}
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
