"""A few wrong files for every reader; ``make fuzz`` tries ten thousand of each.

``NETROBUST_FUZZ=500`` tries 500 instead of a few.
"""

import json
import os
import struct
import time
import zlib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import campaign
import fuzz_hostile
import fuzz_ours
import numpy as np
import pytest
from campaign import AS_IT_SHOULD, OBJECT, REFUSED, STOPPED, tried
from fuzz_hostile import RIGHT
from fuzzed import seeds_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from networks import in_new_process

from netrobust.core.messages import pack, unpack

FEW = 25
CASES = int(os.environ.get("NETROBUST_FUZZ", FEW))
READERS = campaign.readers()
OURS = {name: one for name, one in READERS.items() if one.ours}
OTHERS = [name for name, one in READERS.items() if not one.ours]

each_of_ours = pytest.mark.parametrize("reader", OURS.values(), ids=OURS)
few = settings(
    max_examples=CASES, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def fine(reader, raw, sandbox):
    kind, detail = tried(reader, raw, sandbox)
    assert kind in AS_IT_SHOULD, (kind, detail, raw[:300])
    return kind


@pytest.fixture
def sandbox(tmp_path, monkeypatch):
    place = tmp_path / "sandbox"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.delenv("NETROBUST_DATA", raising=False)
    return place


# What every reader does


@each_of_ours
def test_whole_files_are_read(reader, sandbox):
    found = Counter(fine(reader, raw, sandbox) for raw in reader.seeds())
    assert found[OBJECT] >= 1


@each_of_ours
def test_wrong_files_give_an_object_or_one_sentence(reader, sandbox):
    for number in range(CASES):
        fine(reader, reader.case(number), sandbox)


@each_of_ours
@few
@given(raw=st.binary(max_size=200))
def test_any_bytes_give_an_object_or_one_sentence(reader, sandbox, raw):
    fine(reader, raw, sandbox)


@pytest.mark.parametrize("name", OTHERS)
def test_wrong_files_for_parsers_of_others(name):
    notes = campaign.campaign(name, CASES, ours=False)
    assert len(notes) == CASES
    assert [one for one in notes if not one[1].startswith(AS_IT_SHOULD)] == []
    assert len({kind for _, kind, _, _ in notes}) > 1


# That of torch loads torch, and has its own tests.
@pytest.mark.parametrize("name", sorted({*OTHERS} - {"torch .pt"}))
def test_a_wrong_file_through_the_guard_is_one_sentence(name, sandbox):
    reader = READERS[name]
    guarded = replace(reader, read=reader.door, ours=True)
    kind, detail = tried(guarded, b"\0\1junk", sandbox, door=True)
    assert kind == REFUSED, detail


def sums():
    """What stands for the first cases of every reader."""
    return {
        name: zlib.crc32(b"".join(reader.case(number) for number in range(4)))
        for name, reader in READERS.items()
    }


def test_cases_are_many():
    for reader in READERS.values():
        cases = {reader.case(number) for number in range(40)}
        assert len(cases) > 25
        assert not cases <= set(seeds_of(reader))


def test_cases_are_the_same_at_any_time(monkeypatch):
    now, local, text = time.time, time.localtime, time.asctime
    before = sums()
    monkeypatch.setattr(time, "time", lambda: now() + 1e7)
    monkeypatch.setattr(
        time, "localtime", lambda seconds=None: local(seconds or time.time())
    )
    monkeypatch.setattr(
        time, "asctime", lambda when=None: text(when or time.localtime())
    )
    seeds_of.cache_clear()  # files that are right are written at another hour, too
    assert sums() == before


@pytest.mark.skipif(CASES == FEW, reason="a new process is slow; NETROBUST_FUZZ=100")
def test_cases_are_the_same_in_every_process():
    here = Path(__file__).parent
    code = "import json, sys; sys.path[:0] = sys.argv[1:]; import test_fuzz\n"
    code += "print(json.dumps(test_fuzz.sums()))"
    there = in_new_process(code, here, here.parent, PYTHONHASHSEED="1")
    assert json.loads(there) == sums()


# Formats that hold JSON

trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@few
@given(
    parts=st.fixed_dictionaries(
        {"schema_version": st.just(1) | trees},
        optional=dict.fromkeys(["settings", "data_sha256", "versions"], trees),
    )
)
def test_any_json_is_a_manifest_or_refused(sandbox, parts):
    fine(OURS["manifest"], json.dumps(parts).encode(), sandbox)


@few
@given(
    where=st.sampled_from(
        ["sizes", "config", "seed", "dataset", "history", "dynamics"]
    ),
    value=trees,
)
def test_any_json_in_the_header_of_a_network_is_refused_or_right(sandbox, where, value):
    raw = seeds_of(OURS["network file"])[0]
    size = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + size])
    kept = json.loads(header["__metadata__"]["netrobust"]) | {where: value}
    header["__metadata__"]["netrobust"] = json.dumps(kept)
    text = json.dumps(header).encode()
    whole = struct.pack("<Q", len(text)) + text + raw[8 + size :]
    fine(OURS["network file"], whole, sandbox)


@few
@given(text=st.text(alphabet="set(,=)@ rigl0.5\n\0é" + "small_world", max_size=40))
@pytest.mark.parametrize("name", ["method text", "member text", "options text"])
def test_any_text_is_a_method_or_refused(name, sandbox, text):
    fine(OURS[name], text.encode(), sandbox)


numbers = st.sampled_from(["<f4", ">f8", "<i8", "|u1", "|b1", "<c16", "<U3", "<M8[s]"])


@st.composite
def arrays(draw):
    shape = tuple(draw(st.lists(st.integers(0, 3), min_size=1, max_size=3)))
    seed = draw(st.integers(0, 99))
    values = np.random.default_rng(seed).integers(0, 9, shape)
    return values.astype(np.dtype(draw(numbers)))


@few
@given(value=st.recursive(trees | st.binary() | arrays(), st.lists, max_leaves=5))
def test_what_is_packed_comes_back(value):
    again = unpack(pack(value))
    assert pack(again) == pack(value)


# The trials themselves


def test_what_is_right_passes(sandbox):
    assert tried(RIGHT, b"even", sandbox)[0] == OBJECT
    assert tried(RIGHT, b"odd", sandbox)[0] == REFUSED
    assert list(sandbox.iterdir()) == []


WRONG = {
    "raising": "raised KeyError",
    "unpickle": "did what no reader may",
    "connect": "did what no reader may",
    "start_a_program": "did what no reader may",
    "write_beside": "did what no reader may",
    "write_and_remove": "did what no reader may",
    "climb": "did what no reader may",
    "want_memory": "asked for too much memory",
}


@pytest.mark.parametrize(("name", "kind"), WRONG.items(), ids=WRONG)
def test_what_a_reader_may_not_do_is_seen(name, kind, sandbox):
    reader = replace(RIGHT, read=getattr(fuzz_hostile, name))
    assert tried(reader, b"x", sandbox)[0] == kind


def test_an_object_that_is_none_is_seen(sandbox):
    def never(got):
        assert got is None, "it is something"

    kind, detail = tried(replace(RIGHT, holds=never), b"even", sandbox)
    assert kind == "wrong object"
    assert detail.startswith("AssertionError: it is something")


@pytest.mark.parametrize(
    ("name", "kind"), [("CRASHING", "crashed (SIGSEGV)"), ("HANGING", "hung")]
)
def test_a_campaign_tells_what_crashes_or_hangs_and_goes_on(name, kind, monkeypatch):
    monkeypatch.setenv("NETROBUST_FUZZ_PATIENCE", "0.3")
    notes = campaign.campaign(f"fuzz_hostile:{name}", 5)
    assert [one[1] for one in notes] == [OBJECT, OBJECT, kind, OBJECT, OBJECT]
    notes = campaign.campaign(f"fuzz_hostile:{name}", 3, ours=False)
    assert notes[2][1] == f"{STOPPED}: {kind}"


def test_a_campaign_prints_a_line_and_the_cases_that_are_wrong(capsys):
    notes = [[0, OBJECT, "", 0.5], [1, REFUSED, "", 0.1], [2, "hung", "x", 9.0]]
    assert campaign.told("some reader", notes) == 1
    line, wrong = capsys.readouterr().out.splitlines()
    assert line.split() == ["some", "reader", "3", "1", "1", "0", "1", "9.00", "9.6"]
    assert wrong.split() == ["case", "2:", "hung:", "x"]


def test_every_reader_of_files_is_here():
    """A reader that is added to netrobust is added here, or it is not fuzzed."""
    assert len(fuzz_ours.READERS) == 17
    assert set(OTHERS) == {
        "GraphML",
        "Parquet table",
        "MATLAB .mat",
        "torch .pt",
        "package",
    }
