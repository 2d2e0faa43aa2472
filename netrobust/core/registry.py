"""Families of functions, each found under its own name.

A family (perturbations, null models, measures, ...) is one `Registry`. A new member
is one function with the family's decorator; its name is its key, and the first line
of its docstring is what ``netrobust list`` prints.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from inspect import signature
from re import fullmatch
from typing import Any, Generic, TypeVar, cast

from netrobust.core.errors import InputError, UnknownNameError
from netrobust.core.options import (
    NAMED,
    Option,
    WithOptions,
    changes,
    label,
    read_options,
)

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """Members of one family by name; an unknown name lists the known ones.

    Parameters
    ----------
    kind : str
        What a member is called in messages, such as ``"null model"``.

    Examples
    --------
    >>> shapes = Registry("shape")
    >>> @shapes.register
    ... def square(side):
    ...     "Draw a square."
    >>> shapes["square"] is square
    True
    >>> shapes["sqare"]
    Traceback (most recent call last):
    ...
    netrobust.core.errors.UnknownNameError: unknown shape 'sqare'; choose from: square \
(did you mean 'square'?)
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._members: dict[str, T] = {}

    def register(self, member: T) -> T:
        """Add a member under its own ``__name__`` and return it unchanged.

        A member defined again, such as in a notebook cell that runs twice, takes the
        place of the one before.

        Raises
        ------
        InputError
            Another function has the name already, or the member has none.
        """
        name = self._name_of(member)
        before = self._members.get(name)
        if before is not None and _origin(before) != _origin(member):
            raise InputError(
                f"a {self.kind} called {name!r} is registered already, by "
                f"{'.'.join(_origin(before))}; give yours another name"
            )
        self._members[name] = member
        return member

    def members(
        self, chosen: str | Callable[..., Any] | Iterable[Any]
    ) -> tuple[T, ...]:
        """Look up names, and take functions of the user's own as they are.

        Parameters
        ----------
        chosen : str, callable, or iterable of both
            One alone stands for itself.

        Raises
        ------
        InputError
            A name is unknown or comes twice, a function has no name, or what came is
            neither name nor function.

        Examples
        --------
        >>> shapes = Registry("shape")
        >>> @shapes.register
        ... def square(side):
        ...     "Draw a square."
        >>> def circle(radius):
        ...     "Draw a circle."
        >>> shapes.members(["square", circle]) == (square, circle)
        True
        """
        if isinstance(chosen, str) or not isinstance(chosen, Iterable):
            chosen = [chosen]
        found = [one if callable(one) else self[one] for one in chosen]
        names = [self._name_of(one) for one in found]
        if len(set(names)) < len(names):
            raise InputError(
                f"each {self.kind} can be asked for once; got {', '.join(names)}"
            )
        return cast(tuple[T, ...], tuple(found))

    def _name_of(self, member: Any) -> str:
        if not callable(member) or not hasattr(member, "__name__"):
            raise InputError(
                f"a {self.kind} of your own must be a function with a __name__; got "
                f"{member!r}"
            )
        return str(member.__name__)

    def __getitem__(self, name: str) -> T:
        try:
            return self._members[name]
        except (KeyError, TypeError):
            hint = get_close_matches(str(name), self._members, n=1)
            meant = f" (did you mean {hint[0]!r}?)" if hint else ""
            known = ", ".join(self._members)
            raise UnknownNameError(
                f"unknown {self.kind} {name!r}; choose from: {known}{meant}"
            ) from None

    def __contains__(self, name: Any) -> bool:
        return isinstance(name, str) and name in self._members

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __repr__(self) -> str:
        return f"<{self.kind}: {', '.join(self._members)}>"

    def summaries(self) -> dict[str, str]:
        """First docstring line of every member, by name."""
        return {
            name: (member.__doc__ or "").strip().partition("\n")[0]
            for name, member in self._members.items()
        }


class Varied(Registry[T]):
    """A family whose members have options, set by text wherever a name is taken.

    Members are `WithOptions`: they have ``options`` and ``vary(**options)``, which
    checks them, and bear the text that gives them back as their ``__name__``. Plain
    functions may be members too, and have no options.

    Examples
    --------
    >>> walks = Varied("walk")
    >>> class Walk(WithOptions):
    ...     kind = "walk"
    >>> def lazy(start, *, rest=0.5):
    ...     "Rest now and then."
    >>> lazy = walks.register(Walk(lazy))
    >>> walks["lazy(rest=0.9)"].options, walks["lazy( rest = 0.5 )"] is lazy
    ({'rest': 0.9}, True)
    >>> walks["lazy(pace=2)"]
    Traceback (most recent call last):
    ...
    netrobust.core.errors.InputError: walk 'lazy' has no option 'pace'; it takes rest
    """

    def __getitem__(self, name: str) -> T:
        named = fullmatch(rf"\s*{NAMED}\s*", name) if isinstance(name, str) else None
        if named is None or named[2] is None:
            return super().__getitem__(name)
        member: Any = super().__getitem__(named[1])
        usual = member.options if isinstance(member, WithOptions) else {}
        given = read_options(named[2], usual)
        if "variant" in given and "variant" not in usual:
            raise InputError(
                f"options of a {self.kind} are written as option=value; got {name!r}, "
                f"and {named[1]} takes {', '.join(usual) or 'none'}"
            )
        changes(f"{self.kind} {named[1]!r}", given, usual)
        return cast(T, member.vary(**given) if given else member)

    def __contains__(self, name: Any) -> bool:
        try:
            self[name]
        except InputError:
            return False
        return True


class Makers(Registry[Callable[..., T]]):
    """A family whose members have options: ``(**options) -> what does the work``.

    Every option of a member is a keyword with a default. A *variant* is a named set of
    options, such as those of a released code; it is given as ``variant=NAME`` beside
    other options, which go before it.

    Examples
    --------
    >>> walks = Makers("walk")
    >>> @walks.register
    ... def lazy(*, rest=0.5):
    ...     "Rest now and then."
    ...     return lambda: rest
    >>> walks.vary(lazy, tired={"rest": 0.9})
    >>> walks.make("lazy", {"variant": "tired"})()
    0.9
    >>> walks.make("lazy", {"pace": 2})
    Traceback (most recent call last):
    ...
    netrobust.core.errors.InputError: walk 'lazy' has no option 'pace'; it takes rest, \
variant (tired)
    """

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self._variants: dict[str, dict[str, dict[str, Option]]] = {}

    def vary(self, member: Callable[..., T], **variants: dict[str, Option]) -> None:
        """Name sets of options of a member."""
        self._variants[member.__name__] = variants

    def variants(self, name: str) -> dict[str, dict[str, Option]]:
        """Give the named sets of options of a member, each with what it changes."""
        return dict(self._variants.get(self._known(name), {}))

    def defaults(self, name: str) -> dict[str, Any]:
        """Give the options of a member with the values they have if not given."""
        return {
            one.name: one.default for one in signature(self[name]).parameters.values()
        }

    def make(self, name: str, options: Mapping[str, Any] | None = None) -> T:
        """Look up a member and set its options.

        Raises
        ------
        InputError
            The name, an option or a variant is unknown, or a value is not allowed.
        """
        return self[name](**self.changes(name, options or {}))

    def changes(self, name: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Spell a variant out and leave out what is at its default.

        Naming a default makes no other settings.

        Raises
        ------
        InputError
            The name, an option or a variant is unknown.
        """
        usual, variants = self.defaults(name), self.variants(name)
        given = dict(options)
        chosen = given.pop("variant", None)
        if chosen is not None and chosen not in list(variants):
            known = ", ".join(variants) or "none"
            raise InputError(
                f"{self.kind} {name!r} has no variant {chosen!r}; it has {known}"
            )
        given = {**variants.get(str(chosen), {}), **given}
        more = [f"variant ({', '.join(variants)})"] if variants else []
        return changes(f"{self.kind} {name!r}", given, usual, more)

    def label(self, name: str, options: Mapping[str, Any]) -> str:
        """Name a member with the options that differ from its defaults, for tables.

        Examples
        --------
        >>> walks = Makers("walk")
        >>> @walks.register
        ... def lazy(*, rest=0.5):
        ...     "Rest now and then."
        >>> walks.label("lazy", {"rest": 0.5}), walks.label("lazy", {"rest": 0.1})
        ('lazy', 'lazy(rest=0.1)')
        """
        given = self.changes(name, options)
        for variant, spelt in self.variants(name).items() if given else ():
            if given == self.changes(name, spelt):
                return f"{name}({variant})"
        return label(name, given)

    def _known(self, name: str) -> str:
        self[name]  # refuses what it does not know
        return name


def _origin(member: Any) -> tuple[str, str]:
    """Say where a member is defined: its module and its name there."""
    module = getattr(member, "__module__", "")
    return str(module), str(getattr(member, "__qualname__", member.__name__))
