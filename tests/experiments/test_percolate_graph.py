"""Plain bipartite graphs: damage curves and null models of what was never trained."""

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from networkx.algorithms import bipartite
from torch import nn

import netrobust as nr
from netrobust.core.errors import InputError
from netrobust.graphs.graph import from_links

GRID = (0, 0.25, 0.5, 0.75, 1)


def women():
    graph = nr.from_networkx(nx.davis_southern_women_graph())
    graph["name"] = "Davis"
    return graph


def squares(graph) -> float:
    """Robins and Alexander's clustering: closed paths of three links, by networkx."""
    return bipartite.robins_alexander_clustering(nr.to_networkx(graph).to_undirected())


def test_z_scores_of_southern_women_are_those_by_hand():
    graph = women()
    table = nr.compare(
        graph, null_models=["degree_preserving"], replicates=20,
        measures=["clustering", squares],
    )  # fmt: skip
    assert len(table) == 21
    found = nr.against_null(table, "clustering").iloc[0]
    by_hand = nr.against_null(table, "squares").iloc[0]
    assert found.intact == pytest.approx(squares(graph))
    assert found.z == pytest.approx(by_hand.z)
    assert found.p == by_hand.p
    assert found.draws == 20
    assert table.network.unique().tolist() == ["Davis"]


def test_a_curve_of_a_graph_is_that_of_its_damages():
    graph = women()
    table = nr.percolate(
        graph, perturbations=["random_links", "random_sources", "targets_by_degree"],
        fractions=GRID, replicates=2, measures=["giant_component", "links"],
    )  # fmt: skip
    assert set(table.perturbation) == {
        "random_links", "random_sources", "targets_by_degree",
    }  # fmt: skip
    events = table[table.perturbation == "targets_by_degree"]
    degree = np.sort(graph.indegree()[18:])[::-1]
    for row in events.itertuples():
        gone = int(np.floor(row.fraction * 14 + 0.5))
        assert row.links == 89 - degree[:gone].sum()
    assert table[table.fraction == 0].links.eq(89).all()
    assert (
        len(nr.summarise(table, "giant_component", ["perturbation", "fraction"])) == 15
    )
    curve = nr.summarise(table, "giant_component", ["perturbation", "fraction"])
    assert len(curve) == 15
    found = nr.robustness(table, "giant_component")
    assert len(found) == 3
    axes = nr.draw.panels(1, 1)[1][0, 0]
    nr.draw.curve(curve, "fraction", axes, hue="perturbation")


def test_pixels_and_neurons_of_a_single_layer_are_called_sources_and_targets():
    table = nr.percolate(
        women(), perturbations=["random_pixels", "neurons_by_degree(recompute=True)"],
        fractions=[0, 1], replicates=1,
    )  # fmt: skip
    assert table.perturbation.unique().tolist() == [
        "random_sources", "targets_by_degree(recompute=True)",
    ]  # fmt: skip
    stack = from_links([2, 2, 1], [0, 1, 2, 3], [2, 3, 4, 4], [1, 1, 1, 1])
    table = nr.percolate(
        stack, perturbations=["random_pixels", "random_neurons"], fractions=[0],
        replicates=1,
    )  # fmt: skip
    assert table.perturbation.tolist() == ["random_sources", "random_neurons"]


def test_several_graphs_are_told_apart_and_jobs_change_no_row():
    one, two = women(), nr.randomise(women(), "erdos_renyi", 1)
    two["name"] = "random"
    asked = {"fractions": GRID, "replicates": 2, "null_models": ["none", "erdos_renyi"]}
    table = nr.percolate([one, two], **asked)
    assert table.network.unique().tolist() == ["Davis", "random"]
    pd.testing.assert_frame_equal(table, nr.percolate([one, two], **asked, jobs=2))
    drawn = table[table.null_model == "erdos_renyi"]
    assert drawn.moved.between(0.2, 1).all()
    with pytest.raises(InputError, match="tell them apart; got Davis, Davis"):
        nr.percolate([one, one])


def test_a_seed_serves_wherever_a_generator_does():
    graph, values = women(), np.random.default_rng(3).zipf(2.5, 500)
    for draw in (
        lambda rng: nr.randomise(graph, "degree_preserving", rng).get_edgelist(),
        lambda rng: nr.PERTURBATIONS["random_links"](graph, rng, 0.5).kept.tolist(),
        lambda rng: nr.tail(values, rng, samples=9).p,
    ):
        assert draw(0) == draw(np.random.default_rng(0))
    for wrong in ("a", -1, None):
        with pytest.raises(InputError, match=r"numpy\.random\.Generator, such as"):
            nr.randomise(graph, "shuffle_all", wrong)


MODULE = nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 2))


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: nr.measure(MODULE), "the graphs that to_layers gives"),
        (lambda: nr.measure([MODULE]), "the graphs that to_layers gives"),
        (lambda: nr.measure(5), "must be an igraph.Graph; got int"),
        (lambda: nr.to_graph(MODULE), "go through to_layers"),
        (lambda: nr.against_null(women()), "must be a DataFrame.* got Graph"),
        (lambda: nr.percolate(MODULE, object()), "give evaluate= to percolate"),
        (lambda: nr.percolate([women(), MODULE]), "cannot be mixed"),
    ],
)
def test_natural_first_calls_are_told_where_to_go(call, reason):
    with pytest.raises(InputError, match=reason):
        call()


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: nr.percolate(women(), object()), "leave data out"),
        (lambda: nr.percolate(women(), evaluate=len), "leave evaluate out"),
        (lambda: nr.percolate(women(), images=3), "leave images out"),
        (lambda: nr.percolate(women(), retrain=True), "leave retrain out"),
        (lambda: nr.percolate(women(), perturbations="greedy_links"), "asks training"),
        (
            lambda: nr.percolate(women(), perturbations="strongest_negative_links"),
            "signs",
        ),
        (lambda: nr.percolate(women(), scope="layer_9"), "unknown scope"),
        (lambda: nr.compare(object()), "no data came"),
    ],
)
def test_what_has_no_meaning_for_a_graph_is_one_sentence(call, reason):
    with pytest.raises(InputError, match=reason):
        call()
