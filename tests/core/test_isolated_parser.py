import os
import signal
import subprocess
import sys
import textwrap
import threading
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import hostile
import numpy as np
import pytest
from ended import until_gone

from netrobust.core import isolated_parser
from netrobust.core.errors import InputError
from netrobust.core.isolated_parser import MEMORY, SECONDS, allowance, guarded

linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is counted by Linux")


def refused(parse, *args, **limits):
    with pytest.raises(InputError) as caught:
        guarded(parse, *args, what="the file a.mat", **limits)
    text = str(caught.value)
    assert "\n" not in text
    return text


def children():
    """Processes that this one has started and not laid to rest, zombies included."""
    mine = str(os.getpid())
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            rest = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if rest[1] == mine:
            found.add(int(path.parent.name))
    return found


@pytest.fixture
def no_process_left():
    if sys.platform != "linux":
        yield
        return
    before = children()
    yield
    assert children() - before == set()


# What comes back


def test_what_a_parser_returns_comes_back_as_it_was():
    weight = np.arange(6, dtype=np.float32).reshape(2, 3)
    given = (None, True, 3, 0.1, "é\n", b"\x00\n", Path("a/b"), [1, [2]], {1: (2,)})
    *plain, back = guarded(hostile.echo, *given, weight, what="it")
    assert tuple(plain) == given
    assert [type(one) for one in plain[:-3]] == [type(one) for one in given[:-3]]
    np.testing.assert_array_equal(back, weight, strict=True)
    back[0, 0] = 9  # a copy, and writable


def test_the_parser_is_the_same_function_and_in_the_same_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "lone_parser.py").write_text("def parse(x): return x + 1")
    import lone_parser

    assert guarded(lone_parser.parse, 1, what="it") == 2
    told = guarded(hostile.tell, what="it")
    assert told["folder"] == str(tmp_path)
    assert told["path"] == [str(place) for place in sys.path]


def test_the_child_loads_nothing_heavy():
    modules = set(guarded(hostile.tell, what="it")["modules"])
    heavy = {"torch", "igraph", "pandas", "pyarrow", "scipy", "matplotlib", "pydantic"}
    assert not heavy & modules


def test_the_child_has_a_session_and_an_alarm_of_its_own():
    told = guarded(hostile.tell, what="it", seconds=600)
    assert told["session"] == told["process"] != os.getpid()
    assert 0 < told["alarm"] <= 601
    assert told.get("core", [0, 0]) == [0, 0]


# What goes wrong is one sentence


def test_what_the_parser_refuses_comes_through(no_process_left):
    assert refused(hostile.refuse, "a.mat") == "a.mat holds no graph; give another"


def test_another_exception_names_the_file_and_the_reason():
    text = refused(hostile.fail, "two\nlines" + "x" * 1000)
    assert text.startswith("the file a.mat cannot be read: its parser failed (KeyError")
    assert len(text) < 500


def test_endless_recursion_is_a_failure_of_the_parser():
    assert "RecursionError" in refused(hostile.recurse)


def test_what_cannot_travel_is_said():
    with pytest.raises(TypeError, match="a set cannot go"):
        guarded(hostile.echo, {1}, what="it")


@pytest.mark.parametrize("parse", [hostile.spin, hostile.sleep], ids=["spin", "sleep"])
def test_a_parser_that_hangs_is_ended(parse, no_process_left):
    args = () if parse is hostile.spin else (os.devnull,)
    text = refused(parse, *args, seconds=0.7)
    assert text == (
        "the file a.mat cannot be read: its parser did not end within 0.7 s; give a "
        "smaller file"
    )


@linux
@pytest.mark.parametrize("size", [2**28, 2**40], ids=["a little", "far"])
def test_a_parser_that_takes_too_much_memory_is_stopped(size):
    text = refused(hostile.swallow, size, memory=2**27)
    assert "needs more than the 0.12 GiB it may take; give a smaller file" in text


@linux
def test_memory_taken_bit_by_bit_counts():
    assert "needs more than the 0.25 GiB" in refused(
        hostile.swallow_slowly, memory=2**28
    )


@linux
def test_memory_within_the_limit_is_given():
    assert guarded(hostile.swallow, 2**20, what="it", memory=2**27).sum() == 2**20


@pytest.mark.parametrize(
    ("parse", "ending"), [(hostile.read_nowhere, "SIGSEGV"), (hostile.abort, "SIGABRT")]
)
def test_a_parser_that_crashes_takes_nobody_along(
    parse, ending, tmp_path, monkeypatch, no_process_left
):
    monkeypatch.chdir(tmp_path)
    assert f"its parser crashed ({ending})" in refused(parse)
    assert not list(tmp_path.iterdir())  # no core


@pytest.mark.parametrize("code", [0, 3])
def test_a_parser_that_ends_its_process_is_refused(code):
    text = refused(hostile.end, code)
    assert ("exit code 3" if code else "ended without an answer") in text


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x80\x04\x95cos\nsystem\n",  # how a pickle begins
        b"[]\n",
        b'[["done", {"array": [0, "|O", [1]]}], [8]]\n12345678',
        b'[["done", {"array": [0, "<f8", [-1]]}], [8]]\n12345678',
        b'[["done", {"array": [0, "<f8", [9]]}], [8]]\n12345678',
        b'[["done", {"tuple": [1], "path": "x"}], []]\n',
        b'[["done", {"run": "x"}], []]\n',
        b"[" * 100_000 + b"\n",
    ],
)
def test_an_answer_that_is_none_is_refused_and_runs_nothing(garbage):
    text = refused(hostile.answer_garbage, garbage)
    assert "its parser ended without an answer" in text


def test_what_a_parser_prints_is_not_taken_for_its_answer(capfd):
    assert guarded(hostile.print_much, what="it") == "done"
    assert capfd.readouterr() == ("", "")


def test_a_parser_can_write_nothing(tmp_path):
    text = refused(hostile.write, str(tmp_path / "new"))
    assert "its parser failed (OSError" in text
    assert (tmp_path / "new").read_bytes() == b""


def test_a_thread_that_a_parser_leaves_keeps_nobody_waiting(no_process_left):
    assert guarded(hostile.leave_a_thread, what="it") == "done"


def test_no_process_to_start_is_said(monkeypatch):
    monkeypatch.setattr(isolated_parser, "python", lambda: "/nowhere/python")
    assert "no process can be started for its parser" in refused(hostile.echo)


def test_the_limits_of_a_file_grow_with_it(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"")
    assert allowance(path) == {"seconds": SECONDS, "memory": MEMORY}
    with path.open("wb") as file:
        file.truncate(10**9)
    more = allowance(path)
    assert more["seconds"] > 10 * SECONDS
    assert more["memory"] > 10 * 10**9


# Where it is called from


def test_it_works_from_threads(no_process_left):
    found = {}

    def work(k):
        found[k] = guarded(divmod, k, 2, what="it")

    threads = [threading.Thread(target=work, args=(k,)) for k in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert found == {0: (0, 0), 1: (0, 1), 2: (1, 0)}


def in_a_daemon(pipe):
    pipe.send(guarded(divmod, 7, 2, what="it"))


def test_it_works_in_a_daemonic_worker_process():
    context = get_context("spawn")
    here, there = context.Pipe()
    worker = context.Process(target=in_a_daemon, args=(there,), daemon=True)
    worker.start()
    assert here.recv() == (3, 1)
    worker.join()


def test_it_works_in_a_plain_script(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from netrobust.core.isolated_parser import guarded\n"
        "print(guarded(divmod, 7, 2, what='it'))\n"
    )
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["(3,", "1)"]


WAITING = """
import os, sys
sys.path.insert(0, sys.argv[1])
import hostile
from netrobust.core.isolated_parser import guarded
os.write(1, b"ready")
guarded(hostile.read_a_pipe, sys.argv[2], what="it", seconds=3600)
"""


@contextmanager
def waiting_script(fifo):
    """Start a script whose guarded parser reads a pipe.

    Give it, its child and our end of the pipe.
    """
    os.mkfifo(fifo)
    tests = str(Path(__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WAITING), tests, fifo],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as script:
        assert script.stdout.read(5) == b"ready"
        with open(fifo, "wb", buffering=0) as pipe:  # opens when the parser does
            ours = Path(f"/proc/{script.pid}/task/{script.pid}/children")
            yield script, int(ours.read_text()), pipe


@linux
def test_ctrl_c_ends_the_caller_and_the_child(tmp_path):
    with waiting_script(tmp_path / "fifo") as (script, child, _):
        script.send_signal(signal.SIGINT)
        _, errors = script.communicate()
        assert errors.rstrip().endswith(b"KeyboardInterrupt")
        until_gone(child)


@linux
def test_a_child_ends_with_a_caller_that_was_killed(tmp_path):
    with waiting_script(tmp_path / "fifo") as (script, child, _):
        script.kill()
        until_gone(child)


@linux
def test_a_child_ends_by_its_alarm_and_its_caller_says_so(tmp_path):
    with waiting_script(tmp_path / "fifo") as (script, child, pipe):
        pipe.write(b"!")  # the hour of its alarm comes
        _, errors = script.communicate()
        assert b"it cannot be read: its parser did not end within 3600 s" in errors
        until_gone(child)
