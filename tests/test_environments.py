"""Surroundings in which a command and a script do their work all the same.

Some in `make test`; ``NETROBUST_FUZZ=500`` tries all.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import pytest

LONG = int(os.environ.get("NETROBUST_FUZZ", "25")) > 25

LIST = "from netrobust.cli import main; main()"
SCRIPT = """
import netrobust as nr
nr.write(nr.from_links([2, 1], [0, 1], [2, 2], [0.5, 1]), "g.graphml")
print(nr.read("g.graphml").es["weight"])
"""
SAID = "[0.5, 1.0]\n"


class Place(NamedTuple):
    """What is around a process: variables, redirections, and code that runs first."""

    after: str = ""
    variables: Mapping[str, str] = MappingProxyType({})
    first: str = ""
    before: str = ""
    script: bool = False


PLACES = {
    "no standard output": Place(">&-"),
    "a full standard output": Place(">/dev/full"),
    "a reader who leaves": Place("| head -n 1"),
    "no stream at all": Place("<&- >&- 2>&-"),
    "a Python that prints while it starts": Place(script=True, variables={
        "PYTHONPATH": "site"}),
    "no sys.executable": Place(script=True, first="import sys; sys.executable = None"),
    "no place for compiled code": Place(
        script=True, variables={"NUMBA_CACHE_DIR": "/dev/null/x"},
        first="import netrobust.graphs.kernels"),
    "no standard error": Place("2>&-"),
    "a full standard error": Place("2>/dev/full"),
    "no standard input": Place("<&-"),
    "an empty sys.executable": Place(
        script=True, first="import sys\nsys.executable = ''"),
    "another program": Place(
        script=True, first="import sys\nsys.executable = '/bin/ls'"),
    "the locale C": Place(variables={"LC_ALL": "C"}),
    "POSIX without UTF-8": Place(variables={"LC_ALL": "POSIX", "PYTHONUTF8": "0",
                                            "PYTHONCOERCECLOCALE": "0"}),
    "output in ASCII": Place(variables={"PYTHONIOENCODING": "ascii"}),
    "colours forced": Place(variables={"FORCE_COLOR": "1"}),
    "no colours": Place(variables={"NO_COLOR": "1"}),
    "a dumb terminal": Place(variables={"TERM": "dumb"}),
    "a narrow terminal": Place(variables={"COLUMNS": "1"}),
    "a home that is not there": Place(variables={"HOME": "/nowhere"}, script=True),
    "a home that is a file": Place(variables={"HOME": "/dev/null"}, script=True),
    "a cache that is a file": Place(variables={"XDG_CACHE_HOME": "/dev/null"}),
    "no docstrings": Place(variables={"PYTHONOPTIMIZE": "2"}, script=True),
    "warnings as errors": Place(variables={"PYTHONWARNINGS": "error"}, script=True),
    "a safe path": Place(variables={"PYTHONSAFEPATH": "1"}, script=True),
    "no buffers": Place(variables={"PYTHONUNBUFFERED": "1"}),
    "few open files": Place(before="ulimit -n 40;", script=True),
    "no core files": Place(before="ulimit -c 0;", script=True),
    "files for the owner alone": Place(before="umask 077;", script=True),
    "another time zone": Place(variables={"TZ": "Asia/Kathmandu"}, script=True),
    "hashes of another seed": Place(variables={"PYTHONHASHSEED": "7"}),
    "an unknown backend of figures": Place(variables={"MPLBACKEND": "agg"}),
    "a decimal comma": Place(script=True, first=(
        "import locale\n"
        "for name in ('de_DE.UTF-8', 'fr_FR.UTF-8'):\n"
        "    try: locale.setlocale(locale.LC_NUMERIC, name); break\n"
        "    except locale.Error: pass")),
}  # fmt: skip
SHORT = list(PLACES)[:7]


@pytest.mark.parametrize("name", PLACES if LONG else SHORT)
def test_work_is_done(name, tmp_path):
    place = PLACES[name]
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text("print('welcome')")
    code = f"{place.first}\n{SCRIPT if place.script else LIST}"
    words = (
        f'{place.before} "$0" -c "$1" list {place.after}; echo ${{PIPESTATUS[0]}} >rc'
    )
    done = subprocess.run(
        ["bash", "-c", words, sys.executable, code],
        capture_output=True, text=True, cwd=tmp_path, check=False,
        env={**os.environ, **place.variables},
    )  # fmt: skip
    assert (tmp_path / "rc").read_text() == "0\n", done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) <= 1 or "cache" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    if place.script:
        assert done.stdout.removeprefix("welcome\n") == SAID
