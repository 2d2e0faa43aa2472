"""Processes of our own, which do one unit of work after the other.

They end with the work and with this process, however it ends. Which unit a process died
of is known, so that all others continue.
"""

import os
import pickle
import signal
import sys
from collections import Counter, deque
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing import (
    current_process,
    get_all_start_methods,
    get_context,
    parent_process,
    set_executable,
)
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as ready_of
from multiprocessing.context import BaseContext
from threading import Thread, current_thread, main_thread
from typing import Any, NamedTuple, cast

from netrobust.core.errors import InputError
from netrobust.core.interpreter import end_with_parent, python
from netrobust.core.own_functions import packed, unpacked
from netrobust.parallel.executor import (
    LIVES,
    Failure,
    Outcome,
    Work,
    called,
    killed,
    portable,
)

_DEAD = object()  # in place of a result


class _Begun(NamedTuple):
    """The first answer of a worker: that it has the work, or why it has not."""

    problem: str = ""


def in_processes(
    work: Work, tasks: Mapping[str, Any], jobs: int
) -> Generator[Outcome, None, None]:
    """Do the units in processes of our own.

    A unit whose process dies is tried again when all others are begun, for it may have
    been a victim of low memory or of a kill; at the third death it is given up.
    """
    _check_place()
    content, context = packed(work), _context()
    waiting, deaths = deque(tasks), Counter[str]()
    idle: list[_Process] = []
    busy: dict[Connection, tuple[_Process, str]] = {}
    try:
        while waiting or busy:
            while waiting and len(busy) < jobs:
                process = idle.pop() if idle else _Process(context, content)
                key = waiting.popleft()
                process.begin(tasks[key])
                busy[process.connection] = process, key
            for ready in ready_of(list(busy)):
                process, key = busy.pop(cast(Connection, ready))
                result = process.result()
                if isinstance(result, _Begun):
                    process.check(result)
                    busy[process.connection] = process, key
                    continue
                if result is not _DEAD:
                    idle.append(process)
                    yield key, result
                    continue
                deaths[key] += 1
                if deaths[key] < LIVES:
                    waiting.append(key)
                else:
                    yield key, killed(f"it died {LIVES} times")
    finally:
        for process, _ in busy.values():
            process.process.terminate()
        for process in (*idle, *(one for one, _ in busy.values())):
            process.end()


class _Process:
    """A process of our own, which does one unit after the other."""

    def __init__(self, context: Any, content: bytes) -> None:
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), daemon=False)
        with _uninterrupted():
            self.process.start()
        theirs.close()  # so that its death ends the connection
        self._first: bytes | None = content
        self._begun = False

    def begin(self, task: Any) -> None:
        with suppress(OSError):  # it is dead, as its result will say
            if self._first is not None:
                self.connection.send_bytes(self._first)
                self._first = None
            self.connection.send(task)

    def result(self) -> Any:
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self.end()
            if not self._begun and (self.process.exitcode or 0) > 0:  # by no signal
                raise InputError(
                    "a worker ended while it started: it reads the main script again, "
                    "which fails there or starts the same work; put what the script "
                    'does under if __name__ == "__main__": or take one job'
                ) from None
            return _DEAD
        except Exception as error:  # it cannot be made again on this side
            return Failure.of(error)

    def check(self, begun: _Begun) -> None:
        """Take note that it has the work, or tell why it has not."""
        self._begun = True
        if begun.problem:
            self.end()
            raise InputError(
                f"a worker cannot read the work ({begun.problem}); define functions "
                "at the top of a module or script, or take one job"
            )

    def end(self) -> None:
        self.connection.close()
        self.process.join()


def _serve(connection: Connection) -> None:
    """Do units until the parent is done or dead."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers
    end_with_parent(os.getppid())
    Thread(target=_follow, daemon=True).start()
    with suppress(EOFError, OSError):
        content = connection.recv_bytes()
        try:
            work = unpacked(content)
        except Exception as error:
            connection.send(_Begun(Failure.of(error).reason))
            return
        connection.send(_Begun())
        while True:
            result = called(work, connection.recv())
            try:
                connection.send(result)
            except (pickle.PicklingError, AttributeError, TypeError) as error:
                connection.send(portable(Failure.of(error)))


def _check_place() -> None:
    """Refuse a process that cannot have workers, or a script that they will not find.

    A worker that reads a main script which starts the work itself ends without a word:
    its parent tells.
    """
    here = current_process()
    if getattr(here, "_inheriting", False):
        raise SystemExit(1)
    if here.daemon:
        raise InputError(
            "a daemonic process, such as a worker of multiprocessing.Pool, cannot have "
            "workers of its own; take one job"
        )
    path = getattr(sys.modules["__main__"], "__file__", None)
    if path is not None and not os.path.exists(path):
        raise InputError(
            "a script that comes from standard input cannot have workers; save it to a "
            "file, or take one job"
        )


def _context() -> BaseContext:
    """Fork workers from a clean server that has torch loaded, or spawn them.

    A spawned worker loads torch anew, which takes longer than most units of work;
    torch loads its second part when an optimiser is made, numba its compiler at the
    first call of a kernel.
    """
    set_executable(python())
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    loaded = ["netrobust.studies.reproduce", "torch._dynamo", "netrobust.neural.ready"]
    if current_thread() is main_thread():  # a death of which the system tells
        loaded.insert(0, "netrobust.parallel.server")
    context.set_forkserver_preload(loaded)
    return context


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Start a process that Ctrl-C does not reach, nor those that it starts."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _follow() -> None:
    """End with the parent: a worker whose parent was killed would wait for ever."""
    if parent := parent_process():
        parent.join()
        os._exit(1)
