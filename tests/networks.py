"""Tiny networks and data, strategies for random ones, and dense references."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from forked import Forked
from forked import code as script
from hypothesis import strategies as st

from netrobust.data.dataset import Dataset
from netrobust.neural.linear import SparseLinear
from netrobust.neural.model import SparseMLP, start

seeds = st.integers(0, 2**32 - 1)


def tiny_data(images=96, pixels=16, classes=3, seed=0):
    """Noise with a class mean that can be learnt."""
    rng = np.random.default_rng(seed)
    centres = rng.random((classes, pixels))

    def draw(n):
        y = np.arange(n) % classes
        return np.clip(0.5 * centres[y] + 0.5 * rng.random((n, pixels)), 0, 1), y

    return Dataset.from_arrays(*draw(images), *draw(images // 2), name="tiny")


def random_layer(rng, n_in, n_out, into, double=False):
    """A layer whose neuron t has ``into[t]`` links, with weights, biases and zeros."""
    source = [np.sort(rng.choice(n_in, k, replace=False)) for k in into]
    target = np.repeat(np.arange(n_out), into)
    weight = rng.normal(size=target.size).astype(np.float32)
    bias = rng.normal(size=n_out).astype(np.float32)
    flat = np.concatenate([*source, []]).astype(int)
    layer = SparseLinear(n_in, n_out, flat, target, weight, bias)
    return layer.double() if double else layer


@st.composite
def layers(draw, max_size=9):
    """Layers with any number of links into each neuron, none and all included."""
    n_in, n_out = draw(st.integers(1, max_size)), draw(st.integers(1, max_size))
    degree = st.integers(0, n_in)
    into = draw(st.lists(degree, min_size=n_out, max_size=n_out))
    return random_layer(np.random.default_rng(draw(seeds)), n_in, n_out, into)


def random_model(rng, sizes, densities=None):
    """A network with random biases; dense layers where a density is None."""
    count = None
    if densities is not None:
        pairs = zip(sizes, sizes[1:-1], densities, strict=False)
        count = [round(d * n_in * n_out) for n_in, n_out, d in pairs]
    model = start(sizes, rng, links=count, mean=rng.random(), std=0.2 + rng.random())
    with torch.no_grad():
        for part in (*model.layers, model.head):
            part.bias.copy_(torch.from_numpy(rng.normal(size=part.bias.numel())))
    return model


@st.composite
def models(draw, dense=None):
    """Networks of up to three hidden layers, sparse or dense, empty ones included."""
    size = st.integers(1, 8)
    sizes = [*draw(st.lists(size, min_size=2, max_size=4)), draw(st.integers(2, 4))]
    densities = None
    if not (draw(st.booleans()) if dense is None else dense):
        share = st.sampled_from([0.0, 0.1, 0.3, 0.6, 1.0])
        hidden = len(sizes) - 2
        densities = draw(st.lists(share, min_size=hidden, max_size=hidden))
    return random_model(np.random.default_rng(draw(seeds)), sizes, densities)


def matrix(layer):
    """The dense float64 matrix of a layer, shape (n_out, n_in)."""
    source, target, weight = layer.links()
    dense = np.zeros((layer.out_features, layer.in_features))
    dense[target, source] = weight
    return dense


def masked(model: SparseMLP):
    """Weights (dense, float64), biases and masks of all layers, the head last."""
    parts = []
    for layer in model.layers:
        source, target, _ = layer.links()
        mask = torch.zeros(layer.out_features, layer.in_features, dtype=torch.float64)
        mask[target, source] = 1
        parts.append((torch.from_numpy(matrix(layer)), layer.bias, mask))
    head = model.head
    parts.append((head.weight, head.bias, torch.ones_like(head.weight)))
    return [
        (
            weight.detach().double().clone().requires_grad_(),
            bias.detach().double().clone().requires_grad_(),
            mask.detach().double(),
        )
        for weight, bias, mask in parts
    ]


def masked_forward(model, parts, x):
    """Score images with dense masked float64 matrices; also give what enters ReLU."""
    hidden = (x.double() - model.mean.double()) / model.std.double()
    entering = []
    for weight, bias, mask in parts[:-1]:
        entering.append(hidden @ (weight * mask).t() + bias)
        hidden = torch.relu(entering[-1])
    weight, bias, _ = parts[-1]
    return hidden @ weight.t() + bias, entering


def close(found, expected, scale=1.0, tolerance=1e-5):
    """Assert agreement relative to the size of the numbers, not to each of them."""
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    assert found.shape == expected.shape
    size = max(scale, np.abs(expected).max(initial=0))
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * size)


def same_state(one, two):
    """Whether two modules hold bitwise the same tensors under the same names."""
    one, two = one.state_dict(), two.state_dict()
    return one.keys() == two.keys() and all(
        one[name].dtype == two[name].dtype
        and one[name].numpy().tobytes() == two[name].numpy().tobytes()
        for name in one
    )


def in_forked_process(code, *arguments, expect=0):
    """Run Python code in a process that has torch loaded; give what it prints."""
    done = Forked(script, code, *arguments, cwd=Path(__file__).parent).ended()
    assert done.code == expect, done.err
    return done.out.strip()


def in_new_process(code, *arguments, expect=0, **environment):
    """Run Python code in a fresh interpreter and give what it prints."""

    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent,
        env={**os.environ, **environment},
        check=False,
    )
    assert done.returncode == expect, done.stderr
    return done.stdout.strip()
