"""What has a meaning for a module, and one sentence for what has none.

Data attributes and probes ask networks of netrobust alone. Neurons, and paths, need a
stack. A slice of a kernel can go, fade or move as a whole: it has no sign and no single
value. What a member needs it declares itself; see `netrobust.graphs.requirements`.
"""

import warnings
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from netrobust.convert.layer_stack import Joint
from netrobust.core.errors import InputError
from netrobust.graphs.damage import Ids, Links
from netrobust.graphs.null import conserved, scope_of
from netrobust.graphs.perturb import NeuronRemoval
from netrobust.graphs.perturb.scopes import asks_data, check_reach
from netrobust.graphs.requirements import (
    check_slices,
    check_stack,
    check_weights,
    declares,
)


class InnerRemoval(NeuronRemoval):
    """Remove neurons between two layers: no inputs, and not what the module gives."""

    def groups(self, links: Links, scope: str) -> tuple[Ids, Ids]:
        """Sort the neurons by depth; those that cannot go are of no size."""
        group, size = super().groups(links, scope)
        outputs = links.sizes[-1]
        if scope == "global":
            group = group.copy()
            group[-outputs:] = 2
            size = np.array([0, links.hidden - outputs, 0])
        else:
            size[-1] = 0
        if not size.any():
            raise InputError(
                f"{self.__name__} removes neurons that one layer ends with and another "
                f"starts with, and the scope {scope!r} has none"
            )
        return group, size


def for_module(perturbation: Any, joint: Joint, scope: str) -> Any:
    """Give a perturbation as it acts on a module.

    Raises
    ------
    InputError
        It has no meaning there.
    """
    name = perturbation.__name__
    where = joint.scope(scope)  # refuses what there is not
    if not hasattr(perturbation, "curve"):
        raise InputError(
            f"{name} is a plain function; decorate it with removal, neuron_removal or "
            "reweighting to use it on a module"
        )
    if asks_data(perturbation):
        raise InputError(
            f"{name} asks training images, which only networks of netrobust are shown; "
            "choose a perturbation that reads the graph alone"
        )
    check_reach(perturbation, where)
    check_weights("perturbation", perturbation, joint.weight, "this module")
    if not joint.chained:
        check_stack("perturbation", perturbation, joint.gap)
    for layer in joint.within(scope):
        if not layer.single:
            check_slices("perturbation", perturbation, layer.name)
    if type(perturbation) is NeuronRemoval and perturbation.acts_on == "neurons":
        parts = {one.name: one for one in fields(perturbation) if one.init}
        return InnerRemoval(**{part: getattr(perturbation, part) for part in parts})
    return perturbation


def check_null_model(null_model: Any, joint: Joint) -> None:
    """Refuse null models that need signs of slices, or places that groups have not.

    Raises
    ------
    InputError
        It has no meaning for a layer.
    """
    name, kept = null_model.__name__, conserved(null_model)
    if name == "none":
        return
    if (scope := scope_of(null_model)) != "per_layer":
        raise InputError(
            f"null model {name} has the scope {scope!r}, and all layers of a module "
            "are drawn; leave the scope out, and name layers instead"
        )
    check_weights("null model", null_model, joint.weight, "this module")
    for layer in joint.layers:
        if not layer.single:
            check_slices("null model", null_model, layer.name)
        if layer.groups > 1 and "topology" not in kept:
            raise InputError(
                f"null model {name} moves links anywhere, and {layer.name} has places "
                f"within its {layer.groups} groups alone; choose a null model that "
                "keeps the topology, or other layers"
            )


def defined_measures(measures: Sequence[Any], joint: Joint) -> tuple[Any, ...]:
    """Give the measures that have a value; name the others, of a stack, in a warning.

    Raises
    ------
    InputError
        A measure needs positive weights.
    """
    for measure in measures:
        check_weights("measure", measure, joint.weight, "this module")
    whole = [one for one in measures if declares(one, "needs_stack")]
    if joint.chained or not whole:
        return tuple(measures)
    warnings.warn(
        f"{', '.join(one.__name__ for one in whole)} of this module cannot be known "
        f"and is NaN: its layers do not chain, for {joint.gap}",
        UserWarning,
        stacklevel=4,
    )
    return tuple(one for one in measures if one not in whole)
