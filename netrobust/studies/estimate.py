"""How long a job may take: a little of it is timed here, and the rest is arithmetic.

An estimate, no promise: what is timed stands for all methods, perturbations and null
models, of which some are slower by far.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from netrobust.data.dataset import Dataset
from netrobust.experiments.percolate import percolate
from netrobust.neural.config import TrainConfig
from netrobust.neural.network import Network
from netrobust.neural.train import train
from netrobust.studies.study import Study, topologies

#: Training and test images of the data sets; what is not named is as large as MNIST.
_IMAGES = {"mnist-5k": (4000, 1000)}
_LIKE_MNIST = (60000, 10000)

_BATCHES = 20  # that are timed

#: Settings of which one value is timed for all.
_LISTS = ("perturbations", "null_models", "attacks", "modes")


def study_units(study: Study) -> int:
    """Count the units of work of a study: networks to train, and what is done to each.

    Examples
    --------
    >>> study_units(Study(datasets=["mnist"], sparsifiers=["set"], networks=1))
    12
    """
    count = len([*study.references(), *study.tasks()])
    if not study.damage:
        return count
    for config in (task.config for task in study.tasks()):
        curves = len(topologies(study.curve_null_models, config))
        nulls = len({*topologies(study.null_models, config)} - {"none"})
        count += curves * len(study.perturbations) + 1 + nulls
        count += len(study.input_attacks)
        if not config.method.dense and study.retrained:
            count += 1 + len({*study.retrained} - {"none"})
        count += (1 if config.method.dense else 2) * bool(study.recovery)
    return count


def study_seconds(study: Study) -> float:
    """Estimate the training, the damage curves and the null models of a study.

    A few batches of its first method, and of its first dense one, are timed on made
    images of the size of MNIST's, and the damage of that network at two fractions.
    """
    total, timed = 0.0, {}
    damaged = study.tasks() if study.damage else []
    for task in (*study.references(), *study.tasks()):
        config, dense = task.config, task.config.method.dense
        images, tests = _IMAGES.get(task.dataset, _LIKE_MNIST)
        kind = dense, study.images or tests, task in damaged
        if kind not in timed:
            timed[kind] = _timed(config, study, *kind[1:])
        batch, score = timed[kind]
        total += config.epochs * -(-images // config.batch_size) * batch
        if task in damaged:
            curves = len(topologies(study.curve_null_models, config))
            nulls = len(topologies(study.null_models, config))
            rows = curves * len(study.perturbations) * len(study.fractions)
            rows = rows * study.replicates + nulls * study.null_replicates
            total += rows * score
    return total


def _timed(
    config: TrainConfig, study: Study, tests: int, damage: bool
) -> tuple[float, float]:
    """Time a batch of training, and the score of a damaged network."""
    rng = np.random.default_rng(0)
    x = rng.random((max(tests, _BATCHES * config.batch_size), 784), np.float32)
    y = np.arange(len(x)) % 10
    few, some = _BATCHES * config.batch_size, min(tests, 100)
    data = Dataset.from_arrays(x[:few], y[:few], x[:some], y[:some])
    # A budget that is met at the last update needs its time.
    epochs = 3 if config.method.surplus(0) == 0 else max(3, config.epochs)
    seen: list[float] = []
    small = replace(config, epochs=epochs, topology=None, topology_options={})
    network = train(data, small, observe=lambda one: seen.append(time.perf_counter()))
    batch = min(b - a for a, b in pairwise(seen[1:])) / _BATCHES
    if not damage:
        return batch, 0.0
    scored = replace(data, x_test=x[:tests], y_test=y[:tests])
    grid = [0, 0.5]

    def rows(images: int) -> int:
        return len(
            percolate(
                network, scored, fractions=grid, replicates=1, images=images,
                measures=study.measures,
            )
        )  # fmt: skip

    rows(10)  # kernels are compiled on first use
    start = time.perf_counter()
    count = rows(tests)
    return batch, (time.perf_counter() - start) / count


def table_seconds(
    work: Callable[..., Any],
    networks: Sequence[Network],
    data: Dataset,
    settings: Mapping[str, Any],
) -> float:
    """Estimate how long all units of a table take in one process.

    One network is timed under the first perturbation, null model or attack, at one
    replicate and at the first and last fraction. Training anew is left out.
    """
    small = {
        **settings,
        **{name: settings[name][:1] for name in {*_LISTS} & {*settings}},
    }
    for name in {"fractions", "eps"} & {*settings}:
        small[name] = [settings[name][0], settings[name][-1]][: len(settings[name])]
    small |= {"replicates": 1}
    small |= {name: 1 for name in ("epochs",) if name in settings}
    small |= {name: False for name in ("retrain",) if name in settings}
    work(networks[:1], data, **{**small, "images": 10})  # compiles the kernels
    start = time.perf_counter()
    work(networks[:1], data, **small)
    seconds = time.perf_counter() - start
    return seconds * len(networks) * _size(settings) / _size(small)


def _size(settings: Mapping[str, Any]) -> int:
    lists = [len(settings[name]) for name in (*_LISTS, "fractions", "eps")
             if name in settings]  # fmt: skip
    return prod(lists) * settings["replicates"] * settings.get("epochs", 1)


def told(seconds: float, jobs: int) -> str:
    """Say a time roughly.

    Examples
    --------
    >>> told(30, 2), told(7300, 1)
    ('about 15 s with 2 jobs', 'about 2.0 h with 1 job')
    """
    share = seconds / jobs
    for unit, length, least in (("h", 3600, 3600), ("min", 60, 90)):
        if share >= least:
            value = f"{share / length:.1f} {unit}"
            break
    else:
        value = f"{max(1, round(share))} s"
    return f"about {value} with {jobs} job{'s' * (jobs > 1)}"
