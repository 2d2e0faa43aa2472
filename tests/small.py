"""A small study, networks trained on 4,000 real digits, and the command line."""

import json
import math
import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

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


@dataclass
class Ended:
    """A process that ended: its exit code and what it wrote."""

    code: int
    out: str
    err: str


# Commands are processes of their own, forked from one that has torch loaded already.
_PROCESSES = get_context("forkserver")
_PROCESSES.set_forkserver_preload(
    ["netrobust.studies.reproduce", "netrobust.cli", "torch._dynamo"]
)


def netrobust(*arguments: object, cwd: Path, **environment: str) -> Ended:
    """Type a command and wait for its end."""
    with TemporaryDirectory() as folder:
        files = [os.path.join(folder, name) for name in ("out", "err")]
        words = [str(argument) for argument in arguments]
        process = _PROCESSES.Process(
            target=_command, args=(words, str(cwd), environment, *files)
        )
        process.start()
        process.join()
        texts = [Path(file).read_text("utf-8") for file in files]
    assert process.exitcode is not None
    return Ended(process.exitcode, *texts)


def _command(
    words: list[str], cwd: str, environment: dict[str, str], out: str, err: str
) -> None:
    for number, file in enumerate((out, err), start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
    os.chdir(cwd)
    os.environ.update(environment)
    sys.argv = ["netrobust", *words]
    from netrobust.cli import main

    main()
