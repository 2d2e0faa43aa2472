"""Training: reproducible, resumable, and nothing but what the settings say."""

import os
import random
import signal
from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
import torch
from networks import (
    close,
    in_forked_process,
    masked,
    masked_forward,
    same_state,
    tiny_data,
)
from pandas.testing import assert_frame_equal
from torch.nn.functional import cross_entropy
from torch.optim import SGD

from netrobust.core.errors import DivergedError, InputError
from netrobust.core.random_streams import stream
from netrobust.data.dataset import Dataset
from netrobust.neural import train as training
from netrobust.neural.config import TrainConfig
from netrobust.neural.evaluate import evaluate
from netrobust.neural.learner import Learner
from netrobust.neural.method import parse
from netrobust.neural.model import start
from netrobust.neural.network import load_network, save_network
from netrobust.neural.rewire import MovingLinks
from netrobust.neural.sparsify import Rewiring, Sparsifier
from netrobust.neural.train import train

DATA = tiny_data()
CONFIG = TrainConfig(hidden=(12, 10), sparsity=0.6, epochs=4, batch_size=20)
METHODS = {
    "static": {"sparsifier": "static"},
    "set": {},
    "magnitude": {"options": {"prune": "magnitude"}},
    "random": {"options": {"prune": "random"}},
    "rigl": {"sparsifier": "rigl", "options": {"batches": 3}},
    "rigl an epoch": parse("rigl(cht_benchmark)"),
    "mest": {"sparsifier": "mest", "options": {"epochs": 2, "gradient_share": 0.1}},
    "em_s": parse("mest(cht_benchmark)"),
    "deep_r": {"sparsifier": "deep_r", "options": {"l1": 0.3}},
    "cht": parse("cht"),
    "cht paper": parse("cht(paper)@small_world(beta=0.5)"),
    "chts": parse("chts(removal=RI,predictor=CH2-L3n,history=true)@receptive_field"),
    "dense": {"sparsifier": "dense"},
    "dense_small": {"sparsifier": "dense_small"},
    "dense_narrow": {"sparsifier": "dense_narrow"},
}


def assert_same_training(one, two):
    assert same_state(one.model, two.model)
    assert_frame_equal(one.history, two.history, check_exact=True)
    assert_frame_equal(one.dynamics, two.dynamics, check_exact=True)
    assert one.name == two.name


@pytest.fixture
def checkpoints(monkeypatch, tmp_path):
    """Train with a path and keep a copy of what is saved after every epoch."""
    saved = []

    def save(network, path):
        # Training goes on in the same tensors.
        model, state = deepcopy((network.model, dict(network.state)))
        saved.append(replace(network, model=model, state=state))
        return path

    monkeypatch.setattr(training, "save_network", save)

    def run(config, data=DATA, seed=0):
        saved.clear()
        train(data, config, seed, path=tmp_path / "net.safetensors")
        return list(saved)

    return run


# The same, and not the same


@pytest.mark.parametrize("options", METHODS.values(), ids=METHODS)
def test_the_same_seed_gives_bitwise_the_same_network(options):
    config = replace(CONFIG, **options)
    one = train(DATA, config, seed=3)
    torch.manual_seed(5)  # global generators and other work play no part
    start((5, 4, 3), np.random.default_rng(0))
    assert_same_training(one, train(DATA, config, seed=3))
    assert not same_state(one.model, train(DATA, config, seed=4).model)
    assert one.finished
    assert not one.state
    assert one.history.epoch.tolist() == [1, 2, 3, 4]


def test_global_generators_and_thread_settings_are_left_alone():
    def state():
        of_numpy = np.random.get_state()[1].tobytes()  # noqa: NPY002
        return torch.get_rng_state().numpy().tobytes(), of_numpy, random.getstate()

    before, threads = state(), torch.get_num_threads()
    train(DATA, replace(CONFIG, threads=threads + 1), seed=0)
    train(DATA, replace(CONFIG, sparsifier="dense"), seed=0)
    assert state() == before
    assert torch.get_num_threads() == threads


def test_test_images_never_influence_training():
    rng = np.random.default_rng(1)
    other = Dataset.from_arrays(
        DATA.x_train, DATA.y_train, rng.random((7, 16)), rng.integers(3, size=7), "tiny"
    )
    one, two = train(DATA, CONFIG, seed=0), train(other, CONFIG, seed=0)
    assert same_state(one.model, two.model)
    columns = ["epoch", "learning_rate", "loss", "train_accuracy"]
    assert_frame_equal(one.history[columns], two.history[columns], check_exact=True)
    assert_frame_equal(one.dynamics, two.dynamics, check_exact=True)
    assert one.history.test_accuracy.tolist() != two.history.test_accuracy.tolist()


def places(network):
    return [array.tolist() for array in network.model.links()[:2]]


def test_data_sets_share_no_graph_at_the_same_seed(checkpoints):
    config = replace(CONFIG, sparsifier="static", epochs=1)
    other = replace(DATA, name="other")  # the same images, so all else is equal
    assert places(train(DATA, config)) != places(train(other, config))
    ours, theirs = (start_of(data, config) for data in (DATA, other))
    assert not same_state(ours, theirs)
    # Nor do they move alike: the order of images and the links that grow differ.
    one, two = checkpoints(CONFIG), checkpoints(CONFIG, other)
    assert one[0].history.loss[0] != two[0].history.loss[0]
    assert places(one[0]) != places(two[0])


def start_of(data, config, seed=0):
    return training.begin(data, config, seed, None).model


def test_methods_are_paired_on_one_data_set_and_seed():
    static = replace(CONFIG, sparsifier="static")
    for seed in (0, 1):
        begun = [start_of(DATA, config, seed) for config in (static, CONFIG)]
        assert same_state(*begun)
        # One epoch later, before any link moves, they are still the same.
        one = [train(DATA, replace(c, epochs=1), seed) for c in (static, CONFIG)]
        assert same_state(*(network.model for network in one))
        assert_frame_equal(one[0].history, one[1].history, check_exact=True)
    assert not same_state(start_of(DATA, CONFIG, 0), start_of(DATA, CONFIG, 1))


def test_training_images_do():
    other = tiny_data(seed=1)
    assert not same_state(train(DATA, CONFIG).model, train(other, CONFIG).model)


def test_a_network_learns():
    config = replace(CONFIG, epochs=15, learning_rate=0.05)
    history = train(DATA, config).history
    assert history.loss.iloc[-1] < 0.5 * history.loss.iloc[0]
    assert history.test_accuracy.iloc[-1] > 0.9


# One training, step by step, in masked dense float64


@pytest.mark.parametrize("sparsifier", ["static", "dense"])
def test_training_equals_a_masked_dense_one(sparsifier):
    config = replace(CONFIG, sparsifier=sparsifier, weight_decay=0.05, epochs=3)
    found = train(DATA, config, seed=2)
    sizes = config.sizes(16, 3)
    links = None if sparsifier == "dense" else config.links(sizes)
    begin = start(
        sizes, stream(2, "start", "tiny"), links, mean=DATA.mean, std=DATA.std
    )
    parts = masked(begin)
    moving = [[torch.zeros_like(w), torch.zeros_like(b)] for w, b, _ in parts]
    for epoch, rate in enumerate(config.rate(epoch) for epoch in (1, 2, 3)):
        order = stream(2, "batches", "tiny", epoch + 1).permutation(len(DATA.y_train))
        losses = []
        for first in range(0, len(order), 20):
            batch = order[first : first + 20]
            x, y = (
                torch.from_numpy(DATA.x_train[batch]),
                torch.from_numpy(DATA.y_train[batch]),
            )
            loss = cross_entropy(masked_forward(begin, parts, x)[0], y)
            losses.append(loss.item() * len(batch))
            loss.backward()
            with torch.no_grad():
                for (weight, bias, mask), speed in zip(parts, moving, strict=True):
                    speed[0] = 0.9 * speed[0] + (weight.grad + 0.05 * weight) * mask
                    speed[1] = 0.9 * speed[1] + bias.grad  # no decay on biases
                    weight -= rate * speed[0]
                    bias -= rate * speed[1]
                    weight.grad = bias.grad = None
        assert found.history.loss[epoch] == pytest.approx(
            sum(losses) / len(order), rel=1e-4
        )
    for layer, (weight, bias, _) in zip(found.model.layers, parts, strict=False):
        source, target, values = layer.links()
        close(values, weight.detach().numpy()[target, source], tolerance=1e-4)
        close(layer.bias.detach(), bias.detach(), tolerance=1e-4)
    close(found.model.head.weight.detach(), parts[-1][0].detach(), tolerance=1e-4)


def test_weight_decay_acts_on_weights_alone():
    one_batch = replace(
        CONFIG, epochs=1, batch_size=96, momentum=0.0, learning_rate=0.1
    )
    without = train(DATA, replace(one_batch, weight_decay=0.0)).model
    decayed = train(DATA, replace(one_batch, weight_decay=0.2)).model
    sizes = CONFIG.sizes(16, 3)
    begin = start(sizes, stream(0, "start", "tiny"), CONFIG.links(sizes))
    parts = zip(*([*m.layers, m.head] for m in (begin, without, decayed)), strict=True)
    for first, plain, shrunk in parts:
        assert torch.equal(plain.bias, shrunk.bias)
        lost = (plain.weight - shrunk.weight).detach()
        close(lost, 0.1 * 0.2 * first.weight.detach(), tolerance=1e-6)
        assert lost.abs().max() > 1e-3


# Links on the move


def test_dynamics_by_hand():
    network = train(DATA, CONFIG, seed=0)
    table = network.dynamics
    assert table.columns.tolist() == [
        "epoch", "layer", "links", "active_sources", "active_targets", "itop",
        "survival", "paths", "alignment", "removed", "grown", "returned",
    ]  # fmt: skip
    assert table.epoch.tolist() == [1, 1, 2, 2, 3, 3, 4, 4]
    assert table.layer.tolist() == [1, 2] * 4
    assert table.links.tolist() == [77, 48] * 4  # 0.4 of 192 and of 120
    assert (table.removed[:6] > 10).all()
    assert (table.grown == table.removed).all()
    assert (table.removed[6:] == 0).all()  # none after the last epoch
    assert ((table.returned >= 0) & (table.returned <= table.removed)).all()


@pytest.mark.parametrize("prune", ["magnitude", "random"])
def test_the_share_zeta_moves(prune):
    config = replace(CONFIG, options={"prune": prune}, zeta=0.25)
    removed = train(DATA, config).dynamics.removed
    assert removed.tolist() == [19, 12] * 3 + [0, 0]  # floor(0.25 n + 1/2) of 77 and 48


def test_static_and_dense_networks_keep_their_links():
    static = train(DATA, replace(CONFIG, sparsifier="static"))
    assert not static.dynamics.removed.any()
    sizes = CONFIG.sizes(16, 3)
    begin = start(sizes, stream(0, "start", "tiny"), CONFIG.links(sizes))
    for one, two in zip(static.model.links()[:2], begin.links()[:2], strict=True):
        assert (one == two).all()
    assert train(DATA, replace(CONFIG, sparsifier="dense")).dynamics.empty


def test_the_last_epoch_moves_no_link(checkpoints):
    *_, before, last = checkpoints(CONFIG)
    places = [model.links()[:2] for model in (before.model, last.model)]
    assert all((one == two).all() for one, two in zip(*places, strict=True))
    assert (last.model.links()[2] != before.model.links()[2]).any()
    assert not last.state


def test_rewiring_moves_links_and_leaves_regrown_ones_at_rest(checkpoints):
    first, second, *_ = checkpoints(CONFIG)
    for number, (one, two) in enumerate(
        zip(first.model.layers, second.model.layers, strict=True)
    ):
        assert not torch.equal(one.source, two.source)
        removed = first.dynamics.removed[number]
        weight = one.weight.detach()
        momentum = first.state[f"momentum.layers.{number}.weight"]
        assert momentum.shape == weight.shape
        fresh = weight == 0
        assert fresh.sum() == removed
        assert (momentum[fresh] == 0).all()
        assert (momentum[~fresh] != 0).sum() > 0.8 * (~fresh).sum()


@pytest.mark.parametrize("options", [{}, {"returns": "restored"}], ids=str)
def test_kept_links_carry_weight_and_momentum_along(options, monkeypatch):
    seen, original = [], MovingLinks._rewire

    def by_place(links, layer):
        source, target, weight = layer.links()
        momentum = links._optimiser.state[layer.weight]["momentum_buffer"].numpy()
        return {
            (int(s), int(t)): (float(w), float(m))
            for s, t, w, m in zip(source, target, weight, momentum, strict=True)
        }

    def spy(links, layer, move):
        before = by_place(links, layer)
        source, target, _ = layer.links()
        stay = np.union1d(move.kept, move.restored)
        kept = {*zip(source[stay].tolist(), target[stay].tolist(), strict=True)}
        original(links, layer, move)
        seen.append((before, kept, by_place(links, layer)))

    monkeypatch.setattr(MovingLinks, "_rewire", spy)
    train(DATA, replace(CONFIG, options=options))
    assert len(seen) == 2 * 3
    for before, kept, after in seen:
        assert len(after) == len(before)
        for place, state in after.items():
            assert state == (before[place] if place in kept else (0, 0))
        assert kept <= set(after)
        assert sum(before[place][1] != 0 for place in kept) > len(kept) / 2


def test_without_momentum_links_move_as_well(tmp_path):
    config = replace(CONFIG, momentum=0.0)
    network = train(DATA, config, path=tmp_path / "net.safetensors")
    assert network.dynamics.removed.sum() > 0
    assert_same_training(network, train(DATA, config))


def test_layers_without_links_are_refused():
    with pytest.raises(InputError, match="leaves layer 1 of 16 by 12 neurons without"):
        train(DATA, replace(CONFIG, sparsity=0.999))


def test_layers_without_gaps():
    network = train(DATA, replace(CONFIG, sparsity=0.0))
    assert network.dynamics.links.tolist() == [192, 120] * 4
    assert (network.dynamics.returned == network.dynamics.removed).all()


# When links move: counted by hand, in batches of the 96 images

MOVES = {
    # 5 batches an epoch, 20 in all.
    "set": ([5, 10, 15], "epoch"),
    "set(skip_step=true)": ([5, 10, 15], "epoch"),
    "rigl(batches=3)": ([3, 6, 9, 12], "batch"),  # 15 is 0.75 of 20: no longer
    "rigl(batches=5,until=1)": ([5, 10, 15], "batch"),
    "rigl(cht_benchmark)": ([5, 10], "epoch"),
    "mest(epochs=2)": ([10], "epoch"),
    "mest(epochs=2,until=0.5)": ([], "epoch"),
    "deep_r": ([*range(1, 20)], "batch"),
    "cht": ([5, 10], "epoch"),
    "chts": ([5, 10, 15], "epoch"),
    "static": ([], "epoch"),
}


@pytest.mark.parametrize("by", ["kernels", "autograd"])
@pytest.mark.parametrize("method", MOVES)
def test_links_move_when_the_method_says(method, by, monkeypatch):
    moves, steps, tests = [], [], []
    move, optimise, evaluate = MovingLinks.move, SGD.step, training.evaluate
    learn = Learner.learn

    def moving(self, batch, *rest):
        moves.append((batch, len(tests)))
        move(self, batch, *rest)

    def stepping(self, *rest):
        steps.append(len(moves))
        return optimise(self, *rest)

    def learning(self, order, stay):
        steps.extend([len(moves)] * (-(-len(order) // 20) - stay))
        return learn(self, order, stay)

    def testing(*rest):
        tests.append(len(moves))
        return evaluate(*rest)

    monkeypatch.setattr(MovingLinks, "move", moving)
    if by == "kernels":
        monkeypatch.setattr(Learner, "learn", learning)
    else:
        monkeypatch.setattr(Learner, "fits", lambda learner: False)
        monkeypatch.setattr(SGD, "step", stepping)
    monkeypatch.setattr(training, "evaluate", testing)
    config = replace(CONFIG, **parse(method))
    network = train(DATA, config)
    batches, timed = MOVES[method]
    assert [batch for batch, _ in moves] == batches
    # After an epoch links move when it has been tested, else before.
    for batch, tested in moves:
        assert tested == (batch // 5 if timed == "epoch" else (batch - 1) // 5)
    skipped = len(batches) if config.method.skips_step else 0
    assert len(steps) == 20 - skipped
    moved = network.dynamics.groupby("epoch").removed.sum() > 0
    if method != "deep_r":  # where nothing may have fallen asleep
        assert moved.tolist() == [
            any((batch - 1) // 5 == epoch for batch in batches) for epoch in range(4)
        ]


def test_rigl_grows_where_the_gradient_of_the_last_batch_is_largest(monkeypatch):
    """The gradient at all places is that of a masked dense network."""
    seen = []

    def step(layers, context):
        seen.append(
            [(layer, context.gradient(index)) for index, layer in enumerate(layers)]
        )
        everything = [np.arange(layer.weight.size) for layer in layers]
        none = np.empty(0, np.int64)
        return [Rewiring(one, none, none, none.astype("f")) for one in everything]

    method = Sparsifier(step=step, batches=5, until=1.0, skips_step=True, gradient=True)
    monkeypatch.setattr(TrainConfig, "method", method)
    config = replace(CONFIG, epochs=1, batch_size=16, momentum=0.0)
    train(DATA, config)
    [[(layer, gradient), (deeper, other)]] = seen
    # Four steps of the optimiser later, the fifth batch: again by hand.
    begin = training.begin(DATA, config, 0, None).model
    order = stream(0, "batches", "tiny", 1).permutation(96)
    parts = masked(begin)
    for batch in (order[first : first + 16] for first in range(0, 80, 16)):
        x, y = (
            torch.from_numpy(DATA.x_train[batch]),
            torch.from_numpy(DATA.y_train[batch]),
        )
        for weight, bias, _ in parts:
            weight.grad = bias.grad = None
        dense = [(w * mask, b) for w, b, mask in parts]
        for weight, _ in dense:
            weight.retain_grad()
        ones = [(w, b, torch.ones_like(w)) for w, b in dense]
        cross_entropy(masked_forward(begin, ones, x)[0], y).backward()
        full = [weight.grad.clone() for weight, _ in dense]
        with torch.no_grad():
            for weight, bias, mask in parts:
                weight -= config.rate(1) * (weight.grad + 5e-4 * weight) * mask
                bias -= config.rate(1) * bias.grad
    close(gradient, full[0], tolerance=1e-4)
    close(other, full[1], tolerance=1e-4)
    at_links = gradient[layer.target, layer.source]
    close(layer.gradient, at_links, tolerance=1e-5)
    assert deeper.gradient.size == deeper.weight.size


def test_em_s_follows_its_schedule():
    config = replace(CONFIG, **parse("mest(cht_benchmark,until=1)"), epochs=6)
    links = train(DATA, config).dynamics.pivot(
        index="epoch", columns="layer", values="links"
    )
    budget, more, most = [77, 48], [82, 51], [86, 54]  # 0.4, 0.425, 0.45 of 192, 120
    assert links.to_numpy().tolist() == [most] * 4 + [more] + [budget]


def test_rules_for_every_place_refuse_huge_layers(monkeypatch):
    monkeypatch.setattr("netrobust.neural.initialise.MOST_PLACES", 191)
    message = "rigl holds a number for every possible link .* layer 1 has 192, train"
    with pytest.raises(InputError, match=message):
        train(DATA, replace(CONFIG, **parse("rigl")))
    train(DATA, CONFIG)


@pytest.mark.parametrize("change", ["none", "far", "fewer", "unsorted"])
def test_a_trace_that_does_not_fit_is_refused(change, checkpoints, tmp_path):
    first, *_ = checkpoints(CONFIG)
    state = dict(first.state)
    ever = state["trace.ever.0"]
    if change == "none":
        state = {key: one for key, one in state.items() if "trace" not in key}
    elif change == "fewer":
        del state["trace.ever.1"], state["trace.first.1"]
    elif change == "far":
        state["trace.ever.0"] = torch.cat([ever, torch.tensor([192])])
    else:
        state["trace.ever.0"] = ever.flip(0)
    path = tmp_path / "changed.safetensors"
    save_network(replace(first, state=state), path)
    with pytest.raises(InputError, match="train the network again"):
        train(DATA, CONFIG, path=path)


def test_a_network_is_observed_as_it_was_tested(tmp_path):
    seen = []

    def observe(network):
        seen.append(replace(network, model=deepcopy(network.model)))

    path = tmp_path / "net.safetensors"
    network = train(DATA, CONFIG, path=path, observe=observe)
    assert [len(one.history) for one in seen] == [0, 1, 2, 3, 4]
    assert same_state(seen[0].model, start_of(DATA, CONFIG))
    assert same_state(seen[-1].model, network.model)
    for one in seen[1:]:
        tested = evaluate(one.model, DATA.x_test, DATA.y_test)["accuracy"]
        assert tested == one.history.test_accuracy.iloc[-1]
        assert not one.state
    assert [one.finished for one in seen] == [False] * 4 + [True]
    train(DATA, CONFIG, path=path, observe=observe)  # finished: nothing to observe
    assert len(seen) == 5


# Files


@pytest.mark.parametrize("options", METHODS.values(), ids=METHODS)
def test_a_training_stopped_after_any_epoch_goes_on_bitwise(
    options, tmp_path, monkeypatch
):
    config = replace(CONFIG, **options)
    whole = train(DATA, config, seed=1)
    path = tmp_path / "net.safetensors"
    save = training.save_network
    for done in (1, 2, 3, 4):  # one more epoch each time

        def stop(network, path):
            save(network, path)
            raise KeyboardInterrupt

        monkeypatch.setattr(training, "save_network", stop)
        with pytest.raises(KeyboardInterrupt):
            train(DATA, config, seed=1, path=path)
        assert len(load_network(path).history) == done
        assert load_network(path).finished == (done == 4)
    assert_same_training(train(DATA, config, seed=1, path=path), whole)
    assert_same_training(load_network(path), whole)


KILLED = """
import os, signal, sys
from neural.test_train import CONFIG, DATA, replace, training
target, count = sys.argv[2], int(sys.argv[3])
module = training if target == "evaluate" else os
original = getattr(module, target)
def kill(*arguments):
    global count
    count -= 1
    if not count:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*arguments)
setattr(module, target, kill)
training.train(DATA, CONFIG, seed=5, path=sys.argv[1])
"""


@pytest.mark.parametrize(
    ("place", "count", "done"),
    [("evaluate", 3, 2), ("replace", 2, 1)],
    ids=["in an epoch", "while writing"],
)
def test_a_killed_training_goes_on_bitwise(tmp_path, place, count, done):
    path = tmp_path / "net.safetensors"
    in_forked_process(KILLED, path, place, count, expect=-signal.SIGKILL)
    assert len(load_network(path).history) == done
    assert load_network(path).state
    resumed = train(DATA, CONFIG, seed=5, path=path)
    assert_same_training(resumed, train(DATA, CONFIG, seed=5))
    assert list(tmp_path.iterdir()) == [path]
    assert_same_training(load_network(path), resumed)


def test_a_finished_network_is_not_trained_again(tmp_path, monkeypatch):
    path = tmp_path / "net.safetensors"
    trained = train(DATA, CONFIG, path=path)
    os.utime(path, (1, 1))

    def never(*_):
        raise AssertionError("trained again")

    monkeypatch.setattr(training, "_one_epoch", never)
    monkeypatch.setattr(training, "_in_few_calls", never)
    assert_same_training(train(DATA, CONFIG, path=path), trained)
    assert path.stat().st_mtime == 1


def test_a_file_of_another_training_is_refused_and_kept(tmp_path):
    path = tmp_path / "net.safetensors"
    train(DATA, CONFIG, path=path)
    before = path.read_bytes()
    others = [
        (DATA, CONFIG, 1),
        (DATA, replace(CONFIG, zeta=0.2), 0),
        (DATA, replace(CONFIG, epochs=5), 0),
        (tiny_data(seed=1), CONFIG, 0),
    ]
    for data, config, seed in others:
        with pytest.raises(InputError, match="trained with other settings or data"):
            train(data, config, seed, path=path)
    assert path.read_bytes() == before


def test_a_damaged_file_is_not_trained_over(tmp_path):
    path = tmp_path / "net.safetensors"
    path.write_bytes(b"half a file")
    with pytest.raises(InputError, match="not a readable network file"):
        train(DATA, CONFIG, path=path)
    assert path.read_bytes() == b"half a file"


# What is refused, what is shown


@pytest.mark.parametrize("seed", [-1, 1.5, "0", None, True, np.int64(-1)])
def test_bad_seeds(seed):
    with pytest.raises(InputError, match="seed must be an integer, 0 or larger; got"):
        train(DATA, CONFIG, seed)


def test_numpy_seeds_are_seeds(tmp_path):
    path = tmp_path / "net.safetensors"
    network = train(DATA, CONFIG, np.int64(3), path=path)
    assert_same_training(network, train(DATA, CONFIG, 3))
    assert load_network(path).seed == 3


def test_a_diverging_training_is_one_sentence(tmp_path):
    path = tmp_path / "net.safetensors"
    wild = replace(CONFIG, learning_rate=1e30, final_learning_rate=1e30)
    with pytest.raises(DivergedError, match=r"diverged in epoch 1 .* below 1e\+30"):
        train(DATA, wild, path=path)
    assert not path.exists()


def test_weights_that_overflow_in_the_last_step_are_no_network():
    # One batch and one epoch: the loss is that of the start and finite.
    wild = replace(CONFIG, learning_rate=1e39, epochs=1, batch_size=96)
    with pytest.raises(DivergedError, match="diverged in epoch 1"):
        train(DATA, wild)


def test_a_bar_changes_nothing(capsys):
    assert_same_training(train(DATA, CONFIG, progress=True), train(DATA, CONFIG))
    shown = capsys.readouterr()
    assert "4 of 4" in shown.err
    assert "loss" in shown.err
    assert not shown.out  # which belongs to results


def test_a_bar_shows_a_name_as_it_is(capsys):
    train(replace(DATA, name="[bold]x"), replace(CONFIG, epochs=1), progress=True)
    assert "[bold]x-set-s0" in capsys.readouterr().err


def test_the_history_says_what_it_says():
    history = train(DATA, CONFIG).history
    assert history.columns.tolist() == [
        "epoch", "learning_rate", "loss", "train_accuracy", "test_accuracy"
    ]  # fmt: skip
    assert history.learning_rate.tolist() == [
        CONFIG.rate(epoch) for epoch in (1, 2, 3, 4)
    ]
    assert (history.train_accuracy * 96 % 1 == 0).all()
    assert (history.test_accuracy * 48 % 1 == 0).all()


def test_defaults_are_used_without_settings(monkeypatch):
    class Stop(Exception):
        pass

    def begin(data, config, seed, path, start):
        assert config == TrainConfig()
        raise Stop

    monkeypatch.setattr(training, "begin", begin)
    with pytest.raises(Stop):
        train(DATA)
