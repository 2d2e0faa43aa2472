"""Where links start: `TOPOLOGIES` is the family; a member's module registers it."""

from typing import Any

from netrobust.neural.topology import (  # noqa: F401  (each registers its members)
    correlation,
    preferential,
    ring,
    uniform,
)
from netrobust.neural.topology.base import (
    MOST_PLACES,
    TOPOLOGIES,
    Ends,
    IntArray,
    Place,
    absent_positions,
    ends,
    union,
)

__all__ = [
    "MOST_PLACES",
    "TOPOLOGIES",
    "Ends",
    "IntArray",
    "Place",
    "absent_positions",
    "ends",
    "topology",
    "union",
]


def topology(name: str, **options: Any) -> Place:
    """Look up a topology by name and set its options.

    Raises
    ------
    InputError
        The name or an option is unknown, or an option's value is not allowed.

    Examples
    --------
    >>> import numpy as np
    >>> place = topology("erdos_renyi")
    >>> source, target = place(4, 3, 5, np.random.default_rng(0))
    """
    place: Place = TOPOLOGIES.with_options(name, options)()
    return place
