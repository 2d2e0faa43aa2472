"""The run folder: made, opened, refused; every file whole or absent."""

import errno
import io
import json
import os
import re
from dataclasses import replace
from importlib.metadata import version

import pandas as pd
import pytest
import torch
from small import digits, listing, network, run_with

from netrobust.convert.network import to_graph
from netrobust.core.errors import InputError
from netrobust.graphs.graph import layers, links, read, stack
from netrobust.neural.network import save_network
from netrobust.runs import folder
from netrobust.runs.folder import create_run, open_run
from netrobust.runs.manifest import versions
from netrobust.studies.status import network_states

ABOUT = {"seed": 0, "hidden": (30, 20), "nothing": None}
HASHES = {"mnist-5k": "abc"}
ROWS = pd.DataFrame({"network": ["b", "a"], "epoch": [1, 1], "loss": [0.1, 0.2]})


def test_a_new_run_says_what_it_is_about(tmp_path):
    run = create_run(tmp_path / "deep" / "run", ABOUT, HASHES)
    manifest = json.loads((run.path / "manifest.json").read_text("utf-8"))
    assert manifest.pop("written_by").startswith(f"netrobust {version('netrobust')}, ")
    assert manifest == {
        "schema_version": 1,
        "settings": {"seed": 0, "hidden": [30, 20], "nothing": None},
        "data_sha256": HASHES,
        "versions": versions(),
    }
    assert {"netrobust", "torch", "igraph", "python"} <= versions().keys()
    assert run.networks() == run.tables() == []
    assert network_states(run) == {}


def test_an_empty_folder_becomes_a_run(tmp_path):
    assert create_run(tmp_path, ABOUT, HASHES).path == tmp_path


def test_the_same_run_is_opened_again_and_left_as_it_was(tmp_path):
    first = create_run(tmp_path, ABOUT, HASHES)
    before = listing(tmp_path)
    assert create_run(tmp_path, ABOUT, HASHES) == first == open_run(tmp_path)
    assert listing(tmp_path) == before


def test_a_run_is_opened_that_a_shard_has_made_and_works_in(tmp_path, monkeypatch):
    run = create_run(tmp_path, ABOUT, HASHES)
    before = iter([True, False])  # free to be made, and not made yet
    is_run = folder.is_run
    monkeypatch.setattr(folder, "is_run", lambda path: next(before, is_run(path)))
    with run.held(shared=True):
        assert create_run(tmp_path, ABOUT, HASHES) == run


@pytest.mark.parametrize(
    ("about", "hashes", "difference"),
    [
        ({**ABOUT, "seed": 1}, HASHES, "other settings (seed: 0 there, 1 asked for)"),
        ({**ABOUT, "new": 2}, HASHES, "settings (new: None there, 2 asked for)"),
        (ABOUT, {"mnist-5k": "x"}, "data_sha256 (mnist-5k: abc there, x asked for)"),
    ],
)
def test_another_run_is_refused_and_the_difference_shown(
    tmp_path, about, hashes, difference
):
    create_run(tmp_path, ABOUT, HASHES)
    before = listing(tmp_path)
    with pytest.raises(InputError, match=re.escape(difference)):
        create_run(tmp_path, about, hashes)
    assert listing(tmp_path) == before


def test_a_folder_of_other_things_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    for path in (tmp_path, tmp_path / "thesis.tex"):
        with pytest.raises(InputError, match="exists and is not a run"):
            create_run(path, ABOUT, HASHES)
    with pytest.raises(InputError, match="give another"):
        create_run(tmp_path / "thesis.tex" / "run", ABOUT, HASHES)
    assert list(listing(tmp_path)) == ["thesis.tex"]


def test_what_is_no_run_cannot_be_opened(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"no run at .*nowhere; make one"):
        open_run(tmp_path / "nowhere")
    for path in (tmp_path, tmp_path / "file"):
        with pytest.raises(InputError, match=r"is not a run \(it has no manifest"):
            open_run(path)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "is not the manifest of a run"),
        ("[1]", "is not the manifest of a run"),
        ('{"schema_version": 1}', "is not the manifest of a run"),
        ("\x00", "is not the manifest of a run"),
        (
            '{"schema_version": 2, "settings": {}, "data_sha256": {}, "versions": {}}',
            "has schema version 2, .* this one reads version 1; install netrobust",
        ),
    ],
)
def test_a_manifest_of_another_make_is_named(tmp_path, text, reason):
    (tmp_path / "manifest.json").write_text(text, "utf-8")
    for door in (open_run, lambda path: create_run(path, ABOUT, HASHES)):
        with pytest.raises(InputError, match=rf"manifest\.json {reason}"):
            door(tmp_path)


def test_one_network_of_a_run(tmp_path, monkeypatch):
    run = run_with(tmp_path, "set", "static")
    names = [network("set").name, network("static").name]
    assert [one.name for one in run.networks()] == names
    folder = tmp_path / "networks" / names[1]
    opened = open_run(folder)
    assert opened.path == tmp_path
    assert [one.name for one in opened.networks()] == names[1:]
    monkeypatch.chdir(folder)
    assert [one.name for one in open_run(".").networks()] == names[1:]
    monkeypatch.chdir(folder.parent)
    assert [one.name for one in open_run(names[1]).networks()] == names[1:]


def test_networks_whose_training_was_interrupted_stand_apart(tmp_path):
    run = run_with(tmp_path, "set")
    half = network("static")
    half = replace(half, history=half.history[:1])
    save_network(half, run.network_path(half.name))
    assert [one.name for one in run.networks()] == [network("set").name]
    assert network_states(run) == {
        network("set").name: "finished",
        half.name: f"1 of {half.config.epochs} epochs",
    }
    assert run.has_network(network("set").name)
    assert not run.has_network(half.name)
    assert not run.has_network("nothing")


@pytest.mark.parametrize("name", ["layer-1", "layer-2", "stack"])
def test_graphs_that_are_missing_or_altered_are_not_exported(tmp_path, name):
    run, one = create_run(tmp_path, ABOUT, HASHES), network()
    assert not run.exported(one)
    file = run.export(one, "graphml") / f"{name}.graphml"
    assert run.exported(one)
    content = file.read_bytes()
    for wrong in (content.replace(b"1", b"2", 1), content[: len(content) // 2], b""):
        file.write_bytes(wrong)
        assert not run.exported(one)
    file.unlink()
    assert not run.exported(one)


@pytest.mark.parametrize("suffix", ["graphml", "npz"])
def test_exported_graphs_are_those_of_the_network(tmp_path, suffix):
    run, one = create_run(tmp_path, ABOUT, HASHES), network()
    folder = run.export(one, suffix)
    assert folder == tmp_path / "networks" / one.name / "graphs"
    graph = to_graph(one.model)
    names = [f"layer-1.{suffix}", f"layer-2.{suffix}", f"stack.{suffix}"]
    assert sorted(path.name for path in folder.iterdir()) == names
    parts = [read(folder / name) for name in names[:2]]
    for found, expected in zip(parts, layers(graph), strict=True):
        for a, b in zip(links(found), links(expected), strict=True):
            assert a.tobytes() == b.tobytes()
    whole = read(folder / names[2])
    assert whole.get_edgelist() == stack(parts).get_edgelist() == graph.get_edgelist()
    assert whole.es["weight"] == graph.es["weight"]
    elsewhere = run.export(one, suffix, tmp_path / "elsewhere" / "x")
    assert len(list(elsewhere.iterdir())) == 3


def test_an_exported_network_computes_the_same(tmp_path):
    from netrobust.convert.network import to_model

    run, one = create_run(tmp_path, ABOUT, HASHES), network()
    graph = read(run.export(one, "graphml") / "stack.graphml")
    x = torch.from_numpy(digits().x_test[:100])
    with torch.no_grad():
        assert torch.equal(to_model(graph, like=one.model)(x), one.model(x))


def test_tables_are_sorted_kept_and_listed(tmp_path):
    run = create_run(tmp_path, ABOUT, HASHES)
    assert run.save_table("history", ROWS) == tmp_path / "tables" / "history.parquet"
    assert run.tables() == open_run(tmp_path).tables() == ["history"]
    assert run.table("history").network.tolist() == ["a", "b"]
    assert ROWS.network.tolist() == ["b", "a"]
    assert ROWS.attrs == {}


def test_an_unknown_table_lists_the_known(tmp_path):
    run = create_run(tmp_path, ABOUT, HASHES)
    with pytest.raises(InputError, match="has no table 'nulls'; it has none"):
        run.table("nulls")
    run.save_table("history", ROWS)
    run.save_table("degrees", ROWS)
    with pytest.raises(InputError, match="it has degrees, history; netrobust"):
        run.table("nulls")


def test_a_damaged_table_is_named(tmp_path):
    run = create_run(tmp_path, ABOUT, HASHES)
    path = run.save_table("history", ROWS)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match=r"history\.parquet is not a readable table"):
        run.table("history")


def test_a_table_made_with_other_settings_is_not_replaced(tmp_path):
    run = create_run(tmp_path, ABOUT, HASHES)
    run.save_table("nulls", ROWS, {"replicates": 2, "fractions": (0.0, 1.0)})
    run.save_table("nulls", ROWS[:1], {"replicates": 2, "fractions": [0.0, 1.0]})
    assert len(run.table("nulls")) == 1
    before = listing(tmp_path)
    for settings, shown in (
        ({"replicates": 3, "fractions": [0, 1]}, "replicates: 2 there, 3 asked for"),
        (None, "others are on record"),
    ):
        with pytest.raises(InputError, match=f"other settings .*{shown}.*--name"):
            run.save_table("nulls", ROWS, settings)
    assert listing(tmp_path) == before


@pytest.mark.parametrize("name", ["", "../nulls", "a/b", "..", "/etc/x"])
def test_a_table_stays_among_the_tables(tmp_path, name):
    run = create_run(tmp_path / "run", ABOUT, HASHES)
    with pytest.raises(InputError, match="a table cannot be called"):
        run.save_table(name, ROWS)
    assert sorted(listing(tmp_path)) == [
        "run", "run/lock", "run/manifest.copy.json", "run/manifest.json"
    ]  # fmt: skip


def test_the_log_tells_what_took_how_long(tmp_path):
    run = create_run(tmp_path, ABOUT, HASHES)
    with run.timed("figures"):
        run.note("drew one")
    lines = (tmp_path / "log").read_text("utf-8").splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d drew one", lines[0])
    assert re.search(r" figures: \d+\.\d s$", lines[1])


def test_a_log_that_cannot_be_written_is_one_sentence(tmp_path, monkeypatch):
    run = create_run(tmp_path, ABOUT, HASHES)
    run.note("before")
    with monkeypatch.context() as patched:
        patched.setattr(folder, "opened_to_append", lambda path: Full(path))
        with pytest.raises(InputError, match=r"cannot write .*log: No space .* resume"):
            run.note("full")
    run.note("after")
    lines = (tmp_path / "log").read_text("utf-8").splitlines()
    assert [line.rpartition(" ")[2] for line in lines] == ["before", "after"]


class Full(io.FileIO):
    """A file on a full disk."""

    def __init__(self, path):
        super().__init__(path, "a")

    def write(self, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
