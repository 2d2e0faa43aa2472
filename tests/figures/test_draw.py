import inspect
import io
import os
import subprocess
import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib._pylab_helpers import Gcf
from matplotlib.collections import PathCollection
from matplotlib.colors import rgb_to_hsv, to_hex, to_rgb
from PIL import Image
from scipy.stats import hypergeom

from netrobust.core.errors import InputError
from netrobust.figures import draw
from netrobust.stats.summary import summarise


def summary(sparsifiers=("static", "set"), x="fraction", values=(0.0, 0.5, 1.0)):
    """A table as `summarise` returns it, two network seeds a group."""
    rows = [
        {"network_seed": seed, "sparsifier": name, x: value}
        | {"accuracy": 0.9 - 0.1 * n - 0.05 * i + 0.02 * seed}
        for n, name in enumerate(sparsifiers)
        for i, value in enumerate(values)
        for seed in (0, 1)
    ]
    return summarise(pd.DataFrame(rows), "accuracy", by=["sparsifier", x])


def shares(shares=(1.0, 0.6, 0.3, 0.1), degrees=(0, 1, 2, 5), **columns):
    """Shares of neurons at or above each degree, as `summarise` returns them."""
    table = pd.DataFrame({"degree": degrees, "mean": shares} | columns)
    return table.assign(low=table["mean"] / 2, high=table["mean"])


@pytest.mark.parametrize(("style", "width"), [("paper", 340), ("poster", 900)])
def test_axes_show_their_picture_in_a_notebook_at_a_sane_size(style, width):
    with draw.style(style):
        figure, ((ax,),) = draw.panels()
    image, about = ax._repr_png_()
    assert (image, about) == figure._repr_png_()
    assert about["width"] <= width
    shown = Image.open(io.BytesIO(image))
    assert shown.width == pytest.approx(2 * about["width"], abs=2)


def test_a_curve_plots_the_table_and_its_band():
    table = summary()
    ax = draw.curve(table.sample(frac=1, random_state=0), "fraction", hue="sparsifier")
    assert [line.get_label() for line in ax.lines] == ["static", "SET"]
    for line, band, name in zip(
        ax.lines, ax.collections, ["static", "set"], strict=True
    ):
        rows = table[table["sparsifier"] == name]
        np.testing.assert_array_equal(line.get_xdata(), rows["fraction"])
        np.testing.assert_array_equal(line.get_ydata(), rows["mean"])
        corners = {tuple(point) for point in band.get_paths()[0].vertices}
        assert corners == {
            *zip(rows["fraction"], rows["low"], strict=True),
            *zip(rows["fraction"], rows["high"], strict=True),
        }
    assert ax.get_ylabel() == "test accuracy"
    assert ax.get_xlabel() == "fraction of links removed"


def test_chance_is_a_level_line_and_labels_can_be_given():
    ax = draw.curve(summary(), "fraction", hue="sparsifier", ylabel="y", chance=0.1)
    level = ax.lines[-1]
    assert set(level.get_ydata()) == {0.1}
    assert level.get_label() == "chance"
    assert ax.get_ylabel() == "y"


def test_the_second_style_is_broken_with_open_markers_and_the_trained_comes_first():
    table = pd.concat(
        [
            summary(["set"]).assign(null_model="degree_preserving"),
            summary(["set"]).assign(null_model="none"),
        ]
    )
    ax = draw.curve(table, "fraction", hue="sparsifier", style="null_model")
    trained, null = ax.lines
    assert trained.get_label() == "SET (trained)"
    assert null.get_label() == "SET (degrees preserved)"
    assert trained.get_color() == null.get_color() == trained.get_markerfacecolor()
    assert null.get_markerfacecolor() == "white"
    assert (trained.get_linestyle(), null.get_linestyle()) == ("-", "--")


def test_a_method_with_the_first_style_alone_does_not_name_it():
    table = pd.concat(
        [
            summary(["set"]).assign(null_model="degree_preserving"),
            summary(["set", "dense_small"]).assign(null_model="none"),
            summary(["static"]).assign(null_model="degree_preserving"),
        ]
    )
    ax = draw.curve(table, "fraction", hue="sparsifier", style="null_model")
    assert [line.get_label() for line in ax.lines] == [
        "small dense, one hidden layer",
        "static (degrees preserved)",
        "SET (trained)",
        "SET (degrees preserved)",
    ]


def test_markers_of_close_points_are_thinned_but_no_point_of_the_line_is():
    fine = (0, *(n / 1000 for n in range(1, 30)), 0.5, 1)
    figure, axes = draw.panels()
    draw.curve(summary(["set"], values=fine), "fraction", axes[0, 0])
    figure.draw_without_rendering()
    (line,) = axes[0, 0].lines
    assert len(line.get_xdata()) == len(fine)
    assert isinstance(line.get_markevery(), float)  # a way on the page, not a count


def test_the_giant_component_is_a_black_line_without_markers():
    table = summary(["set"]).assign(value="giant_component")
    (line,) = draw.curve(table, "fraction", hue="value").lines
    assert to_hex(line.get_color()) == "#000000"
    assert line.get_marker() in ("", "None")


def test_a_method_looks_the_same_in_every_company():
    def look(sparsifiers):
        ax = draw.curve(summary(sparsifiers), "fraction", hue="sparsifier")
        line = {line.get_label(): line for line in ax.lines}["SET"]
        return line.get_color(), line.get_linestyle(), line.get_marker()

    assert look(["set"]) == look(["dense", "mine", "set"]) == look(["static", "set"])


@pytest.mark.parametrize(
    "names",
    [
        ["dense", "dense_small", "dense_narrow", "static", "set", "mine", "yours"],
        ["none", "shuffle_all", "shuffle_by_sign", "degree_preserving", "erdos_renyi"],
        ["random_links", "strongest_links", "weakest_links", "mine"],
        ["1", "2", "3", "4", "5", "6", "7"],
    ],
)
def test_lines_differ_in_colour_and_in_grey_by_line_and_marker(names):
    ax = draw.curve(summary(names), "fraction", hue="sparsifier")
    assert len({line.get_color() for line in ax.lines}) == len(names)
    grey = {(line.get_linestyle(), line.get_marker()) for line in ax.lines}
    assert len(grey) == len(names)
    if "mine" not in names:
        assert len({line.get_marker() for line in ax.lines}) == len(names)


def test_colours_are_grey_of_okabe_and_ito_or_one_of_three_more():
    palette = {
        *("#000000", "#E69F00", "#56B4E9", "#009E73"),
        *("#F0E442", "#0072B2", "#D55E00", "#CC79A7"),
        *("#332288", "#661100", "#9030F0"),
    }
    names = ["dense_small", "dense_narrow", "static", "set", "none", "shuffle_all"]
    names += ["shuffle_by_sign", "degree_preserving", "erdos_renyi", "a", "b"]
    ax = draw.curve(summary(names), "fraction", hue="sparsifier")
    for line in ax.lines:
        saturation = rgb_to_hsv(to_rgb(line.get_color()))[1]
        assert saturation == 0 or to_hex(line.get_color()).upper() in palette


def test_there_are_looks_for_more_lines_than_colours():
    names = [f"method_{n}" for n in range(12)]
    assert len(draw.curve(summary(names), "fraction", hue="sparsifier").lines) == 12


def test_several_values_at_one_place_are_refused():
    with pytest.raises(InputError, match="several rows have the same fraction"):
        draw.curve(summary(), "fraction")
    with pytest.raises(InputError, match="several rows have the same fraction"):
        draw.points(summary(), "fraction")


def test_unknown_columns_and_empty_tables_are_named():
    with pytest.raises(InputError, match="no column 'colour'; choose from: sparsifier"):
        draw.curve(summary(), "fraction", hue="colour")
    with pytest.raises(InputError, match="no rows"):
        draw.points(summary()[:0], "fraction", hue="sparsifier")
    for missing in ("mean", "degree"):
        with pytest.raises(InputError, match=f"no column '{missing}'"):
            draw.ccdf(shares().drop(columns=missing))
    with pytest.raises(InputError, match="no column 'theory'"):
        draw.ccdf(shares(), null="theory")


def nulls():
    return summary(x="null_model", values=["shuffle_all", "none", "erdos_renyi"])


def test_points_stand_at_their_mean_with_whiskers_to_the_limits():
    table = nulls()
    ax = draw.points(table, "null_model", hue="sparsifier")
    shown = ["none", "shuffle_all", "erdos_renyi"]
    ticks = [tick.get_text().replace("\n", " ") for tick in ax.get_xticklabels()]
    assert ticks == [draw.label(name) for name in shown]
    assert len(ax.containers) == 2
    for container, name in zip(ax.containers, ["static", "set"], strict=True):
        rows = table[table["sparsifier"] == name].set_index("null_model")
        marks, _, (whiskers,) = container
        for at, mean, ends in zip(
            marks.get_xdata(), marks.get_ydata(), whiskers.get_segments(), strict=True
        ):
            row = rows.loc[shown[round(at)]]
            assert mean == row["mean"]
            np.testing.assert_allclose(ends[:, 1], [row["low"], row["high"]])
    static, set_ = (container[0].get_xdata() for container in ax.containers)
    assert not set(static) & set(set_)


def test_points_lie_below_each_other_as_they_stand_side_by_side():
    how = {"x": "null_model", "hue": "sparsifier", "chance": 0.1}
    stood = draw.points(nulls(), intact={"set": 0.97}, **how)
    lying = draw.points(nulls(), intact={"set": 0.97}, orient="h", **how)
    for one, other in zip(stood.lines, lying.lines, strict=True):
        np.testing.assert_array_equal(one.get_xdata(), other.get_ydata())
        np.testing.assert_array_equal(one.get_ydata(), other.get_xdata())
    names = [tick.get_text() for tick in lying.get_yticklabels()]
    assert names == [draw.label(one) for one in ("none", "shuffle_all", "erdos_renyi")]
    assert lying.get_ylim() == (2.5, -0.5)
    assert lying.get_xlabel() == stood.get_ylabel() == "test accuracy"
    dots = [draw.points(each("null_model"), orient=one, **how) for one in ("v", "h")]
    for one, other in zip(*(ax.collections for ax in dots), strict=True):
        if isinstance(one, PathCollection):
            places = np.asarray(other.get_offsets())[:, ::-1]
            np.testing.assert_array_equal(np.asarray(one.get_offsets()), places)
    with pytest.raises(InputError, match="orient must be one of v, h; got 'up'"):
        draw.points(nulls(), "null_model", orient="up")


def test_thin_lines_have_the_colour_of_their_hue_and_one_name():
    table, axes = summary(), draw.panels()[1]
    ax = draw.curve(table, "fraction", axes[0, 0], hue="sparsifier")
    lines = [*ax.lines]
    draw.thin(table, "fraction", ax, "sparsifier", "share")
    first, *rest = ax.lines[len(lines) :]
    assert (first.get_label(), len(first.get_xdata())) == ("share", 0)
    for line, own in zip(lines, rest, strict=True):
        assert own.get_color() == line.get_color()
        np.testing.assert_array_equal(own.get_xydata(), line.get_xydata())
        assert own.get_label().startswith("_")


def test_a_mean_that_is_no_number_is_an_empty_cell_in_print():
    table = summary().query("fraction == 0")
    gone = table.sparsifier == "set"
    table = table.assign(mean=table["mean"].mask(gone))
    (line,) = draw.summary_table(table, ["fraction"])["md"].splitlines()[2:3]
    heads = draw.summary_table(table, ["fraction"])["md"].splitlines()[0]
    cells = dict(zip(heads.split("|"), line.split("|"), strict=True))
    assert not cells[" SET "].strip()
    assert " to " in cells[" static "]


def test_rows_and_columns_have_their_shares():
    axes = draw.panels(2, 2, widths=[1, 2], heights=[3, 1])[1]
    ratios = axes[0, 0].get_gridspec()
    assert ratios.get_width_ratios() == [1, 2]
    assert ratios.get_height_ratios() == [3, 1]
    with pytest.raises(InputError, match="heights must hold one number for each row"):
        draw.panels(2, 2, heights=[1])


def test_points_show_the_intact_level_of_each_hue():
    levels = {"static": 0.95, "set": 0.97}
    ax = draw.points(nulls(), "null_model", hue="sparsifier", intact=levels, chance=0.1)
    level = {
        line.get_ydata()[0]: line.get_color()
        for line in ax.lines
        if len(line.get_ydata()) == 2 and len(set(line.get_ydata())) == 1
    }
    colours = [container[0].get_color() for container in ax.containers]
    assert [level[0.95], level[0.97]] == colours
    assert 0.1 in level


def test_whiskers_survive_the_rounding_of_a_mean_of_equal_values():
    table = pd.DataFrame({"null_model": ["none"], "value": "accuracy"}).assign(
        mean=np.nextafter(0.1, 1), low=0.1, high=0.1
    )
    assert len(draw.points(table, "null_model").containers) == 1


def test_ccdf_plots_the_shares_and_leaves_zeros_out():
    ax = draw.ccdf(shares([1, 0.6, 0.3, 0.0]).sample(frac=1, random_state=0))
    (line,) = ax.lines
    np.testing.assert_array_equal(line.get_xdata(), [1, 2])
    np.testing.assert_array_equal(line.get_ydata(), [0.6, 0.3])
    (band,) = ax.collections
    corners = {tuple(point) for point in band.get_paths()[0].vertices}
    assert corners == {(1, 0.3), (1, 0.6), (2, 0.15), (2, 0.3)}
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert "links" in ax.get_xlabel()


def test_ccdf_draws_the_exact_null_dashed_down_to_half_the_smallest_share():
    degree = np.arange(200)
    table = shares(np.where(degree < 4, 0.1, 0), degree, null=0.5**degree)
    ax = draw.ccdf(table, null="null")
    seen, exact, key = ax.lines
    assert seen.get_xdata().tolist() == [1, 2, 3]
    assert exact.get_linestyle() == "--"
    assert exact.get_xdata().tolist() == [1, 2, 3, 4]
    np.testing.assert_array_equal(exact.get_ydata(), 0.5 ** exact.get_xdata())
    assert key.get_label().endswith("(exact)")


def test_ccdf_shows_a_grey_band_around_the_null():
    table = shares(null=0.5, low_end=(0.4, 0.2, 0.0, 0.0), high_end=(1, 0.7, 0.5, 0.02))
    ax = draw.ccdf(table, null="null", band=("low_end", "high_end"))
    _, grey, key = ax.collections
    assert to_hex(grey.get_facecolor()[0]) == to_hex("0.85")
    corners = {tuple(point) for point in grey.get_paths()[0].vertices}
    # Where it ends below half the smallest share, 0.05, it is not drawn.
    assert corners == {(1, 0.2), (1, 0.7), (2, 0.05), (2, 0.5)}
    assert key.get_label() == "95% of Erdős\N{EN DASH}Rényi draws"
    with pytest.raises(InputError, match="no column 'top'"):
        draw.ccdf(shares(null=0.5), null="null", band=("null", "top"))


def test_the_sampling_band_holds_random_layers_and_is_not_much_wider_than_they():
    own, other, links, networks = 200, 100, 600, 2
    rng = np.random.default_rng(0)
    degrees = rng.multivariate_hypergeometric([other] * own, links, (2000, networks))
    k = np.arange(1, 12)
    seen = (degrees[..., None] >= k).mean(axis=(1, 2))
    exact = hypergeom(own * other, other, links).sf(k - 1)
    low, high = draw.sampling_band(exact, networks * own)
    inside = ((seen >= low) & (seen <= high)).mean(axis=0)
    assert (inside >= 0.94).all()
    thin = exact < 0.05
    drawn = np.quantile(seen[:, thin], [0.025, 0.975], axis=0)
    np.testing.assert_allclose([low[thin], high[thin]], drawn, atol=1.5 / own)


def test_remarks_stand_in_the_colours_of_their_hues():
    _, axes = draw.panels()
    draw.remark(axes[0, 0], "index", {"static": "static 1", "set": "SET 2"})
    colours = {text.get_text(): to_hex(text.get_color()) for text in axes[0, 0].texts}
    assert colours == {"index": "#000000", "static 1": "#0072b2", "SET 2": "#d55e00"}
    heights = [text.xyann[1] for text in axes[0, 0].texts]
    assert heights == sorted(heights, reverse=True)


def test_ccdf_tells_hues_apart():
    table = pd.concat([shares(layer=1), shares(layer=2)], ignore_index=True)
    first, second = draw.ccdf(table, hue="layer").lines
    assert (first.get_label(), second.get_label()) == ("1", "2")
    assert first.get_color() != second.get_color()
    assert first.get_marker() != second.get_marker()


def test_an_empty_layer_draws_nothing_and_does_no_harm():
    only_isolated = shares([1.0], [0])
    (line,) = draw.ccdf(only_isolated).lines
    assert len(line.get_xdata()) == 0


def each(x):
    """Three networks of two methods, with the rows of single networks."""
    rows = [
        {"network_seed": seed, "sparsifier": name, x: value}
        | {"accuracy": 0.9 - 0.1 * n - 0.05 * i + 0.02 * seed**2}
        for n, name in enumerate(["set", "static"])
        for i, value in enumerate(
            ["none", "shuffle_all"] if x == "null_model" else [1, 2]
        )
        for seed in (0, 1, 2)
    ]
    return summarise(pd.DataFrame(rows), "accuracy", by=["sparsifier", x], each=True)


def dots(ax):
    """Places and colours of the small dots."""
    scatters = [one for one in ax.collections if isinstance(one, PathCollection)]
    places = np.concatenate([one.get_offsets() for one in scatters])
    colours = np.concatenate(
        [
            np.resize(one.get_facecolor(), (len(one.get_offsets()), 4))
            for one in scatters
        ]
    )
    return pd.DataFrame(places, columns=["x", "y"]).assign(
        colour=[to_hex(colour) for colour in colours]
    )


def test_a_curve_shows_each_network_as_a_dot():
    table = each("epoch")
    ax = draw.curve(table, "epoch", hue="sparsifier")
    assert len(ax.lines) == 2
    shown = dots(ax)
    for line, name in zip(ax.lines, ["static", "set"], strict=True):
        own = table[(table["sparsifier"] == name) & table["network_seed"].notna()]
        mine = shown[shown["colour"] == to_hex(line.get_color())]
        assert set(zip(mine["x"], mine["y"], strict=True)) == set(
            zip(own["epoch"], own["mean"], strict=True)
        )


def test_points_show_each_network_as_a_dot_beside_its_own_mean():
    table = each("null_model")
    ax = draw.points(table, "null_model", hue="sparsifier")
    shown = dots(ax)
    assert len(shown) == 12
    means = [mark for one in ax.containers for mark in one[0].get_xydata()]
    for x, y in shown[["x", "y"]].to_numpy():
        nearest = min(means, key=lambda mark: abs(mark[0] - x))
        assert 0 < x - nearest[0] < 0.2
        assert abs(y - nearest[1]) < 0.1
    single = table[table["network_seed"].notna()]
    np.testing.assert_array_equal(np.sort(shown["y"]), np.sort(single["mean"]))


def test_dots_leave_the_global_generator_and_pyplot_alone():
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    draw.points(each("null_model"), "null_model", hue="sparsifier")
    draw.points(each("null_model").query("sparsifier == 'set'"), "null_model")
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    assert not Gcf.figs


def test_shares_are_ticked_in_percent():
    ax = draw.curve(summary(), "fraction", hue="sparsifier")
    assert float(ax.yaxis.get_major_formatter()(0.5).removesuffix("%")) == 50


def test_a_line_can_have_words_of_its_own():
    ax = draw.curve(summary(), "fraction", hue="sparsifier", names={"set": "SET, zeta"})
    assert [line.get_label() for line in ax.lines] == ["static", "SET, zeta"]


def test_equal_spans_hold_all_data_and_keep_the_tops():
    _, axes = draw.panels(1, 2)
    axes[0, 0].set_ylim(0.1, 0.5)
    axes[0, 1].set_ylim(0.7, 0.9)
    draw.equal_spans(axes)
    np.testing.assert_allclose(axes[0, 0].get_ylim(), [0.1, 0.5])
    np.testing.assert_allclose(axes[0, 1].get_ylim(), [0.5, 0.9])


def test_letters_stand_before_the_titles():
    _, axes = draw.panels(2, 2)
    axes[0, 1].set_title("MNIST")
    draw.panel_letters(axes)
    titles = [ax.get_title(loc="left") for ax in axes.ravel()]
    assert titles == ["(a)", "(b) MNIST", "(c)", "(d)"]
    assert not any(ax.get_title() for ax in axes.ravel())


@pytest.mark.parametrize("width", [draw.SINGLE, draw.DOUBLE])
def test_the_legend_names_each_line_once_and_lies_below_all_axes(width):
    with draw.style():
        figure, axes = draw.panels(1, 2, width)
        for ax in axes[0]:
            draw.curve(
                summary(["dense", "dense_small", "dense_narrow", "static", "set"]),
                "fraction",
                ax,
                hue="sparsifier",
                chance=0.1,
            )
        legend = draw.legend(figure)
        figure.draw_without_rendering()
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts == [
        "dense",
        "small dense, one hidden layer",
        "small dense, same depth",
        "static",
        "SET",
        "chance",
    ]
    box = legend.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.width
    assert len(figure.legends) == 1
    for ax in figure.axes:
        assert ax.get_tightbbox().y0 >= box.y1


def test_a_legend_without_lines_is_refused():
    with pytest.raises(InputError, match="draw with hue"):
        draw.legend(draw.panels()[0])


def test_style_is_for_print_and_leaves_no_trace():
    before = dict(matplotlib.rcParams)
    with draw.style():
        assert matplotlib.rcParams["pdf.fonttype"] == 42
        assert not matplotlib.rcParams["axes.spines.top"]
        figure, axes = draw.panels(width=draw.SINGLE)
        draw.curve(summary(), "fraction", axes[0, 0], hue="sparsifier")
        draw.legend(figure)
        sizes = {text.get_fontsize() for text in figure.findobj(matplotlib.text.Text)}
    assert dict(matplotlib.rcParams) == before
    assert min(sizes) >= 7
    assert max(sizes) <= 8
    assert figure.get_size_inches()[0] == 3.4


def test_the_users_own_settings_do_not_reach_the_figure():
    mine = {"lines.linewidth": 9, "axes.facecolor": "red"}
    with matplotlib.rc_context(mine), draw.style():
        ax = draw.curve(summary(["set"]), "fraction")
    assert ax.lines[0].get_linewidth() == 1
    assert to_hex(ax.get_facecolor()) == "#ffffff"


def figure_and_table():
    table = summary()
    with draw.style():
        figure, axes = draw.panels()
        draw.curve(table, "fraction", axes[0, 0], hue="sparsifier")
        draw.legend(figure)
    return figure, table


def test_save_writes_picture_vector_and_numbers(tmp_path):
    figure, table = figure_and_table()
    paths = draw.save(figure, table, tmp_path / "new" / "folder", "damage")
    assert [path.name for path in paths] == ["damage.pdf", "damage.png", "damage.csv"]
    assert sorted((tmp_path / "new" / "folder").iterdir()) == sorted(paths)
    pdf, png, csv = paths
    text = pdf.read_bytes()
    assert text.startswith(b"%PDF")
    assert b"/Type3" not in text
    assert b"CreationDate" not in text
    with Image.open(png) as image:
        assert image.size == (round(3.4 * 300), round(2.3 * 300))
    pd.testing.assert_frame_equal(pd.read_csv(csv), table)


def test_saving_again_gives_the_same_bytes(tmp_path):
    first = draw.save(*figure_and_table(), tmp_path / "a", "damage")
    figure, table = figure_and_table()
    second = draw.save(figure, table, tmp_path / "b", "damage")
    third = draw.save(figure, table, tmp_path / "b", "damage")
    for one, two, three in zip(first, second, third, strict=True):
        assert one.read_bytes() == two.read_bytes() == three.read_bytes()


def drawn_small(folder):
    made = {"epoch": [1, 2], "mean": [0.2, 0.8], "low": 0.1, "high": 0.9}
    table = pd.DataFrame(made)
    with draw.style():
        figure, axes = draw.panels()
        draw.curve(table, "epoch", axes[0, 0], chance=0.1)
        return draw.save(figure, table, folder, "learning")


PROGRAM = """
import sys, pandas as pd, matplotlib
from netrobust.figures import draw
exec(sys.argv[2])
drawn_small(sys.argv[1])
loaded = {"torch", "igraph"} & set(sys.modules)
assert not loaded, loaded
assert not matplotlib._pylab_helpers.Gcf.figs
assert matplotlib.rcParams._get("backend") is matplotlib.rcsetup._auto_backend_sentinel
"""


def test_two_processes_write_the_same_bytes_and_choose_no_display(tmp_path):
    there, code = tmp_path / "there", inspect.getsource(drawn_small)
    command = [sys.executable, "-c", PROGRAM, there, code]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONHASHSEED": "1"})
    for one in drawn_small(tmp_path / "here"):
        assert one.read_bytes() == (there / one.name).read_bytes()


def test_a_failed_save_leaves_the_old_file_whole_and_no_rest(tmp_path, monkeypatch):
    figure, table = figure_and_table()
    paths = draw.save(figure, table, tmp_path, "damage")
    before = {path: path.read_bytes() for path in paths}

    def broken(path, **_):
        path.write_bytes(b"half")
        raise OSError("no space left")

    monkeypatch.setattr(figure, "savefig", broken)
    with pytest.raises(InputError, match=r"cannot write .*\.pdf: no space left"):
        draw.save(figure, table, tmp_path, "damage")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("kinds", "networks", "words"),
    [
        (["bootstrap 95%"], [10], "mean and bootstrap 95% of 10 networks"),
        (["range"], [1], "mean and range of 1 network"),
        (
            ["range", "bootstrap 95%"],
            [2, 6],
            "mean and range or bootstrap 95% of 2 to 6 networks",
        ),
    ],
)
def test_the_note_says_what_the_band_is(kinds, networks, words):
    table = pd.DataFrame({"interval": kinds, "networks": networks})
    assert draw.note(table) == words


def test_the_note_counts_networks_once_and_names_the_dots():
    words = "mean and range of 3 networks; small dots: single networks"
    assert draw.note(each("epoch")) == words


@pytest.mark.parametrize("mean", [[np.nan] * 3, [0.9, np.nan, 0.1], [np.inf] * 3])
def test_a_curve_without_a_point_is_drawn_empty(mean, tmp_path):
    made = pd.DataFrame({"fraction": [0, 0.5, 1], "value": "clustering", "mean": mean})
    ax = draw.curve(made.assign(low=made["mean"], high=made["mean"]), x="fraction")
    ax.figure.savefig(tmp_path / "curve.pdf")
    assert (tmp_path / "curve.pdf").stat().st_size
