"""Scores of missing links beside scipy.sparse products, in one run, as ratios.

Both give the same numbers, which is asserted. For CH2-L3n the products are those of
its definition. CH3-L3p weighs a path u - a - i - v by a number of u and i times one of
v and a: with the links (i, a) as the inner dimension it is one product of two sparse
matrices. Runs alternate, on one thread; the median of the pairwise ratios is the
number to quote.

Layers have 24,586 links, 1% of 1568 x 1568: all places equally likely, or, like the
hubs that training makes, among a quarter of the neurons of either side whose
propensities are lognormal. `--network` takes the hidden layers of a trained network
for the latter. `--epoch-seconds` adds the share of an epoch of that length which
scoring three such layers takes.

    python benchmarks/link_prediction.py [--runs 7] [--network FILE]
                                         [--epoch-seconds S]
"""

import argparse
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from side_by_side import duel

import netrobust as nr
from netrobust.neural.sparsify.link_prediction import PREDICTORS

WIDTH = 1568
LINKS = 24_586
LAYERS = 3  # of a network that one epoch trains
IntArray = NDArray[np.int64]


class Layer(NamedTuple):
    """Numbers of neurons and the links in canonical order."""

    n_in: int
    n_out: int
    source: IntArray
    target: IntArray


def random_layer(rng: np.random.Generator) -> Layer:
    """Draw links with all places equally likely."""
    place = np.sort(rng.choice(WIDTH**2, LINKS, replace=False))
    return Layer(WIDTH, WIDTH, place % WIDTH, place // WIDTH)


def hub_layer(rng: np.random.Generator) -> Layer:
    """Draw links among a quarter of the neurons by their lognormal propensities."""
    part = WIDTH // 4
    sources, targets = (rng.permutation(WIDTH)[:part] for _ in range(2))
    odds = np.outer(rng.lognormal(size=part), rng.lognormal(size=part)).ravel()
    drawn = rng.choice(odds.size, LINKS, replace=False, p=odds / odds.sum())
    place = np.sort(targets[drawn // part] * WIDTH + sources[drawn % part])
    return Layer(WIDTH, WIDTH, place % WIDTH, place // WIDTH)


def trained_layers(file: str) -> dict[str, Layer]:
    """Take the hidden layers of a network."""
    hidden = nr.load_network(file).model.hidden_layers
    return {
        f"layer {i} of the network": Layer(
            layer.in_features, layer.out_features, *layer.links()[:2]
        )
        for i, layer in enumerate(hidden)
    }


def matrix(layer: Layer) -> sparse.csr_array:
    """Give the layer as a sparse matrix of shape (n_in, n_out)."""
    ones = np.ones(layer.source.size, np.float32)
    shape = layer.n_in, layer.n_out
    return sparse.coo_array((ones, (layer.source, layer.target)), shape).tocsr()


def ch3_l3p(layer: Layer) -> NDArray[np.float32]:
    """Score by one product whose inner dimension are the links (i, a)."""
    links = matrix(layer)
    by_target = links.T.tocsr()

    def weighed(
        ends: sparse.csr_array, far: IntArray, near: IntArray
    ) -> sparse.csr_array:
        """Row of a link: the neighbours of `far`, weighed by those of `near`."""
        others = ends.T.tocsr()
        shared = (others @ ends).toarray()
        degree = shared.diagonal()
        rows = ends[far]
        of = np.repeat(near, np.diff(rows.indptr))
        external = degree[of] - shared[of, rows.indices]
        with np.errstate(divide="ignore"):
            rows.data = np.where(external > 0, external**-0.5, 0)
        return rows

    to_u = weighed(by_target, layer.target, layer.source)
    to_v = weighed(links, layer.source, layer.target)
    score = (to_v.T.tocsr() @ to_u).toarray()
    score[layer.target, layer.source] = 0
    return score


def ch2_l3n(layer: Layer) -> NDArray[np.float32]:
    """Score by ``E_U A + A E_V^T``."""
    links = matrix(layer)
    by_target = links.T.tocsr()

    def factors(ends: sparse.csr_array, others: sparse.csr_array) -> sparse.csr_array:
        """Give the transpose of E of one side."""
        shared = (ends @ others).tocsr()
        degree = np.repeat(shared.diagonal(), np.diff(shared.indptr))
        shared.data = (shared.data + 1) / np.maximum(degree - shared.data, 1)
        return shared

    e_u, e_v = factors(links, by_target), factors(by_target, links)
    score = (by_target @ e_u + e_v.T.tocsr() @ by_target).toarray()
    score[layer.target, layer.source] = 0
    return score


PRODUCTS = {"CH3-L3p": ch3_l3p, "CH2-L3n": ch2_l3n}


def main() -> None:
    """Print one table: layer, its degrees, score, both times, their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7, help="alternating runs")
    parser.add_argument("--network", help="file of a network, for layers with hubs")
    parser.add_argument("--epoch-seconds", type=float, help="time of a training epoch")
    asked = parser.parse_args()

    rng = np.random.default_rng(0)
    layers = {"random": random_layer(rng)}
    if asked.network:
        layers |= trained_layers(asked.network)
    else:
        layers["hubs"] = hub_layer(rng)

    columns = {"links": 8, "kmax": 6, "paths 1e6": 11, "ours ms": 10, "scipy ms": 10}
    columns |= {"ratio": 8}
    if asked.epoch_seconds:
        columns["% of epoch"] = 12
    head = "".join(f"{column:>{width}}" for column, width in columns.items())
    print(f"{'layer':<24}{'score':<9}{head}")
    for name, layer in layers.items():
        out_of = np.bincount(layer.source, minlength=layer.n_in)
        into = np.bincount(layer.target, minlength=layer.n_out)
        paths = int((out_of[layer.source] * into[layer.target]).sum())
        for predictor, kernel in PREDICTORS.items():
            ours, theirs = partial(kernel, *layer), partial(PRODUCTS[predictor], layer)
            np.testing.assert_allclose(ours(), theirs(), rtol=1e-4)
            mine, other, ratio = duel(ours, theirs, asked.runs)
            print(
                f"{name:<24}{predictor:<9}{layer.source.size:>8}"
                f"{max(out_of.max(), into.max()):>6}{paths / 1e6:>11.1f}"
                f"{1e3 * mine:>10.1f}{1e3 * other:>10.1f}{ratio:>8.1f}",
                f"{100 * LAYERS * mine / asked.epoch_seconds:>12.2f}"
                if asked.epoch_seconds
                else "",
                sep="",
                flush=True,
            )


if __name__ == "__main__":
    main()
