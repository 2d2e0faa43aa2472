"""Question: does learning steer where links move, beyond chance.

The adaptive topology of arXiv 2602.21961 is links rewritten between epochs. The figure
follows three shares along the training, each the mean over the layers before the dense
head: the places that ever held a link (the in-time over-parameterisation, ITOP), the
first links that are present, and the hidden neurons that lie on a path from a pixel to
the head. An epoch shows the network as it was tested, before the links move that move
when it is over.

The dashed line is the exact mean of the simplest rule: after every epoch the share zeta
of the links is drawn at random and dropped, and as many grow at random. It is a null
for methods that move once an epoch at constant density: SET, and MEST with an update an
epoch. Of the places tried it holds whatever they drop, since they grow at random; SET
lies above it because its rule per sign drops, beyond its share, the links whose weight
is still 0. Of the first links it is what would be left if links had no value: what a
method has above it is memory, made by learning. For methods of other times, of shares
that fall or of densities that change (RigL, DEEP R, CHT, EM&S) it is a scale, not a
null.
"""

from itertools import product

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import netrobust as nr

READS = ("dynamics",)

NETWORK = ["network", "dataset", "sparsifier", "width", "sparsity", "network_seed"]
LAWS = {"itop": nr.itop_rate, "survival": nr.link_survival}
VALUES = [*LAWS, "active_neurons"]
NOTES = "shares are means over the sparse layers; active: on a path from pixel to head"


def compute(run: nr.Run) -> pd.DataFrame:
    """Average the shares of every epoch over layers, then over networks.

    Parameters
    ----------
    run : Run
        With the table ``dynamics``.

    Returns
    -------
    DataFrame
        What `summarise` gives for ``itop``, ``survival`` and ``active_neurons`` (the
        ``active_targets`` of the layers) per data set, sparsifier and epoch, with the
        ``zeta`` of the run and ``null``, the exact mean under random rewiring of the
        share zeta after every epoch: NaN for active neurons, and if the layers differ
        in density.
    """
    config = nr.TrainConfig(**run.settings.get("training", {}))
    layers = run.table("dynamics").rename(columns={"active_targets": "active_neurons"})
    networks = layers.groupby([*NETWORK, "epoch"])[VALUES].mean().reset_index()
    parts = []
    for value, (_, own) in product(VALUES, networks.groupby("dataset")):
        part = nr.summarise(own, value, by=["dataset", "sparsifier", "epoch"])
        part = part.assign(zeta=config.zeta, null=np.nan)
        if value in LAWS and config.densities == "uniform":
            density, updates = 1 - own["sparsity"].max(), part["epoch"].to_numpy() - 1
            part["null"] = LAWS[value](density, config.zeta, updates)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def draw(table: pd.DataFrame) -> Figure:
    """Draw the shares against epoch: a row per share and a column per data set.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    datasets = nr.draw.ordered(table["dataset"])
    figure, axes = nr.draw.panels(
        len(VALUES), len(datasets), nr.draw.DOUBLE, 1.75, sharex=True, sharey="row"
    )
    zeta = table["zeta"].iloc[0]
    for line, value in zip(axes, VALUES, strict=True):
        top = table.loc[table["value"] == value, ["high", "null"]].max().max()
        for ax, dataset in zip(line, datasets, strict=True):
            own = table[(table["value"] == value) & (table["dataset"] == dataset)]
            nr.draw.curve(own, "epoch", ax, hue="sparsifier")
            null = own.dropna(subset="null").drop_duplicates("epoch")
            if len(null):
                ax.plot(
                    *null.sort_values("epoch")[["epoch", "null"]].to_numpy().T,
                    "--k",
                    lw=nr.draw.size(0.8),
                    label=f"random rewiring of {zeta:.0%} an epoch (exact)",
                )
            ax.set_ylim(0, 1.07 * top)
            ax.label_outer()
    for ax, dataset in zip(axes[0], datasets, strict=True):
        ax.set_title(nr.draw.label(dataset))
    nr.draw.panel_letters(axes)
    nr.draw.legend(figure, title=f"{nr.draw.note(table)}; {NOTES}")
    return figure


def texts(table: pd.DataFrame) -> dict[str, str]:
    """Write what is seen after the last epoch as Markdown and LaTeX, by suffix."""
    shown = table[table.epoch == table.groupby("sparsifier").epoch.transform("max")]
    return nr.draw.summary_table(shown, ["dataset", "value"])
