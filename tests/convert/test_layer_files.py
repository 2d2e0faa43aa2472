"""Networks of other programs: states, matrices and files, whole or refused."""

import pickle
import zipfile
from contextlib import suppress

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pruned import WAYS, convnet, drawn, held, mlp, unstructured
from safetensors.torch import save_file
from scipy.io import savemat
from scipy.sparse import (
    bsr_array,
    coo_array,
    csc_array,
    csr_array,
    csr_matrix,
    lil_matrix,
    load_npz,
    save_npz,
)
from specimens import SPECIMENS, empty_layer, fingerprint, layered_graphs, one_layer

from netrobust.convert import checkpoint_files as checkpoints
from netrobust.convert import layer_files as foreign
from netrobust.convert.layer_files import read_layers
from netrobust.convert.module_graphs import to_layers
from netrobust.convert.networkx_graphs import from_networkx, to_networkx
from netrobust.convert.scipy_matrices import from_scipy, to_scipy, write_scipy
from netrobust.convert.state_dicts import state_layers
from netrobust.core.errors import InputError
from netrobust.graphs.graph import (
    biases,
    check,
    from_links,
    layers,
    links,
    sizes,
    write,
)


@pytest.fixture
def here(monkeypatch):
    """Parse in this process, for each child takes its time; one test has children."""
    for module in (foreign, checkpoints):
        monkeypatch.setattr(
            module, "guarded", lambda parse, *args, **limits: parse(*args)
        )


def same_layers(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert fingerprint(check(one)) == fingerprint(other)
        assert one["name"] == other["name"]
    return True


# States


@pytest.mark.parametrize("prune_it", WAYS)
@pytest.mark.parametrize("make", [convnet, mlp])
def test_a_state_has_the_layers_of_its_module(make, prune_it, tmp_path, here):
    module = prune_it(make())
    state, expected = module.state_dict(), to_layers(module)
    # A state does not tell the order, which a module of linear layers shows.
    chain = {"order": [one["name"] for one in expected]} if make is mlp else {}
    assert same_layers(state_layers(state, **chain), expected)
    arrays = {name: value.numpy() for name, value in state.items()}
    assert same_layers(state_layers(arrays, **chain), expected)
    torch.save(state, tmp_path / "a.pt")
    assert same_layers(read_layers(tmp_path / "a.pt", **chain), expected)
    torch.save({"epoch": 3, "state_dict": state}, tmp_path / "b.pth")
    assert same_layers(read_layers(str(tmp_path / "b.pth"), **chain), expected)


def test_a_safetensors_file_has_the_layers_of_its_module(tmp_path):
    module = unstructured(convnet())
    save_file(module.state_dict(), tmp_path / "a.safetensors")
    found = {one["name"]: one for one in read_layers(tmp_path / "a.safetensors")}
    expected = {one["name"]: one for one in to_layers(module)}
    assert set(found) == set(expected)  # the format sorts names its own way
    for name, graph in found.items():
        assert held(graph)[0][2] == held(expected[name])[0][2]
        assert sizes(graph) == sizes(expected[name])


def test_numbers_of_any_precision_are_read():
    for dtype in (torch.float16, torch.bfloat16, torch.float64):
        state = {"a.weight": torch.tensor([[0.5, 0.0]], dtype=dtype)}
        assert held(state_layers(state)[0]) == [(0, 2, 0.5)]


def test_groups_are_told_beside_the_state():
    state = {"conv.weight": torch.ones(4, 1, 3, 3)}
    assert sizes(state_layers(state)[0]) == (1, 4)
    (graph,) = state_layers(state, groups={"conv": 4})
    assert [link[:2] for link in held(graph)] == [(0, 4), (1, 5), (2, 6), (3, 7)]


TENSOR = torch.ones(2, 3)


@pytest.mark.parametrize(
    ("state", "groups", "reason"),
    [
        ([TENSOR], None, "a state must be a mapping of names to tensors"),
        ({}, None, "it holds nothing"),
        ({"a.bias": TENSOR[0]}, None, r"has no weight of 2 .* it holds a\.bias"),
        ({"weight": TENSOR.to(torch.complex64)}, None, "the layer must be given by"),
        ({"a.weight": TENSOR, "a.bias": TENSOR}, None, "tensors of a do not fit"),
        ({"a.weight_orig": TENSOR}, None, "a has weight_orig and no weight_mask"),
        (
            {"a.weight_orig": TENSOR, "a.weight_mask": TENSOR[0]}, None, "do not fit"
        ),
        ({"a.weight": TENSOR}, {"a": 2}, "do not fit each other: weight .* 2 groups"),
        ({"a.weight": TENSOR}, {"b": 2}, "the state has no convolution 'b'"),
        ({"a.weight": torch.ones(3, 1, 2, 2)}, {"a": 2}, "do not fit each other"),
        ({"a.weight": torch.ones(0, 3)}, None, "has 3 inputs and 0 outputs"),
        ({"a.weight": TENSOR * np.inf}, None, "a holds numbers that are not finite"),
        ({"a.weight": np.array([["b"]])}, None, "tensors or arrays of real numbers"),
    ],
)  # fmt: skip
def test_states_without_layers_are_refused(state, groups, reason):
    with pytest.raises(InputError, match=reason):
        state_layers(state, groups)


# Scipy


@pytest.mark.parametrize("build", SPECIMENS.values(), ids=SPECIMENS)
def test_a_layer_survives_the_way_through_scipy(build, tmp_path):
    for layer in layers(build()):
        first = layer.vs[0]["depth"]
        bias = biases(layer)[sizes(layer)[0] :]
        again = from_scipy(to_scipy(layer), bias, first)
        assert held(again) == held(layer)
        assert sizes(again) == sizes(layer)
        assert again.vs["depth"] == layer.vs["depth"]
        write_scipy(layer, tmp_path / "layer.npz")
        assert (load_npz(tmp_path / "layer.npz") != to_scipy(layer)).nnz == 0
        assert held(read_layers(tmp_path / "layer.npz")[0]) == held(layer)


def test_stored_zeros_are_links_in_every_format(tmp_path):
    graph = from_links([2, 3], [0, 1, 1], [3, 2, 4], [0, -0.5, 2])
    matrix = to_scipy(graph)
    assert matrix.nnz == 3
    old = csr_matrix(matrix)  # as SET has it
    for one in (matrix, csc_array(matrix), coo_array(matrix), old, old.tocsc()):
        assert held(from_scipy(one)) == held(graph)
        save_npz(tmp_path / "a.npz", one)
        assert held(read_layers(tmp_path / "a.npz")[0]) == held(graph)
    grown = lil_matrix((2, 3))
    grown[0, 1] = 1.5
    assert held(from_scipy(grown)) == [(0, 3, 1.5)]


def test_what_is_no_layer_is_refused_by_scipy_doors(tmp_path):
    with pytest.raises(InputError, match=r"must be a sparse one of scipy.*ndarray"):
        from_scipy(np.eye(2))
    with pytest.raises(InputError, match="a stack of 2: take its layers one by one"):
        to_scipy(empty_layer())
    with pytest.raises(InputError, match=r"must end in \.npz; got 'a\.mtx'"):
        write_scipy(one_layer(), tmp_path / "a.mtx")
    with pytest.raises(InputError, match="no two links may be parallel"):
        from_scipy(coo_array(([1.0, 2.0], ([0, 0], [1, 1])), shape=(2, 2)))
    with pytest.raises(InputError, match="finite"):
        from_scipy(csr_array([[np.nan]]))
    with pytest.raises(InputError, match="one value for each of the 2 targets"):
        from_scipy(csr_array((1, 2)), bias=[1, 2, 3])
    with pytest.raises(InputError, match="at most 10000000 together"):
        from_scipy(csr_array((10**7, 1)))


# Networkx


@given(graph=layered_graphs(max_depth=3))
def test_a_graph_survives_the_way_through_networkx(graph):
    other = to_networkx(graph)
    again = from_networkx(other)
    assert held(again) == held(graph)
    assert again.vs["depth"] == graph.vs["depth"]
    assert biases(again).tobytes() == biases(graph).tobytes()
    assert other.number_of_nodes() == graph.vcount()
    sides = nx.get_node_attributes(other, "bipartite")
    assert all(sides[one] != sides[two] for one, two in other.edges)
    back = from_networkx(other.to_undirected())
    assert held(back) == held(graph)


def test_a_bipartite_graph_of_another_program_is_read():
    other = nx.Graph()
    other.add_nodes_from(["out", "more"], bipartite=1, bias=0.5)
    other.add_nodes_from(["in"], bipartite=0)
    other.add_edge("out", "in", weight=np.float32(0.1))
    other.add_edge("in", "more")
    expected = from_links([1, 2], [0, 0], [1, 2], [0.1, 1], [0, 0.5, 0.5])
    graph = from_networkx(other)
    assert held(graph) == held(expected)
    assert biases(graph).tolist() == [0, 0.5, 0.5]
    affiliation = nx.bipartite.random_graph(4, 3, 0.5, seed=1)
    assert sizes(from_networkx(affiliation)) == (4, 3)


def _nx(kind=nx.DiGraph, edges=(("a", "b"),), **sides):
    made = kind(edges)
    nx.set_node_attributes(made, sides or {"a": 0, "b": 1}, "bipartite")
    return made


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: one_layer(), "must be one of networkx; got Graph"),
        (nx.Graph, "at two depths at least"),
        (lambda: nx.Graph([(0, 1)]), "every node must have bipartite"),
        (lambda: _nx(a=0, b=None), "every node must have bipartite"),
        (lambda: _nx(edges=["ab", "bc"], a=0, b=1, c=2), "every node must have bi"),
        (lambda: _nx(a=0, b=True), "every node must have bipartite"),
        (lambda: _nx(a=0), "every node must have bipartite"),
        (lambda: _nx(a=1, b=0), "must join depth d to d"),
        (lambda: _nx(nx.Graph, [("a", "b"), ("a", "a")]), "must join depth d to d"),
        (
            lambda: _nx(nx.MultiDiGraph, [("a", "b")] * 2),
            "no two links may be parallel",
        ),
        (lambda: _nx(a=0, b=0), "must give at least two depths"),
    ],
)
def test_other_graphs_of_networkx_are_refused(make, reason):
    with pytest.raises(InputError, match=reason):
        from_networkx(make())


def test_attributes_that_are_no_numbers_are_refused():
    graph = _nx()
    graph.edges["a", "b"]["weight"] = "heavy"
    with pytest.raises(InputError, match="weight must be a number everywhere"):
        from_networkx(graph)
    graph = _nx()
    graph.nodes["b"]["bias"] = None
    with pytest.raises(InputError, match="bias must be a number everywhere; got None"):
        from_networkx(graph)
    graph = _nx()
    nx.set_node_attributes(graph, {"a": 0, "b": 2**30}, "depth")
    with pytest.raises(InputError, match="rise without gaps"):
        from_networkx(graph)


# Files


def test_an_adjacency_matrix_of_cht_is_read(tmp_path, here):
    mask = (drawn().random((5, 3)) < 0.5).astype(np.float32)
    file = tmp_path / "10.mat"
    expected = sorted((int(s), int(t) + 5, 1.0) for s, t in np.argwhere(mask))
    other = {"epoch": 3.0, "res": np.ones((2, 2))}
    for variables in (
        {"adjacency_matrix": mask},
        {"adjacency_matrix": mask, **other},
        {"adjacency_matrix": csc_array(mask)},
        {"adj": mask.astype(bool)},
        {"adj": mask.astype(np.int8)},
    ):
        savemat(file, variables, do_compression="epoch" in variables)
        (graph,) = read_layers(file)
        assert held(check(graph)) == expected
        assert sizes(graph) == (5, 3)
        assert graph["name"] == next(iter(variables))


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({}, "or one called adjacency_matrix; it holds none"),
        ({"a": np.eye(2), "b": np.ones((1, 2, 2))}, "it holds a, b"),
        ({"adj": "text"}, "it must hold matrices of two"),
        ({"adj": np.array([["a", 1]], object)}, "adj in it is no matrix of real"),
        ({"adj": np.eye(2) * 1j}, "no matrix of real numbers"),
        ({"adj": np.full((2, 2), np.nan)}, "finite"),
        ({"adj": np.ones((2, 2, 2))}, "it must hold matrices of two"),
        ({"adj": {"a": 1}}, "no matrix of real numbers"),
        ({"adj": np.zeros((0, 0))}, "has 0 inputs and 0 outputs"),
    ],
)
def test_other_matlab_files_are_refused(tmp_path, here, variables, reason):
    savemat(tmp_path / "a.mat", variables)
    with pytest.raises(InputError, match=rf"from .*a\.mat: .*{reason}"):
        read_layers(tmp_path / "a.mat")


def test_strangers_are_parsed_in_a_child_process(tmp_path):
    savemat(tmp_path / "a.mat", {"adjacency_matrix": np.eye(3)})
    assert read_layers(tmp_path / "a.mat")[0].ecount() == 3
    (tmp_path / "b.mat").write_bytes((tmp_path / "a.mat").read_bytes()[:150])
    with pytest.raises(InputError, match=r"MATLAB file b\.mat cannot be read: its pa"):
        read_layers(tmp_path / "b.mat")
    crashes = bytearray((tmp_path / "a.mat").read_bytes())
    crashes[172] ^= 32  # scipy reads beyond its memory
    (tmp_path / "c.mat").write_bytes(bytes(crashes))
    with pytest.raises(InputError, match=r"MATLAB file c\.mat cannot be read: its pa"):
        read_layers(tmp_path / "c.mat")
    torch.save(mlp().state_dict(), tmp_path / "a.pt")
    found = read_layers(tmp_path / "a.pt", order=["1", "3", "5"])
    assert same_layers(found, to_layers(mlp()))


def test_no_pickle_is_ever_run(tmp_path, here):
    class Evil:
        def __reduce__(self):
            return (print, ("this must not run",))

    for name in ("a.pt", "a.pth"):
        torch.save({"a.weight": Evil()}, tmp_path / name)
        with pytest.raises(InputError, match=r"save module\.state_dict\(\)"):
            read_layers(tmp_path / name)
        torch.save(mlp(), tmp_path / name)
        with pytest.raises(InputError, match="torch reads no tensors from it"):
            read_layers(tmp_path / name)
        (tmp_path / name).write_bytes(pickle.dumps(Evil()))
        with pytest.raises(InputError, match="torch reads no tensors from it"):
            read_layers(tmp_path / name)
    np.savez(tmp_path / "a.npz", w=np.array([Evil()], dtype=object))
    with pytest.raises(InputError, match="Object arrays"):
        read_layers(tmp_path / "a.npz")
    torch.save([TENSOR], tmp_path / "a.pt")
    with pytest.raises(InputError, match="it holds a list and no state"):
        read_layers(tmp_path / "a.pt")


def test_a_tensor_larger_than_its_memory_is_refused(tmp_path, here):
    torch.save({"a.weight": torch.ones(1).expand(10**6, 10**6)}, tmp_path / "a.pt")
    with pytest.raises(InputError, match=r"a\.weight in it is no whole dense tensor"):
        read_layers(tmp_path / "a.pt")


def test_matrices_of_an_npz_file_are_layers_in_their_order(tmp_path):
    one, two, three = np.eye(3, 4), np.ones((4, 2)), np.ones((5, 1))
    np.savez_compressed(tmp_path / "a.npz", b=one, a=two, c=three)
    graphs = read_layers(tmp_path / "a.npz")
    assert [graph["name"] for graph in graphs] == ["b", "a", "c"]
    assert [sizes(graph) for graph in graphs] == [(3, 4), (4, 2), (5, 1)]
    assert [graph.vs[0]["depth"] for graph in graphs] == [0, 2, 4]
    graphs = read_layers(tmp_path / "a.npz", order=["b", "a", "c"])
    assert [graph.vs[0]["depth"] for graph in graphs] == [0, 1, 3]


def test_files_of_netrobust_are_lists_of_layers_too(tmp_path, here):
    for suffix in (".npz", ".graphml"):
        write(empty_layer(), tmp_path / f"a{suffix}")
        found = read_layers(tmp_path / f"a{suffix}")
        assert list(map(fingerprint, found)) == [
            fingerprint(one) for one in layers(empty_layer())
        ]
    save_file({"head.weight": TENSOR}, tmp_path / "a.safetensors", {"netrobust": "{}"})
    with pytest.raises(InputError, match="network of netrobust, for load_network"):
        read_layers(tmp_path / "a.safetensors")


def _sparse(**changes):
    arrays = {
        "format": np.array(b"csr"), "shape": np.array([2, 2]),
        "data": np.ones(2), "indices": np.array([0, 1]), "indptr": np.array([0, 1, 2]),
    }  # fmt: skip
    return {**arrays, **changes}


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        (
            {"inputLayerConnections": np.ones((2, 2))},
            "of SET, counts the links of ever",
        ),
        ({}, "it holds no array"),
        ({"a": np.ones(3)}, "a has 1"),
        ({"a": np.array([["b"]])}, "a in it is no matrix of real numbers"),
        (_sparse(format=np.array(b"bsr")), "format 'bsr' is none of csr, csc and coo"),
        (_sparse(format=np.array(b"coo")), "not whole"),
        (_sparse(shape=np.array([2, 2, 2])), "not those of a sparse matrix"),
        (_sparse(shape=np.array([-1, 2]), indptr=np.array([], int)), "not those of a"),
        (_sparse(shape=np.array([10**15, 2])), "index pointers do not fit"),
        (_sparse(shape=np.array([2, 10**15])), "has 2 inputs and 1000000000000000 out"),
        (_sparse(indptr=np.array([0, 2, 1])), "index pointers do not fit"),
        (_sparse(indptr=np.array([0, 1, 3])), "index pointers do not fit"),
        (_sparse(indptr=np.array([1, 1, 2])), "index pointers do not fit"),
        (_sparse(indices=np.array([0, 2])), "links must join neurons"),
        (_sparse(indices=np.array([0, -1])), "must join depth d to d"),
        (_sparse(indices=np.array([0])), "indices are not as many as its data"),
        (_sparse(indices=np.array([0.5, 1])), "not those of a sparse matrix"),
        (_sparse(data=np.ones((2, 2))), "not those of a sparse matrix"),
        (_sparse(data=np.ones(2, complex)), "not those of a sparse matrix"),
    ],
)
def test_npz_files_that_are_no_layers_are_refused(tmp_path, arrays, reason):
    np.savez(tmp_path / "sound.npz", **_sparse())
    assert held(read_layers(tmp_path / "sound.npz")[0]) == [(0, 2, 1), (1, 3, 1)]
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(InputError, match=rf"from .*a\.npz: .*{reason}"):
        read_layers(tmp_path / "a.npz")


def test_a_matrix_in_blocks_is_refused_from_a_file_and_read_from_memory(tmp_path):
    matrix = bsr_array(np.eye(4), blocksize=(2, 2))
    save_npz(tmp_path / "a.npz", matrix)
    with pytest.raises(InputError, match=r"convert with tocsr\(\) before saving"):
        read_layers(tmp_path / "a.npz")
    assert from_scipy(matrix).ecount() == 8  # the zeros of its blocks are stored


@pytest.mark.parametrize("name", ["a.tar", "a", "a.pkl"])
def test_other_files_are_refused_with_the_known_suffixes(tmp_path, name):
    with pytest.raises(InputError, match=r"must end in \.safetensors, \.pt, .*got 'a"):
        read_layers(tmp_path / name)


def test_missing_files_folders_and_idle_groups_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"from .*a\.npz: it is missing"):
        read_layers(tmp_path / "a.npz")
    (tmp_path / "b.pt").mkdir()
    with pytest.raises(InputError, match=r"from .*b\.pt: it is a folder"):
        read_layers(tmp_path / "b.pt")
    with pytest.raises(InputError, match="groups are those of a state dict"):
        read_layers(tmp_path / "a.graphml", groups={"a": 2})


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@given(data=st.data())
def test_an_altered_file_is_layers_or_one_sentence(tmp_path_factory, suffix, data):
    file = tmp_path_factory.getbasetemp() / f"altered{suffix}"
    if suffix == ".npz":
        save_npz(file, csr_array(np.eye(3)))
    else:
        save_file({"a.weight": TENSOR, "a.bias": TENSOR[:, 0].clone()}, file)
    altered = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(altered) - 1))
    if data.draw(st.booleans()):
        del altered[place:]
    else:
        altered[place] ^= data.draw(st.integers(1, 255))
    file.write_bytes(bytes(altered))
    with suppress(InputError):
        for graph in read_layers(file):
            check(graph)


def test_a_file_that_is_no_archive_at_all_is_refused(tmp_path):
    for suffix in (".npz", ".safetensors"):
        (tmp_path / f"a{suffix}").write_bytes(b"nothing of the kind")
        with pytest.raises(InputError, match="damaged or no"):
            read_layers(tmp_path / f"a{suffix}")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("../escaped.npy", b"")
    with pytest.raises(InputError, match="damaged or no"):
        read_layers(tmp_path / "a.npz")
    assert not (tmp_path.parent / "escaped.npy").exists()


def test_layers_of_files_go_through_measures_and_null_models(tmp_path):
    from netrobust.experiments.measure import measure
    from netrobust.graphs.null import randomise

    np.savez(tmp_path / "a.npz", one=np.eye(4), two=drawn().normal(size=(4, 3)))
    graphs = read_layers(tmp_path / "a.npz")
    assert measure(graphs, ["links"]).links.tolist() == [4, 12]
    null = randomise(graphs[1], "shuffle_all", drawn())
    assert sorted(links(null)[2]) == sorted(links(graphs[1])[2])
