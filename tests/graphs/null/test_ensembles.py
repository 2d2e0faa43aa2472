"""Ensembles against theory: Erdos-Renyi, and maximum entropy given the degrees."""

import sys
from collections import Counter
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from scipy.stats import chisquare
from specimens import fingerprint, full, layered_graphs, no_links

from netrobust.core.errors import InputError
from netrobust.graphs.graph import from_links, links
from netrobust.graphs.null import NULL_MODELS, ensembles, installed, maxent, randomise
from netrobust.graphs.null.maxent import link_probabilities


@pytest.mark.parametrize(("count", "sets"), [(2, 6), (3, 4), (4, 1)])
def test_erdos_renyi_draws_all_sets_of_places_alike(count, sets):
    graph = from_links([2, 2], [0, 1, 0, 1][:count], [2, 2, 3, 3][:count], [1] * count)
    rng = np.random.default_rng(0)
    model = NULL_MODELS["erdos_renyi"]
    seen = Counter(tuple(model(graph, rng).get_edgelist()) for _ in range(900))
    assert len(seen) == sets
    assert sets == 1 or chisquare(list(seen.values())).pvalue > 1e-4


CHANCE = [2 / 3] * 3 + [1 / 3] * 3


def _degrees(layer):
    """Count the links of every source and of every target."""
    source, target, _ = links(layer)
    n_in = layer.vs["type"].count(False)
    n_out = layer.vcount() - n_in
    return (
        np.bincount(source, minlength=n_in),
        np.bincount(target - n_in, minlength=n_out),
    )


def _probabilities(layer):
    p, row, column = link_probabilities(*_degrees(layer))
    return p[row][:, column]


def _crowded(seed, sizes=(30, 40), spread=1.0):
    """Draw a layer whose degrees differ widely."""
    rng = np.random.default_rng(seed)
    x, y = (np.exp(spread * rng.normal(size=n)) for n in sizes)
    odds = 0.3 * np.outer(x, y)
    source, target = np.nonzero(rng.random(sizes) < odds / (1 + odds))
    weight = rng.normal(size=len(source))
    return from_links(sizes, source, target + sizes[0], weight)


@given(layer=layered_graphs(max_layers=1, max_size=7))
def test_expected_degrees_are_the_degrees(layer):
    p, (k_out, k_in) = _probabilities(layer), _degrees(layer)
    assert ((p >= 0) & (p <= 1)).all()
    np.testing.assert_allclose(p.sum(axis=1), k_out, atol=1e-3)
    np.testing.assert_allclose(p.sum(axis=0), k_in, atol=1e-3)


def test_odds_are_products_of_fitnesses():
    p = _probabilities(_crowded(0))
    free = p[p.max(axis=1) > 0][:, p.max(axis=0) > 0]
    assert free.shape > (20, 30)
    assert free.max() < 1
    odds = free / (1 - free)
    x, y = odds[:, 0], odds[0] / odds[0, 0]
    np.testing.assert_allclose(odds, np.outer(x, y), rtol=1e-6)


def test_equal_degrees_give_equal_probabilities():
    rows = np.repeat(np.arange(6), 2)
    layer = from_links([6, 4], rows, 6 + np.arange(12) % 4, np.ones(12))
    np.testing.assert_allclose(_probabilities(layer), 0.5, atol=1e-6)


def test_neurons_without_a_choice_have_none():
    # Input 0 has no link, 1 has all; without them, so have 2 and 3, in this order.
    source, target = [1, 1, 1, 2, 2], [4, 5, 6, 4, 5]
    layer = from_links([4, 3], source, target, np.ones(5))
    p = _probabilities(layer)
    assert p.tolist() == [[0, 0, 0], [1, 1, 1], [1, 1, 0], [0, 0, 0]]
    drawn = randomise(layer, "maximum_entropy", np.random.default_rng(0))
    assert sorted(drawn.get_edgelist()) == sorted(layer.get_edgelist())
    for layer in (full(), no_links()):
        drawn = randomise(layer, "maximum_entropy", np.random.default_rng(0))
        assert sorted(drawn.get_edgelist()) == sorted(layer.get_edgelist())


def test_masks_are_drawn_with_their_probability():
    # Sources of degrees 2 and 1, targets of degree 1: 2/3 and 1/3 by symmetry.
    layer = from_links([2, 3], [0, 0, 1], [2, 3, 4], [1, 2, -3])
    np.testing.assert_allclose(_probabilities(layer), [[2 / 3] * 3, [1 / 3] * 3])
    chances = {
        mask: np.prod([[1 - p, p][here] for p, here in zip(CHANCE, mask, strict=True)])
        for mask in product([0, 1], repeat=6)
    }
    rng, draws = np.random.default_rng(0), 4000
    model, seen = NULL_MODELS["maximum_entropy"], Counter()
    for _ in range(draws):
        linked = set(model(layer, rng).get_edgelist())
        seen[tuple(int(place in linked) for place in product([0, 1], [2, 3, 4]))] += 1
    counts = [seen[mask] for mask in chances]
    expected = [draws * chance for chance in chances.values()]
    assert min(expected) > 5
    assert chisquare(counts, expected).pvalue > 1e-4


def test_mean_degrees_and_numbers_of_links_agree_with_theory():
    layer = _crowded(1)
    p, (k_out, k_in) = _probabilities(layer), _degrees(layer)
    rng, draws = np.random.default_rng(0), 400
    model = NULL_MODELS["maximum_entropy"]
    found = [_degrees(model(layer, rng)) for _ in range(draws)]
    for side, degrees in enumerate((k_out, k_in)):
        mean = np.mean([draw[side] for draw in found], axis=0)
        error = np.sqrt((p * (1 - p)).sum(axis=1 - side) / draws)
        assert (np.abs(mean - degrees) <= 4 * error).all()
        assert error.max() < 0.2  # else agreement would mean little
    counts = np.array([draw[0].sum() for draw in found])
    variance = (p * (1 - p)).sum()
    assert abs(counts.mean() - layer.ecount()) < 4 * np.sqrt(variance / draws)
    # A sum of so many draws is close to normal: its variance has the error of chi^2.
    assert abs(counts.var() / variance - 1) < 4 * np.sqrt(2 / draws)


def test_weights_are_drawn_from_those_of_the_layer_with_replacement():
    weight = [1, 1, -2, 0.5]
    layer = from_links([2, 4], [0, 1, 0, 1], [2, 3, 4, 5], weight)
    rng, drawn = np.random.default_rng(0), Counter()
    for _ in range(500):
        drawn += Counter(NULL_MODELS["maximum_entropy"](layer, rng).es["weight"])
    assert set(drawn) == {1, -2, 0.5}
    total = drawn.total()
    expected = [total / 2, total / 4, total / 4]
    assert chisquare([drawn[1], drawn[-2], drawn[0.5]], expected).pvalue > 1e-4


def test_the_solver_sees_the_mask_and_nothing_else(monkeypatch, capsys):
    seen = []
    solve = maxent._fitnesses

    def watched(k_out, k_in):
        seen.append((k_out, k_in))
        return solve(k_out, k_in)

    monkeypatch.setattr(maxent, "_fitnesses", watched)
    maxent._solved.cache_clear()
    layer = _crowded(2)
    signed = layer.copy()
    signed.es["weight"] = [(-1.0) ** k * 10 for k in range(layer.ecount())]
    one, other = (
        randomise(graph, "maximum_entropy", np.random.default_rng(0))
        for graph in (layer, signed)
    )
    assert one.get_edgelist() == other.get_edgelist()
    ((k_out, k_in),) = seen  # solved once for both
    assert k_out.dtype.kind == k_in.dtype.kind == "i"
    assert k_out.sum() == k_in.sum()
    assert capsys.readouterr() == ("", "")


def test_places_are_drawn_alike_in_blocks(monkeypatch):
    layer = _crowded(3)
    whole = randomise(layer, "maximum_entropy", np.random.default_rng(0))
    monkeypatch.setattr(ensembles, "BLOCK", 100)
    blocks = randomise(layer, "maximum_entropy", np.random.default_rng(0))
    assert fingerprint(whole) == fingerprint(blocks)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1.01, -1.0])
def test_a_solution_that_misses_the_degrees_is_refused(monkeypatch, wrong):
    import bicm

    solve = bicm.BipartiteGraph.get_bicm_fitnesses

    def misled(graph):
        x, y = solve(graph)
        return {neuron: wrong * fitness for neuron, fitness in x.items()}, y

    monkeypatch.setattr(bicm.BipartiteGraph, "get_bicm_fitnesses", misled)
    maxent._solved.cache_clear()
    with pytest.raises(InputError, match="finds no ensemble with the degrees of this"):
        randomise(_crowded(4), "maximum_entropy", np.random.default_rng(0))
    monkeypatch.undo()
    randomise(_crowded(4), "maximum_entropy", np.random.default_rng(0))


def test_without_bicm_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "bicm", None)
    maxent._solved.cache_clear()
    assert not installed("maximum_entropy")
    with pytest.raises(InputError, match=r"needs .* bicm, .* netrobust\[maxent\]"):
        randomise(_crowded(5), "maximum_entropy", np.random.default_rng(0))
    assert installed("erdos_renyi")
