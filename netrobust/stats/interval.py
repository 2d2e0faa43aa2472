"""Interval of a mean: the range of few values, the expanded bootstrap of more."""

from functools import lru_cache

import numpy as np
from scipy.special import ndtr, stdtrit

from netrobust.core.errors import InputError
from netrobust.core.random_streams import stream
from netrobust.core.settings import MOST_TIMES, whole

MIN_NETWORKS = 5  # with fewer, resampling says less than showing the range


def interval(
    values: np.ndarray, level: float, draws: int, seed: int
) -> tuple[float, float, float, int, str]:
    """Give mean, low, high, number of values and the kind of interval.

    From `MIN_NETWORKS` values on it is the bootstrap percentile interval in its
    expanded form [1]_, whose quantiles are moved outwards to match Student's t;
    with fewer values it is the range.

    Parameters
    ----------
    values : ndarray, shape (networks,)
    level : float
        Nominal coverage, between 0 and 1.
    draws : int
        Bootstrap samples.
    seed : int
        Seed of the bootstrap samples.

    References
    ----------
    .. [1] T. C. Hesterberg, The American Statistician 69, 371 (2015).
       doi:10.1080/00031305.2015.1089789

    Examples
    --------
    >>> interval(np.array([0.25, 0.75]), level=0.95, draws=100, seed=0)
    (0.5, 0.25, 0.75, 2, 'range')
    """
    mean, count = float(values.mean()), len(values)
    if count < MIN_NETWORKS:
        low, high, kind = float(values.min()), float(values.max()), "range"
    else:
        means = mean + _resamples(count, draws, seed) @ (values - mean)
        low, high = map(float, np.quantile(means, expanded(level, count)))
        kind = kind_of(level)
    return mean, low, high, count, kind


def expanded(level: float, count: int, groups: int = 1) -> tuple[float, float]:
    """Give the quantiles of bootstrap samples between which the interval lies.

    Samples of `count` values spread too little, by ``sqrt(1 - groups / count)`` where
    each of the groups is sampled, and centred, by itself.

    Examples
    --------
    >>> low, high = expanded(0.95, count=10)
    >>> round(low, 4), round(high, 4)
    (0.0086, 0.9914)
    """
    free = count - groups
    outer = float(ndtr(stdtrit(free, (1 - level) / 2) * np.sqrt(count / free)))
    return outer, 1 - outer


def kind_of(level: float) -> str:
    """Name a bootstrap interval in tables.

    Examples
    --------
    >>> kind_of(0.95)
    'bootstrap 95%'
    """
    return f"bootstrap {100 * level:g}%"


def check_resampling(level: float, draws: int, seed: int) -> None:
    """Raise InputError unless level, number of samples and seed are in their ranges.

    Examples
    --------
    >>> check_resampling(0.95, draws=10_000, seed=0)
    """
    if not 0 < level < 1:
        raise InputError(f"level must lie between 0 and 1; got {level}; try 0.95")
    whole("draws", draws, 100, MOST_TIMES)
    whole("seed", seed, 0)


@lru_cache(maxsize=8)
def _resamples(count: int, draws: int, seed: int) -> np.ndarray:
    """Share of each seed in every bootstrap sample, shape (draws, count).

    All groups use the same samples, so neighbouring points of a curve differ by
    their data alone, and adding a group changes no other row.
    """
    rng = stream(seed, "bootstrap", count)
    return rng.multinomial(count, np.full(count, 1 / count), size=draws) / count
