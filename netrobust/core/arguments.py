"""What a public function says of a wrong argument: one sentence that names it.

Little is looked at on the way in: what works is right, whatever its type, and no call
becomes slower; iterators alone, which may have no end, must be asked for. Where a call
fails, the arguments are held against the annotations of the function. A wrong type is a
`TypeError`, a value that nothing can hold an `InputError`; an error that no argument
explains stays what it is.
"""

import ast
import operator
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, wraps
from inspect import signature, unwrap
from itertools import islice
from numbers import Real
from pathlib import Path
from pkgutil import resolve_name
from types import NoneType, UnionType
from typing import (
    Any,
    Literal,
    ParamSpec,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np

from netrobust.core.errors import InputError, shown

P = ParamSpec("P")
R = TypeVar("R")

_TOO_LARGE = ("maximum allowed dimension", "Maximum allowed dimension", "is too big")
_LOOKED_AT = 10_000  # elements of a collection whose types are looked at
_WORDS = {int: "an integer", float: "a number", str: "text", bool: "true or false",
          NoneType: "None", bytes: "bytes", os.PathLike: "a path"}  # fmt: skip
_ANY_ARRAY = ("ArrayLike", "_SupportsArray", "_NestedSequence", "_Buffer", "Buffer")


@cache
def named_in_errors(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function name the argument that made it fail.

    Parameters
    ----------
    function : callable
        With annotations; what it raises as `InputError` comes through as it is.

    Examples
    --------
    >>> @named_in_errors
    ... def half(number: float) -> float:
    ...     return number / 2
    >>> half(3)
    1.5
    >>> half("three")
    Traceback (most recent call last):
    ...
    TypeError: half: number must be a number; got a str ('three')
    """

    @wraps(function)
    def at_the_door(*args: P.args, **kwargs: P.kwargs) -> R:
        if any(hasattr(one, "__next__") for one in (*args, *kwargs.values())):
            _refuse_endless(function, args, kwargs)
        try:
            return function(*args, **kwargs)
        except InputError:
            raise
        except Exception as error:
            told = _told(function, args, kwargs, error)
            if told is None:
                raise
            raise told from None

    return at_the_door


def _refuse_endless(function: Callable[..., Any], args: Any, kwargs: Any) -> None:
    """Refuse an iterator where several are taken at once: it may have no end."""
    told = _told(function, args, kwargs, ValueError())
    if isinstance(told, TypeError):
        raise told from None


def _told(
    function: Callable[..., Any], args: Any, kwargs: Any, error: Exception
) -> Exception | None:
    """Give the error that names the argument; None where none explains it."""
    try:
        given = dict(signature(function).bind(*args, **kwargs).arguments)
    except TypeError:  # Python's own sentence names what is missing or too much
        return None
    name, hints = _name(function, args), hints_of(function)
    for argument, value in given.items():
        if argument in hints and not fits(value, hints[argument]):
            return TypeError(
                f"{name}: {argument} must be {said(hints[argument])}; got "
                f"{_article(type(value).__name__)} ({shown(value)})"
            )
    for argument, value in given.items():
        for part in _parts(value):
            if reason := _unusable(part):
                return InputError(f"{name}: {argument} {reason}")
    if isinstance(error, MemoryError) or any(one in str(error) for one in _TOO_LARGE):
        return InputError(
            f"{name}: this needs more memory than there is ({error or 'no more'}); "
            "give something smaller"
        )
    if isinstance(error, OSError) and error.filename is not None:
        paths = [str(one) for one in given.values() if isinstance(one, str | Path)]
        if any(path and str(error.filename).startswith(path) for path in paths):
            return InputError(
                f"{name}: {shown(str(error.filename))} cannot be used: "
                f"{error.strerror}; give another path"
            )
    return None


def _name(function: Callable[..., Any], args: Any) -> str:
    """Give what users call a function; a class for how one is made."""
    if function.__name__ == "__call__":
        return str(getattr(args[0], "__name__", type(args[0]).__name__))
    return function.__qualname__.rpartition("<locals>.")[2].removesuffix(".__init__")


def _parts(value: Any) -> Iterator[Any]:
    """Give a value, and what lies in it if it is a plain collection."""
    yield value
    if isinstance(value, list | tuple | set | frozenset):
        yield from islice(value, _LOOKED_AT)
    elif isinstance(value, Mapping):
        yield from islice(value, _LOOKED_AT)
        yield from islice(value.values(), _LOOKED_AT)


def _unusable(value: Any) -> str:
    """Say why no function can use a value; nothing if one may."""
    if isinstance(value, Path):
        value = str(value)
    if isinstance(value, int) and abs(value) >= 2**63:
        return f"must be smaller than 2**63 in size; got {shown(value)}"
    if isinstance(value, str):
        if "\0" in value:
            return f"must hold no NUL character; got {shown(value)}"
        try:
            value.encode()
        except UnicodeEncodeError:
            return f"must be text that UTF-8 can hold; got {shown(value)}"
    return ""


@cache
def hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Give the types of the arguments of a function; none where they are unknown."""
    plain = unwrap(function)
    spelt = {
        name: one.annotation
        for name, one in signature(plain).parameters.items()
        if not isinstance(one.annotation, str) and one.annotation is not one.empty
    }
    try:
        hints = get_type_hints(plain, localns=_late_names(plain.__module__))
    except Exception:  # an annotation of a user's own may be anything
        hints = {}
    return spelt | hints


@cache
def _late_names(module: str) -> dict[str, Any]:
    """Give what a module of ours imports for type checkers alone."""
    path = getattr(sys.modules.get(module), "__file__", None)
    if not module.startswith("netrobust.") or path is None:
        return {}
    found: dict[str, Any] = {}
    for block in ast.parse(Path(path).read_text("utf-8")).body:
        if not (isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test)):
            continue
        for line in block.body:
            if isinstance(line, ast.Import | ast.ImportFrom):
                home = getattr(line, "module", None)
                for one in line.names:
                    where = f"{home}:{one.name}" if home else one.name
                    found[one.asname or one.name] = resolve_name(where)
    return found


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of the type that an annotation names.

    Numbers of numpy are numbers, arrays and tensors are sequences, True is no number.

    Examples
    --------
    >>> fits(np.int64(3), int), fits([1, 2.5], list[float]), fits(True, int)
    (True, True, False)
    >>> fits("ab", list[str]), fits(None, int | None), fits({"a": "b"}, dict[str, int])
    (False, True, False)
    """
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if kind is Any:
        return True
    if kind in (Union, UnionType):
        if any(str(one).rpartition(".")[2].startswith(_ANY_ARRAY) for one in inner):
            return _numeric(value)
        return any(fits(value, one) for one in inner)
    if kind is Literal:
        return type(value) in {type(one) for one in inner}
    if kind in (int, float):
        return _is_number(value, kind)
    if kind is NoneType or hint is None:
        return value is None
    if kind is Callable:
        taken = _taken(inner)
        return callable(value) and (taken is None or accepts(value, *taken))
    if kind is np.ndarray:
        return _numeric(value)
    if not isinstance(kind, type):
        return True
    if getattr(kind, "_is_protocol", False):
        asked = [name for name in vars(kind) if not name.startswith("_")]
        return not isinstance(value, type) and all(hasattr(value, a) for a in asked)
    if issubclass(kind, Mapping):
        pairs = inner if len(inner) == 2 else (Any, Any)
        return isinstance(value, Mapping) and all(
            fits(key, pairs[0]) and fits(one, pairs[1])
            for key, one in islice(value.items(), _LOOKED_AT)
        )
    if issubclass(kind, Iterable) and inner and not issubclass(kind, Iterator):
        return _holds(value, kind, inner)
    return isinstance(value, kind)


def _is_number(value: Any, kind: type) -> bool:
    if isinstance(value, bool | np.bool_ | str):
        return False
    if kind is float:
        return isinstance(value, Real)
    try:
        operator.index(value)
    except TypeError:
        return False
    return True


def _numeric(value: Any) -> bool:
    """Whether numpy makes an array of numbers or truth values of it."""
    try:
        return np.asarray(value).dtype.kind in "biuf"
    except Exception:
        return False


def _holds(given: Any, kind: Any, inner: tuple[Any, ...]) -> bool:
    """Whether a value holds several of a type: a list for any kind of sequence."""
    array = hasattr(given, "dtype") and hasattr(given, "tolist")
    value = cast(Any, given.tolist() if array else given)
    if isinstance(value, str | bytes | Mapping) or not hasattr(value, "__iter__"):
        return isinstance(value, kind) and kind not in (list, tuple) and (
            all(fits(one, inner[0]) for one in islice(value, _LOOKED_AT))
        )  # fmt: skip
    if not hasattr(value, "__len__"):
        return issubclass(Iterable, kind)  # it comes once, and nobody knows its end
    if kind is tuple and inner[-1] is not Ellipsis:
        return len(value) == len(inner) and all(map(fits, value, inner))
    return all(fits(one, inner[0]) for one in islice(value, _LOOKED_AT))


def _taken(inner: tuple[Any, ...]) -> list[Any] | None:
    """Give the types that a function takes; None where its annotation tells none."""
    return inner[0] if inner and isinstance(inner[0], list) else None


def accepts(function: Any, *arguments: object, **options: object) -> bool:
    """Whether a function can be called with such arguments.

    What says nothing of its arguments is taken to accept them, but for types.

    Examples
    --------
    >>> accepts(abs, 1), accepts(abs, 1, 2), accepts(print, 1, end=""), accepts(int, 1)
    (True, False, True, False)
    """
    try:
        signature(function).bind(*arguments, **options)
    except ValueError:
        return not isinstance(function, type)
    except TypeError:
        return False
    return True


def said(hint: Any) -> str:
    """Say in words what an annotation names.

    Examples
    --------
    >>> said(int | None), said(list[float]), said(dict[str, int])
    ('an integer or None', 'a list of numbers', 'a dict')
    """
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if kind in (Union, UnionType):
        words = list(dict.fromkeys(said(one) for one in inner))
        if any("rray" in word or "Buffer" in word for word in words):
            return "an array of numbers"
        return " or ".join(words)
    if kind is Literal:
        return "one of " + ", ".join(map(repr, inner))
    if kind in _WORDS:
        return _WORDS[kind]
    if kind is np.ndarray:
        return "an array of numbers"
    if kind is Callable:
        names = [said(one) for one in _taken(inner) or ()]
        return f"a function of ({', '.join(names)})" if names else "a function"
    name = getattr(kind, "__name__", str(kind))
    if isinstance(kind, type) and issubclass(kind, Iterable) and len(inner) > 0:
        many = "" if issubclass(kind, Mapping) else f" of {_plural(inner[0])}"
        return _article(name.lower() + many)
    package = getattr(kind, "__module__", "").partition(".")[0]
    ours = package in ("netrobust", "builtins", "typing", "pathlib", "collections")
    return _article(name if ours else f"{package} {name}")


def _plural(hint: Any) -> str:
    word = said(hint).removeprefix("an ").removeprefix("a ")
    one_word = word.isalpha() and word not in ("text", "None")
    return word + "s" if one_word else "texts" if word == "text" else f"({word})"


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiouAEIO' else 'a'} {noun}"
