"""Verbs that make something: data, networks, whole studies, figures."""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netrobust.cli import console
from netrobust.cli.figure_options import Font, Palette, Style, colors
from netrobust.cli.make_table import gathered, networks_of
from netrobust.cli.options import (
    AsJson,
    Config,
    DataDir,
    How,
    Jobs,
    Out,
    OwnData,
    PrintConfig,
    Quiet,
    RunPath,
    app,
    bundled,
)
from netrobust.cli.words import AS_WHOLE
from netrobust.core.errors import InputError, meant
from netrobust.core.own_functions import flags, told_by_a_file
from netrobust.core.settings import MOST_JOBS, MOST_SEED, toml_file, whole

if TYPE_CHECKING:  # a verb imports what it needs when it runs
    from netrobust.runs.folder import Run
    from netrobust.studies.study import Study


@app.command()
def data(
    name: Annotated[str, typer.Argument(help="mnist, fashion-mnist or mnist-5k.")],
    data_dir: DataDir = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Fetch a data set and verify every file."""
    from netrobust.data.load import fetch, load

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
    seed: Annotated[int, typer.Option(help="Seed of the network.", **AS_WHOLE)] = 0,
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the data.", **AS_WHOLE)
    ] = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--option", help="NAME=VALUE of the sparsifier; repeatable."),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="FIELD=VALUE of TrainConfig; repeatable."),
    ] = None,
    config: Config = None,
    print_config: PrintConfig = False,
    data_dir: DataDir = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Train one network into a run folder; resume if interrupted."""
    from netrobust.neural.config import TrainConfig, network_name

    fields = console.pairs(changes, "--set", console.toml_file(config))
    named = {"sparsifier": sparsifier, "epochs": epochs}
    fields |= {key: value for key, value in named.items() if value is not None}
    if options:
        given = fields.get("options")
        known = given if isinstance(given, dict) else None
        fields["options"] = console.pairs(options, "--option", known)
    settings = TrainConfig(**fields)
    if print_config:
        typer.echo(toml_file(settings.record))
        return
    whole("seed", seed, 0, MOST_SEED)
    from netrobust.data.load import load

    console.talk(quiet)
    images = load(dataset, data_dir)
    from netrobust.neural.train import begin
    from netrobust.neural.train import train as train_network
    from netrobust.runs.folder import create_run

    begin(images, settings, seed)  # refuses what cannot be made before a file is

    about = {"train": asdict(settings), "dataset": dataset, "seed": seed}
    run = create_run(out, about, {dataset: images.sha256})
    path = run.network_path(network_name(images.name, settings, seed))
    bar = not (quiet or as_json)
    with run.held():
        network = train_network(images, settings, seed, path=path, progress=bar)
    accuracy = float(network.history.test_accuracy.iloc[-1])
    facts = {
        "network": network.name,
        "test accuracy": accuracy if as_json else f"{100 * accuracy:.2f}%",
        "links": [layer.weight.numel() for layer in network.model.hidden_layers],
        "file": path,
    }
    console.say(facts, as_json)


@app.command()
@bundled(jobs=None)
def reproduce(
    out: Out,
    preset: Annotated[
        str, typer.Option(help="quick, paper, accuracy, robustness or methods.")
    ] = "quick",
    sparsifiers: Annotated[
        list[str] | None,
        typer.Option(
            "--sparsifier", help="Method, such as 'cht@erdos_renyi'; repeatable."
        ),
    ] = None,
    grid: Annotated[
        list[str] | None,
        typer.Option(
            help="Values of a field of TrainConfig, such as sparsity=0.9,0.95; "
            "repeatable, every method is trained with every combination."
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="FIELD=VALUE of the study, such as training.epochs=25; repeatable.",
        ),
    ] = None,
    config: Config = None,
    print_config: PrintConfig = False,
    *,
    how: How,
) -> None:
    """Do the main job, on all processors if no jobs are given.

    Train, export, damage, score, tabulate, draw.
    """
    from netrobust.parallel.gather import processors

    fields = console.toml_file(config)
    study = _study(preset, fields, changes, sparsifiers, grid, how.datasets)
    if print_config:
        typer.echo(f"# netrobust reproduce --preset {preset} --config THIS_FILE")
        typer.echo(toml_file(asdict(study)))
        return
    if how.jobs is None:
        how = replace(how, jobs=processors())
    share, as_json = how.share(), how.as_json
    if how.dry_run:
        console.say(_dry_run(study, how), as_json)
        return
    console.talk(how.quiet)
    from netrobust.studies.reproduce import reproduce as carry_out

    with how.executor() as executor, console.progress(how.quiet) as tick:
        run = carry_out(
            study, out, how.jobs, how.data_dir, tick, executor=executor, shard=share
        )
    if share is not None:
        console.say(
            {"shard": share.text, "next": f"netrobust{flags()} merge {run.path}"},
            as_json,
        )
        return
    _show_summary(run, as_json)


def _study(
    preset: str,
    fields: dict[str, Any],
    changes: list[str] | None,
    sparsifiers: list[str] | None,
    grid: list[str] | None,
    datasets: list[str] | None,
) -> "Study":
    """Give a preset with the fields of a file, and before them those of options."""
    from netrobust.studies.presets import PRESETS, changed

    if preset not in PRESETS:
        raise InputError(
            f"unknown preset {preset!r}; choose from: {', '.join(PRESETS)}"
            f"{meant(preset, PRESETS)}"
        )
    study = PRESETS[preset]
    fields = console.pairs(changes, "--set", fields, asdict(study))
    if sparsifiers:
        fields["sparsifiers"] = sparsifiers
    if grid:
        lists = [
            f"{name}{at}[{values}]"
            for name, at, values in (one.partition("=") for one in grid)
        ]
        fields["grid"] = console.pairs(lists, "--grid")
    if datasets:
        fields["datasets"] = datasets
    return changed(study, fields) if fields else study


def _dry_run(study: "Study", how: How) -> dict[str, Any]:
    """Count what a study would do, and estimate how long it takes."""
    from netrobust.runs.environment import to_fetch
    from netrobust.studies.estimate import duration_text, study_seconds, study_units

    share, jobs = how.share(), how.jobs or 1
    seconds = study_seconds(study, share).with_jobs(jobs)
    return {
        **study.size(),
        "units": study_units(study),
        **({"units of this shard": study_units(study, share)} if share else {}),
        "data to fetch": ", ".join(to_fetch(study.datasets, how.data_dir)) or "none",
        "estimated time": duration_text(seconds, jobs),
        "estimated seconds": round(seconds),
        "estimated from": "a small unit of each kind, timed here; figures are left out",
    }


@app.command()
def merge(
    run: RunPath,
    jobs: Jobs = 1,
    data_dir: DataDir = None,
    datasets: OwnData = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Make the tables of a run whose shards have done all units."""
    from netrobust.core.errors import UnfinishedError
    from netrobust.runs.folder import open_run
    from netrobust.runs.ledger import listed
    from netrobust.studies.reproduce import check_nothing_missing
    from netrobust.studies.reproduce import merge as carry_out
    from netrobust.studies.status import study_of

    whole("jobs", jobs, 1, MOST_JOBS)
    opened = open_run(run)
    shared = {
        name: record
        for name, record in listed(opened.path).items()
        if record.kind and record.sharded
    }
    study = study_of(opened)
    if opened.only or not (study or shared):
        raise InputError(f"{run} has no units of shards; make some with --shard")
    console.talk(quiet)
    tables = {}
    for name, record in shared.items():
        settings = dict(record.settings or {})
        names = settings.pop("networks")
        networks = [one for one in networks_of(opened) if one.name in names]
        parts = opened.parts(name, look=True)
        groups = How(data_dir=data_dir, datasets=datasets).grouped(networks)
        try:
            with told_by_a_file():
                tables[name] = gathered(
                    str(record.kind), groups, settings, parts,
                    lambda stage, done, total: None,
                )  # fmt: skip
        except UnfinishedError as error:
            check_nothing_missing(opened, error.left)
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            # No unit is done here: what fails are settings that a file names.
            raise InputError(
                f"the units of {name} in {opened.path} were listed with settings that "
                f"{record.kind} does not take ({error}); delete that list and rerun "
                "the command that made it"
            ) from None
    if study:
        with console.progress(quiet) as tick:
            carry_out(opened, jobs, data_dir, tick)
    with opened.held():
        paths = [
            opened.save_table(name, table, shared[name].settings)
            for name, table in tables.items()
            if table is not None
        ]
    if study:
        _show_summary(opened, as_json)
    else:
        console.say({"tables": ", ".join(map(str, paths))}, as_json)


def _show_summary(run: "Run", as_json: bool) -> None:
    summary = run.table("summary").drop(columns=["network", "head"])
    console.show(summary.rename(columns={"network_seed": "seed"}), as_json, "summary")
    from netrobust.studies.report import REPORT

    if not as_json:
        console.out.print(f"figures: {run.path / 'figures'}", soft_wrap=True)
        console.out.print(f"report: {run.path / REPORT}", soft_wrap=True)


@app.command()
def figures(
    run: RunPath,
    out: Out,
    only: Annotated[
        list[str] | None, typer.Option(help="Name of a figure; repeat for several.")
    ] = None,
    style: Style = "paper",
    palette: Palette = None,
    font: Font = None,
) -> None:
    """Draw the figures of a run: PDF, PNG, and the numbers plotted as CSV."""
    from netrobust.runs.folder import open_run
    from netrobust.studies.gallery import draw_figures

    opened = open_run(run)
    if opened.only:
        raise InputError(
            f"figures show a whole run; give {opened.path}, not one network in it"
        )
    for path in draw_figures(opened, out, only, style, colors(palette), font):
        console.out.print(path, soft_wrap=True)
