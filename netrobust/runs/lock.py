"""One process at a time works in a run folder, or several shards of one job.

The lock is the operating system's (`flock`), held on an empty file of the folder: it
ends with the process that holds it, however that ends, and nothing stale is left.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from netrobust.core.errors import InputError
from netrobust.runs.contents import opened_to_append

try:
    import fcntl
except ImportError:  # Windows
    fcntl: Any = None  # type: ignore[no-redef]

log = logging.getLogger("netrobust")

#: Name of the file that is locked.
LOCK = "lock"


@contextmanager
def held(
    folder: Path,
    shared: bool = False,
    timeout: float = 1.0,
    *,
    lock: str = LOCK,
    busy: str | None = None,
    unless: Callable[[], bool] = lambda: False,
) -> Iterator[None]:
    """Hold a run folder while working in it.

    Parameters
    ----------
    folder : Path
        It must exist.
    shared : bool
        Whether others who share may work in it too; shards of one job do.
    timeout : float
        Seconds to wait for others to end.
    lock : str
        Name of the file that is locked.
    busy : str, optional
        What to say where another process holds it.
    unless : callable
        Whether, while another process holds it, it is needed no more.

    Raises
    ------
    InputError
        Another living process works in the folder, or it cannot be written to.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, held(Path(folder)):
    ...     with held(Path(folder), timeout=0):
    ...         pass
    Traceback (most recent call last):
    ...
    netrobust.core.errors.InputError: another netrobust process works in ...; wait for \
it to end, or stop it
    """
    try:
        file = opened_to_append(folder / lock)
    except OSError as error:
        raise InputError(
            f"cannot write {folder / lock}: {error.strerror}; choose another folder"
        ) from None
    with file:  # closing it ends the lock
        end = time.monotonic() + timeout
        while not _locked(file.fileno(), shared, folder) and not unless():
            if time.monotonic() >= end:
                raise InputError(
                    busy
                    or f"another netrobust process works in {folder}; wait for it to "
                    "end, or stop it"
                )
            time.sleep(0.02)
        yield


def _locked(file: int, shared: bool, folder: Path) -> bool:
    if fcntl is None:
        log.warning(
            "this system has no flock; make sure that nobody else uses %s", folder
        )
        return True
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:  # some network file systems
        log.warning("%s cannot be locked (%s); let nobody else use it", folder,
                    error.strerror)  # fmt: skip
    return True
