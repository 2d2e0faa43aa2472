"""Sparse layers one behind the other as one step of automatic differentiation.

Layer by layer, torch spends as much time between the kernels as in them. Here they
follow each other, with the same results bit for bit.
"""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from netrobust.neural import kernels
from netrobust.neural.linear import SparseLinear

_HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
)


def stackable(layers: Sequence[nn.Module], x: Tensor) -> bool:
    """Return whether `activations` gives for these layers and images what torch gives.

    All layers must be sparse and none watched by a hook; no gradient is asked of the
    images, and all is in single precision.
    """
    return (
        len(layers) > 0
        and not x.requires_grad
        and x.ndim == 2
        and x.dtype == torch.float32
        and x.device.type == "cpu"
        and all(
            type(layer) is SparseLinear
            and layer.weight.dtype == x.dtype
            and layer.weight.device == x.device
            and not watched(layer)
            for layer in layers
        )
        and x.shape[1] == cast(SparseLinear, layers[0]).in_features
    )


def watched(module: nn.Module) -> bool:
    """Return whether a hook watches a module."""
    return any(getattr(module, hooks) for hooks in _HOOKS)


def activations(
    layers: Sequence[SparseLinear], x: Tensor, mean: float, std: float
) -> Tensor:
    """Send standardised images through sparse layers, each followed by ReLU.

    Parameters
    ----------
    layers : sequence of SparseLinear
    x : Tensor of float32, shape (images, pixels)
    mean, std : float
        Of the pixels.

    Returns
    -------
    Tensor of float32, shape (neurons of the last layer, images)

    Examples
    --------
    >>> layer = SparseLinear(2, 2, source=[0, 1], target=[0, 1], weight=[1.0, -1.0])
    >>> activations([layer], torch.ones(1, 2), mean=0.0, std=0.5).tolist()
    [[2.0], [0.0]]
    """
    weights = [layer.weight for layer in layers]
    biases = [layer.bias for layer in layers]
    return cast(Tensor, _Stack.apply(layers, x, mean, std, *weights, *biases))


class _Stack(torch.autograd.Function):
    """All layers, forward and backward, on rows of neurons."""

    @staticmethod
    def forward(
        ctx: Any,
        layers: Sequence[SparseLinear],
        x: Tensor,
        mean: float,
        std: float,
        *parameters: Tensor,
    ) -> Tensor:
        weights, biases = parameters[: len(layers)], parameters[len(layers) :]
        reached = [torch.empty((x.shape[1], x.shape[0]))]
        pixels = x.contiguous().numpy()
        kernels.standardise(
            pixels, np.float32(mean), np.float32(std), reached[0].numpy()
        )
        # As in one layer, the arrays are kept: rewiring must not change them.
        ctx.by_target, ctx.by_source = [], []
        for layer, weight, bias in zip(layers, weights, biases, strict=True):
            links = layer.indptr.numpy(), layer.source.numpy()
            out = torch.empty((layer.out_features, x.shape[0]))
            kernels.activate(
                *links, weight.detach().numpy(), bias.detach().numpy(),
                reached[-1].numpy(), out.numpy(),
            )  # fmt: skip
            reached.append(out)
            ctx.by_target.append(links)
            ctx.by_source.append(layer.by_source())
        ctx.save_for_backward(*reached, *(weight.detach() for weight in weights))
        return reached[-1]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        depth = len(ctx.by_target)
        reached, weights = (
            ctx.saved_tensors[: depth + 1],
            ctx.saved_tensors[depth + 1 :],
        )
        above = grad.contiguous().numpy()
        grad_weights, grad_biases = [], []
        for k in reversed(range(depth)):
            x, out, weight = reached[k].numpy(), reached[k + 1].numpy(), weights[k]
            g = np.empty_like(above)
            grad_weights.append(torch.empty_like(weight))
            grad_biases.append(torch.empty(len(g)))
            kernels.activated_product(
                *ctx.by_target[k], above, out, x, g, grad_weights[-1].numpy(),
                grad_biases[-1].numpy(),
            )  # fmt: skip
            if k:
                above = np.empty_like(x)
                kernels.multiply_transposed(*ctx.by_source[k], weight.numpy(), g, above)
        return None, None, None, None, *grad_weights[::-1], *grad_biases[::-1]
