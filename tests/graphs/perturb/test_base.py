"""Laws of every perturbation, and how one's own joins them."""

import itertools
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from damages import (
    CASES,
    cases,
    curve,
    damaged_cases,
    dense_stack,
    groups,
    marked,
    probe_of,
    stepwise,
)
from forked import PROCESSES
from hypothesis import given, settings
from hypothesis import strategies as st
from specimens import fingerprint, layered_graphs, path

from netrobust.core.errors import InputError
from netrobust.core.registry import Registry
from netrobust.graphs.graph import biases, check, first_depth, from_links, links, sizes
from netrobust.graphs.perturb import (
    ORDERS,
    PERTURBATIONS,
    Links,
    Perturbation,
    Removal,
    Reweighting,
    adaptive,
    apply,
    greedy,
    neuron_removal,
    random_links,
    removal,
    remove,
    removed_fraction,
    reweight,
    reweighting,
)

LINKS = cases(acts_on="links")
REWEIGHTINGS = [name for name in CASES if isinstance(PERTURBATIONS[name], Reweighting)]
every_case = pytest.mark.parametrize("name", CASES)
few = settings(max_examples=12)  # of each of the many


def quota(fraction, group):
    return int(fraction * len(group) + 0.5)


def lists(damage):
    """Damage as lists, to be compared with ==."""
    arrays = damage.kept, damage.weight, damage.bias
    return [None if one is None else one.tolist() for one in arrays]


@every_case
@few
@given(data=st.data())
def test_every_perturbation_keeps_the_laws(name, data):
    graph, scope, seed, fractions = data.draw(damaged_cases(name))
    before = fingerprint(graph), graph.es["saliency"], graph.vs["activation"]
    fractions = [0, *fractions, 1]
    found = curve(name, Links.of(graph), seed, fractions, scope)
    again = curve(name, graph, seed, fractions, scope)
    assert [lists(one) for one in found] == [lists(one) for one in again]
    assert (fingerprint(graph), graph.es["saliency"], graph.vs["activation"]) == before
    assert fingerprint(apply(graph, found[0])) == fingerprint(graph)
    for less, more in itertools.pairwise(found):
        assert set(more.kept) <= set(less.kept)
    inside = groups(name, graph, scope)
    for fraction, damage in zip(fractions, found, strict=True):
        damaged = check(apply(graph, damage))
        assert sizes(damaged) == sizes(graph)
        assert first_depth(damaged) == first_depth(graph)
        if not stepwise(PERTURBATIONS[name]):
            rng = np.random.default_rng(seed)
            alone = PERTURBATIONS[name](graph, rng, fraction, scope)
            assert lists(alone) == lists(damage)
        if name in REWEIGHTINGS:
            check_weights(graph, damage, fraction, inside)
        elif name in LINKS:
            check_links(name, graph, damage, fraction, inside, scope)
    if name not in LINKS:
        source, target, _ = links(graph)
        gone = np.concatenate(inside)
        stays = ~(np.isin(source, gone) | np.isin(target, gone))
        assert found[-1].kept.tolist() == np.flatnonzero(stays).tolist()


def check_links(name, graph, damage, fraction, inside, scope):
    """Links in scope go by exact number, others stay; weights and biases stay."""
    removed = np.setdiff1d(np.arange(graph.ecount()), damage.kept)
    quotas = [quota(fraction, group) for group in inside]
    assert [np.isin(group, removed).sum() for group in inside] == quotas
    assert len(removed) == sum(quotas)
    total = sum(len(group) for group in inside)
    share = sum(quotas) / total if total else np.nan
    found = removed_fraction(graph, damage, scope)
    assert found == pytest.approx(share, nan_ok=True)
    if "rescale" not in name:
        assert (damage.weight, damage.bias) == (None, None)


def check_weights(graph, damage, fraction, inside):
    """Weights in scope change up to the number, bit for bit the others stay."""
    before = links(graph)[2]
    assert damage.kept.tolist() == [*range(graph.ecount())]
    assert damage.bias is None
    after = before if damage.weight is None else damage.weight
    changed = np.flatnonzero(before.view(np.int32) != after.view(np.int32))
    for group in inside:
        assert np.isin(group, changed).sum() <= quota(fraction, group)
    assert np.isin(changed, np.concatenate(inside)).all()


@pytest.mark.parametrize("name", [*cases(acts_on="neurons"), *cases(acts_on="pixels")])
@few
@given(data=st.data())
def test_neurons_in_scope_go_by_exact_number_and_no_others(name, data):
    sizes_ = data.draw(st.lists(st.integers(1, 5), min_size=2, max_size=4))
    seed, graph = data.draw(st.integers(0, 2**32)), dense_stack(sizes_)
    scopes = ["per_layer", "global"]
    if PERTURBATIONS[name].acts_on == "neurons":
        scopes += [f"layer_{depth}" for depth in range(1, len(sizes_))]
    scope = data.draw(st.sampled_from(scopes))
    fractions = sorted(data.draw(st.lists(st.floats(0, 1), max_size=3)))
    source, target, _ = links(graph)
    for fraction, damage in zip(
        fractions, curve(name, graph, seed, fractions, scope), strict=True
    ):
        after = biases(apply(graph, damage))
        if PERTURBATIONS[name].acts_on == "neurons":  # the silent ones: all had biases
            gone = np.flatnonzero((after == 0) & (biases(graph) != 0))
        else:  # those that have no link left: all had one
            assert damage.bias is None
            gone = np.setdiff1d(np.arange(sizes_[0]), source[damage.kept])
        inside = groups(name, graph, scope)
        quotas = [quota(fraction, group) for group in inside]
        assert [np.isin(group, gone).sum() for group in inside] == quotas
        assert len(gone) == sum(quotas)
        stays = ~(np.isin(source, gone) | np.isin(target, gone))
        assert damage.kept.tolist() == np.flatnonzero(stays).tolist()
        assert damage.weight is None
        silent = np.isin(np.arange(len(after)), gone)
        assert (after[~silent] == biases(graph)[~silent]).all()


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
@few
@given(graph=layered_graphs(), seed=st.integers(0, 2**32))
def test_an_order_ranks_every_link_once_and_repeats_with_its_seed(order, graph, seed):
    ranking = order(marked(graph, seed), np.random.default_rng(seed))
    assert sorted(ranking) == list(range(graph.ecount()))
    again = order(Links.of(graph), np.random.default_rng(seed))
    assert np.array_equal(ranking, again)


FLIPS = ["random_sign_flips", "weakest_sign_flips"]  # seen at every link
TIED = [one for one in CASES if one not in REWEIGHTINGS and one != "greedy_links"]


@pytest.mark.parametrize("name", [*TIED, *FLIPS])
def test_equals_are_damaged_at_random(name):
    acts_on, pairs = PERTURBATIONS[name].acts_on, np.arange(10)
    few_first = acts_on == "neurons"  # five of what can go, and ten links
    source, target = (pairs % 2, 2 + pairs // 2) if few_first else (
        pairs % 5, 5 + pairs // 5
    )  # fmt: skip
    shape = [2, 5] if few_first else [5, 2]
    graph = from_links(shape, source, target, np.ones(10))
    graph.es["saliency"] = graph.vs["activation"] = 1
    read, rng, draws = Links.of(graph), np.random.default_rng(0), 400
    hits = np.zeros(10 if acts_on == "links" else 5)
    for _ in range(draws):
        damage = PERTURBATIONS[name](read, rng, 0.4, "global")
        if name in FLIPS:
            hits += damage.weight < 0
        else:
            ends = {"links": pairs, "neurons": target - 2, "pixels": source}[acts_on]
            hits += ~np.isin(np.arange(len(hits)), ends[damage.kept])
    # Each count is binomial; 5 standard deviations over ten of them do not happen.
    assert np.abs(hits / draws - 0.4).max() < 5 * np.sqrt(0.4 * 0.6 / draws)


@pytest.mark.parametrize("fraction", [-0.1, 1.5, np.nan, np.inf])
def test_a_fraction_outside_0_to_1_is_refused(fraction):
    with pytest.raises(InputError, match=rf"in \[0, 1\]; got {fraction}"):
        random_links(path(), np.random.default_rng(0), fraction)


def by_id(graph, rng):
    """Remove links by their ids."""
    return np.arange(len(Links.of(graph).weight))


def backwards(graph, rng):
    """Remove links from the last to the first."""
    return by_id(graph, rng)[::-1]


@pytest.fixture
def fresh(monkeypatch):
    """Empty registries in place of the real ones."""
    orders, perturbations = Registry("order"), Registry("perturbation")
    for module in (remove, reweight, adaptive):
        monkeypatch.setattr(module, "PERTURBATIONS", perturbations)
    monkeypatch.setattr(remove, "ORDERS", orders)
    return orders, perturbations


def test_one_decorator_adds_an_order_and_a_perturbation(fresh):
    orders, perturbations = fresh
    assert removal(by_id) is by_id
    assert orders["by_id"] is by_id
    (mine,) = perturbations.members(by_id)
    assert perturbations["by_id"] is mine
    assert perturbations.summaries() == {"by_id": "Remove links by their ids."}
    assert mine(path(), np.random.default_rng(0), 0.4, "global").kept.tolist() == [1, 2]
    removal(by_id, signed=True)  # as in a cell of a notebook that runs twice
    assert perturbations["by_id"].signed


def test_decorators_take_what_a_member_is(fresh):
    orders, perturbations = fresh

    @removal(needs=("saliency",), recomputes=True)
    def salient(graph, rng, *, sign=1):
        """Remove salient links."""
        return np.argsort(-sign * Links.of(graph).attribute("saliency"), kind="stable")

    @neuron_removal(acts_on="pixels", recomputes=True)
    def last_pixels(graph, rng):
        """Remove the last pixels."""
        return np.arange(sum(Links.of(graph).sizes))[::-1]

    @reweighting(order=backwards)
    def zeroed(graph, rng, chosen, *, to=0.0):
        """Set weights to 0."""
        return np.full(len(chosen), to)

    @greedy
    def either_end(left, rng):
        """Remove the first links, or the last."""
        return [by_id(left, rng), backwards(left, rng)]

    assert [*perturbations] == ["salient", "last_pixels", "zeroed", "either_end"]
    assert [*orders] == ["salient"]
    assert orders["salient"] is salient
    salience, pixels, zeros, ends = perturbations.members(
        [salient, last_pixels, zeroed, either_end]
    )
    assert (salience.needs, salience.acts_on, salience.probed) == (
        ("saliency",), "links", False,
    )  # fmt: skip
    assert salience.options == {"sign": 1, "recompute": False, "rescale": "none"}
    assert (pixels.acts_on, pixels.options) == (
        "pixels",
        {"recompute": False},
    )
    assert (zeros.options, ends.probed) == ({"to": 0.0}, True)
    rng, graph = np.random.default_rng(0), path()
    graph.es["saliency"] = [3, 1, 2]
    for name, kept in (("salient", [1, 2]), ("salient(sign=-1)", [0, 2])):
        assert perturbations[name](graph, rng, 0.4, "global").kept.tolist() == kept
    assert pixels(graph, rng, 1).kept.tolist() == [1, 2]
    weight = perturbations["zeroed(to=9)"](graph, rng, 0.4, "global").weight
    assert weight.tolist() == [1, -2, 9]
    with pytest.raises(InputError, match="acts_on must be one of neurons, pixels; got"):
        neuron_removal(acts_on="pixel")(by_id)


def test_a_taken_name_is_left_alone():
    def random_links(graph, rng):
        """Remove links my way."""

    before = dict(ORDERS), dict(PERTURBATIONS)
    for decorator in (removal, neuron_removal, reweighting, greedy):
        with pytest.raises(InputError, match="'random_links' is registered already"):
            decorator(random_links)
    assert (dict(ORDERS), dict(PERTURBATIONS)) == before


@pytest.mark.parametrize("ranking", [[0, 1], [0, 0, 1], [0, 1, 3]])
def test_an_order_that_does_not_rank_every_link_is_refused(ranking):
    def short(graph, rng):
        return ranking

    with pytest.raises(InputError, match="order short must rank each of the 3 links"):
        Removal(short)(path(), np.random.default_rng(0), 0.5)


def test_members_say_what_they_act_on_and_need():
    for name, member in PERTURBATIONS.items():
        assert isinstance(member, Perturbation)
        assert member.__name__ == name
        first = member.__doc__.partition("\n")[0]
        assert first.endswith(".")
        assert len(first) < 85
        expected = name.split("_")[-1] if "_by_" not in name else name.split("_")[0]
        assert member.acts_on == (
            expected if expected in ("neurons", "pixels") else "links"
        )
        said = {"saliency", "activation"} & {name.split("_")[-1]}
        assert set(member.needs) == said
        assert member.probed == (name == "greedy_links")


@pytest.mark.parametrize("name", [one for one in CASES if PERTURBATIONS[one].needs])
def test_members_that_need_marks_say_so(name):
    (mark,) = PERTURBATIONS[name].needs
    with pytest.raises(InputError, match=f"the graph carries no {mark} in finite numb"):
        PERTURBATIONS[name](path(), np.random.default_rng(0), 0.5)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("random_links(rescale=weights)", {"rescale": "weights"}),
        (
            "links_by_betweenness",
            {"recompute": False, "rescale": "none", "sources": "all"},
        ),
        (
            "links_by_degree_product(recompute=true)",
            {"recompute": True, "rescale": "none"},
        ),
        ("neurons_by_degree(recompute=True)", {"recompute": True}),
        ("random_neurons", {}),
        ("gaussian_noise(amplitude=0.5)", {"amplitude": 0.5}),
        ("uniform_noise", {"amplitude": 1.0}),
        ("quantised(bits=8)", {"bits": 8}),
        ("binarised( scale = unit )", {"scale": "unit"}),
    ],
)
def test_options_are_given_as_text(text, options):
    member = PERTURBATIONS[text]
    assert member.options == options
    assert PERTURBATIONS[member.__name__] == member
    assert text in PERTURBATIONS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "random_links(rescale=up)",
            "rescale must be one of none, weights, biases; go",
        ),
        ("random_links(recompute=true)", "no option 'recompute'; it takes rescale"),
        ("random_neurons(rescale=weights)", "no option 'rescale'; it takes none"),
        (
            "links_by_betweenness(recompute=1)",
            "recompute must be true or false; got '1'",
        ),
        (
            "gaussian_noise(amplitude=-1)",
            "amplitude must be a number, 0 or larger; got",
        ),
        (
            "gaussian_noise(amplitude=nan)",
            "amplitude must be a number, 0 or larger; go",
        ),
        (
            "gaussian_noise(amplitude=big)",
            "amplitude must be a number, 0 or larger; go",
        ),
        (
            "gaussian_noise(0.5)",
            "written as option=value; got 'gaussian_noise\\(0.5\\)'",
        ),
        ("quantised(bits=1)", "bits must be an integer, 2 or larger; got 1"),
        ("quantised(bits=2.5)", "bits must be an integer, 2 or larger; got 2.5"),
        ("quantised(bits=25)", "bits must be at most 24"),
        ("binarised(scale=1)", "scale must be one of mean, unit; got '1'"),
        ("gausian_noise(amplitude=1)", "unknown perturbation 'gausian_noise'"),
        ("gaussian_noise(amplitude=1", "unknown perturbation 'gaussian_noise"),
    ],
)
def test_what_is_no_option_is_refused(text, message):
    with pytest.raises(InputError, match=message):
        PERTURBATIONS[text]
    assert text not in PERTURBATIONS


@pytest.mark.parametrize(
    "name",
    [name for name in CASES if stepwise(PERTURBATIONS[name])],
)
def test_damage_that_goes_step_by_step_needs_a_rising_grid(name):
    graph = dense_stack([3, 3, 3])
    with pytest.raises(InputError, match="fractions must rise where what is left is"):
        curve(name, graph, 0, [0.7, 0.2])
    assert curve(name, graph, 0, [0.5, 0.5])[0].kept.size < graph.ecount()


def _told(member: Perturbation) -> list:
    graph = dense_stack([3, 3, 3])
    probe = [probe_of(graph)] if member.probed else []
    rng = np.random.default_rng(0)
    return lists(member.curve(graph, rng, [0.4], "per_layer", *probe)[0])


def test_members_travel_to_other_processes():
    for member in PERTURBATIONS.values():
        assert pickle.loads(pickle.dumps(member)) == member
    own = Removal(backwards, given=(("rescale", "weights"),))
    others = [*map(PERTURBATIONS.__getitem__, CASES), own]
    for member in others:
        again = pickle.loads(pickle.dumps(member))
        assert again == member
        assert again.__name__ == member.__name__
    with ProcessPoolExecutor(1, mp_context=PROCESSES) as pool:
        for member, found in zip(others, pool.map(_told, others), strict=True):
            assert found == _told(member)


def test_the_families_load_without_igraph():
    code = (
        "import sys, netrobust.graphs.perturb, netrobust.graphs.null, "
        "netrobust.graphs.measure; "
        "assert not {'igraph', 'torch', 'pandas', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
