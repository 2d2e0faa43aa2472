"""Families: a member under its own name, an unknown name with the known ones."""

from functools import partial

import pytest

from netrobust.core.errors import InputError, UnknownNameError
from netrobust.core.options import WithOptions
from netrobust.core.registry import Registry


@pytest.fixture
def shapes():
    registry = Registry("shape")

    @registry.register
    def square(side):
        """Draw a square.

        In the plane.
        """

    @registry.register
    def circle(radius):
        pass

    return registry


def test_members_are_found_under_their_names_in_order(shapes):
    assert list(shapes) == ["square", "circle"]
    assert len(shapes) == 2
    assert "square" in shapes
    assert "Square" not in shapes
    assert shapes["square"].__name__ == "square"
    assert repr(shapes) == "<shape: square, circle>"


def test_register_gives_the_function_back():
    registry = Registry("shape")

    def line():
        """Draw a line."""

    assert registry.register(line) is line
    assert registry["line"] is line


def test_a_name_is_taken_once(shapes):
    def square():
        """Draw another square."""

    with pytest.raises(
        InputError, match=r"'square' is registered already, by .*test_reg"
    ):
        shapes.register(square)
    assert shapes["square"] is not square


def test_a_member_defined_again_takes_its_own_place(shapes):
    def define(side):
        def square():
            return side

        return shapes.register(square)

    del shapes._members["square"]
    first, again = define(1), define(2)
    assert first is not again
    assert shapes["square"] is again
    assert list(shapes) == ["circle", "square"]


@pytest.mark.parametrize("member", [3, "line", partial(print)])
def test_what_is_no_function_with_a_name_is_refused(shapes, member):
    with pytest.raises(InputError, match="must be a function with a __name__; got"):
        shapes.register(member)


@pytest.mark.parametrize("name", ["triangle", "", 3, None, ["square"]])
def test_an_unknown_name_lists_the_known_ones(shapes, name):
    with pytest.raises(InputError) as caught:
        shapes[name]
    message = str(caught.value)
    assert message.startswith(f"unknown shape {name!r}; choose from: square, circle")
    if not isinstance(name, list):
        assert "did you mean" not in message
    assert caught.value.__context__ is None
    assert isinstance(caught.value, UnknownNameError)


def test_an_unknown_name_is_missing_as_from_any_mapping(shapes):
    assert shapes.get("triangle") is None
    assert shapes.get("triangle", 3) == 3
    assert shapes.get("circle") is shapes["circle"]
    assert [] not in shapes
    assert None not in shapes
    with pytest.raises(KeyError):
        shapes["triangle"]


def own():
    """Draw as I like."""


def test_members_are_names_and_functions_one_or_many(shapes):
    square, circle = shapes["square"], shapes["circle"]
    assert shapes.members("circle") == (circle,)
    assert shapes.members(own) == (own,)
    assert shapes.members(["circle", own, square]) == (circle, own, square)
    assert shapes.members(iter(("square",))) == (square,)
    assert shapes.members(shapes) == (square, circle)
    assert shapes.members([]) == ()


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ("triangle", "unknown shape 'triangle'; choose from: square, circle"),
        (["square", "triangle"], "unknown shape 'triangle'"),
        (["square", "square"], "each shape can be asked for once; got square, square"),
        ([own, own], "each shape can be asked for once; got own, own"),
        ([3], "unknown shape 3"),
        (None, "unknown shape None"),
        ([[]], r"unknown shape \[\]"),
        (partial(print), "must be a function with a __name__"),
    ],
)
def test_other_members_are_refused(shapes, chosen, message):
    with pytest.raises(InputError, match=message):
        shapes.members(chosen)


def test_a_slip_of_the_finger_is_understood(shapes):
    with pytest.raises(InputError, match=r"\(did you mean 'circle'\?\)"):
        shapes["circel"]


def test_summaries_are_first_lines_and_may_be_missing(shapes):
    assert shapes.summaries() == {"square": "Draw a square.", "circle": ""}


# Members that are set by text


def lazy(start, *, rest=0.5, back=False):
    """Rest now and then."""


class Walk(WithOptions):
    kind = "walk"


@pytest.fixture
def ways():
    family = Registry("walk")
    family.add(Walk(lazy))
    family.register(own)
    return family


def test_text_sets_the_options_of_a_member(ways):
    usual = ways["lazy"]
    assert ways["lazy(rest=0.9)"] == usual.vary(rest=0.9)
    for text in ("lazy()", "lazy(rest=0.5)", " lazy(back=false) "):
        assert ways[text] is usual
    assert ways["own"] is own
    assert ways["own()"] is own
    assert list(ways) == ["lazy", "own"]
    assert "lazy(back=True)" in ways


def test_text_is_taken_wherever_a_name_is(ways):
    found = ways.members(["lazy", "lazy(rest=0.9)", own])
    assert [one.__name__ for one in found] == ["lazy", "lazy(rest=0.9)", "own"]
    with pytest.raises(
        InputError, match="each walk can be asked for once; got lazy, l"
    ):
        ways.members(["lazy", "lazy(rest=0.5)"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lazy(pace=2)", "^walk 'lazy' has no option 'pace'; it takes rest, back$"),
        ("own(pace=2)", "^walk 'own' has no option 'pace'; it takes none$"),
        ("lazy(rest=long)", "^rest of lazy must be a number; got 'long'$"),
        ("lazy(back=1)", "^back of lazy must be true or false; got '1'$"),
        (
            "lazy(0.9)",
            r"^options of a walk are written as option=value; got 'lazy\(0.9\)', and "
            "lazy takes rest, back$",
        ),
        (
            "lzy(rest=0.9)",
            r"^unknown walk 'lzy'; choose from: lazy, own \(did you mean",
        ),
        ("lazy(rest=0.9", r"^unknown walk 'lazy\(rest=0.9'; choose from: lazy, own"),
        ("lazy rest=0.9", "^unknown walk 'lazy rest=0.9'; choose from: lazy, own"),
    ],
)
def test_text_that_names_no_member_or_option_is_refused(ways, text, message):
    with pytest.raises(InputError, match=message):
        ways[text]
    assert text not in ways


@pytest.mark.parametrize("name", [3, None, ["lazy"]])
def test_what_is_no_text_is_no_member(ways, name):
    assert name not in ways
    with pytest.raises(UnknownNameError):
        ways[name]


# Members with options


@pytest.fixture
def walks():
    family = Registry("walk", Walk)

    @family.register(
        variants={
            "usual": {}, "tired": {"rest": 0.9, "back": True}, "quick": {"steps": 3},
        }
    )  # fmt: skip
    def lazy(*, rest=0.5, steps=3, back=False, gait="slow"):
        """Rest now and then."""
        return rest, steps, back, gait

    @family.register
    def straight():
        return "ahead"

    return family


def test_a_member_is_made_with_its_options(walks):
    assert walks["straight"]() == "ahead"
    assert walks["lazy"]() == walks.with_options("lazy")() == (0.5, 3, False, "slow")
    assert walks["lazy(steps=9)"]() == (0.5, 9, False, "slow")
    assert walks["lazy"].options == {
        "rest": 0.5, "steps": 3, "back": False, "gait": "slow",
    }  # fmt: skip
    assert walks["straight"].options == {}


def test_a_variant_is_a_set_of_options_and_others_go_before_it(walks):
    assert walks["lazy(tired)"]() == (0.9, 3, True, "slow")
    spelt = {"variant": "tired", "rest": 0.1, "gait": "fast"}
    assert walks.with_options("lazy", spelt)() == (0.1, 3, True, "fast")
    assert walks["lazy(tired, rest=0.1, gait=fast)"]() == (0.1, 3, True, "fast")
    assert spelt == {"variant": "tired", "rest": 0.1, "gait": "fast"}


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        ({}, {}),
        ({"rest": 0.5, "steps": 3, "back": False, "gait": "slow"}, {}),
        ({"steps": 3.0}, {}),
        ({"variant": "usual"}, {}),
        ({"variant": "quick"}, {}),
        ({"variant": "tired"}, {"rest": 0.9, "back": True}),
        ({"variant": "tired", "back": False}, {"rest": 0.9}),
        ({"gait": "fast", "rest": 1}, {"rest": 1, "gait": "fast"}),
    ],
)
def test_to_name_a_default_makes_no_other_settings(walks, options, changes):
    found = walks.with_options("lazy", options).changed
    assert found == changes
    assert list(found) == list(changes)  # in the order of the member's options
    assert [type(one) for one in found.values()] == [
        type(one) for one in changes.values()
    ]


@pytest.mark.parametrize(
    ("options", "label"),
    [
        ({"steps": 3}, "lazy"),
        ({"variant": "quick"}, "lazy"),
        ({"variant": "tired"}, "lazy(tired)"),
        ({"back": True, "rest": 0.9}, "lazy(tired)"),
        ({"variant": "tired", "steps": 4}, "lazy(back=True,rest=0.9,steps=4)"),
        ({"rest": 0.9}, "lazy(rest=0.9)"),
    ],
)
def test_labels_name_what_differs_from_the_defaults(walks, options, label):
    assert walks.with_options("lazy", options).__name__ == label


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("lzy", {}, r"unknown walk 'lzy'; choose from: lazy, straight \(did you mean "),
        (
            "lazy",
            {"rst": 1},
            r"^walk 'lazy' has no option 'rst'; it takes rest, steps, back, gait, "
            r"variant \(usual, tired, quick\)$",
        ),
        (
            "straight",
            {"rest": 1},
            "walk 'straight' has no option 'rest'; it takes none",
        ),
        (
            "lazy",
            {"variant": "brisk"},
            "'lazy' has no variant 'brisk'; it has usual, ti",
        ),
        ("lazy", {"variant": ["tired"]}, r"'lazy' has no variant \['tired'\]; it has"),
        ("straight", {"variant": "tired"}, "has no variant 'tired'; it has none"),
    ],
)
def test_other_options_and_variants_are_refused(walks, name, options, message):
    with pytest.raises(InputError, match=message):
        walks.with_options(name, options)


def test_a_function_given_is_the_member_that_stands_for_it(walks):
    made = []

    @walks.register
    def brisk(*, pace=2):
        """Go fast."""
        made.append(pace)

    assert brisk(pace=3) is None
    assert walks.members(brisk) == (walks["brisk"],)
    walks["brisk(pace=4)"]()
    assert made == [3, 4]


def test_members_declare_attributes_that_the_family_knows():
    family = Registry("shape", declares={"closed": True, "sides": 0})

    @family.register(sides=4)
    def square():
        """Draw a square."""

    assert (square.closed, square.sides) == (True, 4)
    with pytest.raises(InputError, match="a shape declares no 'side'; it may declare"):
        family.register(side=3)(lambda: None)
    assert list(family) == ["square"]
