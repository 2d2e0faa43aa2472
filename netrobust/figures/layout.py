"""Layout of figures: panels, letters, legend, note and files."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from io import BytesIO
from itertools import islice
from math import ceil
from pathlib import Path
from textwrap import fill
from typing import Any, Literal, cast

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text

from netrobust.core.atomic_files import replacing
from netrobust.core.errors import InputError, shown
from netrobust.core.settings import choice, number, positive, whole
from netrobust.figures.restyle import figure_size, size
from netrobust.figures.styles import hue_styles
from netrobust.stats.columns import require_columns
from netrobust.stats.summary import split

_WIDEST = 900  # pixels of a picture in a notebook
_MOST_PANELS, _MOST_INCHES = 100, 1000
SINGLE, DOUBLE = 3.4, 7.0  # column widths in inches: 86 and 178 mm

Share = Literal["row", "col"]


def panels(
    rows: int = 1,
    columns: int = 1,
    width: float = SINGLE,
    height: float = 2.3,
    sharex: bool | Share = False,
    sharey: bool | Share = False,
    widths: Sequence[float] | None = None,
    heights: Sequence[float] | None = None,
) -> tuple[Figure, np.ndarray]:
    """Make a figure of panels and return it with its Axes, shape (rows, columns).

    `width` is that of the figure and `height` that of one row of panels, in inches in
    print, see `style`; shared axes are labelled at the outer panels only. `widths` of
    the columns are relative to each other, and so are `heights` of the rows.
    """
    whole("rows", rows, 1, _MOST_PANELS)
    whole("columns", columns, 1, _MOST_PANELS)
    number("width", width, 0.1, _MOST_INCHES)
    number("height", height, 0.1, _MOST_INCHES)
    for name, shared in {"sharex": sharex, "sharey": sharey}.items():
        if not isinstance(shared, bool):
            choice(name, shared, ("row", "col"))
    for name, shares, what, count in (
        ("widths", widths, "column", columns), ("heights", heights, "row", rows),
    ):  # fmt: skip
        if shares is not None and len([positive(name, one) for one in shares]) != count:
            raise InputError(f"{name} must hold one number for each {what}, {count}")
    figure = Picture(figsize=figure_size(width, rows * height), layout="constrained")
    axes = figure.subplots(
        rows, columns, sharex=sharex, sharey=sharey, squeeze=False, width_ratios=widths,
        height_ratios=heights, subplot_kw={"axes_class": Panel},
    )  # fmt: skip
    return figure, axes


class Picture(Figure):
    """A figure that a notebook shows, though pyplot knows nothing of it."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """Give PNG, and how wide to show it: as in print, sharp, and no wider."""
        dots = min(200.0, 2 * _WIDEST / self.get_figwidth())
        buffer = BytesIO()
        self.savefig(buffer, format="png", dpi=dots)
        return buffer.getvalue(), {"width": round(self.get_figwidth() * dots / 2)}


class Panel(Axes):
    """Axes that a notebook shows as the picture they are in."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        return cast(Picture, self.get_figure(root=True))._repr_png_()


def axes_of(axes: Any) -> list[Axes]:
    """Give the Axes of one or several panels, in whatever they come.

    Raises
    ------
    InputError
        There are none, or something else is among them.
    """
    many = axes
    if not isinstance(axes, Axes | np.ndarray):
        many = list(islice(axes, 10_000)) if getattr(axes, "__iter__", None) else []
    found = list(np.ravel(np.asarray(many, dtype=object)))
    if not found or not all(isinstance(one, Axes) for one in found):
        raise InputError(
            "axes must be Axes of matplotlib, such as those of panels; got "
            f"{shown(axes)}"
        )
    return found


def equal_spans(axes: Iterable[Axes]) -> None:
    """Give the y axes of panels one length but each its own height.

    A step then has the same height in all of them, whatever level it starts from.

    Examples
    --------
    >>> _, ((left, right),) = panels(1, 2)
    >>> _ = left.set_ylim(0, 4), right.set_ylim(8, 9)
    >>> equal_spans([left, right])
    >>> float(right.get_ylim()[0]), float(right.get_ylim()[1])
    (5.0, 9.0)
    """
    several = axes_of(axes)
    span = max(np.ptp(ax.get_ylim()) for ax in several)
    for ax in several:
        top = ax.get_ylim()[1]
        ax.set_ylim(top - span, top)


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
    for place, ax in enumerate(axes_of(axes)):
        title = f"({chr(ord('a') + place)}) {ax.get_title()}".strip()
        ax.set_title("")  # side by side, a long title would run into the letter
        ax.set_title(title, loc="left")


def remark(ax: Axes, heading: str, lines: Mapping[Any, str]) -> None:
    """Write a heading and a line for each hue, in its colour, in the lower left.

    Examples
    --------
    >>> ax = panels()[1][0, 0]
    >>> remark(ax, "links", {"static": "static 40", "set": "SET 41"})
    >>> [text.get_text() for text in ax.texts]
    ['links', 'static 40', 'SET 41']
    """
    colors = {hue: one["color"] for hue, one in hue_styles(list(lines)).items()}
    for place, hue in enumerate([None, *lines]):
        ax.annotate(
            heading if hue is None else lines[hue],
            xy=(0, 0),
            xycoords="axes fraction",
            xytext=(size(4), size(4 + 9 * (len(lines) - place))),
            textcoords="offset points",
            color=colors.get(hue, "black"),
            verticalalignment="bottom",
            size=matplotlib.rcParams["legend.fontsize"],
        )


def legend(figure: Figure, title: str | None = None) -> Legend:
    """Put one legend for all panels below the figure, in as few rows as fit.

    One that is there already, such as that of a lone `curve`, makes room.
    """
    for former in figure.legends[:]:
        former.remove()
    entries: dict[str, Any] = {}
    for ax in figure.axes:
        room = panel_width(ax)
        wrap(ax.xaxis.label, room)
        for handle, text in zip(*ax.get_legend_handles_labels(), strict=True):
            entries.setdefault(text, handle)
    for text in ("intact", "chance"):  # reference levels come after the data
        if text in entries:
            entries[text] = entries.pop(text)
    if not entries:
        raise InputError("the figure has no labelled lines; draw with hue first")
    for rows in range(1, len(entries) + 1):
        result = figure.legend(
            list(entries.values()),
            list(entries),
            loc="outside lower center",
            ncols=ceil(len(entries) / rows),
            title=title,
        )
        result.get_title().set_multialignment("center")
        wrap(result.get_title(), figure.bbox.width)
        if result.get_window_extent().width <= figure.bbox.width:
            break
        if rows < len(entries):
            result.remove()
    return result


def figure_of(ax: Axes) -> Figure:
    """Give the figure that a panel stands on."""
    return cast(Figure, ax.get_figure(root=True))


def panel_width(ax: Axes) -> float:
    """Give the width that a panel and its labels have, in pixels."""
    place = ax.get_subplotspec()
    columns = place.get_gridspec().ncols if place else 1
    return figure_of(ax).bbox.width / columns


def wrap(text: Text, width: float) -> None:
    """Break lines of a text that are wider than so many pixels."""
    # Letters are up to 5% wider where a picture has few pixels.
    part = 0.95 * width / max(text.get_window_extent().width, 1)
    if part >= 1:
        return
    lines = text.get_text().split("\n")
    most = int(max(map(len, lines)) * part)
    text.set_text("\n".join(fill(line, most) for line in lines))


def counted(counts: pd.Series, noun: str) -> str:
    """Write how many there are, from the least to the most of some counts.

    Parameters
    ----------
    counts : Series of int
    noun : str
        What is counted; its plural has an s.

    Examples
    --------
    >>> counted(pd.Series([2, 1]), "network")
    '1 to 2 networks'
    """
    few, many = counts.min(), counts.max()
    count = str(many) if few == many else f"{few} to {many}"
    return f"{count} {noun}{'s' if many > 1 else ''}"


def note(summary: pd.DataFrame) -> str:
    """Describe what band, whiskers and dots show.

    Examples
    --------
    >>> note(pd.DataFrame({"interval": ["range", "range"], "networks": [2, 1]}))
    'mean and range of 1 to 2 networks'
    """
    require_columns(summary, ["interval", "networks"])
    summary, networks = split(summary)
    kinds = " or ".join(dict.fromkeys(summary["interval"]))
    text = f"mean and {kinds} of {counted(summary['networks'], 'network')}"
    return text + ("; small dots: single networks" if len(networks) else "")


def svg(figure: Figure) -> bytes:
    """Give a figure as SVG, its letters as shapes; the same figure, the same bytes."""
    buffer = BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "netrobust", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def save(
    figure: Figure, table: pd.DataFrame, folder: str | Path, stem: str
) -> list[Path]:
    """Write ``stem.pdf``, ``stem.png`` and ``stem.csv``, and return their paths.

    The PNG has 300 dpi unless the style, or matplotlib's ``savefig.dpi``, says
    otherwise. The same figure and table give the same bytes; no file is left
    incomplete.

    Parameters
    ----------
    figure : Figure
    table : DataFrame
        The plotted numbers.
    folder : path
        Created if missing.
    stem : str
        What the figure shows, in one word.

    Raises
    ------
    InputError
        The folder cannot be written to.
    """
    folder = Path(folder)
    writers: dict[str, Callable[[Path], None]] = {
        "pdf": lambda path: figure.savefig(
            path, format="pdf", metadata={"CreationDate": None}
        ),
        "png": lambda path: figure.savefig(path, format="png", dpi=resolution),
        "csv": lambda path: table.to_csv(path, index=False, lineterminator="\n"),
    }
    paths = [folder / f"{stem}.{kind}" for kind in writers]
    dpi = matplotlib.rcParams["savefig.dpi"]
    resolution = 300 if dpi == "figure" else dpi
    # Journals ask for TrueType; the kind of embedded font is decided at this point.
    with matplotlib.rc_context({"pdf.fonttype": 42, "ps.fonttype": 42}):
        for path, write in zip(paths, writers.values(), strict=True):
            with replacing(path) as part:
                write(part)
    return paths
