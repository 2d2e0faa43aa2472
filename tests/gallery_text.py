"""Fill the tables of the gallery from its CSVs: ``python tests/gallery_text.py``.

Between ``<!-- table FOLDER/NAME -->`` and ``<!-- end -->`` stands what the analysis
prints, after ``<!-- differences FOLDER: MEASURE -->`` what claims.csv has of a measure.
"""

import re
from pathlib import Path

import pandas as pd

import netrobust as nr
from netrobust.studies.gallery import ANALYSES, analysis

FIGURES = Path(__file__).parents[1] / "figures"
TEXT = FIGURES / "README.md"

#: Contrasts the text tells of; `claims.md` has all.
SHOWN = (
    "set - static", "rigl(cht_benchmark) - static",
    "chts(removal=RI)@erdos_renyi - static",
    "static@correlated - static", "set@correlated - static@correlated",
    "chts(removal=RI) - static@correlated", "set - dense_narrow",
    "set - dense_small",
)  # fmt: skip
_FILLED = re.compile(r"(<!-- (table|differences) (.+?) -->\n).*?(<!-- end -->)", re.S)


def filled(text: str) -> str:
    """Give the text with all tables as the CSVs have them."""

    def fresh(found: re.Match[str]) -> str:
        head, kind, what, end = found.groups()
        table = printed(what) if kind == "table" else differences(*what.split(": "))
        return f"{head}{table}{end}"

    return _FILLED.sub(fresh, text)


def bare(text: str) -> str:
    """Give the text without its tables."""
    return _FILLED.sub("", text)


def printed(path: str) -> str:
    """Give what an analysis prints of its CSV."""
    name = next(one for one in ANALYSES if path.endswith(f"/{one}"))
    table = pd.read_csv(FIGURES / f"{path}.csv")
    return str(analysis(name).texts(table)["md"])


def differences(folder: str, measure: str) -> str:
    """Give a line for each contrast and a column for each data set."""
    table = pd.read_csv(FIGURES / folder / "claims.csv").query("measure == @measure")
    datasets = nr.draw.ordered(table.dataset)
    rows = []
    for contrast in SHOWN:
        own = table[table.contrast == contrast].set_index("dataset")
        if len(own):
            method, _, against = contrast.partition(" - ")
            cells = [
                "{difference:+.4f} ({low:+.4f} to {high:+.4f}), {verdict}".format(
                    **own.loc[dataset]
                )
                for dataset in datasets
            ]
            names = [nr.draw.label(one) for one in (method, against)]
            pairs, power = own[["networks", "power"]].min()
            rows.append([" less ".join(names), *cells, f"{pairs:.0f}", f"{power:.2f}"])
    heads = ["difference of", *map(nr.draw.label, datasets), "pairs", "power"]
    note = (
        "power: the share of studies that find a difference of half a standard "
        "deviation of the pairs, before correction"
    )
    return str(nr.draw.text_table(heads, rows, note)["md"])


if __name__ == "__main__":
    TEXT.write_text(filled(TEXT.read_text("utf-8")), encoding="utf-8")
