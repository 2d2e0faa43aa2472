"""Tables on disk: Parquet files that are whole or absent."""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pyarrow import ArrowException

from netrobust.errors import InputError

log = logging.getLogger("netrobust")


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table under a temporary name and rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    table.to_parquet(partial, index=False)
    os.replace(partial, path)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table.

    Raises
    ------
    InputError
        The file is damaged.
    """
    try:
        return pd.read_parquet(path)
    except (ArrowException, OSError, ValueError) as error:
        raise InputError(
            f"{path} is not a readable table ({error}); delete it and make it again"
        ) from None


@dataclass(frozen=True)
class Parts:
    """Finished units, one Parquet file each."""

    folder: Path

    def get(self, key: str) -> pd.DataFrame | None:
        """Give the rows of a unit, or None if it has to be computed."""
        path = self.folder / f"{key}.parquet"
        if not path.is_file():
            return None
        try:
            return read_table(path)
        except InputError as error:
            log.warning("computing a damaged part again: %s", error)
            return None

    def put(self, key: str, rows: pd.DataFrame) -> None:
        """Keep the rows of a unit."""
        write_table(rows, self.folder / f"{key}.parquet")

    def count(self) -> int:
        """Count the units that are done."""
        return len(list(self.folder.glob("*.parquet")))
