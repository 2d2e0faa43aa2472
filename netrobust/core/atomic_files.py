"""Files that are whole or absent: written under a temporary name and renamed."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from netrobust.core.errors import InputError


@contextmanager
def replacing(path: Path, advice: str = "choose another place") -> Iterator[Path]:
    """Give a temporary name beside a path, and rename at the end if all went well.

    A reader sees the old file or the new one, never a half-written one; nothing is
    left behind where writing fails.

    Parameters
    ----------
    path : Path
        Its folder is made if need be.
    advice : str
        What to do about a place that cannot be written to.

    Raises
    ------
    InputError
        The place cannot be written to.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with replacing(Path(folder) / "new" / "note.txt") as part:
    ...         _ = part.write_text("done")
    ...     (Path(folder) / "new" / "note.txt").read_text()
    'done'
    """
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
        raise InputError(
            f"cannot write {path}: {error.strerror or error}; {advice}"
        ) from error


def remove_leftovers(path: Path) -> None:
    """Delete what killed processes left of a file under temporary names.

    What a living process is writing stays.
    """
    pattern = re.compile(re.escape(f".{path.name}.") + r"(\d+)-[0-9a-f]{12}\.part")
    for file in path.parent.iterdir():
        name = pattern.fullmatch(file.name)
        if name and not _lives(int(name[1])):
            with suppress(OSError):
                file.unlink()


def _lives(process: int) -> bool:
    # Windows deletes no open file, and its `os.kill` does more than ask.
    if process == os.getpid() or os.name == "nt":
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass  # it is another user's
    return True
