"""What a network answers: scores of many images at once, accuracy and loss."""

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from netrobust.core.errors import InputError
from netrobust.neural import kernels
from netrobust.neural.dense import DenseLinear
from netrobust.neural.linear import SparseLinear
from netrobust.neural.model import SparseMLP

BATCH = 1000  # images per matrix product of a dense network; 40 MB at 10,000 neurons
_BINS = 15  # of confidence, as many as Guo et al. take


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
    scores: NDArray[np.float32] = logits_together([model], x)[0]
    return scores


def logits_together(
    models: Sequence[SparseMLP], x: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Score images by several networks of the same sizes and standardisation.

    Sparse networks share what they have in common: the standardised pixels, and the
    first layers as far as these are the same in all of them, as in a network damaged
    above them. Every score is, bit for bit, what `logits` gives for its network alone.

    Parameters
    ----------
    models : sequence of SparseMLP
    x : ndarray of float32, shape (images, pixels)
        Pixels in [0, 1].

    Returns
    -------
    ndarray of float32, shape (networks, images, classes)

    Raises
    ------
    InputError
        The sizes, kinds of layers or standardisations differ.
    """
    first = models[0]
    if any(_frame(model) != _frame(first) for model in models):
        raise InputError("networks scored together must have the same sizes and pixels")
    if any(isinstance(layer, DenseLinear) for layer in first.hidden_layers):
        with torch.no_grad():
            blocks = torch.split(torch.tensor(x), BATCH)
            found = [torch.cat([model(block) for block in blocks]) for model in models]
            return torch.stack(found).numpy()
    parts = [
        [_arrays(cast(SparseLinear, layer)) for layer in model.hidden_layers]
        for model in models
    ]
    layers = [layer for part in parts for layer in part]
    into = [np.diff(layer[0]) for layer in layers]
    ends = np.cumsum(np.concatenate(into)).reshape(len(models), -1)
    heads = [
        [tensor.detach().numpy() for tensor in (model.head.weight, model.head.bias)]
        for model in models
    ]
    out = np.empty((len(models), x.shape[0], first.sizes[-1]), np.float32)
    kernels.network_logits(
        np.ascontiguousarray(x),
        np.float32(first.mean),
        np.float32(first.std),
        np.array(first.sizes[:-1]),
        _shared(parts),
        np.column_stack([np.append(0, ends[:-1, -1]), ends]),
        np.concatenate([layer[1] for layer in layers]),
        np.concatenate([layer[2] for layer in layers]),
        np.concatenate([layer[3] for layer in layers]).reshape(len(models), -1),
        np.stack([weight for weight, _ in heads]),
        np.stack([bias for _, bias in heads]),
        out,
    )
    return out


def _frame(model: SparseMLP) -> tuple[Any, ...]:
    """Give what networks that are scored together have in common."""
    kinds = [type(layer) for layer in model.hidden_layers]
    return model.sizes, kinds, float(model.mean), float(model.std)


def _arrays(layer: SparseLinear) -> tuple[NDArray[Any], ...]:
    tensors = layer.indptr, layer.source, layer.weight, layer.bias
    return tuple(tensor.detach().numpy() for tensor in tensors)


def _shared(networks: list[list[tuple[NDArray[Any], ...]]]) -> int:
    """Count the first layers that are the same in all networks."""
    first, *others = networks
    for number, layer in enumerate(first):
        for other in others:
            if not all(map(np.array_equal, layer, other[number])):
                return number
    return len(first)


def losses(
    model: SparseMLP, x: NDArray[np.float32], y: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Give the cross-entropy of every image in nats, shape (images,).

    Examples
    --------
    >>> from netrobust.neural.model import start
    >>> model = start((4, 3, 2), np.random.default_rng(0), links=[6])
    >>> losses(model, np.zeros((2, 4), np.float32), np.array([0, 1])).round(3)
    array([0.693, 0.693])
    """
    return _cross_entropy(_shifted(logits(model, x)), y)


def evaluate(
    model: SparseMLP,
    x: NDArray[np.float32],
    y: NDArray[np.int64],
    details: bool = False,
) -> dict[str, float]:
    """Give accuracy and mean cross-entropy of a network on labelled images.

    Parameters
    ----------
    model : SparseMLP
    x : ndarray of float32, shape (images, pixels)
    y : ndarray of int64, shape (images,)
    details : bool
        Give confidence, calibration and the accuracy of every class, too.

    Returns
    -------
    dict
        ``accuracy`` in [0, 1] and ``loss`` in nats. With `details` also
        ``confidence``, the mean probability (softmax) of the class that is chosen;
        ``ece``, the expected calibration error: the mean distance of confidence and
        accuracy over 15 equally wide bins of confidence, weighted by their images;
        and ``accuracy_0``, ``accuracy_1``, ..., of the images of each class, NaN
        where there are none.

    Notes
    -----
    ECE after Guo, Pleiss, Sun and Weinberger, On calibration of modern neural networks,
    ICML 2017, https://arxiv.org/abs/1706.04599: a bin is open on the left.

    Examples
    --------
    >>> from netrobust.neural.model import start
    >>> model = start((4, 3, 2), np.random.default_rng(0), links=[6])
    >>> x, y = np.zeros((5, 4), np.float32), np.zeros(5, np.int64)
    >>> sorted(evaluate(model, x, y))
    ['accuracy', 'loss']
    >>> evaluate(model, x, y, details=True)["confidence"]
    0.5
    """
    return assess(logits(model, x), y, details)


def evaluate_together(
    models: Sequence[SparseMLP],
    x: NDArray[np.float32],
    y: NDArray[np.int64],
    details: bool = False,
) -> list[dict[str, float]]:
    """Give what `evaluate` gives for each of several networks of the same sizes.

    Raises
    ------
    InputError
        The networks cannot be scored together: see `logits_together`.
    """
    return [assess(scores, y, details) for scores in logits_together(models, x)]


def assess(
    given: NDArray[np.float32], y: NDArray[np.int64], details: bool
) -> dict[str, float]:
    """Give what `evaluate` gives, from the scores of images, shape (images, classes).

    Examples
    --------
    >>> assess(np.array([[0, 1], [1, 0]], np.float32), np.array([1, 1]), False)
    {'accuracy': 0.5, 'loss': 0.8132616875182228}
    """
    scores = _shifted(given)
    correct = scores.argmax(axis=1) == y
    found = {
        "accuracy": float(np.mean(correct)),
        "loss": float(_cross_entropy(scores, y).mean()),
    }
    if not details:
        return found
    # The largest score is 0 by now, its probability one over the sum.
    confidence = 1 / np.exp(scores).sum(axis=1)
    found["confidence"] = float(confidence.mean())
    found["ece"] = _calibration_error(confidence, correct)
    for label in range(scores.shape[1]):
        ours = correct[y == label]
        found[f"accuracy_{label}"] = float(ours.mean()) if ours.size else np.nan
    return found


def _shifted(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give scores whose largest is 0 in every row, so that no exponential overflows."""
    shifted = scores.astype(np.float64)
    with np.errstate(invalid="ignore"):  # an infinite score makes the loss NaN
        shifted -= shifted.max(axis=1, keepdims=True)
    return shifted


def _cross_entropy(
    shifted: NDArray[np.float64], y: NDArray[np.int64]
) -> NDArray[np.float64]:
    chosen: NDArray[np.float64] = shifted[np.arange(y.size), y]
    return np.log(np.exp(shifted).sum(axis=1)) - chosen


def _calibration_error(
    confidence: NDArray[np.float64], correct: NDArray[np.bool_]
) -> float:
    """Give the mean distance of confidence and accuracy, bin by bin of confidence."""
    if np.isnan(confidence).any():
        return np.nan
    edges = np.arange(1, _BINS) / _BINS
    group = np.searchsorted(edges, confidence, side="left")  # an edge ends its bin
    excess = np.bincount(group, correct - confidence, minlength=_BINS)
    return float(np.abs(excess).sum() / confidence.size)
