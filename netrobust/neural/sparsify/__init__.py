"""How links move while a network learns, and the controls whose links do not.

`SPARSIFIERS` is the family; a method's module registers it.
"""

from typing import Any

from netrobust.neural.sparsify import (  # noqa: F401  (each registers its methods)
    baselines,
    cannistraci_hebb,
    deep_r,
    evolution,
    gradient,
    soft_rule,
)
from netrobust.neural.sparsify.base import (
    SPARSIFIERS,
    Context,
    LayerLinks,
    Rewiring,
    Sparsifier,
    Step,
)

__all__ = [
    "SPARSIFIERS",
    "Context",
    "LayerLinks",
    "Rewiring",
    "Sparsifier",
    "Step",
    "default_options",
    "sparsifier",
]


def sparsifier(name: str, **options: Any) -> Sparsifier:
    """Look up a method by name and set its options.

    Raises
    ------
    InputError
        The name or an option is unknown, or an option's value is not allowed.

    Examples
    --------
    >>> sparsifier("set", prune="magnitude").dense
    False
    """
    made: Sparsifier = SPARSIFIERS.with_options(name, options)()
    return made


def default_options(name: str) -> dict[str, Any]:
    """Give the options a method takes, with the values they have if not given.

    Raises
    ------
    InputError
        The name is unknown.

    Examples
    --------
    >>> default_options("set")["prune"]
    'per_sign'
    """
    return SPARSIFIERS.with_options(name).options
