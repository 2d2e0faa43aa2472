"""Graph files: bitwise round trips, and one sentence for every bad file."""

import io
import math
import zipfile
from itertools import product

import igraph
import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from specimens import (
    SPECIMENS,
    fingerprint,
    full,
    layered_graphs,
    no_links,
    one_layer,
    path,
)
from undigested import without_digest

from netrobust.core.errors import InputError
from netrobust.graphs import files
from netrobust.graphs.graph import check, from_links, links, read, sizes, write

SUFFIXES = (".graphml", ".npz")


@pytest.fixture(autouse=True)
def _children(monkeypatch, request):
    """Parse GraphML in this process, for each child takes a third of a second."""
    if "in_a_child" not in request.fixturenames:
        monkeypatch.setattr(files, "guarded", lambda parse, path, **limits: parse(path))


@pytest.fixture
def in_a_child():
    """Parse GraphML as users have it parsed."""


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graph=layered_graphs(max_depth=3))
def test_round_trip_is_bitwise(tmp_path_factory, suffix, graph):
    file = tmp_path_factory.getbasetemp() / f"trip{suffix}"
    write(graph, file)
    assert fingerprint(read(file)) == fingerprint(graph)


@pytest.mark.parametrize("build", [full, no_links])
def test_round_trip_through_a_child_process_is_bitwise(tmp_path, build, in_a_child):
    graph = build()
    graph["name"] = "of the graph"
    graph.vs["label"] = [f"é {k}" for k in range(graph.vcount())]
    graph.vs["rank"] = range(graph.vcount())
    write(graph, tmp_path / "trip.graphml")
    again = read(tmp_path / "trip.graphml")
    assert fingerprint(again) == fingerprint(graph)
    assert again["name"] == "of the graph"
    assert again.vs["label"] == graph.vs["label"]
    assert again.vs["rank"] == graph.vs["rank"]


def test_what_the_child_process_refuses_is_one_sentence(tmp_path, in_a_child):
    file = tmp_path / "layer.graphml"
    write(one_layer(), file)
    whole = without_digest(file).read_text()
    for text, reason in {
        whole.replace("<graphml", "<!DOCTYPE g><graphml", 1): "it holds a DOCTYPE",
        whole[:200]: "it is not well-formed XML",
        "<graphml/>": "igraph finds no graph in it",
    }.items():
        file.write_text(text)
        with pytest.raises(InputError, match=f"from {file}: {reason}"):
            read(file)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("build", SPECIMENS.values(), ids=SPECIMENS)
def test_specimens_survive_and_give_the_same_bytes_twice(tmp_path, build, suffix):
    one, two = tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"
    write(build(), one)
    write(read(str(one)), two)
    assert fingerprint(read(two)) == fingerprint(build())
    assert one.read_bytes() == two.read_bytes()
    assert sorted(tmp_path.iterdir()) == [one, two]  # no temporary file is left


def test_every_kind_of_float32_survives_text(tmp_path):
    rng = np.random.default_rng(0)
    bits = rng.integers(2**32, size=20_000, dtype=np.uint32).view(np.float32)
    tiny = [1e-45, -0.0, 0.0, np.finfo(np.float32).max, np.finfo(np.float32).tiny]
    weight = np.concatenate([bits[np.isfinite(bits)], np.float32(tiny)])
    place = np.arange(len(weight))
    graph = from_links([200, 200], place % 200, 200 + place // 200, weight)
    write(graph, tmp_path / "all.graphml")
    assert links(read(tmp_path / "all.graphml"))[2].tobytes() == weight.tobytes()


def test_graphml_keeps_further_attributes_and_numpy_numbers(tmp_path):
    graph = one_layer()
    graph["name"] = "first layer"
    graph.vs["label"] = list("abcde")
    graph.es["weight"] = list(np.float32(graph.es["weight"]))
    write(graph, tmp_path / "more.graphml")
    again = read(tmp_path / "more.graphml")
    assert again["name"] == "first layer"
    assert again.vs["label"] == list("abcde")
    assert set(again.vs.attributes()) == {"depth", "bias", "type", "label"}
    assert fingerprint(again) == fingerprint(one_layer())


EXACT = (
    [1, 10**15, -3], [np.int64(2), 3, 4], [0.5, float("inf"), -0.0],
    [True, False, True],
    list(np.array([True, False, True])), ["a", "", " b\t\n"], ["é", "日", "<&>\x7f"],
    list(np.array(["1", "nan", "true"])),
)  # fmt: skip
REFUSED = (
    [2**53, 0, 0], [np.int64(2**60 + 1), 0, 0], [5e-324, 0.0, 0.0], ["a", None, "c"],
    [None] * 3, [[1], [2], [3]], [b"a"] * 3, [1j] * 3, [True, 1, 0], ["a\0b", "", ""],
    ["\x01", "", ""], ["\r", "", ""], ["\ud800", "", ""], ["\uffff", "", ""],
    [1.7976931348623157e308, 0.0, 0.0],
)  # fmt: skip
PLAIN = ("a", True)  # first of what is wrong only beside others


@pytest.mark.parametrize("values", [*EXACT, *REFUSED])
def test_attributes_of_ones_own_come_back_or_are_refused(tmp_path, values):
    for name, place in product(("mine", "id", "a<b>"), ("vs", "es", "graph")):
        graph = from_links([1, 2], [0, 0], [1, 2], [0.5, 1])
        held = {"vs": graph.vs, "es": graph.es, "graph": graph}[place]
        asked = values[0] if place == "graph" else values[: len(held)]
        held[name] = asked
        # A file has ids of its own for vertices; what is wrong stands first.
        wrong = values in REFUSED and not (place == "graph" and values[0] in PLAIN)
        if wrong or (place == "vs" and name == "id"):
            with pytest.raises(InputError, match=f"attribute '?{name}"):
                write(graph, tmp_path / "mine.graphml")
            continue
        write(graph, tmp_path / "mine.graphml")
        again = read(tmp_path / "mine.graphml")
        found = {"vs": again.vs, "es": again.es, "graph": again}[place][name]
        assert found == asked


def test_digits_beyond_the_15_of_a_file_are_told_once(tmp_path):
    graph = one_layer()
    graph.vs["third"], graph.es["tenth"] = [1 / 3] * 5, [0.1] * graph.ecount()
    with pytest.warns(UserWarning, match="15 digits, to which those of third") as seen:
        write(graph, tmp_path / "digits.graphml")
    assert len(seen) == 1
    assert read(tmp_path / "digits.graphml").es["tenth"] == graph.es["tenth"]
    graph.vs["thi\x01rd"] = [1] * 5
    with pytest.raises(InputError, match="vertex attribute"):
        write(graph, tmp_path / "digits.graphml")


def test_graphml_of_another_program_is_read(tmp_path):
    other = nx.DiGraph()
    for k, depth in enumerate([0, 0, 1]):
        other.add_node(k, depth=depth, bias=0.0, type=depth == 1)
    other.add_edge(0, 2, weight=0.1)
    nx.write_graphml(other, tmp_path / "other.graphml")
    expected = from_links([2, 1], [0], [2], [0.1])
    assert fingerprint(read(tmp_path / "other.graphml")) == fingerprint(expected)


@pytest.mark.parametrize("name", ["a.gml", "a", "a.graphml.gz"])
def test_other_suffixes_are_refused_with_the_allowed_ones(tmp_path, name):
    with pytest.raises(InputError, match=r"end in \.graphml, \.npz or \.csv; got"):
        write(path(), tmp_path / name)
    with pytest.raises(InputError, match=r"end in \.graphml or \.npz; got"):
        read(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_list_of_links_keeps_their_order_and_every_bit_and_nothing_else(tmp_path):
    write(one_layer(), tmp_path / "a.csv")
    text = "source,target,weight\n0,3,0.5\n1,3,-1.0\n1,4,2.0\n2,4,-0.25\n"
    assert (tmp_path / "a.csv").read_text() == text
    weight = np.float32([0.1, 1e-45, -0.0, np.finfo(np.float32).max])
    write(from_links([2, 2], [0, 1, 0, 1], [2, 2, 3, 3], weight), tmp_path / "b.csv")
    rows = np.loadtxt(tmp_path / "b.csv", np.float32, delimiter=",", skiprows=1)
    assert rows[:, 2].tobytes() == weight.tobytes()
    with pytest.raises(InputError, match=r"end in \.graphml or \.npz; got 'b\.csv'"):
        read(tmp_path / "b.csv")


# What igraph's own formats lose, as the docstring of `files` says
LOSSES = {
    # format: neurons, depths come back, biases come back, weights come back
    "gml": (5, float, True, True),
    "pajek": (5, None, False, True),
    "ncol": (4, None, False, True),
    "edgelist": (4, None, False, False),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # igraph says some of it
@pytest.mark.parametrize("form", LOSSES)
def test_other_formats_of_igraph_lose_what_is_said(tmp_path, form):
    graph = from_links([2, 3], [1, 0], [3, 2], [0.1, -1], [0, 0, 0.1, 0, 0])
    file = str(tmp_path / "a")
    graph.write(file, format=form)
    again = igraph.Graph.Read(file, format=form)
    neurons, depth, bias, weight = LOSSES[form]
    vertices = again.vs.attributes()
    assert again.vcount() == neurons
    assert ("depth" in vertices) == (depth is not None)
    assert ("bias" in vertices) == bias
    assert ("weight" in again.es.attributes()) == weight
    if form == "gml":
        assert {type(value) for value in again.vs["depth"] + again.vs["type"]} == {
            float
        }
        assert "id" in vertices
    if form == "ncol":
        assert again.vs["name"] == ["1", "3", "0", "2"]  # in order of appearance
    with pytest.raises(InputError):
        check(again)


def test_npz_loses_what_is_beyond_the_contract_and_graphml_does_not(tmp_path):
    graph = one_layer()
    graph.vs["label"] = list("abcde")
    for suffix, kept in ((".npz", False), (".graphml", True)):
        write(graph, tmp_path / f"a{suffix}")
        again = read(tmp_path / f"a{suffix}")
        assert ("label" in again.vs.attributes()) == kept
        assert sizes(again) == (3, 2)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_missing_files_and_folders_are_named(tmp_path, suffix):
    file = tmp_path / f"graph{suffix}"
    (tmp_path / "plain").touch()
    with pytest.raises(InputError, match=f"graph{suffix}: it is missing"):
        read(file)
    with pytest.raises(InputError, match="cannot write"):
        write(path(), tmp_path / "plain" / file.name)
    file.mkdir()
    with pytest.raises(InputError, match=f"graph{suffix}: it is a folder"):
        read(file)
    with pytest.raises(InputError, match="cannot write"):
        write(path(), file)
    assert sorted(tmp_path.iterdir()) == [file, tmp_path / "plain"]


def test_the_folder_of_a_file_is_made(tmp_path):
    write(path(), tmp_path / "new" / "one" / "graph.npz")
    assert fingerprint(read(tmp_path / "new" / "one" / "graph.npz")) == fingerprint(
        path()
    )


def test_a_broken_graph_is_not_written_and_the_old_file_stays(tmp_path):
    file = tmp_path / "graph.npz"
    write(path(), file)
    with pytest.raises(InputError, match="directed"):
        write(igraph.Graph(2), file)
    assert fingerprint(read(file)) == fingerprint(path())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_truncated_file_is_one_input_error(tmp_path, suffix):
    file = tmp_path / f"graph{suffix}"
    write(one_layer(), file)
    whole = file.read_bytes()
    for size in range(0, len(whole) - 2, max(1, len(whole) // 60)):
        file.write_bytes(whole[:size])
        with pytest.raises(InputError, match=f"no graph can be read from .*{suffix}"):
            read(file)


def test_an_altered_npz_is_refused_or_unchanged(tmp_path):
    file = tmp_path / "graph.npz"
    write(one_layer(), file)
    whole, refused = file.read_bytes(), 0
    for position in range(len(whole)):
        raw = bytearray(whole)
        raw[position] ^= 0xFF
        file.write_bytes(raw)
        try:
            again = read(file)
        except InputError:
            refused += 1
        else:  # some bytes of a zip file, such as time stamps, carry nothing
            assert fingerprint(again) == fingerprint(one_layer())
    assert refused > len(whole) / 2


CHANGES = {
    "DOCTYPE": ("<graphml", '<!DOCTYPE g [<!ENTITY a "1">]><graphml'),
    "not well-formed": ("</graph>", ""),
    "weight must be finite": (">-0.25<", ">nan<"),
    "weight must be finite in float32": (">-0.25<", ">1e300<"),
    "Unexpected character|parsing": (">-0.25<", ">lots<"),
    "joins depth 0 to 0": ('target="n4"', 'target="n0"'),
    "edge of it ends at the node 'n9', which": ('target="n4"', 'target="n9"'),
    "holds the node 'n3' more than once": ('id="n4"', 'id="n3"'),
    "parallel": ('source="n1" target="n4"', 'source="n1" target="n3"'),
    "depth must hold one row of integers": ('"v_depth">1<', '"v_depth">0.5<'),
    "directed": ('"directed"', '"undirected"'),
    "Unknown attribute key": ('<data key="e_weight">', '<data key="e_other">'),
    "vertex attribute bias": ('name="bias"', 'name="other"'),
    "type must be the side": ('"v_type">true', '"v_type">false'),
}


@pytest.mark.parametrize("clause", CHANGES)
def test_graphml_that_breaks_the_contract_is_refused(tmp_path, clause):
    file = tmp_path / "layer.graphml"
    write(one_layer(), file)
    text = without_digest(file).read_text()
    assert CHANGES[clause][0] in text
    file.write_text(text.replace(*CHANGES[clause], 1))
    with pytest.raises(InputError, match=clause) as caught:
        read(file)
    assert "layer.graphml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_doctype_is_seen_in_every_encoding(tmp_path):
    file = tmp_path / "layer.graphml"
    write(one_layer(), file)
    text = (
        without_digest(file).read_text().replace("<graphml", "<!DOCTYPE g><graphml", 1)
    )
    for encoding in ("utf-16", "utf-7", "iso-8859-1"):
        file.write_bytes(text.replace("UTF-8", encoding, 1).encode(encoding))
        with pytest.raises(InputError, match=r"DOCTYPE|well-formed"):
            read(file)


def test_a_link_that_skips_a_depth_is_refused(tmp_path):
    file = tmp_path / "stack.graphml"
    write(path(), file)
    text = without_digest(file).read_text()
    old, new = 'source="n1" target="n2"', 'source="n1" target="n3"'
    assert old in text
    file.write_text(text.replace(old, new))
    with pytest.raises(InputError, match="joins depth 1 to 3"):
        read(file)


def test_depths_and_sides_come_back_as_integers_and_booleans(tmp_path):
    write(one_layer(), tmp_path / "layer.graphml")
    raw = igraph.Graph.Read_GraphML(str(tmp_path / "layer.graphml"))
    assert {type(depth) for depth in raw.vs["depth"]} == {float}  # the trap
    graph = read(tmp_path / "layer.graphml")
    assert {type(depth) for depth in graph.vs["depth"]} == {int}
    assert {type(side) for side in graph.vs["type"]} == {bool}


def _npz(**changes):
    arrays = {
        "sizes": np.array([1, 1]), "first_depth": np.array(0), "source": np.array([0]),
        "target": np.array([1]), "weight": np.float32([1]), "bias": np.float32([0, 0]),
    }  # fmt: skip
    arrays |= changes
    return {name: array for name, array in arrays.items() if array is not None}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bias": None}, "it must hold the arrays sizes"),
        ({"more": np.zeros(1)}, "it must hold the arrays sizes"),
        ({"source": np.array([{}])}, "Object arrays"),
        ({"source": np.array([1])}, "joins depth 1 to 1"),
        ({"weight": np.float32([math.nan])}, "finite"),
        ({"first_depth": np.array(0.5)}, "integers"),
        ({"first_depth": np.array([0, 1])}, "integers"),
        ({"sizes": np.array(2)}, "integers"),
        ({"sizes": np.array([10**15, 1])}, "make 1000000000000001 neurons and its"),
        ({"sizes": np.array([-1, 3])}, "at least one neuron"),
    ],
)
def test_npz_with_other_arrays_is_refused(tmp_path, changes, reason):
    np.savez(tmp_path / "good.npz", **_npz())
    read(tmp_path / "good.npz")
    np.savez(tmp_path / "bad.npz", **_npz(**changes))
    with pytest.raises(InputError, match=f"bad.npz: .*{reason}"):
        read(tmp_path / "bad.npz")


def test_other_files_named_npz_are_refused(tmp_path):
    file = tmp_path / "odd.npz"
    with file.open("wb") as handle:
        np.save(handle, np.zeros(3))
    with pytest.raises(InputError, match="a single array"):
        read(file)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "no arrays")
    with pytest.raises(InputError, match="it must hold the arrays"):
        read(file)


def test_an_array_larger_than_its_file_gets_no_memory(tmp_path):
    file = tmp_path / "swollen.npz"
    head = io.BytesIO()
    shape = {"shape": (10**14,), "fortran_order": False, "descr": "<f4"}
    np.lib.format.write_array_header_1_0(head, shape)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in files.ARRAYS:
            archive.writestr(f"{name}.npy", head.getvalue() + b"\0" * 100)
    with pytest.raises(InputError, match=r"should hold 400\d+ bytes and holds 228"):
        read(file)


def test_a_file_that_swells_beyond_bounds_is_not_inflated(tmp_path, monkeypatch):
    file = tmp_path / "bomb.npz"
    np.savez_compressed(file, **_npz(weight=np.zeros(10**6, np.float32)))
    assert file.stat().st_size < 10**4
    monkeypatch.setattr(files, "MOST_BYTES", 10**6)
    with pytest.raises(InputError, match=r"take 400\d+ bytes, more than the 1000000"):
        read(file)


def test_graphml_is_parsed_in_another_process(tmp_path, monkeypatch):
    called = []

    def guarded(parse, path, what, **limits):
        called.append((parse, what, sorted(limits)))
        return parse(path)

    monkeypatch.setattr(files, "guarded", guarded)
    write(one_layer(), tmp_path / "layer.graphml")
    assert fingerprint(read(tmp_path / "layer.graphml")) == fingerprint(one_layer())
    what = "the GraphML file layer.graphml"
    assert called == [(files.parse_graphml, what, ["memory", "seconds"])]


def test_a_file_read_by_igraph_alone_is_pointed_to_our_reader(tmp_path):
    write(one_layer(), tmp_path / "layer.graphml")
    raw = igraph.Graph.Read_GraphML(str(tmp_path / "layer.graphml"))
    with pytest.raises(InputError, match=r"read the file with netrobust\.read"):
        check(raw)


def test_a_file_that_igraph_wrote_again_is_read(tmp_path):
    write(one_layer(), tmp_path / "layer.graphml")
    raw = igraph.Graph.Read_GraphML(str(tmp_path / "layer.graphml"))
    raw.write_graphml(str(tmp_path / "again.graphml"))
    again = read(tmp_path / "again.graphml")
    for before, after in zip(links(one_layer()), links(again), strict=True):
        np.testing.assert_array_equal(before, after)
