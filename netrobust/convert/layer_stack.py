"""Layers side by side: one graph of a module, whether or not its layers chain.

Where a layer goes on from the one before, its sources are at the depth of the targets
of that; where it does not, or nothing tells, it begins two new depths. So every link
joins depth d to d + 1, and between layers that do not chain there is none. Which layers
chain is told by a forward pass on an example, or by the user.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, pairwise

import numpy as np
from igraph import Graph
from numpy.typing import NDArray

from netrobust.convert.layer import Layer
from netrobust.core.errors import InputError
from netrobust.graphs.damage import Damage, Links
from netrobust.graphs.graph import stack


@dataclass(frozen=True, eq=False)
class Joint:
    """Hold the layers of a module as one graph.

    Parameters
    ----------
    layers : sequence of Layer
    breaks : sequence of str, optional
        For every layer but the first, why it does not go on from the one before;
        nothing where it does. If not given, layers follow each other in their order
        wherever their sizes fit.
    end : str
        Why the layers are no stack although each goes on from the one before.

    Examples
    --------
    >>> one = Layer.of("fc1", np.ones((3, 2)))
    >>> Joint([one, Layer.of("fc2", np.ones((1, 3)))]).links.sizes
    (2, 3, 1)
    >>> Joint([one, Layer.of("fc2", np.ones((1, 6)))]).links.sizes
    (2, 3, 6, 1)
    """

    layers: Sequence[Layer]
    breaks: Sequence[str] | None = None
    end: str = ""

    @cached_property
    def gaps(self) -> list[str]:
        """For every layer but the first, why it does not go on from the one before."""
        told = self.breaks or [""] * (len(self.layers) - 1)
        return [
            why
            if before.n_out == after.n_in
            else f"{before.name} ends with {before.n_out} neurons and {after.name} "
            f"starts with {after.n_in}"
            for why, (before, after) in zip(told, pairwise(self.layers), strict=True)
        ]

    @cached_property
    def starts(self) -> list[int]:
        """Depth of the sources of each layer."""
        return list(accumulate((2 if gap else 1 for gap in self.gaps), initial=0))

    @property
    def chained(self) -> bool:
        """Whether each layer goes on from the one before: whether there is a stack."""
        return not self.gap

    @property
    def gap(self) -> str:
        """Say why the layers do not chain; nothing if they do."""
        return next(filter(None, (*self.gaps, self.end)), "")

    @property
    def weight(self) -> NDArray[np.float32]:
        """What the links of all layers weigh."""
        return np.concatenate([one.weight for one in self.layers])

    @cached_property
    def links(self) -> Links:
        """The links of all layers, layer by layer, between neurons of all depths."""
        sizes = np.zeros(self.starts[-1] + 2, np.int64)
        bias = [np.zeros(0, np.float32)] * len(sizes)
        for layer, depth in zip(self.layers, self.starts, strict=True):
            sizes[depth : depth + 2] = layer.n_in, layer.n_out
            if not bias[depth].size:
                bias[depth] = np.zeros(layer.n_in, np.float32)
            bias[depth + 1] = layer.bias
        first = np.cumsum([0, *sizes])
        both = list(zip(self.layers, self.starts, strict=True))
        return Links(
            tuple(sizes.tolist()),
            np.concatenate([one.source + first[depth] for one, depth in both]),
            np.concatenate([one.target + first[depth + 1] for one, depth in both]),
            np.concatenate([one.weight for one in self.layers]),
            np.concatenate(bias),
        )

    def left(self, damage: Damage) -> "Joint":
        """Give what is left of all layers after damage."""
        links = self.links
        damage.check_fit(len(links.weight), links.hidden)
        first = np.cumsum([0, *(len(one.weight) for one in self.layers)])
        neurons = np.cumsum([0, *links.sizes[1:]])
        left = []
        cuts = np.searchsorted(damage.kept, first)
        for k, layer in enumerate(self.layers):
            mine = slice(cuts[k], cuts[k + 1])
            kept = damage.kept[mine] - first[k]
            one = layer.take(kept) if len(kept) < len(layer.weight) else layer
            if damage.weight is not None:
                one = one.reweighted(damage.weight[mine])
            if damage.bias is not None:
                start = neurons[self.starts[k]]
                one = replace(one, bias=damage.bias[start : start + layer.n_out])
            left.append(one)
        return self.of(left)

    def of(self, layers: Sequence[Layer]) -> "Joint":
        """Give other layers in the same structure."""
        return replace(self, layers=layers)

    def graphs(self) -> list[Graph]:
        """Build one graph for each layer, with the biases of both its sides."""
        found: list[Graph] = []
        for k, (layer, depth) in enumerate(zip(self.layers, self.starts, strict=True)):
            goes_on = k > 0 and depth == self.starts[k - 1] + 1
            bias = self.layers[k - 1].bias if goes_on else None
            found.append(layer.graph(depth, bias))
        return found

    def stack(self) -> Graph:
        """Build the one graph of all layers.

        Raises
        ------
        InputError
            The layers do not chain.
        """
        if not self.chained:
            raise InputError(
                f"the layers of this module make no stack, for {self.gap}; take them "
                "one by one"
            )
        return stack(self.graphs())

    def scope(self, name: str) -> str:
        """Name a scope of the module as its graph does.

        Layers are named as in the module, or ``layer_1`` and on, in their order.

        Raises
        ------
        InputError
            There is no such scope.
        """
        depths = [f"layer_{d + 1}" for d in self.starts]
        known = {
            "per_layer": "per_layer",
            "global": "global",
            **{f"layer_{k + 1}": depth for k, depth in enumerate(depths)},
            **{one.name: depth for one, depth in zip(self.layers, depths, strict=True)},
        }
        if name not in known:
            raise InputError(
                f"unknown scope {name!r} of a module; choose from: {', '.join(known)}"
            )
        return known[name]

    def within(self, scope: str) -> Sequence[Layer]:
        """Give the layers that a scope reaches."""
        if scope in ("per_layer", "global"):
            return self.layers
        depth = int(self.scope(scope).removeprefix("layer_")) - 1
        return [self.layers[self.starts.index(depth)]]
