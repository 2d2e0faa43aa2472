"""The gallery says what its tables say: every number of the claims is computed anew."""

import re
from pathlib import Path

import pandas as pd
import pytest

import netrobust as nr
from netrobust.studies.gallery import analysis

FIGURES = Path(__file__).parents[1] / "figures"
TABLE = FIGURES / "paper" / "claims.csv"

#: A sentence about one row: measure, data set, methods, difference with its interval.
STATED = re.compile(
    r"(?P<measure>\w[\w @(),=.-]*), (?P<dataset>[\w-]+), (?P<methods>.+? less .+?): "
    r"(?P<difference>[+-][\d.]+) \((?P<low>[+-][\d.]+) to (?P<high>[+-][\d.]+)\), "
    r"n = (?P<networks>\d+), power (?P<power>[\d.]+), (?P<verdict>[a-z ]+)\."
)

pytestmark = pytest.mark.skipif(
    not FIGURES.is_dir(), reason="the gallery is in the repository alone"
)


def section():
    text = (FIGURES / "README.md").read_text("utf-8")
    return text.split("<!-- claims -->")[1].split("<!-- end of claims -->")[0]


def stated(row):
    """What the text says of a row of the table."""
    method, _, against = row.contrast.partition(" - ")
    what, at, strength = row.measure.partition(" at ")
    return {
        "measure": f"{nr.draw.label(what)}{at}{strength}",
        "dataset": nr.draw.label(row.dataset),
        "methods": f"{nr.draw.label(method)} less {nr.draw.label(against)}",
        **{name: f"{row[name]:+.4f}" for name in ("difference", "low", "high")},
        "networks": str(row.networks),
        "power": f"{row.power:.2f}",
        "verdict": row.verdict,
    }


def test_every_number_about_the_claims_is_that_of_their_table():
    known = [stated(row) for _, row in pd.read_csv(TABLE).iterrows()]
    said = [found.groupdict() for found in STATED.finditer(section())]
    assert said
    for one in said:
        assert one in known
    rest = re.sub(r"`[^`]*`", "", STATED.sub("", section()))
    assert not re.findall(r"\d", rest), "a number that no table was asked for"


def test_the_printed_claims_are_those_of_the_table():
    table = pd.read_csv(TABLE)
    for suffix, text in analysis("claims").texts(table).items():
        assert (TABLE.with_suffix(f".{suffix}")).read_text("utf-8") == text
