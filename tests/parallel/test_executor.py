"""Units on processes and executors: what travels, what fails, what goes on."""

import os
import pickle
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import current_process, get_context
from pathlib import Path

import numba
import pytest
import torch
from ended import until_gone
from forked import PROCESSES, Forked, file
from forked import code as script
from small import Drawer

from netrobust.core.errors import InputError, UnfinishedError, UnwritableError
from netrobust.parallel.executor import Flight
from netrobust.parallel.gather import gather

NUMBERS = {str(n): n for n in range(12)}


class Heavy:
    """A megabyte that notes every process it arrives in."""

    def __init__(self, arrivals):
        self.arrivals, self.bytes = arrivals, os.urandom(1_000_000)

    def __setstate__(self, state):
        self.__dict__.update(state)
        (self.arrivals / f"{os.getpid()}-{time.monotonic_ns()}").touch()


class Book(Drawer):
    """Parts that write failures down, in memory."""

    logs = Path("failed")

    def __init__(self):
        super().__init__()
        self.failed = {}

    def begin(self, keys):
        return set(keys)

    def fail(self, key, reason, traceback):
        self.failed[key] = reason, traceback


class Weighed(ProcessPoolExecutor):
    """An executor that weighs what is sent."""

    sent = 0

    def submit(self, function, *arguments):
        self.sent += len(pickle.dumps(arguments))
        return super().submit(function, *arguments)


class Untold(Exception):
    """An error that cannot be made again from its arguments."""

    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


def double(task, *shared):
    return 2 * task


def threads(task):
    return torch.get_num_threads(), numba.get_num_threads()


def untold(task):
    raise Untold("this", "that")


def leave(task):
    if task == 3:
        sys.exit("enough")
    return task


def function_of(task):
    return (lambda: task) if task == 3 else task


def fail_on_three(task, *shared):
    if task % 10 == 3:
        raise ValueError(f"{task} is unlucky")
    return task


def die_once(task, flag):
    if task == 3 and flag.exists():
        flag.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def die(task, *shared):
    if task == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def overlap(task, here):
    """Whether another unit is at work in this process."""
    mark = here / "at work"
    with mark.open("x"):
        time.sleep(0.01)
    mark.unlink()
    return task


def processes(count):
    return Weighed(count, mp_context=PROCESSES)


@pytest.mark.parametrize("jobs", [1, 2])
def test_units_are_spread_and_given_in_order(jobs):
    assert gather(double, NUMBERS, jobs) == [2 * n for n in range(12)]


def test_what_units_share_travels_once_to_each_process_of_ours(tmp_path):
    gather(double, NUMBERS, 2, Heavy(tmp_path))
    assert len(list(tmp_path.iterdir())) == 2


def test_what_units_share_does_not_travel_with_each_unit_of_an_executor(tmp_path):
    many = {str(n): n for n in range(60)}
    with processes(2) as executor:
        found = gather(double, many, 1, Heavy(tmp_path), executor=executor)
        assert found == [2 * n for n in range(60)]
        assert executor.sent < 5.1e6  # not 60: two for each worker, and one to spare
        assert len({path.name.split("-")[0] for path in tmp_path.iterdir()}) <= 2
        assert len(list(tmp_path.iterdir())) <= 2
        other = gather(fail_on_three, {"4": 4}, 1, "other work", executor=executor)
    assert other == [4]


def test_threads_do_one_unit_at_a_time(tmp_path):
    # igraph has one random generator, torch one number of threads for a process.
    with ThreadPoolExecutor(4) as executor:
        assert gather(overlap, NUMBERS, 1, tmp_path, executor=executor) == [*range(12)]


def test_workers_use_one_thread_of_each():
    assert set(gather(threads, NUMBERS, 2)) == {(1, 1)}
    before = torch.get_num_threads(), numba.get_num_threads()
    with ThreadPoolExecutor(1) as executor:
        assert set(gather(threads, NUMBERS, 1, executor=executor)) == {(1, 1)}
    assert (torch.get_num_threads(), numba.get_num_threads()) == before


@pytest.mark.parametrize("wrong", [2, "local", ThreadPoolExecutor])
def test_what_is_no_executor_is_refused(wrong):
    with pytest.raises(InputError, match=r"executor must be a concurrent\.futures"):
        gather(double, NUMBERS, 1, executor=wrong)


def fail_slowly_at_first(number):
    """Fail, and the first unit last."""
    time.sleep(0 if number else 0.5)
    raise ValueError(f"{number} is unlucky")


def test_the_first_failure_is_that_of_the_first_unit_whichever_ends_first():
    with pytest.raises(UnfinishedError, match=r"the first, 0: ValueError: 0 is unl"):
        gather(fail_slowly_at_first, {"0": 0, "1": 1, "2": 2}, 2, parts=Book())


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_unit_that_raises_stops_no_other_where_failures_are_written_down(jobs):
    book = Book()
    with pytest.raises(UnfinishedError) as caught:
        gather(fail_on_three, {**NUMBERS, "13": 13}, jobs, parts=book)
    said = str(caught.value)
    assert "2 of 13 units failed (the first, 3: ValueError: 3 is unlucky)" in said
    assert "failed; all others are kept" in said
    assert "rerun" in said
    assert sorted(book.kept) == sorted({*NUMBERS} - {"3"})
    assert {key: reason for key, (reason, _) in book.failed.items()} == {
        "3": "ValueError: 3 is unlucky",
        "13": "ValueError: 13 is unlucky",
    }
    for _, traceback in book.failed.values():
        assert "Traceback (most recent call last)" in traceback
        assert "in fail_on_three" in traceback
    book.puts.clear()
    with pytest.raises(UnfinishedError, match="1 of 12 units failed"):
        gather(fail_on_three, NUMBERS, jobs, parts=book)
    assert book.puts == []
    assert gather(double, NUMBERS, jobs, parts=book)[3] == 6
    assert book.puts == ["3"]


def find_no_room(number):
    raise UnwritableError(f"cannot write {number}: no space")


def test_a_disk_without_room_ends_the_job_at_once():
    book = Book()
    with pytest.raises(UnwritableError, match="no space"):
        gather(find_no_room, NUMBERS, 1, parts=book)
    assert book.failed == {}


def test_an_error_that_cannot_travel_is_told_with_its_traceback():
    with pytest.raises(RuntimeError, match="in untold"):
        gather(untold, NUMBERS, 2)
    book = Book()
    with pytest.raises(UnfinishedError, match=r"12 of 12 units .*this and that"):
        gather(untold, NUMBERS, 2, parts=book)


def test_a_unit_that_exits_or_gives_what_cannot_travel_fails_alone():
    book = Book()
    with pytest.raises(UnfinishedError, match=r"1 of 12 .*3: SystemExit: enough"):
        gather(leave, NUMBERS, 2, parts=book)
    book = Book()
    with pytest.raises(UnfinishedError, match=r"1 of 12 units failed \(3: .*pickle"):
        gather(function_of, NUMBERS, 2, parts=book)
    assert len(book.kept) == 11


def test_the_death_of_a_worker_costs_nothing(tmp_path):
    flag = tmp_path / "flag"
    flag.touch()
    assert gather(die_once, NUMBERS, 2, flag) == [*range(12)]
    assert not flag.exists()


def test_a_unit_that_kills_every_worker_is_given_up():
    book = Book()
    reason = r"3: its process was killed, possibly out of memory \(it died 3 times\)"
    with pytest.raises(UnfinishedError, match=f"1 of 12 units failed .{reason}"):
        gather(die, NUMBERS, 2, parts=book)
    assert len(book.kept) == 11


def test_an_executor_that_broke_keeps_what_it_did():
    book, many = Book(), {str(n): n for n in range(40)}
    with processes(1) as executor:
        with pytest.raises(UnfinishedError, match="its executor broke") as caught:
            gather(die, many, 1, parts=book, executor=executor)
        assert "3" in caught.value.failed
        assert caught.value.left
        done = {*book.kept} | {*caught.value.failed} | {*caught.value.left}
        assert done == {*many}
    assert gather(double, many, 1, parts=book)[-1] == 78


LONG = """
import os, sys
from multiprocessing import get_context
from pathlib import Path
from netrobust.parallel import processes
from netrobust.parallel.gather import gather
from tests.parallel.test_executor import sleep
os.setsid()
processes._context = lambda work: get_context("fork")  # all is loaded here
gather(sleep, {"1": 1, "2": 2, "3": 3}, 2, Path(sys.argv[1]))
"""


def sleep(task, folder):
    (folder / f"{os.getpid()}").touch()
    time.sleep(3600)


def test_an_interrupt_ends_all_workers_at_once(tmp_path):
    begun = Forked(script, LONG, tmp_path, cwd=tmp_path)
    begun.until(lambda: len(list(tmp_path.iterdir())) == 2)
    os.killpg(begun.process.pid, signal.SIGINT)  # as a terminal does
    ended = begun.ended()
    assert ended.code
    assert ended.err.count("Traceback") == 1  # of the parent; workers say nothing
    for mark in tmp_path.iterdir():
        until_gone(int(mark.name))


def test_a_script_from_standard_input_is_told_to_take_one_job():
    lines = (
        "from netrobust.parallel.gather import gather\n"
        "for jobs in 1, 2:\n"
        "    print(gather(divmod, {'a': 7, 'b': 8}, jobs, 2))\n"
    )
    done = subprocess.run(
        [sys.executable, "-"], input=lines, text=True, capture_output=True, check=False
    )
    assert done.stdout == "[(3, 1), (4, 0)]\n"
    assert "InputError: a script that comes from standard input" in done.stderr
    assert done.stderr.count("Traceback") == 1


WITHOUT_GUARD = """
from netrobust.parallel.gather import gather
print("body", flush=True)
gather(divmod, {"a": 7, "b": 8}, 2, 2)
"""
UNDER_GUARD = """
from netrobust.parallel.gather import gather
if __name__ == "__main__":
    def mine(task): return task
    gather(mine, {"a": 7, "b": 8}, 2)
"""


@pytest.mark.parametrize(
    ("script", "remedy"),
    [(WITHOUT_GUARD, 'if __name__ == "__main__":'), (UNDER_GUARD, "at the top of a")],
)
def test_a_script_that_workers_cannot_read_is_told_so(script, remedy, tmp_path):
    path = tmp_path / "script.py"
    path.write_text(script)
    done = Forked(file, path, cwd=tmp_path).ended()
    assert done.code == 1
    last = done.err.strip().split("\n")[-1]
    assert last.startswith("netrobust.core.errors.InputError: a worker ")
    assert remedy in last
    assert "take one job" in last


def test_a_daemonic_process_has_no_workers(monkeypatch):
    monkeypatch.setitem(current_process()._config, "daemon", True)
    with pytest.raises(InputError, match=r"daemonic process.*take one job"):
        gather(double, NUMBERS, 2)
    assert gather(double, NUMBERS, 1) == [2 * n for n in range(12)]


def test_forked_executors_are_refused():
    with (
        ProcessPoolExecutor(1, mp_context=get_context("fork")) as executor,
        pytest.raises(InputError, match=r"get_context\('spawn'\)"),
    ):
        gather(double, NUMBERS, 1, executor=executor)


def test_a_flight_that_is_stuck_ends(monkeypatch):
    monkeypatch.setattr("netrobust.parallel.executor.PAUSE", 0.01)
    never, asked = Future(), iter([False, True])
    flight = Flight(lambda key: never, ["a", "b"], 1, lambda: next(asked))
    assert list(flight) == []
    assert never.cancelled()
    assert next(asked, "asked twice") == "asked twice"
