"""The Python that processes of ours are started with, and how they end with us."""

import os
import signal
import sys
from pathlib import Path
from threading import Thread
from time import sleep

from netrobust.core.errors import InputError

_DEATH_OF_PARENT = 1  # PR_SET_PDEATHSIG of Linux
_SECONDS = 0.5  # between two looks at the parent, where the system tells nothing


def python() -> str:
    """Give the path of this Python, also where another program holds it.

    Raises
    ------
    InputError
        None is found.

    Examples
    --------
    >>> Path(python()).exists()
    True
    """
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    own = sys.executable or ""
    if "python" in Path(own).name.lower() and os.access(own, os.X_OK):
        return own
    homes = [Path(place) for place in (sys.exec_prefix, sys.base_exec_prefix)]
    names = (f"bin/{version}", "bin/python3", "bin/python", "python.exe")
    for path in [home / name for home in homes for name in names]:
        if os.access(path, os.X_OK):
            return str(path)
    if own and os.access(own, os.X_OK):  # a Python under another name
        return own
    raise InputError(
        "a process is needed and no Python is found to start it with; set "
        "sys.executable to the path of one"
    )


def end_with_parent(parent: int) -> None:
    """Let this process be killed as soon as its parent has died.

    Parameters
    ----------
    parent : int
        The number of the process that started this one, which may be dead already.
    """
    asked = _ask_linux()
    if os.name != "posix":
        return
    if os.getppid() != parent:
        os._exit(1)
    if not asked:
        Thread(target=_watch, args=(parent,), daemon=True).start()


def _ask_linux() -> bool:
    if sys.platform != "linux":
        return False
    import ctypes

    try:
        system = ctypes.CDLL(None, use_errno=True)
        return bool(system.prctl(_DEATH_OF_PARENT, signal.SIGKILL, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        sleep(_SECONDS)
    os._exit(1)
