"""What verbs share that make a table of the networks of a run."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netrobust.cli import console
from netrobust.core.errors import InputError

if TYPE_CHECKING:  # a verb imports what it needs when it runs
    from concurrent.futures import Executor

    import pandas as pd

    from netrobust.data.dataset import Dataset
    from netrobust.neural.network import Network
    from netrobust.parallel.shard import Shard
    from netrobust.runs.folder import Run


@dataclass(frozen=True)
class How:
    """Where a verb works and what it shows: options that change no row.

    Attributes
    ----------
    jobs, scheduler, shard, data_dir, dry_run, quiet, as_json
        Options of the verb.
    """

    jobs: int
    scheduler: str | None
    shard: str | None
    data_dir: Path | None
    dry_run: bool
    quiet: bool
    as_json: bool

    def share(self) -> "Shard | None":
        """Read the shard, and refuse a malformed scheduler too: all at the door."""
        from netrobust.core.settings import whole
        from netrobust.parallel.dask_cluster import check_scheduler
        from netrobust.parallel.shard import Shard

        whole("jobs", self.jobs, 1)
        if self.scheduler is not None:
            check_scheduler(self.scheduler)
        return None if self.shard is None else Shard.parse(self.shard)

    @contextmanager
    def executor(self) -> "Iterator[Executor | None]":
        """Give the executor of the scheduler; None for processes of our own."""
        from netrobust.parallel.dask_cluster import scheduler

        if self.scheduler is None:
            yield None
            return
        with scheduler(self.scheduler, self.jobs) as found:
            yield found


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


def make_table(
    path: Path,
    name: str | None,
    kind: str,
    settings: dict[str, Any],
    check: Callable[..., object],
    how: How,
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
    check : callable
        ``check(networks, data, jobs=..., **settings)`` refuses what the work would.
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

    shard = how.share()
    console.talk(how.quiet)
    run = open_run(path)
    networks = networks_of(run)
    about = {"networks": [network.name for network in networks], **settings}
    name = name or run.free_table_name(kind, about)
    run.check_table(name, about)
    groups = grouped(networks, how.data_dir)
    for group, data in groups:  # all are checked before one is worked on
        check(group, data, jobs=how.jobs, **settings)
    if how.dry_run:
        facts = {"table": name, **about}
        console.say({**facts, **_foreseen(run, name, kind, settings, groups, how)},
                    how.as_json)  # fmt: skip
        return None
    parts = run.parts(name, kind=kind, settings=about, shard=shard)
    with how.executor() as executor, run.held(shared=shard is not None):
        with console.progress(how.quiet) as tick:
            table = gathered(
                kind, groups, {**settings, "jobs": how.jobs, "executor": executor},
                parts, tick, shard,
            )  # fmt: skip
        if table is None:
            facts = {"shard": shard, "table": name, "next": f"netrobust merge {path}"}
            console.say(facts, how.as_json)
            return None
        saved = run.save_table(name, table, about)
    if not how.quiet:
        console.err.print(f"table: {saved}", soft_wrap=True)
    return table


def work_of(kind: str) -> Any:
    """Give what makes tables of a kind."""
    from netrobust.experiments.attack import attack
    from netrobust.experiments.percolate import compare, percolate
    from netrobust.experiments.recover import recover

    works: dict[str, Any] = {
        "percolation": percolate,
        "nulls": compare,
        "attacks": attack,
        "recovery": recover,
    }
    return works[kind]


def grouped(
    networks: "Sequence[Network]", data_dir: Path | None
) -> "list[tuple[list[Network], Dataset]]":
    """Give networks together with the data set they learnt."""
    from netrobust.data.load import load

    names = sorted({network.dataset for network in networks})
    return [
        ([one for one in networks if one.dataset == name], load(name, data_dir))
        for name in names
    ]


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

    from netrobust.parallel.partial_failure import Going

    work, going, tables = work_of(kind), Going(), []
    for group, data in groups:
        stage = partial(tick, f"{work.__name__}: {data.name}")
        with going.on():
            tables.append(work(group, data, **options, parts=parts, tick=stage))
    if shard is not None and not any(error.failed for error in going.errors):
        return None
    going.check()
    return pd.concat(tables, ignore_index=True)


def _foreseen(
    run: "Run",
    name: str,
    kind: str,
    settings: dict[str, Any],
    groups: "list[tuple[list[Network], Dataset]]",
    how: How,
) -> dict[str, Any]:
    """Count units, and estimate their time from a little that is timed."""
    from netrobust.core.errors import UnfinishedError
    from netrobust.studies.estimate import table_seconds, told

    counts: list[tuple[int, int]] = []

    def tick(stage: str, done: int, total: int) -> None:
        counts.append((done, total))

    parts = run.parts(name, kind=kind, look=True)
    with suppress(UnfinishedError):  # what is missing is what is counted
        gathered(kind, groups, {**settings, "jobs": 1}, parts, tick)
    done, total = (sum(one) for one in zip(*counts, strict=True))
    work = work_of(kind)
    seconds = sum(table_seconds(work, *group, settings) for group in groups)
    left = seconds * (total - done) / total
    return {
        "units": total,
        "units done": done,
        "estimated time": told(left, how.jobs),
        "estimated from": "one network at few settings, timed here; training anew is "
        "left out",
    }
