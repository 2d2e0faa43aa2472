"""Tables on disk: Parquet files that are whole or absent.

A digest of the whole file, see `netrobust.core.digests`, lies in its footer: a table
whose bytes were altered is refused. Whose bytes this very process wrote is read here.
All else is read in a child process, many files by one: a digest in the run folder is as
much a stranger's as the table beside it.
"""

import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from netrobust.core import digests
from netrobust.core.atomic_files import replacing
from netrobust.core.errors import InputError
from netrobust.core.isolated_parser import allowance, guarded

log = logging.getLogger("netrobust")

_ENDS = b"PAR1"  # the last bytes of every Parquet file
_WRITTEN: set[bytes] = set()  # digests of the files this process wrote


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table, whole or not at all.

    Raises
    ------
    InputError
        The place cannot be written to.
    """
    rows = pa.Table.from_pandas(table, preserve_index=False)
    with replacing(path) as part:
        with ParquetWriter(part, rows.schema) as file:
            file.write_table(rows)
            file.add_key_value_metadata({digests.WRITTEN_BY: digests.blank()})
        digests.fill(part)
        written = part.read_bytes()
    _WRITTEN.add(_digest(written))


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()


def _ours(path: Path) -> Any:
    """Read a file whose bytes this process wrote; None of any other."""
    try:
        content = path.read_bytes() if _WRITTEN else b""
    except OSError:
        return None
    return _parsed(BytesIO(content)) if _digest(content) in _WRITTEN else None


def read_table(path: Path) -> pd.DataFrame:
    """Read a table, in a child process where it may come from elsewhere.

    Raises
    ------
    InputError
        The file is damaged.
    """
    (found,) = read_tables([path])
    if isinstance(found, InputError):
        raise found
    return found


@dataclass(frozen=True)
class Parts:
    """Finished units, one Parquet file each."""

    folder: Path

    def found(self, keys: Iterable[str]) -> dict[str, pd.DataFrame]:
        """Give the rows of those units that are done, all read by one process."""
        paths = {key: self.folder / f"{key}.parquet" for key in keys}
        here = {key: path for key, path in paths.items() if path.is_file()}
        rows = {}
        for key, found in zip(here, read_tables([*here.values()]), strict=True):
            if isinstance(found, InputError):
                log.warning("computing a damaged part again: %s", found)
            else:
                rows[key] = found
        return rows

    def put(self, key: str, rows: pd.DataFrame) -> None:
        """Keep the rows of a unit."""
        write_table(rows, self.folder / f"{key}.parquet")

    def sound(self, key: str) -> bool:
        """Whether a unit is done and its file unaltered, without parsing it."""
        path = self.folder / f"{key}.parquet"
        try:
            return bool(digests.check(path)) or _ends_well(path)
        except (InputError, OSError):  # altered, or absent
            return False

    def count(self) -> int:
        """Count the units that are done."""
        return len(list(self.folder.glob("*.parquet")))


def _ends_well(path: Path) -> bool:
    """Whether a file without a digest begins and ends as Parquet files do."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) < 3 * len(_ENDS):
            return False
        file.seek(-len(_ENDS), os.SEEK_END)
        return file.read() == _ENDS


_ADVICE = "delete it and make it again"
_TEXT = ("object", "str", "string")  # kinds of columns whose values travel one by one


def read_tables(paths: Sequence[Path]) -> list[pd.DataFrame | InputError]:
    """Read tables that `DataFrame.to_parquet` wrote without an index.

    Parameters
    ----------
    paths : sequence of Path

    Returns
    -------
    list of DataFrame or InputError
        For every file its table with its ``attrs``, or what is wrong with it.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     one, two = Path(folder) / "one", Path(folder) / "two"
    ...     pd.DataFrame({"fraction": [0.5]}).to_parquet(one, index=False)
    ...     two.touch()
    ...     [type(found).__name__ for found in read_tables([one, two])]
    ['DataFrame', 'InputError']
    """
    found: dict[Path, pd.DataFrame | InputError] = {
        path: error for path in paths if (error := _altered(path))
    }
    ours = {path: _ours(path) for path in paths if path not in found}
    found |= {path: _table(one) for path, one in ours.items() if one is not None}
    here = [path for path in paths if path not in found and path.is_file()]
    if here:
        found |= zip(here, _read_elsewhere(here), strict=True)
    return [found[path] if path in found else _missing(path) for path in paths]


def _read_elsewhere(here: Sequence[Path]) -> list[pd.DataFrame | InputError]:
    """Read files in a child process, all in one while none brings it down."""
    limits = [allowance(path) for path in here]
    most = {name: max(one[name] for one in limits) for name in ("seconds", "memory")}
    what = str(here[0]) if len(here) == 1 else f"one of {len(here)} tables"
    try:
        parsed = guarded(parse_tables, here, what=f"the table {what}", **most)
    except InputError as error:
        # One file brought the child down; the others are read without it.
        if len(here) > 1:
            return [found for path in here for found in _read_elsewhere([path])]
        parsed = [f"{error}; {_ADVICE}"]
    return [*map(_table, parsed)]


def parse_tables(paths: Sequence[Path]) -> list[Any]:
    """Read columns, attributes and length of each file: what the child process does.

    What is wrong with a file stands in its place.
    """
    return [_parsed(path) for path in paths]


def _parsed(path: Path | BytesIO) -> Any:
    try:
        table = pd.read_parquet(path)
        if not table.index.equals(pd.RangeIndex(len(table))):
            raise InputError("its rows have an index of their own")
        if not table.columns.is_unique:
            raise InputError("two of its columns have the same name")
        columns = {name: _column(name, column) for name, column in table.items()}
        return columns, table.attrs, len(table)
    except MemoryError:
        raise
    except Exception as error:  # arrow and pandas each refuse in their own ways
        reason = " ".join(str(error).split()) or type(error).__name__
        return f"{path} is not a readable table ({reason[:300]}); {_ADVICE}"


def _column(name: Any, column: "pd.Series[Any]") -> Any:
    if not isinstance(name, str):
        raise InputError(f"the name of its column {name!r} is no text")
    kind = str(column.dtype)
    if column.dtype.kind in "biuf" and kind == column.to_numpy().dtype.name:
        return kind, column.to_numpy()
    values = column.to_list()
    plain = {bool, int, float, str, type(None)}
    if kind not in _TEXT or not {type(value) for value in values} <= plain:
        raise InputError(f"its column {name!r} of {kind} is neither numbers nor text")
    return kind, values


def _table(parsed: Any) -> pd.DataFrame | InputError:
    """Put together what the child gave."""
    if isinstance(parsed, str):
        return InputError(parsed)
    columns, attrs, length = parsed
    series = {
        name: pd.Series(values, dtype=kind, index=range(length))
        for name, (kind, values) in columns.items()
    }
    table = pd.DataFrame(series, index=range(length))
    table.attrs = attrs
    return table


def _altered(path: Path) -> InputError | None:
    """Say what is wrong with the bytes of a file; nothing if it is missing."""
    try:
        if path.is_file():
            digests.check(path)
    except InputError as error:
        return InputError(f"{path} is not a readable table ({error}); {_ADVICE}")
    return None


def _missing(path: Path) -> InputError:
    return InputError(f"{path} is not a readable table (it is missing); {_ADVICE}")
