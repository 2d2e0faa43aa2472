"""Checkpoints as they are shipped: read whole, or refused in one sentence."""

import json

import numpy as np
import pytest
import torch
from pruned import drawn, held
from safetensors.torch import save_file
from scipy.io import savemat
from scipy.sparse import csr_array
from torch import nn
from torch.nn.utils import parametrizations, weight_norm

from netrobust.convert import checkpoint_files as checkpoints
from netrobust.convert import layer_files as files
from netrobust.convert.layer_files import read_layers
from netrobust.convert.module_graphs import to_layers
from netrobust.convert.onnx_files import parse_onnx
from netrobust.convert.state_dicts import state_layers
from netrobust.core.errors import InputError
from netrobust.graphs.graph import biases, sizes


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    for module in (files, checkpoints):
        monkeypatch.setattr(
            module, "guarded", lambda parse, *args, **limits: parse(*args)
        )


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))


def same(graphs, module) -> bool:
    expected = to_layers(module)
    assert [one["name"] for one in graphs] == [one["name"] for one in expected]
    for one, other in zip(graphs, expected, strict=True):
        assert held(one)[0][2] == held(other)[0][2]
        assert sorted(one.es["weight"]) == sorted(other.es["weight"])
        assert sizes(one) == sizes(other)
    return True


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".pth.tar", ".ckpt", ".bin"])
@pytest.mark.parametrize("key", ["net", "model_state", "params", "a.b", ""])
def test_a_state_is_found_wherever_it_lies_in_a_file(tmp_path, suffix, key):
    state = network().state_dict()
    inner = {"state": {0: {"exp_avg": torch.ones(3, 3)}}, "param_groups": []}
    held = state
    for name in reversed(key.split(".") if key else []):
        held = {name: held, "optimizer": inner, "epoch": 3}
    file = tmp_path / f"a{suffix}"
    torch.save(held, file)
    assert same(read_layers(file), network())
    if key:
        assert same(read_layers(file, key=key), network())


def test_of_several_states_the_user_says_which(tmp_path):
    state = network().state_dict()
    other = {name: one * 2 for name, one in state.items()}
    torch.save({"generator": state, "critic": other, "step": 1}, tmp_path / "a.pt")
    with pytest.raises(InputError, match=r"states under generator, critic.*step.*key="):
        read_layers(tmp_path / "a.pt")
    assert same(read_layers(tmp_path / "a.pt", key="generator"), network())
    with pytest.raises(InputError, match="no state under 'net'; there are generator"):
        read_layers(tmp_path / "a.pt", key="net")
    torch.save({"epoch": 3, "acc": 0.5}, tmp_path / "b.pt")
    with pytest.raises(InputError, match="holds no state, and the keys epoch, acc"):
        read_layers(tmp_path / "b.pt")
    torch.save({"ema": other, "model": state}, tmp_path / "c.pt")
    assert same(read_layers(tmp_path / "c.pt"), network())


def test_messages_of_torch_lose_their_control_characters(tmp_path):
    torch.save(
        {"model": network().state_dict(), "acc": np.float64(1)}, tmp_path / "a.pt"
    )
    with pytest.raises(InputError) as caught:
        read_layers(tmp_path / "a.pt")
    assert str(caught.value).isprintable()


def test_a_state_in_several_files_is_one(tmp_path):
    state = network().state_dict()
    places = {}
    for k, (name, value) in enumerate(state.items()):
        file = f"model-{k % 2}.safetensors"
        places[name] = file
        others = {n: v for n, v in state.items() if places.get(n) == file}
        save_file(others, tmp_path / file)
        assert name in others
        assert value is not None
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": places}))
    assert same(read_layers(index), network())
    for wrong, reason in {
        "../a.safetensors": "no file beside it", "b.safetensors": "not beside it"
    }.items():  # fmt: skip
        index.write_text(json.dumps({"weight_map": {"a.weight": wrong}}))
        with pytest.raises(InputError, match=reason):
            read_layers(index)
    index.write_text(json.dumps({"weight_map": {"x.weight": "model-0.safetensors"}}))
    with pytest.raises(InputError, match=r"holds no x\.weight"):
        read_layers(index)
    index.write_text("[1]")
    with pytest.raises(InputError, match="an index with a weight_map"):
        read_layers(index)


def test_layers_of_a_safetensors_file_come_as_people_count(tmp_path):
    deep = nn.Sequential(*[nn.Linear(3, 3) for _ in range(12)])
    save_file(deep.state_dict(), tmp_path / "a.safetensors")
    found = read_layers(tmp_path / "a.safetensors")
    assert [one["name"] for one in found] == [str(k) for k in range(12)]
    long = "1" + 5000 * "0"  # more digits than Python makes a number of
    names = ("input_layer", "2", "007", "10", long, "hidden", "output")
    state = {f"{name}.weight": torch.ones(2, 2) for name in names}
    save_file(state, tmp_path / "b.safetensors")
    found = read_layers(tmp_path / "b.safetensors")
    assert tuple(one["name"] for one in found) == names


# Masks


def test_masks_are_used_wherever_they_lie(tmp_path):
    layer = nn.Linear(20, 50)
    mask = (torch.rand(50, 20) < 0.1).float()
    expected = [(s, t + 20) for t, s in mask.nonzero().tolist()]
    module = nn.Sequential(layer)
    state = {"0.weight": layer.weight.detach(), "0.bias": layer.bias.detach()}
    found = [
        to_layers(module, masks={"0": mask}),
        to_layers(module, masks={"0.weight": mask.numpy()}),
        state_layers(state, masks={"0": mask}),
        state_layers({**state, "0.mask": mask}),
        state_layers({**state, "0.weight_mask": mask.bool()}),
        state_layers({**state, "0.weight": csr_array((layer.weight * mask).detach())}),
        state_layers({**state, "0.weight": (layer.weight.detach() * mask).to_sparse()}),
    ]
    for name, masks in (("a", {"0.weight": mask}), ("b", {"0": mask})):
        torch.save({"model": state, "masks": masks}, tmp_path / f"{name}.pth")
        found.append(read_layers(tmp_path / f"{name}.pth"))
    save_file({**state, "0.mask": mask}, tmp_path / "a.safetensors")
    found.append(read_layers(tmp_path / "a.safetensors"))
    np.savez(tmp_path / "a.npz", w=layer.weight.detach().T)
    found.append(read_layers(tmp_path / "a.npz", masks={"w": mask.T.numpy()}))
    for graphs in found:
        (graph,) = graphs
        assert sorted(one[:2] for one in held(graph)) == sorted(expected)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda m: to_layers(m, masks={"x": m.weight}), "masks name 'x'"),
        (lambda m: to_layers(m, masks={"Linear": [1]}), r"of the shape \(3, 4\)"),
        (
            lambda m: state_layers(m.state_dict(), masks={"x": m.weight}),
            "a mask of 'x' and no such weight",
        ),
        (
            lambda m: state_layers({**m.state_dict(), "mask": torch.ones(2)}),
            "do not fit each other",
        ),
    ],
)
def test_masks_that_fit_nothing_are_refused(call, reason):
    with pytest.raises(InputError, match=reason):
        call(nn.Linear(4, 3))


def test_a_mask_of_unknown_shape_beside_a_weight_is_refused():
    module = nn.Linear(4, 3)
    module.register_buffer("mask", torch.ones(3, 1))
    with pytest.raises(InputError, match=r"mask of shape \(3, 1\) beside weights"):
        to_layers(module)


# What is computed, and what is a code


@pytest.mark.parametrize("how", [parametrizations.weight_norm, weight_norm])
def test_the_weights_of_weight_norm_are_computed(how):
    module = network()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *args, **options: None)
        how(module[0])
    graphs = state_layers(module.state_dict())
    assert [one["name"] for one in graphs] == ["0", "2"]
    found = sorted(graphs[0].es["weight"])
    assert np.allclose(found, sorted(module[0].weight.flatten().tolist()), rtol=1e-6)


@pytest.mark.parametrize(
    "how", [parametrizations.spectral_norm, parametrizations.orthogonal]
)
def test_other_parametrizations_are_refused_by_name(how, tmp_path):
    module = network()
    how(module[0])
    with pytest.raises(InputError, match="the weight of 0 is computed from other"):
        state_layers(module.state_dict())
    torch.save(module.state_dict(), tmp_path / "a.pt")
    with pytest.raises(InputError, match="the weight of 0 is computed from other"):
        read_layers(tmp_path / "a.pt")


@pytest.mark.parametrize(
    "state",
    [
        {"0.weight": torch.ones(2, 3, dtype=torch.int8)},
        {"0.weight": torch.ones(24, 1, dtype=torch.uint8)},
        {"0.weight": torch.ones(2, 3), "0.SCB": torch.ones(2)},
        {"0.weight": torch.ones(2, 3), "0.weight.absmax": torch.ones(2)},
        {"0.qweight": torch.ones(2, 3), "1.weight": torch.ones(2, 3)},
    ],
)
def test_codes_are_no_weights(state):
    with pytest.raises(InputError, match="quantised"):
        state_layers(state)


def test_what_is_no_layer_of_a_state_is_named():
    state = {"a.weight": torch.ones(2, 2), "b.table": torch.ones(3, 3, 3)}
    with pytest.warns(UserWarning, match=r"'b\.table' of the state are no layers"):
        assert len(state_layers(state)) == 1


def test_the_way_round_of_a_layer_is_told_or_follows_from_its_bias():
    weight, bias = torch.rand(2, 3), torch.rand(3)
    (graph,) = state_layers({"c_fc.weight": weight, "c_fc.bias": bias})
    assert sizes(graph) == (2, 3)
    assert biases(graph)[2:].tolist() == bias.tolist()
    (graph,) = state_layers({"wte.weight": weight}, transpose="wte")
    assert sizes(graph) == (2, 3)
    (graph,) = state_layers({"wte.weight": weight}, transpose=True)
    assert sizes(graph) == (2, 3)
    with pytest.raises(InputError, match="no layer 'x' to transpose"):
        state_layers({"wte.weight": weight}, transpose=["x"])


# Matrices with biases


@pytest.mark.parametrize("suffix", [".npz", ".mat"])
def test_matrices_come_with_their_biases(tmp_path, suffix):
    one, two = drawn().normal(size=(4, 3)), drawn(1).normal(size=(3, 3))
    b1, b2 = np.arange(3.0), np.arange(3.0) + 5
    file = tmp_path / f"a{suffix}"
    arrays = {"W1": one, "W2": two, "b1": b1, "b2": b2}
    (np.savez if suffix == ".npz" else savemat)(
        file, **(arrays if suffix == ".npz" else {"mdict": arrays})
    )
    graphs = read_layers(file)
    assert [one["name"] for one in graphs] == ["W1", "W2"]
    assert [biases(one)[-3:].tolist() for one in graphs] == [b1.tolist(), b2.tolist()]
    graphs = read_layers(file, order=["W1", "W2"])
    assert graphs[1].vs["bias"] == [*b1, *b2]
    turned = read_layers(file, transpose=["W2"])[1]
    assert held(turned)[1][2] == np.float32(two.T[0, 1])


def test_an_array_that_is_neither_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", w=np.eye(3), more=np.ones(4))
    with pytest.raises(InputError, match="more in it has 4 numbers"):
        read_layers(tmp_path / "a.npz")
    with pytest.raises(InputError, match="key are those of a file of torch"):
        read_layers(tmp_path / "a.npz", key="w")


def test_an_npz_file_with_the_names_of_a_state_is_one(tmp_path):
    state = {name: one.numpy() for name, one in network().state_dict().items()}
    np.savez(tmp_path / "a.npz", **state)
    assert same(read_layers(tmp_path / "a.npz"), network())


# ONNX


def test_an_onnx_file_has_the_layers_of_its_nodes(tmp_path):
    onnx = pytest.importorskip("onnx")
    make, number = onnx.helper, onnx.numpy_helper
    layer, conv = nn.Linear(4, 6), nn.Conv2d(2, 3, 3)
    arrays = {
        "fc.weight": layer.weight, "fc.bias": layer.bias, "conv.weight": conv.weight,
        "conv.bias": conv.bias, "m": layer.weight.T, "c": layer.bias,
    }  # fmt: skip
    nodes = [
        make.make_node("Conv", ["x", "conv.weight", "conv.bias"], ["y"]),
        make.make_node("Gemm", ["z", "fc.weight", "fc.bias"], ["u"], transB=1),
        make.make_node("MatMul", ["z", "m"], ["v"]),
        make.make_node("Add", ["v", "c"], ["w"]),
    ]
    held_arrays = [
        number.from_array(value.detach().numpy().copy(), name)
        for name, value in arrays.items()
    ]
    graph = make.make_graph(nodes, "g", [], [], held_arrays)
    onnx.save(make.make_model(graph), tmp_path / "a.onnx")
    found = read_layers(tmp_path / "a.onnx")
    assert [one["name"] for one in found] == ["conv", "fc", "m"]
    assert held(found[0]) == held(to_layers(conv)[0])
    assert held(found[1]) == held(found[2]) == held(to_layers(layer)[0])
    assert biases(found[2])[4:].tolist() == layer.bias.tolist()
    (tmp_path / "b.onnx").write_bytes(b"nothing")
    with pytest.raises(InputError, match="damaged or no ONNX"):
        parse_onnx(tmp_path / "b.onnx")
