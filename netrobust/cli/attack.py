"""The verb that attacks the images of the networks of a run."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from netrobust.cli import console
from netrobust.cli.make_table import show_table
from netrobust.cli.options import Draws, How, RunPath, TableName, app, bundled
from netrobust.cli.words import plain_number


@app.command()
@bundled(images=1000)
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
    name: TableName = None,
    *,
    draws: Draws,
    how: How,
) -> None:
    """Attack the images the networks of a run are tested on, and score the answers."""
    from netrobust.experiments.attack import EPS

    settings: dict[str, Any] = {
        "attacks": attacks or ["fgsm", "pgd"],
        "eps": list(EPS) if eps is None else _eps(eps),
        "perturbation": perturbation,
        "fractions": console.fractions(fractions) or [0.0],
        "scope": scope,
        **asdict(draws),
    }
    keys = ["dataset", "sparsifier", "perturbation", "fraction", "attack", "eps"]
    values = ["accuracy", "loss", "mean_distance"]
    show_table(run, name, "attacks", settings, how, keys, values)


def _eps(text: str) -> list[float]:
    return [plain_number(part, "--eps") for part in text.split(",")]
