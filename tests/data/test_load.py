import gzip
import hashlib
import struct
import subprocess
import sys
from dataclasses import replace

import mlxtend.data
import numpy as np
import pandas as pd
import pytest

from netrobust.core.errors import DataUnavailableError, InputError
from netrobust.data import load as data_module
from netrobust.data.cache import FILES, IdxSet, cache_folder
from netrobust.data.load import DATASETS, FASHION_MNIST, MNIST, fetch, load
from netrobust.data.sources import Mirror


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("NETROBUST_DATA", raising=False)


def idx(array):
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Write a small set of IDX files to a folder and let it stand for MNIST."""
    rng = np.random.default_rng(0)
    arrays = [
        rng.integers(0, 256, (20, 3, 5), dtype=np.uint8),
        np.arange(20, dtype=np.uint8) % 4,
        rng.integers(0, 256, (8, 3, 5), dtype=np.uint8),
        np.arange(8, dtype=np.uint8) % 4,
    ]
    contents = [idx(array) for array in arrays]
    folder = tmp_path / "files"
    folder.mkdir()
    for file, content in zip(FILES, contents, strict=True):
        (folder / file).write_bytes(content)
    checksums = tuple(hashlib.sha256(content).hexdigest() for content in contents)
    spec = IdxSet("mnist", checksums)
    monkeypatch.setattr(data_module, "MNIST", spec)
    monkeypatch.setitem(data_module.IDX_SETS, "mnist", spec)
    return folder, arrays


def test_idx_files_are_read_as_they_are(small):
    folder, (x_train, y_train, x_test, y_test) = small
    data = load("mnist", folder)
    assert (data.name, data.image_shape, data.n_classes) == ("mnist", (3, 5), 4)
    np.testing.assert_array_equal(np.round(data.x_train * 255), x_train.reshape(20, 15))
    np.testing.assert_array_equal(np.round(data.x_test * 255), x_test.reshape(8, 15))
    np.testing.assert_array_equal(data.y_train, y_train)
    np.testing.assert_array_equal(data.y_test, y_test)
    assert (data.x_train.dtype, data.y_train.dtype) == (np.float32, np.int64)
    assert data.mean == pytest.approx(x_train.mean() / 255)
    assert data.std == pytest.approx(x_train.std() / 255)
    assert fetch("mnist", folder) == {file: folder / file for file in FILES}


def test_the_other_sets_files_in_a_flat_folder_are_not_called_altered(
    small, monkeypatch
):
    folder, _ = small
    nowhere = replace(FASHION_MNIST, sources=())
    monkeypatch.setattr(data_module, "FASHION_MNIST", nowhere)
    with pytest.raises(DataUnavailableError, match="no train-images-idx3-ubyte"):
        load("fashion-mnist", folder)
    path = folder / FILES[0]
    path.write_bytes(gzip.compress(path.read_bytes()[:-1]))
    for name in ("mnist", "fashion-mnist"):
        with pytest.raises(InputError, match=f"{path} is not the .* of '{name}'"):
            load(name, folder)


def test_an_unknown_name_is_refused():
    for door in (load, fetch):
        with pytest.raises(InputError, match="unknown data set 'mnsit'; choose from"):
            door("mnsit")


@pytest.mark.parametrize("name", list(DATASETS))
def test_a_folder_that_is_not_there_is_refused_for_every_set(name, tmp_path):
    (tmp_path / "file").touch()
    for door in (load, fetch):
        for folder in (tmp_path / "nope", str(tmp_path / "file")):
            with pytest.raises(InputError, match=r"data folder .* does not exist"):
                door(name, folder)


def test_a_folder_from_the_environment_matters_to_those_who_read_it(monkeypatch):
    monkeypatch.setenv("NETROBUST_DATA", "/nope")
    assert load("mnist-5k").name == "mnist-5k"
    with pytest.raises(InputError, match="the data folder '/nope' does not exist"):
        load("mnist")


def test_the_registry_says_what_each_set_is():
    assert list(DATASETS) == ["mnist", "fashion-mnist", "mnist-5k"]
    assert all(len(line) > 20 for line in DATASETS.summaries().values())


def test_mnist_5k_is_mlxtends_digits_split_400_to_100():
    data = load("mnist-5k")
    assert (data.x_train.shape, data.x_test.shape) == ((4000, 784), (1000, 784))
    rows = pd.read_csv(mlxtend.data.mnist.DATA_PATH, header=None).to_numpy()
    images, labels = rows[:, :-1], rows[:, -1]
    for x, y, part in (
        (data.x_train, data.y_train, slice(0, 400)),
        (data.x_test, data.y_test, slice(400, 500)),
    ):
        for digit in range(10):
            np.testing.assert_array_equal(
                np.round(x[y == digit] * 255), images[labels == digit][part]
            )
    # Any first part of the data holds the digits evenly.
    np.testing.assert_array_equal(np.bincount(data.y_test[:200]), [20] * 10)
    assert load("mnist-5k").sha256 == data.sha256


def test_mnist_5k_refuses_other_digits(tmp_path, monkeypatch):
    path = tmp_path / "mnist_5k.csv.gz"
    monkeypatch.setattr(data_module, "_digits_path", lambda: path)
    with pytest.raises(DataUnavailableError, match="cannot be read"):
        load("mnist-5k")
    table = b"\n".join([b",".join([b"7"] * 785)] * 5000)
    path.write_bytes(gzip.compress(table))
    with pytest.raises(DataUnavailableError, match=r"expected SHA-256 1b845f.* found"):
        fetch("mnist-5k")
    path.write_bytes(gzip.compress(table)[:-50])
    with pytest.raises(DataUnavailableError, match="cannot be read"):
        load("mnist-5k")


@pytest.mark.network
@pytest.mark.parametrize(
    ("spec", "mean", "std"),
    [(MNIST, 0.1307, 0.3081), (FASHION_MNIST, 0.2860, 0.3530)],
    ids=["mnist", "fashion-mnist"],
)
def test_the_full_sets_come_from_system_packages(spec, mean, std, monkeypatch):
    packages = tuple(item for item in spec.sources if not isinstance(item, Mirror))
    variable = spec.name.upper().replace("-", "_")
    monkeypatch.setattr(data_module, variable, replace(spec, sources=packages))
    data = load(spec.name)
    assert (data.x_train.shape, data.x_test.shape) == ((60_000, 784), (10_000, 784))
    assert (data.image_shape, data.n_classes) == ((28, 28), 10)
    assert (round(data.mean, 4), round(data.std, 4)) == (mean, std)
    assert (data.x_train.min(), data.x_train.max()) == (0, 1)
    cache = cache_folder(spec.name)
    assert sorted(path.name for path in cache.iterdir()) == sorted(FILES)
    # From now on the cache is enough.
    monkeypatch.setattr(data_module, variable, replace(spec, sources=()))
    assert load(spec.name).sha256 == data.sha256


def test_importing_the_data_sets_loads_no_heavy_library():
    code = (
        "import sys, netrobust.data.load; "
        "print(sorted({'torch', 'igraph', 'pandas', 'matplotlib'} & set(sys.modules)))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "[]"
