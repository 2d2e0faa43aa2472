"""Processes that stop before a chosen file and wait there for their end.

A kill has to find its process at work. A watcher that the machine keeps waiting would
come when all is done; a process that cannot write its last file is at work for ever.
"""

import os
import threading
from fnmatch import fnmatch
from typing import Any


def halt(names: str, after: int) -> None:
    """Let this process finish `after` files of a pattern, and none beyond them.

    Files get their names by ``os.replace``; the next one lies there under its temporary
    name, whole or not, as after a kill in the middle of a write.
    """
    rename, left = os.replace, after

    def replace(part: Any, path: Any, **options: Any) -> None:
        nonlocal left
        if fnmatch(os.fspath(path), names):
            if not left:
                threading.Event().wait()
            left -= 1
        rename(part, path, **options)

    os.replace = replace
