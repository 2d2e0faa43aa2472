"""The run folder: one manifest, networks, tables, figures and a log.

::

    manifest.json    schema, settings, versions, data hashes
    networks/NAME/   network.safetensors, exported graphs
    tables/          NAME.parquet; parts/ holds finished units of unfinished tables
    figures/         what `netrobust figures` draws
    log              what was done when, and how long it took

Every file is written under a temporary name and renamed, so it is whole or absent.
"""

import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from netrobust.errors import InputError
from netrobust.export import to_graph
from netrobust.graphs.graph import first_depth, layers, write
from netrobust.neural.network import Network, load_network
from netrobust.results.stats import KEYS
from netrobust.tables import Parts, read_table, write_table

SCHEMA_VERSION = 1
NETWORK_FILE = "network.safetensors"
GRAPH_FORMATS = ("graphml", "npz")
_PACKAGES = ("netrobust", "torch", "numpy", "numba", "igraph", "pandas", "scipy")


@dataclass(frozen=True)
class Run:
    """A run folder, or one network in it.

    Attributes
    ----------
    path : Path
        The folder.
    settings : dict
        What the run was made with, as in the manifest.
    only : str or None
        Name of the single network this is about; None for all.
    """

    path: Path
    settings: dict[str, Any]
    only: str | None = None

    def network_path(self, name: str) -> Path:
        """Where the file of a network lies."""
        return self.path / "networks" / name / NETWORK_FILE

    def graphs_path(self, name: str) -> Path:
        """Where the exported graphs of a network lie."""
        return self.network_path(name).parent / "graphs"

    def networks(self) -> list[Network]:
        """Read all networks whose training is finished, in the order of names."""
        return [network for network in self._read_networks() if network.finished]

    def unfinished(self) -> list[Network]:
        """Read the checkpoints of networks whose training was interrupted."""
        return [network for network in self._read_networks() if not network.finished]

    def _read_networks(self) -> list[Network]:
        pattern = f"networks/{self.only or '*'}/{NETWORK_FILE}"
        return [load_network(path) for path in sorted(self.path.glob(pattern))]

    def has_network(self, name: str) -> bool:
        """Whether a network of this name is there and finished."""
        path = self.network_path(name)
        return path.is_file() and load_network(path).finished

    def export(self, network: Network, suffix: str, folder: Path | None = None) -> Path:
        """Write every layer of a network, and the whole stack, as graph files.

        Parameters
        ----------
        network : Network
        suffix : str
            One of `GRAPH_FORMATS`.
        folder : Path, optional
            ``networks/NAME/graphs`` if not given.

        Returns
        -------
        Path
            The folder that holds ``layer-1``, ``layer-2``, ... and ``stack``.
        """
        graph = to_graph(network.model)
        folder = folder or self.graphs_path(network.name)
        make_folder(folder)
        for layer in layers(graph):
            write(layer, folder / f"layer-{first_depth(layer) + 1}.{suffix}")
        write(graph, folder / f"stack.{suffix}")
        return folder

    def note(self, line: str) -> None:
        """Add a line with the time of day to the log."""
        with (self.path / "log").open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now():%Y-%m-%d %H:%M:%S} {line}\n")

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Note in the log how long a stage took."""
        start = time.perf_counter()
        yield
        self.note(f"{stage}: {time.perf_counter() - start:.1f} s")

    def tables(self) -> list[str]:
        """Names of the tables that are there."""
        return sorted(path.stem for path in self.path.glob("tables/*.parquet"))

    def table(self, name: str) -> pd.DataFrame:
        """Read a table.

        Raises
        ------
        InputError
            The run has no such table, or its file is damaged.
        """
        path = self.path / "tables" / f"{name}.parquet"
        if not path.is_file():
            there = ", ".join(self.tables()) or "none"
            raise InputError(
                f"{self.path} has no table {name!r}; it has {there}; make it first"
            )
        return read_table(path)

    def save_table(
        self, name: str, table: pd.DataFrame, settings: dict[str, Any] | None = None
    ) -> Path:
        """Write a table, sorted by its keys, with the settings it was made with.

        Raises
        ------
        InputError
            The run has a table of this name that was made with other settings.
        """
        self.check_table(name, settings)
        keys = [key for key in (*KEYS, "epoch", "layer") if key in table]
        table = table.sort_values(keys, kind="stable", ignore_index=True)
        table.attrs = {"settings": _plain(settings)}
        path = self.path / "tables" / f"{name}.parquet"
        write_table(table, path)
        return path

    def check_table(self, name: str, settings: dict[str, Any] | None) -> None:
        """Refuse to replace a table that was made with other settings."""
        if not name or set(name) & set("/\\") or name.startswith("."):
            raise InputError(f"a table cannot be called {name!r}; use letters and -")
        if name not in self.tables():
            return
        before = self.table(name).attrs.get("settings")
        if before != _plain(settings):
            raise InputError(
                f"table {name!r} of {self.path} was made with other settings "
                f"({_difference(before, _plain(settings))}); give another --name"
            )

    def parts(self) -> Parts:
        """Where finished units of tables are kept."""
        return Parts(self.path / "tables" / "parts")


def make_folder(folder: Path) -> None:
    """Make a folder and those above it.

    Raises
    ------
    InputError
        The place cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be made ({error}); give another") from None


def versions() -> dict[str, str]:
    """Give the versions of all that a result may depend on."""
    packages = {name: version(name) for name in _PACKAGES}
    python, machine = platform.python_version(), platform.machine()
    return {**packages, "python": python, "machine": machine}


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
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "settings": _plain(settings),
        "data_sha256": data,
        "versions": versions(),
    }
    if (folder / "manifest.json").exists():
        before = _read_manifest(folder)
        for part in ("settings", "data_sha256"):
            if before[part] != manifest[part]:
                difference = _difference(before[part], manifest[part])
                raise InputError(
                    f"{folder} is a run with other {part} ({difference}); give "
                    "another folder"
                )
        return Run(folder, before["settings"])
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} exists and is not a run; give an empty folder")
    make_folder(folder)
    _write_text(folder / "manifest.json", json.dumps(manifest, indent=2) + "\n")
    return Run(folder, manifest["settings"])


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
    if (folder / "manifest.json").is_file():
        return Run(folder, _read_manifest(folder)["settings"])
    network = folder.absolute() if folder.name else folder.resolve()  # not "."
    above = network.parent.parent
    if (network / NETWORK_FILE).is_file() and (above / "manifest.json").is_file():
        return Run(above, _read_manifest(above)["settings"], only=network.name)
    raise InputError(
        f"{folder} is not a run (it has no manifest.json); give the folder that "
        "netrobust train or netrobust reproduce made"
    )


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        found = manifest["schema_version"]
        manifest["settings"], manifest["data_sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is not the manifest of a run ({error!r})") from None
    if found != SCHEMA_VERSION:
        raise InputError(
            f"{path} has schema version {found}; this netrobust reads version "
            f"{SCHEMA_VERSION}"
        )
    return dict(manifest)


def _plain(settings: Any) -> Any:
    """Give settings as they come back from JSON: tuples become lists."""
    return json.loads(json.dumps(settings))


def _difference(before: Any, now: Any) -> str:
    if not isinstance(before, dict) or not isinstance(now, dict):
        return "none are on record" if before is None else "others are on record"
    differing = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    return "; ".join(
        f"{key}: {before.get(key)} there, {now.get(key)} asked for" for key in differing
    )


def _write_text(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
