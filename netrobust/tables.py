"""Tables on disk: Parquet files that are whole or absent."""

import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from netrobust.atomic import replacing
from netrobust.errors import InputError
from netrobust.parquet import read_tables

log = logging.getLogger("netrobust")

_ENDS = b"PAR1"  # the last bytes of every Parquet file


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table, whole or not at all.

    Raises
    ------
    InputError
        The place cannot be written to.
    """
    with replacing(path) as part:
        table.to_parquet(part, index=False)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table, in a child process: it may come from elsewhere.

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
        """Whether a unit is done and its file ends as it should, without reading it."""
        try:
            with (self.folder / f"{key}.parquet").open("rb") as file:
                if file.seek(0, os.SEEK_END) < 3 * len(_ENDS):
                    return False
                file.seek(-len(_ENDS), os.SEEK_END)
                return file.read() == _ENDS
        except OSError:  # it is absent
            return False

    def count(self) -> int:
        """Count the units that are done."""
        return len(list(self.folder.glob("*.parquet")))
