"""Bars are shown where somebody looks on, and nowhere else."""

import io
import sys

import pytest
from rich.console import Console
from small import digits, network

import netrobust as nr
from netrobust.parallel import progress_bar
from netrobust.parallel.progress_bar import bars, on_console, silent, wanted


class Terminal(io.StringIO):
    def isatty(self):
        return True


def terminal(monkeypatch):
    """Let the tests have one; what is set in a fixture is captured again."""
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    return sys.stderr


def test_a_terminal_has_a_bar_by_itself(monkeypatch):
    terminal(monkeypatch)
    assert wanted(None)
    with silent():
        assert not wanted(None)
        assert wanted(True)
    assert not wanted(False)
    monkeypatch.setattr(progress_bar, "parent_process", lambda: object())
    assert not wanted(None)  # it is a worker


def test_a_file_has_none_by_itself(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert not wanted(None)


def test_work_shows_one_bar_and_can_be_told_not_to(monkeypatch):
    seen = terminal(monkeypatch)
    few = {"fractions": [0, 1], "replicates": 1, "images": 20}
    table = nr.percolate(network(), digits(), **few)
    shown = seen.getvalue()
    assert "percolation" in shown
    assert "1/1" in shown
    quiet = nr.percolate(network(), digits(), progress=False, **few)
    assert seen.getvalue() == shown
    assert quiet.equals(table)


def test_a_pipe_gets_a_line_for_every_tenth():
    file = io.StringIO()
    with on_console(Console(file=file)) as tick:
        for done in range(101):
            tick("scoring", done, 100, "well")
    lines = file.getvalue().splitlines()
    assert len(lines) == 11
    assert lines[-1] == "scoring: 100 of 100, well"


def test_what_is_refused_before_work_begins_shows_no_bar(monkeypatch):
    seen = terminal(monkeypatch)
    with pytest.raises(nr.InputError), bars():
        raise nr.InputError("no")
    assert seen.getvalue() == ""
