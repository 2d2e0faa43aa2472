"""Damage curves: the table's contract, its laws, resuming, refusals."""

import re
import sys
import zlib
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from forked import Forked
from forked import code as script
from networks import tiny_data
from small import Drawer, digits, network, same

from netrobust.convert.network import to_graph, to_model
from netrobust.core.errors import InputError
from netrobust.experiments.compare import compare
from netrobust.experiments.percolate import Percolation, percolate
from netrobust.experiments.score import score
from netrobust.graphs.graph import from_links, layers, links
from netrobust.graphs.measure import MEASURES
from netrobust.graphs.null import NULL_MODELS, null_model
from netrobust.graphs.perturb import (
    Damage,
    Links,
    Removal,
    Reweighting,
    removal,
    reweighting,
)
from netrobust.runs.tables import write_table

KEYS = [
    "network",
    "dataset",
    "sparsifier",
    "width",
    "sparsity",
    "network_seed",
    "null_model",
    "retrained",
    "perturbation",
    "scope",
    "fraction",
    "replicate",
    "draw_seed",
]
UNIT = ["network", "null_model", "perturbation", "fraction", "replicate"]
GRID = [0, 0.25, 0.5, 1]
OPTIONS = {
    "perturbations": ["random_links", "strongest_links"],
    "null_models": ["none", "degree_preserving"],
    "measures": ["giant_component", "links"],
    "fractions": GRID,
    "replicates": 3,
    "images": 300,
}


def curves(networks=None, **changes):
    return percolate(networks or network(), digits(), **{**OPTIONS, **changes})


@pytest.fixture(scope="module")
def table():
    return curves()


def keep_every_third(graph, rng, fraction):
    """A perturbation of a user: halve the weights of every third link."""
    kept = np.arange(0, len(Links.of(graph).weight), 3)
    return Damage(kept, weight=Links.of(graph).weight[kept] / 2)


def by_source(graph, rng):
    return np.argsort(Links.of(graph).source, kind="stable")


def flip(layer, rng):
    """A null model of a user: every sign turned."""
    source, target, weight = links(layer)
    depth, bias = layer.vs["depth"], layer.vs["bias"]
    sizes = np.bincount(np.array(depth) - depth[0])
    return from_links(sizes, source, target, -weight, bias, depth[0])


def total_weight(graph):
    return float(np.sum(graph.es["weight"]))


def weight_multiset(graph):
    """A number that tells the sorted weights of every layer."""
    parts = [np.sort(links(layer)[2]).tobytes() for layer in layers(graph)]
    return float(zlib.crc32(b"".join(parts)))


def test_keys_left_measures_right_one_row_per_score(table):
    values = ["images", "removed", "accuracy", "loss", "moved"]
    values += ["giant_component", "links"]
    assert table.columns.tolist() == KEYS + values
    assert len(table) == 2 * 2 * len(GRID) * 3
    assert not table.duplicated(KEYS).any()
    assert not table.isna().any(axis=None)
    for key, value in network().labels.items():
        assert (table[key] == value).all()
    assert set(table.scope) == {"per_layer"}
    assert set(table.draw_seed) == {0}
    assert set(table.replicate) == {0, 1, 2}


def test_fraction_0_is_the_intact_network(table):
    rows = table[(table.fraction == 0) & (table.null_model == "none")]
    intact = score(network().model, digits(), images=300)
    assert set(rows.accuracy) == {intact["accuracy"]}
    assert set(rows.loss) == {intact["loss"]}
    assert set(rows.links) == {2412}
    assert set(rows.removed) == {0}


def test_fraction_1_leaves_no_link_but_the_biases(table):
    rows = table[table.fraction == 1]
    empty = score(network().model, digits(), Damage(np.arange(0)), images=300)
    assert set(rows.links) == {0}
    assert set(rows.removed) == {1}
    assert set(rows.giant_component) == {1 / (784 + 30 + 20)}
    assert set(rows.accuracy) == {empty["accuracy"]}
    assert set(rows.loss) == {empty["loss"]}


def test_half_the_links_go_from_every_layer(table):
    rows = table[table.fraction == 0.5]
    assert set(rows.links) == {2352 / 2 + 60 / 2}
    assert set(rows.removed) == {0.5}


def test_scores_and_measures_are_those_of_one_and_the_same_graph():
    seen = []

    def collected(graph):
        seen.append(graph)
        return float(len(seen) - 1)

    table = curves(measures=["giant_component", collected], replicates=2)
    assert len(seen) > 10
    assert set(table.collected) == set(range(len(seen)))
    for row in table.itertuples():
        graph = seen[int(row.collected)]
        giant = graph.connected_components("weak").giant().vcount()
        assert row.giant_component == giant / graph.vcount()
        reloaded = score(to_model(graph, like=network().model), digits(), images=300)
        assert (row.accuracy, row.loss) == (reloaded["accuracy"], reloaded["loss"])


def test_replicates_differ_where_links_go_at_random_and_only_there(table):
    intact = table[(table.null_model == "none") & (table.fraction == 0.5)]
    losses = intact.groupby("perturbation").loss.nunique()
    assert losses.to_dict() == {"random_links": 3, "strongest_links": 1}
    nulls = table[(table.null_model != "none") & (table.fraction == 0)]
    assert nulls.loss.nunique() == 3


def test_a_null_model_is_drawn_once_for_all_perturbations(table):
    nulls = table[(table.null_model != "none") & (table.fraction == 0)]
    assert (nulls.groupby("replicate").loss.nunique() == 1).all()
    assert (nulls.moved > 0.5).all()
    assert set(table[table.null_model == "none"].moved) == {0}


def test_the_strongest_hurt_more_than_chance_damage(table):
    half = table[(table.null_model == "none") & (table.fraction == 0.5)]
    accuracy = half.groupby("perturbation").accuracy.mean()
    assert accuracy["strongest_links"] < accuracy["random_links"] - 0.05


@pytest.mark.parametrize(
    "changes",
    [
        {"perturbations": ["weakest_links", "strongest_links", "random_links"]},
        {"perturbations": ["random_links"]},
        {"null_models": ["erdos_renyi", "degree_preserving", "none"]},
        {"null_models": ["none"]},
        {"fractions": [0, 0.125, 0.5, 0.75]},
        {"replicates": 1},
        {"measures": ["links", "reach", "giant_component"]},
    ],
    ids=str,
)
def test_other_work_changes_no_row(table, changes):
    other = curves(**changes)
    shared = [*table.columns]
    old, new = table.set_index(UNIT), other[shared].set_index(UNIT)
    both = old.index.intersection(new.index)
    assert len(both) >= 12
    same(old.loc[both], new.loc[both])


def test_another_network_changes_no_row(table):
    both = curves([network("static"), network()])
    ours = both[both.network == network().name].reset_index(drop=True)
    same(ours, table)


def test_other_seeds_draw_other_damage(table):
    other = curves(seed=1)
    random = other.query("perturbation == 'random_links' and fraction == 0.5")
    assert not set(random.loss) & set(table.loss)
    assert set(other.draw_seed) == {1}


def test_the_scope_is_obeyed():
    table = curves(scope="layer_2", null_models=["none"], replicates=1)
    assert table.links.tolist() == [2412, 2397, 2382, 2352] * 2
    assert table.removed.tolist() == [0, 0.25, 0.5, 1] * 2
    assert set(table.scope) == {"layer_2"}
    table = curves(scope="global", null_models=["none"], replicates=1)
    assert table.links.tolist() == [2412, 1809, 1206, 0] * 2


def test_two_jobs_write_the_same_file(table, tmp_path):
    write_table(table, tmp_path / "one.parquet")
    write_table(curves(jobs=2), tmp_path / "two.parquet")
    one, two = (tmp_path / f"{name}.parquet" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_functions_of_ones_own():
    table = curves(
        perturbations=[keep_every_third, Removal(by_source), "random_links"],
        null_models=["none", flip],
        measures=[total_weight, "links"],
        replicates=1,
    )
    assert set(table.perturbation) == {"keep_every_third", "by_source", "random_links"}
    weight = np.array(to_graph(network().model).es["weight"])
    rows = table.set_index(["null_model", "perturbation", "fraction"]).sort_index()
    for name, sign in (("none", 1), ("flip", -1)):
        own = rows.loc[name, "keep_every_third"]
        assert set(own.links) == {804}
        expected = sign * weight[::3].sum() / 2
        assert own.total_weight.tolist() == pytest.approx([expected] * 4, rel=1e-5)
        first = rows.loc[name, "by_source"]
        assert first.links.tolist() == [2412, 1809, 1206, 0]
        assert first.total_weight[0] == pytest.approx(sign * weight.sum())
    assert set(table[table.null_model == "flip"].moved) == {0}


def test_a_single_name_needs_no_list():
    single = curves(perturbations="random_links", null_models="none", measures="links")
    same(single, curves(perturbations=["random_links"], null_models=["none"],
                        measures=["links"]))  # fmt: skip


def test_progress_counts_every_unit():
    ticks = []
    drawer = Drawer()
    curves(tick=lambda *counts: ticks.append(counts), parts=drawer)
    assert ticks == [(done, 4) for done in range(5)]
    ticks.clear()
    curves(tick=lambda *counts: ticks.append(counts), parts=drawer)
    assert ticks == [(4, 4)]


def test_parts_are_computed_once(table):
    drawer = Drawer()
    same(curves(parts=drawer), table)
    assert len(drawer.puts) == len(set(drawer.puts)) == 4
    drawer.puts.clear()
    same(curves(parts=drawer), table)
    assert drawer.puts == []
    lost = sorted(drawer.kept)[1]
    drawer.kept.pop(lost)
    same(curves(parts=drawer), table)
    assert drawer.puts == [lost]


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"images": 299},
        {"replicates": 2},
        {"fractions": [0, 0.5, 1]},
        {"measures": ["links"]},
        {"scope": "global"},
    ],
    ids=str,
)
def test_parts_of_other_settings_are_not_taken(changes):
    drawer = Drawer()
    curves(parts=drawer)
    keys = set(drawer.puts)
    drawer.puts.clear()
    same(curves(parts=drawer, **changes), curves(**changes))
    assert len(drawer.puts) == 4
    assert not keys & set(drawer.puts)


def test_compare_is_percolate_at_fraction_0():
    nulls = ["shuffle_all", "degree_preserving"]
    measures = ["links", weight_multiset]
    options = {"measures": measures, "images": 300, "seed": 5}
    found = compare(network(), digits(), nulls, replicates=4, **options)
    assert set(found.perturbation) == {"none"}
    assert found.groupby("null_model").size().to_dict() == {
        "none": 1, "shuffle_all": 4, "degree_preserving": 4,
    }  # fmt: skip
    curve = curves(null_models=nulls, replicates=4, fractions=[0], **options)
    curve = curve[curve.perturbation == "random_links"].assign(perturbation="none")
    drawn = found[found.null_model != "none"].reset_index(drop=True)
    same(drawn, curve.reset_index(drop=True))


def test_null_networks_have_the_same_links_and_weights():
    nulls = ["none", "shuffle_all", "shuffle_by_sign", "degree_preserving",
             "erdos_renyi"]  # fmt: skip
    found = compare(network(), digits(), nulls, replicates=3,
                    measures=["links", weight_multiset], images=100)  # fmt: skip
    assert len(found) == 1 + 4 * 3
    assert not found.duplicated(KEYS).any()
    assert set(found.links) == {2412}
    assert found.weight_multiset.nunique() == 1
    moved = found.groupby("null_model").moved.mean()
    assert moved[["none", "shuffle_all", "shuffle_by_sign"]].tolist() == [0, 0, 0]
    assert (moved[["degree_preserving", "erdos_renyi"]] > 0.5).all()
    worse = found[found.null_model != "none"].loss
    assert (worse > found[found.null_model == "none"].loss.item()).all()


SHORT = {"fractions": [0, 0.5, 1], "replicates": 2}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"perturbations": ["random_link"]}, "unknown perturbation 'random_link'; "
         "choose from: random_links, strongest_links, weakest_links"),
        ({"perturbations": [3]}, "unknown perturbation 3; choose from"),
        ({"null_models": ["nope"]}, "unknown null model 'nope'; choose from: none"),
        ({"measures": ["size"]}, "unknown measure 'size'; choose from"),
        ({"perturbations": []}, "no perturbation came"),
        ({"null_models": []}, "no null model came"),
        ({"perturbations": ["random_links"] * 2}, "each perturbation can be asked for "
         "once; got random_links, random_links"),
        ({"measures": ["links", "links"]}, "each measure can be asked for once"),
        ({"perturbations": [partial(keep_every_third)]}, "function with a __name__"),
        ({"fractions": [0, 1.5]}, "fraction must be in [0, 1]; got 1.5"),
        ({"fractions": [-0.1, 0]}, "fraction must be in [0, 1]; got -0.1"),
        ({"fractions": [0, float("nan"), 1]}, "fraction must be in [0, 1]; got nan"),
        ({"fractions": []}, "fractions must rise without repeats; got []"),
        ({"fractions": [0.5, 0.2]}, "fractions must rise without repeats"),
        ({"fractions": [0, 0]}, "fractions must rise without repeats"),
        ({"replicates": 0}, "replicates must be an integer, 1 or larger; got 0"),
        ({"replicates": 1.5}, "replicates must be an integer, 1 or larger; got 1.5"),
        ({"jobs": 0}, "jobs must be an integer, 1 or larger; got 0"),
        ({"seed": -1}, "seed must be an integer, 0 or larger; got -1"),
        ({"images": 0}, "images must be an integer, 1 or larger; got 0"),
        ({"images": 1001}, "images must be from 1 to 1000, the test images"),
        ({"scope": "layer_3"}, "unknown scope 'layer_3'; choose from: per_layer, "
         "global, layer_1, layer_2"),
        ({"sparsifiers": ["set", "dense_small"], "scope": "layer_2"},
         "unknown scope 'layer_2'; choose from: per_layer, global, layer_1, head, per"),
    ],
    ids=lambda one: re.sub(" at 0x[0-9a-f]+", "", str(one)),
)  # fmt: skip
def test_bad_input_is_one_helpful_sentence(changes, message):
    drawer, changes = Drawer(), dict(changes)
    networks = [network(name) for name in changes.pop("sparsifiers", ["set"])]
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        curves(networks, **changes, parts=drawer)
    assert "\n" not in str(caught.value)
    assert drawer.kept == {}


def test_no_network_is_said():
    with pytest.raises(InputError, match="no network came; give at least one"):
        percolate([], digits())


@pytest.mark.parametrize("name", ["loss", "accuracy_3", "amplitude", "fraction"])
def test_a_measure_cannot_hide_a_column(name):
    def mine(graph):
        return 0.0

    mine.__name__ = name
    with pytest.raises(InputError, match=f"a measure cannot be called '{name}'"):
        curves(measures=[mine], perturbations="gaussian_noise")


def test_an_option_cannot_hide_a_column():
    def heavier(links, weight, rng, *, loss=0.5):
        return weight

    perturbation = Reweighting(heavier)
    with pytest.raises(InputError, match="an option cannot be called 'loss'"):
        curves(perturbations=[perturbation])


def test_a_measure_that_works_in_place_changes_no_other():
    def careless(graph):
        graph.delete_edges(range(graph.ecount()))
        return 0

    options = {"null_models": "none", "replicates": 1}
    found = curves(measures=[careless, "giant_component", "density"], **options)
    expected = curves(measures=["giant_component", "density"], **options)
    same(found.drop(columns="careless"), expected)


@pytest.mark.parametrize("value", [None, [1.0, 2.0], "many"], ids=str)
def test_a_measure_gives_one_number(value):
    def mine(graph):
        return value

    with pytest.raises(InputError, match="measure mine must give a number; got "):
        curves(measures=[mine])


def test_networks_are_told_apart_by_their_names():
    with pytest.raises(
        InputError, match=f"two of the networks are called {network().name}"
    ):
        curves([network(), replace(network(), model=network("static").model)])
    with pytest.raises(InputError, match=r"is a torch module, .*; give evaluate="):
        percolate(network().model, digits())
    for other in ("run", [network(), 3]):
        with pytest.raises(InputError, match="networks must be one or several Network"):
            percolate(other, digits())


def test_data_of_another_kind_are_refused_before_anything_is_done():
    few = tiny_data(pixels=784, classes=11)
    drawer = Drawer()
    for work in (percolate, compare):
        with pytest.raises(InputError, match="11 classes, the network 784 inputs and"):
            work(network(), few, parts=drawer)
    assert drawer.kept == {}


def test_null_models_to_compare_come_in_any_collection():
    options = {"replicates": 2, "images": 50}
    expected = compare(network(), digits(), ["shuffle_all"], **options)
    for given in ({"shuffle_all"}, iter(["none", "shuffle_all"]),
                  [NULL_MODELS["none"], NULL_MODELS["shuffle_all"]]):  # fmt: skip
        same(compare(network(), digits(), given, **options), expected)


def test_functions_that_were_typed_in_are_refused_with_several_jobs(tmp_path):
    code = (
        "import sys\n"
        f"sys.path[:0] = {sys.path!r}\n"
        "from tests.experiments.test_percolate import curves\n"
        "def mine(graph):\n"
        "    return 1.0\n"
        "curves(measures=[mine], jobs=2)\n"
    )
    done = Forked(script, code, cwd=tmp_path).ended()
    assert "InputError: with several jobs your own functions must be" in done.err
    assert "typed in, as in a notebook" in done.err


def test_several_jobs_need_functions_they_can_import():
    def local(graph):
        return 0.0

    assert len(curves(measures=[local], replicates=1)) == 16
    with pytest.raises(InputError, match=r"must be importable .*local"):
        curves(measures=[local], jobs=2)


def test_options_that_are_numbers_are_columns():
    chosen = ["gaussian_noise(amplitude=0.5)", "quantised", "random_links"]
    found = curves(perturbations=chosen, null_models=["none"], replicates=1)
    place = len(KEYS)
    assert found.columns.tolist()[place : place + 2] == ["amplitude", "bits"]
    rows = found.set_index("perturbation")
    assert set(rows.loc["gaussian_noise(amplitude=0.5)"].amplitude) == {0.5}
    assert set(rows.loc["quantised"].bits) == {4}
    assert rows.loc["random_links"][["amplitude", "bits"]].isna().all(axis=None)
    assert set(rows.loc["quantised"].removed) == {0}


def test_details_add_calibration_and_classes_and_change_nothing():
    plain = curves(null_models=["none"], replicates=1)
    found = curves(null_models=["none"], replicates=1, details=True)
    classes = [f"accuracy_{digit}" for digit in range(10)]
    same(found.drop(columns=["confidence", "ece", *classes]), plain)
    assert found[["confidence", "ece"]].stack().between(0, 1).all()
    counts = np.bincount(digits().y_test[:300], minlength=10)
    whole = np.nansum(found[classes].to_numpy() * counts, axis=1) / 300
    np.testing.assert_allclose(whole, found.accuracy)


def test_damage_of_the_head_is_measured_with_its_classes():
    found = curves(
        scope="per_layer+head", null_models=["none"], replicates=1, fractions=[0, 1]
    )
    assert set(found.links) == {2412 + 200, 0}
    assert set(found[found.fraction == 1].giant_component) == {1 / (784 + 30 + 20 + 10)}
    spared = curves(scope="head", null_models=["none"], replicates=1, fractions=[0, 1])
    assert set(spared[spared.fraction == 1].links) == {2412}
    answers = score(network().model, digits(), Damage(np.arange(2412)), 300, head=True)
    assert set(spared[spared.fraction == 1].accuracy) == {answers["accuracy"]}


def test_a_topology_trained_anew_learns_with_other_weights():
    found = compare(
        network(), digits(), ["erdos_renyi"], replicates=2, images=500, retrain=True
    )
    assert found.retrained.all()
    assert found.null_model.tolist() == ["none", "erdos_renyi", "erdos_renyi"]
    assert (found.accuracy > 0.5).all()
    assert found.accuracy.nunique() > 1
    assert found.moved.iloc[0] == 0
    assert (found.moved.iloc[1:] > 0.5).all()
    untrained = compare(network(), digits(), ["erdos_renyi"], replicates=2, images=500)
    assert not untrained.retrained.any()
    assert (untrained.accuracy.iloc[1:] < 0.5).all()


def test_dense_networks_have_no_topology_to_train_anew():
    with pytest.raises(InputError, match="no topology to retrain"):
        compare(network("dense_small"), digits(), ["shuffle_all"], retrain=True)


def test_data_go_to_workers_only_where_they_are_asked():
    def images(perturbation, **changes):
        sweep = Percolation.planned(
            network(), digits(), perturbations=perturbation, fractions=[0],
            replicates=1, scope="per_layer", seed=0, images=None, jobs=1, **changes,
        )  # fmt: skip
        return len(sweep.shipped().data.x_train)

    assert images("random_links") == 0
    assert images("links_by_saliency", training_images=50) == 50
    assert images("greedy_links", training_images=50) == 50
    assert images("random_links", retrain=True) == len(digits().x_train)


# What members declare, ours and the user's alike


def without_negative_weights():
    intact = network()
    graph = to_graph(intact.model)
    graph.es["weight"] = np.abs(graph.es["weight"]).tolist()
    return replace(intact, model=to_model(graph, like=intact.model))


def refusal(**options):
    with pytest.raises(InputError) as refused:
        percolate(without_negative_weights(), digits(), fractions=[0.5], **options)
    return str(refused.value)


def test_what_goes_by_signs_is_refused_without_negative_weights():
    @removal(signed=True)
    def inhibitory_links(graph, rng):
        """Remove negative links first."""
        return np.argsort(Links.of(graph).weight, kind="stable")

    @reweighting(signed=True)
    def excited_links(graph, rng, chosen):
        """Turn negative weights positive."""
        return np.abs(Links.of(graph).weight)

    ours = refusal(perturbations="strongest_negative_links")
    assert "no negative ones; choose a perturbation that goes by absolute" in ours
    for mine in (inhibitory_links, excited_links):
        for asked in (mine, mine.__name__):
            told = refusal(perturbations=["random_links", asked])
            assert told == ours.replace("strongest_negative_links", mine.__name__)


def test_a_plain_function_may_declare_too():
    def mine(graph, rng, fraction):
        return Damage(np.arange(3))

    mine.signed = True
    ours = refusal(perturbations="strongest_positive_links")
    told = refusal(perturbations=mine)
    assert told == ours.replace("strongest_positive_links", "mine")


def test_what_needs_positive_weights_is_refused_where_there_are_others():
    @MEASURES.register(needs_positive_weights=True)
    def resistance(graph):
        return 1.0

    @null_model(conserves=(), needs_positive_weights=True)
    def gravity(layer, rng):
        return layer

    def refused(**options):
        with pytest.raises(InputError, match="needs positive weights; ") as one:
            percolate(network(), digits(), fractions=[0.5], **options)
        return str(one.value)

    ours = refused(measures="disparity")
    ours, other = ours.removesuffix("absolute_disparity").rsplit(", such as ", 1)
    assert other == ""
    assert refused(measures=resistance) == ours.replace("disparity", "resistance")
    told = refused(null_models=gravity)
    assert told.replace("null model", "measure") == ours.replace("disparity", "gravity")


def test_what_does_not_reach_the_head_is_refused_there():
    @removal(reaches_head=False)
    def hidden_alone(graph, rng):
        return np.arange(len(Links.of(graph).weight))

    with pytest.raises(InputError, match="hidden_alone does not reach the head; choo"):
        percolate(network(), digits(), hidden_alone, scope="head")


def test_null_models_may_reach_the_head():
    options = {"perturbations": "random_links", "measures": "links"}
    options |= {"fractions": [0], "replicates": 2, "images": 300}
    names = ["none", "shuffle_all(scope=head)", "shuffle_all(scope=per_layer+head)"]
    table = curves(**options, null_models=names).set_index("null_model")
    assert set(table.links) == {2412}
    assert set(table.moved) == {0}
    intact = set(table.loc["none"].accuracy)
    for name in names[1:]:
        assert not intact & set(table.loc[name].accuracy)
    with pytest.raises(
        InputError, match=r"erdos_renyi\(scope=head\) moves links, and t"
    ):
        curves(null_models="erdos_renyi(scope=head)")
    with pytest.raises(InputError, match="unknown scope 'layer_7'"):
        curves(null_models="shuffle_all(scope=layer_7)")
    with pytest.raises(InputError, match="which retraining draws anew"):
        curves(null_models="shuffle_all(scope=head)", retrain=True)


def test_a_null_model_of_the_head_leaves_the_other_layers(monkeypatch):
    from netrobust.experiments import percolate as module

    seen = []

    def look(model, *args, **kwargs):
        seen.append(model)
        return original(model, *args, **kwargs)

    original = module.scores
    monkeypatch.setattr(module, "scores", look)
    curves(
        perturbations="random_links", fractions=[0], replicates=1, measures="links",
        null_models="shuffle_all(scope=head)",
    )  # fmt: skip
    (drawn,), intact = seen, network().model
    for one, other in zip(drawn.links(), intact.links(), strict=True):
        assert np.array_equal(one, other)
    head, own = drawn.links(head=True)[2][2412:], intact.links(head=True)[2][2412:]
    assert not np.array_equal(head, own)
    assert np.array_equal(np.sort(head), np.sort(own))
