"""A Dask scheduler with its workers on the loopback, as on a cluster."""

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from typing import Any


@dataclass
class Dask:
    """A scheduler of two worker processes on the loopback, each started alone."""

    address: str
    processes: list[subprocess.Popen[bytes]]

    def end(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


def dask(workers: int = 2) -> Dask:
    """Start a scheduler, as one does on a cluster, and workers without nannies."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    quiet: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    quiet["env"] = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    place = ["--host", "127.0.0.1", "--port", str(port)]
    place += ["--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
    started = [subprocess.Popen([*command, *place], **quiet)]
    command = [sys.executable, "-m", "distributed.cli.dask_worker", address]
    alone = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
    started += [subprocess.Popen([*command, *alone], **quiet) for _ in range(workers)]
    return Dask(address, started)
