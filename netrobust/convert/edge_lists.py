"""Text files of links: edge lists, Netzschleuder's tables, and Pajek in two modes."""

import csv
import shlex
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np

from netrobust.convert.bipartite_graphs import SIDES
from netrobust.core.errors import InputError

Parts = tuple[list[Any], dict[str, list[Any]], Any, dict[str, list[Any]], bool]

_HEADS = ("source", "from", "u", "i", "node1", "row")


def parse_edges(path: Path) -> Parts:
    """Read a link per line: a source, a target, and a weight if there is one.

    Columns are parted by commas, semicolons, tabs or blanks; lines that start with
    ``#`` or ``%`` are left out. In a ``.csv``, a first line that is no link is a head.

    Raises
    ------
    InputError
        A line has other columns, or a name stands in both.
    """
    rows, told = _rows(path)
    if rows and path.suffix.lower() == ".csv" and _is_head(rows):
        rows = rows[1:]
    width = {len(row) for row in rows}
    if width not in ({2}, {3}):
        raise InputError(
            "every line must have a source, a target and perhaps a weight; there are "
            f"lines of {', '.join(map(str, sorted(width))) or 'no'} columns"
        )
    sources = dict.fromkeys(row[0] for row in rows)
    targets = dict.fromkeys(row[1] for row in rows)
    both = [name for name in sources if name in targets]
    if both and not told:
        raise InputError(
            f"{both[0]} is a source and a target, so that the columns are no two "
            "sides; read the table with pandas and give it to from_pandas if they are"
        )
    one = {name: k for k, name in enumerate(sources)}
    other = {name: k + len(one) for k, name in enumerate(targets)}
    ends = np.array([(one[row[0]], other[row[1]]) for row in rows], np.int64)
    weight = [_number(row[2]) for row in rows] if width == {3} else []
    sides = [0] * len(one) + [1] * len(other)
    of_links = {"weight": weight} if weight else {}
    return [*one, *other], {"bipartite": sides}, ends, of_links, True


def parse_netzschleuder(path: Path) -> Parts:
    """Read ``edges.csv`` and ``nodes.csv``, in a folder or a ``.csv.zip``.

    Raises
    ------
    InputError
        A table is missing, or nothing says which vertices are sources.
    """
    if path.suffix == ".zip":
        try:
            with ZipFile(path) as archive:
                if sum(one.file_size for one in archive.infolist()) > 2**31:
                    raise InputError("its tables are larger than 2 GiB")
                tables = [_member(archive, name) for name in ("nodes.csv", "edges.csv")]
        except (BadZipFile, OSError) as error:
            raise InputError(f"it is no zip archive ({error})") from None
    else:
        tables = [
            _table(path.with_name(name).read_text("utf-8").splitlines())
            for name in ("nodes.csv", "edges.csv")
        ]
    (node_head, nodes), (edge_head, edges) = tables
    columns: dict[str, list[Any]] = {
        name: [row[k] for row in nodes] for k, name in enumerate(node_head)
    }
    index = [int(_number(one)) for one in columns.pop(node_head[0])]
    place = {name: k for k, name in enumerate(index)}
    try:
        ends = np.array(
            [(place[int(row[0])], place[int(row[1])]) for row in edges], np.int64
        ).reshape(-1, 2)
    except (ValueError, KeyError) as error:
        raise InputError(f"an edge joins {error}, which is no node") from None
    of_links = {
        name: [_value(row[k]) for row in edges]
        for k, name in enumerate(edge_head)
        if k > 1
    }
    if not any(name in columns for name in SIDES):
        columns["bipartite"] = _two_columns(ends, len(index))
    names = columns.pop("name", index)
    return names, columns, ends, of_links, False


def parse_pajek(path: Path) -> Parts:
    """Read a Pajek network in two modes, ``*Vertices 5 2``.

    Raises
    ------
    InputError
        It has one mode, or a matrix instead of lists.
    """
    names: list[str] = []
    first = 0
    ends: list[tuple[int, int]] = []
    weight: list[float] = []
    part = ""
    for line in path.read_text("utf-8").splitlines():
        words = _words(line)
        if not words or words[0].startswith("%"):
            continue
        if words[0].startswith("*"):
            part = words[0].lower()
            if part == "*vertices":
                if len(words) < 3 or names:
                    raise InputError(
                        "it must hold one network in two modes, whose first line is "
                        "*Vertices, the number of all, and that of the first mode"
                    )
                total, first = int(_number(words[1])), int(_number(words[2]))
                names = [str(k + 1) for k in range(min(total, 10**7))]
            elif part not in ("*edges", "*arcs", "*edgeslist", "*arcslist", "*network"):
                raise InputError(f"its part {part} is no list of edges or arcs")
            continue
        numbers = [int(_number(words[0]))]
        if part == "*vertices":
            _check_place(numbers, len(names))
            names[numbers[0] - 1] = words[1] if len(words) > 1 else words[0]
            continue
        if part in ("*edges", "*arcs"):
            numbers.append(int(_number(words[1])) if len(words) > 1 else 0)
            weight.append(_number(words[2]) if len(words) > 2 else 1.0)
        else:
            numbers += [int(_number(one)) for one in words[1:]]
            weight += [1.0] * (len(numbers) - 1)
        _check_place(numbers, len(names))
        ends += [(numbers[0] - 1, one - 1) for one in numbers[1:]]
    sides = [int(k >= first) for k in range(len(names))]
    pairs = np.array(ends, np.int64).reshape(-1, 2)
    return names, {"bipartite": sides}, pairs, {"weight": weight}, False


def _check_place(numbers: list[int], count: int) -> None:
    for one in numbers:
        if not 1 <= one <= count:
            raise InputError(f"it names vertex {one}, and there are {count}")


def _rows(path: Path) -> tuple[list[list[str]], bool]:
    """Give the columns of all lines, and whether the head says that it is bipartite."""
    lines = path.read_text("utf-8-sig").splitlines()
    told = bool(lines) and lines[0].startswith("%") and "bip" in lines[0].split()
    plain = [line for line in lines if line.strip() and line.lstrip()[0] not in "#%"]
    mark = next((one for one in (",", ";", "\t") if plain and one in plain[0]), None)
    if mark is None:
        return [line.split() for line in plain], told
    return [
        [one.strip() for one in row] for row in csv.reader(plain, delimiter=mark)
    ], told


def _is_head(rows: list[list[str]]) -> bool:
    """Tell a first line that names the columns from one that is a link."""
    first = rows[0]
    if first[0].lower() in _HEADS:
        return True
    if len(first) == 3:
        return not _is_number(first[2])
    others = {one for row in rows[1:] for one in row}
    return not any(_is_number(one) for one in first) and not others & {*first}


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(text: str) -> float:
    if not _is_number(text):
        raise InputError(f"{text[:40]!r} in it must be a number")
    return float(text)


def _value(text: str) -> Any:
    return float(text) if _is_number(text) else text


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()


def _member(archive: ZipFile, name: str) -> tuple[list[str], list[list[str]]]:
    found = [one for one in archive.namelist() if Path(one).name == name]
    if not found:
        raise InputError(f"it holds no {name}")
    with archive.open(found[0]) as file:
        return _table(TextIOWrapper(file, "utf-8").read().splitlines())


def _table(lines: Iterable[str]) -> tuple[list[str], list[list[str]]]:
    """Read a table whose head starts with ``#``."""
    rows: Iterator[list[str]] = csv.reader(lines, skipinitialspace=True)
    head = [one.strip() for one in next(rows, [])]
    if not head:
        raise InputError("one of its tables is empty")
    head[0] = head[0].removeprefix("#").strip()
    held = [row for row in rows if row]
    if any(len(row) < min(len(head), 2) for row in held):
        raise InputError("a line of one of its tables has too few columns")
    filled = [row + [""] * (len(head) - len(row)) for row in held]
    return head, filled


def _two_columns(ends: Any, count: int) -> list[int]:
    """Tell sides by the columns in which vertices stand."""
    sources, targets = set(ends[:, 0].tolist()), set(ends[:, 1].tolist())
    if sources & targets or len(sources | targets) < count:
        raise InputError(
            "its nodes have no depth, bipartite or type, and stand in both columns of "
            "the edges or in none, so that nothing tells their sides"
        )
    return [int(k in targets) for k in range(count)]
