"""Verbs that inform: what there is, how far a run is, what a bug report holds."""

from netrobust.cli import console
from netrobust.cli.options import AsJson, RunPath, app


@app.command(name="list")
def list_members(as_json: AsJson = False) -> None:
    """List data sets, sparsifiers, topologies, damage, nulls, measures and attacks."""
    from netrobust.data.load import DATASETS
    from netrobust.graphs.measure import MEASURES
    from netrobust.graphs.null import NULL_MODELS
    from netrobust.graphs.perturb import PERTURBATIONS
    from netrobust.neural.input_attacks import INPUT_ATTACKS
    from netrobust.neural.sparsify import SPARSIFIERS
    from netrobust.neural.topology import TOPOLOGIES

    everything = (
        DATASETS, SPARSIFIERS, TOPOLOGIES, PERTURBATIONS, NULL_MODELS, MEASURES,
        INPUT_ATTACKS,
    )  # fmt: skip
    families = {family.kind: family.summaries() for family in everything}
    plurals = {family.kind: family.plural for family in everything}
    if as_json:
        console.say(families, as_json)
        return
    width = 2 + max(len(name) for members in families.values() for name in members)
    for kind, members in families.items():
        console.out.print(plurals[kind], style="bold")
        for name, line in members.items():
            row = f"  {name:<{width}}{line}"
            console.out.print(row, highlight=False, markup=False, soft_wrap=True)


@app.command()
def status(run: RunPath, as_json: AsJson = False) -> None:
    """Tell what of a run is done, what is missing, and what failed and why."""
    from netrobust.runs.folder import open_run
    from netrobust.studies.status import status as facts

    console.say(facts(open_run(run)), as_json)


@app.command()
def info(as_json: AsJson = False) -> None:
    """Tell versions, threads, devices, caches and which data sets are here."""
    from netrobust.runs.environment import info as facts

    console.say(facts(), as_json)
