"""What a removal is: an order of links, or of neurons, cut at fractions.

With a neuron go all links that touch it, and its bias becomes 0, so that it is silent
towards the head too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import Parameter
from typing import Annotated, Any, TypeVar, Unpack, overload

import numpy as np

from netrobust.core.errors import InputError
from netrobust.core.options import keywords
from netrobust.core.settings import choice
from netrobust.graphs.damage import Damage, Ids, Links
from netrobust.graphs.perturb.base import (
    ORDERS,
    PERTURBATIONS,
    Mask,
    Order,
    Ranked,
    Traits,
    complete,
    narrow,
    one_of,
)

Mine = TypeVar("Mine", bound=Order)


@dataclass(frozen=True)
class Removal(Ranked):
    """Remove a fraction of the links, in the order that a function gives.

    It bears the name and the first line of its order.

    Parameters
    ----------
    function : callable
        ``(graph, rng) -> link ids``, every link once, first to go first. Its
        keyword-only parameters are options of the removal.

    Notes
    -----
    The option ``rescale`` says what becomes of the rest. ``none``: nothing.
    ``weights``: the surviving weights of each layer are divided by p, the share of its
    links that is kept, which keeps the mean input of every neuron under random
    removal. ``biases``: weights stay, and biases at depth l are multiplied by the
    shares kept in layers 1 to l. Without that the mean signal fades against the
    biases; with it, since ReLU is homogeneous, signal and bias fade together.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([2, 2], [0, 1, 0, 1], [2, 2, 3, 3], [1, 2, 3, 4])
    >>> doubled = PERTURBATIONS["random_links(rescale=weights)"]
    >>> doubled(graph, np.random.default_rng(0), 0.5).weight
    array([4., 8.], dtype=float32)
    """

    def parameters(self) -> dict[str, Parameter]:
        """Give the options there are, as keyword-only parameters."""
        return super().parameters() | keywords(_rest)

    @property
    def follows_paths(self) -> bool:
        """Whether it needs layers that chain: biases are rescaled along paths."""
        return super().follows_paths or self.options["rescale"] == "biases"

    def groups(self, links: Links, scope: str) -> tuple[Ids, Ids]:
        """Sort the links into the groups of a scope."""
        return links.within(scope)

    def ranking(self, links: Links, gone: Mask, rng: np.random.Generator) -> Ids:
        """Rank the links that are left, first to go first."""
        what = f"order {self.function.__name__}"
        options = self.set_for(self.function)
        if not gone.any():
            order = self.function(links, rng, **options)
            return complete(order, len(gone), "links", what)
        kept = np.flatnonzero(~gone)
        order = self.function(links.left(Damage(kept)), rng, **options)
        return kept[complete(order, kept.size, "links", what)]

    def damage(self, links: Links, gone: Mask) -> Damage:
        """Say which links stay, and what becomes of them."""
        return _rest(links, np.flatnonzero(~gone), **self.set_for(_rest))


def _rest(
    links: Links,
    kept: Ids,
    *,
    rescale: Annotated[str, one_of(allowed=("none", "weights", "biases"))] = "none",
) -> Damage:
    """Keep some links, and make good for the others in weights or biases."""
    if rescale == "none" or kept.size == len(links.weight):
        return Damage(kept)
    layers = len(links.sizes) - 1
    before = np.bincount(links.layer, minlength=layers)
    after = np.bincount(links.layer[kept], minlength=layers)
    share = np.divide(after, before, out=np.ones(layers), where=before > 0)
    if rescale == "weights":
        return Damage(
            kept, weight=narrow(links.weight[kept] / share[links.layer[kept]])
        )
    signal = np.cumprod(np.append(1.0, share))  # at each depth
    bias = narrow(links.bias * np.repeat(signal, links.sizes))
    return Damage(kept, bias=bias[len(bias) - links.hidden :])


@dataclass(frozen=True)
class NeuronRemoval(Ranked):
    """Remove a fraction of the neurons, in the order that a function gives.

    The scope ``per_layer`` takes the same fraction from the neurons of every depth from
    1 on, ``global`` ranks them all together, ``layer_2`` takes those at depth 2. Pixels
    are one depth, so for them the first two are the same, and there are no others.

    Parameters
    ----------
    function : callable
        ``(graph, rng) -> neuron ids``, every neuron of the graph once, first to go
        first; those that cannot go are passed over. Its keyword-only parameters are
        options of the removal.
    acts_on : str
        ``neurons`` or ``pixels``.
    name : str
        Of the removal, where it is not that of the function: one order may serve for
        both kinds, and ``{neurons}`` in its docstring stands for either.
    """

    acts_on: str = "neurons"
    name: str = ""

    def called(self) -> str:
        """Give the name of the removal, without its options."""
        return self.name or super().called()

    def described(self) -> str | None:
        """Give the docstring of the order, for what is removed."""
        what = "hidden neurons" if self.acts_on == "neurons" else "pixels"
        return (super().described() or "").replace("{neurons}", what) or None

    def groups(self, links: Links, scope: str) -> tuple[Ids, Ids]:
        """Sort the neurons by depth; those that cannot go are of no size."""
        depth = np.repeat(np.arange(len(links.sizes)), links.sizes) + links.first_depth
        if self.acts_on == "pixels":
            if links.first_depth > 0:
                raise InputError(
                    f"{self.__name__} removes pixels, and this graph starts at depth "
                    f"{links.first_depth}; take a graph that starts at 0"
                )
            _check(scope, ("per_layer", "global"), "pixels")
            return depth, np.array([links.sizes[0], *[0] * (len(links.sizes) - 1)])
        depths = range(max(links.first_depth, 1), depth[-1] + 1)
        layers = [f"layer_{one}" for one in depths]
        _check(scope, ("per_layer", "global", *layers), "neurons")
        if scope == "global":
            return np.minimum(depth, 1), np.array([0, links.hidden])
        size = np.bincount(depth)
        chosen = depths if scope == "per_layer" else [depths[layers.index(scope)]]
        return depth, np.where(np.isin(np.arange(len(size)), chosen), size, 0)

    def ranking(self, links: Links, gone: Mask, rng: np.random.Generator) -> Ids:
        """Rank the neurons that are left, first to go first."""
        left = links.left(self.damage(links, gone)) if gone.any() else links
        order = self.function(left, rng, **self.set_for(self.function))
        what = f"order {self.function.__name__}"
        ids = complete(order, len(gone), "neurons", what)
        return ids[~gone[ids]]

    def damage(self, links: Links, gone: Mask) -> Damage:
        """Say which links stay, and silence the neurons that are gone."""
        kept = np.flatnonzero(~(gone[links.source] | gone[links.target]))
        if self.acts_on == "pixels" or not gone.any():
            return Damage(kept)
        bias = np.where(gone, np.float32(0), links.bias)
        return Damage(kept, bias=bias[len(bias) - links.hidden :])


def _check(scope: str, known: tuple[str, ...], what: str) -> None:
    if scope not in known:
        raise InputError(
            f"unknown scope {scope!r} of {what}; choose from: {', '.join(known)}"
        )


@overload
def removal(order: Mine, /) -> Mine: ...


@overload
def removal(
    *, recomputes: bool = False, **traits: Unpack[Traits]
) -> Callable[[Mine], Mine]: ...


def removal(
    order: Any = None, /, *, recomputes: bool = False, **traits: Unpack[Traits]
) -> Any:
    """Register an order, and the removal by it, under the name of the function.

    The function stays what it is, in `ORDERS` too; ``PERTURBATIONS[name]`` is the
    removal.

    Parameters
    ----------
    order : callable
        ``(graph, rng) -> link ids``, every link once, first to go first. The graph is
        an `igraph.Graph` or its `Links`, and `Links.of` makes the latter of both. Its
        keyword-only parameters are options of the removal.
    recomputes : bool
        Offer the option `recompute`, to rank what is left again at every fraction.
    needs, signed, needs_stack, needs_positive_weights, reaches_head
        What it needs, as in `Traits`: it is refused where that is missing.

    Returns
    -------
    callable
        The order.

    Raises
    ------
    InputError
        Another function has the name, or an option has no default.

    Examples
    --------
    >>> @removal
    ... def last_links(graph, rng):
    ...     "Remove the last links first."
    ...     return np.arange(len(Links.of(graph).weight))[::-1]
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([2, 2], [0, 1, 0, 1], [2, 2, 3, 3], [1, 2, 3, 4])
    >>> PERTURBATIONS["last_links"](graph, np.random.default_rng(0), 0.25).kept
    array([0, 1, 2])
    >>> ORDERS["last_links"] is last_links
    True
    >>> "last_links(rescale=weights)" in PERTURBATIONS
    True
    """

    def registered(order: Mine) -> Mine:
        PERTURBATIONS.add(Removal(order, recomputes=recomputes, **traits))
        return ORDERS.register(order)

    return registered if order is None else registered(order)


@overload
def neuron_removal(order: Mine, /) -> Mine: ...


@overload
def neuron_removal(
    *,
    acts_on: str = "neurons",
    name: str = "",
    recomputes: bool = False,
    **traits: Unpack[Traits],
) -> Callable[[Mine], Mine]: ...


def neuron_removal(
    order: Any = None,
    /,
    *,
    acts_on: str = "neurons",
    name: str = "",
    recomputes: bool = False,
    **traits: Unpack[Traits],
) -> Any:
    """Register the removal of hidden neurons, or of pixels, in an order.

    Parameters
    ----------
    order : callable
        ``(graph, rng) -> neuron ids``, every neuron of the graph once, first to go
        first; those that cannot go are passed over.
    acts_on : str
        ``neurons``, those at depth 1 and on, or ``pixels``, those at depth 0.
    name : str
        Of the removal; that of the function if not given.
    recomputes, needs, signed, needs_positive_weights
        As for `removal`.

    Returns
    -------
    callable
        The order; ``PERTURBATIONS[name]`` is the removal.

    Raises
    ------
    InputError
        Another function has the name, an option has no default, or there is nothing
        such as `acts_on`.

    Examples
    --------
    >>> @neuron_removal
    ... def last_neurons(graph, rng):
    ...     "Remove the last neurons first."
    ...     return np.arange(sum(Links.of(graph).sizes))[::-1]
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([2, 2], [0, 1, 0], [2, 2, 3], [1, 2, 3], [0, 0, 0.5, 0.5])
    >>> PERTURBATIONS["last_neurons"](graph, np.random.default_rng(0), 0.5)
    Damage(kept=array([0, 1]), weight=None, bias=array([0.5, 0. ], dtype=float32))
    """
    choice("acts_on", acts_on, ("neurons", "pixels"))

    def registered(order: Mine) -> Mine:
        made = NeuronRemoval(
            order, acts_on=acts_on, name=name, recomputes=recomputes, **traits
        )
        PERTURBATIONS.add(made)
        return order

    return registered if order is None else registered(order)
