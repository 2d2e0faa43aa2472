"""Exact and approximate laws that measurements must meet, each with its source.

A link is kept with probability p = 1 - f, and each result says of which graphs:

- ``er_...``: Erdos-Renyi layers, known by their sizes and densities;
- ``cm_...``: the configuration model, random but for the degrees of a given graph;
- `message_passing_giant`, `nonbacktracking_threshold`: the given graph itself;
- `path_fraction`, `path_fraction_global`: any graph, exactly;
- `effective_links`, `relative_noise`, `predicted_f50`: signals that links carry;
- `erdos_renyi_degrees`, `itop_rate`, `link_survival`: links that move at random.

Thresholds are in p, and above 1, or infinite, where the intact graph has no giant
component; the fraction that destroys it is ``1 - threshold``. Shares are solved for to
about 1e-9, at a threshold itself to 1e-6.
"""

from netrobust.graphs.theory.layer import (
    cm_layer_giant,
    cm_layer_threshold,
    er_layer_giant,
    er_layer_threshold,
)
from netrobust.graphs.theory.messages import (
    message_passing_giant,
    nonbacktracking_threshold,
)
from netrobust.graphs.theory.noise import (
    effective_links,
    predicted_f50,
    relative_noise,
)
from netrobust.graphs.theory.reach import (
    Reach,
    cm_reach,
    er_reach,
    path_fraction,
    path_fraction_global,
)
from netrobust.graphs.theory.rewiring import (
    erdos_renyi_degrees,
    itop_rate,
    link_survival,
)
from netrobust.graphs.theory.stack import (
    cm_stack_giant,
    cm_stack_threshold,
    er_stack_giant,
    er_stack_threshold,
)

__all__ = [
    "Reach",
    "cm_layer_giant",
    "cm_layer_threshold",
    "cm_reach",
    "cm_stack_giant",
    "cm_stack_threshold",
    "effective_links",
    "er_layer_giant",
    "er_layer_threshold",
    "er_reach",
    "er_stack_giant",
    "er_stack_threshold",
    "erdos_renyi_degrees",
    "itop_rate",
    "link_survival",
    "message_passing_giant",
    "nonbacktracking_threshold",
    "path_fraction",
    "path_fraction_global",
    "predicted_f50",
    "relative_noise",
]
