"""Claim: which value of a setting suits each method, by images held out of training.

A study with a grid of one setting trains every method at each value on data whose last
training images are held out (`Dataset.hold_out`) and stand where the test images were.
Of each method the value with the highest accuracy on these is chosen, one for all data
sets, whose means count alike. Networks with it can then be compared on test images, by
which nothing was chosen.
"""

import pandas as pd
from matplotlib.figure import Figure
from pandas.api.types import is_numeric_dtype

import netrobust as nr

READS = ("history",)
NEEDS = "a grid of one number, and data sets called ..._validation (Dataset.hold_out)"

HELD_OUT = "_validation"


def shows(run: nr.Run) -> bool:
    """Return whether methods were trained at several values, with images held out.

    Parameters
    ----------
    run : Run
    """
    history = run.table("history")
    held_out = history.dataset.str.endswith(HELD_OUT).all()
    if "method" not in history or not held_out:
        return False
    grid = run.settings["grid"]
    if not isinstance(grid, dict) or len(grid) != 1:
        return False
    values = history[next(iter(grid))]
    return is_numeric_dtype(values) and values.nunique() > 1


def compute(run: nr.Run) -> pd.DataFrame:
    """Average the accuracy on validation images after the last epoch over networks.

    Parameters
    ----------
    run : Run
        With the table ``history``.

    Returns
    -------
    DataFrame
        What `summarise` gives per data set, sparsifier and ``place``, the value of the
        setting that ``field`` names; ``chosen`` is true for the highest mean over data
        sets, which bear the names of those whose images were held out.
    """
    (field,) = run.settings["grid"]
    history = run.table("history")
    last = history[history.epoch == history.groupby("network").epoch.transform("max")]
    own = last.assign(
        dataset=last.dataset.map(_whole),
        sparsifier=last.method,
        place=last[field],
        field=field,
        validation_accuracy=last.test_accuracy,
    )
    table = nr.summarise(
        own, "validation_accuracy", ["dataset", "sparsifier", "place", "field"]
    )
    over = table.pivot(index=["sparsifier", "place"], columns="dataset", values="mean")
    best = over.dropna().mean(axis=1).unstack("place").idxmax(axis=1)
    return table.assign(chosen=table["place"] == table["sparsifier"].map(best))


def draw(table: pd.DataFrame) -> Figure:
    """Draw accuracy against the setting, a panel per data set and a line per method.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    datasets = nr.draw.ordered(table["dataset"])
    (field,) = table["field"].unique()
    places = sorted(table["place"].unique())
    figure, axes = nr.draw.panels(1, len(datasets), nr.draw.DOUBLE, sharex=True)
    for ax, dataset in zip(axes.flat, datasets, strict=True):
        own = table[table["dataset"] == dataset]
        nr.draw.curve(own, "place", ax, hue="sparsifier")
        best = own[own["chosen"]]
        ax.plot(best["place"], best["mean"], "o", ms=9, mfc="none", mec="black", ls="")
        if places[0] > 0:
            ax.set_xscale("log")
        ax.set_xticks(places, [f"{one:g}" for one in places])
        ax.set_xticks([], minor=True)
        ax.set_xlabel(nr.draw.label(field))
        ax.set_title(nr.draw.label(dataset))
        if ax is not axes.flat[0]:
            ax.set_ylabel("")
    nr.draw.panel_letters(axes)
    nr.draw.legend(figure, title=f"{nr.draw.note(table)}\nringed: the value chosen")
    return figure


def texts(table: pd.DataFrame) -> dict[str, str]:
    """Write the accuracy at every value as Markdown and LaTeX, by suffix."""
    (field,) = table["field"].unique()
    best = table[table["chosen"]].groupby("sparsifier")["place"].first()
    chosen = ", ".join(
        f"{best[name]:g} for {nr.draw.label(name)}"
        for name in nr.draw.ordered(table["sparsifier"])
    )
    shown = table.assign(**{field: table["place"].map("{:g}".format)})
    return nr.draw.summary_table(shown, ["dataset", field], ".4f", f"chosen: {chosen}")


def _whole(dataset: str) -> str:
    """Name the data set of which images were held out; functions have no hyphens."""
    name = dataset.removesuffix(HELD_OUT)
    own = name.replace("_", "-")
    return own if own in nr.DATASETS else name
