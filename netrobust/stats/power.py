"""How likely a test of so many networks is to see a difference that is there."""

import numpy as np
from scipy.stats import nct, t

from netrobust.core.errors import InputError
from netrobust.core.settings import number, share, whole

#: A medium effect in Cohen's words: half a standard deviation of the differences.
EFFECT = 0.5


def power(networks: int, effect: float = EFFECT, level: float = 0.05) -> float:
    """Give the power of a two-sided paired test, from the noncentral t distribution.

    Parameters
    ----------
    networks : int
        Pairs of networks, two at least.
    effect : float
        The difference that is there, in standard deviations of the paired differences
        (Cohen's d_z [1]_).
    level : float
        Of significance, in [0, 1].

    Returns
    -------
    float
        The probability that p falls below `level`.

    Raises
    ------
    InputError
        A number is out of its range.

    Notes
    -----
    Exact for the t test of normal differences; the permutation test of `paired_tests`
    comes close to it where its least p allows [2]_.

    References
    ----------
    .. [1] J. Cohen, Statistical Power Analysis for the Behavioral Sciences (1988),
       section 2.3.
    .. [2] W. Hoeffding, Annals of Mathematical Statistics 23, 169 (1952).
       doi:10.1214/aoms/1177729436

    Examples
    --------
    >>> round(power(10), 3), round(power(34), 3)
    (0.293, 0.808)
    """
    free = whole("networks", networks, 2) - 1
    bound = t.ppf(1 - share("level", level) / 2, free)
    shift = number("effect", effect, least=0) * np.sqrt(networks)
    return float(nct.sf(bound, free, shift) + nct.cdf(-bound, free, shift))


def networks_needed(
    effect: float = EFFECT, least: float = 0.8, level: float = 0.05
) -> int:
    """Give the fewest pairs of networks whose test has at least this power.

    Parameters
    ----------
    effect, level
        As for `power`.
    least : float
        Power, in [0, 1).

    Raises
    ------
    InputError
        A number is out of its range, or more than 100,000 pairs would be needed.

    Examples
    --------
    >>> networks_needed(0.5), networks_needed(1.0)
    (34, 10)
    """
    share("least", least)
    low, high = 2, 2
    while power(high, effect, level) < least:
        if high > 100_000:
            raise InputError(
                f"an effect of {effect:g} needs more than 100000 pairs of networks for "
                f"a power of {least:g}; ask for a larger effect"
            )
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if power(middle, effect, level) < least:
            low = middle
        else:
            high = middle
    return high
