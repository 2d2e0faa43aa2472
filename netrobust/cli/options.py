"""The command, and the options that several of its verbs share."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Network science of sparse neural networks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

RunPath = Annotated[Path, typer.Argument(help="A run folder, or a network in one.")]
Out = Annotated[Path, typer.Option(help="Folder to write to.", file_okay=False)]
DataDir = Annotated[
    Path | None, typer.Option(help="Folder with the data files, looked at first.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DryRun = Annotated[bool, typer.Option(help="Say what would be done; do nothing.")]
Seed = Annotated[int, typer.Option(help="Seed of the random draws.")]
Jobs = Annotated[
    int, typer.Option("--jobs", "-j", help="Processes; results do not depend on it.")
]
Scheduler = Annotated[
    str | None,
    typer.Option(help="Dask: tcp://host:port, or local for --jobs workers here."),
]
Share = Annotated[
    str | None, typer.Option("--shard", help="Do one share of the units, such as 2/4.")
]
Images = Annotated[int | None, typer.Option(help="Score the first so many images.")]
Measures = Annotated[
    list[str] | None, typer.Option("--measure", help="Repeat for several.")
]
Nulls = Annotated[
    list[str] | None, typer.Option("--null-model", help="Repeat for several.")
]
Replicates = Annotated[int, typer.Option(help="Random draws of each kind.")]
TableName = Annotated[
    str | None, typer.Option("--name", help="Name of the table written.")
]
Config = Annotated[Path | None, typer.Option(help="Settings in a TOML file.")]
Retrain = Annotated[
    bool, typer.Option("--retrain", help="Train every topology anew first.")
]
Details = Annotated[
    bool, typer.Option("--details", help="Add confidence, calibration, classes.")
]
