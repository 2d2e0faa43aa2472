"""Names of neurons and layers stay with them, whatever is done to the graph."""

import numpy as np
import pytest

from netrobust.experiments.measure import degree_table, measure
from netrobust.graphs.graph import from_links, layers, stack
from netrobust.graphs.null import NULL_MODELS, installed, randomise
from netrobust.graphs.perturb import apply, random_links


def named(sizes, source, target, first_depth=0, name=""):
    graph = from_links(sizes, source, target, np.arange(len(source)) + 1.0,
                       first_depth=first_depth)  # fmt: skip
    depth = graph.vs["depth"]
    graph.vs["name"] = [f"{d}-{k}" for k, d in enumerate(depth)]
    graph.vs["place"] = list(range(graph.vcount()))
    if name:
        graph["name"] = name
    return graph


@pytest.mark.parametrize("name", NULL_MODELS)
def test_null_models_and_damage_keep_names(name):
    if not installed(name):
        pytest.skip("needs bicm")
    graph = named([3, 3], [0, 0, 1, 2], [3, 4, 5, 3], name="fc")
    drawn = randomise(graph, name, np.random.default_rng(0))
    left = apply(graph, random_links(graph, np.random.default_rng(0), 0.5))
    for one in (drawn, left):
        assert one.vs["name"] == graph.vs["name"]
        assert one.vs["place"] == graph.vs["place"]
        assert one["name"] == "fc"


def test_a_stack_has_the_names_of_its_layers_and_gives_them_back():
    one = named([2, 3], [0, 1], [2, 4], name="encoder.fc1")
    two = named([3, 1], [0, 2], [3, 3], 1, name="encoder.fc2")
    both = stack([one, two])
    assert both.vs["layer"] == [""] * 2 + ["encoder.fc1"] * 3 + ["encoder.fc2"]
    again = layers(both)
    assert [each["name"] for each in again] == ["encoder.fc1", "encoder.fc2"]
    assert again[0].vs["place"] == [0, 1, 0, 1, 2]  # the later layer has the word
    assert measure(both, "links").layer.tolist() == [
        "encoder.fc1",
        "encoder.fc2",
        "all",
    ]
    assert set(degree_table(both).layer) == {"encoder.fc1", "encoder.fc2"}
    assert measure(one, "links").layer.tolist() == ["encoder.fc1"]
    drawn = randomise(both, "shuffle_all", np.random.default_rng(0))
    assert [each["name"] for each in layers(drawn)] == ["encoder.fc1", "encoder.fc2"]


def test_a_graph_without_names_gets_none():
    plain = from_links([2, 2, 1], [0, 1, 2], [2, 3, 4], [1, 1, 1])
    assert layers(plain)[0].vs.attributes() == ["depth", "bias", "type"]
    assert stack(layers(plain)).vs.attributes() == ["depth", "bias"]
    assert layers(plain)[1].attributes() == []
