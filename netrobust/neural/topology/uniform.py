"""The uniform random layer."""

import numpy as np
from numpy.typing import NDArray

from netrobust.neural.topology.base import TOPOLOGIES, Ends, Place, ends


@TOPOLOGIES.register
def erdos_renyi() -> Place:
    """Place exactly as many links as asked for, every set of places equally likely.

    Notes
    -----
    The uniform random graph G(n, M) of Erdos and Renyi (1959) on two sides,
    https://doi.org/10.5486/PMD.1959.6.3-4.12; the degrees are hypergeometric.

    Examples
    --------
    >>> source, target = erdos_renyi()(4, 3, 5, np.random.default_rng(0))
    >>> source.size, len(set(zip(source.tolist(), target.tolist())))
    (5, 5)
    """
    return _place


def _place(
    n_in: int,
    n_out: int,
    links: int,
    rng: np.random.Generator,
    images: NDArray[np.float32] | None = None,
) -> Ends:
    places = np.sort(rng.choice(n_in * n_out, links, replace=False, shuffle=False))
    return ends(places, n_in)
