"""Statistics of tables: the network seed is the unit, everything below it is averaged.

Replicates of one network share its weights, so they are no independent evidence about
the method. All functions here first average them and only then look across seeds.
A NaN (a measure that is undefined on that graph) is carried into every number that
depends on it: leaving such rows out would change the question, so that is left to the
caller, by `DataFrame.dropna`.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from netrobust.core.errors import InputError
from netrobust.stats.columns import KEYS, refuse_pooling, require_numbers
from netrobust.stats.curves import (
    CHANCE,
    area,
    averaged,
    chance_of,
    check_floor,
    curves,
    first_fall,
    normalised,
)
from netrobust.stats.interval import check_resampling, interval

__all__ = ["CHANCE", "KEYS", "gap", "robustness", "split", "summarise"]


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
    check_resampling(level, draws, seed)
    table = require_numbers(table, value, [*groups, "network_seed"])
    refuse_pooling(table, value, groups)
    unit = list(dict.fromkeys([*groups, "network_seed"]))
    networks = averaged(table, [value], unit)
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
    each: bool = False,
) -> pd.DataFrame:
    """Give the area under each network's damage curve and where it falls.

    With the replicates averaged to ``A(f)``, the curve ``a(f) = (A(f) - chance) /
    (A(0) - chance)`` starts at 1. ``robustness`` is its integral over the fraction
    from 0 to 1 by the trapezoid rule, after Schneider et al. [1]_; ``f95`` and ``f50``
    are where it first falls to 0.95 and to 1/2, by linear interpolation, NaN if it
    never does. Values below chance count as they are.

    Parameters
    ----------
    table : DataFrame
        Damage curves, with ``network_seed`` and ``fraction`` from 0 to 1.
    value : str
        The measure; NaN anywhere on a curve makes all results NaN.
    chance : float, optional
        What a network without information reaches. Without it, 0.1 for accuracy,
        which is true of ten classes only, and 0 for the giant component, reach and
        paths; every other measure, and every other number of classes, needs it given.
    floor : float
        Height above chance, in the units of `value`, that the intact network must
        exceed. Below it the curve divides noise by noise: a network that knows nothing
        scores chance give or take 0.01 to 0.03, for its errors are far from
        independent, so 0.05 is out of reach of most of them.
    each : bool
        Give a row per replicate, which it names, such as `variance_components` takes:
        a removal order has a curve of its own.

    Returns
    -------
    DataFrame
        One row per network and damage: the keys, ``value`` (its name),
        ``robustness``, ``f50`` and ``f95``; all NaN where the intact value does not
        exceed chance by more than `floor`.

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
    >>> print(robustness(table).round(3).to_string(index=False))
     network_seed    value  robustness  f50  f95
                0 accuracy         0.5  0.5 0.05
    """
    chance = chance_of(value, chance)
    check_floor(floor)
    keys, found = curves(table, value, each=each)
    rows = []
    for key, fraction, (height,) in found:
        curve = normalised(height, chance, floor)
        falls = (first_fall(fraction, curve, level) for level in (0.5, 0.95))
        rows.append((*key, value, area(fraction, curve), *falls))
    return pd.DataFrame(rows, columns=[*keys, "value", "robustness", "f50", "f95"])


def gap(
    table: pd.DataFrame,
    function: str = "accuracy",
    structure: str = "giant_component",
    chance: float | None = None,
    floor: float = 0.05,
) -> pd.DataFrame:
    """Give how far function falls before structure does, per network and damage.

    Both curves are scaled to start at 1, function above chance and structure above 0,
    and with the replicates averaged. The gap is the area between them; it is positive
    where function is lost while the graph is still connected.

    Parameters
    ----------
    table : DataFrame
        Damage curves of sparse or dense networks, with both measures.
    function : str
        What the network does.
    structure : str
        What is left of its graph: the giant component, ``reach``, or any measure that
        is 0 without links and not 0 with all of them.
    chance, floor
        Of `function`, as for `robustness`.

    Returns
    -------
    DataFrame
        One row per network and damage: the keys, ``function`` and ``structure`` (their
        names), ``robustness_function`` and ``robustness_structure``, ``gap``, the
        second less the first, ``f50_function`` and ``f50_structure``, and, where half
        of the function is gone, ``structure_at_f50``, in its own units, by linear
        interpolation, and ``structure_kept``, the share of its intact value that is.
        NaN on a curve, a function near chance or a structure of 0 to begin with make
        all numbers that depend on that curve NaN.

    Raises
    ------
    InputError
        As `robustness`, or if both measures are one.

    Examples
    --------
    >>> table = pd.DataFrame({"network_seed": 0, "fraction": [0.0, 0.5, 1.0],
    ...                       "accuracy": [0.9, 0.1, 0.1],
    ...                       "giant_component": [1.0, 0.9, 0.0]})
    >>> columns = ["gap", "f50_function", "f50_structure", "structure_at_f50"]
    >>> print(gap(table)[columns].round(3).to_string(index=False))
     gap  f50_function  f50_structure  structure_at_f50
    0.45          0.25          0.722              0.95
    """
    if function == structure:
        raise InputError(
            f"function and structure are both {function!r}; name two measures, "
            "such as 'accuracy' and 'giant_component'"
        )
    chance = chance_of(function, chance)
    check_floor(floor)
    keys, found = curves(table, function, structure)
    rows = []
    for key, fraction, (skill, graph) in found:
        lost = normalised(skill, chance, floor)
        left = normalised(graph, 0.0, 0.0)
        areas = area(fraction, lost), area(fraction, left)
        half = first_fall(fraction, lost, 0.5)
        halves = half, first_fall(fraction, left, 0.5)
        kept = float(np.interp(half, fraction, left))
        numbers = (*areas, areas[1] - areas[0], *halves, kept * graph[0], kept)
        rows.append((*key, function, structure, *numbers))
    names = [
        *("robustness_function", "robustness_structure", "gap", "f50_function"),
        *("f50_structure", "structure_at_f50", "structure_kept"),
    ]
    return pd.DataFrame(rows, columns=[*keys, "function", "structure", *names])
