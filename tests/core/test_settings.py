"""Validated settings: frozen, keyword-only, one sentence for each wrong field."""

import re
from dataclasses import FrozenInstanceError, asdict, replace
from fractions import Fraction
from typing import Annotated, Self

import numpy as np
import pytest
from pydantic import Field, model_validator

from netrobust.core.errors import InputError, shown
from netrobust.core.settings import choice, flag, number, settings, share, whole


@settings
class Walk:
    """A walk."""

    steps: Annotated[int, Field(ge=1)] = 3
    length: float = 0.5
    places: tuple[int, ...] = ()
    notes: dict[str, int] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.length > self.steps:
            raise InputError(f"length must not exceed steps; got {self.length}")
        return self


def sentence(**fields):
    with pytest.raises(InputError) as caught:
        Walk(**fields)
    assert caught.value.__suppress_context__
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_values_are_kept_or_turned_into_their_type():
    walk = Walk(steps=4, length=1, places=[1, 2])
    assert asdict(walk) == {"steps": 4, "length": 1.0, "places": (1, 2), "notes": {}}
    assert isinstance(walk.length, float)
    assert walk == Walk(steps=4, length=1.0, places=(1, 2))
    assert Walk().notes is not Walk().notes


def test_a_wrong_field_is_named_with_rule_and_value():
    assert sentence(steps=0) == (
        "Walk.steps: input should be greater than or equal to 1; got 0"
    )
    assert sentence(steps=2.5).startswith("Walk.steps: ")
    assert sentence(places=(1, "x")).startswith("Walk.places.1: ")
    assert sentence(notes={"a": "x"}).startswith("Walk.notes.a: ")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_are_finite(value):
    assert "finite number" in sentence(length=value)


def test_only_the_first_of_several_errors_is_told():
    assert sentence(steps=0, length="x").startswith("Walk.steps: ")


def test_an_unknown_field_is_told_with_the_known_ones():
    assert sentence(step=3) == (
        "Walk has no field 'step'; it has steps, length, places, notes"
    )


def test_a_rule_across_fields_speaks_for_the_whole():
    assert sentence(length=9) == "Walk: length must not exceed steps; got 9.0"


def test_frozen_keyword_only_and_checked_when_replaced():
    with pytest.raises(FrozenInstanceError):
        Walk().steps = 4
    with pytest.raises(TypeError):
        Walk(3)
    assert replace(Walk(), steps=5).steps == 5
    with pytest.raises(InputError):
        replace(Walk(), steps=0)


@pytest.mark.parametrize("value", [1, 7, 10**30, np.int64(3), np.uint8(1), np.array(2)])
def test_whole_numbers_are_integers_of_any_make(value):
    assert whole("jobs", value, 1) == value
    assert type(whole("jobs", value, 1)) is int


@pytest.mark.parametrize(
    "value",
    [0, -1, True, np.True_, 1.0, np.float32(2), "1", None, np.int64(-3), np.array([2])],
)
def test_other_numbers_are_named(value):
    with pytest.raises(InputError) as caught:
        whole("jobs", value, 1)
    assert str(caught.value) == f"jobs must be an integer, 1 or larger; got {value!r}"


REALS = [0, 1, 0.25, np.float64(0.5), np.float32(0.5), np.int64(1), Fraction(1, 4)]
NO_REALS = [True, np.True_, "0.5", None, float("nan"), 1j, [0.5], np.array([0.5])]


@pytest.mark.parametrize("value", REALS)
def test_shares_are_real_numbers_of_any_make(value):
    assert share("beta", value) == value
    assert type(share("beta", value)) is float


@pytest.mark.parametrize("value", [*NO_REALS, -1e-9, 1.0000001, 2, float("inf")])
def test_other_shares_are_named(value):
    message = f"beta must be a number in [0, 1]; got {value!r}"
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        share("beta", value)


@pytest.mark.parametrize("value", [*REALS, 1e300, 10**300])
def test_numbers_have_no_upper_limit_unless_said(value):
    assert number("size", value, 0) == float(value)
    assert type(number("size", value, 0)) is float


@pytest.mark.parametrize("value", [*NO_REALS, float("inf"), -float("inf"), 10**400, -2])
def test_other_numbers_without_limit_are_named(value):
    message = f"size must be a number, -1 or larger; got {shown(value)}"
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        number("size", value, -1)


def test_both_limits_are_allowed_themselves():
    assert [number("size", value, -1, 3) for value in (-1, 3)] == [-1.0, 3.0]
    for value in (-1.001, 3.001):
        with pytest.raises(InputError, match=r"a number in \[-1, 3\]; got"):
            number("size", value, -1, 3)


def test_a_choice_is_one_of_the_words():
    assert choice("side", "in", {"out": 1, "in": 2}) == "in"
    assert choice("side", "out", iter(("in", "out"))) == "out"


@pytest.mark.parametrize(
    "value", ["", "In", "inout", None, 0, ["in"], ("in",), np.array(["in", "out"])]
)
def test_other_words_are_named_with_the_allowed_ones(value):
    message = f"side must be one of in, out; got {value!r}"
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        choice("side", value, ("in", "out"))


def test_a_flag_is_true_or_false():
    assert flag("anneal", True) is True
    assert flag("anneal", False) is False


@pytest.mark.parametrize("value", [0, 1, "true", None, np.True_])
def test_other_flags_are_named(value):
    message = f"anneal must be true or false; got {value!r}"
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        flag("anneal", value)
