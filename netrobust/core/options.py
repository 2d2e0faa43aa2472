"""Options of the members of a family: keywords of functions, and the same as text.

``gaussian_noise(amplitude=0.5)`` is a member with an option set. The text can be typed
wherever a name can, and it is what tables call the member.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from inspect import Parameter, signature
from numbers import Real
from typing import Any, ClassVar, Self, TypeAlias

from netrobust.core.errors import InputError

Option: TypeAlias = bool | int | float | str

#: A name, perhaps after a file or module and a colon, and in brackets after it the text
#: of its options, as a regular expression.
NAMED = r"((?:[^()@]*:)?[A-Za-z0-9_]+)(?:\(([^()]*)\))?"


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
        for kind in (int, float) if text.isascii() and "_" not in text else ():
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


@cache  # a study asks thousands of times
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


Pairs: TypeAlias = tuple[tuple[str, Option], ...]


@dataclass(frozen=True)
class WithOptions:
    """Stand for a function with its options set; the base of what families hold.

    Options are the keyword-only parameters of the function, each with a default. A
    value must be of the default's kind, and pass the check that the annotation holds:
    ``amplitude: Annotated[float, check] = 1.0`` with ``check(name, value) -> value``.
    It bears the function's name, with the options that are not at their defaults, and
    its docstring.

    Parameters
    ----------
    function : callable
    given : mapping or tuple of pairs
        Values of options; held sorted, without those that are at their defaults.
    variants : mapping of str to mapping
        Named sets of options, such as those of a released code. One is chosen as
        ``variant=NAME``; other options go before it.

    Raises
    ------
    InputError
        An option or a variant is unknown, an option has no default, or a value is not
        allowed.

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
    >>> WithOptions(walk, variants={"far": {"steps": 99}}).vary(variant="far")(1)
    100
    """

    kind: ClassVar[str] = "member"

    function: Callable[..., Any]
    given: Pairs = ()
    variants: tuple[tuple[str, Pairs], ...] = ()
    __name__: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        name, known = self.called(), self.parameters()
        for option, parameter in known.items():
            if parameter.default is Parameter.empty:
                raise InputError(
                    f"every option of {self.kind} {name!r} must have a default; "
                    f"{option} has none"
                )
        variants = {key: dict(one) for key, one in dict(self.variants).items()}
        given = self._changes(dict(self.given), variants)
        for key in ("__module__", "__qualname__"):
            object.__setattr__(self, key, getattr(self.function, key))
        object.__setattr__(self, "__doc__", self.described())
        object.__setattr__(self, "given", _pairs(given))
        held = tuple((key, _pairs(one)) for key, one in variants.items())
        object.__setattr__(self, "variants", held)
        object.__setattr__(self, "__name__", self._label(name, given, variants))

    def called(self) -> str:
        """Give the name of the member, without its options."""
        return self.function.__name__

    def described(self) -> str | None:
        """Give the docstring of the member."""
        return self.function.__doc__

    def parameters(self) -> dict[str, Parameter]:
        """Give the options there are, as keyword-only parameters."""
        return keywords(self.function)

    def _changes(
        self, given: dict[str, Any], variants: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, Any]:
        """Spell a variant out, check values, and leave out what is at its default."""
        what, known = f"{self.kind} {self.called()!r}", self.parameters()
        if "variant" not in known:
            chosen = given.pop("variant", None)
            if chosen is not None and chosen not in list(variants):
                raise InputError(
                    f"{what} has no variant {chosen!r}; it has "
                    f"{', '.join(variants) or 'none'}"
                )
            given = {**variants.get(str(chosen), {}), **given}
        usual = {key: one.default for key, one in known.items()}
        more = [f"variant ({', '.join(variants)})"] if variants else []
        return {
            key: self._checked(known[key], value)
            for key, value in changes(what, given, usual, more).items()
        }

    def _label(
        self,
        name: str,
        given: dict[str, Any],
        variants: Mapping[str, Mapping[str, Any]],
    ) -> str:
        for variant, spelt in variants.items() if given else ():
            if given == self._changes(dict(spelt), {}):
                return f"{name}({variant})"
        return label(name, given)

    def _checked(self, parameter: Parameter, value: Any) -> Any:
        return _checked(self.called(), parameter, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function with its options."""
        return self.function(*args, **kwargs, **self.set_for(self.function))

    @property
    def changed(self) -> dict[str, Any]:
        """The options that are not at their defaults, in the function's order."""
        given = dict(self.given)
        return {key: given[key] for key in self.parameters() if key in given}

    @property
    def options(self) -> dict[str, Any]:
        """All options and their values."""
        usual = {key: one.default for key, one in self.parameters().items()}
        return usual | dict(self.given)

    def set_for(self, function: Callable[..., Any]) -> dict[str, Any]:
        """Give the values of those options that a function takes."""
        options = self.options
        return {key: options[key] for key in keywords(function) if key in options}

    def vary(self, /, **options: Any) -> Self:
        """Give the same with other values of some options."""
        varied = replace(self, given=tuple((dict(self.given) | options).items()))
        return self if varied == self else varied


class Factory(WithOptions):
    """Stand for a factory, ``(**options) -> what does the work``.

    It checks the values of its options itself when it is called.
    """

    def _checked(self, parameter: Parameter, value: Any) -> Any:
        return value


def _pairs(options: Mapping[str, Option]) -> Pairs:
    return tuple(sorted(options.items()))


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
