"""Question: does an adaptive topology leave the random graph it starts from.

The introduction of arXiv 2602.21961 has links rewritten between epochs; SET and static
start as Erdos-Renyi layers. If rewriting gathers links at some neurons, the
degree distribution of SET grows a tail beyond the exact null, the hypergeometric
distribution of a random layer with as many links, while the static topology follows
it. The figure asks this of every layer and of either side.

The grey band holds 95% of what as many Erdos-Renyi networks show by chance, for each
degree by itself. The index var/var_ER sums a panel up in one number: the variance of
the degrees over its Erdos-Renyi value, 1 on average, with a standard deviation of about
sqrt(2 / (neurons - 1)) between random networks. With more than four methods it stands
in the numbers plotted alone.
"""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import netrobust as nr

READS = ("degrees", "measures")

PANEL = ["dataset", "sparsifier", "layer", "side"]
ER = "$_{\\rm ER}$"
MOST = 4  # methods whose indices find room in a panel
INDEX = (
    f"var/var{ER}: variance of the degrees over its "
    f"{nr.draw.label('erdos_renyi')} value; ER: 95% of random networks"
)


def compute(run: nr.Run) -> pd.DataFrame:
    """Average the share of neurons at or above each degree over networks.

    Parameters
    ----------
    run : Run
        With the tables ``degrees`` and ``measures``.

    Returns
    -------
    DataFrame
        What `summarise` gives for ``ccdf`` per data set, sparsifier, layer, side and
        degree from 1 on, with the exact share of the Erdos-Renyi layer as ``null``, the
        band of the mean over so many networks as ``null_low`` and ``null_high``, the
        mean ``dispersion`` var/var_ER of the panel, and ``margin``: a random layer has
        1 plus or minus this in 95% of draws. Neurons of degree 0 count in every share.
    """
    counts = run.table("degrees")
    tails = _tails(counts, "count", "ccdf").merge(_tails(counts, "expected", "null"))
    by = [*PANEL, "degree"]
    null = tails.groupby(by).agg(null=("null", "mean")).reset_index()
    neurons = counts.groupby(PANEL).agg(neurons=("count", "sum")).reset_index()
    table = nr.summarise(tails, "ccdf", by=by).merge(null).merge(neurons)
    band = nr.draw.sampling_band(table["null"].clip(upper=1), table["neurons"])
    table["null_low"], table["null_high"] = band
    table = table.merge(_dispersion(run.table("measures")), how="left")
    table["margin"] = 1.96 * np.sqrt(2 / (table["neurons"] - table["networks"]))
    seen = (table["degree"] > 0) & ((table["mean"] > 0) | (table["null"] > 0))
    # Rows are many, and with all digits their file would be heavy.
    return table[seen].drop(columns="neurons").reset_index(drop=True).round(10)


def draw(table: pd.DataFrame) -> Figure:
    """Draw P(K >= k), a row per data set and side and a column per layer.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    layers = sorted(table["layer"].unique())
    few = table["sparsifier"].nunique() <= MOST
    rows = [
        (dataset, side)
        for dataset in nr.draw.ordered(table["dataset"])
        for side in nr.draw.ordered(table["side"])
    ]
    figure, axes = nr.draw.panels(
        len(rows), len(layers), nr.draw.DOUBLE, 1.45, sharex=True, sharey=True
    )
    for line, (dataset, side) in zip(axes, rows, strict=True):
        for ax, layer in zip(line, layers, strict=True):
            own = table[
                (table["dataset"] == dataset)
                & (table["side"] == side)
                & (table["layer"] == layer)
            ]
            nr.draw.ccdf(
                own,
                ax,
                hue="sparsifier",
                null="null",
                band=("null_low", "null_high"),
            )
            if few:
                _write_dispersion(ax, own)
            ax.set_ylabel(
                f"{nr.draw.label(dataset)}\n{nr.draw.label(side)}\n{ax.get_ylabel()}"
            )
            ax.label_outer()
    for ax, layer in zip(axes[0], layers, strict=True):
        ax.set_title(f"layer {layer}")
    nr.draw.panel_letters(axes)
    note = nr.draw.note(table)
    nr.draw.legend(figure, title=f"{note}\n{INDEX}" if few else note)
    return figure


def texts(table: pd.DataFrame) -> dict[str, str]:
    """Write the indices of dispersion as Markdown and LaTeX, by suffix."""
    once = table.drop_duplicates(PANEL)
    methods = nr.draw.ordered(once.sparsifier)
    rows = []
    for (dataset, layer, side), own in once.groupby(["dataset", "layer", "side"]):
        found = own.set_index("sparsifier").dispersion.to_dict()
        rows.append(
            (
                nr.draw.label(dataset),
                str(layer),
                nr.draw.label(side),
                f"1 ± {own.margin.iloc[0]:.2f}",
                *(f"{found[one]:.2f}" if one in found else "" for one in methods),
            )
        )
    heads = ("data set", "layer", "degree", "random", *map(nr.draw.label, methods))
    note = f"mean variance of the degrees over its {nr.draw.label('erdos_renyi')} value"
    return nr.draw.text_table(heads, rows, f"{note}; random: 95% of random networks")


def _write_dispersion(ax: Axes, own: pd.DataFrame) -> None:
    index = own.groupby("sparsifier")["dispersion"].first()
    lines = {
        name: f"{nr.draw.label(name)} {index[name]:.2f}"
        for name in nr.draw.ordered(own["sparsifier"])
    }
    random = f"ER 1 \N{PLUS-MINUS SIGN} {own['margin'].max():.2f}"
    nr.draw.remark(ax, f"var/var{ER}\n{random}", lines)


def _dispersion(measures: pd.DataFrame) -> pd.DataFrame:
    """Average the index of dispersion over networks, a row per panel and method."""
    suffix = "_degree_dispersion"
    sides = {f"{side}{suffix}": side for side in ("in", "out")}
    layers = measures.rename(columns=sides)
    keys = layers.columns.drop([*sides.values()]).tolist()
    rows = layers.melt(keys, [*sides.values()], "side", "dispersion")
    index = nr.summarise(rows, "dispersion", by=PANEL)
    return index[[*PANEL, "mean"]].rename(columns={"mean": "dispersion"})


def _tails(counts: pd.DataFrame, column: str, name: str) -> pd.DataFrame:
    """Share of the neurons of each layer at or above each degree, 0 beyond the last."""
    layer = counts.columns.drop(["degree", "count", "expected"]).tolist()
    wide = counts.pivot(index=layer, columns="degree", values=column).fillna(0)
    tails = wide.loc[:, ::-1].cumsum(axis=1)
    shares = tails.div(tails[0], axis=0)
    return shares.melt(ignore_index=False, value_name=name).reset_index()
