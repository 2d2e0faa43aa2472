"""Claim: adaptive networks withstand a shuffling of their link weights.

Shuffling is one of the three perturbations of arXiv 2602.21961. The figure scores every
network again after a randomisation that keeps only part of it: the topology (weights
shuffled), topology and signs (shuffled by sign), the degrees (degrees preserved), or
only the number of links and their weights (Erdos-Renyi). The height between chance and
intact shows how much of the skill rests on what was kept. Small networks in arXiv
2508.05463 kept it only where the signs kept their places.

Complete layers have no topology to randomise: under degrees preserved and Erdos-Renyi a
dense network would only have its weights shuffled, so there it has no point.
"""

import pandas as pd
from matplotlib.figure import Figure

import netrobust as nr

READS = ("nulls",)

GAP = "dense layers are complete and have no topology to randomise"


def compute(run: nr.Run) -> pd.DataFrame:
    """Average the accuracy under every null model over draws, then over networks.

    Parameters
    ----------
    run : Run
        With the table ``nulls``.

    Returns
    -------
    DataFrame
        What `summarise` gives per data set, sparsifier and null model, single
        networks included; the null model ``none`` is the intact network.
    """
    by = ["dataset", "sparsifier", "null_model"]
    return nr.summarise(run.table("nulls"), "accuracy", by=by, each=True)


def draw(table: pd.DataFrame) -> Figure:
    """Draw the accuracy under the null models, a panel per data set.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    datasets = nr.draw.ordered(table["dataset"])
    height = 0.8 + 0.4 * table["null_model"].nunique()
    figure, axes = nr.draw.panels(1, len(datasets), nr.draw.DOUBLE, height, sharey=True)
    for ax, dataset in zip(axes.flat, datasets, strict=True):
        own = table[table["dataset"] == dataset]
        over = own[own["network_seed"].isna() & (own["null_model"] == "none")]
        nr.draw.points(
            own,
            "null_model",
            ax,
            hue="sparsifier",
            chance=nr.draw.CHANCE,
            intact=over.set_index("sparsifier")["mean"].to_dict(),
            orient="h",
        )
        ax.set_title(nr.draw.label(dataset))
        ax.label_outer()
    nr.draw.panel_letters(axes)
    nr.draw.legend(figure, title=f"{nr.draw.note(table)}\n{GAP}")
    return figure


def texts(table: pd.DataFrame) -> dict[str, str]:
    """Write the accuracy under the null models as Markdown and LaTeX, by suffix."""
    shown = table[table.network_seed.isna()]
    return nr.draw.summary_table(shown, ["dataset", "null_model"], note=GAP)
