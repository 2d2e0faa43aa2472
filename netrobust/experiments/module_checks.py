"""What has a meaning for a module, and one sentence for what has none.

Data marks and probes ask networks of netrobust alone. Neurons, and paths, need a stack.
A slice of a kernel can go, fade or move as a whole: it has no sign and no single value,
so that what orders by signs, keeps them, or changes numbers one by one is refused where
slices are in reach.
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from netrobust.convert.layer_stack import Joint
from netrobust.core.errors import InputError
from netrobust.graphs.damage import Ids, Links
from netrobust.graphs.null import conserved
from netrobust.graphs.perturb import NeuronRemoval
from netrobust.graphs.perturb.scopes import asks_data, check_reach

# By name, since a member of a family says nowhere what it makes of a weight.
_SIGNED = ("strongest_positive_links", "strongest_negative_links")
_ONE_BY_ONE = ("gaussian_noise", "uniform_noise", "binarised", "quantised")
_ALONG_PATHS = ("links_by_betweenness", "links_by_path_count")

#: Measures of a whole network, which layers that do not chain have no value for.
WHOLE = ("giant_component", "reach", "paths", "modularity", "spectral_radius")


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
    joint.scope(scope)  # refuses what there is not
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
    check_reach(perturbation, scope)
    own = perturbation.function.__name__
    if not joint.chained:
        alone = f"and the layers of this module do not chain, for {joint.gap}"
        if perturbation.acts_on != "links":
            raise InputError(
                f"{name} acts on {perturbation.acts_on}, which are those of a stack, "
                f"{alone}; choose links, or some layers that chain"
            )
        if own in _ALONG_PATHS or perturbation.options.get("rescale") == "biases":
            raise InputError(
                f"{name} follows paths through a stack, {alone}; choose another "
                "perturbation, or some layers that chain"
            )
    slices = [one for one in joint.within(scope) if not one.single]
    if slices and own in (*_SIGNED, *_ONE_BY_ONE):
        why = "goes by signs" if own in _SIGNED else "changes weights one by one"
        raise InputError(
            f"{name} {why}, and a link of {slices[0].name} is a kernel slice of many "
            "numbers; choose another perturbation, or layers without kernels"
        )
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
    for layer in joint.layers:
        if not layer.single and {"signs", "signed_degrees"} & {*kept}:
            raise InputError(
                f"null model {name} keeps signs, and a link of {layer.name} is a "
                "kernel slice, which has none; choose another null model, or layers "
                "without kernels"
            )
        if layer.groups > 1 and "topology" not in kept:
            raise InputError(
                f"null model {name} moves links anywhere, and {layer.name} has places "
                f"within its {layer.groups} groups alone; choose a null model that "
                "keeps the topology, or other layers"
            )


def check_measures(measures: Sequence[Any], joint: Joint) -> None:
    """Refuse measures of a whole network where the layers do not chain.

    Raises
    ------
    InputError
        Saying where.
    """
    for measure in measures:
        if measure.__name__ in WHOLE and not joint.chained:
            raise InputError(
                f"{measure.__name__} is a measure of a stack, and the layers of this "
                f"module do not chain, for {joint.gap}; choose a measure of layers, "
                "such as density, or some layers that chain"
            )
