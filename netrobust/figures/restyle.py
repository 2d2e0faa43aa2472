"""The style in use: how large figures, letters and lines are, and which colours.

`style` opens a style for a block; all that draws asks here. Outside of a block
matplotlib's own settings hold, its colour cycle included.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import matplotlib
import matplotlib.style
import seaborn as sns
from cycler import cycler
from matplotlib import font_manager
from matplotlib.colors import to_hex

from netrobust.core.errors import InputError

Palette = str | Sequence[str] | Mapping[Any, str]

# Colours of our own that a palette replaces, in this order; black and greys stay.
_OURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"),
    *("#332288", "#661100", "#9030F0"),
)
_FALLBACK = "DejaVu Sans"  # travels with matplotlib


class _Style(NamedTuple):
    """Factors on a figure for print, and the colours of single values."""

    width: float = 1.0
    height: float = 1.0
    points: float = 1.0  # letters, lines and markers
    dpi: int = 300
    colors: Mapping[Any, str] = {}


# Letters grow by more than the figure, so that they are read from further away.
_STYLES = {
    "paper": _Style(),
    "talk": _Style(width=1.6, height=1.8, points=2.0, dpi=200),
    "poster": _Style(width=2.6, height=3.0, points=3.3, dpi=200),
}
STYLES = tuple(_STYLES)
_CURRENT = ContextVar("style", default=_STYLES["paper"])


@contextmanager
def style(
    name: str = "paper", palette: Palette | None = None, font: str | None = None
) -> Iterator[None]:
    """Draw in a style within the block, whatever matplotlib's settings are outside.

    Settings that you change within the block hold; without a block matplotlib's own
    settings hold.

    Parameters
    ----------
    name : str
        ``paper``, at printed size; ``talk``, for a slide; ``poster``.
    palette : str, sequence of str, or mapping, optional
        Other colours: the name of a palette of matplotlib or seaborn, such as
        ``"Dark2"``; colours in a row; or colours of single values, such as
        ``{"set": "crimson"}``. Lines and markers stay, and so do black and greys
        unless named. A short palette begins anew: what then shares a colour still
        differs in line and marker.
    font : str, optional
        An installed font, or a kind of font, such as ``"serif"``.

    Raises
    ------
    InputError
        There is no such style, palette, colour or font.

    Examples
    --------
    >>> with style("talk", palette=["black", "tomato"]):
    ...     matplotlib.rcParams["font.size"]
    15.0
    """
    if name not in _STYLES:
        raise InputError(f"unknown style {name!r}; choose from: {', '.join(STYLES)}")
    settings: Any
    new, settings = _STYLES[name], _letters(font)
    if isinstance(palette, Mapping):
        new = new._replace(colors={key: _hex(one) for key, one in palette.items()})
    elif palette is not None:
        settings["axes.prop_cycle"] = cycler(color=_colors(palette))
    with matplotlib.style.context("netrobust.figures.paper", after_reset=True):
        usual: Any = matplotlib.rcParams
        settings |= {key: new.points * usual[key] for key in _POINTS}
        settings["savefig.dpi"] = new.dpi
        token = _CURRENT.set(new)
        try:
            with matplotlib.rc_context(settings):
                yield
        finally:
            _CURRENT.reset(token)


# Settings in points.
_POINTS = (
    *("font.size", "axes.titlesize", "axes.labelsize", "xtick.labelsize"),
    *("ytick.labelsize", "legend.fontsize", "legend.title_fontsize"),
    *("axes.linewidth", "axes.titlepad", "axes.labelpad", "grid.linewidth"),
    *(f"{x}tick.{kind}.{what}" for x in "xy" for kind in ("major", "minor")
      for what in ("width", "size", "pad")),
    *("lines.linewidth", "lines.markersize", "lines.markeredgewidth"),
    *("errorbar.capsize", "patch.linewidth", "hatch.linewidth"),
)  # fmt: skip


def size(points: float) -> float:
    """Give a length in points as it is in the style in use.

    Parameters
    ----------
    points : float
        In print.

    Examples
    --------
    >>> with style("poster"):
    ...     size(0.8)
    2.64
    """
    return round(points * _CURRENT.get().points, 6)


def figure_size(width: float, height: float) -> tuple[float, float]:
    """Give the size of a figure in the style in use, in inches, from that in print."""
    current = _CURRENT.get()
    return width * current.width, height * current.height


def recoloured(value: Any, color: str) -> str:
    """Give the colour of a value in the palette in use, from its own colour.

    Examples
    --------
    >>> with style(palette=["black", "tomato"]):
    ...     recoloured("set", "#D55E00")
    '#ff6347'
    """
    named = _CURRENT.get().colors
    if value in named:
        return named[value]
    colors = matplotlib.rcParams["axes.prop_cycle"].by_key().get("color", [])
    usual = matplotlib.rcParamsDefault["axes.prop_cycle"].by_key()["color"]
    if color not in _OURS or not colors or colors == usual:
        return color
    return to_hex(colors[_OURS.index(color) % len(colors)])


def _colors(palette: str | Sequence[str]) -> list[str]:
    if not isinstance(palette, str):
        found = [_hex(one) for one in palette]
        if not found:
            raise InputError("a palette needs at least one color; got none")
        return found
    try:
        return [to_hex(one) for one in sns.color_palette(palette, len(_OURS))]
    except ValueError:
        raise InputError(
            f"unknown palette {palette!r}; give one of matplotlib or seaborn, such as "
            "'Dark2' or 'colorblind', or colors"
        ) from None


def _hex(color: str) -> str:
    try:
        return to_hex(color)
    except ValueError:
        raise InputError(
            f"unknown color {color!r}; give one of matplotlib's, such as 'crimson' or "
            "'#D55E00'"
        ) from None


def _letters(font: str | None) -> dict[str, Any]:
    if font is None:
        return {}
    try:
        font_manager.findfont(font, fallback_to_default=False)
    except ValueError:
        raise InputError(
            f"font {font!r} is not installed; give one that is, or 'serif', "
            "'sans-serif' or 'monospace'"
        ) from None
    return {
        "font.family": [font, _FALLBACK],
        "mathtext.fontset": "custom",
        "mathtext.rm": font,
        "mathtext.it": f"{font}:italic",
        "mathtext.bf": f"{font}:bold",
    }
