"""The units of one table of a run: which there are, done here, done, and failed.

::

    tables/parts/KEY.parquet       the rows of a unit that is done
    tables/units/TABLE.json        the keys of all units of a table
    tables/units/TABLE.2-of-4.json the same, written by a shard
    failed/KEY.log                 why a unit failed; its traceback
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from netrobust.core.atomic_files import remove_leftovers, replacing
from netrobust.core.errors import InputError
from netrobust.parallel.shard import Shard
from netrobust.runs.tables import Parts

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
        with replacing(path) as part:
            part.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
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
    for path in sorted((run / "tables" / "units").glob("*.json")):
        name = _LABEL.sub("", path.stem)
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            kind, settings, units = (facts[field] for field in _FIELDS)
            _check_list(kind, settings, units)
        except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
            raise InputError(
                f"{path} is not a list of units ({error!r}); delete it and rerun the "
                "command that made it"
            ) from None
        before = found[name].units if name in found else []
        both = list(dict.fromkeys([*before, *units]))
        found[name] = Listed(kind, settings, both, name != path.stem)
    return found


def _check_list(kind: Any, settings: Any, units: Any) -> None:
    """Refuse what is no list of units; files are called after their keys."""
    if not isinstance(kind, str | None) or not isinstance(settings, dict | None):
        raise TypeError("its kind or its settings are none")
    if not isinstance(units, list) or not all(isinstance(one, str) for one in units):
        raise TypeError("its units are not a list of keys")
    if any(Path(one).name != one or "\0" in one for one in units):
        raise ValueError("a key of it is no name for a file")


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
        path.stem: path.read_text(encoding="utf-8", errors="replace").split("\n")[0]
        for path in sorted((run / "failed").glob("*.log"))
    }
