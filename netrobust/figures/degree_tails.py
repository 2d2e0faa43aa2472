"""Draw degree distributions, and what an exact distribution shows by chance."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binom

from netrobust.core.errors import InputError, shown
from netrobust.figures.layout import panels
from netrobust.figures.restyle import size
from netrobust.figures.styles import LABELS, groups, label
from netrobust.stats.columns import require_columns
from netrobust.stats.summary import split

_BAND: dict[str, Any] = {"color": "0.85", "lw": 0}
# Open markers hide no other.
_MOST_NEURONS = 10**9
_OPEN: dict[str, Any] = {"linestyle": "", "markerfacecolor": "none"}


def sampling_band(
    share: ArrayLike, neurons: ArrayLike, level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the band in which the share of neurons at or above a degree falls by chance.

    Were neurons independent, their number would be binomial. The degrees of a random
    layer with a fixed number of links are negatively associated [1]_ instead, so the
    variance of this number is smaller. The band is therefore too wide where the share
    is large, and nearly exact in the thin tail, where it matters.

    Parameters
    ----------
    share : array-like
        Probability of one neuron.
    neurons : array-like
        How many are looked at, in all networks together.
    level : float
        Coverage, of each share by itself.

    Returns
    -------
    low, high : ndarray of float64
        Quantiles of the share.

    Raises
    ------
    InputError
        A number is out of its range.

    References
    ----------
    .. [1] K. Joag-Dev and F. Proschan, The Annals of Statistics 11, 286 (1983).
       doi:10.1214/aos/1176346079

    Examples
    --------
    >>> low, high = sampling_band([0.5, 0.001], neurons=1000)
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.469, 0.0], [0.531, 0.003])
    """
    counts, shares = np.asarray(neurons), np.asarray(share)
    if not ((counts >= 1) & (counts <= _MOST_NEURONS)).all():
        raise InputError(
            f"neurons must be from 1 to {_MOST_NEURONS}; got {shown(neurons)}"
        )
    if not ((shares >= 0) & (shares <= 1)).all() or not 0 < level < 1:
        raise InputError(
            "each share must be in [0, 1] and level in (0, 1); got "
            f"{shown(share)} and {shown(level)}"
        )
    tail = (1 - level) / 2
    low = binom.ppf(tail, neurons, share) / np.asarray(neurons)
    return low, binom.ppf(1 - tail, neurons, share) / np.asarray(neurons)


def ccdf(
    summary: pd.DataFrame,
    ax: Axes | None = None,
    x: str = "degree",
    hue: str | None = None,
    null: str | None = None,
    band: tuple[str, str] | None = None,
) -> Axes:
    """Draw P(K >= k) on two logarithmic axes, with a band from low to high.

    Parameters
    ----------
    summary : DataFrame
        What `summarise` returned for a column that holds P(K >= k). Values of 0 have
        no place on the axes and are left out, on either axis.
    ax : Axes, optional
        Where to draw; a new single-column figure without it.
    x : str
        Column of the values k.
    hue : str, optional
        Column told apart by colour and marker.
    null : str, optional
        Column with the exact expectation: a dashed line, down to half the smallest
        share that is seen.
    band : pair of str, optional
        Columns with the low and high end of what `null` shows by chance in 95% of
        draws: a grey band, see `sampling_band`.

    Returns
    -------
    Axes

    Examples
    --------
    >>> table = pd.DataFrame({"degree": [0, 1, 2], "mean": [1, 0.5, 0.1],
    ...                       "low": [1, 0.4, 0.0], "high": [1, 0.6, 0.2]})
    >>> ccdf(table).lines[0].get_xdata().tolist()
    [1, 2]
    """
    ax = panels()[1][0, 0] if ax is None else ax
    ax.set(xscale="log", yscale="log", xlabel=label(x), ylabel=label("ccdf"))
    over, _ = split(summary)
    names = [x, "mean", *([null] if null else []), *(() if band is None else band)]
    require_columns(over, names)
    shown = over[(over[x] > 0) & (over["mean"] > 0)]
    lowest = shown["mean"].min() / 2
    for _, own_style, text, group in groups(over, x, hue):
        line = group[group.index.isin(shown.index)].sort_values(x)
        ax.plot(line[x], line["mean"], **own_style | _OPEN, label=text)
        low = line["low"].clip(lower=lowest)
        ax.fill_between(
            line[x], low, line["high"], color=own_style["color"], alpha=0.2, lw=0
        )
        if null:
            line = group[(group[x] > 0) & (group[null] >= lowest)].sort_values(x)
            ax.plot(line[x], line[null], "--k", lw=size(0.8), zorder=1)
        if band is not None:
            line = group[(group[x] > 0) & (group[band[1]] >= lowest)].sort_values(x)
            low, high = line[band[0]].clip(lower=lowest), line[band[1]]
            # Opaque: the same band of several hues is no darker than one.
            ax.fill_between(line[x], low, high, **_BAND, zorder=0)
    if null:
        ax.plot([], [], "--k", lw=size(0.8), label=f"{LABELS['erdos_renyi']} (exact)")
    if band is not None:
        ax.fill_between([], [], **_BAND, label=f"95% of {LABELS['erdos_renyi']} draws")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    return ax
