"""Shards of one job in one folder, and their merging; what `status` tells of them."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from itertools import chain

import pytest
from small import STUDY, listing, netrobust, network, run_with, toml, typed

from netrobust.core.errors import InputError, UnfinishedError
from netrobust.runs.folder import open_run
from netrobust.runs.ledger import Ledger, Shard, failures, listed
from netrobust.runs.shards import at_work, states
from netrobust.studies import reproduce as pipeline
from netrobust.studies.reproduce import merge, reproduce
from netrobust.studies.status import network_states, status, study_of, table_states
from netrobust.studies.study import Study

TINY = {
    **STUDY,
    "sparsifiers": ["set", "dense_small"],
    "reference_epochs": 1,
    "training": {"hidden": [20], "sparsity": 0.9, "epochs": 1},
    "images": 50,
    "recovery": [0.5],
    "recovery_epochs": 2,  # after the last one no link moves
    "theory": True,
}
SWEEP = ["percolate", "run", "--images", 50, "--replicates", 2, "--quiet"]
SWEEP += ["--fractions", "0,0.5,1", "--perturbation", "strongest_links"]
SWEEP += ["--perturbation", "random_links", "--null-model", "none"]
SWEEP += ["--null-model", "shuffle_all"]


@pytest.fixture(autouse=True)
def no_figures(monkeypatch):
    monkeypatch.setattr(pipeline, "present", lambda run: None)


@pytest.fixture(scope="module")
def study():
    return Study(**TINY)


@pytest.fixture(scope="module")
def whole(study, tmp_path_factory):
    """The job done at one go."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "present", lambda run: None)
        return reproduce(study, tmp_path_factory.mktemp("whole") / "run")


@pytest.fixture(scope="module")
def shared(study, tmp_path_factory):
    """A run whose three shards are done, the last one first."""
    path = tmp_path_factory.mktemp("shared") / "run"
    seen = []
    for number in (3, 1, 2):
        run = reproduce(study, path, shard=Shard(number, 3))
        seen.append({*listing(path / "tables/parts")})
        assert run.tables() == []
    assert seen[0] < seen[1] < seen[2]
    return run


def tables(path):
    files = sorted((path / "tables").glob("*.parquet"))
    return {file.name: file.read_bytes() for file in files}


@pytest.mark.parametrize("count", [1, 2, 3, 7, 20])
def test_shards_are_disjoint_equal_and_all(count):
    units = [f"unit {n}" for n in range(11)]
    shards = [Shard(number, count).of(units) for number in range(1, count + 1)]
    assert sorted(chain(*shards)) == sorted(units)
    sizes = [len(one) for one in shards]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(
    "text",
    ["3/2", "0/4", "a/b", "", "/", "1", "1/", "/2", "-1/2", "1/0", "1/2/3", "1.0/2"],
)
def test_a_malformed_shard_is_refused(text):
    with pytest.raises(InputError, match="a shard is a number and a count, from 1/n"):
        Shard.parse(text)


def test_merged_shards_are_the_job_done_at_one_go(whole, shared, tmp_path):
    path = shutil.copytree(shared.path, tmp_path / "run")
    assert merge(open_run(path)) == open_run(path)
    assert tables(path) == tables(whole.path)
    assert {"theory", "recovery", "summary"} <= {*open_run(path).tables()}
    for network_ in whole.networks():
        files = [
            open_run(one).network_path(network_.name) for one in (path, whole.path)
        ]
        assert files[0].read_bytes() == files[1].read_bytes()


def test_every_shard_writes_its_own_names_alone(shared, study):
    lists = {path.name for path in (shared.path / "tables/units").iterdir()}
    assert lists == {
        f"{table}.{number}-of-3.json"
        for table in ("percolation", "nulls", "theory", "recovery")
        for number in (1, 2, 3)
    } - {"theory.1-of-3.json"}  # this shard has dense networks alone
    found = [
        json.loads((shared.path / f"tables/units/nulls.{n}-of-3.json").read_text())
        for n in (1, 2, 3)
    ]
    units = [set(one["units"]) for one in found]
    assert not units[0] & units[1]
    assert set.union(*units) == {*listed(shared.path)["nulls"].units}
    names = {task.name for task in (*study.references(), *study.tasks())}
    assert names == {network.name for network in shared.networks()}


def test_an_incomplete_run_is_not_merged_and_says_what_it_lacks(shared, tmp_path):
    path = shutil.copytree(shared.path, tmp_path / "run")
    run = open_run(path)
    part = next(iter(sorted((path / "tables/parts").glob("*random_links*"))))
    part.unlink()
    lost = next(one for one in run.networks() if one.config.sparsifier == "set")
    shutil.rmtree(run.network_path(lost.name).parent)
    before = listing(path)
    with pytest.raises(InputError) as caught:
        merge(run)
    said = str(caught.value)
    assert said.startswith(f"{path} is not complete, it lacks ")
    assert f"network {lost.name}" in said
    assert "run their shards again, then merge" in said
    if lost.name not in part.name:
        assert part.stem in said
    assert listing(path) == before
    assert network_states(run)[lost.name] == "missing"


def test_an_interrupted_shard_goes_on(shared, study, tmp_path):
    path = shutil.copytree(shared.path, tmp_path / "run")
    parts = sorted((path / "tables/parts").glob("*.parquet"))
    for part in parts[::2]:
        part.unlink()
    kept = {part.name: part.stat().st_mtime_ns for part in parts[1::2]}
    for number in (1, 2, 3):
        reproduce(study, path, shard=Shard(number, 3))
    now = {part.name: part.stat().st_mtime_ns for part in parts}
    assert {name: now[name] for name in kept} == kept


def test_shards_of_a_sweep_are_merged_to_the_table_of_one_go(tmp_path):
    run = run_with(tmp_path / "run", "set", "static")
    for shard in ("2/3", "1/3"):
        done = netrobust(*SWEEP, "--shard", shard, cwd=tmp_path)
        assert (done.code, done.err) == (0, ""), done.err
        assert "netrobust merge run" in done.out
    told = json.loads(netrobust("status", "run", "--json", cwd=tmp_path).out)
    assert told["units of percolation"] == (
        "6 of 8 units done, 2 missing, the table is not written yet"
    )
    assert told["shards of percolation"] == "2 of 3 done; missing 3/3"
    before = listing(tmp_path)
    done = netrobust("merge", "run", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(
        "netrobust: run is not complete, it lacks 2 of its units"
    )
    assert done.err.count("-none-") + done.err.count("-shuffle_all-") == 2
    assert listing(tmp_path) == before
    other = netrobust(*SWEEP, "--seed", 1, "--shard", "3/3", "--name", "percolation",
                      cwd=tmp_path)  # fmt: skip
    assert other.code == 2
    assert "other settings (seed: 0 there, 1 asked for); give another" in other.err
    assert netrobust(*SWEEP, "--shard", "3/3", cwd=tmp_path).code == 0
    done = netrobust("merge", "run", cwd=tmp_path)
    assert done.code == 0, done.err
    assert "run/tables/percolation.parquet" in done.out
    merged = (run.path / "tables/percolation.parquet").read_bytes()
    shutil.rmtree(run.path / "tables")
    assert netrobust(*SWEEP, cwd=tmp_path).code == 0
    assert (run.path / "tables/percolation.parquet").read_bytes() == merged


def test_one_shard_is_not_done_twice_at_once(tmp_path):
    first = at_work(tmp_path, "nulls", Shard(1, 2))
    with first, at_work(tmp_path, "nulls", Shard(2, 2)):
        again = at_work(tmp_path, "nulls", Shard(1, 2))
        with (
            pytest.raises(InputError, match=r"1/2 of nulls .* is at work"),
            again,
        ):
            pass
        assert states(tmp_path) == {"nulls": "0 of 2 done; missing 1/2, 2/2"}
    assert states(tmp_path) == {"nulls": "2 of 2 done"}
    with pytest.raises(ZeroDivisionError), at_work(tmp_path, "new", Shard(3, 300)):
        1 / 0  # noqa: B018
    assert states(tmp_path)["new"].endswith(
        "missing 1/300, 2/300, 3/300, 4/300, "
        "5/300, 6/300, 7/300, 8/300, 9/300, 10/300, ..."
    )


def test_shards_may_work_at_the_same_time(tmp_path, study, whole):
    """Three processes make the folder together, and work in it together."""
    config = tmp_path / "study.toml"
    config.write_text(toml(asdict(study)))
    words = ["reproduce", "--config", config, "--out", "run", "--jobs", 1, "--quiet"]

    def shard(number):
        return netrobust(*words, "--shard", f"{number}/3", cwd=tmp_path)

    with ThreadPoolExecutor(3) as typists:
        done = list(typists.map(shard, (1, 2, 3)))
    assert [(one.code, one.err) for one in done] == [(0, "")] * 3
    run = merge(open_run(tmp_path / "run"))
    assert tables(run.path) == tables(whole.path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("percolate run --shard 3/2", "a shard is a number and a count, from 1/n to"),
        ("compare run --shard 0/4", "such as 2/4; got '0/4'"),
        ("attack run --shard a/b", "such as 2/4; got 'a/b'"),
        ("recover run --shard 1", "such as 2/4; got '1'"),
        ("reproduce --out new --shard 5/4", "such as 2/4; got '5/4'"),
        ("reproduce --out new --scheduler here", "a scheduler is 'local' or an addre"),
        ("percolate run --scheduler tcp://x", "tcp://host:8786; got 'tcp://x'"),
        ("merge nowhere", "no run at nowhere; make one"),
        ("merge empty", "empty is not a run (it has no manifest.json)"),
        ("merge run", "run has no units of shards; make some with --shard"),
        ("merge run --jobs 0", "jobs must be an integer, 1 or larger; got 0"),
        ("status empty", "empty is not a run (it has no manifest.json)"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(tmp_path, words, message):
    run_with(tmp_path / "run", "set")
    (tmp_path / "empty").mkdir()
    before = listing(tmp_path)
    done = typed(*words.split(), cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert listing(tmp_path) == before


def test_a_unit_that_fails_ends_the_command_with_1_and_stays_alone(tmp_path):
    run = run_with(tmp_path / "run", "set")
    fragile = (
        "from netrobust.experiments.percolate import Percolation\n"
        "whole = Percolation.scored\n"
        "def fragile(self, unit):\n"
        "    if self.perturbation(unit).__name__ == 'strongest_links':\n"
        "        raise ZeroDivisionError('all links are weak')\n"
        "    return whole(self, unit)\n"
        "Percolation.scored = fragile\n"
    )
    done = netrobust(*SWEEP, cwd=tmp_path, first=fragile)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("netrobust: 2 of 4 units failed (the first, ")
    assert "ZeroDivisionError: all links are weak" in done.err
    assert "tracebacks are in run/failed" in done.err
    facts = json.loads(netrobust("status", "run", "--json", cwd=tmp_path).out)
    assert facts["units of percolation"] == (
        "2 of 4 units done, 2 failed, the table is not written yet"
    )
    assert len([name for name in facts if name.startswith("failed: ")]) == 2
    assert netrobust(*SWEEP, cwd=tmp_path).code == 0
    assert failures(run.path) == {}
    assert table_states(run) == {"percolation": "4 of 4 units done"}


def test_a_network_that_fails_takes_no_other_along(study, tmp_path, monkeypatch, whole):
    from netrobust.studies import training

    train = training.train
    victim = next(task.name for task in study.tasks() if "-set-s1" in task.name)

    def fragile(data, config, seed=0, **options):
        if config.sparsifier == "set" and seed == 1:
            raise MemoryError("the network is too dear")
        return train(data, config, seed, **options)

    monkeypatch.setattr(training, "train", fragile)
    path = tmp_path / "run"
    with pytest.raises(UnfinishedError, match=f"1 of 5 units failed .{victim}: Memory"):
        reproduce(study, path)
    run = open_run(path)
    assert len(run.networks()) == 4
    assert run.tables() == []
    assert run.parts().count() > 0
    facts = status(run)
    assert facts[victim] == "failed: MemoryError: the network is too dear"
    assert facts["networks finished"] == 4
    assert facts["networks in all"] == 5
    monkeypatch.undo()
    monkeypatch.setattr(pipeline, "present", lambda run: None)
    reproduce(study, path)
    assert tables(path) == tables(whole.path)
    assert status(run)["networks finished"] == 5


def test_status_tells_of_a_study_what_is_missing(study, tmp_path, whole):
    from netrobust.runs.folder import create_run

    facts = status(whole)
    assert facts["networks finished"] == facts["networks in all"] == 5
    assert facts["units of recovery"] == "6 of 6 units done"
    assert study_of(whole) is not None
    run = create_run(tmp_path / "new", asdict(study), {})
    assert set(network_states(run).values()) == {"missing"}
    assert len(network_states(run)) == 5
    about = {"train": asdict(network().config), "dataset": "mnist-5k", "seed": 0}
    single = create_run(tmp_path / "one", about, {})
    assert network_states(single) == {network().name: "missing"}
    for dataset in (3, 0.5, ["mnist"]):
        wrong = create_run(tmp_path / f"{dataset}", about | {"dataset": dataset}, {})
        with pytest.raises(InputError, match="its dataset must be a name; got"):
            network_states(wrong)


def test_a_damaged_list_of_units_is_named(tmp_path):
    run = run_with(tmp_path, "set")
    Ledger(tmp_path / "tables/parts", tmp_path, "nulls").begin(["a"])
    path = tmp_path / "tables/units/nulls.json"
    for text in ("{", "[]", '{"units": 3}'):
        path.write_text(text)
        with pytest.raises(InputError, match=r"nulls\.json is not a list of units"):
            table_states(run)


@pytest.mark.parametrize(
    ("words", "units"),
    [
        (SWEEP, 4),
        (["compare", "run", "--null-model", "shuffle_all", "--images", 50], 2),
        (["attack", "run", "--eps", "0,0.1", "--images", 20], 2),
        (["recover", "run", "--images", 50, "--epochs", 2], 2),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else str(value),
)
def test_a_dry_run_counts_units_and_estimates_their_time(tmp_path, words, units):
    run_with(tmp_path / "run", "set")
    before = listing(tmp_path)
    done = netrobust(*words, "--dry-run", "--json", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    facts = json.loads(done.out)
    assert (facts["units"], facts["units done"]) == (units, 0)
    assert facts["estimated time"].startswith("about ")
    assert facts["estimated time"].endswith(" with 1 job")
    assert "timed here" in facts["estimated from"]
    assert listing(tmp_path) == before


def test_a_dry_run_counts_what_is_done_already(tmp_path):
    run_with(tmp_path / "run", "set")
    assert netrobust(*SWEEP, "--shard", "1/2", cwd=tmp_path).code == 0
    words = [*SWEEP, "--dry-run", "--shard", "1/3", "--json"]
    facts = json.loads(netrobust(*words, cwd=tmp_path).out)
    assert (facts["units"], facts["units done"]) == (4, 2)
    assert facts["units of this shard"] == 2
    assert facts["estimated seconds"] >= 0


def test_the_units_of_a_study_are_those_it_has(study, whole):
    from netrobust.studies.estimate import study_seconds, study_units

    done = sum(len(record.units) for record in listed(whole.path).values())
    assert study_units(study) == done + 5  # networks
    assert all(seconds > 0 for seconds in study_seconds(study))
