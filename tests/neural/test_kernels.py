"""Every kernel against dense float64 products."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import close, in_new_process, layers, matrix, random_layer, seeds

from netrobust.neural import kernels
from netrobust.neural.tile import IMAGES

images = st.integers(1, 20)


def draw_images(rng, neurons, images):
    return rng.normal(size=(neurons, images)).astype(np.float32)


def parts(layer):
    return layer.indptr.numpy(), layer.source.numpy(), layer.weight.detach().numpy()


def check_products(layer, rng, images):
    """Forward, transposed and sampled product of one layer."""
    dense, (indptr, source, weight) = matrix(layer), parts(layer)
    bias = layer.bias.detach().numpy()
    x = draw_images(rng, layer.in_features, images)
    g = draw_images(rng, layer.out_features, images)

    out = np.full_like(g, np.nan)
    kernels.multiply(indptr, source, weight, bias, x, out)
    close(out, dense @ x.astype(float) + bias[:, None].astype(float))

    back = np.full_like(x, np.nan)
    kernels.multiply_transposed(*layer.by_source(), weight, g, back)
    close(back, dense.T @ g.astype(float))

    grad_weight, grad_bias = np.full_like(weight, np.nan), np.full_like(bias, np.nan)
    kernels.sampled_product(indptr, source, g, x, grad_weight, grad_bias)
    from_source, into_target, _ = layer.links()
    full = g.astype(float) @ x.T.astype(float)
    close(grad_weight, full[into_target, from_source])
    close(grad_bias, g.sum(1, dtype=float))


@given(layer=layers())
def test_links_by_source_are_those_of_a_stable_sort(layer):
    source, target, _ = layer.links()
    begins, found, order = layer.by_source()
    expected = np.argsort(source, kind="stable")
    assert order.tolist() == expected.tolist()
    assert found.tolist() == target[expected].tolist()
    counts = np.bincount(source, minlength=layer.in_features)
    assert begins.tolist() == [0, *np.cumsum(counts)]


@given(layer=layers(), images=images, seed=seeds)
def test_products_equal_dense_ones(layer, images, seed):
    check_products(layer, np.random.default_rng(seed), images)


@pytest.mark.parametrize("degree", range(10))
@pytest.mark.parametrize("images", [1, 7, 64, IMAGES + 1])
def test_every_remainder_of_four_links(degree, images):
    rng = np.random.default_rng(degree)
    into = [
        degree,
        0,
        degree,
        0,
        degree,
    ]  # the empty rows must not read their neighbours
    check_products(random_layer(rng, 11, 5, into), rng, images)


@pytest.mark.parametrize("degree", range(10))
def test_every_remainder_of_four_links_by_source(degree):
    rng = np.random.default_rng(degree)
    into = np.zeros(11, int)
    into[:degree] = 1  # one source feeds so many neurons, the other sources feed none
    check_products(random_layer(rng, 1, 11, into), rng, 3)


def test_a_layer_without_links_gives_the_biases():
    rng = np.random.default_rng(0)
    check_products(random_layer(rng, 4, 3, [0, 0, 0]), rng, 5)


def network_case(rng, networks, images, shared=0):
    """Arguments of `network_logits` and the dense float64 answers."""
    sizes = [networks[0][0].in_features]
    sizes += [layer.out_features for layer in networks[0]]
    x = rng.random((images, sizes[0]), np.float32)
    mean, std = np.float32(rng.random()), np.float32(0.1 + rng.random())
    head = rng.normal(size=(len(networks), 3, sizes[-1])).astype(np.float32)
    head_bias = rng.normal(size=(len(networks), 3)).astype(np.float32)
    expected = []
    for number, hidden in enumerate(networks):
        answer = (x.astype(float) - mean) / std
        for layer in hidden:
            answer = answer @ matrix(layer).T + layer.bias.detach().numpy()
            answer = np.maximum(answer, 0)
        expected.append(answer @ head[number].T.astype(float) + head_bias[number])
    layers = [layer for hidden in networks for layer in hidden]
    into = np.concatenate([np.diff(layer.indptr.numpy()) for layer in layers])
    ends = np.cumsum(into).reshape(len(networks), -1)
    indptr = np.column_stack([[0, *ends[:-1, -1]], ends])
    source, weight, bias = (
        np.concatenate([getattr(layer, name).detach().numpy() for layer in layers])
        for name in ("source", "weight", "bias")
    )
    arguments = (
        x, mean, std, np.array(sizes), shared, indptr, source, weight,
        bias.reshape(len(networks), -1), head, head_bias,
    )  # fmt: skip
    return arguments, np.stack(expected)


def check_networks(rng, networks, images, shared=0):
    arguments, expected = network_case(rng, networks, images, shared)
    out = np.full(expected.shape, np.nan, np.float32)
    kernels.network_logits(*arguments, out)
    close(out, expected)


@st.composite
def stacks(draw):
    rng = np.random.default_rng(draw(seeds))
    sizes = draw(st.lists(st.integers(1, 9), min_size=2, max_size=4))
    hidden = []
    for n_in, n_out in pairwise(sizes):
        degree = st.integers(0, n_in)
        into = draw(st.lists(degree, min_size=n_out, max_size=n_out))
        hidden.append(random_layer(rng, n_in, n_out, into))
    return rng, hidden


@given(stack=stacks(), images=images)
def test_whole_network_equals_the_dense_one(stack, images):
    rng, hidden = stack
    check_networks(rng, [hidden], images)


@given(stack=stacks(), images=images, data=st.data())
def test_several_networks_that_share_their_first_layers(stack, images, data):
    rng, hidden = stack
    shared = data.draw(st.integers(0, len(hidden)))
    networks = [hidden]
    for _ in range(data.draw(st.integers(1, 3))):
        others = [
            random_layer(
                rng,
                layer.in_features,
                layer.out_features,
                rng.integers(layer.in_features + 1, size=layer.out_features),
            )
            for layer in hidden[shared:]
        ]
        networks.append(hidden[:shared] + others)
    check_networks(rng, networks, images, shared)


@pytest.mark.parametrize("images", [1, IMAGES - 1, IMAGES, IMAGES + 1, 3 * IMAGES + 17])
def test_whole_network_in_tiles(images):
    rng = np.random.default_rng(images)
    wide = random_layer(rng, 6, 9, [3] * 9), random_layer(rng, 9, 4, [5, 0, 1, 9])
    check_networks(rng, [wide], images)


THREADS = """
import numba, numpy as np
from neural.test_kernels import IMAGES, kernels, network_case, random_layer
rng = np.random.default_rng(0)
hidden = random_layer(rng, 30, 40, [7] * 40), random_layer(rng, 40, 20, [9] * 20)
arguments, expected = network_case(rng, [hidden, hidden], 5 * IMAGES + 3)
found = []
for threads in (1, 2):
    numba.set_num_threads(threads)
    out = np.zeros(expected.shape, np.float32)
    kernels.network_logits(*arguments, out)
    assert numba.get_num_threads() == threads
    found.append(out.tobytes())
print(found[0] == found[1])
"""


def test_threads_change_no_bit():
    assert in_new_process(THREADS, NUMBA_NUM_THREADS="2") == "True"
