"""Training that begins from a given network, and weights drawn anew for its links."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from networks import models, random_model, same_state, seeds, tiny_data
from neural.test_train import CONFIG, DATA, METHODS, assert_same_training

from netrobust.core.errors import InputError
from netrobust.neural.initialise import begin
from netrobust.neural.linear import SparseLinear
from netrobust.neural.method import parse
from netrobust.neural.model import reinitialised, start
from netrobust.neural.rewire import moves
from netrobust.neural.train import train

SIZES = (16, 12, 10, 3)
#: Methods that keep the number of their links, and so can go on from any network.
STEADY = {name: options for name, options in METHODS.items() if name != "em_s"}
SPARSE = {name: one for name, one in STEADY.items() if "dense" not in name}
BATCHES = 5  # of an epoch: 96 images, 20 a batch


def given_start(densities=(0.3, 0.2), seed=7):
    """A sparse network with biases and a standardisation that are not a start's."""
    return random_model(np.random.default_rng(seed), SIZES, densities)


def counts(model):
    return [layer.weight.numel() for layer in model.hidden_layers]


def places(model):
    return [array.tolist() for array in model.links()[:2]]


@pytest.mark.parametrize("options", STEADY.values(), ids=STEADY)
def test_the_drawn_start_given_is_bitwise_the_ordinary_training(options):
    config = replace(CONFIG, **options)
    drawn = begin(DATA, config, 3).model
    assert_same_training(
        train(DATA, config, 3, start=drawn), train(DATA, config, seed=3)
    )


@pytest.mark.parametrize("options", SPARSE.values(), ids=SPARSE)
@pytest.mark.parametrize("densities", [(0.3, 0.2), (0.9, 0.0)], ids=["few", "empty"])
def test_every_method_keeps_the_counts_of_a_start(options, densities):
    config = replace(CONFIG, **options)
    given = given_start(densities)
    before = deepcopy(given)
    network = train(DATA, config, seed=1, start=given)
    assert counts(network.model) == counts(given) != config.links(SIZES)
    for layer, count in enumerate(counts(given), start=1):
        rows = network.dynamics[network.dynamics.layer == layer]
        assert (rows.links == count).all()
    assert same_state(given, before)
    assert_same_training(network, train(DATA, config, seed=1, start=given))


def test_training_goes_on_from_all_that_a_start_has():
    seen = []
    given = given_start()

    def observe(network):
        seen.append(deepcopy(network.model))

    still = replace(CONFIG, sparsifier="static")
    network = train(DATA, still, start=given, observe=observe)
    assert same_state(seen[0], given)
    assert not same_state(seen[-1], given)
    for one in (seen[-1], network.model):
        assert places(one) == places(given)
        assert (one.mean, one.std) == (given.mean, given.std) != (DATA.mean, DATA.std)


def test_links_of_a_start_move():
    given = given_start()
    network = train(DATA, CONFIG, start=given)
    assert places(network.model) != places(given)
    assert network.dynamics.removed.sum() > 0
    # What is counted as surviving are links of the start.
    assert network.dynamics.survival.iloc[0] == 1
    assert network.dynamics.survival.iloc[-1] < 1


@pytest.mark.parametrize("method", ["static", "set", "dense"])
def test_going_on_lowers_the_loss(method):
    config = replace(CONFIG, sparsifier=method)
    first = train(DATA, config, seed=0)
    second = train(DATA, config, seed=1, start=first.model)
    assert second.history.loss.iloc[0] < first.history.loss.iloc[0]
    assert second.history.loss.iloc[-1] < first.history.loss.iloc[-1]


@pytest.mark.parametrize("epochs", [1, 2, 3])
@pytest.mark.parametrize("options", STEADY.values(), ids=STEADY)
def test_it_is_known_before_whether_links_will_move(options, epochs):
    config = replace(CONFIG, **options, epochs=epochs)
    dynamics = train(DATA, config).dynamics
    moved = len(dynamics) > 0 and dynamics.removed.sum() > 0
    assert moves(config, BATCHES) == moved


@pytest.mark.parametrize(
    ("sizes", "options", "message"),
    [
        ((16, 12, 9, 3), {}, r"has \(16, 12, 10, 3\) neurons per depth; got one of"),
        ((15, 12, 10, 3), {}, "a start for tiny"),
        ((16, 12, 10, 2), {}, "a start for tiny"),
        ((16, 12, 3), {}, "a start for tiny"),
        (SIZES, parse("dense"), "dense trains dense layers and the start has sparse"),
        (SIZES, parse("mest(cht_benchmark)"), "choose a sparsifier without em_s"),
        (SIZES, parse("chts(em_s=true)"), "choose a sparsifier without em_s"),
    ],
)
def test_a_start_that_does_not_fit_is_refused(sizes, options, message):
    given = random_model(np.random.default_rng(0), sizes, [0.3] * (len(sizes) - 2))
    with pytest.raises(InputError, match=message):
        train(DATA, replace(CONFIG, **options), start=given)


def test_dense_layers_are_no_start_of_a_sparse_method():
    dense = start(SIZES, np.random.default_rng(0))
    message = "set trains sparse layers and the start has dense"
    with pytest.raises(InputError, match=message):
        train(DATA, CONFIG, start=dense)


def test_a_start_may_know_more_classes_than_the_data():
    wider = start((16, 12, 10, 5), np.random.default_rng(0), links=[50, 40])
    assert train(DATA, CONFIG, start=wider).model.sizes == (16, 12, 10, 5)


def test_a_file_and_a_start_are_refused_together(tmp_path):
    path = tmp_path / "net.safetensors"
    with pytest.raises(InputError, match="give path or start, not both"):
        train(DATA, CONFIG, start=given_start(), path=path)
    train(DATA, CONFIG, path=path)
    with pytest.raises(InputError, match="give path or start, not both"):
        train(DATA, CONFIG, start=given_start(), path=path)


def test_rules_for_every_place_refuse_huge_starts(monkeypatch):
    monkeypatch.setattr("netrobust.neural.initialise.MOST_PLACES", 191)
    with pytest.raises(InputError, match=r"layer 1 has 192, train"):
        train(DATA, replace(CONFIG, **parse("rigl")), start=given_start())


def test_a_network_that_no_machine_holds_is_refused_before_it_is_made():
    huge = replace(CONFIG, sparsifier="dense", options={}, hidden=(10**7, 10**7))
    with pytest.raises(InputError, match=r"links, .* (smaller|narrower) "):
        begin(DATA, huge, 0)


# Weights drawn anew


@given(model=models(), seed=seeds)
def test_links_stay_and_everything_else_is_drawn_anew(model, seed):
    before = deepcopy(model)
    one, two = (reinitialised(model, np.random.default_rng(seed)) for _ in "12")
    assert same_state(one, two)
    assert same_state(model, before)
    assert one.sizes == model.sizes
    assert [type(layer) for layer in one.layers] == [type(x) for x in model.layers]
    assert places(one) == places(model)
    assert not one.biases().any()
    assert not one.head.bias.any()
    assert (one.mean, one.std) == (model.mean, model.std)
    assert not torch.equal(one.head.weight, model.head.weight)


@pytest.mark.parametrize("weights", ["swi", "kaiming"])
def test_the_weights_are_those_of_a_start(weights):
    def fixed(n_in, n_out, count, rng, images):
        target, source = np.divmod(np.arange(count) * 2, n_in)
        return source, target

    args = {"links": [30, 20], "place": fixed, "weights": weights}
    drawn = start(SIZES, np.random.default_rng(3), **args)
    other = random_model(np.random.default_rng(9), SIZES, [0.1, 0.1])
    given = other.with_links(
        *start(SIZES, np.random.default_rng(4), **args).links(), other.biases()
    )
    found = reinitialised(given, np.random.default_rng(3), weights)
    for layer, expected in zip(
        [*found.layers, found.head], [*drawn.layers, drawn.head], strict=True
    ):
        assert same_state(layer, expected)


def test_weights_follow_the_mean_in_degree_of_the_links_that_are_there():
    model = start((200, 300, 3), np.random.default_rng(0), links=[6000])
    thinned = model.with_links(*[a[::3] for a in model.links()], model.biases())
    found = reinitialised(thinned, np.random.default_rng(1)).links()[2]
    expected = np.sqrt(2 / (2000 / 300))
    # The standard error of a standard deviation from n draws is sigma / sqrt(2 n).
    assert found.std() == pytest.approx(expected, abs=4 * expected / np.sqrt(4000))
    by_width = reinitialised(thinned, np.random.default_rng(1), "kaiming").links()[2]
    assert by_width / found == pytest.approx(np.sqrt(2 / 200) / expected, rel=1e-5)


def test_an_unknown_rule_is_refused():
    with pytest.raises(
        InputError, match="weights must be one of swi, kaiming; got 'x'"
    ):
        reinitialised(given_start(), np.random.default_rng(0), "x")


def test_dense_layers_are_drawn_anew_as_a_dense_start():
    dense = random_model(np.random.default_rng(0), SIZES)
    found = reinitialised(dense, np.random.default_rng(2))
    expected = start(SIZES, np.random.default_rng(2))
    assert not any(isinstance(layer, SparseLinear) for layer in found.layers)
    for layer, other in zip(found.layers, expected.layers, strict=True):
        assert same_state(layer, other)


def test_another_data_set_can_follow():
    other = tiny_data(seed=1)
    first = train(DATA, CONFIG).model
    network = train(other, CONFIG, start=first)
    assert network.dataset_sha256 == other.sha256
    assert network.model.mean == first.mean
