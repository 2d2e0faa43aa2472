"""What netrobust tells of its surroundings, and that telling changes nothing."""

import hashlib
from importlib.metadata import PackageNotFoundError, version

import pytest
import torch
from small import listing, netrobust

import netrobust as nr
from netrobust.data.cache import FILES, IdxSet, cache_folder
from netrobust.data.load import IDX_SETS
from netrobust.runs import environment

CONTENT = {file: f"the bytes of {file}".encode() * 50 for file in FILES}
DIGESTS = tuple(hashlib.sha256(content).hexdigest() for content in CONTENT.values())


class Source:
    """What would hand files over, and takes note that it was asked."""

    def __init__(self):
        self.asked = []

    def get(self, file, work):
        self.asked.append(file)
        raise OSError


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A user of its own, for whom mnist has other bytes and a source that is idle."""
    source = Source()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("NETROBUST_DATA", raising=False)
    for name, checksums in {"mnist": DIGESTS, "fashion-mnist": ("0" * 64,) * 4}.items():
        monkeypatch.setitem(IDX_SETS, name, IdxSet(name, checksums, (source,)))
    yield tmp_path
    assert source.asked == []


def fill(folder, *files, content=None):
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        (folder / file).write_bytes(content or CONTENT[file])


def test_facts_are_plain_text_for_a_bug_report():
    facts = nr.info()
    told = [one for pair in facts.items() for one in pair]
    assert all(isinstance(one, str | int) and one for one in told)
    for name in ("netrobust", "torch", "numba", "igraph", "bicm", "distributed"):
        assert facts[name] == version(name)
    assert facts["torch threads"] == torch.get_num_threads()
    assert int(facts["processors"]) >= 1
    assert {*nr.DATASETS} < facts.keys()


def test_an_extra_that_is_not_installed_is_named(monkeypatch):
    def found(name):
        if name == "bicm":
            raise PackageNotFoundError
        return "1"

    monkeypatch.setattr(environment, "version", found)
    assert "pip install 'netrobust[maxent]'" in nr.info()["bicm"]
    assert nr.info()["distributed"] == "1"


def test_graphics_cards_are_named_as_not_used(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert nr.info()["cuda"] == "none"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", "card {}".format)
    assert nr.info()["cuda"] == "card 0, card 1 (not used)"


def test_caches_are_told_with_their_sizes(home, monkeypatch):
    facts = nr.info()
    assert facts["data cache"] == f"{home / 'cache/netrobust/data'} (empty)"
    fill(cache_folder("other"), "file", content=bytes(2_100_000))
    assert nr.info()["data cache"].endswith("(2.1 MB)")
    kernels = home / "kernels"
    fill(kernels / "deep", "a.nbi", "b.nbc", "c.py", content=bytes(100_000))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(kernels))
    assert nr.info()["kernel cache"] == f"{kernels} (0.2 MB)"


def test_data_sets_are_here_only_if_they_are_whole():
    assert nr.info()["mnist"] == nr.info()["fashion-mnist"] == "to be downloaded"
    assert nr.info()["mnist-5k"] == "available"
    fill(cache_folder("mnist"), *FILES[:3])
    assert nr.info()["mnist"] == "to be downloaded"
    fill(cache_folder("mnist"), FILES[3])
    assert nr.info()["mnist"] == "available"


@pytest.mark.parametrize("folder", ["", "mnist"], ids=["flat", "by name"])
def test_data_of_ones_own_count_and_complete_the_cache(home, monkeypatch, folder):
    fill(home / "own" / folder, *FILES[:2])
    # A file of another set with the same name is passed over.
    checksums = ("0" * 64,) * 3 + (hashlib.sha256(b"x").hexdigest(),)
    other = IdxSet("fashion-mnist", checksums)
    monkeypatch.setitem(IDX_SETS, "fashion-mnist", other)
    fill(home / "own" / folder, FILES[3], content=b"x")
    monkeypatch.setenv("NETROBUST_DATA", str(home / "own"))
    assert nr.info()["mnist"] == "to be downloaded"
    fill(cache_folder("mnist"), *FILES[2:])
    assert nr.info()["mnist"] == "available"


@pytest.mark.parametrize("where", ["cache", "own"])
def test_an_altered_file_is_named_and_left_alone(home, monkeypatch, where):
    monkeypatch.setenv("NETROBUST_DATA", str(home / "own"))
    fill(home / "own")
    folder = home / "own" if where == "own" else cache_folder("mnist")
    fill(folder, *FILES)
    fill(folder, FILES[2], content=b"altered")
    before = listing(home)
    said = nr.info()["mnist"]
    assert f"{folder / FILES[2]} is not the {FILES[2]} of 'mnist'" in said
    assert listing(home) == before


def test_a_folder_of_ones_own_that_is_missing_is_named(home, monkeypatch):
    monkeypatch.setenv("NETROBUST_DATA", str(home / "gone"))
    assert "gone' does not exist" in nr.info()["mnist"]


def test_the_verb_prints_a_fact_a_line(home):
    facts, done = nr.info(), netrobust("info", cwd=home)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert [line.split("  ")[0] for line in lines] == list(facts)
    assert f"netrobust{' ' * 12}{facts['netrobust']}" in lines
