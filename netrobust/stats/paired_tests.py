"""Tests of differences between methods, with networks as the unit.

A test says how often chance alone would do as much as was seen. With n pairs of
networks that is never less than 2 in 2^n, whatever the data: five pairs cannot reach
0.05, and correcting for many tests asks for more. So the least p that was possible
stands beside every p, before and after the correction.
"""

from collections.abc import Hashable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata, t

from netrobust.core.errors import InputError
from netrobust.core.random_streams import stream
from netrobust.core.settings import number
from netrobust.stats.columns import refuse_pooling, require_numbers
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
from netrobust.stats.interval import check_resampling, interval
from netrobust.stats.power import EFFECT, power

MOST_EXACT = 20  # pairs; their 2^20 signs are all counted, more are drawn

# What comes with a method or a null model and may differ where these are compared.
_OF_LEVEL = {"sparsifier", "width", "sparsity", "null_model", "retrained"}

_NUMBERS = (
    *("mean", "mean_against", "difference", "low", "high", "interval", "cohen_dz"),
    *("rank_biserial", "p", "p_min", "test"),
)


def paired_tests(
    table: pd.DataFrame,
    value: str,
    between: str = "sparsifier",
    by: str | Sequence[str] = (),
    pair: str | Sequence[str] = "network_seed",
    against: Any = None,
    family: str | Sequence[str] = (),
    level: float = 0.95,
    draws: int = 10_000,
    seed: int = 0,
    margin: float | None = None,
    effect: float = EFFECT,
) -> pd.DataFrame:
    """Test the mean difference of every two methods by swapping them within pairs.

    Under the hypothesis that the two do not differ, each pair of networks could as well
    bear the labels the other way round, which turns the sign of its difference [1]_.
    ``p`` is the share of all sign patterns whose mean difference is as far from 0 as
    that seen, on either side. Up to 20 pairs all 2^n patterns are counted; of more,
    `draws` are drawn, of which b are as far, and p is (1 + b) / (draws + 1) [2]_.

    Parameters
    ----------
    table : DataFrame
        Values of networks, such as `robustness` and `gap` give them. Replicates are
        averaged within each network first.
    value : str
        The measure. NaN and infinite values make their tests NaN, which are counted
        in no family; ``dropna`` before the call leaves their pairs out instead.
    between : str
        Column whose values are compared, two at a time.
    by : str or sequence of str
        Columns of groups that are tested apart. What is not named here must be one and
        the same, but for what belongs to a method: its width, sparsity, null model.
    pair : str or sequence of str
        Columns that tell which networks belong together: the seed, and with
        ``("dataset", "network_seed")`` every data set counts as pairs of its own.
        Networks without a partner are left out and counted in ``unpaired``.
    against : optional
        A value of `between`, such as ``"static"``: tests against this one alone, so
        that fewer of them share the error.
    family : str or sequence of str
        Columns of `by`; tests that agree in them are corrected together [3]_. Without
        it that is every test of the call.
    level, draws, seed
        Of the bootstrap interval, as for `summarise`, and of drawn sign patterns.
    margin : float, optional
        Differences within ``-margin`` to ``margin`` are called none: name it before
        the data are seen. Adds the columns of the equivalence test.
    effect : float
        A difference, in standard deviations of the differences, for ``power``.

    Returns
    -------
    DataFrame
        Columns of `by`, then `between` and ``against`` (the two compared), ``value``
        (its name), ``networks`` (pairs), ``unpaired``, ``mean`` and ``mean_against``,
        their ``difference`` with ``low``, ``high`` and ``interval`` as in `summarise`
        (the range below 5 pairs), ``cohen_dz`` (mean over standard deviation of the
        differences; NaN if all are one), ``rank_biserial`` (the share of rank sums in
        favour less that against [4]_, from -1 to 1; NaN if all differences are 0),
        ``p``, ``p_min`` (the least p that so many pairs allow), ``test`` (``"exact"``
        or ``"10000 draws"``), ``tests`` (in the family), ``p_holm``, and
        ``p_min_holm``, the least of it, were every test of the family at its own, and
        ``power``, the chance to find a difference of `effect` at 0.05, see `power`.
        With `margin` also ``margin`` and ``p_equivalence``, the larger p of two
        one-sided t tests against it [5]_: a small one says that there is no difference
        as large as the margin, where a large ``p`` says nothing.

    Raises
    ------
    InputError
        If there are no two values to compare, no pair, or rows that differ otherwise.

    References
    ----------
    .. [1] M. D. Ernst, Statistical Science 19, 676 (2004).
       doi:10.1214/088342304000000396
    .. [2] B. Phipson, G. K. Smyth, Stat. Appl. Genet. Mol. Biol. 9, 39 (2010).
       doi:10.2202/1544-6115.1585
    .. [3] S. Holm, Scandinavian Journal of Statistics 6, 65 (1979).
       https://www.jstor.org/stable/4615733
    .. [4] D. S. Kerby, Comprehensive Psychology 3, 11.IT.3.1 (2014).
       doi:10.2466/11.IT.3.1
    .. [5] D. J. Schuirmann, J. Pharmacokinetics and Biopharmaceutics 15, 657 (1987).
       doi:10.1007/BF01068419

    Examples
    --------
    >>> table = pd.DataFrame({"sparsifier": ["set"] * 3 + ["static"] * 3,
    ...                       "network_seed": [0, 1, 2] * 2,
    ...                       "robustness": [0.5, 0.6, 0.7, 0.4, 0.4, 0.4]})
    >>> row = paired_tests(table, "robustness").iloc[0]
    >>> f"{row['difference']:.2f}, p = {row['p']}, at best {row['p_min']}"
    '0.20, p = 0.25, at best 0.25'
    """
    groups, pairs, families = names_in(by), names_in(pair), names_in(family)
    check_resampling(level, draws, seed)
    check_family(families, groups)
    bound = None if margin is None else number("margin", margin, least=0)
    if "network_seed" not in pairs:
        raise InputError(
            f"pair must name 'network_seed', the unit of statistics; got {pairs}"
        )
    used = [*groups, between, *pairs]
    if len({*used, value}) <= len(used):
        raise InputError(
            f"value, between, by and pair must name different columns; got {value!r}, "
            f"{between!r}, {groups} and {pairs}"
        )
    table = require_numbers(table, value, used)
    blocks = [name for name in pairs if name != "network_seed"]
    refuse_pooling(table, value, [*groups, between, *blocks])
    refuse_mixed(table, [*groups, *blocks], {between, value, *_OF_LEVEL})
    rows = []
    for key, own in grouped(averaged(table, [value], used), groups):
        wide = own.pivot(index=pairs, columns=between, values=value)
        wide = wide.where(np.isfinite(wide))
        # A value may be NaN, so presence is told by the row, not by the value.
        here = own.assign(here=1).pivot(index=pairs, columns=between, values="here")
        for one, other in _twos(sorted(wide.columns, key=str), against, between):
            present = here[[one, other]].notna()
            partners = present.all(axis=1)
            lone = int((present.any(axis=1) & ~partners).sum())
            left, right = wide.loc[partners, [one, other]].to_numpy(float).T
            numbers = _compared(left, right, level, draws, seed)
            pairs_here = len(left)
            numbers["power"] = power(pairs_here, effect) if pairs_here > 1 else np.nan
            if bound is not None:
                found = p_equivalence(left - right, bound)
                numbers |= {"margin": bound, "p_equivalence": found}
            about = {"value": value, "networks": len(left), "unpaired": lone}
            rows.append({**key, between: one, "against": other, **about, **numbers})
    if not any(row["networks"] for row in rows):
        raise InputError(
            f"no two values of {between!r} share a {' and '.join(pairs)}; a paired "
            "test needs networks of the same seed under both"
        )
    return corrected(pd.DataFrame(rows), families)


def _twos(levels: list[Any], against: Any, between: str) -> list[tuple[Any, Any]]:
    if against is None:
        return list(combinations(levels, 2))
    if not isinstance(against, Hashable) or against not in levels:
        raise InputError(
            f"against must be a value of {between!r} in every group; got {against!r}, "
            f"choose from: {', '.join(map(str, levels))}"
        )
    return [(one, against) for one in levels if one != against]


def _compared(
    left: np.ndarray, right: np.ndarray, level: float, draws: int, seed: int
) -> dict[str, Any]:
    """Give all numbers of one comparison."""
    if not len(left):
        return dict.fromkeys(_NUMBERS, np.nan) | {"interval": "none", "test": "none"}
    difference = alike(left - right, np.abs([left, right]).max())
    mean, low, high, _, kind = interval(difference, level, draws, seed)
    # Rounding gives equal values a deviation, and the least numbers none.
    deviation = difference.std(ddof=1) if np.ptp(difference) > 0 else 0.0
    size = float(mean / deviation) if deviation > 0 else np.nan
    means = float(left.mean()), float(right.mean())
    ranks = rank_biserial(difference)
    flips = sign_flips(difference, draws, seed)
    numbers = (*means, mean, low, high, kind, size, ranks, *flips)
    return dict(zip(_NUMBERS, numbers, strict=True))


def rank_biserial(difference: np.ndarray) -> float:
    """Give the rank sum of positive differences less that of negative, as a share.

    Zeros are left out and equal sizes share their ranks; NaN if nothing is left.

    Examples
    --------
    >>> rank_biserial(np.array([0.3, 0.2, -0.1]))
    0.6666666666666666
    """
    moved = difference[difference != 0]
    if not len(moved) or np.isnan(moved).any():
        return np.nan
    ranks = rankdata(np.abs(moved))
    return float((ranks * np.sign(moved)).sum() / ranks.sum())


def sign_flips(
    difference: np.ndarray, draws: int, seed: int
) -> tuple[float, float, str]:
    """Give p of a mean of 0, the least that so many values allow, and how.

    Examples
    --------
    >>> sign_flips(np.array([0.1, 0.2, -0.05]), draws=100, seed=0)
    (0.5, 0.25, 'exact')
    """
    count, exact = len(difference), len(difference) <= MOST_EXACT
    p_min = 2 / 2**count if exact else 1 / (draws + 1)
    test = "exact" if exact else f"{draws} draws"
    if np.isnan(difference).any():
        return np.nan, p_min, test
    # Rounding must not tell patterns of one and the same sum apart.
    bound = abs(difference.sum()) - 10.0**-DIGITS * np.abs(difference).sum()
    if exact:
        sums = difference[:1]  # the first sign is fixed: the rest are mirror images
        for one in difference[1:]:
            sums = np.concatenate([sums + one, sums - one])
        return float((np.abs(sums) >= bound).mean()), p_min, test
    rng, far = stream(seed, "signs", count), 0
    for start in range(0, draws, 10_000):
        signs = rng.integers(0, 2, (min(10_000, draws - start), count)) * 2.0 - 1
        far += int((np.abs(signs @ difference) >= bound).sum())
    return (1 + far) / (draws + 1), p_min, test


def p_equivalence(difference: np.ndarray, margin: float) -> float:
    """Give p of a mean as far from 0 as the margin, by two one-sided t tests.

    NaN with fewer than two values.

    Examples
    --------
    >>> round(p_equivalence(np.array([0.01, -0.01, 0.02, -0.02]), margin=0.05), 4)
    0.006
    """
    count = len(difference)
    if count < 2 or np.isnan(difference).any():
        return np.nan
    error = difference.std(ddof=1) / np.sqrt(count)
    away = margin - abs(difference.mean())
    if error == 0:
        return 0.0 if away > 0 else 1.0
    return float(t.sf(away / error, count - 1))
