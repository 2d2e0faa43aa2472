"""Kernels learn what autograd and the optimiser learn, but for rounding."""

from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from networks import close, models, random_model, same_state, seeds, tiny_data
from torch import zeros_like as zeros
from torch.nn.functional import cross_entropy
from torch.optim import SGD

from netrobust.neural import steps
from netrobust.neural.config import TrainConfig
from netrobust.neural.learner import Learner
from netrobust.neural.method import parse
from netrobust.neural.tile import IMAGES
from netrobust.neural.train import train

DATA = tiny_data()
RATE, DECAY = 0.05, 0.02
CONFIG = TrainConfig(hidden=(12, 10), sparsity=0.6, epochs=3, batch_size=20)


def images_for(model, count, seed):
    rng = np.random.default_rng(seed)
    x = rng.random((count, model.sizes[0]), np.float32)
    # Labels that no image has are classes as well.
    y = rng.integers(model.sizes[-1], size=count)
    return SimpleNamespace(x_train=x, y_train=y)


def sgd(model, momentum):
    named = list(model.named_parameters())
    weights = [p for name, p in named if not name.endswith("bias")]
    biases = [p for name, p in named if name.endswith("bias")]
    groups = [
        {"params": weights, "weight_decay": DECAY},
        {"params": biases, "weight_decay": 0.0},
    ]
    return SGD(groups, lr=RATE, momentum=momentum)


def prepared(model, data, batch, momentum=0.9, method="static"):
    """A copy of the network, its optimiser, and who trains it in kernels."""
    copy = deepcopy(model)
    optimiser = sgd(copy, momentum)
    config = TrainConfig(
        **parse(method), batch_size=batch, momentum=momentum, weight_decay=DECAY
    )
    return copy, optimiser, Learner(copy, optimiser, data, config)


def by_autograd(model, optimiser, data, order, batch, stay):
    """One step after the other; loss, and how many images were told right."""
    total, correct = 0.0, 0
    for first in range(0, len(order), batch):
        chosen = order[first : first + batch]
        x, y = (torch.from_numpy(a[chosen]) for a in (data.x_train, data.y_train))
        scores = model(x)
        loss = cross_entropy(scores, y)
        optimiser.zero_grad()
        loss.backward()
        if not (stay and first + batch >= len(order)):
            optimiser.step()
        total += loss.item() * len(chosen)
        correct += (scores.argmax(1) == y).sum().item()
    return total, correct


def everything(model, optimiser):
    """Values, momentum and gradients of all parameters."""
    found = []
    for parameter in model.parameters():
        found += [parameter.detach(), parameter.grad]
        # There is none before the first step.
        found.append(
            optimiser.state[parameter].get("momentum_buffer", zeros(parameter))
        )
    return [part.clone() for part in found]


def check(model, images, batch, momentum=0.9, stay=False, seed=0, tolerance=2e-5):
    data = images_for(model, images, seed)
    ours, optimiser, learner = prepared(model, data, batch, momentum)
    other = deepcopy(model)
    expecting = sgd(other, momentum)
    assert learner.fits()
    order = np.random.default_rng(seed).permutation(images)
    # Twice, so that the second call goes on with the momentum of the first.
    for part in order[: images // 2], order[images // 2 :]:
        if not part.size:
            continue
        loss, correct = learner.learn(part, stay)
        expected = by_autograd(other, expecting, data, part, batch, stay)
        assert loss == pytest.approx(expected[0], rel=1e-4, abs=1e-4)
        assert correct == expected[1]
        found = everything(ours, optimiser)
        theirs = everything(other, expecting)
        for one, two in zip(found, theirs, strict=True):
            close(one, two, tolerance=tolerance)


@given(
    model=models(dense=False),
    images=st.integers(1, 2 * IMAGES + 9),
    batch=st.integers(1, 2 * IMAGES + 9),
    momentum=st.sampled_from([0.0, 0.9]),
    stay=st.booleans(),
    seed=seeds,
)
def test_an_epoch_is_that_of_autograd(model, images, batch, momentum, stay, seed):
    check(model, images, max(batch, images // 8), momentum, stay, seed)


@pytest.mark.parametrize("batch", [1, 7, IMAGES - 1, IMAGES, IMAGES + 1, 3 * IMAGES])
@pytest.mark.parametrize("pixels", [3, 8, 21])  # squares of eight, and what is left
def test_batches_that_end_anywhere_in_a_tile(batch, pixels):
    rng = np.random.default_rng(batch)
    model = random_model(rng, (pixels, 40, 33, 5), [0.2, 0.1])
    check(model, 3 * batch + batch // 2 + 1, batch)


def test_layers_without_links():
    model = random_model(np.random.default_rng(0), (5, 4, 3, 2), [0.0, 0.0])
    check(model, 50, 20)


@pytest.mark.parametrize("classes", [2, 40])
def test_a_head_of_any_width(classes):
    model = random_model(np.random.default_rng(0), (9, 70, classes), [0.5])
    check(model, 100, 30)


# Every method


METHODS = [
    "set", "set(cht_benchmark)", "rigl(batches=3)", "rigl(cht_benchmark)",
    "mest(epochs=1,gradient_share=0.1)", "mest(cht_benchmark)", "deep_r(l1=0.3)",
    "cht", "chts(history=true)",
]  # fmt: skip


def by_loop(monkeypatch, *arguments, **options):
    """Train with autograd."""
    with monkeypatch.context() as patch:
        patch.setattr(Learner, "fits", lambda learner: False)
        return train(*arguments, **options)


@pytest.mark.parametrize("method", METHODS)
def test_links_move_as_they_do_with_autograd(method, monkeypatch):
    config = replace(CONFIG, **parse(method))
    found, expected = train(DATA, config), by_loop(monkeypatch, DATA, config)
    for one, two in zip(found.model.links(), expected.model.links(), strict=True):
        close(one, two, tolerance=1e-4)
    for table in "history", "dynamics":
        one, two = getattr(found, table), getattr(expected, table)
        assert one.columns.tolist() == two.columns.tolist()
        close(one, two, tolerance=1e-5)
    assert found.name == expected.name


@pytest.mark.parametrize("images", [5, IMAGES, 2 * IMAGES + 5])
def test_the_gradient_at_all_possible_links(images):
    model = random_model(np.random.default_rng(0), (9, 8, 7, 3), [0.5, 0.3])
    data = images_for(model, 150, 0)
    _, _, learner = prepared(model, data, 2 * IMAGES + 6, method="rigl")
    order = np.arange(images)
    learner.learn(order, True)
    kept = []

    def keep(layer, given, out):
        out.retain_grad()
        kept.append((given[0], out))

    for layer in model.layers:
        layer.register_forward_hook(keep)
    x, y = (torch.from_numpy(one[order]) for one in (data.x_train, data.y_train))
    cross_entropy(model(x), y).backward()
    for index, (before, out) in enumerate(kept):
        close(learner.gradient(index), (out.grad.t() @ before).detach())


def test_fewer_images_than_before_leave_nothing_in_the_gradient():
    model = random_model(np.random.default_rng(0), (9, 8, 3), [0.5])
    data, batch = images_for(model, 150, 0), 2 * IMAGES
    learners = [prepared(model, data, batch, method="rigl")[2] for _ in "12"]
    learners[0]._optimiser.param_groups[0]["lr"] = 0.0
    learners[0].learn(np.arange(batch + 10), True)
    learners[1].learn(np.arange(batch, batch + 10), True)
    one, two = (learner.gradient(0) for learner in learners)
    close(one, two)


# Which networks


def test_what_kernels_cannot_do_is_left_to_autograd():
    model = random_model(np.random.default_rng(0), (9, 8, 7, 3), [0.5, 0.5])
    data = images_for(model, 30, 0)
    copy, _, learner = prepared(model, data, 10)
    assert learner.fits()
    watching = [copy, copy.head, copy.layers[1]]
    for module in watching:
        handle = module.register_forward_hook(lambda *seen: None)
        assert not learner.fits()
        handle.remove()
        assert learner.fits()
    copy.head.bias.requires_grad_(False)
    assert not learner.fits()
    copy.head.bias.requires_grad_(True)
    copy.head.double()
    assert not learner.fits()
    dense = random_model(np.random.default_rng(0), (9, 8, 3))
    assert not prepared(dense, data, 10)[2].fits()


def test_a_hook_of_a_start_sees_every_batch():
    model = random_model(np.random.default_rng(0), (16, 12, 10, 3), [0.4, 0.4])
    seen = []
    model.layers[0].register_forward_hook(lambda *given: seen.append(1))
    train(DATA, replace(CONFIG, epochs=1), start=model)
    assert len(seen) == 5


# The same bits


def test_images_in_another_memory_order():
    turned = replace(DATA, x_train=np.asfortranarray(DATA.x_train))
    assert same_state(train(turned, CONFIG).model, train(DATA, CONFIG).model)


def test_networks_that_train_at_the_same_time_know_nothing_of_each_other():
    alone = [train(DATA, CONFIG, seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda seed: train(DATA, CONFIG, seed), range(4)))
    for one, two in zip(alone, together, strict=True):
        assert same_state(one.model, two.model)
        assert one.history.equals(two.history)


def test_no_kernel_lets_the_compiler_choose_an_order_of_summing():
    """Its choice hangs on what else is compiled, or lies on disk, at the moment."""
    kernels = [one for one in vars(steps).values() if hasattr(one, "targetoptions")]
    assert len(kernels) > 9
    assert [one for one in kernels if one.targetoptions.get("fastmath")] == []
