"""Start-up: the command's help, the import, and two workers.

Each is a process of its own, timed whole or, for the workers, by what the first small
sweep with two jobs takes longer than the same with one.

    python benchmarks/startup.py [--runs 7]
"""

import argparse
import statistics
import subprocess
import sys
from collections.abc import Callable
from functools import partial

from side_by_side import header, seconds, show

IMPORT = """
import time
begin = time.perf_counter()
import netrobust
print(time.perf_counter() - begin)
"""
WORKERS = """
import time
import numpy as np
import netrobust as nr

rng = np.random.default_rng(0)
x, y = rng.random((200, 64), np.float32), np.arange(200) % 10
data = nr.Dataset.from_arrays(x, y, x, y)
network = nr.train(data, nr.TrainConfig(hidden=(64, 64, 64), sparsity=0.9, epochs=1))
times = []
for jobs in 1, 1, 2:
    begin = time.perf_counter()
    nr.percolate(network, data, ["random_links", "strongest_links"], jobs=jobs)
    times.append(time.perf_counter() - begin)
print(times[2] - times[1])
"""


def helped() -> float:
    """Time ``netrobust --help``."""
    command = [sys.executable, "-m", "netrobust", "--help"]
    return seconds(partial(subprocess.run, command, check=True, capture_output=True))


def told(script: str) -> float:
    """Run a script that prints how long it took."""
    said = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    return float(said.stdout)


def rows(runs: int) -> None:
    """Print all rows."""
    works: dict[str, tuple[Callable[[], float], float, int]] = {
        "netrobust --help": (helped, 0.5, 1),
        "import netrobust": (partial(told, IMPORT), 0.15, 1),
        "two workers ready": (partial(told, WORKERS), 2, 2),
    }
    for work, (timed, most, threads) in works.items():
        timed()
        value = statistics.median(timed() for _ in range(runs))
        show(work, f"{value:.2f} s", value=value, most=most, threads=threads)


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7, help="runs of each")
    asked = parser.parse_args()
    header()
    rows(asked.runs)


if __name__ == "__main__":
    main()
