"""The words of a command, before a verb gets them.

The parser, and Python's own reading of numbers behind it, take more than is meant:
words that are no text, numbers with underscores or in the digits of any script.
"""

import re
from collections.abc import Sequence
from typing import Any
from unicodedata import category

import typer

from netrobust.core.errors import InputError, shown

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?(inf|nan)", re.ASCII)
_LONGEST = 300  # digits


def check_words(words: Sequence[str]) -> None:
    """Refuse, with InputError, words that say nothing or that no file can keep."""
    for word in words:
        option, equals, value = word.partition("=")
        if not word.strip() or (option[:2] == "--" and equals and not value.strip()):
            raise InputError(
                "names and values must not be empty; leave an option out, or see "
                f"whether a variable of the shell is set; got {shown(word)}"
            )
        if any(category(letter) == "Cc" for letter in word):
            raise InputError(
                "names and values must stand on one line without control characters; "
                f"got {shown(word)}"
            )
        try:
            word.encode()
        except UnicodeEncodeError:
            raise InputError(
                f"names and values must be text in UTF-8; got {shown(word)}; rename "
                "what is called so"
            ) from None


def plain_number(text: str, name: str) -> float:
    """Read a number in the digits 0 to 9, without underscores.

    Examples
    --------
    >>> plain_number(" 1e-3", "--eps")
    0.001
    >>> plain_number("1_0", "--eps")
    Traceback (most recent call last):
    ...
    netrobust.core.errors.InputError: --eps must be a number such as 10 or 0.5; got \
'1_0'
    """
    word = text.strip()
    if not _NUMBER.fullmatch(word.lower()) or len(word) > _LONGEST:
        raise InputError(
            f"{name} must be a number such as 10 or 0.5; got {shown(text)}"
        )
    return float(word)


def _whole(text: Any) -> int:
    try:
        if isinstance(text, str):
            plain_number(text, "an integer")
        return int(text)
    except ValueError:
        raise typer.BadParameter(
            f"must be an integer in the digits 0 to 9; got {shown(text)}"
        ) from None


def _number(text: Any) -> float:
    try:
        return plain_number(str(text), "it")
    except InputError as error:
        raise typer.BadParameter(str(error)) from None


#: How options of these kinds are read, as keywords of the parser's own `Option`.
AS_WHOLE: dict[str, Any] = {"parser": _whole, "metavar": "INTEGER"}
AS_NUMBER: dict[str, Any] = {"parser": _number, "metavar": "FLOAT"}
