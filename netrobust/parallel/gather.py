"""Units of work over processes or an executor; those that are done are kept."""

import os
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Executor
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

from netrobust.core.errors import InputError, UnfinishedError, UnwritableError
from netrobust.core.settings import MOST_JOBS, whole
from netrobust.parallel.dask_cluster import client_of, on_dask
from netrobust.parallel.executor import Failure, Outcome, here, on_executor
from netrobust.parallel.processes import in_processes

Task = TypeVar("Task")
Result = TypeVar("Result")

Tick: TypeAlias = Callable[[int, int], None]  # units done, units in all


class Parts(Protocol):
    """Where finished units of work are kept, so that interrupted work can resume."""

    def found(self, keys: Iterable[str]) -> Mapping[str, Any]:
        """Give the results of those units that are done."""

    def put(self, key: str, rows: Any) -> None:
        """Keep the result of a unit."""


@runtime_checkable
class Ledger(Parts, Protocol):
    """Parts that know which units to do, and write down those that failed."""

    logs: Path

    def begin(self, keys: Iterable[str]) -> set[str]:
        """Take note of all units; give those that are to be done here and now."""

    def fail(self, key: str, reason: str, traceback: str) -> None:
        """Write down why a unit has no result."""


def gather(
    function: Callable[..., Result],
    units: Mapping[str, Task],
    jobs: int,
    *shared: Any,
    executor: Executor | None = None,
    parts: Parts | None = None,
    tick: Tick | None = None,
) -> list[Result]:
    """Do the units of work that are not done yet; give the results of all, in order.

    Parameters
    ----------
    function : callable
        ``function(unit, *shared)``, importable by name, since worker processes are not
        forked from this one.
    units : mapping
        Units by the keys under which `parts` keeps their results.
    jobs : int
        Processes; with 1 everything runs in this one, in order.
    *shared
        Sent once to each process, not once for each unit.
    executor : concurrent.futures.Executor, optional
        Where the work is done, instead of `jobs` processes.
    parts : optional
        What it holds is not computed again. Only this process writes to it.
    tick : callable, optional
        Called with the units done and the units in all.

    Raises
    ------
    UnfinishedError
        Units failed, or were not to be done here; with parts that write down failures,
        after all others were done. Without, what a unit raises is raised at once.

    Examples
    --------
    >>> gather(divmod, {"seven": 7, "eight": 8}, 1, 2)
    [(3, 1), (4, 0)]
    """
    ledger = parts if isinstance(parts, Ledger) else None
    wanted = set(units) if ledger is None else ledger.begin(units)
    done: dict[str, Result] = {} if parts is None else dict(parts.found(units))
    tick = tick or (lambda finished, total: None)
    tick(len(done), len(units))
    missing = {key: units[key] for key in units if key not in done and key in wanted}
    failed: dict[str, str] = {}
    # Closing ends workers at once, whatever ends the loop.
    with closing(_outcomes(function, missing, jobs, shared, executor)) as outcomes:
        for key, result in outcomes:
            if isinstance(result, Failure):
                if ledger is None or isinstance(result.error, UnwritableError):
                    raise _error(result)
                failed[key] = result.reason
                ledger.fail(key, result.reason, result.traceback)
                continue
            done[key] = result
            if parts is not None:
                parts.put(key, result)
            tick(len(done), len(units))
    left = [key for key in units if key not in done and key not in failed]
    if failed or left:
        logs = ledger.logs if ledger is not None else None
        in_order = {key: failed[key] for key in units if key in failed}
        raise UnfinishedError(in_order, left, len(units), logs)
    return [done[key] for key in units]


def processors() -> int:
    """Count the processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_executor(executor: object) -> None:
    """Refuse, with InputError, what is no `concurrent.futures.Executor`."""
    if executor is not None and not isinstance(executor, Executor):
        raise InputError(
            "executor must be a concurrent.futures.Executor, such as "
            "ProcessPoolExecutor(mp_context=multiprocessing.get_context('spawn')) or "
            f"the get_executor() of a Dask client; got {type(executor).__name__}"
        )
    context = getattr(executor, "_mp_context", None)
    if context is not None and context.get_start_method() == "fork":
        raise InputError(
            "a forked worker has no threads of the kernels and would be ended; give "
            "ProcessPoolExecutor(mp_context=multiprocessing.get_context('spawn')), or "
            "jobs"
        )


def _outcomes(
    function: Callable[..., Any],
    tasks: Mapping[str, Any],
    jobs: int,
    shared: tuple[Any, ...],
    executor: Executor | None,
) -> Generator[Outcome, None, None]:
    work = (function, *shared)
    alone = whole("jobs", jobs, 1, MOST_JOBS) == 1 or len(tasks) < 2
    check_executor(executor)
    if executor is None:
        return here(work, tasks) if alone else in_processes(work, tasks, jobs)
    if client_of(executor) is not None:
        return on_dask(work, tasks, executor)
    workers = getattr(executor, "_max_workers", None) or processors()
    return on_executor(work, tasks, executor, 2 * workers)


def _error(failure: Failure) -> BaseException:
    return failure.error or RuntimeError(failure.traceback)
