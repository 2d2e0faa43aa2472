"""Steps of gradient descent in numba, many batches in one call.

A batch is computed tile by tile, see `netrobust.neural.tile`: all layers forward and
backward, gradients summed over the tiles, and then one step with momentum and weight
decay. The layers' arrays stand one behind the other, those of the first layer first.
"""

from typing import NamedTuple

import numpy as np

from netrobust.core.compiled import njit
from netrobust.neural.tile import (
    IMAGES,
    SIDE,
    dot,
    filled,
    load,
    plus,
    store,
    total,
    turn,
    where_active,
)

_BLOCK = 32  # neurons below the head that stay in the first cache for all classes

_ZERO = np.float32(0)


class Links(NamedTuple):
    """Where the links of all layers are, by target and by source.

    Attributes
    ----------
    sizes : ndarray of int64, shape (layers + 1,)
        Neurons per depth, the classes not among them.
    counts : ndarray of int64, shape (layers,)
        Links per layer.
    indptr : ndarray of int64, shape (hidden neurons + layers,)
        Row pointers of every layer, each from 0 on.
    source : ndarray of uint32, shape (links,)
    begins : ndarray of int64, shape (neurons below a layer + layers,)
        Row pointers of every layer in the order of sources, each from 0 on.
    target, order : ndarray of uint32, shape (links,)
        In that order: target of every link, and its place in its layer.
    """

    sizes: np.ndarray
    counts: np.ndarray
    indptr: np.ndarray
    source: np.ndarray
    begins: np.ndarray
    target: np.ndarray
    order: np.ndarray


class Parameters(NamedTuple):
    """One number per parameter: its value, its momentum or its gradient.

    Attributes
    ----------
    weight : ndarray of float32, shape (links,)
    bias : ndarray of float32, shape (hidden neurons,)
    head_weight : ndarray of float32, shape (classes, neurons of the last layer)
    head_bias : ndarray of float32, shape (classes,)
    """

    weight: np.ndarray
    bias: np.ndarray
    head_weight: np.ndarray
    head_bias: np.ndarray


class Rows(NamedTuple):
    """Room for what a batch leaves, one row per neuron and tile.

    Attributes
    ----------
    outputs : ndarray of float32, shape (tiles, neurons, IMAGES)
        Of all depths but the classes; pixels are standardised.
    slopes : ndarray of float32, shape (tiles, hidden neurons, IMAGES)
        Of the loss in what enters each hidden neuron's ReLU.
    scores : ndarray of float32, shape (classes, IMAGES)
        Of one tile, and then the slopes of the loss in them.
    """

    outputs: np.ndarray
    slopes: np.ndarray
    scores: np.ndarray


@njit(cache=True, nogil=True)
def activate(indptr, source, weight, bias, below, out):
    """Write ``max(W x + bias, 0)`` to `out`.

    Parameters
    ----------
    indptr : ndarray of int64, shape (n_out + 1,)
    source : ndarray of uint32, shape (links,)
    weight : ndarray of float32, shape (links,)
    bias : ndarray of float32, shape (n_out,)
    below : ndarray of float32, shape (at least n_in, IMAGES)
    out : ndarray of float32, shape (at least n_out, IMAGES)
    """
    for target in range(bias.size):
        sums = filled(bias[target])
        for link in range(np.uint64(indptr[target]), np.uint64(indptr[target + 1])):
            sums = plus(sums, weight[link], load(below, source[link]))
        store(out, target, where_active(sums, sums))


@njit(cache=True, nogil=True)
def classify(weight, bias, below, scores):
    """Write the scores of a dense head.

    Parameters
    ----------
    weight : ndarray of float32, shape (classes, n_in)
    bias : ndarray of float32, shape (classes,)
    below : ndarray of float32, shape (at least n_in, IMAGES)
    scores : ndarray of float32, shape (classes, IMAGES)
    """
    for label in range(bias.size):
        store(scores, label, filled(bias[label]))
    for first in range(0, weight.shape[1], _BLOCK):
        last = min(first + _BLOCK, weight.shape[1])
        for label in range(bias.size):
            sums = load(scores, label)
            for neuron in range(np.uint64(first), np.uint64(last)):
                sums = plus(sums, weight[label, neuron], load(below, neuron))
            store(scores, label, sums)


@njit(cache=True, nogil=True)
def gather(x, chosen, mean, scale, out):
    """Write a tile of standardised images to `out`, one row per pixel.

    Parameters
    ----------
    x : ndarray of float32, shape (images, pixels)
    chosen : ndarray of int64, shape (at most IMAGES,)
        Where there are fewer than a tile, the last one is repeated.
    mean, scale : float32
        Of the pixels, scale being one over their standard deviation.
    out : ndarray of float32, shape (at least the pixels, IMAGES)
    """
    full = np.empty(IMAGES, np.int64)
    for image in range(IMAGES):
        full[image] = chosen[min(image, chosen.size - 1)]
    squares = x.shape[1] - x.shape[1] % SIDE
    for image in range(0, IMAGES, SIDE):
        for pixel in range(0, squares, SIDE):
            turn(x, full, image, pixel, mean, scale, out)
    for pixel in range(squares, x.shape[1]):
        for image in range(IMAGES):
            out[pixel, image] = (x[full[image], pixel] - mean) * scale


@njit(cache=True, nogil=True)
def _learn(scores, labels, share):
    """Put the slopes of the loss in place of the scores of a tile.

    Returns
    -------
    loss : float
        Summed over the images.
    correct : int
    """
    loss, correct = 0.0, 0
    for image in range(IMAGES):
        if image >= labels.size:
            for label in range(scores.shape[0]):
                scores[label, image] = _ZERO
            continue
        best = 0
        for label in range(1, scores.shape[0]):
            if scores[label, image] > scores[best, image]:
                best = label
        top, mass = scores[best, image], _ZERO
        chosen = scores[labels[image], image] - top
        for label in range(scores.shape[0]):
            likely = np.exp(scores[label, image] - top)
            scores[label, image] = likely
            mass += likely
        for label in range(scores.shape[0]):
            scores[label, image] *= share / mass
        scores[labels[image], image] -= share
        loss += np.log(mass) - chosen
        correct += best == labels[image]
    return loss, correct


@njit(cache=True, nogil=True)
def _descend(weight, scores, below, slopes, grad_weight, grad_bias):
    """Add the head's gradients, and write the slopes of the layer below it."""
    for label in range(weight.shape[0]):
        grad_bias[label] += total(load(scores, label))
    for neuron in range(weight.shape[1]):
        output, sums = load(below, neuron), filled(_ZERO)
        for label in range(np.uint64(0), np.uint64(weight.shape[0])):
            sums = plus(sums, weight[label, neuron], load(scores, label))
        store(slopes, neuron, where_active(output, sums))
        for label in range(np.uint64(0), np.uint64(weight.shape[0])):
            grad_weight[label, neuron] += dot(load(scores, label), output)


@njit(cache=True, nogil=True)
def _attribute(indptr, source, slopes, below, grad_weight, grad_bias):
    """Add the gradients of a layer's weights and biases."""
    for target in range(grad_bias.size):
        slope = load(slopes, target)
        grad_bias[target] += total(slope)
        for link in range(np.uint64(indptr[target]), np.uint64(indptr[target + 1])):
            grad_weight[link] += dot(slope, load(below, source[link]))


@njit(cache=True, nogil=True)
def _return(begins, target, order, weight, above, below, slopes):
    """Write the slopes of the neurons below a layer."""
    for neuron in range(begins.size - 1):
        sums = filled(_ZERO)
        for place in range(np.uint64(begins[neuron]), np.uint64(begins[neuron + 1])):
            sums = plus(sums, weight[order[place]], load(above, target[place]))
        store(slopes, neuron, where_active(load(below, neuron), sums))


@njit(cache=True, nogil=True)
def attribute_all(slopes, below, gradient):
    """Add the gradients of all weights a layer could have.

    Parameters
    ----------
    slopes : ndarray of float32, shape (n_out, IMAGES)
    below : ndarray of float32, shape (n_in, IMAGES)
    gradient : ndarray of float32, shape (n_out, n_in)
    """
    for target in range(gradient.shape[0]):
        slope = load(slopes, target)
        for source in range(np.uint64(0), np.uint64(gradient.shape[1])):
            gradient[target, source] += dot(slope, load(below, source))


@njit(cache=True, nogil=True)
def _step(value, speed, slope, rate, momentum, decay):
    """Make one step of gradient descent with momentum and weight decay."""
    for one in range(value.size):
        speed[one] = momentum * speed[one] + (slope[one] + decay * value[one])
        value[one] -= rate * speed[one]


@njit(cache=True, nogil=True)
def _tile(x, labels, chosen, mean, scale, share, links, values, slope, rows, slot):
    """Send a tile of images forward and backward; add its gradients."""
    outputs, slopes = rows.outputs[slot], rows.slopes[slot]
    layers = links.counts.size
    gather(x, chosen, mean, scale, outputs)
    # Where the rows, links and pointers of a layer begin.
    below, hidden, link, pointer = 0, 0, 0, 0
    for layer in range(layers):
        n_in, n_out = links.sizes[layer], links.sizes[layer + 1]
        end = link + links.counts[layer]
        activate(
            links.indptr[pointer : pointer + n_out + 1],
            links.source[link:end],
            values.weight[link:end],
            values.bias[hidden : hidden + n_out],
            outputs[below : below + n_in],
            outputs[below + n_in :],
        )
        below, hidden, link, pointer = (
            below + n_in, hidden + n_out, end, pointer + n_out + 1,
        )  # fmt: skip
    classify(values.head_weight, values.head_bias, outputs[below:], rows.scores)
    found = _learn(rows.scores, labels[chosen], share)
    hidden -= links.sizes[layers]
    _descend(
        values.head_weight, rows.scores, outputs[below:], slopes[hidden:],
        slope.head_weight, slope.head_bias,
    )  # fmt: skip
    begin = links.begins.size
    for layer in range(layers - 1, -1, -1):
        n_in, n_out = links.sizes[layer], links.sizes[layer + 1]
        end, link = link, link - links.counts[layer]
        below, pointer, begin = below - n_in, pointer - n_out - 1, begin - n_in - 1
        _attribute(
            links.indptr[pointer : pointer + n_out + 1],
            links.source[link:end],
            slopes[hidden:],
            outputs[below:],
            slope.weight[link:end],
            slope.bias[hidden : hidden + n_out],
        )
        if layer:
            above, hidden = hidden, hidden - n_in
            _return(
                links.begins[begin : begin + n_in + 1],
                links.target[link:end],
                links.order[link:end],
                values.weight[link:end],
                slopes[above:],
                outputs[below:],
                slopes[hidden:],
            )
    return found


@njit(cache=True, nogil=True)
def descend(
    x, y, order, size, mean, scale, links, values, speed, slope, rows,
    rate, momentum, decay, stay,
):  # fmt: skip
    """Learn from several batches, one step each.

    Parameters
    ----------
    x : ndarray of float32, shape (images, pixels)
    y : ndarray of int64, shape (images,)
    order : ndarray of int64, shape (shown,)
        The images to learn from, batch by batch.
    size : int
        Images per batch; the last one may be smaller.
    mean, scale : float32
        Of the pixels, scale being one over their standard deviation.
    links : Links
    values, speed, slope : Parameters
        The network, which learns, its momentum, and room for its gradients, where
        those of the last batch stay.
    rows : Rows
        Where it has a tile for each of the batch, what was computed stays.
    rate, momentum, decay : float32
        Learning rate, momentum, and decay of weights, not of biases.
    stay : bool
        Make no step on the last batch.

    Returns
    -------
    loss : float
        Summed over all images.
    correct : int
        Images whose class had the largest score when they were shown.
    """
    loss, correct = 0.0, 0
    for first in range(0, order.size, size):
        last = min(first + size, order.size)
        share = np.float32(1) / np.float32(last - first)
        slope.weight[:] = _ZERO
        slope.bias[:] = _ZERO
        slope.head_weight[:] = _ZERO
        slope.head_bias[:] = _ZERO
        for number, begin in enumerate(range(first, last, IMAGES)):
            chosen = order[begin : min(begin + IMAGES, last)]
            found = _tile(
                x, y, chosen, mean, scale, share, links, values, slope, rows,
                number % rows.outputs.shape[0],
            )  # fmt: skip
            loss += found[0]
            correct += found[1]
        if stay and last == order.size:
            break
        _step(values.weight, speed.weight, slope.weight, rate, momentum, decay)
        _step(values.bias, speed.bias, slope.bias, rate, momentum, _ZERO)
        _step(
            values.head_weight.ravel(), speed.head_weight.ravel(),
            slope.head_weight.ravel(), rate, momentum, decay,
        )  # fmt: skip
        _step(values.head_bias, speed.head_bias, slope.head_bias, rate, momentum, _ZERO)
    return loss, correct
