"""Verbs that analyse the networks of a run."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netrobust.cli import console
from netrobust.cli.make_table import networks_of, show_table
from netrobust.cli.options import (
    AsJson,
    Draws,
    How,
    Measures,
    Nulls,
    RunPath,
    TableName,
    app,
    bundled,
)
from netrobust.core.errors import InputError
from netrobust.experiments.options import Options

if TYPE_CHECKING:  # a verb imports what it needs when it runs
    import pandas as pd


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
    from netrobust.studies.status import tables_of

    # Run folders have names without an ending that files of graphs have.
    if subject.is_file() or (subject.suffix and not subject.is_dir()):
        _show_measures(measure_graphs(read(subject), chosen), as_json)
        return
    run = open_run(subject)
    networks = networks_of(run)
    settings = {"networks": [one.name for one in networks], "measures": chosen}
    reserved = tables_of(run)
    name = name or run.free_table_name("measures", settings, reserved)
    run.check_table(name, settings, reserved)
    table = measure_graphs(networks, chosen)
    path = run.save_table(name, table, settings)
    _show_measures(table, as_json)
    if not as_json:
        console.out.print(f"table: {path}", soft_wrap=True)


def _show_measures(table: "pd.DataFrame", as_json: bool) -> None:
    """Print measures down and layers across."""
    if as_json:
        console.show(table.drop(columns="network", errors="ignore"), as_json)
        return
    named = [key for key in ("dataset", "sparsifier", "network_seed") if key in table]
    further = [key for key in ("network", "width", "sparsity") if key in table]
    if further and not table.duplicated([*named, "layer"]).any():
        table = table.drop(columns="network")
        further.remove("network")
    console.show_across(table, "layer", [*named, *further])


@app.command()
@bundled(replicates=10)
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
    scope: Annotated[
        str, typer.Option(help="per_layer, global, layer_1, head, ...")
    ] = "per_layer",
    name: TableName = None,
    *,
    draws: Draws,
    rows: Options,
    how: How,
) -> None:
    """Damage the networks of a run step by step and score what is left."""
    from netrobust.experiments.plan import GRID

    settings: dict[str, Any] = {
        "perturbations": perturbations or ["random_links"],
        "fractions": console.fractions(fractions) or list(GRID),
        "null_models": null_models or ["none"],
        "measures": ["giant_component"] if measures is None else measures,
        "replicates": draws.replicates,
        "scope": scope,
        "seed": draws.seed,
        "images": draws.images,
        **rows,
    }
    keys = ["dataset", "sparsifier", "null_model", "perturbation", "scope", "fraction"]
    values = ["accuracy", "loss", *settings["measures"]]
    show_table(run, name, "percolation", settings, how, keys, values)


@app.command()
@bundled(replicates=20)
def compare(
    run: RunPath,
    null_models: Nulls = None,
    measures: Measures = None,
    name: TableName = None,
    *,
    draws: Draws,
    rows: Options,
    how: How,
) -> None:
    """Score the networks of a run beside their null models."""
    from netrobust.graphs.null import NULL_MODELS, installed

    settings: dict[str, Any] = {
        "null_models": null_models
        or [one for one in NULL_MODELS if one != "none" and installed(one)],
        "measures": ["giant_component"] if measures is None else measures,
        **asdict(draws),
        **rows,
    }
    keys = ["dataset", "sparsifier", "null_model"]
    values = ["accuracy", "loss", "moved", *settings["measures"]]
    show_table(run, name, "nulls", settings, how, keys, values)
