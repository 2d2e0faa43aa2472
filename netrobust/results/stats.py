"""Statistics of tables: the network seed is the unit, everything below it is averaged.

Replicates of one network share its weights, so they are no independent evidence about
the method. Both functions here first average them and only then look across seeds.
A NaN (a measure that is undefined on that graph) is carried into every number that
depends on it: leaving such rows out would change the question, so that is left to the
caller, by `DataFrame.dropna`.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from netrobust.errors import InputError
from netrobust.results.contract import (
    KEYS,
    NETWORK,
    SETTINGS,
    refuse_pooling,
    require_numbers,
)
from netrobust.results.interval import interval

__all__ = ["CHANCE", "KEYS", "robustness", "split", "summarise"]

CHANCE = 0.1  # accuracy of a guess among ten classes, as all data sets here have

# What a network without information reaches, where the name of the measure decides it.
_CHANCES = {"accuracy": CHANCE, "giant_component": 0.0, "reach": 0.0}


def summarise(
    table: pd.DataFrame,
    value: str,
    by: str | Sequence[str],
    level: float = 0.95,
    draws: int = 10_000,
    seed: int = 0,
    each: bool = False,
) -> pd.DataFrame:
    """Give mean and interval of a measure over network seeds, a row per group.

    Replicates are averaged within each network first. With 5 or more networks the
    interval is the expanded bootstrap percentile interval over network seeds (see
    `interval` for the source); with fewer it is the range.

    Parameters
    ----------
    table : DataFrame
        One row per scored network, with the column ``network_seed``.
    value : str
        The measure; NaN makes the mean and interval of its group NaN.
    by : str or sequence of str
        Columns that define a group. They must tell different methods, settings and
        damages apart: averaging over those is refused.
    level : float
        Nominal coverage of the interval, between 0 and 1.
    draws : int
        Bootstrap samples, at least 100; all groups share them.
    seed : int
        Seed of the bootstrap samples.
    each : bool
        Add the networks behind each row: rows with their ``network_seed``, which is
        missing in the rows over networks. The figures show them as dots.

    Returns
    -------
    DataFrame
        Columns of `by`, then ``value`` (its name), ``mean``, ``low``, ``high``,
        ``networks`` (how many seeds) and ``interval`` (``"range"`` or
        ``"bootstrap 95%"``), sorted by group.

    Raises
    ------
    InputError
        On an empty table, an unknown or text column, groups that mix methods, or a
        level, number of draws or seed outside of its range.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     {"network_seed": [0, 0, 1], "replicate": [0, 1, 0],
    ...      "fraction": 0.5, "accuracy": [0.2, 0.4, 0.5]})
    >>> print(summarise(table, "accuracy", by="fraction").to_string(index=False))
     fraction    value  mean  low  high  networks interval
          0.5 accuracy   0.4  0.3   0.5         2    range
    """
    groups = [by] if isinstance(by, str) else list(dict.fromkeys(by))
    if not groups or value in groups:
        raise InputError(
            f"by must name at least one column other than {value!r}; got {groups}"
        )
    if not 0 < level < 1:
        raise InputError(f"level must lie between 0 and 1; got {level}; try 0.95")
    for name, number, least, advice in (
        ("draws", draws, 100, 10_000),
        ("seed", seed, 0, 0),
    ):
        if not isinstance(number, int | np.integer) or number < least:
            raise InputError(
                f"{name} must be an integer, {least} or larger; got {number!r}; "
                f"try {advice}"
            )
    require_numbers(table, value, [*groups, "network_seed"])
    refuse_pooling(table, value, groups)
    unit = list(dict.fromkeys([*groups, "network_seed"]))
    networks = _mean_over_repetitions(table, value, unit)
    rows = [
        (*key, value, *interval(seeds[value].to_numpy(), level, draws, seed))
        for key, seeds in networks.groupby(groups, dropna=False, observed=True)
    ]
    columns = [*groups, "value", "mean", "low", "high", "networks", "interval"]
    summary = pd.DataFrame(rows, columns=columns)
    if not each or "network_seed" in groups:
        return summary
    single = summarise(table, value, unit, level, draws, seed)
    joined = pd.concat([summary, single], ignore_index=True)
    return joined[single.columns].astype({"network_seed": "Int64"})


def split(summary: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split rows over networks from those of single networks that `each` adds.

    Examples
    --------
    >>> table = pd.DataFrame({"network_seed": [0, 1], "epoch": 1, "loss": [0.1, 0.3]})
    >>> over, single = split(summarise(table, "loss", by="epoch", each=True))
    >>> over["mean"].tolist(), single["mean"].tolist()
    ([0.2], [0.1, 0.3])
    """
    if "network_seed" not in summary or summary["network_seed"].notna().all():
        return summary, summary[:0]
    over = summary["network_seed"].isna()
    return summary[over], summary[~over]


def robustness(
    table: pd.DataFrame,
    value: str = "accuracy",
    chance: float | None = None,
    floor: float = 0.05,
) -> pd.DataFrame:
    """Give the area under each network's damage curve and where it falls to half.

    With the replicates averaged to ``A(f)``, the curve ``a(f) = (A(f) - chance) /
    (A(0) - chance)`` starts at 1. ``robustness`` is its integral over the fraction
    from 0 to 1 by the trapezoid rule, after Schneider et al. [1]_; ``f50`` is where
    it first falls to 1/2, by linear interpolation, NaN if it never does. Values
    below chance count as they are.

    Parameters
    ----------
    table : DataFrame
        Damage curves, with ``network_seed`` and ``fraction`` from 0 to 1.
    value : str
        The measure; NaN anywhere on a curve makes both results NaN.
    chance : float, optional
        What a network without information reaches. Without it, 0.1 for accuracy,
        which is true of ten classes only, and 0 for the giant component and for
        reach; every other measure, and every other number of classes, needs it given.
    floor : float
        Height above chance, in the units of `value`, that the intact network must
        exceed. Below it the curve divides noise by noise: a network that knows nothing
        scores chance give or take 0.01 to 0.03, for its errors are far from
        independent, so 0.05 is out of reach of most of them.

    Returns
    -------
    DataFrame
        One row per network and damage: the keys, ``value`` (its name),
        ``robustness`` and ``f50``; both NaN where the intact value does not exceed
        chance by more than `floor`.

    Raises
    ------
    InputError
        If a curve does not hold both fraction 0 and fraction 1, or chance is needed.

    References
    ----------
    .. [1] C. M. Schneider et al., PNAS 108, 3838 (2011).
       doi:10.1073/pnas.1009440108

    Examples
    --------
    >>> table = pd.DataFrame({"network_seed": 0, "fraction": [0.0, 0.5, 1.0],
    ...                       "accuracy": [0.9, 0.5, 0.1]})
    >>> print(robustness(table).to_string(index=False))
     network_seed    value  robustness  f50
                0 accuracy         0.5  0.5
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
    if not 0 <= floor < np.inf:
        raise InputError(f"floor must be 0 or larger; got {floor}; try 0.05")
    require_numbers(table, value, ["network_seed", "fraction"])
    constant = {*NETWORK, *SETTINGS} - {"fraction", value}
    keys = [name for name in table.columns if name in constant]
    curves = _mean_over_repetitions(table, value, [*keys, "fraction"])
    rows = []
    for key, curve in curves.groupby(keys, dropna=False, observed=True):
        fraction, values = curve["fraction"].to_numpy(), curve[value].to_numpy()
        if fraction[0] != 0 or fraction[-1] != 1:
            name = ", ".join(f"{k} {v}" for k, v in zip(keys, key, strict=True))
            raise InputError(
                f"the damage curve of {name} runs over fractions "
                f"{fraction[0]:g} to {fraction[-1]:g}; the area needs both 0 and 1, "
                "so add them to the fractions"
            )
        area = half = np.nan
        if values[0] - chance > floor:
            normalised = (values - chance) / (values[0] - chance)
            area = float(np.trapezoid(normalised, fraction))
            half = _first_fall(fraction, normalised, 0.5)
        rows.append((*key, value, area, half))
    return pd.DataFrame(rows, columns=[*keys, "value", "robustness", "f50"])


def _mean_over_repetitions(
    table: pd.DataFrame, value: str, unit: list[str]
) -> pd.DataFrame:
    grouped = table.groupby(unit, dropna=False, observed=True)[value]
    return grouped.mean(skipna=False).astype(float).reset_index()


def _first_fall(x: np.ndarray, y: np.ndarray, level: float) -> float:
    """Where the broken line through (x, y) first reaches `level` from above."""
    if np.isnan(y).any():
        return np.nan
    below = np.flatnonzero(y <= level)
    if not len(below):
        return np.nan
    right = int(below[0])
    left = right - 1
    step = (y[left] - level) / (y[left] - y[right])
    return float(x[left] + step * (x[right] - x[left]))
