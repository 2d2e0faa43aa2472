"""The networks of a study: their data, their training, their tables."""

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from netrobust.core.errors import DataUnavailableError, InputError
from netrobust.data.dataset import Dataset
from netrobust.data.load import load
from netrobust.experiments.percolate import percolate
from netrobust.neural.config import TrainConfig
from netrobust.neural.network import Network, load_network, save_network
from netrobust.neural.train import begin, train
from netrobust.parallel.gather import gather
from netrobust.runs.folder import Run
from netrobust.runs.ledger import forget, note_failure
from netrobust.studies.job import Job, Tick, loaded
from netrobust.studies.study import Study
from netrobust.studies.task import Task, moments

log = logging.getLogger("netrobust")


def fetch(study: Study, folder: Path | None) -> dict[str, str]:
    """Hash of every data set that will be used, after trying to get each."""
    hashes = {}
    for name in study.datasets:
        try:
            data, used = load(name, folder), name
        except DataUnavailableError as error:
            if study.fallback is None:
                raise
            log.warning("%s; using %s in its place", error, study.fallback)
            data, used = load(study.fallback), study.fallback
        asked = {"images": study.images}
        if study.input_attacks:
            asked["attack_images"] = study.attack_images
        for field, count in asked.items():
            if count and count > len(data.y_test):
                raise InputError(
                    f"{field} must be from 1 to {len(data.y_test)}, the test images of "
                    f"{data.name}; got {count}"
                )
        hashes[used] = data.sha256
    return hashes


def check_starts(study: Study, folder: Path | None) -> None:
    """Refuse networks that cannot begin, before anything is written.

    Raises
    ------
    InputError
        A layer is too large for a method, or its topology cannot be made.
    """
    kinds: dict[tuple[Any, ...], Task] = {}
    for task in study.tasks():
        method = task.config.method
        # What decides whether a network can begin; all else the networks share.
        start = task.config.start_topology, str(task.config.topology_options)
        kind = task.dataset, method.every_place, method.surplus(0), *start
        if not method.dense:
            kinds.setdefault(kind, task)
    for task in kinds.values():
        begin(loaded(task.dataset, folder), task.config, task.seed)


def _prepare_kernels(configs: list[TrainConfig], tick: Tick) -> None:
    """Use every kernel once, before workers do: they are compiled on the first start.

    From then on they come from numba's cache in no time.
    """
    stage = "preparing kernels (compiled on the first start)"
    tick(stage, 0, 1)
    images = np.eye(4, dtype=np.float32)
    data = Dataset.from_arrays(images, [0, 1, 0, 1], images, [0, 1, 0, 1])
    for config in {config.label: config for config in configs}.values():
        # A budget that is met at the last update needs its time.
        epochs = config.epochs if config.method.surplus(0) else 2
        small = replace(config, hidden=(4, 4), sparsity=0.5, epochs=epochs)
        plain = replace(small, topology="erdos_renyi", topology_options={})
        network = train(data, plain)
    percolate(network, data, fractions=[0, 1], replicates=1)
    tick(stage, 1, 1)


def train_all(job: Job) -> None:
    """Train what is missing, with snapshots.

    Raises
    ------
    UnfinishedError
        Networks could not be trained; all others are.
    """
    study = job.study
    tasks = job.share([*study.references(), *study.tasks()])
    trainings = Trainings(job.run, study)
    units = {task.name: task for task in tasks}  # the slowest first
    if job.executor is None and len(trainings.found(units)) < len(units):
        _prepare_kernels([task.config for task in tasks], job.tick)
    gather(
        _train_one, units, job.jobs, job.run, job.folder, study.snapshots,
        executor=job.executor, parts=trainings,
        tick=partial(job.tick, "training networks"),
    )  # fmt: skip


def training_tables(job: Job) -> None:
    """Tabulate what was seen of the networks while they were trained."""
    study, run = job.study, job.run
    networks = run.networks()
    job.save_table("history", history_table(networks))
    job.save_table("dynamics", dynamics_table(networks))
    seen = [
        load_network(run.snapshot_path(task.name, epoch))
        for task in study.tasks()
        if not task.config.method.dense
        for epoch in moments(study.snapshots, task.config)
    ]
    job.save_table("receptive_fields", receptive_table(seen))


class Trainings:
    """The networks of a study as units of work, kept where they are trained to."""

    def __init__(self, run: Run, study: Study) -> None:
        self.run, self.logs = run, run.path / "failed"
        tasks = (*study.references(), *study.tasks())
        self._moments = {
            task.name: moments(study.snapshots, task.config) for task in tasks
        }

    def begin(self, keys: Iterable[str]) -> set[str]:
        """Give all networks."""
        return set(keys)

    def found(self, keys: Iterable[str]) -> dict[str, float]:
        """Give 0 seconds for every network that is finished."""
        has = self.run.has_network
        return {key: 0.0 for key in keys if has(key, *self._moments[key])}

    def put(self, key: str, seconds: float) -> None:
        """Note that a network is finished."""
        self.run.note(f"trained {key} in {seconds:.1f} s")
        forget(self.run.path, key)

    def fail(self, key: str, reason: str, traceback: str) -> None:
        """Write down why a network could not be trained."""
        note_failure(self.run.path, key, reason, traceback)


def _train_one(
    task: Task, run: Run, folder: Path | None, snapshots: tuple[float, ...]
) -> float:
    kept = moments(snapshots, task.config)

    def keep(network: Network) -> None:
        if (epoch := len(network.history)) in kept:
            save_network(network, run.snapshot_path(task.name, epoch))

    start = time.perf_counter()
    data, path = loaded(task.dataset, folder), run.network_path(task.name)
    train(data, task.config, task.seed, path=path, observe=keep)
    return time.perf_counter() - start


def history_table(networks: Sequence[Network]) -> pd.DataFrame:
    """Join the histories of networks: one row per network and epoch."""
    return _joined(networks, [network.history for network in networks])


def dynamics_table(networks: Sequence[Network]) -> pd.DataFrame:
    """Join the topology dynamics: one row per network, epoch and sparse layer."""
    return _joined(networks, [network.dynamics for network in networks])


def receptive_table(networks: Sequence[Network]) -> pd.DataFrame:
    """Tell what every input pixel sends into a network: degree and strength.

    Parameters
    ----------
    networks : sequence of Network
        Sparse, such as the snapshots of a training.

    Returns
    -------
    DataFrame
        One row per network, ``epoch`` (epochs trained) and ``pixel``, counted row by
        row through the image: ``degree``, its links into the first layer, and
        ``strength``, the sum of their absolute weights.
    """
    tables = []
    for network in networks:
        layer = network.model.hidden_layers[0]
        source, _, weight = layer.links()
        pixels = layer.in_features
        table = pd.DataFrame(
            {
                **network.labels,
                "epoch": len(network.history),
                "pixel": np.arange(pixels),
                "degree": np.bincount(source, minlength=pixels),
                "strength": np.bincount(source, np.abs(weight), minlength=pixels),
            }
        )
        tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _joined(
    networks: Sequence[Network], tables: Sequence[pd.DataFrame]
) -> pd.DataFrame:
    labelled = []
    for network, table in zip(networks, tables, strict=True):
        if not table.empty:
            left = pd.DataFrame([network.labels]).loc[[0] * len(table)]
            labelled.append(pd.concat([left.reset_index(drop=True), table], axis=1))
    return pd.concat(labelled, ignore_index=True) if labelled else pd.DataFrame()
