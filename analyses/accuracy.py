"""Question: do the methods reach the accuracies that were published for them.

Test accuracy after the last epoch, beside Table 7 of Zhang et al. 2025
(https://doi.org/10.48550/arXiv.2501.19107): networks of 784-1568-1568-1568-10 at 99%
sparsity, 100 epochs, means of 3 networks. For networks of another size or training the
published numbers stand beside ours as a landmark, and no difference is given.

The published code keeps the best test accuracy of all epochs, and whether the table
shows that or the last one is not said; ``best_epoch`` is therefore given as well. It is
the only number here that looks at test images to choose.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import netrobust as nr

READS = ("history",)

SOURCE = "Zhang et al. 2025, arXiv:2501.19107, Table 7"
WIDTH, SPARSITY, EPOCHS = 1568, 0.99, 100  # of the published networks

# Test accuracy in percent and its standard error over 3 networks.
PUBLISHED = {
    "set": {"mnist": (98.14, 0.02), "fashion-mnist": (89.00, 0.09)},
    "rigl": {"mnist": (98.61, 0.01), "fashion-mnist": (89.91, 0.07)},
    "cht": {"mnist": (98.48, 0.04), "fashion-mnist": (88.70, 0.07)},
    "chts": {"mnist": (98.81, 0.04), "fashion-mnist": (90.93, 0.03)},
    "dense": {"mnist": (98.78, 0.02), "fashion-mnist": (90.88, 0.02)},
}
BY = ["dataset", "width", "sparsity", "sparsifier"]


class Published(NamedTuple):
    """An accuracy from the literature, in percent, and its standard error."""

    accuracy: float
    error: float


class _Row(NamedTuple):
    """What a line of the printed table is made of."""

    dataset: str
    width: int
    sparsifier: str
    networks: int
    accuracy: float
    standard_error: float
    published: float
    published_error: float
    difference: float
    best_epoch: float


def compute(run: nr.Run) -> pd.DataFrame:
    """Average the accuracy of the last epoch over networks, beside the published one.

    Parameters
    ----------
    run : Run
        With the table ``history``.

    Returns
    -------
    DataFrame
        A row per data set, width, sparsity and method: ``networks``, ``epochs``, and
        in percent ``accuracy`` with its ``standard_error`` over network seeds (NaN for
        one network), ``lowest`` and ``highest``, ``best_epoch`` (mean of the highest
        test accuracy of any epoch), ``published`` with ``published_error``, and
        ``difference``, in points, where size and training are those published.
    """
    history = run.table("history").sort_values("epoch")
    keys = [*BY, "network_seed"]
    last = history.groupby(keys).agg(
        accuracy=("test_accuracy", "last"),
        best_epoch=("test_accuracy", "max"),
        epochs=("epoch", "last"),
    )
    last[["accuracy", "best_epoch"]] *= 100
    table = last.groupby(BY).agg(
        networks=("accuracy", "size"),
        epochs=("epochs", "first"),
        accuracy=("accuracy", "mean"),
        standard_error=("accuracy", "sem"),
        lowest=("accuracy", "min"),
        highest=("accuracy", "max"),
        best_epoch=("best_epoch", "mean"),
    )
    table = table.reset_index()
    published = [
        _published(dataset, sparsifier)
        for dataset, sparsifier in zip(table.dataset, table.sparsifier, strict=True)
    ]
    table["published"] = [one.accuracy for one in published]
    table["published_error"] = [one.error for one in published]
    same = (
        (table.width == WIDTH)
        & np.isclose(table.sparsity, SPARSITY, atol=1e-4)
        & (table.epochs == EPOCHS)
    )
    table["difference"] = (table.accuracy - table.published).where(same)
    return _sorted(table).round(3)


def draw(table: pd.DataFrame) -> Figure:
    """Draw mean and range of each method, and the published value, per data set.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    datasets = nr.draw.ordered(table.dataset)
    rows = list(dict.fromkeys(zip(table.sparsifier, table.width, strict=True)))
    usual = table.width.mode()[0]
    names = [_name(method, width, usual) for method, width in rows]
    figure, axes = nr.draw.panels(
        1, len(datasets), nr.draw.DOUBLE, max(1.8, 0.8 + 0.2 * len(rows)), sharey=True
    )
    styles = nr.draw.hue_styles(["here", "published"]).values()
    ours, theirs = (one["color"] for one in styles)
    for ax, dataset in zip(axes.flat, datasets, strict=True):
        own = table[table.dataset == dataset]
        place = [
            rows.index(pair) for pair in zip(own.sparsifier, own.width, strict=True)
        ]
        reach = [own.accuracy - own.lowest, own.highest - own.accuracy]
        ax.errorbar(
            own.accuracy,
            place,
            xerr=np.maximum(reach, 0),
            fmt="o",
            color=ours,
            label=f"here ({usual} wide, {own.epochs.max()} epochs): mean and range",
        )
        ax.errorbar(
            own.published,
            place,
            xerr=own.published_error,
            fmt="D",
            color=theirs,
            markerfacecolor="white",
            label=f"published ({WIDTH} wide, {EPOCHS} epochs): mean and standard error",
            zorder=1.9,
        )
        ax.set_title(nr.draw.label(dataset))
        ax.set_xlabel("test accuracy (%)")
        ax.set_yticks(range(len(rows)), names)
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.grid(axis="y", lw=nr.draw.size(0.4), color="0.85")
    nr.draw.panel_letters(axes)
    count = nr.draw.counted(table.networks, "network")
    nr.draw.legend(figure, title=f"{count} a method")
    return figure


def texts(table: pd.DataFrame) -> dict[str, str]:
    """Write the table as Markdown and as LaTeX.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.

    Returns
    -------
    dict of str to str
        Under the suffix of the file.
    """
    rows = [
        (
            nr.draw.label(row.dataset),
            str(row.width),
            nr.draw.label(row.sparsifier),
            str(row.networks),
            _with_error(row.accuracy, row.standard_error),
            _with_error(row.published, row.published_error),
            "" if np.isnan(row.difference) else f"{row.difference:+.2f}",
            f"{row.best_epoch:.2f}",
        )
        for row in map(_Row._make, table[list(_Row._fields)].itertuples(index=False))
    ]
    heads = (
        "data set",
        "width",
        "method",
        "networks",
        "accuracy (%)",
        "published (%)",
        "difference",
        "best epoch (%)",
    )
    return nr.draw.text_table(heads, rows, f"Published: {SOURCE}.")


def _published(dataset: str, sparsifier: str) -> Published:
    """Find the row of a method; a starting topology of one's own is another method."""
    method = sparsifier.partition("(")[0]
    known = PUBLISHED.get(method, {}) if "@" not in sparsifier else {}
    return Published(*known.get(dataset, (np.nan, np.nan)))


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    """Put data sets and methods in the order of all figures."""
    for name in ("sparsifier", "dataset"):
        order = nr.draw.ordered(table[name])
        table = table.sort_values(
            name, key=lambda column, order=order: column.map(order.index), kind="stable"
        )
    return table.reset_index(drop=True)


def _name(method: str, width: int, usual: int) -> str:
    name = nr.draw.label(method)
    return name if width == usual else f"{name} ({width} wide)"


def _with_error(mean: float, error: float) -> str:
    if np.isnan(mean):
        return ""
    return f"{mean:.2f}" + ("" if np.isnan(error) else f" ± {error:.2f}")
