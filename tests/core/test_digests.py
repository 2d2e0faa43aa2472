"""Whatever becomes of the bytes of a file we wrote, a reader of it is told."""

import json
from importlib.metadata import version

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from networks import random_model
from specimens import one_layer

from netrobust.core import digests
from netrobust.core.errors import InputError
from netrobust.graphs import files
from netrobust.graphs.graph import read, write
from netrobust.neural.config import TrainConfig
from netrobust.neural.network import Network, load_network, save_network
from netrobust.runs import tables
from netrobust.runs.json_files import read_json, write_json
from netrobust.runs.tables import Parts, read_table, write_table


def save(path):
    model = random_model(np.random.default_rng(0), (6, 5, 4, 3), [0.5, 0.4])
    none = pd.DataFrame()
    save_network(Network(model, TrainConfig(), 7, "tiny", "ab12", none, none), path)


#: How a file is written, and how it is read.
KINDS = {
    "a.safetensors": (save, load_network),
    "a.graphml": (lambda path: write(one_layer(), path), read),
    "a.parquet": (
        lambda path: write_table(pd.DataFrame({"n": [0.5], "t": ["x"]}), path),
        read_table,
    ),
    "a.json": (lambda path: write_json(path, {"units": ["a", "b"]}), read_json),
}


@pytest.fixture(autouse=True)
def _children(monkeypatch):
    """Parse in this process, for each child takes a third of a second."""
    for module in (files, tables):
        monkeypatch.setattr(
            module, "guarded", lambda parse, given, **limits: parse(given)
        )


@pytest.fixture(params=KINDS)
def kind(request, tmp_path):
    put, get = KINDS[request.param]
    put(tmp_path / request.param)
    return tmp_path / request.param, put, get


def test_the_same_content_is_the_same_file_and_names_who_wrote_it(kind):
    path, put, get = kind
    before = path.read_bytes()
    put(path)
    assert path.read_bytes() == before
    assert digests.check(path) == version("netrobust")
    assert digests.intact(path)
    get(path)


def test_altered_bytes_are_found_wherever_they_are(kind):
    path, _, _ = kind
    whole, missed = path.read_bytes(), []
    for place in range(0, len(whole), 5):
        content = bytearray(whole)
        content[place] ^= 1 << place % 8
        path.write_bytes(content)
        if digests.intact(path):
            missed.append(place)
    assert missed == []


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_what_is_cut_off_is_found(kind, share):
    path, _, get = kind
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    assert not digests.intact(path)
    with pytest.raises(InputError):
        get(path)


def test_a_reader_refuses_altered_bytes(kind):
    path, _, get = kind
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 1] = bytes([content[middle] ^ 1])
    path.write_bytes(content)
    with pytest.raises(InputError, match="are not those that netrobust") as caught:
        get(path)
    assert "\n" not in str(caught.value)
    assert not digests.intact(path.with_name("nowhere"))


def test_a_later_format_names_the_version_to_install(kind, monkeypatch):
    path, put, get = kind
    monkeypatch.setattr(digests, "FILE_FORMAT", digests.FILE_FORMAT + 1)
    monkeypatch.setattr(digests, "version", lambda name: "3.1.4rc1")
    put(path)
    get(path)
    monkeypatch.undo()
    with pytest.raises(InputError, match=r"file format 2, .*install netrobust 3\.1\.4"):
        get(path)


def test_a_large_file_has_its_line_at_either_end(tmp_path):
    for text in ("{} #", "# {}"):
        path = tmp_path / "large"
        path.write_text(text.format(digests.blank()).replace("#", "#" * 2**21))
        digests.fill(path)
        assert digests.intact(path)
        content = bytearray(path.read_bytes())
        content[2**20] ^= 1
        path.write_bytes(content)
        assert not digests.intact(path)


def test_other_programs_read_what_holds_a_digest(tmp_path):
    for name in ("a.graphml", "a.parquet", "a.json"):
        KINDS[name][0](tmp_path / name)
    assert len(nx.read_graphml(tmp_path / "a.graphml")) == one_layer().vcount()
    table = pd.read_parquet(tmp_path / "a.parquet")
    assert (table.n.tolist(), table.t.tolist(), table.attrs) == ([0.5], ["x"], {})
    facts = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert facts.pop("written_by").startswith("netrobust ")
    assert facts == {"units": ["a", "b"]}


def test_parts_whose_bytes_were_altered_are_no_parts(tmp_path):
    parts = Parts(tmp_path)
    for key in ("good", "bad"):
        parts.put(key, pd.DataFrame({"n": [0.5]}))
    content = bytearray((tmp_path / "bad.parquet").read_bytes())
    content[30] ^= 1
    (tmp_path / "bad.parquet").write_bytes(content)
    assert [parts.sound(key) for key in ("good", "bad", "none")] == [True, False, False]
    assert list(parts.found(["good", "bad"])) == ["good"]
