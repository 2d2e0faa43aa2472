"""A torch module of 10 million weights: drawn, damaged, and what that takes.

Each job runs in a process of its own. Shown are the seconds that it takes beside its
evaluations, on the wall and of processors (on a busy machine the latter tell), and the
peak memory of the process, with torch and the module in it.

    python benchmarks/modules.py [--count]

``--count`` says instead what the arrays of a job take at their peak, line by line.
"""

import argparse
import subprocess
import sys
import time
import tracemalloc
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from side_by_side import header, peak, show

SIZES = 2_000, 2_500, 2_000  # 10 million weights
FIVE = 0, 0.25, 0.5, 0.75, 1
#: Of each job: the settings of `percolate`, most seconds, and most bytes if any.
JOBS: dict[str, tuple[dict[str, Any], float, float | None]] = {
    "shuffle_all": ({"fractions": [0], "null_models": "shuffle_all"}, 10, 1.5e9),
    "random_links": ({"fractions": FIVE}, 8, None),
}


def now() -> NDArray[np.float64]:
    """Give the time on the wall, and that of all processors for this process."""
    return np.array([time.perf_counter(), time.process_time()])


def work(job: str, count: bool) -> None:
    """Do one job; print seconds, those of processors, and peak memory in bytes."""
    import torch
    from torch import nn

    import netrobust as nr

    layers = [nn.Linear(*both) for both in pairwise(SIZES)]
    module, spent = nn.Sequential(layers[0], nn.ReLU(), *layers[1:]), np.zeros(2)
    images = torch.randn(256, SIZES[0])

    def evaluate(module: nn.Module) -> dict[str, float]:
        nonlocal spent
        begin = now()
        with torch.no_grad():
            found = float(module(images).abs().mean())
        spent += now() - begin
        return {"output": found}

    percolate = nr.percolate  # imports what it needs
    if count:
        tracemalloc.start(8)
    begin = now()
    percolate(module, evaluate=evaluate, replicates=1, **JOBS[job][0])
    taken = now() - begin - spent
    if count:
        print(f"{job}: {tracemalloc.get_traced_memory()[1] / 1e6:.0f} MB of arrays")
    print(*taken, peak())


def rows() -> None:
    """Print all rows."""
    for job, (_, seconds, memory) in JOBS.items():
        command = [sys.executable, __file__, "--job", job]
        said = subprocess.run(command, check=True, capture_output=True, text=True)
        taken, cpu, most = map(float, said.stdout.split())
        what = f"10 M weights, {job}"
        show(what, f"{taken:.1f} s", value=taken, most=seconds)
        show(f"{what}: of processors", f"{cpu:.1f} s", value=cpu, most=seconds)
        show(f"{what}: peak memory", f"{most / 1e9:.2f} GB", value=most / 1e9,
             most=None if memory is None else memory / 1e9)  # fmt: skip


def main() -> None:
    """Print one table, or do the one job that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--job", choices=JOBS, help=argparse.SUPPRESS)
    parser.add_argument("--count", action="store_true", help="count bytes of arrays")
    asked = parser.parse_args()
    if asked.job or asked.count:
        for job in [asked.job] if asked.job else JOBS:
            work(job, asked.count)
        return
    header()
    rows()


if __name__ == "__main__":
    main()
