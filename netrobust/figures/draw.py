"""Draw figures from tables, and networks from graphs: Axes in, Axes out.

Styles come from `restyle`, colours and labels from `styles`, panels and legends from
`layout`, degree distributions from `degree_tails`, images of the pixels from
`pixel_maps`, differences from `forest_plot`, networks from `network_drawings`, text
tables from `text_tables`; all their names are here, so a figure needs this module
alone. No figure is made through pyplot: no global state changes and no display is
needed.
"""

from collections.abc import Mapping
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter
from pandas.api.types import is_integer_dtype

from netrobust.core.settings import choice
from netrobust.figures.degree_tails import ccdf, sampling_band
from netrobust.figures.forest_plot import forest
from netrobust.figures.layout import (
    DOUBLE,
    SINGLE,
    counted,
    equal_spans,
    figure_of,
    legend,
    note,
    panel_letters,
    panels,
    remark,
    save,
)
from netrobust.figures.network_drawings import degrees, layer, pixels, stack
from netrobust.figures.pixel_maps import colour_bar, image_side, mosaic
from netrobust.figures.restyle import STYLES, size, style
from netrobust.figures.styles import axis_label, groups, hue_styles, label, ordered
from netrobust.figures.text_tables import summary_table, text_table
from netrobust.stats.summary import CHANCE, split

__all__ = [
    "CHANCE", "DOUBLE", "SINGLE", "STYLES", "ccdf", "colour_bar", "counted", "curve",
    "degrees", "equal_spans", "forest", "hue_styles", "image_side", "label", "layer",
    "legend", "mosaic", "note", "ordered", "panel_letters", "panels", "pixels",
    "points", "remark", "sampling_band", "save", "size", "stack", "style",
    "summary_table", "text_table", "thin",
]  # fmt: skip

_APART = 0.04  # least way between markers along a line, in diagonals of the panel
_PERCENT = {
    *("accuracy", "test_accuracy", "train_accuracy", "giant_component", "reach"),
    *("itop", "survival", "active_neurons"),
}


def curve(
    summary: pd.DataFrame,
    x: str,
    ax: Axes | None = None,
    hue: str | None = None,
    style: str | None = None,
    ylabel: str | None = None,
    chance: float | None = None,
    names: Mapping[Any, str] | None = None,
    legend: bool | None = None,
) -> Axes:
    """Draw the mean against `x` as a line a hue, with a band from low to high.

    Where points lie close, the line has a marker for some of them only.

    Parameters
    ----------
    summary : DataFrame
        What `summarise` returned; with its option ``each`` every network is a dot.
    x : str
        Column of the horizontal axis.
    ax : Axes, optional
        Where to draw; a new single-column figure without it.
    hue, style : str, optional
        Columns told apart by colour, and by solid with filled or broken with open
        markers, as trained and null networks are.
    ylabel : str, optional
        The measure's own label without it.
    chance : float, optional
        Level of a guess, drawn as a dotted line.
    names : mapping, optional
        Other words in the legend for some values of `hue`.
    legend : bool, optional
        Whether to name the lines below the figure; only without `ax` if not given.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If one line would have several values at one `x`.

    Examples
    --------
    >>> summary = pd.DataFrame({"fraction": [0, 1], "value": "accuracy",
    ...                         "mean": [0.9, 0.1], "low": 0.0, "high": 1.0})
    >>> curve(summary, x="fraction").get_ylabel()
    'test accuracy'
    """
    legend = ax is None if legend is None else legend
    ax = panels()[1][0, 0] if ax is None else ax
    over, networks = split(summary)
    for _, own_style, text, group in groups(over, x, hue, style, names):
        line = group.sort_values(x)
        # Markers are spread over the line, which needs a point that can be drawn.
        apart = _APART if np.isfinite(line["mean"]).any() else None
        ax.plot(line[x], line["mean"], **own_style, label=text, markevery=apart)
        color = own_style["color"]
        ax.fill_between(
            line[x], line["low"], line["high"], color=color, alpha=0.2, lw=0
        )
    if len(networks):
        _dots(networks, networks[x], ax, hue)
    ax.set_xlabel(axis_label(over, x))
    if is_integer_dtype(over[x]):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return _finish(ax, over, ylabel, chance, legend)


def thin(
    summary: pd.DataFrame,
    x: str,
    ax: Axes,
    hue: str,
    name: str,
    style: str | None = None,
) -> None:
    """Draw the mean against `x` as thin lines, each in the colour of its hue.

    They go with the lines of `curve` for the same hues; the legend names them once.

    Parameters
    ----------
    summary : DataFrame
        What `summarise` returned.
    x : str
        Column of the horizontal axis.
    ax : Axes
    hue, style : str
        As in `curve`.
    name : str
        What they show.

    Raises
    ------
    InputError
        If one line would have several values at one `x`.

    Examples
    --------
    >>> summary = pd.DataFrame({"fraction": [0, 1], "method": "SET", "mean": [1.0, 0.0],
    ...                         "low": 0.0, "high": 1.0})
    >>> ax = panels()[1][0, 0]
    >>> thin(summary, "fraction", ax, "method", "giant component (thin)")
    >>> len(ax.lines)
    2
    """
    ax.plot([], [], color="0.2", lw=size(0.6), label=name)
    for _, own_style, _, group in groups(split(summary)[0], x, hue, style):
        line = group.sort_values(x)
        ax.plot(line[x], line["mean"], color=own_style["color"], lw=size(0.6), zorder=1)


def points(
    summary: pd.DataFrame,
    x: str,
    ax: Axes | None = None,
    hue: str | None = None,
    ylabel: str | None = None,
    chance: float | None = None,
    intact: Mapping[Any, float] | None = None,
    orient: str = "v",
    legend: bool | None = None,
) -> Axes:
    r"""Draw the mean for each category on `x`, with whiskers from low to high.

    Parameters
    ----------
    summary : DataFrame
        What `summarise` returned; with its option ``each`` every network is a dot
        beside its mean.
    x : str
        Column of the categories, such as ``null_model``.
    ax, hue, ylabel, chance : optional
        As in `curve`, `ylabel` being that of the means; the hues stand side by side.
    intact : mapping, optional
        Level of the undamaged network for each hue, drawn as a line in its colour.
    orient : {"v", "h"}
        Categories side by side, or one below the other, where their names are long.
    legend : bool, optional
        As in `curve`.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If one point would have several values, or `orient` is another.

    Examples
    --------
    >>> summary = pd.DataFrame({"null_model": ["none", "shuffle_all"], "mean": 0.5,
    ...                         "low": 0.4, "high": 0.6, "value": "accuracy"})
    >>> ax = points(summary, x="null_model", chance=0.1)
    >>> [tick.get_text() for tick in ax.get_xticklabels()]
    ['trained', 'weights\nshuffled']
    """
    flat = choice("orient", orient, ("v", "h")) == "h"
    legend = ax is None if legend is None else legend
    ax = panels()[1][0, 0] if ax is None else ax
    over, networks = split(summary)
    lines = list(groups(over, x, hue))
    level = ax.axvline if flat else ax.axhline
    levels = intact or {}
    categories = ordered(over[x])
    slot = 0.8 / len(lines)
    for place, (key, own_style, text, group) in enumerate(lines):
        if key in levels:
            level(levels[key], color=own_style["color"], lw=size(0.7), zorder=1)
        middle = (place - (len(lines) - 1) / 2) * slot
        aside = 0.2 * slot if len(networks) else 0.0
        at = group[x].map(categories.index) + middle - aside
        mean, ends = group["mean"], _whiskers(group)
        ax.errorbar(
            *((mean, at, None, ends) if flat else (at, mean, ends, None)),
            **own_style | {"linestyle": ""},
            elinewidth=size(0.8),
            label=text,
        )
        own = networks[networks[hue] == key] if hue else networks
        if len(own):
            _dots(own, own[x].map(categories.index) + middle + aside, ax, hue, flat)
    if levels:
        ax.plot([], [], color="0.3", lw=size(0.7), label="intact")
    count = len(categories)
    if flat:
        ax.set_yticks(range(count), [label(one) for one in categories])
        ax.set_ylim(count - 0.5, -0.5)
        ax.set_ylabel("")
        ax.xaxis.set_major_locator(MaxNLocator(5))  # or long numbers overlap
    else:
        ax.set_xticks(range(count), [_wrapped(one) for one in categories])
        ax.set_xlim(-0.5, count - 0.5)
        ax.set_xlabel("")
    return _finish(ax, over, ylabel, chance, legend, flat)


def _dots(
    networks: pd.DataFrame, at: pd.Series, ax: Axes, hue: str | None, flat: bool = False
) -> None:
    """Show single networks as small dots in the colour of their hue."""
    # Not stripplot: it draws from the global generator even where it adds no jitter.
    colors = hue_styles(ordered(networks[hue]) if hue else [None])
    sns.scatterplot(
        x=networks["mean"] if flat else at,
        y=at if flat else networks["mean"],
        hue=networks[hue] if hue else None,
        palette={key: one["color"] for key, one in colors.items()} if hue else None,
        color=None if hue else colors[None]["color"],
        s=size(2) ** 2,
        linewidth=0,
        legend=False,
        zorder=1.9,  # an open marker stays open
        ax=ax,
    )


def _whiskers(group: pd.DataFrame) -> np.ndarray:
    # The mean of equal values can lie one rounding outside of them.
    ends = [group["mean"] - group["low"], group["high"] - group["mean"]]
    return np.maximum(ends, 0)


def _wrapped(value: object) -> str:
    return fill(label(value), 12, break_long_words=False)


def _finish(
    ax: Axes,
    summary: pd.DataFrame,
    ylabel: str | None,
    chance: float | None,
    named: bool,
    flat: bool = False,
) -> Axes:
    if chance is not None:
        level = ax.axvline if flat else ax.axhline
        level(
            chance, color="0.4", ls=(0, (1, 2)), lw=size(0.8), zorder=0, label="chance"
        )
    axis = ax.xaxis if flat else ax.yaxis
    value = summary["value"].iloc[0] if "value" in summary else None
    if value in _PERCENT:
        axis.set_major_formatter(PercentFormatter(xmax=1))
    if ylabel is None and value is not None:
        ylabel = label(value)
    axis.set_label_text(ylabel or "")
    if named and ax.get_legend_handles_labels()[0]:
        legend(figure_of(ax))
    return ax
