"""The main job end to end: what is written, twice, in parts, on two processes."""

import json
import logging
import re
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from analyses_tables import BASIC
from small import STUDY, digits, listing, netrobust

from netrobust.core.errors import DataUnavailableError, InputError
from netrobust.experiments import attack as attacking
from netrobust.graphs.graph import check, read
from netrobust.neural.network import load_network
from netrobust.runs.folder import create_run, open_run
from netrobust.stats.summary import KEYS, robustness
from netrobust.studies import gallery, training
from netrobust.studies import reproduce as pipeline
from netrobust.studies.gallery import ANALYSES, analysis, drawable, in_grid
from netrobust.studies.presets import PRESETS
from netrobust.studies.report import report
from netrobust.studies.reproduce import reproduce
from netrobust.studies.study import Study

WHOLE = {**STUDY, "fallback": "mnist-5k"}
DRAWN = "learning", "receptive_fields"
TABLES = (
    "degrees", "dynamics", "history", "measures", "nulls", "percolation",
    "receptive_fields", "summary",
)  # fmt: skip


@pytest.fixture(scope="module")
def study():
    return Study(**WHOLE)


@pytest.fixture(scope="module")
def run(study, tmp_path_factory):
    """The job done at one go, in this process."""
    ticks = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gallery, "ANALYSES", DRAWN)  # drawing takes longest
        run = reproduce(
            study,
            tmp_path_factory.mktemp("whole") / "run",
            tick=lambda *counts: ticks.append(counts),
        )
    assert all(0 <= done <= total for _, done, total in ticks)
    last = {stage: (done, total) for stage, done, total in ticks}
    assert last["training networks"] == (7, 7)
    assert last["exporting graphs"] == (4, 4)
    assert last["damaging mnist-5k sparse networks"] == (16, 16)
    assert last["damaging mnist-5k dense networks"] == (4, 4)
    return run


@pytest.fixture
def drawn(monkeypatch):
    """Figures are drawn and not written; their names."""
    names = []
    monkeypatch.setattr(
        "netrobust.studies.gallery.draw.save",
        lambda figure, table, folder, name: names.append(name) or [],
    )
    monkeypatch.setattr("netrobust.studies.report.write_report", lambda *about: None)
    return names


@pytest.fixture
def no_figures(monkeypatch):
    monkeypatch.setattr(pipeline, "present", lambda run: None)


def tables(path):
    files = sorted((path / "tables").glob("*.parquet"))
    return {file.stem: file.read_bytes() for file in files}


def test_a_run_folder_holds_it_all(run, study):
    manifest = json.loads((run.path / "manifest.json").read_text("utf-8"))
    assert manifest["settings"] == json.loads(json.dumps(asdict(study)))
    assert manifest["data_sha256"] == {"mnist-5k": digits().sha256}
    folders = {path.name: path for path in (run.path / "networks").iterdir()}
    assert sorted(folders) == sorted(
        task.name for task in (*study.references(), *study.tasks())
    )
    for name, folder in folders.items():
        found = load_network(folder / "network.safetensors")
        assert (found.name, found.finished) == (name, True)
        graphs = sorted(path.name for path in folder.glob("graphs/*"))
        layers = ["layer-1.graphml", "layer-2.graphml", "stack.graphml"]
        sparse = found.config.sparsifier in ("set", "static")
        assert graphs == (layers if sparse else [])
        kept = sorted(path.name for path in folder.glob("snapshots/*"))
        epochs = (0, 1) if found.config.sparsifier == "dense" else (0, 1, 2)
        assert kept == [f"epoch-{epoch:04d}.safetensors" for epoch in epochs]
    exported = next(iter((run.path / "networks").glob("*-set-*/graphs")))
    for graph in exported.iterdir():
        check(read(graph))
    assert run.tables() == list(TABLES)
    figures = sorted(path.name for path in (run.path / "figures").iterdir())
    files = {f"{name}.{end}" for name in DRAWN for end in ("csv", "pdf", "png")}
    printed = {*DRAWN} - {"receptive_fields"}
    files |= {f"{name}.{end}" for name in printed for end in ("md", "tex")}
    assert figures == sorted(files)
    report = (run.path / "report.html").read_text("utf-8")
    assert re.findall(r'<figure id="run-1-(\w+)"', report) == [*DRAWN]
    log = (run.path / "log").read_text("utf-8")
    for stage in ("trained mnist-5k-set-s1", "export", "damage", "figures"):
        assert stage in log
    assert not [path for path in run.path.rglob(".*") if path.is_file()]


def test_the_tables_hold_a_row_for_everything(run):
    assert len(run.table("history")) == 1 + 6 * 2
    assert len(run.table("dynamics")) == 4 * 2 * 2
    percolation, nulls = run.table("percolation"), run.table("nulls")
    # Two dense networks have no topology to randomise.
    assert len(percolation) == (4 * 2 + 2 * 1) * 2 * 3 * 2
    assert len(nulls) == 4 * (1 + 2 * 2) + 2 * (1 + 1 * 2)
    dense = nulls[nulls.sparsifier == "dense_small"]
    assert set(dense.null_model) == {"none", "shuffle_all"}
    for table in (percolation, nulls):
        assert not table.duplicated(list(KEYS)).any()
        assert set(table.sparsifier) == {"set", "static", "dense_small"}
        assert set(table.dataset) == {"mnist-5k"}
        pd.testing.assert_frame_equal(
            table, table.sort_values(list(KEYS), kind="stable", ignore_index=True)
        )
    assert not {"seconds", "time"} & {*percolation, *nulls, *run.table("history")}


def test_the_summary_is_that_of_the_tables(run):
    summary = run.table("summary").set_index("network")
    assert len(summary) == 7
    for network in run.networks():
        row = summary.loc[network.name]
        assert row.accuracy == network.history.test_accuracy.iloc[-1]
        assert row.links == len(network.model.links()[0])
    curves = run.table("percolation").query("null_model == 'none'")
    areas = robustness(curves).set_index(["perturbation", "network"]).robustness
    for name in ("random", "strongest"):
        expected = areas[f"{name}_links"].dropna()
        assert len(expected) >= 4
        assert summary[f"R_{name}"].dropna().to_dict() == expected.to_dict()


def test_snapshots_are_the_networks_as_they_were_tested(run, study):
    table = run.table("receptive_fields")
    assert len(table) == 4 * 3 * 784
    name = next(task.name for task in study.tasks() if "-set-" in task.name)
    begun, half, last = (
        load_network(run.snapshot_path(name, epoch)) for epoch in (0, 1, 2)
    )
    final = load_network(run.network_path(name))
    assert (last.model.links()[2] == final.model.links()[2]).all()
    assert half.history.test_accuracy.tolist() == (
        final.history.test_accuracy[:1].tolist()
    )
    own = table[(table.network == name) & (table.epoch == 1)].set_index("pixel")
    source, _, weight = half.model.hidden_layers[0].links()
    assert own.degree.tolist() == np.bincount(source, minlength=784).tolist()
    assert own.strength.sum() == pytest.approx(np.abs(weight).sum())
    moved = {*zip(*begun.model.links()[:2], strict=True)} ^ {
        *zip(*last.model.links()[:2], strict=True)
    }
    assert moved


def test_networks_can_be_left_whole(tmp_path, drawn):
    fields = {"damage": False, "networks": 1, "sparsifiers": ["set", "cht@small_world"]}
    study = Study(**{**STUDY, **fields, "reference_epochs": 0})
    run = reproduce(study, tmp_path / "run")
    assert not {"percolation", "nulls"} & {*run.tables()}
    assert {*run.table("summary").sparsifier} == {"set", "cht@small_world"}
    assert {*drawn} == {*BASIC} - {"percolation", "shuffling"}


def test_a_network_that_cannot_begin_stops_the_job_before_it_starts(tmp_path):
    training = {**STUDY["training"], "sparsity": 0.01}
    study = Study(**{**STUDY, "training": training, "sparsifiers": ["set", "cht"]})
    with pytest.raises(InputError, match="'correlated' cannot place 23285 links"):
        reproduce(study, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_second_call_only_looks(run, study, monkeypatch, no_figures):
    before = {part: listing(run.path / part) for part in ("networks", "tables/parts")}
    written = tables(run.path)

    def never(*arguments, **options):
        raise AssertionError("this was done already")

    for work in (
        "studies.training.train",
        "experiments.percolate.Percolation.scored",
        "runs.folder.write",
    ):
        monkeypatch.setattr(f"netrobust.{work}", never)
    again = reproduce(study, run.path)
    assert again == run
    after = {part: listing(run.path / part) for part in before}
    assert after == before
    assert tables(run.path) == written


def _unavailable(name, folder=None):
    if name != "mnist-5k":
        raise DataUnavailableError(f"{name!r} cannot be had")
    return digits()


BIG = {"datasets": ["mnist", "fashion-mnist"], "sparsifiers": ["static"]}


def test_small_data_stand_in_where_a_study_allows_it(
    tmp_path, monkeypatch, caplog, no_figures
):
    monkeypatch.setattr(training, "load", _unavailable)
    training.loaded.cache_clear()
    study = Study(**{**STUDY, **BIG, "fallback": "mnist-5k"})
    with caplog.at_level(logging.WARNING, "netrobust"):
        run = reproduce(study, tmp_path / "run")
    said = [record.getMessage() for record in caplog.records]
    for name in ("mnist", "fashion-mnist"):
        assert f"'{name}' cannot be had; using mnist-5k in its place" in said
    assert run.settings["datasets"] == ["mnist-5k"]
    for name in ("history", "percolation", "nulls", "degrees"):
        assert set(run.table(name).dataset) == {"mnist-5k"}
    assert len(run.networks()) == 1 + 2
    reproduce(study, run.path)


@pytest.mark.parametrize(
    "study", [PRESETS["paper"], Study(**{**STUDY, **BIG})], ids=lambda one: one.name
)
def test_without_a_stand_in_nothing_is_begun(study, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "load", _unavailable)
    with pytest.raises(DataUnavailableError, match="'mnist' cannot be had"):
        reproduce(study, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_more_images_than_there_are_is_said_before_the_training(tmp_path):
    study = Study(**{**STUDY, "images": 1001})
    with pytest.raises(InputError, match=r"^images must be from 1 to 1000"):
        reproduce(study, tmp_path / "run")
    study = Study(**{**STUDY, "attack_images": 1001, "input_attacks": ["fgsm"]})
    with pytest.raises(InputError, match=r"^attack_images must be from 1 to 1000"):
        reproduce(study, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_run_of_another_study_is_left_alone(run, study):
    before = listing(run.path)
    other = replace(study, seed=1)
    with pytest.raises(InputError, match=r"other settings \(seed: 0 there, 1 asked"):
        reproduce(other, run.path)
    assert listing(run.path) == before


def test_a_folder_of_other_things_is_left_alone(study, tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(InputError, match="exists and is not a run"):
        reproduce(study, tmp_path)
    assert list(listing(tmp_path)) == ["thesis.tex"]


def test_figures_need_the_tables_they_show(tmp_path):
    from netrobust.studies.gallery import analysis, draw_figures

    run = create_run(tmp_path / "run", {}, {})
    with pytest.raises(InputError, match="has no table 'history'; it has none"):
        draw_figures(run, tmp_path / "figures")
    with pytest.raises(InputError, match="unknown analysis 'maps'; choose from: learn"):
        draw_figures(run, tmp_path / "figures", ["maps"])
    assert not (tmp_path / "figures").exists()
    for name in ANALYSES:
        assert analysis(name).__doc__


def test_one_figure_can_be_drawn_alone(run, tmp_path):
    from netrobust.studies.gallery import draw_figures

    written = draw_figures(run, tmp_path / "new" / "figures", ["shuffling"])
    names = [f"shuffling.{end}" for end in ("csv", "md", "pdf", "png", "tex")]
    assert sorted(path.name for path in written) == names
    assert sorted(path.name for path in (tmp_path / "new/figures").iterdir()) == names
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="give another folder"):
        draw_figures(run, tmp_path / "file" / "figures", ["shuffling"])


def test_path_is_any_path(tmp_path):
    assert create_run(str(tmp_path / "run"), {}, {}).path == Path(tmp_path, "run")


# The damage suite in small

SUITE = {
    **STUDY,
    "sparsifiers": ["set", "dense_small"],
    "reference_epochs": 0,
    "networks": 1,
    "perturbations": [
        "random_links",
        "strongest_links",
        "links_by_betweenness(recompute=True)",
        "greedy_links",
        "random_neurons",
        "random_pixels",
    ],
    "curve_null_models": ["none"],
    "measures": ["giant_component", "reach", "paths"],
    "replicates": 1,
    "null_replicates": 1,
    "retrained": ["erdos_renyi"],
    "input_attacks": ["fgsm"],
    "eps": [0, 0.1],
    "attack_images": 50,
    "theory": True,
    "recovery": [0.5],
    "recovery_epochs": 2,  # after the last one no link moves
    "fallback": "mnist-5k",
}
FURTHER = {  # columns beside the keys that tell rows apart
    "attacks": ["attack", "eps"],
    "nulls": [],
    "percolation": [],
    "recovery": ["mode", "epoch"],
    "retrained": [],
    "theory": [],
}


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    """The whole suite at one go; figures are drawn and not written."""
    drawn = []

    def save(figure, table, folder, name):
        drawn.append(name)
        return []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("netrobust.studies.gallery.draw.save", save)
        patch.setattr("netrobust.studies.report.write_report", lambda *about: None)
        run = reproduce(Study(**SUITE), tmp_path_factory.mktemp("suite") / "run")
    left_out = {
        "predictors", "statistics", "claims", "along_training", "partial_shuffles",
        "grid", "scaling", "variance_components", "tuning",
    }  # fmt: skip
    assert drawn == [one for one in ANALYSES if one not in left_out]
    return run


def test_the_suite_gives_every_table_with_keys_of_its_own(suite):
    assert suite.tables() == sorted({*TABLES, *FURTHER})
    for name, further in FURTHER.items():
        table = suite.table(name)
        keys = [key for key in KEYS if key in table] + further
        assert not table.duplicated(keys).any(), name
        assert {*keys} >= {"network", "dataset", "network_seed"}
        assert table.network.notna().all()


def test_the_tables_of_the_suite_hold_what_was_asked_for(suite):
    found = {name: suite.table(name) for name in FURTHER}
    curves = found["percolation"]
    assert set(curves.perturbation) == set(SUITE["perturbations"])
    assert len(curves) == 2 * 6 * 3
    assert {"reach", "paths"} <= {*curves}
    again = found["retrained"]
    assert again[["null_model", "retrained", "sparsifier"]].values.tolist() == [
        ["erdos_renyi", True, "set"],
        ["none", True, "set"],
    ]
    assert not found["nulls"].retrained.any()
    attacks = found["attacks"]
    assert attacks[["sparsifier", "attack", "eps", "images"]].values.tolist() == [
        [name, "fgsm", eps, 50] for name in ("dense_small", "set") for eps in (0, 0.1)
    ]
    healed = found["recovery"]
    kinds = sorted(map(tuple, healed[["sparsifier", "mode", "epoch"]].values.tolist()))
    assert kinds == [
        *(("dense_small", "frozen", epoch) for epoch in (0, 1, 2)),
        *(
            ("set", mode, epoch)
            for mode in ("adaptive", "frozen")
            for epoch in (0, 1, 2)
        ),
    ]
    assert set(healed.fraction) == {0.5}
    assert found["theory"].fraction.tolist() == SUITE["fractions"]
    assert set(found["theory"].sparsifier) == {"set"}


def test_two_jobs_write_the_same_tables(suite, tmp_path, no_figures):
    other = reproduce(Study(**SUITE), tmp_path / "run", jobs=2)
    assert tables(other.path) == tables(suite.path)


def test_an_interrupted_suite_goes_on_to_the_same_tables(
    suite, tmp_path, monkeypatch, no_figures
):
    class Stopped(Exception):
        pass

    def stop(stage, done, total):
        if stage.startswith("healing") and done == 1:
            raise Stopped

    path = tmp_path / "run"
    with pytest.raises(Stopped):
        reproduce(Study(**SUITE), path, tick=stop)
    assert {*open_run(path).tables()} & {*FURTHER} == {*FURTHER} - {"recovery"}
    kept = listing(path / "tables/parts")
    assert kept

    def never(*arguments):
        raise AssertionError("this was done already")

    for module, name in (
        (attacking, "evaluate"),
        ("netrobust.experiments.percolate", "retrained"),
    ):
        target = module if isinstance(module, str) else module.__name__
        monkeypatch.setattr(f"{target}.{name}", never)
    reproduce(Study(**SUITE), path)
    now = listing(path / "tables/parts")
    assert {name: now[name] for name in kept} == kept
    assert len(now) > len(kept)
    assert tables(path) == tables(suite.path)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"input_attacks": ["x"]}, "unknown input attack 'x'; choose from: fgsm, pgd"),
        ({"retrained": ["x"]}, "unknown null model 'x'; choose from: none"),
        ({"retrained": ["none", "none"]}, "retrained must not repeat a name; got"),
        (
            {"input_attacks": ["pgd", "pgd"]},
            "input_attacks must not repeat a name; got",
        ),
        ({"input_attacks": ["fgsm(steps=2)"]}, "input attack 'fgsm' has no option"),
        ({"eps": [-0.1]}, "Study.eps.0: input should be greater than or equal to 0; "),
        ({"eps": [float("nan")]}, "Study.eps.0: input should be a finite number"),
        ({"eps": []}, "eps must rise without repeats; got []"),
        ({"eps": [0.1, 0]}, "eps must rise without repeats; got [0.1, 0"),
        ({"eps": [0, 0]}, "eps must rise without repeats; got [0"),
        (
            {"input_attacks": ["pixel_dropout"], "eps": [2]},
            "eps must be a number in [0, 1]; got 2",
        ),
        ({"recovery": [1.5]}, "Study.recovery.0: input should be less than or equal"),
        ({"recovery": [-0.5]}, "Study.recovery.0: input should be greater than or eq"),
        ({"recovery": [0.9, 0.5]}, "recovery must rise without repeats; got [0.9, 0.5"),
        ({"recovery_epochs": 0}, "Study.recovery_epochs: input should be greater"),
        ({"attack_images": 0}, "Study.attack_images: input should be greater than or"),
        ({"retrained_replicates": 0}, "Study.retrained_replicates: input should be"),
        ({"theory": "maybe"}, "Study.theory: input should be a valid boolean"),
    ],
    ids=str,
)
def test_a_bad_field_of_the_suite_is_one_sentence(fields, message):
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        Study(**{**SUITE, **fields})
    assert "\n" not in str(caught.value)


def test_a_figure_that_has_too_little_is_refused_at_the_command_line(run):
    words = "figures", run.path, "--out", "new", "--only"
    done = netrobust(*words, "attacks", cwd=run.path.parent)
    assert (done.code, done.out) == (2, "")
    (sentence,) = done.err.splitlines()
    assert sentence.startswith(f"netrobust: {run.path} has too little for 'attacks', ")
    done = netrobust(*words, "adversarial", cwd=run.path.parent)
    assert done.code == 2
    assert "has no table 'attacks'; it has degrees" in done.err
    assert not (run.path.parent / "new").exists()


# Grids and further curves


GRID = {
    **STUDY,
    "sparsifiers": ["set"],
    "networks": 1,
    "reference_epochs": 0,
    "training": {"hidden": [40], "epochs": 2},
    "grid": [{"sparsity": [0.9], "zeta": [0.1]}, {"sparsity": [0.9], "zeta": [0.3]}],
    "snapshots": [0, 1],
    "theory": True,
    "perturbations": ["random_links"],
    "curve_null_models": ["none"],
    "curves": {
        "head": {"scope": "per_layer+head"},
        "then": {"snapshots": [0, 1], "sparsifiers": ["set"]},
    },
}


@pytest.fixture(scope="module")
def gridded(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "present", lambda run: None)
        return reproduce(Study(**GRID), tmp_path_factory.mktemp("grid") / "run")


def test_every_table_of_a_grid_says_where_in_it(gridded):
    for name in gridded.tables():
        table = gridded.table(name)
        assert set(table.zeta) == {0.1, 0.3}
        assert table.groupby("network").zeta.nunique().eq(1).all()
    heads = gridded.table("curves_head")
    assert set(heads.scope) == {"per_layer+head"}
    assert (heads.query("fraction == 1").accuracy < 0.3).all()


PLACES = {f"set(sparsity=0.9,zeta={zeta})" for zeta in (0.1, 0.3)}


def test_a_report_tells_the_places_in_a_grid_apart(gridded, tmp_path, monkeypatch):
    monkeypatch.setattr("netrobust.studies.report.drawable", lambda run: [])
    text = report(gridded, tmp_path / "report.html").read_text("utf-8")
    assert all(f">{place}<" in text for place in PLACES)


def test_analyses_tell_the_places_in_a_grid_apart(gridded):
    assert in_grid(gridded) is not gridded
    shown = drawable(gridded)
    assert {"grid", "scaling", "learning", "percolation", "degrees"} <= set(shown)
    for name in shown:
        table = analysis(name).compute(in_grid(gridded))
        if name == "scaling":
            assert set(table.sparsifier) == {"set"}
            assert set(table.place) == {0.1, 0.3}
        elif "sparsifier" in table:
            assert set(table.sparsifier) == PLACES, name


def test_curves_along_the_training_start_untrained_and_end_as_the_trained(gridded):
    along, last = gridded.table("curves_then"), gridded.table("percolation")
    assert set(along.epoch) == {0, 2}
    ended = along.query("epoch == 2").drop(columns="epoch").reset_index(drop=True)
    pd.testing.assert_frame_equal(ended, last)
    intact = along.query("fraction == 0").groupby("epoch").accuracy.mean()
    assert intact[0] < 0.3
    assert intact[2] > 0.5
