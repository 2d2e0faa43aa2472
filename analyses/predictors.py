"""Claim: some number measured before the damage predicts who withstands it.

Every structural number of an intact network is ranked against the network's robustness
to random removal and to removal of its strongest links. Methods differ in many numbers
at once, so the mean of its method is taken from every value first: what is left is not
a difference between methods. Intervals are over networks; p is corrected after Holm
over all predictors of a data set.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import netrobust as nr

READS = ("measures", "percolation")

PERTURBATIONS = ("random_links", "strongest_links")
FEWEST = 5
NEEDS = f"{FEWEST} networks of every sparse method"
IDENTITY = {
    "network", "dataset", "sparsifier", "width", "sparsity", "network_seed", "layer",
}  # fmt: skip


def shows(run: nr.Run) -> bool:
    """Return whether there are enough networks of a method to rank.

    Parameters
    ----------
    run : Run
    """
    table = run.table("percolation")
    return _fewest(table[table.sparsity > 0]) >= FEWEST


def compute(run: nr.Run) -> pd.DataFrame:
    """Correlate the ranks of intact sparse networks with their robustness.

    Parameters
    ----------
    run : Run
        With the tables ``measures`` and ``percolation``.

    Returns
    -------
    DataFrame
        What `rank_correlation` gives per data set and perturbation, within methods;
        numbers that all networks of a method share are left out.
    """
    table = run.table("percolation").query("null_model == 'none' and sparsity > 0")
    table = table[table.perturbation.isin(PERTURBATIONS)]
    # Dense networks would leave out what is undefined for them alone.
    measures = run.table("measures").query("layer == 'all' and sparsity > 0")
    chosen = [
        name
        for name in measures.columns
        if name not in IDENTITY and measures[name].notna().all()
    ]
    intact = table[table.fraction == 0].groupby("network")["accuracy"].mean()
    measures = measures.assign(intact_accuracy=measures.network.map(intact))
    areas = nr.robustness(table)
    joined = areas.merge(measures[["network", "intact_accuracy", *chosen]], "inner")
    joined = joined.dropna(subset=["robustness"])
    varied = [
        name
        for name in ("intact_accuracy", *chosen)
        if (joined.groupby(["dataset", "sparsifier"])[name].nunique() > 1).any()
    ]
    return nr.rank_correlation(
        joined,
        varied,
        by=["dataset", "perturbation"],
        within="sparsifier",
        family=["dataset", "perturbation"],
    )


def draw(table: pd.DataFrame) -> Figure:
    """Draw the rank correlation of every predictor, a panel per data set.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    datasets = nr.draw.ordered(table.dataset)
    strength = table.groupby("predictor").spearman.apply(lambda rho: rho.abs().max())
    predictors = list(strength.sort_values().index)
    perturbations = nr.draw.ordered(table.perturbation)
    figure, axes = nr.draw.panels(
        1, len(datasets), nr.draw.DOUBLE, 0.9 + 0.24 * len(predictors), sharey=True
    )
    style = nr.draw.hue_styles(perturbations)
    for ax, dataset in zip(axes.flat, datasets, strict=True):
        for step, (perturbation, own_style) in enumerate(style.items()):
            own = table[
                (table.dataset == dataset) & (table.perturbation == perturbation)
            ].set_index("predictor")
            own = own.loc[[one for one in predictors if one in own.index]]
            place = [predictors.index(one) + 0.3 * step - 0.15 for one in own.index]
            for sure in (True, False):
                kind = (own.p_holm < 0.05) == sure
                there = [spot for spot, yes in zip(place, kind, strict=True) if yes]
                some = own[kind]
                # Few networks that rank alike can lie beside their own interval.
                bars = [some.spearman - some.low, some.high - some.spearman]
                ax.errorbar(
                    some.spearman,
                    there,
                    xerr=np.maximum(bars, 0),
                    fmt=own_style["marker"],
                    color=own_style["color"],
                    markerfacecolor=own_style["color"] if sure else "white",
                    lw=nr.draw.size(0.8),
                    label=nr.draw.label(perturbation)
                    + (", p < 0.05 after Holm" if sure else ""),
                )
        ax.axvline(0, color="0.4", lw=nr.draw.size(0.6))
        ax.set_xlim(-1, 1)
        ax.set_xticks((-1, -0.5, 0, 0.5, 1))
        ax.set_xlabel("rank correlation with robustness")
        ax.set_title(nr.draw.label(dataset))
        ax.set_yticks(range(len(predictors)), [nr.draw.label(p) for p in predictors])
        ax.grid(axis="y", lw=nr.draw.size(0.4), color="0.9")
    nr.draw.panel_letters(axes)
    count = int(table.networks.max())
    nr.draw.legend(
        figure, title=f"{count} networks, within methods; bars: bootstrap 95%"
    )
    return figure


def _fewest(table: pd.DataFrame) -> int:
    counts = table.groupby(["dataset", "sparsifier"]).network_seed.nunique()
    return int(counts.min()) if len(counts) else 0
