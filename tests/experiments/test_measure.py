"""Tables of measures, degrees, histories and dynamics."""

import igraph
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from small import network
from specimens import empty_layer, layered_graphs, one_layer

from netrobust.cli import main
from netrobust.convert.network import to_graph
from netrobust.core.errors import InputError
from netrobust.core.random_streams import stream
from netrobust.experiments.measure import (
    degree_table,
    measure,
    tail_table,
)
from netrobust.graphs.graph import from_links, layers, sizes, write
from netrobust.graphs.measure import (
    MEASURES,
    absolute_strengths,
    degrees,
    signed_measures,
)
from netrobust.graphs.measure.tail import Tail, tail
from netrobust.studies.training import dynamics_table, history_table


def longest_path(graph: igraph.Graph) -> float:
    """A user's own measure."""
    return float(graph.diameter(directed=True))


def test_one_row_per_layer_and_one_for_the_stack():
    one = network()
    table = measure(one)
    assert table.columns.tolist() == [*one.labels, "layer", *signed_measures()]
    assert table.layer.tolist() == ["1", "2", "all"]
    for key, value in one.labels.items():
        assert (table[key] == value).all()
    graph = to_graph(one.model)
    for name in signed_measures():
        expected = [MEASURES[name](part) for part in (*layers(graph), graph)]
        assert np.array_equal(table[name], expected, equal_nan=True), name
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


@pytest.mark.parametrize("make", [measure, degree_table, tail_table])
def test_nothing_to_measure_is_said(make):
    with pytest.raises(InputError, match="no network and no graph came"):
        make([])


def test_unknown_measure_lists_the_known():
    with pytest.raises(InputError, match="unknown measure 'link'; choose from: links"):
        measure(one_layer(), ["link"])


def test_a_measure_that_needs_positive_weights_is_taken_on_request():
    positive = from_links([2, 1], [0, 1], [2, 2], [3, 1])
    assert "disparity" not in measure(positive)
    assert measure(positive, "disparity").disparity.tolist() == [0.625]
    with pytest.raises(InputError, match="disparity needs positive weights"):
        measure([positive, one_layer()], ["links", "disparity"])


def test_the_command_line_refuses_signed_weights_in_one_sentence(
    tmp_path, monkeypatch, capsys
):
    write(one_layer(), tmp_path / "layer.npz")
    monkeypatch.chdir(tmp_path)
    words = "netrobust measure layer.npz --measure disparity"
    monkeypatch.setattr("sys.argv", words.split())
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert not out
    said = " ".join(err.split())
    assert "disparity needs positive weights; 2 of 4 are negative, the first" in said
    assert said.endswith("takes either sign, such as absolute_disparity")
    assert [path.name for path in tmp_path.iterdir()] == ["layer.npz"]


def test_tails_of_every_layer_side_and_kind():
    one = network()
    table = tail_table(one, samples=2, least=10, seed=5)
    keys = ["layer", "side", "kind"]
    assert table.columns.tolist() == [*one.labels, *keys, *Tail._fields]
    assert (table.network == one.name).all()
    assert len(table) == 2 * 2 * 2
    assert not table.duplicated(keys).any()
    assert not table.alpha.isna().all()
    for layer in layers(to_graph(one.model)):
        number = str(layer.vs[0]["depth"] + 1)
        for kind, sides in {"degree": degrees, "strength": absolute_strengths}.items():
            for side, values in zip(("out", "in"), sides(layer), strict=True):
                (row,) = table[
                    (table.layer == number)
                    & (table.side == side)
                    & (table.kind == kind)
                ].to_dict("records")
                rng = stream(5, "tail", one.name, number, side, kind)
                found = tail(values, rng, samples=2, least=10)
                assert {key: row[key] for key in Tail._fields} == pytest.approx(
                    found._asdict(), rel=1e-12, nan_ok=True
                )
    other = tail_table(network("static"), samples=2, least=10, seed=5)
    both = tail_table([network("static"), one], samples=2, least=10, seed=5)
    pd.testing.assert_frame_equal(both, pd.concat([other, table], ignore_index=True))


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
