"""Measures of a graph: every member of `MEASURES` is ``graph -> float``.

They take a single layer or a stack and answer a graph that is none with `InputError`;
where a quantity is undefined they give NaN. Of a stack, a quantity of layers is the
mean over those that have one, unless its docstring says otherwise.
In-degrees belong to the neurons that links can enter (all but the first depth),
out-degrees to those that links can leave (all but the last).

Weights may have either sign. A member that needs positive ones declares it,
``@MEASURES.register(needs_positive_weights=True)``, others are refused with
`InputError`, and it is measured on request only: `signed_measures` names the rest.
``needs_stack=True`` says that layers which do not chain have no value. Two graphs are
compared by `link_overlap` and `topology_distance`.
"""

from netrobust.graphs.measure.base import (
    MEASURES,
    Measure,
    signed_measures,
)
from netrobust.graphs.measure.compare import link_overlap, topology_distance
from netrobust.graphs.measure.degree import (
    degree_assortativity,
    degrees,
    density,
    in_degree_dispersion,
    links,
    max_in_degree,
    max_out_degree,
    mean_in_degree,
    mean_out_degree,
    out_degree_dispersion,
)
from netrobust.graphs.measure.mesoscale import clustering, modularity, nestedness
from netrobust.graphs.measure.path import giant_component, paths, reach
from netrobust.graphs.measure.spectrum import (
    largest_singular_value,
    singular_values,
    spectral_radius,
    stable_rank,
)
from netrobust.graphs.measure.strength import (
    absolute_disparity,
    absolute_strengths,
    disparity,
    mean_absolute_in_strength,
    mean_absolute_out_strength,
    mean_in_strength,
    mean_out_strength,
    strengths,
)

__all__ = [
    "MEASURES",
    "Measure",
    "absolute_disparity",
    "absolute_strengths",
    "clustering",
    "degree_assortativity",
    "degrees",
    "density",
    "disparity",
    "giant_component",
    "in_degree_dispersion",
    "largest_singular_value",
    "link_overlap",
    "links",
    "max_in_degree",
    "max_out_degree",
    "mean_absolute_in_strength",
    "mean_absolute_out_strength",
    "mean_in_degree",
    "mean_in_strength",
    "mean_out_degree",
    "mean_out_strength",
    "modularity",
    "nestedness",
    "out_degree_dispersion",
    "paths",
    "reach",
    "signed_measures",
    "singular_values",
    "spectral_radius",
    "stable_rank",
    "strengths",
    "topology_distance",
]
