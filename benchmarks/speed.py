"""Training step and scoring beside dense masked PyTorch, in one run, as ratios.

Both networks have the same sizes, links and weights. The dense one multiplies whole
matrices and puts the absent weights back to zero after every step, the cheapest way of
masking. Runs alternate, so that a drift of the machine's speed meets both; the median
of the pairwise ratios is the number to quote.

    python benchmarks/speed.py [--runs 7]
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import cast

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from netrobust import SparseMLP, TrainConfig
from netrobust.neural.evaluate import logits
from netrobust.neural.model import start
from netrobust.neural.threads import limited_threads

SIZES = (784, 1000, 1000, 1000, 10)
IMAGES = 10_000


def networks(seed: int = 0) -> tuple[SparseMLP, nn.Sequential, list[torch.Tensor]]:
    """Make a sparse network, its dense copy, and the masks of the latter."""
    config = TrainConfig()
    sparse = start(SIZES, np.random.default_rng(seed), links=config.links(SIZES))
    parts: list[nn.Module] = []
    masks = []
    for layer in sparse.hidden_layers:
        source, target, weight = layer.links()
        dense = nn.Linear(layer.in_features, layer.out_features)
        matrix = torch.zeros_like(dense.weight)
        matrix[target, source] = torch.from_numpy(weight)
        dense.weight.data, dense.bias.data = matrix, torch.zeros(layer.out_features)
        masks.append((matrix != 0).float())
        parts += [dense, nn.ReLU()]
    head = nn.Linear(SIZES[-2], SIZES[-1])
    head.load_state_dict(sparse.head.state_dict())
    return sparse, nn.Sequential(*parts, head), masks


def stepper(
    model: nn.Module, masks: list[torch.Tensor], x: torch.Tensor, y: torch.Tensor
) -> Callable[[], None]:
    """Give a function that takes one training step on one batch."""
    optimiser = torch.optim.SGD(
        model.parameters(), lr=0.025, momentum=0.9, weight_decay=5e-4, fused=True
    )
    masked = (
        [part.weight for part in model if isinstance(part, nn.Linear)] if masks else []
    )

    def step() -> None:
        optimiser.zero_grad()
        cross_entropy(model(x), y).backward()
        optimiser.step()
        with torch.no_grad():
            for weight, mask in zip(masked, masks, strict=False):
                weight *= mask

    return step


def scored(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Score images with plain PyTorch."""
    with torch.no_grad():
        return cast(torch.Tensor, model(x))


def seconds(work: Callable[[], object], repeat: int) -> float:
    """Time one call, averaged over `repeat`."""
    begin = time.perf_counter()
    for _ in range(repeat):
        work()
    return (time.perf_counter() - begin) / repeat


def duel(
    ours: Callable[[], object], theirs: Callable[[], object], runs: int, repeat: int
) -> tuple[float, float, float]:
    """Alternate two works; give both medians and the median ratio theirs / ours."""
    ours(), theirs()
    pairs = [
        (seconds(ours, repeat), seconds(theirs, max(1, repeat // 10)))
        for _ in range(runs)
    ]
    return (
        statistics.median(pair[0] for pair in pairs),
        statistics.median(pair[1] for pair in pairs),
        statistics.median(pair[1] / pair[0] for pair in pairs),
    )


def main() -> None:
    """Print one table: what, threads, both times, their ratio, its target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7, help="alternating runs")
    runs = parser.parse_args().runs
    torch.manual_seed(0)
    x = torch.rand(IMAGES, SIZES[0])
    y = torch.randint(SIZES[-1], (IMAGES,))
    columns = ("ours ms", 10), ("dense ms", 10), ("ratio", 8), ("target", 8)
    print(f"{'work':<28}{'threads':>8}", *(f"{n:>{w}}" for n, w in columns), sep="")

    def report(
        work: str, threads: int, target: float, result: tuple[float, ...]
    ) -> None:
        ours, theirs, ratio = result
        print(
            f"{work:<28}{threads:>8}{1e3 * ours:>10.2f}{1e3 * theirs:>10.2f}"
            f"{ratio:>8.1f}{target:>8.0f}"
        )

    for threads in (1, 2):
        with limited_threads(threads):
            sparse, dense, masks = networks()
            if threads == 1:
                batch = x[:64], y[:64]
                pair = stepper(sparse, [], *batch), stepper(dense, masks, *batch)
                report("training step, batch 64", 1, 6, duel(*pair, runs, 200))
                sparse, dense, masks = networks()
            pixels = x.numpy()

            ours, theirs = partial(logits, sparse, pixels), partial(scored, dense, x)
            np.testing.assert_allclose(ours(), theirs().numpy(), rtol=1e-3, atol=1e-4)
            report("score 10,000 images", threads, 8, duel(ours, theirs, runs, 10))


if __name__ == "__main__":
    main()
