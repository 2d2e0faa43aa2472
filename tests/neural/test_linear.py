"""The sparse layer: its links, its gradients, its way through files."""

import io
import pickle
from copy import deepcopy

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from networks import close, layers, matrix, random_layer, same_state, seeds
from safetensors.torch import load, save

from netrobust.core.errors import InputError
from netrobust.neural.dense import DenseLinear
from netrobust.neural.linear import SparseLinear


def small():
    """Links 0->0, 2->0, 1->2 of three sources and three targets."""
    return SparseLinear(3, 3, [0, 2, 1], [0, 0, 2], [1.0, 2.0, 3.0], [0.1, 0.2, 0.3])


def as_lists(layer):
    source, target, weight = layer.links()
    return source.tolist(), target.tolist(), weight.tolist()


# Links


@given(layer=layers(), seed=seeds)
def test_any_order_of_links_makes_the_same_layer(layer, seed):
    source, target, weight = layer.links()
    order = np.random.default_rng(seed).permutation(weight.size)
    bias = layer.bias.detach().numpy()
    again = layer.with_links(source[order], target[order], weight[order], bias)
    assert same_state(again, layer)


@given(layer=layers())
def test_links_are_canonical_and_copies(layer):
    source, target, weight = layer.links()
    assert (source.dtype, target.dtype, weight.dtype) == (
        np.int64,
        np.int64,
        np.float32,
    )
    assert (np.diff(target * layer.in_features + source) > 0).all()
    before = deepcopy(layer)
    for array in (source, target, weight):
        array += 1
    assert same_state(before, layer)


def test_input_arrays_stay_as_they_are():
    weight = np.array([1, 2], np.float32)
    layer = SparseLinear(2, 1, [0, 1], [0, 0], weight)
    layer.weight.data += 1
    assert weight.tolist() == [1, 2]


def test_a_link_of_weight_zero_is_a_link():
    layer = SparseLinear(2, 1, [0, 1], [0, 0], [0.0, -0.0])
    assert layer.weight.numel() == 2
    assert layer.extra_repr() == "2, 1, links=2"


BAD_LINKS = {
    "twice": ([0, 0], [1, 1], [1, 2], "no pair twice"),
    "source too large": ([3], [0], [1], "sources must lie in 0..2"),
    "source negative": ([-1], [1], [1], "sources must lie"),
    "target too large": ([0], [2], [1], "targets must lie in 0..1"),
    "target negative": ([0], [-1], [1], "targets must lie"),
    "unequal": ([0, 1], [0], [1], "equally long"),
    "two-dimensional": ([[0]], [[0]], [[1]], "one-dimensional"),
    "fractional": ([0.5], [0], [1], "source must hold integers"),
    "not a number": ([0], [float("nan")], [1], "target must hold integers"),
}


@pytest.mark.parametrize("case", BAD_LINKS.values(), ids=BAD_LINKS)
def test_links_that_make_no_layer_are_refused(case):
    *links, message = case
    with pytest.raises(InputError, match=message):
        SparseLinear(3, 2, *links)


@pytest.mark.parametrize("bias", [[], [1.0], [1.0, 2.0, 3.0], [[1.0, 2.0]], 1.0])
def test_a_bias_of_another_length_is_refused(bias):
    with pytest.raises(InputError, match="bias must hold one value a target neuron, 2"):
        SparseLinear(3, 2, [0], [0], [1.0], bias)


# Rewiring


def test_rewire_by_hand():
    layer = small()
    bias = layer.bias.detach().clone()
    origin = layer.rewire(kept=[2, 1], source=[0, 1], target=[1, 0], weight=[0, 5])
    assert as_lists(layer) == ([1, 2, 0, 1], [0, 0, 1, 2], [5, 2, 0, 3])
    assert origin.tolist() == [-1, 1, -1, 2]
    assert torch.equal(layer.bias, bias)


@given(layer=layers(), seed=seeds)
def test_rewire_says_where_every_link_came_from(layer, seed):
    rng = np.random.default_rng(seed)
    source, target, weight = layer.links()
    kept = rng.permutation(weight.size)[: rng.integers(weight.size + 1)]
    place = target * layer.in_features + source
    places = layer.in_features * layer.out_features
    free = np.setdiff1d(np.arange(places), place[kept])
    grown = rng.permutation(free)[: rng.integers(free.size + 1)]
    new_target, new_source = np.divmod(grown, layer.in_features)
    parameter = layer.weight
    origin = layer.rewire(kept, new_source, new_target, np.full(grown.size, 9.0))
    assert layer.weight is parameter  # an optimiser still holds it
    now_source, now_target, now_weight = layer.links()
    now = now_target * layer.in_features + now_source
    old = origin >= 0
    assert sorted(origin[old]) == sorted(kept)
    assert (now[old] == place[origin[old]]).all()
    assert (now_weight[old] == weight[origin[old]]).all()
    assert sorted(now[~old]) == sorted(grown)
    assert (now_weight[~old] == 9).all()
    x = torch.from_numpy(rng.normal(size=(2, layer.in_features)).astype(np.float32))
    expected = x.double().numpy() @ matrix(layer).T + layer.bias.detach().numpy()
    close(layer(x).detach(), expected)


@pytest.mark.parametrize(
    ("kept", "source", "target"),
    [
        ([0, 1], [2], [0]),  # onto a kept link
        ([0], [1, 1], [1, 1]),  # the same new link twice
        ([0, 0], [], []),
        ([3], [], []),
        ([-1], [], []),
        ([0.5], [], []),
        ([0], [3], [0]),
        ([0], [0], [-1]),
    ],
)
def test_a_wrong_rewiring_changes_nothing(kept, source, target):
    layer, before = small(), small()
    with pytest.raises(InputError):
        layer.rewire(kept, source, target, [0.0] * len(source))
    assert same_state(layer, before)


@pytest.mark.parametrize("grown", [[], [1], [0, 1, 2]], ids=["fewer", "same", "more"])
def test_rewiring_between_forward_and_backward_is_harmless(grown):
    layer, whole = small(), small()
    x = torch.arange(6.0).reshape(2, 3).requires_grad_()
    y = torch.arange(6.0).reshape(2, 3).requires_grad_()
    out = layer(x)
    layer.rewire([0, 1], grown, [1] * len(grown), [7.0] * len(grown))
    out.sum().backward()
    whole(y).sum().backward()
    assert torch.equal(x.grad, y.grad)  # those of the links that were used


# Gradients


@given(layer=layers(), images=st.integers(1, 9), seed=seeds)
def test_gradients_equal_masked_dense_ones(layer, images, seed):
    rng = np.random.default_rng(seed)
    source, target, _ = layer.links()
    values = rng.normal(size=(images, layer.in_features)).astype(np.float32)
    pull = rng.normal(size=(images, layer.out_features)).astype(np.float32)
    x = torch.from_numpy(values).requires_grad_()
    (layer(x) * torch.from_numpy(pull)).sum().backward()

    dense = torch.from_numpy(matrix(layer)).requires_grad_()
    bias = layer.bias.detach().double().requires_grad_()
    z = torch.from_numpy(values.astype(float)).requires_grad_()
    ((z @ dense.t() + bias) * torch.from_numpy(pull)).sum().backward()
    close(layer.weight.grad, dense.grad.numpy()[target, source])
    close(layer.bias.grad, bias.grad)
    close(x.grad, z.grad)


def test_gradcheck_in_float64():
    rng = np.random.default_rng(1)
    layer = random_layer(rng, 6, 5, [0, 6, 1, 5, 2], double=True)
    x = torch.from_numpy(rng.normal(size=(3, 6))).requires_grad_()

    def function(x, weight, bias):
        call = {"weight": weight, "bias": bias}
        return torch.func.functional_call(layer, call, (x,))

    assert torch.autograd.gradcheck(function, (x, layer.weight, layer.bias))


def test_images_that_need_no_gradient_get_none():
    layer, x = small(), torch.ones(2, 3)
    layer(x).sum().backward()
    assert x.grad is None
    assert layer.weight.grad.tolist() == [2, 2, 2]
    assert layer.bias.grad.tolist() == [2, 2, 2]


@pytest.mark.parametrize(
    "x",
    [
        torch.ones(2, 2),
        torch.ones(2, 4),
        torch.ones(3),
        torch.ones(1, 1, 3),
        torch.ones(2, 3, dtype=torch.float64),
        torch.ones(2, 3, dtype=torch.int64),
    ],
    ids=lambda x: f"{tuple(x.shape)}-{x.dtype}",
)
def test_images_that_do_not_fit_are_refused(x):
    with pytest.raises(InputError, match=r"takes torch.float32 of shape \(images, 3\)"):
        small()(x)


def test_other_devices_are_refused():
    with pytest.raises(InputError, match="computes on the CPU; got meta images"):
        small()(torch.ones(2, 3, device="meta"))


# Copies and files


def through_torch(state):
    buffer = io.BytesIO()
    torch.save(state, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=True)


@given(layer=layers(), seed=seeds)
def test_every_copy_gives_bitwise_the_same_outputs(layer, seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(3, layer.in_features)).astype(np.float32)
    x = torch.from_numpy(values)
    layer(x.requires_grad_()).sum().backward()  # caches the transposed order
    expected = layer(x).detach().numpy().tobytes()
    copies = [deepcopy(layer), pickle.loads(pickle.dumps(layer))]
    for passed in (dict, through_torch, lambda state: load(save(state))):
        copy = SparseLinear(layer.in_features, layer.out_features, [0], [0], [1.0])
        copy.load_state_dict(passed(layer.state_dict()))
        copies.append(copy)
    for copy in copies:
        assert same_state(copy, layer)
        assert copy(x).detach().numpy().tobytes() == expected
        with torch.no_grad():
            copy.bias += 1  # nothing is shared with the original
            copy.weight += 1
    assert layer(x).detach().numpy().tobytes() == expected


def test_loading_another_number_of_links_drops_gradient_and_cache():
    layer = small()
    layer(torch.ones(1, 3, requires_grad=True)).sum().backward()
    parameter = layer.weight
    other = SparseLinear(3, 3, [1], [1], [4.0], [1, 1, 1])
    layer.load_state_dict(other.state_dict())
    assert layer.weight is parameter
    assert layer.weight.grad is None
    x = torch.ones(1, 3, requires_grad=True)
    layer(x).sum().backward()
    assert x.grad.tolist() == [[0, 4, 0]]
    assert layer(x).tolist() == [[1, 5, 1]]


def changed(**tensors):
    state = small().state_dict()
    for name, value in tensors.items():
        state[name] = torch.as_tensor(value)
    return {name: value for name, value in state.items() if value.numel()}


int32 = {"dtype": torch.int32}
nan, huge = float("nan"), 2**40
BAD_STATES = {
    "unsorted": changed(source=torch.tensor([2, 0, 1], **int32)),
    "twice": changed(source=torch.tensor([0, 0, 1], **int32)),
    "source too large": changed(source=torch.tensor([0, 3, 1], **int32)),
    "source negative": changed(source=torch.tensor([-1, 2, 1], **int32)),
    "source huge": changed(source=[0, huge, 1]),
    "source NaN": changed(source=[nan, nan, nan]),
    "source as bytes": changed(source=torch.tensor([0, 2, 1], dtype=torch.uint8)),
    "source two-dimensional": changed(source=torch.tensor([[0, 2, 1]], **int32)),
    "source longer": changed(source=torch.tensor([0, 2, 1, 2], **int32)),
    "pointers fall": changed(indptr=[0, 3, 2, 3]),
    "pointers wrap": changed(indptr=torch.tensor([0, 3, 2, 3], dtype=torch.uint8)),
    "pointers negative": changed(indptr=[0, -2, 2, 3]),
    "pointers start late": changed(indptr=[1, 2, 2, 3]),
    "pointers end late": changed(indptr=[0, 2, 2, 9]),
    "pointers end early": changed(indptr=[0, 2, 2, 2]),
    "pointers huge": changed(indptr=[0, huge, huge, 3]),
    "pointers float": changed(indptr=[0.0, 2.0, 2.0, 3.0]),
    "too few pointers": changed(indptr=[0, 2, 3]),
    "too many pointers": changed(indptr=[0, 2, 2, 3, 3]),
    "weight shorter": changed(weight=[1.0]),
    "weight two-dimensional": changed(weight=[[1.0, 2.0, 3.0]]),
    "weight integer": changed(weight=[1, 2, 3]),
    "weight complex": changed(weight=[1j, 2j, 3j]),
    "no weight": changed(weight=[]),
    "no pointers": changed(indptr=[], source=torch.tensor([9, 9, 9], **int32)),
    "no source": changed(source=[], indptr=[0, 9, 9, 9]),
}


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("state", BAD_STATES.values(), ids=BAD_STATES)
def test_a_malformed_state_is_refused_and_changes_nothing(state, strict):
    layer = small()
    with pytest.raises(InputError):
        layer.load_state_dict(state, strict=strict)
    assert same_state(layer, small())


def test_a_bias_of_another_shape_is_refused_by_torch():
    with pytest.raises(RuntimeError, match="size mismatch for bias"):
        small().load_state_dict(changed(bias=[1.0]))


# The dense layer


def test_dense_links_are_complete_and_canonical():
    layer = DenseLinear(3, 2)
    layer.load_state_dict(
        {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.tensor([1.0, 2.0])}
    )
    assert as_lists(layer) == ([0, 1, 2, 0, 1, 2], [0, 0, 0, 1, 1, 1], [*range(6)])
    fewer = layer.with_links([2, 0], [0, 1], [7.0, 8.0], [3.0, 4.0])
    assert fewer.weight.tolist() == [[0, 0, 7], [8, 0, 0]]
    assert fewer.bias.tolist() == [3, 4]
    assert layer.weight.tolist() == [[0, 1, 2], [3, 4, 5]]
