"""The stages of the main job after the training: graphs, damage, attacks, recovery."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from netrobust.data.dataset import Dataset
from netrobust.experiments.attack import attack
from netrobust.experiments.measure import damageable, degree_table, measure
from netrobust.experiments.percolate import compare, percolate
from netrobust.experiments.recover import recover
from netrobust.experiments.theory_table import theory_table
from netrobust.graphs.measure import signed_measures
from netrobust.neural.network import Network
from netrobust.parallel.partial_failure import Going
from netrobust.parallel.shard import Shard
from netrobust.runs.folder import Run
from netrobust.studies.study import Study, topologies
from netrobust.studies.training import Tick, loaded, share

Work = Callable[[], pd.DataFrame]


@dataclass(frozen=True)
class Job:
    """A study on its way into a run folder.

    Attributes
    ----------
    study, run, jobs, folder, tick, executor
        As for `reproduce`.
    shard : Shard or None
        Whose networks are worked on; None for all.
    look : bool
        Do nothing, see what is missing.
    complete : bool
        Whether all networks could be trained.
    """

    study: Study
    run: Run
    jobs: int
    folder: Path | None
    tick: Tick
    executor: Executor | None = None
    shard: Shard | None = None
    look: bool = False
    complete: bool = True

    @property
    def whole(self) -> bool:
        """Whether tables come out, which are of all networks."""
        return self.shard is None and self.complete and not self.look

    def networks(self) -> list[Network]:
        """Read the networks that are taken apart: all but the dense references."""
        tasks = share(self.study, self.study.tasks(), self.shard)
        names = {task.name for task in tasks}
        return damageable([one for one in self.run.networks() if one.name in names])

    def keywords(self, table: str) -> dict[str, Any]:
        """Give what is said to all that make a table in units."""
        parts = self.run.parts(table, look=self.look, label=self.shard)
        shared: dict[str, Any] = {"executor": self.executor, "seed": self.study.seed}
        return {**shared, "jobs": self.jobs, "parts": parts}


Kinds = Mapping[str, Callable[[Job], Iterator[Work]]]


def export_and_measure(job: Job) -> None:
    """Export every sparse layer to GraphML, and measure all damaged networks."""
    run, networks = job.run, job.networks()
    sparse = [network for network in networks if not network.config.method.dense]
    for done, network in enumerate(sparse, start=1):
        # The stack is written last, so where it lies the layers lie too.
        if not (run.graphs_path(network.name) / "stack.graphml").is_file():
            run.export(network, "graphml")
        job.tick("exporting graphs", done, len(sparse))
    if job.whole:
        names = [network.name for network in networks]
        settings = {"networks": names, "measures": list(signed_measures())}
        run.save_table("measures", measure(networks), settings)
        run.save_table("degrees", degree_table(sparse))


def sweep_all(job: Job, going: Going) -> None:
    """Damage curves and null models of all networks."""
    _make(job, going, {"percolation": _curves, "nulls": _nulls})


def go_on(job: Job, going: Going) -> None:
    """Attack images, train topologies anew and let damaged networks learn on."""
    predicted: Kinds = {"theory": _predictions} if job.whole else {}
    done = {"attacks": _attacks, "retrained": _retrained, "recovery": _recoveries}
    _make(job, going, {**predicted, **done})


def _make(job: Job, going: Going, kinds: Kinds) -> None:
    """Make tables of which all units are done; of others, do the units that can be."""
    for name, kind in kinds.items():
        tables, before = [], len(going.errors)
        for work in kind(job):
            with going.on():
                tables.append(work())
        if tables and job.whole and len(going.errors) == before:
            job.run.save_table(name, pd.concat(tables))


def _curves(job: Job) -> Iterator[Work]:
    study, keywords = job.study, job.keywords("percolation")
    for kind, networks, data in _kinds(job):
        chosen = partial(topologies, config=networks[0].config)
        yield partial(
            percolate,
            networks,
            data,
            perturbations=study.perturbations,
            fractions=study.fractions,
            replicates=study.replicates,
            null_models=chosen(study.curve_null_models),
            measures=study.measures,
            images=study.images,
            scope=study.scope,
            tick=partial(job.tick, f"damaging {kind}"),
            **keywords,
        )


def _nulls(job: Job) -> Iterator[Work]:
    study, keywords = job.study, job.keywords("nulls")
    for kind, networks, data in _kinds(job):
        yield partial(
            compare,
            networks,
            data,
            null_models=topologies(study.null_models, networks[0].config),
            replicates=study.null_replicates,
            measures=study.measures,
            images=study.images,
            tick=partial(job.tick, f"randomising {kind}"),
            **keywords,
        )


def _predictions(job: Job) -> Iterator[Work]:
    for networks, data in _sparse(job) if job.study.theory else ():
        yield partial(theory_table, networks, data, job.study.fractions, job.jobs)


def _attacks(job: Job) -> Iterator[Work]:
    study, keywords = job.study, job.keywords("attacks")
    for networks, data in _by_dataset(job) if study.input_attacks else ():
        yield partial(
            attack,
            networks,
            data,
            attacks=study.input_attacks,
            eps=study.eps,
            images=study.attack_images,
            tick=partial(job.tick, f"attacking {data.name} networks"),
            **keywords,
        )


def _retrained(job: Job) -> Iterator[Work]:
    study, keywords = job.study, job.keywords("retrained")
    for networks, data in _sparse(job) if study.retrained else ():
        yield partial(
            compare,
            networks,
            data,
            null_models=study.retrained,
            replicates=study.retrained_replicates,
            measures=study.measures,
            images=study.images,
            retrain=True,
            tick=partial(job.tick, f"retraining {data.name} topologies"),
            **keywords,
        )


def _recoveries(job: Job) -> Iterator[Work]:
    study, keywords = job.study, job.keywords("recovery")
    for networks, data in _by_dataset(job) if study.recovery else ():
        yield partial(
            recover,
            networks,
            data,
            fractions=study.recovery,
            epochs=study.recovery_epochs,
            images=study.images,
            tick=partial(job.tick, f"healing {data.name} networks"),
            **keywords,
        )


def _by_dataset(job: Job) -> Iterator[tuple[list[Network], Dataset]]:
    """Give the networks data set by data set."""
    networks = job.networks()
    for name in job.study.datasets:
        if ours := [one for one in networks if one.dataset == name]:
            yield ours, loaded(name, job.folder)


def _sparse(job: Job) -> Iterator[tuple[list[Network], Dataset]]:
    for networks, data in _by_dataset(job):
        if ours := [one for one in networks if not one.config.method.dense]:
            yield ours, data


def _kinds(job: Job) -> Iterator[tuple[str, list[Network], Dataset]]:
    """Give sparse networks and dense ones apart: they have other null models."""
    for networks, data in _by_dataset(job):
        for dense, kind in enumerate(("sparse", "dense")):
            if ours := [one for one in networks if one.config.method.dense == dense]:
                yield f"{data.name} {kind} networks", ours, data
