"""A sparse linear layer in a torch module of one's own."""

from typing import Self

import torch
from torch import Tensor, nn
from torch.nn.utils import prune

from netrobust.neural.dense import zero_layer
from netrobust.neural.linear import SparseLinear


class SparseModuleLinear(SparseLinear):
    """A `SparseLinear` that takes inputs of any leading shape, as `nn.Linear` does."""

    @classmethod
    def of(cls, plain: nn.Linear, drawn: SparseLinear) -> Self:
        """Take the links of one layer, and bias and mode of a plain one."""
        layer = cls(plain.in_features, plain.out_features, *drawn.links())
        with torch.no_grad():
            if plain.bias is None:
                layer.bias.requires_grad_(False)
            else:
                layer.bias.copy_(plain.bias)
        return layer.train(plain.training)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., n_in) to (..., n_out)."""
        rows = super().forward(x.reshape(-1, x.shape[-1]))
        return rows.reshape(*x.shape[:-1], self.out_features)

    def dense(self) -> nn.Linear:
        """Give the plain layer that computes the same, with a mask over its weights.

        Examples
        --------
        >>> layer = SparseModuleLinear(3, 2, [0, 2], [1, 0], [1.0, 0.5])
        >>> layer.dense().weight.tolist()
        [[0.0, 0.0, 0.5], [1.0, 0.0, 0.0]]
        """
        plain = zero_layer(nn.Linear, self.in_features, self.out_features)
        source, target, _ = self.links()
        mask = torch.zeros(self.out_features, self.in_features)
        with torch.no_grad():
            plain.weight[target, source] = self.weight.detach()
            plain.bias.copy_(self.bias.detach())
        mask[target, source] = 1
        if not self.bias.requires_grad:
            plain.register_parameter("bias", None)
        prune.custom_from_mask(plain, "weight", mask)
        return plain
