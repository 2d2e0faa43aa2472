"""Verbs that make something: data, networks, whole studies, figures."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from netrobust.cli import console
from netrobust.cli.options import (
    AsJson,
    Config,
    DataDir,
    DryRun,
    Out,
    Quiet,
    RunPath,
    app,
)
from netrobust.errors import InputError
from netrobust.settings import whole


@app.command()
def data(
    name: Annotated[str, typer.Argument(help="mnist, fashion-mnist or mnist-5k.")],
    data_dir: DataDir = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Fetch a data set and verify every file."""
    from netrobust.neural.data import fetch, load

    console.talk(quiet)
    files = fetch(name, data_dir)
    found = load(name, data_dir)
    facts: dict[str, Any] = {
        "data set": found.name,
        "training images": len(found.y_train),
        "test images": len(found.y_test),
        "sha256": found.sha256,
        **files,
    }
    console.say(facts, as_json)


@app.command()
def train(
    out: Out,
    dataset: Annotated[str, typer.Option(help="Data set to learn.")] = "mnist",
    sparsifier: Annotated[str | None, typer.Option(help="How links move.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the network.")] = 0,
    epochs: Annotated[int | None, typer.Option(help="Passes over the data.")] = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--option", help="NAME=VALUE of the sparsifier; repeatable."),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="FIELD=VALUE of TrainConfig; repeatable."),
    ] = None,
    config: Config = None,
    data_dir: DataDir = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Train one network into a run folder; go on if it was interrupted."""
    from netrobust.neural.config import TrainConfig, network_name

    fields = {**console.toml_file(config), **console.pairs(changes, "--set")}
    named = {"sparsifier": sparsifier, "epochs": epochs}
    fields |= {key: value for key, value in named.items() if value is not None}
    if options:
        fields["options"] = console.pairs(options, "--option")
    settings = TrainConfig(**fields)
    if seed < 0:
        raise InputError(f"seed must be 0 or larger; got {seed}")
    from netrobust.neural.data import load

    console.talk(quiet)
    images = load(dataset, data_dir)
    from netrobust.neural.train import begin
    from netrobust.neural.train import train as train_network
    from netrobust.runs import create_run

    begin(images, settings, seed)  # refuses what cannot be made before a file is

    about = {"train": asdict(settings), "dataset": images.name, "seed": seed}
    run = create_run(out, about, {images.name: images.sha256})
    path = run.network_path(network_name(images.name, settings, seed))
    bar = not (quiet or as_json)
    network = train_network(images, settings, seed, path=path, progress=bar)
    facts = {
        "network": network.name,
        "test accuracy": f"{100 * network.history.test_accuracy.iloc[-1]:.2f}%",
        "links": [layer.weight.numel() for layer in network.model.hidden_layers],
        "file": path,
    }
    console.say(facts, as_json)


@app.command()
def reproduce(
    out: Out,
    preset: Annotated[
        str, typer.Option(help="quick, paper, accuracy or methods.")
    ] = "quick",
    sparsifiers: Annotated[
        list[str] | None,
        typer.Option(
            "--sparsifier", help="Method, such as 'cht@erdos_renyi'; repeatable."
        ),
    ] = None,
    config: Config = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", help="Processes; all processors if not given."),
    ] = None,
    data_dir: DataDir = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Do the main job: train, export, damage, score, tabulate, draw."""
    from netrobust.pool import processors
    from netrobust.presets import PRESETS, changed

    if preset not in PRESETS:
        raise InputError(
            f"unknown preset {preset!r}; choose from: {', '.join(PRESETS)}"
        )
    study = PRESETS[preset]
    fields = console.toml_file(config)
    if sparsifiers:
        fields["sparsifiers"] = sparsifiers
    if fields:
        study = changed(study, fields)
    workers = processors() if jobs is None else whole("jobs", jobs, 1)
    if dry_run:
        console.say(study.size(), as_json)
        return
    console.talk(quiet)
    from netrobust.pipeline import reproduce as carry_out

    with console.progress(quiet) as tick:
        run = carry_out(study, out, workers, data_dir, tick)
    summary = run.table("summary").drop(columns=["network", "head"])
    console.show(summary.rename(columns={"network_seed": "seed"}), as_json, "summary")
    if not as_json:
        console.out.print(f"figures: {run.path / 'figures'}", soft_wrap=True)


@app.command()
def figures(
    run: RunPath,
    out: Out,
    only: Annotated[
        list[str] | None, typer.Option(help="Name of a figure; repeat for several.")
    ] = None,
) -> None:
    """Draw the figures of a run: PDF, PNG, and the numbers plotted as CSV."""
    from netrobust.gallery import draw_figures
    from netrobust.runs import open_run

    opened = open_run(run)
    if opened.only:
        raise InputError(
            f"figures show a whole run; give {opened.path}, not one network in it"
        )
    for path in draw_figures(opened, out, only):
        console.out.print(path, soft_wrap=True)
