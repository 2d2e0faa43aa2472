"""How links move: which go, where they grow, and the exact laws of random rewiring."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from networks import seeds
from scipy.stats import chi2, hypergeom

from netrobust.errors import InputError
from netrobust.neural.sparsify import (
    SPARSIFIERS,
    Context,
    Links,
    default_options,
    sparsifier,
)
from netrobust.neural.topology import erdos_renyi

PRUNING = "per_sign", "magnitude", "random"

# Eight links of a 4 x 4 layer: three positive, three negative, two fresh ones at zero.
PLACE = np.array([0, 3, 4, 6, 9, 10, 12, 15])
WEIGHT = np.array([0.5, -0.1, 0.0, -0.4, 0.1, 0.3, -0.2, -0.0], np.float32)


def layer(place, weight, n_in=4, n_out=4):
    target, source = np.divmod(np.asarray(place, np.int64), n_in)
    return Links(n_in, n_out, source, target, np.asarray(weight, np.float32))


def step(prune, zeta, *layers, seed=0):
    context = Context(zeta, np.random.default_rng(seed))
    return sparsifier("set", prune=prune).step(layers, context)


def dropped(prune, zeta, weight=WEIGHT, place=PLACE, seed=0):
    (move,) = step(prune, zeta, layer(place, weight), seed=seed)
    return sorted(set(range(len(weight))) - set(move.kept.tolist()))


@pytest.mark.parametrize(
    ("prune", "zeta", "expected"),
    [
        # Of three links of a sign floor(3 zeta + 1/2) go, nearest to zero first; the
        # two that weigh 0 have no sign and always go.
        ("per_sign", 0.0, [2, 7]),
        ("per_sign", 0.3, [1, 2, 4, 7]),
        ("per_sign", 0.5, [1, 2, 4, 5, 6, 7]),
        ("per_sign", 1.0, [0, 1, 2, 3, 4, 5, 6, 7]),
        # Of all eight floor(8 zeta + 1/2) go, whatever their sign.
        ("magnitude", 0.0, []),
        ("magnitude", 0.3, [2, 7]),
        ("magnitude", 0.5, [1, 2, 4, 7]),
        ("magnitude", 0.8, [1, 2, 4, 5, 6, 7]),
        ("magnitude", 1.0, [0, 1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_which_links_go_by_hand(prune, zeta, expected):
    assert dropped(prune, zeta) == expected


def test_unequal_numbers_of_signs():
    weight = [0.1, 0.2, 0.3, 0.4, 0.5, -9, -8, 0.6]
    assert dropped("per_sign", 0.3, weight) == [0, 1, 6]
    assert dropped("magnitude", 0.3, weight) == [0, 1]
    assert dropped("per_sign", 0.3, np.abs(weight)) == [0, 1]
    assert dropped("per_sign", 0.3, -np.abs(weight)) == [0, 1]


def test_per_sign_is_the_default_rule():
    context = Context(0.3, np.random.default_rng(0))
    (move,) = sparsifier("set").step([layer(PLACE, WEIGHT)], context)
    assert move.kept.tolist() == [0, 3, 5, 6]


@pytest.mark.parametrize(
    ("prune", "weight", "expected"),
    [
        # Two of the four links that weigh 0 go: the places of the others are certain.
        ("magnitude", [0, 0, 1, -0.0, -1, 0, 2, 3], [0.5, 0.5, 0, 0.5, 0, 0.5, 0, 0]),
        # One of the three equal positive links goes, two of the four negative ones.
        ("per_sign", [1, -2, 1, -2, 1, -2, -2, -9], [1 / 3, 0.5] * 3 + [0.5, 0]),
    ],
)
def test_equal_weights_go_at_random(prune, weight, expected):
    zeta, draws, counts = 0.25 if prune == "magnitude" else 0.4, 2000, Counter()
    for seed in range(draws):
        counts.update(dropped(prune, zeta, weight, seed=seed))
    found = np.array([counts[link] / draws for link in range(8)])
    # Each count is binomial; 5 standard deviations do not happen.
    assert np.abs(found - expected).max() < 5 * np.sqrt(0.25 / draws)
    certain = np.equal(expected, 0)
    assert not found[certain].any()


def test_random_pruning_takes_every_link_equally_often():
    counts = Counter()
    for seed in range(800):
        gone = dropped("random", 0.3, seed=seed)
        assert len(gone) == 2
        counts.update(gone)
    expected = 800 * 2 / 8
    statistic = sum((counts[link] - expected) ** 2 for link in range(8)) / expected
    assert statistic < chi2.ppf(0.999, 7)


def test_regrowth_is_uniform_over_all_absent_places_the_dropped_ones_included():
    # Drops places 3 and 9 and the zeros at 4 and 15; four links stay.
    kept, counts = {0, 6, 10, 12}, Counter()
    for seed in range(1500):
        (move,) = step("per_sign", 0.3, layer(PLACE, WEIGHT), seed=seed)
        grown = (move.target * 4 + move.source).tolist()
        assert len(set(grown)) == 4
        counts.update(grown)
    free = set(range(16)) - kept
    assert set(counts) == free
    expected = 1500 * 4 / len(free)
    statistic = sum((counts[place] - expected) ** 2 for place in free) / expected
    # Draws without repetition scatter less: by (1 - 4/12) n / (n - 1) with n = 12.
    assert statistic / ((1 - 4 / 12) * 12 / 11) < chi2.ppf(0.999, len(free) - 1)


@pytest.mark.parametrize("prune", PRUNING)
@given(data=st.data(), seed=seeds, zeta=st.floats(0, 1))
def test_every_step_keeps_the_contract(prune, data, seed, zeta):
    rng = np.random.default_rng(seed)
    layers = []
    for _ in range(data.draw(st.integers(1, 3))):
        n_in, n_out = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))
        links = data.draw(st.integers(0, n_in * n_out))
        source, target = erdos_renyi(n_in, n_out, links, rng)
        weight = rng.integers(-2, 3, links).astype(np.float32)  # zeros and ties
        layers.append(Links(n_in, n_out, source, target, weight))
    before = [tuple(np.copy(array) for array in links[2:]) for links in layers]
    moves = step(prune, zeta, *layers, seed=seed)
    assert len(moves) == len(layers)
    for links, old, move in zip(layers, before, moves, strict=True):
        for array, copy in zip(links[2:], old, strict=True):
            assert (array == copy).all()  # the input stays as it is
        assert (np.diff(move.kept) > 0).all()
        assert move.kept.size + move.source.size == links.weight.size  # count conserved
        assert (move.weight == 0).all()
        assert move.weight.dtype == np.float32
        kept = links.target[move.kept] * links.n_in + links.source[move.kept]
        grown = move.target * links.n_in + move.source
        everywhere = np.concatenate([kept, grown])
        assert np.unique(everywhere).size == links.weight.size
        assert ((everywhere >= 0) & (everywhere < links.n_in * links.n_out)).all()
        assert ((move.source >= 0) & (move.source < links.n_in)).all()
        gone = np.setdiff1d(np.arange(links.weight.size), move.kept)
        weight = links.weight
        if prune == "per_sign":
            share = sum(
                int(zeta * np.count_nonzero(side) + 0.5)
                for side in (weight > 0, weight < 0)
            )
            assert gone.size == share + np.count_nonzero(weight == 0)
        else:
            assert gone.size == int(zeta * weight.size + 0.5)
        if prune == "magnitude" and gone.size and move.kept.size:
            assert np.abs(weight[gone]).max() <= np.abs(weight[move.kept]).min()


def test_layers_move_independently_of_each_other():
    one, two = step("random", 0.5, layer(PLACE, WEIGHT), layer(PLACE, WEIGHT))
    assert one.kept.tolist() != two.kept.tolist()


# Exact laws of random regrowth on a layer of 100 x 100 places and 100 links, d = 0.01

N, M, ZETA = 10_000, 100, 0.3
D = M / N
Q = ZETA * D / (1 - (1 - ZETA) * D)  # chance that an absent place is drawn


def history(prune, updates, seed):
    """Places of the links before and after every update."""
    rng = np.random.default_rng(seed)
    source, target = erdos_renyi(100, 100, M, rng)
    place, weight = target * 100 + source, rng.normal(size=M)
    places = [place]
    for _ in range(updates):
        (move,) = sparsifier("set", prune=prune).step(
            [layer(place, weight, 100, 100)], Context(ZETA, rng)
        )
        grown = move.target * 100 + move.source
        place = np.concatenate([place[move.kept], grown])
        weight = np.concatenate([weight[move.kept], move.weight])
        order = np.argsort(place)
        place, weight = place[order], weight[order]
        # Training moves every weight before the next update.
        weight = weight + 0.1 * rng.normal(size=M)
        places.append(place)
    return places


def within_four_errors(samples, expected):
    samples = np.asarray(samples)
    error = samples.std(ddof=1) / np.sqrt(samples.size)
    assert abs(samples.mean() - expected) < 4 * error
    assert error < 0.02 * expected  # the mean would show a law that is wrong by 8%


@pytest.mark.parametrize("prune", ["random", "magnitude"])
def test_share_of_places_ever_tried(prune):
    """The ITOP law: 1 - (1 - d)(1 - q)^T, whatever goes, if regrowth is uniform."""
    expected = 1 - (1 - D) * (1 - Q) ** 100
    assert expected == pytest.approx(0.268, abs=5e-4)
    runs = [history(prune, 100, seed) for seed in range(30)]
    within_four_errors([np.unique(run).size / N for run in runs], expected)


def test_survival_of_links_under_random_rewiring():
    """Links present at 0 are present after T with d + (1 - d)[(1 - zeta)(1 - q)]^T."""
    runs = [history("random", 3, seed) for seed in range(300)]
    for updates in (1, 2, 3):
        expected = D + (1 - D) * ((1 - ZETA) * (1 - Q)) ** updates
        present = [np.isin(run[0], run[updates]).mean() for run in runs]
        within_four_errors(present, expected)


def test_degrees_stay_hypergeometric_under_random_rewiring():
    final = np.array([history("random", 10, seed)[-1] for seed in range(150)])
    law = hypergeom(N, 100, M)
    for ends in (final // 100, final % 100):  # of the targets, of the sources
        degrees = [np.bincount(row, minlength=100) for row in ends]
        assert np.mean(degrees) == law.mean() == M / 100
        within_four_errors([np.mean((k - law.mean()) ** 2) for k in degrees], law.var())
        within_four_errors([np.mean(k == 0) for k in degrees], law.pmf(0))


# Names and options


def test_options_have_defaults():
    assert default_options("set") == {"prune": "per_sign"}
    assert default_options("static") == {}
    with pytest.raises(InputError, match="unknown sparsifier"):
        default_options("sett")
    for name in SPARSIFIERS:
        sparsifier(name, **default_options(name))


def test_static_keeps_its_links_and_the_baselines_are_dense():
    found = {name: sparsifier(name) for name in SPARSIFIERS}
    assert [name for name, one in found.items() if one.step] == ["set"]
    assert [name for name, one in found.items() if one.dense] == [
        "dense",
        "dense_small",
        "dense_narrow",
    ]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("sett", {}, "unknown sparsifier 'sett'.*did you mean 'set'"),
        ("set", {"prun": "random"}, "has no option 'prun'; it takes prune"),
        ("static", {"prune": "random"}, "has no option 'prune'; it takes none"),
        (
            "set",
            {"prune": "strong"},
            "one of per_sign, magnitude, random; got 'strong'",
        ),
    ],
)
def test_unknown_names_and_options(name, options, message):
    with pytest.raises(InputError, match=message):
        sparsifier(name, **options)
