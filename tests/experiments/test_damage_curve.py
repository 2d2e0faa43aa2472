"""Damage that asks data or reaches the head, as a sweep gets it."""

import numpy as np
import pytest
from networks import random_model
from small import digits, network

from netrobust.convert.network import to_graph
from netrobust.core.errors import InputError
from netrobust.experiments.damage_curve import damage_curve, marked
from netrobust.experiments.score import damaged
from netrobust.graphs.perturb import PERTURBATIONS, Damage, Links, random_links
from netrobust.graphs.perturb.scopes import check_reach, graph_scope
from netrobust.neural.evaluate import evaluate
from netrobust.neural.model import SparseMLP
from netrobust.neural.sensitivity import activations, sensitivity
from netrobust.parallel.threads import limited_threads
from tests.test_laws import data_for


@pytest.fixture
def model():
    return random_model(np.random.default_rng(3), (12, 9, 8, 4), [0.5, 0.5])


def rng():
    return np.random.default_rng(0)


def test_a_marked_graph_says_what_training_images_say(model):
    data = data_for(model, 0)
    graph = marked(model, data, images=7)
    _, saliency, activation = sensitivity(model, data.x_train[:7], data.y_train[:7])
    assert np.array_equal(graph.es["saliency"], saliency)
    assert np.array_equal(graph.vs["activation"], activation)
    links = Links.of(graph)
    assert np.array_equal(links.attributes["saliency"], saliency)


def test_activations_are_what_each_neuron_says_to_each_image(model):
    data = data_for(model, 0)
    found = activations(model, data.x_train)
    assert found.shape == (len(data.x_train), 12 + 9 + 8)
    _, _, mean = sensitivity(model, data.x_train, data.y_train)
    np.testing.assert_allclose(np.abs(found).mean(axis=0), mean, rtol=1e-5, atol=1e-6)


def test_orders_ask_training_images_and_never_test_images(model):
    data = data_for(model, 0)
    for name in ("links_by_saliency", "neurons_by_activation", "greedy_links"):
        one, two = (
            damage_curve(model, PERTURBATIONS[name], [0, 0.3, 1], "per_layer", rng(), d)
            for d in (data, type(data).from_arrays(
                data.x_train, data.y_train, 1 - data.x_test, data.y_test
            ))
        )  # fmt: skip
        for left, right in zip(one, two, strict=True):
            assert np.array_equal(left.kept, right.kept)
    salient = PERTURBATIONS["links_by_saliency"]
    kept = [
        damage_curve(model, salient, [0.5], "global", rng(), data, images=n)[0].kept
        for n in (1, 20)
    ]
    assert not np.array_equal(*kept)


def test_greedy_damage_does_more_harm_than_either_of_its_candidates(model):
    net, data = network().model, digits()
    x, y = data.x_train[:500], data.y_train[:500]
    loss = {
        name: evaluate(damaged(net, damage), x, y)["loss"]
        for name in ("greedy_links", "strongest_links", "links_by_saliency")
        for damage in damage_curve(
            net, PERTURBATIONS[name], [0.02], "per_layer", rng(), data, images=500
        )
    }
    assert loss["greedy_links"] >= max(
        loss["strongest_links"], loss["links_by_saliency"]
    ) * (1 - 1e-9)


def test_a_plain_function_is_given_the_same_random_numbers_at_every_fraction(model):
    seen = []

    def mine(graph, rng, fraction):
        seen.append(rng.random())
        return Damage(np.arange(graph.ecount()))

    damage_curve(model, mine, [0, 0.5, 1], "per_layer", rng(), data_for(model, 0))
    assert len(set(seen)) == 1


def test_a_function_that_works_in_place_spoils_its_own_copy_alone(model):
    seen = []

    def careless(graph, rng, fraction):
        seen.append(graph.ecount())
        graph.delete_edges(range(graph.ecount()))
        return Damage([0])

    graph = to_graph(model)
    arrays = Links.of(graph)
    left = damage_curve(
        model, careless, [0, 1], "per_layer", rng(), data_for(model, 0), arrays
    )
    assert [damage.kept.tolist() for damage in left] == [[0], [0]]
    assert seen == [graph.ecount()] * 2


def test_what_is_no_damage_is_refused(model):
    def ids(graph, rng, fraction):
        return np.arange(3)

    with pytest.raises(InputError, match="ids must give a Damage; got ndarray"):
        damage_curve(model, ids, [0], "per_layer", rng(), data_for(model, 0))


def test_a_plain_function_must_take_what_it_is_given():
    def mine(graph, rng, fraction):
        return Damage([])

    def scoped(graph, rng, fraction, scope):
        return Damage([])

    for scope in ("per_layer", "per_layer+head"):
        check_reach(mine, scope)
        with pytest.raises(
            InputError, match=r"scoped must take \(graph, rng, fraction"
        ):
            check_reach(scoped, scope)
    for scope in ("global", "layer_1", "head", "global+head"):
        check_reach(scoped, scope)
        with pytest.raises(InputError, match=r"must take .* scope\) in the scope"):
            check_reach(mine, scope)


def test_greedy_damage_asks_networks_with_dense_and_sparse_layers(model):
    one = random_model(np.random.default_rng(0), model.sizes)
    mixed = SparseMLP([one.layers[0], model.layers[1]], model.head, 0.5, 0.5)
    count = len(mixed.links()[0])
    kept = [
        damage.kept.size
        for damage in damage_curve(
            mixed, PERTURBATIONS["greedy_links"], [0, 0.25, 0.5, 1], "global", rng(),
            data_for(model, 0),
        )
    ]  # fmt: skip
    assert kept == [count - int(share * count + 0.5) for share in (0, 0.25, 0.5, 1)]


def test_what_training_images_say_does_not_depend_on_the_threads():
    net = network().model
    told = []
    for threads in (1, 2):
        with limited_threads(threads):
            told.append(marked(net, digits(), images=1000).es["saliency"])
    assert told[0] == told[1]


def test_the_head_is_the_last_layer_of_its_graph(model):
    hidden = len(model.links()[0])
    data = data_for(model, 0)
    (alone,) = damage_curve(model, random_links, [1], "head", rng(), data)
    assert np.array_equal(alone.kept, np.arange(hidden))
    (half,) = damage_curve(model, random_links, [0.5], "per_layer+head", rng(), data)
    counts = np.bincount(Links.of(to_graph(model, head=True)).layer)
    left = np.bincount(Links.of(to_graph(model, head=True)).layer[half.kept])
    assert left.tolist() == [n - int(0.5 * n + 0.5) for n in counts]
    (whole,) = damage_curve(model, random_links, [0.5], "global+head", rng(), data)
    assert whole.kept.size == sum(counts) - int(0.5 * sum(counts) + 0.5)
    assert graph_scope("layer_2", 3) == "layer_2"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("random_neurons", "acts on neurons"),
        ("pixels_by_degree", "acts on pixels"),
        ("links_by_saliency", "asks training images"),
        ("greedy_links", "asks training images"),
    ],
)
def test_what_cannot_act_on_the_head_is_refused(name, reason):
    check_reach(PERTURBATIONS[name], "per_layer")
    with pytest.raises(InputError, match=reason):
        check_reach(PERTURBATIONS[name], "per_layer+head")


def test_pixels_are_in_no_layer():
    for scope in ("per_layer", "global"):
        check_reach(PERTURBATIONS["random_pixels"], scope)
    with pytest.raises(InputError, match="random_pixels acts on pixels, which are in"):
        check_reach(PERTURBATIONS["random_pixels"], "layer_1")


def test_images_that_do_not_fit_are_refused(model):
    other = random_model(np.random.default_rng(0), (5, 4, 3), [0.5])
    with pytest.raises(InputError, match="use the data it was trained on"):
        marked(model, data_for(other, 0))
    data = data_for(random_model(np.random.default_rng(0), (12, 4, 9), [0.5]), 0)
    with pytest.raises(InputError, match="9 classes, the network 12 inputs and 4"):
        marked(model, data)
    with pytest.raises(InputError, match="images must be an integer"):
        marked(model, data_for(model, 0), images=0)
