"""Units of work that have no result, reported at the end of a job in one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

from netrobust.core.errors import UnfinishedError


class Failures:
    """What several jobs left undone, collected so that each is begun.

    Examples
    --------
    >>> failures = Failures()
    >>> for name in "ab":
    ...     with failures.collected():
    ...         raise UnfinishedError({name: "no"}, [], 5)
    >>> failures.check()
    Traceback (most recent call last):
    ...
    netrobust.core.errors.UnfinishedError: 2 of 10 units failed (the first, a: no); ...
    """

    def __init__(self) -> None:
        self.errors: list[UnfinishedError] = []

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Continue after a job some of whose units have no result."""
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
