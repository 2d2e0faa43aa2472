"""The gallery says what its tables say: every number is computed anew."""

import re
import tomllib

import pandas as pd
import pytest
from gallery_text import FIGURES, TEXT, bare, filled

from netrobust.studies.gallery import analysis
from netrobust.studies.presets import PRESETS, changed

#: Sections whose numbers no table here has: settings, trials and published values.
SETTINGS = ("The runs", "5. accuracy")
#: Numbers that are no result.
NAMES = re.compile(
    r"784-1000-1000-1000-10|f50|\d{4}\.\d{5}|9[59]% (?:bands|sparse)|\d+ epochs"
)

pytestmark = pytest.mark.skipif(
    not FIGURES.is_dir(), reason="the gallery is in the repository alone"
)


def test_every_table_of_the_text_is_that_of_its_csv():
    text = TEXT.read_text("utf-8")
    assert text.count("<!-- end -->") > 10
    assert filled(text) == text, "run python tests/gallery_text.py"


def test_no_number_of_the_text_stands_outside_of_its_tables():
    for section in bare(TEXT.read_text("utf-8")).split("\n## "):
        heading, _, text = section.partition("\n")
        if not heading.startswith(SETTINGS):
            plain = re.sub(
                r"`[^`]*`|```.*?```|\]\([^)]*\)|<!--.*?-->", "", text, flags=re.S
            )
            assert not re.findall(r"\d\S*", NAMES.sub("", plain)), heading


def test_the_printed_tables_are_those_of_the_csvs():
    found = sorted(FIGURES.glob("**/*.md"))
    for path in found:
        if path != TEXT:
            printed = analysis(path.stem).texts(pd.read_csv(path.with_suffix(".csv")))
            assert path.read_text("utf-8") == printed["md"]
            assert path.with_suffix(".tex").read_text("utf-8") == printed["tex"]
    assert len(found) > 3


def test_the_settings_beside_the_figures_make_a_study():
    found = sorted(FIGURES.glob("*/study.toml"))
    for path in found:
        text = path.read_text("utf-8")
        preset, own = re.findall(r"--preset (\w+) --config figures/(\w+)/", text)[0]
        assert own == path.parent.name
        study = changed(PRESETS[preset], tomllib.loads(text))
        methods = set()
        for table in map(pd.read_csv, path.parent.glob("*.csv")):
            methods.update(table.get("sparsifier", ()))
            for contrast in table.get("contrast", ()):
                methods.update(contrast.split(" - "))
        assert methods == {*study.sparsifiers}, own
    assert len(found) >= 4
