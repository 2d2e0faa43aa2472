"""Read one file from an archive: nothing is unpacked, and no path in it is followed.

Archives are not trusted. Names in them are only compared, links are not followed, and
the process that reads one ends at a limit of time and memory, so that a decompression
bomb or an endless list of members does no harm.
"""

import tarfile
from collections.abc import Collection
from pathlib import Path

from netrobust.core.errors import InputError
from netrobust.core.isolated_parser import guarded

SECONDS = 60.0
MEMORY = 2**29  # bytes: twice the longest file, and the buffers of a decompressor


def member(archive: Path, names: Collection[str], most: int) -> bytes:
    """Read one file of a tar archive, compressed or not.

    Parameters
    ----------
    archive : Path
    names : collection of str
        What the file may be called; the first member of such a name is it.
    most : int
        Bytes it may have.

    Raises
    ------
    InputError
        The archive is damaged, holds no such file or a longer one, or takes too long.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     note, archive = Path(folder) / "note", Path(folder) / "notes.tgz"
    ...     _ = note.write_text("hello")
    ...     with tarfile.open(archive, "w:gz") as file:
    ...         file.add(note, "package/note")
    ...     member(archive, ["package/note"], most=100)
    b'hello'
    """
    content: bytes = guarded(
        parse_member,
        archive,
        list(names),
        most,
        what=archive.name,
        seconds=SECONDS,
        memory=MEMORY,
    )
    return content


def parse_member(path: Path, names: list[str], most: int) -> bytes:
    """Read it, in the child process."""
    with tarfile.open(path) as archive:
        for entry in archive:
            if entry.name.removeprefix("./") not in names:
                continue
            # A link would be read through another member, and a pipe for ever.
            file = archive.extractfile(entry) if entry.isreg() else None
            if file is None or entry.size > most:
                raise InputError(
                    f"{path.name}: {entry.name} must be a file of at most {most} "
                    f"bytes; it is {_kind(entry)}"
                )
            return file.read()
    raise InputError(f"{path.name} contains no {names[0]}; get it from another source")


def _kind(entry: tarfile.TarInfo) -> str:
    return f"one of {entry.size}" if entry.isreg() else "no plain file"
