"""Compile the kernels once: ``python tests/kernels.py``.

The first call of each compiles it and keeps it beside its module. The first job after
an installation would wait for that, and processes of tests that begin together would
all compile the same ones.
"""

import subprocess
import sys
import time

import numpy as np

PARTS = "learning", "scoring"


def learning() -> None:
    """Train and test a network whose links move, in both ways, and score links."""
    import torch
    from networks import random_model, tiny_data

    from netrobust.neural.config import TrainConfig
    from netrobust.neural.sparsify.link_prediction import ch2_l3n, ch3_l3p
    from netrobust.neural.train import train

    data = tiny_data()
    config = TrainConfig(sparsifier="set", hidden=(8, 6), sparsity=0.5, epochs=1)
    train(data, config)
    model = random_model(np.random.default_rng(0), [16, 8, 3], [0.5])
    model(torch.from_numpy(data.x_test)).sum().backward()
    source, target, _ = model.layers[0].links()
    for scores in (ch2_l3n, ch3_l3p):
        scores(16, 8, source, target)


def scoring() -> None:
    """Score images in several threads, and damages."""
    from networks import random_model, tiny_data
    from specimens import random_stack

    from netrobust.graphs.damage import Damage
    from netrobust.graphs.graph import layers
    from netrobust.graphs.null import NULL_MODELS
    from netrobust.graphs.percolation import along, percolation
    from netrobust.neural.evaluate import evaluate

    data, rng = tiny_data(), np.random.default_rng(0)
    model = random_model(rng, [16, 8, 6, 3], [0.5, 0.5])
    evaluate(model, data.x_test, data.y_test)
    stack = random_stack([6, 5, 4], [12, 9], 0)
    NULL_MODELS["signed_degree_preserving"](layers(stack)[0], rng)
    percolation(stack, rng.permutation(21))
    damages = [Damage(np.arange(kept)) for kept in (21, 9)]
    along(stack, damages, ["giant_component", "reach", "paths"])


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
