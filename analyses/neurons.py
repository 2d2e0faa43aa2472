"""Claim: function breaks before structure when neurons are removed, too.

Hidden neurons, or input pixels, are removed with all their links (site percolation),
at random or in falling order of degree, strength, betweenness or activation. Removing
the links of a pixel leaves it at the mean of all pixels; setting it to black is another
thing, the input attack `pixel_dropout`. The upper panels show accuracy and giant
component for random removal, the lower ones the area under the accuracy curves.
"""

import pandas as pd
from matplotlib.figure import Figure

import netrobust as nr

READS = ("percolation",)
ALSO = ("curves_neurons",)
NEEDS = "random_neurons and random_pixels among its perturbations"

BY = ["dataset", "sparsifier", "perturbation"]
GIANT = "giant component (thin; share of neurons)"
KINDS = {"neurons": "hidden neurons", "pixels": "pixels"}


def shows(run: nr.Run) -> bool:
    """Return whether neurons and pixels were removed.

    Parameters
    ----------
    run : Run
    """
    there = set(run.table("percolation", *ALSO).perturbation)
    return there >= {f"random_{kind}" for kind in KINDS}


def compute(run: nr.Run) -> pd.DataFrame:
    """Average damage curves and their areas over networks.

    Parameters
    ----------
    run : Run
        With the table ``percolation``, and ``curves_neurons`` if it has that.

    Returns
    -------
    DataFrame
        What `summarise` gives per data set, sparsifier and perturbation, at each
        ``fraction`` for ``accuracy`` and, of sparse networks, ``giant_component``, and
        for ``robustness``, the area under the accuracy; ``kind`` says what was
        removed.
    """
    table = run.table("percolation", *ALSO).query("null_model == 'none'")
    table = table[table.perturbation.map(_kind).isin(KINDS)]
    parts = [
        nr.summarise(table, "accuracy", [*BY, "fraction"]),
        nr.summarise(nr.robustness(table), "robustness", BY),
    ]
    sparse = table[table.sparsity > 0]
    parts.insert(1, nr.summarise(sparse, "giant_component", [*BY, "fraction"]))
    found = pd.concat(parts, ignore_index=True)
    return found.assign(kind=found.perturbation.map(_kind))


def draw(table: pd.DataFrame) -> Figure:
    """Draw curves of random removal, and areas of every order, by data set and kind.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    datasets = nr.draw.ordered(table.dataset)
    columns = [(dataset, kind) for dataset in datasets for kind in KINDS]
    orders = table.groupby("kind").perturbation.nunique().max()
    heights = 2.2, 0.9 + 0.5 * orders
    figure, axes = nr.draw.panels(
        2, len(columns), nr.draw.DOUBLE, sum(heights) / 2, sharey="row", heights=heights
    )
    for (top, bottom), (dataset, kind) in zip(axes.T, columns, strict=True):
        own = table[(table.dataset == dataset) & (table.kind == kind)]
        random = own[own.perturbation == f"random_{kind}"]
        nr.draw.curve(
            random[random.value == "accuracy"],
            "fraction",
            top,
            hue="sparsifier",
            chance=nr.draw.CHANCE,
        )
        giant = random[random.value == "giant_component"]
        if len(giant):
            nr.draw.thin(giant, "fraction", top, "sparsifier", GIANT)
        top.set_ylabel("accuracy,\ngiant component" if len(giant) else "accuracy")
        top.set_title(f"{nr.draw.label(dataset)},\n{KINDS[kind]}")
        areas = own[own.value == "robustness"]
        # The orders of neurons and of pixels have one axis.
        order = areas.perturbation.str.replace(rf"_?{kind}_?", "", regex=True)
        areas = areas.assign(order=order)
        nr.draw.points(areas, "order", bottom, hue="sparsifier", orient="h")
        bottom.set_xlim(left=min(0, bottom.get_xlim()[0]))
        bottom.set_title(f"{nr.draw.label(dataset)},\n{KINDS[kind]}")
    for line in axes:
        for ax in line[1:]:
            ax.set_ylabel("")
    nr.draw.panel_letters(axes)
    nr.draw.legend(figure, title=nr.draw.note(table))
    return figure


def texts(table: pd.DataFrame) -> dict[str, str]:
    """Write the areas under the curves as Markdown and LaTeX, by suffix."""
    shown = table[table.value == "robustness"]
    return nr.draw.summary_table(shown, ["dataset", "perturbation"])


def _kind(perturbation: str) -> str:
    known = nr.PERTURBATIONS
    return known[perturbation].acts_on if perturbation in known else "links"
