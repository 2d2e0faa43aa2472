"""The dense layer of the baselines, seen as links like the sparse one."""

from typing import cast

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import nn
from torch.nn.utils import skip_init

from netrobust.neural.linear import LinkArrays


class DenseLinear(nn.Linear):
    """A complete bipartite layer held as a matrix, with the links of `SparseLinear`.

    Links are in canonical order, which is the matrix row by row.
    """

    def links(self) -> LinkArrays:
        """Give source, target and weight of every link, in canonical order."""
        target, source = np.divmod(
            np.arange(self.weight.numel(), dtype=np.int64), self.in_features
        )
        return source, target, self.weight.detach().numpy().ravel().copy()

    def with_links(
        self, source: ArrayLike, target: ArrayLike, weight: ArrayLike, bias: ArrayLike
    ) -> "DenseLinear":
        """Make a layer of the same sizes that weighs 0 wherever no link is given."""
        layer = skip_init(DenseLinear, self.in_features, self.out_features)
        matrix = np.zeros((self.out_features, self.in_features), np.float32)
        matrix[np.asarray(target), np.asarray(source)] = weight
        layer.load_state_dict(
            {
                "weight": torch.from_numpy(matrix),
                "bias": torch.from_numpy(np.array(bias, np.float32)),
            }
        )
        return cast(DenseLinear, layer)
