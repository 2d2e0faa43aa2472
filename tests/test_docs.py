"""The pages name all that is public, and what they show runs."""

import re
import shlex
import sys
import textwrap
import tomllib
from collections import Counter
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from small import digits, network
from typer.main import get_command

import netrobust as nr
from netrobust.cli.options import app
from netrobust.core.registry import Registry
from netrobust.experiments.columns import TABLES as SCORES
from netrobust.stats.columns import KEYS
from netrobust.studies.gallery import ANALYSES
from netrobust.studies.presets import changed
from netrobust.studies.training import dynamics_table, history_table, receptive_table

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
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
    entries = set(re.findall(r"^   ((?:api/|howto/)?\w+)$", INDEX, re.MULTILINE))
    pages = {
        str(path.relative_to(DOCS).with_suffix(""))
        for suffix in ("rst", "md")
        for path in DOCS.rglob(f"*.{suffix}")
    }
    made = {page for page in pages if page.startswith(("generated", "_templates"))}
    assert entries == pages - made - {"index"}
    for name in ("tutorial", "your_own_model", "your_own_graph"):
        assert f"   generated/tutorials/{name}\n" in INDEX


# What the pages show

SHOWN = {
    path.name: path.read_text("utf-8")
    for path in (ROOT / "README.md", *DOCS.glob("*.rst"), *DOCS.glob("howto/*.rst"))
}
# Needs packages of a cluster.
NOT_RUN = {"cluster.rst"}


def blocks(text, language):
    """The code of a page, in reStructuredText or in Markdown."""
    rst = rf"^\.\. code-block:: {language}\n\n((?:(?:   .*)?\n)+)"
    found = re.findall(rst, text, re.MULTILINE)
    found += re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(code) for code in found]


def pages_with(language):
    return sorted(name for name, text in SHOWN.items() if blocks(text, language))


def commands():
    """Every line of the pages that calls the command."""
    for name, text in SHOWN.items():
        for block in blocks(text, "bash"):
            for line in block.replace("\\\n", "").splitlines():
                words = shlex.split(line, comments=True)
                if words[:1] == ["netrobust"]:
                    yield pytest.param(words[1:], id=f"{name}: {line}")


@pytest.fixture
def of_docs(monkeypatch):
    """Import a module of the folder docs, and forget it."""
    monkeypatch.syspath_prepend(str(DOCS))
    found = []

    def load(name):
        found.append(name)
        return import_module(name)

    yield load
    for name in found:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("name", pages_with("python"))
def test_python_on_the_pages_runs(name, tmp_path, monkeypatch):
    code = "\n".join(blocks(SHOWN[name], "python"))
    compiled = compile(code, name, "exec")
    if name in NOT_RUN:
        return
    train = nr.train

    def small_train(data, config, seed):
        return train(data, config, seed) if data.name == "mine" else network()

    monkeypatch.setattr(nr, "train", small_train)
    monkeypatch.chdir(tmp_path)
    exec(compiled, {"__name__": "__main__"})


@pytest.mark.parametrize("words", [*commands()])
def test_commands_on_the_pages_have_these_options(words):
    if words[0] == "--own":  # stands before the verb
        words = words[2:]
    verb = get_command(app).commands[words[0]]
    verb.make_context(words[0], words[1:])


def test_configuration_files_on_the_pages_are_accepted():
    study, grid, scan, tuning, tuned, curves, training = blocks(
        SHOWN["configuration.rst"], "toml"
    )
    assert changed(nr.PRESETS["quick"], tomllib.loads(study)).networks == 10
    assert len(changed(nr.PRESETS["quick"], tomllib.loads(grid)).tasks()) == 4 * 5
    for task in changed(nr.PRESETS["quick"], tomllib.loads(scan)).tasks():
        if not task.config.method.dense:
            links = np.array(task.config.links((784, *task.config.hidden, 10)))
            assert links / task.config.hidden == pytest.approx(10, abs=0.05)
    held_out = tomllib.loads(tuning) | {"datasets": ["mnist"]}
    assert len(changed(nr.PRESETS["quick"], held_out).tasks()) == 2 * 4 * 2
    own = changed(nr.PRESETS["quick"], tomllib.loads(tuned))
    assert {task.config.weight_decay for task in own.tasks()} == {2e-4, 5e-4}
    tables = changed(nr.PRESETS["quick"], tomllib.loads(curves)).percolations()
    assert {"curves_head", "curves_training"} < {*tables}
    assert nr.TrainConfig(**tomllib.loads(training)).epochs == 50


def test_the_full_configuration_file_says_every_default(of_docs):
    text = of_docs("settings_keys").example()
    given = tomllib.loads(text)
    assert nr.TrainConfig(**given["training"]) == nr.TrainConfig()
    assert changed(nr.Study(networks=7), given).networks == nr.Study().networks
    for name in (*nr.Study.__pydantic_fields__, *nr.TrainConfig.__pydantic_fields__):
        assert re.search(rf"^(# )?{name} = |^\[{name}\]$", text, re.MULTILINE), name


@pytest.mark.skipif(
    not (ROOT / "figures").is_dir(), reason="the gallery is in the repository alone"
)
def test_every_figure_has_a_place_in_the_gallery(of_docs):
    gallery = of_docs("gallery_pages")
    entries = gallery.entries()
    assert {one.name for one in entries} == {*ANALYSES}
    for one in entries:
        page = gallery.page(one)
        shown = re.findall(r"!\[.*\]\((.+)\)", page)
        assert f"../../../figures/{one.image}" in shown
        assert all(
            (ROOT / "docs/generated/gallery" / path).resolve().is_file()
            for path in shown
        )
        assert "literalinclude" in page


def test_all_files_name_one_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    version = project["project"]["version"]
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"\nversion: {version}\n" in citation
    assert re.search(r"^## \[([\d.]+)\]", changes, re.MULTILINE)[1] == version


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
