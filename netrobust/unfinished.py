"""Units of work that have no result, told at the end of a job in one sentence."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


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
    '1 of 3 units failed (a: ValueError: no); all others are kept, and the same \
command or call tries it again'
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
        """Say how many units failed or were not tried, and what happened to one."""
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
            f"{' and '.join(said)}{where}; all others are kept, and the same command "
            f"or call tries {them} again"
        )


class Going:
    """What several jobs left undone, collected so that each is begun.

    Examples
    --------
    >>> going = Going()
    >>> for name in "ab":
    ...     with going.on():
    ...         raise UnfinishedError({name: "no"}, [], 5)
    >>> going.check()
    Traceback (most recent call last):
    ...
    netrobust.unfinished.UnfinishedError: 2 of 10 units failed (the first, a: no); \
all others are kept, and the same command or call tries these again
    """

    def __init__(self) -> None:
        self.errors: list[UnfinishedError] = []

    @contextmanager
    def on(self) -> Iterator[None]:
        """Go on after a job some of whose units have no result."""
        try:
            yield
        except UnfinishedError as error:
            self.errors.append(error)

    def check(self) -> None:
        """Raise one UnfinishedError for all, if there was any."""
        if not self.errors:
            return
        failed: dict[str, str] = {}
        left: list[str] = []
        for error in self.errors:
            failed |= error.failed
            left += error.left
        logs = [error.logs for error in self.errors if error.logs]
        total = sum(error.total for error in self.errors)
        raise UnfinishedError(failed, left, total, logs[0] if logs else None)
