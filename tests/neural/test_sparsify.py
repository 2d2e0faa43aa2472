"""SET: which links go and where they grow; names and options of all methods."""

from collections import Counter

import numpy as np
import pytest
from moves import PLACE, WEIGHT, gone, grown, layer, step
from scipy.stats import chi2

from netrobust.core.errors import InputError
from netrobust.neural.sparsify import SPARSIFIERS, default_options, sparsifier


def dropped(prune, zeta, weight=WEIGHT, seed=0):
    links = layer(PLACE, weight)
    (move,) = step("set", links, zeta=zeta, seed=seed, prune=prune)
    return gone(links, move)


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
    (move,) = step("set", layer())
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
        which = dropped("random", 0.3, seed=seed)
        assert len(which) == 2
        counts.update(which)
    expected = 800 * 2 / 8
    statistic = sum((counts[link] - expected) ** 2 for link in range(8)) / expected
    assert statistic < chi2.ppf(0.999, 7)


@pytest.mark.parametrize(
    ("returns", "taken"),
    [
        # Places 3 and 9 and the zeros at 4 and 15 go; four links stay.
        ("fresh", {0, 6, 10, 12}),
        ("restored", {0, 6, 10, 12}),
        ("barred", set(PLACE.tolist())),
    ],
)
def test_regrowth_is_uniform_over_all_absent_places(returns, taken):
    counts, links = Counter(), layer()
    for seed in range(1500):
        (move,) = step("set", links, seed=seed, returns=returns)
        places = grown(links, move)
        assert len(set(places)) == 4
        counts.update(places)
    free = set(range(16)) - taken
    assert set(counts) == free
    expected, n = 1500 * 4 / len(free), len(free)
    statistic = sum((counts[place] - expected) ** 2 for place in free) / expected
    # Draws without repetition scatter less: by (1 - 4/n) n / (n - 1).
    assert statistic / ((1 - 4 / n) * n / (n - 1)) < chi2.ppf(0.999, n - 1)


@pytest.mark.parametrize("prune", ["per_sign", "magnitude"])
def test_a_sign_flip_of_all_weights_moves_the_same_links(prune):
    (one,), (other,) = (
        step("set", layer(PLACE, sign * WEIGHT), prune=prune, zeta=0.3)
        for sign in (1, -1)
    )
    assert one.kept.tolist() == other.kept.tolist()


def test_layers_move_independently_of_each_other():
    one, two = step("set", layer(), layer(), zeta=0.5, prune="random")
    assert one.kept.tolist() != two.kept.tolist()


# Names and options


def test_options_have_defaults():
    assert default_options("set") == {
        "prune": "per_sign",
        "regrown": "zero",
        "returns": "fresh",
        "skip_step": False,
    }
    assert default_options("static") == {}
    with pytest.raises(InputError, match="unknown sparsifier"):
        default_options("sett")


MOVING = "set", "mest", "rigl", "deep_r", "cht", "chts"


def test_static_keeps_its_links_and_the_baselines_are_dense():
    found = {name: sparsifier(name) for name in SPARSIFIERS}
    assert {name for name, one in found.items() if one.step} == set(MOVING)
    assert {name for name, one in found.items() if one.dense} == {
        "dense",
        "dense_small",
        "dense_narrow",
    }
    assert {name for name, one in found.items() if one.gradient} == {"rigl"}
    assert {name for name, one in found.items() if one.every_place} == {
        "rigl",
        "deep_r",
        "cht",
        "chts",
    }
    assert {name for name, one in found.items() if one.topology != "erdos_renyi"} == {
        "cht",
        "chts",
    }


# When links move: batches, epochs, until, and whether the optimiser skips a step.
SCHEDULES = {
    ("set", None): (0, 1, 1.0, False),
    ("set", "cht_benchmark"): (0, 1, 1.0, True),
    ("mest", None): (0, 5, 1.0, False),
    ("mest", "cht_benchmark"): (0, 1, 0.75, True),
    ("rigl", None): (100, 1, 0.75, True),
    ("rigl", "cht_benchmark"): (0, 1, 0.75, True),
    ("deep_r", None): (1, 1, 1.0, False),
    ("cht", None): (0, 1, 0.75, True),
    ("cht", "cht_benchmark"): (0, 1, 0.75, True),
    ("cht", "paper"): (0, 1, 1.0, True),
    ("chts", None): (0, 1, 1.0, True),
    ("chts", "cht_benchmark"): (0, 1, 1.0, True),
    ("chts", "released_command"): (0, 1, 0.75, True),
    ("chts", "paper"): (0, 1, 1.0, True),
}


def test_when_links_move_in_each_variant():
    for (name, variant), expected in SCHEDULES.items():
        one = sparsifier(name, **({"variant": variant} if variant else {}))
        assert (one.batches, one.epochs, one.until, one.skips_step) == expected
    for name in MOVING:
        told = {variant for method, variant in SCHEDULES if method == name}
        variants = dict(SPARSIFIERS[name].variants)
        assert told == {None, *variants} - {"source"}
        assert not variants.get("source")


def test_names_in_tables():
    def named(method, options):
        return SPARSIFIERS.with_options(method, options).__name__

    assert named("rigl", {"returns": "restored"}) == "rigl"
    assert named("set", {"variant": "cht_benchmark"}) == ("set(cht_benchmark)")
    spelt = {"prune": "magnitude", "returns": "restored", "skip_step": True}
    assert named("set", spelt) == "set(cht_benchmark)"
    assert named("cht", {"variant": "cht_benchmark"}) == "cht"
    assert named("cht", {"variant": "paper", "overlap": 0.8}) == (
        "cht(anneal=False,chain_rounds=2,early_stop=layer,overlap=0.8,"
        "regrown=initial,returns=fresh,until=1.0)"
    )


REFUSED = [
    ("set", "prune", "strong", "one of per_sign, magnitude, random; got 'strong'"),
    ("set", "prune", ["random"], r"one of per_sign, .*; got \['random'\]"),
    ("set", "regrown", "one", "regrown must be one of zero, initial; got 'one'"),
    (
        "set",
        "returns",
        "no",
        "returns must be one of fresh, restored, barred; got 'no'",
    ),
    ("set", "skip_step", 1, "skip_step must be true or false; got 1"),
    ("mest", "gradient_share", -0.1, "gradient_share must be a number, 0 or larger"),
    ("mest", "gradient_share", float("inf"), "a number, 0 or larger; got inf"),
    ("mest", "em_s", "yes", "em_s must be true or false; got 'yes'"),
    ("mest", "epochs", 0, "epochs must be an integer, 1 or larger; got 0"),
    ("mest", "until", 1.1, r"until must be a number in \[0, 1\]; got 1.1"),
    ("mest", "returns", None, "returns must be one of .*; got None"),
    ("rigl", "batches", -1, "batches must be an integer, 0 or larger; got -1"),
    ("rigl", "batches", 2.5, "batches must be an integer, 0 or larger; got 2.5"),
    ("rigl", "until", float("nan"), "until must be a number in .*; got nan"),
    ("rigl", "anneal", 0, "anneal must be true or false; got 0"),
    ("rigl", "skip_step", "no", "skip_step must be true or false; got 'no'"),
    ("deep_r", "l1", -1e-9, "l1 must be a number, 0 or larger; got -1e-09"),
    ("deep_r", "noise", "none", "noise must be one of code, paper; got 'none'"),
    ("deep_r", "temperature", -1, "temperature must be a number, 0 or larger; got -1"),
    ("deep_r", "batches", 0, "batches must be an integer, 1 or larger; got 0"),
    ("cht", "predictor", "CH3", "predictor must be one of CH3-L3p, CH2-L3n; got 'CH3'"),
    ("cht", "chain_rounds", -1, "chain_rounds must be an integer, 0 or larger"),
    ("cht", "anneal", None, "anneal must be true or false; got None"),
    ("cht", "until", -1, r"until must be a number in \[0, 1\]; got -1"),
    ("cht", "early_stop", "no", "early_stop must be one of network, layer, never"),
    ("cht", "overlap", 90, r"overlap must be a number in \[0, 1\]; got 90"),
    ("cht", "regrown", 0, "regrown must be one of zero, initial; got 0"),
    ("cht", "skip_step", None, "skip_step must be true or false; got None"),
    ("chts", "predictor", "", "predictor must be one of CH3-L3p, CH2-L3n; got ''"),
    ("chts", "removal", "wm", "removal must be one of WM, RI, magnitude; got 'wm'"),
    ("chts", "sharpening", "x", "sharpening must be one of exponent, delta; got 'x'"),
    ("chts", "chain_rounds", True, "chain_rounds must be an integer, 0 or larger"),
    ("chts", "em_s", "yes", "em_s must be true or false; got 'yes'"),
    ("chts", "until", "1", r"until must be a number in \[0, 1\]; got '1'"),
    ("chts", "history", 1.0, "history must be true or false; got 1.0"),
    ("chts", "returns", "x", "returns must be one of fresh, restored, barred; got 'x'"),
    ("chts", "skip_step", 0, "skip_step must be true or false; got 0"),
    ("set", "variant", "paper", "'set' has no variant 'paper'; it has source, cht_ben"),
    ("deep_r", "variant", "source", "'deep_r' has no variant 'source'; it has none"),
    ("set", "prun", "random", "has no option 'prun'; it takes prune, regrown, returns"),
    ("static", "prune", "random", "has no option 'prune'; it takes none"),
]


@pytest.mark.parametrize(("name", "option", "value", "message"), REFUSED)
def test_other_options_are_refused_in_one_sentence(name, option, value, message):
    with pytest.raises(InputError, match=message) as caught:
        sparsifier(name, **{option: value})
    assert "\n" not in str(caught.value)


def test_an_unknown_name_is_told_with_the_nearest():
    message = r"unknown sparsifier 'sett'; .* \(did you mean 'set'\?\)"
    with pytest.raises(InputError, match=message):
        sparsifier("sett")
