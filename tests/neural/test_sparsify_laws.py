"""Laws that hold at every step of every method, whatever its options."""

import copy
from contextlib import suppress
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moves import after, layer, step
from networks import seeds
from scipy.stats import hypergeom

from netrobust.core.errors import InputError
from netrobust.neural.sparsify import SPARSIFIERS, default_options, sparsifier

VALUES = {
    "prune": ["per_sign", "magnitude", "random"],
    "regrown": ["zero", "initial"],
    "returns": ["fresh", "restored", "barred"],
    "skip_step": [False, True],
    "gradient_share": [0.0, 0.5],
    "em_s": [False, True],
    "epochs": [1, 5],
    "until": [0.75, 1.0],
    "batches": [1, 100],
    "anneal": [False, True],
    "l1": [0.0, 1e-5, 1.0],
    "noise": ["code", "paper"],
    "temperature": [1e-9, 1.0],
    "predictor": ["CH3-L3p", "CH2-L3n"],
    "chain_rounds": [0, 1, 2],
    "early_stop": ["network", "layer", "never"],
    "overlap": [0.0, 0.5, 0.9],
    "removal": ["WM", "RI", "magnitude"],
    "sharpening": ["exponent", "delta"],
    "history": [False, True],
}
MOVING = [name for name in SPARSIFIERS if sparsifier(name).step]
# These two have no schedule of density: links of a layer never become fewer.
NEVER_FEWER = "set", "deep_r"


@pytest.mark.parametrize("name", MOVING)
def test_every_option_is_drawn_here(name):
    for option, value in default_options(name).items():
        assert value in VALUES[option]


@st.composite
def stacks(draw, name):
    """Layers on top of each other, options of a method, and what it may know."""
    rng = np.random.default_rng(draw(seeds))
    sizes = draw(st.lists(st.integers(1, 6), min_size=2, max_size=4))
    layers, budget, wanted = [], [], []
    taken = default_options(name)
    options = {option: draw(st.sampled_from(VALUES[option])) for option in taken}
    exact = draw(st.booleans())
    for n_in, n_out in pairwise(sizes):
        places = n_in * n_out
        count = draw(st.integers(0, places))
        place = np.sort(rng.choice(places, count, replace=False))
        weight = rng.integers(-2, 3, count)  # zeros and ties
        layers.append(layer(place, weight, n_in, n_out, rng.integers(-2, 3, count)))
        budget.append(draw(st.integers(0, count)))
        least = budget[-1] if options.get("em_s") else 0
        least = count if name in NEVER_FEWER else least
        wanted.append(count if exact else draw(st.integers(least, places)))
    gradients = [rng.integers(-2, 3, (n.n_out, n.n_in)) for n in layers]
    context = {
        "progress": draw(st.sampled_from([0.0, 0.3, 0.6, 0.7, 0.99])),
        "links": None if exact and not options.get("em_s") else tuple(wanted),
        "budget": tuple(budget),
        "learning_rate": 0.1,
        "gradient": lambda index: gradients[index].astype(np.float32),
    }
    return layers, options, context, wanted


def same(one, other):
    return all(
        (a is None and b is None) or (a.dtype == b.dtype and a.tobytes() == b.tobytes())
        for a, b in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("name", MOVING)
@given(data=st.data(), seed=seeds, zeta=st.floats(0, 1))
def test_every_step_keeps_the_contract(name, data, seed, zeta):
    layers, options, context, wanted = data.draw(stacks(name))
    context["memory"] = {}
    for _ in range(2):  # the second step has a memory of the first
        before, memory = copy.deepcopy(layers), copy.deepcopy(context["memory"])
        given_ = {"zeta": zeta, "seed": seed, "context": context, **options}
        if not roomy(layers, wanted, options):
            # Too few places may be free where more links are asked for than those.
            with suppress(InputError):
                step(name, *layers, **given_)
            return
        moves = step(name, *layers, **given_)
        given_["context"] = {**context, "memory": memory}
        again = step(name, *layers, **given_)
        for old, move, same_move, links in zip(
            before, moves, again, wanted, strict=True
        ):
            assert same(move, same_move)  # same seed, same step
            check(old, move, links, options)
        for old, untouched in zip(before, layers, strict=True):
            assert same(old[2:], untouched[2:])  # the input stays as it is
        layers = [after(old, move) for old, move in zip(layers, moves, strict=True)]
        layers = [one._replace(gradient=one.weight) for one in layers]
        if context["links"] is None:
            wanted = [one.weight.size for one in layers]


def roomy(layers, wanted, options):
    """Whether links can always grow: also when those just dropped may not return."""
    return options.get("returns") != "barred" or all(
        links <= old.n_in * old.n_out - old.weight.size
        for old, links in zip(layers, wanted, strict=True)
    )


def check(old, move, links, options):
    assert move.kept.size + move.source.size + move.restored.size == links
    for ids in (move.kept, move.restored):
        assert (np.diff(ids) > 0).all()
        assert ((ids >= 0) & (ids < old.weight.size)).all()
    assert not np.intersect1d(move.kept, move.restored).size
    new = after(old, move)
    assert np.unique(new.place).size == links
    for ends, neurons in ((new.source, old.n_in), (new.target, old.n_out)):
        assert ((ends >= 0) & (ends < neurons)).all()
    assert move.weight.dtype == new.weight.dtype == np.float32
    assert np.isfinite(new.weight).all()
    if "returns" not in options:
        return
    back = np.isin(move.target * old.n_in + move.source, old.place)
    if options["returns"] != "fresh":
        assert not back.any()
    if options["returns"] != "restored":
        assert move.restored.size == 0
    if options["regrown"] == "zero" and not options.get("history"):
        assert (move.weight == 0).all()
    if options["regrown"] == "initial" and not options.get("history"):
        assert (move.weight != 0).all()


# What becomes of a link that returns, in every method that can choose


RETURNING = {
    "set": {"prune": "magnitude"},
    "mest": {},
    "rigl": {},
    "cht": {},
    "chts": {"removal": "magnitude"},
}


def crowded():
    """A layer in which 3 of 12 links go: 7 places are free then, 4 without them."""
    place = np.arange(12)
    weight = np.r_[0.1, 0.2, 0.3, np.linspace(1, 2, 9)]
    return layer(place, weight, gradient=np.zeros(12))


@pytest.mark.parametrize("name", RETURNING)
@pytest.mark.parametrize("returns", VALUES["returns"])
def test_links_that_return(name, returns):
    links, options = crowded(), RETURNING[name] | {"returns": returns}
    knows = {"gradient": lambda index: np.zeros((4, 4), np.float32)}
    came_back = 0
    for seed in range(40):
        (move,) = step(name, links, zeta=0.25, seed=seed, context=knows, **options)
        places = move.target * 4 + move.source
        assert move.kept.tolist() == list(range(3, 12))
        if returns == "fresh":
            came_back += np.isin(places, [0, 1, 2]).sum()
            assert (move.weight == 0).all()
        elif returns == "restored":
            came_back += move.restored.size
            assert set(move.restored.tolist()) <= {0, 1, 2}
            assert set(places.tolist()) <= {12, 13, 14, 15}
        else:
            assert set(places.tolist()) <= {12, 13, 14, 15}
            assert len(places) == 3
    if returns == "barred":
        return
    if name in ("cht", "chts"):  # no path of three links leads into target 3
        assert came_back == 40 * 3
    else:  # of 7 places 3 are drawn, and 3 are those of links just dropped
        law = hypergeom(7, 3, 3)
        assert abs(came_back / 40 - law.mean()) < 5 * law.std() / np.sqrt(40)


@pytest.mark.parametrize("name", RETURNING)
def test_barred_links_need_room(name):
    links = layer(np.arange(15), np.arange(1, 16), gradient=np.zeros(15))
    knows = {"gradient": lambda index: np.ones((4, 4), np.float32)}
    options = {"context": knows, "returns": "barred", **RETURNING[name]}
    (move,) = step(name, links, zeta=1 / 15, **options)
    assert (move.source, move.target) == (3, 3)
    with pytest.raises(InputError, match="leaves 1 places for 2 links; choose another"):
        step(name, links, zeta=2 / 15, **options)


@pytest.mark.parametrize("name", RETURNING)
def test_initial_weights_of_regrown_links(name):
    """N(0, 2 / (d n_in)) as at the start: the mean in-degree is 600 / 30 = 20."""
    rng = np.random.default_rng(1)
    place = np.sort(rng.choice(40 * 30, 600, replace=False))
    links = layer(place, rng.normal(size=600), 40, 30, np.zeros(600))
    knows = {"gradient": lambda index: np.zeros((30, 40), np.float32)}
    options = RETURNING[name] | {"regrown": "initial", "returns": "fresh"}
    weight = np.concatenate(
        [
            step(name, links, zeta=0.5, seed=seed, context=knows, **options)[0].weight
            for seed in range(10)
        ]
    ).astype(float)
    assert weight.size >= 3000
    error = np.sqrt(2 / weight.size)  # of a variance, relative
    assert abs(np.mean(weight**2) / (2 / 20) - 1) < 5 * error
    assert abs(weight.mean()) < 5 * np.sqrt(0.1 / weight.size)
