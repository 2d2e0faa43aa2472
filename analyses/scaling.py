"""Claim: where function and structure fall follows the size and density of a network.

A study with a grid trains every method at several widths, depths, densities or values
of another setting. Against these stand the accuracy, the fraction of randomly removed
links that halves the accuracy above chance, and the fraction that halves the giant
component. Theory is where the noise of removal is as large as the signal, to first
order, and where the giant component goes at the latest, as the non-backtracking matrix
of the very same graphs has it. No exponent is fitted to so few places.
"""

import pandas as pd
from matplotlib.figure import Figure
from pandas.api.types import is_numeric_dtype

import netrobust as nr

READS = ("percolation", "theory")
NEEDS = "a grid of one setting, with sparse networks under random_links"

BY = ["dataset", "sparsifier", "place"]
LOST = "fraction removed"
#: Of each value its prediction, a title, and what both are.
SHOWN = {
    "accuracy": ("", "intact", "test accuracy"),
    "f50_function": ("predicted_f50", "accuracy halved", LOST),
    "f50_structure": ("threshold", "giant component halved", LOST),
}
THEORY = "theory: noise as large as signal; the giant component gone at the latest"
LOGARITHMIC = ("width", "density")


def shows(run: nr.Run) -> bool:
    """Return whether sparse networks of several settings lost links at random.

    Parameters
    ----------
    run : Run
    """
    table = run.table("percolation")
    table = table[(table.perturbation == "random_links") & (table.sparsity > 0)]
    if "method" not in table or table.empty:
        return False
    table = table.assign(place=_places(run, table)[1])
    counts = table.groupby("method")[["place", "sparsifier"]].nunique()
    # With two settings at a place, one would hide the other.
    return bool(counts.place.max() > 1 and (counts.place == counts.sparsifier).all())


def compute(run: nr.Run) -> pd.DataFrame:
    """Find where each network falls, and average over networks.

    Parameters
    ----------
    run : Run
        With the tables ``percolation`` and ``theory``.

    Returns
    -------
    DataFrame
        What `summarise` gives per data set, sparsifier and ``place``, the value of the
        setting that ``field`` names, for ``accuracy``, ``f50_function``,
        ``predicted_f50``, ``f50_structure`` and ``threshold``.
    """
    table = run.table("percolation").query("null_model == 'none'")
    table = table[(table.perturbation == "random_links") & (table.sparsity > 0)]
    field, places = _places(run, table)
    known = table.assign(place=places).drop_duplicates("network").set_index("network")
    theory = run.table("theory")
    sources = {
        "accuracy": table[table.fraction == 0],
        "f50_function": (gaps := nr.gap(table)),
        "f50_structure": gaps,
        "predicted_f50": (laws := theory[theory.fraction == 0]),
        "threshold": laws,
    }
    parts = []
    for value, source in sources.items():
        own = source.assign(
            sparsifier=source.network.map(known.method),
            place=source.network.map(known.place),
        )
        parts.append(nr.summarise(own, value, BY))
    return pd.concat(parts, ignore_index=True).assign(field=field)


def draw(table: pd.DataFrame) -> Figure:
    """Draw data sets by what is measured, a line for every method.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    datasets = nr.draw.ordered(table["dataset"])
    (field,) = table["field"].unique()
    places = sorted(table["place"].unique())
    figure, axes = nr.draw.panels(
        len(datasets), len(SHOWN), nr.draw.DOUBLE, 2.4, sharex=True
    )
    for line, dataset in zip(axes, datasets, strict=True):
        for ax, (measured, about) in zip(line, SHOWN.items(), strict=True):
            predicted, title, words = about
            own = table[table["dataset"] == dataset]
            found, law = own[own.value == measured], own[own.value == predicted]
            nr.draw.curve(found, "place", ax, hue="sparsifier", ylabel=words)
            if len(law):
                nr.draw.thin(law, "place", ax, "sparsifier", "theory (thin)")
            if field in LOGARITHMIC:
                ax.set_xscale("log")
            ax.set_xticks(places, [f"{one:g}" for one in places])
            ax.set_xticks([], minor=True)
            ax.set_xlabel(nr.draw.label(field) if dataset == datasets[-1] else "")
            ax.set_title(f"{nr.draw.label(dataset)},\n{title}")
    nr.draw.panel_letters(axes)
    nr.draw.legend(figure, title=f"{nr.draw.note(table)}\n{THEORY}")
    return figure


def texts(table: pd.DataFrame) -> dict[str, str]:
    """Write all values at every setting as Markdown and LaTeX, by suffix."""
    shown = table.assign(**{table["field"].iloc[0]: table["place"].map("{:g}".format)})
    return nr.draw.summary_table(shown, ["dataset", "value", table["field"].iloc[0]])


def _places(run: nr.Run, table: pd.DataFrame) -> tuple[str, pd.Series]:
    """Name the setting in which networks of a method differ; give its value by row."""
    grid = run.settings["grid"]
    fields = {*(grid if isinstance(grid, dict) else grid[0])} - {"hidden", "sparsity"}
    known = table.assign(density=(1 - table["sparsity"]).round(9))
    if "hidden" in table:
        known["depth"] = table["hidden"].str.count("-") + 1
    for field in ("depth", "width", *sorted(fields)):
        values = known.get(field)
        if is_numeric_dtype(values) and values.nunique() > 1:
            return field, values
    return "density", known["density"]
