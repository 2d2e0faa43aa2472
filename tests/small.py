"""A small study, networks trained on 4,000 real digits, and the command line."""

import json
import logging
import math
import os
import shutil
import sys
from collections.abc import Iterable
from contextlib import chdir, redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pandas as pd
import pytest
from forked import Ended, Forked, command

from netrobust.cli import main
from netrobust.data.dataset import Dataset
from netrobust.data.load import load
from netrobust.neural.config import TrainConfig
from netrobust.neural.network import Network, load_network
from netrobust.neural.train import train
from netrobust.runs.folder import Run, create_run
from netrobust.runs.lock import held

TRAINING = {"hidden": [30, 20], "sparsity": 0.9, "epochs": 2}

#: Fields of a study that takes seconds.
STUDY = {
    "name": "tiny",
    "datasets": ["mnist-5k"],
    "sparsifiers": ["static", "set", "dense_small"],
    "networks": 2,
    "reference_epochs": 1,
    "training": TRAINING,
    "perturbations": ["random_links", "strongest_links"],
    "fractions": [0, 0.5, 1],
    "replicates": 2,
    "null_models": ["shuffle_all", "erdos_renyi"],
    "null_replicates": 2,
    "images": 200,
}

#: Typed first: figures and report take longest, and are drawn elsewhere.
NO_FIGURES = """
import sys, types
from netrobust.studies import reproduce
reproduce.draw_figures = lambda run, folder: []
page = types.SimpleNamespace(report=lambda run: run.path / "report.html")
sys.modules["netrobust.studies.report"] = page  # which loads bokeh
"""


@cache
def digits() -> Dataset:
    """The data set that needs no network."""
    return load("mnist-5k")


@cache
def network(sparsifier: str = "set", seed: int = 0) -> Network:
    """A network of two sparse layers after two epochs: 76% of the digits right."""
    return load_network(network_file(sparsifier, seed))


def network_file(sparsifier: str = "set", seed: int = 0) -> Path:
    """The file of a network, which the first process to ask for it trains."""
    folder = Path(os.environ["NETROBUST_TESTS"]) / f"{sparsifier}-{seed}"
    folder.mkdir(exist_ok=True)
    file = folder / "network.safetensors"
    with held(folder, timeout=math.inf):
        train(digits(), TrainConfig(sparsifier=sparsifier, **TRAINING), seed, path=file)
    return file


def run_with(path: Path, *sparsifiers: str) -> Run:
    """A run folder with a trained network of each sparsifier."""
    run = create_run(path, {"networks": sparsifiers}, {"mnist-5k": digits().sha256})
    for sparsifier in sparsifiers:
        file = run.network_path(network(sparsifier).name)
        file.parent.mkdir(parents=True)
        shutil.copyfile(network_file(sparsifier), file)
    return run


def same(a: pd.DataFrame, b: pd.DataFrame) -> None:
    """Assert that two tables are equal to the last bit."""
    pd.testing.assert_frame_equal(a, b, check_exact=True)


class Drawer:
    """Parts in memory that count what is asked of them."""

    def __init__(self) -> None:
        self.kept: dict[str, pd.DataFrame] = {}
        self.puts: list[str] = []

    def found(self, keys: Iterable[str]) -> dict[str, pd.DataFrame]:
        return {key: self.kept[key] for key in keys if key in self.kept}

    def put(self, key: str, rows: pd.DataFrame) -> None:
        self.puts.append(key)
        self.kept[key] = rows


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below a folder with its size and the time it was written."""
    found = {}
    for path in sorted(folder.rglob("*")):
        try:
            facts = path.stat()
        except FileNotFoundError:  # a process at work has renamed it meanwhile
            continue
        written = (facts.st_size, facts.st_mtime_ns) if path.is_file() else (0, 0)
        found[str(path.relative_to(folder))] = written
    return found


def toml(fields: dict[str, Any]) -> str:
    """Fields of a study as a settings file."""
    tables = {"": dict(fields), "[training]": dict(fields["training"])}
    del tables[""]["training"]
    lines: list[str] = []
    for title, table in tables.items():
        given = {key: value for key, value in table.items() if value is not None}
        lines += [title, *(f"{key} = {json.dumps(given[key])}" for key in given)]
    return "\n".join(lines)


def netrobust(
    *arguments: object, cwd: Path, first: str = "", **environment: str
) -> Ended:
    """Type a command, before which some code is done, and wait for its end."""
    return begun(*arguments, cwd=cwd, first=first, **environment).ended()


def typed(*arguments: object, cwd: Path) -> Ended:
    """Type a command in this process, one that is refused before work begins."""
    out, err, log = StringIO(), StringIO(), logging.getLogger("netrobust")
    level, handlers = log.level, log.handlers[:]
    words = ["netrobust", *map(str, arguments)]
    with (
        chdir(cwd),
        redirect_stdout(out),
        redirect_stderr(err),
        patch.object(sys, "argv", words),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    log.setLevel(level)
    log.handlers[:] = handlers
    return Ended(int(ended.value.code or 0), out.getvalue(), err.getvalue())


def begun(*arguments: object, cwd: Path, first: str = "", **environment: str) -> Forked:
    """Type a command."""
    words = [str(argument) for argument in arguments]
    return Forked(command, first, *words, cwd=cwd, **environment)
