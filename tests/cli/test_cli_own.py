"""Functions of the user's own from the command line, with two jobs."""

import json

import pytest
from small import NO_FIGURES, STUDY, netrobust, run_with, toml

from netrobust.runs.folder import open_run

MINE = """
import numpy as np
import netrobust as nr


def neighbour_degree(graph):
    "Mean out-degree."
    return float(np.mean(graph.outdegree()))


@nr.removal
def links_of_hubs(graph, rng):
    "Remove the links of the largest sources first."
    source = nr.Links.of(graph).source
    size = np.bincount(source)[source]
    return np.lexsort((rng.random(len(size)), -size))


@nr.null_model(conserves=("topology",))
def unsigned(layer, rng):
    "Make every weight positive."
    drawn = layer.copy()
    drawn.es["weight"] = np.abs(layer.es["weight"]).tolist()
    return drawn


def few(*, rest=0):
    "Keep all links where they are."
    return nr.sparsifier("static")


def spread(*, shift=0):
    "Place links as Erdos and Renyi do."
    return nr.topology("erdos_renyi")


def digits():
    "Some of the digits."
    data = nr.load("mnist-5k")
    parts = data.x_train[:500], data.y_train[:500], data.x_test[:99], data.y_test[:99]
    return nr.Dataset.from_arrays(*parts)
"""

SWEEP = (
    "percolate run --measure mine.py:neighbour_degree --perturbation "
    "mine.py:links_of_hubs --null-model none --null-model mine.py:unsigned "
    "--fractions 0,0.5 --replicates 1 --images 50 --json"
)


@pytest.fixture
def home(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    return tmp_path


def test_a_measure_a_removal_and_a_null_model_with_two_jobs(home):
    run_with(home / "run", "set")
    done = netrobust(*SWEEP.split(), "--jobs", 2, cwd=home)
    assert done.code == 0, done.err
    rows = json.loads(done.out)
    assert {row["null_model"] for row in rows} == {"none", "unsigned"}
    assert {row["perturbation"] for row in rows} == {"links_of_hubs"}
    whole, half = (row["neighbour_degree"] for row in rows[:2])
    assert half == pytest.approx(whole / 2, rel=0.01)
    table = open_run(home / "run").table("percolation")
    assert table.attrs["settings"]["measures"] == ["mine.py:neighbour_degree"]
    alone = netrobust(*SWEEP.split(), "--name", "alone", cwd=home)
    assert json.loads(alone.out) == rows


def test_a_study_of_functions_of_ones_own_and_who_may_open_it(home):
    fields = {
        **STUDY, "datasets": ["mine.py:digits"],
        "sparsifiers": ["mine.py:few(rest=1)@mine.py:spread"],
        "measures": ["giant_component", "mine.py:neighbour_degree"],
        "perturbations": ["random_links", "mine.py:links_of_hubs"],
        "null_models": ["mine.py:unsigned"], "reference_epochs": 0, "images": 50,
    }  # fmt: skip
    (home / "study.toml").write_text(toml(fields))
    words = ["reproduce", "--config", "study.toml", "--out", "run", "--jobs", 2]
    done = netrobust(*words, "--json", cwd=home, first=NO_FIGURES)
    assert done.code == 0, done.err
    (one, other) = json.loads(done.out)
    assert one["dataset"] == other["dataset"] == "digits"
    assert one["sparsifier"].startswith("few(rest=1)@spread")
    assert {"R_random", "R_links_of_hubs"} <= one.keys()

    refused = netrobust("status", "run", cwd=home)
    assert refused.code == 2
    assert "--own mine.py:" in refused.err
    names = "few", "spread", "digits", "links_of_hubs", "neighbour_degree", "unsigned"
    given = [word for name in names for word in ("--own", f"mine.py:{name}")]
    told = netrobust(*given, "status", "run", "--json", cwd=home)
    assert told.code == 0, told.err
    assert json.loads(told.out)["networks finished"] == 2
    words = ["percolate", "run", "--images", 20, "--replicates", 1, "--name", "more"]
    asked = netrobust(*given, *words, "--fractions", "0,1", cwd=home)
    assert asked.code == 2
    assert "--dataset FILE.py:digits" in asked.err
    done = netrobust(
        *given, *words, "--fractions", "0,1", "--dataset", "mine.py:digits", cwd=home
    )
    assert done.code == 0, done.err
