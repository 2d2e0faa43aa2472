"""How long a job may take: one small unit of each kind is timed here.

Training is timed for every method, damage and all that follows for a sparse and a
dense network: one replicate of every perturbation, null model and attack, on real
digits. The rest is arithmetic. An estimate, no promise: other processes, and what a
topology becomes in a long training, are not known beforehand. Figures are left out.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from netrobust.data.dataset import Dataset
from netrobust.data.load import load
from netrobust.experiments.attack import attack
from netrobust.experiments.compare import compare
from netrobust.experiments.measure import MOST_LINKS, degree_table, measure
from netrobust.experiments.percolate import percolate
from netrobust.experiments.recover import recover
from netrobust.experiments.retrain import frozen
from netrobust.neural.config import TrainConfig
from netrobust.neural.network import Network
from netrobust.neural.train import train
from netrobust.parallel.shard import Shard
from netrobust.runs.folder import Run
from netrobust.studies.stages import Stage, further, kind_of, swept
from netrobust.studies.study import Study
from netrobust.studies.task import Task, moments, topologies

#: Training and test images of the data sets; what is not named is as large as MNIST.
_IMAGES = {"mnist-5k": (4000, 1000)}
_LIKE_MNIST = (60000, 10000)

_BATCHES = (50, 150)  # of the epochs that are timed
_EPOCHS = 2  # of a timed training, of which the last counts
_HEALED = 3  # epochs of a recovery
_ATTACKED = 200  # images that are attacked


class Seconds(NamedTuple):
    """Time that is shared by several processes, and time that is not.

    Examples
    --------
    >>> Seconds(60, 10).with_jobs(2)
    40.0
    """

    spread: float = 0.0
    alone: float = 0.0

    def with_jobs(self, jobs: int) -> float:
        """Give the time on the clock."""
        return self.spread / jobs + self.alone


class Epoch(NamedTuple):
    """Seconds of an epoch: of the test and the moves after it, and of every batch."""

    once: float
    batch: float

    def seconds(self, images: int, config: TrainConfig) -> float:
        """Give the time of an epoch of so many images."""
        return self.once + self.batch * -(-images // config.batch_size)


def _tasks(study: Study, shard: Shard | None) -> list[Task]:
    everything = [*study.references(), *study.tasks()]
    return shard.of(everything) if shard else everything


def study_units(study: Study, shard: Shard | None = None) -> int:
    """Count the units of work of a study: networks to train, and what is done to each.

    Examples
    --------
    >>> study_units(Study(datasets=["mnist"], sparsifiers=["set"], networks=1))
    12
    """
    tasks, damaged = _tasks(study, shard), {task.name for task in study.tasks()}
    count = len(tasks)
    if not study.damage:
        return count
    ours = {task.name for task in tasks} & damaged
    for table, one in study.percolations().items():
        for config in (task.config for task in one.tasks() if task.name in ours):
            curves = len(topologies(one.curve_null_models, config))
            seen = len(moments(one.snapshots, config)) if study.along(table) else 1
            count += curves * len(one.perturbations) * seen
    for config in (task.config for task in tasks if task.name in damaged):
        nulls = len({*topologies(study.null_models, config)} - {"none"})
        count += 1 + nulls + len(study.input_attacks)
        count += study.theory and not config.method.dense
        count += (1 if config.method.dense else 2) * bool(study.recovery)
    if study.retrained:
        anew = [task for task in study.anew().tasks() if task.name in ours]
        sparse = sum(not task.config.method.dense for task in anew)
        count += sparse * (1 + len({*study.retrained} - {"none"}))
    return count


def study_seconds(study: Study, shard: Shard | None = None) -> Seconds:
    """Estimate how long a study, or one shard of it, takes, but for its figures."""
    spread, alone = 0.0, 0.0
    epochs: dict[Any, tuple[Epoch, Network]] = {}
    times: dict[Any, Seconds] = {}
    damaged = {
        stage.table: {task.name for task in (stage.about or study).tasks()}
        for stage in (*swept(study), *further(study))
    }
    own = {task.name for task in study.tasks()}
    for task in _tasks(study, shard):
        config = task.config
        images, tests = _IMAGES.get(task.dataset, _LIKE_MNIST)
        method = config.label, config.hidden, config.sparsity, images
        if method not in epochs:
            epochs[method] = _timed_epoch(config, digits(images, tests))
        epoch, network = epochs[method]
        spread += config.epochs * epoch.seconds(images, config)
        if task.name not in own or network.links > MOST_LINKS:
            continue
        kind = kind_of(config), config.hidden, config.sparsity, images
        if kind not in times:
            times[kind] = Seconds(alone=_timed_measures(network))
        alone += times[kind].alone
        for stage in (*swept(study), *further(study)):
            if task.name in damaged[stage.table]:
                if (*kind, stage.table) not in times:
                    data = digits(images, tests)
                    times[*kind, stage.table] = _timed_stage(
                        study, stage, network, data
                    )
                spread += times[*kind, stage.table].spread
    return Seconds(spread, alone)


def digits(images: int, tests: int) -> Dataset:
    """Give real digits in any number, the same ones again and again."""
    few = load("mnist-5k")
    learnt, asked = np.arange(images) % 4000, np.arange(tests) % 1000
    return Dataset.from_arrays(
        few.x_train[learnt], few.y_train[learnt], few.x_test[asked], few.y_test[asked]
    )


def _first(data: Dataset, images: int) -> Dataset:
    return replace(data, x_train=data.x_train[:images], y_train=data.y_train[:images])


def _timed_epoch(config: TrainConfig, data: Dataset) -> tuple[Epoch, Network]:
    """Time a few epochs of few images and of more."""
    there = len(data.y_train) // config.batch_size
    batches = [max(1, min(count, there * count // _BATCHES[1])) for count in _BATCHES]
    times: list[float] = []
    for count in batches:
        begun = _begun(config, _first(data, count * config.batch_size))
        network, times = begun[-1][0], [*times, begun[-1][1] - begun[-2][1]]
    batch = max(0.0, times[1] - times[0]) / max(1, batches[1] - batches[0])
    return Epoch(max(0.0, times[0] - batches[0] * batch), batch), network


def _begun(config: TrainConfig, data: Dataset) -> list[tuple[Network, float]]:
    """Train for the first epochs; give the network and the time after each."""
    seen: list[tuple[Network, float]] = []

    def observe(network: Network) -> None:
        seen.append((network, time.perf_counter()))
        if len(seen) > _EPOCHS:
            raise _EnoughError

    with suppress(_EnoughError):
        train(data, config, observe=observe)
    return seen


class _EnoughError(Exception):
    """Ends a training that was timed."""


def _timed_measures(network: Network) -> float:
    """Time what is exported and measured of one trained network."""
    start = time.perf_counter()
    if kind_of(network.config) == "sparse":
        with TemporaryDirectory() as folder:
            Run(Path(folder), {}).export(network, "graphml")
        degree_table(network)
    measure(network)
    return time.perf_counter() - start


def _timed_stage(
    study: Study, stage: Stage, network: Network, data: Dataset
) -> Seconds:
    """Time one table of one trained network."""
    if not stage.asked(study) or not {"all", kind_of(network.config)} & {*stage.kinds}:
        return Seconds()
    about = stage.about or study
    options = stage.options(about, network.config)
    times = len(moments(about.snapshots, network.config)) if stage.along else 1
    return Seconds(times * work_seconds(stage.work, network, data, options))


def work_seconds(
    work: Callable[..., Any],
    network: Network,
    data: Dataset,
    settings: Mapping[str, Any],
) -> float:
    """Estimate how long a sweep, or another work, takes for one network.

    One replicate is timed; of attacks few images, of recovery few batches and epochs,
    and of training anew some epochs of the same settings.

    Parameters
    ----------
    work : callable
        ``work(networks, data, **settings)``.
    network : Network
    data : Dataset
    settings : mapping
        Keywords of the work, `replicates` and what it has many of among them.
    """
    small, scale, further = dict(settings), 1.0, 0.0
    if "replicates" in small:
        scale, small["replicates"] = small["replicates"], 1
    if work is compare:
        nulls = len({*small["null_models"]} - {"none"})
        scale = (1 + nulls * scale) / (1 + nulls)
    if small.get("retrain"):
        small["retrain"] = False
        units = len(small["null_models"]) * len(small.get("perturbations", [0]))
        units = units * settings["replicates"] + (work is compare)
        further = _anew(network, data) * units
    if work is attack:
        images = small["images"] or len(data.y_test)
        small["images"] = min(images, _ATTACKED)
        scale *= images / small["images"]
    if work is recover:
        small["epochs"] = min(small["epochs"], _HEALED)
        config, images = network.config, len(data.y_train)
        batches = min(_BATCHES[1], -(-images // config.batch_size))
        epoch, _ = _timed_epoch(config, data)
        few = _first(data, batches * config.batch_size)
        scale *= settings["epochs"] / small["epochs"]
        scale *= epoch.seconds(images, config) / epoch.seconds(len(few.y_train), config)
        data = few
    percolate(network, data, fractions=[0, 1], replicates=1, images=1)  # compiles
    start = time.perf_counter()
    work([network], data, **small)
    return (time.perf_counter() - start) * scale + further


def _anew(network: Network, data: Dataset) -> float:
    config = frozen(network)
    epoch, _ = _timed_epoch(config, data)
    return config.epochs * epoch.seconds(len(data.y_train), config)


def duration_text(seconds: float, jobs: int) -> str:
    """Say a time on the clock roughly.

    Examples
    --------
    >>> duration_text(15, 2), duration_text(7300, 1)
    ('about 15 s with 2 jobs', 'about 2.0 h with 1 job')
    """
    for unit, length, least in (("h", 3600, 3600), ("min", 60, 90)):
        if seconds >= least:
            value = f"{seconds / length:.1f} {unit}"
            break
    else:
        value = f"{max(1, round(seconds))} s"
    return f"about {value} with {jobs} job{'s' * (jobs > 1)}"
