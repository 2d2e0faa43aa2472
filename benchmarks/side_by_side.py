"""What all benchmarks share: alternating runs, and one table with their targets.

Two works alternate, so that a drift of the machine's speed meets both; the median of
the pairwise ratios is the number to quote: the other's time over ours, or, where the
target is at most so much, ours over the other's.
"""

import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

Work = Callable[[], object]


class Duel(NamedTuple):
    """Median seconds of both works, and the median ratio theirs / ours."""

    ours: float
    theirs: float
    ratio: float


def peak() -> int:
    """Give the largest memory of this process so far, in bytes.

    What `getrusage` tells on Linux a process inherits from the one that started it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (one for one in status.read_text().splitlines() if "VmHWM" in one)
        return 1024 * int(line.split()[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def seconds(work: Work, repeat: int = 1) -> float:
    """Time one call, averaged over `repeat`."""
    begin = time.perf_counter()
    for _ in range(repeat):
        work()
    return (time.perf_counter() - begin) / repeat


def summary(pairs: list[tuple[float, float]]) -> Duel:
    """Summarise alternating runs: ours, theirs."""
    ours, theirs = zip(*pairs, strict=True)
    ratios = [their / our for our, their in pairs]
    return Duel(
        statistics.median(ours), statistics.median(theirs), statistics.median(ratios)
    )


def duel(ours: Work, theirs: Work, runs: int, repeat: tuple[int, int] = (1, 1)) -> Duel:
    """Alternate two works, after one call of each that is not counted."""
    ours(), theirs()
    return summary(
        [(seconds(ours, repeat[0]), seconds(theirs, repeat[1])) for _ in range(runs)]
    )


def header() -> None:
    """Print the head of the table."""
    print(
        f"{'work':<46}{'threads':>8}{'ours':>11}{'other':>11}{'ratio':>8}"
        f"{'target':>9}{'met':>5}"
    )


def show(
    work: str,
    ours: str,
    other: str = "",
    ratio: float | None = None,
    least: float | None = None,
    most: float | None = None,
    threads: int = 1,
    value: float | None = None,
) -> None:
    """Print one row.

    Parameters
    ----------
    work : str
    ours, other : str
        What was measured, with its unit.
    ratio : float, optional
    least, most : float, optional
        The target: bounds of `value`, which is the ratio if not given.
    threads : int
    value : float, optional
    """
    judged = ratio if value is None else value
    target = met = ""
    if judged is not None and least is not None:
        target, met = f">= {least:g}", "yes" if judged >= least else "NO"
    if judged is not None and most is not None:
        target, met = f"<= {most:g}", "yes" if judged <= most else "NO"
    shown = "" if ratio is None else f"{ratio:.2f}"
    print(
        f"{work:<46}{threads:>8}{ours:>11}{other:>11}{shown:>8}{target:>9}{met:>5}",
        flush=True,
    )


def ms(time: float) -> str:
    """Write seconds as milliseconds."""
    return f"{1e3 * time:.2f} ms"
