"""CHT and CHTs: chain removal, growth by prediction, and both drawn by chance."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moves import after, assert_shares, gone, grown, inclusion, layer, step
from networks import seeds

from netrobust.neural.sparsify import SPARSIFIERS, sparsifier
from netrobust.neural.sparsify.chain import chain_removal
from netrobust.neural.sparsify.grow import highest, sampled
from netrobust.neural.sparsify.link_prediction import PREDICTORS
from netrobust.neural.sparsify.prune import all_but_sampled, relative_importance

# Chain removal


def stack(*pairs, size=3):
    """Layers of links (source, target) between layers of three neurons."""
    layers = []
    for ends in pairs:
        place = np.sort([target * size + source for source, target in ends])
        layers.append(layer(place, np.ones(len(ends)), size, size))
    return layers


def left(layers, stays):
    return [
        {
            (int(source), int(target))
            for source, target in zip(one.source[stay], one.target[stay], strict=True)
        }
        for one, stay in zip(layers, stays, strict=True)
    ]


LINES = {(0, 0), (1, 1), (2, 2)}  # three lines of links through three layers


def removed(cut, rounds=1, frozen=(), lines=LINES):
    """What is left of three lines through three layers after a cut in one of them."""
    layers = stack(lines, lines, lines)
    stays = [np.ones(3, bool) for _ in layers]
    for number, line in cut:
        stays[number][line] = False
    chain_removal(layers, stays, rounds, frozen)
    return left(layers, stays)


@pytest.mark.parametrize("rounds", [1, 2])
def test_chain_removal_by_hand(rounds):
    # The cut in the last layer leaves line 1 leading nowhere, the one in the first
    # leaves line 2 coming from nowhere; line 0 is whole.
    assert removed([(2, 1), (0, 2)], rounds) == [{(0, 0)}] * 3
    assert removed([(1, 1)], rounds) == [{(0, 0), (2, 2)}] * 3


def test_no_round_of_chain_removal_takes_nothing():
    assert removed([(2, 1)], rounds=0) == [LINES, LINES, {(0, 0), (2, 2)}]


def test_frozen_layers_keep_their_links():
    short = {(0, 0), (2, 2)}
    # Line 1 is cut at its end: the frozen middle still takes what the first sends.
    assert removed([(2, 1)], frozen=(False, True, False)) == [LINES, LINES, short]
    assert removed([(2, 1)], frozen=(True, False, False)) == [LINES, short, short]
    # Cut at its beginning.
    assert removed([(0, 1)], frozen=(False, True, False)) == [short, LINES, LINES]
    assert removed([(0, 1)], frozen=(False, False, True)) == [short, short, LINES]


def test_ends_of_the_stack_are_no_dead_ends():
    # Neuron 1 of the last layer leads to the head, input 0 is always there.
    layers = stack({(0, 0)}, {(0, 1)})
    stays = [np.ones(1, bool), np.ones(1, bool)]
    chain_removal(layers, stays)
    assert left(layers, stays) == [{(0, 0)}, {(0, 1)}]


@given(data=st.data(), seed=seeds)
def test_one_round_leaves_no_dead_end_and_takes_no_more(data, seed):
    """The largest set of links without a dead end, found link by link."""
    rng = np.random.default_rng(seed)
    sizes = data.draw(st.lists(st.integers(1, 5), min_size=2, max_size=5))
    layers, stays = [], []
    for n_in, n_out in pairwise(sizes):
        count = data.draw(st.integers(0, n_in * n_out))
        place = np.sort(rng.choice(n_in * n_out, count, replace=False))
        layers.append(layer(place, np.ones(count), n_in, n_out))
        stays.append(rng.random(count) < 0.7)
    frozen = data.draw(st.lists(st.booleans(), min_size=len(layers)))[: len(layers)]
    expected, more = [stay.copy() for stay in stays], True
    while more:
        more = False
        for k, one in enumerate(layers):
            for link in range(one.weight.size):
                if not expected[k][link] or frozen[k]:
                    continue
                sends = k + 1 == len(layers) or any(
                    expected[k + 1] & (layers[k + 1].source == one.target[link])
                )
                receives = k == 0 or any(
                    expected[k - 1] & (layers[k - 1].target == one.source[link])
                )
                if not (sends and receives):
                    expected[k][link], more = False, True
    again = [stay.copy() for stay in stays]
    chain_removal(layers, stays, 1, frozen)
    assert all(map(np.array_equal, stays, expected))
    # A second round, of which the paper speaks, has nothing left to take.
    chain_removal(layers, again, 2, frozen)
    assert all(map(np.array_equal, again, expected))


@pytest.mark.parametrize("name", ["cht", "chts"])
@pytest.mark.parametrize(
    ("rounds", "expected"),
    [
        (0, [[6], [0], [6]]),
        # The middle layer dropped all that neuron 0 sends, and the first layer all that
        # neuron 3 receives: what leads to the one and from the other goes, and so on.
        (1, [[0, 1, 6], [0, 5, 6], [5, 6]]),
        (2, [[0, 1, 6], [0, 5, 6], [5, 6]]),
    ],
)
def test_a_layer_regrows_what_chain_removal_takes(name, rounds, expected):
    place = np.array([0, 1, 5, 6, 10, 11, 15])
    weakest = [6, 0, 6]
    layers = [layer(place, np.where(np.arange(7) == one, 0.1, 2)) for one in weakest]
    options = {"chain_rounds": rounds, "returns": "fresh"}
    if name == "chts":
        options["removal"] = "magnitude"
    moves = step(name, *layers, zeta=1 / 7, **options)
    assert [gone(*each) for each in zip(layers, moves, strict=True)] == expected
    assert [move.source.size for move in moves] == [len(ids) for ids in expected]


def test_a_layer_that_is_done_keeps_its_dead_ends():
    place = np.array([0, 1, 5, 6, 10, 11, 15])
    weakest = [6, 0, 6]
    layers = [layer(place, np.where(np.arange(7) == one, 0.1, 2)) for one in weakest]
    context = {"memory": {"stopped": np.array([False, True, False])}}
    moves = step("cht", *layers, zeta=1 / 7, context=context, early_stop="layer")
    found = [gone(*each) for each in zip(layers, moves, strict=True)]
    assert found == [[6], [], [6]]


# CHT


def path_scores(n_in, n_out, place):
    """CH3-L3p by its definition, path by path: 0 where a link is."""
    a = np.zeros((n_in, n_out), int)
    a[place % n_in, place // n_in] = 1
    score = np.zeros((n_out, n_in))
    for u, v in np.argwhere(a == 0):
        for t in range(n_out):
            for s in range(n_in):
                if a[u, t] and a[s, t] and a[s, v]:
                    common_targets = (a[:, t] * a[:, v]).sum()
                    common_sources = (a[s] * a[u]).sum()
                    outside = a[:, t].sum() - common_targets
                    score[v, u] += (outside * (a[s].sum() - common_sources)) ** -0.5
    return score


# Source 0 - target 0 - source 1 - target 1 is the only path of three links.
PATH = [0, 1, 5]


@pytest.mark.parametrize(
    ("returns", "weight"), [("restored", 0.1), ("fresh", 0.0), ("barred", None)]
)
def test_the_predicted_link_grows(returns, weight):
    # The weakest link, at place 15, makes room for the predicted one, at place 4.
    links = layer([*PATH, 15], [3, 2, 1, 0.1])
    (move,) = step("cht", links, zeta=0.25, returns=returns)
    assert after(links, move).place.tolist() == [0, 1, 4, 5]
    assert move.weight.tolist() == [0]
    # If the weakest is itself the predicted one, it returns as the options say.
    links = layer([0, 1, 4, 5], [3, 2, 0.1, 1])
    (move,) = step("cht", links, zeta=0.25, returns=returns)
    if weight is None:
        assert not {0, 1, 4, 5} & set(grown(links, move))
    else:
        new = after(links, move)
        assert new.place.tolist() == [0, 1, 4, 5]
        assert new.weight[2] == np.float32(weight)
        assert move.restored.tolist() == ([2] if weight else [])


@given(seed=seeds, links=st.integers(4, 24), share=st.sampled_from([0.2, 0.5]))
def test_the_best_predicted_links_grow(seed, links, share):
    rng = np.random.default_rng(seed)
    place = np.sort(rng.choice(30, links, replace=False))
    one = layer(place, rng.normal(size=links), 6, 5)
    (move,) = step("cht", one, zeta=share, seed=seed)
    score = path_scores(6, 5, place[move.kept]).ravel()
    new = grown(one, move)
    others = np.setdiff1d(np.arange(30), np.r_[place[move.kept], new])
    assert len(new) == int(share * links + 0.5)
    if others.size and new:
        assert score[new].min() >= score[others].max() - 1e-5


def test_growth_is_random_where_too_few_links_are_predicted():
    # Three links go and one place, 4, is predicted: the other two are any free ones.
    links, counts = layer([*PATH, 11, 14, 15], [3, 3, 3, 1, 1, 1]), np.zeros(16)
    for seed in range(1200):
        (move,) = step("cht", links, zeta=0.5, seed=seed)
        counts[grown(links, move)] += 1
    expected = np.full(16, 2 / 12)
    expected[PATH] = 0
    expected[4] = 1
    assert_shares(counts, 1200, expected)


def returning_and_not():
    """Two layers that drop a link each: one returns at once, the other does not."""
    return layer([0, 1, 4, 5], [3, 2, 0.1, 1]), layer([*PATH, 15], [3, 2, 1, 0.1])


@pytest.mark.parametrize(
    ("early_stop", "expected"),
    [
        # Which layers move when none, the first, the second, or both have stopped.
        ("network", [(1, 1), (1, 1), (1, 1), (0, 0)]),
        ("layer", [(1, 1), (0, 1), (1, 0), (0, 0)]),
        ("never", [(1, 1)] * 4),
    ],
)
def test_early_stop(early_stop, expected):
    states = [(False, False), (True, False), (False, True), (True, True)]
    for state, moving in zip(states, expected, strict=True):
        memory = {"stopped": np.array(state)}
        moves = step(
            "cht",
            *returning_and_not(),
            zeta=0.25,
            context={"memory": memory},
            early_stop=early_stop,
            chain_rounds=0,
        )
        assert tuple(4 - move.kept.size for move in moves) == moving
        # The first layer's link returns; what has stopped does not start again.
        stops = bool(state[0] or moving[0])
        assert memory["stopped"].tolist() == [stops, state[1]]


def test_a_layer_stops_above_the_overlap_and_stays_stopped():
    # Two links go, at the places 4 and 15, and one returns: the one predicted.
    links = layer([0, 1, 4, 5, 15], [3, 2, 0.1, 1, 0.1])
    for overlap, stops in (0.5, False), (0.49, True):
        seed, memory = 0, {}
        while True:  # the other link grows anywhere; leave out where it returns
            memory, seed = {}, seed + 1
            context = {"memory": memory}
            (move,) = step(
                "cht", links, zeta=0.4, seed=seed, context=context, overlap=overlap
            )
            if move.restored.size == 1:
                break
        assert memory["stopped"].tolist() == [stops]


def test_default_and_paper_differ_where_the_paper_and_its_code_do():
    paper = SPARSIFIERS["cht(paper)"].changed
    assert paper == {
        "chain_rounds": 2,
        "anneal": False,
        "until": 1.0,
        "early_stop": "layer",
        "regrown": "initial",
        "returns": "fresh",
    }
    links = layer([0, 1, 4, 5], [3, 2, 0.1, 1])
    context = {"progress": 0.9}
    (move,) = step("cht", links, zeta=0.25, context=context, variant="paper")
    assert gone(links, move) == [2]
    assert move.restored.size == 0
    assert move.weight[0] not in (0, np.float32(0.1))
    (move,) = step("cht", links, zeta=0.25, context=context)
    assert gone(links, move) == []


@pytest.mark.parametrize("name", ["cht", "chts"])
def test_the_predictor_can_be_chosen(name, monkeypatch):
    asked = []

    def predict(n_in, n_out, source, target):
        asked.append((n_in, n_out, (target * n_in + source).tolist()))
        score = np.zeros((n_out, n_in), np.float32)
        score[2, 0] = 1
        return score

    for predictor in ("CH3-L3p", "CH2-L3n"):
        monkeypatch.setitem(PREDICTORS, predictor, predict)
        links = layer([*PATH, 15], [3, 2, 1, 0])
        (move,) = step(name, links, zeta=0.25, predictor=predictor)
        assert grown(links, move) == [8]
        monkeypatch.undo()
        assert asked.pop() == (4, 4, PATH)  # it is shown only the links that stay


# CHTs: what stays

SIZES = np.array([1, 2, 3, 6])


@pytest.mark.parametrize(
    ("sharpening", "progress", "power"),
    [
        ("exponent", 0.0, 1),
        ("exponent", 0.5, 2),
        ("exponent", 1 - 1e-9, 3),
        ("delta", 0.0, 1),
        ("delta", 0.5, 0.625 / 0.375),
        ("delta", 1 - 1e-9, 3),
    ],
)
def test_links_stay_in_proportion_to_a_power_of_their_weight(
    sharpening, progress, power
):
    links, draws = layer([0, 5, 10, 15], SIZES * [1, -1, 1, -1]), 1200
    kept = np.zeros(4)
    for seed in range(draws):
        (move,) = step(
            "chts",
            links,
            zeta=0.5,
            seed=seed,
            context={"progress": progress},
            sharpening=sharpening,
            chain_rounds=0,
        )
        kept[move.kept] += 1
    assert_shares(kept, draws, inclusion(SIZES**power, 2))


def test_links_drawn_to_stay_are_drawn_one_by_one():
    score, draws, kept = np.array([1, 2, 4, 8, 0]), 4000, np.zeros(5)
    rng = np.random.default_rng(7)
    with np.errstate(divide="ignore"):
        log_score = np.log(score)
    for _ in range(draws):
        dropped = all_but_sampled(log_score, 2, rng)
        assert 4 in dropped  # what scores 0 goes
        kept[np.setdiff1d(np.arange(5), dropped)] += 1
    assert_shares(kept[:4], draws, inclusion(score[:4], 3))


def test_relative_importance_is_half_a_share_of_each_neuron():
    # Targets 0 and 1 have the strengths 4 and 8, the sources 0, 1 and 2 have 1, 9, 2.
    links = layer([0, 1, 4, 5], [1, -3, 6, 2], 3, 2)
    assert relative_importance(links) == pytest.approx(
        [(1 / 4 + 1) / 2, (3 / 4 + 3 / 9) / 2, (6 / 8 + 6 / 9) / 2, (2 / 8 + 1) / 2]
    )
    silent = layer([0, 1, 3], [0, 0, 5], 3, 2)
    assert relative_importance(silent) == pytest.approx([0, 0, 1])


def test_links_stay_in_proportion_to_their_relative_importance():
    links, draws, kept = layer([0, 1, 4, 5], [1, -3, 6, 2], 3, 2), 1200, np.zeros(4)
    for seed in range(draws):
        (move,) = step(
            "chts", links, zeta=0.5, seed=seed, removal="RI", context={"progress": 0.5}
        )
        kept[move.kept] += 1
    assert_shares(kept, draws, inclusion(relative_importance(links) ** 2, 2))


def test_removal_by_magnitude_leaves_nothing_to_chance():
    links = layer([0, 5, 10, 15], [0.2, -0.1, 0.3, 0.4])
    for seed in range(20):
        (move,) = step("chts", links, zeta=0.5, seed=seed, removal="magnitude")
        assert gone(links, move) == [0, 1]


def test_the_released_command_drops_by_magnitude_under_em_s():
    links = layer([0, 5, 10, 15], [0.2, -0.1, 0.3, 0.4])
    context = {"links": (3,), "budget": (2,)}
    (move,) = step("chts", links, context=context, variant="released_command")
    assert gone(links, move) == [0, 1]
    assert move.source.size + move.restored.size == 1
    assert sparsifier("chts", variant="released_command").surplus(0) == 0.05


# CHTs: what grows


def draw(score, occupied, count, draws=4000):
    score, counts = np.asarray(score, np.float32), np.zeros(np.size(score))
    rng = np.random.default_rng(11)
    for _ in range(draws):
        places = sampled(score, np.asarray(occupied, np.int64), count, rng)
        assert (np.diff(places) > 0).all()
        assert places.size == count
        counts[places] += 1
    return counts, draws


def test_places_are_drawn_in_proportion_to_their_score():
    # The occupied places 1 and 4 score most, and place 5 scores nothing.
    counts, draws = draw([[1, 50, 2], [4, 60, 0], [8, 0, 0]], [1, 4], 2)
    expected = np.zeros(9)
    expected[[0, 2, 3, 6]] = inclusion([1, 2, 4, 8], 2)
    assert_shares(counts, draws, expected)


def test_all_that_scores_grows_where_it_is_just_enough():
    counts, draws = draw([[1, 0, 1e-6], [4, 9, 0]], [4], 3, draws=20)
    assert counts.tolist() == [draws, 0, draws, draws, 0, 0]


def test_every_free_place_gets_a_little_where_too_few_score():
    counts, draws = draw([[3e-5, 0, 0], [0, 9, 0]], [4], 2)
    expected = np.zeros(6)
    expected[[0, 1, 2, 3, 5]] = inclusion([4, 1, 1, 1, 1], 2)
    assert_shares(counts, draws, expected)


def test_none_or_all_of_the_free_places():
    score, rng = np.arange(4, dtype=np.float32).reshape(2, 2), np.random.default_rng(0)
    for rule in (highest, sampled):
        assert rule(score, np.array([1]), 0, rng).tolist() == []
        assert rule(score, np.array([1]), 3, rng).tolist() == [0, 2, 3]


def test_links_grow_in_proportion_to_their_prediction():
    place = np.array([0, 1, 2, 4, 5, 10, 15])
    links, draws = layer(place, [9, 9, 9, 9, 9, 9, 0.1]), 1500
    score = path_scores(4, 4, place[:6]).ravel()
    assert len(set(score[score > 0].round(3))) > 1
    counts = np.zeros(16)
    for seed in range(draws):
        (move,) = step("chts", links, zeta=1 / 7, seed=seed, removal="magnitude")
        counts[grown(links, move)] += 1
    assert_shares(counts, draws, score / score.sum())


# CHTs: history


def test_a_link_starts_again_from_its_last_weight():
    links = layer([*PATH, 15], [3, 2, 1, 0.1])
    last = np.zeros(16, np.float32)
    last[[4, 15]] = -7, 5
    memory = {"history.0": last}
    options = {"history": True, "removal": "magnitude", "context": {"memory": memory}}
    (move,) = step("chts", links, zeta=0.25, **options)
    assert (move.source.tolist(), move.target.tolist()) == ([0], [1])
    assert move.weight.tolist() == [-7]
    # What was dropped is remembered as well, with the weight it had now.
    expected = np.zeros(16, np.float32)
    expected[[4, *PATH, 15]] = -7, 3, 2, 1, 0.1
    assert (memory["history.0"] == expected).all()


@pytest.mark.parametrize("regrown", ["zero", "initial"])
def test_a_link_without_history_starts_as_any_other(regrown):
    links, memory = layer([*PATH, 15], [3, 2, 1, 0.1]), {}
    options = {"removal": "magnitude", "context": {"memory": memory}}
    (move,) = step("chts", links, zeta=0.25, history=True, regrown=regrown, **options)
    assert (move.source.tolist(), move.target.tolist()) == ([0], [1])
    assert (move.weight[0] == 0) == (regrown == "zero")
    assert move.weight.dtype == np.float32


def test_without_history_nothing_is_remembered():
    memory = {}
    step("chts", layer([*PATH, 15], [3, 2, 1, 0.1]), context={"memory": memory})
    assert memory == {}


@pytest.mark.parametrize("returns", ["restored", "fresh"])
def test_a_link_that_returns_keeps_its_weight_either_way(returns):
    links = layer([0, 1, 4, 5], [3, 2, 0.1, 1])
    options = {"removal": "magnitude", "history": True, "returns": returns}
    (move,) = step("chts", links, zeta=0.25, **options)
    assert after(links, move).weight.tolist() == links.weight.tolist()
    assert move.restored.size == (returns == "restored")
