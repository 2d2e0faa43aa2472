"""A forest plot shows every difference where it is, and whether it is sure."""

import matplotlib.colors as mcolors
import pandas as pd
import pytest

from netrobust.figures import draw

ROWS = ["links", "neurons"]


@pytest.fixture
def ax():
    table = pd.DataFrame(
        [
            ("links", "SET", 0.3, 0.2, 0.5, True),
            ("links", "RigL", -0.1, -0.3, 0.1, False),
            ("neurons", "SET", 0.0, 0.0, 0.0, False),
        ],
        columns=["removed", "method", "difference", "low", "high", "sure"],
    )
    names = ["set", "rigl", "static"]  # of which one has no row
    styles = {draw.label(one): own for one, own in draw.hue_styles(names).items()}
    ax = draw.panels()[1][0, 0]
    draw.forest(ax, table, "removed", "method", "sure", ROWS, styles)
    return ax


def marks(ax):
    """Give what is known of each mark: difference, row, its interval, filled or not."""
    for bars in ax.containers:
        mark, _, (lines,) = bars.lines
        spans = [segment[:, 0].round(9).tolist() for segment in lines.get_segments()]
        filled = mark.get_markerfacecolor() != "white"
        for x, y, span in zip(*mark.get_data(), spans, strict=True):
            yield x, ROWS[round(y)], span, filled, mcolors.to_hex(mark.get_color())


def test_every_difference_stands_in_its_row_with_its_interval(ax):
    found = {row[:2]: row[2:4] for row in marks(ax)}
    assert found == {
        (0.3, "links"): ([0.2, 0.5], True),
        (-0.1, "links"): ([-0.3, 0.1], False),
        (0.0, "neurons"): ([0.0, 0.0], False),
    }


def test_the_first_row_is_on_top_and_methods_lie_apart(ax):
    heights = {y for bars in ax.containers for y in bars.lines[0].get_ydata()}
    assert len(heights) == 3
    assert ax.yaxis_inverted()


def test_a_method_has_one_line_in_the_legend_in_its_colour(ax):
    handles, names = ax.get_legend_handles_labels()
    assert names == ["SET", "RigL"]
    styles = draw.hue_styles(["set", "rigl"])
    colours = [mcolors.to_hex(handle.get_color()) for handle in handles]
    assert colours == [one["color"].lower() for one in styles.values()]
    assert {row[4] for row in marks(ax)} == {*colours}
