"""Draw figures from tables: Axes in, Axes out.

A hue keeps its colour, line and marker in every figure, so a reader learns them once.
The colours are those of Okabe and Ito, told apart with any colour vision; lines and
markers differ as well, so a grey print reads the same. Figures are made without
pyplot: nothing global is left behind and no display is needed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle
from math import ceil
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib.style
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from netrobust.errors import InputError
from netrobust.results.stats import require_columns

SINGLE, DOUBLE = 3.4, 7.0  # column widths in inches: 86 and 178 mm

# What people read; the order is that of lines, categories and legends.
LABELS = {
    "mnist": "MNIST",
    "fashion-mnist": "Fashion-MNIST",
    "mnist-5k": "MNIST-5k",
    "dense": "dense",
    "dense_small": "dense, small",
    "dense_narrow": "dense, narrow",
    "static": "static",
    "set": "SET",
    "none": "trained",
    "shuffle_all": "weights shuffled",
    "shuffle_by_sign": "shuffled by sign",
    "degree_preserving": "degrees preserved",
    "erdos_renyi": "Erdős\N{EN DASH}Rényi",
    "random_links": "random links",
    "strongest_links": "strongest links",
    "weakest_links": "weakest links",
    "accuracy": "test accuracy",
    "fraction": "fraction of links removed",
    "degree": "degree $k$",
    "f50": "$f_{50}$",
}

_LOOKS = {  # colour, line, marker
    "dense": ("#000000", "-", "s"),
    "dense_small": ("#555555", "--", "D"),
    "dense_narrow": ("#999999", "-.", "^"),
    "static": ("#0072B2", "--", "v"),
    "set": ("#D55E00", "-", "o"),
    "none": ("#000000", "-", "o"),
    "shuffle_all": ("#E69F00", "--", "s"),
    "shuffle_by_sign": ("#CC79A7", "-.", "D"),
    "degree_preserving": ("#009E73", ":", "^"),
    "erdos_renyi": ("#56B4E9", (0, (5, 1)), "v"),
    "random_links": ("#0072B2", "-", "o"),
    "strongest_links": ("#D55E00", "--", "v"),
    "weakest_links": ("#009E73", "-.", "^"),
}
_SPARE = (  # for values without a look of their own, such as layers
    ("#0072B2", "-", "o"),
    ("#D55E00", "--", "s"),
    ("#009E73", "-.", "^"),
    ("#CC79A7", ":", "D"),
    ("#E69F00", (0, (5, 1)), "<"),
    ("#56B4E9", (0, (3, 1, 1, 1, 1, 1)), "P"),
    ("#000000", "-", "X"),
)
_STYLES = ("-", "--", ":", "-.")
_INTERVAL = ("mean", "low", "high")


def label(value: object) -> str:
    """Give the words people read for a value of a table.

    Examples
    --------
    >>> label("fashion-mnist"), label("giant_component"), label(3)
    ('Fashion-MNIST', 'giant component', '3')
    """
    return LABELS.get(str(value), str(value).replace("_", " "))


@contextmanager
def style() -> Iterator[None]:
    """Draw in print style within the block, whatever the user's own settings.

    Examples
    --------
    >>> with style():
    ...     figure, axes = panels(1, 2)
    >>> axes.shape
    (1, 2)
    """
    with matplotlib.style.context("netrobust.results.paper", after_reset=True):
        yield


def panels(
    rows: int = 1, columns: int = 1, width: float = SINGLE, height: float = 2.3
) -> tuple[Figure, np.ndarray]:
    """Make a figure of panels and return it with its Axes, shape (rows, columns).

    `width` is that of the figure and `height` that of one row of panels, in inches.
    """
    figure = Figure(figsize=(width, rows * height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False)


def curve(
    summary: pd.DataFrame,
    x: str,
    ax: Axes | None = None,
    hue: str | None = None,
    style: str | None = None,
    ylabel: str | None = None,
    chance: float | None = None,
) -> Axes:
    """Draw the mean against `x` as a line a hue, with a band from low to high.

    Parameters
    ----------
    summary : DataFrame
        What `summarise` returned.
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
    ax = panels()[1][0, 0] if ax is None else ax
    for _, look, text, group in _groups(summary, x, hue, style):
        line = group.sort_values(x)
        ax.plot(line[x], line["mean"], **look, label=text)
        ax.fill_between(
            line[x], line["low"], line["high"], color=look["color"], alpha=0.2, lw=0
        )
    ax.set_xlabel(label(x))
    return _finish(ax, summary, ylabel, chance)


def points(
    summary: pd.DataFrame,
    x: str,
    ax: Axes | None = None,
    hue: str | None = None,
    ylabel: str | None = None,
    chance: float | None = None,
    intact: Mapping[Any, float] | None = None,
) -> Axes:
    r"""Draw the mean for each category on `x`, with whiskers from low to high.

    Parameters
    ----------
    summary : DataFrame
        What `summarise` returned.
    x : str
        Column of the categories, such as ``null_model``.
    ax, hue, ylabel, chance : optional
        As in `curve`; the hues stand side by side.
    intact : mapping, optional
        Level of the undamaged network for each hue, drawn as a line of its look.

    Returns
    -------
    Axes

    Raises
    ------
    InputError
        If one point would have several values.

    Examples
    --------
    >>> summary = pd.DataFrame({"null_model": ["none", "shuffle_all"], "mean": 0.5,
    ...                         "low": 0.4, "high": 0.6, "value": "accuracy"})
    >>> ax = points(summary, x="null_model", chance=0.1)
    >>> [tick.get_text() for tick in ax.get_xticklabels()]
    ['trained', 'weights\nshuffled']
    """
    ax = panels()[1][0, 0] if ax is None else ax
    groups = list(_groups(summary, x, hue))
    levels = intact or {}
    categories = _ordered(summary[x])
    for place, (key, look, text, group) in enumerate(groups):
        if key in levels:
            ax.axhline(levels[key], color=look["color"], lw=0.7, zorder=1)
        dodge = (place - (len(groups) - 1) / 2) * 0.6 / len(groups)
        ax.errorbar(
            [categories.index(value) + dodge for value in group[x]],
            group["mean"],
            yerr=_whiskers(group),
            **look | {"linestyle": ""},
            elinewidth=0.8,
            label=text,
        )
    if levels:
        ax.plot([], [], color="0.3", lw=0.7, label="intact")
    ax.set_xticks(range(len(categories)), [_wrapped(c) for c in categories])
    ax.set_xlim(-0.5, len(categories) - 0.5)
    return _finish(ax, summary, ylabel, chance)


def ccdf(
    table: pd.DataFrame,
    ax: Axes | None = None,
    value: str = "degree",
    hue: str | None = None,
    null: pd.DataFrame | None = None,
) -> Axes:
    """Draw P(K >= k) of counted values on two logarithmic axes.

    Neurons of degree 0 count in the total but have no place on the axis.

    Parameters
    ----------
    table : DataFrame
        Columns `value` and ``count`` (how many neurons), and `hue` if given.
    ax : Axes, optional
        Where to draw; a new single-column figure without it.
    value : str
        Column of the counted values.
    hue : str, optional
        Column told apart by colour and marker.
    null : DataFrame, optional
        The exact expectation, with the same columns (expected counts or
        probabilities): a dashed line, of the hue's colour if it has that column.

    Returns
    -------
    Axes

    Examples
    --------
    >>> ax = ccdf(pd.DataFrame({"degree": [1, 2, 4], "count": [2, 1, 1]}))
    >>> ax.lines[0].get_ydata().tolist()
    [1.0, 0.5, 0.25]
    """
    ax = panels()[1][0, 0] if ax is None else ax
    lowest = 1.0
    for _, look, text, group in _groups(table, value, hue, columns=["count"]):
        at, tail = _tail(group, value)
        lowest = min(lowest, tail.min(initial=1))
        ax.plot(at, tail, **look | {"linestyle": ""}, label=text)
    if null is not None:
        own = hue if hue in null.columns else None
        for _, look, _, group in _groups(null, value, own, columns=["count"]):
            at, tail = _tail(group, value)
            seen = tail >= lowest / 2  # the exact tail goes on far below one neuron
            color = look["color"] if own else "black"
            ax.plot(at[seen], tail[seen], "--", color=color, lw=0.8, zorder=1)
        ax.plot([], [], "--k", lw=0.8, label=f"{LABELS['erdos_renyi']} (exact)")
    ax.set(xscale="log", yscale="log", xlabel=label(value), ylabel="$P(K \\geq k)$")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    return ax


def panel_letters(axes: Iterable[Axes]) -> None:
    """Write (a), (b), ... before the title of each panel, left above the data.

    Examples
    --------
    >>> axes = panels(1, 2)[1]
    >>> _ = axes[0, 1].set_title("MNIST")
    >>> panel_letters(axes)
    >>> axes[0, 1].get_title(loc="left")
    '(b) MNIST'
    """
    for place, ax in enumerate(np.ravel(np.asarray(axes, dtype=object))):
        title = f"({chr(ord('a') + place)}) {ax.get_title()}".strip()
        ax.set_title("")  # side by side, a long title would run into the letter
        ax.set_title(title, loc="left")


def legend(figure: Figure, title: str | None = None) -> Legend:
    """Put one legend for all panels below the figure, in as few rows as fit."""
    entries: dict[str, Any] = {}
    for ax in figure.axes:
        for handle, text in zip(*ax.get_legend_handles_labels(), strict=True):
            entries.setdefault(text, handle)
    for text in ("intact", "chance"):  # reference levels come after the data
        if text in entries:
            entries[text] = entries.pop(text)
    if not entries:
        raise InputError("the figure has nothing to name; draw with hue first")
    for rows in range(1, len(entries) + 1):
        result = figure.legend(
            list(entries.values()),
            list(entries),
            loc="outside lower center",
            ncols=ceil(len(entries) / rows),
            title=title,
        )
        if result.get_window_extent().width <= figure.bbox.width:
            break
        if rows < len(entries):
            result.remove()
    return result


def note(summary: pd.DataFrame) -> str:
    """Say what band or whiskers stand for.

    Examples
    --------
    >>> note(pd.DataFrame({"interval": ["range", "range"], "networks": [2, 1]}))
    'mean and range of 1 to 2 networks'
    """
    require_columns(summary, ["interval", "networks"])
    kinds = " or ".join(dict.fromkeys(summary["interval"]))
    few, many = summary["networks"].min(), summary["networks"].max()
    count = str(many) if few == many else f"{few} to {many}"
    return f"mean and {kinds} of {count} network{'s' if many > 1 else ''}"


def save(
    figure: Figure, table: pd.DataFrame, folder: str | Path, stem: str
) -> list[Path]:
    """Write ``stem.pdf``, ``stem.png`` (300 dpi) and ``stem.csv``, and return them.

    The same figure and table give the same bytes; a file is either whole or absent.

    Parameters
    ----------
    figure : Figure
    table : DataFrame
        The plotted numbers.
    folder : path
        Made if missing.
    stem : str
        What the figure shows, in one word.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    writers: dict[str, Callable[[Path], None]] = {
        "pdf": lambda path: figure.savefig(
            path, format="pdf", metadata={"CreationDate": None}
        ),
        "png": lambda path: figure.savefig(path, format="png", dpi=300),
        "csv": lambda path: table.to_csv(path, index=False, lineterminator="\n"),
    }
    paths = [folder / f"{stem}.{kind}" for kind in writers]
    with style():  # the kind of embedded font is decided at this point
        for path, write in zip(paths, writers.values(), strict=True):
            part = path.with_name(f".{path.name}.part")
            try:
                write(part)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
    return paths


def _whiskers(group: pd.DataFrame) -> np.ndarray:
    # The mean of equal values can lie one rounding outside of them.
    ends = [group["mean"] - group["low"], group["high"] - group["mean"]]
    return np.maximum(ends, 0)


def _wrapped(value: object) -> str:
    return fill(label(value), 12, break_long_words=False)


def _ordered(values: pd.Series) -> list[Any]:
    """Distinct values in the order of `LABELS`, the others behind as they come."""
    rank = {name: place for place, name in enumerate(LABELS)}
    return sorted(values.unique(), key=lambda value: rank.get(value, len(rank)))


def _looks(values: list[Any]) -> dict[Any, dict[str, Any]]:
    known = [_LOOKS[value] for value in values if value in _LOOKS]
    colors, markers = {look[0] for look in known}, {look[2] for look in known}
    # Spares that clash with nothing come first; sorting keeps the others in reserve.
    free = sorted(_SPARE, key=lambda look: (look[0] in colors, look[2] in markers))
    spare = cycle(free)
    names = ("color", "linestyle", "marker")
    return {
        value: dict(zip(names, _LOOKS.get(value) or next(spare), strict=True))
        for value in values
    }


def _groups(
    table: pd.DataFrame,
    x: str,
    hue: str | None = None,
    style: str | None = None,
    columns: Iterable[str] = _INTERVAL,
) -> Iterator[tuple[Any, dict[str, Any], str | None, pd.DataFrame]]:
    """Yield the value of `hue`, the look, the label and the rows of each line."""
    split = [name for name in (hue, style) if name is not None]
    require_columns(table, [x, *split, *columns])
    if table.duplicated([x, *split]).any():
        raise InputError(
            f"several rows have the same {', '.join([x, *split])}; select one of "
            "them first, or name what tells them apart as hue"
        )
    hues = _ordered(table[hue]) if hue else [None]
    styles = _ordered(table[style]) if style else [None]
    for value, look in _looks(hues).items():
        for place, kind in enumerate(styles):
            rows = table
            if hue:
                rows = rows[rows[hue] == value]
            if style:
                rows = rows[rows[style] == kind]
                look = look | {"linestyle": _STYLES[place % len(_STYLES)]}
                look["markerfacecolor"] = "white" if place else look["color"]
            names = [label(v) for v, c in ((value, hue), (kind, style)) if c]
            if len(rows):
                yield value, look, ", ".join(names) or None, rows


def _tail(group: pd.DataFrame, value: str) -> tuple[np.ndarray, np.ndarray]:
    """Values above 0 that occur, and the share of neurons at or above each."""
    count = group.set_index(value)["count"].sort_index()
    tail = count[::-1].cumsum()[::-1] / count.sum()
    shown = (count > 0) & (count.index > 0)
    return count.index[shown].to_numpy(), tail[shown].to_numpy()


def _finish(
    ax: Axes, summary: pd.DataFrame, ylabel: str | None, chance: float | None
) -> Axes:
    if chance is not None:
        ax.axhline(
            chance, color="0.4", ls=(0, (1, 2)), lw=0.8, zorder=0, label="chance"
        )
    if ylabel is None and "value" in summary.columns:
        ylabel = label(summary["value"].iloc[0])
    ax.set_ylabel(ylabel or "")
    return ax
