"""Parse files of unknown origin in a child process, with limits.

A third-party parser may hang, exhaust the memory or crash on a hostile file. Only the
child suffers, and its caller gets one sentence. Each call starts a new Python, which
loads nothing but what the parser itself imports: 0.1 s in all where that is numpy, 0.3
to 0.4 s with igraph or pandas, 2 s with torch.

Request and answer travel over pipes as JSON and plain arrays, never as pickle, so a
child that a file has taken over cannot make its caller run anything. The
child is not a sandbox: it has the rights of the user, but writes nothing into files and
leaves no core. Time is limited everywhere, memory where the system counts it (Linux).
"""

import json
import logging
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from netrobust.core.errors import InputError
from netrobust.core.interpreter import end_with_parent, python
from netrobust.core.messages import pack, unpack

logger = logging.getLogger(__name__)

# For small files; `allowance` adds what longer ones need. A megabyte of GraphML takes
# igraph 0.02 s and 1.3 MB, so a valid file stays far below both.
SECONDS = 60.0
MEMORY = 2**31
_SECONDS_PER_BYTE = 1e-6
_MEMORY_PER_BYTE = 20

# The caller's path: a parser is the same function here and there.
_BEGIN = (
    "import json, sys; "
    "sys.path[:] = json.loads(sys.stdin.buffer.readline()); "
    "from netrobust.core.isolated_parser import answer; answer()"
)
# One thread, and no reserves: memory is counted as it is requested.
_ALONE = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
_NO_ANSWER = (
    ValueError,
    TypeError,
    LookupError,
    OverflowError,
    SyntaxError,
    RecursionError,
)
_ENDED_BY_TIME = ("SIGALRM", "SIGXCPU")


def allowance(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Give the limits for one file: a base, and more in proportion to its size.

    Parameters
    ----------
    path : path-like
        A file that is there.

    Returns
    -------
    dict
        ``seconds`` and ``memory`` (bytes), as `guarded` takes them.

    Examples
    --------
    >>> allowance(os.devnull)
    {'seconds': 60.0, 'memory': 2147483648}
    """
    size = os.stat(path).st_size
    return {
        "seconds": SECONDS + _SECONDS_PER_BYTE * size,
        "memory": MEMORY + _MEMORY_PER_BYTE * size,
    }


def guarded(
    parse: Callable[..., Any],
    *args: Any,
    what: str,
    seconds: float = SECONDS,
    memory: int = MEMORY,
) -> Any:
    """Call a parser in a child process with a time limit and a memory limit.

    Parameters
    ----------
    parse : callable
        A function of a module, importable by name. What it refuses it raises as
        `InputError`, whose sentence comes through.
    *args
        And what it returns: None, bool, int, float, str, bytes, Path, arrays of numbers
        or text, and lists, tuples and dicts of these. Arrays travel fastest.
    what : str
        The file, for messages, such as ``"the GraphML file a.graphml"``.
    seconds : float
        Time the child may take, its start included.
    memory : int
        Bytes it may take beyond what it holds when the parser is loaded.

    Returns
    -------
    object
        What the parser returned, arrays as writable copies.

    Raises
    ------
    InputError
        The parser refused the file, failed in another way, crashed, took too long or
        needed too much memory.

    Examples
    --------
    >>> guarded(divmod, 7, 2, what="the division")
    (3, 1)
    >>> guarded(divmod, 7, 0, what="the division")
    Traceback (most recent call last):
    ...
    netrobust.core.errors.InputError: the division cannot be read: its parser failed \
(ZeroDivisionError: integer division or modulo by zero); give a complete file of this \
format
    """
    name = f"{parse.__module__}:{parse.__qualname__}"
    limits = {"seconds": seconds, "memory": memory}
    kind, value = _answer([name, limits, args], what, seconds)
    if kind == "done":
        return value
    if kind == "refused":
        raise InputError(str(value))
    if kind == "memory":
        raise InputError(
            f"{what} cannot be read: its parser needs more than the "
            f"{memory / 2**30:.2g} GiB it may take; give a smaller file"
        )
    reason, trace = value
    logger.debug("%s: %s", what, trace)
    raise InputError(
        f"{what} cannot be read: its parser failed ({reason}); give a complete file "
        "of this format"
    )


def _answer(job: list[Any], what: str, seconds: float) -> tuple[str, Any]:
    """Start a child for a job; give how it ended and with what, if it could tell."""
    token = os.urandom(16)  # a Python may print while it starts
    try:
        # In a session of its own, so that Ctrl-C reaches the caller alone, who ends the
        # child; a child whose caller was killed ends with it.
        done = subprocess.run(
            [python(), "-P", "-c", _BEGIN],
            input=_path() + pack([token, os.getpid(), *job]),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            env={**os.environ, **_ALONE},
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise InputError(_too_long(what, seconds)) from None
    except OSError as error:
        raise InputError(
            f"{what} cannot be read: no process can be started for its parser "
            f"({error}); end other programs and try again"
        ) from None
    if done.returncode:
        ended = _ending(done.returncode)
        if ended in _ENDED_BY_TIME:
            raise InputError(_too_long(what, seconds))
        raise InputError(
            f"{what} cannot be read: its parser crashed ({ended}), because the file is "
            "damaged or it was possibly out of memory; create the file again"
        )
    try:
        kind, value = unpack(done.stdout.partition(token)[2])
    except _NO_ANSWER as error:
        raise InputError(
            f"{what} cannot be read: its parser ended without an answer "
            f"({type(error).__name__}); create the file again"
        ) from None
    return kind, value


def _path() -> bytes:
    return json.dumps([str(place) for place in sys.path]).encode("ascii") + b"\n"


def _too_long(what: str, seconds: float) -> str:
    return (
        f"{what} cannot be read: its parser did not end within {seconds:g} s; give a "
        "smaller file"
    )


def _ending(code: int) -> str:
    """Name the signal or exit code that ended a process."""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit code {code}"


def answer() -> None:
    """Run in the child: read the request from standard input, answer, and end."""
    # A parser that prints must not print into the answer.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    token, parent, name, limits, args = unpack(sys.stdin.buffer.read())
    end_with_parent(parent)
    _end_after(limits["seconds"])
    try:
        parse = resolve_name(name)
        _limit(limits["memory"])
        said = pack(["done", parse(*args)])
    except InputError as error:
        said = pack(["refused", str(error)])
    except MemoryError:
        said = pack(["memory", None])
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        short = reason if len(reason) <= 300 else f"{reason[:300]}..."
        said = pack(["failed", (short, traceback.format_exc())])
    out.write(token + said)
    out.flush()
    # Nothing is left to do, and an exit in order may hang in what the parser left.
    os._exit(0)


def _end_after(seconds: float) -> None:
    """End this process after a while, should its parent not be there to do it."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds + 1)


def _limit(memory: int) -> None:
    """Limit this process to so much more memory, no file writes and no core dump."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform != "linux":
        return  # other systems accept the limit and do not keep it
    held = Path("/proc/self/status").read_text("ascii").split("VmData:")[1].split()[0]
    # Not the address space: what is only reserved, or mapped from a file, costs none.
    most = int(held) * 1024 + memory
    _, already = resource.getrlimit(resource.RLIMIT_DATA)
    if already != resource.RLIM_INFINITY:
        most = min(most, already)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
