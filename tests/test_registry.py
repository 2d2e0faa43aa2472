"""Families: a member under its own name, an unknown name with the known ones."""

from functools import partial

import pytest

from netrobust.errors import InputError, UnknownNameError
from netrobust.registry import Registry


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

    with pytest.raises(InputError, match="'square' is registered already, by test_reg"):
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
    assert caught.value.__suppress_context__
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
