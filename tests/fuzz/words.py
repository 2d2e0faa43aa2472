"""Commands with one wrong word at a time.

Each verb has a command that does a little work; in it, one argument or option after
the other gets each of the wrong values. It may work, for not every value is wrong for
every option; or it ends in one sentence and exit code 2, and has changed no file.
"""

import io
import os
import shutil
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import typer
from calls import REFUSED, WORKED
from small import toml

from netrobust.cli import main
from netrobust.cli.options import app
from netrobust.convert.network import to_graph
from netrobust.data.load import load
from netrobust.graphs.graph import layers, write
from netrobust.neural.config import TrainConfig
from netrobust.neural.train import train
from netrobust.runs.folder import create_run
from netrobust.studies import reproduce

#: Of networks that are trained in no time.
TRAINING = {"hidden": [3], "sparsity": 0.9, "epochs": 1, "batch_size": 1000}
STUDY = {
    "name": "tiny",
    "datasets": ["mnist-5k"],
    "sparsifiers": ["static"],
    "networks": 1,
    "reference_epochs": 0,
    "training": TRAINING,
    "perturbations": ["random_links"],
    "fractions": [0, 1],
    "replicates": 1,
    "curve_null_models": ["none"],
    "null_models": ["shuffle_all"],
    "null_replicates": 1,
    "images": 10,
}

BRIEF = [
    word for key, value in TRAINING.items() for word in ("--set", f"{key}={value}")
]

#: Of each verb: its arguments, and options.
SWEEP = ["--images", "5", "--quiet"]
CURVES = ["--fractions", "0,1", *SWEEP]
RIGHT = {
    "data": (["mnist-5k"], []),
    "train": ([], ["--out", "new", "--dataset", "mnist-5k", *BRIEF]),
    "reproduce": ([], ["--out", "new", "--config", "study.toml", "--jobs", "1"]),
    "merge": (["study"], ["--quiet"]),
    "figures": (["study"], ["--out", "new", "--only", "learning"]),
    "export": (["run"], []),
    "measure": (["layer.npz"], []),
    "percolate": (["run"], CURVES),
    "compare": (["run"], ["--null-model", "shuffle_all", *SWEEP]),
    "attack": (["run"], ["--eps", "0.1", "--attack", "fgsm", *SWEEP]),
    "recover": (["run"], ["--epochs", "1", *SWEEP]),
    "report": (["run"], []),
    "list": ([], []),
    "status": (["run"], []),
    "info": ([], []),
}

WRONG = (
    "", " ", "-1", "1_0", "\u0663", "1e400", "nan", "9" * 300, "9" * 5000, "x" * 300,
    "x" * 5000, "x/" * 3000, "~nouser/x", "../..", "\udcff", "\x1b[31mred", "a\nb = 1",
    "=", "hidden=[1000000000]", "self=1", "epochs=true", "random_links(amplitude=1_0)",
    "{}", "$x", "0/0", "\u0661/\u0662",
)  # fmt: skip

ARGUMENT = "its argument"


class Case(NamedTuple):
    """A verb, one of its options, and what it is given."""

    verb: str
    option: str
    wrong: str

    def command(self) -> list[str]:
        """Give the words that are typed."""
        if self.verb == "netrobust":
            return [self.option, self.wrong, "list"]
        arguments, options = RIGHT[self.verb]
        if self.option == ARGUMENT:
            return [self.verb, *options, "--", self.wrong]
        return [self.verb, *arguments, *options, self.option, self.wrong]


def cases() -> list[Case]:
    """Every option of every verb, and every argument, with every wrong value."""
    group: Any = typer.main.get_command(app)
    asked = [
        (verb, one.opts[0] if one.param_type_name == "option" else ARGUMENT)
        for verb, found in group.commands.items()
        for one in found.params
        if not getattr(one, "is_flag", False)
    ]
    asked.append(("netrobust", "--own"))
    return [Case(*one, wrong) for one in asked for wrong in WRONG]


class Place:
    """A folder to work in, as it was before; it is deep, for some words lead up."""

    def __init__(self, root: Path) -> None:
        self.root, self.work = root, root / "a/b/c"
        self.before = root / "before"

    def files(self) -> dict[str, tuple[int, int]]:
        found = {one: one.stat() for one in self.root.rglob("*") if one.is_file()}
        return {str(one): (is_.st_size, is_.st_mtime_ns) for one, is_ in found.items()}

    def begin(self) -> dict[str, tuple[int, int]]:
        """Work there, after whatever came before; give its files."""
        if not self.work.exists() or self.files() != self.right:
            for path in self.root.iterdir():
                if path != self.before:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            shutil.copytree(self.before, self.work)
            self.right = self.files()
        os.chdir(self.work)
        return self.right


def prepared() -> Place:
    """Write what commands work on below the folder where one is."""
    place = Place(Path.cwd())
    data = load("mnist-5k")
    run = create_run(place.before / "run", {}, {data.name: data.sha256})
    network = train(data, TrainConfig(**TRAINING))
    train(data, network.config, path=run.network_path(network.name))
    write(layers(to_graph(network.model))[0], place.before / "layer.npz")
    (place.before / "study.toml").write_text(toml(STUDY))
    os.chdir(place.before)
    one, whole = ["--shard", "1/1"], ["--config", "study.toml", "--jobs", "1"]
    for words in (
        ["reproduce", "--out", "study", *whole, *one],
        ["percolate", "study", *CURVES, *one],
        ["merge", "study"],
    ):
        _work(words)
    place.begin()
    return place


def check(place: Place) -> None:
    """Raise where a command of `RIGHT` does not work, so wrong values are looked at."""
    for verb, (arguments, options) in RIGHT.items():
        place.begin()
        _work([verb, *arguments, *options])


def _work(words: list[str]) -> None:
    code, _, said = typed(words)
    if code:
        raise RuntimeError(f"{' '.join(words)} ended with exit code {code}: {said}")


def typed(words: list[str]) -> tuple[int, str, str]:
    """Type a command; give its exit code and what it said."""
    out, err = io.StringIO(), io.StringIO()
    before, sys.argv = sys.argv, ["netrobust", *words]
    try:
        with (
            redirect_stdout(out),
            redirect_stderr(err),
            # All figures take seconds, and `figures` draws one.
            patch.object(reproduce, "present"),
        ):
            main()
    except SystemExit as end:
        return int(end.code or 0), out.getvalue(), err.getvalue()
    finally:
        sys.argv = before
    return 0, out.getvalue(), err.getvalue()


def tried(place: Place, case: Case) -> tuple[str, str]:
    """Type a command; give what came of it, and more where that is wrong."""
    files = place.begin()
    try:
        code, out, err = typed(case.command())
    except BaseException as error:
        return type(error).__name__, str(error)
    changed = place.files() != files
    lines = err.strip().split("\n")
    if code == 0:
        return WORKED, err
    if code not in (2, 3) or out:
        return f"exit code {code}", out + err
    if len(lines) != 1 or not lines[0].startswith("netrobust: ") or "\x1b" in err:
        return "no sentence", err
    if len(err) > 2000:
        return "a long sentence", err
    return ("files were written", err) if changed else (REFUSED, err)
