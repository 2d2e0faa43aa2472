"""What it takes to fuzz a reader: real files to start from, and what must hold.

A reader gets the path of a file, in a folder of its own, and answers with an object or
with one sentence. Those whose parser is not ours are called as their guarded child
calls them; that the guard turns the rest into a sentence is tried apart, by `door`.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mutations
from mutations import Mutation
from undigested import undigested

from netrobust.core.errors import InputError
from netrobust.graphs.graph import check, read, write


@dataclass(frozen=True)
class Reader:
    """One reader to be fuzzed.

    Attributes
    ----------
    name : str
    file : str
        What the file is called.
    seeds : callable
        Gives whole files, as bytes; two at least.
    read : callable
        Reads a file; what it takes is its path.
    holds : callable
        Raises AssertionError where what was read is not a right object.
    inside : tuple of mutations
        Changes under the wrapping of the format.
    ours : bool
        Whether the parser is ours, and no guard stands before it.
    refuses : tuple of exception types
        With one sentence.
    door : callable, optional
        The guarded way to read.
    """

    name: str
    file: str
    seeds: Callable[[], list[bytes]]
    read: Callable[[Path], Any]
    holds: Callable[[Any], None]
    inside: tuple[Mutation, ...] = ()
    ours: bool = True
    refuses: tuple[type[BaseException], ...] = (InputError,)
    door: Callable[[Path], Any] | None = None

    @property
    def cases(self) -> int:
        """How many files `make fuzz` tries."""
        return 10_000 if self.ours else 1_000

    def case(self, number: int) -> bytes:
        """Give the wrong file of a number, the same each time."""
        rng = random.Random(f"{self.name} {number}")
        seeds = seeds_of(self)
        return mutations.wrong(rng.choice(seeds), rng.choice(seeds), rng, self.inside)


@cache
def seeds_of(reader: Reader) -> list[bytes]:
    return reader.seeds()


def written(suffix: str, *writers: Callable[[Path], Any]) -> list[bytes]:
    """Give the bytes that functions write, without a digest that would save readers."""
    found = []
    with TemporaryDirectory() as folder:
        for number, writer in enumerate(writers):
            path = Path(folder) / f"{number}{suffix}"
            writer(path)
            found.append(undigested(path.read_bytes()))
    return found


def graphs(suffix: str) -> list[bytes]:
    from specimens import SPECIMENS, random_stack

    made = [*(build() for build in SPECIMENS.values())]
    made.append(random_stack([9, 8, 7], [20, 15], 0))
    return written(suffix, *(partial(write, one) for one in made))


def is_graph(graph: Any) -> None:
    from specimens import fingerprint

    check(graph)
    with TemporaryDirectory() as folder:
        write(graph, Path(folder) / "a.npz")
        assert fingerprint(read(Path(folder) / "a.npz")) == fingerprint(graph)


def are_layers(layers: Any) -> None:
    assert layers
    for layer in layers:
        check(layer)
