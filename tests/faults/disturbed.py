"""Jobs that faults are done to, each in a process of its own."""

import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
from forked import PROCESSES, share_server
from halted import before, halt
from small import STUDY, digits

from netrobust.core.errors import InputError, UnfinishedError
from netrobust.experiments.percolate import percolate
from netrobust.graphs.damage import Damage, Links
from netrobust.neural.config import TrainConfig
from netrobust.neural.train import train
from netrobust.parallel import dask_cluster
from netrobust.parallel.dask_cluster import scheduler
from netrobust.runs.folder import Run, create_run, open_run
from netrobust.studies import reproduce as pipeline
from netrobust.studies.study import Study

#: Of one network; long enough to be killed in the middle.
CONFIG = TrainConfig(sparsifier="set", hidden=(20,), sparsity=0.9, epochs=5)

#: Of a whole job.
SMALL = {
    **STUDY,
    "sparsifiers": ["set"],
    "reference_epochs": 0,
    "training": {"hidden": [20], "sparsity": 0.9, "epochs": 2},
    "perturbations": ["random_links", "strongest_links"],
    "fractions": [0, 1],
    "replicates": 1,
    "curve_null_models": ["none"],
    "null_models": ["shuffle_all"],
    "null_replicates": 1,
    "images": 50,
}


class Fragile:
    """The first links go, but a file beside the run makes units raise, die or wait."""

    def __init__(self, folder: Path) -> None:
        self.__name__ = "fragile"
        self.folder = folder

    def __call__(self, graph: Any, rng: Any, fraction: float) -> Damage:
        if (self.folder / "raise").exists():
            raise RuntimeError("the measure of all things broke")
        if (self.folder / "die").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        if self._first("die once"):
            os.kill(os.getpid(), signal.SIGKILL)
        if self._first("wait"):
            threading.Event().wait()
        count = len(Links.of(graph).weight)
        return Damage(np.arange(round(fraction * count), count))

    def _first(self, name: str) -> bool:
        """Take a file away; of several workers one does."""
        try:
            (self.folder / name).unlink()
        except FileNotFoundError:
            return False
        return True


def with_networks(path: Path, count: int) -> Run:
    """Make a run of several networks that differ in their seeds."""
    run = create_run(path, {"what": "faults"}, {"mnist-5k": digits().sha256})
    config = TrainConfig(hidden=(20,), sparsity=0.9, epochs=1)
    for seed in range(count):
        name = train(digits(), config, seed).name
        train(digits(), config, seed, path=run.network_path(name))
    return run


def sweep(path: Path, jobs: int = 1, where: str | None = None) -> None:
    """Make the table of damage curves of a run, whose units may be fragile."""
    run = open_run(path)
    options: dict[str, Any] = {
        "perturbations": ["random_links", Fragile(path.parent), "strongest_links"],
        "fractions": [0, 0.5, 1],
        "replicates": 4,
        "images": 200,
    }
    with run.held():
        parts = run.parts("percolation")
        if where is None:
            table = percolate(
                run.networks(), digits(), **options, jobs=jobs, parts=parts
            )
        else:
            with scheduler(where, jobs, timeout=600) as executor:
                table = percolate(
                    run.networks(), digits(), **options, executor=executor, parts=parts
                )
        run.save_table("percolation", table)


def training(path: Path) -> None:
    """Train one network into a run."""
    run = create_run(path, {"what": "training"}, {"mnist-5k": digits().sha256})
    train(digits(), CONFIG, 0, path=run.path / "networks/one/network.safetensors")


def study(path: Path, jobs: int = 1) -> None:
    """Do the main job, without its figures."""
    pipeline.present = lambda run: None
    pipeline.reproduce(Study(**SMALL), path, jobs)


def small_files(path: Path) -> None:
    """Sweep where no file may be larger than 4 kB, as under a quota."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
    sweep(path)


def impatient(path: Path, jobs: int, where: str) -> None:
    """Sweep on a cluster that is given up soon."""
    dask_cluster.PATIENCE = 20.0  # longer than a worker takes to come again
    sweep(path, jobs, where)


def fill(disk: Path) -> None:
    """Leave no room on a small disk, but for what `filler` holds."""
    with (disk / "filler").open("ab") as filler, suppress(OSError):
        while True:
            filler.write(bytes(4096))
            filler.flush()


def filled(disk: Path, names: str, after: int, job: Callable[..., None]) -> None:
    """Do a job on a disk that is full once so many files of a pattern are written."""
    before(names, after - 1, partial(fill, disk))
    job(disk / "run")


def halted(names: str, after: int, job: Callable[..., None], *arguments: Any) -> None:
    """Do a job in a process that cannot finish it, so that a kill finds it at work."""
    halt(names, after)
    job(*arguments)


def done(job: Callable[..., None], *arguments: Any) -> tuple[int, str]:
    """Do a job in this process; give its exit code and the sentence it ended with."""
    try:
        job(*arguments)
    except InputError as error:
        return 2, str(error)
    except UnfinishedError as error:
        return 1, str(error)
    return 0, ""


def begun(said: Path, job: Callable[..., None], *arguments: Any) -> BaseProcess:
    """Start a job, which writes the sentence it ends with."""
    process = PROCESSES.Process(target=_begin, args=(said, job, *arguments))
    process.start()
    return process


def ended(job: Callable[..., None], path: Path) -> tuple[int, str]:
    """Do a job in a run folder; give its exit code and the sentence it ended with."""
    said = path.parent / "said"
    process = begun(said, job, path)
    process.join()
    assert process.exitcode is not None
    return process.exitcode, said.read_text("utf-8")


def _begin(said: Path, job: Callable[..., None], *arguments: Any) -> None:
    share_server()
    said.write_text("", "utf-8")
    code, sentence = done(job, *arguments)
    if sentence:
        said.write_text(sentence, "utf-8")
    sys.exit(code)
