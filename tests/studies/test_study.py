"""What the main job does: presets, and what a study may not be."""

import re
import sys
from collections import Counter
from dataclasses import asdict, replace

import pytest
from small import STUDY

from netrobust.core.errors import InputError
from netrobust.graphs.perturb.scopes import check_scope
from netrobust.neural.config import TrainConfig, network_name
from netrobust.neural.method import parse
from netrobust.neural.sparsify import SPARSIFIERS
from netrobust.stats.power import networks_needed
from netrobust.studies.estimate import study_units
from netrobust.studies.presets import PRESETS, changed
from netrobust.studies.study import Study


@pytest.mark.parametrize("name", PRESETS)
def test_presets_keep_their_own_rules(name):
    preset = PRESETS[name]
    assert preset.name == name
    assert Study(**asdict(preset)) == preset
    assert set(preset.datasets) == {"mnist", "fashion-mnist"}


@pytest.mark.parametrize("name", ["paper", "methods"])
def test_the_controls_are_in_every_comparison(name):
    controls = {"static", "set", "dense_small", "dense_narrow"}
    assert controls <= set(PRESETS[name].sparsifiers)


def test_every_method_is_in_the_comparison_of_all():
    found = {parse(text)["sparsifier"] for text in PRESETS["methods"].sparsifiers}
    assert found | {"dense"} == set(SPARSIFIERS)


def test_the_paper_crosses_starts_with_rules_and_has_power_for_its_comparison():
    paper = PRESETS["paper"]
    crossed = {
        (task.config.sparsifier, task.config.start_topology) for task in paper.tasks()
    }
    for rule in ("static", "set", "chts"):
        assert {(rule, "erdos_renyi"), (rule, "correlated")} <= crossed
    count = Counter((task.dataset, task.config.label) for task in paper.tasks())
    for dataset in paper.datasets:
        for method in ("static", "set"):
            assert count[dataset, method] >= networks_needed(0.5)
        assert count[dataset, "cht"] == 10
    assert len(paper.references()) == 3 * len(paper.datasets)


@pytest.mark.parametrize(
    ("field", "value"), [("more_networks", 5), ("method_training", {"zeta": 0.1})]
)
def test_what_single_methods_have_is_of_methods_of_the_study(field, value):
    with pytest.raises(InputError, match=f"a method of {field} must be one of"):
        Study(sparsifiers=["static", "set"], **{field: {"rigl": value}})


def test_a_method_may_have_training_of_its_own():
    study = Study(
        datasets=["mnist"], sparsifiers=["static", "set"], networks=1,
        training={"weight_decay": 0.1, "zeta": 0.2},
        method_training={"set": {"weight_decay": 0.01}},
        curves={"fixed": {"sparsifiers": ["static"]}},
    )  # fmt: skip
    configs = {task.config.label: task.config for task in study.tasks()}
    assert {name: one.weight_decay for name, one in configs.items()} == {
        "static": 0.1, "set": 0.01,
    }  # fmt: skip
    assert {one.zeta for one in configs.values()} == {0.2}
    (fixed,) = study.percolations()["curves_fixed"].tasks()
    assert fixed.config == configs["static"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"sparsifier": "rigl"}, "name methods in sparsifiers, with their options"),
        ({"options": {"prune": "random"}}, "name methods in sparsifiers, with their"),
        ({"zeta": 0.5}, "grid.zeta must have values, and the training"),
        ({"zetta": 0.5}, "no field 'zetta'"),
    ],
)
def test_training_of_a_method_that_cannot_be_is_refused(fields, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        Study(
            sparsifiers=["static", "set"], method_training={"set": fields},
            grid={"zeta": [0.1, 0.3]},
        )  # fmt: skip


def test_the_accuracy_preset_is_the_published_set_up():
    preset = PRESETS["accuracy"]
    tasks = preset.tasks()
    assert preset.networks == 3
    assert {task.config.sparsifier for task in tasks} == {"set", "rigl", "cht", "chts"}
    for config in (task.config for task in tasks):
        assert config.sizes(784, 10) == (784, 1568, 1568, 1568, 10)
        assert (config.epochs, config.batch_size, config.sparsity) == (100, 32, 0.99)
        assert (config.learning_rate, config.final_learning_rate) == (0.025, 2.5e-4)
        assert (config.weight_decay, config.momentum, config.zeta) == (5e-4, 0.9, 0.3)
    assert preset.size()["damaged networks scored"] == 0


def test_variants_of_one_sparsifier_stand_side_by_side():
    texts = ["set", "set(prune=random)", "set@small_world"]
    study = Study(**{**STUDY, "sparsifiers": texts})
    assert [config.label for _, config, seed in study.tasks() if seed == 0] == texts
    assert len({task.name for task in study.tasks()}) == 6


def test_a_method_goes_before_the_training_fields():
    fields = {"training": {**STUDY["training"], "topology": "scale_free"}}
    study = Study(**{**STUDY, **fields, "sparsifiers": ["set", "set@small_world"]})
    starts = [task.config.start_topology for task in study.tasks() if task.seed == 0]
    assert starts == ["scale_free", "small_world"]


def test_changes_are_made_one_by_one():
    study = changed(PRESETS["quick"], {"training": {"zeta": 0.1}, "networks": 3})
    assert study.training == {"epochs": 10, "zeta": 0.1}
    assert (study.name, study.networks) == ("custom", 3)


def test_the_quick_preset_is_what_it_promises():
    quick = PRESETS["quick"]
    tasks = [*quick.references(), *quick.tasks()]
    seeds = {}
    for task in tasks:
        seeds.setdefault((task.dataset, task.config.sparsifier), []).append(task.seed)
    for dataset in ("mnist", "fashion-mnist"):
        for sparsifier in ("static", "set", "dense_small"):
            assert seeds[dataset, sparsifier] == [0, 1]
        assert seeds[dataset, "dense"] == [0]
    epochs = {task.config.sparsifier: task.config.epochs for task in tasks}
    assert epochs["dense"] < epochs["set"] == epochs["dense_small"]
    assert quick.fallback == "mnist-5k"


def test_the_paper_preset_never_falls_back():
    paper = PRESETS["paper"]
    assert paper.fallback is None
    # Fewer than 10 networks of a method allow no claim of significance.
    assert paper.networks >= 10


def test_tasks_are_all_there_and_bear_the_names_of_their_networks():
    study = Study(**STUDY)
    tasks = [*study.references(), *study.tasks()]
    assert len({task.name for task in tasks}) == len(tasks) == 1 + 3 * 2
    config = TrainConfig(sparsifier="set", **STUDY["training"])
    assert network_name("mnist-5k", config, 1) in {task.name for task in tasks}
    assert tasks[0].config.sparsifier == "dense"
    assert tasks[0].config.epochs == 1


def test_the_size_counts_the_work():
    # Complete layers have one topology: no degree-preserving curve, no Erdos-Renyi.
    sparse, dense = 4, 2
    assert Study(**STUDY).size() == {
        "networks": 7,
        "epochs": 1 + 6 * 2,
        "damaged networks scored": (sparse * 2 + dense * 1) * 2 * 3 * 2,
        "null networks scored": sparse * (1 + 2 * 2) + dense * (1 + 1 * 2),
    }


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"network": 3}, "Study has no field 'network'; it has name, datasets"),
        ({"networks": 0}, "Study.networks: input should be greater than or equal to 1"),
        ({"networks": "two"}, "Study.networks: input should be a valid integer"),
        ({"seed": -1}, "Study.seed: input should be greater than or equal to 0; got"),
        ({"images": 0}, "Study.images: input should be greater than or equal to 1"),
        ({"replicates": 0}, "Study.replicates: input should be greater than or equal"),
        ({"datasets": []}, "Study.datasets: "),
        ({"datasets": ["mnist-6k"]}, "unknown data set 'mnist-6k'; choose from: mnist"),
        ({"fallback": "mnist-6k"}, "unknown data set 'mnist-6k'; choose from: mnist"),
        ({"sparsifiers": ["sett"]}, "unknown sparsifier 'sett'; choose from: static"),
        ({"perturbations": ["x"]}, "unknown perturbation 'x'; choose from: random"),
        ({"null_models": ["x"]}, "unknown null model 'x'; choose from: none"),
        ({"curve_null_models": ["none", "x"]}, "unknown null model 'x'; choose from"),
        ({"measures": ["x"]}, "unknown measure 'x'; choose from: links"),
        ({"datasets": ["mnist", "mnist"]}, "datasets must not repeat a name; got"),
        ({"sparsifiers": ["set", "set"]}, "sparsifiers must not repeat a name; got"),
        ({"sparsifiers": ["set", "set(source)"]}, "two of the sparsifiers are set;"),
        ({"sparsifiers": ["set("]}, "'set(' is no method; write a sparsifier such as"),
        ({"sparsifiers": ["set(zeta=0.1)"]}, "sparsifier 'set' has no option 'zeta'"),
        ({"snapshots": [1.5]}, "Study.snapshots.0: input should be less than or equal"),
        ({"measures": ["reach", "reach"]}, "measures must not repeat a name; got"),
        ({"curve_null_models": ["erdos_renyi"]}, "must include 'none'"),
        ({"sparsifiers": ["dense_small"]}, "sparsifiers must include a sparse one"),
        ({"fractions": [0, 0.5]}, "fractions must rise from 0 to 1"),
        ({"fractions": [0.5, 1]}, "fractions must rise from 0 to 1"),
        ({"fractions": [0, 1, 1.5]}, "fractions must rise from 0 to 1"),
        ({"fractions": [-0.5, 0, 1]}, "fractions must rise from 0 to 1"),
        ({"fractions": [0, 0.5, 0.5, 1]}, "fractions must rise from 0 to 1"),
        ({"fractions": [1, 0]}, "fractions must rise from 0 to 1"),
        ({"fractions": [0, float("nan"), 1]}, "Study.fractions.1: "),
        ({"training": {"epoch": 2}}, "rainConfig has no field 'epoch'; it has"),
        ({"training": {"zeta": 2}}, "rainConfig.zeta: input should be less than"),
        ({"perturbations": ["quantised", "quantised(bits=4)"]},
         "perturbations must not repeat a name; got ['quantised', 'quantised']"),
        ({"perturbations": ["random_neurons"], "scope": "head"},
         "random_neurons acts on neurons, of which the head has none"),
        ({"perturbations": ["random_pixels"], "scope": "layer_1"},
         "random_pixels acts on pixels, which are in no layer"),
        ({"measures": ["giant_component", "disparity"]},
         "disparity needs positive weights, which no trained network has"),
        ({"eps": [0.2, 0.1]}, "eps must rise without repeats; got [0.2, 0.1]"),
        ({"recovery": [0.5, 0.5]}, "recovery must rise without repeats; got [0.5, 0."),
        ({"input_attacks": ["occlusion"], "eps": [0, 2]},
         "eps must be a number in [0, 1]; got 2"),
        ({"scope": "layer"}, "unknown scope 'layer'; choose from: per_layer, global"),
        ({"scope": "layer_2"}, "unknown scope 'layer_2'; choose from: per_layer, "
         "global, layer_1, head, per_layer+head, global+head (the layers that every "
         "network has)"),
    ],
    ids=str,
)  # fmt: skip
def test_a_bad_field_is_one_sentence(fields, message):
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        Study(**{**STUDY, **fields})
    assert "\n" not in str(caught.value)


def test_a_null_model_whose_package_is_missing_is_refused_before_the_training(
    monkeypatch,
):
    monkeypatch.setitem(sys.modules, "bicm", None)
    for field in ("null_models", "retrained", "curve_null_models"):
        with pytest.raises(InputError, match="maximum_entropy needs the package bicm"):
            Study(**{**STUDY, field: ["none", "maximum_entropy"]})


def test_a_study_cannot_be_changed():
    with pytest.raises(AttributeError):
        PRESETS["quick"].networks = 3


@pytest.mark.parametrize("scope", ["per_layer", "global", "layer_1", "layer_2"])
def test_scopes_that_networks_have(scope):
    check_scope(scope, depth=2)
    with pytest.raises(InputError, match="unknown scope"):
        check_scope("layer_3", depth=2)


# Further curves


def test_further_curves_are_the_study_with_fields_of_their_own():
    study = Study(
        sparsifiers=["static", "set"], networks=2, more_networks={"set": 5},
        curves={"few": {"networks": 1}, "one": {"sparsifiers": ["static"]}},
    )  # fmt: skip
    tables = study.percolations()
    assert list(tables) == ["percolation", "curves_few", "curves_one"]
    counts = [len(one.tasks()) for one in tables.values()]
    assert counts == [2 * 7, 2 * 2, 2 * 2]


@pytest.mark.parametrize(("most", "networks"), [(None, 7), (3, 5), (1, 2)])
def test_the_first_networks_of_each_sparse_method_are_trained_anew(most, networks):
    study = Study(
        datasets=["mnist"], sparsifiers=["static", "set", "dense_small"], networks=2,
        more_networks={"set": 5}, retrained=["erdos_renyi"], retrained_networks=most,
    )  # fmt: skip
    assert study.size()["topologies trained anew"] == 2 * networks
    without = replace(study, retrained=())
    assert study_units(study) - study_units(without) == 2 * networks


@pytest.mark.parametrize(
    ("curves", "sentence"),
    [
        ({"a": {"epochs": 3}}, "a field of curves.a must be one of sparsifiers"),
        ({"a": {"scope": "layer_9"}}, "curves.a: "),
        ({"a": {"fractions": [0, 0.5]}}, "curves.a: fractions must rise from 0 to 1"),
        ({"a": {"sparsifiers": ["set", "rigl"]}}, "curves.a: sparsifiers must be some"),
        ({"a": {"sparsifiers": ["set( )"]}}, "curves.a: "),
        ({"a": {"snapshots": [0.3]}}, "curves.a: snapshots must be some of those"),
        ({"a/b": {}}, "a name of curves"),
    ],
)
def test_curves_that_cannot_be_are_refused(curves, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        Study(curves=curves)
