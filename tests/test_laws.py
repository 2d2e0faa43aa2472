"""Laws that hold across the worlds of torch and igraph."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from networks import models, random_model, same_state, seeds
from specimens import fingerprint

from netrobust.convert.network import to_graph, to_model
from netrobust.data.dataset import Dataset
from netrobust.experiments.damage_curve import damage_curve
from netrobust.experiments.score import damaged, score
from netrobust.graphs import files
from netrobust.graphs.graph import layers, read, stack, write
from netrobust.graphs.null import NULL_MODELS, conserved, randomise
from netrobust.graphs.perturb import (
    PERTURBATIONS,
    Damage,
    Links,
    apply,
    random_links,
)
from netrobust.neural.evaluate import logits

# Each example builds graphs.
few = settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
fewer = settings(few, max_examples=12)  # of each member of a family


@pytest.fixture(autouse=True)
def _read_in_this_process(monkeypatch):
    """A child for every GraphML file would take a third of a second each."""
    monkeypatch.setattr(files, "guarded", lambda parse, path, **_: parse(path))


def data_for(model, seed, images=20):
    """Random images of the network's size, with every class among the labels."""
    rng = np.random.default_rng(seed)
    classes = model.sizes[-1]
    y = np.arange(images) % classes
    x = rng.random((2, images, model.sizes[0]), np.float32)
    return Dataset.from_arrays(x[0], y, x[1], rng.permutation(y))


def assert_same_network(one, two, seed=0):
    """Bitwise the same tensors, scores and outputs of the modules."""
    assert same_state(one, two)
    x = np.random.default_rng(seed).random((9, one.sizes[0]), np.float32)
    assert logits(one, x).tobytes() == logits(two, x).tobytes()
    with torch.no_grad():
        outputs = [model(torch.from_numpy(x)).numpy().tobytes() for model in (one, two)]
    assert outputs[0] == outputs[1]


# The reload law


@few
@given(model=models())
def test_a_reloaded_network_is_bitwise_the_same(model):
    graph = to_graph(model)
    again = to_model(graph, like=model)
    assert_same_network(again, model)
    assert fingerprint(to_graph(again)) == fingerprint(graph)


@few
@given(model=models(), seed=seeds)
def test_the_order_of_links_in_the_graph_does_not_matter(model, seed):
    graph = to_graph(model)
    order = np.random.default_rng(seed).permutation(graph.ecount())
    edges, weight = np.array(graph.get_edgelist()).reshape(-1, 2), graph.es["weight"]
    graph.delete_edges()
    graph.add_edges(edges[order].tolist())
    graph.es["weight"] = [weight[k] for k in order]
    assert_same_network(to_model(graph, like=model), model)


@pytest.mark.parametrize("suffix", [".graphml", ".npz"])
@few
@given(model=models())
def test_a_network_survives_the_disk_as_a_stack(tmp_path_factory, suffix, model):
    path = tmp_path_factory.getbasetemp() / f"stack{suffix}"
    write(to_graph(model), path)
    assert_same_network(to_model(read(path), like=model), model)


@pytest.mark.parametrize("suffix", [".graphml", ".npz"])
@few
@given(model=models())
def test_a_network_survives_the_disk_layer_by_layer(tmp_path_factory, suffix, model):
    folder = tmp_path_factory.getbasetemp()
    parts = []
    for number, layer in enumerate(layers(to_graph(model)), start=1):
        path = folder / f"layer_{number}{suffix}"
        write(layer, path)
        parts.append(read(path))
    assert_same_network(to_model(stack(parts), like=model), model)


# The score law


def assert_scores_agree(model, data, damage):
    """Scoring the damage is scoring what its graph is reloaded to, bit for bit."""
    graph = apply(to_graph(model), damage)
    reloaded = to_model(graph, like=model)
    assert_same_network(damaged(model, damage), reloaded)
    one, two = score(model, data, damage), score(reloaded, data)
    assert (
        np.array(list(one.values())).tobytes() == np.array(list(two.values())).tobytes()
    )
    assert one.keys() == two.keys()


def damages(name, model, seed, fractions, scope="per_layer"):
    """Damage of one perturbation along a grid, as a sweep gets it."""
    rng, data = np.random.default_rng(seed), data_for(model, seed)
    return damage_curve(model, PERTURBATIONS[name], fractions, scope, rng, data)


def scopes(name, model):
    """The scopes that a perturbation can have in a network."""
    kind = PERTURBATIONS[name].acts_on
    everywhere = ("per_layer", "global")
    return everywhere if kind == "pixels" else Links.of(to_graph(model)).scopes


@pytest.mark.parametrize("name", PERTURBATIONS)
@fewer
@given(model=models(), seed=seeds, data=st.data())
def test_scores_of_every_perturbation(name, model, seed, data):
    scope = data.draw(st.sampled_from(scopes(name, model)))
    fraction = data.draw(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]))
    (damage,) = damages(name, model, seed, [fraction], scope)
    assert_scores_agree(model, data_for(model, seed), damage)


@few
@given(model=models(), seed=seeds, fraction=st.sampled_from([0.0, 0.3, 1.0]))
def test_scores_of_damage_that_reaches_the_head(model, seed, fraction):
    data, rng = data_for(model, seed), np.random.default_rng(seed)
    graph = to_graph(model, head=True)
    damage = random_links(graph, rng, fraction)
    reloaded = to_model(apply(graph, damage), like=model)
    found, expected = score(model, data, damage, head=True), score(reloaded, data)
    assert np.array([*found.values()]).tobytes() == (
        np.array([*expected.values()]).tobytes()
    )
    assert_same_network(to_model(graph, like=model), model)
    hidden = len(model.links()[0])
    spared = Damage(np.flatnonzero(np.arange(graph.ecount()) < hidden))
    headless = damaged(model, spared, head=True)
    assert not headless.head.weight.any()
    assert same_state(headless.layers, model.layers)


@given(model=models(), seed=seeds, weight=st.booleans(), bias=st.booleans())
def test_scores_of_damage_to_links_weights_and_biases(model, seed, weight, bias):
    rng = np.random.default_rng(seed)
    count = len(model.links()[0])
    kept = np.flatnonzero(rng.random(count) < rng.random())
    neurons = sum(model.sizes[1:-1])
    damage = Damage(
        kept,
        # In double precision: both ways must round in the same place.
        weight=rng.normal(size=kept.size) if weight else None,
        bias=rng.normal(size=neurons) if bias else None,
    )
    assert_scores_agree(model, data_for(model, seed), damage)


@given(model=models(), seed=seeds)
def test_no_damage_changes_no_bit(model, seed):
    data = data_for(model, seed)
    everything = Damage(np.arange(len(model.links()[0])))
    assert score(model, data, everything) == score(model, data)


def biases_alone(model):
    """The scores of a network that no pixel reaches."""
    last = np.maximum(model.layers[-1].bias.detach().numpy(), 0).astype(float)
    head = model.head.weight.detach().numpy().astype(float)
    return head @ last + model.head.bias.detach().numpy()


@pytest.mark.parametrize("name", ["random_links", "strongest_links", "greedy_links"])
@given(model=models(), seed=seeds)
def test_fraction_one_leaves_the_accuracy_of_the_biases_alone(name, model, seed):
    data = data_for(model, seed)
    (damage,) = damages(name, model, seed, [1.0])
    assert damage.kept.size == 0
    answer = biases_alone(model).argmax()
    assert score(model, data, damage)["accuracy"] == np.mean(data.y_test == answer)


@given(model=models(), seed=seeds)
def test_a_network_without_hidden_neurons_says_what_its_head_says_alone(model, seed):
    data = data_for(model, seed)
    (damage,) = damages("random_neurons", model, seed, [1.0])
    answer = model.head.bias.detach().numpy().argmax()
    assert score(model, data, damage)["accuracy"] == np.mean(data.y_test == answer)


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_the_damage_that_scores_see_is_nested(name):
    model = random_model(np.random.default_rng(0), (9, 8, 7, 3), [0.4, 0.5])
    previous = None
    for damage in damages(name, model, 5, np.linspace(0, 1, 11)):
        links = {*zip(*damaged(model, damage).links()[:2], strict=True)}
        assert previous is None or links <= previous
        previous = links


@pytest.mark.parametrize("name", NULL_MODELS)
@fewer
@given(model=models(dense=False), seed=seeds)
def test_a_null_network_keeps_sizes_head_biases_and_what_it_claims(name, model, seed):
    null = randomise(to_graph(model), name, np.random.default_rng(seed))
    network = to_model(null, like=model)
    assert network.sizes == model.sizes
    for one, two in zip(network.layers, model.layers, strict=True):
        ours, theirs = (np.sort(layer.links()[2]) for layer in (one, two))
        assert set(ours) <= set(theirs)
        if "weights" in conserved(name):
            assert ours.tobytes() == theirs.tobytes()
    assert network.biases().tobytes() == model.biases().tobytes()
    assert same_state(network.head, model.head)
