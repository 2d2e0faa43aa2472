"""Claim: adaptive networks withstand adversarial attack.

Attack on the images is one reading of the adversarial attack of arXiv 2602.21961, whose
kind, norm and size are not known to us. The figure changes every pixel by at most eps
along the gradient of the loss in one step (FGSM) and in many (PGD, which keeps the
worst point it saw), beside Gaussian noise of standard deviation eps, which knows
nothing of the network.
"""

import pandas as pd
from matplotlib.figure import Figure

import netrobust as nr

READS = ("attacks",)

#: Sizes of the attack in the printed table.
PRINTED = (0, 0.05, 0.1)


def compute(run: nr.Run) -> pd.DataFrame:
    """Average the accuracy under attack over networks.

    Parameters
    ----------
    run : Run
        With the table ``attacks``.

    Returns
    -------
    DataFrame
        What `summarise` gives per data set, sparsifier, attack and eps, for intact
        networks.
    """
    table = run.table("attacks")
    table = table[table.fraction == 0]
    return nr.summarise(table, "accuracy", ["dataset", "sparsifier", "attack", "eps"])


def draw(table: pd.DataFrame) -> Figure:
    """Draw the accuracy against the size of the attack: data sets by attacks.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    datasets = nr.draw.ordered(table.dataset)
    attacks = nr.draw.ordered(table.attack)
    figure, axes = nr.draw.panels(
        len(datasets), len(attacks), nr.draw.DOUBLE, 2.1, sharex=True, sharey=True
    )
    for line, dataset in zip(axes, datasets, strict=True):
        for ax, attack in zip(line, attacks, strict=True):
            own = table[(table.dataset == dataset) & (table.attack == attack)]
            nr.draw.curve(own, "eps", ax, hue="sparsifier", chance=nr.draw.CHANCE)
            ax.set_xlabel("eps")  # the note says of what: panels are narrow
            ax.set_ylabel(f"{nr.draw.label(dataset)}\naccuracy")
            ax.label_outer()
    for ax, attack in zip(axes[0], attacks, strict=True):
        ax.set_title(nr.draw.label(attack).replace(" (", "\n("))
    nr.draw.panel_letters(axes)
    note = f"{nr.draw.note(table)}; {nr.draw.label('eps')}"
    nr.draw.legend(figure, title=note)
    return figure


def texts(table: pd.DataFrame) -> dict[str, str]:
    """Write the accuracy under attack as Markdown and LaTeX, by suffix."""
    return nr.draw.summary_table(table, ["dataset", "attack", "eps"], eps=PRINTED)
