"""Question: does an adaptive topology leave the random graph it starts from.

The introduction of arXiv 2602.21961 has links rewritten between epochs; both methods
here start as Erdos-Renyi layers. If rewriting gathers links at some neurons, the
degree distribution of SET grows a tail beyond the exact null, the hypergeometric
distribution of a random layer with as many links, while the static topology follows
it. The figure asks this of every layer and of either side.

Reads the table ``degrees``.
"""

import pandas as pd
from matplotlib.figure import Figure

import netrobust as nr


def compute(run: nr.Run) -> pd.DataFrame:
    """Average the share of neurons at or above each degree over networks.

    Parameters
    ----------
    run : Run
        With the table ``degrees``.

    Returns
    -------
    DataFrame
        What `summarise` gives for ``ccdf`` per data set, sparsifier, layer, side and
        degree from 1 on, with the exact share of the Erdos-Renyi layer as ``null``.
        Neurons of degree 0 count in every share.
    """
    counts = run.table("degrees")
    tails = _tails(counts, "count", "ccdf").merge(_tails(counts, "expected", "null"))
    by = ["dataset", "sparsifier", "layer", "side", "degree"]
    shares = nr.summarise(tails, "ccdf", by=by)
    table = shares.merge(tails.groupby(by, as_index=False)["null"].mean())
    seen = (table["degree"] > 0) & ((table["mean"] > 0) | (table["null"] > 0))
    return table[seen].reset_index(drop=True)


def draw(table: pd.DataFrame) -> Figure:
    """Draw P(K >= k), a row per data set and side and a column per layer.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    layers = sorted(table["layer"].unique())
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
            nr.draw.ccdf(own, ax, hue="sparsifier", null="null")
            ax.set_ylabel(
                f"{nr.draw.label(dataset)}\n{nr.draw.label(side)}\n{ax.get_ylabel()}"
            )
            ax.label_outer()
    for ax, layer in zip(axes[0], layers, strict=True):
        ax.set_title(f"layer {layer}")
    nr.draw.panel_letters(axes)
    nr.draw.legend(figure, title=nr.draw.note(table))
    return figure


def _tails(counts: pd.DataFrame, column: str, name: str) -> pd.DataFrame:
    """Share of the neurons of each layer at or above each degree, 0 beyond the last."""
    layer = counts.columns.drop(["degree", "count", "expected"]).tolist()
    wide = counts.pivot(index=layer, columns="degree", values=column).fillna(0)
    tails = wide.loc[:, ::-1].cumsum(axis=1)
    shares = tails.div(tails[0], axis=0)
    return shares.melt(ignore_index=False, value_name=name).reset_index()
