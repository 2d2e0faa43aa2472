"""Claim: what a trained network knows lies in more than its degrees.

Every null model keeps less of a trained network than the one before it: first the
topology with weights shuffled in the ways A to F of arXiv 2508.05463, then the degrees
(G for each sign, and degree-preserving rewiring with weights dealt back by source, by
target or at random), and last the number of links. The height between chance and
trained shows how much skill rests on what is kept, with no training after.

Below the same topologies learn again from fresh weights, with the settings of
the network: if a mask alone carried skill, the trained topology would end above its own
null models.
"""

import pandas as pd
from matplotlib.figure import Figure

import netrobust as nr

READS = ("nulls", "retrained")

BY = ["dataset", "sparsifier", "retrained", "null_model"]
GAP = "dense layers are complete and have no topology to randomise"


def compute(run: nr.Run) -> pd.DataFrame:
    """Average the accuracy under every null model over draws, then over networks.

    Parameters
    ----------
    run : Run
        With the tables ``nulls`` and ``retrained``.

    Returns
    -------
    DataFrame
        What `summarise` gives per data set, sparsifier, null model and whether it was
        ``retrained``; the null model ``none`` is the network itself, or its topology.
    """
    table = pd.concat([run.table("nulls"), run.table("retrained")], ignore_index=True)
    return nr.summarise(table, "accuracy", by=BY)


def draw(table: pd.DataFrame) -> Figure:
    """Draw the accuracy under the null models, as drawn and trained again.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    datasets = nr.draw.ordered(table.dataset)
    counts = [table[table.retrained == kind].null_model.nunique() for kind in (0, 1)]
    heights = [0.9 + 0.35 * count for count in counts]
    figure, axes = nr.draw.panels(
        2, len(datasets), nr.draw.DOUBLE, sum(heights) / 2, sharey="row",
        heights=heights,
    )  # fmt: skip
    for line, again, words in zip(
        axes, (False, True), ("as drawn", "trained again"), strict=True
    ):
        for ax, dataset in zip(line, datasets, strict=True):
            own = table[(table.dataset == dataset) & (table.retrained == again)]
            nr.draw.points(
                own, "null_model", ax, hue="sparsifier", orient="h",
                chance=None if again else nr.draw.CHANCE,
            )  # fmt: skip
            ax.set_title(f"{nr.draw.label(dataset)}, {words}")
    nr.draw.panel_letters(axes)
    dense = table.sparsifier.str.startswith("dense").any()
    gap = f"\n{GAP}" if dense else ""
    nr.draw.legend(figure, title=nr.draw.note(table) + gap)
    return figure


def texts(table: pd.DataFrame) -> dict[str, str]:
    """Write the accuracy under the null models as Markdown and LaTeX, by suffix."""
    learning = {False: "as drawn", True: "trained again"}
    shown = table.assign(learning=table.retrained.map(learning))
    return nr.draw.summary_table(shown, ["dataset", "learning", "null_model"])
