"""Saliency and activation: against dense float64 autograd and finite differences."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from networks import close, masked, masked_forward, models, random_model, seeds
from small import digits, network
from torch.nn.functional import cross_entropy

from netrobust.neural import sensitivity as module
from netrobust.neural.evaluate import evaluate, losses
from netrobust.neural.sensitivity import sensitivity


def images_for(model, images, seed):
    rng = np.random.default_rng(seed)
    x = rng.random((images, model.sizes[0]), np.float32)
    return x, rng.integers(model.sizes[-1], size=images)


@settings(max_examples=20)
@given(model=models(), images=st.integers(1, 9), seed=seeds)
def test_all_three_equal_dense_autograd_in_float64(model, images, seed):
    x, y = images_for(model, images, seed)
    parts = masked(model)
    scores, entering = masked_forward(model, parts, torch.from_numpy(x))
    # On the edge of a ReLU the two precisions may fall to either side.
    assume(not any(((e != 0) & (e.abs() < 1e-4)).any() for e in entering))
    expected = cross_entropy(scores, torch.from_numpy(y))
    expected.backward()
    products, outputs = [], [(torch.from_numpy(x) - model.mean) / model.std]
    for layer, (weight, _, _), e in zip(model.layers, parts, entering, strict=False):
        source, target, _ = layer.links()
        products.append((weight.detach() * weight.grad)[target, source].abs())
        outputs.append(torch.relu(e.detach()))
    loss, saliency, activation = sensitivity(model, x, y)
    assert loss == pytest.approx(expected.item(), rel=1e-5, abs=1e-6)
    close(saliency, torch.cat(products))
    close(activation, torch.cat([one.abs().mean(0) for one in outputs]))
    assert saliency.dtype == activation.dtype == np.float64
    assert saliency.shape == model.links()[2].shape
    assert activation.shape == (sum(model.sizes[:-1]),)


@pytest.mark.parametrize("sparsifier", ["set", "dense_small"])
def test_saliency_is_the_slope_of_the_loss_times_the_weight(sparsifier):
    model = network(sparsifier).model
    x, y = digits().x_train[:300], digits().y_train[:300]
    source, target, weight = model.links()
    saliency = sensitivity(model, x, y)[1]
    link = int(saliency.argmax())

    def loss(factor):
        changed = weight.copy()
        changed[link] *= factor
        other = model.with_links(source, target, changed, model.biases())
        return losses(other, x, y).mean()

    slope = (loss(1.005) - loss(0.995)) / 0.01  # of the loss along log |w|
    assert abs(slope) == pytest.approx(saliency[link], rel=0.01)


def test_the_loss_is_that_of_evaluate():
    model = network().model
    x, y = digits().x_train[:2300], digits().y_train[:2300]
    loss = sensitivity(model, x, y)[0]
    assert loss == pytest.approx(evaluate(model, x, y)["loss"], rel=1e-5)


def test_batches_do_not_show(monkeypatch):
    model = random_model(np.random.default_rng(0), (9, 8, 7, 3), [0.5, 0.5])
    x, y = images_for(model, 23, 0)
    whole = sensitivity(model, x, y)
    monkeypatch.setattr(module, "BATCH", 5)
    for one, other in zip(whole, sensitivity(model, x, y), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-8)


def test_images_that_pull_both_ways_cancel():
    # With one weight into two classes of opposite sign, the labels mirror each other.
    model = random_model(np.random.default_rng(0), (1, 1, 2), [1.0])
    with torch.no_grad():
        model.mean.fill_(0)
        model.std.fill_(1)
        model.layers[0].weight.fill_(1)
        model.layers[0].bias.zero_()
        model.head.weight.copy_(torch.tensor([[0.0], [0.0]]))
        model.head.bias.zero_()
        model.head.weight[0] = 1e-3
    x = np.ones((2, 1), np.float32)
    one, both = (sensitivity(model, x, np.array(y))[1] for y in ([0, 0], [0, 1]))
    assert both[0] < 1e-3 * one[0]


def test_activation_of_pixels_and_of_silent_neurons():
    model = random_model(np.random.default_rng(0), (2, 2, 2), [1.0])
    with torch.no_grad():
        model.mean.fill_(0.5)
        model.std.fill_(0.25)
        model.layers[0].weight.zero_()
        model.layers[0].bias.copy_(torch.tensor([-1.0, 3.0]))
    x = np.array([[0, 0.5], [1, 0.75]], np.float32)
    activation = sensitivity(model, x, np.array([0, 1]))[2]
    assert activation.tolist() == [2, 0.5, 0, 3]


def test_the_network_stays_as_it_was():
    model = random_model(np.random.default_rng(0), (5, 4, 3), [0.6])
    x, y = images_for(model, 8, 0)
    cross_entropy(model(torch.from_numpy(x)), torch.from_numpy(y)).backward()
    model.layers[0].bias.requires_grad_(False)
    model.eval()
    before = {name: one.clone() for name, one in model.state_dict().items()}
    slopes = {name: one.grad.clone() for name, one in model.named_parameters()}
    state = torch.get_rng_state(), torch.get_num_threads(), torch.is_grad_enabled()
    sensitivity(model, x, y)
    assert all(torch.equal(model.state_dict()[name], before[name]) for name in before)
    for name, one in model.named_parameters():
        assert torch.equal(one.grad, slopes[name])
        assert one.requires_grad == (name != "layers.0.bias")
    assert not any(one._forward_hooks for one in model.modules())
    assert not model.training
    assert torch.equal(state[0], torch.get_rng_state())
    assert state[1:] == (torch.get_num_threads(), torch.is_grad_enabled())


def test_it_works_where_gradients_are_off_or_frozen():
    model = random_model(np.random.default_rng(0), (5, 4, 3), [0.6])
    x, y = images_for(model, 8, 0)
    expected = sensitivity(model, x, y)[1]
    model.requires_grad_(False)
    with torch.no_grad():
        assert (sensitivity(model, x, y)[1] == expected).all()
    assert expected.max() > 0
