"""What the main job does: presets, and what a study may not be."""

import re
from dataclasses import asdict

import pytest
from small import STUDY

from netrobust.errors import InputError
from netrobust.neural.config import TrainConfig, network_name
from netrobust.study import PRESETS, Study, check_scope


@pytest.mark.parametrize("name", PRESETS)
def test_presets_keep_their_own_rules(name):
    preset = PRESETS[name]
    assert preset.name == name
    assert Study(**asdict(preset)) == preset
    assert set(preset.datasets) == {"mnist", "fashion-mnist"}
    assert {"static", "set", "dense_small", "dense_narrow"} <= set(preset.sparsifiers)


def test_the_quick_preset_is_what_it_promises():
    quick = PRESETS["quick"]
    tasks = [*quick.references(), *quick.tasks()]
    seeds = {}
    for task in tasks:
        seeds.setdefault((task.dataset, task.config.sparsifier), []).append(task.seed)
    for dataset in ("mnist", "fashion-mnist"):
        for sparsifier in ("static", "set", "dense_small", "dense_narrow"):
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
        ({"scope": "layer"}, "unknown scope 'layer'; choose from: per_layer, global"),
        ({"scope": "layer_2"}, "unknown scope 'layer_2'; choose from: per_layer, "
         "global, layer_1 (the layers that every network has)"),
    ],
    ids=str,
)  # fmt: skip
def test_a_bad_field_is_one_sentence(fields, message):
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        Study(**{**STUDY, **fields})
    assert "\n" not in str(caught.value)


def test_a_study_cannot_be_changed():
    with pytest.raises(AttributeError):
        PRESETS["quick"].networks = 3


@pytest.mark.parametrize("scope", ["per_layer", "global", "layer_1", "layer_2"])
def test_scopes_that_networks_have(scope):
    check_scope(scope, depth=2)
    with pytest.raises(InputError, match="unknown scope"):
        check_scope("layer_3", depth=2)
