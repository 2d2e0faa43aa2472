"""Removal of hidden neurons and pixels on specimens whose answers are known by hand."""

import numpy as np
import pytest
from damages import dense_stack, groups
from specimens import SPECIMENS, path

from netrobust.core.errors import InputError
from netrobust.graphs.graph import biases, from_links
from netrobust.graphs.paths import neuron_betweenness
from netrobust.graphs.perturb import PERTURBATIONS, Links, NeuronRemoval, apply


def specimen():
    """Three pixels, three hidden neurons at depth 1 and two at depth 2."""
    source, target = [0, 0, 1, 2, 2, 3, 4, 4, 5], [3, 4, 4, 4, 5, 6, 6, 7, 7]
    weight = [9, 1, -3, 1, 1, -1, 0.5, 0.5, 20]
    graph = from_links([3, 3, 2], source, target, weight, [0, 0, 0, 1, 2, 3, 4, 5])
    graph.vs["activation"] = [0.3, 0.1, 0.2, 5, 3, 4, 1, 2]
    return graph


#: What is larger goes first: of neurons 0 to 2 the pixels, then depth 1, then depth 2.
BY_HAND = {
    "degree": [2, 1, 2, 2, 5, 2, 2, 2],
    "strength": [10, 3, 2, 10, 6, 21, 1.5, 20.5],
    # Neurons that can be reached and that reach it, and pairs that it lies between.
    "betweenness": [4, 3, 4, 1 + 1 + 0.5, 3 + 2 + 5, 1 + 1 + 0.5, 5, 5],
    "activation": [0.3, 0.1, 0.2, 5, 3, 4, 1, 2],
}


@pytest.mark.parametrize("kind", ["neurons", "pixels"])
@pytest.mark.parametrize("order", BY_HAND)
@pytest.mark.parametrize("fraction", [0.3, 0.6])
def test_orders_by_hand(kind, order, fraction):
    name, graph, key = f"{kind}_by_{order}", specimen(), np.array(BY_HAND[order])
    scopes = ["per_layer", "global"]
    scopes += ["layer_1", "layer_2"] if kind == "neurons" else []
    source = np.array(graph.get_edgelist())[:, 0]
    for scope in scopes:
        for seed in range(5):
            rng = np.random.default_rng(seed)
            damage = PERTURBATIONS[name](graph, rng, fraction, scope)
            gone = biases(apply(graph, damage)) != biases(graph)
            if kind == "pixels":
                gone = ~np.isin(np.arange(8), source[damage.kept])
            for group in groups(name, graph, scope):
                count = int(fraction * len(group) + 0.5)
                assert gone[group].sum() == count
                if 0 < count < len(group):
                    assert (
                        key[group[gone[group]]].min() >= key[group[~gone[group]]].max()
                    )


def test_betweenness_of_the_specimen_is_as_told():
    assert neuron_betweenness(specimen()).tolist() == BY_HAND["betweenness"]


def test_a_neuron_that_goes_takes_its_links_and_falls_silent():
    graph = specimen()
    damage = PERTURBATIONS["neurons_by_degree"](
        graph, np.random.default_rng(0), 0.4, "layer_1"
    )
    assert damage.kept.tolist() == [0, 4, 5, 8]
    assert damage.bias.tolist() == [1, 0, 3, 4, 5]
    assert damage.weight is None


def test_a_pixel_that_goes_takes_its_links_and_nothing_else():
    damage = PERTURBATIONS["pixels_by_strength"](
        specimen(), np.random.default_rng(0), 0.4
    )
    assert damage.kept.tolist() == [2, 3, 4, 5, 6, 7, 8]
    assert (damage.weight, damage.bias) == (None, None)


def test_inputs_are_no_hidden_neurons_and_the_first_depth_of_a_deep_layer_is():
    rng, gone = np.random.default_rng(0), PERTURBATIONS["random_neurons"]
    assert gone(path(), rng, 1, "layer_1").bias.tolist() == [0, 2, 3]
    deep = SPECIMENS["full"]()  # from depth 2
    assert gone(deep, rng, 1, "layer_2").bias.tolist() == [0, 0, 2, 3, 4]
    assert gone(deep, rng, 1).bias.tolist() == [0] * 5
    with pytest.raises(InputError, match="pixels, and this graph starts at depth 2"):
        PERTURBATIONS["random_pixels"](deep, rng, 0.5)


def test_recomputed_degrees_count_what_is_left():
    """Two hubs feed the third neuron by degree, which falls behind when they go."""
    hubs = [(pixel, hub) for hub in (4, 5) for pixel in range(4)]
    others = [(0, 8), (1, 8), (2, 8), *((hidden, 9) for hidden in (4, 5, 6, 7))]
    source, target = np.array(hubs + others).T
    graph = from_links([4, 5, 1], source, target, np.ones(15), [0] * 4 + [1] * 6)
    for name, third in (
        ("neurons_by_degree", 9), ("neurons_by_degree(recompute=True)", 8)
    ):  # fmt: skip
        damages = PERTURBATIONS[name].curve(
            graph, np.random.default_rng(0), [2 / 6, 3 / 6], "global"
        )
        silent = [(np.flatnonzero(one.bias == 0) + 4).tolist() for one in damages]
        assert silent == [[4, 5], sorted([4, 5, third])]


@pytest.mark.parametrize(
    ("name", "scope", "known"),
    [
        ("random_neurons", "layer_0", "per_layer, global, layer_1, layer_2, layer_3"),
        ("random_neurons", "layer_4", "per_layer, global, layer_1, layer_2, layer_3"),
        ("random_neurons", 1, "per_layer, global, layer_1, layer_2, layer_3"),
        ("random_pixels", "layer_1", "per_layer, global$"),
        ("pixels_by_degree", "everywhere", "per_layer, global$"),
    ],
)
def test_a_scope_that_has_none_of_them_is_refused(name, scope, known):
    kind = PERTURBATIONS[name].acts_on
    with pytest.raises(
        InputError, match=f"unknown scope {scope!r} of {kind}; choose from: {known}"
    ):
        PERTURBATIONS[name](path(), np.random.default_rng(0), 0.5, scope)


@pytest.mark.parametrize("ranking", [[0, 1], [0, 1, 2, 2], [1, 2, 3, 4]])
def test_an_order_that_does_not_rank_every_neuron_is_refused(ranking):
    def short(graph, rng):
        return ranking

    with pytest.raises(InputError, match="order short must rank each of the 4 neurons"):
        NeuronRemoval(short)(path(), np.random.default_rng(0), 0.5)


def test_random_neurons_are_a_site_percolation():
    """A link stays if both its ends do: on average (1 - f)^2 between hidden layers."""
    graph, rng = Links.of(dense_stack([2, 20, 20])), np.random.default_rng(0)
    kept = []
    for _ in range(200):
        damage = PERTURBATIONS["random_neurons"](graph, rng, 0.4)
        assert np.count_nonzero(damage.bias == 0) == 16
        kept.append(np.bincount(graph.layer[damage.kept]).tolist())
    assert kept == [[24, 144]] * 200  # 0.6 and 0.36 of all, exactly, layer by layer
