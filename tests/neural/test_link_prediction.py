"""Scores of missing links against paths listed one by one, and against matrices."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from networks import seeds

from netrobust.neural.sparsify.link_prediction import PREDICTORS

# Scores are sums in float64, rounded once to float32; CH2-L3n rounds its terms too.
# Two roundings of half a unit in the last place are 2^-23 of the value.
ROUNDING = 1.2e-7

masks = st.tuples(st.integers(1, 7), st.integers(1, 7)).flatmap(
    lambda shape: arrays(bool, shape)
)
every_predictor = pytest.mark.parametrize("name", ["CH3-L3p", "CH2-L3n"])


def scores(name, mask):
    """Score a layer given as a matrix of shape (n_in, n_out)."""
    target, source = np.nonzero(mask.T)
    return PREDICTORS[name](*mask.shape, source, target)


def close(found, expected):
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=ROUNDING, atol=0)


def listed(name, mask):
    """List all paths u - a - i - v of every missing link; count links one by one.

    The local community of u and v are the neurons inside a path between them. A link
    of one of these is internal if it leads to another, external if it leads neither
    there nor to u or v.
    """
    n_in, n_out = mask.shape
    near_source = [set(np.flatnonzero(row)) for row in mask]
    near_target = [set(np.flatnonzero(row)) for row in mask.T]
    score = np.zeros((n_out, n_in))
    for u in range(n_in):
        for v in set(range(n_out)) - near_source[u]:
            paths = [
                (a, i)
                for a in near_source[u]
                for i in near_target[v]
                if a in near_source[i]
            ]
            of_u, of_v = {a for a, _ in paths}, {i for _, i in paths}
            inside = {("a", a): len(near_target[a] & of_v) for a in of_u}
            outside = {("a", a): len(near_target[a] - of_v - {u}) for a in of_u}
            inside |= {("i", i): len(near_source[i] & of_u) for i in of_v}
            outside |= {("i", i): len(near_source[i] - of_u - {v}) for i in of_v}
            score[v, u] = (
                sum(
                    ((1 + outside["a", a]) * (1 + outside["i", i])) ** -0.5
                    for a, i in paths
                )
                if name == "CH3-L3p"
                else sum((1 + inside[z]) / (1 + outside[z]) for z in inside)
            )
    return score


def by_matrices(name, mask):
    """Score in closed form with U = A A^T and V = A^T A, dense and in float64."""
    layer = mask.astype(float)
    shared = layer @ layer.T, layer.T @ layer
    degree = layer.sum(1), layer.sum(0)
    if name == "CH3-L3p":
        with np.errstate(divide="ignore"):
            by_u, by_v = (
                np.where(k > c, (k - c) ** -0.5, 0)
                for k, c in zip(degree, shared, strict=True)
            )
        score = np.einsum(
            "ua,va,ia,ui,iv->vu", layer, by_v, layer, by_u, layer, optimize=True
        )
    else:
        e_u, e_v = (
            np.where(c > 0, (c + 1) / (np.maximum(k - c - 1, 0) + 1), 0)
            for k, c in zip(degree, shared, strict=True)
        )
        score = (e_u @ layer + layer @ e_v.T).T
    return np.where(mask.T, 0, score)


def hubs(rng, n_in, n_out, links):
    """Links among a quarter of the neurons, a few of which have most of them."""
    part = n_in // 4, n_out // 4
    odds = np.outer(*(rng.lognormal(size=n) for n in part)).ravel()
    place = rng.choice(odds.size, links, replace=False, p=odds / odds.sum())
    block = np.zeros(part, bool)
    block.flat[place] = True
    u, v = (rng.permutation(n)[: n // 4] for n in (n_in, n_out))
    mask = np.zeros((n_in, n_out), bool)
    mask[np.ix_(u, v)] = block
    return mask


@every_predictor
@given(mask=masks)
@example(mask=np.zeros((4, 3), bool))
@example(mask=np.ones((4, 3), bool))
@example(mask=np.zeros((1, 1), bool))
@example(mask=np.ones((1, 1), bool))
@example(mask=np.eye(5, 6, dtype=bool))
def test_scores_are_those_of_the_paths_listed_one_by_one(name, mask):
    found = scores(name, mask)
    close(found, listed(name, mask))  # exact zeros: atol is 0


@every_predictor
@given(mask=masks)
def test_lists_and_matrices_are_the_same_definition(name, mask):
    np.testing.assert_allclose(listed(name, mask), by_matrices(name, mask), rtol=1e-12)


@every_predictor
@pytest.mark.parametrize("shape", [(40, 60), (60, 40)])
@pytest.mark.parametrize("make", ["random", "hubs"])
def test_larger_layers_score_as_their_matrices(name, shape, make):
    rng = np.random.default_rng(0)
    mask = hubs(rng, *shape, 80) if make == "hubs" else rng.random(shape) < 0.08
    expected = by_matrices(name, mask)
    assert (expected > 0).sum() > 40
    close(scores(name, mask), expected)


@every_predictor
@given(mask=masks, seed=seeds)
def test_neither_names_nor_sides_of_neurons_change_a_bit(name, mask, seed):
    found = scores(name, mask)
    assert (scores(name, mask.T) == found.T).all()
    rng = np.random.default_rng(seed)
    u, v = (rng.permutation(n) for n in mask.shape)
    assert (scores(name, mask[np.ix_(u, v)]) == found[np.ix_(v, u)]).all()


@every_predictor
def test_equal_scores_of_a_large_layer_stay_equal(name):
    rng = np.random.default_rng(0)
    mask = hubs(rng, 400, 300, 1500)
    found = scores(name, mask)
    assert (scores(name, mask) == found).all()
    assert (scores(name, mask.T) == found.T).all()
    u, v = (rng.permutation(n) for n in mask.shape)
    assert (scores(name, mask[np.ix_(u, v)]) == found[np.ix_(v, u)]).all()


def test_by_hand():
    # Paths 0 - 0 - 1 - 1 and 0 - 0 - 2 - 1 lead from source 0 to target 1. Target 0
    # has one more link, to source 3; source 2 one more, to target 2.
    mask = np.zeros((4, 3), bool)
    mask[[0, 1, 2, 3, 1, 2, 2], [0, 0, 0, 0, 1, 1, 2]] = True
    assert scores("CH3-L3p", mask)[1, 0] == np.float32(0.5**0.5 * (1 + 0.5**0.5))
    assert scores("CH2-L3n", mask)[1, 0] == 3 / 2 + 2 + 2 / 2


@every_predictor
def test_two_dense_arrays_are_all_the_memory(name):
    n_in, n_out, links = 700, 400, 2000
    mask = hubs(np.random.default_rng(0), n_in, n_out, links)
    target, source = np.nonzero(mask.T)
    PREDICTORS[name](n_in, n_out, source, target)  # compiled
    tracemalloc.start()
    try:
        PREDICTORS[name](n_in, n_out, source, target)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * n_in * (n_in + n_out) + 100 * (links + n_in + n_out)
