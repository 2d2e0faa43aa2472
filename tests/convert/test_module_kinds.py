"""Thirty kinds of module: all that is reached can go, and comes back bit for bit."""

import math
import warnings
from typing import NamedTuple

import numpy as np
import pytest
import torch
from pruned import bits
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import prune

from netrobust.convert.module_graphs import reached_share, to_layers, to_module
from netrobust.convert.state_dicts import state_layers
from netrobust.graphs.graph import check, from_links, links, sizes


class MaskedLinear(nn.Linear):
    def __init__(self, *ends: int) -> None:
        super().__init__(*ends)
        self.register_buffer("mask", (torch.rand(self.weight.shape) < 0.4).float())

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight * self.mask, self.bias)


class Conv1D(nn.Module):
    """As Hugging Face has it in GPT-2: stored as (inputs, outputs)."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.nf = n_out
        self.weight = nn.Parameter(torch.randn(n_in, n_out))
        self.bias = nn.Parameter(torch.randn(n_out))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight + self.bias


class OwnLinear(nn.Module):
    def __init__(self, n_in: int, n_out: int, flip: bool = False) -> None:
        super().__init__()
        self.in_features, self.out_features = n_in, n_out
        shape = (n_in, n_out) if flip else (n_out, n_in)
        self.weight = nn.Parameter(torch.randn(shape))


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(5, 5), nn.Linear(5, 5)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.b(torch.relu(self.a(x)))


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.c_attn, self.c_proj = Conv1D(width, 3 * width), Conv1D(width, width)
        self.fc, self.out = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.c_attn(self.ln_1(x)).chunk(3, -1)
        seen = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.c_proj(seen)
        return x + self.out(functional.gelu(self.fc(self.ln_2(x))))


class GPT(nn.Module):
    """A tiny GPT: embeddings of tokens and places, two blocks, a tied head."""

    def __init__(self) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(11, 8), nn.Embedding(6, 8)
        self.h = nn.ModuleList([Block(8), Block(8)])
        self.ln_f = nn.LayerNorm(8)
        self.lm_head = nn.Linear(8, 11, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1]))
        for one in self.h:
            x = one(x)
        return self.lm_head(self.ln_f(x))


class ViT(nn.Module):
    """A tiny vision transformer, built and named as that of torchvision."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_proj = nn.Conv2d(3, 8, 4, stride=4)
        self.class_token = nn.Parameter(torch.zeros(1, 1, 8))
        self.pos_embedding = nn.Parameter(torch.randn(1, 5, 8))
        self.encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2,
            enable_nested_tensor=False,
        )  # fmt: skip
        self.head = nn.Linear(8, 4)

    def forward(self, images: Tensor) -> Tensor:
        x = self.conv_proj(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_token.expand(len(x), -1, -1), x], 1)
        return self.head(self.encoder(x + self.pos_embedding)[:, 0])


def pruned(one: nn.Module) -> nn.Module:
    prune.random_unstructured(one, "weight", 0.5)
    return one


def no_bias_attention() -> nn.Module:
    return nn.MultiheadAttention(6, 2, kdim=4, vdim=5)


class Kind(NamedTuple):
    make: object
    layers: int  # how many graphs
    share: float = 1.0


KINDS = {
    "Linear": Kind(lambda: nn.Linear(4, 3), 1),
    "Linear without bias": Kind(lambda: nn.Linear(4, 3, bias=False), 1),
    "pruned Linear": Kind(lambda: pruned(nn.Linear(4, 3)), 1),
    "MaskedLinear": Kind(lambda: MaskedLinear(4, 3), 1),
    "a linear layer of one's own": Kind(lambda: OwnLinear(4, 3), 1),
    "one that is stored the other way": Kind(lambda: OwnLinear(4, 3, True), 1),
    "Conv1D of Hugging Face": Kind(lambda: Conv1D(4, 6), 1),
    "Conv1d": Kind(lambda: nn.Conv1d(3, 5, 4), 1),
    "Conv2d": Kind(lambda: nn.Conv2d(3, 4, (2, 3)), 1),
    "Conv2d in groups": Kind(lambda: nn.Conv2d(4, 6, 3, groups=2), 1),
    "depthwise Conv1d": Kind(lambda: nn.Conv1d(4, 4, 3, groups=4), 1),
    "pruned Conv2d": Kind(lambda: pruned(nn.Conv2d(3, 4, 3)), 1),
    "Conv2d of kernel 1": Kind(lambda: nn.Conv2d(3, 4, 1), 1),
    "Conv3d": Kind(lambda: nn.Conv3d(2, 3, 2), 1),
    "ConvTranspose1d": Kind(lambda: nn.ConvTranspose1d(3, 5, 2), 1),
    "ConvTranspose2d": Kind(lambda: nn.ConvTranspose2d(3, 5, 2), 1),
    "ConvTranspose2d in groups": Kind(lambda: nn.ConvTranspose2d(4, 6, 3, groups=2), 1),
    "ConvTranspose3d": Kind(lambda: nn.ConvTranspose3d(2, 3, 2), 1),
    "Embedding": Kind(lambda: nn.Embedding(7, 3), 1),
    "EmbeddingBag": Kind(lambda: nn.EmbeddingBag(7, 3), 1),
    "RNN": Kind(lambda: nn.RNN(4, 3), 2),
    "LSTM": Kind(lambda: nn.LSTM(4, 3, 2, bidirectional=True), 32),
    "LSTM with projections": Kind(lambda: nn.LSTM(4, 5, proj_size=2), 9),
    "GRU": Kind(lambda: nn.GRU(4, 3, bias=False), 6),
    "LSTMCell": Kind(lambda: nn.LSTMCell(4, 3), 8),
    "GRUCell": Kind(lambda: nn.GRUCell(4, 3), 6),
    "MultiheadAttention": Kind(lambda: nn.MultiheadAttention(6, 2), 4),
    "attention of other widths": Kind(no_bias_attention, 4),
    "TransformerEncoderLayer": Kind(lambda: nn.TransformerEncoderLayer(6, 2, 9), 6),
    "TransformerDecoderLayer": Kind(lambda: nn.TransformerDecoderLayer(6, 2, 9), 10),
    "Residual": Kind(Residual, 2),
    "a tiny GPT": Kind(GPT, 10),
    "a tiny ViT": Kind(ViT, 15),
    "double precision": Kind(lambda: nn.Linear(4, 3).double(), 1),
    "half precision": Kind(lambda: nn.Conv2d(2, 3, 3).bfloat16(), 1),
    "Bilinear beside Linear": Kind(
        lambda: nn.ModuleList([nn.Linear(2, 3), nn.Bilinear(2, 3, 4)]), 1, 0.2
    ),
}


def made(kind: str) -> nn.Module:
    torch.manual_seed(3)
    module = KINDS[kind].make()
    with torch.no_grad():
        for name, one in module.named_parameters():
            if not name.endswith("_orig"):  # which its mask has been laid over
                one.add_(torch.randn_like(one) / 8)  # no number is 0
    return module


def used(module: nn.Module) -> list[Tensor]:
    """All that a module reaches: what is larger than 1 in two dimensions."""
    found = []
    for name, one in module.named_parameters():
        owner = module.get_submodule(name.rpartition(".")[0])
        mask = getattr(owner, "weight_mask", getattr(owner, "mask", None))
        large = one.ndim > 1 and sum(n > 1 for n in one.shape) > 1
        if large and not isinstance(owner, nn.Bilinear):
            found.append(one if mask is None else one * mask)
    return found


def quiet(make, *args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make(*args, **options)


@pytest.mark.parametrize("links_are", ["slices", "weights"])
@pytest.mark.parametrize("kind", KINDS)
def test_all_that_is_reached_can_go_and_come_back(kind, links_are):
    module = made(kind)
    before = bits(module)
    graphs = quiet(to_layers, module, links=links_are)
    assert len(graphs) == KINDS[kind].layers
    assert reached_share(module) == pytest.approx(KINDS[kind].share)
    same = quiet(to_module, graphs, module, links=links_are)
    assert bits(same) == before == bits(module)
    gone = [
        from_links(sizes(check(one)), [], [], [], one.vs["bias"], one.vs[0]["depth"])
        for one in graphs
    ]
    for one, graph in zip(gone, graphs, strict=True):
        one["name"] = graph["name"]
    left = quiet(to_module, gone, module, links=links_are)
    assert bits(module) == before
    assert not any(one.detach().any() for one in used(left))
    for one in (left, same):
        assert type(one) is type(module)
    if links_are == "weights":
        count = sum(int((one != 0).sum()) for one in used(module))
        assert sum(one.ecount() for one in graphs) == count


@pytest.mark.parametrize("kind", KINDS)
def test_half_of_the_links_are_half_of_the_numbers_or_slices(kind):
    module = made(kind)
    graphs = quiet(to_layers, module)
    for graph in graphs:
        graph.delete_edges(range(0, graph.ecount(), 2))
    left = quiet(to_module, graphs, module)
    again = quiet(to_layers, left)
    for one, other in zip(graphs, again, strict=True):
        assert one["name"] == other["name"]
        assert all(
            np.array_equal(a, b) for a, b in zip(links(one), links(other), strict=True)
        )


STATES = [
    name
    for name in KINDS
    if not name.startswith(("ConvTranspose", "Embedding", "one that", "a tiny ViT"))
    and name not in ("a tiny GPT", "Bilinear beside Linear")
    and "groups" not in name and "depthwise" not in name
]  # fmt: skip


@pytest.mark.parametrize("kind", STATES)
def test_a_state_has_the_layers_of_each_kind(kind):
    module = made(kind)
    expected = {one["name"]: one for one in to_layers(module)}
    found = state_layers(module.state_dict())
    assert len(found) == len(expected)
    for one in found:
        name = type(module).__name__ if one["name"] == "the layer" else one["name"]
        assert sizes(one) == sizes(expected[name])
        assert sorted(one.es["weight"]) == sorted(expected[name].es["weight"])


def test_gates_and_q_k_v_are_the_blocks_that_torch_documents():
    lstm = nn.LSTM(4, 3)
    graph = next(one for one in to_layers(lstm) if one["name"] == "weight_ih_l0.g")
    weight = lstm.weight_ih_l0[6:9]
    for source, target, value in zip(*links(graph), strict=True):
        assert value == weight[target - 4, source].item()
    assert graph.vs[4:]["bias"] == lstm.bias_ih_l0[6:9].tolist()
    attention = nn.MultiheadAttention(6, 2)
    graph = next(
        one for one in to_layers(attention) if one["name"] == "in_proj_weight.v"
    )
    source, target, value = links(graph)
    expected = attention.in_proj_weight[12:].detach().numpy()
    assert np.array_equal(expected[target - 6, source], value)


def test_removing_an_input_of_a_transposed_convolution_silences_it():
    conv = nn.ConvTranspose2d(4, 6, 3, groups=2, bias=False)
    (graph,) = to_layers(conv)
    graph.delete_edges(graph.es.select(_source=1))
    left = to_module([graph], conv)
    x = torch.zeros(1, 4, 5, 5)
    x[:, 1] = 1
    assert conv(x).abs().sum() > 0
    assert left(x).abs().sum() == 0
    x = torch.rand(1, 4, 5, 5)
    x[:, 1] = 0
    assert torch.equal(left(x), conv(x))


def test_a_weight_of_a_kernel_is_a_link_of_its_own_that_has_a_sign():
    conv = pruned(nn.Conv2d(3, 4, 3))
    (graph,) = to_layers(conv, links="weights")
    assert sizes(graph) == (27, 4)
    assert graph.ecount() == int(conv.weight_mask.sum())
    assert min(graph.es["weight"]) < 0
    graph.es["weight"] = [-one for one in graph.es["weight"]]
    assert torch.equal(to_module([graph], conv, links="weights").weight, -conv.weight)


def test_what_is_not_reached_is_named_once():
    module = made("Bilinear beside Linear")
    with pytest.warns(UserWarning, match=r"20.0% .* those of 1\.weight are not"):
        to_layers(module)
    assert math.isclose(reached_share(module, ["0"]), 0.2)
    assert to_layers(module, ["0"])  # a choice needs no warning
