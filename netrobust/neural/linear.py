"""The sparse layer: it stores its links and nothing else."""

from typing import Any, cast

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from netrobust.core.arguments import named_in_errors
from netrobust.core.errors import InputError
from netrobust.neural import kernels

LinkArrays = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]


class SparseLinear(nn.Module):
    """A linear map ``x W^T + b`` that stores only its links.

    Parameters
    ----------
    n_in, n_out : int
        Neurons on the source and on the target side.
    source, target : array_like of int, shape (links,)
        Ends of every link, in any order, no pair twice.
    weight : array_like of float, shape (links,)
        A link may weigh 0 and is still a link.
    bias : array_like of float, shape (n_out,), optional
        Zeros if not given.

    Attributes
    ----------
    weight : torch.nn.Parameter, shape (links,)
        In canonical order: by target, then by source.
    bias : torch.nn.Parameter, shape (n_out,)
    indptr : Tensor of int64, shape (n_out + 1,)
        The links into neuron ``t`` are ``indptr[t]:indptr[t + 1]``.
    source : Tensor of int32, shape (links,)

    Raises
    ------
    InputError
        The arrays do not describe such a layer.

    Notes
    -----
    ``state_dict``, ``deepcopy``, ``pickle`` and safetensors carry the topology:
    loading a state replaces the links. Products run on the CPU.

    Examples
    --------
    >>> layer = SparseLinear(3, 2, source=[0, 2], target=[1, 0], weight=[1.0, 0.5])
    >>> layer(torch.tensor([[1.0, 1.0, 4.0]])).tolist()
    [[2.0, 1.0]]
    """

    indptr: Tensor
    source: Tensor

    @named_in_errors
    def __init__(
        self,
        n_in: int,
        n_out: int,
        source: ArrayLike,
        target: ArrayLike,
        weight: ArrayLike,
        bias: ArrayLike | None = None,
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = int(n_in), int(n_out)
        source, target = _integers("source", source), _integers("target", target)
        weight = _single("weight", weight)
        if not source.shape == target.shape == weight.shape == (weight.size,):
            raise InputError(
                "source, target and weight must be one-dimensional and equally long; "
                f"got shapes {source.shape}, {target.shape} and {weight.shape}"
            )
        order = self._take(source, target)
        values = _single("bias", np.zeros(n_out) if bias is None else bias).copy()
        if values.shape != (n_out,):
            raise InputError(
                f"bias must hold one value a target neuron, {n_out}; got shape "
                f"{values.shape}"
            )
        self.weight = nn.Parameter(torch.from_numpy(weight[order]))
        self.bias = nn.Parameter(torch.from_numpy(values))

    def extra_repr(self) -> str:
        """Say sizes and links when printed."""
        return f"{self.in_features}, {self.out_features}, links={self.weight.numel()}"

    def links(self) -> LinkArrays:
        """Give source, target and weight of every link, in canonical order.

        Returns
        -------
        source, target : ndarray of int64, shape (links,)
        weight : ndarray of float32, shape (links,)
        """
        target = np.repeat(np.arange(self.out_features), np.diff(self.indptr.numpy()))
        weight = self.weight.detach().numpy().copy()
        return self.source.numpy().astype(np.int64), target, weight

    def rewire(
        self, kept: ArrayLike, source: ArrayLike, target: ArrayLike, weight: ArrayLike
    ) -> NDArray[np.int64]:
        """Drop all links but `kept` and add new ones, in place.

        Parameters
        ----------
        kept : array_like of int, shape (kept,)
            Ids of the links that stay, with their weights.
        source, target, weight : array_like, shape (added,)
            The links added.

        Returns
        -------
        ndarray of int64, shape (links,)
            For every link of the new layer its old id, or -1 where it is new: what
            an optimiser needs to take its state along.

        Raises
        ------
        InputError
            An id is none of the layer's, or a new link stands where another link is.
        """
        kept = _integers("kept", kept)
        old_source, old_target, old_weight = self.links()
        if kept.size and (kept.min() < 0 or kept.max() >= old_weight.size):
            raise InputError(f"kept must hold link ids in 0..{old_weight.size - 1}")
        source = np.concatenate([old_source[kept], np.asarray(source, np.int64)])
        target = np.concatenate([old_target[kept], np.asarray(target, np.int64)])
        weight = np.concatenate([old_weight[kept], np.asarray(weight, np.float32)])
        origin = np.full(weight.size, -1)
        origin[: kept.size] = kept
        order = self._take(source, target)
        self.weight.data, self.weight.grad = torch.from_numpy(weight[order]), None
        return origin[order]

    def _take(
        self, source: NDArray[np.int64], target: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Make the topology that of these links; give their canonical order."""
        n_in, n_out = self.in_features, self.out_features
        if target.size and (target.min() < 0 or target.max() >= n_out):
            raise InputError(f"targets must lie in 0..{n_out - 1}")
        order = np.argsort(target * n_in + source, kind="stable")
        into = np.bincount(target, minlength=n_out)
        indptr = np.concatenate([[0], np.cumsum(into)])
        _check_topology(indptr, source[order], n_in, n_out)
        self.register_buffer("indptr", torch.from_numpy(indptr))
        self.register_buffer("source", torch.from_numpy(source[order].astype(np.int32)))
        self._by_source: tuple[NDArray[Any], ...] | None = None
        return order

    def with_links(
        self, source: ArrayLike, target: ArrayLike, weight: ArrayLike, bias: ArrayLike
    ) -> "SparseLinear":
        """Make a layer of the same sizes from other links and biases."""
        return SparseLinear(
            self.in_features, self.out_features, source, target, weight, bias
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map images of shape (images, n_in) to (images, n_out)."""
        if self.weight.device.type != "cpu" or x.device.type != "cpu":
            raise InputError(
                f"SparseLinear computes on the CPU; got {x.device.type} images and "
                f"{self.weight.device.type} weights, move both with .to('cpu')"
            )
        if (
            x.ndim != 2
            or x.shape[1] != self.in_features
            or x.dtype != self.weight.dtype
        ):
            raise InputError(
                f"the layer takes {self.weight.dtype} of shape (images, "
                f"{self.in_features}); got {x.dtype} of shape {tuple(x.shape)}"
            )
        # The kernels want one row per neuron. Between sparse layers the transposes
        # only change strides; nothing is copied.
        out = _Product.apply(x.t().contiguous(), self.weight, self.bias, self)
        return cast(Tensor, out).t()

    def by_source(self) -> tuple[NDArray[Any], ...]:
        """Give row pointers, targets and ids of the links in the order of sources."""
        if self._by_source is None:
            source = self.source.numpy()
            begins = np.zeros(self.in_features + 1, np.int64)
            target, order = np.empty_like(source), np.empty_like(source)
            kernels.order_by_source(self.indptr.numpy(), source, begins, target, order)
            self._by_source = begins, target, order
        return self._by_source

    def _load_from_state_dict(
        self, state_dict: dict[str, Tensor], prefix: str, *rest: Any
    ) -> None:
        names = [prefix + name for name in ("weight", "indptr", "source")]
        found = [name in state_dict for name in names]
        if any(found[1:]):
            # One of the three alone would leave links that point anywhere.
            if not all(found):
                raise InputError(f"a state must hold {', '.join(names)} together")
            weight, indptr, source = (state_dict[name] for name in names)
            _check_topology(
                indptr.numpy(), source.numpy(), self.in_features, self.out_features
            )
            if weight.shape != source.shape or not weight.is_floating_point():
                raise InputError(
                    f"{names[0]} must hold one weight a link, {tuple(source.shape)}; "
                    f"got {weight.dtype} of shape {tuple(weight.shape)}"
                )
            self.weight.data, self.weight.grad = torch.empty_like(weight), None
            self.indptr, self.source = indptr.clone(), source.clone()
            self._by_source = None
        super()._load_from_state_dict(state_dict, prefix, *rest)


class _Product(torch.autograd.Function):
    """``W x + b`` and its gradients on rows of neurons, shape (neurons, images)."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, layer: SparseLinear
    ) -> Tensor:
        indptr, source = layer.indptr.numpy(), layer.source.numpy()
        out = torch.empty((layer.out_features, x.shape[1]), dtype=x.dtype)
        kernels.multiply(
            indptr, source, weight.detach().numpy(), bias.detach().numpy(),
            x.detach().numpy(), out.numpy(),
        )  # fmt: skip
        # The arrays are kept, not the layer or its parameter: rewiring before the
        # backward pass must not send the kernels out of bounds.
        ctx.save_for_backward(x, weight.detach())
        ctx.by_target = indptr, source
        ctx.by_source = layer.by_source() if x.requires_grad else None
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        g = grad.contiguous().numpy()
        grad_weight = torch.empty_like(weight)
        grad_bias = torch.empty(g.shape[0], dtype=weight.dtype)
        kernels.sampled_product(
            *ctx.by_target, g, x.detach().numpy(), grad_weight.numpy(),
            grad_bias.numpy(),
        )  # fmt: skip
        grad_x = None
        if ctx.by_source is not None:
            grad_x = torch.empty_like(x)
            kernels.multiply_transposed(
                *ctx.by_source, weight.detach().numpy(), g, grad_x.numpy()
            )
        return grad_x, grad_weight, grad_bias, None


def _integers(name: str, values: ArrayLike) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.size and array.dtype.kind not in "iu":
        raise InputError(f"{name} must hold integers; got {array.dtype}")
    return array.astype(np.int64)


def _single(name: str, values: ArrayLike) -> NDArray[np.float32]:
    """Give values in single precision; refuse those beyond it."""
    with np.errstate(over="ignore"):
        array = np.asarray(values, np.float32)
    if np.isinf(array).any() and np.isfinite(np.asarray(values)).all():
        raise InputError(
            f"{name} must be smaller than 3.4e38 in size, the most that single "
            "precision holds; scale it down"
        )
    return array


def _check_topology(
    indptr: NDArray[Any], source: NDArray[Any], n_in: int, n_out: int
) -> None:
    """Refuse what would lead the kernels, which check no bounds, out of an array."""
    if indptr.dtype.kind != "i" or source.dtype.kind != "i":
        raise InputError(
            "row pointers and sources must be signed integers; "
            f"got {indptr.dtype} and {source.dtype}"
        )
    if indptr.shape != (n_out + 1,) or source.ndim != 1:
        raise InputError(
            f"a layer of {n_out} target neurons needs {n_out + 1} row pointers and a "
            f"flat list of sources; got shapes {indptr.shape} and {source.shape}"
        )
    if indptr[0] != 0 or indptr[-1] != source.size or (np.diff(indptr) < 0).any():
        raise InputError(
            f"row pointers must rise from 0 to the number of links, {source.size}"
        )
    if source.size and (source.min() < 0 or source.max() >= n_in):
        raise InputError(f"sources must lie in 0..{n_in - 1}")
    target = np.repeat(np.arange(n_out), np.diff(indptr))
    if (np.diff(target * n_in + source) <= 0).any():
        raise InputError("links must be sorted by target and source, no pair twice")
