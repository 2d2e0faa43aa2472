"""Claim: what holds at 99% sparsity holds at other sparsities, widths and settings.

A study with a grid trains every method at every setting. Accuracy and giant component
are shown against the fraction of links, neurons or pixels removed, a line for every
setting, with 95% bands over networks.
"""

import pandas as pd
from matplotlib.figure import Figure

import netrobust as nr

READS = ("percolation",)
NEEDS = "a grid of settings"

#: Perturbations that are drawn; where a run has none of them, all.
SHOWN = "random_links", "strongest_links", "random_neurons", "random_pixels"
#: Fractions in the printed table.
PRINTED = (0, 0.3, 0.5)
WHOLE = {"accuracy": "accuracy", "giant_component": "giant component"}


def shows(run: nr.Run) -> bool:
    """Return whether the networks differ in the settings of a grid.

    Parameters
    ----------
    run : Run
    """
    return bool(run.settings.get("grid"))


def compute(run: nr.Run) -> pd.DataFrame:
    """Average the damage curves of trained networks over draws, then over networks.

    Parameters
    ----------
    run : Run
        With the table ``percolation``.

    Returns
    -------
    DataFrame
        What `summarise` gives per data set, sparsifier with its place in the grid,
        perturbation and fraction, for accuracy and giant component.
    """
    table = run.table("percolation").query("null_model == 'none'")
    few = table[table["perturbation"].isin(SHOWN)]
    table = few if len(few) else table
    by = ["dataset", "sparsifier", "perturbation", "fraction"]
    parts = [nr.summarise(table, value, by) for value in WHOLE]
    return pd.concat(parts, ignore_index=True)


def draw(table: pd.DataFrame) -> Figure:
    """Draw data sets and measures by perturbations, a line for every setting.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    datasets = nr.draw.ordered(table["dataset"])
    perturbations = nr.draw.ordered(table["perturbation"])
    lines = [(dataset, value) for dataset in datasets for value in WHOLE]
    figure, axes = nr.draw.panels(
        len(lines), len(perturbations), nr.draw.DOUBLE, 1.8, sharex=True, sharey=True
    )
    for line, (dataset, value) in zip(axes, lines, strict=True):
        for ax, perturbation in zip(line, perturbations, strict=True):
            here = table[
                (table["dataset"] == dataset)
                & (table["value"] == value)
                & (table["perturbation"] == perturbation)
            ]
            chance = nr.draw.CHANCE if value == "accuracy" else None
            nr.draw.curve(here, "fraction", ax, hue="sparsifier", chance=chance)
            ax.set_xlabel("fraction removed")
            ax.set_ylabel(f"{nr.draw.label(dataset)}\n{WHOLE[value]}")
            ax.label_outer()
    for ax, perturbation in zip(axes[0], perturbations, strict=True):
        ax.set_title(nr.draw.label(perturbation))
    nr.draw.panel_letters(axes)
    nr.draw.legend(figure, title=nr.draw.note(table))
    return figure


def texts(table: pd.DataFrame) -> dict[str, str]:
    """Write both measures at some fractions as Markdown and LaTeX, by suffix."""
    rows = ["dataset", "perturbation", "value", "fraction"]
    return nr.draw.summary_table(table, rows, fraction=PRINTED)
