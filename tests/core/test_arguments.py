"""Arguments that made a call fail are named; all else comes through."""

import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch

import netrobust as nr
from netrobust.core.arguments import fits, hints_of, named_in_errors, said
from netrobust.core.errors import InputError, shown

FIT = [
    (3, int), (np.int32(3), int),
    (3, float), (np.float32(3), float), (None, int | None),
    ([1, 2], Sequence[int]), (np.arange(3), Sequence[int]), ((1, 2), tuple[int, int]),
    (range(3), Sequence[int]), (torch.ones(2), Sequence[float]), ("ab", str),
    ({"a": 1}, Mapping[str, int]), (iter("ab"), Iterable[str]),
    ("a", Literal["a", "b"]), (len, Any), ([[1]], np.ndarray), ("ab", Sequence[str]),
    (1, "unknown"), (max, Callable[[int, int], int]), (len, Callable[..., Any]),
]  # fmt: skip
MISFIT = [
    (True, int), (1.5, int), ("3", float), (1j, float), (np.True_, float),
    ([1, "a"], Sequence[int]), (iter([1]), Sequence[int]), ((1, 2, 3), tuple[int, int]),
    ("ab", list[str]), ({"a": "b"}, Mapping[str, int]), ("ab", Sequence[float]),
    (3, Literal["a"]), ([["a"]], np.ndarray), (None, str),
    (torch.ones(()), list[float]), (len, Callable[[int, int], int]),
    (int, Callable[[int], int]),
]  # fmt: skip


@pytest.mark.parametrize(("value", "hint"), FIT)
def test_what_fits(value, hint):
    assert fits(value, hint)


@pytest.mark.parametrize(("value", "hint"), MISFIT)
def test_what_does_not(value, hint):
    assert not fits(value, hint)
    assert said(hint)


@named_in_errors
def pick(values: Sequence[int], at: int = 0, path: str | Path = "") -> Any:
    if path:
        return Path(path).read_text()
    return values[at].bit_length() + np.empty(at).size


def test_a_wrong_type_is_one_sentence():
    with pytest.raises(TypeError, match=r"^pick: at must be an integer; got"):
        pick([1, 2], "a")
    with pytest.raises(TypeError, match=r"^pick: values must be a sequence of int"):
        pick(iter([1, 2]))


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (([1], 2**70), r"at must be smaller than 2\*\*63"),
        (([1], 0, "a\0b"), "path must hold no NUL"),
        (([1], 0, "\udcff"), "path must be text that UTF-8 can hold"),
        (([1], 0, "x" * 300), "cannot be used: File name too long; give another path"),
        (([1] * 10**6, 10**6 - 1), None),
    ],
)
def test_a_wrong_value_is_input(arguments, match):
    if match is None:
        assert pick(*arguments)
        return
    with pytest.raises(InputError, match=match):
        pick(*arguments)


def test_too_little_memory_is_input():
    @named_in_errors
    def greedy(size: int) -> Any:
        return np.empty(size)

    with pytest.raises(InputError, match="needs more memory than there is"):
        greedy(2**60)


def test_what_no_argument_explains_stays():
    with pytest.raises(IndexError):
        pick([1], 5)
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        pick()


def test_public_functions_are_doors_and_travel():
    assert pickle.loads(pickle.dumps(nr.measure)) is nr.measure
    with pytest.raises(TypeError, match=r"^legend: figure must be a matplotlib Figure"):
        nr.draw.legend("x")  # type: ignore[arg-type]


def test_every_public_function_has_types_that_are_known():
    for name in nr.__all__:
        function = getattr(nr, name)
        if hasattr(function, "__wrapped__"):
            assert hints_of(function).keys() - {"return"} or name in (
                "info", "signed_measures"
            )  # fmt: skip


def test_messages_take_no_more_than_they_need():
    assert len(shown([0] * 10**5)) <= 100
    assert "\n" not in str(InputError("a\nb"))
    long = str(InputError(f"x must be 1; got {'y' * 9999}"))
    assert long.startswith("x must be 1; got yyy")
    assert len(long) < 150
