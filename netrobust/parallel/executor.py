"""Units of work in this process and on someone's executor, and how they end.

Whatever a unit raises comes back as a `Failure`, so that one unit stops no other; so
does the end of the process it ran in. What all units share travels once to each worker,
not once with each unit. In a worker one unit runs at a time, on one thread of torch and
one of numba.
"""

import pickle
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    wait,
)
from threading import Lock
from traceback import format_exception
from typing import Any, NamedTuple, TypeAlias
from uuid import uuid4

from netrobust.core.own_functions import packed, unpacked

Work: TypeAlias = tuple[Any, ...]  # a function and what all its units share
Outcome: TypeAlias = tuple[str, Any]  # key of a unit, its result or a Failure

#: Times a unit may lose its process before it is given up.
LIVES = 3

#: Seconds without a result after which a cluster is asked how it is.
PAUSE = 5.0

_KEPT: dict[str, Work] = {}  # of a worker of an executor: its work, by token
_ONE = Lock()  # igraph and torch have settings for a whole process


class Failure(NamedTuple):
    """Why a unit has no result.

    Attributes
    ----------
    reason : str
        One line.
    traceback : str
    error : Exception or None
        What was raised, where it can travel between processes.
    """

    reason: str
    traceback: str
    error: BaseException | None = None

    @classmethod
    def of(cls, error: BaseException) -> "Failure":
        """Describe what was raised.

        Examples
        --------
        >>> Failure.of(ValueError("too hot")).reason
        'ValueError: too hot'
        """
        said = str(error).strip().split("\n")[0]
        name = type(error).__name__
        text = "".join(format_exception(error))
        return cls(f"{name}: {said}" if said else name, text, error)


def here(work: Work, tasks: Mapping[str, Any]) -> Generator[Outcome, None, None]:
    """Do the units in this process, in order."""
    for key, task in tasks.items():
        yield key, _attempt(work, task)


def on_executor(
    work: Work, tasks: Mapping[str, Any], executor: Executor, window: int
) -> Generator[Outcome, None, None]:
    """Do the units on an executor about which nothing is known.

    A worker that lacks the work says so, and is sent it with its next unit. Once the
    executor is broken, units that were not begun are not given at all.

    Parameters
    ----------
    work, tasks
    executor : Executor
    window : int
        Units in the air at a time: how often the work travels at most.
    """
    token, content = uuid4().hex, packed(work)

    def submit(key: str, *given: bytes) -> Future[Any]:
        return executor.submit(_answer, token, tasks[key], *given)

    flight = Flight(submit, tasks, window)
    for key, future in flight:
        result = landed(future)
        if isinstance(result, _Lacks):
            flight.launch(key, content)
        else:
            yield key, killed("its executor broke") if _broken(result) else result


class Flight:
    """Units in the air, at most so many at a time; iterate to see them land.

    Parameters
    ----------
    submit : callable
        ``submit(key, *given) -> Future``.
    keys : iterable of str
    window : int
    stuck : callable, optional
        ``stuck() -> bool``, asked now and then while none lands: whether to give up.
    """

    def __init__(
        self,
        submit: Callable[..., Future[Any]],
        keys: Iterable[str],
        window: int,
        stuck: Callable[[], bool] | None = None,
    ) -> None:
        self._stuck = stuck
        self._submit = submit
        self._waiting = deque(keys)
        self._flying: dict[Future[Any], str] = {}
        self._window = window

    def launch(self, key: str, *given: Any) -> None:
        """Send a unit off; on a broken executor it and all that wait stay."""
        try:
            self._flying[self._submit(key, *given)] = key
        except BrokenExecutor:
            self._waiting.clear()

    def __iter__(self) -> Iterator[tuple[str, Future[Any]]]:
        """Give units as they land."""
        try:
            while self._waiting or self._flying:
                while self._waiting and len(self._flying) < self._window:
                    self.launch(self._waiting.popleft())
                pause = None if self._stuck is None else PAUSE
                ended = wait(self._flying, pause, return_when=FIRST_COMPLETED).done
                if not ended and self._stuck is not None and self._stuck():
                    return
                for future in ended:
                    yield self._flying.pop(future), future
        finally:
            for future in self._flying:
                future.cancel()


def landed(future: Future[Any]) -> Any:
    """Give the result of a unit, or the Failure it ended in."""
    try:
        error = future.exception()
    except CancelledError as cancelled:
        error = cancelled
    if isinstance(error, KeyboardInterrupt):
        raise error
    return future.result() if error is None else Failure.of(error)


def called(work: Work, task: Any) -> Any:
    """Do a unit in a worker: alone in its process, on one thread."""
    from netrobust.parallel.threads import limited_threads

    with _ONE, limited_threads(1):
        result = _attempt(work, task)
    return portable(result) if isinstance(result, Failure) else result


def _attempt(work: Work, task: Any) -> Any:
    function, *shared = work
    try:
        return function(task, *shared)
    except (Exception, SystemExit) as error:
        return Failure.of(error)


def portable(failure: Failure) -> Failure:
    """Leave behind an error that cannot be made again on the other side."""
    try:
        pickle.loads(pickle.dumps(failure.error))
    except Exception:
        return failure._replace(error=None)
    return failure


def _broken(result: Any) -> bool:
    return isinstance(result, Failure) and isinstance(result.error, BrokenExecutor)


def killed(how: str) -> Failure:
    """Tell that the process of a unit died."""
    reason = f"its process was killed, possibly out of memory ({how})"
    return Failure(reason, f"{reason}\n")


class _Lacks:
    """The answer of a worker that has not got the work."""


def _answer(token: str, task: Any, content: bytes | None = None) -> Any:
    if content is not None and token not in _KEPT:
        _KEPT.clear()  # what was done before needs no memory
        _KEPT[token] = unpacked(content)
    work = _KEPT.get(token)
    return _Lacks() if work is None else called(work, task)
