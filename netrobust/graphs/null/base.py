"""What a null model is, how it is applied, and what all of them share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from inspect import Parameter
from re import fullmatch
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from netrobust.core.errors import InputError
from netrobust.core.options import WithOptions, keywords
from netrobust.core.random_streams import generator
from netrobust.core.registry import Registry
from netrobust.graphs.damage import Links
from netrobust.graphs.labels import labelled
from netrobust.graphs.null.conserved_quantities import (
    check_quantities,
    one_layer,
    verified,
)
from netrobust.graphs.perturb.scopes import graph_scope, reaches_head
from netrobust.graphs.requirements import declares

if TYPE_CHECKING:
    from igraph import Graph

Draw = Callable[[Any, np.random.Generator], Any]
Mine = TypeVar("Mine", bound=Draw)
Layer = TypeVar("Layer", bound="Graph | Links")


def _scope(name: str, value: Any) -> str:
    known = r"per_layer|per_layer\+head|head|layer_[1-9][0-9]*"
    if not isinstance(value, str) or not fullmatch(known, value):
        raise InputError(
            f"{name} of a null model must be per_layer, per_layer+head, head or a "
            f"layer such as layer_1; got {value!r}"
        )
    return value


def _where(*, scope: Annotated[str, _scope] = "per_layer") -> str:
    """Say which layers are drawn: the option that all null models have."""
    return scope


@dataclass(frozen=True)
class NullModel(WithOptions):
    """Stand for a null model, ``(layer, rng) -> layer``, with what it declares.

    Its option `scope` says which layers are drawn, the others stay: ``per_layer``, all
    but the dense head; ``per_layer+head``, ``head``, or one such as ``layer_2``. The
    function's own keyword-only parameters are options, too.

    Attributes
    ----------
    conserves, package, takes_links, reaches_head, signed, needs_positive_weights
        As for `null_model`.

    Examples
    --------
    >>> from netrobust.graphs.null import NULL_MODELS
    >>> NULL_MODELS["shuffle_all(scope=head)"].options
    {'scope': 'head'}
    """

    kind: ClassVar[str] = "null model"

    conserves: tuple[str, ...] = ()
    package: str | None = None
    takes_links: bool = False
    reaches_head: bool = False
    signed: bool = False
    needs_positive_weights: bool = False

    def parameters(self) -> dict[str, Parameter]:
        """Give the options there are, as keyword-only parameters."""
        return super().parameters() | keywords(_where)


NULL_MODELS: Registry[NullModel] = Registry(
    "null model", NullModel, takes=("layer", "rng")
)


def null_model(
    *,
    conserves: tuple[str, ...],
    package: str | None = None,
    takes_links: bool = False,
    reaches_head: bool | None = None,
    signed: bool = False,
    needs_positive_weights: bool = False,
) -> Callable[[Mine], Mine]:
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
    takes_links : bool
        It draws from a layer's `Links`, too, and then gives `Links`: no graph is built
        for it, which takes most of the time of a draw.
    reaches_head : bool, optional
        It has a meaning for the dense head, whose links cannot move. If not given, so
        it is where the topology is conserved.
    signed : bool
        It goes by the signs of weights: refused where no weight is negative, and for
        kernel slices, which have no sign.
    needs_positive_weights : bool
        Refused where a weight is negative.

    Returns
    -------
    callable
        A decorator of ``(layer, rng) -> layer``; the function stays what it is, and
        what stands for it is found in `NULL_MODELS` under its own name.

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
    ...     drawn.es["weight"] = np.abs(layer.es["weight"]).tolist()
    ...     return drawn
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([1, 2], [0, 0], [1, 2], weight=[1, -2])
    >>> randomise(graph, "absolute", np.random.default_rng(0)).es["weight"]
    [1.0, 2.0]
    """
    check_quantities(conserves)

    return NULL_MODELS.register(
        conserves=conserves,
        takes_links=takes_links,
        reaches_head="topology" in conserves if reaches_head is None else reaches_head,
        package=package,
        signed=signed,
        needs_positive_weights=needs_positive_weights,
    )


def conserved(null_model: str | Draw) -> tuple[str, ...]:
    """Give the names of the quantities that a null model conserves.

    Examples
    --------
    >>> conserved("degree_preserving")
    ('links', 'weights', 'biases', 'degrees')
    """
    return tuple(getattr(_member(null_model), "conserves", ()))


def installed(null_model: str | Draw) -> bool:
    """Say whether the package that a null model needs, if any, is installed.

    Examples
    --------
    >>> installed("erdos_renyi")
    True
    """
    package = getattr(_member(null_model), "package", None)
    return package is None or find_spec(package) is not None


def randomise(
    graph: "Graph",
    null_model: str | Draw,
    rng: np.random.Generator | int,
    scope: str | None = None,
) -> "Graph":
    """Apply a null model to layers of a graph and verify each draw.

    Parameters
    ----------
    graph : igraph.Graph
        A single layer or a stack, the dense head among its layers or not; it stays as
        it is.
    null_model : str or callable
        A name in `NULL_MODELS`, or your own ``(layer, rng) -> layer``, whose attribute
        ``conserves``, if any, names what is verified.
    rng : numpy.random.Generator or int
        A seed makes a generator.
    scope : str, optional
        ``per_layer``, every layer of the graph, or one such as ``layer_2``; ``head`` is
        its last one. That of the null model if not given.

    Returns
    -------
    igraph.Graph
        With its links layer by layer, and the names of its neurons.

    Raises
    ------
    InputError
        If the graph breaks the graph contract, or the null model is unknown or needs
        a package that is not installed.
    NotConservedError
        If a draw breaks the graph contract, or changes what the null model conserves.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([1, 3, 1], [0, 0, 0], [1, 2, 3], [1, 2, 3])
    >>> null = randomise(graph, "shuffle_all", np.random.default_rng(0))
    >>> null.get_edgelist() == graph.get_edgelist(), null.es["weight"]
    (True, [3.0, 1.0, 2.0])
    """
    drawn = randomised(Links.of(graph), null_model, generator(rng), scope)
    return labelled(drawn.graph(), graph)


def randomised(
    links: Links,
    null_model: str | Draw,
    rng: np.random.Generator,
    scope: str | None = None,
) -> Links:
    """Draw as `randomise` does, from arrays to arrays.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([1, 3], [0, 0, 0], [1, 2, 3], [1, 2, 3])
    >>> drawn = randomised(Links.of(graph), "shuffle_all", np.random.default_rng(0))
    >>> drawn.weight
    array([3., 1., 2.], dtype=float32)
    """
    model = _member(null_model)
    conserves = conserved(model)
    check_quantities(conserves)
    takes_links = declares(model, "takes_links")
    within = graph_scope(scope or scope_of(model), len(links.sizes) - 1)
    links.within(within)  # refuses a scope that there is not
    layers = links.layers()
    for k, layer in enumerate(layers):
        if within in ("per_layer", links.scopes[k + 2]):
            after = model(layer if takes_links else layer.graph(), rng)
            layers[k] = verified(model, conserves, layer, after)
    return Links.stack(layers)


def moved(before: "Graph | Links", after: "Graph | Links") -> float:
    """Give the share of links whose place was empty before; NaN without links.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> before = from_links([2, 2], [0, 1], [2, 3], [1, 1])
    >>> after = from_links([2, 2], [0, 1], [2, 2], [1, 1])
    >>> moved(before, after)
    0.5
    """
    both = [Links.of(graph) for graph in (before, after)]
    if both[0].joins_as(both[1]):
        return 0.0 if both[1].weight.size else float("nan")
    old, new = (one.source * sum(one.sizes) + one.target for one in both)
    return float(np.mean(~np.isin(new, old))) if new.size else float("nan")


def rebuilt(
    layer: Layer, place: NDArray[np.int64], weight: NDArray[np.float32]
) -> Layer:
    """Make a layer like another one, with its links at other places.

    It is a graph if that one is a graph, and `Links` otherwise.
    """
    links = one_layer(layer)
    n_in = links.sizes[0]
    target, source = np.divmod(place, n_in)
    drawn = replace(
        links, source=source, target=target + n_in, weight=weight, attributes={}
    )
    return cast(Layer, drawn if isinstance(layer, Links) else drawn.graph())


def reweighed(layer: Layer, weight: NDArray[np.float32]) -> Layer:
    """Make a layer like another one, whose links have other weights.

    It is a graph if that one is a graph, and `Links` otherwise.
    """
    drawn = replace(one_layer(layer), weight=weight, attributes={})
    return cast(Layer, drawn if isinstance(layer, Links) else drawn.graph())


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


def scope_of(null_model: Any) -> str:
    """Give the scope of a null model: that of a plain function is ``per_layer``."""
    return str(getattr(null_model, "options", {}).get("scope", "per_layer"))


def _member(null_model: str | Draw) -> Any:
    (member,) = NULL_MODELS.members(null_model)
    return member


def check_head(null_models: Sequence[Any]) -> None:
    """Refuse, with InputError, null models whose scope is a head they have no use for.

    Examples
    --------
    >>> from netrobust.graphs.null import NULL_MODELS
    >>> check_head([NULL_MODELS["shuffle_all(scope=head)"]])
    """
    for one in null_models:
        if reaches_head(scope_of(one)) and not declares(one, "reaches_head"):
            raise InputError(
                f"{one.__name__} moves links, and the head is complete: none of its "
                "links can move; choose a null model that keeps the topology, such as "
                "shuffle_all"
            )


def check_installed(null_models: Sequence[Any]) -> None:
    """Refuse, with InputError, null models whose package is not installed."""
    for one in null_models:
        if not installed(one):
            raise InputError(
                f"null model {one.__name__} needs the package {one.package}, which is "
                "not installed; install netrobust[maxent]"
            )
