"""What a network answers: scores of many images at once, accuracy and loss."""

import numpy as np
import torch
from numpy.typing import NDArray

from netrobust.neural import kernels
from netrobust.neural.linear import SparseLinear
from netrobust.neural.model import SparseMLP

_IMAGES = 1000  # per matrix product of a dense network; 40 MB at 10,000 neurons


def logits(model: SparseMLP, x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Score images, all sparse layers fused per block of images.

    Parameters
    ----------
    model : SparseMLP
    x : ndarray of float32, shape (images, pixels)
        Pixels in [0, 1].

    Returns
    -------
    ndarray of float32, shape (images, classes)
    """
    layers = [part for part in model.layers if isinstance(part, SparseLinear)]
    if len(layers) < len(model.layers):
        with torch.no_grad():
            blocks = torch.split(torch.tensor(x), _IMAGES)
            return torch.cat([model.forward(block) for block in blocks]).numpy()
    state = model.state_dict()

    def joined(name: str) -> NDArray[np.float32]:
        parts = [state[f"layers.{i}.{name}"].numpy() for i in range(len(layers))]
        return np.concatenate(parts)

    into = [np.diff(layer.indptr.numpy()) for layer in layers]
    out = np.empty((x.shape[0], model.sizes[-1]), np.float32)
    kernels.network_logits(
        np.ascontiguousarray(x),
        np.float32(model.mean),
        np.float32(model.std),
        np.array(model.sizes[:-1]),
        np.concatenate([[0], np.cumsum(np.concatenate(into))]),
        joined("source"),
        joined("weight"),
        joined("bias"),
        state["head.weight"].numpy(),
        state["head.bias"].numpy(),
        out,
    )
    return out


def evaluate(
    model: SparseMLP, x: NDArray[np.float32], y: NDArray[np.int64]
) -> dict[str, float]:
    """Give accuracy and mean cross-entropy of a network on labelled images.

    Parameters
    ----------
    model : SparseMLP
    x : ndarray of float32, shape (images, pixels)
    y : ndarray of int64, shape (images,)

    Returns
    -------
    dict
        ``accuracy`` in [0, 1] and ``loss`` in nats.

    Examples
    --------
    >>> from netrobust.neural.model import start
    >>> model = start((4, 3, 2), np.random.default_rng(0), links=[6])
    >>> x, y = np.zeros((5, 4), np.float32), np.zeros(5, np.int64)
    >>> sorted(evaluate(model, x, y))
    ['accuracy', 'loss']
    """
    scores = logits(model, x).astype(np.float64)
    with np.errstate(invalid="ignore"):  # an infinite score makes the loss NaN
        scores -= scores.max(axis=1, keepdims=True)
    chosen = scores[np.arange(y.size), y]
    loss = np.log(np.exp(scores).sum(axis=1)) - chosen
    accuracy = np.mean(scores.argmax(axis=1) == y)
    return {"accuracy": float(accuracy), "loss": float(loss.mean())}
