"""Training and scoring beside dense PyTorch, torch CSR, other libraries and autograd.

All networks have the same sizes and 99% of their links missing. The dense one
multiplies whole matrices and puts the absent weights back to zero after every step, the
cheapest way of masking; the CSR one holds its layers as torch.sparse_csr tensors, the
images as columns. Both have our links and weights, and their scores are compared with
ours. SparseProp has them, too; sparselab draws links of its own. Our steps are those of
a training, 100 in one call, each with other images than the last, which it
standardises; the steps of others see one standardised batch again and again. What a
step computes and moves is counted, and given a second. Copies that damage left are
scored together and one after the other, 21 fractions of one curve.

    python benchmarks/speed.py [--runs 7]
"""

import argparse
import itertools
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from side_by_side import Duel, duel, header, ms, seconds, show, summary
from threadpoolctl import threadpool_limits
from torch import nn
from torch.nn.functional import cross_entropy

from netrobust import Dataset, SparseMLP, TrainConfig, train
from netrobust.experiments.score import damaged
from netrobust.graphs.damage import Damage
from netrobust.neural.evaluate import logits, logits_together
from netrobust.neural.learner import Learner
from netrobust.neural.model import start
from netrobust.neural.sparsify import SPARSIFIERS, sparsifier
from netrobust.parallel.threads import limited_threads

SIZES = (784, 1000, 1000, 1000, 10)
IMAGES = 10_000
STEPS = 100  # in one call


def network(seed: int = 0) -> SparseMLP:
    """Make a sparse network of the default size."""
    links = TrainConfig().links(SIZES)
    return start(SIZES, np.random.default_rng(seed), links=links)


def matrices(sparse: SparseMLP) -> list[torch.Tensor]:
    """Give the weights of its layers as dense matrices."""
    found = []
    for layer in sparse.hidden_layers:
        source, target, weight = layer.links()
        matrix = torch.zeros(layer.out_features, layer.in_features)
        matrix[target, source] = torch.from_numpy(weight)
        found.append(matrix)
    return found


def dense_copy(sparse: SparseMLP) -> tuple[nn.Sequential, list[torch.Tensor]]:
    """Make its dense copy, and the masks of that."""
    parts: list[nn.Module] = []
    masks = []
    for matrix in matrices(sparse):
        dense = nn.Linear(matrix.shape[1], matrix.shape[0])
        dense.weight.data, dense.bias.data = matrix, torch.zeros(len(matrix))
        masks.append((matrix != 0).float())
        parts += [dense, nn.ReLU()]
    head = nn.Linear(SIZES[-2], SIZES[-1])
    head.load_state_dict(sparse.head.state_dict())
    return nn.Sequential(*parts, head), masks


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


def learning(data: Dataset, batch: int) -> Callable[[], None]:
    """Give a function that takes `STEPS` training steps in one call."""
    model, rng = network(), np.random.default_rng(1)
    config = TrainConfig(batch_size=batch)
    optimiser = torch.optim.SGD(
        model.parameters(), lr=0.025, momentum=0.9, weight_decay=5e-4
    )
    learner = Learner(model, optimiser, data, config)

    def steps() -> None:
        learner.learn(rng.integers(len(data.y_train), size=STEPS * batch), False)

    return steps


def against(ours: Callable[[], None], theirs: Callable[[], None], runs: int) -> Duel:
    """Alternate `STEPS` steps of ours in one call with a tenth as many of theirs."""
    ours(), theirs()
    return summary(
        [(seconds(ours) / STEPS, seconds(theirs, STEPS // 10)) for _ in range(runs)]
    )


def counted(batch: int) -> tuple[float, float]:
    """Count the operations of a step, and the bytes it reads and writes at least.

    A link takes one multiplication and one addition an image forward, two backward
    but for those of the first layer, whose sources need no slope. For each of these
    a row of images is read, which a cache of the second level gives at best.
    """
    links = TrainConfig().links(SIZES)
    head = SIZES[-2] * SIZES[-1]
    passes = 3 * (sum(links) + head) - links[0]
    return 2.0 * passes * batch, 4.0 * passes * batch


def dense_scores(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Score images with plain PyTorch."""
    with torch.no_grad():
        return cast(torch.Tensor, model(x))


def csr_scorer(sparse: SparseMLP, x: torch.Tensor) -> Callable[[], torch.Tensor]:
    """Give a function that scores images by products of torch CSR matrices."""
    layers = [matrix.to_sparse_csr() for matrix in matrices(sparse)]
    biases = [layer.bias.detach()[:, None] for layer in sparse.hidden_layers]
    columns = x.t().contiguous()

    def score() -> torch.Tensor:
        hidden = columns
        for matrix, bias in zip(layers, biases, strict=True):
            hidden = torch.relu_(matrix @ hidden + bias)
        with torch.no_grad():
            return (sparse.head.weight @ hidden + sparse.head.bias[:, None]).t()

    return score


def rivals() -> dict[str, Callable[[], nn.Module]]:
    """Name other libraries, with a function that makes a network of theirs.

    Where one is not installed, its function raises ImportError.
    """

    def network_of(layer: Callable[[int, int], nn.Module]) -> nn.Module:
        parts: list[nn.Module] = []
        for n_in, n_out in itertools.pairwise(SIZES[:-1]):
            parts += [layer(n_in, n_out), nn.ReLU()]
        return nn.Sequential(*parts, nn.Linear(SIZES[-2], SIZES[-1]))

    def sparselab() -> nn.Module:
        from sparselab import SparseLinear

        return network_of(partial(SparseLinear, sparsity=0.99))

    def sparseprop() -> nn.Module:
        from sparseprop.modules import SparseLinear

        weights = iter(matrices(network()))
        return network_of(
            lambda n_in, n_out: SparseLinear(
                next(weights), nn.Parameter(torch.zeros(n_out))
            )
        )

    return {"sparselab": sparselab, "SparseProp": sparseprop}


def training(runs: int, data: Dataset) -> None:
    """Print the rows of the training step."""
    x = torch.from_numpy((data.x_train[:128] - data.mean) / data.std)
    y = torch.from_numpy(data.y_train[:128])
    dense, masks = dense_copy(network())
    found = against(learning(data, 64), stepper(dense, masks, x[:64], y[:64]), runs)
    times = ms(found.ours), ms(found.theirs)
    show("training step, batch 64: dense masked", *times, found.ratio, least=30)
    operations, memory = counted(64)
    rate = f"{operations / found.ours / 1e9:.1f} G/s"
    show(f"  {operations / 1e6:.1f} M operations", rate)
    rate = f"{memory / found.ours / 1e9:.1f} GB/s"
    show(f"  {memory / 1e6:.1f} MB of rows read", rate)
    found = against(learning(data, 64), stepper(network(), [], x[:64], y[:64]), runs)
    times = ms(found.ours), ms(found.theirs)
    show("training step, batch 64: autograd", *times, found.ratio, least=2)
    for name, make in rivals().items():
        work = f"training step, batch 128: {name}"
        try:
            peer = make()
        except ImportError:
            show(work, "", "not there")
            continue
        with threadpool_limits(1, "openmp"):
            found = against(learning(data, 128), stepper(peer, [], x, y), runs)
        times = ms(found.ours), ms(found.theirs)
        show(work, *times, found.ratio, least=4.5)


def epochs(runs: int, data: Dataset) -> None:
    """Print the rows of whole epochs, the test and the moves of links included."""
    fits = Learner.fits
    methods = [one for one in SPARSIFIERS if not sparsifier(one).dense]
    for width, method in itertools.product((1000, 1568), methods):
        config = TrainConfig(sparsifier=method, hidden=(width,) * 3, epochs=2)

        def ours(config: TrainConfig = config) -> None:
            train(data, config)

        def theirs(config: TrainConfig = config) -> None:
            Learner.fits = lambda learner: False  # type: ignore[method-assign]
            try:
                train(data, config)
            finally:
                Learner.fits = fits  # type: ignore[method-assign]

        found = duel(ours, theirs, max(1, runs // 3))
        times = ms(found.ours / 2), ms(found.theirs / 2)
        show(f"10,000 images, {method}, width {width}: autograd", *times, found.ratio)


def scoring(runs: int, x: torch.Tensor) -> None:
    """Print the rows of scoring 10,000 images."""
    sparse = network()
    ours = partial(logits, sparse, x.numpy())
    others: dict[str, tuple[Any, float]] = {
        "dense": (partial(dense_scores, dense_copy(sparse)[0], x), 30),
        "torch CSR": (csr_scorer(sparse, x), 10),
    }
    for threads in (1, 2):
        for name, (theirs, least) in others.items():
            with limited_threads(threads):
                np.testing.assert_allclose(
                    ours(), theirs().numpy(), rtol=1e-3, atol=1e-4
                )
                found = duel(ours, theirs, runs, (10, 1))
            times = ms(found.ours), ms(found.theirs)
            work = f"score 10,000 images: {name}"
            show(work, *times, found.ratio, least=least, threads=threads)


def together(runs: int, x: torch.Tensor) -> None:
    """Print the rows of a curve whose copies are scored together."""
    sparse, pixels = network(), x.numpy()
    sizes = [layer.weight.numel() for layer in sparse.hidden_layers]
    for scope, first in ("per layer", 0), ("layer 3", sum(sizes[:-1])):
        below, links = (
            np.arange(first),
            np.random.default_rng(1).permutation(np.arange(first, sum(sizes))),
        )
        cuts = np.linspace(0, len(links), 21).astype(int)
        kept = [np.sort(np.concatenate([below, links[cut:]])) for cut in cuts]
        copies = [damaged(sparse, Damage(one)) for one in kept]

        def alone(copies: list[SparseMLP] = copies) -> None:
            for copy in copies:
                logits(copy, pixels)

        with limited_threads(1):
            found = duel(partial(logits_together, copies, pixels), alone, runs)
        times = ms(found.ours / len(copies)), ms(found.theirs / len(copies))
        show(f"a copy of a curve, {scope}: one by one", *times, found.ratio)


def rows(runs: int) -> None:
    """Print all rows."""
    warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    pixels = rng.random((IMAGES, SIZES[0]), np.float32)
    labels = np.arange(IMAGES) % SIZES[-1]
    data = Dataset.from_arrays(pixels, labels, pixels[:1000], labels[:1000], "noise")
    x = torch.from_numpy(pixels)
    with limited_threads(1):
        training(runs, data)
        epochs(runs, data)
    scoring(runs, x)
    together(runs, x)


def main() -> None:
    """Print one table: what, threads, both times, their ratio, its target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7, help="alternating runs")
    asked = parser.parse_args()
    header()
    rows(asked.runs)


if __name__ == "__main__":
    main()
