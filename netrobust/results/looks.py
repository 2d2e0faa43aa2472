"""The looks of all figures: labels, colours, order and print style.

A hue keeps its colour, line and marker in every figure, so a reader learns them once.
The colours are those of Okabe and Ito, told apart with any colour vision; lines and
markers differ as well, so a grey print reads the same.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import matplotlib.style
import pandas as pd

from netrobust.errors import InputError
from netrobust.results.contract import require_columns

# What people read; the order is that of lines, categories and legends.
LABELS = {
    "mnist": "MNIST",
    "fashion-mnist": "Fashion-MNIST",
    "mnist-5k": "MNIST-5k",
    "dense": "dense",
    "dense_small": "small dense, one hidden layer",
    "dense_narrow": "small dense, same depth",
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
    "in": "in-degree",
    "out": "out-degree",
    "accuracy": "test accuracy",
    "train_accuracy": "training accuracy",
    "fraction": "fraction of links removed",
    "degree": "degree $k$ (links of a neuron)",
    "ccdf": "$P(K \\geq k)$",
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
    "giant_component": ("#000000", "-", ""),  # beside accuracies, which have markers
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
    ...     matplotlib.rcParams["pdf.fonttype"]
    42
    """
    with matplotlib.style.context("netrobust.results.paper", after_reset=True):
        yield


def ordered(values: pd.Series) -> list[Any]:
    """Give the distinct values in the order of `LABELS`, others behind as they come.

    Examples
    --------
    >>> ordered(pd.Series(["mine", "set", "static", "set"]))
    ['static', 'set', 'mine']
    """
    rank = {name: place for place, name in enumerate(LABELS)}
    return sorted(values.unique(), key=lambda value: rank.get(value, len(rank)))


def looks(values: list[Any]) -> dict[Any, dict[str, Any]]:
    """Give colour, line and marker for each value, the same in every company.

    Examples
    --------
    >>> looks(["set", "mine"])["set"]
    {'color': '#D55E00', 'linestyle': '-', 'marker': 'o'}
    """
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


def groups(
    table: pd.DataFrame,
    x: str,
    hue: str | None = None,
    style: str | None = None,
    names: Mapping[Any, str] | None = None,
) -> Iterator[tuple[Any, dict[str, Any], str | None, pd.DataFrame]]:
    """Yield the value of `hue`, the look, the label and the rows of each line."""
    parts = [name for name in (hue, style) if name is not None]
    require_columns(table, [x, *parts, "mean", "low", "high"])
    if table.duplicated([x, *parts]).any():
        raise InputError(
            f"several rows have the same {', '.join([x, *parts])}; select one of "
            "them first, or name what tells them apart as hue"
        )
    hues = ordered(table[hue]) if hue else [None]
    styles = ordered(table[style]) if style else [None]
    for value, look in looks(hues).items():
        kinds = table.loc[table[hue] == value, style].nunique() if hue and style else 0
        for place, kind in enumerate(styles):
            rows = table
            if hue:
                rows = rows[rows[hue] == value]
            if style:
                rows = rows[rows[style] == kind]
                look = look | {"linestyle": _STYLES[place % len(_STYLES)]}
                look["markerfacecolor"] = "white" if place else look["color"]
            text = (names or {}).get(value, label(value)) if hue else None
            if style and not text:
                text = label(kind)
            elif style and (place or kinds > 1):  # the only and first goes unsaid
                text = f"{text} ({label(kind)})"
            if len(rows):
                yield value, look, text, rows
