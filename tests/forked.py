"""Processes forked from a server that has loaded torch and the verbs already.

A fresh interpreter takes seconds before it begins. What these print goes to files.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import forkserver, get_context, resource_tracker
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any, TypeVar

T = TypeVar("T")

PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload(
    [
        *("netrobust.studies.reproduce", "netrobust.cli", "torch._dynamo"),
        # What they would load at first use.
        *("distributed", "fontTools.subset", "mlxtend.data", "typer.rich_utils"),
        *("pyarrow.dataset", "pyarrow.pandas_compat", "pyarrow.parquet"),
        *("hypothesis.strategies", "pytest"),  # of modules of tests
        "warm",
    ]
)
# Whoever first needs the server starts it: this list stays, whatever others ask for.
vars(PROCESSES)["set_forkserver_preload"] = lambda names: None

#: Where the workers of a test run find the server that was started for all of them.
SERVER = "NETROBUST_TESTS_SERVER"


def start_server() -> None:
    """Start the server; processes that inherit the environment can use it."""
    forkserver.ensure_running()
    os.environ[SERVER] = vars(forkserver._forkserver)["_forkserver_address"]


def share_server() -> None:
    """Let workers of this process come from the server that it was forked from.

    A process of ours starts a server of its own, which loads torch for seconds.
    """
    vars(forkserver._forkserver)["ensure_running"] = resource_tracker.ensure_running


if SERVER in os.environ:
    share_server()
    vars(forkserver._forkserver).update(
        _forkserver_address=os.environ[SERVER],
        _forkserver_alive_fd=os.open(os.devnull, os.O_RDONLY),  # it outlives us anyway
    )


@dataclass
class Ended:
    """A process that ended: its exit code and what it wrote."""

    code: int
    out: str
    err: str


class Forked:
    """A process that does a job in a folder."""

    process: BaseProcess

    def __init__(
        self, job: Callable[..., None], *arguments: Any, cwd: Path, **environment: str
    ) -> None:
        self._folder = TemporaryDirectory()
        self._files = [Path(self._folder.name, name) for name in ("out", "err")]
        for file in self._files:
            file.touch()
        given = str(cwd), environment, self._files, job, arguments
        self.process = PROCESSES.Process(target=_work, args=given)
        self.process.start()

    @property
    def lives(self) -> bool:
        return self.process.exitcode is None

    def until(self, condition: Callable[[], T]) -> T:
        """Wait for what it does."""
        while not (found := condition()):
            assert self.lives, self.ended()
            time.sleep(0.01)
        return found

    def ended(self) -> Ended:
        """Wait for its end."""
        self.process.join()
        out, err = (file.read_text("utf-8") for file in self._files)
        self._folder.cleanup()
        assert self.process.exitcode is not None
        return Ended(self.process.exitcode, out, err)

    def signalled(self, number: int) -> Ended:
        """Send it a signal, and wait for its end."""
        assert self.process.pid
        os.kill(self.process.pid, number)
        return self.ended()

    def killed(self) -> None:
        ended = self.signalled(signal.SIGKILL)
        assert ended.code == -signal.SIGKILL, ended


def _work(
    cwd: str,
    environment: dict[str, str],
    files: list[Path],
    job: Callable[..., None],
    arguments: tuple[Any, ...],
) -> None:
    share_server()
    for number, file in enumerate(files, start=1):
        os.dup2(os.open(file, os.O_WRONLY), number)
    os.chdir(cwd)
    os.environ.update(environment)
    job(*arguments)


def code(text: str, *words: object) -> None:
    """Be a script; its words are those of a command line."""
    sys.argv = ["-c", *map(str, words)]
    exec(compile(text, "<script>", "exec"), vars(sys.modules["__main__"]))


def file(path: Path) -> None:
    """Be a script that lies in a file; workers read it again."""
    main = sys.modules["__main__"] = ModuleType("__main__")
    main.__file__ = str(path)
    exec(compile(path.read_text("utf-8"), path, "exec"), vars(main))


def command(first: str, *words: object) -> None:
    """Be the command ``netrobust``, when some code is done."""
    code(first)
    sys.argv = ["netrobust", *map(str, words)]
    from netrobust.cli import main

    main()
