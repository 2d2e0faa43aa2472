"""What a null model is, how it is applied, and what all of them share."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netrobust.core.errors import InputError
from netrobust.core.registry import Registry
from netrobust.graphs import contract
from netrobust.graphs.graph import layers, stack
from netrobust.graphs.null.conserved_quantities import check_claims, sides, verified

if TYPE_CHECKING:
    from igraph import Graph

NullModel = Callable[["Graph", np.random.Generator], "Graph"]

NULL_MODELS: Registry[NullModel] = Registry(
    "null model",
    declares={
        "conserves": (),
        "package": None,
        "signed": False,
        "needs_positive_weights": False,
    },
)


def null_model(
    *,
    conserves: tuple[str, ...],
    package: str | None = None,
    signed: bool = False,
    needs_positive_weights: bool = False,
) -> Callable[[NullModel], NullModel]:
    """Register a null model with the quantities that each of its draws conserves.

    Parameters
    ----------
    conserves : tuple of str
        Names of `CONSERVED`: "links" (their number), "weights" (as a multiset),
        "biases", "degrees" (of every neuron), "topology" (which neurons are linked),
        "signs" (that, and the sign of each link), "signed_degrees" (positive and
        negative links of every neuron), and "out_strengths" and "in_strengths" (which
        weights leave every source and reach every target).
    package : str, optional
        What must be installed beside the dependencies of netrobust; see `installed`.
    signed : bool
        It goes by the signs of weights: refused where no weight is negative, and for
        kernel slices, which have no sign.
    needs_positive_weights : bool
        Refused where a weight is negative.

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

    return NULL_MODELS.register(
        conserves=conserves,
        package=package,
        signed=signed,
        needs_positive_weights=needs_positive_weights,
    )


def conserved(null_model: str | NullModel) -> tuple[str, ...]:
    """Give the names of the quantities that a null model claims to conserve.

    Examples
    --------
    >>> conserved("degree_preserving")
    ('links', 'weights', 'biases', 'degrees')
    """
    return tuple(getattr(_member(null_model), "conserves", ()))


def installed(null_model: str | NullModel) -> bool:
    """Say whether the package that a null model needs, if any, is installed.

    Examples
    --------
    >>> installed("erdos_renyi")
    True
    """
    package = getattr(_member(null_model), "package", None)
    return package is None or find_spec(package) is not None


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
        If the graph breaks the graph contract, or the null model is unknown or needs
        a package that is not installed.
    BrokenClaimError
        If a draw breaks the graph contract or a claim of the null model.

    Examples
    --------
    >>> graph = contract.from_links([1, 3, 1], [0, 0, 0], [1, 2, 3], [1, 2, 3])
    >>> null = randomise(graph, "shuffle_all", np.random.default_rng(0))
    >>> null.get_edgelist() == graph.get_edgelist(), null.es["weight"]
    (True, [3.0, 1.0, 2.0])
    """
    model = _member(null_model)
    claims = conserved(model)
    check_claims(claims)
    drawn = []
    for layer in layers(graph):
        # The copy makes a null model that works in place visible to the comparison.
        drawn.append(verified(model, claims, layer, model(layer.copy(), rng)))
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


def rebuilt(
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


def dealt(
    weight: NDArray[np.float32],
    held: NDArray[Any],
    wanted: NDArray[Any],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Deal weights at random to links, each to a link of its own group.

    Parameters
    ----------
    weight : ndarray of float32, shape (links,)
    held, wanted : ndarray, shape (links,)
        Group of each weight and of each link: the same groups, equally large.
    """
    mixed = rng.permutation(len(weight))
    mixed = mixed[np.argsort(held[mixed], kind="stable")]
    hand = np.empty_like(weight)
    hand[np.argsort(wanted, kind="stable")] = weight[mixed]
    return hand


def _member(null_model: str | NullModel) -> NullModel:
    return NULL_MODELS[null_model] if isinstance(null_model, str) else null_model


def check_installed(null_models: Sequence[Any]) -> None:
    """Refuse, with InputError, null models whose package is not installed."""
    for one in null_models:
        if not installed(one):
            raise InputError(
                f"null model {one.__name__} needs the package {one.package}, which is "
                "not installed; install netrobust[maxent]"
            )
