"""The environment of a run: versions, threads, devices, caches and data sets."""

import os
import platform
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from netrobust.core.errors import DataUnavailableError, InputError
from netrobust.data.cache import IdxSet, cache_folder, obtain
from netrobust.data.load import DATASETS, IDX_SETS, load
from netrobust.parallel.gather import processors
from netrobust.runs.manifest import versions

_MORE = ("pyarrow", "networkx", "matplotlib", "safetensors", "pydantic", "typer")
_OPTIONAL = {"bicm": "maxent", "distributed": "dask"}  # by the extra that brings them
_KERNELS = (".nbi", ".nbc")  # what numba keeps of a compiled function


def info() -> dict[str, str | int]:
    """Describe what a result may depend on, such as for a bug report.

    Nothing is fetched, written or deleted.

    Returns
    -------
    dict of str to str or int
        Versions of netrobust, of what it needs and of its optional packages; the
        processors that this process may use and the threads that torch and numba would
        start; the vector instructions, and the graphics cards that torch sees, on which
        netrobust does not compute; the folder of the data cache and that of the
        compiled kernels with their sizes; and each data set: ``available`` if its
        files are complete, ``to be downloaded`` if some are missing, or which one is
        altered.

    Examples
    --------
    >>> facts = info()
    >>> facts["mnist-5k"], facts["processors"] > 0
    ('available', True)
    """
    return {
        **versions(),
        **{name: version(name) for name in _MORE},
        **{name: _optional(name, extra) for name, extra in _OPTIONAL.items()},
        "system": f"{platform.system()} {platform.release()}",
        **_work(),
        **_caches(),
        **{name: _data(name) for name in DATASETS},
    }


def _optional(package: str, extra: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return f"not installed; pip install 'netrobust[{extra}]'"


def _work() -> dict[str, str | int]:
    """Give processors, threads and devices."""
    import numba
    import torch

    cards = range(torch.cuda.device_count() if torch.cuda.is_available() else 0)
    names = ", ".join(torch.cuda.get_device_name(card) for card in cards)
    return {
        "processors": processors(),
        "torch threads": torch.get_num_threads(),
        "numba threads": numba.get_num_threads(),
        "vector instructions": torch.backends.cpu.get_cpu_capability(),
        "cuda": f"{names} (not used)" if names else "none",
    }


def _caches() -> dict[str, str]:
    """Give the folders of the caches and their sizes."""
    data = cache_folder("").resolve()
    kept = os.environ.get("NUMBA_CACHE_DIR")
    kernels = Path(kept) if kept else Path(__file__).parents[1]
    return {
        "data cache": f"{data} ({_megabytes(data)})",
        "kernel cache": f"{kernels} ({_megabytes(kernels, _KERNELS)})",
    }


def _megabytes(folder: Path, suffixes: tuple[str, ...] = ("",)) -> str:
    """Give the total size of the files with these suffixes."""
    files = [path for path in folder.rglob("*") if path.name.endswith(suffixes)]
    size = sum(path.stat().st_size for path in files if path.is_file())
    return f"{size / 1e6:.1f} MB" if size else "empty"


def to_fetch(names: Iterable[str], data_dir: str | Path | None = None) -> list[str]:
    """Name the data sets that would have to be fetched; nothing is.

    Examples
    --------
    >>> to_fetch(["mnist-5k"])
    []
    """
    known = [name for name in names if name in IDX_SETS]
    return [name for name in known if _files(IDX_SETS[name], data_dir) != "available"]


def _data(name: str) -> str:
    """Give the state of a data set, as `load` finds it before it tries a source."""
    try:
        if name in IDX_SETS:
            return _files(IDX_SETS[name])
        load(name)
    except (InputError, DataUnavailableError) as error:
        return str(error)
    return "available"


def _files(spec: IdxSet, data_dir: str | Path | None = None) -> str:
    # Read like a folder of the user's, so that nothing in the cache is deleted.
    looked: list[tuple[str | Path, set[str]]] = []
    if (cache := cache_folder(spec.name).parent).is_dir():
        looked.append((cache, set()))
    if own := data_dir or os.environ.get("NETROBUST_DATA"):
        others = {digest for other in IDX_SETS.values() for digest in other.checksums}
        looked.append((own, others - {*spec.checksums}))
    for folder, foreign in looked:
        with suppress(DataUnavailableError):
            obtain(replace(spec, sources=()), folder, foreign)
            return "available"
    return "to be downloaded"
