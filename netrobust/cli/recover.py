"""The verb that lets damaged networks learn on."""

from typing import Annotated, Any

import typer

from netrobust.cli import console
from netrobust.cli.make_table import How, make_table
from netrobust.cli.options import (
    AsJson,
    DataDir,
    DryRun,
    Images,
    Jobs,
    Quiet,
    Replicates,
    RunPath,
    Scheduler,
    Seed,
    Share,
    TableName,
    app,
)


@app.command()
def recover(
    run: RunPath,
    perturbation: Annotated[str, typer.Option(help="What breaks.")] = "random_links",
    fractions: Annotated[
        list[float] | None,
        typer.Option("--fraction", help="Share that breaks; repeat for several."),
    ] = None,
    epochs: Annotated[int, typer.Option(help="Of training after the damage.")] = 5,
    modes: Annotated[
        list[str] | None,
        typer.Option("--mode", help="frozen or adaptive; both if not given."),
    ] = None,
    scope: Annotated[str, typer.Option(help="per_layer, global, layer_1, ...")] = (
        "per_layer"
    ),
    replicates: Replicates = 1,
    seed: Seed = 0,
    images: Images = None,
    name: TableName = None,
    jobs: Jobs = 1,
    scheduler: Scheduler = None,
    shard: Share = None,
    data_dir: DataDir = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Damage the networks of a run, train what is left, and score every epoch."""
    from netrobust.experiments.recover import MODES, plan_recovery

    settings: dict[str, Any] = {
        "perturbation": perturbation,
        "fractions": sorted(fractions or [0.5]),
        "epochs": epochs,
        "modes": modes or list(MODES),
        "scope": scope,
        "replicates": replicates,
        "seed": seed,
        "images": images,
    }
    table = make_table(
        run, name, "recovery", settings, plan_recovery,
        How(jobs, scheduler, shard, data_dir, dry_run, quiet, as_json),
    )  # fmt: skip
    if table is None:
        return
    keys = ["dataset", "sparsifier", "perturbation", "scope", "fraction", "mode"]
    values = ["links", "intact", "accuracy", "loss", "regained"]
    console.show(table.groupby([*keys, "epoch"])[values].mean().reset_index(), as_json)
