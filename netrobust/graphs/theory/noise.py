"""Signal and noise: when the links that are left no longer carry their sum.

Removal at random thins a sum of many terms, ``z = sum m w x`` with ``m = 1`` for a link
that is kept. Its mean falls to ``p z``, which a rescaling by 1/p restores; its
fluctuation, ``p (1 - p) sum w^2 x^2``, nothing restores. Function is lost where the
fluctuation is as large as the mean, long before the graph falls apart.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from netrobust.core.errors import InputError
from netrobust.core.settings import positive, share
from netrobust.graphs.damage import Links
from netrobust.graphs.theory.fixed_point import Floats

if TYPE_CHECKING:
    from igraph import Graph


def effective_links(
    graph: "Graph | Links", activation: ArrayLike | None = None
) -> Floats:
    """Count how many equal links would carry each layer's signals as steadily.

    ``k_eff = sum (sum w x)^2 / sum (sum w^2 x^2)``, the inner sums over the links into
    a neuron, the outer ones over the neurons of the layer, and over the images if
    there are several. A neuron with k equal terms has k; terms of both signs, which
    cancel, have less, down to 0.

    Parameters
    ----------
    graph : igraph.Graph or Links
    activation : array_like of float, shape (neurons,) or (images, neurons), optional
        Output x of every neuron of the graph, the inputs included, for one image or
        several. Without it the mean activations that the graph carries as the vertex
        attribute ``activation`` stand for an average image.

    Returns
    -------
    ndarray of float64, shape (layers,)
        NaN for a layer that carries nothing.

    Raises
    ------
    InputError
        If the graph breaks the graph contract, the activations do not fit it, or it
        carries none and none are given.

    Notes
    -----
    See `relative_noise`. Biases are no part of the sum.

    Examples
    --------
    >>> from netrobust.graphs.contract import from_links
    >>> graph = from_links([4, 1], [0, 1, 2, 3], [4] * 4, [1, 1, 1, 1])
    >>> effective_links(graph, [2, 2, 2, 2, 0]), effective_links(graph, [3, 1, 0, 0, 0])
    (array([4.]), array([1.6]))
    """
    links = Links.of(graph)
    neurons = sum(links.sizes)
    x = np.asarray(links.attribute("activation") if activation is None else activation)
    fits = x.ndim in (1, 2) and x.shape[-1] == neurons and x.dtype.kind in "iuf"
    if not fits or not np.isfinite(x).all():
        raise InputError(
            f"activation must give a finite number for each of {neurons} neurons; got "
            f"an array of shape {x.shape} and type {x.dtype}"
        )
    signal, noise = np.zeros(neurons), np.zeros(neurons)
    for image in np.atleast_2d(x).astype(np.float64):
        carried = links.weight * image[links.source]
        signal += np.bincount(links.target, carried, neurons) ** 2
        noise += np.bincount(links.target, carried**2, neurons)
    split = np.cumsum(links.sizes)[:-1]
    parts = zip(np.split(signal, split)[1:], np.split(noise, split)[1:], strict=True)
    of_layers = np.array([[ours.sum(), theirs.sum()] for ours, theirs in parts])
    with np.errstate(invalid="ignore"):
        return of_layers[:, 0] / of_layers[:, 1]


def relative_noise(k_eff: ArrayLike, p: float, averaged: bool = False) -> float:
    """Predict the noise of the outputs relative to their signal, at random removal.

    ``E = sqrt(sum_l (1 - p) / (p k_l))``: a pre-activation has the squared
    signal-to-noise ratio ``[p / (1 - p)] k_eff``, and to first order the squared
    relative noises of the layers add up.

    Parameters
    ----------
    k_eff : array_like of float, shape (layers,)
        Effective links of each layer, as `effective_links` gives them; the head may be
        one of them.
    p : float
        Probability that a link is kept.
    averaged : bool
        Let each layer average over the noise of the one before as it does over its own
        links: ``E_l^2 = (1 - p + E_{l-1}^2) / (p k_l)`` from ``E_0 = 0`` on. That is
        exact for linear networks whose neurons of a layer are equally and independently
        noisy; where k_eff is near 1 the two agree to first order in 1 - p.

    Returns
    -------
    float
        Infinite at p = 0 or where a layer has no effective links, NaN where one is NaN.

    Raises
    ------
    InputError
        If a number is out of its range.

    Notes
    -----
    For one layer the mean and the variance are exact: Wan et al. (2013),
    https://proceedings.mlr.press/v28/wan13.html. Over layers it is a prediction to
    first order: rectifiers and the noise that neurons share are left out.

    Examples
    --------
    >>> round(relative_noise([10, 10, 10], p=0.5), 3)
    0.548
    >>> round(relative_noise([10, 10, 10], p=0.5, averaged=True), 3)
    0.352
    """
    return float(np.sqrt(_noise(_effective(k_eff), share("p", p), averaged)))


def predicted_f50(
    k_eff: ArrayLike, level: float = 1.0, averaged: bool = False
) -> float:
    """Predict the fraction of random removal at which noise reaches the signal.

    The fraction f = 1 - p at which the square of `relative_noise` is `level`:
    ``f = level / (level + sum_l 1 / k_l)`` if noises add up. It rises with the degree
    and falls with the depth, and is 0 or NaN where `relative_noise` is infinite or NaN.

    Parameters
    ----------
    k_eff : array_like of float, shape (layers,)
    averaged : bool
        As for `relative_noise`.
    level : float
        Squared relative noise that ends function: 1 where noise equals signal.

    Raises
    ------
    InputError
        If a number is out of its range.

    Notes
    -----
    To first order, as `relative_noise`. At which level accuracy is halved depends on
    the margins of a network: 1 is the scale, not a law.

    Examples
    --------
    >>> round(predicted_f50([10, 10, 10]), 3)
    0.769
    >>> round(predicted_f50([10, 10, 10], averaged=True), 3)
    0.835
    """
    layers, wanted = _effective(k_eff), positive("level", level)
    if np.isnan(layers).any() or not layers.all():
        return 0 * float(layers.sum())
    if not averaged:
        return float(wanted / (wanted + (1 / layers).sum()))
    low, high = 0.0, 1.0  # noise falls from infinity to 0 as p rises from 0 to 1
    while low < (middle := (low + high) / 2) < high:
        if _noise(layers, middle, averaged) > wanted:
            low = middle
        else:
            high = middle
    return 1 - high


def _noise(k_eff: Floats, p: float, averaged: bool) -> float:
    """Give the squared relative noise of the outputs."""
    if np.isnan(k_eff).any():
        return float("nan")
    if not p or not k_eff.all():
        return float("inf")
    if not averaged:
        return float((1 - p) / p * (1 / k_eff).sum())
    noise = 0.0
    for k in k_eff.tolist():
        noise = (1 - p + noise) / (p * k)
    return noise


def _effective(k_eff: ArrayLike) -> Floats:
    array = np.asarray(k_eff)
    one_row = array.ndim == 1 and array.size and array.dtype.kind in "iuf"
    if not one_row or (array < 0).any():
        raise InputError(
            f"k_eff must hold one number, 0 or larger, for every layer; got {k_eff!r}"
        )
    return array.astype(np.float64)
