"""Do every fault several times, at different moments, and print what was lost.

Run by ``make faults``; the table is in CONTRIBUTING.md.
"""

import logging
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

TESTS = Path(__file__).parents[1] / "tests"
sys.path[:0] = [str(TESTS / "faults"), str(TESTS)]

from trials import FAULTS, Site  # noqa: E402

TIMES = 8  # of each fault
FEWER = {"SIGKILL of a Dask worker": 4, "SIGKILL of the Dask scheduler": 4}


def main() -> int:
    """Print a Markdown table; fail where a row was lost or a table changed."""
    logging.getLogger("netrobust").setLevel(logging.ERROR)  # faults are expected
    bad = 0
    print("| fault | times tried | rows lost | tables identical |")
    print("|---|---|---|---|")
    with TemporaryDirectory() as place:
        site = Site(Path(place))
        for name, fault in FAULTS.items():
            tried, rows, same, start = 0, 0, 0, time.perf_counter()
            for moment in range(FEWER.get(name, TIMES)):
                with TemporaryDirectory() as folder:
                    try:
                        loss = fault(site, Path(folder), moment)
                    except pytest.skip.Exception as skipped:
                        print(f"{name}: {skipped}", file=sys.stderr)
                        break
                    tried, rows, same = (
                        tried + 1,
                        rows + loss.rows,
                        same + loss.identical,
                    )
            yes = "yes" if same == tried else f"{same} of {tried}"
            bad += rows > 0 or same < tried
            print(
                f"| {name} | {tried} | {rows} | {yes if tried else '-'} |", flush=True
            )
            seconds = time.perf_counter() - start
            print(f"{name}: {seconds:.0f} s", file=sys.stderr, flush=True)
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
