"""One trial: a wrong file is read, and everything the reader may not do is seen.

A trial is right if it ends in an object that holds what it promises, or in one sentence
of a type that the reader documents. Wrong is every other exception, a sentence of
several lines, memory that is asked for beyond the limit of the process, and, by
Python's audit events: an unpickled name, a program started, a connection, and anything
written outside the folder of the file.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fuzzed import Reader

from netrobust.core.errors import DataUnavailableError

OBJECT, REFUSED, STOPPED = "object", "refused", "stopped by the guard"

FORBIDDEN = {
    "pickle.find_class", "os.system", "os.exec", "os.posix_spawn", "os.spawn",
    "os.fork", "subprocess.Popen", "socket.connect", "socket.getaddrinfo",
    "socket.bind", "webbrowser.open", "shutil.unpack_archive", "ctypes.dlopen",
    "marshal.load",
}  # fmt: skip
CHANGES = {
    "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink",
    "os.truncate", "os.chmod", "os.chown", "shutil.rmtree", "shutil.copyfile",
    "shutil.move", "tempfile.mkstemp", "tempfile.mkdtemp",
}  # fmt: skip
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Watch:
    """What is seen through audit events while a reader works."""

    folder: str | None = None
    seen: list[str] = []  # noqa: RUF012

    @classmethod
    def hear(cls, event: str, args: tuple[Any, ...]) -> None:
        if cls.folder is None:
            return
        if event in FORBIDDEN:
            cls.seen.append(f"{event} {args[:2]!r}"[:200])
        elif event in CHANGES or (event == "open" and _writes(args)):
            paths = args[:2] if event in ("os.rename", "os.link") else args[:1]
            for path in paths:
                if isinstance(path, int):
                    continue  # open already
                name = os.path.realpath(os.fsdecode(path))
                if name != os.devnull and not name.startswith(cls.folder + os.sep):
                    cls.seen.append(f"{event} of {path!r}")

    @classmethod
    @contextmanager
    def over(cls, folder: Path) -> Iterator[list[str]]:
        cls.folder, cls.seen = os.path.realpath(folder), []
        before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        try:
            yield cls.seen
        finally:
            cls.folder, sys.dont_write_bytecode = None, before


def _writes(args: tuple[Any, ...]) -> bool:
    _, mode, flags = args
    if isinstance(mode, str):
        return bool(set(mode) & set("wax+"))
    return bool((flags or 0) & WRITES)


sys.addaudithook(Watch.hear)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Give an exception and those it came from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def tried(
    reader: Reader, raw: bytes, sandbox: Path, door: bool = False
) -> tuple[str, str]:
    """Read one wrong file; say what came of it, and what is wrong with that.

    Through a `door` the guard may start its process.

    Returns
    -------
    tuple of str
        `OBJECT`, `REFUSED`, `STOPPED` or what kind of wrong it is, and details.
    """
    folder = sandbox / "case"
    folder.mkdir()
    path = folder / reader.file
    path.write_bytes(raw)
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    try:
        with Watch.over(folder) as seen:
            found, detail, got = _read(reader, path)
        if door:
            seen = [one for one in seen if not one.startswith("subprocess.Popen")]
        if seen:
            return "did what no reader may", "; ".join(seen)
        if sorted(one.name for one in sandbox.iterdir()) != ["case"]:
            return "wrote outside its folder", str(list(sandbox.iterdir()))
        if found == OBJECT:
            try:
                reader.holds(got)
            except Exception as error:
                return "wrong object", f"{type(error).__name__}: {error}"
        return found, detail
    finally:
        _emptied(folder)


def _read(reader: Reader, path: Path) -> tuple[str, str, Any]:
    try:
        return OBJECT, "", reader.read(path)
    except reader.refuses as error:
        if reader.ours and any(isinstance(one, MemoryError) for one in chain(error)):
            return "asked for too much memory", str(error), None
        # Where a data set was looked for is a list.
        if "\n" in str(error) and not isinstance(error, DataUnavailableError):
            return "several lines", str(error), None
        return REFUSED, str(error), None
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        if not reader.ours:
            return STOPPED, text, None
        return f"raised {type(error).__name__}", text, None


def _emptied(folder: Path) -> None:
    for parent, folders, files in os.walk(folder, topdown=False):
        for name in files:
            os.unlink(os.path.join(parent, name))
        for name in folders:
            os.rmdir(os.path.join(parent, name))
    folder.rmdir()
