"""Null models: what if only this were true of the network.

Every member of `NULL_MODELS` is ``(layer, rng) -> layer``: it draws a random layer that
shares a declared set of quantities with the one it got, and leaves that one as it was.
`randomise` applies a null model to every layer of a graph and verifies each draw.

A new null model is one function under ``@null_model(conserves=(...))``, which names
quantities of `CONSERVED`. Size and depth of both sides and the graph contract are kept
by all, named or not, and always verified.
"""

# The family lists its members in the order of their import.
# isort: off
from netrobust.graphs.null.base import (
    NULL_MODELS,
    NullModel,
    check_head,
    check_installed,
    conserved,
    installed,
    moved,
    null_model,
    randomise,
    randomised,
    scope_of,
)
from netrobust.graphs.null.shuffles import (
    none,
    shuffle_all,
    shuffle_by_sign,
    shuffle_by_sign_and_source,
    shuffle_by_sign_and_target,
    shuffle_by_source,
    shuffle_by_target,
)
from netrobust.graphs.null.rewiring import (
    degree_preserving,
    degree_preserving_by_source,
    degree_preserving_by_target,
    signed_degree_preserving,
)
from netrobust.graphs.null.ensembles import erdos_renyi, maximum_entropy
# isort: on

__all__ = [
    "NULL_MODELS",
    "NullModel",
    "check_head",
    "check_installed",
    "conserved",
    "degree_preserving",
    "degree_preserving_by_source",
    "degree_preserving_by_target",
    "erdos_renyi",
    "installed",
    "maximum_entropy",
    "moved",
    "none",
    "null_model",
    "randomise",
    "randomised",
    "scope_of",
    "shuffle_all",
    "shuffle_by_sign",
    "shuffle_by_sign_and_source",
    "shuffle_by_sign_and_target",
    "shuffle_by_source",
    "shuffle_by_target",
    "signed_degree_preserving",
]
