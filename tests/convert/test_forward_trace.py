"""Which layer feeds which is what the forward pass does, and nothing else."""

import numpy as np
import pytest
import torch
from pruned import drawn
from torch import Tensor, nn
from torch.nn import functional

from netrobust.convert.forward_trace import trace
from netrobust.convert.layer_stack import Joint
from netrobust.convert.module_graphs import read_joint, to_layers
from netrobust.convert.state_dicts import state_layers
from netrobust.core.errors import InputError
from netrobust.graphs.graph import stack
from netrobust.graphs.measure import MEASURES


def module(forward, **layers: nn.Module) -> nn.Module:
    """A module of some layers with a forward pass of its own."""

    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for name, one in layers.items():
                setattr(self, name, one)

        def forward(self, x: Tensor) -> Tensor:
            return forward(self, x)

    return Own()


def line(n: int = 4, m: int = 4) -> nn.Linear:
    return nn.Linear(n, m)


def backwards() -> nn.Module:
    return module(lambda m, x: m.out(torch.relu(m.hid(x))), out=line(), hid=line())


CHAINS = {
    "registered backwards": (backwards, ["hid", "out"]),
    "nested": (
        lambda: nn.Sequential(nn.Sequential(line(3, 5), nn.Tanh()), line(5, 2)),
        ["0.0", "1"],
    ),
    "normalised": (
        lambda: nn.Sequential(
            line(3, 5), nn.BatchNorm1d(5), nn.GELU(), nn.Dropout(), nn.LayerNorm(5),
            line(5, 2), nn.Softmax(-1),
        ),
        ["0", "5"],
    ),
    "by operators": (
        lambda: module(
            lambda m, x: m.b((2 * m.a(x) + 1).clamp(0, 6).view(-1, 2, 2).flatten(1)),
            a=line(), b=line(),
        ),
        None,
    ),
    "turned there and back": (
        lambda: module(lambda m, x: m.b(m.a(x).T.relu().T), a=line(), b=line()),
        ["a", "b"],
    ),
    "one step of a sequence": (
        lambda: module(
            lambda m, x: m.b(m.a(x[:, None].expand(-1, 3, -1))[:, -1]),
            a=line(), b=line(),
        ),
        ["a", "b"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", CHAINS)
def test_what_passes_neurons_on_one_by_one_is_a_chain(kind):
    make, order = CHAINS[kind]
    own = make()
    if order is None:  # a view that takes the neurons apart is none
        assert "mixed" in read_joint(own).gap
        return
    joint = read_joint(own)
    assert [one.name for one in joint.layers] == order
    assert joint.chained
    assert stack(to_layers(own)).ecount() == sum(one.ecount() for one in to_layers(own))


BROKEN = {
    "q, k and v": (
        lambda: module(
            lambda m, x: (m.q(x) @ m.k(x).T).softmax(-1) @ m.v(x),
            q=line(), k=line(), v=line(),
        ),
        "k gets what the input gives, not q alone",
    ),
    "a residual skip": (
        lambda: module(lambda m, x: m.c((h := m.a(x)) + m.b(h)), a=line(), b=line(),
                       c=line()),
        "c gets what a and b gives",
    ),
    "a skip to the output": (
        lambda: module(lambda m, x: (h := m.a(x)) + m.b(h), a=line(), b=line()),
        "the output is made of what a and b gives",
    ),
    "a skip of the input": (
        lambda: module(lambda m, x: m.b(m.a(x) + x), a=line(), b=line()),
        "b gets what a and the input gives",
    ),
    "a layer used twice": (
        lambda: module(lambda m, x: m.b(m.a(m.a(x))), a=line(), b=line()),
        "a is used 2 times",
    ),
    "neurons that trade places": (
        lambda: module(lambda m, x: m.b(m.a(x).flip(-1)), a=line(), b=line()),
        "between a and b neurons are mixed or moved",
    ),
    "a product with itself": (
        lambda: module(lambda m, x: m.b(m.a(x).T @ m.a.weight), a=line(2, 2),
                       b=line(2, 2)),
        "between a and b neurons are mixed or moved",
    ),
    "a layer that is not called": (
        lambda: module(
            lambda m, x: m.b(functional.linear(x, m.a.weight)), a=line(), b=line()
        ),
        "gets what the input gives|not used by the example",
    ),
    "two branches": (
        lambda: module(lambda m, x: m.a(x) * m.b(x), a=line(), b=line()),
        "b gets what the input gives, not a alone",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN)
def test_what_joins_or_mixes_is_none(kind):
    make, reason = BROKEN[kind]
    joint = read_joint(make())
    assert not joint.chained
    with pytest.raises(InputError, match=reason):
        joint.stack()
    # In their graphs no path leads from one layer into another one.
    if joint.gaps[0]:
        graph = joint.graphs()
        assert graph[1].vs[0]["depth"] == graph[0].vs[0]["depth"] + 2


def test_no_path_leads_where_the_network_has_none():
    own = backwards()
    with torch.no_grad():
        own.hid.weight.zero_()
        own.out.weight.zero_()
        own.hid.weight[:2] = 1
        own.out.weight[:, 2:] = 1
    graph = read_joint(own).stack()
    assert MEASURES["paths"](graph) == MEASURES["reach"](graph) == 0


def conv() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3, padding=1), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(6, 3),
    )  # fmt: skip


def test_convolutions_need_an_example_and_may_chain():
    assert "nothing tells which layer feeds which" in read_joint(conv()).gap
    example = torch.ones(1, 1, 8, 8)
    assert read_joint(conv(), example=example).links.sizes == (1, 4, 6, 3)
    assert read_joint(conv(), example=(example,)).chained
    assert read_joint(conv(), example={"input": example}).chained
    assert read_joint(conv(), ["0", "4"], example=example).chained
    assert not read_joint(conv(), ["0", "7"], example=example).chained
    with pytest.raises(InputError, match="Sequential does not run on the example"):
        read_joint(conv(), example=torch.ones(3))


def test_an_order_that_is_given_is_taken():
    own = conv()
    assert read_joint(own, order=["0", "4", "7"]).chained
    graphs = to_layers(own, order=["4", "7"])
    assert [one["name"] for one in graphs] == ["4", "7"]
    with pytest.raises(InputError, match="no layer 'x'"):
        read_joint(own, order=["x"])
    for more in ({"names": ["0"]}, {"example": 1}):
        with pytest.raises(InputError, match="order names each layer once"):
            read_joint(own, order=["0"], **more)
    state = own.state_dict()
    assert [one.vs[0]["depth"] for one in state_layers(state)] == [0, 2, 4]
    graphs = state_layers(state, order=["0", "4", "7"])
    assert [one.vs[0]["depth"] for one in graphs] == [0, 1, 2]


def test_a_trace_leaves_the_module_as_it_is():
    own = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)).train()
    before = {name: one.clone() for name, one in own.state_dict().items()}
    assert trace(own, torch.rand(5, 3)).order == ["0", "2"]
    assert own.training
    assert all(torch.equal(own.state_dict()[name], one) for name, one in before.items())
    assert not own[0]._forward_hooks


def test_the_blocks_of_a_transformer_chain_inside_and_not_outside():
    own = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    example = torch.ones(1, 3, 8)
    joint = read_joint(own, example=example)
    assert not joint.chained
    assert joint.gaps[-1] == ""  # linear1 feeds linear2
    assert read_joint(own, ["linear1", "linear2"], example=example).chained


def test_scopes_have_the_names_of_the_module():
    joint = read_joint(conv())
    assert joint.scope("4") == joint.scope("layer_2") == "layer_3"
    assert [one.name for one in joint.within("4")] == ["4"]
    links = joint.links
    for name, start in zip("047", joint.starts, strict=True):
        inside = np.flatnonzero(links.within(joint.scope(name))[0])
        assert set(np.searchsorted(np.cumsum(links.sizes), links.source[inside],
                                   side="right")) == {start}  # fmt: skip
    with pytest.raises(InputError, match="unknown scope 'fc'"):
        joint.scope("fc")


def test_damage_keeps_what_is_known_of_the_structure():
    from netrobust.graphs.perturb import random_links

    joint = read_joint(conv())
    left = joint.left(random_links(joint.links, drawn(), 0.5))
    assert isinstance(left, Joint)
    assert left.starts == joint.starts
    assert left.gap == joint.gap
