"""The table contract: what the columns mean, and what is refused.

One row per scored network. `KEYS` stand on the left and say which network was scored
under what damage; measures (``accuracy``, ``loss``, ``giant_component``, ...) stand on
the right.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from pandas.api.types import is_float_dtype, is_numeric_dtype

from netrobust.core.errors import InputError
from netrobust.core.settings import FRACTION_DIGITS


@dataclass(frozen=True)
class Column:
    """One column of a table: where it stands, what it means, where it comes from.

    Attributes
    ----------
    name : str
    kind : str
        ``text``, ``flag``, ``integer`` or ``number``.
    meaning : str
    value : callable, optional
        Makes the value from all facts known of a score, by name; without it the
        value is the fact that bears the name of the column.
    only_with : str
        Option of a sweep without which there is no such column; none if empty.
    pattern : str
        Regular expression of the names, where `name` stands for several columns.
    """

    name: str
    kind: str
    meaning: str
    value: Callable[[Mapping[str, Any]], Any] | None = None
    only_with: str = ""
    pattern: str = ""

    def called(self, name: str) -> bool:
        r"""Return whether this column, or one of these columns, bears a name.

        Examples
        --------
        >>> classes = Column("accuracy_CLASS", "number", "", pattern=r"accuracy_\d+")
        >>> classes.called("accuracy_7"), classes.called("accuracy")
        (True, False)
        """
        return re.fullmatch(self.pattern or re.escape(self.name), name) is not None

    def cells(
        self, facts: Mapping[str, Any], scores: Mapping[str, float]
    ) -> dict[str, Any]:
        """Give the values of one row by column: one, several, or none."""
        if self.only_with and not facts[self.only_with]:
            return {}
        if self.pattern:
            return {name: scores[name] for name in scores if self.called(name)}
        if self.value is not None:
            return {self.name: self.value(facts)}
        return {self.name: facts[self.name]}


#: What tells networks apart, then what was done to each, then which draw it was.
KEY_COLUMNS = (
    Column("network", "text",
           "Its name: data set, method, seed and a hash of all settings."),
    Column("dataset", "text",
           "The data set; in tables of scores the one scored."),
    Column("sparsifier", "text",
           "The method with its options and its topology, as it can be typed."),
    Column("width", "integer", "Neurons of the widest hidden layer."),
    Column("sparsity", "number",
           "Share of the links of the hidden layers that are not there."),
    Column("network_seed", "integer",
           "Seed of the training: what tells networks of one method apart, the unit "
           "of all statistics."),
    Column("null_model", "text",
           "What the network was drawn from; ``none`` for the network itself."),
    Column("retrained", "flag",
           "Whether the topology was trained anew before it was damaged.",
           lambda facts: bool(facts.get("retrain", False))),
    Column("perturbation", "text",
           "What was damaged and in which order; ``none`` where nothing was. Options "
           "that are numbers are columns of their own, too."),
    Column("scope", "text",
           "Where: ``per_layer``, ``global``, one layer such as ``layer_1``, or with "
           "the head."),
    Column("fraction", "number",
           "The share of links, neurons or pixels in scope that was to go, 0 to 1."),
    Column("replicate", "integer", "Number of the draw."),
    Column("draw_seed", "integer", "Seed of the draws."),
)  # fmt: skip

KEYS = tuple(column.name for column in KEY_COLUMNS)
NETWORK, _DAMAGE = KEYS[:6], KEYS[6:11]

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
    if not isinstance(table, pd.DataFrame):
        raise InputError(
            "a table must be a DataFrame, such as compare and percolate give; got "
            f"{type(table).__name__}"
        )
    missing = dict.fromkeys(name for name in columns if name not in table.columns)
    if missing:
        raise InputError(
            f"the table has no column {', '.join(map(repr, missing))}; "
            f"choose from: {', '.join(map(str, table.columns))}"
        )
    if table.empty:
        raise InputError(
            "the table has no rows; at least one is needed, so check its selection"
        )


def require_numbers(
    table: pd.DataFrame, value: str, columns: Sequence[str]
) -> pd.DataFrame:
    """Give a table in which `value` holds numbers and each row has its network_seed.

    Its fractions are keys: those that differ by rounding alone become one.

    Raises
    ------
    InputError
        Columns or network seeds are missing, or `value` holds no numbers.

    Examples
    --------
    >>> table = pd.DataFrame({"network_seed": 0, "fraction": [0.3, 0.1 + 0.2],
    ...                       "loss": 1.0})
    >>> require_numbers(table, "loss", ["network_seed"]).fraction.nunique()
    1
    """
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
    if "fraction" in table and not is_numeric_dtype(table["fraction"]):
        raise InputError(
            "column 'fraction' does not hold numbers; convert it, such as with "
            "pandas.to_numeric"
        )
    if "fraction" in table and is_float_dtype(table["fraction"]):
        return table.assign(fraction=table["fraction"].round(FRACTION_DIGITS) + 0.0)
    return table


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
