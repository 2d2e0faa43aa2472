"""The graph contract: building, reading, splitting, joining and refusing graphs."""

import igraph
import numpy as np
import pytest
from hypothesis import given
from specimens import SPECIMENS, empty_layer, fingerprint, layered_graphs, one_layer

from netrobust.core.errors import InputError
from netrobust.graphs.graph import (
    biases,
    check,
    first_depth,
    from_links,
    layers,
    links,
    sizes,
    stack,
    write,
)
from netrobust.graphs.measure import MEASURES, degrees, strengths
from netrobust.graphs.null import NULL_MODELS, randomise
from netrobust.graphs.perturb import PERTURBATIONS, Damage, apply, removed_fraction


@given(layered_graphs(max_depth=3))
def test_arrays_return_as_they_came(graph):
    again = from_links(sizes(graph), *links(graph), biases(graph), first_depth(graph))
    assert fingerprint(again) == fingerprint(graph)
    assert check(again) is again


@given(layered_graphs())
def test_stack_is_the_inverse_of_layers(graph):
    parts = layers(graph)
    assert len(parts) == len(sizes(graph)) - 1
    assert fingerprint(stack(parts)) == fingerprint(graph)
    for part, again in zip(parts, layers(stack(parts)), strict=True):
        assert fingerprint(part) == fingerprint(check(again))


@pytest.mark.parametrize("build", SPECIMENS.values(), ids=SPECIMENS)
def test_specimens_keep_the_contract(build):
    graph = build()
    assert check(graph) is graph
    assert ("type" in graph.vs.attributes()) == (len(sizes(graph)) == 2)


def test_link_order_is_that_of_the_arrays():
    graph = from_links([2, 2], [1, 0, 1], [3, 3, 2], [3, 1, 2])
    source, target, weight = links(graph)
    assert (source.dtype, target.dtype, weight.dtype) == ("int64", "int64", "float32")
    assert source.tolist() == [1, 0, 1]
    assert target.tolist() == [3, 3, 2]
    assert weight.tolist() == [3, 1, 2]
    assert graph.vs["type"] == [False, False, True, True]


def test_layers_keep_depths_and_biases_of_both_sides():
    graph = from_links([1, 2, 1], [0, 1, 2], [2, 3, 3], [1, 2, 3], [0, 0.5, -1, 2])
    first, second = layers(graph)
    assert first.vs["depth"] == [0, 1, 1]
    assert second.vs["depth"] == [1, 1, 2]
    assert second.vs["type"] == [False, False, True]
    assert second.vs["bias"] == [0.5, -1, 2]
    assert second.get_edgelist() == [(0, 2), (1, 2)]


@pytest.mark.parametrize(
    ("arguments", "clause"),
    [
        ({"sizes": [3]}, "at least two depths"),
        ({"sizes": [2, 0]}, "at least one neuron"),
        ({"sizes": [2.0, 2.0]}, "integers"),
        ({"first_depth": -1}, "depth must start at 0"),
        ({"first_depth": 0.5}, "first_depth must hold one row of integers"),
        ({"source": [0.0]}, "source must hold one row of integers"),
        ({"source": [[0]]}, "source must hold one row of integers"),
        ({"source": [0, 1]}, "equally long"),
        ({"source": [-1]}, "neurons 0 to 3; got -1"),
        ({"target": [4]}, "neurons 0 to 3; got 4"),
        ({"target": [1]}, "joins depth 0 to 0"),
        ({"source": [2], "target": [0]}, "joins depth 1 to 0"),
        ({"weight": [np.nan]}, "weight must be finite in float32; got nan at 0"),
        ({"weight": [1e39]}, "weight must be finite in float32"),
        ({"weight": ["1"]}, "weight must hold one row of numbers"),
        ({"bias": [0, 0, 1]}, "one value per neuron, 4; got 3"),
        ({"bias": [0, 1, 0, 0]}, "bias must be 0 at depth 0; neuron 1 has 1"),
        ({"bias": [0, 0, np.inf, 0]}, "bias must be finite"),
        (
            {"source": [0, 1, 0], "target": [2, 2, 2], "weight": [1, 2, 3]},
            r"link 2 \(0 -> 2\) repeats",
        ),
    ],
)
def test_arrays_that_break_a_clause_are_refused(arguments, clause):
    sound = {"sizes": [2, 2], "source": [0], "target": [2], "weight": [1.0]}
    from_links(**sound)
    with pytest.raises(InputError, match=clause):
        from_links(**(sound | arguments))


def _without(graph, vertex=None, edge=None):
    if vertex:
        del graph.vs[vertex]
    if edge:
        del graph.es[edge]


def _reversed(graph):
    graph.add_edge(4, 0, weight=1.0)


BREAKS = {
    "must be directed": lambda g: g.to_undirected(),
    "vertex attribute depth": lambda g: _without(g, vertex="depth"),
    "depth must hold one row of integers": lambda g: g.vs.__setitem__("depth", 0.5),
    "depth must hold .* got": lambda g: g.vs.__setitem__("depth", [[1]] + [2, 3] * 2),
    "rise in steps of 1": lambda g: g.vs.__setitem__("depth", [0, 0, 0, 2, 2]),
    "vertices sorted": lambda g: g.vs.__setitem__("depth", [0, 1, 0, 1, 1]),
    "at two depths": lambda g: g.vs.__setitem__("depth", 0),
    "vertex attribute bias": lambda g: _without(g, vertex="bias"),
    "bias must be finite": lambda g: g.vs[4].__setitem__("bias", float("nan")),
    "bias must hold float32": lambda g: g.vs[4].__setitem__("bias", 0.1),
    "bias must be 0 at depth 0": lambda g: g.vs[0].__setitem__("bias", 1.0),
    "vertex attribute type": lambda g: _without(g, vertex="type"),
    "type must be the side": lambda g: g.vs.__setitem__("type", [0, 0, 0, 1, 1]),
    "edge attribute weight": lambda g: _without(g, edge="weight"),
    "weight must hold one row of numbers": lambda g: g.es[0].__setitem__("weight", "a"),
    "weight must hold one row .* None": lambda g: g.add_edge(0, 4),
    "weight must be finite": lambda g: g.es[0].__setitem__("weight", float("inf")),
    "weight must hold float32": lambda g: g.es[0].__setitem__("weight", 0.1),
    "joins depth 1 to 0": _reversed,
    "parallel": lambda g: g.add_edge(0, 3, weight=1.0),
}


@pytest.mark.parametrize("clause", BREAKS)
def test_check_names_the_broken_clause(clause):
    graph = one_layer()
    BREAKS[clause](graph)
    with pytest.raises(InputError, match=clause):
        check(graph)


@pytest.mark.parametrize("thing", [None, np.eye(2), igraph.Graph()])
def test_check_refuses_what_is_no_graph_of_neurons(thing):
    with pytest.raises(InputError):
        check(thing)


NO_GRAPHS = {
    "undirected": lambda: one_layer().as_undirected(),
    "without depth": lambda: igraph.Graph(2, [(0, 1)], directed=True),
    "without neurons": lambda: igraph.Graph(directed=True),
    "no graph": lambda: None,
    "an array": lambda: np.eye(2),
}


@pytest.mark.parametrize("make", NO_GRAPHS.values(), ids=NO_GRAPHS)
def test_no_function_takes_what_is_no_graph(make, tmp_path):
    rng = np.random.default_rng(0)
    functions = {
        "biases": biases, "first_depth": first_depth, "layers": layers, "links": links,
        "sizes": sizes, "degrees": degrees, "strengths": strengths,
        "apply": lambda graph: apply(graph, Damage([0])),
        "removed": lambda graph: removed_fraction(graph, Damage([0])),
        "stack": lambda graph: stack([graph]),
        "write": lambda graph: write(graph, tmp_path / "a.npz"),
    }  # fmt: skip
    for name, measure in MEASURES.items():
        functions[f"measure {name}"] = measure
    for name, perturbation in PERTURBATIONS.items():
        functions[name] = lambda graph, one=perturbation: one(graph, rng, 0.5)
    for name, null_model in NULL_MODELS.items():
        functions[name] = lambda graph, one=null_model: one(graph, rng)
        functions[f"randomise {name}"] = lambda graph, it=name: randomise(
            graph, it, rng
        )
    answered = []
    for name, function in functions.items():
        try:
            function(make())
        except InputError as error:
            assert "graph" in str(error)  # noqa: PT017
        else:
            answered.append(name)
    # Two ask nothing of a graph but that it is directed.
    free = {"measure links", "none"}
    allowed = free if isinstance(make(), igraph.Graph) else set()
    assert set(answered) <= allowed
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("function", "attribute"),
    [(links, "weight"), (strengths, "weight"), (biases, "bias"), (layers, "bias")],
)
def test_functions_name_the_attribute_they_miss(function, attribute):
    graph = one_layer()
    del (graph.vs if attribute == "bias" else graph.es)[attribute]
    with pytest.raises(InputError, match=f"must carry the .* attribute {attribute}"):
        function(graph)


def test_null_models_send_a_stack_to_randomise():
    rng = np.random.default_rng(0)
    for name in ("shuffle_all", "shuffle_by_sign", "degree_preserving", "erdos_renyi"):
        with pytest.raises(InputError, match=r"a stack of 2: draw all .* randomise"):
            NULL_MODELS[name](empty_layer(), rng)


def test_stack_refuses_layers_that_do_not_fit():
    first, second = layers(empty_layer())
    with pytest.raises(InputError, match="at least one layer"):
        stack([])
    with pytest.raises(InputError, match="neurons of depth 1"):
        stack([first, first])
    with pytest.raises(InputError, match=r"layer 2 .* starts with 3"):
        stack([first, from_links([3, 1], [], [], [], first_depth=1)])
    second.vs[0]["bias"] = 1.0
    with pytest.raises(InputError, match="same biases"):
        stack([first, second])
