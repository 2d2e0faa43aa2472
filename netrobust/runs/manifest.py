"""The manifest of a run: what it was made with."""

import json
import platform
from importlib.metadata import version
from pathlib import Path
from textwrap import shorten
from typing import Any

from netrobust.core.atomic_files import replacing
from netrobust.core.errors import InputError

MANIFEST = "manifest.json"
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


def write_manifest(manifest: dict[str, Any], folder: Path) -> None:
    """Write the manifest of a run into its folder."""
    with replacing(folder / MANIFEST) as part:
        part.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a run.

    Raises
    ------
    InputError
        It is damaged, or written by another version of this format.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        found = manifest["schema_version"]
        for part in ("settings", "data_sha256", "versions"):
            manifest[part].keys()
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is not the manifest of a run ({error!r})") from None
    except RecursionError:
        raise InputError(f"{path} is not the manifest of a run (too deep)") from None
    if found != SCHEMA_VERSION:
        raise InputError(
            f"{path} has schema version {found!r}; this netrobust reads version "
            f"{SCHEMA_VERSION}"
        )
    return dict(manifest)


def plain(settings: Any) -> Any:
    """Give settings as they come back from JSON: tuples become lists."""
    return json.loads(json.dumps(settings))


def difference(before: Any, now: Any) -> str:
    """Describe the first difference between two settings, and count the others.

    Examples
    --------
    >>> difference({"train": {"seed": 0}, "n": 9}, {"train": {"seed": 1}, "n": 8})
    'train.seed: 0 there, 1 asked for, and 1 more'
    """
    if not isinstance(before, dict) or not isinstance(now, dict):
        return "none are on record" if before is None else "others are on record"
    old, new = _flat(before), _flat(now)
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    there, asked = (
        shorten(str(one.get(keys[0])), 60, placeholder=" ...") for one in (old, new)
    )
    more = f", and {len(keys) - 1} more" if len(keys) > 1 else ""
    return f"{keys[0]}: {there} there, {asked} asked for{more}"


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Give nested settings one name each, such as ``train.epochs``."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, dict) and value:
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat
