"""Parsers that do in a guarded process what a hostile file can make them do."""

import ctypes
import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np

from netrobust.core.errors import InputError


def echo(*values):
    return values


def refuse(path):
    raise InputError(f"{path} holds no graph; give another")


def fail(text):
    raise KeyError(text)


def sleep(path):
    Path(path).read_bytes()
    time.sleep(3600)


def read_a_pipe(path):
    """Wait for a word through a pipe, then put the alarm forward and hang."""
    with open(path, "rb") as pipe:
        pipe.read(1)
    assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    time.sleep(3600)


def spin():
    """Hold the interpreter in one long call, where no Python handler can run."""
    return (2**400_000_000) % 3


def swallow(size):
    return np.ones(size, dtype=np.uint8)


def swallow_slowly():
    held = []
    while True:
        held.append(np.ones(2**24, dtype=np.uint8))


def read_nowhere():
    ctypes.string_at(0)


def abort():
    os.abort()


def end(code):
    os._exit(code)


def print_much():
    sys.stdout.write("\n{}" * 10_000)
    sys.stdout.flush()
    os.write(1, b"[")
    os.write(2, b"oh" * 2**20)
    return "done"


def answer_garbage(garbage):
    """Do as a taken-over process might, and write into the answer itself."""
    for descriptor in range(3, 20):
        try:
            os.write(descriptor, garbage)
        except OSError:
            continue
    os._exit(0)


def recurse(depth=0):
    return recurse(depth + 1)


def write(path):
    Path(path).write_text("x")


def leave_a_thread():
    threading.Thread(target=time.sleep, args=(3600,)).start()
    return "done"


def tell():
    limits = {}
    if sys.platform == "linux":
        import resource

        limits = {"core": list(resource.getrlimit(resource.RLIMIT_CORE))}
    return {
        "modules": sorted(sys.modules),
        "path": sys.path,
        "folder": os.getcwd(),
        "process": os.getpid(),
        "session": os.getsid(0),
        "alarm": signal.getitimer(signal.ITIMER_REAL)[0],
        **limits,
    }
