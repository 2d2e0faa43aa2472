"""Small networks are faster in one thread than in several."""

from collections.abc import Iterator

import pytest

from netrobust.parallel.threads import limited_threads


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with limited_threads(1):
        yield
