"""What verbs share that make a table of the networks of a run."""

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from netrobust.cli import console
from netrobust.core.errors import InputError
from netrobust.core.own_functions import flags, short

if TYPE_CHECKING:  # a verb imports what it needs when it runs
    import pandas as pd

    from netrobust.cli.options import How
    from netrobust.data.dataset import Dataset
    from netrobust.neural.network import Network
    from netrobust.parallel.shard import Shard
    from netrobust.runs.folder import Run


def networks_of(run: "Run") -> list["Network"]:
    """Read the finished networks of a run that are small enough to be taken apart.

    Raises
    ------
    InputError
        There is none.
    """
    from netrobust.experiments.measure import damageable

    networks = damageable(run.networks())
    if not networks:
        raise InputError(f"{run.path} has no finished network; train one first")
    return networks


def show_table(
    path: Path,
    name: str | None,
    kind: str,
    settings: dict[str, Any],
    how: "How",
    by: Sequence[str],
    values: Sequence[str],
) -> None:
    """Make a table, see `make_table`, and show the means of some columns by others."""
    table = make_table(path, name, kind, settings, how)
    if table is not None:
        means = table.groupby([*by])[[*map(short, values)]].mean().reset_index()
        console.show(means, how.as_json)


def make_table(
    path: Path, name: str | None, kind: str, settings: dict[str, Any], how: "How"
) -> "pd.DataFrame | None":
    """Work on the networks of a run, data set by data set, into one table.

    Parameters
    ----------
    path : Path
        Of the run, or of a network in it.
    name : str or None
        Of the table; `kind`, or that with a hash, if not given.
    kind : str
        Says what the work is, see `work_of`.
    settings : dict
        Keywords of the work that its rows depend on; they stand in the table.
    how : How

    Returns
    -------
    DataFrame or None
        None after a dry run, and of a shard.

    Raises
    ------
    InputError
        The run, its data or a setting is refused; nothing is written then.
    UnfinishedError
        Units failed; all others are kept.
    """
    from netrobust.runs.folder import open_run
    from netrobust.runs.shards import at_work
    from netrobust.studies.status import tables_of

    shard = how.share()
    console.talk(how.quiet)
    run = open_run(path)
    networks = networks_of(run)
    about = {"networks": [network.name for network in networks], **settings}
    reserved = tables_of(run)
    name = name or run.free_table_name(kind, about, reserved)
    run.check_table(name, about, reserved)
    groups = how.grouped(networks)
    for group, data in groups:  # all are checked before one is worked on
        work_of(kind).plan(group, data, jobs=how.jobs, **settings)
    if how.dry_run:
        facts = {"table": name, **about}
        console.say({**facts, **_foreseen(run, name, kind, settings, groups, how)},
                    how.as_json)  # fmt: skip
        return None
    parts = run.parts(name, kind=kind, settings=about, shard=shard)
    with (
        how.executor() as executor,
        run.held(shared=shard is not None),
        at_work(run.path, name, shard),
    ):
        with console.progress(how.quiet) as tick:
            table = gathered(
                kind, groups, {**settings, "jobs": how.jobs, "executor": executor},
                parts, tick, shard,
            )  # fmt: skip
        if table is None:
            merge = f"netrobust{flags()} merge {path}"
            facts = {"shard": how.shard, "table": name, "next": merge}
            console.say(facts, how.as_json)
            return None
        saved = run.save_table(name, table, about)
    if not how.quiet:
        console.err.print(f"table: {saved}", soft_wrap=True)
    return table


class Work(NamedTuple):
    """What makes tables of a kind, and what refuses all that it would."""

    do: Any
    plan: Any


def work_of(kind: str) -> Work:
    """Give what makes tables of a kind."""
    from netrobust.experiments.attack import Attacks, attack
    from netrobust.experiments.compare import compare
    from netrobust.experiments.percolate import Percolation, percolate
    from netrobust.experiments.recover import Recovery, recover

    works = {
        "percolation": Work(percolate, Percolation.planned),
        "nulls": Work(compare, Percolation.undamaged),
        "attacks": Work(attack, Attacks.planned),
        "recovery": Work(recover, Recovery.planned),
    }
    return works[kind]


def gathered(
    kind: str,
    groups: "list[tuple[list[Network], Dataset]]",
    options: dict[str, Any],
    parts: Any,
    tick: Any,
    shard: "Shard | None" = None,
) -> "pd.DataFrame | None":
    """Do the work on all groups, however many units fail in one; None of a shard.

    Raises
    ------
    UnfinishedError
        Units failed, or are missing where no shard was asked for.
    """
    import pandas as pd

    from netrobust.parallel.partial_failure import Failures

    work, failures, tables = work_of(kind).do, Failures(), []
    for group, data in groups:
        stage = partial(tick, f"{work.__name__}: {data.name}")
        with failures.collected():
            tables.append(work(group, data, **options, parts=parts, tick=stage))
    if shard is not None and not any(error.failed for error in failures.errors):
        return None
    failures.check()
    return pd.concat(tables, ignore_index=True)


def _foreseen(
    run: "Run",
    name: str,
    kind: str,
    settings: dict[str, Any],
    groups: "list[tuple[list[Network], Dataset]]",
    how: "How",
) -> dict[str, Any]:
    """Count units, and estimate their time from a little that is timed."""
    from netrobust.core.errors import UnfinishedError
    from netrobust.studies.estimate import duration_text, work_seconds

    counts: list[tuple[int, int]] = []

    def tick(stage: str, done: int, total: int) -> None:
        counts.append((done, total))

    parts = run.parts(name, kind=kind, look=True)
    with suppress(UnfinishedError):  # what is missing is what is counted
        gathered(kind, groups, {**settings, "jobs": 1}, parts, tick)
    done, total = (sum(one) for one in zip(*counts, strict=True))
    seconds = sum(
        len(alike) * work_seconds(work_of(kind).do, alike[0], data, settings)
        for group, data in groups
        for dense in (False, True)
        if (alike := [one for one in group if one.config.method.dense == dense])
    )
    left = seconds * (total - done) / total
    share = how.share()
    own = sum(len(share.of(range(units))) for _, units in counts) if share else total
    left *= own / total
    return {
        "units": total,
        "units done": done,
        **({"units of this shard": own} if share else {}),
        "estimated time": duration_text(left / how.jobs, how.jobs),
        "estimated seconds": round(left / how.jobs),
        "estimated from": "one replicate of one network of each kind, timed here",
    }
