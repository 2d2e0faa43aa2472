"""The verb that writes one page about runs."""

from pathlib import Path
from typing import Annotated

import typer

from netrobust.cli import console
from netrobust.cli.options import app


@app.command()
def report(
    runs: Annotated[
        list[Path], typer.Argument(help="Run folders.", show_default=False)
    ],
    out: Annotated[
        Path | None, typer.Option(help="Instead of report.html in the first run.")
    ] = None,
) -> None:
    """Write one HTML page about a run, or comparing several."""
    from netrobust.runs.folder import open_run
    from netrobust.studies.report import report as write_report

    path = write_report([open_run(run) for run in runs], out)
    console.out.print(path, soft_wrap=True)
