"""The verb that attacks the images of the networks of a run."""

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
from netrobust.core.errors import InputError


@app.command()
def attack(
    run: RunPath,
    attacks: Annotated[
        list[str] | None,
        typer.Option("--attack", help="Such as fgsm or pgd(steps=40); repeatable."),
    ] = None,
    eps: Annotated[str | None, typer.Option(help="How strong: 0,0.05,0.1.")] = None,
    perturbation: Annotated[
        str, typer.Option(help="Of the networks, before the attack.")
    ] = "none",
    fractions: Annotated[
        str | None, typer.Option(help="Of the perturbation: 0,0.5,1 or steps.")
    ] = None,
    scope: Annotated[str, typer.Option(help="Of the perturbation.")] = "per_layer",
    replicates: Replicates = 1,
    seed: Seed = 0,
    images: Images = 1000,
    name: TableName = None,
    jobs: Jobs = 1,
    scheduler: Scheduler = None,
    shard: Share = None,
    data_dir: DataDir = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Attack the images the networks of a run are tested on, and score the answers."""
    from netrobust.experiments.attack import EPS, plan_attacks

    settings: dict[str, Any] = {
        "attacks": attacks or ["fgsm", "pgd"],
        "eps": list(EPS) if eps is None else _eps(eps),
        "perturbation": perturbation,
        "fractions": console.fractions(fractions) or [0.0],
        "scope": scope,
        "replicates": replicates,
        "seed": seed,
        "images": images,
    }
    table = make_table(
        run, name, "attacks", settings, plan_attacks,
        How(jobs, scheduler, shard, data_dir, dry_run, quiet, as_json),
    )  # fmt: skip
    if table is None:
        return
    keys = ["dataset", "sparsifier", "perturbation", "fraction", "attack", "eps"]
    values = ["accuracy", "loss", "mean_distance"]
    console.show(table.groupby(keys)[values].mean().reset_index(), as_json)


def _eps(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(
            f"--eps needs numbers such as 0,0.05,0.1; got {text!r}"
        ) from None
