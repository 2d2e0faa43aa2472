"""Claim: networks with adaptive topology stay robust when links are removed.

It is the main claim of arXiv 2602.21961. The figure removes random, strongest or
weakest links step by step and shows, on one damage axis, the test accuracy and the
giant component of what is left: does function break before structure? SET stands
beside a fixed topology, each beside its null model (same degrees, links placed and
weights dealt at random, no training after), and beside dense networks with about as
many weights. Of these the one of the same depth is the control: damage adds up from
layer to layer, so the one with a single hidden layer has an advantage.

The giant component is drawn for every sparse network, trained and null, as a thin line.
In young networks from random links these coincide (in the quick preset their means
differ by 0.02 at most): the number of links decides it, not the training.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import netrobust as nr

READS = ("percolation",)
ALSO = ("curves_targeted",)

SHOWN = ("random_links", "strongest_links", "weakest_links")
#: Fractions in the printed table.
PRINTED = (0.003, 0.01, 0.1, 0.3, 0.5)
GIANT = "giant component (thin; share of neurons)"
SPARED = "links are removed from the hidden layers, the dense head is spared"
NOTES = {  # of what may be drawn
    "dense": "small dense: about as many weights as the sparse networks",
    "null": "trained or null",
}


def compute(run: nr.Run) -> pd.DataFrame:
    """Average the damage curves over draws, then over networks.

    Parameters
    ----------
    run : Run
        With the table ``percolation``, and ``curves_targeted`` if it has that.

    Returns
    -------
    DataFrame
        What `summarise` gives per data set, sparsifier, null model, perturbation and
        fraction for accuracy and, of the sparse networks, the giant component.
    """
    table = run.table("percolation", *ALSO)
    few = table[table["perturbation"].isin(SHOWN)]
    table = few if len(few) else table  # else: orders of the user's own
    by = ["dataset", "sparsifier", "null_model", "perturbation", "fraction"]
    parts = [nr.summarise(table, "accuracy", by)]
    sparse = table[table["sparsity"] > 0]
    if len(sparse):
        parts.append(nr.summarise(sparse, "giant_component", by))
    return pd.concat(parts, ignore_index=True)


def draw(table: pd.DataFrame) -> Figure:
    """Draw both measures against the fraction removed: data sets by perturbations.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    datasets = nr.draw.ordered(table["dataset"])
    perturbations = nr.draw.ordered(table["perturbation"])
    giant = "giant_component" in {*table["value"]}
    measures = "accuracy,\ngiant component" if giant else "accuracy"
    figure, axes = nr.draw.panels(
        len(datasets),
        len(perturbations),
        nr.draw.DOUBLE,
        2.1,
        sharex="col",
        sharey=True,
    )
    for line, dataset in zip(axes, datasets, strict=True):
        for ax, perturbation in zip(line, perturbations, strict=True):
            here = (table["dataset"] == dataset) & (
                table["perturbation"] == perturbation
            )
            _draw_panel(ax, table[here])
            if perturbation == "strongest_links":
                ax.set_xscale("symlog", linthresh=0.001)
                ax.set_xlim(0, 1)
            ax.set_ylabel(f"{nr.draw.label(dataset)}\n{measures}")
            ax.label_outer()
    for ax, perturbation in zip(axes[0], perturbations, strict=True):
        ax.set_title(nr.draw.label(perturbation))
    nr.draw.panel_letters(axes)
    nr.draw.legend(figure, title=f"{nr.draw.note(table)}; {_notes(table)}")
    return figure


def texts(table: pd.DataFrame) -> dict[str, str]:
    """Write the accuracy at some fractions as Markdown and LaTeX, by suffix."""
    shown = table[(table.value == "accuracy") & (table.null_model == "none")]
    rows = ["dataset", "perturbation", "fraction"]
    return nr.draw.summary_table(shown, rows, fraction=PRINTED)


def _notes(table: pd.DataFrame) -> str:
    """Explain what is drawn, and nothing that is not."""
    small = table["sparsifier"].str.startswith("dense_").any()
    giants = table[table["value"] == "giant_component"]["null_model"].unique()
    there = {"dense": small, "null": len(giants) > 1}
    further = "; ".join(text for key, text in NOTES.items() if there[key])
    return f"{SPARED}\n{further}".strip()


def _draw_panel(ax: Axes, own: pd.DataFrame) -> None:
    accuracy = own[own["value"] == "accuracy"]
    nr.draw.curve(
        accuracy,
        "fraction",
        ax,
        hue="sparsifier",
        style="null_model",
        chance=nr.draw.CHANCE,
    )
    giant = own[own["value"] == "giant_component"]
    if len(giant):
        nr.draw.thin(giant, "fraction", ax, "sparsifier", GIANT, style="null_model")
