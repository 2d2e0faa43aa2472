"""Work spread over processes."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Any, TypeVar

from netrobust.errors import InputError

Task = TypeVar("Task")
Result = TypeVar("Result")

_SHARED: list[Any] = []  # of a worker process: the function and what all tasks share


def spread(
    function: Callable[..., Result], tasks: Sequence[Task], jobs: int, *shared: Any
) -> Iterator[tuple[Task, Result]]:
    """Call ``function(task, *shared)`` for every task; give results as they come.

    Parameters
    ----------
    function : callable
        Importable by name, since worker processes are spawned, not forked.
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
    if jobs < 1:
        raise InputError(f"jobs must be 1 or larger; got {jobs}")
    if jobs == 1 or len(tasks) < 2:
        for task in tasks:
            yield task, function(task, *shared)
        return
    with ProcessPoolExecutor(
        min(jobs, len(tasks)),
        mp_context=get_context("spawn"),
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


def _adopt(*shared: Any) -> None:
    _SHARED[:] = shared


def _call(task: Any) -> Any:
    function, *shared = _SHARED
    return function(task, *shared)
