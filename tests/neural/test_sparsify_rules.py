"""MEST, RigL and DEEP R by hand, and the chances they promise."""

import numpy as np
import pytest
from moves import PLACE, WEIGHT, after, assert_shares, gone, grown, layer, step
from scipy.stats import chi2

from netrobust.neural.sparsify import Context, sparsifier

# MEST


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        # Importance |w| + share |g|: .5 .1 0 .4 .1 .3 .2 0 without the gradient,
        (0.0, [1, 2, 4, 7]),
        # .5 .1 .9 .4 .1 .3 .2 .5 with a tenth of it.
        (0.1, [1, 4, 5, 6]),
    ],
)
def test_which_links_go_in_mest(share, expected):
    links = layer(PLACE, WEIGHT, gradient=[0, 0, -9, 0, 0, 0, 0, 5])
    (move,) = step("mest", links, zeta=0.5, gradient_share=share)
    assert gone(links, move) == expected
    kept = {PLACE[link] for link in range(8) if link not in expected}
    free = set(range(16)) - kept
    places = set()
    for seed in range(60):
        (move,) = step("mest", links, zeta=0.5, seed=seed, gradient_share=share)
        places.update(grown(links, move))
    assert places == free


def test_mest_asks_for_gradients_only_where_they_count():
    assert step("mest", layer())[0].kept.size == 6
    with pytest.raises(AssertionError, match="must give gradients to mest"):
        step("mest", layer(), gradient_share=0.01)


def test_equal_importance_goes_at_random():
    links, counts = layer(range(4), [1, -1, 1, 2]), np.zeros(4)
    for seed in range(600):
        (move,) = step("mest", links, zeta=0.25, seed=seed)
        counts[gone(links, move)] += 1
    assert_shares(counts, 600, [1 / 3, 1 / 3, 1 / 3, 0])


@pytest.mark.parametrize("name", ["mest", "chts"])
def test_em_s_follows_its_schedule(name):
    """Five points of density more until 0.6, two and a half later, none at the end."""
    options = {"em_s": True}
    if name == "chts":
        options |= {"removal": "magnitude", "chain_rounds": 0}
    surplus = sparsifier(name, **options).surplus
    places, budget, last = 200, 10, 9
    rng = np.random.default_rng(0)
    links = layer(np.arange(20) * 7, rng.normal(size=20), 20, 10)
    sizes = []
    for update in range(1, last + 1):  # the tenth would be at the end
        more = 0 if update == last else surplus(update / 10) * places
        context = {
            "progress": update / 10,
            "links": (budget + round(more),),
            "budget": (budget,),
        }
        (move,) = step(name, links, zeta=0.3, seed=update, context=context, **options)
        strongest = np.argsort(-np.abs(links.weight), kind="stable")[:budget]
        assert move.kept.tolist() == sorted(strongest)
        links = after(links, move)
        sizes.append(links.weight.size)
        links = links._replace(weight=rng.normal(size=sizes[-1]).astype(np.float32))
    assert sizes == [20] * 6 + [15] * 2 + [10]
    assert sparsifier(name).surplus(0.3) == 0
    assert surplus(0.6) == 0.05
    assert surplus(np.nextafter(0.6, 1)) == 0.025


@pytest.mark.parametrize("name", ["mest", "rigl", "cht", "chts"])
def test_a_smaller_target_drops_more_than_zeta(name):
    knows = {
        "links": (3,),
        "gradient": lambda index: np.ones((4, 4), np.float32),
        "progress": 0.0,
    }
    (move,) = step(name, layer(), zeta=0.1, context=knows)
    assert move.kept.size == 3
    assert move.source.size == 0
    if name != "chts":
        assert move.kept.tolist() == [0, 3, 5]


# RigL

GRADIENT = np.array(
    [
        [99, -1, 2, 3],  # place 0 stays
        [-4, 0, 99, -8],  # place 6 stays, 4 goes
        [6, 1, -99, 7],  # place 10 stays, 9 goes
        [99, -5, 0, 0.5],  # place 12 stays, 15 goes
    ],
    np.float32,
)


@pytest.mark.parametrize(
    ("returns", "new", "restored"),
    [
        ("fresh", [4, 7, 8, 11, 13], []),
        ("restored", [7, 8, 11, 13], [2]),
        ("barred", [2, 7, 8, 11, 13], []),
    ],
)
def test_rigl_grows_where_the_gradient_is_largest(returns, new, restored):
    links, knows = layer(), {"gradient": lambda index: GRADIENT, "links": (9,)}
    (move,) = step("rigl", links, zeta=0.5, context=knows, returns=returns)
    assert gone(links, move) == [1, 2, 4, 7]
    assert (move.target * 4 + move.source).tolist() == new
    assert move.restored.tolist() == restored
    assert (move.weight == 0).all()


def test_a_link_that_returns_goes_on_by_default():
    knows = {"gradient": lambda index: GRADIENT, "links": (9,)}
    (move,) = step("rigl", layer(), zeta=0.5, context=knows)
    assert move.restored.tolist() == [2]


def test_each_layer_is_told_its_own_gradient():
    def gradient(index):
        score = np.zeros((4, 4), np.float32)
        score[3, 1 + index] = -1
        return score

    links = layer([0, 5], [0.1, 1])
    one, two = step("rigl", links, links, zeta=0.5, context={"gradient": gradient})
    assert grown(links, one) == [13]
    assert grown(links, two) == [14]


def test_equal_gradients_grow_at_random():
    score, counts = np.zeros((4, 4), np.float32), np.zeros(16)
    score[2, :] = 2, -2, 2, -2
    score[3, 3] = -3
    links = layer([0, 1, 2, 3], [3, 1, 1, 2])
    knows = {"gradient": lambda index: score, "links": (5,)}
    for seed in range(600):
        (move,) = step("rigl", links, zeta=0.5, seed=seed, context=knows)
        counts[grown(links, move)] += 1
    expected = np.zeros(16)
    expected[8:12] = 0.5
    expected[15] = 1
    assert_shares(counts, 600, expected)


@pytest.mark.parametrize("name", ["rigl", "cht"])
@pytest.mark.parametrize(
    ("progress", "share"), [(0, 1), (0.25, 0.853553), (0.5, 0.5), (0.75, 0.146447)]
)
def test_the_share_to_rewire_falls_along_half_a_cosine(name, progress, share):
    links = layer(np.arange(100) * 4, 1 + np.arange(100), 20, 20)
    knows = {
        "gradient": lambda index: np.ones((20, 20), np.float32),
        "progress": progress,
    }
    for anneal, expected in (True, round(60 * share)), (False, 60):
        (move,) = step(name, links, zeta=0.6, context=knows, anneal=anneal)
        assert gone(links, move) == list(range(expected))


def test_rigl_asks_for_gradients():
    with pytest.raises(AssertionError, match="must give gradients to rigl"):
        step("rigl", layer())


# DEEP R

SIGNS = np.tile([True, True, False], 6)[:16]  # of places 0 to 15
THETA = np.array([0.5, -0.05, 0.2, 0.4, -0.3, 0.3, 0.05, 0.3], np.float32)


def walk(links, seed=0, rate=0.1, memory=None, zeta=0.3, **options):
    memory = {} if memory is None else memory
    context = {"learning_rate": rate, "memory": memory}
    options = {"noise": "paper", "temperature": 0.0} | options
    (move,) = step("deep_r", links, seed=seed, zeta=zeta, context=context, **options)
    return move


def test_deep_r_by_hand():
    """Sizes shrink by 0.1 x 0.7, and those not above 0 fall asleep."""
    # Signs at the places 0 3 4 6 9 10 12 15 are + + + + + + + +: 1 and 4 have turned.
    signs = SIGNS.copy()
    signs[PLACE] = True
    signs[[6, 15]] = False
    weight = THETA * np.where(signs[PLACE], 1, -1)
    weight[6] = 0.05  # below the pull
    memory = {"signs.0": signs.copy()}
    move = walk(layer(PLACE, weight), memory=memory, l1=0.7)
    assert move.kept.tolist() == [0, 2, 3, 5, 7]
    expected = np.array([0.43, 0.13, -0.33, 0.23, -0.23])
    assert move.values == pytest.approx(expected, abs=1e-7)
    assert move.values.dtype == np.float32
    woken = move.target * 4 + move.source
    assert woken.size == 3
    assert move.weight.tolist() == [
        pytest.approx(1e-12 if signs[place] else -1e-12) for place in woken
    ]
    assert not set(woken.tolist()) & set(PLACE[move.kept].tolist())
    assert (memory["signs.0"] == signs).all()


@pytest.mark.parametrize("sign", [1, -1])
def test_a_link_whose_sign_would_flip_falls_asleep(sign):
    links = layer(PLACE, sign * np.array([1, 1, 1, 1, 1, 1, 1, -1e-9]))
    memory = {"signs.0": np.full(16, sign > 0)}
    move = walk(links, memory=memory, l1=0.0)
    assert move.kept.tolist() == list(range(7))
    assert (np.sign(move.weight) == sign).all()


def test_what_sleeps_wakes_uniformly_also_what_just_fell_asleep():
    links, counts = layer(PLACE, THETA), np.zeros(16)
    for seed in range(1200):
        memory = {"signs.0": np.ones(16, bool)}
        move = walk(links, seed=seed, memory=memory, l1=0.0)
        assert move.kept.tolist() == [0, 2, 3, 5, 6, 7]
        counts[move.target * 4 + move.source] += 1
    free = [1, 2, 3, 5, 7, 8, 9, 11, 13, 14]
    assert counts[free].sum() == counts.sum() == 2400
    statistic = ((counts[free] - 240) ** 2).sum() / 240
    assert statistic / ((1 - 2 / 10) * 10 / 9) < chi2.ppf(0.999, 9)


def test_signs_and_counts_never_change():
    rng = np.random.default_rng(3)
    links = layer(np.sort(rng.choice(48, 20, replace=False)), rng.normal(size=20), 8, 6)
    memory = {}
    first, ever = links, set(links.place.tolist())
    move = walk(links, memory=memory)
    signs = memory["signs.0"].copy()
    assert (signs[first.place] == (first.weight > 0)).all()
    for seed in range(1, 60):
        links = after(links, move)
        assert links.weight.size == 20
        assert ((links.weight > 0) == signs[links.place]).all()
        assert (links.weight != 0).all()
        assert (memory["signs.0"] == signs).all()
        ever |= set(links.place.tolist())
        shaken = links.weight + rng.normal(scale=0.3, size=20).astype(np.float32)
        links = links._replace(weight=shaken)
        move = walk(links, seed=seed, memory=memory)
    assert ever == set(range(48))


def test_signs_are_drawn_evenly_and_for_each_layer():
    links = layer([0], [1.0], 100, 100)
    memory = {}
    context = Context(0.3, np.random.default_rng(0), memory=memory)
    sparsifier("deep_r").step([links, links], context)
    assert set(memory) == {"signs.0", "signs.1"}
    for signs in memory.values():
        assert abs(signs.mean() - 0.5) < 5 * 0.5 / 100
    assert (memory["signs.0"] != memory["signs.1"]).mean() > 0.4


def test_zeta_plays_no_part():
    one, other = (walk(layer(PLACE, THETA), zeta=zeta) for zeta in (0.0, 1.0))
    assert one.kept.tolist() == other.kept.tolist()
    assert (one.values == other.values).all()


@pytest.mark.parametrize(
    ("options", "rate", "expected"),
    [
        ({"noise": "code"}, 2.0, 2e-5),
        ({"noise": "code", "temperature": 1.0}, 0.5, 5e-6),
        ({"noise": "paper", "temperature": 1e-6}, 2.0, 2e-3),
        ({"noise": "paper", "temperature": 1e-8}, 0.5, 1e-4),
    ],
)
def test_size_of_the_random_step(options, rate, expected):
    """The code's 1e-5 x rate, the paper's root of 2 x rate x temperature."""
    rng = np.random.default_rng(5)
    weight = rng.choice([-0.25, 0.25], 20_000)
    links, pull = layer(np.arange(20_000), weight, 200, 100), 1e-5
    move = walk(links, rate=rate, l1=pull, **options)
    assert move.kept.size == 20_000
    moved = (move.values.astype(float) - weight) * np.sign(weight)
    error = expected / np.sqrt(20_000)
    assert abs(moved.mean() + rate * pull) < 5 * error
    assert abs(moved.std() - expected) < 5 * error / np.sqrt(2)
    # Links walk independently of each other.
    one, other = (moved - moved.mean()).reshape(2, -1)
    assert abs((one * other).mean()) < 5 * expected**2 / 100
