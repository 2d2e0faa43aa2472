"""Null models: what if only this were true of the network.

Every member of `NULL_MODELS` is ``(layer, rng) -> layer``: it draws a random layer that
shares a declared set of quantities with the one it got, and leaves that one as it was.
`randomise` applies a null model to every layer of a graph and verifies each draw.

A new null model is one function under ``@null_model(conserves=(...))``; the names it
may claim are those of `CONSERVED`. Size and depth of both sides and the graph contract
are kept by all and verified without a claim.
"""

import random
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from netrobust.errors import InputError
from netrobust.graphs import contract
from netrobust.graphs.graph import layers, stack
from netrobust.registry import Registry

if TYPE_CHECKING:
    from igraph import Graph

NullModel = Callable[["Graph", np.random.Generator], "Graph"]

NULL_MODELS: Registry[NullModel] = Registry("null model")

# igraph has one generator for the whole process.
_LENDING = Lock()


class BrokenClaimError(RuntimeError):
    """A draw of a null model changed what the null model claims to conserve."""


def _places(layer: "Graph") -> NDArray[np.int64]:
    """Give each link's place in the n_in x n_out grid, by target, then source."""
    source, target, _ = contract.links(layer)
    n_in, _ = contract.sizes(layer)
    return (target - n_in) * n_in + source


def _signs(layer: "Graph") -> NDArray[np.float64]:
    places = _places(layer)
    signs = np.sign(contract.links(layer)[2])
    return np.stack([places, signs])[:, np.argsort(places)]


#: What a null model may claim to conserve, and how the claim is verified.
CONSERVED: dict[str, Callable[["Graph"], object]] = {
    "links": lambda layer: layer.ecount(),
    "weights": lambda layer: np.sort(contract.links(layer)[2]),  # as a multiset
    "biases": contract.biases,
    "degrees": lambda layer: layer.degree(),  # of every neuron, on both sides
    "topology": lambda layer: np.sort(_places(layer)),  # which neurons are linked
    "signs": _signs,  # which neurons are linked, and the sign of each link
}


def null_model(*, conserves: tuple[str, ...]) -> Callable[[NullModel], NullModel]:
    """Register a null model with the quantities that each of its draws conserves."""
    _check_claims(conserves)

    def register(model: NullModel) -> NullModel:
        model.conserves = conserves  # type: ignore[attr-defined]
        return NULL_MODELS.register(model)

    return register


def _check_claims(quantities: tuple[str, ...]) -> None:
    for quantity in quantities:
        if quantity not in CONSERVED:
            raise InputError(
                f"unknown quantity {quantity!r}; choose from: {', '.join(CONSERVED)}"
            )


def _rebuilt(
    layer: "Graph", places: NDArray[np.int64], weight: NDArray[np.float32]
) -> "Graph":
    """Build a layer like another one, with its links at other places."""
    n_in, n_out = contract.sizes(layer)
    target, source = np.divmod(places, n_in)
    return contract.from_links(
        (n_in, n_out),
        source,
        target + n_in,
        weight,
        contract.biases(layer),
        contract.first_depth(layer),
    )


@null_model(conserves=tuple(CONSERVED))
def none(layer: "Graph", rng: np.random.Generator) -> "Graph":
    """Keep the layer as it is: the reference among the null models."""
    return layer.copy()


@null_model(conserves=("links", "weights", "biases", "degrees", "topology"))
def shuffle_all(layer: "Graph", rng: np.random.Generator) -> "Graph":
    """Permute all weights of the layer over its links (type A).

    After Jankowski et al. (2025), https://doi.org/10.48550/arXiv.2508.05463
    """
    weight = contract.links(layer)[2]
    return _rebuilt(layer, _places(layer), rng.permutation(weight))


@null_model(conserves=tuple(CONSERVED))
def shuffle_by_sign(layer: "Graph", rng: np.random.Generator) -> "Graph":
    """Permute positive and negative weights separately; zeros stay (type B).

    After Jankowski et al. (2025), https://doi.org/10.48550/arXiv.2508.05463
    """
    weight = contract.links(layer)[2]
    for same_sign in (weight > 0, weight < 0):
        weight[same_sign] = rng.permutation(weight[same_sign])
    return _rebuilt(layer, _places(layer), weight)


@null_model(conserves=("links", "weights", "biases", "degrees"))
def degree_preserving(layer: "Graph", rng: np.random.Generator) -> "Graph":
    """Rewire by link swaps that keep every degree, and deal the weights at random.

    Ten swaps are tried for each link, on the directed layer: a swap then exchanges the
    targets of two links, and both sides stay what they are. On an undirected layer half
    of the links would end within one side.

    After Maslov and Sneppen (2002), https://doi.org/10.1126/science.1065103
    """
    import igraph  # loads here because `netrobust list` imports this module

    rewired = layer.copy()
    lent = random.Random(int(rng.integers(2**63)))
    # Where every swap succeeds an even number of them reaches only half of the
    # layers, the even permutations; a coin decides on one more.
    trials = 10 * layer.ecount() + int(rng.integers(2))
    with _LENDING:
        igraph.set_random_number_generator(lent)
        try:
            rewired.rewire(trials)
        finally:
            igraph.set_random_number_generator(random)
    rewired.es["weight"] = layer.es["weight"]  # rewiring drops it
    weight = rng.permutation(contract.links(layer)[2])
    return _rebuilt(layer, np.sort(_places(rewired)), weight)


@null_model(conserves=("links", "weights", "biases"))
def erdos_renyi(layer: "Graph", rng: np.random.Generator) -> "Graph":
    """Draw as many links at uniformly random places, and deal the weights at random.

    The ensemble with a fixed number of links of Erdos and Renyi (1959),
    https://doi.org/10.5486/PMD.1959.6.3-4.12
    """
    n_in, n_out = contract.sizes(layer)
    places = _choose(n_in * n_out, layer.ecount(), rng)
    return _rebuilt(layer, places, rng.permutation(contract.links(layer)[2]))


def _choose(n: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Choose `count` of n places uniformly, in memory of the order of `count`.

    Drawing again for whatever repeats an earlier place treats all places alike, so
    every set of `count` places is equally likely.
    """
    if 2 * count > n:
        return np.sort(rng.permutation(n)[:count])
    chosen = np.unique(rng.integers(n, size=count))
    while (missing := count - len(chosen)) > 0:
        chosen = np.union1d(chosen, rng.integers(n, size=missing))
    return chosen


def randomise(
    graph: "Graph", null_model: str | NullModel, rng: np.random.Generator
) -> "Graph":
    """Apply a null model to every layer of a graph and verify each draw.

    Parameters
    ----------
    graph : igraph.Graph
        A single layer or a stack; it stays as it is.
    null_model : str or callable
        A name in `NULL_MODELS`, or your own ``(layer, rng) -> layer``, whose claims,
        if any, are the names in its attribute ``conserves``.
    rng : numpy.random.Generator

    Raises
    ------
    BrokenClaimError
        If a draw breaks the graph contract or a claim of the null model.

    Examples
    --------
    >>> graph = contract.from_links([1, 3, 1], [0, 0, 0], [1, 2, 3], [1, 2, 3])
    >>> null = randomise(graph, "shuffle_all", np.random.default_rng(0))
    >>> null.get_edgelist() == graph.get_edgelist(), null.es["weight"]
    (True, [3.0, 1.0, 2.0])
    """
    model = NULL_MODELS[null_model] if isinstance(null_model, str) else null_model
    _check_claims(getattr(model, "conserves", ()))
    drawn = []
    for layer in layers(contract.check(graph)):
        # The copy makes a null model that works in place visible to the comparison.
        drawn.append(_verified(model, layer, model(layer.copy(), rng)))
    return stack(drawn)


def _verified(model: NullModel, before: "Graph", after: "Graph") -> "Graph":
    """Return a draw if it keeps the contract and every claim of its null model."""
    name = getattr(model, "__name__", repr(model))
    try:
        contract.check(after)
    except InputError as error:
        message = f"null model {name} drew no valid layer: {error}"
        raise BrokenClaimError(message) from error
    if before.vs["depth"] != after.vs["depth"]:
        raise BrokenClaimError(f"null model {name} changed the sides of the layer")
    for quantity in getattr(model, "conserves", ()):
        value = CONSERVED[quantity]
        if not np.array_equal(value(before), value(after)):  # type: ignore[arg-type]
            raise BrokenClaimError(
                f"null model {name} claims to conserve {quantity}, but a draw of it "
                "does not"
            )
    return after


def moved(before: "Graph", after: "Graph") -> float:
    """Give the share of links whose place was empty before; NaN without links.

    Examples
    --------
    >>> before = contract.from_links([2, 2], [0, 1], [2, 3], [1, 1])
    >>> after = contract.from_links([2, 2], [0, 1], [2, 2], [1, 1])
    >>> moved(before, after)
    0.5
    """
    old, new = set(before.get_edgelist()), set(after.get_edgelist())
    return len(new - old) / len(new) if new else float("nan")
