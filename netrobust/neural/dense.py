"""The dense layer of the baselines, and the head, seen as links like the sparse one."""

from typing import TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import nn

from netrobust.neural.linear import LinkArrays

D = TypeVar("D", bound=nn.Linear)


def zero_layer(kind: type[D], n_in: int, n_out: int) -> D:
    """Make a complete layer of a kind, such as `DenseLinear`, of zeros.

    Examples
    --------
    >>> zero_layer(nn.Linear, 2, 1).weight.tolist()
    [[0.0, 0.0]]
    """
    # On another device than meta it would draw from torch's global generator.
    layer = kind(n_in, n_out, device="meta")
    layer.weight = nn.Parameter(torch.zeros(n_out, n_in))
    layer.bias = nn.Parameter(torch.zeros(n_out))
    return layer


def dense_links(layer: nn.Linear) -> LinkArrays:
    """Give source, target and weight of every link, row by row of the matrix."""
    target, source = np.divmod(
        np.arange(layer.weight.numel(), dtype=np.int64), layer.in_features
    )
    return source, target, layer.weight.detach().numpy().ravel().copy()


def with_dense_links(
    layer: D, source: ArrayLike, target: ArrayLike, weight: ArrayLike, bias: ArrayLike
) -> D:
    """Make a layer of the same kind and sizes, 0 wherever no link is given."""
    made = zero_layer(type(layer), layer.in_features, layer.out_features)
    matrix = np.zeros((layer.out_features, layer.in_features), np.float32)
    matrix[np.asarray(target), np.asarray(source)] = weight
    made.load_state_dict(
        {
            "weight": torch.from_numpy(matrix),
            "bias": torch.from_numpy(np.array(bias, np.float32)),
        }
    )
    return made


class DenseLinear(nn.Linear):
    """A complete bipartite layer held as a matrix, with the links of `SparseLinear`.

    Links are in canonical order, which is the matrix row by row.
    """

    def links(self) -> LinkArrays:
        """Give source, target and weight of every link, in canonical order."""
        return dense_links(self)

    def with_links(
        self, source: ArrayLike, target: ArrayLike, weight: ArrayLike, bias: ArrayLike
    ) -> "DenseLinear":
        """Make a layer of the same sizes that weighs 0 wherever no link is given."""
        return with_dense_links(self, source, target, weight, bias)
