"""What every perturbation is, and how a ranking is cut at fractions."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from inspect import Parameter
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypedDict

import numpy as np
from numpy.typing import NDArray

from netrobust.core.arguments import named_in_errors
from netrobust.core.errors import InputError
from netrobust.core.options import WithOptions, keywords
from netrobust.core.random_streams import generator
from netrobust.core.registry import Registry
from netrobust.core.settings import choice, flag
from netrobust.graphs.damage import Damage, Ids, Links

if TYPE_CHECKING:
    from igraph import Graph

Order = Callable[..., Ids]
Mask = NDArray[np.bool_]

ORDERS: Registry[Order] = Registry("order")
PERTURBATIONS: Registry["Perturbation"] = Registry("perturbation")

one_of = partial(partial, choice)


class Traits(TypedDict, total=False):
    """What a perturbation may declare, so that it is refused where it has no meaning.

    The decorators of perturbations take these as keywords.

    Attributes
    ----------
    needs : tuple of str
        Data attributes that it reads from the graph, such as ``saliency``.
    signed : bool
        It goes by the signs of weights: refused where no weight is negative, and for
        kernel slices, which have no sign.
    needs_stack : bool
        It follows paths through several layers: refused where layers do not chain.
    needs_positive_weights : bool
        Refused where a weight is negative.
    elementwise : bool
        It changes single numbers: refused for kernel slices, which are many.
    reaches_head : bool
        False: refused in a scope that includes the dense head.
    """

    needs: tuple[str, ...]
    signed: bool
    needs_stack: bool
    needs_positive_weights: bool
    elementwise: bool
    reaches_head: bool


@dataclass(frozen=True)
class Perturbation(WithOptions, ABC):
    """Say what breaks at a fraction, or at many: the base of all members.

    A member stands for its function, whose name and first line it bears; options of
    the function are options of the member, ``random_links.vary(rescale="weights")``.

    Attributes
    ----------
    acts_on : str
        What a fraction counts: ``links``, ``neurons`` or ``pixels``.
    probed : bool
        Whether it asks the damaged network on its way, through ``curve(..., probe)``.
    needs, signed, needs_stack, needs_positive_weights, elementwise, reaches_head
        As in `Traits`.
    """

    kind: ClassVar[str] = "perturbation"
    probed: ClassVar[bool] = False

    acts_on: str = "links"
    needs: tuple[str, ...] = ()
    signed: bool = False
    needs_stack: bool = False
    needs_positive_weights: bool = False
    elementwise: bool = False
    reaches_head: bool = True

    @property
    def follows_paths(self) -> bool:
        """Whether it needs layers that chain, with the options that it has."""
        return self.needs_stack or self.acts_on != "links"

    @named_in_errors
    def __call__(
        self,
        graph: "Graph | Links",
        rng: np.random.Generator | int,
        fraction: float,
        scope: str = "per_layer",
    ) -> Damage:
        """Give the damage at one fraction.

        Parameters
        ----------
        graph : igraph.Graph or Links
        rng : numpy.random.Generator or int
            Draws what is random, and breaks ties.
        fraction : float
            Share to damage, 0 to 1: of n in a group of the scope it is
            ``floor(fraction * n + 1/2)``.
        scope : str
            ``per_layer``, ``global``, or one layer such as ``layer_1``.

        Raises
        ------
        InputError
            If the fraction or the scope is none, or a data attribute is
            missing.
        """
        return self.curve(graph, generator(rng), [fraction], scope)[0]

    @abstractmethod
    def curve(
        self,
        graph: "Graph | Links",
        rng: np.random.Generator,
        fractions: Sequence[float],
        scope: str = "per_layer",
    ) -> list[Damage]:
        """Give the damage at many fractions, each within the next."""


@dataclass(frozen=True)
class Ranked(Perturbation):
    """Take what goes from the head of a ranking, which `recompute` draws up anew.

    Attributes
    ----------
    recomputes : bool
        Whether there is the option `recompute`: to rank what is left again at every
        fraction of the grid. The damage then depends on the grid.
    """

    recomputes: bool = False

    def parameters(self) -> dict[str, Parameter]:
        """Give the options there are, as keyword-only parameters."""
        own = super().parameters()
        return own | keywords(_cut) if self.recomputes else own

    @abstractmethod
    def groups(self, links: Links, scope: str) -> tuple[Ids, Ids]:
        """Sort what can go into groups; give the group of each, and their sizes."""

    @abstractmethod
    def ranking(self, links: Links, gone: Mask, rng: np.random.Generator) -> Ids:
        """Rank what is left, first to go first."""

    @abstractmethod
    def damage(self, links: Links, gone: Mask) -> Damage:
        """Say what is left of the graph."""

    def curve(
        self,
        graph: "Graph | Links",
        rng: np.random.Generator,
        fractions: Sequence[float],
        scope: str = "per_layer",
    ) -> list[Damage]:
        """Give the damage at many fractions of one ranking, each within the next.

        The result is that of one call for each fraction with equally seeded `rng`,
        unless the ranking is recomputed; then the fractions must rise.
        """
        links = Links.of(graph)
        group, size = self.groups(links, scope)
        counts = shares(fractions, size)
        rank = partial(self.ranking, links, rng=rng)
        cut = _cut(rank, group, counts, **self.set_for(_cut))
        return [self.damage(links, gone) for gone in cut]


def _cut(
    rank: Callable[[Mask], Ids],
    group: Ids,
    counts: list[Ids],
    *,
    recompute: Annotated[bool, flag] = False,
) -> list[Mask]:
    """Take so many of each group, ranked once, or again before every step."""
    gone, steps = np.zeros(len(group), bool), []
    if not any(count.any() for count in counts):  # nothing goes, whatever its rank
        return [gone for _ in counts]
    if not recompute:
        place = places(rank(gone), group)
        return [place < count[group] for count in counts]
    for count in counts:
        (gone,) = further(gone, lambda gone: [rank(gone)], group, count)
        steps.append(gone)
    return steps


def further(
    gone: Mask, rank: Callable[[Mask], Sequence[Ids]], group: Ids, count: Ids
) -> list[Mask]:
    """Go on from what is gone to so many of each group, by each ranking of the rest."""
    missing = count - np.bincount(group[gone], minlength=len(count))
    if (missing < 0).any():
        raise InputError("fractions must rise where what is left is ranked again")
    if not missing.any():
        return [gone]
    return [gone | (places(one, group) < missing[group]) for one in rank(gone)]


def shares(fractions: Sequence[float], size: Ids) -> list[Ids]:
    """Give how many of each group go at each fraction.

    Raises
    ------
    InputError
        A fraction is outside [0, 1].
    """
    for fraction in fractions:
        if not 0 <= fraction <= 1:  # also true of NaN
            raise InputError(f"fraction must be in [0, 1]; got {fraction}")
    return [np.floor(fraction * size + 0.5).astype(np.int64) for fraction in fractions]


def places(ranking: Ids, group: Ids) -> Ids:
    """Give the place of each in the ranking of its group alone, from 0.

    What is not ranked comes last.
    """
    from netrobust.graphs.kernels import place_within  # so that lists need no numba

    place = np.full(len(group), len(group), dtype=np.int64)
    groups = int(group.max(initial=0)) + 1
    place_within(ranking, group, np.zeros(groups, np.int64), place)
    return place


def complete(ranking: Any, count: int, what: str, order: str) -> Ids:
    """Give a ranking as ids, or say that it does not rank each of so many once."""
    ids, ranked = np.asarray(ranking), np.zeros(count, bool)
    inside = ids.shape == (count,) and bool(((ids >= 0) & (ids < count)).all())
    if inside:
        with np.errstate(invalid="ignore"):
            whole = ids.astype(np.int64, copy=False)
        ranked[whole] = True
        inside = bool((whole == ids).all())
    if not (inside and ranked.all()):
        raise InputError(f"{order} must rank each of the {count} {what} exactly once")
    return whole


def by(key: NDArray[Any], rng: np.random.Generator) -> Ids:
    """Rank by a rising key; a stable sort after a shuffle breaks ties at random."""
    shuffled = rng.permutation(len(key))
    return shuffled[np.argsort(key[shuffled], kind="stable")]


def narrow(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Round to float32; what is beyond its range becomes its largest number."""
    most = np.finfo(np.float32).max
    return np.clip(values, -most, most).astype(np.float32)
