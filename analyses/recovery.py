"""Claim: adaptive topology heals: a damaged network recovers by further training.

The robustness of an adaptive topology shows when it may continue to adapt. The figure
removes links at random, then trains what is left with its topology frozen, or still
adaptive, and follows the test accuracy epoch by epoch. The number of links stays what
the damage left: an adaptive network may move links, and gets none back. The table and
the figure begin at epoch 0, the damaged network. The figure shows the share of the
lost accuracy that is back: 0 is the damaged network, 1 the intact one.
"""

import pandas as pd
from matplotlib.figure import Figure

import netrobust as nr

READS = ("recovery",)
NEEDS = "networks that lost accuracy"

BY = ["dataset", "sparsifier", "mode", "fraction", "epoch"]


def shows(run: nr.Run) -> bool:
    """Return whether there was anything to regain.

    Parameters
    ----------
    run : Run
    """
    return bool(run.table("recovery").regained.notna().any())


def compute(run: nr.Run) -> pd.DataFrame:
    """Average the accuracy after damage, epoch by epoch, over networks.

    Parameters
    ----------
    run : Run
        With the table ``recovery``.

    Returns
    -------
    DataFrame
        What `summarise` gives per data set, sparsifier, mode (frozen or adaptive),
        fraction and epoch, for ``accuracy`` and for ``regained``, the share of the
        lost accuracy that came back; epoch 0 is the damaged network.
    """
    table = run.table("recovery")
    return pd.concat(
        [nr.summarise(table, value, BY) for value in ("accuracy", "regained")],
        ignore_index=True,
    )


def draw(table: pd.DataFrame) -> Figure:
    """Draw the share regained against epochs after damage: data sets by fractions.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    table = table[(table.value == "regained") & table["mean"].notna()]
    datasets = nr.draw.ordered(table.dataset)
    fractions = sorted(table.fraction.unique())
    figure, axes = nr.draw.panels(
        len(datasets), len(fractions), nr.draw.DOUBLE, 2.3, sharex=True, sharey="row"
    )
    for line, dataset in zip(axes, datasets, strict=True):
        for ax, fraction in zip(line, fractions, strict=True):
            own = table[(table.dataset == dataset) & (table.fraction == fraction)]
            nr.draw.curve(
                own,
                "epoch",
                ax,
                hue="sparsifier",
                style="mode",
            )
            ax.axhline(1, color="0.4", lw=0.6, ls=":", label="intact")
            ax.set_xlabel("epochs after the damage")
            ax.set_ylabel(f"{nr.draw.label(dataset)}\nlost accuracy regained")
            ax.label_outer()
    for ax, fraction in zip(axes[0], fractions, strict=True):
        ax.set_title(f"{100 * fraction:.0f}% of the links removed")
    nr.draw.panel_letters(axes)
    nr.draw.legend(figure, title=nr.draw.note(table))
    return figure


def texts(table: pd.DataFrame) -> dict[str, str]:
    """Write the share regained in the end as Markdown and LaTeX, by suffix."""
    shown = table[(table.value == "regained") & (table.epoch == table.epoch.max())]
    return nr.draw.summary_table(shown, ["dataset", "fraction", "mode"])
