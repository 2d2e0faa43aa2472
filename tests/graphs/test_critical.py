"""Averages, fluctuation and threshold of percolation curves."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from specimens import layered_graphs, random_stack

from netrobust.core.errors import InputError
from netrobust.graphs.critical import Threshold, canonical, fluctuation, threshold
from netrobust.graphs.damage import Links
from netrobust.graphs.percolation import grow_clusters, percolation


def _largest(links, kept):
    ends = links.source[kept], links.target[kept]
    return grow_clusters(sum(links.sizes), *ends).largest[-1]


def _random_curves(links, draws, seed):
    rng, ends = np.random.default_rng(seed), (links.source, links.target)
    orders = (rng.permutation(len(links.source)) for _ in range(draws))
    return [grow_clusters(sum(links.sizes), *ends, order) for order in orders]


@settings(max_examples=8)  # of up to 256 subgraphs
@given(graph=layered_graphs(max_size=3, max_layers=2), p=st.floats(0, 1))
def test_canonical_is_the_mean_over_all_subgraphs(graph, p):
    assume(graph.ecount() <= 8)
    links, count = Links.of(graph), graph.ecount()
    by_count = [[] for _ in range(count + 1)]
    for kept in itertools.product([False, True], repeat=count):
        by_count[sum(kept)].append(_largest(links, np.flatnonzero(kept)))
    expected = sum(
        p**m * (1 - p) ** (count - m) * sum(sizes) for m, sizes in enumerate(by_count)
    )
    curve = [np.mean(sizes) for sizes in by_count]
    assert canonical(curve, p) == pytest.approx(expected, rel=1e-12)


def test_canonical_is_the_mean_of_links_kept_by_chance():
    links = Links.of(random_stack([40, 50, 30], [100, 90], seed=1))
    rng = np.random.default_rng(2)
    curves = [curve.largest for curve in _random_curves(links, 400, seed=3)]
    for p in (0.2, 0.5):
        from_curves = canonical(curves, p)
        chance = rng.random((2000, 190)) < p
        direct = [_largest(links, np.flatnonzero(kept)) for kept in chance]
        error = np.hypot(
            np.std(from_curves) / np.sqrt(len(from_curves)),
            np.std(direct) / np.sqrt(len(direct)),
        )
        assert error < 0.02 * np.mean(direct)
        assert abs(np.mean(from_curves) - np.mean(direct)) < 4 * error


@pytest.mark.parametrize("links", [0, 1, 2, 10, 1000, 10**6])
@pytest.mark.parametrize("p", [0, 1e-300, 1e-9, 0.3, 0.5, 0.999, 1 - 1e-16, 1])
def test_weights_are_binomial_for_any_number_of_links(links, p):
    m = np.arange(links + 1)
    assert canonical(np.ones(links + 1), p) == pytest.approx(1, rel=1e-12)
    assert canonical(m, p) == pytest.approx(links * p, rel=1e-9, abs=1e-15)
    variance = links * p * (1 - p)
    squares = canonical((m - links * p) ** 2, p)
    assert squares == pytest.approx(variance, rel=1e-9, abs=1e-9)
    bump = np.exp(-(((m - links / 3) / (1 + links / 50)) ** 2))
    expected = bump @ binom.pmf(m, links, p)
    assert canonical(bump, p) == pytest.approx(expected, rel=1e-7, abs=1e-12)


def test_canonical_keeps_the_shapes_of_curves_and_probabilities():
    curves = np.random.default_rng(4).random((3, 2, 6))
    p = np.linspace(0, 1, 8).reshape(2, 4)
    found = canonical(curves, p)
    assert found.shape == (3, 2, 2, 4)
    assert found[1, 0, 1, 2] == pytest.approx(canonical(curves[1, 0], p[1, 2]))
    assert found[..., 0, 0] == pytest.approx(curves[..., 0])
    assert found[..., 1, 3] == pytest.approx(curves[..., -1])
    assert canonical(curves, []).shape == (3, 2, 0)


def test_fluctuation_of_shares_times_neurons():
    links = Links.of(random_stack([60, 80], [240], seed=5))
    largest = np.array([curve.largest for curve in _random_curves(links, 30, seed=6)])
    share = largest / 140
    expected = 140 * ((share**2).mean(0) - share.mean(0) ** 2) / share.mean(0)
    assert fluctuation(largest) == pytest.approx(expected, abs=1e-12)
    peak = fluctuation(largest).argmax() / 240
    assert 0.25 < peak < 0.6  # the threshold is 1 / sqrt(4 * 3) = 0.29
    assert fluctuation(largest)[[0, -1]].tolist() == [0, 0]


def _two_peaks():
    """Replicates with known peaks of S2 and one place where S1 varies most."""
    second = np.ones((4, 11))
    second[range(4), [2, 3, 3, 4]] = 5
    largest = np.tile(np.arange(1.0, 12), (4, 1))
    largest[:, 6] += [-1, 1, 2, -2]
    return largest, second


def test_threshold_of_known_peaks():
    largest, second = _two_peaks()
    found = threshold(largest, second, np.random.default_rng(0))
    assert found["second"].p == pytest.approx(0.3)
    assert 0.2 <= found["second"].low < 0.3 < found["second"].high <= 0.4
    assert found["fluctuation"].p == pytest.approx(0.6)
    assert set(found) == {"second", "fluctuation"}
    again = threshold(largest, second, np.random.default_rng(0))
    assert found == again
    other = threshold(largest, second, np.random.default_rng(1))
    assert found["second"].p == other["second"].p


def test_replicates_that_agree_leave_no_doubt():
    largest = np.tile([1, 2, 3, 4, 8], (5, 1))
    second = np.tile([1, 2, 2, 3, 0], (5, 1))
    found = threshold(largest, second, np.random.default_rng(0))
    assert found["second"] == pytest.approx(Threshold(0.75, 0.75, 0.75))


def test_the_interval_is_that_of_a_mean_and_narrows_with_replicates():
    links = Links.of(random_stack([150, 150], [600], seed=7))
    curves = _random_curves(links, 160, seed=8)
    s1 = np.array([curve.largest for curve in curves])
    s2 = np.array([curve.second for curve in curves])
    found = threshold(s1, s2, np.random.default_rng(0), resamples=4000)["second"]
    error = (s2.argmax(axis=1) / 600).std() / np.sqrt(160)
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.1)
    narrow = threshold(s1, s2, np.random.default_rng(0), confidence=0.5)["second"]
    assert narrow.high - narrow.low == pytest.approx(2 * 0.674 * error, rel=0.15)


def test_resamples_in_blocks_are_those_of_the_fluctuation():
    links = Links.of(random_stack([30, 30], [100], seed=9))
    s1 = np.array([curve.largest for curve in _random_curves(links, 5, seed=10)])
    share = np.random.default_rng(3).multinomial(5, np.full(5, 1 / 5), size=70)
    peaks = [
        fluctuation(np.repeat(s1, times, axis=0)).round(9).argmax() / 100
        for times in share
    ]
    for confidence in np.linspace(0.02, 0.98, 25):
        found = threshold(s1, s1, np.random.default_rng(3), 70, confidence)
        expected = np.quantile(peaks, [(1 - confidence) / 2, (1 + confidence) / 2])
        assert found["fluctuation"][1:] == pytest.approx(expected)


def test_both_thresholds_of_a_large_layer_lie_at_the_theory():
    curves = [
        percolation(links, np.random.default_rng(seed).permutation(12_000))
        for links in [Links.of(random_stack([3000, 3000], [12_000], seed=11))]
        for seed in range(40)
    ]
    s1 = np.array([curve.largest for curve in curves])
    s2 = np.array([curve.second for curve in curves])
    found = threshold(s1, s2, np.random.default_rng(0), resamples=200)
    for estimate in found.values():  # 1/4, and a window of 6000^(-1/3) = 5.5%
        assert estimate.low <= estimate.p <= estimate.high
        assert 0.25 * 0.97 < estimate.p < 0.25 * 1.2


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: canonical(3.0, 0.5), r"values must hold numbers .* shape \(\)"),
        (lambda: canonical([], 0.5), r"values must hold numbers .* shape \(0,\)"),
        (lambda: canonical(["a"], 0.5), "values must hold numbers"),
        (lambda: canonical([1, 2], 1.5), r"p must hold numbers in \[0, 1\]; got 1.5"),
        (lambda: canonical([1, 2], [0, np.nan]), "p must hold numbers in"),
        (lambda: canonical([1, 2], "half"), "p must hold numbers in"),
        (lambda: fluctuation([[1, 2]]), r"two replicates or more.*shape \(1, 2\)"),
        (lambda: fluctuation([1, 2]), "largest must hold one curve for each"),
        (lambda: fluctuation([[0.1, 1], [0.1, 1]]), "must count neurons.*got 0.1"),
        (lambda: _threshold([[1], [1]], [[1], [1]]), "M at least 1"),
        (lambda: _threshold([[1, 2]] * 2, [[1, 2]] * 3), "the same replicates"),
        (lambda: _threshold([[1, 2]] * 2, [[1, 2]] * 2, 0), "resamples must be an"),
        (
            lambda: _threshold([[1, 2]] * 2, [[1, 2]] * 2, 9, 1),
            r"confidence must be in \(0, 1",
        ),
    ],
)
def test_bad_curves_are_named(call, message):
    with pytest.raises(InputError, match=message):
        call()


def _threshold(largest, second, *options):
    return threshold(largest, second, np.random.default_rng(0), *options)
