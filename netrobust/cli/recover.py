"""The verb that lets damaged networks learn on."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from netrobust.cli.make_table import show_table
from netrobust.cli.options import Draws, How, RunPath, TableName, app, bundled
from netrobust.cli.words import AS_NUMBER, AS_WHOLE
from netrobust.core.settings import canonical_fraction


@app.command()
@bundled()
def recover(
    run: RunPath,
    perturbation: Annotated[str, typer.Option(help="What breaks.")] = "random_links",
    fractions: Annotated[
        list[float] | None,
        typer.Option(
            "--fraction", help="Share that breaks; repeat for several.", **AS_NUMBER
        ),
    ] = None,
    epochs: Annotated[
        int, typer.Option(help="Of training after the damage.", **AS_WHOLE)
    ] = 5,
    modes: Annotated[
        list[str] | None,
        typer.Option("--mode", help="frozen or adaptive; both if not given."),
    ] = None,
    scope: Annotated[str, typer.Option(help="per_layer, global, layer_1, ...")] = (
        "per_layer"
    ),
    name: TableName = None,
    *,
    draws: Draws,
    how: How,
) -> None:
    """Damage the networks of a run, train what is left, and score every epoch."""
    from netrobust.experiments.recover import MODES

    settings: dict[str, Any] = {
        "perturbation": perturbation,
        "fractions": sorted(map(canonical_fraction, fractions or [0.5])),
        "epochs": epochs,
        "modes": modes or list(MODES),
        "scope": scope,
        **asdict(draws),
    }
    keys = ["dataset", "sparsifier", "perturbation", "scope", "fraction", "mode"]
    values = ["links", "intact", "accuracy", "loss", "regained"]
    show_table(run, name, "recovery", settings, how, [*keys, "epoch"], values)
