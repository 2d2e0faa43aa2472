"""Layers before training: their weights are drawn, their biases are 0."""

from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from netrobust.neural.dense import zero_layer
from netrobust.neural.linear import SparseLinear

D = TypeVar("D", bound=nn.Linear)


def fresh_sparse(
    n_in: int,
    n_out: int,
    source: NDArray[np.int64],
    target: NDArray[np.int64],
    weights: str,
    rng: np.random.Generator,
) -> SparseLinear:
    """Draw weights for given links, by the rule `start` explains.

    Examples
    --------
    >>> ends = np.array([0, 1, 1]), np.array([0, 0, 2])
    >>> fresh_sparse(2, 3, *ends, "swi", np.random.default_rng(0))
    SparseLinear(2, 3, links=3)
    """
    fan_in = source.size / n_out if weights == "swi" else n_in
    weight = _he_normal(source.size, fan_in, rng)
    return SparseLinear(n_in, n_out, source, target, weight)


def fresh_dense(kind: type[D], n_in: int, n_out: int, rng: np.random.Generator) -> D:
    """Draw a complete layer of a kind, such as `DenseLinear`."""
    layer = zero_layer(kind, n_in, n_out)
    layer.weight.data = torch.from_numpy(_he_normal((n_out, n_in), n_in, rng))
    return layer


def _he_normal(
    shape: int | tuple[int, int], fan_in: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    scale = np.float32(np.sqrt(2 / fan_in)) if fan_in else np.float32(0)
    return rng.standard_normal(shape, dtype=np.float32) * scale
