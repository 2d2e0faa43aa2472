"""What every table of tests needs: groups that do not mix, and Holm's correction."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from netrobust.core.errors import InputError
from netrobust.stats.columns import SETTINGS

DIGITS = 12  # numbers that agree in as many are one number, computed in two ways


def names_in(columns: str | Sequence[str]) -> list[str]:
    """Give columns as a list without repetitions; one may come without a list.

    Examples
    --------
    >>> names_in("dataset"), names_in(("scope", "dataset", "scope"))
    (['dataset'], ['scope', 'dataset'])
    """
    return [columns] if isinstance(columns, str) else list(dict.fromkeys(columns))


def grouped(
    table: pd.DataFrame, groups: list[str]
) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """Go through the groups of a table, sorted; without columns it is one group.

    Examples
    --------
    >>> table = pd.DataFrame({"dataset": ["mnist", "kmnist"], "loss": [0.1, 0.3]})
    >>> [(key, len(rows)) for key, rows in grouped(table, ["dataset"])]
    [({'dataset': 'kmnist'}, 1), ({'dataset': 'mnist'}, 1)]
    """
    if not groups:
        yield {}, table
        return
    for key, rows in table.groupby(groups, dropna=False, observed=True):
        yield dict(zip(groups, key, strict=True)), rows


def refuse_mixed(table: pd.DataFrame, groups: list[str], free: set[str]) -> None:
    """Refuse to compare rows of a group that differ in more than what is compared.

    Parameters
    ----------
    table : DataFrame
    groups : list of str
    free : set of str
        Settings that may differ within a group.

    Examples
    --------
    >>> table = pd.DataFrame({"dataset": ["mnist"] * 2, "width": [100, 1000]})
    >>> refuse_mixed(table, [], free={"width"})
    """
    for name in SETTINGS:
        if name not in table.columns or name in free or name in groups:
            continue
        for _, rows in grouped(table, groups):
            if rows[name].nunique(dropna=False) > 1:
                raise InputError(
                    f"rows with different {name} would be compared with each other; "
                    f"add {name!r} to by, or select one {name} first"
                )


def check_family(families: list[str], groups: list[str]) -> None:
    """Raise InputError unless families are unions of groups.

    Examples
    --------
    >>> check_family(["dataset"], groups=["dataset", "perturbation"])
    """
    if not set(families) <= set(groups):
        raise InputError(f"family must name columns of by, {groups}; got {families}")


def corrected(tests: pd.DataFrame, families: list[str]) -> pd.DataFrame:
    """Add ``tests``, how many a family has, and ``p`` and ``p_min`` corrected by Holm.

    A test whose p is NaN was not made: it is not counted. The corrected p of a test
    never falls when that of another rises, so with every p at its least, every
    corrected p is at its least, too.

    Examples
    --------
    >>> tests = pd.DataFrame({"p": [0.01, 0.5], "p_min": [0.01, 0.01]})
    >>> print(corrected(tests, []).to_string(index=False))
       p  p_min  tests  p_holm  p_min_holm
    0.01   0.01      2    0.02        0.02
    0.50   0.01      2    0.50        0.02
    """
    tests = tests.assign(tests=0, p_holm=np.nan, p_min_holm=np.nan)
    for _, rows in grouped(tests, families):
        made = rows.index[rows["p"].notna()]
        tests.loc[rows.index, "tests"] = len(made)
        tests.loc[made, "p_holm"] = holm(rows.loc[made, "p"].to_numpy())
        tests.loc[made, "p_min_holm"] = holm(rows.loc[made, "p_min"].to_numpy())
    return tests


def holm(p: np.ndarray) -> np.ndarray:
    """Correct the p of a family of tests for their number, step by step [1]_.

    The least is multiplied by their number m, the next by m - 1, and so on; no p is
    less than one before it, and none is more than 1.

    References
    ----------
    .. [1] S. Holm, Scandinavian Journal of Statistics 6, 65 (1979).
       https://www.jstor.org/stable/4615733

    Examples
    --------
    >>> holm(np.array([0.03, 0.01, 0.04])).tolist()
    [0.06, 0.03, 0.06]
    """
    order = np.argsort(p)
    steps = p[order] * np.arange(len(p), 0, -1)
    result = np.empty(len(p))
    result[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return result


def alike(values: np.ndarray, scale: float) -> np.ndarray:
    """Round away differences that only the order of computation makes.

    Ranks and signs see a difference of 1e-17 as they see any other.

    Examples
    --------
    >>> alike(np.array([0.3 - 0.2, 0.2 - 0.1, 0.1 + 0.2 - 0.3]), scale=0.3).tolist()
    [0.1, 0.1, 0.0]
    """
    if not 0 < scale < np.inf:
        return values
    return np.round(values, min(DIGITS - int(np.ceil(np.log10(scale))), 300))
