"""Try all wrong arguments and words: ``python tests/fuzz/doors.py [NAME ...]``.

A name is that of a function or of a verb; ``verbs`` and
``functions`` are all of them. Calls run in a process forked from one that
is ready, with limits; where one hangs or dies, the call is known and the next process
goes on behind it. The end is a table, and exit code 1 if any case went wrong; ``-v``
prints what worked, too.
"""

import json
import os
import resource
import signal
import sys
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
if __name__ == "__main__":  # a process with threads is not to be forked
    os.environ |= {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}

import calls  # noqa: E402
import words  # noqa: E402
from calls import AS_IT_SHOULD, NAMED, REFUSED, WORKED  # noqa: E402

MEMORY = 2**30  # bytes beyond what a process holds before the first wrong call
PATIENCE = 5.0  # seconds of work on one call
SLEEP = 40  # times as long may pass in all
HUNG = {signal.SIGALRM: "hung", signal.SIGPROF: "hung"}

Case = Sequence[str]  # the first is the name that the table has
Trial = Callable[[Any], tuple[str, str]]  # a case; what came of it, and details


def all_noted(cases: Sequence[Case], tried: Trial) -> list[tuple[str, str]]:
    """Try all cases in as many processes as it takes; give what came of each."""
    notes: list[tuple[str, str]] = []
    with TemporaryDirectory() as place:
        log = Path(place) / "notes"
        log.touch()
        while len(notes) < len(cases):
            sys.stdout.flush()
            child = os.fork()
            if not child:
                _work(cases[len(notes) :], tried, log)
            _, status = os.waitpid(child, 0)
            notes = [tuple(json.loads(one)) for one in log.read_text().splitlines()]
            if os.WIFSIGNALED(status):
                ended = signal.Signals(os.WTERMSIG(status))
                notes.append((HUNG.get(ended, f"ended by {ended.name}"), ""))
                with log.open("a") as file:
                    file.write(json.dumps(notes[-1]) + "\n")
            elif len(notes) < len(cases):
                raise RuntimeError(f"{cases[len(notes)]} ended the process")
    return notes


def _work(cases: Sequence[Case], tried: Trial, log: Path) -> None:
    """Be a process that tries cases and notes what came of each; it never returns."""
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        status = Path("/proc/self/status").read_text()
        held = int(status.split("VmData:")[1].split()[0]) * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (held + MEMORY, held + MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with log.open("a", buffering=1) as notes:
            for case in cases:
                signal.setitimer(signal.ITIMER_PROF, PATIENCE)
                signal.setitimer(signal.ITIMER_REAL, SLEEP * PATIENCE)
                kind, detail = tried(case)
                signal.setitimer(signal.ITIMER_PROF, 0)
                signal.setitimer(signal.ITIMER_REAL, 0)
                notes.write(json.dumps([kind, detail[:300]]) + "\n")
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def wrong(heads: str, cases: Sequence[Case], tried: Trial) -> int:
    """Print the cases that went wrong and a table of all, and count the wrong ones."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for case, (kind, detail) in zip(cases, all_noted(cases, tried), strict=True):
        found[case[0]][kind if kind in (*AS_IT_SHOULD, "hung") else "wrong"] += 1
        if kind not in AS_IT_SHOULD or (kind == WORKED and "-v" in sys.argv):
            print("   ", *(ascii(one)[:60] for one in case), kind, detail)
    kinds = ("hung", "wrong", WORKED, REFUSED, NAMED)
    print(f"{heads:<34}{'cases':>8}", *(f"{one:>15}" for one in kinds), sep="")
    found[f"all {len(found)}"] = sum(found.values(), Counter())
    for name, counts in found.items():
        columns = (f"{counts[one]:>15,}" for one in kinds)
        print(f"{name:<34}{sum(counts.values()):>8,}", *columns, sep="")
    return counts["hung"] + counts["wrong"]


def chosen(name: str, kind: str, names: list[str]) -> bool:
    """Whether a case is asked for."""
    return not names or name in names or kind in names


def main(names: list[str]) -> int:
    """Try what is named, or all; give the exit code."""
    with TemporaryDirectory() as place:
        os.chdir(place)
        typed = [one for one in words.cases() if chosen(one.verb, "verbs", names)]
        count = 0
        if typed:
            ready = words.prepared()
            words.check(ready)
            count += wrong("verb", typed, partial(words.tried, ready))
            os.chdir(place)
        called = [one for one in calls.cases() if chosen(one.name, "functions", names)]
        if called:
            calls.prepared()
            count += wrong("function", called, calls.tried)
        os.chdir("/")
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main([one for one in sys.argv[1:] if one != "-v"]))
