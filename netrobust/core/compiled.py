"""Kernels are compiled once and kept on disk; where nothing can be kept, each time."""

import logging
from collections.abc import Callable
from multiprocessing import parent_process
from typing import Any

import numba

logger = logging.getLogger("netrobust")

_told: list[str] = []


def njit(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Compile a function with numba, without a cache where no folder takes one.

    Compiled code lies beside the module or in the user's cache folder; a container
    under another user may have neither.

    Examples
    --------
    >>> @njit(cache=False)
    ... def doubled(x):
    ...     return 2 * x
    >>> doubled(2)
    4
    """

    def compiled(function: Callable[..., Any]) -> Any:
        try:
            return numba.njit(**options)(function)
        except RuntimeError as error:
            if "cache" not in str(error):
                raise
            if not _told and parent_process() is None:
                _told.append("no cache")
                logger.warning(
                    "compiled code cannot be kept, so that each process compiles anew; "
                    "set NUMBA_CACHE_DIR to a folder that can be written"
                )
            return numba.njit(**options | {"cache": False})(function)

    return compiled
