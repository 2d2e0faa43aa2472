"""A real Dask scheduler on the loopback with two worker processes."""

import socket

import pytest
from loopback import dask
from small import STUDY, listing, netrobust, run_with

from netrobust.core.errors import InputError, UnfinishedError
from netrobust.parallel import dask_cluster
from netrobust.parallel.dask_cluster import scheduler
from netrobust.parallel.gather import gather
from netrobust.studies import reproduce as pipeline
from netrobust.studies.reproduce import reproduce
from netrobust.studies.study import Study
from tests.parallel.test_executor import (
    NUMBERS,
    Book,
    Heavy,
    double,
    fail_on_three,
    threads,
)

SMALL = {
    **STUDY,
    "sparsifiers": ["set", "dense_small"],
    "reference_epochs": 0,
    "networks": 1,
    "training": {"hidden": [20], "sparsity": 0.9, "epochs": 1},
    "fractions": [0, 1],
    "replicates": 1,
    "null_replicates": 1,
    "images": 50,
    "input_attacks": ["fgsm"],
    "eps": [0, 0.1],
    "attack_images": 20,
    "retrained": ["erdos_renyi"],
    "recovery": [0.5],
    "recovery_epochs": 1,
}


@pytest.fixture(scope="module")
def cluster():
    """Its workers load torch while the first tests run."""
    started = dask()
    yield started
    started.end()


@pytest.fixture(scope="module")
def executor(cluster):
    with scheduler(cluster.address, 1, timeout=600) as found:
        found._client.wait_for_workers(2)
        yield found


def tables(path):
    files = sorted((path / "tables").glob("*.parquet"))
    return {file.name: file.read_bytes() for file in files}


def test_one_process_and_a_cluster_of_two_write_the_same_bytes(
    executor, tmp_path, monkeypatch
):
    monkeypatch.setattr(pipeline, "present", lambda run: None)
    study = Study(**SMALL)
    one = reproduce(study, tmp_path / "one", jobs=1)
    many = reproduce(study, tmp_path / "many", executor=executor)
    assert {"percolation", "nulls", "attacks", "retrained", "recovery", "history"} <= {
        *one.tables()
    }
    assert tables(one.path) == tables(many.path)
    for network in one.networks():
        files = [run.network_path(network.name) for run in (one, many)]
        assert len({file.read_bytes() for file in files}) == 1


def test_what_units_share_travels_once_to_each_worker(executor, tmp_path):
    many = {str(n): n for n in range(60)}
    found = gather(double, many, 1, Heavy(tmp_path), executor=executor)
    assert found == [2 * n for n in range(60)]
    arrived = [path.name.split("-")[0] for path in tmp_path.iterdir()]
    assert len(arrived) == len(set(arrived)) >= 1


def test_a_unit_that_raises_on_the_cluster_stops_no_other(executor):
    book = Book()
    with pytest.raises(UnfinishedError, match=r"1 of 12 units failed \(3: ValueError"):
        gather(fail_on_three, NUMBERS, 1, parts=book, executor=executor)
    assert len(book.kept) == 11
    assert "in fail_on_three" in book.failed["3"][1]
    assert set(gather(threads, NUMBERS, 1, executor=executor)) == {(1, 1)}


def test_the_command_line_uses_a_scheduler(cluster, executor, tmp_path):
    run = run_with(tmp_path / "run", "set")
    words = ["percolate", "run", "--images", 50, "--replicates", 2, "--quiet"]
    words += ["--fractions", "0,0.5,1"]
    # A busy machine may answer late.
    patient = "from netrobust.parallel.dask_cluster import scheduler\n"
    patient += "scheduler.__wrapped__.__defaults__ = (600.0,)"
    there = "--scheduler", cluster.address
    done = netrobust(*words, *there, cwd=tmp_path, first=patient)
    assert done.code == 0, done.err
    there = (run.path / "tables/percolation.parquet").read_bytes()
    for path in run.path.glob("tables/**/*.parquet"):
        path.unlink()
    assert netrobust(*words, cwd=tmp_path).code == 0
    assert (run.path / "tables/percolation.parquet").read_bytes() == there


@pytest.mark.parametrize(
    "where",
    ["here", "tcp://host", "tcp://host:0", "tcp://host:99999", "http://host:80",
     "tcp://:8786", "tcp://host:port", "tcp://a b:1", "", "LOCAL", "tcp://h:1/x"],
)  # fmt: skip
def test_a_malformed_address_is_refused(where):
    with (
        pytest.raises(InputError, match="a scheduler is 'local' or an address such"),
        scheduler(where, 1),
    ):
        raise AssertionError


def test_a_scheduler_that_does_not_answer_or_has_no_worker_is_refused():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with (
            pytest.raises(InputError, match=f"no Dask scheduler answers at {address}"),
            scheduler(address, 1, timeout=0.3),
        ):
            raise AssertionError
    empty = dask(workers=0)
    try:
        # A machine so busy that the answer comes late sees the first refusal again.
        with (
            pytest.raises(InputError, match=r"(has no worker|no Dask scheduler)"),
            scheduler(empty.address, 1, timeout=1.5),
        ):
            raise AssertionError
    finally:
        empty.end()


@pytest.mark.parametrize("verb", ["percolate run", "reproduce --out new"])
def test_without_the_package_a_scheduler_is_refused_in_a_sentence(verb, tmp_path):
    before = listing(tmp_path)
    missing = "import sys; sys.modules['distributed'] = None"  # as if not installed
    words = [*verb.split(), "--scheduler", "local"]
    done = netrobust(*words, cwd=tmp_path, first=missing)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "netrobust: a scheduler needs the package distributed, which is not installed; "
        "install netrobust[dask]\n"
    )
    assert listing(tmp_path) == before


def test_a_local_scheduler_ends_with_the_work():
    with scheduler("local", 1) as found:
        assert gather(abs, NUMBERS, 1, executor=found) == [*range(12)]
        workers = found._client.scheduler_info()["workers"]
        assert [one["nthreads"] for one in workers.values()] == [1]
    with pytest.raises(InputError, match="jobs must be an integer, 1 or larger"):
        scheduler("local", 0).__enter__()


def test_an_idle_cluster_is_given_up_after_a_while(monkeypatch, caplog):
    class Client:
        def __init__(self):
            self.units = {"worker": ("unit",)}

        def processing(self):
            return self.units

    client, clock = Client(), iter([0.0, 299.0, 301.0])
    monkeypatch.setattr(dask_cluster, "monotonic", lambda: next(clock))
    idle = dask_cluster._Idle(client)
    assert not idle.too_long()  # it works on one
    client.units = {}
    assert [idle.too_long() for _ in range(3)] == [False, False, True]
    assert caplog.text.count("what is done is kept") == 1
