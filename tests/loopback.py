"""A Dask scheduler with its workers on the loopback, as on a cluster."""

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from forked import Forked
from forked import code as script


@dataclass
class Dask:
    """A scheduler and worker processes on the loopback, each started alone."""

    address: str
    processes: list[Forked]

    def end(self) -> None:
        for one in reversed(self.processes):
            one.process.kill()
            one.ended()


def dask(workers: int = 2) -> Dask:
    """Start a scheduler, as one does on a cluster, and workers without nannies."""
    with TemporaryDirectory() as folder:
        told = Path(folder) / "scheduler.json"
        # The system gives it a port that is free.
        place = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", told]
        place += ["--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
        started = [_begun("scheduler", *place)]
        address = _address(told, started[0])
    alone = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
    started += [_begun("worker", address, *alone) for _ in range(workers)]
    return Dask(address, started)


def _begun(what: str, *words: object) -> Forked:
    """Type ``dask scheduler`` or ``dask worker``."""
    main = f"from distributed.cli.dask_{what} import main; main()"
    return Forked(script, main, *words, cwd=Path(gettempdir()))


def _address(told: Path, scheduler: Forked) -> str:
    """Wait until the scheduler has told where it is."""
    while scheduler.lives:
        with suppress(FileNotFoundError, ValueError, KeyError):  # it is being written
            return str(json.loads(told.read_text("utf-8"))["address"])
        time.sleep(0.02)
    raise RuntimeError(f"the scheduler ended, {scheduler.ended()}")
