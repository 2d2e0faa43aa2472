"""The file of a network: the same network again, or one sentence about the file."""

import json
import pickle
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from networks import in_forked_process, models, random_model, same_state
from pandas.testing import assert_frame_equal
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from undigested import undigested

from netrobust.core.errors import InputError
from netrobust.neural.config import TrainConfig
from netrobust.neural.evaluate import logits
from netrobust.neural.network import Network, load_network, save_network
from netrobust.parallel.threads import limited_threads


def network(model=None, epochs=2, done=2, momentum=True):
    """A network as `train` leaves it, with numbers that are awkward in decimals."""
    model = model or random_model(np.random.default_rng(0), (6, 5, 4, 3), [0.5, 0.4])
    config = TrainConfig(sparsifier="set", options={"prune": "random"}, epochs=epochs)
    history = pd.DataFrame(
        [
            {
                "epoch": epoch,
                "learning_rate": 0.1 / 3,
                "loss": np.exp(-epoch),
                "train_accuracy": epoch / 7,
                "test_accuracy": epoch / 9,
            }
            for epoch in range(1, done + 1)
        ]
    )
    row = {"epoch": 1, "layer": 1, "links": 15, "removed": 4}
    dynamics = pd.DataFrame([row] if done else [])
    buffers = {}
    if 0 < done < epochs and momentum:
        parameters = model.named_parameters()
        buffers = {f"momentum.{name}": p.detach() * 3 for name, p in parameters}
        buffers |= {"trace.first.0": torch.arange(3), "memory.on": torch.tensor([True])}
    return Network(model, config, 7, "tiny", "ab12", history, dynamics, buffers)


def assert_same(one, two):
    assert same_state(one.model, two.model)
    names = "config", "seed", "dataset", "dataset_sha256", "name", "labels", "finished"
    assert [getattr(one, n) for n in names] == [getattr(two, n) for n in names]
    assert_frame_equal(one.history, two.history, check_exact=True)
    assert_frame_equal(one.dynamics, two.dynamics, check_exact=True)
    assert one.state.keys() == two.state.keys()
    for name, tensor in one.state.items():
        assert torch.equal(tensor, two.state[name])


@pytest.mark.parametrize("done", [0, 1, 2])
def test_everything_comes_back(tmp_path, done):
    saved = network(done=done)
    path = save_network(saved, tmp_path / "new" / "a.safetensors")
    assert path == tmp_path / "new" / "a.safetensors"
    assert_same(load_network(path), saved)
    assert_same(load_network(str(path)), saved)
    assert [file.name for file in path.parent.iterdir()] == ["a.safetensors"]


@given(model=models())
def test_any_model_comes_back(tmp_path_factory, model):
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    saved = network(model)
    save_network(saved, path)
    loaded = load_network(path)
    assert same_state(loaded.model, model)
    path.unlink()  # nothing hangs on the file
    x = np.random.default_rng(0).random((3, model.sizes[0]), np.float32)
    assert logits(loaded.model, x).tobytes() == logits(model, x).tobytes()


FRESH = """
import sys, numpy as np, torch
from hashlib import sha256
from netrobust.neural.evaluate import logits
from netrobust.neural.model import from_state
from netrobust.neural.network import load_network
torch.set_num_threads(1)  # how many share a dense product may follow the load
x = np.load(sys.argv[3])
one = load_network(sys.argv[1]).model
two = from_state(torch.load(sys.argv[2], weights_only=True), (50, 40, 30, 10))
for model in one, two:
    with torch.no_grad():
        outputs = model(torch.from_numpy(x)).numpy()
    print(sha256(logits(model, x).tobytes() + outputs.tobytes()).hexdigest())
"""


def test_a_new_process_gives_bitwise_the_same_outputs(tmp_path):
    model = random_model(np.random.default_rng(3), (50, 40, 30, 10), [0.1, 0.2])
    images = np.random.default_rng(4).random((200, 50), np.float32)
    files = [tmp_path / name for name in ("a.safetensors", "b.pt", "x.npy")]
    save_network(network(model), files[0])
    torch.save(model.state_dict(), files[1])
    np.save(files[2], images)
    with torch.no_grad(), limited_threads(1):
        outputs = model(torch.from_numpy(images)).numpy()
    digest = sha256(logits(model, images).tobytes() + outputs.tobytes()).hexdigest()
    assert in_forked_process(FRESH, *files).split() == [digest, digest]


def test_labels_by_hand():
    labels = network().labels
    assert labels == {
        "network": network().name,
        "dataset": "tiny",
        "sparsifier": "set(prune=random)",
        "width": 5,
        "sparsity": round(1 - (15 + 8) / (30 + 20), 6),
        "network_seed": 7,
    }
    assert network().name.startswith("tiny-set-s7-")
    assert network().finished
    assert not network(done=1).finished


# Files that are wrong


@pytest.fixture
def path(tmp_path):
    return save_network(network(done=1), tmp_path / "net.safetensors")


def refused(path):
    with pytest.raises(InputError) as caught:
        load_network(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


def test_missing_file_and_folder(tmp_path):
    assert "give a file" in refused(tmp_path / "none.safetensors")
    assert "give a file" in refused(tmp_path)


def test_truncated_at_any_length(path):
    whole = path.read_bytes()
    for length in [*range(0, 64), *range(64, len(whole), 97), len(whole) - 1]:
        path.write_bytes(whole[:length])
        refused(path)


def test_longer_than_it_should_be(path):
    path.write_bytes(path.read_bytes() + b"\0")
    refused(path)


def test_flipped_bits_in_the_header_never_crash(path):
    whole = bytearray(undigested(path.read_bytes()))
    header = 8 + int.from_bytes(whole[:8], "little")
    x = np.zeros((2, 6), np.float32)
    outcomes = Counter()
    for place in range(0, header, 3):
        broken = whole.copy()
        broken[place] ^= 1 << (place % 8)
        path.write_bytes(broken)
        try:
            loaded = load_network(path)
        except InputError as error:
            outcomes["refused" if str(path) in str(error) else "unnamed"] += 1
        else:  # a letter of a name or a digit of a number
            assert logits(loaded.model, x).shape == (2, 3)
            outcomes["read"] += 1
    assert not outcomes["unnamed"]
    assert outcomes["refused"] > 150
    assert outcomes["read"] > 15


def rewritten(path, tensors=None, **header):
    """Write the file again with other tensors or other entries of its header."""
    with safe_open(path, framework="pt") as file:
        found = json.loads(file.metadata()["netrobust"])
    found.pop("written_by")
    state = load_file(path) | (tensors or {})
    state = {name: value for name, value in state.items() if value is not None}
    found = {k: v for k, v in (found | header).items() if v != "left out"}
    save_file(state, path, metadata={"netrobust": json.dumps(found)})


def test_the_helper_of_these_tests_changes_nothing_by_itself(path):
    rewritten(path)
    assert_same(load_network(path), network(done=1))


INT = {"dtype": torch.int32}
WRONG_TENSORS = {
    "no weight": {"layers.0.weight": None},
    "no pointers": {"layers.0.indptr": None},
    "no source": {"layers.0.source": None},
    "no bias": {"layers.1.bias": None},
    "no head": {"head.weight": None},
    "no mean": {"mean": None},
    "one more": {"layers.2.bias": torch.zeros(3)},
    "source out of range": {"layers.0.source": torch.full((15,), 99, **INT)},
    "source negative": {"layers.0.source": torch.full((15,), -1, **INT)},
    "source as float": {"layers.0.source": torch.zeros(15)},
    "pointers fall": {"layers.0.indptr": torch.tensor([0, 15, 2, 3, 4, 15])},
    "pointers as bytes": {"layers.0.indptr": torch.zeros(6, dtype=torch.uint8)},
    "weight short": {"layers.0.weight": torch.zeros(14)},
    "weight as integers": {"layers.0.weight": torch.zeros(15, **INT)},
    "bias short": {"layers.0.bias": torch.zeros(4)},
    "bias two-dimensional": {"layers.0.bias": torch.zeros(5, 1)},
    "head of other sizes": {"head.weight": torch.zeros(3, 5)},
    "mean of many": {"mean": torch.zeros(2)},
    "momentum short": {"momentum.layers.0.weight": torch.zeros(14)},
    "momentum missing": {"momentum.head.bias": None},
    "momentum of nothing": {"momentum.tail": torch.zeros(3)},
    "no deviation": {"std": torch.tensor(0.0)},
    "negative deviation": {"std": torch.tensor(-1.0)},
    "deviation of nothing": {"std": torch.tensor(torch.nan)},
    "endless deviation": {"std": torch.tensor(torch.inf)},
    "mean of nothing": {"mean": torch.tensor(torch.nan)},
    "weight of nothing": {"layers.0.weight": torch.full((15,), torch.nan)},
    "endless bias": {"head.bias": torch.tensor([0, torch.inf, 0])},
    "weights in double": {"layers.0.weight": torch.zeros(15, dtype=torch.float64)},
    "weights in half": {"layers.0.weight": torch.zeros(15, dtype=torch.float16)},
    "no weight of a layer": {"layers.1.weight": None},
}
DONE = {
    name: [1]
    for name in ("epoch", "learning_rate", "loss", "train_accuracy", "test_accuracy")
}


@pytest.mark.parametrize("tensors", WRONG_TENSORS.values(), ids=WRONG_TENSORS)
def test_wrong_tensors_are_refused(path, tensors):
    rewritten(path, tensors)
    refused(path)


WRONG_HEADERS = [
    {"sizes": []},
    {"sizes": [6]},
    {"sizes": [6, 3]},
    {"sizes": [6, 5, 4]},
    {"sizes": [6, 5, 4, 4]},
    {"sizes": [2, 5, 4, 3]},
    {"sizes": [6, -5, 4, 3]},
    {"sizes": [6, 10**15, 4, 3]},
    {"sizes": [10**9, 5, 4, 3]},
    {"sizes": [5 * 10**18, 5, 4, 3]},
    {"sizes": "6543"},
    {"sizes": None},
    {"sizes": 6},
    {"sizes": "left out"},
    {"config": {"epochs": 0}},
    {"config": {"epoch": 1}},
    {"config": []},
    {"config": "left out"},
    {"seed": "left out"},
    {"seed": -1},
    {"seed": "7"},
    {"seed": 7.0},
    {"seed": True},
    {"seed": None},
    {"history": 3},
    {"history": {}},
    {"history": [[], None]},
    {"history": DONE | {"loss": 1}},
    {"dynamics": [[1], [2]]},
    {"history": {"epoch": [1, 2], "loss": [1]}},
    {"history": {"epoch": [2]}},
    {"history": {"epoch": [1, 3]}},
    {"history": {"epoch": [1, 2, 3]}},
    {"history": {"loss": [1]}},
    {"history": DONE | {"loss": ["small"]}},
    {"history": DONE | {"loss": [[1]]}},
    {"history": DONE | {"loss": [None]}},
    {"history": DONE | {"more": [1]}},
    {"history": {"epoch": [1], "loss": [1]}},
    {"dynamics": {"epoch": [1], "links": ["many"]}},
    {"dynamics": {"epoch": [{}], "links": [1]}},
    {"sizes": [6, 5, 4, 10**12]},
    {"sizes": [6, 5, 4, 3.0]},
    {"sizes": [6, 5, True, 3]},
    {"dynamics": "left out"},
    {"dataset": "left out"},
    {"dataset": 5},
    {"dataset": None},
    {"dataset": ""},
    {"dataset": ".hidden"},
    {"dataset": "../../elsewhere"},
    {"dataset": "/tmp/elsewhere"},
    {"dataset": "a/../../b"},
    {"dataset": "a\\b"},
    {"dataset": "a\0b"},
    {"dataset": "a\nb"},
    {"dataset_sha256": ["ab12"]},
    {"format": "netrobust network 0"},
    {"format": None},
    {"format": "left out"},
]


@pytest.mark.parametrize("header", WRONG_HEADERS, ids=str)
def test_wrong_headers_are_refused(path, header):
    rewritten(path, **header)
    refused(path)


def test_safetensors_of_others_are_refused(path):
    save_file({"weight": torch.zeros(3)}, path)
    refused(path)
    save_file({"weight": torch.zeros(3)}, path, metadata={"netrobust": "[]"})
    refused(path)


def test_a_header_nested_without_end_is_refused(path):
    save_file(load_file(path), path, metadata={"netrobust": "[" * 100_000})
    refused(path)


def test_a_history_that_the_tests_call_right_is_read(path):
    rewritten(path, history=DONE)
    assert load_network(path).history.loss.tolist() == [1]


class Trap:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


def test_a_renamed_pickle_is_refused_and_not_run(tmp_path):
    path, trace = tmp_path / "net.safetensors", tmp_path / "trace"
    path.write_bytes(pickle.dumps(Trap(trace)))
    refused(path)
    torch.save({"weight": Trap(trace)}, path)
    refused(path)
    assert not trace.exists()


def test_a_place_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("here")
    with pytest.raises(InputError, match="cannot write"):
        save_network(network(), tmp_path / "file" / "a")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="cannot write"):
        save_network(network(), tmp_path / "folder")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(path, monkeypatch):
    before = path.read_bytes()

    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr("netrobust.core.atomic_files.os.replace", full)
    with pytest.raises(InputError, match="no space left"):
        save_network(replace(network(), seed=8), path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_what_a_killed_save_left_goes_with_the_next_one(path):
    left = path.with_name(f".{path.name}.{2**40}-0123456789ab.part")
    other = path.with_name(f".other.safetensors.{2**40}-0123456789ab.part")
    left.touch()
    other.touch()
    save_network(network(), path)
    assert sorted(path.parent.iterdir()) == [other, path]
