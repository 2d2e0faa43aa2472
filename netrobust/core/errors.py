"""Errors that are no defects: bad input, unavailable data, diverged or failed work.

Every other exception is a defect of netrobust and is shown with its traceback.
"""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path


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

    The message is one sentence: what came, what is allowed, what to do.
    The command line prints it and ends with exit code 2.
    """


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
