"""Verbs that analyse the networks of a run."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netrobust.cli import console
from netrobust.cli.options import (
    AsJson,
    DataDir,
    DryRun,
    Images,
    Jobs,
    Measures,
    Nulls,
    Quiet,
    Replicates,
    RunPath,
    Seed,
    TableName,
    app,
)
from netrobust.errors import InputError

if TYPE_CHECKING:  # a verb imports what it needs when it runs
    import pandas as pd

    from netrobust.neural.network import Network
    from netrobust.runs import Run


@app.command()
def export(
    run: RunPath,
    suffix: Annotated[
        str, typer.Option("--format", help="graphml or npz.")
    ] = "graphml",
    out: Annotated[
        Path | None, typer.Option(help="Instead of the run folder.", file_okay=False)
    ] = None,
) -> None:
    """Write every layer of every network, and the stack, as graph files."""
    from netrobust.runs import GRAPH_FORMATS, open_run

    if suffix not in GRAPH_FORMATS:
        raise InputError(
            f"unknown format {suffix!r}; choose from: {', '.join(GRAPH_FORMATS)}"
        )
    opened = open_run(run)
    for network in _networks(opened):
        folder = opened.export(network, suffix, out and out / network.name)
        console.out.print(folder, soft_wrap=True)


@app.command()
def measure(
    subject: Annotated[
        Path, typer.Argument(help="A run, a network in one, or a graph file.")
    ],
    measures: Measures = None,
    name: TableName = None,
    as_json: AsJson = False,
) -> None:
    """Measure the layers of networks, or of a .graphml or .npz file."""
    from netrobust.graphs.measure import MEASURES

    chosen = measures or list(MEASURES)
    for one in chosen:
        MEASURES[one]
    from netrobust.graphs.graph import read
    from netrobust.runs import open_run
    from netrobust.tabulate import measure as measure_graphs

    if subject.is_file():
        console.show(measure_graphs(read(subject), chosen), as_json)
        return
    run = open_run(subject)
    networks = _networks(run)
    settings = {"networks": [one.name for one in networks], "measures": chosen}
    name = name or run.free_table_name("measures", settings)
    run.check_table(name, settings)
    table = measure_graphs(networks, chosen)
    path = run.save_table(name, table, settings)
    console.show(table.drop(columns="network"), as_json)
    if not as_json:
        console.out.print(f"table: {path}", soft_wrap=True)


@app.command()
def percolate(
    run: RunPath,
    perturbations: Annotated[
        list[str] | None, typer.Option("--perturbation", help="Repeat for several.")
    ] = None,
    fractions: Annotated[
        str | None, typer.Option(help="0,0.5,1 or a number of steps.")
    ] = None,
    null_models: Nulls = None,
    measures: Measures = None,
    replicates: Replicates = 10,
    scope: Annotated[str, typer.Option(help="per_layer, global, layer_1, ...")] = (
        "per_layer"
    ),
    seed: Seed = 0,
    images: Images = None,
    name: TableName = None,
    jobs: Jobs = 1,
    data_dir: DataDir = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Damage the networks of a run step by step and score what is left."""
    from netrobust.study import GRID

    settings: dict[str, Any] = {
        "perturbations": perturbations or ["random_links"],
        "fractions": console.fractions(fractions) or list(GRID),
        "null_models": null_models or ["none"],
        "measures": ["giant_component"] if measures is None else measures,
        "replicates": replicates,
        "scope": scope,
        "seed": seed,
        "images": images,
    }
    table = _sweep(
        run, name, "percolation", settings, data_dir, jobs, dry_run, quiet, as_json
    )
    if table is None:
        return
    keys = ["dataset", "sparsifier", "null_model", "perturbation", "scope", "fraction"]
    values = ["accuracy", "loss", *settings["measures"]]
    console.show(table.groupby(keys)[values].mean().reset_index(), as_json)


@app.command()
def compare(
    run: RunPath,
    null_models: Nulls = None,
    measures: Measures = None,
    replicates: Replicates = 20,
    seed: Seed = 0,
    images: Images = None,
    name: TableName = None,
    jobs: Jobs = 1,
    data_dir: DataDir = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Score the networks of a run beside their null models."""
    from netrobust.graphs.null import NULL_MODELS

    settings: dict[str, Any] = {
        "null_models": null_models or [one for one in NULL_MODELS if one != "none"],
        "measures": ["giant_component"] if measures is None else measures,
        "replicates": replicates,
        "seed": seed,
        "images": images,
    }
    table = _sweep(
        run, name, "nulls", settings, data_dir, jobs, dry_run, quiet, as_json
    )
    if table is None:
        return
    keys = ["dataset", "sparsifier", "null_model"]
    values = ["accuracy", "loss", "moved", *settings["measures"]]
    console.show(table.groupby(keys)[values].mean().reset_index(), as_json)


def _networks(run: "Run") -> list["Network"]:
    from netrobust.tabulate import damageable

    networks = damageable(run.networks())
    if not networks:
        raise InputError(f"{run.path} has no finished network; train one first")
    return networks


def _sweep(
    path: Path,
    name: str | None,
    kind: str,
    settings: dict[str, Any],
    data_dir: Path | None,
    jobs: int,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
) -> "pd.DataFrame | None":
    """Score the networks of a run, data set by data set, into one table."""
    import pandas as pd

    from netrobust.neural.data import load
    from netrobust.plan import make_plan
    from netrobust.runs import open_run
    from netrobust.sweep import compare, percolate

    console.talk(quiet)
    run = open_run(path)
    networks = _networks(run)
    about = {"networks": [network.name for network in networks], **settings}
    name = name or run.free_table_name(kind, about)
    run.check_table(name, about)
    groups = {
        dataset: [network for network in networks if network.dataset == dataset]
        for dataset in sorted({network.dataset for network in networks})
    }
    data = {dataset: load(dataset, data_dir) for dataset in groups}
    undamaged = {"perturbations": "random_links", "fractions": [0], "scope": "global"}
    for dataset, group in groups.items():  # all are checked before one is scored
        make_plan(group, data[dataset], jobs=jobs, **{**undamaged, **settings})
    if dry_run:
        console.say({"table": name, **about}, as_json)
        return None
    work: Callable[..., pd.DataFrame] = percolate if kind == "percolation" else compare
    tables = []
    with console.progress(quiet) as tick:
        for dataset, group in groups.items():
            options = {**settings, "jobs": jobs, "parts": run.parts()}
            options["tick"] = partial(tick, f"{work.__name__}: {dataset}")
            tables.append(work(group, data[dataset], **options))
    table = pd.concat(tables, ignore_index=True)
    saved = run.save_table(name, table, about)
    if not quiet:
        console.err.print(f"table: {saved}", soft_wrap=True)
    return table
