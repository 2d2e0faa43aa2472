"""From curves of percolation to the critical point: averages, fluctuation, threshold.

A curve holds a number for every number m = 0 to M of links kept, as `percolation` gives
it for one order; replicates of it, one for each of several random orders, are the rows
of an array of shape (replicates, M + 1). All of them see one graph, so what varies is
the order alone: intervals are those of that graph's threshold, and how thresholds vary
between networks takes the curves of several networks.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netrobust.core.errors import InputError
from netrobust.core.random_streams import generator
from netrobust.core.settings import MOST_TIMES, whole

Floats = NDArray[np.float64]

BLOCK = 32  # resamples at a time: for a million links they take about 1 GB


def canonical(values: ArrayLike, p: ArrayLike) -> Floats:
    """Average a curve over the number of links that stay if each stays with chance p.

    ``Q(p) = sum_m C(M, m) p^m (1 - p)^(M - m) Q_m``: the mean under independent
    removal, if the curves are means over random orders of all links.

    Parameters
    ----------
    values : array_like of float, shape (..., M + 1)
        Q_m for m = 0 to M links kept, one curve or several.
    p : float or array_like of float
        Probabilities that a link is kept.

    Returns
    -------
    ndarray of float64, shape (...) + shape of `p`

    Raises
    ------
    InputError
        If there is no curve or a probability is not in [0, 1].

    Notes
    -----
    Newman and Ziff (2001), https://doi.org/10.1103/PhysRevE.64.016706. Exact for a
    single layer and for removal from all layers together, the scope ``global``; not for
    orders cut layer by layer, where the count of every layer varies on its own.

    Examples
    --------
    >>> canonical([0, 0, 1], p=[0, 0.5, 1])  # two links in a row, both needed
    array([0.  , 0.25, 1.  ])
    """
    curves, chances = np.asarray(values), np.asarray(p)
    if not curves.ndim or not curves.shape[-1] or curves.dtype.kind not in "iuf":
        raise InputError(
            "values must hold numbers for 0, 1, ... links kept; got an array of shape "
            f"{curves.shape} and type {curves.dtype}"
        )
    if chances.dtype.kind not in "iuf" or not ((chances >= 0) & (chances <= 1)).all():
        raise InputError(f"p must hold numbers in [0, 1]; got {p!r}")
    links = curves.shape[-1] - 1
    found = [curves @ _binomial(links, chance) for chance in chances.ravel().tolist()]
    shape = curves.shape[:-1] + chances.shape
    return np.stack(found, axis=-1).reshape(shape) if found else np.empty(shape)


def _binomial(links: int, p: float) -> Floats:
    """Give the binomial distribution, outward from its peak by ratios below 1.

    Products of them do no more than fade to 0, where factorials would overflow.
    """
    peak = min(int((links + 1) * p), links)
    up, down = np.arange(peak, links), np.arange(peak, 0, -1)
    weight = np.ones(links + 1)
    weight[peak + 1 :] = np.cumprod((links - up) * p / ((up + 1) * (1 - p)))
    fall = np.cumprod(down * (1 - p) / ((links - down + 1) * p))
    weight[:peak] = fall[::-1]
    return weight / weight.sum()


def fluctuation(largest: ArrayLike) -> Floats:
    """Give the fluctuation of the largest cluster: ``N (<S1^2> - <S1>^2) / <S1>``.

    S1 is the largest cluster's share of N neurons and the means are over replicates.
    Counted in neurons this is variance over mean, and N cancels. It peaks near the
    threshold.

    Parameters
    ----------
    largest : array_like of int, shape (replicates, M + 1)
        Neurons of the largest cluster: `Percolation.largest` of each replicate.

    Returns
    -------
    ndarray of float64, shape (M + 1,)

    Raises
    ------
    InputError
        If there are fewer than two replicates, or a cluster has less than one neuron,
        as shares do.

    Notes
    -----
    Colomer-de-Simon and Boguna (2014), https://doi.org/10.1103/PhysRevX.4.041020. The
    variance is that of the replicates, divided by their number.

    Examples
    --------
    >>> fluctuation([[1, 2, 4], [1, 4, 4]])
    array([0.        , 0.33333333, 0.        ])
    """
    curves = _clusters(largest)
    return np.asarray(curves.var(axis=0) / curves.mean(axis=0))


class Threshold(NamedTuple):
    """Hold a threshold, as a share of links kept, and its bootstrap interval.

    Parameters
    ----------
    p : float
    low, high : float
    """

    p: float
    low: float
    high: float


def threshold(
    largest: ArrayLike,
    second: ArrayLike,
    rng: np.random.Generator | int,
    resamples: int = 1000,
    confidence: float = 0.95,
) -> dict[str, Threshold]:
    """Estimate the threshold of a finite graph where its clusters vary most.

    Both estimates are shares m / M of links kept, and both come with the interval of a
    bootstrap over the replicates, which are the orders of one graph.

    Parameters
    ----------
    largest, second : array_like of int, shape (replicates, M + 1)
        `Percolation.largest` and `second` of each replicate.
    rng : numpy.random.Generator or int
    resamples : int
        Times that the replicates are drawn anew.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    dict of Threshold
        ``second``: mean over replicates of the place where the second largest cluster
        is largest, the first such place at a tie. ``fluctuation``: the place where
        `fluctuation` is largest, which takes all replicates to find and some dozens
        to find well.

    Raises
    ------
    InputError
        If there are fewer than two replicates, no link, or the two arrays differ in
        shape; if `resamples` or `confidence` is out of range.

    Notes
    -----
    In random graphs both approach the threshold of an infinite one as N^(-1/3), the
    first from above: Radicchi and Castellano (2015),
    https://doi.org/10.1038/ncomms10196; Radicchi (2015),
    https://doi.org/10.1103/PhysRevE.91.010801.

    Examples
    --------
    >>> largest = [[1, 2, 2, 4], [1, 2, 3, 4]]
    >>> second = [[1, 1, 2, 0], [1, 1, 1, 0]]
    >>> found = threshold(largest, second, np.random.default_rng(0))
    >>> round(found["second"].p, 3), round(found["fluctuation"].p, 3)
    (0.333, 0.667)
    """
    rng = generator(rng)
    s1, s2 = _clusters(largest), _replicates("second", second)
    if s1.shape != s2.shape or s1.shape[1] < 2:
        raise InputError(
            "largest and second must hold the same replicates of 0 to M links kept, "
            f"M at least 1; got shapes {s1.shape} and {s2.shape}"
        )
    resamples = whole("resamples", resamples, 1, MOST_TIMES)
    if not 0 < confidence < 1:
        raise InputError(f"confidence must be in (0, 1); got {confidence!r}")
    count, links = len(s1), s1.shape[1] - 1
    peak = s2.argmax(axis=1) / links
    # Clusters enter by their deviation from the mean, or squares would cancel.
    centre = s1.mean(axis=0)
    deviation = s1 - centre
    squares = deviation**2

    def most_varied(share: Floats) -> Floats:
        shift = share @ deviation
        varies = (share @ squares - shift**2) / (centre + shift)
        return np.asarray(_first_peak(varies) / links)

    drawn = rng.multinomial(count, np.full(count, 1 / count), size=resamples) / count
    blocks = [drawn[start : start + BLOCK] for start in range(0, resamples, BLOCK)]
    again = {
        "second": drawn @ peak,
        "fluctuation": np.concatenate([most_varied(block) for block in blocks]),
    }
    all_of_them = {
        "second": float(peak.mean()),
        "fluctuation": float(_first_peak(fluctuation(s1)) / links),
    }
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    return {
        name: Threshold(all_of_them[name], *np.quantile(again[name], tails).tolist())
        for name in all_of_them
    }


def _first_peak(values: Floats) -> NDArray[np.int64]:
    """Find the first largest value, where equal ones may differ by rounding."""
    return np.asarray(np.round(values, 9).argmax(axis=-1))


def _replicates(name: str, values: ArrayLike) -> Floats:
    curves = np.asarray(values)
    if curves.ndim != 2 or len(curves) < 2 or curves.dtype.kind not in "iuf":
        raise InputError(
            f"{name} must hold one curve for each of two replicates or more; got an "
            f"array of shape {curves.shape} and type {curves.dtype}"
        )
    return curves.astype(np.float64)


def _clusters(largest: ArrayLike) -> Floats:
    curves = _replicates("largest", largest)
    if curves.size and not curves.min() >= 1:
        raise InputError(
            f"largest must count neurons, 1 or more; got {curves.min():g}, as shares do"
        )
    return curves
