"""Text tables: the same rows in Markdown and in LaTeX."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from netrobust.core.errors import InputError, shown
from netrobust.figures.layout import note as what_is_shown
from netrobust.figures.styles import label, ordered
from netrobust.stats.columns import require_columns

_SIGNS = {"%": r"\%", "_": r"\_", "&": r"\&", "±": r"$\pm$"}


def text_table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], note: str
) -> dict[str, str]:
    r"""Write a table as Markdown and as LaTeX, under the suffixes of their files.

    Parameters
    ----------
    heads : sequence of str
        Of the columns.
    rows : sequence of sequences of str
    note : str
        A sentence below the table.

    Examples
    --------
    >>> texts = text_table(["method", "share (%)"], [["set", "96.5"]], "Ten networks.")
    >>> print(texts["md"])
    | method | share (%) |
    | --- | --- |
    | set | 96.5 |
    <BLANKLINE>
    Ten networks.
    <BLANKLINE>
    >>> print(texts["tex"].splitlines()[3])
    method & share (\%) \\
    """
    lines = [heads, ["---"] * len(heads), *rows]
    marked = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    latex = [
        f"% {note}",
        rf"\begin{{tabular}}{{{'l' * len(heads)}}}",
        r"\hline",
        _row(heads),
        r"\hline",
        *(_row(row) for row in rows),
        r"\hline",
        r"\end{tabular}",
    ]
    return {"md": f"{marked}\n\n{note}\n", "tex": "\n".join(latex) + "\n"}


def summary_table(
    summary: pd.DataFrame,
    rows: Sequence[str],
    spec: str = ".3f",
    note: str = "",
    **only: Sequence[Any],
) -> dict[str, str]:
    """Write means with their intervals, a column for each method.

    Parameters
    ----------
    summary : DataFrame
        What `summarise` gives, ``sparsifier`` among its columns, single networks left
        out.
    rows : sequence of str
        Columns whose values name a line.
    spec : str
        How a number is written.
    note : str
        A sentence that follows the one about networks and intervals.
    **only : sequence
        Values of further columns that are shown; all where a table has none of them.

    Returns
    -------
    dict of str to str
        As `text_table`.

    Raises
    ------
    InputError
        The table lacks a column, or numbers cannot be written so.

    Examples
    --------
    >>> table = pd.DataFrame({"dataset": ["mnist"], "sparsifier": ["set"]})
    >>> table = table.assign(mean=0.98, low=0.97, high=0.99)
    >>> table = table.assign(networks=5, interval="range")
    >>> print(summary_table(table, ["dataset"], ".2f")["md"])
    | dataset | SET |
    | --- | --- |
    | MNIST | 0.98 (0.97 to 0.99) |
    <BLANKLINE>
    mean and range of 5 networks
    <BLANKLINE>
    """
    require_columns(summary, ["sparsifier", "mean", "low", "high", *rows, *only])
    try:
        format(0.5, spec)
    except ValueError:
        raise InputError(
            f"spec must say how a number is written, such as '.3f'; got {shown(spec)}"
        ) from None
    for name, values in only.items():
        few = summary[summary[name].isin(values)]
        summary = few if len(few) else summary
    methods = ordered(summary["sparsifier"])
    lines: dict[tuple[Any, ...], dict[str, str]] = {}
    for row in summary.to_dict(orient="records"):
        line = lines.setdefault(tuple(row[name] for name in rows), {})
        if pd.notna(row["mean"]):
            numbers = [format(row[name], spec) for name in ("mean", "low", "high")]
            line[row["sparsifier"]] = "{} ({} to {})".format(*numbers)
    ranks = [{one: k for k, one in enumerate(ordered(summary[name]))} for name in rows]

    def place(key: tuple[Any, ...]) -> list[int]:
        return [rank[one] for rank, one in zip(ranks, key, strict=True)]

    cells = [
        [*map(label, key), *(lines[key].get(method, "") for method in methods)]
        for key in sorted(lines, key=place)
    ]
    heads = [label(name) for name in (*rows, *methods)]
    return text_table(
        heads, cells, "; ".join(filter(None, [what_is_shown(summary), note]))
    )


def _row(cells: Sequence[str]) -> str:
    texts = ["".join(_SIGNS.get(letter, letter) for letter in one) for one in cells]
    return " & ".join(texts) + r" \\"
