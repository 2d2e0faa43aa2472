"""The tutorials run, and what they tell is so."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from netrobust.graphs.graph import links
from netrobust.studies.gallery import ANALYSES

ROOT = Path(__file__).parents[1]
TUTORIALS = ("tutorial", "your_own_model", "your_own_graph")


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def played(tmp_path, monkeypatch, capsys, one_thread):
    """Run a tutorial in an empty folder; give its names and what it printed."""

    def play(name):
        monkeypatch.chdir(tmp_path)
        torch.manual_seed(0)
        names = runpy.run_path(str(ROOT / f"analyses/{name}.py"), run_name="__main__")
        files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*"))
        assert files == [
            name,
            *(f"{name}/damage.{end}" for end in ("csv", "pdf", "png")),
        ]
        return names, capsys.readouterr()

    return play


def mean(table, value, *keys):
    return table.groupby(list(keys))[value].mean()


@pytest.mark.slow
def test_the_tutorial_tells_what_is_so(played):
    names, said = played("tutorial")
    assert said.err == ""
    assert "reloaded, it scores the same: True" in said.out
    assert names["learnt"].test_accuracy.min() > 0.85

    accuracy = mean(names["damage"], "accuracy", "perturbation", "fraction")
    assert accuracy["weakest_links"][0.5] > accuracy["random_links"][0.5] + 0.3
    assert accuracy["random_links"][0.1] > accuracy["strongest_links"][0.1] + 0.3
    gaps = names["halves"].set_index("perturbation")
    assert (gaps.gap > 0.05).all()
    assert gaps.structure_kept["random_links"].min() > 0.95

    beside = names["beside"]
    for name, close in (("giant_component", 0.02), ("reach", 0.06)):
        apart = beside[f"{name}, measured"] - beside[f"{name}, theory"]
        assert apart.abs().max() < close
    nulls = mean(names["nulls"], "accuracy", "null_model")
    assert nulls["none"] > 0.85
    assert nulls["shuffle_by_sign"] > max(
        nulls["shuffle_all"], nulls["degree_preserving"]
    )
    assert max(nulls["shuffle_all"], nulls["degree_preserving"]) < 0.2


@pytest.mark.slow
def test_a_pruned_model_goes_through_damage_and_back(played):
    names, said = played("your_own_model")
    assert said.err == ""
    assert "unchanged, bit for bit: True" in said.out
    module, evaluate = names["perceptron"], names["evaluate"]
    masked = [int(part.weight_mask.sum()) for part in (module[1], module[3])]
    assert [layer.ecount() for layer in names["layers"]] == [*masked, 1000]
    assert masked == [7840, 1000]

    intact = evaluate(module)["accuracy"]
    damage, nulls = names["damage"], names["nulls"]
    assert (damage[damage.fraction == 0].accuracy == intact).all()
    assert intact > 0.85
    accuracy = mean(damage, "accuracy", "perturbation", "fraction")
    assert accuracy["random_links"][0.3] > accuracy["strongest_links"][0.3] + 0.1
    kept = mean(nulls, "accuracy", "null_model")
    assert kept["none"] == intact
    assert kept["shuffle_by_sign"] > kept["shuffle_all"] + 0.3

    first, hubs = names["first"], names["hubs"]
    degree = np.array(first.outdegree())
    assert hubs.ecount() == first.ecount() - degree[degree > 30].sum()
    assert (degree[links(hubs)[0]] <= 30).all()
    without = said.out.partition("without them: ")[2].partition("\n")[0]
    assert without not in ("", str(evaluate(module)))
    channels = names["channels"]
    assert (channels[channels.fraction == 0].removed == 0).all()
    assert channels[channels.fraction == 0].accuracy.min() > 0.85


@pytest.mark.slow
def test_southern_women_are_clustered_beyond_their_degrees(played):
    names, said = played("your_own_graph")
    assert said.err == ""
    nulls, graph = names["nulls"], names["graph"]
    assert (len(nulls), graph.ecount()) == (201, 89)
    assert set(nulls.null_model) == {"none", "erdos_renyi", "degree_preserving"}
    own = nulls[nulls.null_model == "none"].clustering.item()
    drawn = nulls[nulls.null_model == "degree_preserving"].clustering
    assert own > drawn.mean() + 2 * drawn.std()
    left = mean(names["damage"], "giant_component", "perturbation", "fraction")
    assert left["targets_by_degree"][0.5] < left["random_sources"][0.5]
    assert names["drawn"].vs["name"] == graph.vs["name"]
    assert names["drawn"].indegree() == graph.indegree()


@pytest.mark.parametrize("name", TUTORIALS)
def test_tutorials_are_no_figures_of_a_run(name):
    assert name not in ANALYSES


# The pages that `make docs` makes of them

SCRIPT = '''"""Notes on one. More of it.

A paragraph.
"""
# %% Begin
# Text with `a_name`,
# on two lines.

import os
from matplotlib.figure import Figure

print("one", os.listdir())

# %% Draw
figure = Figure()
figure.add_subplot().plot([0, 1])
# a comment within code
open("written", "w").close()

# %% The end
# Text alone.
'''


@pytest.fixture
def notes(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import notes

    yield notes
    del sys.modules["notes"]


def test_a_script_is_taken_apart_at_its_cells(notes):
    first, begin, draw, end = notes.cells(SCRIPT)
    assert (first.heading, first.text) == ("", "")
    assert first.code.startswith('"""Notes on one.')
    assert (begin.heading, begin.text) == (
        "Begin",
        "Text with `a_name`,\non two lines.",
    )
    assert "a comment within code" in draw.code
    assert end == ("The end", "Text alone.", "")


@pytest.mark.parametrize(
    ("code", "ends"),
    [
        ("x = 1\nprint(x)", "x = 1\nx"),
        ("print(x.round(2).to_string(index=False))", "x.round(2)"),
        ("print(1, 2)", "print(1, 2)"),
        ("print(f'{1:.2f}')", "print(f'{1:.2f}')"),
        ("figure = Figure()", "figure = Figure()\n\nfigure"),
    ],
)
def test_a_cell_ends_with_what_it_shows(notes, code, ends):
    assert notes.shown(code) == ends


def test_a_notebook_has_the_cells_of_the_script(notes):
    made = notes.notebook(SCRIPT)
    parts = [(one["cell_type"], one["source"]) for one in made["cells"]]
    assert parts[0] == ("markdown", "# Notes on one. More of it\n\nA paragraph.")
    assert parts[2] == ("markdown", "## Begin\n\nText with `a_name`,\non two lines.")
    assert [kind for kind, _ in parts] == [
        "markdown", "code", "markdown", "code", "markdown", "code", "markdown"
    ]  # fmt: skip
    _, *code = [source for kind, source in parts if kind == "code"]
    assert code == [cell.code for cell in notes.cells(SCRIPT) if cell.code][1:]


def test_a_page_shows_text_code_output_and_figures(notes, tmp_path):
    made = notes.notebook(SCRIPT)
    begin, draw = (one for one in made["cells"] if one["id"].startswith("code-"))
    begin["outputs"] = [{"text": "one "}, {"text": "[]\n"}]
    image = {"data": {"image/png": "QUJD"}, "metadata": {"image/png": {"width": 80}}}
    draw["outputs"] = [{"data": {"text/html": "<table>", "text/plain": "x"}}, image]
    page = notes.page(SCRIPT, made, "walk", tmp_path)
    assert (tmp_path / "walk-1.png").read_bytes() == b"ABC"
    assert page.startswith(
        ".. currentmodule:: netrobust\n\nNotes on one. More of it\n==="
    )
    order = [
        "A paragraph.", "Begin\n-----", "Text with `a_name`,\non two lines.",
        ".. code-block:: python\n\n   import os", ".. code-block:: none\n\n   one []",
        "Draw\n----", ".. raw:: html", "<table>", ".. image:: walk-1.png",
        "The end\n-------", "Text alone.", ":download:`notebook <walk.ipynb>`",
    ]  # fmt: skip
    places = [page.index(part) for part in order]
    assert places == sorted(places)
    assert page.count("image::") == 1
