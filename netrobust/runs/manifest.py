"""The manifest of a run: what it was made with."""

import json
import logging
import platform
from importlib.metadata import version
from pathlib import Path
from textwrap import shorten
from typing import Any

from netrobust.core.errors import InputError
from netrobust.runs.json_files import read_json, write_json

log = logging.getLogger("netrobust")

MANIFEST = "manifest.json"
COPY = "manifest.copy.json"
SCHEMA_VERSION = 1
_PACKAGES = ("netrobust", "torch", "numpy", "numba", "igraph", "pandas", "scipy")


def versions() -> dict[str, str]:
    """Give the versions of all that a result may depend on."""
    packages = {name: version(name) for name in _PACKAGES}
    python, machine = platform.python_version(), platform.machine()
    return {**packages, "python": python, "machine": machine}


def new_manifest(settings: dict[str, Any], data: dict[str, str]) -> dict[str, Any]:
    """Describe a run that begins now: settings, hashes of its data, versions."""
    return {
        "schema_version": SCHEMA_VERSION,
        "settings": plain(settings),
        "data_sha256": data,
        "versions": versions(),
    }


def is_run(folder: Path) -> bool:
    """Whether a folder has a manifest, or the copy of one."""
    return any((folder / name).is_file() for name in (MANIFEST, COPY))


def write_manifest(manifest: dict[str, Any], folder: Path) -> None:
    """Write the manifest of a run into its folder, twice: a damaged one is replaced."""
    for name in (COPY, MANIFEST):
        write_json(folder / name, manifest)


def mend_manifest(manifest: dict[str, Any], folder: Path) -> None:
    """Write again, of the manifest and its copy, what is missing or damaged."""
    for name in (COPY, MANIFEST):
        try:
            _read(folder / name)
        except InputError:
            write_json(folder / name, manifest)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a run, or its copy where the manifest is damaged.

    Raises
    ------
    InputError
        Both are damaged, or written by another version of this format.
    """
    try:
        return _read(folder / MANIFEST)
    except InputError as error:
        try:
            manifest = _read(folder / COPY)
        except InputError:
            raise error from None
        log.warning("%s is damaged; its copy serves", folder / MANIFEST)
        return manifest


def _read(path: Path) -> dict[str, Any]:
    try:
        manifest, writer = read_json(path)
        found = manifest["schema_version"]
        for part in ("settings", "data_sha256", "versions"):
            manifest[part].keys()
    except (InputError, LookupError, AttributeError) as error:
        reason = f"it has no {error}" if isinstance(error, KeyError) else error
        raise InputError(
            f"{path} is not the manifest of a run ({reason}); restore it, or make the "
            "run again in another folder"
        ) from None
    if found != SCHEMA_VERSION:
        writer = writer or one_line(manifest["versions"].get("netrobust"))
        raise InputError(
            f"{path} has schema version {found!r}, which netrobust {writer} wrote, and "
            f"this one reads version {SCHEMA_VERSION}; install netrobust {writer}"
        )
    return manifest


def plain(settings: Any) -> Any:
    """Give settings as they come back from JSON: tuples become lists."""
    return json.loads(json.dumps(settings))


def difference(before: Any, now: Any) -> str:
    """Describe the first difference between two settings, and count the others.

    What has no value or is empty, as a setting that came with a later version, makes
    none.

    Examples
    --------
    >>> difference({"train": {"seed": 0}, "n": 9}, {"train": {"seed": 1}, "n": 8})
    'train.seed: 0 there, 1 asked for, and 1 more'
    >>> difference({"seed": 0}, {"seed": 0, "retrained_networks": None, "curves": {}})
    ''
    """
    if not isinstance(before, dict) or not isinstance(now, dict):
        if before == now:
            return ""
        return "none are on record" if before is None else "others are on record"
    old, new = _flat(before), _flat(now)
    keys = [key for key in {**old, **new} if _given(old, key) != _given(new, key)]
    if not keys:
        return ""
    key, there, asked = map(one_line, (keys[0], old.get(keys[0]), new.get(keys[0])))
    more = f", and {len(keys) - 1} more" if len(keys) > 1 else ""
    return f"{key}: {there} there, {asked} asked for{more}"


def one_line(value: Any) -> str:
    r"""Give what came from a file as one short line, for a log or a message.

    Examples
    --------
    >>> one_line("0.1\n2026-01-01 00:00:00 trained")
    '0.1 2026-01-01 00:00:00 trained'
    """
    return printable(shorten(str(value), 60, placeholder=" ..."))


def printable(text: str) -> str:
    r"""Escape what cannot be printed, such as ends of lines.

    Examples
    --------
    >>> print(printable("0.1\nnew"))
    0.1\nnew
    """
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode("ascii")
        for one in text
    )


def _given(settings: dict[str, Any], key: str) -> Any:
    """Give what is set, None for an empty list."""
    value = settings.get(key)
    return None if value == [] else value


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Give nested settings one name each, such as ``train.epochs``; empty ones none."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat
