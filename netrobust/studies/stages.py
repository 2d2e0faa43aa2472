"""The stages of the main job after the training: graphs, damage, attacks, recovery."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from netrobust.data.dataset import Dataset
from netrobust.experiments.attack import attack
from netrobust.experiments.compare import compare
from netrobust.experiments.measure import degree_table, measure
from netrobust.experiments.percolate import percolate
from netrobust.experiments.recover import recover
from netrobust.experiments.theory_table import theory_table
from netrobust.graphs.measure import signed_measures
from netrobust.neural.config import TrainConfig
from netrobust.neural.network import Network, load_network
from netrobust.parallel.partial_failure import Failures
from netrobust.studies.job import Job
from netrobust.studies.study import Study
from netrobust.studies.task import moments, topologies


class Stage(NamedTuple):
    """How one table of the main job is made.

    Attributes
    ----------
    table : str
    progress : str
        What progress says of it; ``{}`` stands for the kind of networks.
    work : callable
        ``work(networks, data, **settings)`` makes the table.
    settings : mapping
        Fields of the study by the keywords of `work`.
    wanted : str
        Field of the study without which there is no such table.
    kinds : tuple of str
        Which networks: ``sparse``, ``dense``, both apart, for they have other null
        models, or ``all`` together.
    further : mapping
        Keywords that no study changes.
    about : Study or None
        Whose fields these are, and which networks; the study's own if None.
    along : bool
        Whether the networks are those along the training.
    """

    table: str
    progress: str
    work: Callable[..., pd.DataFrame]
    settings: Mapping[str, str]
    wanted: str = "damage"
    kinds: tuple[str, ...] = ("all",)
    further: Mapping[str, Any] = {}
    about: Study | None = None
    along: bool = False

    def asked(self, study: Study) -> bool:
        """Return whether a study has this table."""
        return bool(study.damage and getattr(study, self.wanted))

    def options(self, study: Study, config: TrainConfig) -> dict[str, Any]:
        """Give the keywords of the work for networks of a method."""
        found = {name: getattr(study, field) for name, field in self.settings.items()}
        if "null_models" in found:
            found["null_models"] = topologies(found["null_models"], config)
        return {**found, **self.further}


def _as_named(*fields: str, **others: str) -> dict[str, str]:
    return {**{field: field for field in fields}, **others}


_SCORED = ("measures", "images", "seed")


def swept(study: Study) -> tuple[Stage, ...]:
    """Give the damage of trained networks, and their null models."""
    curves = [
        Stage(table, "damaging {} networks", percolate,
              _as_named("perturbations", "fractions", "replicates", "scope", *_SCORED,
                        null_models="curve_null_models"),
              kinds=("sparse", "dense"), about=one, along=study.along(table))
        for table, one in study.percolations().items()
    ]  # fmt: skip
    return (*curves, NULLS)


NULLS = Stage(
    "nulls", "randomising {} networks", compare,
    _as_named("null_models", *_SCORED, replicates="null_replicates"),
    kinds=("sparse", "dense"),
)  # fmt: skip


def further(study: Study) -> tuple[Stage, ...]:
    """Give what follows: theory, attacks on images, training anew, recovery."""
    return (
        Stage("theory", "theory of {} networks", theory_table, _as_named("fractions"),
              wanted="theory", kinds=("sparse",)),
        Stage("attacks", "attacking {} networks", attack,
              _as_named("eps", "seed", attacks="input_attacks", images="attack_images"),
              wanted="input_attacks"),
        Stage("retrained", "retraining {} topologies", compare,
              _as_named(*_SCORED, null_models="retrained",
                        replicates="retrained_replicates"),
              wanted="retrained", kinds=("sparse",), further={"retrain": True},
              about=study.anew()),
        Stage("recovery", "healing {} networks", recover,
              _as_named("images", "seed", fractions="recovery",
                        epochs="recovery_epochs"),
              wanted="recovery"),
    )  # fmt: skip


def export_and_measure(job: Job) -> None:
    """Export every sparse layer to GraphML, and measure all damaged networks."""
    run, networks = job.run, job.networks()
    sparse = [network for network in networks if not network.config.method.dense]
    for done, network in enumerate(sparse, start=1):
        if not run.exported(network):
            run.export(network, "graphml")
        job.tick("exporting graphs", done, len(sparse))
    if job.whole:
        names = [network.name for network in networks]
        settings = {"networks": names, "measures": list(signed_measures())}
        job.save_table("measures", measure(networks), settings)
        job.save_table("degrees", degree_table(sparse))


def make_tables(job: Job, failures: Failures, stages: tuple[Stage, ...]) -> None:
    """Make tables of which all units are done; of others, do the units that can be."""
    for stage in stages:
        if not stage.asked(job.study):
            continue
        tables, before = [], len(failures.errors)
        # One ledger for all networks: it lists the units of the whole table.
        keywords = job.keywords(stage.table)
        study = stage.about or job.study
        for kind, networks, data in _groups(job, study, stage.kinds):
            about = stage.options(study, networks[0].config)
            about["tick"] = partial(job.tick, stage.progress.format(kind))
            for then, seen in _seen(job, study, networks, stage.along):
                with failures.collected():
                    table = stage.work(seen, data, **about, **keywords)
                    tables.append(table.assign(**then))
        if tables and job.whole and len(failures.errors) == before:
            job.save_table(stage.table, pd.concat(tables))


def _groups(
    job: Job, study: Study, kinds: tuple[str, ...]
) -> Iterator[tuple[str, list[Network], Dataset]]:
    """Give networks of one data set and kind together, as far as a study has them."""
    asked = {task.name for task in study.tasks()}
    for networks, data in job.by_dataset():
        for kind in kinds:
            ours = [
                one
                for one in networks
                if one.name in asked and kind in ("all", kind_of(one.config))
            ]
            if ours:
                several = len(kinds) > 1
                yield f"{data.name} {kind}" if several else data.name, ours, data


def _seen(
    job: Job, study: Study, networks: list[Network], along: bool
) -> Iterator[tuple[dict[str, int], list[Network]]]:
    """Give the trained networks, or those along the training with their epochs."""
    if not along:
        yield {}, networks
        return
    then: dict[int, list[Path]] = {}
    for network in networks:
        for epoch in moments(study.snapshots, network.config):
            path = job.run.snapshot_path(network.name, epoch)
            then.setdefault(epoch, []).append(path)
    for epoch in sorted(then):
        yield {"epoch": epoch}, [load_network(path) for path in then[epoch]]


def kind_of(config: TrainConfig) -> str:
    """Return whether networks of a method are ``sparse`` or ``dense``."""
    return "dense" if config.method.dense else "sparse"
