"""Question: does an adaptive topology find the informative pixels.

Links of arXiv 2602.21961 move to where they are of use. In MNIST the edge of the image
is the same for all digits: a topology that learns leaves it. The maps show, pixel by
pixel, the degree (links into the first layer) and the strength (sum of their absolute
weights) at the start, in the middle and at the end of the training. Where the degree
stays even and the strength does not, weights do the work of the topology. CHT and CHTs
start from links placed by the correlations of the training images, so that their first
map shows the data already.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import netrobust as nr

READS = ("receptive_fields",)

SCALES = {  # quantity: what its colours mean, colour map
    "degree": ("links of a pixel", "viridis"),
    "strength": ("strength of a pixel, sum of $|w|$", "magma"),
}
DIGITS = 4  # of the saved numbers
LARGEST = 0.72  # inches, of a map


def compute(run: nr.Run) -> pd.DataFrame:
    """Average degree and strength of every pixel over networks.

    Parameters
    ----------
    run : Run
        With the table ``receptive_fields``.

    Returns
    -------
    DataFrame
        One row per data set, sparsifier and pixel: ``networks``, and for the first,
        the middle and the last of the epochs kept ``degree_E`` and ``strength_E``, of
        the network tested after epoch E, to four significant digits. Three epochs in a
        row and not below each other halve the file.

    Raises
    ------
    InputError
        The images are not square.
    """
    table = run.table("receptive_fields")
    nr.draw.image_side(int(table["pixel"].max()) + 1)
    epochs = np.unique(table["epoch"])
    table = table[table["epoch"].isin(epochs[[0, len(epochs) // 2, -1]])]
    # Few rows: they count the networks, and different ones are refused.
    ones = table[table["pixel"] == 0].drop_duplicates(["sparsifier", "network"])
    ones = ones.drop(columns="epoch")
    counted = nr.summarise(ones, "degree", by=["dataset", "sparsifier"])
    maps = table.pivot_table(
        index=["dataset", "sparsifier", "pixel"], columns="epoch", values=[*SCALES]
    )
    maps = maps.map(lambda number: float(f"{number:.{DIGITS}g}"))
    maps.columns = pd.Index(maps.columns.map("{0[0]}_{0[1]}".format))
    names = counted[["dataset", "sparsifier", "networks"]]
    return names.merge(maps.reset_index())


def draw(table: pd.DataFrame) -> Figure:
    """Draw the maps: a row per method; per quantity and data set a column per epoch.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    keys = ["dataset", "sparsifier", "networks", "pixel"]
    tidy = pd.wide_to_long(table, [*SCALES], keys, "epoch", sep="_").reset_index()
    datasets = nr.draw.ordered(tidy["dataset"])
    blocks, methods = len(SCALES) * len(datasets), tidy["sparsifier"].nunique()
    size = min(LARGEST, 0.9 * nr.draw.DOUBLE / (blocks * tidy["epoch"].nunique()))
    figure, axes = nr.draw.panels(1, blocks, nr.draw.DOUBLE, methods * size + 1.1)
    for part, (value, (text, cmap)) in zip(
        np.split(axes[0], len(SCALES)), SCALES.items(), strict=True
    ):
        for ax, dataset in zip(part, datasets, strict=True):
            nr.draw.mosaic(tidy[tidy["dataset"] == dataset], value, ax, cmap=cmap)
            ax.set_xlabel(f"{value} after epoch")
            ax.set_title(nr.draw.label(dataset))
        nr.draw.colour_bar(part, f"{text}; {_mean(table)}")
    for ax in axes[0, 1:]:
        ax.set_yticks([])
    nr.draw.panel_letters(axes)
    return figure


def _mean(table: pd.DataFrame) -> str:
    return f"mean of {nr.draw.counted(table['networks'], 'network')}"
