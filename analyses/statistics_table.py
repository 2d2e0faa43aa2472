"""Claim: the differences between methods are differences, not luck.

Robustness to every perturbation is compared between SET and each other method, seed
by seed: the networks of a seed start from the same random numbers. The test swaps the
labels within pairs, p is corrected after Holm over all rows of the table, and the least
p that so many networks allow stands beside it, with the power for half a standard
deviation. Effect sizes say how large a difference is, whatever its p.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

import netrobust as nr

READS = ("percolation",)

FEWEST = 5
AGAINST = "set"
NEEDS = f"{FEWEST} networks of every method, {AGAINST} among them"


def shows(run: nr.Run) -> bool:
    """Return whether there are enough networks for a test and a method to test against.

    Parameters
    ----------
    run : Run
    """
    table = run.table("percolation")
    counts = table.groupby(["dataset", "sparsifier"]).network_seed.nunique()
    methods = set(table.sparsifier)
    return int(counts.min()) >= FEWEST and AGAINST in methods and len(methods) > 1


def compute(run: nr.Run) -> pd.DataFrame:
    """Test robustness of every method against SET, perturbation by perturbation.

    Parameters
    ----------
    run : Run
        With the table ``percolation``.

    Returns
    -------
    DataFrame
        What `paired_tests` gives per data set and perturbation, with ``f50``, the mean
        fraction at which the method loses half of its accuracy above chance.
    """
    table = run.table("percolation").query("null_model == 'none'")
    areas = nr.robustness(table)
    by = ["dataset", "perturbation"]
    tests = nr.paired_tests(areas, "robustness", by=by, against=AGAINST)
    methods = areas.groupby([*by, "sparsifier"])["f50"]
    f50 = methods.mean(skipna=False).reset_index()  # open where it is for a network
    return tests.merge(f50, "left")


def draw(table: pd.DataFrame) -> Figure:
    """Draw the difference in robustness to SET for every method and perturbation.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.
    """
    datasets = nr.draw.ordered(table.dataset)
    methods = nr.draw.ordered(table.sparsifier)
    rows = nr.draw.ordered(table.perturbation)
    height = 1.2 + len(rows) * (0.05 + 0.06 * len(methods))
    figure, axes = nr.draw.panels(1, len(datasets), nr.draw.DOUBLE, height, sharey=True)
    shown = table.assign(
        removed=table.perturbation.map(nr.draw.label),
        method=table.sparsifier.map(nr.draw.label),
        sure=table.p_holm < 0.05,
    )
    styles = nr.draw.hue_styles(methods)
    colours = {nr.draw.label(one): style for one, style in styles.items()}
    names = [nr.draw.label(one) for one in rows]
    for ax, dataset in zip(axes.flat, datasets, strict=True):
        own = shown[shown.dataset == dataset]
        nr.draw.forest(ax, own, "removed", "method", "sure", names, colours)
        ax.set_xlabel(f"robustness less that of {nr.draw.label(AGAINST)}")
        ax.set_title(nr.draw.label(dataset))
    nr.draw.panel_letters(axes)
    nr.draw.legend(figure, title=_note(table))
    return figure


def texts(table: pd.DataFrame) -> dict[str, str]:
    """Write the tests as Markdown and as LaTeX.

    Parameters
    ----------
    table : DataFrame
        What `compute` returned.

    Returns
    -------
    dict of str to str
        Under the suffix of the file.
    """
    heads = (
        "data set", "removed", "method", "R", "R of SET", "difference (95%)",
        "Cohen's d_z", "p", "p (Holm)", "least p", "power", "f50",
    )  # fmt: skip
    rows = [
        (
            nr.draw.label(row["dataset"]),
            nr.draw.label(row["perturbation"]),
            nr.draw.label(row["sparsifier"]),
            f"{row['mean']:.3f}",
            f"{row['mean_against']:.3f}",
            f"{row['difference']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})",
            _number(row["cohen_dz"], ".1f"),
            _number(row["p"], ".4f"),
            _number(row["p_holm"], ".3f"),
            _number(row["p_min"], ".4f"),
            _number(row["power"], ".2f"),
            _number(row["f50"], ".2f"),
        )
        for row in table.to_dict(orient="records")
    ]
    return nr.draw.text_table(heads, rows, _note(table))


def _note(table: pd.DataFrame) -> str:
    pairs = nr.draw.counted(table.networks, "pair")
    return (
        f"{pairs} of networks; bars: {' or '.join(table.interval.unique())}; "
        "filled: p < 0.05 after Holm correction over all"
    )


def _number(value: float, spec: str) -> str:
    return "" if np.isnan(value) else f"{value:{spec}}"
