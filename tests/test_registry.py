"""Families: a member under its own name, an unknown name with the known ones."""

import pytest

from netrobust.errors import InputError
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

    with pytest.raises(KeyError, match="registered twice"):
        shapes.register(square)
    assert shapes["square"] is not square


@pytest.mark.parametrize("name", ["triangle", "", 3, None, ["square"]])
def test_an_unknown_name_lists_the_known_ones(shapes, name):
    with pytest.raises(InputError) as caught:
        shapes[name]
    message = str(caught.value)
    assert message.startswith(f"unknown shape {name!r}; choose from: square, circle")
    if not isinstance(name, list):
        assert "did you mean" not in message
    assert caught.value.__suppress_context__


def test_a_slip_of_the_finger_is_understood(shapes):
    with pytest.raises(InputError, match=r"\(did you mean 'circle'\?\)"):
        shapes["circel"]


def test_summaries_are_first_lines_and_may_be_missing(shapes):
    assert shapes.summaries() == {"square": "Draw a square.", "circle": ""}
