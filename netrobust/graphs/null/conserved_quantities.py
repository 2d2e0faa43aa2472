"""What a null model may claim to conserve, and how each of its draws is verified."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netrobust.core.errors import InputError
from netrobust.graphs import contract

if TYPE_CHECKING:
    from igraph import Graph


class BrokenClaimError(RuntimeError):
    """A draw of a null model changed what the null model claims to conserve."""


def sides(layer: "Graph") -> tuple[int, int]:
    """Give the numbers of neurons on both sides of a single layer.

    Raises
    ------
    InputError
        If it is a stack, or breaks the graph contract.
    """
    counts = contract.sizes(layer)
    if len(counts) > 2:
        raise InputError(
            f"a null model draws a single layer; got a stack of {len(counts) - 1}: "
            "draw all of them with randomise"
        )
    return counts[0], counts[1]


def places(layer: "Graph") -> NDArray[np.int64]:
    """Give each link's place in the n_in x n_out grid, by target, then source."""
    source, target, _ = contract.links(layer)
    n_in, _ = sides(layer)
    return (target - n_in) * n_in + source


def _signs(layer: "Graph") -> NDArray[np.float64]:
    place = places(layer)
    signs = np.sign(contract.links(layer)[2])
    return np.stack([place, signs])[:, np.argsort(place)]


def _signed_degrees(layer: "Graph") -> NDArray[np.int64]:
    """Count the positive and the negative links of every neuron, on both sides."""
    source, target, weight = contract.links(layer)
    ends = np.concatenate([source, target])
    sign = np.tile(np.sign(weight), 2)
    count = layer.vcount()
    return np.stack([np.bincount(ends[sign == s], minlength=count) for s in (1, -1)])


def _strengths(end: int) -> Callable[["Graph"], NDArray[Any]]:
    """Sort the weights of each neuron at one end; no sums, which are rounded."""

    def weights(layer: "Graph") -> NDArray[Any]:
        parts = contract.links(layer)
        order = np.lexsort((parts[2], parts[end]))
        return np.stack([parts[end], parts[2]])[:, order]

    return weights


#: What a null model may claim to conserve, and how the claim is verified.
CONSERVED: dict[str, Callable[["Graph"], object]] = {
    "links": lambda layer: layer.ecount(),
    "weights": lambda layer: np.sort(contract.links(layer)[2]),  # as a multiset
    "biases": contract.biases,
    "degrees": lambda layer: layer.degree(),  # of every neuron, on both sides
    "topology": lambda layer: np.sort(places(layer)),  # which neurons are linked
    "signs": _signs,  # which neurons are linked, and the sign of each link
    "signed_degrees": _signed_degrees,  # k+ and k- of every neuron
    "out_strengths": _strengths(0),  # which weights leave each source
    "in_strengths": _strengths(1),  # which weights reach each target
}


def check_claims(quantities: tuple[str, ...]) -> None:
    """Refuse the name of a quantity that is none of `CONSERVED`."""
    for quantity in quantities:
        if quantity not in CONSERVED:
            raise InputError(
                f"unknown quantity {quantity!r}; choose from: {', '.join(CONSERVED)}"
            )


def verified(
    model: object, claims: tuple[str, ...], before: "Graph", after: "Graph"
) -> "Graph":
    """Return a draw if it keeps the contract and every claim of its null model.

    Raises
    ------
    BrokenClaimError
        If it does not.
    """
    name = getattr(model, "__name__", repr(model))
    try:
        contract.check(after)
    except InputError as error:
        message = f"null model {name} drew no valid layer: {error}"
        raise BrokenClaimError(message) from error
    if before.vs["depth"] != after.vs["depth"]:
        raise BrokenClaimError(f"null model {name} changed the sides of the layer")
    for quantity in claims:
        value = CONSERVED[quantity]
        if not np.array_equal(value(before), value(after)):  # type: ignore[arg-type]
            raise BrokenClaimError(
                f"null model {name} claims to conserve {quantity}, but a draw of it "
                "does not"
            )
    return after
