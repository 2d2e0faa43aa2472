"""Processes to which something happens before a chosen file has its name.

A kill has to find its process at work. A watcher that the machine keeps waiting would
come when all is done; a process that cannot write its last file is at work for ever.
"""

import os
import threading
from collections.abc import Callable
from fnmatch import fnmatch
from typing import Any


def halt(names: str, after: int) -> None:
    """Let this process finish `after` files of a pattern, and none beyond them.

    The next one lies there under its temporary name, whole or not, as after a kill in
    the middle of a write.
    """
    before(names, after, threading.Event().wait)


def before(names: str, after: int, act: Callable[[], object]) -> None:
    """Let this process act before it finishes the file of a pattern after `after`.

    Files get their names by ``os.replace``.
    """
    rename, left = os.replace, after

    def replace(part: Any, path: Any, **options: Any) -> None:
        nonlocal left
        if fnmatch(os.fspath(path), names):
            if not left:
                act()
            left -= 1
        rename(part, path, **options)

    os.replace = replace
