"""Orders of links on specimens whose answers are known by hand."""

import itertools

import numpy as np
import pytest
from damages import damaged_cases, dense_stack, groups
from hypothesis import given
from hypothesis import strategies as st
from specimens import random_stack

from netrobust.graphs.graph import biases, from_links, links, sizes
from netrobust.graphs.perturb import (
    ORDERS,
    PERTURBATIONS,
    Links,
    Removal,
    apply,
    random_links,
)


def specimen():
    """Two neurons at each of three depths, one pair joined by two paths."""
    source, target = [0, 0, 1, 2, 3, 3], [2, 3, 3, 4, 4, 5]
    graph = from_links([2, 2, 2], source, target, [0.5, -2, 1, 3, -0.25, 1.5])
    graph.es["saliency"] = [5, 0, 4, 1, 2, 3]
    return graph


#: What is larger goes first.
BY_HAND = {
    "strongest_links": [0.5, 2, 1, 3, 0.25, 1.5],
    "weakest_links": [-0.5, -2, -1, -3, -0.25, -1.5],
    "strongest_positive_links": [0.5, -2, 1, 3, -0.25, 1.5],
    "strongest_negative_links": [-0.5, 2, -1, -3, 0.25, -1.5],
    "links_by_betweenness": [1.5, 2.5, 3, 1.5, 2.5, 3],
    "links_by_degree_product": [2, 4, 2, 2, 4, 2],
    "links_by_path_count": [1, 2, 2, 1, 2, 2],
    "links_by_saliency": [5, 0, 4, 1, 2, 3],
}


def test_every_order_but_the_random_one_is_known_by_hand():
    assert set(BY_HAND) == set(ORDERS) - {"random_links"}


@pytest.mark.parametrize("name", BY_HAND)
@pytest.mark.parametrize("seed", range(3))
def test_orders_by_hand(name, seed):
    ranking = ORDERS[name](specimen(), np.random.default_rng(seed))
    falling = np.array(BY_HAND[name])[ranking]
    assert (np.diff(falling) <= 0).all()


@pytest.mark.parametrize("name", BY_HAND)
def test_removals_split_every_group_by_the_order(name):
    graph, key = specimen(), np.array(BY_HAND[name])
    for scope in Links.of(graph).scopes:
        damage = PERTURBATIONS[name](graph, np.random.default_rng(0), 0.4, scope)
        for group in groups(name, graph, scope):
            stays = np.isin(group, damage.kept)
            assert key[group[~stays]].min() >= key[group[stays]].max()


@given(case=damaged_cases("random_links"), fraction=st.floats(0, 1))
def test_ordered_removals_split_every_group_by_weight(case, fraction):
    graph, scope, seed, _ = case
    weight = links(graph)[2]
    for name, key in (
        ("strongest_links", np.abs(weight)),
        ("weakest_links", -np.abs(weight)),
        ("strongest_positive_links", weight),
        ("strongest_negative_links", -weight),
    ):
        rng = np.random.default_rng(seed)
        kept = PERTURBATIONS[name](graph, rng, fraction, scope).kept
        for group in groups(name, graph, scope):
            stays = np.isin(group, kept)
            if stays.any() and not stays.all():
                assert key[group[~stays]].min() >= key[group[stays]].max()


# Ranked again


def fork():
    """Three inputs on two ways to one neuron; two of them share a way."""
    return from_links([3, 2, 1], [0, 1, 2, 3, 4], [3, 3, 4, 5, 5], np.ones(5))


@pytest.mark.parametrize("name", ["links_by_path_count", "links_by_betweenness"])
def test_what_is_left_is_ranked_again(name):
    """After the shared end of a way its beginnings lead nowhere."""
    once, again = set(), set()
    for seed in range(30):
        for member, found in ((name, once), (f"{name}(recompute=True)", again)):
            first, second = PERTURBATIONS[member].curve(
                fork(), np.random.default_rng(seed), [0.2, 0.4], "global"
            )
            assert first.kept.tolist() == [0, 1, 2, 4]
            found |= {*first.kept} - {*second.kept}
    assert again == {2, 4}
    assert once == {0, 1, 2, 4}


def test_one_step_of_a_recomputed_order_is_the_order():
    graph, name = random_stack([20, 30, 20], [90, 90], seed=4), "links_by_betweenness"
    for fraction in (0.2, 0.8):
        kept = [
            PERTURBATIONS[member](graph, np.random.default_rng(1), fraction).kept
            for member in (name, f"{name}(recompute=True)")
        ]
        assert kept[0].tolist() == kept[1].tolist()


def test_a_finer_grid_of_a_recomputed_order_does_more_harm_to_paths():
    graph = random_stack([30, 40, 30], [250, 250], seed=5)
    left = []
    for member in ("links_by_path_count", "links_by_path_count(recompute=True)"):
        rng = np.random.default_rng(0)
        damage = PERTURBATIONS[member].curve(graph, rng, np.linspace(0, 0.4, 9))[-1]
        damaged, dense = apply(graph, damage), np.zeros((100, 100))
        dense[tuple(np.array(damaged.get_edgelist()).T)] = 1
        left.append(np.linalg.matrix_power(dense, 2).sum())
    assert left[1] < left[0]


# What becomes of the rest


def removal_of(*ids):
    """Remove these links first, and then the others by id."""

    def order(graph, rng):
        return np.array([*ids, *sorted({*range(len(Links.of(graph).weight))} - {*ids})])

    return Removal(order)


def test_rescaled_weights_keep_the_mean_input_of_every_neuron():
    """Exactly: averaged over all choices of 3 of 6 links in either layer."""
    graph = dense_stack([3, 2, 3], seed=3)
    source, target, weight = links(graph)
    x = np.random.default_rng(0).normal(size=8)
    intact = np.bincount(target, weight * x[source], minlength=8)
    mean, count = np.zeros(8), 0
    for one, other in itertools.product(itertools.combinations(range(6), 3), repeat=2):
        gone = removal_of(*one, *(6 + np.array(other))).vary(rescale="weights")
        damage = gone(graph, np.random.default_rng(0), 0.5)
        assert damage.bias is None
        ends = source[damage.kept], target[damage.kept]
        mean += np.bincount(ends[1], damage.weight * x[ends[0]], minlength=8)
        count += 1
    assert count == 400
    assert mean / count == pytest.approx(intact, rel=1e-6)


def test_random_removal_with_rescaling_is_unbiased():
    graph = dense_stack([30, 4], seed=4)
    source, target, weight = links(graph)
    x = np.random.default_rng(0).random(34)
    member, rng = random_links.vary(rescale="weights"), np.random.default_rng(1)
    draws = np.empty((225, 4))
    for row in draws:
        damage = member(Links.of(graph), rng, 0.3)
        ends = source[damage.kept], target[damage.kept]
        row[:] = np.bincount(ends[1] - 30, damage.weight * x[ends[0]])
    intact = np.bincount(target - 30, weight * x[source])
    error = draws.std(axis=0, ddof=1) / 15
    assert (np.abs(draws.mean(axis=0) - intact) < 4 * error).all()


def test_survivors_are_scaled_by_what_is_kept_of_their_layer():
    graph = dense_stack([2, 2, 2])
    scaled = PERTURBATIONS["random_links(rescale=weights)"]
    for scope, shares in (("per_layer", [2, 2]), ("layer_2", [1, 2])):
        damage = scaled(graph, np.random.default_rng(0), 0.5, scope)
        before = links(graph)[2][damage.kept]
        layer = Links.of(graph).layer[damage.kept]
        assert damage.weight.tolist() == (before * np.array(shares)[layer]).tolist()
    rng = np.random.default_rng(0)
    for fraction in (0.25, 0.75):  # shares by chance, where layers are cut together
        damage = scaled(graph, rng, fraction, "global")
        layer = Links.of(graph).layer[damage.kept]
        share = np.bincount(layer, minlength=2) / 4
        before = links(graph)[2][damage.kept]
        assert damage.weight == pytest.approx(before / share[layer])
    nothing = scaled(graph, rng, 1)
    assert (nothing.kept.size, nothing.weight.size) == (0, 0)
    assert scaled(graph, rng, 0).weight is None


def test_scaled_weights_stay_within_float32():
    graph = from_links([4, 1], [0, 1, 2, 3], [4] * 4, [3e38, -3e38, 3e38, -3e38])
    damage = random_links.vary(rescale="weights")(graph, np.random.default_rng(0), 0.5)
    assert np.abs(damage.weight).tolist() == [float(np.finfo(np.float32).max)] * 2


def test_biases_fade_with_the_signal():
    graph = dense_stack([2, 2, 2])
    faded = PERTURBATIONS["random_links(rescale=biases)"]
    for scope, shares in (
        ("per_layer", [1, 0.5, 0.25]), ("layer_1", [1, 0.5, 0.5]),
        ("layer_2", [1, 1, 0.5]),
    ):  # fmt: skip
        damage = faded(graph, np.random.default_rng(0), 0.5, scope)
        assert damage.weight is None
        expected = biases(graph) * np.repeat(shares, 2)
        assert biases(apply(graph, damage)).tolist() == expected.tolist()
    gone = faded(graph, np.random.default_rng(0), 1)
    assert gone.bias.tolist() == [0] * 4
    assert faded(graph, np.random.default_rng(0), 0).bias is None


def test_faded_biases_make_the_mean_network_a_smaller_copy():
    """Weights p_l W_l, which is their mean after removal, and these biases."""
    graph = dense_stack([4, 5, 3], seed=6)
    source, target, weight = links(graph)
    damage = PERTURBATIONS["random_links(rescale=biases)"](
        graph, np.random.default_rng(0), 0.4
    )

    def outputs(weight, bias):
        hidden, start = np.linspace(-1, 1, 4), 0
        for n_in, n_out in itertools.pairwise(sizes(graph)):
            here = (source >= start) & (source < start + n_in)
            matrix = np.zeros((n_in, n_out))
            matrix[source[here] - start, target[here] - start - n_in] = weight[here]
            start += n_in
            hidden = np.maximum(hidden @ matrix + bias[start : start + n_out], 0)
        return hidden

    kept = np.bincount(Links.of(graph).layer[damage.kept]) / [20, 15]
    mean = weight * kept[Links.of(graph).layer]
    small = outputs(mean, np.concatenate([np.zeros(4), damage.bias]))
    assert small == pytest.approx(
        kept.prod() * outputs(weight, biases(graph)), rel=1e-6
    )


def test_a_layer_without_links_has_no_share():
    graph = from_links([2, 2, 2], [0, 1], [2, 3], [1, -1], [0, 0, 1, 1, 1, 1])
    for rescale in ("weights", "biases"):
        damage = random_links.vary(rescale=rescale)(
            graph, np.random.default_rng(0), 0.5
        )
        values = damage.weight if rescale == "weights" else damage.bias
        assert set(np.abs(values)) == {2.0 if rescale == "weights" else 0.5}
