"""Shards: equal shares of the units of a job, one for each process of an array."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from netrobust.core.arguments import named_in_errors
from netrobust.core.errors import InputError


class Shard(NamedTuple):
    """One of several equal shares of the units of a job, counted from 1."""

    number: int
    total: int

    @classmethod
    @named_in_errors
    def parse(cls, text: str) -> "Shard":
        """Read a shard from text.

        Raises
        ------
        InputError
            The text is malformed or the number out of range.

        Examples
        --------
        >>> Shard.parse("2/4")
        Shard(number=2, total=4)
        >>> Shard.parse("3/2")
        Traceback (most recent call last):
        ...
        netrobust.core.errors.InputError: a shard is a number and a count, from 1/n to \
n/n, such as 2/4; got '3/2'
        """
        first, slash, second = text.partition("/")
        short = max(len(first), len(second)) < 10  # Python reads no endless numbers
        digits = first.isdecimal() and second.isdecimal() and text.isascii()
        if slash and short and digits:
            shard = cls(int(first), int(second))
            if 1 <= shard.number <= shard.total:
                return shard
        raise InputError(
            "a shard is a number and a count, from 1/n to n/n, such as 2/4; got "
            f"{text!r}"
        )

    def of(self, units: Iterable[Any]) -> list[Any]:
        """Give the share of the units, in their order.

        Examples
        --------
        >>> [Shard(number, 2).of("abcde") for number in (1, 2)]
        [['a', 'c', 'e'], ['b', 'd']]
        """
        return list(units)[self.number - 1 :: self.total]

    @property
    def text(self) -> str:
        """What `parse` reads.

        Examples
        --------
        >>> Shard(2, 4).text
        '2/4'
        """
        return f"{self.number}/{self.total}"

    def __str__(self) -> str:
        """Give the name of the shard in the names of its files."""
        return f"{self.number}-of-{self.total}"
