"""Verified IDX files: checksums, the user's folder, the cache, then the sources.

A file is accepted only if the SHA-256 of its uncompressed bytes is the pinned one, so
it does not matter where it comes from. The bytes that were hashed are returned.
"""

import hashlib
import logging
import os
import tempfile
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from platformdirs import user_cache_path

from netrobust.core.atomic_files import replacing
from netrobust.core.errors import DataUnavailableError, InputError
from netrobust.data.sources import LARGEST_FILE, Source, candidates, read

logger = logging.getLogger(__name__)

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@dataclass(frozen=True)
class IdxSet:
    """The four pinned files of one data set, and their sources.

    ``checksums`` are the SHA-256 of the uncompressed files, in the order of `FILES`.
    """

    name: str
    checksums: tuple[str, str, str, str]
    sources: tuple[Source, ...] = ()

    @property
    def sha256(self) -> dict[str, str]:
        """Expected SHA-256 by file name."""
        return dict(zip(FILES, self.checksums, strict=True))


class Found(NamedTuple):
    """One verified file: its path, its source and its uncompressed bytes."""

    path: Path
    source: str
    content: bytes


class _AlteredError(Exception):
    """The bytes are not the pinned ones."""

    def __init__(self, expected: str, content: bytes) -> None:
        self.found = _digest(content)
        super().__init__(f"expected SHA-256 {expected}, found {self.found}")


def obtain(
    spec: IdxSet,
    data_dir: str | Path | None = None,
    foreign: Collection[str] = (),
) -> dict[str, Found]:
    """Collect the verified files of a data set; download and keep what is missing.

    Parameters
    ----------
    spec : IdxSet
        The files and their sources.
    data_dir : path, optional
        The user's own folder, searched first (``data_dir/<name>``, then
        ``data_dir``), never written. By default the folder in the environment
        variable ``NETROBUST_DATA``, if any.
    foreign : collection of str
        Checksums of other data sets, whose files have the same names and may lie in
        the user's folder; they are passed over, not refused.

    Returns
    -------
    dict of str to Found
        One entry per file, in the order of ``spec.sha256``.

    Raises
    ------
    InputError
        If the user's folder is missing or holds an altered file, or if the cache
        cannot be written.
    DataUnavailableError
        If a file is unavailable; it lists each source tried and why it failed.
    """
    found: dict[str, Found] = {}
    failures: list[str] = []
    own = data_dir or os.environ.get("NETROBUST_DATA")
    if own:
        found = _own(spec, own_folder(own, spec.name), foreign, failures)
    cache = cache_folder(spec.name)
    found |= _cached(spec, cache, _missing(spec, found), failures)
    for source in spec.sources:
        if _missing(spec, found):
            found |= _fetched(spec, source, cache, _missing(spec, found), failures)
    if _missing(spec, found):
        tried = "\n".join(f"  {line}" for line in failures)
        raise DataUnavailableError(
            f"the data set {spec.name!r} is unavailable; tried:\n{tried}\n"
            "Give a folder with its files (data_dir, --data-dir or "
            "NETROBUST_DATA), or use 'mnist-5k', which needs no network."
        )
    return {file: found[file] for file in FILES}


def cache_folder(name: str) -> Path:
    """Return the folder in the user's cache that holds the files of one data set.

    Examples
    --------
    >>> cache_folder("mnist").parts[-2:]
    ('data', 'mnist')
    """
    return user_cache_path("netrobust", appauthor=False) / "data" / name


def own_folder(folder: str | Path, name: str) -> Path:
    """Return the user's data folder, which must be there for the data set `name`.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    path = Path(os.path.expanduser(folder))  # of nobody's home: as it is
    if not path.is_dir():
        raise InputError(
            f"the data folder {str(path)!r} does not exist; create it with the files "
            f"of {name!r} in it, or leave data_dir and NETROBUST_DATA unset"
        )
    return path


def _own(
    spec: IdxSet, folder: Path, foreign: Collection[str], failures: list[str]
) -> dict[str, Found]:
    """Search the user's folder, where an altered file is an error."""
    found: dict[str, Found] = {}
    for file, expected in spec.sha256.items():
        paths = candidates(folder / spec.name, file) + candidates(folder, file)
        for path in paths:
            try:
                content = _verified(read(path), expected)
            except _AlteredError as error:
                if error.found in foreign:
                    continue
                raise InputError(
                    f"{path} is not the {file} of {spec.name!r}: {error}; "
                    "replace or remove it"
                ) from error
            except OSError as error:
                raise InputError(f"{path} cannot be read: {error}") from error
            found[file] = Found(path, str(folder), content)
            break
    if missing := _missing(spec, found):
        failures.append(f"{folder}: no {', '.join(missing)} of {spec.name!r}")
    return found


def _cached(
    spec: IdxSet, folder: Path, files: list[str], failures: list[str]
) -> dict[str, Found]:
    """Search the cache, where an altered file is deleted."""
    found: dict[str, Found] = {}
    for file in files:
        for path in candidates(folder, file):
            try:
                content = _verified(read(path), spec.sha256[file])
            except _AlteredError as error:
                path.unlink(missing_ok=True)
                _note(failures, f"{path}: {error}; deleted")
            except OSError as error:
                _note(failures, f"{path}: {error}")
            else:
                found[file] = Found(path, str(folder), content)
                break
    if not found and files:
        failures.append(f"{folder}: no verified file")
    return found


def _fetched(
    spec: IdxSet, source: Source, folder: Path, files: list[str], failures: list[str]
) -> dict[str, Found]:
    """Download files from one source into the cache until it fails."""
    found: dict[str, Found] = {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as work:
        for file in files:
            try:
                content = _verified(source.get(file, Path(work)), spec.sha256[file])
            except _AlteredError as error:
                _note(failures, f"{source}: {file}: {error}")
                break
            except OSError as error:
                failures.append(f"{source}: {error}")
                logger.info("%s", failures[-1])
                break
            found[file] = Found(_store(content, folder / file), str(source), content)
    return found


def _missing(spec: IdxSet, found: Mapping[str, Found]) -> list[str]:
    return [file for file in spec.sha256 if file not in found]


def _note(failures: list[str], line: str) -> None:
    failures.append(line)
    logger.warning("%s", line)


def _store(content: bytes, path: Path) -> Path:
    """Write a verified file atomically."""
    advice = (
        "make this cache writable, or give a folder that holds the files as data_dir"
    )
    with replacing(path, advice) as part:
        part.write_bytes(content)
    return path


def _verified(raw: bytes, expected: str) -> bytes:
    """Return the uncompressed bytes if they are the pinned ones."""
    content = raw
    if raw.startswith(b"\x1f\x8b"):
        # A stream that breaks off or is damaged gives other bytes, hence another hash.
        try:
            content = zlib.decompressobj(wbits=31).decompress(raw, LARGEST_FILE)
        except zlib.error:
            content = raw
    if _digest(content) != expected:
        raise _AlteredError(expected, content)
    return content


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
