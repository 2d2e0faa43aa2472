"""The readers whose parser is ours, or who work in the caller's own process."""

from dataclasses import asdict
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mutations as by
import numpy as np
import pandas as pd
from fuzz_others import states
from fuzzed import Reader, are_layers, graphs, is_graph, written
from networks import random_model
from scipy import sparse
from undigested import undigested

from netrobust.cli import console
from netrobust.convert.layer_files import read_layers
from netrobust.core.errors import DataUnavailableError, InputError
from netrobust.core.isolated_parser import _NO_ANSWER
from netrobust.core.messages import pack, unpack
from netrobust.core.options import read_options
from netrobust.data import load as data
from netrobust.data.cache import FILES, IdxSet, obtain
from netrobust.graphs.graph import read
from netrobust.graphs.null import NULL_MODELS
from netrobust.graphs.perturb import PERTURBATIONS
from netrobust.neural.config import TrainConfig
from netrobust.neural.evaluate import logits
from netrobust.neural.input_attacks import INPUT_ATTACKS
from netrobust.neural.method import parse
from netrobust.neural.network import Network, load_network, save_network
from netrobust.runs.folder import open_run
from netrobust.runs.ledger import Shard, listed
from netrobust.runs.manifest import MANIFEST, new_manifest, plain, write_manifest
from netrobust.studies.status import status
from netrobust.studies.study import Study

# Data


def idx(array: np.ndarray) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return b"\0\0\x08" + bytes([array.ndim]) + sizes + array.tobytes()


IMAGES = idx(np.arange(2 * 28 * 28, dtype=np.uint8).reshape(2, 28, 28))
LABELS = idx(np.arange(300, dtype=np.uint8) % 10)
PINNED = dict(zip(FILES, (IMAGES, LABELS, IMAGES[::-1], LABELS[::-1]), strict=True))
TINY = IdxSet("tiny", tuple(sha256(one).hexdigest() for one in PINNED.values()))


def read_idx(path: Path) -> np.ndarray:
    return data._parse_idx(path.read_bytes())


def is_idx(array: np.ndarray) -> None:
    assert array.dtype == np.uint8
    assert array.ndim in (1, 3)
    assert len(idx(array)) == array.size + 4 + 4 * array.ndim


def read_folder(path: Path, place: str = "own") -> dict[str, bytes]:
    """Read a data folder of four files, of which the case is one, plain or packed.

    The case stands in the user's own folder or in the cache, as its name says.
    """
    folder, content = path.parent, path.read_bytes()
    own, kept = folder / "own", folder / "cache" / "netrobust" / "data" / "tiny"
    for place_ in (own, kept):
        place_.mkdir(parents=True)
    which = FILES[0]
    where = own if place == "own" else kept
    for name, right in PINNED.items():
        if name != which:
            (where / name).write_bytes(right)
    packed = content[:2] == b"\x1f\x8b"
    (where / (f"{which}.gz" if packed else which)).write_bytes(content)
    found = obtain(TINY, own)
    return {name: one.content for name, one in found.items()}


def is_pinned(found: dict[str, bytes]) -> None:
    assert found == PINNED


def packed_files() -> list[bytes]:
    return [IMAGES, by.packed(IMAGES), by.packed(IMAGES, 1), LABELS]


# Networks and manifests


def some_network(done: int, sizes: tuple[int, ...], densities: Any) -> Network:
    model = random_model(np.random.default_rng(len(sizes)), sizes, densities)
    config = TrainConfig(sparsifier="set", options={"prune": "random"}, epochs=2)
    columns = ("learning_rate", "loss", "train_accuracy", "test_accuracy")
    history = pd.DataFrame(
        [{"epoch": k + 1, **dict.fromkeys(columns, 0.1)} for k in range(done)]
    )
    rows = [{"epoch": k + 1, "layer": 1, "links": 9} for k in range(done)]
    momentum = {}
    if done == 1:
        momentum = {
            f"momentum.{n}": p.detach() * 3 for n, p in model.named_parameters()
        }
    about = (config, 7, "tiny", "ab12", history, pd.DataFrame(rows), momentum)
    return Network(model, *about)


def networks() -> list[bytes]:
    made = [
        some_network(2, (6, 5, 4, 3), [0.5, 0.4]),
        some_network(1, (4, 3, 2), [0.6]),
        some_network(0, (4, 3, 2), None),
    ]
    return written(".safetensors", *(partial(save_network, one) for one in made))


def is_network(network: Network) -> None:
    inputs = network.model.sizes[0]
    if inputs < 10_000:
        found = logits(network.model, np.zeros((2, inputs), np.float32))
        assert found.shape == (2, network.model.sizes[-1])
    assert isinstance(network.name, str)
    assert network.labels["network"] == network.name
    assert Path(network.name).name == network.name  # it stays in a folder
    assert not network.name.startswith(".")
    assert network.finished in (True, False)
    with TemporaryDirectory() as folder:
        again = load_network(save_network(network, Path(folder) / "a"))
    assert again.name == network.name
    assert again.links == network.links


def manifests() -> list[bytes]:
    found = []
    alone = {"dataset": "mnist-5k", "train": TrainConfig().record, "seed": 0}
    study = plain(asdict(Study(networks=2, sparsifiers=["set", "cht"])))
    for settings in (alone, {"study": study}, study, {}):
        with TemporaryDirectory() as folder:
            write_manifest(new_manifest(settings, {"tiny": "ab"}), Path(folder))
            found.append(undigested((Path(folder) / MANIFEST).read_bytes()))
    return found


def is_run(run: Any) -> None:
    assert isinstance(run.settings, dict)
    assert run.tables() == []
    assert run.networks() == []


def read_status(path: Path) -> Any:
    return status(open_run(path.parent))


def is_status(facts: Any) -> None:
    assert facts["networks finished"] == 0


def unit_lists() -> list[bytes]:
    return [
        b'{"kind": null, "settings": {"seed": 0}, "units": ["a-none", "b-none"]}',
        b'{"kind": "nulls", "settings": {"networks": ["a"]}, "units": []}',
    ]


def read_units(path: Path) -> Any:
    """Read the list of units that lies in a run, of one process or of a shard."""
    content = path.read_bytes()
    run = path.parent / "run"
    (run / "tables" / "units").mkdir(parents=True)
    name = "t.1-of-2.json" if len(content) % 2 else "t.json"
    (run / "tables" / "units" / name).write_bytes(content)
    return listed(run)


def are_units(found: Any) -> None:
    assert list(found) == ["t"]
    record = found["t"]
    assert record.kind is None or isinstance(record.kind, str)
    assert record.settings is None or isinstance(record.settings, dict)
    for key in record.units:  # files are called so
        assert Path(key).name == key


# Networks of other programs


def matrices() -> list[bytes]:
    dense = np.arange(12.0).reshape(3, 4) % 3
    forms = sparse.csr_array(dense), sparse.csc_array(dense), sparse.coo_array(dense)
    return written(
        ".npz",
        *(partial(sparse.save_npz, matrix=one) for one in forms),
        lambda path: np.savez_compressed(path, w1=dense, w2=np.eye(4, dtype=np.int8)),
    )


# Text


def read_settings(path: Path) -> TrainConfig:
    return TrainConfig(**console.toml_file(path))


def read_study(path: Path) -> Study:
    return Study(**console.toml_file(path))


def settings_files() -> list[bytes]:
    return [
        b'sparsifier = "set"\nepochs = 3\nhidden = [5, 4]\n'
        b'options = {prune = "random"}\n',
        b"learning_rate = 0.1\n[topology_options]\nbeta = 0.5\n",
        b'sparsifier = "cht"\ntopology = "small_world"\nsparsity = 0.9 # a\n',
    ]


def study_files() -> list[bytes]:
    return [
        b'datasets = ["mnist-5k"]\nsparsifiers = ["set"]\nnetworks = 2\n'
        b"[training]\nepochs = 3\n",
        b'sparsifiers = ["cht@small_world(beta=0.5)"]\nfractions = [0.0, 0.5]\n'
        b'null_models = ["none", "shuffle_all"]\nreplicates = 1\n',
    ]


def is_settings(config: TrainConfig) -> None:
    assert TrainConfig(**config.record) == config
    assert len(config.digest) == 8
    assert TrainConfig(**parse(config.label)).label == config.label


def is_study(study: Study) -> None:
    assert isinstance(study.name, str)


def text_of(path: Path) -> str:
    """What came on a command line: it has no NUL, and is text of some kind."""
    return path.read_bytes().decode("utf-8", "surrogateescape")


METHODS = (
    b"set", b"rigl(batches=50)", b"cht@small_world(beta=0.5)", b"rigl(cht_benchmark)",
    b"set(prune=random)@erdos_renyi", b"chts(removal=RI)", b" mest ( ) @ ring",
)  # fmt: skip
MEMBERS = (
    b"random_links", b"random_links(rescale=weights)", b"shuffle_all", b"pgd(steps=3)",
    b"gaussian_noise(amplitude=0.5)", b"degree_preserving", b"fgsm",
    b"neurons_by_degree",
)  # fmt: skip


def read_method(path: Path) -> TrainConfig:
    return TrainConfig(**parse(text_of(path)))


def read_member(path: Path) -> tuple[Any, Any]:
    """Look a name with options up in every family; it is refused if none has it."""
    text, found, errors = text_of(path), [], []
    for family in (PERTURBATIONS, NULL_MODELS, INPUT_ATTACKS):
        try:
            found.append((family, family[text]))
        except InputError as error:
            errors.append(error)
    if not found:
        raise errors[0]
    return found[0]


def is_member(found: tuple[Any, Any]) -> None:
    family, one = found
    assert family[one.__name__] == one


def is_shard(shard: Shard) -> None:
    assert 1 <= shard.number <= shard.total
    assert Shard.parse(str(shard).replace("-of-", "/")) == shard


SHARDS = b"1/1", b"2/4", b"17/100"
OPTIONS = b"batches=50, anneal=true", b"paper", b"rate=1e-3,prune=random"
USUAL = {"batches": 100, "anneal": False, "rate": 0.5, "prune": "smallest"}


def read_text_options(path: Path) -> dict[str, Any]:
    return read_options(text_of(path), USUAL)


def is_options(options: dict[str, Any]) -> None:
    assert all(type(key) is str for key in options)
    assert {type(value) for value in options.values()} <= {bool, int, float, str}
    again = ",".join(f"{key}={value}" for key, value in options.items())
    assert repr(read_options(again, USUAL)) == repr(options)


# Answers of a guarded child


def answers() -> list[bytes]:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    return [
        pack(["done", {"weight": array, "sizes": (1, 2), "name": "é"}]),
        pack(["failed", ("ValueError: no", "Traceback")]),
        pack([None, b"\n\n", Path("a"), array[:, 0], [[[True]]], 0.5]),
    ]


def is_answer(value: Any) -> None:
    """It is made of plain values alone, and can be sent again."""
    pack(value)


IN_TEXT, IN_JSON = (by.in_text,) * 3, (by.in_json,) * 3
IN_HEADER = (by.in_safetensors,) * 3
SOUGHT = InputError, DataUnavailableError

READERS = [
    Reader("idx", "x.idx", lambda: [IMAGES, LABELS], read_idx, is_idx),
    Reader(
        "data folder", "x", packed_files, read_folder, is_pinned, (by.in_gzip,),
        refuses=SOUGHT,
    ),
    Reader(
        "data cache", "x", packed_files, partial(read_folder, place="cache"),
        is_pinned, (by.in_gzip,), refuses=SOUGHT,
    ),
    Reader(
        "network file", "a.safetensors", networks, load_network, is_network, IN_HEADER
    ),
    Reader("npz graph", "a.npz", lambda: graphs(".npz"), read, is_graph, (by.in_zip,)),
    Reader(
        "npz of scipy, SET", "a.npz", matrices, read_layers, are_layers, (by.in_zip,)
    ),
    Reader(
        "safetensors of others", "a.safetensors", lambda: states(".safetensors"),
        read_layers, are_layers, IN_HEADER,
    ),
    Reader(
        "manifest", MANIFEST, manifests, lambda path: open_run(path.parent), is_run,
        IN_JSON,
    ),
    Reader("unit list", "t.json", unit_lists, read_units, are_units, IN_JSON),
    Reader("run status", MANIFEST, manifests, read_status, is_status, IN_JSON),
    Reader(
        "training settings", "a.toml", settings_files, read_settings, is_settings,
        IN_TEXT,
    ),
    Reader("study settings", "a.toml", study_files, read_study, is_study, IN_TEXT),
    Reader("method text", "a", lambda: [*METHODS], read_method, is_settings, IN_TEXT),
    Reader("member text", "a", lambda: [*MEMBERS], read_member, is_member, IN_TEXT),
    Reader(
        "options text", "a", lambda: [*OPTIONS], read_text_options, is_options,
        (by.in_text,),
    ),
    Reader(
        "shard text", "a", lambda: [*SHARDS], lambda path: Shard.parse(text_of(path)),
        is_shard, (by.in_text,),
    ),
    Reader(
        "child's answer", "a", answers, lambda path: unpack(path.read_bytes()),
        is_answer, refuses=_NO_ANSWER,
    ),
]  # fmt: skip
