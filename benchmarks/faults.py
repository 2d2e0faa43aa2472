"""Do every fault several times, at different moments, and print what was lost.

Then alter every kind of file of a run in every way, and print what came of it. Run by
``make faults``; the tables are in CONTRIBUTING.md.
"""

import argparse
import logging
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

TESTS = Path(__file__).parents[1] / "tests"
sys.path[:0] = [str(TESTS / "faults"), str(TESTS)]

from altered import FILES, WAYS, outcome  # noqa: E402
from trials import FAULTS, Site  # noqa: E402

TIMES = 8  # of each fault
OTHER_TIMES = {
    "SIGKILL of a Dask worker": 4,
    "SIGKILL of the last Dask worker": 4,
    "a unit that kills every Dask worker": 21,
    "SIGKILL of the Dask scheduler": 4,
}
FILES_EACH = 3  # of each kind, altered in every way


def main() -> int:
    """Print two Markdown tables; fail where anything was lost or silently wrong."""
    logging.getLogger("netrobust").setLevel(logging.ERROR)  # faults are expected
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=FILES_EACH)
    parser.add_argument("--only", choices=["faults", "files"])
    parser.add_argument("--fault", help="those whose name holds this")
    parser.add_argument("--times", type=int, help="of each fault")
    asked = parser.parse_args()
    bad = 0
    with TemporaryDirectory() as place:
        site = Site(Path(place))
        if asked.only != "files":
            bad += all_faults(site, asked.fault or "", asked.times)
        if asked.only != "faults":
            bad += all_files(site, asked.files)
    return int(bad > 0)


def all_faults(site: Site, word: str, times: int | None) -> int:
    """Do every fault at several moments; count those that lost anything."""
    bad = 0
    print("| fault | times tried | rows lost | tables identical |")
    print("|---|---|---|---|")
    for name, fault in FAULTS.items():
        if word not in name:
            continue
        tried, rows, same, start = 0, 0, 0, time.perf_counter()
        for moment in range(times or OTHER_TIMES.get(name, TIMES)):
            with TemporaryDirectory() as folder:
                try:
                    loss = fault(site, Path(folder), moment)
                except pytest.skip.Exception as skipped:
                    print(f"{name}: {skipped}", file=sys.stderr)
                    break
                tried, rows, same = tried + 1, rows + loss.rows, same + loss.identical
        yes = "yes" if same == tried else f"{same} of {tried}"
        bad += rows > 0 or same < tried
        print(f"| {name} | {tried} | {rows} | {yes if tried else '-'} |", flush=True)
        seconds = time.perf_counter() - start
        print(f"{name}: {seconds:.0f} s", file=sys.stderr, flush=True)
    return bad


def all_files(site: Site, each: int) -> int:
    """Alter files of every kind in every way; count those that are silently wrong."""
    bad = 0
    print(f"| file | {' | '.join(WAYS)} |")
    print("|---" * (len(WAYS) + 1) + "|")
    for kind in FILES:
        cells = []
        for way in WAYS:
            found = Counter[str]()
            for moment in range(each):
                with TemporaryDirectory() as folder:
                    said = outcome(site.study, Path(folder), kind, way, moment)
                found[said.partition(" ")[0]] += 1
                if said.startswith("wrong"):
                    bad += 1
                    print(f"{kind}, {way}, {moment}: {said}", file=sys.stderr)
            cells.append(", ".join(f"{what} {n}" for what, n in found.items()))
        print(f"| {kind} | {' | '.join(cells)} |", flush=True)
    return bad


if __name__ == "__main__":
    sys.exit(main())
