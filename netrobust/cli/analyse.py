"""Verbs that analyse the networks of a run."""

from pathlib import Path
from typing import Annotated, Any

import typer

from netrobust.cli import console
from netrobust.cli.make_table import How, make_table, networks_of
from netrobust.cli.options import (
    AsJson,
    DataDir,
    Details,
    DryRun,
    Images,
    Jobs,
    Measures,
    Nulls,
    Quiet,
    Replicates,
    Retrain,
    RunPath,
    Scheduler,
    Seed,
    Share,
    TableName,
    app,
)
from netrobust.core.errors import InputError


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
    from netrobust.runs.folder import GRAPH_FORMATS, open_run

    if suffix not in GRAPH_FORMATS:
        raise InputError(
            f"unknown format {suffix!r}; choose from: {', '.join(GRAPH_FORMATS)}"
        )
    opened = open_run(run)
    for network in networks_of(opened):
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
    from netrobust.graphs.measure import MEASURES, signed_measures

    chosen = measures or list(signed_measures())
    for one in chosen:
        MEASURES[one]
    from netrobust.experiments.measure import measure as measure_graphs
    from netrobust.graphs.graph import read
    from netrobust.runs.folder import open_run

    if subject.is_file():
        console.show(measure_graphs(read(subject), chosen), as_json)
        return
    run = open_run(subject)
    networks = networks_of(run)
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
    scope: Annotated[
        str, typer.Option(help="per_layer, global, layer_1, head, ...")
    ] = ("per_layer"),
    seed: Seed = 0,
    images: Images = None,
    retrain: Retrain = False,
    details: Details = False,
    name: TableName = None,
    jobs: Jobs = 1,
    scheduler: Scheduler = None,
    shard: Share = None,
    data_dir: DataDir = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Damage the networks of a run step by step and score what is left."""
    from netrobust.experiments.plan import GRID

    settings: dict[str, Any] = {
        "perturbations": perturbations or ["random_links"],
        "fractions": console.fractions(fractions) or list(GRID),
        "null_models": null_models or ["none"],
        "measures": ["giant_component"] if measures is None else measures,
        "replicates": replicates,
        "scope": scope,
        "seed": seed,
        "images": images,
        "retrain": retrain,
        "details": details,
    }
    table = make_table(
        run, name, "percolation", settings, _check,
        How(jobs, scheduler, shard, data_dir, dry_run, quiet, as_json),
    )  # fmt: skip
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
    retrain: Retrain = False,
    details: Details = False,
    name: TableName = None,
    jobs: Jobs = 1,
    scheduler: Scheduler = None,
    shard: Share = None,
    data_dir: DataDir = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Score the networks of a run beside their null models."""
    from netrobust.graphs.null import NULL_MODELS, installed

    settings: dict[str, Any] = {
        "null_models": null_models
        or [one for one in NULL_MODELS if one != "none" and installed(one)],
        "measures": ["giant_component"] if measures is None else measures,
        "replicates": replicates,
        "seed": seed,
        "images": images,
        "retrain": retrain,
        "details": details,
    }
    table = make_table(
        run, name, "nulls", settings, _check,
        How(jobs, scheduler, shard, data_dir, dry_run, quiet, as_json),
    )  # fmt: skip
    if table is None:
        return
    keys = ["dataset", "sparsifier", "null_model"]
    values = ["accuracy", "loss", "moved", *settings["measures"]]
    console.show(table.groupby(keys)[values].mean().reset_index(), as_json)


def _check(networks: Any, data: Any, **settings: Any) -> None:
    """Refuse what `percolate` or `compare` would, which damages nothing."""
    from netrobust.experiments.plan import make_plan

    undamaged = {"perturbations": "random_links", "fractions": [0], "scope": "global"}
    make_plan(networks, data, **{**undamaged, **settings})
