"""A digest inside each file we write, so that altered bytes are found on reading.

A file holds one line such as ``netrobust 0.2.0, file format 1, blake2b 5f0c...`` where
its format has room for text, within the first or last 64 KiB. The digest is that of the
whole file with zeros in its own place; so it lies in the file, moves with it, is there
as soon as the file is, and the same content makes the same bytes. It tells of
accidents: whoever changes a file on purpose can write its digest, too.
"""

import re
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

from netrobust.core.errors import InputError

#: Of all files that carry a digest; a later one is refused.
FILE_FORMAT = 1

#: Under what name a file holds the line, where it has names.
WRITTEN_BY = "written_by"

_ZEROS = b"0" * 32
_LINE = re.compile(
    rb"netrobust ([0-9][\w.+!-]{0,39}), file format ([0-9]{1,9}), "
    rb"blake2b ([0-9a-f]{32})"
)
_WINDOW = 2**16
_CHUNK = 2**20


def blank() -> str:
    """Give the line for a file that is about to be written; `fill` completes it.

    Examples
    --------
    >>> blank().endswith("file format 1, blake2b 00000000000000000000000000000000")
    True
    """
    zeros = _ZEROS.decode("ascii")
    return (
        f"netrobust {version('netrobust')}, file format {FILE_FORMAT}, blake2b {zeros}"
    )


def fill(path: Path) -> None:
    """Write the digest of a file, which holds a `blank` line, into that line.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     note = Path(folder) / "note.txt"
    ...     _ = note.write_text(f"0.5 ({blank()})")
    ...     fill(note)
    ...     check(note) == version("netrobust")
    True
    """
    with path.open("r+b") as file:
        found = _line(file)
        if found is None:
            raise LookupError(f"{path} has no line for its digest")
        at = found[2]
        digest = _digest(file, at)
        file.seek(at)
        file.write(digest)


def check(path: Path, advice: str = "") -> str:
    """Refuse a file whose bytes are not those that were written.

    Parameters
    ----------
    path : Path
        A file that is there.
    advice : str
        What to do where it was altered, after a semicolon.

    Returns
    -------
    str
        Version of netrobust that wrote it; empty if the file has no digest, as those
        of netrobust 0.1.0 and of other programs.

    Raises
    ------
    InputError
        Its bytes were altered, it cannot be read, or its format is a later one.
    """
    try:
        with path.open("rb") as file:
            found = _line(file)
            if found is None:
                return ""
            writer, form, at, written = found
            same = _digest(file, at) == written
    except OSError as error:
        raise InputError(f"it cannot be read, {error.strerror or error}") from None
    if not same:
        raise InputError(
            f"its bytes are not those that netrobust {writer} wrote{advice}"
        )
    if form > FILE_FORMAT:
        raise InputError(
            f"netrobust {writer} wrote it in file format {form}, and this one reads up "
            f"to {FILE_FORMAT}; install netrobust {writer}"
        )
    return writer


def other_writer(writer: str) -> str:
    """Tell, for a message, which other version wrote a file; nothing if none did."""
    ours = version("netrobust")
    return "" if writer in ("", ours) else f", netrobust {writer} wrote it, not {ours}"


def intact(path: Path) -> bool:
    """Whether a file is there, has a digest, and its bytes are those written."""
    try:
        return path.is_file() and check(path) != ""
    except InputError:
        return False


def _line(file: BinaryIO) -> tuple[str, int, int, bytes] | None:
    """Find the line: version, file format, where its digest begins, the digest."""
    size = file.seek(0, 2)
    for start in dict.fromkeys([0, max(size - _WINDOW, 0)]):
        file.seek(start)
        if found := _LINE.search(file.read(_WINDOW)):
            writer, form, digest = found.groups()
            return writer.decode("ascii"), int(form), start + found.start(3), digest
    return None


def _digest(file: BinaryIO, at: int) -> bytes:
    """Digest a file with zeros where its own digest begins."""
    made = blake2b(digest_size=len(_ZEROS) // 2)
    file.seek(0)
    while chunk := file.read(min(_CHUNK, at - file.tell())):
        made.update(chunk)
    made.update(_ZEROS)
    file.seek(at + len(_ZEROS))
    while chunk := file.read(_CHUNK):
        made.update(chunk)
    return made.hexdigest().encode("ascii")
