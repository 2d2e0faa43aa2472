"""What the command line shows and reads: progress, tables, settings."""

import json
import logging
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.logging import RichHandler
from rich.table import Table

from netrobust.cli import streams
from netrobust.cli.words import plain_number
from netrobust.core.errors import InputError, shown
from netrobust.core.settings import canonical_fraction, whole
from netrobust.parallel.progress_bar import Stages, on_console

if TYPE_CHECKING:  # pandas is loaded by the commands that need it
    import pandas as pd

#: Of a curve, from 0 to 1.
MOST_STEPS = 1000

# Plain text, since a path may well hold "[bold]" or ":cat:". Into a file or a pipe,
# lines are as long as tables need.
_plain: dict[str, Any] = {"markup": False, "emoji": False}
streams.there()
out = Console(width=None if sys.stdout.isatty() else 200, **_plain)
err = Console(stderr=True, **_plain)


def tell(sentence: str) -> None:
    """Print a sentence on standard error, whatever is in it."""
    err.print(streams.printable(sentence), soft_wrap=True)


def talk(quiet: bool) -> None:
    """Show what the package logs: all that is worth knowing, or only warnings."""
    log = logging.getLogger("netrobust")
    log.setLevel(logging.WARNING if quiet else logging.INFO)
    if not log.handlers:
        handler = RichHandler(console=err, show_path=False, show_time=False)
        log.addHandler(handler)


@contextmanager
def progress(quiet: bool) -> Iterator[Stages]:
    """Give a function that shows one bar per stage of the work.

    Yields
    ------
    callable
        ``(stage, units done, units in all)``.
    """
    if quiet:
        yield lambda stage, done, total, note="": None
        return
    with on_console(err) as tick:
        yield tick


def show_across(table: "pd.DataFrame", column: str, keys: Sequence[str]) -> None:
    """Print a table on its side: the values of a column across, all others down.

    Of every combination of the keys there is a table of its own.
    """
    groups = table.groupby([*keys], sort=False) if keys else [((), table)]
    for labels, rows in groups:
        title = ", ".join(f"{key} {_text(one)}" for key, one in zip(keys, labels,
                          strict=True))  # fmt: skip
        shown = Table(title=title or None, box=SIMPLE_HEAD)
        shown.add_column("")
        for value in rows[column]:
            shown.add_column(f"{column} {value}", justify="right", overflow="fold")
        for name in table.columns.drop([column, *keys]):
            shown.add_row(str(name), *(_text(value) for value in rows[name]))
        out.print(shown)


def show(table: "pd.DataFrame", as_json: bool, title: str | None = None) -> None:
    """Print a table for people, or as JSON records for programs."""
    if as_json:
        plain = table.replace([float("inf"), -float("inf")], float("nan"))
        _print_json(plain.astype(object).where(plain.notna(), None).to_dict("records"))
        return
    # Columns that say the same in every row stand once, below the table.
    constant = [
        name
        for name in table
        if len(table) > 1 and table[name].nunique(dropna=False) == 1
    ]
    caption = ", ".join(f"{name} {_text(table[name].iloc[0])}" for name in constant)
    shown = Table(title=title, caption=caption or None, box=SIMPLE_HEAD)
    rest = table.drop(columns=constant)
    for name in rest:
        number = rest[name].dtype.kind in "if"
        side: Any = "right" if number else "left"
        shown.add_column(str(name), justify=side, overflow="fold")
    for row in rest.itertuples(index=False):
        shown.add_row(*(_text(value) for value in row))
    out.print(shown)


def _print_json(facts: Any) -> None:
    """Print JSON for programs: numbers in full, and no colour wherever it goes."""
    print(json.dumps(facts, default=_plain_value, indent=2))  # noqa: T201


def _plain_value(value: Any) -> Any:
    """Give a number of numpy as one of Python, and anything else as text."""
    return value.item() if hasattr(value, "item") else str(value)


def _text(value: Any) -> str:
    if not isinstance(value, float):
        return streams.printable(str(value))
    return "-" if value != value else f"{value:.4g}"


def say(facts: dict[str, Any], as_json: bool = False) -> None:
    """Print facts, one per line, or as one JSON object."""
    if as_json:
        _print_json(facts)
        return
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        line = streams.printable(f"{name:<{width}}  {value}")
        out.print(line, highlight=False, soft_wrap=True)


def toml_file(path: Path | None) -> dict[str, Any]:
    """Read settings from a TOML file; none from no file."""
    if path is None:
        return {}
    if not path.is_file():
        raise InputError(f"{path} is not a file; give one of settings, in TOML")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is not a readable TOML file ({error})") from None


def pairs(
    given: Sequence[str] | None,
    flag: str,
    settings: dict[str, Any] | None = None,
    usual: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Put ``name=value`` pairs into settings; a value is a number or a list as in TOML.

    A name with a dot is a field of a table, ``training.epochs=5``, whose other fields
    are those of the settings, or the usual ones if these have no such table.
    """
    found = {} if settings is None else settings
    for pair in given or ():
        name, equals, text = pair.partition("=")
        if not equals or not name:
            raise InputError(f"{flag} needs NAME=VALUE; got {shown(pair)}")
        *tables, field = name.split(".")
        if tables and usual and tables[0] in usual:
            found.setdefault(tables[0], usual[tables[0]])
        place = found
        for table in tables:
            place = place.setdefault(table, {})
            if not isinstance(place, dict):
                raise InputError(
                    f"{flag} {shown(pair)}: {table} is {shown(place)}, which has no "
                    "fields; give it whole"
                )
        place[field] = _toml_value(text)
    return found


def _toml_value(text: str) -> Any:
    """Read one value as TOML does; what is none is text."""
    try:
        read = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):  # TOML's own errors are ValueErrors
        return text
    return read["value"] if len(read) == 1 else text  # a line may hide another


def fractions(text: str | None) -> list[float] | None:
    """Read ``0,0.5,1``, or a number of equal steps from 0 to 1 such as ``20``."""
    if text is None:
        return None
    try:
        if "," not in text and plain_number(text, "--fractions") > 1:
            steps = whole("the number of steps", int(text), 1, MOST_STEPS)
            return [canonical_fraction(step / steps) for step in range(steps + 1)]
        return [
            canonical_fraction(plain_number(part, "--fractions"))
            for part in text.split(",")
        ]
    except InputError:
        raise
    except ValueError:
        raise InputError(
            f"--fractions needs numbers such as 0,0.25,1 or a number of steps such as "
            f"20; got {text!r}"
        ) from None
