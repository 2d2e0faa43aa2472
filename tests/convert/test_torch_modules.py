"""Modules of torch as graphs, and graphs back in copies of their modules."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pruned import (
    IMAGES,
    WAYS,
    ConvNet,
    bits,
    by_channel,
    convnet,
    drawn,
    held,
    layers_of,
    mlp,
    outputs,
    unstructured,
)
from torch import nn
from torch.nn.utils import parametrizations, prune

from netrobust.convert.layer import Layer, weighed
from netrobust.convert.module_graphs import to_layers, to_module
from netrobust.core.errors import InputError
from netrobust.graphs.graph import check, layers, read, sizes, stack, write
from netrobust.graphs.null import NULL_MODELS, conserved, installed, randomise
from netrobust.graphs.perturb import (
    PERTURBATIONS,
    apply,
    random_links,
    strongest_links,
)
from netrobust.neural.model import start

MODULES = (
    convnet,
    lambda: convnet(2),
    mlp,
    lambda: mlp(torch.float64),
    lambda: mlp(torch.bfloat16),
)


@pytest.mark.parametrize("prune_it", WAYS)
@pytest.mark.parametrize("make", MODULES)
def test_layers_that_are_loaded_as_they_came_change_no_bit(make, prune_it):
    module = prune_it(make())
    before, scores = bits(module), outputs(module)
    exported = to_layers(module)
    copy = to_module(exported, like=module)
    assert copy is not module
    assert bits(copy) == before == bits(module)
    assert torch.equal(outputs(copy), scores)
    assert not copy.training


@pytest.mark.parametrize("prune_it", WAYS)
def test_a_link_is_a_weight_that_is_not_zero_or_that_a_mask_leaves(prune_it):
    module = prune_it(mlp())
    for one, graph in zip(layers_of(module), to_layers(module), strict=True):
        there = getattr(one, "weight_mask", one.weight) != 0
        target, source = there.nonzero().T
        n_in = one.in_features
        expected = zip(
            source.tolist(), (target + n_in).tolist(), one.weight[there].tolist(),
            strict=True,
        )  # fmt: skip
        assert held(check(graph)) == sorted(expected)
        assert sizes(graph) == (n_in, one.out_features)
        assert graph.vs[n_in:]["bias"] == one.bias.tolist()


def test_a_masked_in_weight_of_zero_is_a_link_and_a_plain_zero_is_none():
    layer = nn.Linear(2, 1)
    layer.weight.data[:] = torch.tensor([[0.0, 2.0]])
    assert held(to_layers(layer)[0]) == [(1, 2, 2.0)]
    prune.custom_from_mask(layer, "weight", torch.ones(1, 2))
    assert held(to_layers(layer)[0]) == [(0, 2, 0.0), (1, 2, 2.0)]


def test_a_link_of_a_convolution_is_a_slice_and_weighs_its_norm():
    module = unstructured(convnet())
    graph = to_layers(module)[1]
    conv = module.features[4]
    live = (conv.weight_mask != 0).flatten(2).any(2)
    norm = conv.weight.detach().flatten(2).norm(dim=2)
    assert sizes(graph) == (4, 6)
    assert graph.ecount() == int(live.sum())
    for source, target, weight in held(graph):
        assert live[target - 4, source]
        assert weight == pytest.approx(float(norm[target - 4, source]), rel=1e-6)
    assert min(graph.es["weight"]) >= 0
    assert graph["name"] == "features.4"


def test_a_slice_of_one_number_is_a_weight_with_its_sign():
    conv = nn.Conv2d(3, 2, 1)
    (graph,) = to_layers(conv)
    assert sorted(graph.es["weight"]) == sorted(conv.weight.flatten().tolist())
    assert "slice" not in graph.es.attributes()


def test_sources_of_a_grouped_convolution_are_those_of_its_group():
    conv = nn.Conv2d(4, 6, 3, groups=2)
    (graph,) = to_layers(conv)
    ends = {(source, target - 4) for source, target, _ in held(graph)}
    assert ends == {(s, t) for s in range(4) for t in range(6) if s // 2 == t // 3}
    for source, target, weight in held(graph):
        slice_ = conv.weight[target - 4, source % 2]
        assert weight == pytest.approx(float(slice_.detach().norm()), rel=1e-6)
    moved = randomise(graph, "erdos_renyi", drawn(1))
    with pytest.raises(InputError, match="joins channels of different ones of its 2"):
        to_module([moved], like=conv)


def test_depths_go_on_where_sizes_chain_and_a_stack_exists_only_there():
    graphs = to_layers(mlp())
    assert [one.vs[0]["depth"] for one in graphs] == [0, 1, 2]
    whole = stack(graphs)
    assert sizes(whole) == (64, 12, 8, 3)
    module = mlp()
    again = to_module(layers(whole), like=module)
    assert bits(again) == bits(module)
    graphs = to_layers(convnet(), example=IMAGES)
    assert [one.vs[0]["depth"] for one in graphs] == [0, 1, 3, 4]
    with pytest.raises(InputError, match="must start with the 6 neurons of depth 2"):
        stack(graphs)
    graphs = to_layers(convnet())
    assert [one.vs[0]["depth"] for one in graphs] == [0, 2, 4, 6]


@pytest.mark.parametrize("prune_it", WAYS)
@pytest.mark.parametrize("make", [convnet, lambda: convnet(2), mlp])
def test_removed_links_are_zero_in_weights_and_masks_and_stay_so(make, prune_it):
    module = prune_it(make())
    before = bits(module)
    exported = to_layers(module)
    left = [apply(one, strongest_links(one, drawn(), 0.5)) for one in exported]
    copy = to_module(left, like=module)
    outputs(copy)  # runs the hooks that compute weights from masks
    assert [held(one) for one in to_layers(copy)] == [held(one) for one in left]
    kept = [one.ecount() for one in exported]
    for one, graph, count in zip(layers_of(copy), left, kept, strict=True):
        live = one.weight.detach().reshape(*one.weight.shape[:2], -1)
        assert int((live != 0).any(2).sum()) == graph.ecount() < count
        if prune.is_pruned(one):
            prune.remove(one, "weight")
    assert [held(one) for one in to_layers(copy)] == [held(one) for one in left]
    assert bits(module) == before


def test_a_link_that_comes_back_beside_a_mask_is_used():
    layer = nn.Linear(2, 1)
    prune.custom_from_mask(layer, "weight", torch.tensor([[1.0, 0.0]]))
    (graph,) = to_layers(layer)
    graph.add_edge(1, 2, weight=0.5)
    copy = to_module([graph], like=layer)
    assert copy(torch.tensor([[0.0, 1.0]])).item() == 0.5 + layer.bias.item()
    assert copy.weight_mask.tolist() == [[1, 1]]
    assert copy.weight_orig[0, 0] == layer.weight_orig[0, 0]


@pytest.mark.parametrize("name", NULL_MODELS)
def test_null_models_move_whole_slices(name):
    module = by_channel(convnet())
    module.train()
    if not installed(name):
        pytest.skip("needs bicm")
    exported = to_layers(module)
    moved = [randomise(one, name, drawn(3)) for one in exported]
    copy = to_module(moved, like=module)
    outputs(copy)
    for one, other in zip(to_layers(copy), moved, strict=True):
        # One that draws with replacement may draw a slice twice; a copy differs.
        assert np.allclose(held(one), held(other), rtol=1e-6, atol=0)
    assert copy.training
    for one, other in zip(layers_of(module)[:2], layers_of(copy), strict=False):
        slices = [
            conv.weight.detach().flatten(2).flatten(0, 1) for conv in (one, other)
        ]
        before, after = ({tuple(s) for s in each.tolist()} for each in slices)
        assert after <= before | {(0.0,) * 9}
        if "weights" in conserved(name):
            assert after == before


def test_equal_slices_are_told_apart_and_keep_their_places():
    conv = nn.Conv2d(3, 3, 2, bias=False)
    conv.weight.data[:] = 1.0
    conv.weight.data[:, 1, 0, 0] = -1.0
    (graph,) = to_layers(conv)
    assert len(set(graph.es["weight"])) == 9
    assert np.float32(graph.es["weight"]) == pytest.approx(2, rel=1e-6)
    copy = to_module([randomise(graph, "shuffle_by_source", drawn())], like=conv)
    assert torch.equal(copy.weight, conv.weight)  # each source has one kind of slice
    copy = to_module([randomise(graph, "shuffle_all", drawn())], like=conv)
    assert not torch.equal(copy.weight, conv.weight)


def test_reweighting_rescales_a_slice_and_a_shuffle_moves_it():
    module = unstructured(convnet())
    graph = to_layers(module)[1]
    flipped = apply(graph, PERTURBATIONS["random_sign_flips"](graph, drawn(), 1))
    (copied,) = layers_of(to_module([flipped], module, ["features.4"]))[1:2]
    assert torch.equal(copied.weight, -module.features[4].weight)
    graph.es["weight"] = [np.float32(2 * one) for one in graph.es["weight"]]
    doubled = to_module([graph], module, ["features.4"])
    assert torch.equal(doubled.features[4].weight, 2 * module.features[4].weight)
    assert torch.equal(doubled.features[0].weight, module.features[0].weight)
    graph = to_layers(module)[1]
    dealt = apply(graph, PERTURBATIONS["shuffled_weights"](graph, drawn(), 1))
    moved = to_module([dealt], module, ["features.4"])
    del dealt.es["slice"]
    again = to_module([dealt], module, ["features.4"])
    assert bits(moved) == bits(again) != bits(module)
    assert held(to_layers(moved)[1]) == held(dealt)


def test_a_weight_that_no_slice_has_is_refused_without_its_number():
    conv = nn.Conv2d(2, 2, 3)
    (graph,) = to_layers(conv)
    del graph.es["slice"]
    noisy = apply(graph, PERTURBATIONS["gaussian_noise"](graph, drawn(), 1))
    with pytest.raises(InputError, match=r"as none of its\s+kernel slices does"):
        to_module([noisy], like=conv)


@pytest.mark.parametrize("suffix", [".graphml", ".npz"])
def test_layers_may_lie_in_files_between(tmp_path, suffix):
    module, file = unstructured(convnet()), tmp_path / f"layer{suffix}"
    (graph,) = to_layers(module, ["features.4"])
    left = apply(graph, random_links(graph, drawn(), 0.3))
    write(left, file)
    copy = to_module([read(file)], module, ["features.4"])
    assert held(to_layers(copy)[1]) == held(left) != held(graph)
    assert bits(copy) == bits(to_module([left], module, ["features.4"]))


def test_biases_are_written_where_they_change_and_only_there():
    module = by_channel(mlp())
    prune.custom_from_mask(module[1], "bias", (torch.arange(12) > 3).float())
    graphs = to_layers(module)
    graphs[0].vs[64]["bias"], graphs[0].vs[70]["bias"] = 0.5, 0.25
    copy = to_module(graphs, like=module)
    outputs(copy)
    expected = module[1].bias.detach().clone()
    expected[0], expected[6] = 0.5, 0.25
    assert torch.equal(copy[1].bias.detach(), expected)
    hidden = copy[1].bias_orig[1:6]
    assert torch.equal(hidden, module[1].bias_orig[1:6])
    conv = nn.Conv2d(1, 2, 3, bias=False)
    (graph,) = to_layers(conv)
    graph.vs[1]["bias"] = 1.0
    assert bits(to_module(to_layers(conv), conv)) == bits(conv)


def test_a_bias_where_there_is_none_is_refused():
    layer = nn.Linear(2, 1, bias=False)
    (graph,) = to_layers(layer)
    graph.vs[1]["bias"] = 0.0
    graph = graph.copy()
    graph.vs[2]["bias"] = 1.0
    with pytest.raises(InputError, match="Linear has no bias, and is given one"):
        to_module([graph], like=layer)


class Tied(nn.Module):
    def __init__(self, by_weight):
        super().__init__()
        self.one = nn.Linear(3, 3)
        self.two = nn.Linear(3, 3) if by_weight else self.one
        if by_weight:
            self.two.weight = self.one.weight

    def forward(self, x):
        return self.two(self.one(x))


def test_a_layer_used_twice_is_one_layer_and_damage_shows_in_both():
    module = Tied(by_weight=False)
    (graph,) = to_layers(module)
    copy = to_module([apply(graph, random_links(graph, drawn(), 1))], like=module)
    assert copy.one is copy.two
    assert not copy.two.weight.any()


def test_weights_that_two_modules_use_are_one_layer_that_names_both():
    module = Tied(by_weight=True)
    (graph,) = to_layers(module)
    assert (graph["name"], graph["uses"]) == ("one", "one, two")
    copy = to_module([apply(graph, random_links(graph, drawn(), 1))], like=module)
    assert copy.one.weight is copy.two.weight
    assert not copy.two.weight.any()
    words = nn.Sequential(nn.Embedding(4, 3), nn.Linear(3, 4), nn.Linear(4, 2))
    words[1].weight = words[0].weight
    graphs = to_layers(words)
    assert [one["name"] for one in graphs] == ["0", "2"]
    assert graphs[0]["uses"] == "0, 1"
    assert sizes(graphs[0]) == (4, 3)


def test_layers_that_share_some_numbers_are_refused_unless_left_out():
    module = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 2), nn.Linear(2, 2))
    module[1].weight = nn.Parameter(module[0].weight.data[:2])
    with pytest.raises(InputError, match=r"0\.weight and 1\.weight share"):
        to_layers(module)
    assert [one["name"] for one in to_layers(module, ["2"])] == ["2"]
    flat = nn.utils.parameters_to_vector(mlp().parameters())
    module = mlp()
    nn.utils.vector_to_parameters(flat.detach(), module.parameters())
    assert len(to_layers(module)) == 3  # one block of memory, nothing in common


REFUSED = {
    "SparseMLP": (lambda: start((4, 3, 2), drawn(), links=[6]), "to_graph and perco"),
    "no module": (lambda: {"a": 1}, r"must be a torch\.nn\.Module; got dict"),
    "no layer": (nn.ReLU, r"ReLU has no torch\.nn\.Linear or torch\.nn\.Conv2d"),
    "lazy": (lambda: nn.LazyLinear(3), "LazyLinear has no numbers yet"),
    "meta": (lambda: nn.Linear(2, 2, device="meta"), "Linear has no numbers yet"),
    "hooked": (
        lambda: parametrizations.weight_norm(nn.Linear(2, 2)),
        r"weight of ParametrizedLinear is computed from other numbers",
    ),
    "complex": (
        lambda: nn.Linear(2, 2, dtype=torch.complex64), "real floating-point numbers"
    ),
    "not finite": (
        lambda: nn.utils.skip_init(nn.Linear, 2, 2).apply(
            lambda one: one.weight.data.fill_(float("nan"))
        ),
        "Linear holds numbers that are not finite",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_has_no_layers_to_damage_is_refused(kind):
    make, reason = REFUSED[kind]
    with pytest.raises(InputError, match=reason):
        to_layers(make())


def test_names_choose_layers_and_unknown_ones_list_the_known():
    module = convnet()
    names = [one["name"] for one in to_layers(module)]
    assert names == ["features.0", "features.4", "classifier.0", "classifier.3"]
    chosen = to_layers(module, ["classifier.3", "features.0"])
    assert [one["name"] for one in chosen] == ["features.0", "classifier.3"]
    with pytest.raises(InputError, match=r"no layer 'fc'; choose from: features\.0, "):
        to_layers(module, "fc")


def test_a_module_that_a_forward_pass_has_filled_can_be_copied():
    module = unstructured(mlp()).train()
    module(IMAGES).sum().backward()  # leaves computed weights behind
    copy = to_module(to_layers(module), like=module)
    assert bits(copy) == bits(module)
    module.lock = (one for one in "ab")
    with pytest.raises(InputError, match=r"cannot be copied by copy\.deepcopy"):
        to_module(to_layers(module), like=module)


def test_graphs_of_another_module_are_refused():
    module = mlp()
    graphs = to_layers(module)
    with pytest.raises(InputError, match=r"has 3 layers \(1, 3, 5\) and .* got 2 gra"):
        to_module(graphs[:2], like=module)
    with pytest.raises(InputError, match="got one graph"):
        to_module(graphs[0], like=module)
    assert bits(to_module(graphs[::-1], like=module)) == bits(module)  # by name
    for graph in graphs:
        del graph["name"]
    with pytest.raises(InputError, match=r"graph of 1 must have \(64, 12\) neurons"):
        to_module(graphs[::-1], like=module)
    (conv,) = to_layers(nn.Conv2d(1, 2, 3))
    for wrong in (["a", "b"], [0, 2], [0.5, 1]):
        conv.es["slice"] = wrong
        with pytest.raises(InputError, match="must hold the numbers of its 2 kernel"):
            to_module([conv], like=nn.Conv2d(1, 2, 3))


def test_a_copy_trains_on_as_the_module_would():
    module = unstructured(ConvNet())
    graphs = to_layers(module)
    copy = to_module(graphs, like=module)
    copy(IMAGES).sum().backward()
    assert all(one.weight_orig.grad is not None for one in layers_of(copy))
    assert all(one.weight_orig.grad is None for one in layers_of(module))


numbers = st.floats(-4, 4, width=32)


@given(st.lists(st.lists(numbers, min_size=3, max_size=3), min_size=1, max_size=12))
def test_weights_of_slices_are_distinct_and_keep_the_order_of_the_norms(slices):
    values = np.array(slices, np.float32)
    weight = weighed(values, None)
    assert len(set(weight.tolist())) == len(weight)
    norm = np.linalg.norm(values.astype(float), axis=1).astype(np.float32)
    assert (weight >= norm).all()
    assert np.allclose(weight, norm, rtol=1e-5, atol=1e-40)
    lower = norm[:, None] < norm
    assert (weight[:, None] < weight)[lower].all()


@given(
    st.integers(1, 4), st.integers(1, 4), st.sampled_from([(), (1, 1), (2, 1)]),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_a_layer_put_together_again_is_itself(n_in, n_out, kernel, seed):
    rng = drawn(seed)
    shape = n_out, n_in, *kernel
    values = rng.normal(size=shape).astype(np.float32).round(1)
    mask = rng.integers(0, 2, shape).astype(np.float32)
    layer = Layer.of("any", values, mask, rng.normal(size=n_out))
    order = rng.permutation(len(layer.weight))
    mixed = layer.take(order)
    again = layer.placed(mixed.source, mixed.target, mixed.weight)
    for one, other in ((again.values, mixed.values), (again.mask, mixed.mask)):
        assert one.tobytes() == other.tobytes()
    back = again.reweighted(-again.weight).reweighted(again.weight)
    assert back.values.tobytes() == again.values.tobytes()
