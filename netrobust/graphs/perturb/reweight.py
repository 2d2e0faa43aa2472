"""What a change of weights is: links stay, and a chosen share weighs something else.

The chosen links are nested in the fraction. What they would weigh is asked with an
equally seeded generator for every fraction, so that a member which draws for all links
at once gives a link the same weight at every fraction from its own on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

import numpy as np

from netrobust.core.errors import InputError
from netrobust.graphs.damage import Damage, Ids, Links
from netrobust.graphs.perturb.base import (
    PERTURBATIONS,
    Mask,
    Order,
    Perturbation,
    Traits,
    complete,
    narrow,
    places,
    shares,
)

if TYPE_CHECKING:
    from igraph import Graph

C = TypeVar("C", bound=Callable[..., Any])


def _at_random(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    return rng.permutation(len(Links.of(graph).weight))


@dataclass(frozen=True)
class Reweighting(Perturbation):
    """Change the weights of a fraction of the links; all links stay.

    Parameters
    ----------
    function : callable
        ``(graph, rng, chosen) -> weights``, one for every link, of which those of the
        chosen links are taken. Weights beyond float32 become its largest number. Its
        keyword-only parameters are options of the change.
    order : callable
        ``(graph, rng) -> link ids``: which links are chosen first; at random if not
        given.
    """

    order: Order = _at_random

    def curve(
        self,
        graph: "Graph | Links",
        rng: np.random.Generator,
        fractions: Sequence[float],
        scope: str = "per_layer",
    ) -> list[Damage]:
        """Give the damage at many fractions, each on top of the one before.

        The result is that of one call for each fraction with equally seeded `rng`.
        """
        links = Links.of(graph)
        group, size = links.within(scope)
        counts = shares(fractions, size)
        what = f"order {self.order.__name__}"
        ranking = complete(self.order(links, rng), len(group), "links", what)
        place, seed = places(ranking, group), int(rng.integers(2**63))
        return [self._damage(links, place < count[group], seed) for count in counts]

    def _damage(self, links: Links, chosen: Mask, seed: int) -> Damage:
        everything = np.arange(len(links.weight))
        if not chosen.any():
            return Damage(everything)
        options = self.set_for(self.function)
        with np.errstate(over="ignore"):  # held within float32 below
            rng = np.random.default_rng(seed)
            weight = np.asarray(self.function(links, rng, chosen, **options), float)
        if weight.shape != links.weight.shape or np.isnan(weight).any():
            raise InputError(
                f"{self.__name__} must give a weight for each of the "
                f"{len(everything)} links, none of them NaN"
            )
        return Damage(everything, weight=np.where(chosen, narrow(weight), links.weight))


@overload
def reweighting(change: C, /) -> C: ...


@overload
def reweighting(
    *, order: Order = _at_random, **traits: Unpack[Traits]
) -> Callable[[C], C]: ...


def reweighting(
    change: Any = None, /, *, order: Order = _at_random, **traits: Unpack[Traits]
) -> Any:
    """Register a change of weights under the name of the function.

    Parameters
    ----------
    change : callable
        ``(graph, rng, chosen) -> weights``, one for every link, of which those of the
        chosen links are taken.
    order : callable
        ``(graph, rng) -> link ids``: which links are chosen first; at random if not
        given.
    needs, signed, needs_stack, needs_positive_weights, elementwise, reaches_head
        What it needs, as in `Traits`: it is refused where that is missing.

    Returns
    -------
    callable
        The change; ``PERTURBATIONS[name]`` is the perturbation.

    Raises
    ------
    InputError
        Another function has the name, or an option has no default.

    Examples
    --------
    >>> @reweighting
    ... def faded_weights(graph, rng, chosen, *, to=0.5):
    ...     "Shrink weights."
    ...     return to * Links.of(graph).weight
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([2, 1], [0, 1], [2, 2], [4, 8])
    >>> faded = PERTURBATIONS["faded_weights(to=0.25)"]
    >>> faded(graph, np.random.default_rng(0), 1).weight
    array([1., 2.], dtype=float32)
    """

    def registered(change: C) -> C:
        PERTURBATIONS.add(Reweighting(change, order=order, **traits))
        return change

    return registered if change is None else registered(change)
