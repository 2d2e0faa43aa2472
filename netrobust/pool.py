"""Work spread over processes."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_all_start_methods, get_context, parent_process
from multiprocessing.context import BaseContext
from threading import Thread
from typing import Any, Protocol, TypeAlias, TypeVar

from netrobust.settings import whole

Task = TypeVar("Task")
Result = TypeVar("Result")

Tick: TypeAlias = Callable[[int, int], None]  # units done, units in all

_SHARED: list[Any] = []  # of a worker process: the function and what all tasks share


class Parts(Protocol):
    """Where finished units of work are kept, so that interrupted work can go on."""

    def get(self, key: str) -> Any:
        """Give the result of a unit that is done, or None."""

    def put(self, key: str, rows: Any) -> None:
        """Keep the result of a unit."""


def gather(
    function: Callable[..., Result],
    units: Mapping[str, Task],
    jobs: int,
    *shared: Any,
    parts: Parts | None = None,
    tick: Tick | None = None,
) -> list[Result]:
    """Do the units of work that are not done yet; give the results of all, in order.

    Parameters
    ----------
    function : callable
        ``function(unit, *shared)``, importable by name.
    units : mapping
        Units by the keys under which `parts` keeps their results.
    jobs, *shared
        As for `spread`.
    parts : optional
        What it holds is not computed again. Only this process writes to it.
    tick : callable, optional
        Called with the units done and the units in all.

    Examples
    --------
    >>> gather(divmod, {"seven": 7, "eight": 8}, 1, 2)
    [(3, 1), (4, 0)]
    """
    done: dict[str, Result] = {}
    for key in units:
        found = parts.get(key) if parts is not None else None
        if found is not None:
            done[key] = found
    tick = tick or (lambda finished, total: None)
    tick(len(done), len(units))
    missing = [key for key in units if key not in done]
    tasks = [(key, units[key]) for key in missing]
    for (key, _), result in spread(_keyed, tasks, jobs, function, *shared):
        done[key] = result
        if parts is not None:
            parts.put(key, result)
        tick(len(done), len(units))
    return [done[key] for key in units]


def _keyed(task: tuple[str, Any], function: Callable[..., Any], *shared: Any) -> Any:
    return function(task[1], *shared)


def spread(
    function: Callable[..., Result], tasks: Sequence[Task], jobs: int, *shared: Any
) -> Iterator[tuple[Task, Result]]:
    """Call ``function(task, *shared)`` for every task; give results as they come.

    Parameters
    ----------
    function : callable
        Importable by name, since worker processes are not forked from this one.
    tasks : sequence
    jobs : int
        Processes; with 1 everything runs in this one, in order.
    *shared
        Sent once to each process, not once for each task.

    Yields
    ------
    tuple
        A task and its result, in the order in which tasks end.

    Examples
    --------
    >>> list(spread(divmod, [7, 8], 1, 2))
    [(7, (3, 1)), (8, (4, 0))]
    """
    if whole("jobs", jobs, 1) == 1 or len(tasks) < 2:
        for task in tasks:
            yield task, function(task, *shared)
        return
    with ProcessPoolExecutor(
        min(jobs, len(tasks)),
        mp_context=_context(),
        initializer=_adopt,
        initargs=(function, *shared),
    ) as pool:
        futures: dict[Future[Any], Task] = {
            pool.submit(_call, task): task for task in tasks
        }
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def processors() -> int:
    """Count the processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _context() -> BaseContext:
    """Fork workers from a clean server that has torch loaded, or spawn them.

    A spawned worker loads torch anew, which takes longer than most units of work;
    torch loads its second part when an optimiser is made.
    """
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    context.set_forkserver_preload(["netrobust.pipeline", "torch._dynamo"])
    return context


def _adopt(*shared: Any) -> None:
    _SHARED[:] = shared
    Thread(target=_follow, daemon=True).start()


def _follow() -> None:
    """End with the parent: a worker whose parent was killed would wait for ever."""
    if parent := parent_process():
        parent.join()
        os._exit(1)


def _call(task: Any) -> Any:
    function, *shared = _SHARED
    return function(task, *shared)
