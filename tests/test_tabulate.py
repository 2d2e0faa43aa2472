"""Tables of measures, degrees, histories and dynamics."""

import igraph
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from small import network
from specimens import empty_layer, layered_graphs, one_layer

from netrobust.errors import InputError
from netrobust.export import to_graph
from netrobust.graphs.graph import layers, sizes
from netrobust.graphs.measure import MEASURES
from netrobust.tabulate import degree_table, dynamics_table, history_table, measure


def longest_path(graph: igraph.Graph) -> float:
    """A user's own measure."""
    return float(graph.diameter(directed=True))


def test_one_row_per_layer_and_one_for_the_stack():
    one = network()
    table = measure(one)
    assert table.columns.tolist() == [*one.labels, "layer", *MEASURES]
    assert table.layer.tolist() == ["1", "2", "all"]
    for key, value in one.labels.items():
        assert (table[key] == value).all()
    graph = to_graph(one.model)
    for name, function in MEASURES.items():
        expected = [function(part) for part in (*layers(graph), graph)]
        assert table[name].tolist() == expected, name
    assert table.links.tolist() == [2352, 60, 2412]


def test_a_single_layer_has_no_row_for_the_stack():
    table = measure(one_layer(), ["links", "density"])
    assert table.to_dict("records") == [{"layer": "1", "links": 4, "density": 4 / 6}]


def test_layers_inside_a_network_keep_their_number():
    second = layers(to_graph(network().model))[1]
    assert measure(second, ["links"]).layer.tolist() == ["2"]


def test_several_subjects_and_a_measure_of_ones_own():
    table = measure([one_layer(), empty_layer()], [longest_path, "links"])
    assert table.longest_path.tolist() == [1, 1, 0, 1]
    assert table.links.tolist() == [4, 2, 0, 2]


def test_undefined_is_nan():
    table = measure(empty_layer(), ["in_degree_dispersion"])
    assert table.in_degree_dispersion.isna().tolist() == [False, True, False]


@pytest.mark.parametrize("make", [measure, degree_table])
def test_nothing_to_measure_is_said(make):
    with pytest.raises(InputError, match="no network and no graph came"):
        make([])


def test_unknown_measure_lists_the_known():
    with pytest.raises(InputError, match="unknown measure 'link'; choose from: links"):
        measure(one_layer(), ["link"])


@settings(max_examples=40)
@given(graph=layered_graphs(max_depth=2))
def test_degrees_count_every_neuron_and_every_link(graph):
    table = degree_table(graph)
    for layer in layers(graph):
        number = str(layer.vs[0]["depth"] + 1)
        for side, neurons in zip(("out", "in"), sizes(layer), strict=True):
            rows = table[(table.layer == number) & (table.side == side)]
            assert rows.degree.tolist() == list(range(len(rows)))
            assert rows["count"].sum() == neurons
            assert (rows["count"] * rows.degree).sum() == layer.ecount()
            assert rows.expected.sum() == pytest.approx(neurons, abs=1e-4)
            links = (rows.expected * rows.degree).sum()
            assert links == pytest.approx(layer.ecount(), abs=1e-3)


def test_degrees_of_a_network_bear_its_labels():
    one = network()
    table = degree_table([one, network("static")])
    assert table.groupby("network").layer.unique().map(list).to_dict() == {
        one.name: ["1", "2"],
        network("static").name: ["1", "2"],
    }
    first = table[(table.network == one.name) & (table.layer == "1")]
    graph = layers(to_graph(one.model))[0]
    counts = np.bincount(graph.degree(range(784), mode="out"))
    seen = first[first.side == "out"]["count"].tolist()
    assert np.trim_zeros(seen, "b") == counts.tolist()


def test_histories_are_joined_under_their_labels():
    networks = [network(), network("dense_small")]
    table = history_table(networks)
    assert len(table) == 4
    for one in networks:
        rows = table[table.network == one.name].reset_index(drop=True)
        pd.testing.assert_frame_equal(rows[list(one.history)], one.history)
        assert (rows.sparsifier == one.config.label).all()


def test_dense_networks_have_no_dynamics():
    table = dynamics_table([network("dense_small"), network(), network("static")])
    assert table.groupby("sparsifier").size().to_dict() == {"set": 4, "static": 4}
    removed = table[table.epoch == 1].set_index(["sparsifier", "layer"]).removed
    assert (removed["set"] > 0).all()
    assert (removed["static"] == 0).all()
    assert dynamics_table([network("dense_small")]).empty
