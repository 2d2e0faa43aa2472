"""Laws that hold across the worlds of torch and igraph."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import models, random_model, same_state, seeds
from specimens import fingerprint

from netrobust.export import to_graph, to_model
from netrobust.graphs.graph import layers, read, stack, write
from netrobust.graphs.null import NULL_MODELS, randomise
from netrobust.graphs.perturb import PERTURBATIONS, Damage, Links, apply
from netrobust.neural.dataset import Dataset
from netrobust.neural.evaluate import logits
from netrobust.scoring import damaged, score

few = settings(max_examples=40)  # each example builds graphs


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


@pytest.mark.parametrize("name", PERTURBATIONS)
@few
@given(model=models(), seed=seeds, data=st.data())
def test_scores_of_every_perturbation(name, model, seed, data):
    graph = to_graph(model)
    scope = data.draw(st.sampled_from(Links.of(graph).scopes))
    fraction = data.draw(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]))
    rng = np.random.default_rng(seed)
    damage = PERTURBATIONS[name](graph, rng, fraction, scope)
    assert_scores_agree(model, data_for(model, seed), damage)


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


@pytest.mark.parametrize("name", PERTURBATIONS)
@given(model=models(), seed=seeds)
def test_fraction_one_leaves_the_accuracy_of_the_biases_alone(name, model, seed):
    data, graph = data_for(model, seed), to_graph(model)
    damage = PERTURBATIONS[name](graph, np.random.default_rng(seed), 1.0)
    assert damage.kept.size == 0
    last = np.maximum(model.layers[-1].bias.detach().numpy(), 0).astype(float)
    head = model.head.weight.detach().numpy().astype(float)
    scores = head @ last + model.head.bias.detach().numpy()
    answer = scores.argmax()
    assert score(model, data, damage)["accuracy"] == np.mean(data.y_test == answer)


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_the_damage_that_scores_see_is_nested(name):
    model = random_model(np.random.default_rng(0), (9, 8, 7, 3), [0.4, 0.5])
    graph, previous = to_graph(model), None
    for fraction in np.linspace(0, 1, 11):
        damage = PERTURBATIONS[name](graph, np.random.default_rng(5), fraction)
        links = {*zip(*damaged(model, damage).links()[:2], strict=True)}
        assert previous is None or links <= previous
        previous = links
    assert not previous


@pytest.mark.parametrize("name", NULL_MODELS)
@settings(max_examples=15)
@given(model=models(dense=False), seed=seeds)
def test_a_null_network_keeps_sizes_links_per_layer_head_and_biases(name, model, seed):
    null = randomise(to_graph(model), name, np.random.default_rng(seed))
    network = to_model(null, like=model)
    assert network.sizes == model.sizes
    for one, two in zip(network.layers, model.layers, strict=True):
        assert one.weight.numel() == two.weight.numel()
        ours, theirs = (np.sort(layer.links()[2]) for layer in (one, two))
        assert (ours == theirs).all()
    assert network.biases().tobytes() == model.biases().tobytes()
    assert same_state(network.head, model.head)
