"""How many threads the kernels and torch may use."""

from collections.abc import Iterator
from contextlib import contextmanager

import numba
import torch


@contextmanager
def limited_threads(count: int) -> Iterator[None]:
    """Run a block of code with at most `count` threads, then restore the setting.

    Parameters
    ----------
    count : int
        More threads than the machine has count as all of them.
    """
    before = torch.get_num_threads(), numba.get_num_threads()
    torch.set_num_threads(count)
    numba.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        numba.set_num_threads(before[1])
