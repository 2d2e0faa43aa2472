"""The main job: train, export, damage, score, tabulate, draw, into one run folder."""

import os
from concurrent.futures import Executor
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd

from netrobust.core.errors import InputError
from netrobust.core.settings import MOST_JOBS, whole
from netrobust.figures import draw
from netrobust.parallel.gather import check_executor
from netrobust.parallel.partial_failure import Failures
from netrobust.parallel.progress_bar import bars, silent
from netrobust.parallel.shard import Shard
from netrobust.runs.folder import Run, create_run
from netrobust.runs.shards import STUDY, at_work
from netrobust.stats.summary import robustness
from netrobust.studies.gallery import drawable, drawn, save_figures
from netrobust.studies.job import Job, Tick
from netrobust.studies.stages import (
    export_and_measure,
    further,
    make_tables,
    swept,
)
from netrobust.studies.status import network_states, study_of
from netrobust.studies.study import Study
from netrobust.studies.training import (
    check_starts,
    fetch,
    train_all,
    training_tables,
)


def reproduce(
    study: Study,
    out: str | os.PathLike[str],
    jobs: int = 1,
    data_dir: str | os.PathLike[str] | None = None,
    tick: Tick | None = None,
    *,
    executor: Executor | None = None,
    shard: Shard | None = None,
    progress: bool | None = None,
) -> Run:
    """Do the whole main job into one run folder; resume an interrupted one.

    The folder then holds networks, graphs, tables, figures and the page of `report`.

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
    executor : concurrent.futures.Executor, optional
        Where the work is done, instead of `jobs` processes; its workers must see the
        run folder, and the data.
    shard : Shard, optional
        Do one of several equal shares: some networks, and all units about them. Shards
        may work in one folder at the same time; `merge` makes the tables.
    progress : bool, optional
        Show bars; if not given, at a terminal and in a notebook. With a `tick` none.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        The folder holds something else or a run with other settings, or is in use, or a
        network cannot be made.
    DataUnavailableError
        A data set is unavailable and the study names no fallback.
    UnfinishedError
        Networks could not be trained, or units failed; all others are done and kept.
        Tables that need them are not written.
    """
    whole("jobs", jobs, 1, MOST_JOBS)
    check_executor(executor)
    if tick is None:
        with bars(progress) as tick, silent():
            return reproduce(
                study, out, jobs, data_dir, tick, executor=executor, shard=shard
            )
    folder = None if data_dir is None else Path(data_dir)
    hashes = fetch(study, folder)
    study = replace(study, datasets=tuple(hashes))
    check_starts(study, folder)
    run, failures = create_run(out, asdict(study), hashes), Failures()
    with run.held(shared=shard is not None), at_work(run.path, STUDY, shard):
        job = Job(study, run, jobs, folder, tick, executor, shard)
        with run.timed("training"), failures.collected():
            train_all(job)
        rest = replace(job, complete=not failures.errors)
        if rest.whole:
            training_tables(rest)
        with run.timed("export and measures"):
            export_and_measure(rest)
        if study.damage:
            with run.timed("damage and null models"):
                make_tables(rest, failures, swept(study))
            with run.timed("attacks, retraining and recovery"):
                make_tables(rest, failures, further(study))
        failures.check()
        if rest.whole:
            rest.save_table("summary", summary_table(run))
            with run.timed("figures"):
                present(run)
    return run


def present(run: Run) -> None:
    """Write the figures and the report of a run into its folder."""
    # Bokeh is slow to import, and not needed before.
    from netrobust.studies.report import REPORT, write_report

    with draw.style():
        figures = drawn(run, drawable(run))
        save_figures(figures, run.path / "figures")
        write_report([run], [figures], run.path / REPORT)


def merge(
    run: Run,
    jobs: int = 1,
    data_dir: str | os.PathLike[str] | None = None,
    tick: Tick | None = None,
) -> Run:
    """Make the tables, figures and report of a study whose shards have done all units.

    Parameters
    ----------
    run : Run
        Made by `reproduce` with shards.
    jobs, data_dir, tick
        As for `reproduce`.

    Returns
    -------
    Run

    Raises
    ------
    InputError
        The run is not that of a study, or networks or units are missing; nothing is
        written then.
    """
    study = study_of(run)
    if study is None or run.only:
        raise InputError(f"{run.path} is not the run of a study; give its folder")
    folder = None if data_dir is None else Path(data_dir)
    states = network_states(run)
    missing = [f"network {name}" for name in states if states[name] != "finished"]
    look = Job(study, run, jobs, folder, lambda stage, done, total: None, look=True)
    failures = Failures()
    make_tables(look, failures, (*swept(study), *further(study)))
    missing += [key for error in failures.errors for key in error.left]
    check_nothing_missing(run, missing)
    return reproduce(study, run.path, jobs, data_dir, tick)


def check_nothing_missing(run: Run, missing: list[str]) -> None:
    """Refuse, with InputError, to make tables of which units are missing."""
    if missing:
        names = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        raise InputError(
            f"{run.path} is not complete, it lacks {len(missing)} of its units "
            f"({names}); run their shards again, then merge"
        )


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
