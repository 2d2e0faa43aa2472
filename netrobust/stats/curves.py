"""One value, and one damage curve, per network: repetitions are averaged first.

All statistics of tables begin here. Draws of a damage or a null model share the weights
of their network, so they are no independent evidence about the method.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from netrobust.core.errors import InputError
from netrobust.stats.columns import (
    NETWORK,
    SETTINGS,
    require_columns,
    require_numbers,
)

CHANCE = 0.1  # accuracy of a guess among ten classes, as all data sets here have

# What a network without information, or a graph without links, reaches, where the name
# of the measure decides it.
_CHANCES = {"accuracy": CHANCE, "giant_component": 0.0, "reach": 0.0, "paths": 0.0}


class Curve(NamedTuple):
    """The damage curves of one network under one damage, replicates averaged."""

    key: tuple[Any, ...]
    fraction: np.ndarray  # shape (fractions,), from 0 to 1
    heights: tuple[np.ndarray, ...]  # a measure each, shape (fractions,)


def averaged(
    table: pd.DataFrame, values: Sequence[str], unit: list[str]
) -> pd.DataFrame:
    """Give the mean of each measure over the rows of a unit; NaN is carried.

    Examples
    --------
    >>> table = pd.DataFrame({"network_seed": [0, 0], "loss": [0.1, 0.3]})
    >>> averaged(table, ["loss"], ["network_seed"])["loss"].tolist()
    [0.2]
    """
    grouped = table.groupby(unit, dropna=False, observed=True)[list(values)]
    return grouped.mean(skipna=False).astype(float).reset_index()


def curves(
    table: pd.DataFrame, *values: str, each: bool = False
) -> tuple[list[str], list[Curve]]:
    """Give the keys of networks and damages, and the curves of all measures of each.

    With `each`, every replicate is a curve.

    Raises
    ------
    InputError
        If a curve does not hold both fraction 0 and fraction 1.
    """
    for value in values:
        table = require_numbers(table, value, ["network_seed", "fraction"])
    constant = {*NETWORK, *SETTINGS} - {"fraction", *values}
    if each:
        require_columns(table, ["replicate"])
        constant |= {"replicate"}
    keys = [name for name in table.columns if name in constant]
    points = averaged(table, values, [*keys, "fraction"])
    found = []
    for key, curve in points.groupby(keys, dropna=False, observed=True):
        fraction = curve["fraction"].to_numpy()
        if fraction[0] != 0 or fraction[-1] != 1:
            name = ", ".join(f"{k} {v}" for k, v in zip(keys, key, strict=True))
            raise InputError(
                f"the damage curve of {name} runs over fractions "
                f"{fraction[0]:g} to {fraction[-1]:g}; the area needs both 0 and 1, "
                "so add them to the fractions"
            )
        heights = tuple(curve[value].to_numpy() for value in values)
        found.append(Curve(tuple(key), fraction, heights))
    return keys, found


def chance_of(value: str, chance: float | None) -> float:
    """Give what a network without information reaches: as said, or by the name.

    Examples
    --------
    >>> chance_of("giant_component", None)
    0.0
    """
    if chance is None:
        if value not in _CHANCES:
            raise InputError(
                f"chance is not known for {value!r}, only for: {', '.join(_CHANCES)}; "
                "give chance, the value of a network without information"
            )
        chance = _CHANCES[value]
    if not np.isfinite(chance):
        raise InputError(f"chance must be a finite number; got {chance}; try {CHANCE}")
    return chance


def check_floor(floor: float) -> None:
    """Raise InputError unless `floor` is a finite number, 0 or larger."""
    if not 0 <= floor < np.inf:
        raise InputError(f"floor must be 0 or larger; got {floor}; try 0.05")


def normalised(height: np.ndarray, chance: float, floor: float) -> np.ndarray:
    """Scale a curve to run from 1, intact, to 0, chance; NaN if it starts too low.

    A NaN anywhere makes all of it NaN.

    Examples
    --------
    >>> normalised(np.array([0.9, 0.5, 0.1]), chance=0.1, floor=0.05).tolist()
    [1.0, 0.5, 0.0]
    """
    if np.isnan(height).any() or not height[0] - chance > floor:
        return np.full(len(height), np.nan)
    return (height - chance) / (height[0] - chance)


def area(fraction: np.ndarray, height: np.ndarray) -> float:
    """Integrate a curve over the fraction by the trapezoid rule."""
    return float(np.trapezoid(height, fraction))


def first_fall(fraction: np.ndarray, height: np.ndarray, level: float) -> float:
    """Where the broken line first reaches `level` from above; NaN if it never does.

    Examples
    --------
    >>> first_fall(np.array([0, 0.5, 1]), np.array([1, 0.5, 0]), level=0.75)
    0.25
    """
    below = np.flatnonzero(height <= level)  # none where the curve is NaN
    if not len(below):
        return np.nan
    right = int(below[0])
    left = right - 1
    step = (height[left] - level) / (height[left] - height[right])
    return float(fraction[left] + step * (fraction[right] - fraction[left]))
