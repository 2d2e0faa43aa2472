"""One process at a time works in a run folder; a killed one leaves no lock."""

import fcntl
import os
import signal
import subprocess
import sys

import pytest
from small import digits, listing, netrobust, network, run_with

from netrobust.core.errors import InputError
from netrobust.neural.train import train
from netrobust.runs import lock
from netrobust.runs.folder import create_run, open_run
from netrobust.runs.lock import held

HOLD = """
import sys, time
from pathlib import Path
from netrobust.runs.lock import held
with held(Path(sys.argv[1]), shared=sys.argv[2] == "shared"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path, request):
    """Another process that works in the folder."""
    how = getattr(request, "param", "alone")
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path, how], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_process_is_refused_until_the_first_is_killed(tmp_path, holder):
    for shared in (False, True):
        with pytest.raises(InputError) as caught, held(tmp_path, shared, timeout=0.1):
            raise AssertionError
        said = str(caught.value)
        assert said.startswith(f"another netrobust process works in {tmp_path}; ")
        assert "wait" in said
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with held(tmp_path, timeout=0.1):
        pass


@pytest.mark.parametrize("holder", ["shared"], indirect=True)
def test_shards_share_a_folder_with_each_other_alone(tmp_path, holder):
    with held(tmp_path, shared=True, timeout=0):
        pass
    with (
        pytest.raises(InputError, match="another netrobust process"),
        held(tmp_path, timeout=0.1),
    ):
        raise AssertionError


def test_who_waits_gets_it_when_the_other_ends(tmp_path, holder):
    os.kill(holder.pid, signal.SIGTERM)
    with held(tmp_path, timeout=600):
        pass


def test_verbs_are_refused_in_a_run_that_is_worked_on(tmp_path):
    run = run_with(tmp_path / "run", "set")
    before = listing(tmp_path)
    words = "percolate run --images 20", "compare run --jobs 2"
    with run.held():
        for verb in words:
            done = netrobust(*verb.split(), "--quiet", cwd=tmp_path)
            assert (done.code, done.out) == (2, "")
            assert "another netrobust process works in run; wait" in done.err
        assert netrobust("status", "run", cwd=tmp_path).code == 0
        assert listing(tmp_path) == before


@pytest.mark.parametrize("shared", [True, False])
def test_a_lock_holds_where_it_is_one_of_byte_ranges(tmp_path, monkeypatch, shared):
    """As on NFS, where a shared one needs a file open for reading."""
    monkeypatch.setattr(fcntl, "flock", fcntl.lockf)
    locked = []
    monkeypatch.setattr(lock.log, "warning", lambda *said: locked.append(said))
    with held(tmp_path, shared, timeout=0):
        assert locked == []


def test_a_folder_that_a_killed_beginning_left_becomes_a_run(tmp_path):
    (tmp_path / "lock").touch()
    (tmp_path / ".manifest.json.999999999-0123456789ab.part").write_text("{")
    run = create_run(tmp_path, {"seed": 0}, {})
    assert sorted(listing(tmp_path)) == ["lock", "manifest.copy.json", "manifest.json"]
    assert open_run(tmp_path) == run


def test_a_place_that_cannot_be_locked_is_named(tmp_path):
    with (
        pytest.raises(InputError, match=r"cannot write .*lock: No such file"),
        held(tmp_path / "nowhere"),
    ):
        raise AssertionError


def test_training_holds_its_run(tmp_path):
    path = tmp_path / "run"
    words = "train --dataset mnist-5k --sparsifier set --epochs 2 --quiet --out run"
    shape = ["--set", "hidden=[30, 20]", "--set", "sparsity=0.9"]
    assert netrobust(*words.split(), *shape, cwd=tmp_path).code == 0
    with open_run(path).held():
        done = netrobust(*words.split(), *shape, cwd=tmp_path)
    assert done.code == 2
    assert "another netrobust process works in run" in done.err
    again = train(digits(), network().config, 0, path=tmp_path / "x.safetensors")
    (file,) = path.glob("networks/*/network.safetensors")
    assert file.read_bytes() == (tmp_path / "x.safetensors").read_bytes()
    assert again.finished
