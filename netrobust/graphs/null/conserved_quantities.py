"""What a null model may conserve, and how each of its draws is verified."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netrobust.core.errors import InputError
from netrobust.graphs import contract
from netrobust.graphs.damage import Links

if TYPE_CHECKING:
    from igraph import Graph


class NotConservedError(RuntimeError):
    """A draw of a null model changed what the null model says that it conserves."""


def one_layer(layer: "Graph | Links") -> Links:
    """Read a single layer, whose sizes are the neurons on both sides.

    Raises
    ------
    InputError
        It is a stack, or breaks the graph contract.
    """
    links = Links.of(layer)
    if len(links.sizes) > 2:
        raise InputError(
            f"a null model draws a single layer; got a stack of {len(links.sizes) - 1}:"
            " draw all of them with randomise"
        )
    return links


def places(layer: "Graph | Links") -> NDArray[np.int64]:
    """Give each link's place in the n_in x n_out grid, by target, then source."""
    links = one_layer(layer)
    n_in = links.sizes[0]
    return (links.target - n_in) * n_in + links.source


def _degrees(layer: "Graph | Links") -> NDArray[np.int64]:
    """Count the links of every neuron, on both sides."""
    links = Links.of(layer)
    ends = np.concatenate([links.source, links.target])
    return np.bincount(ends, minlength=sum(links.sizes))


def _signs(layer: "Graph | Links") -> NDArray[np.float64]:
    links = one_layer(layer)
    place = places(links)
    return np.stack([place, np.sign(links.weight)])[:, np.argsort(place)]


def _signed_degrees(layer: "Graph | Links") -> NDArray[np.int64]:
    """Count the positive and the negative links of every neuron, on both sides."""
    links = Links.of(layer)
    ends = np.concatenate([links.source, links.target])
    sign = np.tile(np.sign(links.weight), 2)
    count = sum(links.sizes)
    return np.stack([np.bincount(ends[sign == s], minlength=count) for s in (1, -1)])


def _strengths(end: str) -> Callable[["Graph | Links"], NDArray[Any]]:
    """Sort the weights of each neuron at one end; no sums, which are rounded."""

    def weights(layer: "Graph | Links") -> NDArray[Any]:
        links = Links.of(layer)
        neuron = getattr(links, end)
        order = np.lexsort((links.weight, neuron))
        return np.stack([neuron, links.weight])[:, order]

    return weights


#: What a null model may conserve, and how that is verified.
CONSERVED: dict[str, Callable[["Graph | Links"], Any]] = {
    "links": lambda layer: len(Links.of(layer).weight),
    "weights": lambda layer: np.sort(Links.of(layer).weight),  # as a multiset
    "biases": lambda layer: Links.of(layer).bias,
    "degrees": _degrees,  # of every neuron, on both sides
    "topology": lambda layer: np.sort(places(layer)),  # which neurons are linked
    "signs": _signs,  # which neurons are linked, and the sign of each link
    "signed_degrees": _signed_degrees,  # k+ and k- of every neuron
    "out_strengths": _strengths("source"),  # which weights leave each source
    "in_strengths": _strengths("target"),  # which weights reach each target
}


#: Those that are known to stay where the links join the same neurons.
_OF_ENDS = {"links", "degrees", "topology"}


def check_quantities(quantities: tuple[str, ...]) -> None:
    """Refuse the name of a quantity that is none of `CONSERVED`."""
    for quantity in quantities:
        if quantity not in CONSERVED:
            raise InputError(
                f"unknown quantity {quantity!r}; choose from: {', '.join(CONSERVED)}"
            )


def verified(
    model: object, conserves: tuple[str, ...], before: Links, after: "Graph | Links"
) -> Links:
    """Return a draw if it keeps the contract and all that its null model conserves.

    Raises
    ------
    NotConservedError
        If it does not.
    """
    name = getattr(model, "__name__", repr(model))
    try:
        drawn = _valid(after, before) if isinstance(after, Links) else Links.of(after)
    except InputError as error:
        message = f"null model {name} drew no valid layer: {error}"
        raise NotConservedError(message) from error
    if (before.sizes, before.first_depth) != (drawn.sizes, drawn.first_depth):
        raise NotConservedError(f"null model {name} changed the sides of the layer")
    told = _OF_ENDS if before.joins_as(drawn) else set()
    for quantity in conserves:
        if quantity in told:
            continue
        value = CONSERVED[quantity]
        if not np.array_equal(value(before), value(drawn)):
            raise NotConservedError(
                f"null model {name} says that it conserves {quantity}, but a draw of "
                "it does not"
            )
    return drawn


def _valid(layer: Links, before: Links) -> Links:
    """Return arrays that keep the graph contract, as `contract.check` does graphs.

    Where links join what they did before, their ends are known to keep it.
    """
    depth = np.repeat(np.arange(len(layer.sizes)) + layer.first_depth, layer.sizes)
    contract.check_biases(depth, contract.float32("bias", layer.bias))
    contract.float32("weight", layer.weight)
    if not len(layer.source) == len(layer.target) == len(layer.weight):
        raise InputError("source, target and weight must be equally long")
    if before.sizes == layer.sizes and before.joins_as(layer):
        return layer
    contract.check_links(depth, layer.source, layer.target)
    place = np.sort(layer.target * len(depth) + layer.source)
    if (place[1:] == place[:-1]).any():
        raise InputError("no two links may be parallel")
    return layer
