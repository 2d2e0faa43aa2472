"""Claim: at 99% sparsity an adaptive topology learns efficiently.

arXiv 2602.21961 calls the accuracy of such networks competitive. The figure shows the
test accuracy after every epoch: SET beside a random topology held fixed (static), the
dense network, and the control that most papers lack, dense networks with about as
many weights as the sparse ones.
"""

import pandas as pd
from matplotlib.figure import Figure

import netrobust as nr

READS = ("history",)

MOST = 30  # epochs of which single networks can be told apart


def compute(run: nr.Run) -> pd.DataFrame:
    """Average the test accuracy of every epoch over networks.

    Parameters
    ----------
    run : Run
        With the table ``history``.

    Returns
    -------
    DataFrame
        What `summarise` gives per data set, sparsifier and epoch, single networks
        included where epochs are few.
    """
    history = run.table("history")
    few = history["epoch"].nunique() <= MOST
    by = ["dataset", "sparsifier", "epoch"]
    return nr.summarise(history, "test_accuracy", by=by, each=few)


def draw(table: pd.DataFrame) -> Figure:
    """Draw test accuracy against epoch, a panel per data set.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    datasets = nr.draw.ordered(table["dataset"])
    figure, axes = nr.draw.panels(1, len(datasets), width=nr.draw.DOUBLE)
    for ax, dataset in zip(axes.flat, datasets, strict=True):
        own = table[table["dataset"] == dataset]
        nr.draw.curve(own, "epoch", ax, hue="sparsifier", names=_exceptions(table))
        ax.set_title(nr.draw.label(dataset))
    nr.draw.equal_spans(axes)
    nr.draw.panel_letters(axes)
    nr.draw.legend(figure, title=nr.draw.note(table))
    return figure


def texts(table: pd.DataFrame) -> dict[str, str]:
    """Write the accuracy after the last epoch as Markdown and LaTeX, by suffix."""
    if "network_seed" in table:
        table = table[table["network_seed"].isna()]
    last = table.groupby(["dataset", "sparsifier"]).epoch.transform("max")
    shown = table[table.epoch == last]
    return nr.draw.summary_table(shown, ["dataset"], ".4f")


def _exceptions(table: pd.DataFrame) -> dict[str, str]:
    """Name the methods that have other numbers of networks or epochs than most."""
    extent = table.groupby("sparsifier").agg({"networks": "max", "epoch": "max"})
    usual = extent.value_counts().index[0]
    return {
        method: f"{nr.draw.label(method)} ({_count(networks, 'network')}, "
        f"{_count(epochs, 'epoch')})"
        for method, networks, epochs in extent.itertuples()
        if (networks, epochs) != usual
    }


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
