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

from netrobust.graphs import contract
from netrobust.graphs.claims import CONSERVED, check_claims, places, sides, verified
from netrobust.graphs.graph import layers, stack
from netrobust.registry import Registry

if TYPE_CHECKING:
    from igraph import Graph

NullModel = Callable[["Graph", np.random.Generator], "Graph"]

NULL_MODELS: Registry[NullModel] = Registry("null model")

# igraph has one generator for the whole process.
_LENDING = Lock()


def null_model(*, conserves: tuple[str, ...]) -> Callable[[NullModel], NullModel]:
    """Register a null model with the quantities that each of its draws conserves.

    Parameters
    ----------
    conserves : tuple of str
        Names of `CONSERVED`: "links" (their number), "weights" (as a multiset),
        "biases", "degrees" (of every neuron), "topology" (which neurons are linked)
        and "signs" (that, and the sign of each link).

    Returns
    -------
    callable
        A decorator of ``(layer, rng) -> layer``; the function stays what it is and is
        found in `NULL_MODELS` under its own name.

    Raises
    ------
    InputError
        A quantity is unknown, or another null model has the name.

    Examples
    --------
    >>> @null_model(conserves=("links", "biases", "topology"))
    ... def absolute(layer, rng):
    ...     "Make all weights positive."
    ...     drawn = layer.copy()
    ...     drawn.es["weight"] = np.abs(contract.weights(layer)).tolist()
    ...     return drawn
    >>> graph = contract.from_links([1, 2], [0, 0], [1, 2], weight=[1, -2])
    >>> randomise(graph, "absolute", np.random.default_rng(0)).es["weight"]
    [1.0, 2.0]
    """
    check_claims(conserves)

    def register(model: NullModel) -> NullModel:
        model.conserves = conserves  # type: ignore[attr-defined]
        return NULL_MODELS.register(model)

    return register


def conserved(null_model: str | NullModel) -> tuple[str, ...]:
    """Give the names of the quantities that a null model claims to conserve.

    Examples
    --------
    >>> conserved("degree_preserving")
    ('links', 'weights', 'biases', 'degrees')
    """
    model = NULL_MODELS[null_model] if isinstance(null_model, str) else null_model
    return tuple(getattr(model, "conserves", ()))


def _rebuilt(
    layer: "Graph", place: NDArray[np.int64], weight: NDArray[np.float32]
) -> "Graph":
    """Build a layer like another one, with its links at other places."""
    n_in, n_out = sides(layer)
    target, source = np.divmod(place, n_in)
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
    return contract.directed(layer).copy()


@null_model(conserves=("links", "weights", "biases", "degrees", "topology"))
def shuffle_all(layer: "Graph", rng: np.random.Generator) -> "Graph":
    """Permute all weights of the layer over its links (type A).

    After Jankowski et al. (2025), https://doi.org/10.48550/arXiv.2508.05463
    """
    weight = contract.weights(layer)
    return _rebuilt(layer, places(layer), rng.permutation(weight))


@null_model(conserves=tuple(CONSERVED))
def shuffle_by_sign(layer: "Graph", rng: np.random.Generator) -> "Graph":
    """Permute positive and negative weights separately; zeros stay (type B).

    After Jankowski et al. (2025), https://doi.org/10.48550/arXiv.2508.05463
    """
    weight = contract.weights(layer)
    for same_sign in (weight > 0, weight < 0):
        weight[same_sign] = rng.permutation(weight[same_sign])
    return _rebuilt(layer, places(layer), weight)


@null_model(conserves=("links", "weights", "biases", "degrees"))
def degree_preserving(layer: "Graph", rng: np.random.Generator) -> "Graph":
    """Rewire by link swaps that keep every degree, and deal the weights at random.

    Ten swaps are tried for each link, on the directed layer: a swap then exchanges the
    targets of two links, and both sides stay what they are. On an undirected layer half
    of the links would end within one side.

    After Maslov and Sneppen (2002), https://doi.org/10.1126/science.1065103
    """
    import igraph  # loads here because `netrobust list` imports this module

    sides(layer)
    weight = contract.weights(layer)
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
    return _rebuilt(layer, np.sort(places(rewired)), rng.permutation(weight))


@null_model(conserves=("links", "weights", "biases"))
def erdos_renyi(layer: "Graph", rng: np.random.Generator) -> "Graph":
    """Draw as many links at uniformly random places, and deal the weights at random.

    The ensemble with a fixed number of links of Erdos and Renyi (1959),
    https://doi.org/10.5486/PMD.1959.6.3-4.12
    """
    n_in, n_out = sides(layer)
    free = _choose(n_in * n_out, layer.ecount(), rng)
    return _rebuilt(layer, free, rng.permutation(contract.weights(layer)))


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

    Returns
    -------
    igraph.Graph
        With its links layer by layer.

    Raises
    ------
    InputError
        If the graph breaks the graph contract, or the null model is unknown.
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
    check_claims(conserved(model))
    drawn = []
    for layer in layers(graph):
        # The copy makes a null model that works in place visible to the comparison.
        draw = model(layer.copy(), rng)
        drawn.append(verified(model, conserved(model), layer, draw))
    return stack(drawn)


def moved(before: "Graph", after: "Graph") -> float:
    """Give the share of links whose place was empty before; NaN without links.

    Examples
    --------
    >>> before = contract.from_links([2, 2], [0, 1], [2, 3], [1, 1])
    >>> after = contract.from_links([2, 2], [0, 1], [2, 2], [1, 1])
    >>> moved(before, after)
    0.5
    """
    ends = [contract.links(graph)[:2] for graph in (before, after)]
    old, new = (source * before.vcount() + target for source, target in ends)
    return float(np.mean(~np.isin(new, old))) if new.size else float("nan")
