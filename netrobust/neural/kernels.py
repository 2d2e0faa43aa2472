"""Sparse products in numba: arrays in, arrays out.

Activations are stored neuron by neuron, shape (neurons, images): a link then adds one
contiguous row to another, and four links are added per pass so that the sum stays in
registers. Links are in canonical order, by target and then by source; the links into
neuron ``t`` are ``indptr[t]:indptr[t + 1]``. Parallel loops run over outputs, never
over a sum, so the number of threads changes no bit of a result.
"""

import numpy as np
from numba import get_num_threads, prange

from netrobust.core.compiled import njit
from netrobust.neural import steps
from netrobust.neural.tile import IMAGES

# Sums may be reordered for SIMD; NaN and infinity keep their meaning.
_MATH = {"reassoc", "contract", "nsz"}


@njit(cache=True, fastmath=_MATH, inline="always")
def _accumulate(first, last, source, weight, x, row):
    """Add the weighted rows ``first:last`` of `x` to `row`, four links per pass."""
    images = row.shape[0]
    link = first
    while link + 4 <= last:
        w0, w1, w2, w3 = (
            weight[link],
            weight[link + 1],
            weight[link + 2],
            weight[link + 3],
        )
        x0 = x[source[link]]
        x1 = x[source[link + 1]]
        x2 = x[source[link + 2]]
        x3 = x[source[link + 3]]
        for image in range(images):
            row[image] += (w0 * x0[image] + w1 * x1[image]) + (
                w2 * x2[image] + w3 * x3[image]
            )
        link += 4
    while link < last:
        w0 = weight[link]
        x0 = x[source[link]]
        for image in range(images):
            row[image] += w0 * x0[image]
        link += 1


@njit(cache=True, nogil=True)
def order_by_source(indptr, source, begins, target, order):
    """Write the links in the order of their sources, those of one by target.

    Parameters
    ----------
    indptr : ndarray of int64, shape (n_out + 1,)
    source : ndarray of int32, shape (links,)
    begins : ndarray of int64, shape (n_in + 1,)
        Becomes the row pointers of that order; zeros before.
    target, order : ndarray of int32, shape (links,)
        Become target and id of every link in that order.
    """
    for link in range(source.shape[0]):
        begins[source[link] + 1] += 1
    for neuron in range(1, begins.shape[0]):
        begins[neuron] += begins[neuron - 1]
    # Every link moves its row on by one place, so that rows end up one row too far.
    for neuron in range(indptr.shape[0] - 1):
        for link in range(indptr[neuron], indptr[neuron + 1]):
            place = begins[source[link]]
            target[place] = neuron
            order[place] = link
            begins[source[link]] += 1
    for neuron in range(begins.shape[0] - 1, 0, -1):
        begins[neuron] = begins[neuron - 1]
    begins[0] = 0


@njit(cache=True, fastmath=_MATH, nogil=True)
def multiply(indptr, source, weight, bias, x, out):
    """Write ``W x + bias`` to `out`.

    Parameters
    ----------
    indptr : ndarray of int64, shape (n_out + 1,)
    source : ndarray of int32, shape (links,)
    weight : ndarray of float, shape (links,)
    bias : ndarray of float, shape (n_out,)
    x : ndarray of float, shape (n_in, images)
    out : ndarray of float, shape (n_out, images)
    """
    for target in range(out.shape[0]):
        row = out[target]
        row[:] = bias[target]
        _accumulate(indptr[target], indptr[target + 1], source, weight, x, row)


@njit(cache=True, fastmath=_MATH, nogil=True)
def multiply_transposed(indptr, target, order, weight, g, out):
    """Write ``W^T g`` to `out`.

    Parameters
    ----------
    indptr : ndarray of int64, shape (n_in + 1,)
        Links in the order of their sources.
    target, order : ndarray of int32, shape (links,)
        Target of every link in that order, and its place in `weight`.
    weight : ndarray of float, shape (links,)
    g : ndarray of float, shape (n_out, images)
    out : ndarray of float, shape (n_in, images)
    """
    by_source = weight[order]
    for neuron in range(out.shape[0]):
        row = out[neuron]
        row[:] = 0
        _accumulate(indptr[neuron], indptr[neuron + 1], target, by_source, g, row)


@njit(cache=True, fastmath=_MATH, inline="always")
def _sample(target, indptr, source, row, x, grad_weight, grad_bias):
    """Write the gradients of one neuron's weights and bias; `row` is its own."""
    total = row.dtype.type(0)
    for image in range(row.shape[0]):
        total += row[image]
    grad_bias[target] = total
    for link in range(indptr[target], indptr[target + 1]):
        column = x[source[link]]
        dot = row.dtype.type(0)
        for image in range(row.shape[0]):
            dot += row[image] * column[image]
        grad_weight[link] = dot


@njit(cache=True, fastmath=_MATH, nogil=True)
def sampled_product(indptr, source, g, x, grad_weight, grad_bias):
    """Write the gradients of all weights and biases, ``(g x^T)`` taken at the links.

    Parameters
    ----------
    indptr : ndarray of int64, shape (n_out + 1,)
    source : ndarray of int32, shape (links,)
    g : ndarray of float, shape (n_out, images)
    x : ndarray of float, shape (n_in, images)
    grad_weight : ndarray of float, shape (links,)
    grad_bias : ndarray of float, shape (n_out,)
    """
    for target in range(g.shape[0]):
        _sample(target, indptr, source, g[target], x, grad_weight, grad_bias)


@njit(cache=True, fastmath=_MATH, inline="always")
def _activate(first, indptr, source, weight, bias, lower, upper):
    """Write one layer's activations to `upper`, its neurons counted from `first`."""
    for neuron in range(upper.shape[0]):
        row = upper[neuron]
        row[:] = bias[first + neuron]
        begin, end = indptr[first + neuron], indptr[first + neuron + 1]
        _accumulate(begin, end, source, weight, lower, row)
        for image in range(row.shape[0]):
            # So written, NaN stays NaN.
            row[image] = row.dtype.type(0) if row[image] <= 0 else row[image]


@njit(cache=True, fastmath=_MATH, nogil=True)
def activate(indptr, source, weight, bias, x, out):
    """Write ``W x + bias`` to `out`, and 0 where it is negative.

    The parameters are those of `multiply`.
    """
    _activate(0, indptr, source, weight, bias, x, out)


@njit(cache=True, fastmath=_MATH, nogil=True)
def activated_product(indptr, source, g, out, x, below, grad_weight, grad_bias):
    """Write the gradients of weights and biases of a layer with ReLU.

    Parameters
    ----------
    indptr, source, x, grad_weight, grad_bias
        As for `sampled_product`.
    g, out : ndarray of float, shape (n_out, images)
        Gradient above the ReLU, and its output.
    below : ndarray of float, shape (n_out, images)
        Becomes the gradient below it: 0 where the output is 0.
    """
    zero = g.dtype.type(0)
    for target in range(g.shape[0]):
        row = below[target]
        for image in range(row.shape[0]):
            row[image] = zero if out[target, image] <= 0 else g[target, image]
        _sample(target, indptr, source, row, x, grad_weight, grad_bias)


@njit(cache=True, nogil=True)
def standardise(x, mean, std, out):
    """Write standardised images to `out`, one row per pixel.

    Parameters
    ----------
    x : ndarray of float, shape (images, pixels)
    mean, std : float
    out : ndarray of float, shape (pixels, images)
    """
    for pixel in range(x.shape[1]):
        row = out[pixel]
        # Gathered first, so that the processor can divide several at a time.
        for image in range(row.shape[0]):
            row[image] = x[image, pixel]
        for image in range(row.shape[0]):
            row[image] = (row[image] - mean) / std


def network_logits(
    x, mean, std, sizes, shared, indptr, source, weight, bias, head_weight, head_bias,
    out,
):  # fmt: skip
    """Score images through all layers of several networks at once, tile by tile.

    The networks have the same sizes, and their first `shared` layers are the same:
    those are computed once. The links of all networks and layers stand one after the
    other; `indptr` and `bias` run over all neurons behind the input, layer by layer,
    `source` counts within its layer. What one image scores depends on no other.

    Parameters
    ----------
    x : ndarray of float32, shape (images, n_in)
    mean, std : float32
        Standardisation of the pixels.
    sizes : ndarray of int64, shape (layers + 1,)
        Neurons per depth.
    shared : int
        Layers, at most all of them.
    indptr : ndarray of int64, shape (networks, hidden neurons + 1)
    source : ndarray of int32, shape (links of all networks,)
    weight : ndarray of float32, shape (links of all networks,)
    bias : ndarray of float32, shape (networks, hidden neurons)
    head_weight : ndarray of float32, shape (networks, classes, last layer's neurons)
    head_bias : ndarray of float32, shape (networks, classes)
    out : ndarray of float32, shape (networks, images, classes)
    """
    # One thread starts no team of them, so that several may score at the same time.
    run = _logits if get_num_threads() == 1 else _logits_in_threads
    run(
        x, mean, np.float32(1) / std, sizes, shared, indptr, source.view(np.uint32),
        weight, bias, head_weight, head_bias, out,
    )  # fmt: skip


@njit(cache=True, nogil=True)
def _logits(x, mean, scale, sizes, shared, indptr, source, weight, bias, head_weight,
            head_bias, out):  # fmt: skip
    for tile in range((x.shape[0] + IMAGES - 1) // IMAGES):
        _score(tile, x, mean, scale, sizes, shared, indptr, source, weight, bias,
               head_weight, head_bias, out)  # fmt: skip


@njit(cache=True, nogil=True, parallel=True)
def _logits_in_threads(x, mean, scale, sizes, shared, indptr, source, weight, bias,
                       head_weight, head_bias, out):  # fmt: skip
    for tile in prange((x.shape[0] + IMAGES - 1) // IMAGES):
        _score(tile, x, mean, scale, sizes, shared, indptr, source, weight, bias,
               head_weight, head_bias, out)  # fmt: skip


@njit(cache=True, nogil=True)
def _score(tile, x, mean, scale, sizes, shared, indptr, source, weight, bias,
           head_weight, head_bias, out):  # fmt: skip
    """Score one tile of images by all networks."""
    layers, widest = sizes.size - 1, sizes.max()
    start, last = tile * IMAGES, min((tile + 1) * IMAGES, x.shape[0])
    below = np.empty((widest, IMAGES), np.float32)
    spare = np.empty((widest, IMAGES), np.float32)
    steps.gather(x, np.arange(start, last), mean, scale, below)
    first = 0  # hidden neurons before a layer
    for layer in range(shared):
        end = first + sizes[layer + 1]
        steps.activate(indptr[0, first : end + 1], source, weight, bias[0, first:end],
                 below, spare)  # fmt: skip
        below, spare, first = spare, below, end
    # One network alone may overwrite what is below it.
    other = below
    if out.shape[0] > 1:
        other = np.empty((widest, IMAGES), np.float32)
    scores = np.empty((head_bias.shape[1], IMAGES), np.float32)
    for network in range(out.shape[0]):
        lower, upper, rest, begin = below, spare, other, first
        for layer in range(shared, layers):
            end = begin + sizes[layer + 1]
            steps.activate(indptr[network, begin : end + 1], source, weight,
                     bias[network, begin:end], lower, upper)  # fmt: skip
            lower, upper, rest, begin = upper, rest, upper, end
        steps.classify(head_weight[network], head_bias[network], lower, scores)
        for image in range(last - start):
            for label in range(scores.shape[0]):
                out[network, start + image, label] = scores[label, image]
