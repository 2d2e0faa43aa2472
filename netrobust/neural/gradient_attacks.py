"""Steps up the loss, image by image, inside a ball around each image."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from netrobust.neural.evaluate import BATCH, logits, losses
from netrobust.neural.model import SparseMLP

Images = NDArray[np.float32]
Labels = NDArray[np.int64]
Harm = Callable[[SparseMLP, Images, Labels], NDArray[np.float64]]


def gradient(
    model: SparseMLP, x: Images, y: Labels, target: int | None = None
) -> Images:
    """Give the direction in which each image's loss rises fastest.

    With z the scores and u = logsumexp of z over the other classes - z of the right
    one, the cross-entropy is log(1 + exp(u)): its gradient is that of u times a
    positive number, which vanishes in floats where a network is sure of itself. That of
    u does not, so a sure network does not look robust.

    Parameters
    ----------
    model : SparseMLP
    x : ndarray of float32, shape (images, pixels)
    y : ndarray of int64, shape (images,)
    target : int, optional
        A class: then u is its score less that of the right one.

    Returns
    -------
    ndarray of float32, shape (images, pixels)
        The gradient of u; 0 where the target is the right class.

    Examples
    --------
    >>> from netrobust.neural.model import start
    >>> model = start((4, 3, 2), np.random.default_rng(0), links=[6])
    >>> gradient(model, np.ones((5, 4), np.float32), np.zeros(5, np.int64)).shape
    (5, 4)
    """
    slope = np.empty_like(x)
    for first in range(0, len(y), BATCH):
        images = torch.tensor(x[first : first + BATCH], requires_grad=True)
        labels = torch.tensor(y[first : first + BATCH])[:, None]
        with torch.enable_grad():
            scores = model(images)
            if target is None:
                ahead = torch.logsumexp(scores.scatter(1, labels, -torch.inf), 1)
            else:
                ahead = scores[:, target]
            lead = ahead - scores.gather(1, labels)[:, 0]
            (part,) = torch.autograd.grad(lead.sum(), images)
        slope[first : first + BATCH] = part.numpy()
    # Where a broken network scores beyond all floats there is no direction.
    finite: Images = np.nan_to_num(slope, copy=False)
    return finite


def step(
    model: SparseMLP,
    here: Images,
    x: Images,
    y: Labels,
    stride: float,
    eps: float,
    norm: str,
    target: int | None = None,
) -> Images:
    """Go one step up the loss, without leaving the ball of radius eps around `x`.

    Parameters
    ----------
    model : SparseMLP
    here, x : ndarray of float32, shape (images, pixels)
        Where to step from, and the images themselves.
    y : ndarray of int64, shape (images,)
    stride : float
        Length of the step in the norm.
    eps : float
    norm : {"linf", "l2"}
    target : int, optional
        As for `gradient`.
    """
    slope = gradient(model, here, y, target)
    kept: NDArray[Any]
    if norm == "linf":
        there = here + np.float32(stride) * np.sign(slope)
        kept = np.clip(there - x, -np.float32(eps), np.float32(eps))
    else:
        size = length(slope)
        ahead = stride / np.where(size > 0, size, np.inf)
        shift = here + (slope * ahead[:, None]).astype(np.float32) - x
        inward = eps / np.maximum(length(shift), eps)
        kept = shift * inward[:, None].astype(np.float32)
    return np.asarray(np.clip(x + kept, 0, 1), np.float32)


def inside(x: Images, eps: float, norm: str, rng: np.random.Generator) -> Images:
    """Draw a uniformly random point of the ball around each image, clipped to [0, 1].

    In ``l2`` two coordinates more are drawn on a sphere and left out: what is left is
    uniform in the ball (Voelker, Gosmann and Stewart, Efficiently sampling vectors and
    coordinates from the n-sphere and n-ball, 2017,
    https://doi.org/10.13140/RG.2.2.15829.01767/1).
    """
    images, pixels = x.shape
    if norm == "linf":
        shift = np.float32(2 * eps) * rng.random(x.shape, np.float32) - np.float32(eps)
    else:
        sphere = rng.standard_normal((images, pixels + 2), np.float32)
        shift = sphere[:, :pixels] * (eps / length(sphere))[:, None].astype(np.float32)
    return np.asarray(np.clip(x + shift, 0, 1), np.float32)


def length(vectors: NDArray[Any]) -> NDArray[np.float64]:
    """Give Euclidean lengths, shape (images,), summed in float64.

    Examples
    --------
    >>> length(np.array([[3, 4]], np.float32))
    array([5.])
    """
    square = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64)
    return np.asarray(np.sqrt(square), np.float64)


def leads(model: SparseMLP, x: Images, y: Labels) -> NDArray[np.float64]:
    """Give how far the right class is behind the best other one, shape (images,).

    Where it is above 0 an image is taken for another class, which a high loss alone
    does not say of more than two classes.

    Examples
    --------
    >>> from netrobust.neural.model import start
    >>> model = start((4, 3, 2), np.random.default_rng(0), links=[6])
    >>> leads(model, np.zeros((2, 4), np.float32), np.array([0, 1]))
    array([0., 0.])
    """
    scores = logits(model, x).astype(np.float64)
    rows = np.arange(len(y))
    right = scores[rows, y]
    scores[rows, y] = -np.inf
    with np.errstate(invalid="ignore"):  # NaN of a broken network, never the worst
        return np.asarray(scores.max(axis=1) - right)


class Worst:
    """The worst point of every image, among those that were seen.

    Parameters
    ----------
    harm : callable
        ``(model, x, y) -> array``, the larger the worse: `losses` or `leads`.

    Attributes
    ----------
    points : ndarray of float32, shape (images, pixels)
    """

    def __init__(
        self, model: SparseMLP, x: Images, y: Labels, harm: Harm = losses
    ) -> None:
        self._model, self._y, self._harm = model, y, harm
        self.points, self._harms = x.copy(), harm(model, x, y)

    def see(self, points: Images) -> None:
        """Keep the points that are worse than all before."""
        found = self._harm(self._model, points, self._y)
        worse = found > self._harms
        self.points[worse], self._harms[worse] = points[worse], found[worse]
