"""Heavy tails: is the tail of degrees or strengths a power law, and is another better.

An exponent says nothing alone. Beside it stand the length of the tail, the probability
that a true power law fits no better, and likelihood ratios against the distributions
that are taken for power laws; where the data cannot tell, all of them are NaN.
"""

import warnings
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netrobust.core.errors import InputError
from netrobust.core.random_streams import generator
from netrobust.core.settings import MOST_TIMES, whole
from netrobust.graphs.igraph_rng import igraph_random

#: Exponents that are looked for. One outside, or at an end, is none.
EXPONENTS = 1.01, 10.0

NAN = float("nan")


class Tail(NamedTuple):
    """The tail of a distribution as a power law, and against others.

    Attributes
    ----------
    alpha : float
        Exponent, by maximum likelihood.
    xmin : float
        Where the tail begins.
    size : int
        Neurons in it.
    p : float
        Share of samples of the fitted law, tail and body, that lie farther from their
        own fit than the data: a small one, 0.1 or less, speaks against a power law.
    at_edge : bool
        The exponent left the range `EXPONENTS`, and is NaN for it.
    lognormal, exponential, truncated : float
        Log-likelihood of the power law minus that of a lognormal, an exponential and a
        power law with exponential cut-off, over the tail: below 0 the other is better.
        A cut-off cannot make a power law worse, so `truncated` is never above 0.
    lognormal_p, exponential_p, truncated_p : float
        Probability of so large a difference of either sign if both are as good; with
        a large one the sign means nothing.
    """

    alpha: float = NAN
    xmin: float = NAN
    size: int = 0
    p: float = NAN
    at_edge: bool = False
    lognormal: float = NAN
    lognormal_p: float = NAN
    exponential: float = NAN
    exponential_p: float = NAN
    truncated: float = NAN
    truncated_p: float = NAN


def tail(
    values: ArrayLike,
    rng: np.random.Generator | int,
    *,
    xmin: float | None = None,
    samples: int = 100,
    least: int = 50,
) -> Tail:
    """Fit a power law to the tail of degrees or strengths, and compare it with others.

    Parameters
    ----------
    values : array_like, shape (neurons,)
        Integers, such as degrees, are fitted as discrete, others, such as absolute
        strengths, as continuous. Zeros are left out: a power law has none.
    rng : numpy.random.Generator or int
        For the samples behind `Tail.p`.
    xmin : float, optional
        Where the tail begins, whole for integers; found by the smallest
        Kolmogorov-Smirnov distance if not given.
    samples : int
        Drawn for `Tail.p`, whose standard error is at most 0.5 / sqrt(samples).
    least : int
        Tails of fewer neurons have no exponent, p or ratio.

    Returns
    -------
    Tail
        NaN where undefined: too few values, values that are all the same, an exponent
        out of range.

    Raises
    ------
    InputError
        The values are not one row of finite numbers from 0 on, or an option is out of
        range.

    Notes
    -----
    After Clauset, Shalizi and Newman (2009), https://doi.org/10.1137/070710111. Tail,
    exponent and p come from igraph, the ratios but the last from powerlaw: Alstott,
    Bullmore and Plenz (2014), https://doi.org/10.1371/journal.pone.0085777

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> found = tail(rng.zipf(2.5, 2000), rng)
    >>> round(found.alpha, 1), found.p > 0.1, found.exponential > 0
    (2.5, True, True)
    """
    rng = generator(rng)
    data, discrete = _checked(values, xmin, samples, least)
    if data.size < least or data[0] == data[-1]:
        return Tail()
    if xmin is not None and np.unique(data[data >= xmin]).size < 2:
        return Tail(xmin=float(xmin), size=int((data >= xmin).sum()))
    with igraph_random(rng):
        fit = _power_law(data, discrete, xmin, trials=1)
        chosen = data[data >= fit.xmin]
        found = Tail(
            xmin=float(fit.xmin),
            size=chosen.size,
            at_edge=not EXPONENTS[0] < fit.alpha < EXPONENTS[1],
        )
        if found.at_edge or found.size < least or chosen[0] == chosen[-1]:
            return found
        p = float(_power_law(data, discrete, xmin, samples).p)
    # Fits stop at an absolute precision, so strengths come in units of xmin.
    unit = 1.0 if discrete else fit.xmin
    ratios = _ratios(chosen / unit, fit.xmin / unit, discrete, fit.alpha)
    return Tail(float(fit.alpha), found.xmin, found.size, p, found.at_edge, *ratios)


def _checked(
    values: ArrayLike, xmin: float | None, samples: int, least: int
) -> tuple[NDArray[np.float64], bool]:
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iuf"):
        raise InputError("a tail needs one row of numbers, one per neuron")
    if not np.isfinite(array).all() or (array < 0).any():
        raise InputError(
            "a tail needs finite numbers from 0 on; give degrees or absolute_strengths"
        )
    if xmin is not None and not (np.isfinite(xmin) and xmin > 0):
        raise InputError(f"xmin must be above 0; got {xmin}")
    discrete = array.dtype.kind in "iu"
    if discrete and xmin is not None and xmin % 1:
        raise InputError(f"xmin must be whole where all values are; got {xmin}")
    whole("samples", samples, 1, MOST_TIMES)
    whole("least", least, 2)
    # Samples are drawn by position, so the order of the neurons must not stay.
    return np.sort(array[array > 0].astype(np.float64)), discrete


def _power_law(
    data: NDArray[np.float64], discrete: bool, xmin: float | None, trials: int
) -> Any:
    import igraph

    # Asked for a precision, igraph draws a quarter of its inverse square, cut off.
    precision = 0.5 / float(np.sqrt(trials + 0.25))
    method = "discrete" if discrete else "continuous"
    return igraph.power_law_fit(data.tolist(), xmin, method, precision)


def _ratios(
    tail: NDArray[np.float64], xmin: float, discrete: bool, alpha: float
) -> list[float]:
    """Give the log-likelihood ratio and its p for every other law."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # powerlaw warns while it searches, and of every parameter near a bound.
        warnings.simplefilter("ignore")
        import powerlaw  # brings matplotlib

        options = {"xmin": xmin, "discrete": discrete, "verbose": 0}
        # powerlaw takes no exponent above 3 for one unless it is told to.
        ranges = {"alpha": list(EXPONENTS)}
        law = powerlaw.Power_Law(parameters=[alpha], parameter_ranges=ranges, **options)
        mine = law.loglikelihoods(tail)
        lognormal = powerlaw.Lognormal(data=tail, **options)
        exponential = powerlaw.Exponential(data=tail, **options)
        others = {
            "lognormal": lognormal.loglikelihoods(tail),
            "exponential": exponential.loglikelihoods(tail),
            "truncated": _truncated(tail, xmin, discrete),
        }
        ratios: list[float] = []
        for name, likelihoods in others.items():
            nested = name == "truncated"
            ratio, p = powerlaw.loglikelihood_ratio(mine, likelihoods, nested=nested)
            if nested and ratio > 0:  # the search for a cut-off ended beside none
                ratio, p = 0.0, 1.0
            if not np.isfinite(ratio):  # a fit that failed
                ratio, p = NAN, NAN
            ratios += [float(ratio), float(p)]
    return ratios


def _truncated(
    tail: NDArray[np.float64], xmin: float, discrete: bool
) -> NDArray[np.float64]:
    """Give the log-likelihoods of the best power law with exponential cut-off.

    powerlaw sums the discrete law term by term in arbitrary precision, which takes
    seconds; `_log_norm` takes microseconds.
    """
    from scipy.optimize import minimize

    logs, beyond = np.log(tail), tail - xmin
    sums = np.array([logs.mean(), beyond.mean()])

    def cost(parameters: NDArray[np.float64]) -> float:
        exponent, rate = parameters[0], np.exp(parameters[1])
        norm = _log_norm(exponent, rate, xmin, discrete)
        return float(exponent * sums[0] + rate * sums[1] + norm)

    best = minimize(
        cost,
        (1.0, -np.log(tail.mean())),
        method="Nelder-Mead",
        bounds=[(0.0, EXPONENTS[1]), (-25.0, 10.0)],
        options={"xatol": 1e-4, "fatol": 1e-9},
    ).x
    rate = np.exp(best[1])
    return -best[0] * logs - rate * beyond - _log_norm(best[0], rate, xmin, discrete)


def _log_norm(alpha: float, rate: float, xmin: float, discrete: bool) -> float:
    """Give the logarithm of the sum, or integral, of x^-alpha exp(-rate (x - xmin))."""
    # The largest term may leave the range of floats, the first one times it does not.
    summed, begin, first = 0.0, xmin, -alpha * np.log(xmin)
    if discrete:
        x = xmin + np.arange(1000)
        summed = float(np.exp(-alpha * np.log(x) - rate * (x - xmin) - first).sum())
        begin = xmin + 1000
        # Euler and Maclaurin: what a sum from here on has more than the integral.
        here = np.exp(-alpha * np.log(begin) - rate * (begin - xmin) - first)
        summed += float(here * (0.5 + (alpha / begin + rate) / 12))
    # With x = begin exp(t) the integrand is smooth, and 0 beyond the last t.
    node, weight = _gauss()
    last = np.log1p(750 / (rate * begin))
    x = begin * np.exp(last * node)
    terms = np.exp(np.log(x) - alpha * np.log(x) - rate * (x - xmin) - first)
    return float(np.log(summed + last * (weight @ terms)) + first)


@cache
def _gauss() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give nodes and weights of an integral from 0 to 1."""
    node, weight = np.polynomial.legendre.leggauss(256)
    return (node + 1) / 2, weight / 2
