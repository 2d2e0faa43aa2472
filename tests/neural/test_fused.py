"""Layers one behind the other compute, bit for bit, what they compute one by one."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from networks import models, random_model, seeds
from torch.nn.functional import cross_entropy

from netrobust.neural.fused import stackable
from netrobust.neural.linear import SparseLinear


def pass_through(model, x, y):
    """Scores and the gradients of all parameters, and whether layers were stacked."""
    model.zero_grad()
    scores = model(x)
    cross_entropy(scores, y).backward()
    nodes, seen = [scores.grad_fn], set()
    while nodes:
        node = nodes.pop()
        seen.add(type(node).__name__)
        nodes += [before for before, _ in node.next_functions if before is not None]
    gradients = [parameter.grad.numpy() for parameter in model.parameters()]
    return [scores.detach().numpy(), *gradients], "_StackBackward" in seen


def watched(model):
    """A copy whose layers somebody watches."""
    copy = deepcopy(model)
    for layer in copy.layers:
        layer.register_forward_hook(lambda *seen: None)
    return copy


def same(one, other):
    """Equal numbers, NaN for NaN; zeros of either sign are one number."""
    for ours, theirs in zip(one, other, strict=True):
        np.testing.assert_array_equal(ours, theirs)
        different = ours.view(np.int32) != theirs.view(np.int32)
        assert not ours[different & ~np.isnan(ours)].any()


def batch(model, images, seed):
    rng = np.random.default_rng(seed)
    x = torch.from_numpy(rng.random((images, model.sizes[0]), np.float32))
    return x, torch.from_numpy(rng.integers(model.sizes[-1], size=images))


@given(model=models(), images=st.integers(1, 70), seed=seeds)
def test_scores_and_gradients_are_those_of_layers_one_by_one(model, images, seed):
    x, y = batch(model, images, seed)
    found, stacked = pass_through(model, x, y)
    expected, apart = pass_through(watched(model), x, y)
    sparse = all(isinstance(layer, SparseLinear) for layer in model.layers)
    assert (stacked, apart) == (sparse, False)
    same(found, expected)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e38, -0.0])
@pytest.mark.parametrize("where", ["weight", "bias", "images"])
def test_numbers_that_overflow_go_the_same_way(value, where):
    model = random_model(np.random.default_rng(0), (9, 8, 7, 3), [0.5, 0.5])
    x, y = batch(model, 20, 0)
    with torch.no_grad():
        given = x if where == "images" else getattr(model.layers[0], where)
        given.view(-1)[1] = value
    same(pass_through(model, x, y)[0], pass_through(watched(model), x, y)[0])


def test_images_in_another_memory_order():
    model = random_model(np.random.default_rng(0), (9, 8, 3), [0.5])
    x, y = batch(model, 20, 0)
    turned = x.t().contiguous().t()
    same(pass_through(model, turned, y)[0], pass_through(model, x, y)[0])


def test_links_that_move_before_the_gradient_do_not_change_it():
    model = random_model(np.random.default_rng(0), (9, 8, 7, 3), [0.5, 0.5])
    x, y = batch(model, 5, 0)
    expected = pass_through(model, x, y)[0]
    model.zero_grad()
    loss = cross_entropy(model(x), y)
    layer = model.layers[1]
    before = layer.weight.detach().clone()
    source, target, weight = layer.links()
    layer.rewire([], source, target, 2 * weight)
    loss.backward()
    assert (layer.weight.detach() == 2 * before).all()
    same([model.layers[0].weight.grad.numpy()], [expected[1]])


def test_weights_that_change_before_the_gradient_are_noticed():
    model = random_model(np.random.default_rng(0), (9, 8, 7, 3), [0.5, 0.5])
    x, y = batch(model, 5, 0)
    loss = cross_entropy(model(x), y)
    with torch.no_grad():
        model.layers[1].weight.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize(
    "hook",
    [
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
    ],
)
def test_a_hook_sees_its_layer(hook):
    model = random_model(np.random.default_rng(0), (9, 8, 7, 3), [0.5, 0.5])
    seen = []
    handle = getattr(model.layers[1], hook)(lambda *given: seen.append(given[0]))
    x, y = batch(model, 5, 0)
    assert not pass_through(model, x, y)[1]
    assert seen == [model.layers[1]]
    handle.remove()
    assert pass_through(model, x, y)[1]


def test_what_kernels_cannot_take_goes_layer_by_layer():
    model = random_model(np.random.default_rng(0), (9, 8, 3), [0.5])
    x, _ = batch(model, 5, 0)
    assert stackable(list(model.layers), x)
    assert not stackable([], x)
    assert not stackable(list(model.layers), x.double())
    assert not stackable(list(model.layers), x[:, 1:])
    assert not stackable(list(model.layers), x[0])
    assert not stackable(list(model.layers), x.requires_grad_())
    assert not stackable(list(model.double().layers), x.detach())
    assert not stackable([torch.nn.Linear(9, 8)], x.detach())
