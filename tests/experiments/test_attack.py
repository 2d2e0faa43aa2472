"""Attacks on test images: the table's contract, its laws, the verb, refusals."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from small import Drawer, digits, listing, netrobust, network, run_with, same

from netrobust.core.errors import InputError
from netrobust.core.random_streams import stream
from netrobust.data.dataset import Dataset
from netrobust.experiments.attack import attack
from netrobust.experiments.columns import ATTACK
from netrobust.experiments.score import score
from netrobust.neural.evaluate import evaluate
from netrobust.neural.input_attacks import INPUT_ATTACKS
from netrobust.runs.folder import open_run
from netrobust.stats.summary import KEYS

OPTIONS = {
    "attacks": ["fgsm", "pgd(steps=3)", "gaussian_noise"],
    "eps": [0, 0.05, 0.2],
    "perturbation": "random_links",
    "fractions": [0, 0.5, 1],
    "replicates": 2,
    "images": 100,
}


def attacked(networks=None, **changes):
    return attack(networks or network(), digits(), **{**OPTIONS, **changes})


@pytest.fixture(scope="module")
def table():
    return attacked()


def brighter(model, x, y, eps, rng):
    """Add the same to every pixel."""
    return np.clip(x + np.float32(eps), 0, 1)


def test_keys_left_scores_right_one_row_per_score(table):
    assert table.columns.tolist() == [*KEYS, *(column.name for column in ATTACK)]
    assert len(table) == 3 * 3 * 3 * 2
    assert not table.duplicated([*KEYS, "attack", "eps"]).any()
    assert not table.isna().any(axis=None)
    for key, value in network().labels.items():
        assert (table[key] == value).all()
    assert set(table.attack) == set(OPTIONS["attacks"])
    assert set(table.null_model) == {"none"}
    assert set(table.retrained) == {False}
    assert set(table.perturbation) == {"random_links"}
    assert set(table.images) == {100}
    assert set(table.replicate) == {0, 1}


def test_eps_0_is_the_clean_score_whatever_the_attack(table):
    clean = table[table.eps == 0]
    assert (clean.mean_distance == 0).all()
    groups = clean.groupby(["fraction", "replicate"])[["accuracy", "loss"]].nunique()
    assert (groups == 1).all(axis=None)
    intact = score(network().model, digits(), images=100)
    assert set(clean[clean.fraction == 0].accuracy) == {intact["accuracy"]}
    assert set(clean[clean.fraction == 0].loss) == {intact["loss"]}


def test_pgd_is_never_kinder_than_fgsm(table):
    wide = table.pivot_table("loss", ["fraction", "replicate", "eps"], "attack")
    assert (wide["pgd(steps=3)"] >= wide["fgsm"]).all()
    assert (wide["pgd(steps=3)"] > wide["fgsm"]).any()


def test_distances_are_within_eps_and_grow_with_it(table):
    assert (table.mean_distance <= table.eps + 1e-6).all()
    intact = table[table.fraction == 0]
    wide = intact.pivot_table("mean_distance", ["attack", "replicate"], "eps")
    assert (wide[0.2] > wide[0.05]).all()
    assert (wide[0.05] > 0.01).all()


def test_a_network_without_links_is_beyond_attack(table):
    empty = table[table.fraction == 1]
    assert empty.accuracy.nunique() == 1
    assert empty.loss.nunique() == 1


def test_rows_are_those_of_the_attack_itself(table):
    model = network().model
    x, y = digits().x_test[:100], digits().y_test[:100]
    changed = INPUT_ATTACKS["fgsm"](model, x, y, 0.2, np.random.default_rng(0))
    data = Dataset.from_arrays(digits().x_train, digits().y_train, changed, y)
    row = table[(table.attack == "fgsm") & (table.eps == 0.2) & (table.fraction == 0)]
    assert set(row.accuracy) == {score(model, data)["accuracy"]}
    assert set(row.loss) == {score(model, data)["loss"]}


def test_fewer_eps_attacks_or_fractions_change_no_row(table):
    few = attacked(attacks="gaussian_noise", eps=[0.2], fractions=[0.5])
    rows = table[
        (table.attack == "gaussian_noise")
        & (table.eps == 0.2)
        & (table.fraction == 0.5)
    ]
    same(few, rows.reset_index(drop=True))


def test_the_same_noise_hits_every_eps_and_damage_and_other_replicates_another(table):
    noise = table[table.attack == "gaussian_noise"]
    paired = noise.groupby(["eps", "replicate"]).mean_distance.nunique()
    assert (paired == 1).all()
    assert noise[noise.eps == 0.2].mean_distance.nunique() == 2
    for row in noise[noise.fraction == 0].itertuples():
        rng = stream(0, "attack", network().name, "gaussian_noise", row.replicate)
        x, y = digits().x_test[:100], digits().y_test[:100]
        changed = INPUT_ATTACKS[row.attack](network().model, x, y, row.eps, rng)
        assert row.loss == evaluate(network().model, changed, y)["loss"]
    other = attacked(attacks="gaussian_noise", seed=1)
    assert (other.mean_distance[other.eps > 0].unique().size) == 4
    assert not set(other.mean_distance[other.eps > 0]) & set(noise.mean_distance)


def test_intact_networks_are_the_default():
    table = attack(network(), digits(), "fgsm", eps=[0, 0.1], images=100)
    assert set(table.perturbation) == {"none"}
    assert set(table.fraction) == {0}
    assert table.eps.tolist() == [0, 0.1]


def test_dense_networks_the_head_and_data_driven_damage():
    table = attacked(
        network("dense_small"), attacks="fgsm", scope="head", fractions=[0, 1]
    )
    assert set(table.scope) == {"head"}
    assert set(table[table.fraction == 1].mean_distance) == {0}
    table = attacked(attacks="fgsm", perturbation="links_by_saliency", replicates=1)
    clean = table[table.eps == 0].set_index("fraction").accuracy
    assert clean[0] > clean[0.5] + 0.3


def test_options_of_the_damage_that_are_numbers_are_columns():
    table = attacked(
        attacks="fgsm", perturbation="gaussian_noise(amplitude=0.5)", eps=[0],
        fractions=[1],
    )  # fmt: skip
    assert set(table.perturbation) == {"gaussian_noise(amplitude=0.5)"}
    assert set(table.amplitude) == {0.5}


def test_a_function_of_your_own(table):
    found = attacked(attacks=[brighter], fractions=[0], replicates=1)
    assert set(found.attack) == {"brighter"}
    assert found.mean_distance.tolist() == pytest.approx([0, 0.05, 0.2])


def test_jobs_and_parts_do_not_show(table):
    drawer, ticks = Drawer(), []
    several = attacked(
        [network(), network("dense_small")], jobs=2, parts=drawer,
        tick=lambda *now: ticks.append(now),
    )  # fmt: skip
    same(several[: len(table)], table)
    assert ticks == [(done, 6) for done in range(7)]
    assert len(drawer.puts) == 6
    again = attacked([network(), network("dense_small")], parts=drawer)
    same(again, several)
    assert len(drawer.puts) == 6
    for change in ({"eps": [0, 0.1]}, {"seed": 1}, {"images": 50}, {"fractions": [0]}):
        puts = len(drawer.puts)
        attacked(attacks="fgsm", parts=drawer, **change)
        assert len(drawer.puts) == puts + 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"attacks": "fgms"}, "unknown input attack 'fgms'; choose from: fgsm, pgd"),
        ({"attacks": []}, "no attack came; give at least one"),
        ({"attacks": ["fgsm", "fgsm"]}, "each input attack can be asked for once"),
        ({"attacks": "pgd(steps=0)"}, "steps must be an integer, 1 or larger; got 0"),
        ({"eps": [-0.1, 0]}, "eps must be a number in [0, 1000000]; got -0.1"),
        ({"eps": [0, np.nan]}, "got nan"),
        ({"eps": [0, np.inf]}, "got inf"),
        ({"eps": [0.2, 0.1]}, "eps must rise without repeats; got [0.2, 0.1]"),
        ({"eps": []}, "eps must rise without repeats; got []"),
        ({"eps": 0.1}, "eps must be a sequence of numbers; got 0.1"),
        ({"eps": [0, 1.5], "attacks": ["fgsm", "occlusion"]},
         "eps must be a number in [0, 1]; got 1.5"),
        ({"perturbation": "none"}, "fractions [0.0, 0.5, 1.0] of no perturbation"),
        ({"perturbation": "random_link"}, "unknown perturbation 'random_link'"),
        ({"perturbation": ["random_links", "weakest_links"]},
         "after one perturbation; got random_links, weakest_links"),
        ({"fractions": [0, 2]}, "fraction must be in [0, 1]; got 2"),
        ({"replicates": 0}, "replicates must be an integer, 1 or larger; got 0"),
        ({"images": 1001}, "images must be from 1 to 1000, the test images"),
        ({"scope": "layer_9"}, "unknown scope 'layer_9'"),
        ({"seed": -1}, "seed must be an integer, 0 or larger; got -1"),
        ({"jobs": 0}, "jobs must be an integer, 1 or larger; got 0"),
    ],
    ids=str,
)  # fmt: skip
def test_bad_input_is_one_helpful_sentence(changes, message):
    begun = []
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        attacked(**changes, tick=lambda *now: begun.append(now))
    assert "\n" not in str(caught.value)
    assert begun == []


def test_other_data_and_functions_that_do_not_fit_are_refused():
    def local(model, x, y, eps, rng):
        return x

    def outside(model, x, y, eps, rng):
        return x - 1

    few = Dataset.from_arrays(np.eye(6), [0, 1] * 3, np.eye(6), [0, 1] * 3)
    with pytest.raises(InputError, match="use the data it was trained on"):
        attack(network(), few, images=6)
    wide = Dataset.from_arrays(
        digits().x_train, digits().y_train, digits().x_test, digits().y_test,
        image_shape=(14, 56),
    )  # fmt: skip
    with pytest.raises(
        InputError, match=r"square images; those of custom have 14 x 56"
    ):
        attack(network(), wide, "occlusion")
    with pytest.raises(InputError, match="no network came"):
        attack([], digits())
    drawer = Drawer()
    with pytest.raises(InputError, match="what outside makes of x must lie in"):
        attacked(attacks=["fgsm", outside], parts=drawer)
    with pytest.raises(InputError, match=r"must be importable .*local"):
        attacked(attacks=[local], jobs=2, parts=drawer)
    assert drawer.kept == {}


# The verb


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    run_with(folder / "run", "set")
    return folder


def test_the_verb_writes_the_table_and_prints_means(home):
    command = [
        "attack", "run", "--attack", "fgsm", "--attack", "pgd(steps=2)", "--eps",
        "0,0.1", "--images", 50, "--quiet", "--json",
    ]  # fmt: skip
    planned = netrobust(*command, "--dry-run", cwd=home)
    assert planned.code == 0
    assert json.loads(planned.out)["attacks"] == ["fgsm", "pgd(steps=2)"]
    assert open_run(home / "run").tables() == []
    done = netrobust(*command, cwd=home)
    assert (done.code, done.err) == (0, "")
    rows = json.loads(done.out)
    assert [(row["attack"], row["eps"]) for row in rows] == [
        ("fgsm", 0), ("fgsm", 0.1), ("pgd(steps=2)", 0), ("pgd(steps=2)", 0.1),
    ]  # fmt: skip
    table = open_run(home / "run").table("attacks")
    expected = attack(
        network(), digits(), ["fgsm", "pgd(steps=2)"], [0, 0.1], images=50
    )
    assert table.columns.tolist() == expected.columns.tolist()
    assert sorted(table.loss) == sorted(expected.loss)
    before = listing(home / "run" / "tables" / "parts")
    assert netrobust(*command, cwd=home).code == 0
    assert listing(home / "run" / "tables" / "parts") == before


def test_the_list_names_every_attack(home):
    done = netrobust("list", "--json", cwd=home)
    assert list(json.loads(done.out)["input attack"]) == list(INPUT_ATTACKS)


def test_by_default_no_more_images_are_attacked_than_there_are():
    data = digits()
    few = replace(data, x_test=data.x_test[:20], y_test=data.y_test[:20])
    assert set(attack(network(), few, "fgsm", eps=[0, 0.1]).images) == {20}
