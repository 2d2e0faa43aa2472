"""Try wrong files by the ten thousand: ``python tests/fuzz/campaign.py [READER ...]``.

Each reader works in processes of its own with a limit of memory and, for each file, of
time; where one crashes or hangs, the file is known and the next process goes on behind
it. ``--cases N`` tries so many of each, ``--case N`` shows one alone. The end is a
table, and exit code 1 if any case went wrong.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import time
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from pkgutil import resolve_name
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import fuzz_others  # noqa: E402
from fuzzed import Reader  # noqa: E402
from trial import OBJECT, REFUSED, STOPPED, tried  # noqa: E402

MEMORY = 2**29  # bytes beyond what a process holds after the first files
PATIENCE = float(os.environ.get("NETROBUST_FUZZ_PATIENCE", "10"))  # s of work on a file
SLEEP = 10  # times as long may pass in all, for a file may also be waited for
DOORS = 25  # files through the guard itself, a process each
SHOWN = 3  # wrong cases told of each kind
AS_IT_SHOULD = (OBJECT, REFUSED, STOPPED)


def readers() -> dict[str, Reader]:
    """Give all readers by name."""
    import fuzz_ours

    return {one.name: one for one in (*fuzz_ours.READERS, *fuzz_others.READERS)}


def named(name: str) -> Reader:
    """Find a reader, in a module if it names one; ours take seconds to load."""
    if ":" in name:
        found: Reader = resolve_name(name)
        return found
    others = {one.name: one for one in fuzz_others.READERS}
    return others.get(name) or readers()[name]


def work(name: str, numbers: range, log: Path) -> None:
    """Be a process that tries some cases, and note what came of each."""
    reader = named(name)
    with TemporaryDirectory() as place, log.open("a", buffering=1) as notes:
        sandbox = Path(place) / "sandbox"
        sandbox.mkdir()
        os.chdir(sandbox)
        for seed in reader.seeds():  # what is loaded at first use is no finding
            tried(reader, seed, sandbox)
        limit()
        if reader.ours:
            warnings.simplefilter("error")
            # What a reader leaves out it must say.
            warnings.filterwarnings("ignore", ".* of the state are no layers and are")
        for number in numbers:
            raw = reader.case(number)
            signal.setitimer(signal.ITIMER_PROF, PATIENCE)
            signal.setitimer(signal.ITIMER_REAL, SLEEP * PATIENCE)
            start = time.perf_counter()
            kind, detail = tried(reader, raw, sandbox)
            seconds = time.perf_counter() - start
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
            detail = "" if kind in AS_IT_SHOULD else detail[:400]
            notes.write(json.dumps([number, kind, detail, seconds]) + "\n")
        os.chdir("/")


def limit() -> None:
    """Allow this process so much more memory than it holds, and let time end it."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    status = Path("/proc/self/status")
    if status.exists():
        held = int(status.read_text().split("VmData:")[1].split()[0]) * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (held + MEMORY, held + MEMORY))


def campaign(name: str, cases: int, ours: bool = True) -> list[Any]:
    """Try the cases of a reader in as many processes as it takes; give the notes."""
    notes: list[Any] = []
    with TemporaryDirectory() as place:
        log = Path(place) / "notes"
        log.touch()
        while len(notes) < cases:
            left = f"{len(notes)}:{cases}"
            done = subprocess.run(
                [sys.executable, __file__, name, "--work", left, "--log", log],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"},
                check=False,
            )
            if done.returncode > 0:
                raise RuntimeError(done.stdout.decode(errors="replace"))
            notes = [json.loads(line) for line in log.read_text().splitlines()]
            if done.returncode < 0:
                ended = signal.Signals(-done.returncode).name
                hung = ended in ("SIGALRM", "SIGPROF")
                kind = "hung" if hung else f"crashed ({ended})"
                if not ours:
                    kind = f"{STOPPED}: {kind}"
                notes.append([len(notes), kind, "", PATIENCE * hung])
                with log.open("a") as file:
                    file.write(json.dumps(notes[-1]) + "\n")
    return notes


def through_the_guard(reader: Reader, cases: int) -> list[Any]:
    """Read some of the cases as users do; whatever comes must be one sentence."""
    assert reader.door is not None
    guarded, notes = replace(reader, read=reader.door, ours=True), []
    with TemporaryDirectory() as place:
        for number in range(cases):
            start = time.perf_counter()
            kind, detail = tried(guarded, reader.case(number), Path(place), door=True)
            notes.append([number, kind, detail, time.perf_counter() - start])
    return notes


def told(name: str, notes: list[Any]) -> int:
    """Print the line of a reader and its wrong cases; give how many there are."""
    kinds = Counter(kind for _, kind, _, _ in notes)
    stopped = sum(n for kind, n in kinds.items() if kind.startswith(STOPPED))
    wrong = [one for one in notes if not one[1].startswith(AS_IT_SHOULD)]
    seconds = [one[3] for one in notes]
    print(
        f"{name:<26}{len(notes):>8,}{kinds[OBJECT]:>9,}{kinds[REFUSED]:>9,}"
        f"{stopped:>9,}{len(wrong):>7,}{max(seconds):>10.2f}{sum(seconds):>9.1f}",
        flush=True,
    )
    crashes = {kind: n for kind, n in kinds.items() if kind.startswith(f"{STOPPED}:")}
    for kind, count in crashes.items():
        print(f"    {kind}: {count}")
    shown: Counter[str] = Counter()
    for number, kind, detail, _ in wrong:
        shown[kind] += 1
        if shown[kind] <= SHOWN:
            print(f"    case {number}: {kind}: {' '.join(detail.split())}")
    return len(wrong)


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("readers", nargs="*", help="all if none is named")
    parser.add_argument("--cases", type=int, help="of each reader")
    parser.add_argument("--case", type=int, help="try this one and show it")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--log", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        numbers = range(*map(int, asked.work.split(":")))
        work(asked.readers[0], numbers, asked.log)
        return 0
    if asked.case is not None:
        reader = named(asked.readers[0])
        raw = reader.case(asked.case)
        with TemporaryDirectory() as place:
            print(raw[:2000], *tried(reader, raw, Path(place)), sep="\n")
        return 0
    chosen = [named(name) for name in asked.readers] or list(readers().values())
    columns = ("cases", 8), ("objects", 9), ("refused", 9), ("stopped", 9), ("wrong", 7)
    more = ("slowest s", 10), ("all s", 9)
    print(f"{'reader':<26}", *(f"{name:>{n}}" for name, n in (*columns, *more)), sep="")
    start, wrong, total = time.perf_counter(), 0, 0
    counts = {one.name: asked.cases or one.cases for one in chosen}
    ours = [one.ours for one in chosen]
    with ThreadPoolExecutor(asked.jobs) as pool:
        found = pool.map(campaign, counts, counts.values(), ours)
        for name, notes in zip(counts, found, strict=True):
            wrong, total = wrong + told(name, notes), total + len(notes)
    for one in chosen:
        if one.door is not None:
            notes = through_the_guard(one, min(DOORS, counts[one.name]))
            wrong += told(f"{one.name}, through guard", notes)
            total += len(notes)
    minutes = (time.perf_counter() - start) / 60
    print(f"{total:,} cases in {minutes:.1f} min, {wrong} wrong")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
