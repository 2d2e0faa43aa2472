"""An honest interval from few values: the range, then the expanded bootstrap."""

from functools import lru_cache

import numpy as np
from scipy.special import ndtr, stdtrit

from netrobust.streams import stream

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
        tail = stdtrit(count - 1, (1 - level) / 2) * np.sqrt(count / (count - 1))
        outer = ndtr(tail)
        means = mean + _resamples(count, draws, seed) @ (values - mean)
        low, high = map(float, np.quantile(means, [outer, 1 - outer]))
        kind = f"bootstrap {100 * level:g}%"
    return mean, low, high, count, kind


@lru_cache(maxsize=8)
def _resamples(count: int, draws: int, seed: int) -> np.ndarray:
    """Share of each seed in every bootstrap sample, shape (draws, count).

    All groups use the same samples, so neighbouring points of a curve differ by
    their data alone, and adding a group changes no other row.
    """
    rng = stream(seed, "bootstrap", count)
    return rng.multinomial(count, np.full(count, 1 / count), size=draws) / count
