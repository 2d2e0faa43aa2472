"""Bipartite graphs of other programs: sides, names and attributes, whole or refused."""

from zipfile import ZipFile

import igraph
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from pruned import held
from scipy.io import mmwrite

from netrobust.convert import graph_files
from netrobust.convert.graph_files import read, write
from netrobust.convert.igraph_graphs import from_igraph
from netrobust.convert.layer_files import read_layers
from netrobust.convert.networkx_graphs import from_networkx, to_networkx
from netrobust.convert.pandas_tables import from_pandas, to_pandas
from netrobust.core.errors import InputError
from netrobust.graphs import files
from netrobust.graphs.graph import from_links, sizes

DAVIS = nx.davis_southern_women_graph()
DAVIS.graph.clear()  # of lists, which GraphML has not
WOMEN = [name for name, one in DAVIS.nodes(data=True) if one["bipartite"] == 0]
EDGES = {tuple(sorted(edge)) for edge in DAVIS.edges}


@pytest.fixture
def here(monkeypatch):
    for module in (graph_files, files):
        monkeypatch.setattr(
            module, "guarded", lambda parse, *args, **more: parse(*args)
        )


def is_davis(graph) -> bool:
    assert sizes(graph) == (18, 14)
    names = graph.vs["name"]
    found = {tuple(sorted((names[s], names[t]))) for s, t in graph.get_edgelist()}
    assert set(names[:18]) == set(WOMEN)
    return found == EDGES


def _gml(path):
    nx.write_gml(DAVIS, path)


def _gexf(path):
    nx.write_gexf(DAVIS, path)


def _graphml(path):
    nx.write_graphml(DAVIS, path)


def _pajek(path):
    order = [*WOMEN, *(name for name in DAVIS if name not in WOMEN)]
    lines = [f"*Vertices {len(order)} {len(WOMEN)}"]
    lines += [f'{k} "{name}" 0.1 0.2' for k, name in enumerate(order, start=1)]
    lines += ["*Edges"]
    lines += [f"{order.index(a) + 1} {order.index(b) + 1} 1" for a, b in DAVIS.edges]
    path.write_text("\n".join(lines))


def _table():
    ends = [(a, b) if a in WOMEN else (b, a) for a, b in DAVIS.edges]
    return pd.DataFrame(ends, columns=["woman", "event"])


def _csv(path):
    _table().to_csv(path, index=False)


def _tsv(path):
    _table().to_csv(path, index=False, header=False, sep="\t")


def _zip(path):
    order = list(DAVIS)
    nodes = ["# index, name, _pos"]
    nodes += [f'{k}, "{name}", "array([1, 2])"' for k, name in enumerate(order)]
    ends = [(order.index(a), order.index(b)) for a, b in _table().to_numpy()]
    edges = ["# source, target", *(f"{a}, {b}" for a, b in ends)]
    with ZipFile(path, "w") as archive:
        archive.writestr("nodes.csv", "\n".join(nodes))
        archive.writestr("edges.csv", "\n".join(edges))
        archive.writestr("gprops.csv", "")


FILES = {
    "a.gml": _gml, "a.gexf": _gexf, "a.graphml": _graphml, "a.net": _pajek,
    "a.csv": _csv, "a.tsv": _tsv, "davis.csv.zip": _zip,
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_southern_women_come_from_every_format_with_their_names(name, tmp_path, here):
    FILES[name](tmp_path / name)
    assert is_davis(read(tmp_path / name))
    if name.endswith(("graphml", "gml")):
        (layer,) = read_layers(tmp_path / "a.graphml") if "graphml" in name else [
            read(tmp_path / name)
        ]  # fmt: skip
        assert is_davis(layer)


@pytest.mark.parametrize("name", ["a.gml", "a.graphml", "a.gexf"])
def test_files_of_others_are_parsed_in_a_child(name, tmp_path):
    FILES[name](tmp_path / name)
    assert is_davis(read(tmp_path / name))


def test_southern_women_come_from_every_library():
    assert is_davis(from_networkx(DAVIS))
    order = list(DAVIS)
    graph = igraph.Graph(
        [(order.index(a), order.index(b)) for a, b in DAVIS.edges], directed=False
    )
    graph.vs["name"] = order
    for values in (
        [one not in WOMEN for one in order],
        [int(one not in WOMEN) for one in order],
        ["woman" if one in WOMEN else "event" for one in order],
        [float(one not in WOMEN) for one in order],
    ):
        graph.vs["type"] = values
        assert is_davis(from_igraph(graph))
    assert is_davis(from_pandas(_table(), "woman", "event"))


def test_netzschleuder_tables_may_lie_in_a_folder(tmp_path):
    with ZipFile(tmp_path / "a.csv.zip", "w") as archive:
        archive.writestr("x", "")
    _zip(tmp_path / "b.csv.zip")
    with ZipFile(tmp_path / "b.csv.zip") as archive:
        archive.extractall(tmp_path)
    assert is_davis(read(tmp_path / "edges.csv"))
    with pytest.raises(InputError, match=r"holds no nodes\.csv"):
        read(tmp_path / "a.csv.zip")


def test_matrix_market_both_ways(tmp_path, here):
    graph = from_links([2, 3], [0, 1, 1], [3, 2, 4], [0, -0.5, 0.1])
    write(graph, tmp_path / "a.mtx")
    assert held(read(tmp_path / "a.mtx")) == held(graph)
    mmwrite(tmp_path / "b.mtx", np.eye(3))
    assert read(tmp_path / "b.mtx").ecount() == 3
    (tmp_path / "c.mtx").write_text("nothing")
    with pytest.raises(InputError, match="no MatrixMarket"):
        read(tmp_path / "c.mtx")


def test_names_weights_and_attributes_survive_networkx_and_pandas(tmp_path, here):
    graph = from_networkx(DAVIS)
    graph.es["weight"] = [k / 4 for k in range(graph.ecount())]
    graph.vs["age"] = list(range(32))
    other = to_networkx(graph)
    assert set(other) == set(DAVIS)
    assert (
        other.nodes["Evelyn Jefferson"]["age"]
        == graph.vs.find("Evelyn Jefferson")["age"]
    )
    again = from_networkx(other)
    assert again.vs["name"] == graph.vs["name"]
    assert held(again) == held(graph)
    nx.write_graphml(other, tmp_path / "a.graphml")
    assert held(read(tmp_path / "a.graphml")) == held(graph)
    assert read(tmp_path / "a.graphml").vs["name"] == graph.vs["name"]
    write(graph, tmp_path / "b.graphml")
    assert read(tmp_path / "b.graphml").vs["name"] == graph.vs["name"]
    back = from_networkx(nx.read_graphml(tmp_path / "b.graphml"))
    assert held(back) == held(graph)
    nodes, edges = to_pandas(graph)
    assert nodes.in_degree.sum() == len(edges) == 89
    assert held(from_pandas(edges, "source", "target"))[0][2] in graph.es["weight"]
    assert list(nodes.name) == graph.vs["name"]


def test_a_weight_in_a_list_of_links_is_read(tmp_path):
    (tmp_path / "a.edgelist").write_text("# mine\na x 0.5\nb x 2\n")
    graph = read(tmp_path / "a.edgelist")
    assert (graph.vs["name"], graph.es["weight"]) == (["a", "b", "x"], [0.5, 2])
    (tmp_path / "a.csv").write_text("source,target,weight\n0,5,0.5\n1,5,2\n")
    assert read(tmp_path / "a.csv").es["weight"] == [0.5, 2]
    (tmp_path / "b.txt").write_text("% bip unweighted\n1 1\n2 1\n")
    assert sizes(read(tmp_path / "b.txt")) == (2, 1)


REFUSED = {
    "a.csv": ("a,b\nb,c\n", "b is a source and a target"),
    "a.tsv": ("a\nb\n", "a source, a target and perhaps a weight"),
    "b.csv": ("a,x,much\nb,x,2\nc,x,more\n", "'more' in it must be a number"),
    "a.net": ("*Vertices 2\n1\n2\n*Edges\n1 2\n", "one network in two modes"),
    "b.net": ("*Vertices 2 1\n*Edges\n1 3\n", "names vertex 3, and there are 2"),
    "c.net": ("*Vertices 2 1\n*Matrix\n0 1\n", "is no list of edges or arcs"),
    "a.gml": ("graph [ node [ id 0 ] node [ id 1 ] ]", "must have bipartite or type"),
    "b.gml": ("nothing", "no GML"),
    "a.gexf": ("<gexf/>", "no GEXF"),
    "b.gexf": ("<!DOCTYPE a><gexf/>", "DOCTYPE"),
    "a.graphml": ("<graphml><graph/><graph/></graphml>", "holds 2 graphs"),
    "b.graphml": (
        "<graphml><graph><hyperedge/></graph></graphml>", "hold.* hyperedges"
    ),
    "a.xls": ("", "must end in"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_files_that_do_not_tell_sides_are_refused(name, tmp_path, here):
    text, reason = REFUSED[name]
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=reason):
        read(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("id", ["a", "b", "c"]),
        ("place", [[0], [1], [2]]),
        ("label", ["a", None, "c"]),
        ("dead", [True, None, False]),
        ("serial", [2**53 + 1, 2, 3]),
        ("note", ["a\0b", "c", "d"]),
        ("note", ["\x01", "c", "d"]),
    ],
)
def test_what_graphml_would_change_is_refused_before_it_is_written(
    name, values, tmp_path
):
    graph = from_links([2, 1], [0, 1], [2, 2], [0.5, 1])
    graph.vs[name] = values
    with pytest.raises(InputError, match=f"attribute '{name}'|a vertex attribute id"):
        write(graph, tmp_path / "a.graphml")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: from_pandas([1]), "must be a DataFrame; got list"),
        (lambda: from_pandas(_table()), "no column 'source'; choose from: woman"),
        (
            lambda: from_pandas(pd.concat([_table()] * 2), "woman", "event"),
            "are joined twice",
        ),
        (
            lambda: from_pandas(pd.DataFrame({"source": ["a", None], "target": "x"})),
            "has gaps",
        ),
        (lambda: from_igraph(DAVIS), "must be one of igraph; got Graph"),
        (lambda: from_igraph(igraph.Graph(2)), "must have bipartite or type"),
        (
            lambda: from_networkx(
                nx.Graph([(0, 1, {"weight": 10**400})])
            ), "must have bipartite",
        ),
    ],
)  # fmt: skip
def test_what_is_no_bipartite_graph_is_one_sentence(make, reason):
    with pytest.raises(InputError, match=reason):
        make()


def test_a_number_too_large_for_any_float_is_one_sentence():
    graph = nx.Graph([("a", "b", {"weight": 10**400})])
    nx.set_node_attributes(graph, {"a": 0, "b": 1}, "bipartite")
    with pytest.raises(
        InputError, match="weight must be a number everywhere; got 1000"
    ):
        from_networkx(graph)
