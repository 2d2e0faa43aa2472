"""The table contract: what the columns mean, and what is refused.

One row per scored network. `KEYS` stand on the left and say which network was scored
under what damage; measures (``accuracy``, ``loss``, ``giant_component``, ...) stand on
the right.
"""

from collections.abc import Sequence

import pandas as pd
from pandas.api.types import is_numeric_dtype

from netrobust.core.errors import InputError

NETWORK = ("network", "dataset", "sparsifier", "width", "sparsity", "network_seed")
_DAMAGE = ("null_model", "retrained", "perturbation", "scope", "fraction")
_REPETITION = ("replicate", "draw_seed")
KEYS = NETWORK + _DAMAGE + _REPETITION

# Rows that differ in one of these answer different questions; the last ones come from
# the tables along training and of layers.
SETTINGS = (
    *NETWORK[1:-1], *_DAMAGE, "attack", "eps", "mode", "images", "epoch", "layer",
    "side", "degree",
)  # fmt: skip


def require_columns(table: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise InputError if the table is empty or lacks a column.

    Examples
    --------
    >>> require_columns(pd.DataFrame({"loss": [0.1]}), ["loss"])
    """
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise InputError(
            f"the table has no column {', '.join(map(repr, missing))}; "
            f"choose from: {', '.join(map(str, table.columns))}"
        )
    if table.empty:
        raise InputError(
            "the table has no rows; at least one is needed, so check its selection"
        )


def require_numbers(table: pd.DataFrame, value: str, columns: Sequence[str]) -> None:
    """Raise InputError unless `value` holds numbers and each row its network_seed."""
    require_columns(table, [*columns, value])
    if not is_numeric_dtype(table[value]):
        numbers = ", ".join(map(str, table.select_dtypes("number").columns))
        raise InputError(
            f"column {value!r} does not hold numbers; choose from: {numbers}"
        )
    if table["network_seed"].isna().any():
        raise InputError(
            "network_seed is missing in some rows; drop or complete those rows"
        )


def refuse_pooling(table: pd.DataFrame, value: str, groups: list[str]) -> None:
    """Refuse means over different methods: one seed would stand for several."""
    grouped = table.groupby(groups, dropna=False, observed=True)
    for name in SETTINGS:
        if name in table.columns and name not in (*groups, value):
            mixed = grouped[name].nunique(dropna=False) > 1
            if mixed.any():
                raise InputError(
                    f"rows with different {name} would be averaged together; "
                    f"add {name!r} to by, or select one {name} first"
                )
    if "network" in table.columns and "network" not in groups:
        unit = list(dict.fromkeys([*groups, "network_seed"]))
        counts = table.groupby(unit, dropna=False, observed=True)["network"].nunique()
        if (counts > 1).any():
            raise InputError(
                "different networks with the same network_seed would be averaged "
                "together; add the column that tells them apart to by, or select "
                "one kind of network first"
            )
