"""Processes of our own, which do one unit of work after the other.

They end with the work and with this process, however it ends. Which unit a process died
of is known, so that all others continue.
"""

import os
import pickle
import signal
import sys
from collections import Counter, deque
from collections.abc import Generator, Mapping
from contextlib import suppress
from multiprocessing import get_all_start_methods, get_context, parent_process
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as ready_of
from multiprocessing.context import BaseContext
from threading import Thread
from typing import Any, cast

from netrobust.core.errors import InputError
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


def in_processes(
    work: Work, tasks: Mapping[str, Any], jobs: int
) -> Generator[Outcome, None, None]:
    """Do the units in processes of our own.

    A unit whose process dies is tried again when all others are begun, for it may have
    been a victim of low memory or of a kill; at the third death it is given up.
    """
    _check_script()
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
        self.process.start()
        theirs.close()  # so that its death ends the connection
        self._first: bytes | None = content

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
            return _DEAD
        except Exception as error:  # it cannot be made again on this side
            return Failure.of(error)

    def end(self) -> None:
        self.connection.close()
        self.process.join()


def _serve(connection: Connection) -> None:
    """Do units until the parent is done or dead."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers
    Thread(target=_follow, daemon=True).start()
    with suppress(EOFError, OSError):
        work = unpacked(connection.recv_bytes())
        while True:
            result = called(work, connection.recv())
            try:
                connection.send(result)
            except (pickle.PicklingError, AttributeError, TypeError) as error:
                connection.send(portable(Failure.of(error)))


def _check_script() -> None:
    """Refuse a main script that workers, which read it again, will not find."""
    path = getattr(sys.modules["__main__"], "__file__", None)
    if path is not None and not os.path.exists(path):
        raise InputError(
            "a script that comes from standard input cannot have workers; save it to a "
            "file, or take one job"
        )


def _context() -> BaseContext:
    """Fork workers from a clean server that has torch loaded, or spawn them.

    A spawned worker loads torch anew, which takes longer than most units of work;
    torch loads its second part when an optimiser is made.
    """
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(["netrobust.studies.reproduce", "torch._dynamo"])
    return context


def _follow() -> None:
    """End with the parent: a worker whose parent was killed would wait for ever."""
    if parent := parent_process():
        parent.join()
        os._exit(1)
