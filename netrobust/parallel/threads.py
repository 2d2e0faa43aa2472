"""How many threads the kernels and torch may use."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import numba
import torch

# Torch has one setting for a whole process, numba one for each of its threads. First
# stands what torch had before, then what every block asked for that is still running.
_asked: list[int] = []
_lock = Lock()


@contextmanager
def limited_threads(count: int) -> Iterator[None]:
    """Run a block of code with at most `count` threads, then restore the setting.

    Blocks may run in several threads of a process at the same time. Torch then goes by
    the one that began last, and has its own number again when all are over.

    Parameters
    ----------
    count : int
        More threads than the machine has count as all of them.
    """
    count = min(count, numba.config.NUMBA_NUM_THREADS)
    with _lock:
        if not _asked:
            _asked.append(torch.get_num_threads())
        _asked.append(count)
        # The first call starts numba's threads, and that changes what torch has.
        before = numba.get_num_threads()
        torch.set_num_threads(count)
    numba.set_num_threads(count)
    try:
        yield
    finally:
        numba.set_num_threads(before)
        with _lock:
            _asked.reverse()
            _asked.remove(count)
            _asked.reverse()
            torch.set_num_threads(_asked[-1])
            if len(_asked) == 1:
                _asked.clear()
