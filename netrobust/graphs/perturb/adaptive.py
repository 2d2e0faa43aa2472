"""Attacks that ask the damaged network on their way, and take what harms it most."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from netrobust.core.arguments import named_in_errors
from netrobust.core.errors import InputError
from netrobust.core.random_streams import generator
from netrobust.graphs.damage import Damage, Ids, Links
from netrobust.graphs.perturb.base import (
    PERTURBATIONS,
    Mask,
    Perturbation,
    complete,
    further,
    shares,
)
from netrobust.graphs.perturb.links import links_by_saliency, strongest_links

if TYPE_CHECKING:
    from igraph import Graph

F = TypeVar("F", bound=Callable[..., Any])

#: Training loss of the damaged network, and data attributes of all links, 0
#: where they are gone.
Probe = Callable[[Damage], tuple[float, Mapping[str, NDArray[np.float64]]]]


@dataclass(frozen=True)
class Greedy(Perturbation):
    """Remove, from fraction to fraction, whichever of several blocks does most harm.

    The damage depends on the grid of fractions, which must rise.

    Parameters
    ----------
    function : callable
        ``(left, rng) -> orders of links``. `left` are the `Links` of the damaged graph
        with the data attributes that the probe has written, and each order ranks every
        one of them, first to go first. Of blocks that do equal harm the first is taken.
    """

    probed: ClassVar[bool] = True

    @named_in_errors
    def __call__(
        self,
        graph: "Graph | Links",
        rng: np.random.Generator | int,
        fraction: float,
        scope: str = "per_layer",
        probe: Probe | None = None,
    ) -> Damage:
        """Give the damage at one fraction, reached in one step."""
        return self.curve(graph, generator(rng), [fraction], scope, probe)[0]

    def curve(
        self,
        graph: "Graph | Links",
        rng: np.random.Generator,
        fractions: Sequence[float],
        scope: str = "per_layer",
        probe: Probe | None = None,
    ) -> list[Damage]:
        """Give the damage at rising fractions, each within the next.

        Parameters
        ----------
        probe : callable
            ``(damage) -> (loss, attributes)``: the training loss of the damaged
            network, and data attributes such as ``saliency`` for all links of the
            graph, 0 on those gone.

        Raises
        ------
        InputError
            There is no probe, or the fractions do not rise.
        """
        links = Links.of(graph)
        if probe is None:
            raise InputError(
                f"{self.__name__} asks the damaged network how it fares; use it in "
                "percolate, or give it a probe"
            )
        group, size = links.within(scope)
        gone, known, damages = np.zeros(len(group), bool), None, []

        def rank(gone: Mask) -> list[Ids]:
            written = (known or probe(_left(gone)))[1]
            return self._rankings(links, gone, written, rng)

        for count in shares(fractions, size):
            before, blocks = gone, further(gone, rank, group, count)
            gone, *others = blocks
            if any((one != gone).any() for one in others):
                answers = [probe(_left(one)) for one in blocks]
                worst = max(range(len(blocks)), key=lambda k: answers[k][0])
                gone, known = blocks[worst], answers[worst]
            elif gone is not before:
                known = None  # of what is left now nothing is known yet
            damages.append(_left(gone))
        return damages

    def _rankings(
        self,
        links: Links,
        gone: Mask,
        written: Mapping[str, NDArray[np.float64]],
        rng: np.random.Generator,
    ) -> list[Ids]:
        """Rank what is left in several orders, by ids of the whole graph."""
        damage = _left(gone)
        left = replace(links, attributes={**links.attributes, **written}).left(damage)
        orders = self.function(left, rng, **self.set_for(self.function))
        what, count = self.function.__name__, damage.kept.size
        return [damage.kept[complete(one, count, "links", what)] for one in orders]


def _left(gone: Mask) -> Damage:
    return Damage(np.flatnonzero(~gone))


def greedy(function: F) -> F:
    """Register an attack that chooses among orders, under the name of the function.

    Parameters
    ----------
    function : callable
        ``(left, rng) -> orders of links``, as in `Greedy`.

    Returns
    -------
    callable
        The function; ``PERTURBATIONS[name]`` is the attack, ``(graph, rng, fraction,
        scope, probe) -> Damage``.

    Raises
    ------
    InputError
        Another function has the name, or an option has no default.
    """
    PERTURBATIONS.add(Greedy(function))
    return function


@greedy
def greedy_links(left: Links, rng: np.random.Generator) -> list[Ids]:
    """Remove the most salient or the strongest links, whichever harms training more.

    At every fraction of the grid the saliency ``|w dL/dw|`` of the damaged network is
    computed anew on training images. Two blocks of links could go next, the most
    salient and the strongest of what is left; the one that leaves the higher training
    loss goes, the salient one if they are equal.

    Examples
    --------
    Weights are the harm here, and saliency misleads:

    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([2, 2], [0, 1, 0, 1], [2, 2, 3, 3], [1, -4, 3, 2])
    >>> def probe(damage):
    ...     harm = 10 - np.abs(Links.of(graph).left(damage).weight).sum()
    ...     saliency = np.zeros(4)
    ...     saliency[damage.kept] = damage.kept
    ...     return float(harm), {"saliency": saliency}
    >>> rng = np.random.default_rng(0)
    >>> attack = PERTURBATIONS["greedy_links"]
    >>> [damage.kept.tolist() for damage in attack.curve(
    ...     graph, rng, [0.25, 0.5], probe=probe)]
    [[0, 2, 3], [0, 3]]
    """
    return [order(left, rng) for order in (links_by_saliency, strongest_links)]
