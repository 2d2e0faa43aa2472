"""Each shuffle draws uniformly from the permutations that its type allows."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from specimens import layered_graphs

from netrobust.graphs.graph import from_links, links
from netrobust.graphs.null import NULL_MODELS

# What must be equal of two links for their weights to change places.
GROUPS = {
    "shuffle_all": lambda source, target, sign: 0,
    "shuffle_by_sign": lambda source, target, sign: sign,
    "shuffle_by_source": lambda source, target, sign: source,
    "shuffle_by_target": lambda source, target, sign: target,
    "shuffle_by_sign_and_source": lambda source, target, sign: (source, sign),
    "shuffle_by_sign_and_target": lambda source, target, sign: (target, sign),
}
every_shuffle = pytest.mark.parametrize("name", GROUPS)


def test_these_are_all_shuffles():
    found = {name for name, it in NULL_MODELS.items() if "topology" in it.conserves}
    assert found == {"none", *GROUPS}


def _allowed(layer, group):
    """Enumerate what permutations within the groups make of the weights."""
    parts = list(zip(*(part.tolist() for part in links(layer)), strict=True))
    names = [group(a, b, np.sign(weight)) for a, b, weight in parts]
    return {
        tuple(parts[k][2] for k in order)
        for order in itertools.permutations(range(len(parts)))
        if all(names[k] == names[place] for place, k in enumerate(order))
    }


@every_shuffle
@pytest.mark.parametrize("sign", [1, -1])
def test_shuffles_permute_uniformly(name, sign):
    # Not in canonical order, so that links have to be found, not assumed.
    weight = sign * np.array([6, -3, 5, 2, 4])
    layer = from_links([2, 3], [1, 0, 1, 0, 1], [4, 4, 3, 3, 2], weight)
    allowed = _allowed(layer, GROUPS[name])
    assert len(allowed) > 1
    rng = np.random.default_rng(0)
    model = NULL_MODELS[name]
    seen = Counter(
        tuple(model(layer, rng).es["weight"]) for _ in range(25 * len(allowed))
    )
    assert set(seen) <= allowed
    counts = [seen[weights] for weights in allowed]
    assert chisquare(counts).pvalue > 1e-4


@every_shuffle
@settings(max_examples=20)
@given(graph=layered_graphs(max_layers=1), seed=st.integers(0, 2**32))
def test_shuffles_leave_links_and_their_order(name, graph, seed):
    drawn = NULL_MODELS[name](graph, np.random.default_rng(seed))
    assert drawn.get_edgelist() == graph.get_edgelist()
    if "sign" in name:
        zeros = [np.flatnonzero(links(one)[2] == 0).tolist() for one in (graph, drawn)]
        assert zeros[0] == zeros[1]


@every_shuffle
def test_a_weight_of_zero_moves_unless_signs_are_kept(name):
    layer = from_links([3, 2], [0, 1, 2, 0, 1], [3, 3, 3, 4, 4], [1, 0, -1, 0, 2])
    rng = np.random.default_rng(0)
    model = NULL_MODELS[name]
    seen = {tuple(model(layer, rng).es["weight"]) for _ in range(800)}
    assert seen == _allowed(layer, GROUPS[name])
    stays = all(weights[1] == weights[3] == 0 for weights in seen)
    assert stays == ("sign" in name)
