"""Text tables: the same rows in Markdown and in LaTeX."""

from collections.abc import Sequence

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


def _row(cells: Sequence[str]) -> str:
    texts = ["".join(_SIGNS.get(letter, letter) for letter in one) for one in cells]
    return " & ".join(texts) + r" \\"
