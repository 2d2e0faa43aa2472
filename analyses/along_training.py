"""Claim: robustness arises with learning, and later with adaptation.

Networks are damaged as they were along their training, from the untrained start to the
end. Accuracy and the area under the damage curves are shown against the epochs trained;
before a network knows anything there is no area. A method that adapts starts as the
static one does: what parts them later is what adaptation does.
"""

import pandas as pd
from matplotlib.figure import Figure

import netrobust as nr

READS = ("curves_training",)

INTACT = "test accuracy, intact"


def compute(run: nr.Run) -> pd.DataFrame:
    """Average accuracies and areas over networks, epoch by epoch.

    Parameters
    ----------
    run : Run
        With the table ``curves_training``.

    Returns
    -------
    DataFrame
        What `summarise` gives per data set, sparsifier and ``epoch`` for the accuracy
        of the intact network and, by perturbation, for the area under its curve.
    """
    table = run.table("curves_training").query("null_model == 'none'")
    by = ["dataset", "sparsifier", "epoch", "perturbation"]
    areas = nr.robustness(table).dropna(subset="robustness")
    one = table.perturbation.iloc[0]
    intact = table[(table.fraction == 0) & (table.perturbation == one)]
    intact = intact.assign(perturbation=INTACT)
    parts = [
        nr.summarise(intact, "accuracy", [*by, "fraction"]).drop(columns="fraction"),
        nr.summarise(areas, "robustness", by),
    ]
    return pd.concat(parts, ignore_index=True)


def draw(table: pd.DataFrame) -> Figure:
    """Draw accuracy and areas against the epochs trained, data set by data set.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    datasets = nr.draw.ordered(table["dataset"])
    others = [one for one in table["perturbation"].unique() if one != INTACT]
    columns = [INTACT, *others]
    figure, axes = nr.draw.panels(
        len(datasets), len(columns), nr.draw.DOUBLE, 2.0, sharex=True, sharey="col"
    )
    for line, dataset in zip(axes, datasets, strict=True):
        for ax, column in zip(line, columns, strict=True):
            own = table[
                (table["dataset"] == dataset) & (table["perturbation"] == column)
            ]
            nr.draw.curve(own, "epoch", ax, hue="sparsifier")
            ax.set_xscale("symlog", linthresh=1)
            ax.set_ylim(bottom=min(0, ax.get_ylim()[0]))
            ax.set_xlabel("epochs trained" if dataset == datasets[-1] else "")
            name = "accuracy" if column == INTACT else "robustness (area)"
            ax.set_ylabel(f"{nr.draw.label(dataset)}\n{name}")
    for ax, column in zip(axes[0], columns, strict=True):
        ax.set_title(nr.draw.label(column))
    nr.draw.panel_letters(axes)
    nr.draw.legend(figure, title=nr.draw.note(table))
    return figure


def texts(table: pd.DataFrame) -> dict[str, str]:
    """Write accuracy and areas along the training as Markdown and LaTeX, by suffix."""
    return nr.draw.summary_table(table, ["dataset", "perturbation", "epoch"])
