"""Damage curves of modules that netrobust never trained."""

import numpy as np
import pandas as pd
import pytest
import torch
from pruned import (
    IMAGES,
    WAYS,
    bits,
    convnet,
    drawn,
    evaluate,
    held,
    mlp,
    outputs,
    unstructured,
)
from specimens import fingerprint
from torch import nn

import netrobust as nr
from netrobust.convert.layer_stack import Joint
from netrobust.convert.module_graphs import to_layers, to_module
from netrobust.convert.torch_modules import read_module, write_module
from netrobust.core.errors import InputError
from netrobust.core.random_streams import stream
from netrobust.experiments.percolate_module import percolate_module
from netrobust.graphs.damage import Damage, Links
from netrobust.graphs.graph import stack
from netrobust.graphs.measure import MEASURES
from netrobust.graphs.null import NULL_MODELS, installed, randomise
from netrobust.graphs.perturb import PERTURBATIONS, apply, random_links, removal
from netrobust.stats.summary import KEYS

GRID = (0, 0.5, 1)


def same(module):
    """A score that any bit of the outputs changes."""
    return {"accuracy": 1.0, "output": float(outputs(module).double().pow(2).sum())}


@pytest.mark.parametrize(
    ("prune_it", "scope"),
    [
        *((way, "per_layer") for way in WAYS),
        *((unstructured, scope) for scope in ("global", "layer_2")),
    ],
)
@pytest.mark.parametrize("make", [convnet, mlp])
def test_the_curve_starts_at_the_module_itself_which_stays_as_it_is(
    make, prune_it, scope
):
    module = prune_it(make())
    before, intact = bits(module), same(module)
    seen = []

    def look(copy):
        seen.append((copy is module, bits(copy) == before))
        return same(copy)

    table = percolate_module(module, look, fractions=GRID, replicates=2, scope=scope)
    assert bits(module) == before
    assert seen[0] == (False, True)
    assert not any(is_module or whole for is_module, whole in seen[1:])
    start, rest = table[table.fraction == 0], table[table.fraction > 0]
    assert (start.output == intact["output"]).all()
    assert (rest.output != intact["output"]).all()
    assert table[table.fraction == 1].removed.eq(1).all()


def test_rows_have_the_keys_of_percolate_and_serve_its_statistics():
    tables = [
        percolate_module(
            unstructured(convnet()), evaluate, ["random_links", "strongest_links"],
            np.linspace(0, 1, 5), 3, null_models=["none", "shuffle_all"], seed=seed,
            name=f"cnn-{seed}", dataset="mine", sparsifier="l1", network_seed=seed,
        )
        for seed in range(2)
    ]  # fmt: skip
    table = pd.concat(tables, ignore_index=True)
    assert tuple(table.columns) == (
        *KEYS, "removed", "reached", "accuracy", "loss", "moved",
    )  # fmt: skip
    assert len(table) == 2 * 2 * 2 * 5 * 3
    one = table.iloc[0]
    assert (one.network, one.dataset, one.sparsifier) == ("cnn-0", "mine", "l1")
    assert (one.width, one.retrained, one.draw_seed) == (10, False, 0)
    by = ["perturbation", "null_model", "fraction"]
    assert len(nr.summarise(table, "accuracy", by)) == 20
    found = nr.robustness(table, "loss", chance=5.0, floor=-0.0)
    assert len(found) == 8
    assert {"robustness", "f50", "f95"} <= set(found)


def test_sparsity_counts_the_places_that_a_kernel_has():
    module = nn.Sequential(nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 2, 1))
    module[1].weight.data[0] = 0

    def any_number(copy):
        return {"score": 1.0}

    table = percolate_module(module, any_number, fractions=[0], replicates=1)
    assert table.sparsity.tolist() == [round(1 - 8 / 12, 6)]
    assert table.network.tolist() == ["Sequential"]
    assert table.width.tolist() == [4]


def test_damage_is_that_of_the_stack_where_layers_chain():
    module = unstructured(mlp())
    joint = Joint(read_module(module))
    whole = stack(to_layers(module))
    assert fingerprint(joint.stack()) == fingerprint(whole)
    expected = Links.of(whole)
    for name in ("sizes", "source", "target", "weight", "bias"):
        found = getattr(joint.links, name)
        assert np.array_equal(found, getattr(expected, name))
    table = percolate_module(
        module, same, ["weakest_links"], GRID, 1,
        ["giant_component", "reach", "density"], scope="global", name="net",
    )  # fmt: skip
    rng = stream(0, "net", "none", 0, "weakest_links", "global")
    curve = PERTURBATIONS["weakest_links"].curve(whole, rng, GRID, "global")
    for row, damage in zip(table.itertuples(), curve, strict=True):
        left = apply(whole, damage)
        copy = to_module(nr.layers(left), like=module)
        assert row.output == same(copy)["output"]
        for name in ("giant_component", "reach", "density"):
            assert getattr(row, name) == MEASURES[name](left)


def test_per_layer_and_one_layer_act_on_each_layers_own_graph():
    module = unstructured(convnet())
    joint = Joint(read_module(module))
    graphs = to_layers(module, example=IMAGES)
    assert joint.links.sizes == (1, 4, 6, 24, 10, 3)
    for scope in ("per_layer", *(f"layer_{k}" for k in range(1, 5))):
        where = joint.scope(scope)
        damage = random_links(joint.links, drawn(), 0.5, where)
        left = joint.left(damage).graphs()
        for k, (one, graph) in enumerate(zip(left, graphs, strict=True)):
            hit = scope in ("per_layer", f"layer_{k + 1}")
            count = graph.ecount()
            gone = int(np.floor(count / 2 + 0.5)) if hit else 0
            assert one.ecount() == count - gone
            assert set(held(one)) <= set(held(graph))
            assert one.vs["depth"] == graph.vs["depth"]
            assert one.vs["bias"] == graph.vs["bias"]


def test_global_ranks_the_links_of_all_layers_together():
    module = unstructured(convnet())
    joint = Joint(read_module(module))
    damage = PERTURBATIONS["strongest_links"](joint.links, drawn(), 0.3, "global")
    left = joint.left(damage).links
    all_weights = np.sort(np.abs(joint.links.weight))
    kept = len(left.weight)
    assert np.array_equal(np.sort(np.abs(left.weight)), all_weights[:kept])
    assert 0 < kept < len(all_weights)


@pytest.mark.parametrize("name", NULL_MODELS)
def test_null_models_draw_each_layer_as_randomise_does(name):
    module = unstructured(mlp())
    if not installed(name):
        pytest.skip("needs bicm")
    table = percolate_module(
        module, same, fractions=[0], replicates=2, null_models=[name], name="net"
    )
    for replicate, row in enumerate(table.itertuples()):
        rng = stream(0, "null model", "net", name, replicate)
        drawn_ = [randomise(one, name, rng) for one in to_layers(module)]
        if name == "none":
            drawn_ = to_layers(module)
        assert row.output == same(to_module(drawn_, like=module))["output"]
        kept = name == "none" or "shuffle" in name
        assert (row.moved == 0) == kept


def test_rows_are_the_same_whatever_else_is_asked():
    module = unstructured(convnet())
    alone = percolate_module(module, same, "random_links", GRID, 2, seed=3)
    among = percolate_module(
        module, same, ["weakest_links", "random_links"], GRID, 3,
        ["density"], ["shuffle_all", "none"], seed=3,
    )  # fmt: skip
    asked = among[(among.perturbation == "random_links") & (among.null_model == "none")]
    asked = asked[asked.replicate < 2][alone.columns].reset_index(drop=True)
    pd.testing.assert_frame_equal(asked, alone)


def test_layers_without_a_stack_are_measured_one_by_one():
    module = unstructured(convnet())
    table = percolate_module(
        module,
        same,
        fractions=[0, 0.5],
        replicates=1,
        measures=["links", "stable_rank"],
    )
    graphs = to_layers(module)
    assert table.links[0] == sum(one.ecount() for one in graphs)
    expected = np.mean([MEASURES["stable_rank"](one) for one in graphs])
    assert table.stable_rank[0] == expected
    assert "giant_component" not in percolate_module(module, same, replicates=1)
    assert "giant_component" in percolate_module(mlp(), same, replicates=1)


def test_neurons_between_two_layers_go_with_all_their_links():
    module = mlp()
    module[1].bias.data[:] = 5.0
    joint = Joint(read_module(module))
    counts = []

    def look(copy):
        graphs = to_layers(copy)
        silent = [~one.weight.detach().any(1) for one in (copy[1], copy[3], copy[5])]
        assert torch.equal(silent[0], ~copy[3].weight.detach().any(0))
        assert torch.equal(silent[1], ~copy[5].weight.detach().any(0))
        assert not copy[1].bias[silent[0]].any()
        assert torch.equal(copy[5].bias, module[5].bias)
        counts.append([int(one.sum()) for one in silent[:2]])
        return {"links": float(sum(one.ecount() for one in graphs))}

    for scope in ("per_layer", "global", "layer_1"):
        percolate_module(module, look, ["random_neurons"], [0, 0.5], 1, scope=scope)
    assert counts[0] == counts[2] == counts[4] == [0, 0]
    assert counts[1] == [6, 4]
    assert sum(counts[3]) == 10
    assert counts[5] == [6, 0]
    with pytest.raises(InputError, match="ends with and another starts with"):
        percolate_module(module, look, ["random_neurons"], scope="layer_3")
    pixels = percolate_module(module, same, ["random_pixels"], GRID, 1)
    assert pixels.removed.is_monotonic_increasing
    assert joint.chained


def test_rescaled_and_reweighted_slices_are_multiplied():
    module = unstructured(convnet())
    joint = Joint(read_module(module))
    links = joint.links
    damage = Damage(np.arange(len(links.weight)), weight=2 * links.weight)
    doubled = write_module(joint.left(damage).layers, module)
    for one, other in zip(
        joint.layers, Joint(read_module(doubled)).layers, strict=True
    ):
        assert np.array_equal(2 * one.values * one.mask, other.values * other.mask)
        hidden = one.mask == 0
        assert np.array_equal(one.values[hidden], other.values[hidden])
    table = percolate_module(
        module, same, ["random_links(rescale=weights)", "random_sign_flips"], GRID, 1
    )
    assert len(table) == 6


REFUSED = {
    "links_by_saliency": "asks training images, which only networks of netrobust",
    "neurons_by_activation": "asks training images",
    "greedy_links": "asks training images",
    "random_neurons": "acts on neurons, .* nothing tells which layer feeds",
    "pixels_by_degree": "acts on pixels, which are those of a stack",
    "links_by_betweenness": "needs a stack",
    "links_by_path_count(recompute=True)": "needs a stack",
    "random_links(rescale=biases)": "needs a stack",
    "strongest_positive_links": r"goes by signs, and a link of features\.0 is a kernel",
    "strongest_negative_links": "goes by signs",
    "gaussian_noise(amplitude=2)": "changes weights one by one, and a link of features",
    "uniform_noise": "changes weights one by one",
    "binarised": "changes weights one by one",
    "quantised": "changes weights one by one",
}


@pytest.mark.parametrize("name", REFUSED)
def test_perturbations_without_a_meaning_for_a_module_are_refused(name):
    def never(copy):
        raise AssertionError("nothing is scored before all is checked")

    with pytest.raises(InputError, match=REFUSED[name]):
        percolate_module(convnet(), never, [name])


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, one in PERTURBATIONS.items()
        if one.acts_on == "links"
        and name
        not in {refused.partition("(")[0] for refused in REFUSED} - {"random_links"}
    ],
)
def test_every_other_perturbation_works_on_convolutions(name):
    table = percolate_module(unstructured(convnet()), same, [name], GRID, 1)
    assert table.output.nunique() > 1


@pytest.mark.parametrize(
    "name",
    [name for name, one in PERTURBATIONS.items() if not (one.needs or one.probed)],
)
def test_every_perturbation_without_data_works_on_linear_layers(name):
    table = percolate_module(unstructured(mlp()), same, [name], [0, 0.5], 1)
    assert table.output.nunique() == 2


def test_what_slices_cannot_do_linear_layers_of_the_same_module_can():
    module = convnet()
    for scope in ("layer_3", "layer_4"):
        percolate_module(module, same, ["gaussian_noise"], GRID, 1, scope=scope)
    with pytest.raises(InputError, match=r"features\.4 is a kernel slice"):
        percolate_module(module, same, ["gaussian_noise"], GRID, 1, scope="layer_2")
    table = percolate_module(
        module, same, ["quantised", "random_neurons"], GRID, 1, ["giant_component"],
        ["none", "shuffle_by_sign"], layers=["classifier.0", "classifier.3"],
        example=IMAGES,
    )  # fmt: skip
    assert table.bits.notna().sum() == 6
    assert table.giant_component.notna().all()


@pytest.mark.parametrize("groups", [1, 2])
def test_null_models_without_a_meaning_are_refused(groups):
    module = convnet(groups)
    with pytest.raises(InputError, match="keeps signs, and a link of features"):
        percolate_module(module, same, null_models=["shuffle_by_sign"])
    with pytest.raises(InputError, match="keeps signs"):
        percolate_module(module, same, null_models=["signed_degree_preserving"])
    if groups == 1:
        percolate_module(
            module, same, "random_links", [0], 1, null_models="erdos_renyi"
        )
        return
    with pytest.raises(InputError, match=r"features\.4 has places within its 2 groups"):
        percolate_module(module, same, null_models=["erdos_renyi"])
    percolate_module(module, same, fractions=[0], null_models=["shuffle_by_target"])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"measures": ["size"]}, "unknown measure 'size'"),
        ({"measures": ["disparity"]}, "disparity needs positive weights"),
        ({"scope": "layer_5"}, "unknown scope 'layer_5' of a module; choose from: per"),
        ({"scope": "per_layer+head"}, r"unknown scope 'per_layer\+head' of a module"),
        ({"fractions": [0.5, 0.1]}, "fractions must rise"),
        ({"replicates": 0}, "replicates must be an integer, 1 or larger"),
        ({"seed": -1}, "seed must be"),
        ({"network_seed": 0.5}, "network_seed must be"),
        ({"perturbations": []}, "no perturbation came"),
        ({"null_models": []}, "no null model came"),
        ({"perturbations": [lambda graph, rng, fraction: None]}, "is a plain function"),
        ({"layers": ["fc"]}, "has no layer 'fc'"),
        ({"evaluate": 3}, "evaluate must be a function of a module"),
        ({"evaluate": lambda copy: 0.5}, "evaluate must give a dict of numbers"),
        ({"evaluate": lambda copy: {}}, "evaluate must give a dict of numbers"),
        ({"evaluate": lambda copy: {1: 2}}, "evaluate calls a number 1"),
        ({"evaluate": lambda copy: {"fraction": 2}}, "evaluate calls a number 'frac"),
        ({"evaluate": lambda copy: {"removed": 2}}, "evaluate calls a number 'removed"),
        (
            {"evaluate": lambda copy: {"loss": "low"}},
            "give loss as a number; got 'low'",
        ),
        (
            {"evaluate": lambda copy: {str(float(outputs(copy).sum())): 1}},
            "evaluate must give the same names every time",
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence(arguments, reason):
    with pytest.raises(InputError, match=reason):
        percolate_module(**{"module": convnet(), "evaluate": evaluate, **arguments})


def test_the_same_damage_is_scored_once():
    calls = []

    def look(copy):
        calls.append(copy)
        return {"accuracy": 0.5}

    percolate_module(mlp(), look, ["random_links", "weakest_links"], [0, 1], 5)
    assert len(calls) == 2


def test_perturbations_and_measures_of_the_users_own_work():
    @removal
    def last_links(graph, rng):
        """Remove the last links first."""
        return np.arange(len(Links.of(graph).weight))[::-1]

    def spoils(graph):
        graph.delete_edges()
        return 1.0

    def count(graph):
        return graph.ecount()

    table = percolate_module(
        mlp(), same, [last_links], GRID, 1, [spoils, count, "links"]
    )
    assert table["count"].tolist() == table.links.tolist()
    with pytest.raises(InputError, match="measure odd must give a number"):
        percolate_module(mlp(), same, measures=[_odd])


def _odd(graph):
    return None


_odd.__name__ = "odd"


def test_a_user_may_spoil_the_copy_that_is_scored():
    module = unstructured(convnet())

    def spoil(copy):
        score = same(copy)
        for one in copy.parameters():
            one.data.zero_()
        copy.train()(IMAGES)
        return score

    clean = percolate_module(module, same, fractions=GRID, replicates=2)
    spoilt = percolate_module(module, spoil, fractions=GRID, replicates=2)
    pd.testing.assert_frame_equal(clean, spoilt)


def test_percolate_takes_a_module_with_its_evaluate():
    module = unstructured(mlp())
    options = {"replicates": 2, "null_models": ["none", "shuffle_all"], "seed": 3}
    table = nr.percolate(
        module,
        perturbations="strongest_links",
        fractions=GRID,
        evaluate=same,
        **options,
    )
    expected = percolate_module(module, same, "strongest_links", GRID, **options)
    pd.testing.assert_frame_equal(table, expected)
    measured = nr.percolate(
        module, fractions=GRID, evaluate=same, measures="links", scope="layer_2"
    )
    assert "giant_component" in table
    assert "giant_component" not in measured
    assert measured.links.min() < measured.links.max()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("data", object()),
        ("images", 5),
        ("retrain", True),
        ("details", True),
    ],
)
def test_percolate_refuses_of_a_module_what_networks_alone_can_do(option, value):
    with pytest.raises(InputError, match=f"scored by evaluate; leave {option}"):
        nr.percolate(mlp(), evaluate=same, **{option: value})


def test_a_module_is_scored_on_a_data_set_as_networks_are():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    x, y = rng.random((30, 64), dtype=np.float32), np.arange(30) % 3
    data = nr.Dataset.from_arrays(x, y, x, y)
    module, kept = mlp(), Kept()
    asked = {"fractions": [0, 1], "replicates": 1, "parts": kept}
    table = nr.percolate(module, data, details=True, **asked)
    with torch.no_grad():
        logits = module(torch.tensor(data.x_test))
    right = (logits.argmax(1).numpy() == data.y_test).mean()
    assert table.accuracy[0] == right
    assert table.loss[0] == pytest.approx(
        float(nn.functional.cross_entropy(logits, torch.tensor(data.y_test)))
    )
    assert {"confidence", "ece", "accuracy_0", "accuracy_2"} <= set(table)
    assert table.dataset.tolist() == [data.name] * 2
    few = nr.percolate(module, data, images=7, **asked)
    assert "ece" not in few
    assert len(kept) == 2
    with pytest.raises(InputError, match="leave retrain out"):
        nr.percolate(module, data, retrain=True)
    with pytest.raises(InputError, match="each of its 3 classes"):
        nr.percolate(nn.Linear(64, 2), data, fractions=[0], replicates=1)
    with pytest.raises(InputError, match="takes no rows of 64 pixels"):
        nr.percolate(nn.Linear(65, 3), data, fractions=[0], replicates=1)


def test_percolate_needs_data_or_evaluate():
    with pytest.raises(InputError, match="no data came; give the Dataset"):
        nr.percolate(mlp())


class Kept(dict):
    """Units that are done, as a run keeps them."""

    def found(self, keys):
        return {key: self[key] for key in keys if key in self}

    def put(self, key, rows):
        self[key] = rows


def test_units_that_are_kept_are_not_done_again():
    calls, parts, ticks = [], Kept(), []

    def counted(copy):
        calls.append(1)
        return same(copy)

    asked = {"fractions": GRID, "replicates": 1, "parts": parts}
    first = percolate_module(mlp(), counted, **asked, tick=lambda *n: ticks.append(n))
    done = len(calls)
    again = percolate_module(mlp(), counted, **asked)
    assert len(calls) == done
    pd.testing.assert_frame_equal(first, again)
    assert ticks[-1] == (1, 1)
    other = unstructured(mlp())
    percolate_module(other, counted, **asked)
    assert len(calls) > done
    assert len(parts) == 2


def test_jobs_change_no_row():
    asked = {"fractions": GRID, "replicates": 1, "perturbations": [
        "random_links", "strongest_links"]}  # fmt: skip
    one = percolate_module(mlp(), evaluate, **asked)
    two = percolate_module(mlp(), evaluate, **asked, jobs=2)
    pd.testing.assert_frame_equal(one, two)


def test_the_table_says_which_share_of_the_weights_is_in_reach():
    module = nn.ModuleList([nn.Linear(2, 3), nn.Bilinear(2, 3, 4)])

    def left(copy):
        return {"left": float(copy[0].weight.count_nonzero())}

    with pytest.warns(UserWarning, match=r"1\.weight are not") as caught:
        table = percolate_module(module, left, fractions=[0, 1], replicates=1)
    assert len(caught) == 1
    assert table.reached.tolist() == [0.2, 0.2]
    assert table.left.tolist() == [6, 0]
    table = nr.percolate(
        mlp(), evaluate=same, fractions=[0], replicates=1, layers=["3"], scope="3"
    )
    assert table.reached.tolist() == [round(96 / (768 + 96 + 24), 6)]
    assert table.scope.tolist() == ["3"]


def test_masks_that_are_given_say_what_is_there():
    module = nn.Linear(6, 4)
    mask = torch.zeros(4, 6)
    mask[0] = 1
    table = nr.percolate(
        module, masks={"Linear": mask}, fractions=[0, 0.5, 1], replicates=1,
        evaluate=lambda one: {"left": float(one.weight.count_nonzero())},
    )  # fmt: skip
    assert table.sparsity.tolist() == [0.75] * 3
    assert table.left.tolist() == [6, 3, 0]


def test_noise_and_signs_act_on_the_weights_of_kernels():
    table = nr.percolate(
        convnet(), None, ["gaussian_noise", "strongest_negative_links"], GRID, 1,
        evaluate=same, links="weights",
    )  # fmt: skip
    assert table.groupby("perturbation").output.nunique().min() > 1


@pytest.mark.parametrize("measures", ["reach", "paths", "giant_component"])
def test_structure_is_not_told_where_it_is_not_known(measures):
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.q, self.k, self.v = (nn.Linear(5, 5) for _ in range(3))

        def forward(self, x):
            return (self.q(x) @ self.k(x).T).softmax(-1) @ self.v(x)

    asked = {"evaluate": lambda one: {"a": 1.0}, "fractions": [0], "replicates": 1}
    why = f"{measures} of this module .* k gets what the input gives, not q alone"
    with pytest.warns(UserWarning, match=why) as caught:
        table = nr.percolate(Attention(), measures=[measures, "links"], **asked)
    assert len(caught) == 1
    assert table[measures].isna().all()
    assert table.links.tolist() == [75]
    assert table.columns[-2:].tolist() == [measures, "links"]
    with pytest.raises(InputError, match=r"acts on neurons, .* k gets what"):
        nr.percolate(Attention(), None, "random_neurons", **asked)
