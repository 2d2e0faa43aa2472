"""The greedy attack: what it asks, and what it takes."""

import numpy as np
import pytest
from damages import dense_stack, probe_of
from specimens import random_stack

from netrobust.core.errors import InputError
from netrobust.graphs.graph import from_links
from netrobust.graphs.perturb import (
    PERTURBATIONS,
    Damage,
    Greedy,
    Links,
    strongest_links,
)

GRID = [0, 0.25, 0.5, 0.75, 1]

greedy_links = PERTURBATIONS["greedy_links"]


def specimen():
    """Four links whose strength falls with their id."""
    return from_links([2, 2], [0, 1, 0, 1], [2, 2, 3, 3], [4, -3, 2, 1])


def probe(loss, saliency):
    """Answer with a loss of what is kept and a saliency by what is kept."""

    def ask(damage):
        written = np.zeros(4)
        written[damage.kept] = np.array(saliency(damage.kept.tolist()))[damage.kept]
        return float(loss(damage.kept.tolist())), {"saliency": written}

    return ask


def kept(found):
    return [damage.kept.tolist() for damage in found]


def test_the_more_harmful_block_is_taken():
    rng, rising = np.random.default_rng(0), lambda left: [1, 2, 3, 4]
    strong = probe(lambda left: -sum(left), rising)  # without small ids harm is less
    weak = probe(lambda left: sum(left), rising)
    for ask, expected in (
        (strong, [[0, 1, 2, 3], [0, 1, 2], [0, 1], [0], []]),
        (weak, [[0, 1, 2, 3], [1, 2, 3], [2, 3], [3], []]),
    ):
        found = greedy_links.curve(specimen(), rng, GRID, "global", ask)
        assert kept(found) == expected
        assert all((one.weight, one.bias) == (None, None) for one in found)


def test_the_salient_block_is_taken_where_the_harm_is_equal():
    ask = probe(lambda left: 1, lambda left: [1, 2, 3, 4])
    found = greedy_links.curve(
        specimen(), np.random.default_rng(0), GRID, "global", ask
    )
    assert kept(found) == [[0, 1, 2, 3], [0, 1, 2], [0, 1], [0], []]


def test_saliency_is_that_of_what_is_left():
    """Link 3 is most salient until link 2 is gone; then link 0 is, and so on."""

    def saliency(left):
        return [9, 1, 2, 3] if 3 not in left else [1, 2, 3, 9]

    ask = probe(lambda left: 0, saliency)
    found = greedy_links.curve(
        specimen(), np.random.default_rng(0), [0.25, 0.5], "global", ask
    )
    assert kept(found) == [[0, 1, 2], [1, 2]]


def test_saliency_is_asked_again_after_a_step_that_left_no_choice():
    """First link 3 goes, then link 0 by both orders, and then saliency has turned."""

    def saliency(left):
        return {4: [1, 2, 3, 9], 3: [9, 2, 1, 0], 2: [0, 1, 2, 0]}.get(
            len(left), [0] * 4
        )

    found = greedy_links.curve(
        specimen(), np.random.default_rng(0), GRID[1:4], "global",
        probe(lambda left: 0, saliency),
    )  # fmt: skip
    assert kept(found) == [[0, 1, 2], [1, 2], [1]]


def test_the_probe_is_asked_no_more_than_needed():
    graph, asked = random_stack([20, 20, 20], [100, 100], seed=0), []
    found = greedy_links.curve(
        graph, np.random.default_rng(0), [0, 0.2, 0.4, 0.4, 0.8, 1], "global",
        probe_of(graph, asked),
    )  # fmt: skip
    # The intact network once, two blocks at 0.2, 0.4 and 0.8; at 1 all blocks are one.
    assert [one.kept.size for one in asked] == [200, 160, 160, 120, 120, 40, 40]
    assert [one.kept.size for one in found] == [200, 160, 120, 120, 40, 0]
    assert {*map(bytes, (one.kept for one in found[:-1]))} <= {
        *map(bytes, (one.kept for one in asked))
    }
    asked.clear()
    greedy_links.curve(
        graph, np.random.default_rng(0), [0], "global", probe_of(graph, asked)
    )
    assert not asked


def test_every_step_is_at_least_as_harmful_as_the_strongest_of_what_is_left():
    graph = dense_stack([6, 6, 4])
    ask, before = probe_of(graph), Damage(np.arange(60))
    found = greedy_links.curve(
        graph, np.random.default_rng(1), [0.2, 0.4, 0.6], "global", ask
    )
    for damage in found:
        left = Links.of(graph).left(before)
        count = (before.kept.size - damage.kept.size) / before.kept.size
        rest = strongest_links(left, np.random.default_rng(0), count, "global")
        other = Damage(before.kept[rest.kept])
        assert other.kept.size == damage.kept.size
        assert ask(damage)[0] >= ask(other)[0]
        before = damage


def test_blocks_are_cut_in_every_group_of_the_scope():
    graph = random_stack([20, 20, 20], [100, 60], seed=0)
    for scope, counts in (("per_layer", [70, 42]), ("layer_2", [100, 42])):
        damage = greedy_links(
            graph, np.random.default_rng(0), 0.3, scope, probe_of(graph)
        )
        layer = Links.of(graph).layer[damage.kept]
        assert np.bincount(layer).tolist() == counts


def test_without_a_probe_there_is_nothing_to_ask():
    for ask in (
        lambda: greedy_links(specimen(), np.random.default_rng(0), 0.5),
        lambda: greedy_links.curve(specimen(), np.random.default_rng(0), [0.5]),
    ):
        with pytest.raises(
            InputError,
            match="greedy_links asks the damaged network how it fares; use it in",
        ):
            ask()


def test_an_order_that_does_not_rank_what_is_left_is_refused():
    def short(left, rng):
        return [[0, 1]]

    with pytest.raises(InputError, match="short must rank each of the 4 links exactly"):
        Greedy(short)(
            specimen(), np.random.default_rng(0), 0.5, probe=probe_of(specimen())
        )


def test_marks_of_the_graph_stay_beside_those_of_the_probe():
    seen = []

    def look(left, rng):
        seen.append({name: mark.tolist() for name, mark in left.attributes.items()})
        return [np.arange(len(left.weight))]

    graph = specimen()
    graph.es["saliency"], graph.vs["activation"] = 9, [1, 2, 3, 4]
    ask = probe(lambda left: 0, lambda left: [5, 6, 7, 8])
    Greedy(look).curve(graph, np.random.default_rng(0), [0.25, 0.5], "global", ask)
    activation = [1, 2, 3, 4]
    assert seen == [
        {"saliency": [5, 6, 7, 8], "activation": activation},
        {"saliency": [6, 7, 8], "activation": activation},
    ]
