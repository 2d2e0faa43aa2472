"""Try all wrong arguments and words: ``python tests/fuzz/doors.py [FUNCTION ...]``.

Calls run in a process of their own, with limits; where one hangs or dies, the call is
known and the next process goes on behind it. Exit code 1 if any case went wrong.
"""

import json
import os
import resource
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import calls  # noqa: E402
import words  # noqa: E402
from calls import AS_IT_SHOULD  # noqa: E402

MEMORY = 2**30  # bytes beyond what a process holds before the first wrong call


def chosen(names: list[str]) -> list[calls.Case]:
    return [one for one in calls.cases() if not names or one.name in names]


def work(log: Path, names: list[str]) -> None:
    """Be a process that makes calls, and note what came of each."""
    with TemporaryDirectory() as place, log.open("a", buffering=1) as notes:
        os.chdir(place)
        calls.prepared()
        done = len(log.read_text().splitlines())
        asked = chosen(names)[done:]
        _ = calls.summary(), calls.nulls()
        status = Path("/proc/self/status").read_text()
        held = int(status.split("VmData:")[1].split()[0]) * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (held + MEMORY, held + MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        for case in asked:
            signal.setitimer(signal.ITIMER_REAL, calls.SECONDS)
            kind, detail = calls.tried(case, alone=True)
            signal.setitimer(signal.ITIMER_REAL, 0)
            notes.write(json.dumps([*case, kind, detail[:300]]) + "\n")
        os.chdir("/")


def wrong_calls(names: list[str]) -> int:
    """Make all calls; print the wrong ones and a table, and count them."""
    count = len(chosen(names))
    notes: list[Any] = []
    with TemporaryDirectory() as place:
        log = Path(place) / "notes"
        log.touch()
        while len(notes) < count:
            done = subprocess.run(
                [sys.executable, __file__, "--work", log, *names],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
            if done.returncode > 0:
                raise RuntimeError(done.stdout.decode(errors="replace"))
            notes = [json.loads(line) for line in log.read_text().splitlines()]
            if done.returncode < 0:
                ended = signal.Signals(-done.returncode).name
                notes.append([*chosen(names)[len(notes)], f"ended by {ended}", ""])
                with log.open("a") as file:
                    file.write(json.dumps(notes[-1]) + "\n")
    bad = [one for one in notes if one[3] not in AS_IT_SHOULD]
    for one in bad:
        print("   ", *one)
    functions = len({one[0] for one in notes})
    print(f"{len(notes):,} calls of {functions} functions, {len(bad)} wrong")
    print("   ", dict(Counter(one[3] for one in notes)))
    return len(bad)


def wrong_words() -> int:
    """Type all commands; print the wrong ones, and count them."""
    with TemporaryDirectory() as place:
        os.chdir(place)
        found = {tuple(case): words.wrong(case) for case in words.cases()}
        os.chdir("/")
    bad = {case: said for case, said in found.items() if said}
    for case, said in bad.items():
        print("   ", *(ascii(one)[:60] for one in case), said[:200])
    print(f"{len(found):,} commands, {len(bad)} wrong")
    return len(bad)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(Path(sys.argv[2]), sys.argv[3:])
        sys.exit()
    names = sys.argv[1:]
    sys.exit(bool(wrong_calls(names) + (0 if names else wrong_words())))
