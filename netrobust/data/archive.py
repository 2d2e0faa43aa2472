"""One file out of an archive: nothing is unpacked, and no path in it is followed.

Archives come from strangers. A name in one is only ever compared, links lead nowhere,
and the process that reads it ends at a limit of time and memory, so that a bomb or an
endless list of members costs its reader no more.
"""

import tarfile
from collections.abc import Collection
from pathlib import Path

from netrobust.core.errors import InputError
from netrobust.core.isolated_parser import guarded

SECONDS = 60.0
MEMORY = 2**29  # bytes: twice the longest file, and what a decompressor holds


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
    """Read it: what the child process does."""
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
    raise InputError(f"{path.name} holds no {names[0]}; get it from elsewhere")


def _kind(entry: tarfile.TarInfo) -> str:
    return f"one of {entry.size}" if entry.isreg() else "no plain file"
