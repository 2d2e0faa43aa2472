"""Scripts of cells as notebooks and pages: text, code and what comes out.

A script begins with a docstring, whose first line is the title. A cell begins with
``# %% Heading``; the comment that follows at once is text, in reStructuredText. The
notebook is run once, and its page shows what came out.
"""

import ast
import base64
import json
import os
import re
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # so that the tests need no Sphinx
    from sphinx.application import Sphinx

MARK = "# %%"
PICTURES = "%matplotlib inline\n%config InlineBackend.figure_format = 'retina'"


class Cell(NamedTuple):
    """One part of a script."""

    heading: str
    text: str
    code: str


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
        yield Cell(heading, "\n".join(text), shown("\n".join(part).strip("\n")))


def shown(code: str) -> str:
    """End a cell, as notebooks do, with what it prints last, or its figure."""
    if re.search(r"^\s*figure\b.*=", code, re.MULTILINE):
        return f"{code}\n\nfigure"
    match ast.parse(code).body[-1:]:
        case [ast.Expr(ast.Call(ast.Name("print"), [value], []), lineno=line)]:
            if isinstance(value, ast.JoinedStr):
                return code
        case _:
            return code
    match value:  # a table looks better as one
        case ast.Call(ast.Attribute(table, "to_string")):
            value = table
    before = "".join(code.splitlines(keepends=True)[: line - 1])
    return before + str(ast.get_source_segment(code, value))


def notebook(source: str) -> dict[str, Any]:
    """Make a notebook of a script, not yet run."""
    first, *rest = cells(source)
    title, _, text = _docstring(first).partition("\n")
    parts = [_cell("title", "markdown", f"# {title.rstrip('.')}\n\n{_markdown(text)}")]
    parts.append(_cell("pictures", "code", PICTURES))
    for number, cell in enumerate(rest):
        heading = f"## {cell.heading}\n\n{_markdown(cell.text)}"
        parts.append(_cell(f"text-{number}", "markdown", heading))
        if cell.code:
            parts.append(_cell(f"code-{number}", "code", cell.code))
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "cells": parts,
    }


def _docstring(first: Cell) -> str:
    return str(ast.literal_eval(first.code)).strip()


def _cell(name: str, kind: str, source: str) -> dict[str, Any]:
    code = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"id": name, "cell_type": kind, "metadata": {}, "source": source, **code}


def _markdown(text: str) -> str:
    """Turn the text of a cell into Markdown: blocks of code alone differ."""
    return re.sub(r"::\n\n((?: {4}.*\n?|\n)+)", r":\n\n\1", text.strip())


def run(made: dict[str, Any]) -> dict[str, Any]:
    """Run a notebook in an empty folder, where what it writes is lost."""
    import nbformat
    from nbclient import NotebookClient

    node = nbformat.from_dict(made)
    quiet = {"PYTHONWARNINGS": "ignore"}  # of what others import
    single = {"OMP_NUM_THREADS": "1"}  # threads of torch wait for each other
    with tempfile.TemporaryDirectory() as work:
        place = {"metadata": {"path": work}}
        client = NotebookClient(node, kernel_name="python3", resources=place)
        client.execute(env={**os.environ, **quiet, **single})
    return dict(node)


def page(source: str, made: dict[str, Any], stem: str, folder: Path) -> str:
    """Write the page of a script whose notebook was run, images into the folder."""
    first, *rest = cells(source)
    title, _, text = _docstring(first).partition("\n")
    parts = [".. currentmodule:: netrobust", _heading(title.rstrip("."), "=")]
    parts.append(text.strip())
    outputs = {one["id"]: one.get("outputs", []) for one in made["cells"]}
    images = 0
    for number, cell in enumerate(rest):
        parts += [_heading(cell.heading, "-"), cell.text]
        parts.append(_block("code-block:: python", cell.code))
        for output in _joined(outputs.get(f"code-{number}", [])):
            data = output.get("data", {})
            if "image/png" in data:
                images += 1
                image = folder / f"{stem}-{images}.png"
                image.write_bytes(base64.b64decode(data["image/png"]))
                wide = output["metadata"]["image/png"]["width"]
                about = f"   :alt: {cell.heading}\n   :width: {wide}px"
                parts.append(f".. image:: {image.name}\n{about}")
            elif "text/html" in data:
                html = f'<div class="output">{data["text/html"]}</div>'
                parts.append(_block("raw:: html", html))
            else:
                text = output.get("text") or data.get("text/plain", "")
                parts.append(_block("code-block:: none", text))
    parts.append(f"Download it as a :download:`notebook <{stem}.ipynb>`.")
    return "\n\n".join(filter(None, parts)) + "\n"


def _joined(outputs: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Join what was printed in a row, which may come in pieces."""
    for printed, parts in groupby(outputs, lambda one: "text" in one):
        if printed:
            yield {"text": "".join(one["text"] for one in parts)}
        else:
            yield from parts


def _heading(text: str, line: str) -> str:
    return f"{text}\n{line * len(text)}"


def _block(directive: str, text: str) -> str:
    if not text.strip():
        return ""
    lines = text.strip("\n").splitlines()
    return f".. {directive}\n\n" + "\n".join(f"   {x}" for x in lines)


def write_pages(app: "Sphinx") -> None:
    """Run scripts that are newer than their page; write page and notebook."""
    folder = Path(app.srcdir) / "generated" / "tutorials"
    folder.mkdir(parents=True, exist_ok=True)
    for path in app.config.notes:
        target = folder / f"{path.stem}.rst"
        newest = max(os.path.getmtime(one) for one in (path, __file__))
        if not target.exists() or target.stat().st_mtime < newest:
            source = path.read_text(encoding="utf-8")
            made = run(notebook(source))
            file = folder / f"{path.stem}.ipynb"
            file.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
            target.write_text(page(source, made, path.stem, folder), encoding="utf-8")


def setup(app: "Sphinx") -> dict[str, bool]:
    """Run the scripts before the pages are read."""
    app.add_config_value("notes", [], "env")
    app.connect("builder-inited", write_pages, priority=1)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
