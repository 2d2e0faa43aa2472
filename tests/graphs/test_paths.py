"""Paths through links and neurons: against enumeration, networkx and igraph."""

from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from specimens import layered_graphs, path, random_stack

from netrobust.core.errors import InputError
from netrobust.graphs import paths
from netrobust.graphs.damage import Links
from netrobust.graphs.graph import first_depth, from_links, links
from netrobust.graphs.paths import (
    betweenness_seconds,
    link_betweenness,
    neuron_betweenness,
    path_counts,
    paths_through,
)
from netrobust.graphs.perturb import PERTURBATIONS
from netrobust.graphs.perturb.base import by


def enumerated(graph):
    """All paths from the first to the last depth, each as the ids of its links."""
    depth = np.array(graph.vs["depth"])
    last, found = depth.max(), []

    def go_on(neuron, behind):
        if depth[neuron] == last:
            found.append(behind)
        for link in graph.incident(neuron, mode="out"):
            go_on(graph.es[link].target, [*behind, link])

    for neuron in np.flatnonzero(depth == first_depth(graph)):
        go_on(neuron, [])
    return found


def as_networkx(graph):
    """The same graph without weights."""
    other = nx.DiGraph()
    other.add_nodes_from(range(graph.vcount()))
    other.add_edges_from(graph.get_edgelist())
    return other


@given(graph=layered_graphs(max_layers=3, max_size=4, max_depth=2))
def test_path_counts_are_those_of_enumeration(graph):
    known = enumerated(graph)
    through = np.bincount(np.concatenate([[], *known]).astype(int), minlength=0)
    through = np.pad(through, (0, graph.ecount() - len(through)))
    assert paths_through(graph).tolist() == through.tolist()
    into, onward = path_counts(Links.of(graph))
    depth = np.array(graph.vs["depth"])
    assert into[depth == depth[-1]].sum() == onward[depth == depth[0]].sum()
    assert onward[depth == depth[0]].sum() == len(known)


def test_path_counts_of_a_stack_are_products_of_matrices():
    graph = random_stack([30, 40, 50, 20], [200, 300, 150], seed=0)
    into, onward = path_counts(graph)
    ends, dense = graph.get_edgelist(), np.zeros((140, 140))
    dense[tuple(np.array(ends).T)] = 1
    three = np.linalg.matrix_power(dense, 3)
    assert into[120:].tolist() == three.sum(axis=0)[120:].tolist()
    assert onward[:30].tolist() == three.sum(axis=1)[:30].tolist()


@given(graph=layered_graphs(max_layers=3, max_size=4, max_depth=2))
def test_betweenness_is_that_of_networkx(graph):
    other = as_networkx(graph)
    of_links = nx.edge_betweenness_centrality(other, normalized=False)
    expected = [of_links[edge.tuple] for edge in graph.es]
    assert link_betweenness(graph) == pytest.approx(expected)
    of_neurons = nx.betweenness_centrality(other, normalized=False, endpoints=True)
    expected = [of_neurons[neuron] for neuron in range(graph.vcount())]
    assert neuron_betweenness(Links.of(graph)) == pytest.approx(expected)


def test_betweenness_of_links_follows_from_path_counts():
    """A pair of neurons shares its 1 among its paths: sums of products of counts."""
    graph = random_stack([8, 9, 10, 7], [40, 50, 40], seed=1)
    source, target, _ = links(graph)
    paths = np.eye(34)  # by walks of every length, each no longer than three
    dense = np.zeros((34, 34))
    dense[source, target] = 1
    for power in (1, 2, 3):
        paths += np.linalg.matrix_power(dense, power)
    share = np.divide(1, paths, out=np.zeros_like(paths), where=paths > 0)
    expected = [
        (np.outer(paths[:, one], paths[other]) * share).sum()
        for one, other in zip(source, target, strict=True)
    ]
    assert link_betweenness(graph) == pytest.approx(expected, abs=1e-6)


def test_betweenness_from_some_sources_is_without_bias_and_exact_from_all():
    """Each source is as often among them, so that the mean over all halves is it."""
    graph = random_stack([3, 2, 3], [5, 4], seed=1)
    exact, starts = link_betweenness(graph), np.arange(5)
    assert link_betweenness(graph, starts).tolist() == exact.tolist()
    pairs = [link_betweenness(graph, np.array(two)) for two in combinations(starts, 2)]
    assert np.mean(pairs, axis=0) == pytest.approx(exact, abs=1e-6)
    order = PERTURBATIONS["links_by_betweenness"]
    few = PERTURBATIONS["links_by_betweenness(sources=2)"]
    assert few == order.vary(sources=2)
    assert few.options["sources"] == 2
    rng = np.random.default_rng(0)
    some = np.sort(rng.choice(5, 2, replace=False))
    expected = by(-link_betweenness(graph, some), rng)[5:]
    assert few(graph, 0, 5 / 9, "global").kept.tolist() == sorted(expected)
    for wrong in ("many", 0, True, 2.5):
        with pytest.raises(InputError, match="sources must be"):
            order.vary(sources=wrong)


def test_long_betweenness_says_so_before_it_starts(monkeypatch):
    graph = random_stack([3, 2, 3], [5, 4], seed=1)
    monkeypatch.setattr(paths, "PER_LINK", 3.0)  # (3 x 5 + 5 x 4) links on all ways
    assert betweenness_seconds(graph) == 105
    with pytest.warns(UserWarning, match="9 links takes about 2 minutes"):
        link_betweenness(graph)
    with pytest.warns(UserWarning, match="takes about 2 minutes"):
        neuron_betweenness(graph)
    link_betweenness(graph, np.array([0, 4]))  # 14 of them: a warning is an error


def test_every_link_of_one_layer_lies_between_one_pair():
    graph = random_stack([20, 30], [100], seed=2)
    assert link_betweenness(graph).tolist() == [1] * 100


def test_ends_count_for_neurons_and_not_for_links():
    assert link_betweenness(path()).tolist() == [3, 4, 3]
    assert neuron_betweenness(path()).tolist() == [3, 5, 5, 3]


def test_equal_betweenness_is_equal_to_the_last_bit():
    """Beside a copy of itself under other ids, which is summed in another order."""
    sizes, rng = [20, 30, 30, 20], np.random.default_rng(3)
    source, target, _ = links(random_stack(sizes, [120, 160, 120], seed=3))
    depth = np.repeat(np.arange(4), sizes)
    place = np.concatenate([rng.permutation(one) for one in sizes])
    start = np.cumsum([0, *sizes])[:-1][depth]
    here = start + np.arange(100)  # each depth has twice the room
    there = 2 * start + np.array(sizes)[depth] + place
    ends = [np.concatenate([here[one], there[one]]) for one in (source, target)]
    graph = from_links([2 * one for one in sizes], *ends, np.ones(800))
    of_links, of_neurons = link_betweenness(graph), neuron_betweenness(graph)
    assert of_links[:400].tolist() == of_links[400:].tolist()
    assert of_neurons[here].tolist() == of_neurons[there].tolist()
