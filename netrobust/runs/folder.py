"""The run folder: one manifest, networks, tables, figures and a log.

::

    manifest.json    schema, settings, versions, data hashes; manifest.copy.json is the
                     same
    networks/NAME/   network.safetensors, exported graphs, snapshots of the training
    tables/          NAME.parquet; parts/ holds the units they are made of, units/ their
                     keys
    shards/          which shards of a job are done
    failed/          tracebacks of units that failed and are not done yet
    figures/         what `netrobust figures` draws
    log              what was done when, and how long it took
    lock             held by the process that works here

Every file is written under a temporary name and renamed, so it is never incomplete.
Networks, graphs, tables, units and manifest carry a digest of themselves: what was
altered since is made again, or refused. A run folder holds no links.
"""

import logging
import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pandas as pd

from netrobust.convert.network import to_graph
from netrobust.core import digests
from netrobust.core.atomic_files import remove_leftovers
from netrobust.core.errors import InputError
from netrobust.core.shown import Shown
from netrobust.graphs.graph import first_depth, layers, write
from netrobust.neural.network import Network, load_network
from netrobust.runs.contents import check_contents, opened_to_append
from netrobust.runs.ledger import Ledger, begun
from netrobust.runs.lock import LOCK, held
from netrobust.runs.manifest import (
    COPY,
    MANIFEST,
    difference,
    is_run,
    mend_manifest,
    new_manifest,
    plain,
    printable,
    read_manifest,
    write_manifest,
)
from netrobust.runs.tables import Parts, read_table, write_table
from netrobust.stats.summary import KEYS

log = logging.getLogger("netrobust")

NETWORK_FILE = "network.safetensors"
GRAPH_FORMATS = ("graphml", "npz")


@dataclass(frozen=True, repr=False)
class Run(Shown):
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

    def facts(self) -> dict[str, Any]:
        """Give what is shown of the run."""
        return {
            "": self.path,
            **({"network": self.only} if self.only else {}),
            "networks": len(self.network_files()),
            "tables": ", ".join(self.tables()) or "none",
        }

    def network_path(self, name: str) -> Path:
        """Path of the file of a network."""
        return self.path / "networks" / name / NETWORK_FILE

    def snapshot_path(self, name: str, epoch: int) -> Path:
        """Path of a snapshot: the network as tested after an epoch; 0 is its start."""
        folder = self.network_path(name).parent / "snapshots"
        return folder / f"epoch-{epoch:04d}.safetensors"

    def graphs_path(self, name: str) -> Path:
        """Folder of the exported graphs of a network."""
        return self.network_path(name).parent / "graphs"

    def networks(self) -> list[Network]:
        """Read all networks whose training is finished, in the order of names."""
        found = [load_network(path) for path in self.network_files()]
        return [network for network in found if network.finished]

    def network_files(self) -> list[Path]:
        """List the files of all networks, finished or not, in the order of names."""
        return sorted(self.path.glob(f"networks/{self.only or '*'}/{NETWORK_FILE}"))

    def has_network(self, name: str, *snapshots: int) -> bool:
        """Whether a network is there and finished, with snapshots after these epochs.

        Damaged files are set aside under another name, so that the network can be
        trained again; nothing is deleted.
        """
        path = self.network_path(name)
        further = [self.snapshot_path(name, epoch) for epoch in snapshots]
        try:
            found = path.is_file() and load_network(path).finished
            return found and all(load_network(one) for one in further)
        except InputError as error:
            log.warning("training %s again: %s", name, error)
        for file in (path, *further):
            if file.is_file():
                file.replace(file.with_name(f"{file.name}.damaged"))
        return False

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

    def exported(self, network: Network) -> bool:
        """Whether the GraphML files of a network are there and unaltered."""
        count = len(network.model.hidden_layers)
        names = ["stack", *(f"layer-{number + 1}" for number in range(count))]
        folder = self.graphs_path(network.name)
        return all(digests.intact(folder / f"{name}.graphml") for name in names)

    def note(self, line: str) -> None:
        """Add a line with the time of day to the log.

        Raises
        ------
        InputError
            It cannot be written to.
        """
        path = self.path / "log"
        text = f"{datetime.now():%Y-%m-%d %H:%M:%S} {printable(line)}\n"
        try:
            with opened_to_append(path) as file:
                file.write(text.encode("utf-8"))
        except OSError as error:
            raise InputError(
                f"cannot write {path}: {error.strerror or error}; make room, or give "
                "another folder, and rerun the same command to resume"
            ) from None

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Note in the log how long a stage took."""
        start = time.perf_counter()
        yield
        self.note(f"{stage}: {time.perf_counter() - start:.1f} s")

    def tables(self) -> list[str]:
        """Names of the tables that are there."""
        return sorted(path.stem for path in self.path.glob("tables/*.parquet"))

    def table(self, name: str, *also: str) -> pd.DataFrame:
        """Read a table, and below it those of some others that the run has.

        Raises
        ------
        InputError
            The run lacks the first table, or a file is damaged.
        """
        there = self.tables()
        if name not in there:
            raise InputError(
                f"{self.path} has no table {name!r}; it has "
                f"{', '.join(there) or 'none'}; netrobust reproduce makes all of them"
            )
        names = [name, *(one for one in also if one in there)]
        tables = [read_table(self.path / "tables" / f"{one}.parquet") for one in names]
        return pd.concat(tables, ignore_index=True) if also else tables[0]

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
        table.attrs = {"settings": plain(settings)}
        path = self.path / "tables" / f"{name}.parquet"
        write_table(table, path)
        return path

    def check_table(
        self,
        name: str,
        settings: dict[str, Any] | None,
        reserved: Collection[str] = (),
    ) -> None:
        """Refuse to replace a table that was made, or begun, with other settings.

        Those reserved are made by the job the run is for.
        """
        if name in reserved:
            raise InputError(
                f"{self.path} is a run whose main job makes the table {name!r}; give "
                "another --name"
            )
        plain = name.strip() and name.isprintable() and not set(name) & set("/\\")
        if not plain or name.startswith("."):
            raise InputError(f"a table cannot be called {name!r}; use letters and -")
        if conflict := self._conflict(name, settings):
            raise InputError(
                f"table {name!r} of {self.path} was made with other settings "
                f"({conflict}); give another --name, or move its files elsewhere"
            )

    def free_table_name(
        self, name: str, settings: dict[str, Any], reserved: Collection[str] = ()
    ) -> str:
        """Give a table's name, or one with a hash where it is taken or reserved.

        Whatever was made before stays.
        """
        if name not in reserved and not self._conflict(name, settings):
            return name
        digest = blake2b(repr(plain(settings)).encode(), digest_size=4)
        return f"{name}-{digest.hexdigest()}"

    def _conflict(self, name: str, settings: dict[str, Any] | None) -> str:
        """Describe the difference to the settings of the table of this name, if any."""
        before = plain(settings)
        if name in self.tables():
            try:
                before = self.table(name).attrs.get("settings")
            except InputError as error:
                log.warning("a damaged table will be made again: %s", error)
        elif known := begun(self.path, name):
            before = known.settings
        return difference(before, plain(settings))

    def parts(self, table: str | None = None, **about: Any) -> Parts:
        """Where finished units of tables are kept.

        With a table comes its `Ledger`, whose further fields are `about`.
        """
        folder = self.path / "tables" / "parts"
        if table is None:
            return Parts(folder)
        return Ledger(folder, self.path, table, **about)

    @contextmanager
    def held(self, shared: bool = False) -> Iterator[None]:
        """Keep other processes from working in the folder meanwhile, see `held`."""
        # For a moment each of several shards has the new folder to itself.
        with held(self.path, shared, timeout=10 if shared else 1):
            yield


def make_folder(folder: Path) -> None:
    """Create a folder and its parents.

    Raises
    ------
    InputError
        The folder cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder} cannot be created ({error}); give another folder"
        ) from None


def create_run(
    path: str | os.PathLike[str], settings: dict[str, Any], data: dict[str, str]
) -> Run:
    """Create a run folder, or open the one made with the same settings to resume.

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
    if not is_run(folder):
        make_folder(folder)
        # Shards begin at the same time, and the first one goes on to work there.
        with held(folder, timeout=10, unless=lambda: is_run(folder)):
            _check_free(folder)
            if not is_run(folder):
                for name in (COPY, MANIFEST):
                    remove_leftovers(folder / name)
                write_manifest(manifest, folder)
                return Run(folder, manifest["settings"])
    check_contents(folder)
    before = read_manifest(folder)
    for part in ("settings", "data_sha256"):
        if found := difference(before[part], manifest[part]):
            raise InputError(
                f"{folder} is a run with other {part} ({found}); give another folder"
            )
    mend_manifest(before, folder)
    run = Run(folder, before["settings"])
    if changed := difference(before["versions"], manifest["versions"]):
        log.warning("resuming with other versions than before: %s", changed)
        run.note(f"other versions from here on: {changed}")
    return run


def _check_free(folder: Path) -> None:
    """Refuse a folder of other files, but not what a killed start left."""
    if not folder.exists() or is_run(folder):
        return
    left = f".{MANIFEST}.", f".{COPY}."
    others = not folder.is_dir() or any(
        file.name != LOCK and not file.name.startswith(left)
        for file in folder.iterdir()
    )
    if others and not is_run(folder):  # another process may have made it meanwhile
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
    if is_run(folder):
        check_contents(folder)
        return Run(folder, read_manifest(folder)["settings"])
    network = folder.absolute() if folder.name else folder.resolve()  # not "."
    above = network.parent.parent
    if (network / NETWORK_FILE).is_file() and is_run(above):
        check_contents(above)
        return Run(above, read_manifest(above)["settings"], only=network.name)
    raise InputError(
        f"{folder} is not a run (it has no manifest.json); give the folder that "
        "netrobust train or netrobust reproduce made"
    )
