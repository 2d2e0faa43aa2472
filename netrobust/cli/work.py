"""What verbs share that make a table of the networks of a run."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netrobust.cli import console
from netrobust.errors import InputError

if TYPE_CHECKING:  # a verb imports what it needs when it runs
    import pandas as pd

    from netrobust.neural.network import Network
    from netrobust.runs import Run


def networks_of(run: "Run") -> list["Network"]:
    """Read the finished networks of a run that are small enough to be taken apart.

    Raises
    ------
    InputError
        There is none.
    """
    from netrobust.tabulate import damageable

    networks = damageable(run.networks())
    if not networks:
        raise InputError(f"{run.path} has no finished network; train one first")
    return networks


def make_table(
    path: Path,
    name: str | None,
    kind: str,
    settings: dict[str, Any],
    check: Callable[..., object],
    work: "Callable[..., pd.DataFrame]",
    data_dir: Path | None,
    jobs: int,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
) -> "pd.DataFrame | None":
    """Work on the networks of a run, data set by data set, into one table.

    Parameters
    ----------
    path : Path
        Of the run, or of a network in it.
    name : str or None
        Of the table; `kind`, or that with a hash, if not given.
    kind : str
    settings : dict
        Keywords of `work` that its rows depend on; they stand in the table.
    check : callable
        ``check(networks, data, jobs=..., **settings)`` refuses what `work` would.
    work : callable
        ``work(networks, data, jobs=..., parts=..., tick=..., **settings)``.
    data_dir, jobs, dry_run, quiet, as_json
        Options of the verb.

    Returns
    -------
    DataFrame or None
        None after a dry run.

    Raises
    ------
    InputError
        The run, its data or a setting is refused; nothing is written then.
    """
    import pandas as pd

    from netrobust.neural.data import load
    from netrobust.runs import open_run

    console.talk(quiet)
    run = open_run(path)
    networks = networks_of(run)
    about = {"networks": [network.name for network in networks], **settings}
    name = name or run.free_table_name(kind, about)
    run.check_table(name, about)
    groups: dict[str, Sequence[Network]] = {
        dataset: [network for network in networks if network.dataset == dataset]
        for dataset in sorted({network.dataset for network in networks})
    }
    data = {dataset: load(dataset, data_dir) for dataset in groups}
    for dataset, group in groups.items():  # all are checked before one is worked on
        check(group, data[dataset], jobs=jobs, **settings)
    if dry_run:
        console.say({"table": name, **about}, as_json)
        return None
    tables = []
    with console.progress(quiet) as tick:
        for dataset, group in groups.items():
            options = {**settings, "jobs": jobs, "parts": run.parts()}
            options["tick"] = partial(tick, f"{work.__name__}: {dataset}")
            tables.append(work(group, data[dataset], **options))
    table = pd.concat(tables, ignore_index=True)
    saved = run.save_table(name, table, about)
    if not quiet:
        console.err.print(f"table: {saved}", soft_wrap=True)
    return table
