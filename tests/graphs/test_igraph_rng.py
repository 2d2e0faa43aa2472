"""igraph draws from a generator of ours, and gets its own back."""

import random

import igraph
import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

from netrobust.graphs.igraph_rng import igraph_random


def drawn(seed: int) -> list[tuple[int, int]]:
    with igraph_random(np.random.default_rng(seed)):
        return igraph.Graph.Erdos_Renyi(30, 0.3).get_edgelist()


def test_numbers_follow_from_the_generator_alone():
    random.seed(1)
    first = drawn(0)
    random.seed(2)
    state = random.getstate()
    assert drawn(0) == first
    assert drawn(1) != first
    assert random.getstate() == state


def test_one_number_is_taken_however_many_are_drawn():
    rngs = [np.random.default_rng(0) for _ in range(2)]
    for rng, size in zip(rngs, (5, 50), strict=True):
        with igraph_random(rng):
            igraph.Graph.Erdos_Renyi(size, 0.5)
    assert rngs[0].random() == rngs[1].random()


def test_igraph_gets_its_generator_back_after_an_error():
    with pytest.raises(ZeroDivisionError), igraph_random(np.random.default_rng(0)):
        raise ZeroDivisionError
    random.seed(3)
    first = igraph.Graph.Erdos_Renyi(30, 0.3).get_edgelist()
    random.seed(3)
    assert igraph.Graph.Erdos_Renyi(30, 0.3).get_edgelist() == first
    assert drawn(0)  # and the lock is open


def test_numbers_repeat_where_igraph_may_use_several_threads():
    values = (np.random.default_rng(5).pareto(1.5, 500) + 1).tolist()

    def probability() -> float:
        with igraph_random(np.random.default_rng(0)):
            return igraph.power_law_fit(values, None, "continuous", 0.1).p

    with ThreadpoolController().limit(limits=4, user_api="openmp"):
        assert len({probability() for _ in range(20)}) == 1
