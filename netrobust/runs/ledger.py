"""The units of one table of a run: which there are, done here, done, and failed.

::

    tables/parts/KEY.parquet       the rows of a unit that is done
    tables/units/TABLE.json        the keys of all units of a table
    tables/units/TABLE.2-of-4.json the same, written by a shard
    failed/KEY.log                 why a unit failed; its traceback
"""

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from netrobust.core import digests
from netrobust.core.atomic_files import remove_leftovers, replacing
from netrobust.core.errors import InputError
from netrobust.core.settings import file_name
from netrobust.parallel.shard import Shard
from netrobust.runs.json_files import read_json, write_json
from netrobust.runs.manifest import printable
from netrobust.runs.tables import Parts

log = logging.getLogger("netrobust")

#: Verbs whose tables are made of units, apart from those of the main job.
KINDS = ("percolation", "nulls", "attacks", "recovery")

_LABEL = re.compile(r"\.\d+-of-\d+$")

#: Fields of the file that lists the units of a table.
_FIELDS = ("kind", "settings", "units")


@dataclass(frozen=True)
class Ledger(Parts):
    """The units of one table, with what failed.

    Attributes
    ----------
    folder : Path
        Of the finished parts.
    run : Path
        The run folder.
    table : str
    kind : str or None
        Verb whose work the table is; None for those of the main job.
    settings : dict or None
        Of the table.
    shard : Shard or None
        Whose units are done here; None for all.
    look : bool
        Do none, only see which there are.
    label : Shard or None
        In whose name the units are listed, if not that of `shard`.
    """

    run: Path
    table: str
    kind: str | None = None
    settings: dict[str, Any] | None = None
    shard: Shard | None = None
    look: bool = False
    label: Shard | None = None
    units: list[str] = field(default_factory=list, init=False)

    @property
    def logs(self) -> Path:
        """Where tracebacks lie."""
        return self.run / "failed"

    def begin(self, keys: Iterable[str]) -> set[str]:
        """List more units of the table; give those that this call does."""
        if self.look:
            return set()
        keys, before = list(keys), set(self.units)
        self.units.extend(key for key in keys if key not in before)
        label = self.shard or self.label
        name = f"{self.table}.{label}" if label else self.table
        facts = dict(zip(_FIELDS, (self.kind, self.settings, self.units), strict=True))
        path = self.run / "tables" / "units" / f"{name}.json"
        write_json(path, facts)
        if label is None:  # else the others' files may be in the making
            self._tidy(keys)
        return set(self.shard.of(keys) if self.shard else keys)

    def put(self, key: str, rows: pd.DataFrame) -> None:
        """Keep the rows of a unit, and forget that it failed before."""
        super().put(key, rows)
        forget(self.run, key)

    def fail(self, key: str, reason: str, traceback: str) -> None:
        """Write down why a unit has no rows."""
        note_failure(self.run, key, reason, traceback)

    def _tidy(self, keys: list[str]) -> None:
        """Remove what a killed process left half-written of these units."""
        wanted = {f"{key}.parquet" for key in keys}
        for file in self.folder.glob(".*.part"):
            name = file.name[1:].rsplit(".", 2)[0]
            if name in wanted:
                remove_leftovers(self.folder / name)


class Listed(NamedTuple):
    """The recorded units of a table."""

    kind: str | None
    settings: dict[str, Any] | None
    units: list[str]
    sharded: bool


def listed(run: Path) -> dict[str, Listed]:
    """Read which tables of a run have units, and which; those of shards together.

    Raises
    ------
    InputError
        A list is damaged.
    """
    found: dict[str, Listed] = {}
    for path in _lists(run):
        _add(found, path)
    return found


def begun(run: Path, table: str) -> Listed | None:
    """Read the units of one table as far as lists are readable; others are made again.

    None if no list of the table can be read.
    """
    found: dict[str, Listed] = {}
    for path in _lists(run):
        if _table_of(path) == table:
            try:
                _add(found, path)
            except InputError as error:
                log.warning("a damaged list of units will be made again: %s", error)
    return found.get(table)


def _lists(run: Path) -> list[Path]:
    return sorted((run / "tables" / "units").glob("[!.]*.json"))


def _table_of(path: Path) -> str:
    return _LABEL.sub("", path.stem)


def _add(found: dict[str, Listed], path: Path) -> None:
    """Read a list, and join it with those of other shards."""
    writer, name = "", _table_of(path)
    try:
        facts, writer = read_json(path)
        if lacking := [field for field in _FIELDS if field not in facts]:
            raise InputError(f"it has no {lacking[0]}")
        kind, settings, units = (facts[field] for field in _FIELDS)
        _check_list(kind, settings, units)
    except InputError as error:
        raise InputError(
            f"{path} is not a list of units ({error}{digests.other_writer(writer)}); "
            "delete it and rerun the command that made it"
        ) from None
    before = found[name].units if name in found else []
    both = list(dict.fromkeys([*before, *units]))
    found[name] = Listed(kind, settings, both, name != path.stem)


def _check_list(kind: Any, settings: Any, units: Any) -> None:
    """Refuse what is no list of units; files are called after their keys."""
    if kind is not None and kind not in KINDS:
        raise InputError(f"its kind must be null or one of {', '.join(KINDS)}")
    if not isinstance(settings, dict | None):
        raise InputError("its settings must stand by name, or be null")
    if kind is not None and not _texts((settings or {}).get("networks")):
        raise InputError("its settings must name networks")
    if not _texts(units):
        raise InputError("its units must be a list of keys")
    for unit in units:
        file_name("a key of it", unit)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def note_failure(run: Path, name: str, reason: str, traceback: str) -> None:
    """Write down in a run why a unit, or the training of a network, failed."""
    with replacing(run / "failed" / f"{name}.log") as part:
        part.write_text(f"{reason}\n\n{traceback}", encoding="utf-8")


def forget(run: Path, name: str) -> None:
    """Forget that a unit failed: it is done now."""
    (run / "failed" / f"{name}.log").unlink(missing_ok=True)


def failures(run: Path) -> dict[str, str]:
    """Give the reason of all that failed in a run and was not done since, by name."""
    return {
        path.stem: printable(path.read_text("utf-8", errors="replace").split("\n")[0])
        for path in sorted((run / "failed").glob("*.log"))
    }
