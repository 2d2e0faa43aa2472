"""What all tests and examples share: surroundings, examples drawn, and families.

A test depends on what it says and on nothing else: not on the user's variables, caches
or styles, not on an earlier run, and not on what another test has registered.
"""

import os
import signal
from collections import Counter
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

#: Of the user's terminal, downloads, builds and data, and of systems that run tests.
PRIVATE = {
    "CLICOLOR", "CLICOLOR_FORCE", "COLORTERM", "COLUMNS", "FORCE_COLOR",
    "GITHUB_ACTIONS", "LINES", "NO_COLOR", "PY_COLORS", "TERM", "TERMINAL_WIDTH",
    "TTY_COMPATIBLE", "TTY_INTERACTIVE", "TYPER_USE_RICH", "ALL_PROXY", "HTTP_PROXY",
    "HTTPS_PROXY", "NO_PROXY", "MATPLOTLIBRC", "MPLBACKEND", "NETROBUST_DATA",
    "PYTHONOPTIMIZE", "PYTHONWARNINGS", "SOURCE_DATE_EPOCH",
}  # fmt: skip

# A busy machine is no defect of the code under test, and a newcomer meets no example
# that nobody has met before; `--hypothesis-profile=search` looks for such.
_ANY_SPEED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
_KNOWN = {"derandomize": True, "database": None, "max_examples": 25}
settings.register_profile("search", **_ANY_SPEED, max_examples=500)
settings.register_profile("same", **_ANY_SPEED, **_KNOWN)
settings.load_profile("same")


def pytest_configure(config: pytest.Config) -> None:
    """Make plain surroundings, which processes of tests inherit."""
    if hasattr(config, "workerinput"):
        return
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        # As in the background of a script; tests interrupt processes that inherit it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in [*os.environ]:
        if name.upper() in PRIVATE:
            del os.environ[name]
    if config.getoption("numprocesses", None):
        # There is a worker for each processor: threads that wait leave it to others.
        os.environ |= {"OMP_WAIT_POLICY": "passive", "OPENBLAS_NUM_THREADS": "1"}
    folder = TemporaryDirectory(prefix="netrobust-tests-")
    config.add_cleanup(folder.cleanup)
    for name in ("XDG_CACHE_HOME", "MPLCONFIGDIR", "NETROBUST_TESTS"):
        path = Path(folder.name) / name.lower()
        path.mkdir()
        os.environ[name] = str(path)
    if config.getoption("numprocesses", None):
        from forked import start_server

        start_server()


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path) -> Generator[None, list[Any], list[Any]]:
    """Look for examples in docstrings of the package alone; tests have none."""
    found = yield
    if file_path.is_relative_to(Path(__file__).with_name("tests")):
        found = [one for one in found if type(one).__name__ != "DoctestModule"]
    return found


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many tests of each room ran, and how long they took."""
    count, seconds = Counter[str](), Counter[str]()
    for outcome, reports in terminalreporter.stats.items():
        for report in reports:
            if hasattr(report, "duration"):
                room = "/".join(report.nodeid.split("::")[0].split("/")[:2])
                count[room] += bool(outcome)  # preparing and clearing have none
                seconds[room] += report.duration
    if len(count) > 1:
        terminalreporter.section("tests and seconds, by room")
        for room in sorted(count):
            line = f"{room:<24}{count[room]:>6}{seconds[room]:>9.1f}"
            terminalreporter.write_line(line)


@cache
def families() -> tuple[Any, ...]:
    """Give all registries; the process that only hands out tests never loads them."""
    from netrobust.graphs.measure import MEASURES
    from netrobust.graphs.null import NULL_MODELS
    from netrobust.graphs.perturb import ORDERS, PERTURBATIONS
    from netrobust.neural.input_attacks import INPUT_ATTACKS
    from netrobust.neural.sparsify import SPARSIFIERS
    from netrobust.neural.topology import TOPOLOGIES

    graphs = MEASURES, NULL_MODELS, ORDERS, PERTURBATIONS
    return *graphs, INPUT_ATTACKS, SPARSIFIERS, TOPOLOGIES


@pytest.fixture(autouse=True)
def _families_stay() -> Iterator[None]:
    before = [family._members.copy() for family in families()]
    yield
    for family, members in zip(families(), before, strict=True):
        family._members = members


@pytest.fixture(autouse=True, scope="session")
def _numpy_is_at_hand(doctest_namespace: dict[str, Any]) -> None:
    """Examples are read where users call a function, and there `np` is known."""
    doctest_namespace["np"] = np
