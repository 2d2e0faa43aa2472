"""What a Dask worker holds and does: the work that units share, and one unit."""

from threading import Lock
from typing import Any, cast

from distributed import WorkerPlugin, get_worker

from netrobust.core.own_functions import unpacked
from netrobust.parallel.executor import called

_UNPACKING = Lock()


class Lent(WorkerPlugin):
    """The work, packed until the first unit of it comes.

    The scheduler keeps it, and gives it to every worker when that starts. As the result
    of a task it would be lost with the last worker that holds it, made again on the
    next one, and lost again where the units themselves end their workers.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._work: Any = None

    def work(self) -> Any:
        """Give the work, unpacked once in this process."""
        with _UNPACKING:
            if self._work is None:
                self._work = unpacked(self._content)
        return self._work


class Sealed:
    """A unit in which Dask looks for nothing of its own."""

    def __init__(self, task: Any) -> None:
        self.task = task


def lent(name: str, sealed: Sealed) -> Any:
    """Do a unit of the work that a plugin of this name holds."""
    held = cast(Lent, get_worker().plugins[name])
    return called(held.work(), sealed.task)
