"""Runs are made, and opened to go on; refused is what is no run, or another one."""

import logging
import os
from pathlib import Path
from typing import Any

from netrobust.atomic import remove_leftovers
from netrobust.errors import InputError
from netrobust.lock import LOCK, held
from netrobust.manifest import (
    MANIFEST,
    difference,
    new_manifest,
    read_manifest,
    write_manifest,
)
from netrobust.runfolder import GRAPH_FORMATS, NETWORK_FILE, Run, make_folder

__all__ = ["GRAPH_FORMATS", "Run", "create_run", "make_folder", "open_run"]

log = logging.getLogger("netrobust")


def create_run(
    path: str | os.PathLike[str], settings: dict[str, Any], data: dict[str, str]
) -> Run:
    """Make a run folder, or open the one made with the same settings to go on.

    Parameters
    ----------
    path : path-like
    settings : dict
        What the run is about; anything JSON can hold.
    data : dict of str to str
        Hash of every data set, by name.

    Raises
    ------
    InputError
        The folder holds something else, or a run with other settings or data.
    """
    folder = Path(path)
    manifest = new_manifest(settings, data)
    _check_free(folder)
    if not (folder / MANIFEST).exists():
        make_folder(folder)
        with held(folder, patience=10):  # shards begin at the same time
            _check_free(folder)
            if not (folder / MANIFEST).exists():
                remove_leftovers(folder / MANIFEST)
                write_manifest(manifest, folder)
                return Run(folder, manifest["settings"])
    before = read_manifest(folder)
    for part in ("settings", "data_sha256"):
        if before[part] != manifest[part]:
            raise InputError(
                f"{folder} is a run with other {part} "
                f"({difference(before[part], manifest[part])}); give another folder"
            )
    run = Run(folder, before["settings"])
    if before["versions"] != manifest["versions"]:
        changed = difference(before["versions"], manifest["versions"])
        log.warning("going on with other versions than before: %s", changed)
        run.note(f"other versions from here on: {changed}")
    return run


def _check_free(folder: Path) -> None:
    """Refuse a folder of other things; what a killed beginning left is none."""
    if not folder.exists() or (folder / MANIFEST).exists():
        return
    if not folder.is_dir() or any(
        file.name != LOCK and not file.name.startswith(f".{MANIFEST}.")
        for file in folder.iterdir()
    ):
        raise InputError(f"{folder} exists and is not a run; give an empty folder")


def open_run(path: str | os.PathLike[str]) -> Run:
    """Open a run folder, or one network in it.

    Parameters
    ----------
    path : path-like
        A run folder, or the folder of a network in ``networks``.

    Raises
    ------
    InputError
        There is no run at `path`.
    """
    folder = Path(path)
    if not folder.exists():
        raise InputError(f"no run at {folder}; make one with netrobust train")
    if (folder / MANIFEST).is_file():
        return Run(folder, read_manifest(folder)["settings"])
    network = folder.absolute() if folder.name else folder.resolve()  # not "."
    above = network.parent.parent
    if (network / NETWORK_FILE).is_file() and (above / MANIFEST).is_file():
        return Run(above, read_manifest(above)["settings"], only=network.name)
    raise InputError(
        f"{folder} is not a run (it has no manifest.json); give the folder that "
        "netrobust train or netrobust reproduce made"
    )
