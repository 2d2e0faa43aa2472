"""What breaks: orders of links, and the perturbations that follow them.

An order says who goes first: ``(graph, rng) -> link ids``. A perturbation says what is
damaged, without building anything: ``(graph, rng, fraction, scope) -> Damage``; `apply`
builds the damaged graph. A removal is an order cut at a fraction, so its damage is
nested in the fraction for a fixed seed, and one order gives a whole curve.

``scope`` says where: ``per_layer`` takes the same fraction from every layer, ``global``
ranks the links of all layers together, ``layer_2`` touches only the links into depth 2.

A new perturbation is one function::

    @removal
    def heaviest_source(graph, rng):
        "Remove links in falling order of their source's number of links."
        links = Links.of(graph)
        degree = np.bincount(links.source)
        return np.argsort(-degree[links.source], kind="stable")

It is then found as ``ORDERS["heaviest_source"]`` and
``PERTURBATIONS["heaviest_source"]``, and the name itself is the perturbation:
``heaviest_source(graph, rng, 0.5)``.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netrobust.errors import InputError
from netrobust.graphs.damage import Damage, Ids, Links, apply, removed_fraction
from netrobust.registry import Registry

if TYPE_CHECKING:
    from igraph import Graph

__all__ = [
    "ORDERS",
    "PERTURBATIONS",
    "Damage",
    "Links",
    "Removal",
    "apply",
    "random_links",
    "removal",
    "removed_fraction",
    "strongest_links",
    "weakest_links",
]


Order = Callable[["Graph | Links", np.random.Generator], Ids]

ORDERS: Registry[Order] = Registry("order")
PERTURBATIONS: Registry[Callable[..., Damage]] = Registry("perturbation")


@dataclass(frozen=True)
class Removal:
    """Remove a fraction of the links, in the order that a function gives.

    It bears the name and the first line of its order.

    Parameters
    ----------
    order : callable
        ``(graph, rng) -> link ids``, every link once, first to go first.
    """

    order: Order

    def __post_init__(self) -> None:
        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            object.__setattr__(self, name, getattr(self.order, name))

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Travel to other processes by name, as the function it stands for would."""
        name = self.order.__name__
        if getattr(sys.modules[self.order.__module__], name, None) is self:
            return name
        return Removal, (self.order,)

    def __call__(
        self,
        graph: "Graph | Links",
        rng: np.random.Generator,
        fraction: float,
        scope: str = "per_layer",
    ) -> Damage:
        """Give the damage at one fraction.

        Parameters
        ----------
        graph : igraph.Graph or Links
        rng : numpy.random.Generator
            Draws the order, or breaks its ties.
        fraction : float
            Share of the links to remove, 0 to 1; of n links in a group of the scope
            ``floor(fraction * n + 1/2)`` go.
        scope : str
            ``per_layer``, ``global``, or one layer such as ``layer_1``.

        Raises
        ------
        InputError
            If the fraction or the scope is none.
        """
        return self.curve(graph, rng, [fraction], scope)[0]

    def curve(
        self,
        graph: "Graph | Links",
        rng: np.random.Generator,
        fractions: Sequence[float],
        scope: str = "per_layer",
    ) -> list[Damage]:
        """Give the damage at many fractions of one order, each within the next.

        The result is that of one call for each fraction with equally seeded `rng`.
        """
        links = Links.of(graph)
        group, size = links.within(scope)
        for fraction in fractions:
            if not 0 <= fraction <= 1:  # also true of NaN
                raise InputError(f"fraction must be in [0, 1]; got {fraction}")
        ranking = np.asarray(self.order(links, rng))
        if not np.array_equal(np.sort(ranking), np.arange(len(group))):
            raise InputError(
                f"order {self.order.__name__} must rank each of the {len(group)} links "
                "exactly once"
            )
        place = _place_in_group(ranking, group)
        cuts = (np.floor(fraction * size + 0.5) for fraction in fractions)
        return [Damage(np.flatnonzero(place >= cut[group])) for cut in cuts]


def _place_in_group(ranking: Ids, group: Ids) -> Ids:
    """Give each link's place in the ranking of its group alone, from 0."""
    by_group = ranking[np.argsort(group[ranking], kind="stable")]
    members = np.bincount(group)
    start = np.cumsum(members) - members
    place = np.empty(len(group), dtype=np.int64)
    place[by_group] = np.arange(len(group)) - np.repeat(start, members)
    return place


def removal(order: Order) -> Removal:
    """Register an order, and the removal by it, under the name of the function.

    The removal takes the place of the decorated function, which stays in `ORDERS`.

    Parameters
    ----------
    order : callable
        ``(graph, rng) -> link ids``, every link once, first to go first. The graph is
        an `igraph.Graph` or its `Links`, and `Links.of` makes the latter of both.

    Returns
    -------
    Removal
        ``(graph, rng, fraction, scope) -> Damage``.

    Raises
    ------
    InputError
        Another function has the name.

    Examples
    --------
    >>> @removal
    ... def last_links(graph, rng):
    ...     "Remove the last links first."
    ...     return np.arange(len(Links.of(graph).weight))[::-1]
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([2, 2], [0, 1, 0, 1], [2, 2, 3, 3], [1, 2, 3, 4])
    >>> last_links(graph, np.random.default_rng(0), 0.25).kept
    array([0, 1, 2])
    >>> "last_links" in ORDERS, "last_links" in PERTURBATIONS
    (True, True)
    """
    made = PERTURBATIONS.register(Removal(order))
    ORDERS.register(order)
    return made  # type: ignore[return-value]


@removal
def random_links(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove links in uniformly random order (bond percolation).

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([2, 2], [0, 1, 0, 1], [2, 2, 3, 3], [1, 2, 3, 4])
    >>> random_links(graph, np.random.default_rng(0), 0.5).kept
    array([1, 3])
    """
    return rng.permutation(len(Links.of(graph).weight))


@removal
def strongest_links(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove links in falling order of absolute weight, ties at random.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([2, 2], [0, 1, 0, 1], [2, 2, 3, 3], [1, -4, 3, 2])
    >>> strongest_links(graph, np.random.default_rng(0), 0.5).kept
    array([0, 3])
    """
    return _by(-np.abs(Links.of(graph).weight), rng)


@removal
def weakest_links(graph: "Graph | Links", rng: np.random.Generator) -> Ids:
    """Remove links in rising order of absolute weight, ties at random.

    Examples
    --------
    >>> from netrobust.graphs.graph import from_links
    >>> graph = from_links([2, 2], [0, 1, 0, 1], [2, 2, 3, 3], [1, -4, 3, 2])
    >>> weakest_links(graph, np.random.default_rng(0), 0.5).kept
    array([1, 2])
    """
    return _by(np.abs(Links.of(graph).weight), rng)


def _by(key: NDArray[np.float32], rng: np.random.Generator) -> Ids:
    """Rank by a rising key; a stable sort after a shuffle breaks ties at random."""
    shuffled = rng.permutation(len(key))
    return shuffled[np.argsort(key[shuffled], kind="stable")]


# Examples of the removals for doctest, which looks for functions and classes only.
__test__ = {name: str(member.__doc__) for name, member in PERTURBATIONS.items()}
