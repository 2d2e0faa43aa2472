"""Sparsifiers in training loops of one's own: counts stay, and momentum goes along."""

import numpy as np
import pytest
import torch
from torch import nn

import netrobust as nr
from netrobust.core.errors import InputError
from netrobust.neural.module_linear import SparseModuleLinear
from netrobust.neural.sparse_module import sparsify
from netrobust.neural.sparsify import SPARSIFIERS, sparsifier

MOVING = [name for name in SPARSIFIERS if sparsifier(name).step is not None]
X = torch.linspace(-1, 1, 12 * 6).sin().reshape(12, 6)
Y = torch.arange(12) % 3


class Own(nn.Module):
    """Layers that are used on sequences, with a skip."""

    def __init__(self, bias: bool = True) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(6, 10, bias=bias), nn.Linear(10, 10, bias=bias)
        self.head = nn.Linear(10, 3)

    def forward(self, x):
        h = torch.relu(self.a(x[:, None].expand(-1, 2, -1)))
        return self.head((h + torch.relu(self.b(h))).mean(1))


def trained(module, sparse, optimiser, epochs=4):
    for _ in range(epochs):
        optimiser.zero_grad()
        nn.functional.cross_entropy(module(X), Y).backward()
        optimiser.step()
        sparse.step(optimiser)
    return module


@pytest.mark.parametrize("optimiser", [torch.optim.Adam, torch.optim.SGD])
@pytest.mark.parametrize("chained", [False, True])
@pytest.mark.parametrize("name", MOVING)
def test_every_method_keeps_its_number_of_links_in_any_loop(name, chained, optimiser):
    torch.manual_seed(0)
    module = Own()
    sparse = sparsify(module, name, sparsity=0.7, updates=4, chained=chained)
    assert list(sparse.layers) == ["a", "b"]
    assert [one.weight.numel() for one in sparse.layers.values()] == [18, 30]
    extra = {"momentum": 0.9} if optimiser is torch.optim.SGD else {}
    made = optimiser(module.parameters(), lr=0.05, **extra)
    before = [one.links()[0].copy() for one in sparse.layers.values()]
    trained(module, sparse, made)
    assert [one.weight.numel() for one in sparse.layers.values()] == [18, 30]
    after = [one.links()[0] for one in sparse.layers.values()]
    assert any(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    for layer in sparse.layers.values():
        for value in made.state[layer.weight].values():
            assert value.shape in ((), layer.weight.shape)


def test_momentum_stays_with_links_and_is_0_at_new_ones():
    torch.manual_seed(0)
    module = Own()
    sparse = sparsify(module, "set", sparsity=0.5)
    optimiser = torch.optim.Adam(module.parameters())
    nn.functional.cross_entropy(module(X), Y).backward()
    optimiser.step()
    layer = sparse.layers["a"]
    places = {}
    state = optimiser.state[layer.weight]["exp_avg"]
    for source, target, value in zip(*layer.links()[:2], state, strict=True):
        places[int(source), int(target)] = float(value)
    new = sparse.step(optimiser)["a"]
    fresh = 0
    state = optimiser.state[layer.weight]["exp_avg"]
    for source, target, value in zip(*layer.links()[:2], state, strict=True):
        old = places.get((int(source), int(target)))
        assert float(value) in (0.0, old)
        fresh += old is None
    assert 0 < fresh <= new


def test_the_gradient_at_all_places_is_that_of_the_dense_layer():
    torch.manual_seed(0)
    module = Own()
    sparse = sparsify(module, "rigl", sparsity=0.5)
    plain = sparse.dense()
    nn.functional.cross_entropy(module(X), Y).backward()
    nn.utils.prune.remove(plain.b, "weight")
    nn.functional.cross_entropy(plain(X), Y).backward()
    assert np.allclose(sparse._gradient(1), plain.b.weight.grad, atol=1e-6)


def test_a_module_with_masks_computes_the_same_and_is_analysed():
    torch.manual_seed(0)
    module = Own(bias=False)
    sparse = sparsify(module, "set", sparsity=0.6)
    trained(module, sparse, torch.optim.SGD(module.parameters(), lr=0.1))
    plain = sparse.dense().eval()
    assert torch.allclose(plain(X), module(X), atol=1e-6)
    assert plain.a.bias is None
    graphs = nr.to_layers(plain)
    assert [one.ecount() for one in graphs] == [24, 40, 30]
    assert isinstance(module.a, SparseModuleLinear)  # which stays


def test_a_state_carries_the_topology_and_the_training_goes_on():
    def run(break_at):
        torch.manual_seed(0)
        module = Own()
        sparse = sparsify(module, "cht", sparsity=0.6, updates=8)
        optimiser = torch.optim.SGD(module.parameters(), lr=0.1)
        trained(module, sparse, optimiser, break_at)
        if break_at < 4:
            state, memory = module.state_dict(), sparse.state_dict()
            torch.manual_seed(1)
            module = Own()
            sparse = sparsify(module, "cht", sparsity=0.6, updates=8)
            module.load_state_dict(state)
            sparse.load_state_dict(memory)
            optimiser = torch.optim.SGD(module.parameters(), lr=0.1)
            trained(module, sparse, optimiser, 4 - break_at)
        return module.state_dict()

    whole, resumed = run(4), run(2)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: sparsify(Own(), "dense"), "trains dense layers"),
        (lambda: sparsify(Own(), "sett"), "unknown sparsifier"),
        (lambda: sparsify(Own(), layers=["x"]), "no torch.nn.Linear 'x' inside"),
        (lambda: sparsify(nn.Conv2d(1, 1, 1)), "no torch.nn.Linear to make sparse"),
        (lambda: sparsify(Own(), sparsity=2), "sparsity"),
        (lambda: sparsify(Own().double()), "of float32 on the CPU"),
        (lambda: sparsify(Own(), "rigl").step(), "gradient of a batch"),
        (lambda: sparsify(Own()).load_state_dict({}), "it has no steps"),
    ],
)
def test_what_cannot_be_made_sparse_is_one_sentence(call, reason):
    with pytest.raises(InputError, match=reason):
        call()


@pytest.mark.parametrize(
    "wrong",
    [{"zeta": 2}, {"updates": 0}, {"chained": 3}, {"layers": ["0", "2", "6"]}],
    ids=str,
)
def test_what_is_refused_leaves_the_module_as_it_was(wrong):
    """Also where only a later layer is of the wrong kind."""
    module = nn.Sequential(
        nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 6), nn.ReLU(), nn.Conv1d(6, 2, 1),
        nn.ReLU(), nn.Linear(6, 2).double(),
    )  # fmt: skip
    before, state = list(module), list(module.state_dict().items())
    with pytest.raises(InputError):
        sparsify(module, **{"layers": ["0", "2", "4"], **wrong})
    assert list(module) == before
    for (name, was), (now, value) in zip(
        state, module.state_dict().items(), strict=True
    ):
        assert name == now
        assert torch.equal(was, value)
