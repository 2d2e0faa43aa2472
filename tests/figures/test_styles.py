"""Words, order, colours, lines and markers: the same in every figure, and distinct."""

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex, to_rgb

from netrobust.core.errors import InputError
from netrobust.figures import draw
from netrobust.figures.styles import axis_label, hue_styles, label, ordered

EVERY = [
    *("dense", "dense_small", "dense_narrow", "static", "set", "rigl"),
    *("mest", "mest(em_s=True)", "deep_r", "cht", "chts", "chts(removal=RI)"),
]
METHODS = [name for name in EVERY if "(" not in name]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("rigl", "RigL"),
        ("mest", "MEST"),
        ("deep_r", "DEEP R"),
        ("cht", "CHT"),
        ("chts", "CHTs"),
        ("set(cht_benchmark)", "SET (CHT benchmark)"),
        ("cht(paper)", "CHT (paper)"),
        ("mest(em_s=True)", "MEST (EM&S)"),
        ("chts(removal=RI)", "CHTs (RI)"),
        ("chts(em_s=True,removal=RI)", "CHTs (EM&S, RI)"),
        ("set(prune=random)", "SET (prune random)"),
        ("set(skip_step=True)", "SET (skip step)"),
        ("rigl(anneal=False,batches=50)", "RigL (anneal False, batches 50)"),
        ("deep_r(temperature=1e-09)", "DEEP R (temperature 1e-09)"),
        ("cht@erdos_renyi", "CHT from Erdős\N{EN DASH}Rényi"),
        ("cht@small_world(beta=0.5)", "CHT from small world (beta 0.5)"),
        (
            "set(prune=random)@receptive_field(degrees=uniform,r=0.1)",
            "SET (prune random) from receptive field (degrees uniform, r 0.1)",
        ),
        ("my_rule(a_b=1)", "my rule (a b 1)"),
        ("fashion-mnist", "Fashion-MNIST"),
        ("giant_component", "giant component"),
        ("a (b", "a (b"),
        (3, "3"),
    ],
)
def test_names_become_words(name, words):
    assert label(name) == words


@pytest.mark.parametrize(
    "column",
    ["itop", "survival", "active_neurons", "strength", "paths", "removed", "returned"],
)
def test_columns_of_the_new_tables_have_words_of_their_own(column):
    assert label(column) != column.replace("_", " ")


def test_variants_stand_behind_their_method_whatever_the_order_of_rows():
    shown = [*EVERY, "set(cht_benchmark)", "cht@small_world"]
    expected = EVERY.copy()
    expected.insert(expected.index("set") + 1, "set(cht_benchmark)")
    expected.insert(expected.index("cht") + 1, "cht@small_world")
    for seed in range(5):
        values = pd.Series(shown).sample(frac=1, random_state=seed)
        assert ordered(values) == expected


def test_unknown_values_come_last_and_as_they_come():
    values = pd.Series(["mine", "chts", 3, "yours(a=1)", "static", "another"])
    assert ordered(values) == ["static", "chts", "mine", 3, "yours(a=1)", "another"]


@pytest.mark.parametrize(
    "names",
    [
        EVERY,
        [*METHODS, "mine"],
        ["set", "set(cht_benchmark)", "set(prune=random)", "rigl(cht_benchmark)"],
        ["static", "cht(paper)", "cht", "cht@small_world(beta=0.5)", "chts"],
        [f"set({letter})" for letter in "abcdefgh"],
    ],
    ids=["every method", "methods", "variants", "starts", "variants alone"],
)
def test_all_in_a_figure_differ_in_colour_and_in_marker_and_line(names):
    shown = hue_styles(names)
    assert list(shown) == names
    for part in ("color", "marker"):
        assert len({look[part] for look in shown.values()}) == len(names), part
    grey = {(str(look["linestyle"]), look["marker"]) for look in shown.values()}
    assert len(grey) == len(names)


def test_methods_look_the_same_in_every_company():
    alone = {name: hue_styles([name])[name] for name in METHODS}
    assert hue_styles(METHODS) == alone
    for name in METHODS:
        assert hue_styles(["mine", name, f"{name}(paper)", *EVERY])[name] == alone[name]


def test_a_variant_looks_like_its_method_where_that_is_not_shown():
    company = ["static", "set(cht_benchmark)", "rigl", "cht@erdos_renyi"]
    shown = hue_styles(company)
    assert shown["set(cht_benchmark)"] == hue_styles(["set"])["set"]
    assert shown["cht@erdos_renyi"] == hue_styles(["cht"])["cht"]
    first, second = hue_styles(["set(a)", "set(b)"]).values()
    assert first == hue_styles(["set"])["set"]
    assert second["color"] != first["color"]
    beside = hue_styles(["set(a)", "set"])
    assert beside["set"] == first
    assert beside["set(a)"]["color"] != first["color"]


# What is left of red, green and blue (linear, 0 to 1) without one kind of cone:
# Machado et al. 2009, https://doi.org/10.1109/TVCG.2009.113, severity 1.
VISIONS = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = [
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.0721750],
    [0.0193339, 0.1191920, 0.9503041],
]


def seen(colour, vision):
    """Lightness and hue (CIE 1976 L*a*b*) of a colour as a kind of eye sees it."""
    rgb = np.asarray(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.asarray(VISIONS[vision]) @ linear, 0, 1)
    x, y, z = np.cbrt(np.asarray(XYZ) @ linear / [0.95047, 1, 1.08883])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", VISIONS)
def test_colours_of_sparse_methods_are_told_apart_with_any_colour_vision(vision):
    sparse = [name for name in EVERY if not name.startswith("dense")]
    colours = {name: look["color"] for name, look in hue_styles(EVERY).items()}
    for one, two in combinations(sparse, 2):
        apart = seen(colours[one], vision) - seen(colours[two], vision)
        # The two nearest of Okabe and Ito's own are 16 apart; one is just noticeable.
        assert np.linalg.norm(apart) > 15, (one, two)


def test_colours_are_dark_enough_for_lines_on_white():
    for name, look in hue_styles(EVERY).items():
        assert seen(to_hex(look["color"]), "normal")[0] < 75, name


@pytest.mark.parametrize("name", ["Ba$$in", "x$^$", "a$b"])
def test_a_dollar_in_a_name_is_drawn_as_a_dollar(name, tmp_path):
    ax = plt.figure().add_subplot()
    ax.set_title(label(name))
    ax.figure.savefig(tmp_path / "title.svg")
    assert label(name).replace("\\$", "$") == name
    plt.close(ax.figure)


# Styles for other places than print


def test_talk_and_poster_are_larger_in_figure_and_more_so_in_letters():
    sizes = []
    for name in draw.STYLES:
        with draw.style(name):
            figure, _ = draw.panels(1, 1)
            sizes.append((figure.get_figwidth(), plt.rcParams["font.size"]))
    assert sizes == sorted(sizes)
    relative = [letters / width for width, letters in sizes]
    assert relative == sorted(set(relative))


@pytest.mark.parametrize(
    ("palette", "expected"),
    [
        (["black", "tomato"], {"static": "#000000", "set": "#ff6347"}),
        ({"set": "tomato"}, {"static": "#0072B2", "set": "#ff6347"}),
        ("Dark2", {"static": "#1b9e77", "set": "#d95f02"}),
    ],
)
def test_a_palette_changes_colours_and_nothing_else(palette, expected):
    before = hue_styles([*expected])
    with draw.style(palette=palette):
        inside = hue_styles([*expected])
    assert {name: look["color"] for name, look in inside.items()} == expected
    assert hue_styles([*expected]) == before
    for name in expected:
        assert inside[name] | {"color": before[name]["color"]} == before[name]


def test_the_colour_cycle_of_matplotlib_is_respected_outside_of_a_style():
    with plt.rc_context({"axes.prop_cycle": plt.cycler(color=["red", "green"])}):
        assert hue_styles(["static"])["static"]["color"] == "#ff0000"
        with draw.style():
            assert hue_styles(["static"])["static"]["color"] == "#0072B2"


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ({"name": "slide"}, "paper, talk, poster"),
        ({"palette": "no such"}, "Dark2"),
        ({"palette": ["no such"]}, "crimson"),
        ({"palette": []}, "at least one"),
        ({"font": "No Such Font"}, "serif"),
    ],
)
def test_unknown_styles_palettes_and_fonts_are_refused(wrong, remedy):
    with pytest.raises(InputError, match=remedy), draw.style(**wrong):
        pass


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["random_links"], "fraction of links removed"),
        (["random_neurons", "neurons_by_degree"], "fraction of neurons removed"),
        (["random_pixels"], "fraction of pixels removed"),
        (["random_links", "random_neurons"], "fraction of damage"),
        (["my_own"], "fraction of damage"),
    ],
)
def test_the_axis_says_what_is_removed(names, words):
    assert axis_label(pd.DataFrame({"perturbation": names}), "fraction") == words


def test_a_lone_curve_has_a_legend_that_can_be_left_out():
    table = pd.DataFrame(
        {"fraction": [0, 1] * 2, "sparsifier": ["set"] * 2 + ["rigl"] * 2}
    )
    table = table.assign(mean=0.5, low=0.4, high=0.6, value="accuracy")

    def legends(**options):
        return draw.curve(table, "fraction", hue="sparsifier", **options).figure.legends

    (one,) = legends()
    assert [text.get_text() for text in one.get_texts()] == ["SET", "RigL"]
    assert not legends(legend=False)
    assert not legends(ax=draw.panels()[1][0, 0])
