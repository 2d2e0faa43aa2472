"""Claim: what a network withstands depends on who chooses the links.

Random removal, the first perturbation of arXiv 2602.21961, is one order among many.
The figure removes links in every order of `ORDERS` that acts on links: by weight and
sign, by their place in the graph (betweenness once or again at every fraction, degree
product, paths), by what training images say (saliency, greedy), and compares the area
under the damage curves. Half of the skill can go with less than 1% of the links, so the
axis of fractions is logarithmic below 0.1. No order need be the worst everywhere, and
none need lie between two others, so their order is reported, not assumed.
"""

import pandas as pd
from matplotlib.figure import Figure

import netrobust as nr

READS = ("percolation",)
ALSO = ("curves_targeted",)
NEEDS = "more than three orders of removing links, random_links among them"

#: The method whose curves are drawn in full; of all others the area is shown.
SHOWN = ("set", "static")
BY = ["dataset", "sparsifier"]


def shows(run: nr.Run) -> bool:
    """Return whether links were removed in more orders than the three of `percolation`.

    Parameters
    ----------
    run : Run
    """
    orders = _orders(run.table("percolation", *ALSO))
    return len(orders) > 3 and "random_links" in orders


def compute(run: nr.Run) -> pd.DataFrame:
    """Average damage curves, their areas, and the gap between random and worst.

    Parameters
    ----------
    run : Run
        With the table ``percolation``, and ``curves_targeted`` if it has that.

    Returns
    -------
    DataFrame
        What `summarise` gives per data set, sparsifier and perturbation: the accuracy
        at each ``fraction``, and, without a fraction, ``robustness``, the area under
        the curve, and ``gap``, by how much an order's area lies below that of random
        removal.
    """
    table = run.table("percolation", *ALSO)
    table = table[(table.null_model == "none") & (table.fraction.notna())]
    table = table[table.perturbation.isin(_orders(table))]
    unit = [*BY, "network", "network_seed", "fraction", "perturbation"]
    lines = table.groupby(unit)["accuracy"].mean().reset_index()
    areas = nr.robustness(lines)
    random = areas[areas.perturbation == "random_links"]
    base = random.set_index("network").robustness
    areas["gap"] = areas.network.map(base) - areas.robustness
    by = [*BY, "perturbation"]
    return pd.concat(
        [
            nr.summarise(lines, "accuracy", [*by, "fraction"]),
            nr.summarise(areas, "robustness", by),
            nr.summarise(areas, "gap", by),
        ],
        ignore_index=True,
    )


def draw(table: pd.DataFrame) -> Figure:
    """Draw the curves of one method, and below the areas of all, data set by data set.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    datasets = nr.draw.ordered(table.dataset)
    methods = nr.draw.ordered(table.sparsifier)
    shown = next((one for one in SHOWN if one in methods), methods[0])
    figure, axes = nr.draw.panels(2, len(datasets), nr.draw.DOUBLE, 3.1, sharey="row")
    for (top, bottom), dataset in zip(axes.T, datasets, strict=True):
        own = table[table.dataset == dataset]
        curves = own[(own.value == "accuracy") & (own.sparsifier == shown)]
        nr.draw.curve(
            curves,
            "fraction",
            top,
            hue="perturbation",
            chance=nr.draw.CHANCE,
        )
        top.set_xscale("symlog", linthresh=0.001)
        top.set_xlim(0, 1)
        top.set_title(f"{nr.draw.label(dataset)}, {nr.draw.label(shown)}")
        areas = own[own.value == "robustness"]
        nr.draw.points(areas, "perturbation", bottom, hue="sparsifier", orient="h")
        bottom.set_title(f"{nr.draw.label(dataset)}, all methods")
        for ax in (top, bottom):
            if dataset != datasets[0]:
                ax.set_ylabel("")
    nr.draw.panel_letters(axes)
    nr.draw.legend(figure, title=nr.draw.note(table))
    return figure


def texts(table: pd.DataFrame) -> dict[str, str]:
    """Write the areas under the curves as Markdown and LaTeX, by suffix."""
    shown = table[table.value == "robustness"]
    return nr.draw.summary_table(shown, ["dataset", "perturbation"])


def _orders(table: pd.DataFrame) -> list[str]:
    """Give the perturbations that remove links, the only ones that share an axis."""
    known = [str(one) for one in table.perturbation.unique()]
    orders = {*nr.ORDERS, "greedy_links"}
    return [
        one
        for one in known
        if one in nr.PERTURBATIONS
        and nr.PERTURBATIONS[one].acts_on == "links"
        and one.partition("(")[0] in orders
    ]
