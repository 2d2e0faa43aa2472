"""Where the scatter of a measure comes from: networks, or the orders drawn for each."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import f

from netrobust.core.errors import InputError
from netrobust.stats.columns import refuse_pooling, require_numbers
from netrobust.stats.holm import grouped, names_in


def variance_components(
    table: pd.DataFrame, value: str, by: str | Sequence[str] = ()
) -> pd.DataFrame:
    """Split the variance of a measure into that of networks and that of replicates.

    In a group, value ``x_ij = mean + a_i + e_ij`` of network i and replicate j: the
    one-way random-effects analysis of variance [1]_ estimates the variance of a, which
    tells networks apart, and of e, which a removal order or another draw brings.

    Parameters
    ----------
    table : DataFrame
        One row per network and replicate, such as ``robustness(table, each=True)``
        gives them, with as many replicates of each network.
    value : str
        The measure.
    by : str or sequence of str
        Columns of groups, such as the method and the data set.

    Returns
    -------
    DataFrame
        Columns of `by`, then ``value`` (its name), ``networks``, ``replicates`` (of
        each), ``mean``, ``sd_networks`` (0 where the estimate is negative),
        ``sd_replicates``, and ``reliability``: the share of the variance of network
        means that is one of networks, NaN where nothing varies, with
        ``reliability_low`` and ``reliability_high``, its 95% interval if the scatter is
        normal [2]_. ``reliability_of_one`` is that of a single replicate.

    Raises
    ------
    InputError
        A column is missing, groups mix methods, or a group has fewer than two networks
        or replicates, or not as many of each.

    References
    ----------
    .. [1] S. R. Searle, G. Casella, C. E. McCulloch, Variance Components (1992).
       doi:10.1002/9780470316856
    .. [2] K. O. McGraw, S. P. Wong, Psychol. Methods 1, 30 (1996), case 1.
       doi:10.1037/1082-989X.1.1.30

    Examples
    --------
    >>> table = pd.DataFrame({"network_seed": [0, 0, 1, 1], "replicate": [0, 1] * 2,
    ...                       "robustness": [0.30, 0.32, 0.40, 0.42]})
    >>> row = variance_components(table, "robustness").iloc[0]
    >>> f"{row.sd_networks:.3f}, {row.sd_replicates:.3f}"
    '0.070, 0.014'
    """
    groups = names_in(by)
    require_numbers(table, value, [*groups, "network_seed", "replicate"])
    if groups:
        refuse_pooling(table, value, groups)
    rows = []
    for key, group in grouped(table, groups):
        networks = [
            one[value].to_numpy(float) for _, one in group.groupby("network_seed")
        ]
        counts = {len(one) for one in networks}
        if len(networks) < 2 or len(counts) > 1 or counts == {1}:
            where = ", ".join(f"{name} {of}" for name, of in key.items()) or "the table"
            raise InputError(
                "variance components need two networks at least, and as many "
                f"replicates of each, two at least; {where} has {len(networks)} "
                f"networks with {', '.join(map(str, sorted(counts)))} replicates"
            )
        rows.append({**key, "value": value, **_components(np.array(networks))})
    return pd.DataFrame(rows)


def _components(x: np.ndarray) -> dict[str, float]:
    """Analyse values, shape (networks, replicates)."""
    networks, replicates = x.shape
    within = float(x.var(axis=1, ddof=1).mean())
    of_means = float(x.mean(axis=1).var(ddof=1))
    between = max(of_means - within / replicates, 0.0)
    # F = 1 / chance, so that the interval of chance is that of F, turned over.
    free = networks - 1, networks * (replicates - 1)
    bounds = np.array([f.ppf(0.975, *free), 1, 1 / f.ppf(0.975, *free[::-1])])
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = np.divide(within, replicates * of_means)
    low, reliable, high = np.maximum(1 - chance * bounds, 0)
    one = between / (between + within) if between + within > 0 else np.nan
    return {
        "networks": networks,
        "replicates": replicates,
        "mean": float(x.mean()),
        "sd_networks": float(np.sqrt(between)),
        "sd_replicates": float(np.sqrt(within)),
        "reliability": reliable,
        "reliability_low": low,
        "reliability_high": high,
        "reliability_of_one": one,
    }
