"""Waiting for the end of processes that are not our children."""

import os
import time
from pathlib import Path


def until_gone(pid: int) -> None:
    """Wait for a process; a zombie that nobody has collected yet has ended."""
    while _alive(pid):
        time.sleep(0.02)


def _alive(pid: int) -> bool:
    if not Path("/proc/self").exists():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
