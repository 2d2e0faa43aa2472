"""Laws over every measure: one value, always the same, of the graph and not its order.

The weights of the graphs drawn here span the whole range of float32.
"""

import igraph
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from specimens import SPECIMENS, fingerprint, layered_graphs

from netrobust.core.errors import InputError
from netrobust.graphs.graph import biases, first_depth, from_links, layers, links, sizes
from netrobust.graphs.measure import MEASURES, signed_measures

# Of a stack these are the mean over the layers that have a value.
OF_LAYERS = (
    "in_degree_dispersion", "out_degree_dispersion", "degree_assortativity",
    "clustering", "nestedness", "stable_rank", "absolute_disparity",
)  # fmt: skip

# What neurons without links do not change. Louvain may end elsewhere with them.
OF_LINKS = (
    "links", "degree_assortativity", "clustering", "nestedness", "paths",
    "spectral_radius", "largest_singular_value", "stable_rank", "absolute_disparity",
)  # fmt: skip

# What the sides of a layer have in common.
OF_BOTH_SIDES = (
    "links", "density", "degree_assortativity", "clustering", "nestedness",
    "giant_component", "spectral_radius", "largest_singular_value", "stable_rank",
)  # fmt: skip


def positive(graph: igraph.Graph) -> igraph.Graph:
    copy = graph.copy()
    copy.es["weight"] = np.abs(links(graph)[2]).tolist()
    return copy


def values(graph: igraph.Graph, names=tuple(MEASURES)) -> dict[str, float]:
    """Measure everything, on absolute weights where it must be."""
    signed = signed_measures()
    return {
        name: MEASURES[name](graph if name in signed else positive(graph))
        for name in names
    }


def close(found: dict[str, float], expected: dict[str, float], scale: float) -> bool:
    """Compare measures; sums of opposite weights cancel, so `scale` is their size."""
    return all(
        value
        == pytest.approx(
            expected[name],
            rel=1e-9,
            abs=1e-11 * scale if "strength" in name else 1e-11,
            nan_ok=True,
        )
        for name, value in found.items()
    )


def scale_of(graph: igraph.Graph) -> float:
    return float(np.abs(links(graph)[2]).max(initial=0)) + 1e-44


@given(graph=layered_graphs(max_depth=1))
def test_a_measure_is_one_number_the_same_again_and_leaves_the_graph(graph):
    before, found = fingerprint(graph), values(graph)
    assert all(type(value) is float for value in found.values())
    assert not np.isinf(list(found.values())).any()
    assert np.array_equal(
        list(found.values()), list(values(graph).values()), equal_nan=True
    )
    assert fingerprint(graph) == before


@pytest.mark.parametrize("build", SPECIMENS.values(), ids=SPECIMENS)
def test_every_specimen_has_a_value_or_none(build):
    assert not np.isinf(list(values(build()).values())).any()


@st.composite
def renumbered(draw):
    """A graph, and the same with links and the neurons of each depth in new order."""
    graph = draw(layered_graphs(max_layers=3, max_depth=1))
    counts = sizes(graph)
    source, target, weight = links(graph)
    order = np.array(draw(st.permutations(range(len(source)))), dtype=np.int64)
    start = np.cumsum((0, *counts))
    number = np.concatenate(
        [first + draw(st.permutations(range(n)))
         for first, n in zip(start, counts, strict=False)]
    ).astype(np.int64)  # fmt: skip
    bias = np.empty(len(number), dtype=np.float32)
    bias[number] = biases(graph)
    ends = number[source[order]], number[target[order]]
    other = from_links(counts, *ends, weight[order], bias, first_depth(graph))
    return graph, other


@given(pair=renumbered())
def test_the_order_of_links_and_neurons_plays_no_part(pair):
    names = [name for name in MEASURES if name != "modularity"]  # a heuristic
    one, other = (values(graph, names) for graph in pair)
    assert close(one, other, scale_of(pair[0]))


@given(graph=layered_graphs(max_layers=3))
def test_of_a_stack_it_is_the_mean_over_layers(graph):
    parts = [values(layer, OF_LAYERS) for layer in layers(graph)]
    for name, value in values(graph, OF_LAYERS).items():
        defined = [part[name] for part in parts if not np.isnan(part[name])]
        expected = np.mean(defined) if defined else np.nan
        assert value == pytest.approx(expected, nan_ok=True), name


@given(graph=layered_graphs(max_layers=3), more=st.integers(1, 3))
def test_neurons_without_links_change_nothing(graph, more):
    counts = sizes(graph)
    source, target, weight = links(graph)
    start = np.cumsum((0, *counts))
    # As many more behind those of every depth.
    shift = more * (np.searchsorted(start, np.arange(start[-1]), side="right") - 1)
    wider = from_links(
        [n + more for n in counts], source + shift[source], target + shift[target],
        weight,
    )  # fmt: skip
    found, expected = values(wider, OF_LINKS), values(graph, OF_LINKS)
    assert close(found, expected, scale_of(graph))


@given(graph=layered_graphs(max_layers=1))
def test_a_layer_read_backwards_has_the_same_order(graph):
    (n_in, n_out), (source, target, weight) = sizes(graph), links(graph)
    back = from_links([n_out, n_in], target - n_in, source + n_out, weight)
    found, expected = values(back, OF_BOTH_SIDES), values(graph, OF_BOTH_SIDES)
    assert close(found, expected, scale_of(graph))


@given(graph=layered_graphs(max_layers=2))
def test_signs_are_refused_by_those_that_need_positive_weights(graph):
    needy = set(MEASURES) - set(signed_measures())
    assert needy == {"disparity"}
    signed = (links(graph)[2] < 0).any()
    for name in needy:
        if signed:
            with pytest.raises(InputError, match=f"^{name} needs positive weights; "):
                MEASURES[name](graph)
        else:
            assert type(MEASURES[name](graph)) is float


def test_links_that_skip_a_depth_are_refused():
    graph = from_links([1, 1, 1], [0, 1], [1, 2], [1, 1])
    graph.add_edge(0, 2, weight=1.0)
    for name in (*OF_LAYERS[2:], "paths", "spectral_radius", "largest_singular_value"):
        with pytest.raises(InputError, match="joins depth 0 to 2"):
            MEASURES[name](graph)
