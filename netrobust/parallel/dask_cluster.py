"""Dask: a scheduler is found or started, and units of work run on its workers."""

import logging
import re
import sys
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import CancelledError, Executor, Future, InvalidStateError
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any
from uuid import uuid4

from netrobust.core.errors import InputError
from netrobust.core.own_functions import packed
from netrobust.core.settings import MOST_JOBS, whole
from netrobust.parallel.executor import (
    LIVES,
    PAUSE,
    Failure,
    Flight,
    Outcome,
    Work,
    killed,
    landed,
)

logger = logging.getLogger("netrobust")

#: Seconds within which a scheduler must answer and have a worker.
TIMEOUT = 10.0

#: Seconds that units wait for a cluster that works on none of them.
PATIENCE = 300.0

#: Seconds after which a result that is on its way counts as lost.
TRAVEL = 30.0

#: Units at the scheduler at a time; enough for clusters that grow with their queue.
_WINDOW = 1000

_ADDRESS = re.compile(r"(tcp|tls)://([^\s/:\[\]]+|\[[0-9a-fA-F:]+\]):(\d{1,5})")


@contextmanager
def scheduler(where: str, jobs: int, timeout: float = TIMEOUT) -> Iterator[Executor]:
    """Give the executor of a Dask scheduler.

    Parameters
    ----------
    where : str
        ``tcp://host:port``, or ``local`` for one started here that ends with the work.
    jobs : int
        Worker processes of a local one.
    timeout : float
        Seconds within which it must answer and have a worker.

    Raises
    ------
    InputError
        The address is malformed, nothing answers there, or Dask is not installed.

    Examples
    --------
    >>> with scheduler("10.0.0.7", jobs=1):
    ...     pass
    Traceback (most recent call last):
    ...
    netrobust.core.errors.InputError: a scheduler is 'local' or an address such as \
tcp://host:8786; got '10.0.0.7'
    """
    check_scheduler(where)
    whole("jobs", jobs, 1, MOST_JOBS)
    from distributed import Client, LocalCluster

    if where == "local":
        one = {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
        with LocalCluster(n_workers=jobs, **one) as started, Client(started) as client:
            yield client.get_executor()
        return
    try:
        client = Client(where, timeout=timeout)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise InputError(
            f"no Dask scheduler answers at {where} within {timeout:g} seconds "
            f"({type(error).__name__}); start one with dask scheduler, or give local"
        ) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=timeout)
        except TimeoutError:
            raise InputError(
                f"the scheduler at {where} has no worker; start some with "
                f"dask worker {where} --nthreads 1"
            ) from None
        yield client.get_executor()


def check_scheduler(where: str) -> None:
    """Refuse, with InputError, a malformed address, or any where Dask is missing."""
    match = _ADDRESS.fullmatch(where)
    if where != "local" and not (match and 0 < int(match[3]) < 65536):
        raise InputError(
            "a scheduler is 'local' or an address such as tcp://host:8786; got "
            f"{where!r}"
        )
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise InputError(
            "a scheduler needs the package distributed, which is not installed; "
            "install netrobust[dask]"
        ) from None


def client_of(executor: Executor) -> Any:
    """Give the Dask client behind an executor; None if it is another kind."""
    module = sys.modules.get("distributed.cfexecutor")
    if module is None or not isinstance(executor, module.ClientExecutor):
        return None
    return getattr(executor, "_client")  # noqa: B009


def on_dask(
    work: Work, tasks: Mapping[str, Any], executor: Executor
) -> Generator[Outcome, None, None]:
    """Do the units on the workers of a Dask cluster.

    The work travels once to each worker, also to those that come later. Dask itself
    tries the units of a worker that died on others. Once the scheduler is gone, units
    that have not ended are not given at all.
    """
    from distributed import KilledWorker

    from netrobust.parallel.dask_worker import Lent, Sealed, lent

    client, name = client_of(executor), f"netrobust-{uuid4()}"
    client.register_plugin(Lent(packed(work)), name)

    def submit(key: str) -> Future[Any]:
        unit = client.submit(lent, name, Sealed(tasks[key]), pure=False)
        return _promise(unit, client)

    losses = Counter[str]()
    flight = Flight(submit, tasks, _WINDOW, _Idle(client).too_long)
    try:
        for key, future in flight:
            result = landed(future)
            error = result.error if isinstance(result, Failure) else None
            if isinstance(error, CancelledError):
                if client.status != "running":
                    return
                losses[key] += 1
                if losses[key] < LIVES:
                    flight.launch(key)
                    continue
            if isinstance(error, KilledWorker):
                result = killed("it took several workers of the cluster with it")
            yield key, result
    finally:
        # A scheduler or worker that is gone holds nothing any more.
        with suppress(OSError, RuntimeError, TimeoutError, ValueError):
            if client.status == "running":
                client.unregister_worker_plugin(name)


class _Idle:
    """How long a cluster has worked on nothing, although units wait for it."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.since: float | None = None

    def too_long(self) -> bool:
        """Whether that is longer than the patience; the first time, warn."""
        with suppress(OSError, TimeoutError, RuntimeError):
            if any(self.client.processing().values()):
                self.since = None
                return False
        now = monotonic()
        if self.since is None:
            self.since = now
            logger.warning(
                "the Dask cluster works on none of the units; waiting %g seconds for "
                "a worker, then what is done is kept and the job ends", PATIENCE
            )  # fmt: skip
        return now - self.since >= PATIENCE


def _promise(theirs: Any, client: Any) -> Future[Any]:
    """Give a future of Dask as one of the standard library.

    Dask's own translation never ends where a result was lost on its way.
    """
    ours = Future[Any]()

    def end(future: Any) -> None:
        with suppress(InvalidStateError):  # nobody waits for what was cancelled
            try:
                result = _fetched(future, client)
            except BaseException as error:
                ours.set_exception(error)
            else:
                ours.set_result(result)

    theirs.add_done_callback(end)
    ours.add_done_callback(lambda done: theirs)  # Dask drops what nobody holds
    return ours


def _fetched(future: Any, client: Any) -> Any:
    """Fetch the result of a unit that has ended, or say that it is lost.

    Where it went with its worker, Dask makes it again, but not always.
    """
    until = monotonic() + TRAVEL
    while client.status == "running" and monotonic() < until:
        with suppress(TimeoutError):
            return future.result(timeout=PAUSE)
    raise CancelledError
