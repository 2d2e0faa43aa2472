"""What leaves for other programs: Gephi and PyTorch Geometric."""

import networkx as nx
import pytest
from pruned import held

from netrobust.convert.gephi_files import write_gephi
from netrobust.convert.pyg_graphs import from_pyg, to_pyg
from netrobust.core.errors import InputError
from netrobust.graphs.graph import biases, from_links, stack


def graph():
    made = from_links([4, 2], [0, 3, 3], [4, 4, 5], [0.5, -1, 2], [0] * 4 + [0.25, 0])
    made.vs["name"] = list("abcdef")
    made.vs["odd"] = [[1], None, "x", 2, 3, 4]
    made["name"] = "fc"
    return made


@pytest.mark.parametrize("suffix", [".gexf", ".graphml"])
def test_a_drawing_has_all_that_it_is_made_of(suffix, tmp_path):
    file = tmp_path / f"a{suffix}"
    write_gephi(graph(), file, image_shape=(2, 2))
    made = (nx.read_gexf if suffix == ".gexf" else nx.read_graphml)(file)
    pixel, target = made.nodes["d"], made.nodes["e"]
    assert (pixel["label"], pixel["side"], pixel["row"], pixel["column"]) == (
        "d", "sources", 1, 1,
    )  # fmt: skip
    assert (target["side"], target["bias"], target["depth"]) == ("targets", 0.25, 1)
    assert target["x"] > pixel["x"]
    assert made.nodes["a"]["y"] > pixel["y"]  # rows go down
    link = made.edges["d", "e"]
    assert (link["weight"], link["signed_weight"], link["sign"], link["layer"]) == (
        1, -1, "negative", "fc",
    )  # fmt: skip
    assert "row" not in target
    assert pixel["odd"] == "2"


def test_layers_of_a_stack_are_named_in_a_drawing(tmp_path):
    second = from_links([2, 1], [0, 1], [2, 2], [1, 1], [0.25, 0, 0], first_depth=1)
    second["name"] = "out"
    write_gephi(stack([graph(), second]), tmp_path / "a.gexf")
    made = nx.read_gexf(tmp_path / "a.gexf")
    assert sorted(data["layer"] for *_, data in made.edges(data=True)) == [
        "fc", "fc", "fc", "out", "out",
    ]  # fmt: skip
    assert {data["side"] for _, data in made.nodes(data=True)} == {
        "depth 0", "depth 1", "depth 2",
    }  # fmt: skip


def test_what_cannot_be_drawn_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match=r"must end in \.gexf or \.graphml"):
        write_gephi(graph(), tmp_path / "a.png")
    with pytest.raises(InputError, match="has 6 pixels, and the graph 4"):
        write_gephi(graph(), tmp_path / "a.gexf", image_shape=(2, 3))


def test_a_graph_survives_the_way_through_pytorch_geometric():
    pytest.importorskip("torch_geometric", exc_type=ImportError)
    data = to_pyg(graph())
    assert data.num_nodes == 6
    again = from_pyg(data)
    assert held(again) == held(graph())
    assert biases(again).tolist() == biases(graph()).tolist()
    assert again.vs["name"] == list("abcdef")


def test_data_without_depths_are_refused():
    with pytest.raises(InputError, match="must have edge_index and depth"):
        from_pyg(object())
