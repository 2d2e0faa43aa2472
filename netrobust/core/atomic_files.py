"""Atomic writes: a file is written under a temporary name, then renamed."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from netrobust.core.errors import InputError, UnwritableError


@contextmanager
def replacing(
    path: Path, advice: str = "make room, or choose another folder"
) -> Iterator[Path]:
    """Yield a temporary path beside `path`, and rename it at the end without an error.

    A reader sees the old file or the new one, never a half-written one; nothing is
    left behind where writing fails.

    Parameters
    ----------
    path : Path
        Its folder is created if missing.
    advice : str
        What to do if the folder cannot be written to.

    Raises
    ------
    UnwritableError
        The folder cannot be written to; an `InputError`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with replacing(Path(folder) / "new" / "note.txt") as part:
    ...         _ = part.write_text("done")
    ...     (Path(folder) / "new" / "note.txt").read_text()
    'done'
    """
    if not path.name:
        raise InputError(f"{str(path)!r} names no file; give the path of one")
    part = path.with_name(f".{path.name}.{os.getpid()}-{uuid4().hex[:12]}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield part
            os.replace(part, path)
        finally:
            with suppress(OSError):
                part.unlink()
    except OSError as error:
        raise UnwritableError(
            f"cannot write {path}: {error.strerror or error}; {advice}"
        ) from error


def remove_leftovers(path: Path) -> None:
    """Delete temporary files that killed processes left beside a file.

    Files that a running process is writing stay.
    """
    pattern = re.compile(re.escape(f".{path.name}.") + r"(\d+)-[0-9a-f]{12}\.part")
    for file in path.parent.iterdir():
        name = pattern.fullmatch(file.name)
        if name and not _is_running(int(name[1])):
            with suppress(OSError):
                file.unlink()


def _is_running(process: int) -> bool:
    # Windows deletes no open file, and its `os.kill` ends the process.
    if process == os.getpid() or os.name == "nt":
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # it belongs to another user
    return True


def instead_of_file(path: Path) -> str:
    """Say what there is where a file was looked for.

    Examples
    --------
    >>> instead_of_file(Path("/")), instead_of_file(Path("/nowhere/x.npz"))
    ('a folder', 'missing')
    """
    if path.is_dir():
        return "a folder"
    return "a pipe or device, no file" if path.exists() else "missing"
