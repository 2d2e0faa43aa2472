"""The main job: train, export, damage, score, tabulate, draw, into one run folder."""

import os
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from netrobust.attacking import attack
from netrobust.gallery import draw_figures
from netrobust.graphs.measure import signed_measures
from netrobust.neural.network import Network
from netrobust.predictions import theory_table
from netrobust.results.stats import robustness
from netrobust.retraining import recover
from netrobust.runs import Run, create_run
from netrobust.settings import whole
from netrobust.study import Study, topologies
from netrobust.sweep import compare, percolate
from netrobust.tabulate import damageable, degree_table, measure
from netrobust.training import Tick, check_starts, fetch, loaded, train_all


def reproduce(
    study: Study,
    out: str | os.PathLike[str],
    jobs: int = 1,
    data_dir: str | os.PathLike[str] | None = None,
    tick: Tick | None = None,
) -> Run:
    """Do the whole main job into one run folder; go on where it stopped.

    Parameters
    ----------
    study : Study
        One of `PRESETS`, or your own.
    out : path-like
        The run folder; new, or that of the same study.
    jobs : int
        Processes to spread over. No table depends on it.
    data_dir : path-like, optional
        Where the data files are looked for first.
    tick : callable, optional
        Called with the stage, the units done and the units in all.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        The folder holds something else or a run with other settings, or a network
        cannot be made.
    DataUnavailableError
        A data set cannot be had and the study names no fallback.
    """
    whole("jobs", jobs, 1)
    tick = tick or (lambda stage, done, total: None)
    folder = None if data_dir is None else Path(data_dir)
    hashes = fetch(study, folder)
    study = replace(study, datasets=tuple(hashes))
    check_starts(study, folder)
    run = create_run(out, asdict(study), hashes)
    with run.timed("training"):
        train_all(study, run, jobs, folder, tick)
    with run.timed("export and measures"):
        _export_and_measure(study, run, tick)
    if study.damage:
        with run.timed("damage and null models"):
            _sweep_all(study, run, jobs, folder, tick)
        with run.timed("attacks, retraining and recovery"):
            _go_on(study, run, jobs, folder, tick)
    run.save_table("summary", summary_table(run))
    with run.timed("figures"):
        draw_figures(run, run.path / "figures")
    return run


def summary_table(run: Run) -> pd.DataFrame:
    """Give one row per network: accuracy, links and robustness to each perturbation.

    Parameters
    ----------
    run : Run
        With the table ``history``, and with ``percolation`` if it was damaged.

    Returns
    -------
    DataFrame
        ``accuracy`` on the test images after the last epoch, ``links`` of the hidden
        layers, weights of the dense ``head``, which no damage touches, and for each
        perturbation ``R_...``, the chance-normalised area under the damage curve of
        the trained network.
    """
    last = run.table("history").sort_values("epoch").groupby("network").last()
    networks = {network.name: network for network in run.networks()}
    links = {name: network.links for name, network in networks.items()}
    head = {name: one.model.head.weight.numel() for name, one in networks.items()}
    summary = last[["dataset", "sparsifier", "network_seed"]].assign(
        epochs=last.epoch,
        accuracy=last.test_accuracy,
        links=pd.Series(links),
        head=pd.Series(head),
    )
    if "percolation" in run.tables():
        intact = run.table("percolation").query("null_model == 'none'")
        areas = robustness(intact).pivot(
            index="network", columns="perturbation", values="robustness"
        )
        areas.columns = [f"R_{str(name).removesuffix('_links')}" for name in areas]
        summary = summary.join(areas)
    return summary.reset_index()


def _export_and_measure(study: Study, run: Run, tick: Tick) -> None:
    """Export every sparse layer to GraphML, and measure all damaged networks."""
    networks = _damaged(study, run)
    sparse = [network for network in networks if not network.config.method.dense]
    for done, network in enumerate(sparse, start=1):
        # The stack is written last, so where it lies the layers lie too.
        if not (run.graphs_path(network.name) / "stack.graphml").is_file():
            run.export(network, "graphml")
        tick("exporting graphs", done, len(sparse))
    names = [network.name for network in networks]
    settings = {"networks": names, "measures": list(signed_measures())}
    run.save_table("measures", measure(networks), settings)
    run.save_table("degrees", degree_table(sparse))


def _sweep_all(
    study: Study, run: Run, jobs: int, folder: Path | None, tick: Tick
) -> None:
    """Damage curves and null models of all networks, data set by data set."""
    shared: dict[str, Any] = {
        "measures": study.measures,
        "seed": study.seed,
        "images": study.images,
        "jobs": jobs,
        "parts": run.parts(),
    }
    curves, nulls = [], []
    for dataset, ours in _by_dataset(study, run).items():
        data = loaded(dataset, folder)
        for dense in (False, True):
            networks = [one for one in ours if one.config.method.dense == dense]
            if not networks:
                continue
            chosen = partial(topologies, config=networks[0].config)
            kind = f"{dataset} {'dense' if dense else 'sparse'} networks"
            curves.append(
                percolate(
                    networks,
                    data,
                    perturbations=study.perturbations,
                    fractions=study.fractions,
                    replicates=study.replicates,
                    null_models=chosen(study.curve_null_models),
                    scope=study.scope,
                    tick=partial(tick, f"damaging {kind}"),
                    **shared,
                )
            )
            nulls.append(
                compare(
                    networks,
                    data,
                    null_models=chosen(study.null_models),
                    replicates=study.null_replicates,
                    tick=partial(tick, f"randomising {kind}"),
                    **shared,
                )
            )
    run.save_table("percolation", pd.concat(curves))
    run.save_table("nulls", pd.concat(nulls))


def _go_on(study: Study, run: Run, jobs: int, folder: Path | None, tick: Tick) -> None:
    """Attack images, train topologies anew and let damaged networks learn on."""
    tables: dict[str, list[pd.DataFrame]] = {}
    shared: dict[str, Any] = {"seed": study.seed, "jobs": jobs, "parts": run.parts()}
    for dataset, ours in _by_dataset(study, run).items():
        data = loaded(dataset, folder)
        sparse = [one for one in ours if not one.config.method.dense]
        if study.theory and sparse:
            tables.setdefault("theory", []).append(
                theory_table(sparse, data, study.fractions, jobs)
            )
        if study.input_attacks:
            tables.setdefault("attacks", []).append(
                attack(
                    ours,
                    data,
                    attacks=study.input_attacks,
                    eps=study.eps,
                    images=study.attack_images,
                    tick=partial(tick, f"attacking {dataset} networks"),
                    **shared,
                )
            )
        if study.retrained:
            tables.setdefault("retrained", []).append(
                compare(
                    sparse,
                    data,
                    null_models=study.retrained,
                    replicates=study.retrained_replicates,
                    measures=study.measures,
                    images=study.images,
                    retrain=True,
                    tick=partial(tick, f"retraining {dataset} topologies"),
                    **shared,
                )
            )
        if study.recovery:
            tables.setdefault("recovery", []).append(
                recover(
                    ours,
                    data,
                    fractions=study.recovery,
                    epochs=study.recovery_epochs,
                    images=study.images,
                    tick=partial(tick, f"healing {dataset} networks"),
                    **shared,
                )
            )
    for name, parts in tables.items():
        run.save_table(name, pd.concat(parts))


def _by_dataset(study: Study, run: Run) -> dict[str, list[Network]]:
    """Read the networks that are taken apart, once, data set by data set."""
    networks = _damaged(study, run)
    return {
        dataset: [one for one in networks if one.dataset == dataset]
        for dataset in study.datasets
    }


def _damaged(study: Study, run: Run) -> list[Network]:
    """Read the networks that are taken apart: all but the dense references."""
    names = {task.name for task in study.tasks()}
    return damageable([one for one in run.networks() if one.name in names])
