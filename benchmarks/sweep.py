"""A damage curve beside its bare scores; two workers, two trainings; the quick way.

A curve has 21 fractions and the default measures. Its bare scores are those of the same
damages, one after the other, on one thread: what a curve would cost if nothing but
scoring took time and nothing were shared. The sweep for the workers is as long as
`--seconds` asks on one of them. `--quick` times `netrobust reproduce --preset quick`
into a folder of its own, data at hand.

    python benchmarks/sweep.py [--runs 5] [--seconds 60] [--quick]
"""

import argparse
import os
import subprocess
import sys
import tempfile
from functools import partial
from subprocess import PIPE, Popen

import numpy as np
from side_by_side import duel, header, ms, seconds, show, summary

import netrobust as nr
from netrobust.experiments.damage_curve import damage_curve, damage_stream
from netrobust.experiments.plan import GRID
from netrobust.experiments.score import score
from netrobust.graphs.perturb import PERTURBATIONS


def trained(count: int = 5) -> tuple[list[nr.Network], nr.Dataset]:
    """Train networks of the default size for one epoch."""
    data, config = nr.load("mnist"), nr.TrainConfig(epochs=1)
    return [nr.train(data, config, seed=seed) for seed in range(count)], data


def curve(runs: int, network: nr.Network, data: nr.Dataset) -> None:
    """Print the row of one curve."""
    order = PERTURBATIONS["random_links"]
    rng = damage_stream(0, network.name, "none", 0, "random_links", "per_layer")
    damages = damage_curve(network.model, order, GRID, "per_layer", rng, data)

    def bare() -> list[float]:
        return [score(network.model, data, one)["accuracy"] for one in damages]

    whole = partial(nr.percolate, network, data, replicates=1)
    np.testing.assert_array_equal(whole().accuracy, bare())
    found = duel(whole, bare, runs)
    show(
        "curve of 21 fractions: its bare scores",
        ms(found.ours),
        ms(found.theirs),
        1 / found.ratio,
        most=1.3,
    )


LEARN = """
import sys, time
from concurrent.futures import ThreadPoolExecutor
import numpy as np
import netrobust as nr

rng = np.random.default_rng(0)
x, y = rng.random((20_000, 784), np.float32), np.arange(20_000) % 10
data = nr.Dataset.from_arrays(x, y, x[:1000], y[:1000])
config = nr.TrainConfig(sparsifier="set", epochs=5)
nr.train(data, config)
print("ready", flush=True)
for line in sys.stdin:
    begin = time.perf_counter()
    with ThreadPoolExecutor(int(line)) as pool:
        list(pool.map(lambda seed: nr.train(data, config, seed), range(int(line))))
    print(time.perf_counter() - begin, flush=True)
"""


def trainings(runs: int) -> None:
    """Print the rows of two trainings at a time, in two processes and in two threads.

    Both stand beside one training after the other.
    """
    alone = os.environ | {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}
    command = [sys.executable, "-c", LEARN]
    children = [Popen(command, stdin=PIPE, stdout=PIPE, text=True, env=alone)
                for _ in range(2)]  # fmt: skip

    def times(*threads: int) -> list[float]:
        """Give each child so many trainings at a time; give their seconds."""
        for child, count in zip(children, threads, strict=False):
            print(count, file=child.stdin, flush=True)
        return [float(child.stdout.readline()) for child in children[: len(threads)]]

    for child in children:
        child.stdout.readline()
    pairs: dict[str, list[tuple[float, float]]] = {"processes": [], "threads": []}
    for _ in range(runs):
        after = 2 * times(1)[0]
        pairs["processes"].append((max(times(1, 1)), after))
        pairs["threads"].append((times(2)[0], after))
    for child in children:
        child.communicate()
    for kind, least in ("processes", 1.85), ("threads", None):
        found = summary(pairs[kind])
        show(
            f"two trainings in {kind}: one after the other",
            f"{found.ours:.1f} s",
            f"{found.theirs:.1f} s",
            found.ratio,
            least=least,
            threads=2,
        )


def workers(
    runs: int, networks: list[nr.Network], data: nr.Dataset, least: float
) -> None:
    """Print the row of two workers, which have as many units as one."""
    names = "random_links", "strongest_links", "weakest_links", "gaussian_noise"

    def sweep(replicates: int, jobs: int) -> None:
        nr.percolate(networks, data, names, replicates=replicates, jobs=jobs)

    sweep(1, 1)
    # Later replicates share their ends of the curve with the first.
    replicates = int(np.ceil(1.6 * least / seconds(partial(sweep, 1, 1))))
    pairs = [
        (seconds(partial(sweep, replicates, 2)), seconds(partial(sweep, replicates, 1)))
        for _ in range(max(1, runs // 2))
    ]
    found = summary(pairs)
    show(
        f"sweep of {len(networks) * len(names)} units: one worker",
        f"{found.ours:.1f} s",
        f"{found.theirs:.1f} s",
        found.ratio,
        least=1.8,
        threads=2,
    )


def quick() -> None:
    """Print the row of the quick preset."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "netrobust", "reproduce", "--preset", "quick"]
        command += ["--out", f"{folder}/run", "--jobs", "2"]
        time = seconds(
            partial(subprocess.run, command, check=True, capture_output=True)
        )
    show("reproduce --preset quick", f"{time:.0f} s", value=time, most=120, threads=2)


def rows(runs: int, least: float = 60, with_quick: bool = False) -> None:
    """Print all rows."""
    networks, data = trained()
    curve(runs, networks[0], data)
    trainings(runs)
    workers(runs, networks, data, least)
    if with_quick:
        quick()


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="alternating runs")
    parser.add_argument("--seconds", type=float, default=60, help="of the sweep")
    parser.add_argument("--quick", action="store_true", help="time the quick preset")
    asked = parser.parse_args()
    header()
    rows(asked.runs, asked.seconds, asked.quick)


if __name__ == "__main__":
    main()
