"""The pages of the reference name all that is public; `make docs` builds them."""

import re
from collections import Counter
from pathlib import Path

import pytest
from small import digits, network

import netrobust as nr
from netrobust.core.registry import Registry
from netrobust.experiments.columns import TABLES as SCORES
from netrobust.stats.columns import KEYS
from netrobust.studies.training import dynamics_table, history_table, receptive_table

DOCS = Path(__file__).parents[1] / "docs"
API = {path.stem: path.read_text("utf-8") for path in DOCS.glob("api/*.rst")}
INDEX = (DOCS / "index.rst").read_text("utf-8")
TABLES = (DOCS / "tables.rst").read_text("utf-8")

PAGE = "\n".join(API.values())
LISTED = Counter(re.findall(r"^   ([\w.]+)$", PAGE, re.MULTILINE))
DATA = Counter(re.findall(r"^\.\. py:data:: (\w+)$", PAGE, re.MULTILINE))
MODULES = re.findall(r"^\.\. automodule:: netrobust\.(\w+)$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("name", nr.__all__)
def test_every_public_name_stands_on_one_page(name):
    if name in ("theory", "draw"):
        assert name in MODULES
        module = getattr(nr, name)
        names = [f"{name}.{one}" for one in module.__all__ if not one.isupper()]
        assert [LISTED[one] for one in names] == [1] * len(names)
    elif name in nr.theory.__all__:
        assert LISTED[f"theory.{name}"] == 1
    elif name not in nr.PERTURBATIONS:  # whose members a directive describes
        assert (LISTED + DATA)[name] == 1


def test_the_pages_list_nothing_else():
    for name in [*LISTED, *DATA]:
        first, _, rest = name.partition(".")
        assert first in nr.__all__, name
        assert not rest or hasattr(getattr(nr, first), rest)


def test_every_family_is_described_member_by_member():
    families = {
        name for name in nr.__all__ if isinstance(getattr(nr, name), Registry)
    } - {"ORDERS"}  # of the members of PERTURBATIONS that remove links
    assert set(re.findall(r"^\.\. family:: (\w+)$", PAGE, re.MULTILINE)) == families
    assert {*nr.ORDERS} <= {*nr.PERTURBATIONS}


def test_every_page_is_reached_from_the_start():
    entries = set(re.findall(r"^   ((?:api/)?\w+)$", INDEX, re.MULTILINE))
    pages = {
        str(path.relative_to(DOCS).with_suffix("")) for path in DOCS.rglob("*.rst")
    }
    made = {page for page in pages if page.startswith(("generated", "_templates"))}
    assert entries == pages - made - {"index"}
    for name in ("tutorial", "your_own_model"):
        assert f"   generated/tutorials/{name}\n" in INDEX


# The table contract


def told(heading):
    """Columns that the page names under a table."""
    part = TABLES.split(f"\n{heading}\n", 1)[1]
    rest = re.split(r"\n(?=\S)", part, maxsplit=1)[0]
    return set(re.findall(r"``(\w+)``", rest))


def test_the_page_reads_all_tables_of_scores_off_their_declarations():
    read = re.findall(r"^ *\.\. columns:: (\w+)$", TABLES, re.MULTILINE)
    assert {*read[:2]} == {"network", "damage"}
    assert {id(SCORES[name]) for name in read[2:]} == {*map(id, SCORES.values())}


def test_the_columns_of_every_table_are_told():
    one, data = [network()], digits()
    tables = {
        "``history``": history_table(one),
        "``dynamics``": dynamics_table(one),
        "``receptive_fields``": receptive_table(one),
        "``measures``": nr.measure(one),
        "``degrees``": nr.degree_table(one),
        "``theory``": nr.theory_table(one, data, [0]),
    }
    for heading, table in tables.items():
        missing = {*table.columns} - {*KEYS} - told(heading) - {*nr.MEASURES}
        assert missing == set(), heading
    scored = nr.percolate(one, data, fractions=[0], replicates=1, images=50)
    curves = nr.summarise(scored, "accuracy", by="fraction")
    section = TABLES.split("\nWhat statistics return\n", 1)[1]
    assert {*curves.columns} - {"fraction"} <= {*re.findall(r"``(\w+)``", section)}
