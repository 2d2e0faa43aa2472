"""The verb that tells what a bug report should hold."""

from netrobust.cli import console
from netrobust.cli.options import AsJson, app


@app.command()
def info(as_json: AsJson = False) -> None:
    """Tell versions, threads, devices, caches and which data sets are here."""
    from netrobust.environment import info as facts

    console.say(facts(), as_json)
