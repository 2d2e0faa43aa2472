"""Faults done on purpose: what they are, and what must be true afterwards.

A fault takes a site, with runs nobody disturbed, an empty folder and a number; the
number says when in the work it strikes. It asserts what the user is told, and returns
what was lost.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from disturbed import (
    CONFIG,
    begun,
    done,
    ended,
    filled,
    halted,
    impatient,
    small_files,
    study,
    sweep,
    training,
    with_networks,
)
from loopback import dask
from small import digits, listing

from netrobust.neural.network import load_network
from netrobust.neural.train import train
from netrobust.runs.folder import open_run
from netrobust.runs.ledger import failures
from netrobust.runs.tables import read_table
from netrobust.studies.status import status, table_states

NETWORKS = 3
UNITS = 3 * NETWORKS


@dataclass(frozen=True)
class Loss:
    """What a fault cost, after a rerun."""

    rows: int
    identical: bool


NONE = Loss(0, True)


class Site:
    """Runs that nobody disturbed, made once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        run = with_networks(folder / "networks" / "run", NETWORKS)
        self.networks = run.path
        shutil.copytree(folder / "networks", folder / "swept")
        assert done(sweep, folder / "swept" / "run") == (0, "")
        self.table = folder / "swept/run/tables/percolation.parquet"
        self._study: Path | None = None

    @property
    def trained(self) -> bytes:
        """The file of a network whose training nobody disturbed."""
        path = self.folder / "trained.safetensors"
        if not path.exists():
            train(digits(), CONFIG, 0, path=path)
        return path.read_bytes()

    @property
    def study(self) -> Path:
        """The run of a whole job."""
        if self._study is None:
            path = self.folder / "study" / "run"
            path.parent.mkdir()
            assert ended(study, path) == (0, "")
            self._study = path
        return self._study

    def fresh(self, folder: Path) -> Path:
        """A run to be swept."""
        return Path(shutil.copytree(self.networks, folder / "run"))


FAULTS: dict[str, Callable[[Site, Path, int], Loss]] = {}


def fault(name: str) -> Callable[[Any], Any]:
    def register(function: Any) -> Any:
        FAULTS[name] = function
        return function

    return register


def parts_of(run: Path) -> dict[str, tuple[int, int]]:
    """Finished units, with their sizes and times."""
    files = listing(run / "tables/parts") if (run / "tables/parts").exists() else {}
    return {name: facts for name, facts in files.items() if name.endswith(".parquet")}


def compared(site: Site, run: Path, kept: dict[str, tuple[int, int]]) -> Loss:
    """Rerun a sweep; count the rows made again though they were there, or missing."""
    assert done(sweep, run) == (0, "")
    now = parts_of(run)
    again = [name for name, facts in kept.items() if now.get(name) != facts]
    table, whole = (read_table(one) for one in (_table(run), site.table))
    rows = sum(len(pd.read_parquet(run / "tables/parts" / name)) for name in again)
    assert failures(run) == {}
    assert table_states(open_run(run)) == {
        "percolation": f"{UNITS} of {UNITS} units done"
    }
    identical = _table(run).read_bytes() == site.table.read_bytes()
    return Loss(rows + len(whole) - len(table), identical)


def _table(run: Path) -> Path:
    return run / "tables/percolation.parquet"


def until(condition: Callable[[], Any], process: BaseProcess) -> None:
    """Wait for what a process does."""
    while not condition():
        assert process.exitcode is None, f"it ended, {process.exitcode}"
        time.sleep(0.005)


def kill(process: BaseProcess) -> None:
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL


# Processes that die


@fault("SIGKILL of the main process in training")
def killed_training(site: Site, folder: Path, moment: int) -> Loss:
    run = folder / "run"
    file = run / "networks/one/network.safetensors"
    whole = site.trained
    # Its last epoch is never written, so the kill comes before the end.
    halt = halted, f"*/{file.name}", CONFIG.epochs - 1
    process = begun(folder / "said", *halt, training, run)

    def epochs() -> int:
        return len(load_network(file).history) if file.exists() else 0

    until(lambda: epochs() > moment % 3, process)
    time.sleep(0.01 * (moment % 5))
    kill(process)
    kept = epochs()
    assert 1 <= kept < CONFIG.epochs
    before = load_network(file).history
    assert done(training, run) == (0, "")
    assert not list(file.parent.glob(".*"))
    after = load_network(file).history[:kept]
    lost = int((before != after).any(axis=1).sum())
    return Loss(lost, file.read_bytes() == whole)


def _killed_sweep(site: Site, folder: Path, moment: int, jobs: int) -> Loss:
    run = site.fresh(folder)
    # Its last unit is never written, so the kill comes before the end.
    halt = halted, "*/parts/*.parquet", UNITS - 1
    process = begun(folder / "said", *halt, sweep, run, jobs)
    until(lambda: len(parts_of(run)) > moment % (UNITS - 3), process)
    kill(process)
    kept = parts_of(run)
    assert 1 <= len(kept) < UNITS
    assert not _table(run).exists()
    facts = status(open_run(run))["units of percolation"]
    assert facts.startswith(f"{len(kept)} of {UNITS} units done, {UNITS - len(kept)} m")
    return compared(site, run, kept)


@fault("SIGKILL of the main process in a sweep")
def killed_sweep(site: Site, folder: Path, moment: int) -> Loss:
    return _killed_sweep(site, folder, moment, jobs=1)


@fault("SIGKILL of the main process in a sweep, 2 workers")
def killed_sweep_of_two(site: Site, folder: Path, moment: int) -> Loss:
    return _killed_sweep(site, folder, moment, jobs=2)


@fault("SIGKILL of a worker process")
def killed_worker(site: Site, folder: Path, moment: int) -> Loss:
    """The sweep goes on by itself."""
    run = site.fresh(folder)
    (folder / "die once").touch()
    assert done(sweep, run, 2) == (0, "")
    assert not (folder / "die once").exists()
    return compared(site, run, parts_of(run))


@fault("a unit that kills every worker")
def deadly_unit(site: Site, folder: Path, moment: int) -> Loss:
    run = site.fresh(folder)
    (folder / "die").touch()
    code, said = done(sweep, run, 2)
    assert code == 1
    _failed(run, said, "its process was killed, possibly out of memory (it died 3")
    (folder / "die").unlink()
    return compared(site, run, parts_of(run))


@fault("a worker that raises")
def raising_worker(site: Site, folder: Path, moment: int) -> Loss:
    run = site.fresh(folder)
    (folder / "raise").touch()
    code, said = done(sweep, run, 1 + moment % 2)
    assert code == 1
    _failed(run, said, "RuntimeError: the measure of all things broke")
    for log in (run / "failed").iterdir():
        assert "Traceback (most recent call last)" in log.read_text("utf-8")
        assert "disturbed.py" in log.read_text("utf-8")
    (folder / "raise").unlink()
    return compared(site, run, parts_of(run))


def _failed(run: Path, said: str, reason: str) -> None:
    """Assert that the fragile units failed alone, and that this is told."""
    assert f"{NETWORKS} of {UNITS} units failed (the first, " in said
    assert reason in said
    assert str(run / "failed") in said
    assert len(parts_of(run)) == UNITS - NETWORKS
    assert not _table(run).exists()
    found = failures(run)
    assert len(found) == NETWORKS
    assert all("-fragile-" in name for name in found)
    assert all(one.startswith(reason) for one in found.values())
    facts = status(open_run(run))
    assert facts["units of percolation"] == (
        f"{UNITS - NETWORKS} of {UNITS} units done, {NETWORKS} failed, the table is "
        "not written yet"
    )
    assert {f"failed: {name}": why for name, why in found.items()}.items() <= (
        facts.items()
    )


# Dask


@fault("SIGKILL of a Dask worker")
def killed_dask_worker(site: Site, folder: Path, moment: int) -> Loss:
    run = site.fresh(folder)
    (folder / "die once").touch()
    cluster = dask()
    try:
        assert done(sweep, run, 2, cluster.address) == (0, "")
        assert not (folder / "die once").exists()
        workers = cluster.processes[1:]
        while all(one.lives for one in workers):  # news of its death may come late
            time.sleep(0.01)
        assert sum(one.lives for one in workers) == 1
    finally:
        cluster.end()
    return compared(site, run, parts_of(run))


@fault("SIGKILL of the last Dask worker")
def killed_last_worker(site: Site, folder: Path, moment: int) -> Loss:
    """The job ends within its patience, and what is done is kept."""
    run = site.fresh(folder)
    (folder / "die once").touch()
    cluster = dask(workers=1)
    try:
        process = begun(folder / "said", impatient, run, 1, cluster.address)
        process.join()
    finally:
        cluster.end()
    assert process.exitcode == 1
    assert "units were not tried" in (folder / "said").read_text("utf-8")
    assert not (folder / "die once").exists()
    return compared(site, run, parts_of(run))


@fault("a unit that kills every Dask worker")
def deadly_unit_on_dask(site: Site, folder: Path, moment: int) -> Loss:
    """Workers come again, each with its nanny; the sweep ends by itself.

    A nanny brings back no worker that dies while it starts: then none is left, and the
    patience ends.
    """
    run = site.fresh(folder)
    (folder / "die").touch()
    process = begun(folder / "said", impatient, run, 2, "local")
    process.join()
    said = (folder / "said").read_text("utf-8")
    assert process.exitcode == 1
    if "units were not tried" not in said:
        _failed(run, said, "its process was killed, possibly out of memory (it took s")
    (folder / "die").unlink()
    return compared(site, run, parts_of(run))


@fault("SIGKILL of the Dask scheduler")
def killed_dask_scheduler(site: Site, folder: Path, moment: int) -> Loss:
    run = site.fresh(folder)
    (folder / "wait").touch()  # one unit has no end
    cluster = dask()
    try:
        process = begun(folder / "said", sweep, run, 2, cluster.address)
        until(lambda: len(parts_of(run)) > moment % 3, process)
        cluster.processes[0].process.kill()
        process.join()
    finally:
        cluster.end()
    assert process.exitcode == 1
    assert "units were not tried" in (folder / "said").read_text("utf-8")
    (folder / "wait").unlink(missing_ok=True)
    return compared(site, run, parts_of(run))


# Disks


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own."""
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@fault("a full disk in a sweep")
def full_disk(site: Site, folder: Path, moment: int) -> Loss:
    """A filler leaves room for some units, and goes before the rerun."""
    with small_disk(folder, "2m") as disk:
        run = Path(shutil.copytree(site.networks, disk / "run"))
        room = 50_000 + 12_000 * (moment % 4)
        filler = shutil.disk_usage(disk).free - room
        (disk / "filler").write_bytes(bytes(filler))
        code, said = done(sweep, run)
        assert code == 2
        assert "No space left on device" in said
        assert said.count("\n") == 0
        kept = parts_of(run)
        assert 0 <= len(kept) < UNITS
        assert not list(run.rglob(".*"))
        (disk / "filler").unlink()
        return compared(site, run, kept)


#: After which file of a whole job the disk is full, so that the next cannot be written.
FULL_AFTER = (
    ("*/manifest.json", 1),
    ("*/manifest.copy.json", 1),
    ("*/network.safetensors", 1),
    ("*/snapshots/*", 1),
    ("*/units/*", 1),
    ("*/parts/*", 1),
    ("*/parts/*", 2),
    ("*/tables/*.parquet", 1),
)


@fault("a full disk in a whole job")
def full_disk_of_a_job(site: Site, folder: Path, moment: int) -> Loss:
    """Networks, lists, parts, tables, manifest and log: one of them finds no room."""
    with small_disk(folder, "20m") as disk:
        run = disk / "run"
        after = FULL_AFTER[moment % len(FULL_AFTER)]
        process = begun(folder / "said", filled, disk, *after, study)
        process.join()
        said = (folder / "said").read_text("utf-8")
        assert process.exitcode == 2, said
        assert "No space left on device" in said
        assert said.count("\n") == 0
        assert not list(run.rglob(".*"))
        kept = parts_of(run)
        (disk / "filler").unlink()
        assert ended(study, run) == (0, "")
        again = [name for name, facts in kept.items() if parts_of(run)[name] != facts]
        return Loss(len(again), _tables(run) == _tables(site.study))


@fault("files that may not grow (RLIMIT_FSIZE)")
def limited_files(site: Site, folder: Path, moment: int) -> Loss:
    run = site.fresh(folder)
    code, said = ended(small_files, run)
    assert code == 2
    assert "cannot write" in said
    assert "File too large" in said
    assert not list(run.rglob(".*"))
    return compared(site, run, parts_of(run))


# Damaged files


def truncate(path: Path, moment: int) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * (moment % 4) // 4])


@fault("a truncated part (Parquet)")
def truncated_part(site: Site, folder: Path, moment: int) -> Loss:
    """The unit is computed again; all others stay."""
    run = Path(shutil.copytree(site.table.parents[1], folder / "run"))
    victim = sorted(parts_of(run))[moment % UNITS]
    truncate(run / "tables/parts" / victim, moment)
    told = table_states(open_run(run))["percolation"]
    assert told == f"{UNITS - 1} of {UNITS} units done, 1 missing"
    _table(run).unlink()
    kept = parts_of(run)
    del kept[victim]
    return compared(site, run, kept)


@fault("a truncated table (Parquet)")
def truncated_table(site: Site, folder: Path, moment: int) -> Loss:
    """It is made again of its parts."""
    run = Path(shutil.copytree(site.table.parents[1], folder / "run"))
    truncate(_table(run), moment)
    with pytest.raises(Exception, match=r"is not a readable table .* make it again"):
        open_run(run).table("percolation")
    return compared(site, run, parts_of(run))


@fault("a truncated network (safetensors)")
def truncated_network(site: Site, folder: Path, moment: int) -> Loss:
    """In the main job it is set aside and trained again, from its first epoch."""
    run = Path(shutil.copytree(site.study, folder / "run"))
    files = sorted(run.glob("networks/*/network.safetensors"))
    victim = files[moment % len(files)]
    if moment % 3 == 2:
        victim = sorted(victim.parent.glob("snapshots/*"))[moment % 3]
    whole = victim.read_bytes()
    truncate(victim, moment)
    before, kept = _tables(site.study), parts_of(run)
    assert ended(study, run) == (0, "")
    assert victim.with_name(f"{victim.name}.damaged").exists()
    assert victim.read_bytes() == whole
    lost = [name for name, facts in kept.items() if parts_of(run).get(name) != facts]
    return Loss(len(lost), _tables(run) == before)


def _tables(run: Path) -> dict[str, bytes]:
    files = sorted((run / "tables").glob("*.parquet"))
    return {file.name: file.read_bytes() for file in files}
