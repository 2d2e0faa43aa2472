"""Differences with their intervals, one below the other."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from netrobust.core.errors import InputError, shown
from netrobust.figures.restyle import size
from netrobust.stats.columns import require_columns


def forest(
    ax: Axes,
    table: pd.DataFrame,
    y: str,
    hue: str,
    filled: str,
    rows: Sequence[str],
    styles: Mapping[str, Mapping[str, Any]],
) -> None:
    """Draw each difference as a mark with its interval, about a line at none.

    Parameters
    ----------
    ax : Axes
    table : DataFrame
        With ``difference``, ``low`` and ``high``, such as `paired_tests` gives.
    y, hue, filled : str
        Columns of text that place and colour a mark, and of bool whether it is filled.
    rows : sequence of str
        Values of `y` from top to bottom, as they are written.
    styles : mapping
        Of values of `hue`, as they are written; see `hue_styles`. Those the table holds
        lie side by side in each row.

    Raises
    ------
    InputError
        The table lacks a column, or `rows` lacks a value of it.

    Examples
    --------
    >>> table = pd.DataFrame({"difference": [0.1], "low": [0.0], "high": [0.2]})
    >>> table = table.assign(removed="links", method="SET", sure=True)
    >>> from netrobust.figures.layout import panels
    >>> ax = panels()[1][0, 0]
    >>> styles = {"SET": {"color": "red", "marker": "o"}}
    >>> forest(ax, table, "removed", "method", "sure", ["links"], styles)
    >>> [tick.get_text() for tick in ax.get_yticklabels()]
    ['links']
    """
    require_columns(table, ["difference", "low", "high", y, hue, filled])
    rows = list(rows)
    for value in table[y].unique():
        if value not in rows:
            raise InputError(f"rows must hold all values of {y}; lacks {shown(value)}")
    hues = [one for one in styles if one in set(table[hue])]
    for step, name in enumerate(hues):
        style = styles[name]
        aside = 0.7 * ((step + 0.5) / len(hues) - 0.5)
        own = table[table[hue] == name]
        for full, part in own.groupby(filled):
            # The mean of equal values can lie one rounding outside of them.
            bars = [part.difference - part.low, part.high - part.difference]
            ax.errorbar(
                part.difference,
                [rows.index(one) + aside for one in part[y]],
                xerr=np.maximum(bars, 0),
                fmt=style["marker"],
                ms=size(3),
                lw=size(0.8),
                color=style["color"],
                markerfacecolor=style["color"] if full else "white",
            )
        # In the legend every mark is filled, wherever some are.
        line = {"ms": size(3), "lw": size(0.8), "color": style["color"]}
        ax.plot([], [], marker=style["marker"], label=name, **line)
    ax.axvline(0, color="0.4", lw=size(0.6))
    ax.set_yticks(range(len(rows)), rows)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.grid(axis="y", lw=size(0.4), color="0.9")
