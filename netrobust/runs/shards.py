"""The shards of a job in a run folder: which are at work, and which are done.

::

    shards/JOB.2-of-4    locked while the shard works; holds "done" once it has ended
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from netrobust.parallel.shard import Shard
from netrobust.runs.lock import held

#: The job of `reproduce`; others are called after their table.
STUDY = "study"

_NAME = re.compile(r"(.+)\.(\d+)-of-(\d+)")


@contextmanager
def at_work(run: Path, job: str, shard: Shard | None) -> Iterator[None]:
    """Note that a shard works here, and that it is done if nothing is raised.

    Parameters
    ----------
    run : Path
        The run folder.
    job : str
    shard : Shard or None
        Without one there is nothing to note.

    Raises
    ------
    InputError
        Another process does the same shard.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with at_work(Path(folder), "nulls", Shard(1, 3)):
    ...         pass
    ...     states(Path(folder))
    {'nulls': '1 of 3 done; missing 2/3, 3/3'}
    """
    if shard is None:
        yield
        return
    path = run / "shards" / f"{job}.{shard}"
    path.parent.mkdir(exist_ok=True)
    busy = (
        f"shard {shard.text} of {job} in {run} is at work already, in another process; "
        "start another shard, or wait for this one"
    )
    with held(path.parent, lock=path.name, busy=busy):
        yield
        path.write_text("done\n", encoding="utf-8")


def states(run: Path) -> dict[str, str]:
    """Tell of every job in shards how many are done, and which are missing."""
    found: dict[tuple[str, int], set[int]] = defaultdict(set)
    for path in sorted((run / "shards").glob("*")):
        if named := _NAME.fullmatch(path.name):
            job, number, total = named[1], int(named[2]), int(named[3])
            done = path.read_text(encoding="utf-8", errors="replace") == "done\n"
            found[job, total].update({number} if done else {})
    return {job: _state(done, total) for (job, total), done in found.items()}


def _state(done: set[int], total: int) -> str:
    missing = (f"{n}/{total}" for n in range(1, total + 1) if n not in done)
    some = list(islice(missing, 11))
    rest = f"; missing {', '.join(some[:10])}" if some else ""
    rest += ", ..." if len(some) > 10 else ""
    return f"{len(done)} of {total} done{rest}"
