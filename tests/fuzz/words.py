"""Commands with one wrong word at a time.

Each option of each verb gets each of the wrong values, in a command that could do no
work anyway. It ends in one sentence and exit code 2, and leaves no file.
"""

import io
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import typer

from netrobust.cli import main
from netrobust.cli.options import app

#: What comes before the option: there is no run, and no data set or preset.
NO_RUN = "export measure percolate compare attack recover merge status"
BEFORE = {
    "train": ["--out", "new", "--dataset", "nothing"],
    "reproduce": ["--out", "new", "--preset", "nothing"],
    "data": ["nothing"],
    "figures": ["nowhere", "--out", "new"],
    **{verb: ["nowhere"] for verb in NO_RUN.split()},
}

WRONG = (
    "", " ", "-1", "1_0", "\u0663", "1e400", "nan", "9" * 300, "9" * 5000, "x" * 300,
    "x" * 5000, "x/" * 3000, "~nouser/x", "../..", "\udcff", "\x1b[31mred", "a\nb = 1",
    "=", "hidden=[1000000000]", "self=1", "epochs=true", "random_links(amplitude=1_0)",
    "{}", "$x", "0/0", "\u0661/\u0662",
)  # fmt: skip


def cases() -> list[list[str]]:
    """Every command, as its words."""
    verbs = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    return [
        [verb, *before, one.opts[0], wrong]
        for verb, before in BEFORE.items()
        for one in verbs[verb].params
        if one.opts[0].startswith("--") and not _is_switch(one)
        for wrong in WRONG
    ]


def _is_switch(option: Any) -> bool:
    return bool(option.is_flag) or option.opts[0] == "--help"


def typed(words: list[str]) -> tuple[int, str, str]:
    """Type a command; give its exit code and what it said."""
    out, err = io.StringIO(), io.StringIO()
    before, sys.argv = sys.argv, ["netrobust", *words]
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as end:
        return int(end.code or 0), out.getvalue(), err.getvalue()
    finally:
        sys.argv = before
    return 0, out.getvalue(), err.getvalue()


def wrong(words: list[str]) -> str:
    """Say what is wrong with the answer to a command; nothing if it is right."""
    files = sorted(os.listdir())
    try:
        code, out, err = typed(words)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    lines = err.strip().split("\n")
    if code not in (2, 3) or out:
        return f"exit code {code}: {out}{err}"
    if len(lines) != 1 or not lines[0].startswith("netrobust: ") or "\x1b" in err:
        return f"no sentence: {err}"
    if len(err) > 2000:
        return f"a long sentence: {err[:200]}"
    return "" if sorted(os.listdir()) == files else "files were written"
