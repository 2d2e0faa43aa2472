"""Readers that do what none may, to see that a campaign would tell."""

import ctypes
import os
import pickle
import socket
from pathlib import Path
from typing import Any

from fuzzed import Reader

from netrobust.core.errors import InputError


def harmless(got: Any) -> None:
    pass


def right(path: Path) -> bytes:
    if len(path.read_bytes()) % 2:
        raise InputError(f"{path} is odd; give another")
    return path.read_bytes()


def crash(path: Path) -> bytes:
    if b"crash" in path.read_bytes():
        ctypes.string_at(0)
    return b""


def hang(path: Path) -> bytes:
    while b"crash" in path.read_bytes():
        pass
    return b""


def seeds() -> list[bytes]:
    return [b"whole", b"file"]


def raising(path: Path) -> None:
    raise KeyError("x")


def unpickle(path: Path) -> Any:
    return pickle.loads(b"cos\ngetpid\n.")


def connect(path: Path) -> None:
    with socket.socket() as one:
        one.settimeout(0.01)
        try:
            one.connect(("127.0.0.1", 9))
        except OSError:
            raise InputError("it cannot be had") from None


def start_a_program(path: Path) -> None:
    os.system("true")


def write_beside(path: Path) -> None:
    (path.parent.parent / "beside").write_text("x")


def write_and_remove(path: Path) -> None:
    place = path.parent.parent / "beside"
    place.write_text("x")
    place.unlink()


def climb(path: Path) -> None:
    (path.parent / ".." / "above").mkdir()


def want_memory(path: Path) -> None:
    try:
        raise MemoryError
    except MemoryError:
        raise InputError("it is damaged") from None


class Crashing(Reader):
    """Of its cases the third is the one."""

    def case(self, number: int) -> bytes:
        return b"crash" if number == 2 else b"even"


RIGHT = Reader("right", "a", seeds, right, harmless)
CRASHING = Crashing("crashing", "a", seeds, crash, harmless)
HANGING = Crashing("hanging", "a", seeds, hang, harmless)
