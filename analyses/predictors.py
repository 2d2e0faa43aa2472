"""Claim: some number measured before the damage predicts who withstands it.

Every structural number of an intact network is ranked against the network's robustness
to random removal and to removal of its strongest links. Methods differ in many numbers
at once, so the mean of its method is taken from every value first: what is left is not
a difference between methods. Intervals are over networks; p is corrected after Holm
over all predictors of a data set.
"""

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
    predictors = strength.sort_values(ascending=False).index
    rows = [nr.draw.label(one) for one in predictors]
    styles = nr.draw.hue_styles(nr.draw.ordered(table.perturbation))
    shown = table.assign(
        difference=table.spearman,
        what=table.predictor.map(nr.draw.label),
        removed=table.perturbation.map(nr.draw.label),
        sure=table.p_holm < 0.05,
    )
    figure, axes = nr.draw.panels(
        1, len(datasets), nr.draw.DOUBLE, 0.9 + 0.24 * len(rows), sharey=True
    )
    for ax, dataset in zip(axes.flat, datasets, strict=True):
        nr.draw.forest(
            ax,
            shown[shown.dataset == dataset],
            "what",
            "removed",
            "sure",
            rows,
            {nr.draw.label(one): style for one, style in styles.items()},
        )
        ax.set_xlim(-1, 1)
        ax.set_xticks((-1, -0.5, 0, 0.5, 1))
        ax.set_xlabel("rank correlation with robustness")
        ax.set_title(nr.draw.label(dataset))
    nr.draw.panel_letters(axes)
    nr.draw.legend(figure, title=_note(table))
    return figure


def texts(table: pd.DataFrame) -> dict[str, str]:
    """Write the three least likely correlations of each panel, by suffix."""
    few = table.sort_values("p").groupby(["dataset", "perturbation"]).head(3)
    few = few.sort_values(["dataset", "perturbation"], kind="stable")
    rows = [
        (
            nr.draw.label(row["dataset"]),
            nr.draw.label(row["perturbation"]),
            nr.draw.label(row["predictor"]),
            f"{row['spearman']:+.2f} ({row['low']:+.2f} to {row['high']:+.2f})",
            f"{row['p']:.4f}",
            f"{row['p_holm']:.3f}",
        )
        for row in few.to_dict(orient="records")
    ]
    heads = ("data set", "removed", "predictor", "rank correlation", "p", "p (Holm)")
    return nr.draw.text_table(heads, rows, _note(table))


def _note(table: pd.DataFrame) -> str:
    return (
        f"{int(table.networks.max())} networks, within methods; bars: bootstrap 95%; "
        "filled: p < 0.05 after Holm correction"
    )


def _fewest(table: pd.DataFrame) -> int:
    counts = table.groupby(["dataset", "sparsifier"]).network_seed.nunique()
    return int(counts.min()) if len(counts) else 0
