"""Errors that are no defects: bad input, unavailable data, diverged or failed work.

Every other exception is a defect of netrobust and is shown with its traceback.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

_LINE = 100  # characters that a value may take in a sentence
_WORD = 500  # and an unbroken word in it, such as a path
_SENTENCE = 1500  # and the sentence: a name may be one of a hundred


def meant(name: object, known: Iterable[str]) -> str:
    """Suggest what a name that is not known may stand for.

    Examples
    --------
    >>> meant("quik", ["quick", "paper"]), meant("x", ["quick"])
    (" (did you mean 'quick'?)", '')
    """
    close = get_close_matches(str(name), list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


class InputError(ValueError):
    """The caller's input breaks a stated rule.

    The message is one sentence: what came, what is allowed, what to do. What came is
    shortened to a line. The command line prints it and ends with exit code 2.
    """

    def __init__(self, *args: object) -> None:
        super().__init__(*(_sentence(one) for one in args))


def shown(value: Any, most: int = _LINE) -> str:
    """Write a value into a sentence, on one line at most.

    Examples
    --------
    >>> shown([1, 2]), shown("a" * 50, most=20), shown(10**5000)
    ('[1, 2]', "'aaaaaaa ... aaaaaa'", 'an integer of 16610 bits')
    """
    try:
        text = repr(value)
    except ValueError:  # Python writes no endless numbers
        bits = value.bit_length() if isinstance(value, int) else 0
        text = f"an integer of {bits} bits" if bits else "one with endless numbers"
    except Exception:
        text = f"a {type(value).__name__}"
    return _shortened(" ".join(text.split()), most)


def _shortened(text: str, most: int) -> str:
    """Leave out the middle of a text that is too long."""
    if len(text) <= most:
        return text
    end = (most - 5) // 2
    return f"{text[: most - 5 - end]} ... {text[-end:]}"


def _sentence(said: object) -> object:
    """Put it on one line; shorten what came, words without end, and the whole."""
    if not isinstance(said, str) or (len(said) <= _LINE and "\n" not in said):
        return said
    said = " ".join(said.split())
    head, got, came = said.rpartition("; got ")
    if got and len(came) > 2 * _LINE:
        said = f"{head}{got}{_shortened(came, _LINE)}"
    said = re.sub(rf"\S{{{_WORD},}}", lambda one: _shortened(one[0], 100), said)
    return _shortened(said, _SENTENCE)


class UnwritableError(InputError):
    """A file cannot be written: no unit of a job can do better than the first."""


class UnknownNameError(InputError, KeyError):
    """A family has no member of this name; also a KeyError, as mappings raise."""

    def __str__(self) -> str:
        """Give the sentence itself, where a KeyError would show it quoted."""
        return Exception.__str__(self)


class DataUnavailableError(RuntimeError):
    """A data set is unavailable from all of its sources (exit code 3)."""


class DivergedError(RuntimeError):
    """Training failed although its settings are legal: numbers left the finite range.

    The message is one sentence that says what to change (exit code 1).
    """


class UnfinishedError(RuntimeError):
    """Some units of a job failed or were not done; all others are kept.

    The message is one sentence (exit code 1).

    Parameters
    ----------
    failed : mapping of str to str
        The reason, by the key of the unit.
    left : sequence of str
        Units that were not tried.
    total : int
        Units in all.
    logs : Path, optional
        Folder with a traceback for each failed unit.

    Examples
    --------
    >>> str(UnfinishedError({"a": "ValueError: no"}, [], 3))
    '1 of 3 units failed (a: ValueError: no); all others are kept; rerun the same \
command or call to try it again'
    """

    def __init__(
        self,
        failed: Mapping[str, str],
        left: Sequence[str],
        total: int,
        logs: Path | None = None,
    ) -> None:
        super().__init__(failed, left, total, logs)
        self.failed, self.left = dict(failed), list(left)
        self.total, self.logs = total, logs

    def __str__(self) -> str:
        """Give the number of units that failed or were not tried, and one reason."""
        said = []
        if self.failed:
            name, reason = next(iter(self.failed.items()))
            first = "" if len(self.failed) == 1 else "the first, "
            said.append(
                f"{len(self.failed)} of {self.total} units failed "
                f"({first}{name}: {reason})"
            )
        if self.left:
            some = self.left[0] + (", ..." if len(self.left) > 1 else "")
            said.append(
                f"{len(self.left)} of {self.total} units were not tried ({some})"
            )
        where = f"; tracebacks are in {self.logs}" if self.logs and self.failed else ""
        them = "it" if len(self.failed) + len(self.left) == 1 else "these"
        return (
            f"{' and '.join(said)}{where}; all others are kept; rerun the same command "
            f"or call to try {them} again"
        )
