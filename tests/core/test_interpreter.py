"""A Python is found wherever it hides; what it starts ends with what started it."""

import os
import subprocess
import sys
import textwrap

import pytest
from ended import until_gone

from netrobust.core.errors import InputError
from netrobust.core.interpreter import python


@pytest.mark.parametrize("said", [None, "", "/bin/true", "/nowhere/python"])
def test_a_python_is_found(said, monkeypatch):
    monkeypatch.setattr(sys, "executable", said)
    words = [python(), "-c", "import sys; print(sys.version_info[:2])"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(sys.version_info[:2])


def test_where_there_is_none_it_is_said(monkeypatch):
    for name in ("exec_prefix", "base_exec_prefix"):
        monkeypatch.setattr(sys, name, "/nowhere")
    monkeypatch.setattr(sys, "executable", None)
    with pytest.raises(InputError, match=r"set sys\.executable to the path of one"):
        python()


CHILD = """
import os, sys, time
from netrobust.core import interpreter
if {blind}: interpreter._ask_linux = lambda: False
interpreter.end_with_parent(os.getppid())
print(os.getpid(), flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(os.name != "posix", reason="parents are seen on POSIX")
@pytest.mark.parametrize("blind", [False, True], ids=["told by Linux", "watching"])
def test_a_child_ends_with_its_killed_parent(blind):
    child = textwrap.dedent(CHILD).format(blind=blind)
    parent = "import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]])"
    words = [sys.executable, "-c", parent, "-c", child]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as one:
        assert one.stdout is not None
        number = int(one.stdout.readline())
        one.kill()
        until_gone(number)
