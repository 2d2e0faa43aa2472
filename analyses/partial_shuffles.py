"""Claim: networks withstand shuffled link weights.

It is a claim of arXiv 2602.21961. The weights of a random share of the links of every
layer are dealt out anew among these links: all of them (type A of arXiv 2508.05463), or
those of each sign apart (type B), so that every link keeps its sign. At fraction 0
nothing is shuffled, at 1 everything. The head keeps its weights.
"""

import pandas as pd
from matplotlib.figure import Figure

import netrobust as nr

READS = ("curves_shuffles",)

#: Shares in the printed table.
PRINTED = (0.1, 0.2, 0.5, 1)
KINDS = {
    "shuffled_weights": "all weights of a layer (A)",
    "shuffled_weights_by_sign": "each sign apart (B)",
}


def compute(run: nr.Run) -> pd.DataFrame:
    """Average the accuracy over draws, then over networks.

    Parameters
    ----------
    run : Run
        With the table ``curves_shuffles``.

    Returns
    -------
    DataFrame
        What `summarise` gives per data set, sparsifier, perturbation and fraction.
    """
    table = run.table("curves_shuffles").query("null_model == 'none'")
    by = ["dataset", "sparsifier", "perturbation", "fraction"]
    return nr.summarise(table, "accuracy", by)


def draw(table: pd.DataFrame) -> Figure:
    """Draw the accuracy against the share of weights that is shuffled.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    datasets = nr.draw.ordered(table["dataset"])
    kinds = [one for one in KINDS if one in set(table["perturbation"])]
    figure, axes = nr.draw.panels(
        len(datasets), len(kinds), nr.draw.DOUBLE, 2.2, sharex=True, sharey=True
    )
    for line, dataset in zip(axes, datasets, strict=True):
        for ax, kind in zip(line, kinds, strict=True):
            own = table[(table["dataset"] == dataset) & (table["perturbation"] == kind)]
            nr.draw.curve(own, "fraction", ax, "sparsifier", chance=nr.draw.CHANCE)
            ax.set_xlabel("share of the weights that is shuffled")
            ax.set_ylabel(f"{nr.draw.label(dataset)}\naccuracy")
            ax.label_outer()
    for ax, kind in zip(axes[0], kinds, strict=True):
        ax.set_title(KINDS[kind])
    nr.draw.panel_letters(axes)
    nr.draw.legend(figure, title=nr.draw.note(table))
    return figure


def texts(table: pd.DataFrame) -> dict[str, str]:
    """Write the accuracy at some shares as Markdown and LaTeX, by suffix."""
    shown = table.rename(columns={"fraction": "share"})
    rows = ["dataset", "perturbation", "share"]
    return nr.draw.summary_table(shown, rows, share=PRINTED)
