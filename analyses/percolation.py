"""Claim: networks with adaptive topology stay robust when links are removed.

It is the main claim of arXiv 2602.21961. The figure removes random, strongest or
weakest links step by step and shows, on one damage axis, the test accuracy and the
giant component of what is left: does function break before structure? SET stands
beside a fixed topology, each beside its null model (same degrees, links placed and
weights dealt at random, no training after) and, for the accuracy, beside dense networks
with about as many weights.

Reads the table ``percolation``.
"""

import pandas as pd
from matplotlib.figure import Figure

import netrobust as nr

CHANCE = 0.1  # ten classes of equal size
MEASURES = {"accuracy": "test accuracy", "giant_component": "neurons in\ngiant comp."}


def compute(run: nr.Run) -> pd.DataFrame:
    """Average the damage curves over draws, then over networks.

    Parameters
    ----------
    run : Run
        With the table ``percolation``.

    Returns
    -------
    DataFrame
        What `summarise` gives per data set, sparsifier, null model, perturbation and
        fraction for accuracy and, of the sparse networks, the giant component.
    """
    table = run.table("percolation")
    by = ["dataset", "sparsifier", "null_model", "perturbation", "fraction"]
    sparse = table["sparsity"] > 0  # a complete layer has no topology to randomise
    rows = {
        "accuracy": table[sparse | (table["null_model"] == "none")],
        "giant_component": table[sparse],
    }
    parts = [nr.summarise(rows[value], value, by, each=True) for value in MEASURES]
    return pd.concat(parts, ignore_index=True)


def draw(table: pd.DataFrame) -> Figure:
    """Draw both measures against the fraction removed, a column per perturbation.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    perturbations = nr.draw.ordered(table["perturbation"])
    rows = [(d, m) for d in nr.draw.ordered(table["dataset"]) for m in MEASURES]
    figure, axes = nr.draw.panels(
        len(rows), len(perturbations), nr.draw.DOUBLE, 1.45, sharex=True, sharey=True
    )
    for line, (dataset, measure) in zip(axes, rows, strict=True):
        for ax, perturbation in zip(line, perturbations, strict=True):
            own = table[
                (table["dataset"] == dataset)
                & (table["value"] == measure)
                & (table["perturbation"] == perturbation)
            ]
            nr.draw.curve(
                own,
                "fraction",
                ax,
                hue="sparsifier",
                style="null_model",
                ylabel=f"{nr.draw.label(dataset)}\n{MEASURES[measure]}",
                chance=CHANCE if measure == "accuracy" else None,
            )
            ax.label_outer()
    for ax, perturbation in zip(axes[0], perturbations, strict=True):
        ax.set_title(nr.draw.label(perturbation))
    nr.draw.panel_letters(axes)
    nr.draw.legend(figure, title=nr.draw.note(table))
    return figure
