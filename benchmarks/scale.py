"""How time and memory grow with the network: rewiring, and a million neurons.

A layer with 10 links a neuron is rewired as `set` does: 30% of its links dropped, as
many grown at random, both index orders built anew. Then networks of three hidden layers
with about 10 links a neuron learn 200 samples of 3,312 features with `set`, each in a
process of its own: seconds an epoch, and the peak memory of the process. The published
SciPy implementation of SET reports 49 minutes an epoch at 300,000 neurons a layer (Liu
et al. 2021, https://doi.org/10.1007/s00521-020-05136-7), on another machine and data.

    python benchmarks/scale.py [--runs 5]
"""

import argparse
import statistics
import subprocess
import sys
import time

import numpy as np
from side_by_side import header, ms, peak, show

import netrobust as nr
from netrobust.neural.linear import SparseLinear
from netrobust.neural.topology import absent_positions, topology
from netrobust.parallel.threads import limited_threads

DEGREE = 10  # links a neuron
WIDTHS = 3_000, 33_000, 333_000
SAMPLES, FEATURES, CLASSES = 200, 3_312, 5


def layer(links: int) -> SparseLinear:
    """Make a random layer."""
    side, rng = links // DEGREE, np.random.default_rng(0)
    ends = topology("erdos_renyi")(side, side, links, rng)
    return SparseLinear(side, side, *ends, rng.normal(size=links))


def rewire(one: SparseLinear, rng: np.random.Generator) -> None:
    """Drop the weakest 30% of the links, grow as many, and build both orders."""
    source, target, weight = one.links()
    count = int(0.3 * weight.size)
    kept = np.sort(np.argpartition(np.abs(weight), count)[count:])
    place = target[kept] * one.in_features + source[kept]
    grown = absent_positions(place, one.in_features * one.out_features, count, rng)
    ends = grown % one.in_features, grown // one.in_features
    one.rewire(kept, *ends, np.zeros(count, np.float32))
    one.by_source()


def rewiring(runs: int) -> None:
    """Print the rows of rewiring, the larger layers by their time a link."""
    sizes = 10**4, 10**5, 10**6
    layers = {links: layer(links) for links in sizes}
    times: dict[int, list[float]] = {links: [] for links in sizes}
    for number in range(runs + 1):
        for links, one in layers.items():
            rng, begin = np.random.default_rng(number), time.perf_counter()
            rewire(one, rng)
            times[links].append(time.perf_counter() - begin)
    medians = {links: statistics.median(found[1:]) for links, found in times.items()}
    first = medians[sizes[0]]
    show("rewire 10^4 links", ms(first), value=1e3 * first, most=5)
    for links in sizes[1:]:
        ratio = medians[links] / links / (first / sizes[0])
        exponent = len(str(links)) - 1
        show(f"rewire 10^{exponent} links: time a link at 10^4", ms(medians[links]),
             "", ratio)  # fmt: skip


def train(width: int, epochs: int = 3) -> None:
    """Train one network; print links, seconds an epoch and peak memory in bytes."""
    rng = np.random.default_rng(0)
    x = rng.random((SAMPLES, FEATURES), np.float32)
    y = np.arange(SAMPLES) % CLASSES
    data = nr.Dataset.from_arrays(x, y, x[:50], y[:50])
    sizes = FEATURES, width, width, width
    config = nr.TrainConfig(
        hidden=sizes[1:],
        sparsity=nr.sparsity_at(DEGREE, sizes),
        densities="erk",
        epochs=epochs,
    )
    marks: list[float] = []
    nr.train(data, config, observe=lambda seen: marks.append(time.perf_counter()))
    # From the first test to the last: every epoch with the rewiring before it.
    epoch = (marks[-1] - marks[1]) / (epochs - 1)
    print(sum(config.links((*sizes, CLASSES))), epoch, peak())


def million() -> None:
    """Print the rows of rising widths, their time and memory a link beside the first.

    Memory is what a process takes beyond the smallest network, a link.
    """
    found = []
    for width in WIDTHS:
        command = [sys.executable, __file__, "--width", str(width)]
        said = subprocess.run(command, check=True, capture_output=True, text=True)
        found.append([float(word) for word in said.stdout.split()])
    for number, (width, (links, epoch, _)) in enumerate(
        zip(WIDTHS, found, strict=True)
    ):
        work = f"set, 3 x {width:,} neurons, {links / 1e6:.2f} M links"
        ratio = None
        if number:
            ratio = epoch / links / (found[0][1] / found[0][0])
        show(f"{work}: an epoch", f"{epoch:.2f} s", "", ratio)
    (first, *_), (few, *_) = [row[2] for row in found], [row[0] for row in found]
    for width, (links, _, memory) in zip(WIDTHS, found, strict=True):
        more = ""
        if links > few:
            more = f"{(memory - first) / (links - few):.0f} B/link"
        show(f"set, 3 x {width:,} neurons: peak memory", f"{memory / 1e9:.2f} GB", more)


def rows(runs: int) -> None:
    """Print all rows."""
    with limited_threads(1):
        rewiring(runs)
    million()


def main() -> None:
    """Print one table, or train the one network that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="runs of the rewiring")
    parser.add_argument("--width", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.width:
        train(asked.width)
        return
    header()
    rows(asked.runs)


if __name__ == "__main__":
    main()
