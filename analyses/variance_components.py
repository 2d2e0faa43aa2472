"""Claim: the area of one removal order tells of the order more than of the network.

Links that are removed at random go in many orders, and the area of a network is the
mean over these; shuffled weights are dealt out as often, and in orders of rank equal
links alone change places. The variance of single areas is split into that of networks
of the same method and that of orders or draws. The reliability is the share of the
variance of means that is one of networks: about how well the areas would correlate with
those of other orders. A correlation of areas with something else is weakened by its
square root (Spearman 1904, doi:10.2307/1412159).
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import netrobust as nr

READS = ("percolation",)
ALSO = ("curves_head", "curves_neurons", "curves_shuffles")
FEWEST = 5
NEEDS = f"{FEWEST} networks of a method, with two removal orders each"

BY = ["dataset", "sparsifier", "perturbation"]
SD = "standard deviation"
#: What each panel shows of a group, its title and its axis.
SHOWN = {
    "sd_networks": ("networks", SD),
    "sd_replicates": ("orders", SD),
    "reliability": ("mean of the orders", "reliability"),
}


def shows(run: nr.Run) -> bool:
    """Return whether networks of a method were damaged in several orders each.

    Parameters
    ----------
    run : Run
    """
    return not _areas(run).empty


def compute(run: nr.Run) -> pd.DataFrame:
    """Split the variance of areas into that of networks and that of orders.

    Parameters
    ----------
    run : Run
        With the table ``percolation``, and as far as it has them ``curves_head``,
        ``curves_neurons`` and ``curves_shuffles``.

    Returns
    -------
    DataFrame
        What `variance_components` gives of the ``robustness`` of each order, per data
        set, sparsifier and perturbation. Those that are without skill are left out.
    """
    return nr.variance_components(_areas(run), "robustness", BY)


def _areas(run: nr.Run) -> pd.DataFrame:
    """Give the area of every order where networks and orders are enough."""
    table = run.table("percolation", *ALSO).query("null_model == 'none'")
    head = table.scope.str.contains("+head", regex=False, na=False)
    named = table.perturbation + np.where(head, " with head", "")
    table = table.assign(perturbation=named)
    groups = table.groupby(BY)
    enough = groups.network_seed.transform("nunique") >= FEWEST
    table = table[enough & (groups.replicate.transform("nunique") > 1)]
    if table.empty:
        return table
    areas = nr.robustness(table, each=True)
    lost = areas.robustness.isna().groupby([areas[name] for name in BY])
    return areas[~lost.transform("any")]


def draw(table: pd.DataFrame) -> Figure:
    """Draw both standard deviations and the reliability: a line for each data set.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    datasets = nr.draw.ordered(table.dataset)
    damages = table.perturbation.nunique()
    most = max(float(table[["sd_networks", "sd_replicates"]].to_numpy().max()), 0.01)
    figure, axes = nr.draw.panels(
        len(datasets), len(SHOWN), nr.draw.DOUBLE, min(0.9 + 0.4 * damages, 4),
        sharex="col", sharey=True,
    )  # fmt: skip
    for line, dataset in zip(axes, datasets, strict=True):
        for ax, (column, (title, what)) in zip(line, SHOWN.items(), strict=True):
            own = table[table.dataset == dataset]
            low, high = (
                own.get(f"{column}_{end}", own[column]) for end in ("low", "high")
            )
            own = own.assign(mean=own[column], low=low, high=high)
            nr.draw.points(own, "perturbation", ax, hue="sparsifier", orient="h")
            end = 1 if column == "reliability" else most
            ax.set_xlim(-0.05 * end, 1.05 * end)  # marks at either end are whole
            ax.locator_params(axis="x", nbins=3)
            ax.set_xlabel(what)
            ax.set_title(f"{nr.draw.label(dataset)},\n{title}")
            ax.label_outer()
    nr.draw.panel_letters(axes)
    nr.draw.legend(figure, title=_note(table))
    return figure


def texts(table: pd.DataFrame) -> dict[str, str]:
    """Write both standard deviations and reliabilities as Markdown and LaTeX."""
    heads = (
        "data set", "damage", "method", "sd over networks", "sd over orders", "orders",
        "reliability (95%)", "of one order",
    )  # fmt: skip
    rows = [
        (
            *(nr.draw.label(row[name]) for name in ("dataset", "perturbation")),
            nr.draw.label(row["sparsifier"]),
            f"{row['sd_networks']:.3f}",
            f"{row['sd_replicates']:.3f}",
            str(row["replicates"]),
            f"{row['reliability']:.2f} ({row['reliability_low']:.2f} to "
            f"{row['reliability_high']:.2f})",
            f"{row['reliability_of_one']:.2f}",
        )
        for row in table.to_dict(orient="records")
    ]
    return nr.draw.text_table(heads, rows, _note(table).replace("\n", " "))


def _note(table: pd.DataFrame) -> str:
    networks = nr.draw.counted(table.networks, "network")
    orders = nr.draw.counted(table.replicates, "order")
    return (
        f"{networks} a method, {orders} or draws each;\n"
        "reliability: of their mean, with 95% after the F distribution"
    )
