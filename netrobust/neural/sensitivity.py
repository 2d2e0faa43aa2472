"""What images tell about links and neurons: saliency and activation."""

from copy import deepcopy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from netrobust.neural.evaluate import BATCH
from netrobust.neural.model import SparseMLP


def sensitivity(
    model: SparseMLP, x: NDArray[np.float32], y: NDArray[np.int64]
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Give the loss, and what each link and each neuron has to do with it.

    Parameters
    ----------
    model : SparseMLP
        Left as it is, its gradients included.
    x : ndarray of float32, shape (images, pixels)
        Pixels in [0, 1], at least one image.
    y : ndarray of int64, shape (images,)

    Returns
    -------
    loss : float
        The mean cross-entropy L in nats.
    saliency : ndarray of float64, shape (links,)
        ``|w dL/dw|`` of every link before the head, in canonical order: to first order
        the change of the loss if the link goes. The gradient is that of the mean, so
        images that pull a link up and down cancel.
    activation : ndarray of float64, shape (neurons,)
        Mean absolute output of the neurons of all depths but that of the classes,
        depth by depth. The output of a pixel is its standardised value.

    Notes
    -----
    The relevance of Mozer and Smolensky, Skeletonization, NIPS 1 (1988), for links, as
    in the connection sensitivity of Lee, Ajanthan and Torr, SNIP, ICLR 2019,
    https://arxiv.org/abs/1810.02340.

    Examples
    --------
    >>> from netrobust.neural.model import start
    >>> model = start((4, 3, 2), np.random.default_rng(0), links=[6])
    >>> x, y = np.ones((5, 4), np.float32), np.zeros(5, np.int64)
    >>> loss, saliency, activation = sensitivity(model, x, y)
    >>> saliency.shape, activation.shape, activation[:4].tolist()
    ((6,), (7,), [1.0, 1.0, 1.0, 1.0])
    """
    twin = deepcopy(model).requires_grad_(True)  # the model's own tensors stay alone
    layers = twin.hidden_layers
    outputs: list[NDArray[np.float64]] = [np.zeros(size) for size in twin.sizes[:-1]]

    def watch(depth: int) -> Any:
        def add(layer: Any, given: Any, out: torch.Tensor) -> None:
            rates = torch.relu(out.detach())
            outputs[depth] += rates.sum(0, dtype=torch.float64).numpy()

        return add

    for depth, layer in enumerate(layers, start=1):
        layer.register_forward_hook(watch(depth))
    total = 0.0
    gradients = [np.zeros(layer.weight.numel()) for layer in layers]
    for first in range(0, len(y), BATCH):
        images = torch.tensor(x[first : first + BATCH])
        labels = torch.tensor(y[first : first + BATCH])
        pixels = (images - twin.mean) / twin.std
        outputs[0] += pixels.abs().sum(0, dtype=torch.float64).numpy()
        with torch.enable_grad():
            loss = cross_entropy(twin(images).double(), labels, reduction="sum")
            parts = torch.autograd.grad(loss, [layer.weight for layer in layers])
        total += loss.item()
        for gradient, part in zip(gradients, parts, strict=True):
            gradient += part.numpy().ravel()
    slope = np.concatenate(gradients) / len(y)
    weight = model.links()[2]
    return total / len(y), np.abs(weight * slope), np.concatenate(outputs) / len(y)


def activations(model: SparseMLP, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the output of every neuron for every image.

    Parameters
    ----------
    model : SparseMLP
    x : ndarray of float32, shape (images, pixels)
        Pixels in [0, 1].

    Returns
    -------
    ndarray of float32, shape (images, neurons)
        Neurons of all depths but that of the classes, depth by depth; the output of a
        pixel is its standardised value, which can be negative.

    Examples
    --------
    >>> from netrobust.neural.model import start
    >>> model = start((4, 3, 2), np.random.default_rng(0), links=[6])
    >>> activations(model, np.ones((5, 4), np.float32)).shape
    (5, 7)
    """
    with torch.no_grad():
        outputs = [(torch.tensor(x) - model.mean) / model.std]
        for layer in model.hidden_layers:
            outputs.append(torch.relu(layer(outputs[-1])))
    return torch.cat(outputs, dim=1).numpy()
