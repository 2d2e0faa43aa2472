"""Changes of weights: values by hand, laws of noise, signs, levels and shuffles."""

import itertools
from collections import Counter

import numpy as np
import pytest
from damages import CASES, damaged_cases, dense_stack, groups
from hypothesis import given
from hypothesis import strategies as st
from specimens import random_stack, zero_weight

from netrobust.core.errors import InputError
from netrobust.graphs.graph import from_links, links
from netrobust.graphs.perturb import (
    PERTURBATIONS,
    Links,
    Reweighting,
)

NOISES = tuple(PERTURBATIONS[name] for name in ("gaussian_noise", "uniform_noise"))


def weights_at(member, graph, fraction, scope="per_layer", seed=0):
    damage = member(graph, np.random.default_rng(seed), fraction, scope)
    return links(graph)[2] if damage.weight is None else damage.weight


# Noise


@pytest.mark.parametrize("member", NOISES)
def test_noise_of_a_link_does_not_depend_on_the_fraction(member):
    graph = dense_stack([6, 7, 5])
    before, full = links(graph)[2], weights_at(member, graph, 1)
    assert (full != before).all()
    previous = np.zeros(len(before), bool)
    for fraction in np.linspace(0, 1, 9):
        now = weights_at(member, graph, fraction)
        changed = now != before
        assert (now[changed] == full[changed]).all()
        assert (previous <= changed).all()
        for group in groups(member.__name__, graph, "per_layer"):
            assert changed[group].sum() == int(fraction * len(group) + 0.5)
        previous = changed


@pytest.mark.parametrize("member", NOISES)
def test_noise_has_the_promised_size_in_every_layer(member):
    graph = random_stack([100, 100, 100], [4000, 5000], seed=1)
    graph.es["weight"] = np.where(
        np.arange(9000) < 4000, graph.es["weight"], 10 * np.array(graph.es["weight"])
    ).astype(np.float32).tolist()  # fmt: skip
    before, layer = links(graph)[2].astype(float), Links.of(graph).layer
    for amplitude in (0.5, 2.0):
        noise = weights_at(member.vary(amplitude=amplitude), graph, 1) - before
        for one in (0, 1):
            unit = amplitude * before[layer == one].std()
            here = noise[layer == one] / unit
            spread, fourth = (
                (1, 3) if member.__name__ == "gaussian_noise" else (1 / 3, 1 / 5)
            )
            n = len(here)
            assert abs(here.mean()) < 4 * np.sqrt(spread / n)
            # The variance of a mean square is (fourth moment - square of second) / n.
            error = np.sqrt((fourth - spread**2) / n)
            assert abs((here**2).mean() - spread) < 4 * error
            if member.__name__ == "uniform_noise":
                assert np.abs(here).max() <= 1 + 1e-6
                assert np.abs(here).max() > 0.99


@pytest.mark.parametrize("member", NOISES)
def test_noise_grows_with_the_amplitude_and_vanishes_at_0(member):
    graph = dense_stack([6, 7])
    before = links(graph)[2]
    one, two = (
        weights_at(member.vary(amplitude=amplitude), graph, 1) - before
        for amplitude in (1, 2)
    )
    assert two == pytest.approx(2 * one, rel=1e-4)
    assert (weights_at(member.vary(amplitude=0), graph, 1) == before).all()


def test_a_layer_of_one_weight_has_no_deviation_to_add():
    graph = from_links([1, 1], [0], [1], [0.5])
    assert weights_at(PERTURBATIONS["gaussian_noise"], graph, 1).tolist() == [0.5]


@pytest.mark.parametrize(
    "name", [one for one in CASES if isinstance(PERTURBATIONS[one], Reweighting)]
)
def test_weights_of_any_size_stay_finite(name):
    member = PERTURBATIONS[name]
    for huge in (3.4e38, 1e-45):
        graph = from_links([4, 1], range(4), [4] * 4, [huge, -huge, 0, huge / 2])
        assert np.isfinite(weights_at(member, graph, 1)).all()
        if "amplitude" in member.options:
            loud = member.vary(amplitude=1e300)
            assert np.isfinite(weights_at(loud, graph, 1)).all()


# Signs


def test_signs_turn_and_nothing_else():
    graph = dense_stack([4, 5, 3])
    before = links(graph)[2]
    for name, fraction in itertools.product(
        ("random_sign_flips", "weakest_sign_flips"), (0.3, 0.5, 1)
    ):
        after = weights_at(PERTURBATIONS[name], graph, fraction)
        assert (np.abs(after) == np.abs(before)).all()
        for group in groups(name, graph, "per_layer"):
            flipped = (after != before)[group].sum()
            assert flipped == int(fraction * len(group) + 0.5)


@given(case=damaged_cases("weakest_sign_flips"), fraction=st.floats(0, 1))
def test_the_weakest_turn_first(case, fraction):
    graph, scope, seed, _ = case
    size = np.abs(links(graph)[2])
    after = weights_at(
        PERTURBATIONS["weakest_sign_flips"], graph, fraction, scope, seed
    )
    turned = np.signbit(after) != np.signbit(links(graph)[2])
    for group in groups("weakest_sign_flips", graph, scope):
        yes, no = size[group[turned[group]]], size[group[~turned[group]]]
        if yes.size and no.size:
            assert yes.max() <= no.min()


def test_binarised_weights_by_hand():
    graph = from_links([2, 2, 1], [0, 1, 0, 2, 3], [2, 2, 3, 4, 4], [1, -3, 0, -8, 2])
    mean = PERTURBATIONS["binarised"]
    third = np.float32(4 / 3)
    assert weights_at(mean, graph, 1).tolist() == [third, -third, 0, -5, 5]
    unit = PERTURBATIONS["binarised(scale=unit)"]
    assert weights_at(unit, graph, 1).tolist() == [1, -1, 0, -1, 1]
    half = weights_at(mean, graph, 0.5, "layer_2").tolist()
    assert half in ([1, -3, 0, -5, 2], [1, -3, 0, -8, 5])  # the mean is the intact one


def test_zeros_have_no_sign():
    for name, one in (
        ("binarised", 0.5),
        ("binarised(scale=unit)", 1),
        ("quantised", 1),
    ):
        after = weights_at(PERTURBATIONS[name], zero_weight(), 1)
        assert after.tolist() == [0, 0, one, 0]


# Levels


def test_quantised_weights_by_hand():
    graph = from_links([5, 1], range(5), [5] * 5, [7, -3.4, 0.6, 0.4, -0.5])
    assert weights_at(PERTURBATIONS["quantised"], graph, 1).tolist() == [7, -3, 1, 0, 0]
    ternary = weights_at(PERTURBATIONS["quantised"].vary(bits=2), graph, 1)
    assert ternary.tolist() == [7, 0, 0, 0, 0]


@pytest.mark.parametrize("bits", [2, 3, 4, 8, 16, 24])
def test_quantised_weights_are_the_nearest_of_even_levels(bits):
    graph = random_stack([40, 50, 40], [900, 1100], seed=2)
    before, layer = links(graph)[2].astype(float), Links.of(graph).layer
    member = PERTURBATIONS["quantised"].vary(bits=bits)
    after = weights_at(member, graph, 1)
    for one in (0, 1):
        most = np.abs(before[layer == one]).max()
        steps = 2 ** (bits - 1) - 1
        here = after[layer == one].astype(float)
        assert len(np.unique(here)) <= 2 * steps + 1
        assert np.abs(here).max() == np.float32(most)
        level = here * steps / most
        slack = 1e-7 * steps  # of float32
        assert np.abs(level - np.rint(level)).max() <= 1e-6 + slack
        error = np.abs(here - before[layer == one]) * steps / most
        assert error.max() <= 0.5 + 1e-6 + slack
    graph.es["weight"] = after.tolist()
    if bits <= 16:
        assert weights_at(member, graph, 1).tolist() == after.tolist()


# Shuffles


@given(case=damaged_cases("shuffled_weights"), fraction=st.floats(0, 1))
def test_shuffled_weights_are_the_old_ones_of_each_layer(case, fraction):
    graph, scope, seed, _ = case
    before, layer = links(graph)[2], Links.of(graph).layer
    after = weights_at(PERTURBATIONS["shuffled_weights"], graph, fraction, scope, seed)
    for one in np.unique(layer):
        assert np.sort(after[layer == one]).tolist() == (
            np.sort(before[layer == one]).tolist()
        )


@given(case=damaged_cases("shuffled_weights_by_sign"), fraction=st.floats(0, 1))
def test_weights_shuffled_by_sign_keep_the_sign_of_every_link(case, fraction):
    graph, scope, seed, _ = case
    before, layer = links(graph)[2], Links.of(graph).layer
    member = PERTURBATIONS["shuffled_weights_by_sign"]
    after = weights_at(member, graph, fraction, scope, seed)
    assert ((after < 0) == (before < 0)).all()
    for one in np.unique(layer):
        assert np.sort(after[layer == one]).tolist() == (
            np.sort(before[layer == one]).tolist()
        )


def test_every_permutation_of_the_chosen_weights_is_equally_likely():
    """Three of four links are chosen, and their weights permuted in six ways."""
    graph = Links.of(from_links([4, 1], range(4), [4] * 4, [1, 2, 3, 4]))
    rng, draws = np.random.default_rng(0), 1500
    found = Counter(
        tuple(PERTURBATIONS["shuffled_weights"](graph, rng, 0.75).weight.tolist())
        for _ in range(draws)
    )
    share = Counter()
    for chosen in itertools.combinations(range(4), 3):
        for dealt in itertools.permutations(chosen):
            after = np.array([1, 2, 3, 4])
            after[list(chosen)] = after[list(dealt)]
            share[tuple(after.tolist())] += 1 / 24
    assert found.keys() == share.keys()
    for after, p in share.items():
        assert abs(found[after] / draws - p) < 4 * np.sqrt(p * (1 - p) / draws)


def test_a_global_shuffle_stays_within_layers():
    graph = random_stack([20, 20, 20], [100, 150], seed=3)
    before = links(graph)[2]
    after = weights_at(PERTURBATIONS["shuffled_weights"], graph, 1, "global")
    assert sorted(after[:100]) == sorted(before[:100])
    assert (after != before).mean() > 0.9


# One's own


@pytest.mark.parametrize("values", [[1, 2], [[1, 2, 3]], [1, np.nan, 3]])
def test_a_change_that_gives_no_weights_is_refused(values):
    def odd(graph, rng, chosen):
        return values

    graph = from_links([3, 1], range(3), [3] * 3, [1, 2, 3])
    with pytest.raises(InputError, match="odd must give a weight for each of the 3"):
        Reweighting(odd)(graph, np.random.default_rng(0), 1)


def test_an_order_of_change_must_rank_every_link():
    def none(graph, rng):
        return []

    member = Reweighting(lambda graph, rng, chosen: None, order=none)
    graph = from_links([3, 1], range(3), [3] * 3, [1, 2, 3])
    with pytest.raises(InputError, match="order none must rank each of the 3 links"):
        member(graph, np.random.default_rng(0), 1)


def test_weights_beyond_float32_become_its_largest():
    def huge(graph, rng, chosen):
        return [np.inf, -1e300, 5]

    graph = from_links([3, 1], range(3), [3] * 3, [1, 2, 3])
    most = float(np.finfo(np.float32).max)
    assert weights_at(Reweighting(huge), graph, 1).tolist() == [most, -most, 5]
