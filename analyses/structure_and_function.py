"""Claim: function is lost while the graph is still connected.

Links are removed at random, and four curves share one axis: the accuracy above chance,
the giant component, the reach (hidden neurons on a path from a pixel to the head) and
the share of input-to-output paths that survives. Dashed lines are theory for the very
same graphs, scaled as the measured curves are: message passing for the giant component
and the recursion over neighbours for the reach, which are exact on trees and
approximations where short loops are many, and (1 - f)^3 for the paths of three layers,
which is exact. Where accuracy falls long before them, function does not need the graph
to fall apart. The triangle on the axis is where the noise of removal is as large
as the signal, to first order.
"""

from textwrap import fill

import pandas as pd
from matplotlib.figure import Figure

import netrobust as nr

READS = ("percolation", "theory")
NEEDS = "sparse networks under random_links with the measures reach and paths"

BY = ["dataset", "sparsifier"]
FUNCTION = "accuracy above chance"
STRUCTURES = ("giant_component", "reach", "paths")
THEORY = {"color": "#CC79A7", "ls": "--"}  # seen on all measured lines
LEVELS = ("f50_function", "f50_structure", "structure_at_f50", "gap")


def shows(run: nr.Run) -> bool:
    """Return whether sparse networks lost links at random, and all curves are there.

    Parameters
    ----------
    run : Run
    """
    table = run.table("percolation")
    here = (table.sparsity > 0) & (table.perturbation == "random_links")
    return bool(here.any()) and {*table.columns} >= {*STRUCTURES}


def compute(run: nr.Run) -> pd.DataFrame:
    """Average curves and predictions over networks, each scaled to start at 1.

    Parameters
    ----------
    run : Run
        With the tables ``percolation`` and ``theory``.

    Returns
    -------
    DataFrame
        What `summarise` gives per data set, sparsifier, ``kind`` (measured, theory, or
        level) and fraction; of kind level are numbers of whole curves: ``gap`` and the
        fractions at which function and the giant component are halved, with the giant
        component there, and ``predicted_f50`` and ``threshold`` from theory.
    """
    table = run.table("percolation")
    table = table[(table.null_model == "none") & (table.perturbation == "random_links")]
    table = table[table.sparsity > 0]
    theory = run.table("theory")
    by = [*BY, "fraction"]
    parts = []
    for name in ("accuracy", *STRUCTURES):
        chance = nr.draw.CHANCE if name == "accuracy" else 0.0
        intact = _intact(table, name)
        scaled = _scaled(table, name, intact, chance)
        shown = FUNCTION if name == "accuracy" else name
        parts.append(
            nr.summarise(scaled, name, by).assign(value=shown, kind="measured")
        )
        if name in STRUCTURES:
            # Paths are predicted as the share that survives, the others as such.
            own = _intact(theory, name)
            law = theory if name == "paths" else _scaled(theory, name, own)
            parts.append(nr.summarise(law, name, by).assign(kind="theory"))
    gaps = nr.gap(table)
    once = theory[theory.fraction == theory.fraction.min()].drop(columns="fraction")
    for name in LEVELS:
        parts.append(nr.summarise(gaps, name, BY).assign(kind="level"))
    for name in ("predicted_f50", "threshold"):
        parts.append(nr.summarise(once, name, BY).assign(kind="level"))
    return pd.concat(parts, ignore_index=True)


def draw(table: pd.DataFrame) -> Figure:
    """Draw structure and function on one axis: data sets by methods.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    datasets = nr.draw.ordered(table.dataset)
    methods = nr.draw.ordered(table.sparsifier)
    height = 1.8 + 0.6 / len(datasets)
    thin, mark = nr.draw.size(0.8), nr.draw.size(5)
    figure, axes = nr.draw.panels(
        len(datasets), len(methods), nr.draw.DOUBLE, height, sharex=True, sharey=True
    )
    for line, dataset in zip(axes, datasets, strict=True):
        for ax, method in zip(line, methods, strict=True):
            own = table[(table.dataset == dataset) & (table.sparsifier == method)]
            measured = own[own.kind == "measured"]
            nr.draw.curve(measured, "fraction", ax, hue="value")
            for _, law in own[own.kind == "theory"].groupby("value"):
                ax.plot(law.fraction, law["mean"], **THEORY, lw=thin, zorder=3)
            half = own[own.value == "predicted_f50"]["mean"].iloc[0]
            ax.plot(
                half,
                0,
                marker="^",
                color="0.2",
                ms=mark,
                clip_on=False,
                ls="",
            )
            ax.set_ylabel(f"{nr.draw.label(dataset)}\nshare of the intact value")
            ax.label_outer()
    for ax, method in zip(axes[0], methods, strict=True):
        # Seven names stand side by side.
        ax.set_title(fill(nr.draw.label(method), 11, break_long_words=False))
    axes[0, 0].plot([], [], **THEORY, lw=thin, label="theory")
    axes[0, 0].plot(
        [],
        [],
        color="0.2",
        marker="^",
        ms=mark,
        ls="",
        label="noise as large as signal",
    )
    nr.draw.panel_letters(axes)
    nr.draw.legend(figure, title=nr.draw.note(table))
    return figure


def texts(table: pd.DataFrame) -> dict[str, str]:
    """Write what halves function and structure as Markdown and LaTeX, by suffix."""
    shown = table[table.kind == "level"]
    return nr.draw.summary_table(shown, ["dataset", "value"])


def _intact(table: pd.DataFrame, value: str) -> pd.Series:
    return table[table.fraction == 0].groupby("network")[value].mean()


def _scaled(
    table: pd.DataFrame, value: str, intact: pd.Series, chance: float = 0.0
) -> pd.DataFrame:
    """Scale each network's curve to run from 1, intact, to 0, chance."""
    height = (table[value] - chance) / (table.network.map(intact) - chance)
    return table.assign(**{value: height})
