"""Options of the members of a family: keywords of functions, and the same as text.

``gaussian_noise(amplitude=0.5)`` is a member with an option set. The text can be typed
wherever a name can, and it is what tables call the member.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial
from inspect import Parameter, signature
from numbers import Real
from typing import Any, ClassVar, Self, TypeAlias

from netrobust.core.errors import InputError

Option: TypeAlias = bool | int | float | str

#: A name, and in brackets after it the text of its options, as a regular expression.
NAMED = r"([A-Za-z0-9_]+)(?:\(([^()]*)\))?"


def read_options(text: str | None, usual: Mapping[str, Any]) -> dict[str, Option]:
    """Read ``key=value, ...``, each value as what the default of its option is.

    What cannot be read so stays text, for the option's own check to refuse. A word
    alone stands for ``variant=word``.

    Examples
    --------
    >>> read_options("batches=50, anneal=true", {"batches": 100, "anneal": False})
    {'batches': 50, 'anneal': True}
    >>> read_options("paper", {})
    {'variant': 'paper'}
    """
    options: dict[str, Option] = {}
    for part in filter(None, (text or "").split(",")):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            key, value = "variant", key
        options[key] = _value(value, usual.get(key, ""))
    return options


def _value(text: str, usual: Option) -> Option:
    if isinstance(usual, bool):
        return {"true": True, "false": False}.get(text.lower(), text)
    if isinstance(usual, (int, float)):
        for kind in (int, float):
            try:
                return kind(text)
            except ValueError:
                continue
    return text


def label(name: str, options: Mapping[str, Any]) -> str:
    """Write a name with its options, in the order of their names.

    Examples
    --------
    >>> label("walk", {"steps": 3, "back": True}), label("walk", {})
    ('walk(back=True,steps=3)', 'walk')
    """
    given = ",".join(f"{key}={value}" for key, value in sorted(options.items()))
    return f"{name}({given})" if given else name


def changes(
    what: str,
    given: Mapping[str, Any],
    usual: Mapping[str, Any],
    more: Iterable[str] = (),
) -> dict[str, Any]:
    """Leave out what is at its default, and refuse what is no option.

    Parameters
    ----------
    what : str
        Has the options, for the message.
    given, usual : mapping
        Options that came, and all there are with their defaults.
    more : iterable of str
        What else can be given, for the message.

    Raises
    ------
    InputError
        An option is unknown.

    Examples
    --------
    >>> changes("a walk", {"steps": 9, "rest": 0.5}, {"rest": 0.5, "steps": 3})
    {'steps': 9}
    """
    for option in given:
        if option not in usual:
            takes = ", ".join([*usual, *more]) or "none"
            raise InputError(f"{what} has no option {option!r}; it takes {takes}")
    return {
        key: given[key]
        for key in usual
        if key in given and not _same(given[key], usual[key])
    }


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def keywords(function: Callable[..., Any]) -> dict[str, Parameter]:
    """Give the options of a function: its keyword-only parameters.

    Examples
    --------
    >>> def walk(start, *, steps=3): ...
    >>> list(keywords(walk))
    ['steps']
    """
    parameters = signature(function).parameters.values()
    return {one.name: one for one in parameters if one.kind is Parameter.KEYWORD_ONLY}


@dataclass(frozen=True)
class WithOptions:
    """Stand for a function with its options set; the base of what families hold.

    Options are the keyword-only parameters of the function, each with a default. A
    value must be of the default's kind, and pass the check that the annotation holds:
    ``amplitude: Annotated[float, check] = 1.0`` with ``check(name, value) -> value``.
    It bears the function's name, with the options that are not at their defaults, and
    its docstring, and travels to other processes as the function would, by name.

    Parameters
    ----------
    function : callable
    given : mapping or tuple of pairs
        Values of options; held sorted, without those that are at their defaults.

    Raises
    ------
    InputError
        An option is unknown or has no default, or a value is not allowed.

    Examples
    --------
    >>> def walk(start, *, steps=3):
    ...     "Walk on."
    ...     return start + steps
    >>> longer = WithOptions(walk).vary(steps=9)
    >>> longer(1)
    10
    >>> longer.__name__, longer.options
    ('walk(steps=9)', {'steps': 9})
    >>> longer.vary(steps="many")
    Traceback (most recent call last):
    ...
    netrobust.core.errors.InputError: steps of walk must be a number; got 'many'
    """

    kind: ClassVar[str] = "member"

    function: Callable[..., Any]
    given: tuple[tuple[str, Option], ...] = ()
    __name__: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        name, known = self.function.__name__, self.parameters()
        for option, parameter in known.items():
            if parameter.default is Parameter.empty:
                raise InputError(
                    f"every option of {self.kind} {name!r} must have a default; "
                    f"{option} has none"
                )
        usual = {key: one.default for key, one in known.items()}
        given = changes(f"{self.kind} {name!r}", dict(self.given), usual)
        checked = {
            key: _checked(name, known[key], value) for key, value in given.items()
        }
        for key in ("__module__", "__qualname__", "__doc__"):
            object.__setattr__(self, key, getattr(self.function, key))
        object.__setattr__(self, "__name__", label(name, checked))
        object.__setattr__(self, "given", tuple(sorted(checked.items())))

    def parameters(self) -> dict[str, Parameter]:
        """Give the options there are, as keyword-only parameters."""
        return keywords(self.function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function with its options."""
        return self.function(*args, **kwargs, **self.set_for(self.function))

    @property
    def options(self) -> dict[str, Any]:
        """All options and their values."""
        usual = {key: one.default for key, one in self.parameters().items()}
        return usual | dict(self.given)

    def set_for(self, function: Callable[..., Any]) -> dict[str, Any]:
        """Give the values of those options that a function takes."""
        options = self.options
        return {key: options[key] for key in keywords(function) if key in options}

    def vary(self, **options: Any) -> Self:
        """Give the same with other values of some options."""
        varied = replace(self, given=tuple((dict(self.given) | options).items()))
        return self if varied == self else varied

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Travel to other processes by name, as the function would."""
        name = self.function.__name__
        home = getattr(sys.modules.get(self.function.__module__), name, None)
        if home is self:
            return name
        if isinstance(home, WithOptions) and home.function is self.function:
            return _varied, (home, self.given)
        parts = {one.name: getattr(self, one.name) for one in fields(self) if one.init}
        return partial(type(self), **parts), ()


def _varied(member: WithOptions, given: tuple[tuple[str, Option], ...]) -> WithOptions:
    return member.vary(**dict(given))


def _checked(name: str, parameter: Parameter, value: Any) -> Any:
    """Give the value of an option, after the check it is annotated with."""
    for check in getattr(parameter.annotation, "__metadata__", ()):
        if callable(check):
            return check(parameter.name, value)
    usual, kind = parameter.default, "anything"
    right = True
    if isinstance(usual, bool):
        right, kind = isinstance(value, bool), "true or false"
    elif isinstance(usual, (int, float)):
        right, kind = isinstance(value, Real), "a number"
        right &= not isinstance(value, bool)
    elif isinstance(usual, str):
        right, kind = isinstance(value, str), "text"
    if not right:
        raise InputError(f"{parameter.name} of {name} must be {kind}; got {value!r}")
    return value
