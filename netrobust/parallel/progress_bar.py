"""A progress bar by itself where somebody looks on: at a terminal or in a notebook.

The command line, workers and work within work show none of their own.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from html import escape
from multiprocessing import parent_process
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from rich.console import Console

# stage, units done, units in all and, if there is one, a note
Stages: TypeAlias = Callable[..., None]

_SILENT = ContextVar("_SILENT", default=False)


@contextmanager
def silent() -> Iterator[None]:
    """Show no bars meanwhile, but those that are asked for."""
    before = _SILENT.set(True)
    try:
        yield
    finally:
        _SILENT.reset(before)


def wanted(progress: bool | None) -> bool:
    """Whether to show a bar: as is asked or, if nothing is, where somebody looks on.

    Examples
    --------
    >>> wanted(True), wanted(False)
    (True, False)
    """
    if progress is not None:
        return progress
    seen = in_notebook() or bool(getattr(sys.stderr, "isatty", bool)())
    return seen and parent_process() is None and not _SILENT.get()


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")


@contextmanager
def bars(progress: bool | None = None) -> Iterator[Stages]:
    """Give a function that shows a bar for every stage of the work, or does nothing.

    Examples
    --------
    >>> with bars(progress=False) as tick:
    ...     tick("training", 1, 2)
    """
    if not wanted(progress):
        yield lambda stage, done, total, note="": None
        return
    if in_notebook():
        with silent():
            yield _in_place()
        return
    from rich.console import Console

    with silent(), on_console(Console(stderr=True)) as tick:
        yield tick


@contextmanager
def on_console(console: "Console") -> Iterator[Stages]:
    """Show bars on a console, or lines where nothing can be drawn anew.

    A file and a pipe get a line for every tenth of the units.
    """
    if not console.is_terminal:
        yield _lines(lambda line: print(line, file=console.file, flush=True))
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    shown = Progress(
        SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(),
        MofNCompleteColumn(), TimeElapsedColumn(), "left", TimeRemainingColumn(),
        console=console,
    )  # fmt: skip
    stages: dict[str, int] = {}

    def tick(stage: str, done: int, total: int, note: str = "") -> None:
        if not stages:  # what is refused before the work begins shows no bar
            shown.start()
        if stage not in stages:
            stages[stage] = shown.add_task(stage, total=total)
        text = f"{stage}  {note}" if note else stage
        bar: Any = stages[stage]
        shown.update(bar, completed=done, total=total, description=text)

    try:
        yield tick
    finally:
        if stages:
            shown.stop()


def _lines(say: Callable[[str], None]) -> Stages:
    said: dict[str, int] = {}

    def tick(stage: str, done: int, total: int, note: str = "") -> None:
        tenth = 10 * done // max(total, 1)
        if said.get(stage) != tenth:
            said[stage] = tenth
            say(f"{stage}: {done} of {total}" + (f", {note}" if note else ""))

    return tick


def _in_place() -> Stages:
    """Show progress in a notebook: a bar for every stage, drawn anew."""
    from IPython.display import display

    lines: dict[str, str] = {}
    bars: dict[str, str] = {}
    shown: list[Any] = []

    def tick(stage: str, done: int, total: int, note: str = "") -> None:
        text = f"{stage}: {done} of {total}" + (f", {note}" if note else "")
        lines[stage] = text
        bar = f'<progress value="{done}" max="{max(total, 1)}"></progress>'
        bars[stage] = f"<div>{bar} {escape(text)}</div>"
        data = {
            "text/plain": "\n".join(lines.values()),
            "text/html": "".join(bars.values()),
        }
        if not shown:  # what is refused before the work begins shows nothing
            shown.append(display(data, raw=True, display_id=True))
        else:
            shown[0].update(data, raw=True)

    return tick
