"""Options: as text, checked, and as part of a name that travels."""

import pickle
from dataclasses import dataclass
from functools import partial
from typing import Annotated, ClassVar

import numpy as np
import pytest

from netrobust.core.errors import InputError
from netrobust.core.options import WithOptions, changes, keywords, label, read_options
from netrobust.core.settings import choice, number


@dataclass(frozen=True)
class Walk(WithOptions):
    kind: ClassVar[str] = "walk"
    gait: str = "slow"


def stroll(
    start,
    *,
    rest=0.5,
    steps=3,
    back=False,
    mood="calm",
    pace: Annotated[float, partial(number, least=0)] = 1.0,
    side: Annotated[str, partial(choice, allowed=("left", "right"))] = "left",
):
    """Stroll about.

    At ease.
    """
    return start + steps


def own(start, *, steps=3):
    """Walk as I like."""
    return start - steps


strolling = Walk(stroll, gait="fast")


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (None, {}),
        ("", {}),
        ("rest=0.25", {"rest": 0.25}),
        ("rest=1, steps = 4", {"rest": 1, "steps": 4}),
        ("rest=1e-3,back=TRUE,mood=gay", {"rest": 1e-3, "back": True, "mood": "gay"}),
        ("back=yes,steps=many", {"back": "yes", "steps": "many"}),
        ("other=3", {"other": "3"}),
        ("word", {"variant": "word"}),
        ("mood=", {"mood": ""}),
    ],
)
def test_text_is_read_by_the_kind_of_the_defaults(text, options):
    usual = {"rest": 0.5, "steps": 3, "back": False, "mood": "calm"}
    found = read_options(text, usual)
    assert found == options
    assert [type(one) for one in found.values()] == [*map(type, options.values())]


def test_labels_are_read_back():
    options = {"steps": 4, "back": True, "rest": 0.25}
    text = label("stroll", options)
    assert text == "stroll(back=True,rest=0.25,steps=4)"
    inside = text.removeprefix("stroll(").removesuffix(")")
    assert read_options(inside, {"rest": 0.5, "steps": 3, "back": False}) == options


def test_changes_leave_defaults_out_and_refuse_the_unknown():
    usual = {"rest": 0.5, "steps": 3, "back": False}
    assert changes("a walk", {"steps": 3.0, "rest": 0.1}, usual) == {"rest": 0.1}
    assert changes("a walk", {"back": 0, "steps": True}, usual) == {
        "steps": True, "back": 0,
    }  # fmt: skip
    with pytest.raises(
        InputError, match=r"^a walk has no option 'step'; it takes rest, s"
    ):
        changes("a walk", {"step": 3}, usual)
    with pytest.raises(
        InputError, match=r"^a walk has no option 'step'; it takes none$"
    ):
        changes("a walk", {"step": 3}, {})
    with pytest.raises(InputError, match=r"it takes rest, steps, back, more$"):
        changes("a walk", {"step": 3}, usual, ["more"])


def test_a_member_bears_the_name_and_words_of_its_function():
    assert strolling.__name__ == "stroll"
    assert strolling.__doc__.startswith("Stroll about.")
    assert strolling.__module__ == __name__
    assert strolling.options == {
        "rest": 0.5, "steps": 3, "back": False, "mood": "calm", "pace": 1.0,
        "side": "left",
    }  # fmt: skip
    assert (strolling(1), strolling.vary(steps=9)(1)) == (4, 10)
    assert list(keywords(own)) == ["steps"]


def test_varied_members_say_what_differs():
    longer = strolling.vary(steps=9, rest=0.5)
    assert longer.__name__ == "stroll(steps=9)"
    assert longer.gait == "fast"
    assert longer.options["steps"] == 9
    assert longer.vary(back=True).__name__ == "stroll(back=True,steps=9)"
    assert longer.vary(steps=3) == strolling
    assert strolling.vary() is strolling
    assert strolling.vary(steps=3) is strolling
    assert strolling.options["steps"] == 3
    assert (
        strolling.vary(pace=2).__name__ == "stroll(pace=2.0)"
    )  # as its check gives it
    assert strolling.vary(pace=1) is strolling
    assert strolling.vary(steps=np.int64(4)).options["steps"] == 4
    assert Walk(own, (("steps", 4),)) == Walk(own, {"steps": 4}.items())
    assert hash(longer) == hash(strolling.vary(steps=9))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"step": 3},
            "^walk 'stroll' has no option 'step'; it takes rest, steps, back,",
        ),
        ({"rest": "long"}, "^rest of stroll must be a number; got 'long'$"),
        ({"rest": True}, "^rest of stroll must be a number; got True$"),
        ({"steps": None}, "^steps of stroll must be a number; got None$"),
        ({"back": 1}, "^back of stroll must be true or false; got 1$"),
        ({"mood": 3}, "^mood of stroll must be text; got 3$"),
        ({"pace": -1}, "^pace must be a number, 0 or larger; got -1$"),
        ({"side": "up"}, "^side must be one of left, right; got 'up'$"),
    ],
)
def test_what_is_no_option_or_value_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        strolling.vary(**options)


def test_an_option_without_default_is_refused():
    def march(start, *, steps):
        pass

    with pytest.raises(
        InputError, match="every option of walk 'march' must have a def"
    ):
        Walk(march)


def test_members_travel_with_their_function_by_name():
    longer = strolling.vary(steps=9)
    again = pickle.loads(pickle.dumps(longer))
    assert (again, again.__name__, again.gait) == (longer, longer.__name__, "fast")
    mine = Walk(own, (("steps", 5),), gait="odd")
    again = pickle.loads(pickle.dumps(mine))
    assert (again, again.__name__) == (mine, "own(steps=5)")
    assert pickle.loads(pickle.dumps(strolling)) == strolling


def test_a_variant_is_a_set_of_options_and_others_go_before_it():
    variants = {"usual": {}, "tired": {"rest": 0.9, "back": True}}
    walk = Walk(stroll, variants=variants)
    tired = walk.vary(variant="tired")
    assert (tired.__name__, tired.changed) == (
        "stroll(tired)", {"rest": 0.9, "back": True},
    )  # fmt: skip
    assert walk.vary(rest=0.9, back=True) == tired
    assert walk.vary(variant="usual") is walk.vary(variant=None) is walk
    quick = walk.vary(variant="tired", rest=0.1)
    assert quick.__name__ == "stroll(back=True,rest=0.1)"
    assert pickle.loads(pickle.dumps(tired)) == tired
    with pytest.raises(InputError, match=r"no variant 'brisk'; it has usual, tired$"):
        walk.vary(variant="brisk")
    with pytest.raises(InputError, match=r"takes rest, .*, variant \(usual, tired\)$"):
        walk.vary(gait="slow")
