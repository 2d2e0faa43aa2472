"""One layer of a module as arrays: who is linked, and by which numbers.

A link of a linear layer holds one number, its weight. A link of a convolution joins two
channels and holds a whole slice of the kernel, which moves, fades and goes as one. In
graphs such a link weighs the L2 norm of its slice: the standard deviation that it adds
to its target where the pixels of its source are independent with variance 1. That is
what an absolute weight is in a linear layer, so ``strongest`` means the same in both,
and it has no sign. A slice of one number (kernel 1 x 1) weighs that number, sign
included.

Slices are known again by what they weigh. Equal norms are therefore told apart in the
last bits of the float32, each one the next larger number.
"""

from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from igraph import Graph
from numpy.typing import ArrayLike, NDArray

from netrobust.core.errors import InputError
from netrobust.graphs.damage import Ids, Links
from netrobust.graphs.graph import from_links

#: Neurons of one layer; a graph of so many takes some gigabytes.
MOST_NEURONS = 10_000_000

Floats = NDArray[np.float32]
Raw = NDArray[Any]  # float32, or float64 where the module is in double precision


@dataclass(frozen=True, eq=False)
class Layer:
    """Hold the links of one layer, neurons (or channels) counted from 0 on either side.

    Attributes
    ----------
    name : str
        As in ``module.named_modules()``.
    n_in, n_out : int
    source, target : ndarray of int64, shape (links,)
    values : ndarray, shape (links, numbers per link)
        As the module stores them, before any pruning mask.
    mask : ndarray of the same shape, or None
        The pruning mask; None where the module is not pruned by one.
    weight : ndarray of float32, shape (links,)
        What the links weigh in graphs.
    bias : ndarray of float32, shape (n_out,)
    kernel : tuple of int
        Shape of the slices; empty in linear layers.
    groups : int
        Of a convolution; sources are linked to targets of their own group alone.
    uses : tuple of str
        Names of all modules that use the weights, where they are several.
    """

    name: str
    n_in: int
    n_out: int
    source: Ids
    target: Ids
    values: Raw
    mask: Raw | None
    weight: Floats
    bias: Floats
    kernel: tuple[int, ...] = ()
    groups: int = 1
    uses: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        name: str,
        numbers: Raw,
        mask: Raw | None = None,
        bias: ArrayLike | None = None,
        groups: int = 1,
    ) -> "Layer":
        """Read the weight of a linear layer or of a convolution.

        Parameters
        ----------
        numbers : ndarray, shape (out, in) or (out, in / groups, *kernel)
        mask : ndarray of the same shape, optional
            A link exists where it is not 0; without one, where a number is not 0.
        bias : array_like, shape (out,), optional
            0 if not given.

        Raises
        ------
        InputError
            The layer has no neurons, too many, or numbers that are not finite.

        Examples
        --------
        >>> layer = Layer.of("conv", np.ones((4, 1, 3, 3)), groups=4)
        >>> layer.source, layer.target, layer.weight[0]
        (array([0, 1, 2, 3]), array([0, 1, 2, 3]), np.float32(3.0))
        """
        n_out, within = numbers.shape[:2]
        check_size(name, within * groups, n_out)
        slices = numbers.reshape(n_out * within, -1)
        live = slices if mask is None else (mask := mask.reshape(slices.shape))
        there = live != 0
        there = there[:, 0] if there.shape[1] == 1 else there.any(1)
        target, source = there.reshape(n_out, within).nonzero()
        if groups > 1:
            source += target // (n_out // groups) * within
        values, mask = slices[there], None if mask is None else mask[there]
        silent = np.zeros(n_out) if bias is None else np.asarray(bias)
        if not (np.isfinite(values).all() and np.isfinite(silent).all()):
            raise InputError(
                f"{name} holds numbers that are not finite; give a module that has "
                "not diverged"
            )
        return cls(
            name,
            within * groups,
            n_out,
            source,
            target,
            values,
            mask,
            weighed(values, mask),
            silent.astype(np.float32),
            tuple(numbers.shape[2:]),
            groups,
        )

    @property
    def single(self) -> bool:
        """Whether each link holds one number, which is its weight."""
        return prod(self.kernel) == 1

    @property
    def places(self) -> int:
        """How many links there could be."""
        return self.n_in * self.n_out // self.groups

    def links(self, first_depth: int = 0) -> Links:
        """Give the links as a graph of its own holds them, biases of targets alone."""
        bias = np.concatenate([np.zeros(self.n_in, np.float32), self.bias])
        ends = self.source, self.target + self.n_in
        return Links((self.n_in, self.n_out), *ends, self.weight, bias, first_depth)

    def graph(self, first_depth: int = 0, bias: ArrayLike | None = None) -> Graph:
        """Build the graph of the layer; `bias` is that of its sources, 0 if not given.

        Its attribute ``name`` is that of the layer. Links that are slices carry their
        number as the edge attribute ``slice``.
        """
        ends = self.source, self.target + self.n_in
        before = np.zeros(self.n_in) if bias is None else bias
        both = np.concatenate([before, self.bias])
        sizes = self.n_in, self.n_out
        graph = from_links(sizes, *ends, self.weight, both, first_depth)
        graph["name"] = self.name
        if self.uses:
            graph["uses"] = ", ".join(self.uses)
        if not self.single:
            graph.es["slice"] = range(len(self.weight))
        return graph

    def take(self, ids: Ids) -> "Layer":
        """Keep some links where they are, each with all it holds."""
        return replace(
            self,
            source=self.source[ids],
            target=self.target[ids],
            values=self.values[ids],
            mask=None if self.mask is None else self.mask[ids],
            weight=self.weight[ids],
        )

    def reweighted(self, weight: Floats) -> "Layer":
        """Give the links other weights.

        Slices whose weights have only changed places change places themselves; all
        others are multiplied by the new weight over the old one, and one that weighs 0
        stays 0.
        """
        changed = weight.view(np.int32) != self.weight.view(np.int32)
        if not changed.any():
            return self
        ends = self.source, self.target
        if self.single or np.array_equal(np.sort(weight), np.sort(self.weight)):
            return self.placed(*ends, weight)
        old = self.weight.astype(np.float64)
        factor = np.divide(weight, old, out=np.ones_like(old), where=old != 0)
        scaled = (self.values * factor[:, None]).astype(self.values.dtype)
        values = np.where(changed[:, None], scaled, self.values)
        return replace(self, values=values, weight=weight)

    def placed(self, source: Ids, target: Ids, weight: Floats) -> "Layer":
        """Put links where they are told to be, with what weighs as told.

        A slice is known by its weight. A single number is the weight; one that is where
        it was, and weighs the same, stays what it is to the last bit.

        Raises
        ------
        InputError
            No slice weighs that, or a place is in no group of a convolution.
        """
        if self._crosses(source, target):
            raise InputError(
                f"a link of {self.name} joins channels of different ones of its "
                f"{self.groups} groups, where the kernel has no place for it; keep "
                "links where they are"
            )
        ends = {"source": source, "target": target}
        if not self.single:
            return replace(self.take(self._slices(weight)), **ends)  # type: ignore[arg-type]
        if np.array_equal(source, self.source) and np.array_equal(target, self.target):
            return self._weighing(weight)
        places = self.target * self.n_in + self.source
        ids = _find(places, target * self.n_in + source)
        stays = ids >= 0
        stays[stays] = self.weight[ids[stays]] == weight[stays]
        values = weight[:, None].astype(self.values.dtype)
        values[stays] = self.values[ids[stays]]
        mask = self.mask
        if mask is not None:
            mask = np.ones_like(mask, shape=values.shape)
            mask[stays] = self.mask[ids[stays]]  # type: ignore[index]
        return replace(self, values=values, mask=mask, weight=weight, **ends)  # type: ignore[arg-type]

    def _crosses(self, source: Ids, target: Ids) -> bool:
        """Whether a link joins channels of two groups."""
        if self.groups == 1:
            return False
        here = source // (self.n_in // self.groups)
        return bool((here != target * self.groups // self.n_out).any())

    def _weighing(self, weight: Floats) -> "Layer":
        """Give single numbers other weights where they are."""
        stays = self.weight == weight
        values = np.where(stays[:, None], self.values, weight[:, None])
        mask = self.mask
        if mask is not None:
            mask = np.where(stays[:, None], mask, np.ones_like(mask))
        values = values.astype(self.values.dtype, copy=False)
        return replace(self, values=values, mask=mask, weight=weight)

    def _slices(self, weight: Floats) -> Ids:
        """Find slices by what they weigh."""
        ids = _find(self.weight, weight)
        if (unknown := np.flatnonzero(ids < 0)).size:
            raise InputError(
                f"a link of {self.name} weighs {weight[unknown[0]]}, as none of its "
                "kernel slices does; slices move whole, so leave their weights as they "
                "are, or keep the edge attribute slice to rescale them"
            )
        return ids


def _find(held: NDArray[Any], wanted: NDArray[Any]) -> Ids:
    """Give the place of each wanted number among those held, -1 where it is none."""
    order = np.argsort(held, kind="stable")
    place = np.searchsorted(held[order], wanted)
    ids = np.append(order, -1)[place]
    ids[ids >= 0] = np.where(held[ids] == wanted, ids, -1)[ids >= 0]
    return ids


def check_size(name: str, n_in: int, n_out: int) -> None:
    """Refuse layers without neurons, and more neurons than a graph is made of."""
    if min(n_in, n_out) < 1 or n_in + n_out > MOST_NEURONS:
        raise InputError(
            f"{name} has {n_in} inputs and {n_out} outputs; a layer has at least one "
            f"of each and at most {MOST_NEURONS} together"
        )


def weighed(values: Raw, mask: Raw | None) -> Floats:
    """Say what links weigh: their number, or the L2 norm of their slice, told apart.

    Parameters
    ----------
    values, mask : ndarray, shape (links, numbers per link)

    Examples
    --------
    >>> weighed(np.array([[-2.0], [1.0]]), None)
    array([-2.,  1.], dtype=float32)
    >>> weighed(np.array([[3.0, -4.0], [0.0, 1.0]]), np.array([[1, 1], [1, 0]]))
    array([5., 0.], dtype=float32)
    """
    real = values if mask is None else values * mask
    if real.shape[1] == 1:
        return real[:, 0].astype(np.float32)
    with np.errstate(over="ignore"):  # refused, as not finite, by the graph contract
        norm = np.sqrt((real.astype(np.float64) ** 2).sum(1)).astype(np.float32)
    return _distinct(norm)


def _distinct(norm: Floats) -> Floats:
    """Replace repeated numbers by the next larger ones; none is below 0.

    Floats of one sign are ordered as their bits are.
    """
    order = np.argsort(norm, kind="stable")
    rank = np.arange(len(norm))
    bits = np.maximum.accumulate(norm.view(np.int32)[order] - rank) + rank
    distinct = np.empty_like(norm)
    distinct[order] = bits.astype(np.int32).view(np.float32)
    return distinct
