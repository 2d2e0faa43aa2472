"""Scores of images: loss image by image, confidence, calibration, classes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import models, random_model, seeds
from torch.nn.functional import cross_entropy

from netrobust.core.errors import InputError
from netrobust.neural.evaluate import (
    _calibration_error,
    evaluate,
    logits,
    logits_together,
    losses,
)

BINS = 15


def sure_of(confidence):
    """A network of two classes, and images of which it is so sure: all class 0."""
    model = random_model(np.random.default_rng(0), (1, 1, 2), [1.0])
    gap = np.log(np.array(confidence) / (1 - np.array(confidence)))
    with torch.no_grad():
        model.mean.fill_(0)
        model.std.fill_(0.1)
        model.layers[0].weight.fill_(1)
        model.layers[0].bias.zero_()
        model.head.weight.copy_(torch.tensor([[1.0], [0.0]]))
        model.head.bias.zero_()
    return model, (gap[:, None] / 10).astype(np.float32)


def reference_ece(scores, y):
    """The definition, image by image and bin by bin."""
    found = []
    for row, label in zip(np.asarray(scores, float), y, strict=True):
        share = np.exp(row - row.max()) / np.exp(row - row.max()).sum()
        found.append((share.max(), row.argmax() == label))
    total = 0.0
    for number in range(BINS):
        inside = [
            (sure, right)
            for sure, right in found
            if number / BINS < sure <= (number + 1) / BINS
        ]
        if inside:
            sure, right = np.mean(inside, axis=0)
            total += len(inside) / len(found) * abs(right - sure)
    return total


def labels_for(model, images, seed):
    return np.random.default_rng(seed).integers(model.sizes[-1], size=images)


@settings(max_examples=20)
@given(model=models(), images=st.integers(1, 40), seed=seeds)
def test_details_are_added_and_change_no_bit(model, images, seed):
    x = np.random.default_rng(seed).random((images, model.sizes[0]), np.float32)
    y = labels_for(model, images, seed)
    plain, full = evaluate(model, x, y), evaluate(model, x, y, details=True)
    assert list(plain) == ["accuracy", "loss"]
    classes = [f"accuracy_{label}" for label in range(model.sizes[-1])]
    assert list(full) == [*plain, "confidence", "ece", *classes]
    assert {name: full[name] for name in plain} == plain
    assert all(type(value) is float for value in full.values())


@settings(max_examples=20)
@given(model=models(), images=st.integers(1, 40), seed=seeds)
def test_details_follow_their_definitions(model, images, seed):
    x = np.random.default_rng(seed).random((images, model.sizes[0]), np.float32)
    y = labels_for(model, images, seed)
    found, scores = evaluate(model, x, y, details=True), logits(model, x)
    shares = torch.softmax(torch.from_numpy(scores).double(), 1).numpy()
    assert found["confidence"] == pytest.approx(shares.max(1).mean(), abs=1e-12)
    assert found["ece"] == pytest.approx(reference_ece(scores, y), abs=1e-9)
    assert 0 <= found["ece"] <= 1
    for label in range(model.sizes[-1]):
        right = scores.argmax(1)[y == label] == label
        expected = right.mean() if right.size else np.nan
        assert found[f"accuracy_{label}"] == pytest.approx(expected, nan_ok=True)


def test_calibration_by_hand():
    # Bins: 0.78 twice in (11/15, 12/15], 0.59 in (8/15, 9/15], 0.95 twice in the last.
    model, x = sure_of([0.78, 0.78, 0.59, 0.95, 0.95])
    found = evaluate(model, x, np.array([0, 1, 0, 0, 0]), details=True)
    assert found["accuracy"] == 0.8
    assert found["confidence"] == pytest.approx((2 * 0.78 + 0.59 + 2 * 0.95) / 5)
    by_hand = (abs(1 - 2 * 0.78) + (1 - 0.59) + 2 * (1 - 0.95)) / 5
    assert found["ece"] == pytest.approx(by_hand, abs=1e-6)
    assert found["accuracy_0"] == 1
    assert found["accuracy_1"] == 0


def test_a_bin_holds_its_upper_edge_and_not_its_lower():
    def error(*confidence):
        return _calibration_error(np.array(confidence), np.array([True, False]))

    assert error(3 / 15, 2.5 / 15) == pytest.approx((1 - 5.5 / 15) / 2)
    assert error(3 / 15, 3.5 / 15) == pytest.approx((1 - 3 / 15 + 3.5 / 15) / 2)
    assert error(1.0, 14.5 / 15) == pytest.approx(14.5 / 15 / 2)


def test_sure_and_right_is_calibrated_and_sure_and_wrong_is_not():
    model, x = sure_of([0.9999] * 4)
    assert evaluate(model, x, np.zeros(4, int), details=True)["ece"] < 2e-4
    assert evaluate(model, x, np.ones(4, int), details=True)["ece"] > 0.9998


def test_infinite_scores_have_no_confidence():
    model = random_model(np.random.default_rng(0), (2, 2, 2), [1.0])
    with torch.no_grad():
        model.head.bias[0] = np.inf
    found = evaluate(model, np.ones((3, 2), np.float32), np.zeros(3, int), details=True)
    assert np.isnan([found["loss"], found["confidence"], found["ece"]]).all()


@settings(max_examples=20)
@given(model=models(), images=st.integers(1, 20), seed=seeds)
def test_losses_are_those_of_every_image(model, images, seed):
    x = np.random.default_rng(seed).random((images, model.sizes[0]), np.float32)
    y = labels_for(model, images, seed)
    scores = torch.from_numpy(logits(model, x)).double()
    expected = cross_entropy(scores, torch.from_numpy(y), reduction="none")
    found = losses(model, x, y)
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-9, atol=1e-12)
    assert found.mean() == evaluate(model, x, y)["loss"]


# Several networks at once


@given(model=models(), images=st.integers(1, 300), seed=seeds, data=st.data())
def test_networks_together_answer_what_each_answers_alone(model, images, seed, data):
    rng = np.random.default_rng(seed)
    x = rng.random((images, model.sizes[0]), np.float32)
    source, target, weight = model.links()
    bias = model.biases()
    together = [model]
    for _ in range(data.draw(st.integers(1, 3))):
        # What is below stays; the number of layers that are shared comes out by itself.
        above = target >= data.draw(st.integers(0, sum(model.sizes)))
        kept = ~above | (rng.random(target.size) < 0.5)
        ends = source[kept], target[kept]
        together.append(model.with_links(*ends, weight[kept], bias))
    found = logits_together(together, x)
    assert [one.tobytes() for one in found] == [
        logits(one, x).tobytes() for one in together
    ]


@pytest.mark.parametrize("densities", [[0.5, 0.5], None], ids=["sparse", "dense"])
def test_each_network_together_has_its_own_head(densities):
    rng = np.random.default_rng(0)
    one = random_model(rng, (6, 5, 4, 3), densities)
    other = random_model(rng, (6, 5, 4, 3), densities)
    with torch.no_grad():
        other.mean.copy_(one.mean)
        other.std.copy_(one.std)
    other.layers = one.layers
    x = rng.random((9, 6), np.float32)
    found = logits_together([one, other], x)
    assert (found[0] != found[1]).any()
    assert (found[1] == logits(other, x)).all()


@pytest.mark.parametrize("what", ["sizes", "mean", "std", "kind"])
def test_networks_that_cannot_be_scored_together_are_refused(what):
    one, other = (
        random_model(np.random.default_rng(0), (6, 5, 4, 3), [0.5, 0.5])
        for _ in range(2)
    )
    if what == "sizes":
        other = random_model(np.random.default_rng(0), (6, 4, 5, 3), [0.5, 0.5])
    elif what == "kind":
        other = random_model(np.random.default_rng(0), (6, 5, 4, 3))
    for name in ("mean", "std"):
        getattr(other, name).copy_(getattr(one, name) + (what == name))
    with pytest.raises(InputError, match="same sizes and pixels"):
        logits_together([one, other], np.zeros((1, 6), np.float32))
