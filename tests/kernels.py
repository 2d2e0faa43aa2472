"""Compile the kernels once: ``python tests/kernels.py``.

The first call of each compiles it and keeps it beside its module. Processes of tests
that begin together in a fresh clone would all compile the same ones.
"""

import subprocess
import sys
import time

import numpy as np

PARTS = "learning", "scoring"


def learning() -> None:
    """Train and test a network whose links move."""
    from networks import tiny_data

    from netrobust.neural.config import TrainConfig
    from netrobust.neural.train import train

    config = TrainConfig(sparsifier="set", hidden=(8, 6), sparsity=0.5, epochs=1)
    train(tiny_data(), config)


def scoring() -> None:
    """Score images in several threads, missing links, and damages."""
    import torch
    from networks import random_model, tiny_data
    from specimens import random_stack

    from netrobust.graphs.damage import Damage
    from netrobust.graphs.graph import layers, links
    from netrobust.graphs.null import NULL_MODELS
    from netrobust.graphs.percolation import along, percolation
    from netrobust.neural.evaluate import evaluate
    from netrobust.neural.sparsify.link_prediction import ch2_l3n, ch3_l3p

    data, rng = tiny_data(), np.random.default_rng(0)
    model = random_model(rng, [16, 8, 6, 3], [0.5, 0.5])
    evaluate(model, data.x_test, data.y_test)
    model(torch.from_numpy(data.x_test)).sum().backward()
    stack = random_stack([6, 5, 4], [12, 9], 0)
    layer = layers(stack)[0]
    NULL_MODELS["signed_degree_preserving"](layer, rng)
    percolation(stack, rng.permutation(21))
    damages = [Damage(np.arange(kept)) for kept in (21, 9)]
    along(stack, damages, ["giant_component", "reach", "paths"])
    source, target, _ = links(layer)
    for scores in (ch2_l3n, ch3_l3p):
        scores(6, 5, source, target - 6)


def main() -> int:
    """Do all parts at the same time, or the one that is asked for."""
    if sys.argv[1:]:
        globals()[sys.argv[1]]()
        return 0
    start = time.perf_counter()
    command = sys.executable, __file__
    parts = [subprocess.Popen([*command, part]) for part in PARTS]
    failed = [part.wait() for part in parts]
    print(f"kernels: {time.perf_counter() - start:.0f} s")
    return max(failed)


if __name__ == "__main__":
    sys.exit(main())
