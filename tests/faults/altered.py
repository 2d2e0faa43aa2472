"""Every kind of file of a run, altered in every way, and the same command again.

The answer says what became of the file. ``mended``: it is as it was. ``refused``: one
sentence names it, with exit code 2, and nothing else has changed. ``kept``: it is as it
was left, no program reads it, and all tables are as they were. All else is ``wrong``.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from disturbed import ended, study

#: The files of a run, by what they are called.
FILES = {
    "manifest": "manifest.json",
    "copy of the manifest": "manifest.copy.json",
    "network": "networks/*/network.safetensors",
    "snapshot": "networks/*/snapshots/*",
    "graph": "networks/*/graphs/*",
    "table": "tables/*.parquet",
    "part": "tables/parts/*",
    "list of units": "tables/units/*",
    "log": "log",
    "lock": "lock",
}

#: Files that are there for people, or whose content says nothing.
NOT_READ = {"log", "lock"}


def cut_to_nothing(path: Path, moment: int) -> None:
    path.write_bytes(b"")


def cut_to_half(path: Path, moment: int) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def one_bit_flipped(path: Path, moment: int) -> None:
    content = bytearray(path.read_bytes())
    if content:
        content[(moment + 1) * len(content) // 7 % len(content)] ^= 1 << moment % 8
    path.write_bytes(content)


def removed(path: Path, moment: int) -> None:
    path.unlink()


def replaced_by_a_link(path: Path, moment: int) -> None:
    elsewhere = path.rename(_beside(path))
    path.symlink_to(elsewhere)


def _beside(path: Path) -> Path:
    """A place outside the run."""
    run = next(one for one in path.parents if one.name == "run")
    return run.with_name("elsewhere")


WAYS: dict[str, Callable[[Path, int], None]] = {
    "cut to 0": cut_to_nothing,
    "cut to half": cut_to_half,
    "one bit flipped": one_bit_flipped,
    "removed": removed,
    "a link in its place": replaced_by_a_link,
}


def outcome(whole: Path, folder: Path, kind: str, way: str, moment: int) -> str:
    """Alter one file of a copy of a run, do the run again, and tell what came of it."""
    run = Path(shutil.copytree(whole, folder / "run"))
    files = sorted(run.glob(FILES[kind]))
    victim = files[moment % len(files)]
    right = content(whole)
    WAYS[way](victim, moment)
    left = content(run)
    code, said = ended(study, run)
    now = content(run)
    if code == 2:
        told = str(victim) in said and "\n" not in said.strip()
        return "refused" if told and now == left else f"wrong ({said})"
    if code or any(now.get(name) != right[name] for name in right if name != "log"):
        return f"wrong ({code}, {said})"
    if kind in NOT_READ:
        return "kept"
    return "wrong (a link is left)" if victim.is_symlink() else "mended"


def content(run: Path) -> dict[str, bytes]:
    """Every file of a run, by its place, but not those that were set aside."""
    return {
        str(path.relative_to(run)): path.read_bytes()
        for path in sorted(run.rglob("*"))
        if path.is_file() and path.suffix != ".damaged"
    }
