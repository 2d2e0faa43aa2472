"""Tables on disk: Parquet files that are whole or absent."""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from pyarrow import ArrowException

from netrobust.atomic import replacing
from netrobust.errors import InputError

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
