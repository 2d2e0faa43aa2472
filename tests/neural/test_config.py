"""Settings of a training: every field checked, every field in the digest."""

import json
import pickle
from dataclasses import FrozenInstanceError, asdict, fields, replace

import numpy as np
import pytest

from netrobust.core.errors import InputError
from netrobust.neural.config import TrainConfig, network_name

inf, nan = float("inf"), float("nan")

BAD = {
    "sparsifier": ["sett", 3, None],
    "options": [
        {"prun": "random"},
        {"prune": "x"},
        {"prune": None},
        {"variant": "x"},
        "prune",
        3,
    ],
    "topology": ["lattice", 3],
    "topology_options": [{"beta": 0.5}, "beta", 3],
    "densities": ["even", 3, None],
    "weights": ["zero", None],
    "hidden": [(), (0,), (10, -1), (2.5,), 10, "ten", None],
    "sparsity": [-0.01, 1, 1.5, nan, inf, "high"],
    "epochs": [0, -1, 2.5, nan, "many", None],
    "batch_size": [0, -64, 0.5],
    "learning_rate": [0, -0.1, nan, inf, "fast"],
    "final_learning_rate": [-1e-9, nan, inf, 0.026],
    "decay_until": [0, -1, 1.1, nan, inf],
    "momentum": [-0.1, 1, nan, inf],
    "weight_decay": [-1e-9, nan, inf],
    "zeta": [-0.1, 1.1, nan, inf],
    "threads": [0, -1, 1.5],
}

OTHER = {
    "sparsifier": "static",
    "options": {"prune": "random"},
    "topology": "small_world",
    "topology_options": None,  # the default topology has none
    "densities": "erk",
    "weights": "kaiming",
    "hidden": (1000, 1000),
    "sparsity": 0.98,
    "epochs": 26,
    "batch_size": 65,
    "learning_rate": 0.026,
    "final_learning_rate": 2.6e-4,
    "decay_until": 0.8,
    "momentum": 0.8,
    "weight_decay": 4e-4,
    "zeta": 0.2,
    "threads": 2,
}

NAMES = [field.name for field in fields(TrainConfig)]


def test_the_tables_of_this_file_know_every_field():
    assert list(BAD) == NAMES == list(OTHER)


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field in BAD for value in BAD[field]]
)
def test_a_bad_value_is_one_sentence_about_the_field(field, value):
    with pytest.raises(InputError) as caught:
        TrainConfig(**{field: value})
    message = str(caught.value)
    assert "\n" not in message
    assert (
        field in message
        or (field == "options" and "sparsifier 'set'" in message)
        or (field == "options" and "prune must be" in message)
        or (field == "topology_options" and "topology 'erdos_renyi'" in message)
    )
    assert message.startswith("TrainConfig")
    assert caught.value.__suppress_context__  # the command line shows no second error


def test_an_unknown_field_is_named_with_the_known_ones():
    with pytest.raises(
        InputError, match="no field 'epoch'; it has sparsifier, options"
    ):
        TrainConfig(epoch=3)


def test_defaults_are_those_of_the_issue():
    config = TrainConfig()
    assert asdict(config) == {
        "sparsifier": "set", "options": {}, "topology": None, "topology_options": {},
        "densities": "uniform", "weights": "swi",
        "hidden": (1000, 1000, 1000), "sparsity": 0.99, "epochs": 25,
        "batch_size": 64, "learning_rate": 0.025, "final_learning_rate": 2.5e-4,
        "decay_until": 0.9, "momentum": 0.9, "weight_decay": 5e-4, "zeta": 0.3,
        "threads": 1,
    }  # fmt: skip


@pytest.mark.parametrize("field", [name for name in NAMES if OTHER[name] is not None])
def test_the_digest_changes_with_every_field(field):
    changed = replace(TrainConfig(), **{field: OTHER[field]})
    assert changed.digest != TrainConfig().digest
    assert changed != TrainConfig()


def test_the_digest_is_stable():
    # It names networks on disk: a change of it means that all are trained again.
    assert TrainConfig().digest == TrainConfig(epochs=25, hidden=[1000] * 3).digest
    assert len(TrainConfig().digest) == 8
    assert TrainConfig().digest == "cd153085"


def test_frozen_and_picklable():
    config = TrainConfig(options={"prune": "random"}, hidden=[5, 6])
    with pytest.raises(FrozenInstanceError):
        config.epochs = 3
    assert pickle.loads(pickle.dumps(config)) == config
    assert TrainConfig(**asdict(config)) == config
    with pytest.raises(InputError, match="epochs"):
        replace(config, epochs=0)


def test_schedule_falls_linearly_and_then_stays():
    config = TrainConfig(epochs=20)  # falls until epoch 18 is over
    rates = [config.rate(epoch) for epoch in range(1, 21)]
    assert rates[0] == 0.025
    steps = np.diff(rates)
    assert steps[:18] == pytest.approx([(2.5e-4 - 0.025) / 18] * 18)
    assert rates[18:] == pytest.approx([2.5e-4] * 2)
    assert TrainConfig(epochs=1).rate(1) == 0.025
    constant = TrainConfig(learning_rate=0.1, final_learning_rate=0.1)
    assert {constant.rate(epoch) for epoch in range(1, 26)} == {0.1}


def test_half_way_down_by_hand():
    config = TrainConfig(
        epochs=4, learning_rate=1.0, final_learning_rate=0.0, decay_until=1.0
    )
    assert [config.rate(epoch) for epoch in (1, 2, 3, 4)] == [1, 0.75, 0.5, 0.25]


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("set", (784, 1000, 1000, 1000, 10)),
        ("static", (784, 1000, 1000, 1000, 10)),
        ("dense", (784, 1000, 1000, 1000, 10)),
        ("dense_small", (784, 48, 10)),
        ("dense_narrow", (784, 43, 43, 43, 10)),
    ],
)
def test_sizes(name, sizes):
    assert TrainConfig(sparsifier=name).sizes(784, 10) == sizes


def test_baselines_have_the_nearest_count_of_weights():
    config = TrainConfig()
    budget = sum(config.links(config.sizes(784, 10))) + 10_000
    assert budget == 37_840

    def small(width):
        return (784 + 10) * width

    def narrow(width):
        return (784 + 10) * width + 2 * width**2

    widths = range(1, 200)
    assert min(widths, key=lambda w: abs(small(w) - budget)) == 48
    assert min(widths, key=lambda w: abs(narrow(w) - budget)) == 43


def test_baselines_of_other_shapes():
    narrow = TrainConfig(sparsifier="dense_narrow", hidden=(50,), sparsity=0.9)
    assert narrow.sizes(100, 10) == (100, 9, 10)  # 500 + 500 weights at 110 a neuron
    tiny = TrainConfig(sparsifier="dense_small", hidden=(1,), sparsity=0.9)
    assert tiny.sizes(9, 2) == (9, 1, 2)  # never without a neuron


def test_links_are_the_nearest_count():
    config = TrainConfig(sparsity=0.7)
    assert config.links((10, 7, 4, 2)) == [21, 8]  # of 70 and 28: 21.0 and 8.4
    assert TrainConfig(sparsity=0).links((3, 4, 2)) == [12]


def test_an_option_at_its_default_is_no_other_setting():
    named = TrainConfig(options={"prune": "per_sign"})
    assert named == TrainConfig()
    assert named.digest == TrainConfig().digest
    assert named.label == "set"
    assert named.options == {}
    assert replace(named, sparsifier="static").options == {}
    with pytest.raises(InputError, match="has no option 'prune'; it takes none"):
        replace(TrainConfig(options={"prune": "random"}), sparsifier="static")


@pytest.mark.parametrize("options", [{}, {"prune": "random"}])
def test_the_record_names_every_option(options):
    config = TrainConfig(options=options, epochs=3)
    spelt = {
        "prune": "per_sign", "regrown": "zero", "returns": "fresh", "skip_step": False
    }  # fmt: skip
    assert config.record == {
        **asdict(config),
        "options": spelt | options,
        "topology": "erdos_renyi",
    }
    assert TrainConfig(**config.record) == config
    assert TrainConfig(**json.loads(json.dumps(config.record))) == config


def test_labels_and_names():
    assert TrainConfig(sparsifier="static").label == "static"
    config = TrainConfig(options={"prune": "random"})
    assert config.label == "set(prune=random)"
    named = TrainConfig(sparsifier="cht", topology="small_world")
    assert named.label == "cht@small_world"
    assert TrainConfig(sparsifier="cht", topology="correlated").label == "cht"
    assert TrainConfig(topology="erdos_renyi").label == "set"
    assert network_name("tiny", config, 3) == f"tiny-set-s3-{config.digest}"


def test_a_method_starts_from_its_own_topology():
    assert TrainConfig(sparsifier="cht").start_topology == "correlated"
    assert TrainConfig(sparsifier="set").start_topology == "erdos_renyi"
    named = TrainConfig(sparsifier="cht", topology="correlated")
    assert named == TrainConfig(sparsifier="cht")
    assert replace(named, sparsifier="set").start_topology == "erdos_renyi"
    varied = TrainConfig(topology="small_world", topology_options={"beta": 0.25})
    assert varied == TrainConfig(topology="small_world")  # beta is 0.25 anyway
    assert TrainConfig(**varied.record) == varied


def test_a_variant_is_its_options():
    named = TrainConfig(options={"variant": "cht_benchmark", "prune": "random"})
    spelt = {"prune": "random", "returns": "restored", "skip_step": True}
    assert named.options == spelt
    assert named == TrainConfig(options=spelt)
    assert TrainConfig(options={"variant": "source"}) == TrainConfig()


def test_densities_and_surplus():
    sizes = (784, 1000, 1000, 1000, 10)
    erk = TrainConfig(densities="erk").links(sizes)
    assert abs(sum(erk) - 27_840) <= 1
    assert erk[0] > 7840  # the layer whose sides are smaller is denser
    assert TrainConfig().links(sizes, surplus=0.05) == [47_040, 60_000, 60_000]
    assert TrainConfig(sparsity=0.02).links((10, 10, 2), surplus=0.05) == [100]


@pytest.mark.parametrize(
    ("options", "epochs", "enough"),
    [
        ({"em_s": True}, 5, False),  # the first update would follow the last epoch
        ({"em_s": True}, 6, True),
        ({"em_s": True, "until": 0.0}, 100, False),
        ({"em_s": True, "until": 0.5}, 10, False),
        ({"em_s": True, "until": 0.5}, 11, True),
        ({"variant": "cht_benchmark"}, 1, False),
        ({"variant": "cht_benchmark"}, 2, True),
        ({}, 1, True),
    ],
    ids=str,
)
def test_a_training_must_be_long_enough_to_end_within_its_budget(
    options, epochs, enough
):
    fields = {"sparsifier": "mest", "options": options, "epochs": epochs}
    if enough:
        assert TrainConfig(**fields).epochs == epochs
        return
    with pytest.raises(InputError, match=r"starts above its budget .* for longer"):
        TrainConfig(**fields)
