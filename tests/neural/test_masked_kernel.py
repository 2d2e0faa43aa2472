"""Convolutions under a mask that moves: counts stay, and what is masked is 0."""

import numpy as np
import pytest
import torch
from torch import nn

import netrobust as nr
from netrobust.core.errors import InputError
from netrobust.neural.masked_kernel import BY_WEIGHT, MaskedKernel
from netrobust.neural.sparse_module import sparsify

X = torch.linspace(-1, 1, 8 * 2 * 25).sin().reshape(8, 2, 5, 5)
Y = torch.arange(8) % 3


def convolutional():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Conv2d(4, 6, 3, groups=2), nn.Flatten(),
        nn.Linear(6, 5), nn.Linear(5, 3),
    )  # fmt: skip


def backward(module):
    nn.functional.cross_entropy(module(X), Y).backward()


@pytest.mark.parametrize("make", [torch.optim.Adam, torch.optim.SGD])
@pytest.mark.parametrize("name", BY_WEIGHT)
def test_links_move_and_keep_their_number_and_their_momentum(name, make):
    module = convolutional()
    sparse = sparsify(module, name, sparsity=0.5, layers=["0", "2", "4"], updates=4)
    more = {"momentum": 0.9} if make is torch.optim.SGD else {}
    optimiser = make(module.parameters(), lr=0.05, **more)
    masks = [module[k].weight_mask.clone() for k in (0, 2)]
    assert [int(one.sum()) for one in masks] == [36, 54]
    for _ in range(3):
        optimiser.zero_grad()
        backward(module)
        optimiser.step()
        new = sparse.step(optimiser)
        for k in (0, 2):
            kernel, mask = module[k].weight_orig, module[k].weight_mask
            assert not kernel[mask == 0].any()
            for value in optimiser.state[kernel].values():
                if value.shape == mask.shape:
                    assert not value[mask == 0].any()
    for k, before in zip((0, 2), masks, strict=True):
        after = module[k].weight_mask
        assert after.sum() == before.sum()
        assert torch.equal(after, before) == (name == "static")
    assert (new["0"] > 0) == (name != "static")
    plain = sparse.dense()
    assert torch.allclose(plain(X), module(X), atol=1e-6)
    assert not plain[0]._forward_hooks
    graphs = nr.to_layers(plain, links="weights")
    assert [one.ecount() for one in graphs[:2]] == [36, 54]


def test_rigl_grows_where_the_whole_kernel_has_the_largest_gradient():
    module, whole = convolutional(), convolutional()
    sparse = sparsify(module, "rigl", sparsity=0.5, layers=["0"], zeta=0.5, updates=9)
    mask = module[0].weight_mask.bool()
    whole[0].weight.data.mul_(mask)
    backward(module)
    backward(whole)
    held = sparse.layers["0"]
    steep = whole[0].weight.grad
    assert np.allclose(held.gradient(), steep.flatten(1), atol=1e-6)
    count = sparse.step()["0"]
    grown = module[0].weight_mask.bool() & ~mask
    assert 0 < count == int(grown.sum())
    least, gone = steep.abs()[grown].min(), ~mask & ~grown
    assert least >= steep.abs()[gone].max()


def test_a_state_carries_mask_and_memory():
    module = convolutional()
    sparse = sparsify(module, "set", sparsity=0.5, layers=["0"])
    sparse.step()
    again = convolutional()
    other = sparsify(again, "set", sparsity=0.5, layers=["0"], seed=5)
    again.load_state_dict(module.state_dict())
    other.load_state_dict(sparse.state_dict())
    assert torch.equal(again(X), module(X))
    assert torch.equal(again[0].weight_mask, module[0].weight_mask)
    assert other.steps == 1


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ({"sparsifier": "cht"}, "0 is a convolution, .* choose from static, set"),
        ({"chained": True}, "without chained"),
        ({"topology": "small_world"}, "with the topology erdos_renyi"),
        ({"layers": ["1"]}, "no torch.nn.Linear '1' inside, nor a convolution"),
    ],
)
def test_what_has_no_meaning_for_a_kernel_is_one_sentence(call, reason):
    with pytest.raises(InputError, match=reason):
        sparsify(convolutional(), **{"layers": ["0"], **call})


def test_a_kernel_without_a_batch_has_no_gradient():
    held = MaskedKernel(nn.Conv1d(2, 3, 3), np.array([0, 5]))
    with pytest.raises(InputError, match="needs the gradient of a batch"):
        held.gradient()
