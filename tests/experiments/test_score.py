"""Scores of intact and damaged networks, and refusals of what does not fit."""

import numpy as np
import pytest
from networks import random_model, same_state, tiny_data

from netrobust.core.errors import InputError
from netrobust.experiments.score import damaged, score, scores
from netrobust.graphs.perturb import Damage
from netrobust.neural.evaluate import evaluate

DATA = tiny_data()


def model(dense=False, seed=0):
    densities = None if dense else [0.4, 0.5]
    return random_model(np.random.default_rng(seed), (16, 7, 5, 3), densities)


@pytest.mark.parametrize("dense", [False, True], ids=["sparse", "dense"])
def test_no_damage_is_the_evaluation_of_the_test_images(dense):
    network = model(dense)
    expected = evaluate(network, DATA.x_test, DATA.y_test)
    everything = Damage(np.arange(len(network.links()[0])))
    assert score(network, DATA) == expected
    assert score(network, DATA, everything) == expected
    assert score(network, DATA, threads=2) == expected
    assert score(network, DATA, images=10**6) == expected


def test_the_first_images_only():
    network = model()
    expected = evaluate(network, DATA.x_test[:5], DATA.y_test[:5])
    assert score(network, DATA, images=5) == expected


@pytest.mark.parametrize("dense", [False, True], ids=["sparse", "dense"])
def test_damage_by_hand(dense):
    network = model(dense)
    source, target, weight = network.links()
    kept = np.arange(0, len(source), 2)
    new = -2 * weight[kept]
    bias = network.biases() + 1
    left = damaged(network, Damage(kept, new, bias))
    now_source, now_target, now_weight = left.links()
    if dense:
        assert now_weight[kept].tolist() == new.tolist()
        assert not now_weight[1::2].any()
    else:
        assert now_source.tolist() == source[kept].tolist()
        assert now_target.tolist() == target[kept].tolist()
        assert now_weight.tolist() == new.tolist()
    assert left.biases().tolist() == bias.tolist()
    assert same_state(network, model(dense))  # the network itself stays


LINKS, NEURONS = 45 + 18, 12

BAD = {
    "beyond": Damage([LINKS]),
    "too few biases": Damage([1], bias=np.ones(NEURONS - 1)),
    "too many biases": Damage([1], bias=np.ones(NEURONS + 1)),
    "one bias": Damage([1], bias=[1]),
}


@pytest.mark.parametrize("damage", BAD.values(), ids=BAD)
def test_damage_that_does_not_fit_is_refused(damage):
    network = model()
    assert len(network.links()[0]) == LINKS
    with pytest.raises(InputError, match=r"kept must hold|of the damage must hold"):
        score(network, DATA, damage)


@pytest.mark.parametrize("damage", BAD.values(), ids=BAD)
def test_a_dense_network_refuses_it_as_well(damage):
    if damage is BAD["beyond"]:
        damage = Damage(np.array([16 * 7 + 7 * 5]))
    with pytest.raises(InputError):
        score(model(dense=True), DATA, damage)


def test_damage_of_the_head_counts_its_links_and_biases():
    network = model()
    source, _, weight = network.links(head=True)
    assert len(source) == LINKS + 5 * 3
    kept = np.arange(2, len(source))
    bias = network.biases(head=True) + 1
    left = damaged(network, Damage(kept, 2 * weight[kept], bias), head=True)
    assert left.links()[2].tolist() == (2 * weight[2:LINKS]).tolist()
    assert left.head.weight.detach().numpy().tolist() == (
        (2 * network.head.weight).detach().numpy().tolist()
    )
    assert left.head.bias.tolist() == bias[-3:].tolist()
    assert score(network, DATA, Damage(kept), head=True) != score(network, DATA)
    with pytest.raises(InputError, match="kept must hold rising link ids from 0 to 62"):
        score(network, DATA, Damage(kept))
    with pytest.raises(InputError, match="bias of the damage must hold 15 values"):
        score(network, DATA, Damage([0], bias=np.ones(NEURONS)), head=True)


@pytest.mark.parametrize("dense", [False, True], ids=["sparse", "dense"])
def test_details_stand_beside_the_same_scores(dense):
    network, damage = model(dense), Damage(np.arange(0, LINKS, 2))
    plain = score(network, DATA, damage)
    found = score(network, DATA, damage, details=True)
    more = ["confidence", "ece", "accuracy_0", "accuracy_1", "accuracy_2"]
    assert list(found) == [*plain, *more]
    assert {name: found[name] for name in plain} == plain
    shares = np.bincount(DATA.y_test, minlength=3) / len(DATA.y_test)
    classes = [found[f"accuracy_{label}"] for label in range(3)]
    assert np.dot(shares, classes) == pytest.approx(plain["accuracy"])
    assert 1 / 3 <= found["confidence"] <= 1
    assert 0 <= found["ece"] <= 1


@pytest.mark.parametrize("name", ["images", "threads"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "all"])
def test_numbers_of_no_use_are_refused(name, value):
    with pytest.raises(InputError, match=f"{name} must be an integer, 1 or larger"):
        score(model(), DATA, **{name: value})
    assert score(model(), DATA, **{name: np.int64(10**3)}) == score(model(), DATA)


def test_lists_and_whole_floats_are_damage_as_well():
    network = model()
    expected = damaged(network, Damage(np.array([0, 4]), np.float32([1, 0.5])))
    found = damaged(network, Damage([0.0, 4.0], [1, 0.5]))
    assert same_state(found, expected)
    assert score(network, DATA, Damage([])) == score(
        network, DATA, Damage(np.arange(0))
    )


def test_other_images_and_classes_are_refused():
    with pytest.raises(
        InputError, match="tiny has 9 pixels and 3 classes, the network"
    ):
        score(model(), tiny_data(pixels=9))
    with pytest.raises(InputError, match="16 pixels and 4 classes"):
        score(model(), tiny_data(classes=4))
    assert 0 <= score(model(), tiny_data(classes=2))["accuracy"] <= 1


@pytest.mark.parametrize("dense", [False, True], ids=["sparse", "dense"])
@pytest.mark.parametrize("options", [{}, {"images": 5}, {"details": True}])
def test_many_damages_at_once_score_as_one_by_one(dense, options):
    network = model(dense)
    links = len(network.links()[0])
    rng = np.random.default_rng(0)
    damages = [
        Damage(np.flatnonzero(rng.random(links) < share))
        for share in np.linspace(0, 1, 40)  # more than go together
    ]
    found = scores(network, DATA, damages, **options)
    alone = [score(network, DATA, damage, **options) for damage in damages]
    for one, other in zip(found, alone, strict=True):
        np.testing.assert_equal(one, other)
    assert scores(network, DATA, []) == []


def test_damaged_heads_score_as_one_by_one():
    network = model()
    every = np.arange(len(network.links(head=True)[0]))
    damages = [Damage(every[:-cut]) for cut in (1, 7, 15)]
    assert scores(network, DATA, damages, head=True) == [
        score(network, DATA, damage, head=True) for damage in damages
    ]


@pytest.mark.parametrize("damage", BAD.values(), ids=BAD)
def test_one_bad_damage_of_many_is_refused(damage):
    with pytest.raises(InputError, match=r"kept must hold|of the damage must hold"):
        scores(model(), DATA, [Damage([0]), damage])
