"""Topologies trained anew, and damaged networks that learn on."""

import json
from dataclasses import replace

import numpy as np
import pytest
from networks import random_model, same_state, tiny_data
from small import Drawer, digits, listing, netrobust, network, run_with, same

from netrobust.convert.network import to_graph
from netrobust.core.errors import InputError
from netrobust.experiments import recover as recovery
from netrobust.experiments import retrain as retraining
from netrobust.experiments.percolate import percolate
from netrobust.experiments.recover import recover
from netrobust.experiments.retrain import retrained
from netrobust.experiments.score import score
from netrobust.graphs.null import randomise
from netrobust.graphs.perturb import PERTURBATIONS
from netrobust.neural.config import TrainConfig
from netrobust.neural.linear import SparseLinear
from netrobust.neural.method import parse
from netrobust.neural.train import train
from netrobust.runs.folder import open_run
from netrobust.stats.summary import KEYS

TINY = tiny_data()


def tiny(method="set", **changes):
    """A network that is trained in a blink."""
    config = TrainConfig(
        hidden=(12, 10), sparsity=0.6, epochs=4, batch_size=20, **parse(method)
    )
    return train(TINY, replace(config, **changes))


def ends(model):
    return [array.tolist() for array in model.links()[:2]]


@pytest.fixture
def trainings(monkeypatch):
    """What goes into every training of a recovery and what comes out."""
    seen = []

    def spy(data, config, seed, *, start, observe):
        found = train(data, config, seed, start=start, observe=observe)
        seen.append((start, found))
        return found

    monkeypatch.setattr(recovery, "train", spy)
    return seen


# A topology trained anew


@pytest.fixture(scope="module")
def drawn():
    """The degrees of the network, other places."""
    rng = np.random.default_rng(0)
    return randomise(to_graph(network().model), "degree_preserving", rng)


def test_a_mask_alone_learns_far_above_chance(drawn):
    model = retrained(network(), drawn, digits(), 0, "one")
    assert score(model, digits())["accuracy"] > 0.5  # chance is 0.1
    assert ends(model) == ends(network().model.with_links(*_links(drawn), bias()))
    assert ends(model) != ends(network().model)
    assert (model.mean, model.std) == (network().model.mean, network().model.std)


def _links(graph):
    pairs = np.array(graph.get_edgelist())
    return pairs[:, 0], pairs[:, 1], np.array(graph.es["weight"], np.float32)


def bias():
    return network().model.biases()


def test_what_the_mask_learns_follows_from_mask_seed_and_key():
    first = to_graph(tiny().model)
    one = retrained(tiny(), first, TINY, 0, "net", 1)
    weighed = first.copy()
    weighed.es["weight"] = np.arange(first.ecount(), dtype=float).tolist()
    weighed.vs["bias"] = [0.0] * 16 + [3.0] * 22
    assert same_state(one, retrained(tiny(), weighed, TINY, 0, "net", 1))
    for seed, *key in [(1, "net", 1), (0, "net", 2), (0,)]:
        assert not same_state(one, retrained(tiny(), first, TINY, seed, *key))


@pytest.mark.parametrize("method", ["set", "mest(cht_benchmark)", "cht", "rigl"])
def test_a_mask_of_any_number_of_links_is_trained_as_it_is(method, monkeypatch):
    trained = []

    def spy(data, config, seed, **given):
        trained.append(config)
        return train(data, config, seed, **given)

    monkeypatch.setattr(retraining, "train", spy)
    sizes = (16, 12, 10, 3)
    mask = random_model(np.random.default_rng(0), sizes, [0.7, 0.1])
    ours = tiny(method)
    model = retrained(ours, to_graph(mask), TINY, 0)
    assert ends(model) == ends(mask)
    still = {"sparsifier": "static", "options": {}, "topology": None}
    assert trained == [replace(ours.config, **still, topology_options={})]


def test_a_dense_network_has_no_mask_to_retrain():
    dense = tiny("dense_small")
    with pytest.raises(InputError, match="is dense and has no topology to retrain"):
        retrained(dense, to_graph(dense.model), TINY, 0)


# Damaged networks learn on


@pytest.fixture(scope="module")
def table():
    return recover(network(), digits(), fractions=[0, 0.5], epochs=2, replicates=2)


def test_a_row_an_epoch_with_what_it_is_about(table):
    assert table.columns.tolist() == [
        *KEYS, "mode", "epoch", "images", "links", "intact", "accuracy", "loss",
        "regained",
    ]  # fmt: skip
    assert len(table) == 2 * 2 * 2 * 3  # modes, replicates, fractions, epochs
    keys = [*KEYS, "mode", "epoch"]
    assert not table.duplicated(keys).any()
    assert (table.null_model == "none").all()
    assert not table.retrained.any()
    assert set(table["mode"]) == {"frozen", "adaptive"}
    assert (table.images == 1000).all()
    links = table.groupby("fraction").links.unique()
    assert [one.tolist() for one in links] == [[2412], [1206]]


def test_recovery_starts_where_percolate_ends(table):
    curve = percolate(network(), digits(), fractions=[0, 0.5], replicates=2)
    before = table[table.epoch == 0]
    for mode in ("frozen", "adaptive"):
        rows = before[before["mode"] == mode].sort_values(["fraction", "replicate"])
        curve = curve.sort_values(["fraction", "replicate"])
        for column in ("accuracy", "loss"):
            assert rows[column].tolist() == curve[column].tolist()
    intact = before[before.fraction == 0]
    assert (intact.accuracy == intact.intact).all()
    assert (table.intact == score(network().model, digits())["accuracy"]).all()


def test_what_was_lost_comes_back(table):
    half = table[table.fraction == 0.5]
    last = half[half.epoch == 2]
    first = half[half.epoch == 0]
    assert (last.accuracy.to_numpy() > first.accuracy.to_numpy()).all()
    lost = last.intact.to_numpy() - first.accuracy.to_numpy()
    gained = last.accuracy.to_numpy() - first.accuracy.to_numpy()
    assert last.regained.tolist() == (gained / lost).tolist()
    assert (first.regained == 0).all()
    assert table[table.fraction == 0].regained.isna().all()


def test_both_modes_are_one_training_until_links_move(table):
    first = table[table.epoch == 1]  # scored before links move
    modes = [
        first[first["mode"] == mode].sort_values(["fraction", "replicate"])
        for mode in ("frozen", "adaptive")
    ]
    assert modes[0].loss.tolist() == modes[1].loss.tolist()
    last = table[table.epoch == 2]
    losses = [last[last["mode"] == mode].loss.tolist() for mode in recovery.MODES]
    assert losses[0] != losses[1]


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_every_damage_is_that_of_percolate(name):
    options = {"fractions": [0, 0.4], "scope": "global", "seed": 3, "replicates": 2}
    curve = percolate(tiny(), TINY, name, **options)
    table = recover(tiny(), TINY, name, epochs=1, modes="frozen", **options)
    before = table[table.epoch == 0].sort_values(["fraction", "replicate"])
    curve = curve.sort_values(["fraction", "replicate"])
    for column in ("accuracy", "loss", "fraction", "draw_seed", "perturbation"):
        assert before[column].tolist() == curve[column].tolist()


def test_a_frozen_topology_stays_and_an_adaptive_one_moves(trainings):
    ours = tiny()
    recover(ours, TINY, fractions=[0.3], epochs=3)
    (start, frozen), (begun, adaptive) = trainings
    assert same_state(start, begun)
    assert ends(frozen.model) == ends(start)
    assert ends(adaptive.model) != ends(start)
    left = [round(0.7 * count) for count in ours.config.links(ours.model.sizes)]
    for model in (start, frozen.model, adaptive.model):
        assert [layer.weight.numel() for layer in model.hidden_layers] == left
    # The schedule of the network, in three epochs.
    assert adaptive.config == replace(ours.config, epochs=3)
    for epoch in (1, 2, 3):
        assert frozen.config.rate(epoch) == adaptive.config.rate(epoch)


def test_removed_links_of_a_dense_network_stay_removed(trainings):
    ours = tiny("dense_small")
    table = recover(ours, TINY, fractions=[0.5], epochs=1)
    ((start, end),) = trainings
    (layer,) = end.model.hidden_layers
    assert isinstance(layer, SparseLinear)
    assert ends(end.model) == ends(start)
    assert set(table.links) == {layer.weight.numel()} == {ours.links // 2}
    assert set(table["mode"]) == {"frozen"}


@pytest.mark.parametrize("method", ["static", "mest(cht_benchmark)", "mest", "dense"])
def test_some_networks_have_no_adaptive_recovery(method):
    ours = tiny(method)
    table = recover(ours, TINY, epochs=2)
    assert set(table["mode"]) == {"frozen"}
    with pytest.raises(InputError, match="no network moves its links in 2 epochs"):
        recover(ours, TINY, epochs=2, modes="adaptive")
    both = recover([ours, tiny()], TINY, epochs=2, modes=["adaptive"])
    assert set(both.network) == {tiny().name}


@pytest.mark.parametrize("method", ["rigl(batches=3)", "deep_r", "cht", "chts(paper)"])
def test_all_other_methods_recover(method):
    table = recover(tiny(method), TINY, fractions=[0.5, 1], epochs=3, modes="adaptive")
    assert len(table) == 8
    assert (table[table.fraction == 1].links == 0).all()
    assert np.isfinite(table.loss).all()


def test_networks_are_left_as_they_were():
    ours = tiny()
    recover(ours, TINY, epochs=2)
    assert same_state(ours.model, tiny().model)


# Processes, interruptions


def test_the_table_does_not_depend_on_the_processes():
    options = {"fractions": [0.2, 0.5], "epochs": 2, "replicates": 2, "images": 20}
    nets = [tiny(), tiny("static")]
    one, two = (recover(nets, TINY, jobs=jobs, **options) for jobs in (1, 2))
    same(one, two)
    assert one.to_csv() == two.to_csv()
    assert (one.images == 20).all()
    alone = recover(nets[0], TINY, modes="adaptive", **options)
    part = one[(one.network == nets[0].name) & (one["mode"] == "adaptive")]
    same(alone, part.reset_index(drop=True))


def test_finished_units_are_not_computed_again(monkeypatch):
    drawer, ticks = Drawer(), []
    kept = drawer.kept
    options = {"epochs": 2, "replicates": 2}
    first = recover(tiny(), TINY, parts=drawer, **options)
    assert len(kept) == 4
    for change in (
        {"seed": 1},
        {"epochs": 3},
        {"fractions": [0.4]},
        {"images": 9},
        {"scope": "global"},
        {"perturbation": "weakest_links"},
    ):
        recover(tiny(), TINY, parts=drawer, modes="frozen", **{**options, **change})
    assert len(kept) == 4 + 2 * 6

    def never(*_):
        raise AssertionError("computed again")

    monkeypatch.setattr(recovery.Recovery, "scored", never)
    tick = {"tick": lambda done, units: ticks.append((done, units))}
    same(recover(tiny(), TINY, parts=drawer, **options, **tick), first)
    assert ticks == [(4, 4)]


# What is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fractions": [1.5]}, r"fraction must be in \[0, 1\]; got 1.5"),
        ({"fractions": [0.5, 0.2]}, "fractions must rise"),
        ({"epochs": 0}, "epochs must be an integer, 1 or larger; got 0"),
        ({"epochs": 1.5}, "epochs must be an integer"),
        ({"modes": "both"}, "mode must be one of frozen, adaptive; got 'both'"),
        ({"modes": 3}, "mode must be one of frozen, adaptive; got 3"),
        ({"modes": []}, "modes must be frozen or adaptive, or both; got none"),
        ({"modes": ["frozen", "frozen"]}, "modes must be frozen or adaptive, or both"),
        ({"modes": "adaptive", "epochs": 1}, "no network moves its links in 1 epochs"),
        ({"scope": "head"}, "choose a scope without the head"),
        ({"scope": "layer_9"}, "unknown scope 'layer_9'"),
        ({"perturbation": "nothing"}, "unknown perturbation 'nothing'"),
        ({"perturbation": ["random_links", "weakest_links"]}, "from one perturbation"),
        ({"replicates": 0}, "replicates must be"),
        ({"images": 49}, "images must be from 1 to 48"),
        ({"seed": -1}, "seed must be"),
        ({"networks": []}, "no network came"),
    ],
    ids=str,
)
def test_what_cannot_be_recovered_is_refused_in_a_sentence(options, message):
    given = {"networks": tiny(), "data": TINY, **options}
    with pytest.raises(InputError, match=message):
        recover(**given)


# The command


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    run_with(folder / "run", "set", "dense_small")
    return folder


def test_the_verb_makes_the_table(home):
    words = ["recover", "run", "--fraction", 0.5, "--fraction", 0, "--epochs", 2]
    words += ["--images", 100]
    before = listing(home)
    done = netrobust(*words, "--dry-run", "--json", cwd=home)
    assert done.code == 0, done.err
    assert json.loads(done.out)["fractions"] == [0, 0.5]
    assert listing(home) == before
    done = netrobust(*words, "--json", cwd=home)
    assert done.code == 0, done.err
    run = open_run(home / "run")
    table = run.table("recovery")
    expected = recover(
        run.networks(), digits(), fractions=[0, 0.5], epochs=2, images=100
    )
    keys = [*KEYS, "mode", "epoch"]
    same(table.sort_values(keys, ignore_index=True),
         expected.sort_values(keys, ignore_index=True))  # fmt: skip
    assert {row["mode"] for row in json.loads(done.out)} == {"frozen", "adaptive"}
    again = netrobust(*words, "--quiet", cwd=home)
    assert (again.code, again.err) == (0, "")
    assert run.tables() == ["recovery"]
