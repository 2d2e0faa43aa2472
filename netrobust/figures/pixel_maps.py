"""Images made of what belongs to pixels, many of them on one pair of Axes."""

from collections.abc import Iterable
from math import isqrt

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.ticker import MaxNLocator

from netrobust.core.errors import InputError
from netrobust.core.settings import whole
from netrobust.figures.layout import axes_of, panel_width, panels, wrap
from netrobust.figures.styles import label, ordered
from netrobust.stats.columns import require_columns

_GAP = 1  # pixels between two images


def image_side(pixels: int) -> int:
    """Give the side of a square image.

    Raises
    ------
    InputError
        No square has so many pixels.

    Examples
    --------
    >>> image_side(784)
    28
    """
    side = isqrt(whole("pixels", pixels, 0, 2**63))
    if side == 0 or side**2 != pixels:
        raise InputError(
            f"images of {pixels} pixels are no squares; maps are drawn for square "
            "images, such as those of 784 pixels"
        )
    return side


def mosaic(
    table: pd.DataFrame,
    value: str,
    ax: Axes | None = None,
    x: str = "epoch",
    y: str = "sparsifier",
    cmap: str = "viridis",
) -> Axes:
    """Draw an image of the pixels for every pair of `x` and `y`, side by side.

    Parameters
    ----------
    table : DataFrame
        One row per `x`, `y` and ``pixel``, counted row by row from the top left.
    value : str
        The column to show; `colour_bar` gives its scale.
    ax : Axes, optional
        Where to draw; a new single-column figure without it.
    x, y : str
        Columns whose values stand in rising order from left to right, and as in
        `ordered` from top to bottom.
    cmap : str
        Colour map; one of even steps, which a grey print keeps.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        Images are not square, or one has not each of its pixels once.

    Examples
    --------
    >>> table = pd.DataFrame({"epoch": 0, "sparsifier": "set", "pixel": range(4),
    ...                       "degree": [0, 1, 2, 3]})
    >>> ax = mosaic(table, "degree")
    >>> [tick.get_text() for tick in ax.get_yticklabels()]
    ['SET']
    """
    require_columns(table, [x, y, "pixel", value])
    ax = panels()[1][0, 0] if ax is None else ax
    pixels = np.arange(table["pixel"].max() + 1)
    side = image_side(pixels.size)
    columns, rows = sorted(table[x].unique()), ordered(table[y])
    step = side + _GAP
    canvas = np.full((len(rows) * step - _GAP, len(columns) * step - _GAP), np.nan)
    for (column, row), image in table.groupby([x, y]):
        own = image.sort_values("pixel")
        if not np.array_equal(own["pixel"], pixels):
            raise InputError(
                f"the image of {x} {column} and {y} {row} must have each of its "
                f"{pixels.size} pixels once; got {len(own)} rows"
            )
        top, left = rows.index(row) * step, columns.index(column) * step
        shown = own[value].to_numpy().reshape(side, side)
        canvas[top : top + side, left : left + side] = shown
    ax.imshow(canvas, cmap=cmap, interpolation="nearest")
    middle = (side - 1) / 2
    ax.set_xticks(np.arange(len(columns)) * step + middle, [*map(label, columns)])
    ax.set_yticks(np.arange(len(rows)) * step + middle, [*map(_wrapped, rows)])
    ax.xaxis.set_ticks_position("top")
    ax.xaxis.set_label_position("top")
    ax.set_xlabel(label(x))
    ax.tick_params(length=0, pad=1)
    ax.spines[:].set_visible(False)
    return ax


def colour_bar(axes: Iterable[Axes], text: str) -> Axes:
    """Give the images of several Axes one scale, from 0 up, and its bar below them.

    Parameters
    ----------
    axes : iterable of Axes
        What `mosaic` drew, side by side on one figure.
    text : str
        What the colours mean, with its unit.

    Returns
    -------
    Axes
        Those of the bar.

    Raises
    ------
    InputError
        There is no image on the Axes.

    Examples
    --------
    >>> table = pd.DataFrame({"epoch": 0, "sparsifier": "set", "pixel": range(4),
    ...                       "degree": [0, 1, 2, 3]})
    >>> bar = colour_bar([mosaic(table, "degree")], "links of a pixel")
    >>> bar.get_xlabel()
    'links of a pixel'
    """
    shown = axes_of(axes)
    images = [image for ax in shown for image in ax.images]
    if not images:
        raise InputError("there is no image to give a scale; draw with mosaic first")
    top = max(image.get_clim()[1] or 0.0 for image in images)
    # On a scale of roots the scatter of counts is as visible at few as at many.
    scale = PowerNorm(0.5, 0, top)
    for image in images:
        image.set_norm(scale)
    bar = shown[0].figure.colorbar(
        images[0], ax=shown, location="bottom", aspect=30, pad=0.02, shrink=0.9
    )
    # Roots crowd the labels at the upper end.
    bar.ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    bar.set_label(text)
    wrap(bar.ax.xaxis.label, len(shown) * panel_width(shown[0]))
    bar.outline.set_visible(False)
    return bar.ax


def _wrapped(value: object) -> str:
    return label(value).replace(" (", "\n(").replace(" from ", "\nfrom ")
