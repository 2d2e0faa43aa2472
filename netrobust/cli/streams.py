"""Standard output and error that never stop the work, whoever reads them.

A job of cron has no output at all, a disk below it may be full, and ``| head`` reads
ten lines and leaves. What cannot be told is lost; what was done is not.
"""

import os
import sys
from contextlib import suppress
from typing import Any

_NAMES = ("stdin", "stdout", "stderr")


class Steady:
    """A text stream to which all writing succeeds; the first failure is kept."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.error: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Write, or lose, a text."""
        try:
            self.stream.write(text)
        except OSError as error:
            self._lose(error)
        return len(text)

    def flush(self) -> None:
        """Hand on what was written, or lose it."""
        try:
            self.stream.flush()
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        self.error = self.error or error
        with suppress(OSError, ValueError):  # so that the end of the process is quiet
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())
            os.close(nowhere)


def there() -> None:
    """Open what is closed, lest another file take its number; ends nowhere."""
    for number, name in enumerate(_NAMES):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
        if getattr(sys, name) is None:
            way = "w" if number else "r"
            stream = open(os.devnull, way, encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, stream)


def steady() -> None:
    """Let no failure to write, and no character, stop this process."""
    for name in _NAMES[1:]:
        stream = getattr(sys, name)
        if isinstance(stream, Steady):
            continue
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, Steady(stream))


def lost() -> str:
    """Say in a sentence why output was lost; nothing if a reader left, or all is told.

    Examples
    --------
    >>> lost()
    ''
    """
    sys.stdout.flush()
    error = getattr(sys.stdout, "error", None)
    if error is None or isinstance(error, BrokenPipeError):
        return ""
    return f"standard output cannot be written ({error.strerror or error})"


def printable(text: str) -> str:
    r"""Write control characters out, which could rule a terminal.

    Examples
    --------
    >>> print(printable("a\x1b[2Jb"))
    a\x1b[2Jb
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() or one == "\n" else ascii(one)[1:-1] for one in text
    )
