"""Input attacks: laws of the family, foolbox as the oracle, what is refused."""

import pickle
import re
import warnings
from copy import deepcopy

import numpy as np
import pytest
import torch
from networks import random_model
from small import digits, network
from torch.nn.functional import cross_entropy

from netrobust.core.errors import InputError
from netrobust.experiments.score import Damage, damaged
from netrobust.neural import gradient_attacks as ascent
from netrobust.neural.evaluate import evaluate, losses
from netrobust.neural.input_attacks import INPUT_ATTACKS, InputAttack, input_attack
from netrobust.parallel.threads import limited_threads

with warnings.catch_warnings():
    # An import of foolbox that scipy has moved.
    warnings.filterwarnings("ignore", "Please import `gaussian_filter`")
    from foolbox import PyTorchModel
    from foolbox.attacks import (
        L2PGD,
        L2FastGradientAttack,
        LinfFastGradientAttack,
        LinfPGD,
    )

EVERY = [
    *(name for name in INPUT_ATTACKS if name != "pgd"),
    "pgd(steps=3)",
    "pgd(norm=l2,steps=3)",
    "pgd(keep=last,random_start=False,steps=3)",
    "pgd(steps=3,targeted=True)",
]
PLAIN = "pgd(keep=last,random_start=False)"


@pytest.fixture(autouse=True)
def _one_thread():
    with limited_threads(1):
        yield


class InDouble(torch.nn.Module):
    """A network whose scores enter the loss in float64."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x).double()


def rng(seed=0):
    return np.random.default_rng(seed)


def images(count=60, first=0):
    data = digits()
    part = slice(first, first + count)
    return data.x_test[part], data.y_test[part]


def attacked(name, eps, count=60, model=None, seed=0):
    x, y = images(count)
    return INPUT_ATTACKS[name](model or network().model, x, y, eps, rng(seed))


# Laws of the family


@pytest.mark.parametrize("name", EVERY)
def test_eps_0_gives_the_images_back_bitwise(name):
    x, _ = images()
    found = attacked(name, 0)
    assert found.tobytes() == x.tobytes()
    assert not np.shares_memory(found, x)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("eps", [0.03, 0.5, 1])
def test_images_stay_images_within_eps(name, eps):
    x, _ = images()
    before = x.copy()
    found = attacked(name, eps)
    assert (x == before).all()
    assert found.dtype == np.float32
    assert found.shape == x.shape
    assert found.min() >= 0
    assert found.max() <= 1
    moved = INPUT_ATTACKS[name].distance(x, found)
    assert moved.shape == (60,)
    assert moved.max() > 0
    if name not in ("gaussian_noise", "occlusion"):  # a spread, and whole patches
        assert moved.max() <= eps + 1e-6


@pytest.mark.parametrize("name", EVERY)
def test_same_seed_same_images_whatever_follows_and_however_they_are_split(
    name, monkeypatch
):
    few, many = attacked(name, 0.2, 23), attacked(name, 0.2, 60)
    np.testing.assert_allclose(few, many[:23], atol=1e-6)
    assert (attacked(name, 0.2, 60) == many).all()
    monkeypatch.setattr(ascent, "BATCH", 7)
    np.testing.assert_allclose(attacked(name, 0.2, 60), many, atol=1e-6)
    if name not in ("fgsm", "pgd(keep=last,random_start=False,steps=3)"):
        assert (attacked(name, 0.2, 60, seed=1) != many).any()


@pytest.mark.parametrize("name", EVERY)
def test_the_network_stays_as_it_was(name):
    model = random_model(rng(), (16, 5, 3), [0.6]).eval()
    before = {key: one.clone() for key, one in model.state_dict().items()}
    state = torch.get_rng_state()
    with torch.no_grad():
        INPUT_ATTACKS[name](model, np.ones((2, 16)), [0, 1], 0.5, rng())
    assert all(torch.equal(model.state_dict()[key], before[key]) for key in before)
    assert all(one.grad is None and one.requires_grad for one in model.parameters())
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("name", EVERY)
def test_attacks_travel_to_other_processes(name):
    attack = INPUT_ATTACKS[name]
    again = pickle.loads(pickle.dumps(attack))
    assert again == attack
    assert again.__name__ == attack.__name__
    assert (again.unit, again.square) == (attack.unit, attack.square)


# By gradient


@pytest.mark.parametrize("sparsifier", ["set", "dense"])
@pytest.mark.parametrize(
    ("name", "oracle", "eps"),
    [
        ("fgsm", LinfFastGradientAttack(), 0.1),
        ("fgsm", LinfFastGradientAttack(), 0.01),
        (PLAIN, LinfPGD(rel_stepsize=2.5 / 20, steps=20, random_start=False), 0.1),
        ("pgd(keep=last,random_start=False,reach=4,steps=40)",
         LinfPGD(rel_stepsize=0.1, steps=40, random_start=False), 0.05),
        ("pgd(keep=last,norm=l2,random_start=False,reach=1,steps=1)",
         L2FastGradientAttack(), 1.5),
        ("pgd(keep=last,norm=l2,random_start=False)",
         L2PGD(rel_stepsize=2.5 / 20, steps=20, random_start=False), 0.5),
    ],
    ids=str,
)  # fmt: skip
def test_plain_iterates_equal_those_of_foolbox(sparsifier, name, oracle, eps):
    model = network(sparsifier).model.eval()
    x, y = images(100)
    # In float32 the cross-entropy of a sure network rounds its gradient to nothing.
    theirs = PyTorchModel(InDouble(model).eval(), bounds=(0, 1), device="cpu")
    expected, _, _ = oracle(theirs, torch.tensor(x), torch.tensor(y), epsilons=eps)
    found = INPUT_ATTACKS[name](model, x, y, eps, rng())
    apart = np.abs(found - expected.numpy()).max(axis=1)
    assert np.abs(found - x).max() > 0.009
    # Elsewhere a sign or a ReLU at its edge may be rounded the other way in one image.
    assert np.sum(apart > 1e-6) <= 1


@pytest.mark.parametrize("sparsifier", ["set", "dense"])
@pytest.mark.parametrize("eps", [0.01, 0.05, 0.2])
def test_pgd_is_never_kinder_than_fgsm_or_nothing_image_by_image(sparsifier, eps):
    model = network(sparsifier).model
    x, y = images(150)
    clean = losses(model, x, y)
    one_step = losses(model, attacked("fgsm", eps, 150, model), y)
    found = losses(model, attacked("pgd(steps=5)", eps, 150, model), y)
    assert (found >= one_step).all()
    assert (found >= clean).all()
    assert np.mean(found > one_step) > 0.3
    l2 = losses(model, attacked("pgd(norm=l2,steps=5)", eps, 150, model), y)
    assert (l2 >= clean).all()
    assert np.mean(l2 > clean) > 0.9


def test_restarts_of_pgd_are_no_kinder_image_by_image():
    model, y = network().model, images(150)[1]
    once, often = (
        losses(model, attacked(f"pgd(restarts={count},steps=3)", 0.1, 150, model), y)
        for count in (1, 3)
    )
    assert (often >= once).all()
    assert (often > once).any()
    with pytest.raises(InputError, match="2 restarts of pgd need random_start"):
        attacked("pgd(keep=last,restarts=2)", 0.1, 10, model)


def test_climbs_towards_every_class_are_no_kinder_image_by_image():
    model, y = network().model, images(150)[1]
    plain = attacked("pgd(steps=10)", 0.1, 150, model)
    aimed = attacked("pgd(steps=10,targeted=True)", 0.1, 150, model)
    fooled = [evaluate(model, one, y)["accuracy"] for one in (plain, aimed)]
    assert fooled[1] <= fooled[0]
    before, after = (ascent.leads(model, one, y) for one in (plain, aimed))
    assert after.mean() > before.mean()
    assert ((after > 0) == (model(torch.tensor(aimed)).argmax(1).numpy() != y)).all()
    with pytest.raises(InputError, match="targeted=True of pgd needs keep=worst"):
        attacked("pgd(targeted=True,keep=last)", 0.1, 10, model)


def test_the_gradient_of_a_target_is_that_of_the_two_scores():
    model, (x, y) = network().model, images()
    found = ascent.gradient(model, x, y, target=3)
    for row in np.flatnonzero(y != 3)[:20]:
        image = torch.tensor(x[row], requires_grad=True)
        scores = model(image[None])[0]
        (scores[3] - scores[int(y[row])]).backward()
        np.testing.assert_allclose(found[row], image.grad, rtol=1e-4, atol=1e-6)
    assert not found[y == 3].any()


def test_the_last_point_is_not_always_the_worst():
    model, y = network().model, images(150)[1]
    for norm in ("linf", "l2"):
        worst, last = (
            losses(model, attacked(f"pgd(keep={keep},norm={norm})", 0.3, 150), y)
            for keep in ("worst", "last")
        )
        assert (worst >= last).all()
        assert (worst > last).any()


@pytest.mark.parametrize("sparsifier", ["set", "dense"])
@pytest.mark.parametrize("name", ["fgsm", "pgd", "pgd(norm=l2)"])
def test_no_gradient_hides_a_large_eps_leaves_nothing(sparsifier, name):
    model, (x, y) = network(sparsifier).model, images(200)
    eps = 8 if "l2" in name else 0.4
    changed = INPUT_ATTACKS[name](model, x, y, eps, rng())
    assert evaluate(model, x, y)["accuracy"] > 0.6
    assert evaluate(model, changed, y)["accuracy"] < 0.02


def test_a_network_that_is_sure_of_itself_is_attacked_all_the_same():
    model, (x, y) = deepcopy(network().model), images(200)
    answers = evaluate(model, x, y)["accuracy"]
    with torch.no_grad():
        model.head.weight *= 1e4
        model.head.bias *= 1e4
    assert evaluate(model, x, y)["accuracy"] == answers
    # The cross-entropy of the right ones, and with it its gradient, is 0 in floats.
    pixels = torch.tensor(x, requires_grad=True)
    cross_entropy(model(pixels).double(), torch.tensor(y)).backward()
    assert np.mean((pixels.grad == 0).all(1).numpy()) > 0.5
    for name in ("fgsm", PLAIN):
        found = INPUT_ATTACKS[name](model, x, y, 0.1, rng())
        assert evaluate(model, found, y)["accuracy"] < 0.1


def test_attacks_beat_noise_of_their_size():
    model, y = network().model, images(200)[1]
    accuracy = {
        name: evaluate(model, attacked(name, 0.1, 200), y)["accuracy"]
        for name in ("fgsm", "pgd", "gaussian_noise")
    }
    assert accuracy["pgd"] <= accuracy["fgsm"] < accuracy["gaussian_noise"] - 0.3


@pytest.mark.filterwarnings("error")
def test_a_network_without_links_or_beyond_all_floats_is_left_alone():
    x, y = images(20)
    dead = damaged(network().model, Damage(np.arange(0)))
    broken = deepcopy(network().model)
    with torch.no_grad():
        broken.head.weight.fill_(3e38)
    for model in (dead, broken):
        aimed = "pgd(steps=2,targeted=True)"
        for name in ("fgsm", "pgd(steps=2)", "pgd(norm=l2,steps=2)", aimed, PLAIN):
            found = INPUT_ATTACKS[name](model, x, y, 0.1, rng())
            assert np.isfinite(found).all()
            if model is dead and name in ("fgsm", PLAIN):
                assert (found == x).all()


def test_the_random_start_is_uniform_in_the_ball():
    x = np.full((4000, 3), 0.5, np.float32)
    cube = ascent.inside(x, 0.1, "linf", rng()) - x
    assert abs(cube.mean()) < 4 * 0.1 / np.sqrt(3 * x.size)
    assert abs(np.mean(cube**2) / (0.01 / 3) - 1) < 4 * np.sqrt(0.8 / x.size)
    ball = ascent.length(ascent.inside(x, 0.1, "l2", rng()) - x) / 0.1
    # The share within a radius r is r cubed.
    for radius in (0.3, 0.5, 0.8):
        share, error = radius**3, np.sqrt(radius**3 * (1 - radius**3) / 4000)
        assert abs(np.mean(ball <= radius) - share) < 4 * error
    assert ball.max() <= 1 + 1e-5


# Noise and lost pixels


def test_noise_has_its_standard_deviation_where_nothing_is_clipped():
    x = np.full((200, 784), 0.5, np.float32)
    model, y = network().model, np.zeros(200, int)
    found = INPUT_ATTACKS["gaussian_noise"](model, x, y, 0.05, rng())
    spread = (found - x).std()
    assert abs(spread / 0.05 - 1) < 4 / np.sqrt(2 * x.size)
    half = INPUT_ATTACKS["gaussian_noise"](model, x, y, 0.025, rng())
    np.testing.assert_allclose(2 * (half - x), found - x, atol=1e-6)


@pytest.mark.parametrize("eps", [0.001, 0.1, 0.25, 0.5, 1])
def test_the_patch_is_a_square_that_covers_its_share(eps):
    x = np.ones((300, 784), np.float32)
    found = INPUT_ATTACKS["occlusion"](network().model, x, [0] * 300, eps, rng())
    side = int(np.floor(np.sqrt(eps) * 28 + 0.5))
    corners = set()
    for image in found.reshape(-1, 28, 28) == 0:
        rows, columns = image.any(axis=1).nonzero()[0], image.any(axis=0).nonzero()[0]
        assert image.sum() == side**2
        assert rows.tolist() == list(range(rows[0], rows[0] + side))
        assert columns.tolist() == list(range(columns[0], columns[0] + side))
        corners.add((rows[0], columns[0]))
    where = np.array(sorted(corners))
    assert where.min() == 0
    assert where.max() == 28 - side


@pytest.mark.parametrize("eps", [0.001, 0.1, 0.5, 1])
def test_dropout_hits_exactly_its_share_of_the_pixels(eps):
    x = np.ones((300, 784), np.float32)
    found = INPUT_ATTACKS["pixel_dropout"](network().model, x, [0] * 300, eps, rng())
    count = int(np.floor(eps * 784 + 0.5))
    assert ((found == 0).sum(axis=1) == count).all()
    # How often each pixel is hit, in all images: binomial, chi-squared over pixels.
    share, hits = count / 784, (found == 0).sum(axis=0)
    if count < 784:
        chi = np.sum((hits - 300 * share) ** 2 / (300 * share * (1 - share)))
        assert abs(chi - 784) < 4 * np.sqrt(2 * 784)


@pytest.mark.parametrize("name", ["occlusion", "pixel_dropout"])
def test_more_loses_what_less_lost(name):
    x = np.ones((100, 784), np.float32)
    lost = np.zeros(x.shape, bool)
    for eps in np.linspace(0.05, 1, 20):
        now = INPUT_ATTACKS[name](network().model, x, [0] * 100, eps, rng()) == 0
        assert (now >= lost).all()
        lost = now
    assert lost.all()


def test_black_pixels_are_lost_without_a_change():
    attack, (x, _) = INPUT_ATTACKS["pixel_dropout"], images()
    share = attack.distance(x, attacked("pixel_dropout", 0.5))
    expected = 0.5 * np.mean(x > 0, axis=1)
    assert np.abs(share - expected).max() < 5 * np.sqrt(0.25 / 784)


def test_distances_by_hand():
    x = np.zeros((1, 4), np.float32)
    changed = np.array([[0.75, 0, 1, 0]], np.float32)
    found = {
        name: INPUT_ATTACKS[name].distance(x, changed).tolist()
        for name in ("fgsm", "pgd(norm=l2)", "gaussian_noise", "occlusion")
    }
    assert found == {
        "fgsm": [1], "pgd(norm=l2)": [1.25], "gaussian_noise": [0.625],
        "occlusion": [0.5],
    }  # fmt: skip


# Your own, and what is refused


def test_a_function_becomes_an_attack(monkeypatch):
    monkeypatch.setattr(INPUT_ATTACKS, "_members", INPUT_ATTACKS._members.copy())

    @input_attack(unit="linf")
    def brighter(model, x, y, eps, rng, *, only=1.0):
        "Add the same to bright pixels."
        return np.clip(x + np.float32(eps) * (x >= only), 0, 1)

    assert INPUT_ATTACKS.members(brighter) == (INPUT_ATTACKS["brighter"],)
    assert INPUT_ATTACKS.summaries()["brighter"] == "Add the same to bright pixels."
    x = np.array([[0.25, 0.5, 1.0, 0.75]], np.float32)
    model = random_model(rng(), (4, 3, 2), [0.5])
    found = INPUT_ATTACKS["brighter(only=0.5)"](model, x, [1], 0.125, rng())
    assert found.tolist() == [[0.25, 0.625, 1.0, 0.875]]


BRIGHT = np.full((1, 16), 1.001)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": BRIGHT}, "x must lie in [0, 1]; got 1.001 to 1.001"),
        ({"x": -BRIGHT}, "x must lie in [0, 1]"),
        ({"x": BRIGHT * np.nan}, "x must be finite"),
        ({"x": BRIGHT * np.inf}, "x must be finite"),
        ({"x": np.zeros((0, 16))}, "hold at least one image; got (0, 16)"),
        ({"x": np.zeros((1, 9))}, "takes 16 pixels; got images of 9"),
        ({"x": np.full((1, 16), "a")}, "x must hold real numbers"),
        ({"y": [3]}, "y must hold classes 0 to 2 of the network; got 3 to 3"),
        ({"y": [-1]}, "y must hold classes 0 to 2 of the network"),
        ({"y": [0, 1]}, "y must hold one label for each of the 1 images"),
        ({"y": [0.5]}, "y must hold integers"),
        ({"eps": -0.1}, "eps must be a number in [0, 1000000]; got -0.1"),
        ({"eps": np.nan}, "got nan"),
        ({"eps": np.inf}, "got inf"),
        ({"eps": "0.1"}, "eps must be a number in [0, 1000000]; got '0.1'"),
        ({"eps": 1.01, "name": "occlusion"}, "eps must be a number in [0, 1]"),
        ({"eps": 1.01, "name": "pixel_dropout"}, "eps must be a number in [0, 1]"),
    ],
    ids=str,
)
def test_bad_input_is_one_helpful_sentence(changes, message):
    model = random_model(rng(), (16, 5, 3), [0.6])
    given = {"x": np.ones((1, 16)), "y": [0], "eps": 0.1, "name": "fgsm", **changes}
    attack = INPUT_ATTACKS[given.pop("name")]
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        attack(model, given["x"], given["y"], given["eps"], rng())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fgms", "unknown input attack 'fgms'; choose from: fgsm, pgd, gaussian_noise, "
         "occlusion, pixel_dropout (did you mean 'fgsm'?)"),
        ("fgsm(steps=3)", "input attack 'fgsm' has no option 'steps'; it takes none"),
        ("pgd(steps=0)", "steps must be an integer, 1 or larger; got 0"),
        ("pgd(steps=2.5)", "steps must be an integer, 1 or larger; got 2.5"),
        ("pgd(norm=l1)", "norm must be one of linf, l2; got 'l1'"),
        ("pgd(reach=-1)", "reach must be a number in [0, 1000000]; got -1"),
        ("pgd(keep=best)", "keep must be one of worst, last; got 'best'"),
        ("pgd(random_start=maybe)", "must be true or false; got 'maybe'"),
    ],
)  # fmt: skip
def test_an_unknown_attack_or_option_is_one_helpful_sentence(name, message):
    with pytest.raises(InputError, match=re.escape(message)):
        INPUT_ATTACKS[name]


def test_images_that_are_no_square_have_no_patch():
    model = random_model(rng(), (15, 5, 3), [0.6])
    with pytest.raises(InputError, match="15 pixels fill no square"):
        INPUT_ATTACKS["occlusion"](model, np.ones((1, 15)), [0], 0.5, rng())


def test_an_attack_of_your_own_must_give_images():
    model, x = random_model(rng(), (4, 3, 2), [0.6]), np.ones((1, 4))

    def outside(model, x, y, eps, rng):
        return x + eps

    def fewer(model, x, y, eps, rng):
        return x[:, :2]

    with pytest.raises(InputError, match=r"what outside makes of x must lie in \[0"):
        InputAttack(outside)(model, x, [0], 0.5, rng())
    with pytest.raises(InputError, match=r"fewer must give images of shape \(1, 4\)"):
        InputAttack(fewer)(model, x, [0], 0.5, rng())
    with pytest.raises(InputError, match="unit must be one of linf, l2, rms, share"):
        input_attack(unit="l0")
