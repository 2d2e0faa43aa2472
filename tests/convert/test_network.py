"""The bridge between torch and igraph, by hand and at its edges."""

import numpy as np
import pytest
import torch
from networks import random_model, same_state

from netrobust.convert.network import to_graph, to_model
from netrobust.core.errors import InputError
from netrobust.graphs.graph import (
    biases,
    check,
    from_links,
    layers,
    links,
    read,
    sizes,
    write,
)
from netrobust.neural.dense import DenseLinear
from netrobust.neural.linear import SparseLinear
from netrobust.neural.model import SparseMLP, start


def by_hand():
    one = SparseLinear(3, 2, [2, 0], [0, 1], [0.5, -1.0], [0.1, 0.2])
    two = SparseLinear(2, 2, [1, 0], [1, 1], [4.0, 0.0], [0.3, 0.4])
    head = torch.nn.utils.skip_init(torch.nn.Linear, 2, 2)
    head.load_state_dict({"weight": torch.eye(2), "bias": torch.ones(2)})
    return SparseMLP([one, two], head, mean=0.25, std=2.0)


def test_a_network_as_a_graph_by_hand():
    graph = check(to_graph(by_hand()))
    assert graph.vs["depth"] == [0, 0, 0, 1, 1, 2, 2]
    assert biases(graph).tolist() == np.float32([0, 0, 0, 0.1, 0.2, 0.3, 0.4]).tolist()
    assert graph.get_edgelist() == [(2, 3), (0, 4), (3, 6), (4, 6)]  # canonical
    assert graph.es["weight"] == [0.5, -1.0, 0.0, 4.0]
    assert graph.is_directed()
    assert [layer.ecount() for layer in layers(graph)] == [2, 2]


def test_a_graph_as_a_network_by_hand():
    source, target, weight = [4, 2, 3], [5, 3, 6], [7.0, 8.0, 9.0]
    graph = from_links([3, 2, 2], source, target, weight, [0, 0, 0, 1, 2, 3, 4])
    like = by_hand()
    model = to_model(graph, like=like)
    one, two = model.layers
    assert [array.tolist() for array in one.links()] == [[2], [0], [8]]
    assert [array.tolist() for array in two.links()] == [[1, 0], [0, 1], [7, 9]]
    assert model.biases().tolist() == [1, 2, 3, 4]
    assert (float(model.mean), float(model.std)) == (0.25, 2.0)
    assert same_state(model.head, like.head)
    with torch.no_grad():
        model.head.bias += 1
    assert like.head.bias.tolist() == [1, 1]


def test_a_dense_network_loses_links_as_zeros():
    model = start((3, 2, 2), np.random.default_rng(0))
    graph = to_graph(model)
    assert graph.ecount() == 6
    graph.delete_edges([0, 5])
    damaged = to_model(graph, like=model).layers[0]
    assert isinstance(damaged, DenseLinear)
    expected = model.layers[0].weight.detach().clone()
    expected[0, 0] = expected[1, 2] = 0
    assert torch.equal(damaged.weight, expected)


@pytest.mark.parametrize("suffix", [".graphml", ".npz"])
@pytest.mark.parametrize("dense", [False, True], ids=["sparse", "dense"])
def test_a_network_with_its_head_survives_the_disk(tmp_path, suffix, dense):
    rng = np.random.default_rng(1)
    model = random_model(rng, (6, 5, 4, 3), None if dense else [0.5, 0.4])
    other = random_model(rng, (6, 5, 4, 3), None if dense else [0.3, 0.6])
    write(to_graph(model, head=True), tmp_path / f"stack{suffix}")
    graph = read(tmp_path / f"stack{suffix}")
    assert sizes(graph) == model.sizes
    assert biases(graph)[-3:].tolist() == model.head.bias.tolist()
    again = to_model(graph, like=other)  # of which only the sizes count
    assert same_state(again.layers, model.layers)
    assert same_state(again.head, model.head)
    headless = to_model(to_graph(model), like=other)
    assert same_state(headless.layers, model.layers)
    assert same_state(headless.head, other.head)


def test_a_network_whose_last_depth_is_as_large_as_its_classes_keeps_its_head():
    model = random_model(np.random.default_rng(2), (4, 3, 3), [0.5])
    assert sizes(to_graph(model)) == (4, 3)
    assert same_state(to_model(to_graph(model), like=model), model)
    assert same_state(to_model(to_graph(model, head=True), like=model), model)


def test_training_changes_no_graph_exported_before():
    model = by_hand()
    graph = to_graph(model)
    with torch.no_grad():
        model.layers[0].weight += 1
        model.layers[0].bias += 1
    assert links(graph)[2].tolist() == [0.5, -1.0, 0.0, 4.0]
    assert biases(graph)[3] == np.float32(0.1)


@pytest.mark.parametrize("other", [(3, 2), (3, 2, 3), (2, 2, 2), (3, 4), (3, 2, 2, 3)])
def test_a_graph_of_other_sizes_is_refused(other):
    graph = from_links(other, [0], [other[0]], [1.0])
    with pytest.raises(
        InputError, match=r"the network \(3, 2, 2\), or \(3, 2, 2, 2\) with its class"
    ):
        to_model(graph, like=by_hand())


def test_a_graph_that_breaks_the_contract_is_refused():
    graph = to_graph(by_hand())
    graph.es["weight"] = [float("nan")] * 4
    with pytest.raises(InputError, match="weight must be finite"):
        to_model(graph, like=by_hand())
    graph = to_graph(by_hand())
    graph.add_edge(2, 3, weight=1.0)
    with pytest.raises(InputError, match="parallel"):
        to_model(graph, like=by_hand())
    graph = to_graph(by_hand())
    graph.add_edge(0, 5, weight=1.0)
    with pytest.raises(InputError, match="depth d to d"):
        to_model(graph, like=by_hand())


def test_part_of_a_network_is_not_the_network():
    # One layer from inside a network: of the same sizes, with biases on its first side.
    like = random_model(np.random.default_rng(0), (2, 2, 2), [1.0])
    inner = from_links([2, 2], [0, 1], [2, 2], [1, 2], [5, 6, 7, 8], first_depth=1)
    assert sizes(inner) == like.sizes[:-1]
    with pytest.raises(InputError, match="starts at depth 1"):
        to_model(inner, like=like)


def test_a_network_with_infinite_weights_is_no_graph():
    model = by_hand()
    with torch.no_grad():
        model.layers[0].weight[0] = np.inf
    with pytest.raises(InputError, match="weight must be finite"):
        to_graph(model)
