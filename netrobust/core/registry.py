"""Families of functions, each found under its own name.

A family (perturbations, null models, measures, ...) is one `Registry`. A new member
is one function with the family's decorator, which gives the function back; its name is
its key, and the first line of its docstring is what ``netrobust list`` prints.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, partial
from importlib.metadata import EntryPoint, entry_points
from inspect import unwrap
from re import fullmatch
from typing import Any, Generic, TypeVar, cast, overload

from netrobust.core.arguments import accepts
from netrobust.core.errors import InputError, UnknownNameError, meant, shown
from netrobust.core.options import (
    NAMED,
    Factory,
    WithOptions,
    changes,
    read_options,
)
from netrobust.core.own_functions import is_own, own

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Registry(Mapping[str, T], Generic[T]):
    """Members of one family by name; an unknown name lists the known ones.

    A member is a function, or a record that stands for one and has options, which text
    sets wherever a name is taken: ``gaussian_noise(amplitude=0.5)``.

    Not listed, but found, are functions of the user's own, ``mine.py:square``, and
    those that installed packages bring as entry points of the group `group`.

    Parameters
    ----------
    kind : str
        What a member is called in messages, such as ``"null model"``.
    record : callable, optional
        ``(function, **declared) -> WithOptions``: makes what stands for a function.
    declares : mapping, optional
        Attributes that members without a record may declare, with their defaults.

    Examples
    --------
    >>> shapes = Registry("shape", declares={"closed": True})
    >>> @shapes.register(closed=False)
    ... def square(side):
    ...     "Draw a square."
    >>> shapes["square"] is square, square.closed
    (True, False)
    >>> shapes["sqare"]
    Traceback (most recent call last):
    ...
    netrobust.core.errors.UnknownNameError: unknown shape 'sqare'; choose from: square \
(did you mean 'square'?)
    >>> walks = Registry("walk", WithOptions)
    >>> @walks.register
    ... def lazy(start, *, rest=0.5):
    ...     "Rest now and then."
    >>> walks["lazy(rest=0.9)"].options, walks["lazy( rest = 0.5 )"].__name__
    ({'rest': 0.9}, 'lazy')
    >>> walks["lazy(pace=2)"]
    Traceback (most recent call last):
    ...
    netrobust.core.errors.InputError: member 'lazy' has no option 'pace'; it takes rest
    """

    def __init__(
        self,
        kind: str,
        record: Callable[..., T] | None = None,
        declares: Mapping[str, Any] | None = None,
        takes: tuple[str, ...] | None = None,
    ) -> None:
        self.kind = kind
        self._takes = takes
        self._record = record
        self._declares = dict(declares or {})
        self._members: dict[str, T] = {}

    @overload
    def register(self, function: F, /) -> F: ...

    @overload
    def register(self, /, **declared: Any) -> Callable[[F], F]: ...

    def register(self, function: Any = None, /, **declared: Any) -> Any:
        """Add a function under its own ``__name__`` and return it.

        A member defined again, such as in a notebook cell that runs twice, takes the
        place of the one before.

        Parameters
        ----------
        function : callable
        declared
            What it says of itself: attributes that the family knows, which it bears
            from then on, or what its record takes.

        Raises
        ------
        InputError
            Another function has the name already, the function has none, or there is
            no such attribute.
        """
        if function is None:
            return partial(self.register, **declared)
        if self._record is not None:
            self._name_of(function)
            self.add(self._record(function, **declared))
            return function
        for name in declared:
            if name not in self._declares:
                known = ", ".join(self._declares) or "none"
                raise InputError(
                    f"a {self.kind} declares no {name!r}; it may declare {known}"
                )
        self.add(function)
        for name, value in (self._declares | declared).items():
            if name in declared or not hasattr(function, name):
                setattr(function, name, value)
        return function

    def add(self, member: T) -> T:
        """Add a member as it is under its own ``__name__``, and return it.

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

        A function that was registered is the member that stands for it.

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
        found = [
            self._standing_for(one) if callable(one) else self[one] for one in chosen
        ]
        names = [self._name_of(one) for one in found]
        if len(set(names)) < len(names):
            raise InputError(
                f"each {self.kind} can be asked for once; got {', '.join(names)}"
            )
        return cast(tuple[T, ...], tuple(found))

    def with_options(self, name: str, options: Mapping[str, Any] | None = None) -> T:
        """Give a member with its options set, such as those of a variant.

        Raises
        ------
        InputError
            The name, an option or a variant is unknown, or a value is not allowed.

        Examples
        --------
        >>> walks = Registry("walk", WithOptions)
        >>> @walks.register(variants={"tired": {"rest": 0.9}})
        ... def lazy(*, rest=0.5):
        ...     "Rest now and then."
        ...     return rest
        >>> tired = walks.with_options("lazy", {"variant": "tired"})
        >>> tired.__name__, tired.changed, tired()
        ('lazy(tired)', {'rest': 0.9}, 0.9)
        """
        member = self._plain(name)
        if isinstance(member, WithOptions):
            return cast(T, member.vary(**(options or {})))
        changes(f"{self.kind} {name!r}", options or {}, {})
        return member

    def _standing_for(self, function: Any) -> Any:
        function = unwrap(function)  # from a public name, which is a door
        known = self._members.get(getattr(function, "__name__", ""))
        if known is function or getattr(known, "function", None) is function:
            return known
        if self._takes is not None and not accepts(function, *self._takes):
            raise InputError(
                f"a {self.kind} of your own must be a function of "
                f"({', '.join(self._takes)}); got {shown(function)}"
            )
        return function

    @property
    def plural(self) -> str:
        """What several members are called."""
        return self.kind.removesuffix("y") + ("ies" if self.kind.endswith("y") else "s")

    @property
    def group(self) -> str:
        """The group of entry points in which packages bring members.

        Examples
        --------
        >>> Registry("null model").group
        'netrobust.null_models'
        """
        return f"netrobust.{self.plural.replace(' ', '_')}"

    @cached_property
    def _brought(self) -> dict[str, EntryPoint]:
        """Members that installed packages bring; ours go before them."""
        return {one.name: one for one in entry_points(group=self.group)}

    def _of_others(self, name: str) -> Any:
        """Give a member that a package brings, or that is the user's own."""
        function = own(name) if is_own(name) else self._brought[name].load()
        if not is_own(name) and self._name_of(function) != name:
            raise InputError(
                f"the entry point {name!r} of {self.group} names a function called "
                f"{function.__name__!r}; give both one name"
            )
        member, record = self._standing_for(function), self._record
        if member is function and isinstance(record, type):
            return record(function) if issubclass(record, Factory) else member
        return member

    def _name_of(self, member: Any) -> str:
        if not callable(member) or not hasattr(member, "__name__"):
            raise InputError(
                f"a {self.kind} of your own must be a function with a __name__; got "
                f"{member!r}"
            )
        return str(member.__name__)

    def _plain(self, name: str) -> T:
        """Look up a name without options."""
        try:
            return self._members[name]
        except (KeyError, TypeError):
            pass
        if is_own(name) or (isinstance(name, str) and name in self._brought):
            return cast(T, self._of_others(name))
        known = [*self._members, *self._brought]
        raise UnknownNameError(
            f"unknown {self.kind} {name!r}; choose from: {', '.join(known)}"
            f"{meant(name, known)}"
        )

    def __getitem__(self, name: str) -> T:
        named = fullmatch(rf"\s*{NAMED}\s*", name) if isinstance(name, str) else None
        if named is None or named[2] is None:
            return self._plain(name)
        member = self._plain(named[1])
        record = member if isinstance(member, WithOptions) else None
        usual = record.options if record else {}
        given = read_options(named[2], usual)
        if "variant" in given and not (record and record.variants):
            raise InputError(
                f"options of a {self.kind} are written as option=value; got {name!r}, "
                f"and {named[1]} takes {', '.join(usual) or 'none'}"
            )
        return self.with_options(named[1], given)

    def __contains__(self, name: Any) -> bool:
        try:
            self[name]
        except InputError:
            return False
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def __repr__(self) -> str:
        return f"<{self.kind}: {', '.join(self._members)}>"

    def summaries(self) -> dict[str, str]:
        """First docstring line of every member, by name, those of packages last."""
        everything = {name: self[name] for name in [*self._members, *self._brought]}
        return {
            name: (member.__doc__ or "").strip().partition("\n")[0]
            for name, member in everything.items()
        }


def _origin(member: Any) -> tuple[str, str]:
    """Say where a member is defined: its module and its name there."""
    module = getattr(member, "__module__", "")
    return str(module), str(getattr(member, "__qualname__", member.__name__))
