"""Work spread over processes, which end when they should."""

import os
import time
from pathlib import Path

import pytest
from ended import until_gone
from forked import Forked
from forked import code as script

from netrobust.core.errors import InputError
from netrobust.parallel.gather import gather


def keyed(*tasks: int) -> dict[str, int]:
    return {str(task): task for task in tasks}


def where(task: int, offset: int) -> tuple[int, int]:
    return task + offset, os.getpid()


def fail_on_two(task: int) -> int:
    if task == 2:
        raise InputError("two is not allowed")
    return task


def sleep_long(task: int, folder: str) -> None:
    Path(folder, str(os.getpid())).touch()
    time.sleep(3600)


def test_one_job_works_here_and_in_order():
    found = gather(where, keyed(3, 1, 2), 1, 10)
    assert found == [(n + 10, os.getpid()) for n in (3, 1, 2)]


def test_two_jobs_work_elsewhere_with_the_same_results():
    found = gather(where, keyed(*range(6)), 2, 10)
    assert [value for value, _ in found] == [n + 10 for n in range(6)]
    assert os.getpid() not in {pid for _, pid in found}


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_single_task_needs_no_process(jobs):
    assert gather(where, keyed(5), jobs, 0) == [(5, os.getpid())]
    assert gather(where, {}, jobs, 0) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_arrives_as_it_was(jobs):
    with pytest.raises(InputError, match="two is not allowed"):
        gather(fail_on_two, keyed(1, 2), jobs)


@pytest.mark.parametrize("jobs", [0, -1])
def test_no_jobs_are_refused(jobs):
    with pytest.raises(
        InputError, match=f"jobs must be an integer, 1 or larger; got {jobs}"
    ):
        gather(where, keyed(1), jobs, 0)


def test_workers_end_with_a_parent_that_was_killed(tmp_path):
    work = (
        "import sys\n"
        "from netrobust.parallel.gather import gather\n"
        "from tests.parallel.test_gather import sleep_long\n"
        "gather(sleep_long, {'one': 1, 'two': 2}, 2, sys.argv[1])\n"
    )
    parent = Forked(script, work, tmp_path, cwd=tmp_path)
    parent.until(lambda: len(list(tmp_path.iterdir())) == 2)
    parent.killed()
    for worker in tmp_path.iterdir():
        until_gone(int(worker.name))
