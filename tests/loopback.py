"""A Dask scheduler with its workers on the loopback, as on a cluster."""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


@dataclass
class Dask:
    """A scheduler and worker processes on the loopback, each started alone."""

    address: str
    processes: list[subprocess.Popen[bytes]]

    def end(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


def dask(workers: int = 2) -> Dask:
    """Start a scheduler, as one does on a cluster, and workers without nannies."""
    quiet: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    quiet["env"] = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with TemporaryDirectory() as folder:
        told = Path(folder) / "scheduler.json"
        command = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
        # The system gives it a port that is free.
        place = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(told)]
        place += ["--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
        started = [subprocess.Popen([*command, *place], **quiet)]
        address = _address(told, started[0])
    command = [sys.executable, "-m", "distributed.cli.dask_worker", address]
    alone = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
    started += [subprocess.Popen([*command, *alone], **quiet) for _ in range(workers)]
    return Dask(address, started)


def _address(told: Path, scheduler: subprocess.Popen[bytes]) -> str:
    """Wait until the scheduler has told where it is."""
    while scheduler.poll() is None:
        with suppress(FileNotFoundError, ValueError, KeyError):  # it is being written
            return str(json.loads(told.read_text("utf-8"))["address"])
        time.sleep(0.02)
    raise RuntimeError(f"the scheduler ended, {scheduler.returncode}")
