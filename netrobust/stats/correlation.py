"""Which structural numbers rank networks as their robustness does."""

from collections.abc import Sequence
from itertools import permutations, product
from math import factorial, prod
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import kendalltau, rankdata

from netrobust.core.errors import InputError
from netrobust.core.random_streams import stream
from netrobust.stats.columns import NETWORK, require_numbers
from netrobust.stats.curves import averaged
from netrobust.stats.holm import (
    DIGITS,
    alike,
    check_family,
    corrected,
    grouped,
    names_in,
    refuse_mixed,
)
from netrobust.stats.interval import (
    MIN_NETWORKS,
    check_resampling,
    expanded,
    kind_of,
)

# Networks of several of these may stand in one ranking: they are what is compared.
_OF_METHOD = {"sparsifier", "width", "sparsity"}


def rank_correlation(
    table: pd.DataFrame,
    x: str | Sequence[str],
    y: str = "robustness",
    by: str | Sequence[str] = (),
    within: str | Sequence[str] = (),
    family: str | Sequence[str] = (),
    level: float = 0.95,
    draws: int = 10_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Correlate the ranks of networks in one number with those in another.

    Methods differ in many numbers at once, so over networks of several methods nearly
    everything goes with everything. With ``within="sparsifier"`` the mean of its
    method is taken from every value before it is ranked, networks are resampled and
    permuted inside their method alone, and what is left is not a difference of methods.

    Parameters
    ----------
    table : DataFrame
        Rows of networks with both numbers; of each network they are averaged first.
    x : str or sequence of str
        Numbers that may predict, such as measures of the intact graph.
    y : str
        The number to predict. NaN and infinite values, here or in `x`, make the row
        NaN, and its test is counted in no family; ``dropna`` before the call leaves
        their networks out instead.
    by : str or sequence of str
        Columns of groups with a ranking each. What is not named here or in `within`
        must be one and the same, but for sparsifier, width and sparsity.
    within : str or sequence of str
        Columns of the methods whose means are taken away.
    family : str or sequence of str
        Columns of `by`; tests that agree in them are corrected together. Without it
        that is every test of the call.
    level, draws, seed
        Of the bootstrap interval over networks, as for `summarise`, and of drawn
        permutations.

    Returns
    -------
    DataFrame
        Columns of `by`, then ``predictor`` and ``value`` (the names of x and y),
        ``within`` (columns, ``+`` between them, or empty), ``networks``, ``spearman``
        [1]_ with ``low``, ``high`` and ``interval`` (NaN and ``"none"`` below 5
        networks, not counting one for each method but the first; it has no width where
        all networks rank alike, and is too short near -1 and 1 with fewer than about
        10), ``kendall`` (tau-b),
        ``p``, the share of permutations whose Spearman correlation is as far from 0 on
        either side, ``p_min``, the least that any permutation has, ``test``
        (``"exact"`` where there are no more permutations than `draws`, which are else
        drawn, so that p is (1 + b) / (draws + 1)), ``tests``, ``p_holm`` and
        ``p_min_holm`` as in `paired_tests`. A number that all networks share has no
        correlation: its row is NaN.

    Raises
    ------
    InputError
        On unknown or text columns, or networks that differ otherwise.

    References
    ----------
    .. [1] C. Spearman, American Journal of Psychology 15, 72 (1904).
       doi:10.2307/1412159

    Examples
    --------
    >>> table = pd.DataFrame({"network_seed": range(6), "reach": [1, 2, 3, 4, 5, 6],
    ...                       "robustness": [0.2, 0.1, 0.3, 0.5, 0.4, 0.6]})
    >>> row = rank_correlation(table, "reach").iloc[0]
    >>> f"rho = {row['spearman']:.3f}, p = {row['p']:.3f}, at best {row['p_min']:.4f}"
    'rho = 0.886, p = 0.033, at best 0.0028'
    """
    predictors, groups = names_in(x), names_in(by)
    methods, families = names_in(within), names_in(family)
    check_resampling(level, draws, seed)
    check_family(families, groups)
    used = [*predictors, y, *groups, *methods]
    if not predictors or len(set(used)) < len(used):
        raise InputError(
            f"x, y, by and within must name different columns; got {predictors}, "
            f"{y!r}, {groups} and {methods}"
        )
    for name in (*predictors, y):
        table = require_numbers(table, name, [*groups, *methods, "network_seed"])
    refuse_mixed(table, [*groups, *methods], {*predictors, y, *_OF_METHOD})
    unit = [name for name in NETWORK if name in table and name not in used]
    networks = averaged(table, [*predictors, y], [*groups, *methods, *unit])
    rows = []
    for key, own in grouped(networks, groups):
        parts = [part[[*predictors, y]] for _, part in grouped(own, methods)]
        sizes = [len(part) for part in parts]
        together = pd.concat(parts)  # networks of a method lie side by side
        for name in predictors:
            pair = together[[name, y]].to_numpy(float).T
            about = {"predictor": name, "value": y, "within": "+".join(methods)}
            numbers = correlated(pair, sizes, level, draws, seed)
            rows.append({**key, **about, "networks": len(own), **numbers})
    return corrected(pd.DataFrame(rows), families)


def correlated(
    pair: np.ndarray, sizes: list[int], level: float, draws: int, seed: int
) -> dict[str, Any]:
    """Give all numbers of one ranking.

    Parameters
    ----------
    pair : ndarray, shape (2, networks)
        The numbers; networks of a method lie side by side.
    sizes : list of int
        How many networks each method has.
    level, draws, seed
        As for `rank_correlation`.

    Examples
    --------
    >>> pair = np.array([[1.0, 2.0, 3.0, 4.0], [0.1, 0.2, 0.4, 0.3]])
    >>> numbers = correlated(pair, [4], level=0.95, draws=100, seed=0)
    >>> round(numbers["spearman"], 3), round(numbers["p"], 3)
    (0.8, 0.333)
    """
    count, exact = pair.shape[1], prod(map(factorial, sizes)) <= draws
    numbers: dict[str, Any] = dict.fromkeys(
        ("spearman", "low", "high", "interval", "kendall", "p", "p_min"), np.nan
    )
    numbers |= {"interval": "none", "test": "exact" if exact else f"{draws} draws"}
    if not np.isfinite(pair).all():
        return numbers
    x, y = (_centred(one, sizes) for one in pair)
    if not (np.ptp(x) and np.ptp(y)):
        return numbers
    ranks = _unit(x), _unit(y)
    rho = float(ranks[0] @ ranks[1])
    numbers |= {"spearman": rho, "kendall": float(kendalltau(x, y).statistic)}
    orders = _arrangements(sizes) if exact else _shuffled(sizes, draws, seed)
    size = np.abs(ranks[1][orders] @ ranks[0])
    far = int((size >= abs(rho) - 10.0**-DIGITS).sum())
    if exact:
        numbers["p"] = far / len(orders)
        numbers["p_min"] = float((size >= size.max() - 10.0**-DIGITS).mean())
    else:
        numbers["p"], numbers["p_min"] = (1 + far) / (draws + 1), 1 / (draws + 1)
    if count - len(sizes) + 1 >= MIN_NETWORKS:
        samples = _resampled(sizes, draws, seed)
        x, y = (_unit(_centred(one[samples], sizes)) for one in pair)
        ends = expanded(level, count, len(sizes))
        # Samples of one network over and over have no ranks.
        low, high = np.nanquantile((x * y).sum(axis=1), ends)
        numbers |= {"low": float(low), "high": float(high), "interval": kind_of(level)}
    return numbers


def _centred(values: np.ndarray, sizes: list[int]) -> np.ndarray:
    """Take from the last axis the mean of each method."""
    blocks = np.split(values, np.cumsum(sizes)[:-1], axis=-1)
    means = [block.mean(axis=-1, keepdims=True) for block in blocks]
    left = np.concatenate([b - m for b, m in zip(blocks, means, strict=True)], axis=-1)
    return alike(left, float(np.abs(values).max()))


def _unit(values: np.ndarray) -> np.ndarray:
    """Rank the last axis, as vectors of mean 0 and length 1: products correlate."""
    ranks = rankdata(values, axis=-1) - (values.shape[-1] + 1) / 2
    length = np.sqrt((ranks**2).sum(axis=-1, keepdims=True))
    return ranks / np.where(length > 0, length, np.nan)


def _blocks(sizes: list[int]) -> list[range]:
    ends = np.cumsum(sizes).tolist()
    return [range(end - size, end) for size, end in zip(sizes, ends, strict=True)]


def _arrangements(sizes: list[int]) -> np.ndarray:
    """All orders that leave every network in its method, shape (orders, networks)."""
    each = [list(permutations(block)) for block in _blocks(sizes)]
    return np.array([sum(parts, ()) for parts in product(*each)])


def _shuffled(sizes: list[int], draws: int, seed: int) -> np.ndarray:
    rng = stream(seed, "permutations", *sizes)
    blocks = [np.tile(block, (draws, 1)) for block in _blocks(sizes)]
    return np.concatenate([rng.permuted(one, axis=1) for one in blocks], axis=1)


def _resampled(sizes: list[int], draws: int, seed: int) -> np.ndarray:
    rng = stream(seed, "bootstrap", *sizes)
    blocks = _blocks(sizes)
    parts = [rng.choice(block, (draws, len(block))) for block in blocks]
    return np.concatenate(parts, axis=1)
