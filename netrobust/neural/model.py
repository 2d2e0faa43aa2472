"""The network: standardised pixels, layers with ReLU, a dense head."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from itertools import accumulate, pairwise
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from netrobust.core.arguments import named_in_errors
from netrobust.core.errors import InputError
from netrobust.core.settings import choice
from netrobust.neural.config import WEIGHT_STARTS
from netrobust.neural.dense import (
    DenseLinear,
    dense_links,
    with_dense_links,
    zero_layer,
)
from netrobust.neural.fused import activations, stackable
from netrobust.neural.linear import LinkArrays, SparseLinear
from netrobust.neural.topology import Place, topology
from netrobust.neural.weight_init import fresh_dense, fresh_sparse

Layer = SparseLinear | DenseLinear


class SparseMLP(nn.Module):
    """Standardised pixels, sparse layers with ReLU, and a dense head.

    Parameters
    ----------
    layers : sequence of SparseLinear or DenseLinear
        `DenseLinear` layers make the dense baselines.
    head : torch.nn.Linear
        From the last hidden layer to the classes.
    mean, std : float
        Of the training pixels: images go in as they are, in [0, 1].

    Examples
    --------
    >>> model = start((4, 3, 2), np.random.default_rng(0), links=[6])
    >>> model(torch.zeros(5, 4)).shape
    torch.Size([5, 2])
    >>> model.sizes
    (4, 3, 2)
    """

    mean: Tensor
    std: Tensor

    @named_in_errors
    def __init__(
        self,
        layers: Sequence[Layer],
        head: nn.Linear,
        mean: float = 0.0,
        std: float = 1.0,
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.head = head
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons per depth, from the input to the classes."""
        layers = self.hidden_layers
        return (
            layers[0].in_features,
            *(layer.out_features for layer in layers),
            self.head.out_features,
        )

    @property
    def hidden_layers(self) -> list[Layer]:
        """The layers that can be exported and damaged: all but the head."""
        return cast(list[Layer], list(self.layers))

    def links(self, head: bool = False) -> LinkArrays:
        """Give all links between neurons numbered through from the first pixel.

        Parameters
        ----------
        head : bool
            With those of the head behind them, which is complete.

        Returns
        -------
        source, target : ndarray of int64, shape (links,)
        weight : ndarray of float32, shape (links,)
        """
        first = list(accumulate(self.sizes, initial=0))
        parts = [layer.links() for layer in self.hidden_layers]
        if head:
            parts.append(dense_links(self.head))
        return (
            np.concatenate([part[0] + first[i] for i, part in enumerate(parts)]),
            np.concatenate([part[1] + first[i + 1] for i, part in enumerate(parts)]),
            np.concatenate([part[2] for part in parts]),
        )

    def biases(self, head: bool = False) -> NDArray[np.float32]:
        """Give the biases of all hidden neurons, and with the head of the classes."""
        layers = [*self.hidden_layers, self.head] if head else self.hidden_layers
        return np.concatenate([layer.bias.detach().numpy() for layer in layers])

    def with_links(
        self,
        source: NDArray[np.int64],
        target: NDArray[np.int64],
        weight: NDArray[np.float32],
        bias: NDArray[np.float32],
    ) -> "SparseMLP":
        """Make a network of other links and biases, numbered as in `links`.

        Sizes and standardisation stay; so does the head, unless `bias` has a value for
        every class as well, which says that the links of the head are among those
        given.
        """
        first = list(accumulate(self.sizes, initial=0))

        def part(i: int) -> tuple[NDArray[Any], ...]:
            before, here, end = first[i : i + 3]
            ours = (target >= here) & (target < end)
            ends = source[ours] - before, target[ours] - here
            return *ends, weight[ours], bias[here - first[1] : end - first[1]]

        layers = [
            layer.with_links(*part(i)) for i, layer in enumerate(self.hidden_layers)
        ]
        if bias.size == first[-1] - first[1]:
            head = with_dense_links(self.head, *part(len(layers)))
        else:
            head = deepcopy(self.head)
        return SparseMLP(layers, head, float(self.mean), float(self.std))

    def forward(self, x: Tensor) -> Tensor:
        """Map images of shape (images, pixels), pixels in [0, 1], to class scores."""
        layers = self.hidden_layers
        if stackable(layers, x):
            sparse = cast(list[SparseLinear], layers)
            rows = activations(sparse, x, float(self.mean), float(self.std))
        else:
            hidden = (x - self.mean) / self.std
            for layer in layers:
                hidden = torch.relu(layer(hidden))
            rows = hidden.t()
        # Written from the left, so that behind sparse layers, whose activations have
        # one row per neuron, the gradient comes back with the same strides.
        scores = self.head.weight @ rows + self.head.bias[:, None]
        return scores.t()


def start(
    sizes: Sequence[int],
    rng: np.random.Generator,
    links: Sequence[int] | None = None,
    place: Place | None = None,
    mean: float = 0.0,
    std: float = 1.0,
    weights: str = "swi",
    images: NDArray[np.float32] | None = None,
) -> SparseMLP:
    """Make a network before training; every number is drawn from `rng`.

    Parameters
    ----------
    sizes : sequence of int
        Neurons per depth, input and classes included.
    rng : numpy.random.Generator
    links : sequence of int, optional
        Links per hidden layer; complete (dense) layers if not given.
    place : callable, optional
        Where the links start, made by one of `TOPOLOGIES`; Erdos-Renyi if not given.
    mean, std : float
        Of the training pixels.
    weights : {"swi", "kaiming"}
        Sparse weights are N(0, 2 / k) with k the mean in-degree of the layer, the rule
        of He et al. (2015), https://doi.org/10.1109/ICCV.2015.123, on the links that
        are there (sparse weight initialisation, Zhang et al., ICLR 2024), or with the
        layer's width n_in in place of k, as if all links were there; that shrinks the
        signal a thousandfold over three layers of density 0.01. Biases start at 0.
    images : ndarray of float32, shape (images, pixels), optional
        Training images, for topologies that look at them.

    Raises
    ------
    InputError
        The images have another number of pixels than the network has inputs, or the
        topology cannot be made of them.

    Examples
    --------
    >>> start((4, 3, 2), np.random.default_rng(0)).layers[0]
    DenseLinear(in_features=4, out_features=3, bias=True)
    """
    if images is not None and images.shape[1] != sizes[0]:
        raise InputError(
            f"images of {images.shape[1]} pixels do not fit a first layer of "
            f"{sizes[0]} inputs; give images of that size"
        )
    place = place or topology("erdos_renyi")
    layers: list[Layer] = []
    for depth, (n_in, n_out) in enumerate(pairwise(sizes[:-1])):
        if links is None:
            layers.append(fresh_dense(DenseLinear, n_in, n_out, rng))
        else:
            ends = place(n_in, n_out, links[depth], rng, images)
            layers.append(fresh_sparse(n_in, n_out, *ends, weights, rng))
    head = fresh_dense(nn.Linear, sizes[-2], sizes[-1], rng)
    return SparseMLP(layers, head, mean, std)


def reinitialised(
    model: SparseMLP, rng: np.random.Generator, weights: str = "swi"
) -> SparseMLP:
    """Give a network the weights of a start and leave it its links.

    Parameters
    ----------
    model : SparseMLP
        It stays as it is.
    rng : numpy.random.Generator
    weights : {"swi", "kaiming"}
        As for `start`; the mean in-degree is that of the layer's own links.

    Returns
    -------
    SparseMLP
        The same links and standardisation; weights and head are drawn, biases are 0.

    Raises
    ------
    InputError
        The rule is none of the two.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> model = start((4, 3, 2), rng, links=[6])
    >>> fresh = reinitialised(model, rng)
    >>> bool((fresh.links()[0] == model.links()[0]).all())
    True
    >>> bool((fresh.links()[2] == model.links()[2]).any())
    False
    """
    choice("weights", weights, WEIGHT_STARTS)
    layers: list[Layer] = []
    for layer in model.hidden_layers:
        sizes = layer.in_features, layer.out_features
        if isinstance(layer, SparseLinear):
            layers.append(fresh_sparse(*sizes, *layer.links()[:2], weights, rng))
        else:
            layers.append(fresh_dense(DenseLinear, *sizes, rng))
    head = fresh_dense(nn.Linear, model.sizes[-2], model.sizes[-1], rng)
    return SparseMLP(layers, head, float(model.mean), float(model.std))


def from_state(state: Mapping[str, Tensor], sizes: Sequence[int]) -> SparseMLP:
    """Rebuild a network from its ``state_dict()``.

    Parameters
    ----------
    state : mapping of str to Tensor
    sizes : sequence of int
        Neurons per depth, input and classes included.

    Raises
    ------
    InputError
        The tensors are not those of a network of these sizes.
    """
    layers: list[Layer] = []
    biases = [state.get(f"layers.{index}.bias") for index in range(len(sizes) - 2)]
    if not biases or [None if b is None else b.numel() for b in biases] != [
        *sizes[1:-1]
    ]:
        raise InputError(f"not the tensors of a network {sizes}: the biases differ")
    for index, (n_in, n_out) in enumerate(pairwise(sizes[:-1])):
        if f"layers.{index}.indptr" in state:
            layers.append(SparseLinear(n_in, n_out, [], [], []))
        else:
            layers.append(zero_layer(DenseLinear, n_in, n_out))
    model = SparseMLP(layers, zero_layer(nn.Linear, sizes[-2], sizes[-1]))
    try:
        model.load_state_dict(dict(state))
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"not the tensors of a network {sizes}: {reason}") from None
    return model
