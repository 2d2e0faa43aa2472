"""Loaded by the server that processes of tests are forked from: kernels stand ready.

Nothing here starts a thread, for a forked process would lack it.
"""

import numpy as np
from torch.optim import SGD

from netrobust.data.dataset import Dataset
from netrobust.neural.config import TrainConfig
from netrobust.neural.learner import Learner
from netrobust.neural.model import start


def make_ready() -> None:
    """Train a tiny network for one step."""
    rng = np.random.default_rng(0)
    images, labels = rng.random((2, 4), np.float32), np.arange(2)
    data = Dataset.from_arrays(images, labels, images, labels)
    model = start((4, 3, 3, 2), rng, links=[6, 6])
    optimiser = SGD(model.parameters(), lr=0.1, momentum=0.9)
    learner = Learner(model, optimiser, data, TrainConfig())
    learner.learn(np.arange(2), stay=False)


make_ready()
