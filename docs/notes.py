"""Scripts of cells as pages: their comments as text, what they print and draw below.

A script begins with a docstring, whose first line is the title. A cell begins with
``# %% Heading``; the comment that follows at once is text, in reStructuredText.
"""

import ast
import contextlib
import io
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.figure import Figure

if TYPE_CHECKING:  # so that the tests need no Sphinx
    from sphinx.application import Sphinx

MARK = "# %%"


class Cell(NamedTuple):
    """One part of a script, with the line on which its code begins."""

    heading: str
    text: str
    code: str
    line: int


def cells(source: str) -> Iterator[Cell]:
    """Take a script apart; what stands before the first cell is one without heading."""
    lines = source.splitlines()
    starts = [place for place, line in enumerate(lines) if line.startswith(MARK)]
    for start, end in zip([0, *starts], [*starts, len(lines)], strict=True):
        part = lines[start:end]
        heading = part.pop(0)[len(MARK) :].strip() if start in starts else ""
        text = []
        while part and part[0].startswith("#"):
            text.append(part.pop(0)[1:].removeprefix(" "))
        yield Cell(heading, "\n".join(text), "\n".join(part), end - len(part))


def page(path: Path, folder: Path) -> str:
    """Run a script and give its page; figures are written into the folder.

    The code runs in an empty folder, where what it writes is lost.
    """
    source = path.read_text(encoding="utf-8")
    names: dict[str, Any] = {"__name__": "__main__", "__file__": str(path)}
    shown: list[Figure] = []
    parts: list[str] = []
    with tempfile.TemporaryDirectory() as work, contextlib.chdir(work):
        for cell in cells(source):
            printed = io.StringIO()
            # Empty lines before it, so that a traceback tells the line of the script.
            code = compile("\n" * cell.line + cell.code, str(path), "exec")
            with contextlib.redirect_stdout(printed):
                exec(code, names)
            if not parts:
                title, _, text = names["__doc__"].partition("\n")
                parts += [_heading(title.rstrip("."), "="), text.strip()]
                continue
            parts += [_heading(cell.heading, "-"), cell.text]
            parts += [_block("python", cell.code), _block("none", printed.getvalue())]
            for figure in names.values():
                if isinstance(figure, Figure) and figure not in shown:
                    shown.append(figure)
                    image = f"{path.stem}-{len(shown)}.png"
                    figure.savefig(folder / image, dpi=200)
                    parts.append(f".. image:: {image}\n   :alt: {cell.heading}")
    return "\n\n".join([".. currentmodule:: netrobust", *filter(None, parts)]) + "\n"


def notebook(path: Path) -> dict[str, Any]:
    """Make a notebook of a script, not yet run; figures that a cell makes are shown."""
    first, *rest = cells(path.read_text(encoding="utf-8"))
    title, _, text = str(ast.literal_eval(first.code.strip())).partition("\n")
    parts = [("markdown", f"# {title.rstrip('.')}\n\n{_markdown(text.strip())}")]
    parts.append(("code", "%matplotlib inline"))  # so that a figure is a picture
    for cell in rest:
        parts.append(("markdown", f"## {cell.heading}\n\n{_markdown(cell.text)}"))
        shows = "\n\nfigure" * bool(re.search(r"^\s*figure\b.*=", cell.code, re.M))
        parts.append(("code", cell.code.strip("\n") + shows))
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "cells": [_cell(f"cell-{n}", *one) for n, one in enumerate(parts) if one[1]],
    }


def _cell(name: str, kind: str, source: str) -> dict[str, Any]:
    code = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"id": name, "cell_type": kind, "metadata": {}, "source": source, **code}


def _markdown(text: str) -> str:
    """Turn the text of a cell into Markdown: blocks of code alone differ."""
    return re.sub(r"::\n\n((?: {4}.*\n?|\n)+)", r":\n\n\1", text)


def run_notebook(path: Path, folder: Path) -> None:
    """Run the notebook of a script in an empty folder; write it with its outputs."""
    import nbformat
    from nbclient import NotebookClient

    made = nbformat.from_dict(notebook(path))
    with tempfile.TemporaryDirectory() as work:
        place = {"metadata": {"path": work}}
        NotebookClient(made, kernel_name="python3", resources=place).execute(
            env={**os.environ, "PYTHONWARNINGS": "ignore"}  # of what others import
        )
    nbformat.write(made, folder / f"{path.stem}.ipynb")


def _heading(text: str, line: str) -> str:
    return f"{text}\n{line * len(text)}"


def _block(language: str, text: str) -> str:
    if not text.strip():
        return ""
    lines = text.strip("\n").splitlines()
    return f".. code-block:: {language}\n\n" + "\n".join(f"   {x}" for x in lines)


def write_pages(app: "Sphinx") -> None:
    """Write the page of every script that is newer than it, or than this module."""
    folder = Path(app.srcdir) / "generated" / "tutorials"
    folder.mkdir(parents=True, exist_ok=True)
    for path in app.config.notes:
        target = folder / f"{path.stem}.rst"
        newest = max(os.path.getmtime(one) for one in (path, __file__))
        if not target.exists() or target.stat().st_mtime < newest:
            run_notebook(path, folder)
            offer = f"Download it as a :download:`notebook <{path.stem}.ipynb>`.\n"
            target.write_text(page(path, folder) + f"\n{offer}", encoding="utf-8")


def setup(app: "Sphinx") -> dict[str, bool]:
    """Run the scripts before the pages are read."""
    app.add_config_value("notes", [], "env")
    app.connect("builder-inited", write_pages, priority=1)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
