"""The weights of a convolution as links that move: a mask over a kernel.

A link is a single number of the kernel, from one place of the window over a channel to
a channel. There is no sparse convolution to hold the links alone, so the kernel stays
whole, under the mask of `torch.nn.utils.prune`.
"""

from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import prune
from torch.optim import Optimizer

from netrobust.core.errors import InputError
from netrobust.neural.sparsify import LayerLinks, Rewiring
from netrobust.neural.topology import union

#: Convolutions whose kernels can be masked.
KERNELS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
#: Methods that ask of a link its weight and gradient, and not who its neighbours are:
#: channels have many links to one another, and groups share the places of the window.
BY_WEIGHT = ("static", "set", "rigl", "mest")


def check_kernel(
    name: str, conv: nn.Module, sparsifier: str, topology: str, chained: bool
) -> None:
    """Refuse what has no meaning for the kernel of a convolution.

    Raises
    ------
    InputError
        The method asks for more than weights and gradients, or the kernel is pruned.
    """
    if sparsifier not in BY_WEIGHT or topology != "erdos_renyi" or chained:
        raise InputError(
            f"{name} is a convolution, whose links are single weights of a kernel; "
            f"choose from {', '.join(BY_WEIGHT)}, with the topology erdos_renyi and "
            "without chained"
        )
    if "weight" not in conv._parameters:
        raise InputError(
            f"the weights of {name} are computed from others, as by pruning; make them "
            "a plain parameter first"
        )


def computed(module: nn.Module) -> dict[int, Tensor]:
    """Give copies, by id, of tensors that a module has computed, such as masked ones.

    Examples
    --------
    >>> conv = nn.Conv1d(1, 1, 1)
    >>> _ = MaskedKernel(conv, np.array([0]))
    >>> list(computed(conv)) == [id(conv.weight)]
    True
    """
    return {
        id(value): value.detach().clone()
        for one in module.modules()
        for value in vars(one).values()
        if isinstance(value, Tensor) and not value.is_leaf
    }


class MaskedKernel:
    """Hold the links of a convolution, which keeps its kernel under a mask.

    Parameters
    ----------
    conv : Conv1d, Conv2d or Conv3d
        It is changed: a mask is put over its weights, which stay as they are.
    place : ndarray of int64, shape (links,)
        Which numbers of the kernel are links, in the order in which it holds them.

    Examples
    --------
    >>> held = MaskedKernel(nn.Conv2d(2, 3, 3), np.array([0, 17, 18]))
    >>> held.links, held.moving().source, held.moving().target
    (3, array([ 0, 17,  0]), array([0, 0, 1]))
    """

    def __init__(self, conv: nn.Module, place: NDArray[np.int64]) -> None:
        self.conv = conv
        self._seen: Tensor | None = None
        self._hook = -1
        mask = torch.zeros_like(cast(Tensor, conv.weight))
        mask.view(-1)[torch.from_numpy(place)] = 1
        prune.custom_from_mask(conv, "weight", mask)
        self._kernel.data.mul_(mask)

    @property
    def links(self) -> int:
        """How many links there are."""
        return int(self._mask.count_nonzero())

    @property
    def _mask(self) -> Tensor:
        return cast(Tensor, self.conv.weight_mask)

    @property
    def _kernel(self) -> nn.Parameter:
        return cast(nn.Parameter, self.conv.weight_orig)

    @property
    def _n_in(self) -> int:
        """Places of the window of one target."""
        return self._mask[0].numel()

    def keep_gradients(self) -> None:
        """Keep the gradient at all places from now on."""
        self._hook = self.conv.register_forward_hook(self._keep).id

    def forget(self, conv: nn.Module) -> None:
        """Take the hook that keeps gradients from a copy of the convolution."""
        conv._forward_hooks.pop(self._hook, None)

    def gradient(self) -> NDArray[np.float32]:
        """Give the gradient of the last batch at all places, shape (targets, places).

        Raises
        ------
        InputError
            No batch was seen.
        """
        if self._seen is None or self._seen.grad is None:
            raise InputError(
                "the method needs the gradient of a batch; call step after the "
                "backward pass of one"
            )
        return self._seen.grad.reshape(len(self._mask), -1).numpy()

    def moving(self) -> LayerLinks:
        """Give the links as sparsifiers take them."""
        place = torch.nonzero(self._mask.view(-1))[:, 0]
        target, source = np.divmod(place.numpy(), self._n_in)
        grad = self._kernel.grad
        return LayerLinks(
            self._n_in,
            len(self._mask),
            source,
            target,
            self._kernel.detach().reshape(-1)[place].numpy(),
            None if grad is None else grad.reshape(-1)[place].numpy(),
        )

    @torch.no_grad()
    def rewire(self, move: Rewiring, optimiser: Optimizer | None) -> None:
        """Move links; what the optimiser keeps of places without a link becomes 0."""
        old = torch.nonzero(self._mask.view(-1))[:, 0]
        stay = old[torch.from_numpy(union(move.kept, move.restored))]
        new = torch.from_numpy(move.target * self._n_in + move.source)
        kernel, mask = self._kernel.data.view(-1), self._mask.view(-1)
        if move.values is not None:
            kernel[old[torch.from_numpy(move.kept)]] = torch.from_numpy(move.values)
        mask.zero_()
        mask[stay] = 1
        held: dict[str, Any] = {}
        if optimiser is not None:
            held = optimiser.state.get(self._kernel, {})
        for value in held.values():
            if isinstance(value, Tensor) and value.shape == self._mask.shape:
                value.mul_(self._mask)
        mask[new] = 1
        kernel[new] = torch.from_numpy(move.weight)
        kernel.mul_(mask)

    def _keep(self, conv: nn.Module, inputs: Any, out: Tensor) -> None:
        weight = cast(Tensor, conv.weight)  # as the mask has left it for this batch
        if weight.requires_grad and not weight.is_leaf:
            weight.retain_grad()
            self._seen = weight
