"""Validated settings and numbers whose errors are one sentence."""

import json
import math
import operator
import re
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform

from netrobust.core.errors import InputError, shown
from netrobust.core.shown import html

if TYPE_CHECKING:
    from pydantic import ValidationError

C = TypeVar("C")

#: Of fractions, which these tell apart.
FRACTION_DIGITS = 12

#: Of a seed: tables hold it as a signed integer of 64 bits.
MOST_SEED = 2**63 - 1

#: Of processes at once.
MOST_JOBS = 10_000

#: Of draws, epochs and whatever else is done so often: more are a slip of the hand.
MOST_TIMES = 10**6

# Names that stay in the folder they are put into, and on one line.
_FILE_NAME = re.compile(r"[^./\\\x00-\x1f][^/\\\x00-\x1f]*")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def settings(cls: type[C]) -> type[C]:
    """Make a class a frozen, keyword-only dataclass that checks every field.

    A field that breaks its rule raises `InputError` naming the field, the rule and
    the value that came. What is shown is what differs from the defaults.

    Examples
    --------
    >>> @settings
    ... class Walk:
    ...     steps: int = 3
    >>> Walk(), Walk(steps=5)
    (Walk(), Walk(steps=5))
    >>> Walk(steps="many")
    Traceback (most recent call last):
    ...
    netrobust.core.errors.InputError: Walk.steps: input should be a valid integer, \
unable to parse string as an integer; got 'many'
    """
    # Pydantic takes longer to load than the rest of this module's users together.
    from pydantic import ConfigDict, ValidationError
    from pydantic.dataclasses import dataclass as validated_dataclass

    config = ConfigDict(extra="forbid", strict=False, allow_inf_nan=False)
    made: Any = validated_dataclass(frozen=True, kw_only=True, config=config)(cls)
    build = made.__init__

    kinds = cls.__annotations__

    def __init__(self: Any, /, **fields: Any) -> None:
        for name, value in fields.items():
            if name in kinds and not _may_be_true(kinds[name]) and _has_truth(value):
                raise InputError(
                    f"{cls.__name__}.{name}: true and false are no numbers or names; "
                    f"got {shown(value)}"
                )
        try:
            build(self, **fields)
        except ValidationError as error:
            raise InputError(_sentence(cls.__name__, made, error)) from None

    made.__init__ = __init__
    made.__repr__ = _short
    made._repr_html_ = lambda self: html(cls.__name__, _changed(self))
    return made


def _may_be_true(kind: Any) -> bool:
    return any(word in str(kind) for word in ("bool", "Any"))


def _has_truth(value: Any) -> bool:
    """Whether a value is true or false, or holds one; pydantic takes those for 1, 0."""
    if isinstance(value, list | tuple):
        return any(map(_has_truth, value))
    return isinstance(value, bool)


def _changed(one: Any) -> dict[str, Any]:
    """Give the fields of settings that are not at their defaults."""
    usual = {
        name: field.get_default(call_default_factory=True)
        for name, field in type(one).__pydantic_fields__.items()
    }
    given = {name: getattr(one, name) for name in usual}
    return {name: value for name, value in given.items() if value != usual[name]}


def _short(self: Any) -> str:
    given = ", ".join(f"{name}={value!r}" for name, value in _changed(self).items())
    return f"{type(self).__name__}({given})"


def whole(name: str, value: Any, least: int, most: int | None = None) -> int:
    """Give an integer of at least `least`; numpy's count, booleans do not.

    Parameters
    ----------
    name : str
        Of the number, for the message.
    value : int
    least : int
    most : int, optional

    Raises
    ------
    InputError
        The value is no integer, too small or too large.

    Examples
    --------
    >>> whole("jobs", 2, least=1)
    2
    >>> whole("jobs", 1.5, least=1)
    Traceback (most recent call last):
    ...
    netrobust.core.errors.InputError: jobs must be an integer, 1 or larger; got 1.5
    """
    try:
        number = operator.index(value)
    except TypeError:
        number = least - 1
    above = most is not None and number > most
    if isinstance(value, bool) or number < least or above:
        size = f" from {least} to {most}" if above else f", {least} or larger"
        raise InputError(f"{name} must be an integer{size}; got {shown(value)}")
    return number


def share(name: str, value: Any) -> float:
    """Give a number in [0, 1]; refuse others with InputError.

    Examples
    --------
    >>> share("beta", 0.25)
    0.25
    >>> share("beta", 2)
    Traceback (most recent call last):
    ...
    netrobust.core.errors.InputError: beta must be a number in [0, 1]; got 2
    """
    return number(name, value, 0, 1)


def canonical_fraction(fraction: float) -> float:
    """Round a fraction as tables hold it, so that equal ones are one key.

    Examples
    --------
    >>> canonical_fraction(0.1 + 0.2), canonical_fraction(-0.0)
    (0.3, 0.0)
    """
    return round(float(fraction), FRACTION_DIGITS) + 0.0


def number(name: str, value: Any, least: float, most: float = math.inf) -> float:
    """Give a finite number from `least` to `most`; refuse others with InputError.

    Examples
    --------
    >>> number("amplitude", 3, least=0)
    3.0
    """
    real = isinstance(value, Real) and not isinstance(value, bool)
    try:
        given = float(value) if real else math.nan
    except OverflowError:  # an integer beyond all floats
        given = math.nan
    if not (math.isfinite(given) and least <= given <= most):
        within = f"{least} or larger" if most == math.inf else f"in [{least}, {most}]"
        raise InputError(
            f"{name} must be a number{', ' if most == math.inf else ' '}{within}; "
            f"got {shown(value)}"
        )
    return given


def positive(name: str, value: Any) -> float:
    """Give a finite number larger than 0; refuse others with InputError.

    Examples
    --------
    >>> positive("variance", 3)
    3.0
    """
    real = isinstance(value, Real) and not isinstance(value, bool)
    if not (real and value > 0):
        raise InputError(
            f"{name} must be a finite number larger than 0; got {shown(value)}"
        )
    return number(name, value, 0)


def choice(name: str, value: Any, allowed: Iterable[str]) -> str:
    """Give one of the allowed words; refuse others with InputError.

    Examples
    --------
    >>> choice("side", "in", ("in", "out"))
    'in'
    """
    known = tuple(allowed)
    if not isinstance(value, str) or value not in known:
        raise InputError(
            f"{name} must be one of {', '.join(known)}; got {shown(value)}"
        )
    return str(value)


def file_name(name: str, value: Any) -> str:
    """Give text that files can be called after; refuse other with InputError.

    Examples
    --------
    >>> file_name("name", "mnist-5k")
    'mnist-5k'
    """
    if not isinstance(value, str) or not _FILE_NAME.fullmatch(value):
        raise InputError(
            f"{name} must be text without slashes that begins with no dot, for files "
            f"are called after it; got {shown(value)}"
        )
    return value


def label(name: str, value: Any) -> str:
    """Give text that stands in tables; refuse all else, and text of nothing.

    Examples
    --------
    >>> label("dataset", "cifar-10")
    'cifar-10'
    """
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{name} must be text, and not empty; got {shown(value)}")
    return value


def flag(name: str, value: Any) -> bool:
    """Give true or false; refuse others with InputError.

    Examples
    --------
    >>> flag("anneal", True)
    True
    """
    if not isinstance(value, bool):
        raise InputError(f"{name} must be true or false; got {shown(value)}")
    return value


def toml(value: Any) -> str:
    """Write a value as TOML.

    Examples
    --------
    >>> toml({"hidden": (30, 20), "label": "a b"})
    '{ hidden = [30, 20], label = "a b" }'
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        # A JSON string is a TOML string, but for the delete character.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", r"\u007f")
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{_key(key)} = {toml(one)}" for key, one in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml(one) for one in value)}]"
    return str(value)


def toml_file(fields: Mapping[str, Any]) -> str:
    """Write settings as a TOML file; what has no value is left out.

    Examples
    --------
    >>> print(toml_file({"networks": 3, "fallback": None}))
    networks = 3
    """
    return "\n".join(
        f"{_key(key)} = {toml(value)}"
        for key, value in fields.items()
        if value is not None
    )


def _key(key: str) -> str:
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else toml(key)


def _sentence(name: str, made: Any, error: "ValidationError") -> str:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "unexpected_keyword_argument":
        known = ", ".join(made.__dataclass_fields__)
        return f"{name} has no field {field!r}; it has {known}"
    reason = first["msg"]
    if first["type"] == "value_error":  # a sentence of our own
        reason = reason.removeprefix("Value error, ")
    else:
        reason = reason[0].lower() + reason[1:]
    where = f"{name}.{field}" if field else name
    return f"{where}: {reason}" + (f"; got {shown(first['input'])}" if field else "")
