"""Networks compared with draws of their null models."""

from typing import Literal, TypeAlias, get_args

import numpy as np
import pandas as pd

from netrobust.core.errors import InputError
from netrobust.stats.columns import NETWORK, SETTINGS, require_numbers

Side: TypeAlias = Literal["two-sided", "greater", "less"]

_CLOSE = 1e-12  # relative; values that agree so well are one, computed in two ways


def against_null(
    table: pd.DataFrame,
    value: str = "accuracy",
    side: Side = "two-sided",
    as_trained: bool = False,
) -> pd.DataFrame:
    """Give z-score and empirical p of each network in the ensembles of its nulls.

    With n draws of a null model, b of them at least as large as the network, the
    one-sided p is ``(1 + b) / (n + 1)``, for the network is itself one of n + 1 equally
    likely draws if the null model holds [1]_. It says of one network how unusual it is;
    of a method speak several networks, so summarise ``z`` over them.

    Parameters
    ----------
    table : DataFrame
        What `compare` returned, or `percolate` with null models: the networks as the
        null model ``none`` (replicates averaged), and every other row one draw.
    value : str
        The measure; NaN or infinite values, of a network or a draw, make its row NaN.
    side : {"two-sided", "greater", "less"}
        ``greater`` counts draws at least as large as the network, so that p is small
        where the network exceeds its nulls; ``less`` counts those at most as large;
        two-sided is twice the smaller p, at most 1.
    as_trained : bool
        Where the table has ``retrained``, draws trained anew are compared with the
        network's own topology trained anew, so that the training is the same. With
        this they are compared with the network as it was first trained, and its own
        topology, trained anew, is one more ensemble.

    Returns
    -------
    DataFrame
        One row per network, damage and null model: the keys (``retrained`` is that of
        the draws), ``value`` (its name), ``intact`` (the network's), ``null_mean``,
        ``null_sd`` (with n - 1), ``draws``, ``z``, the distance from the mean in
        standard deviations, NaN if all draws are equal or there is one, ``p``,
        ``p_min`` (the least p of so many draws, doubled if two-sided) and ``side``.

    Raises
    ------
    InputError
        If there is no null model or the network of some draws is missing.

    References
    ----------
    .. [1] B. V. North, D. Curtis, P. C. Sham, American Journal of Human Genetics 71,
       439 (2002). doi:10.1086/341527

    Examples
    --------
    >>> table = pd.DataFrame({"network_seed": 0, "accuracy": [0.9, 0.2, 0.3, 0.4],
    ...                       "null_model": ["none"] + ["shuffle_all"] * 3})
    >>> row = against_null(table, side="greater").iloc[0]
    >>> f"z = {row['z']:.1f}, p = {row['p']}, at best {row['p_min']}"
    'z = 6.0, p = 0.25, at best 0.25'
    """
    if side not in get_args(Side):
        raise InputError(
            f"side must be one of {', '.join(get_args(Side))}; got {side!r}"
        )
    table = require_numbers(table, value, ["network_seed", "null_model"])
    known = {*NETWORK, *SETTINGS, "null_model", "retrained"} - {value}
    keys = [name for name in table.columns if name in known]
    # Tables without the column, or joined with such, hold networks as first trained.
    anew = table.get("retrained", pd.Series(False, table.index)).eq(True)
    own = table["null_model"].eq("none") & ~(anew & as_trained)
    if own.all():
        raise InputError(
            "the table has no null models to compare with; compare(network, data) "
            "scores a network beside draws of them"
        )
    of_draws = {"null_model", "retrained"} if as_trained else {"null_model"}
    match = [name for name in keys if name not in of_draws]
    unit = table.groupby(match, dropna=False, observed=True).ngroup()
    intact = table[own].groupby(unit[own])[value].mean(skipna=False)
    lost = ~unit.isin(intact.index)
    if lost.any():
        name = ", ".join(f"{one} {table.loc[lost, one].iloc[0]}" for one in match)
        raise InputError(
            f"the null models of {name} have no row of the network itself, the null "
            "model 'none'; add it, or, where only they were trained anew, set "
            "as_trained=True"
        )
    rows = []
    drawn = table[~own].assign(unit=unit[~own])[[*keys, "unit", value]]
    for key, group in drawn.groupby(keys, dropna=False, observed=True):
        one = float(intact[group["unit"].iloc[0]])
        numbers = _place(one, group[value].to_numpy(float), side)
        rows.append((*key, value, *numbers, side))
    names = ("intact", "null_mean", "null_sd", "draws", "z", "p", "p_min")
    return pd.DataFrame(rows, columns=[*keys, "value", *names, "side"])


def _place(
    own: float, draws: np.ndarray, side: Side
) -> tuple[float, float, float, int, float, float, float]:
    """Give a value, mean, deviation and number of draws, its z, its p and the least."""
    count = len(draws)
    tails = 2 if side == "two-sided" else 1
    p_min = min(1.0, tails / (count + 1))
    if not np.isfinite([own, *draws]).all():
        return own, np.nan, np.nan, count, np.nan, np.nan, p_min
    same = np.isclose(draws, own, rtol=_CLOSE, atol=0)
    above = (1 + int((same | (draws > own)).sum())) / (count + 1)
    below = (1 + int((same | (draws < own)).sum())) / (count + 1)
    p = {"greater": above, "less": below}.get(side, min(1.0, 2 * min(above, below)))
    mean = float(draws.mean())
    # Rounding gives equal values a deviation, and the least numbers none.
    deviation = float(draws.std(ddof=1)) if np.ptp(draws) > 0 else 0.0
    z = (own - mean) / deviation if deviation > 0 else np.nan
    return own, mean, deviation if count > 1 else np.nan, count, z, p, p_min
