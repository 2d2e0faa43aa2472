"""Percolation beside igraph, in one run, as ratios; time a link and memory by size.

The first rows follow a random layer link by link, S1, S2 and mean cluster size at
each, from 10^4 links on. Times are ratios of alternating runs to 10^6 links, memory is
the peak of the process so far. Links are drawn with replacement, 10 a neuron, and go
in a shuffled order; of 10^8 about 50 are parallel to another, which costs nothing. The
first pass of every size is not counted.

Two libraries grow clusters link by link as we do, and give the giant component alone:
cpyrcolate, which draws its order within the call, and graph-tool, which Debian installs
(python3-graph-tool) for the Python of the system. We are given the order they had and
find the same sizes, S2 and the mean size besides.

The others compare with igraph, which finds the same numbers at 51 fractions in the
graphs of the links that are left: in sparse graphs it has more clusters to list.
"components" times nothing but its search and the sizes found, "with its graphs" also
the making of each from the intact one, without which there is nothing to search. The
last row holds `along` against `apply` and two `MEASURES`, on 27,840 links at 21
fractions. Runs alternate; the median of the pairwise ratios is the number to quote.

    python benchmarks/percolation.py [--runs 5] [--huge]
"""

import argparse
import itertools
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from igraph import Graph
from numpy.typing import NDArray
from side_by_side import header, ms, peak, show, summary

from netrobust.graphs.contract import from_links
from netrobust.graphs.damage import Links, apply
from netrobust.graphs.measure import MEASURES
from netrobust.graphs.percolation import (
    ALONG,
    Clusters,
    along,
    grow_clusters,
)
from netrobust.graphs.perturb import random_links

DEGREE = 10  # links a neuron, as in a layer of 1000 x 1000 at 1%
DEGREES = (2, 4, 10)  # beside igraph
REFERENCE = 10**6
Layer = tuple[int, NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]


def random_layer(links: int, degree: int = DEGREE, seed: int = 0) -> Layer:
    """Draw neurons, sources, targets and an order; no array but these is made."""
    rng = np.random.default_rng(seed)
    side = links // degree
    source = rng.integers(side, size=links, dtype=np.int32)
    target = rng.integers(side, 2 * side, size=links, dtype=np.int32)
    order = np.arange(links, dtype=np.int32)
    rng.shuffle(order)
    return 2 * side, source, target, order


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Give the seconds of one call, and its result."""
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def scaling(sizes: list[int], runs: int) -> None:
    """Print time a link, beside that at 10^6, and memory, for rising sizes."""
    reference = random_layer(REFERENCE)
    grow_clusters(*reference)
    for links in sizes:
        layer = random_layer(links)
        repeat = max(1, REFERENCE // links)
        grow_clusters(*layer)
        pairs = []
        for _ in range(runs if links <= 10**7 else 3):
            # The reference finds the caches as its own size leaves them.
            base = [timed(lambda: grow_clusters(*reference))[0] for _ in range(11)]
            ours = [timed(lambda a=layer: grow_clusters(*a))[0] for _ in range(repeat)]
            mean = sum(ours) / repeat
            pairs.append((mean / links, statistics.median(base) / REFERENCE))
        ours, theirs, ratio = summary(pairs)
        work = f"10^{len(str(links)) - 1} links, S1, S2, mean size"
        largest = links == 10**8
        show(
            f"{work}: a link at 10^6",
            f"{1e9 * ours:.1f} ns",
            f"{1e9 * theirs:.1f} ns",
            1 / ratio,
            most=5 if largest else None,
        )
        show(
            f"{work}: peak memory",
            f"{peak() / 1e9:.2f} GB",
            value=peak() / 1e9 if largest else None,
            most=8 if largest else None,
        )


def by_igraph(
    graph: Graph, order: NDArray[np.int32], curve: Clusters
) -> tuple[float, float]:
    """Time building and searching the graph at 51 fractions; check all numbers."""
    building = searching = 0.0
    for cut in np.linspace(0, len(order), 51).astype(int):
        kept = order[cut:].tolist()
        spent, left = timed(lambda k=kept: graph.subgraph_edges(k, False))
        building += spent
        begin = time.perf_counter()
        size = np.sort(left.connected_components(mode="weak").sizes())
        found = size[-1], size[-2], (size[:-1] ** 2).sum() / graph.vcount()
        searching += time.perf_counter() - begin
        assert found == tuple(array[len(kept)] for array in curve)
    return building, searching


# Python of the system, for which Debian builds graph-tool.
SYSTEM = "/usr/bin/python3"
GRAPH_TOOL = """
import sys, time
import numpy
from graph_tool import Graph
from graph_tool.topology import edge_percolation
edges = numpy.load(sys.argv[1])
graph = Graph(directed=False)
graph.add_edge_list(edges)
print("ready", flush=True)
for _ in sys.stdin:
    begin = time.perf_counter()
    sizes, _ = edge_percolation(graph, edges)
    print(time.perf_counter() - begin, flush=True)
numpy.save(sys.argv[1], sizes)
"""


def by_cpyrcolate(runs: int) -> list[tuple[float, float]]:
    """Alternate with cpyrcolate, whose order we draw again; check the sizes."""
    from cpyrcolate import compute_percolation_single

    neurons, source, target, _ = random_layer(REFERENCE)
    edges, pairs = np.stack([source, target], axis=1), []
    for seed in range(runs + 1):
        np.random.seed(seed)  # noqa: NPY002 (theirs)
        theirs, found = timed(lambda: compute_percolation_single(edges))
        np.random.seed(seed)  # noqa: NPY002 (theirs)
        order = np.random.permutation(len(edges))  # noqa: NPY002
        order = order[::-1].astype(np.int32)  # theirs come, ours go
        ours, curve = timed(lambda o=order: grow_clusters(neurons, source, target, o))
        assert (found["max_cluster_size"] == curve.largest).all()
        pairs.append((ours, theirs))
    return pairs[1:]


def by_graph_tool(runs: int) -> list[tuple[float, float]]:
    """Alternate with graph-tool in a process of its own; check the sizes."""
    _, source, target, order = layer = random_layer(REFERENCE)
    pairs = []
    with TemporaryDirectory() as folder:
        file = Path(folder) / "edges.npy"
        np.save(file, np.stack([source, target], axis=1)[order[::-1]])
        with Popen(
            [SYSTEM, "-c", GRAPH_TOOL, file],
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            text=True,
        ) as child:
            assert child.stdin
            assert child.stdout
            if child.stdout.readline() != "ready\n":
                raise ImportError("graph_tool")
            for _ in range(runs + 1):
                ours, curve = timed(lambda: grow_clusters(*layer))
                print(file=child.stdin, flush=True)
                pairs.append((ours, float(child.stdout.readline())))
            child.stdin.close()
        assert (np.load(file, allow_pickle=False) == curve.largest[1:]).all()
    return pairs[1:]


def libraries(runs: int) -> None:
    """Print our time beside those of libraries that follow links one by one, too."""
    for name, compare in ("cpyrcolate", by_cpyrcolate), ("graph-tool", by_graph_tool):
        work = f"10^6 links, degree {DEGREE}: {name}, S1 alone"
        try:
            found = summary(compare(runs))
        except (ImportError, FileNotFoundError):
            show(work, "", "not there")
            continue
        show(work, ms(found.ours), ms(found.theirs), found.ratio)


def network() -> tuple[Graph, Links]:
    """Make a stack of 784-1000-1000-1000 neurons at 1%."""
    rng, sizes = np.random.default_rng(0), (784, 1000, 1000, 1000)
    source, target, start = [], [], 0
    for n_in, n_out in itertools.pairwise(sizes):
        place = rng.choice(n_in * n_out, n_in * n_out // 100, replace=False)
        source.append(start + place % n_in)
        target.append(start + n_in + place // n_in)
        start += n_in
    ends = np.concatenate(source), np.concatenate(target)
    graph = from_links(sizes, *ends, rng.normal(size=len(ends[0])))
    return graph, Links.of(graph)


def comparison(runs: int) -> None:
    """Print our times beside those of igraph."""
    for degree in DEGREES:
        neurons, source, target, order = layer = random_layer(REFERENCE, degree)
        ends = np.stack([source, target], axis=1).tolist()
        graph = Graph(neurons, ends, directed=True)
        search, whole = [], []
        for _ in range(runs):
            ours, curve = timed(lambda a=layer: grow_clusters(*a))
            building, searching = by_igraph(graph, order, curve)
            search.append((ours, searching))
            whole.append((ours, building + searching))
        for what, pairs in ("components", search), ("with its graphs", whole):
            found = summary(pairs)
            show(
                f"10^6 links, degree {degree}: igraph's {what}",
                ms(found.ours),
                f"{found.theirs:.2f} s",
                found.ratio,
                least=400,
            )
    stack, links = network()
    damages = random_links.curve(links, np.random.default_rng(0), np.linspace(0, 1, 21))
    along(links, damages)
    pairs = []
    for _ in range(runs):
        ours, found = timed(lambda: along(links, damages))
        theirs, left = timed(lambda: [apply(stack, damage) for damage in damages])
        for name in ALONG:
            spent, values = timed(lambda n=name, a=left: [MEASURES[n](g) for g in a])
            theirs += spent
            assert values == found[name].tolist()
        pairs.append((ours, theirs))
    found = summary(pairs)
    times = ms(found.ours), ms(found.theirs)
    show("27,840 links, 21 fractions: igraph", *times, found.ratio)


def rows(runs: int, huge: bool = False) -> None:
    """Print all rows."""
    sizes = [10**4, 10**5, 10**6, 10**7]
    scaling([*sizes, 10**8] if huge else sizes, runs)
    libraries(runs)
    comparison(runs)


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="alternating runs")
    parser.add_argument("--huge", action="store_true", help="go on to 10^8 links")
    asked = parser.parse_args()
    header()
    rows(asked.runs, asked.huge)


if __name__ == "__main__":
    main()
