"""What a run folder may hold: files and folders of its own, and no links.

Whoever wrote a run folder may have put links into it. What is written through one lands
outside, so folders that hold some are refused, and files that are kept open, the lock
and the log, are never opened through one.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from netrobust.core.errors import InputError

_NOT_FOLLOWED = getattr(os, "O_NOFOLLOW", 0)
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)  # no pipe is waited for


def check_contents(folder: Path) -> None:
    """Refuse a folder that holds links, pipes or devices, however deep.

    Raises
    ------
    InputError
        It holds one.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     check_contents(Path(folder))
    """
    for place in _others(folder):
        kind = "a symbolic link" if place.is_symlink() else "no plain file"
        raise InputError(
            f"{place} is {kind}, and a run folder holds nothing but files and folders "
            "of its own; put a copy of the file or folder in its place, or remove it"
        )


def _others(folder: str | Path) -> Iterator[Path]:
    """Give what is neither a file nor a folder, below a folder."""
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        raise InputError(
            f"{folder} cannot be read ({error.strerror}); ask its owner, or give "
            "another folder"
        ) from None
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _others(entry.path)
        elif not entry.is_file(follow_symlinks=False) and os.path.lexists(entry):
            yield Path(entry.path)


def opened_to_append(path: Path) -> BinaryIO:
    """Open a file of a run folder for reading and for writing at its end.

    Reading, for where locks are carried out as those of byte ranges (NFS), a shared one
    needs a file that can be read.

    Raises
    ------
    OSError
        It cannot be opened.
    InputError
        It is a link, or the same file as one elsewhere.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | _NOT_FOLLOWED | _AT_ONCE
    if path.is_symlink():
        raise InputError(_elsewhere(path))
    number = os.open(path, flags, 0o666)
    facts = os.fstat(number)
    if not stat.S_ISREG(facts.st_mode) or facts.st_nlink > 1:
        os.close(number)
        raise InputError(_elsewhere(path))
    return os.fdopen(number, "a+b")


def _elsewhere(path: Path) -> str:
    return f"{path} is a link to what lies elsewhere; put a copy of it in its place"
