"""The whole network: start, gradients, scores, copies, rebuilding from a state."""

import io
import pickle
import random
from copy import deepcopy
from itertools import pairwise

import numba
import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from networks import (
    close,
    masked,
    masked_forward,
    models,
    random_model,
    same_state,
    seeds,
)
from torch.nn.functional import cross_entropy

from netrobust.core.errors import InputError
from netrobust.neural.dense import DenseLinear
from netrobust.neural.evaluate import evaluate, logits
from netrobust.neural.linear import SparseLinear
from netrobust.neural.model import from_state, start
from netrobust.neural.topology import TOPOLOGIES, topology
from netrobust.parallel.threads import limited_threads


def draw_images(model, images, seed):
    rng = np.random.default_rng(seed)
    return rng.random((images, model.sizes[0]), np.float32)


# Forward and backward


@given(model=models(), images=st.integers(1, 9), seed=seeds)
def test_outputs_and_gradients_equal_masked_dense_ones(model, images, seed):
    x = torch.from_numpy(draw_images(model, images, seed)).requires_grad_()
    y = torch.from_numpy(
        np.random.default_rng(seed).integers(model.sizes[-1], size=images)
    )
    parts, z = masked(model), x.detach().clone().requires_grad_()
    scores, entering = masked_forward(model, parts, z)
    # On the edge of a ReLU the two precisions may fall to either side.
    assume(not any(((e != 0) & (e.abs() < 1e-4)).any() for e in entering))
    cross_entropy(scores, y).backward()
    found = model(x)
    cross_entropy(found, y).backward()

    close(found.detach(), scores.detach())
    close(x.grad, z.grad)
    for layer, (weight, bias, mask) in zip(
        [*model.layers, model.head], parts, strict=True
    ):
        expected = weight.grad
        if isinstance(layer, SparseLinear):
            source, target, _ = layer.links()
            assert mask.sum() == len(source)
            expected = expected[target, source]
        close(layer.weight.grad, expected)
        close(layer.bias.grad, bias.grad)


@given(model=models(), images=st.sampled_from([1, 2, 127, 129]), seed=seeds)
def test_fused_scores_equal_the_modules(model, images, seed):
    x = draw_images(model, images, seed)
    close(logits(model, x), model(torch.from_numpy(x)).detach())


def test_a_dense_network_scores_more_images_than_one_product_takes():
    model = random_model(np.random.default_rng(0), (5, 4, 3))
    x = draw_images(model, 2001, 0)
    close(logits(model, x), model(torch.from_numpy(x)).detach())


def test_scores_of_images_in_another_memory_order():
    model = random_model(np.random.default_rng(0), (6, 5, 3), [0.5])
    x = draw_images(model, 9, 0)
    assert (logits(model, np.asfortranarray(x)) == logits(model, x)).all()


@given(model=models(), seed=seeds)
def test_accuracy_and_loss_are_those_of_torch(model, seed):
    x = draw_images(model, 12, seed)
    y = np.random.default_rng(seed).integers(model.sizes[-1], size=12)
    scores = torch.from_numpy(logits(model, x)).double()
    found = evaluate(model, x, y)
    assert found["accuracy"] == np.mean(scores.numpy().argmax(1) == y)
    expected = cross_entropy(scores, torch.from_numpy(y)).item()
    assert found["loss"] == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_loss_of_huge_scores_is_exact_and_of_infinite_ones_nan():
    model = random_model(np.random.default_rng(0), (2, 2, 2), [0.0])
    x = np.zeros((2, 2), np.float32)
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.copy_(torch.tensor([1e30, 0.0]))
    found = evaluate(model, x, np.array([0, 1]))
    assert found == {"accuracy": 0.5, "loss": pytest.approx(5e29)}
    with torch.no_grad():
        model.head.bias[0] = np.inf
    assert np.isnan(evaluate(model, x, np.array([0, 1]))["loss"])


# Start


def test_sizes_links_and_biases():
    model = start((5, 4, 3, 2), np.random.default_rng(0), links=[7, 0])
    assert model.sizes == (5, 4, 3, 2)
    assert [layer.weight.numel() for layer in model.hidden_layers] == [7, 0]
    source, target, weight = model.links()
    assert source.max() < 5
    assert target.min() >= 5
    assert target.max() < 9
    assert weight.dtype == np.float32
    assert model.biases().tolist() == [0] * 7
    assert model.head.bias.tolist() == [0, 0]


def test_dense_links_run_through_all_layers():
    model = start((2, 2, 1, 2), np.random.default_rng(0))
    source, target, weight = model.links()
    assert source.tolist() == [0, 1, 0, 1, 2, 3]
    assert target.tolist() == [2, 2, 3, 3, 4, 4]
    expected = torch.cat([layer.weight.flatten() for layer in model.layers])
    assert weight.tolist() == expected.tolist()
    assert all(isinstance(layer, DenseLinear) for layer in model.layers)


def test_everything_follows_from_the_generator():
    before = (
        torch.get_rng_state(),
        np.random.get_state()[1].tobytes(),  # noqa: NPY002
        random.getstate(),
    )
    one, two, other = (
        start((6, 5, 4, 3), np.random.default_rng(seed), links=[9, 8])
        for seed in (1, 1, 2)
    )
    start((6, 5, 3), np.random.default_rng(1))
    assert same_state(one, two)
    assert not same_state(one, other)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == np.random.get_state()[1].tobytes()  # noqa: NPY002
    assert before[2] == random.getstate()


def test_weights_start_with_the_variance_of_the_links_that_are_there():
    model = start((400, 300, 200, 10), np.random.default_rng(0), links=[6000, 3000])
    degrees = 6000 / 300, 3000 / 200, 200
    for part, degree in zip([*model.layers, model.head], degrees, strict=True):
        weight = part.weight.detach().numpy()
        expected = 2 / degree
        error = expected * np.sqrt(2 / weight.size)
        assert abs(weight.var() - expected) < 4 * error
        assert abs(weight.mean()) < 4 * np.sqrt(expected / weight.size)


def test_the_signal_does_not_die_in_three_sparse_layers():
    sizes, links = (784, 1000, 1000, 1000, 10), [7840, 10000, 10000]
    model = start(sizes, np.random.default_rng(0), links=links)
    x = np.random.default_rng(1).normal(size=(100, 784)).astype(np.float32)
    assert 0.4 < logits(model, x).std() < 2.5  # 0.0009 with the width as fan-in


# Other links, copies, states


@given(model=models(), seed=seeds)
def test_with_links_undoes_any_order_and_keeps_the_rest(model, seed):
    source, target, weight = model.links()
    order = np.random.default_rng(seed).permutation(weight.size)
    links = source[order], target[order], weight[order]
    again = model.with_links(*links, model.biases())
    assert same_state(again, model)
    with torch.no_grad():
        again.head.bias += 1
    assert not same_state(again, model)  # nothing is shared


def through_torch(model):
    buffer = io.BytesIO()
    torch.save(model.state_dict(), buffer)
    buffer.seek(0)
    return from_state(torch.load(buffer, weights_only=True), model.sizes)


@given(model=models(), seed=seeds)
def test_every_copy_scores_bitwise_the_same(model, seed):
    x = draw_images(model, 5, seed)
    expected = logits(model, x).tobytes()
    for copy in (
        deepcopy(model),
        pickle.loads(pickle.dumps(model)),
        through_torch(model),
        from_state(model.state_dict(), model.sizes),
    ):
        assert same_state(copy, model)
        assert logits(copy, x).tobytes() == expected
        with torch.no_grad():
            copy.head.bias += 1
    assert logits(model, x).tobytes() == expected


def without(state, name):
    return {key: value for key, value in state.items() if key != name}


@pytest.mark.parametrize("links", [[7, 5], None], ids=["sparse", "dense"])
def test_a_state_of_another_network_is_refused(links):
    model = start((5, 4, 3, 2), np.random.default_rng(0), links=links)
    state = model.state_dict()
    for name in state:
        with pytest.raises(InputError):
            from_state(without(state, name), model.sizes)
    with pytest.raises(InputError, match="extra"):
        from_state({**state, "extra": torch.zeros(1)}, model.sizes)
    wrong_sizes = [
        (4, 4, 3, 2),
        (5, 3, 3, 2),
        (5, 4, 3, 3),
        (5, 4, 2),
        (5, 2),
        (5,),
        (),
    ]
    if links:
        wrong_sizes.remove((4, 4, 3, 2))  # a last pixel may have no link
    for sizes in wrong_sizes:
        with pytest.raises(InputError, match=r"not the tensors|must hold|lie in"):
            from_state(state, sizes)


def test_huge_sizes_are_refused_before_memory_is_taken():
    model = start((5, 4, 2), np.random.default_rng(0), links=[7])
    for sizes in pairwise([5, 10**13, 2]):
        with pytest.raises(InputError):
            from_state(model.state_dict(), (*sizes, 2))


# Threads


def test_threads_are_limited_and_restored():
    before = torch.get_num_threads()
    with limited_threads(1):
        assert torch.get_num_threads() == 1
    with limited_threads(before + 1):
        most = numba.config.NUMBA_NUM_THREADS
        assert torch.get_num_threads() == min(before + 1, most)
    assert torch.get_num_threads() == before
    with pytest.raises(KeyError), limited_threads(before + 1):
        raise KeyError
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(("weights", "fan_in"), [("swi", 10), ("kaiming", 1000)])
def test_variance_of_the_starting_weights(weights, fan_in):
    rng = np.random.default_rng(0)
    model = start((1000, 2000, 10), rng, links=[20_000], weights=weights)
    sample = model.layers[0].weight.detach().numpy()
    expected = 2 / fan_in
    # The variance of a normal sample scatters by sqrt(2 / n) of itself.
    assert abs(sample.var() / expected - 1) < 5 * np.sqrt(2 / sample.size)
    head = model.head.weight.detach().numpy()
    assert abs(head.var() * 2000 / 2 - 1) < 5 * np.sqrt(2 / head.size)


def test_images_must_fit_the_first_layer():
    images = np.eye(9, dtype=np.float32)
    message = "images of 9 pixels do not fit a first layer of 8 inputs; give images"
    with pytest.raises(InputError, match=message):
        start((8, 5, 3), np.random.default_rng(0), [4], images=images)
    place = topology("correlated")
    with pytest.raises(InputError, match="'correlated' needs training images and none"):
        start((9, 5, 3), np.random.default_rng(0), [4], place)
    model = start((9, 5, 3), np.random.default_rng(0), [4], place, images=images)
    assert model.layers[0].weight.numel() == 4


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_networks_start_from_any_topology(name):
    images = np.random.default_rng(0).random((50, 36), np.float32)

    def begun(seed):
        rng, place = np.random.default_rng(seed), topology(name)
        model = start((36, 20, 36, 4), rng, [72, 72], place, images=images)
        assert [layer.weight.numel() for layer in model.layers] == [72, 72]
        return model

    assert same_state(begun(0), begun(0))
    ends = [model.links()[:2] for model in (begun(0), begun(1))]
    same = all((one == two).all() for one, two in zip(*ends, strict=True))
    assert same == (name == "correlated")  # where nothing is drawn
