"""JSON files of a run, which carry a digest of themselves."""

import json
from pathlib import Path
from typing import Any

from netrobust.core import digests
from netrobust.core.atomic_files import replacing
from netrobust.core.errors import InputError

_UNREADABLE = (OSError, ValueError, RecursionError)


def write_json(path: Path, facts: dict[str, Any]) -> None:
    """Write facts by name, whole or not at all.

    Raises
    ------
    InputError
        The place cannot be written to.
    """
    facts = {digests.WRITTEN_BY: digests.blank(), **facts}
    with replacing(path) as part:
        part.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        digests.fill(part)


def read_json(path: Path) -> tuple[dict[str, Any], str]:
    """Read facts by name, and tell which version of netrobust wrote them, if known.

    Raises
    ------
    InputError
        The file is missing, damaged, or holds something else.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_json(Path(folder) / "a.json", {"units": 2})
    ...     read_json(Path(folder) / "a.json")[0]
    {'units': 2}
    """
    try:
        writer = digests.check(path)
        facts = json.loads(path.read_text(encoding="utf-8"))
    except _UNREADABLE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(reason) from None
    if not isinstance(facts, dict):
        raise InputError(f"it holds a {type(facts).__name__} and no facts by name")
    facts.pop(digests.WRITTEN_BY, None)
    return facts, writer
