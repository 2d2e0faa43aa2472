"""Families of functions, each found under its own name.

A family (perturbations, null models, measures, ...) is one `Registry`. A new member
is one function with the family's decorator; its name is its key, and the first line
of its docstring is what ``netrobust list`` prints.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Generic, TypeVar

from netrobust.errors import InputError

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
    netrobust.errors.InputError: unknown shape 'sqare'; choose from: square \
(did you mean 'square'?)
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._members: dict[str, T] = {}

    def register(self, member: T) -> T:
        """Add a member under its own ``__name__`` and return it unchanged."""
        name: str = member.__name__  # type: ignore[attr-defined]
        if name in self._members:
            raise KeyError(f"{self.kind} {name!r} is registered twice")
        self._members[name] = member
        return member

    def __getitem__(self, name: str) -> T:
        try:
            return self._members[name]
        except (KeyError, TypeError):
            hint = get_close_matches(str(name), self._members, n=1)
            meant = f" (did you mean {hint[0]!r}?)" if hint else ""
            known = ", ".join(self._members)
            raise InputError(
                f"unknown {self.kind} {name!r}; choose from: {known}{meant}"
            ) from None

    def __contains__(self, name: Any) -> bool:
        return name in self._members

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
