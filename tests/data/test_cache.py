import gzip
import hashlib
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from netrobust.core.errors import DataUnavailableError, InputError
from netrobust.data.cache import FILES, IdxSet, cache_folder, obtain

CONTENT = {file: f"the bytes of {file}".encode() * 50 for file in FILES}


def digest(content):
    return hashlib.sha256(content).hexdigest()


class Giver:
    """A source that holds some files and counts how often it is asked."""

    def __init__(self, name, files):
        self.name, self.files, self.asked = name, files, []

    def __str__(self):
        return self.name

    def get(self, file, work):
        self.asked.append(file)
        if file not in self.files:
            raise OSError(f"{file} is not here")
        return self.files[file]


def tiny(*sources):
    return IdxSet("tiny", tuple(digest(CONTENT[file]) for file in FILES), sources)


def fill(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("NETROBUST_DATA", raising=False)
    return cache_folder("tiny")


@pytest.fixture
def own(tmp_path):
    return tmp_path / "own"


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_fetched_file_is_kept_and_not_fetched_again(cache, pack):
    giver = Giver("giver", {file: pack(CONTENT[file]) for file in FILES})
    first = obtain(tiny(giver))
    assert {file: item.content for file, item in first.items()} == CONTENT
    assert {item.source for item in first.values()} == {"giver"}
    assert names(cache) == sorted(FILES)
    second = obtain(tiny())
    for file in FILES:
        assert second[file].path == first[file].path == cache / file
        assert second[file].path.read_bytes() == CONTENT[file]
    assert len(giver.asked) == 4


@pytest.mark.parametrize("folder", ["", "tiny"], ids=["flat", "by name"])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_the_users_folder_comes_first_and_is_not_copied(cache, own, folder, suffix):
    pack = gzip.compress if suffix else bytes
    fill(own / folder, {file + suffix: pack(CONTENT[file]) for file in FILES})
    giver = Giver("giver", CONTENT)
    found = obtain(tiny(giver), own)
    assert {file: item.content for file, item in found.items()} == CONTENT
    assert found[FILES[0]].path == own / folder / (FILES[0] + suffix)
    assert giver.asked == []
    assert names(cache) == []


def test_the_environment_names_the_users_folder(own, monkeypatch):
    monkeypatch.setenv("NETROBUST_DATA", str(fill(own, CONTENT)))
    assert obtain(tiny())[FILES[0]].path == own / FILES[0]


def test_what_the_users_folder_lacks_comes_from_elsewhere(cache, own):
    fill(own, {file: CONTENT[file] for file in FILES[:2]})
    fill(cache, {FILES[2]: CONTENT[FILES[2]]})
    giver = Giver("giver", CONTENT)
    found = obtain(tiny(giver), own)
    assert [found[file].path.parent for file in FILES] == [own, own, cache, cache]
    assert giver.asked == [FILES[3]]


DAMAGES = {
    "altered": lambda content: (content.replace(b"bytes", b"Bytes"), None),
    "truncated": lambda content: (content[:-10], None),
    "empty": lambda content: (b"", None),
    "truncated gzip": lambda content: (gzip.compress(content, 0)[:-20], "any"),
    "damaged gzip": lambda content: (gzip.compress(content)[:20] + b"\0" * 40, "any"),
    "gzip of altered": lambda content: (gzip.compress(content + b"!"), content + b"!"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_bad_file_of_the_user_is_named_with_both_hashes_and_left(cache, own, damage):
    file = FILES[2]
    bad, shown = DAMAGES[damage](CONTENT[file])
    fill(own, CONTENT | {file: bad})
    with pytest.raises(InputError) as caught:
        obtain(tiny(Giver("giver", CONTENT)), own)
    message = str(caught.value)
    assert str(own / file) in message
    assert f"expected SHA-256 {digest(CONTENT[file])}" in message
    assert "found " in message
    if shown != "any":
        assert f"found {digest(bad if shown is None else shown)}" in message
    assert (own / file).read_bytes() == bad
    assert names(cache) == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_bad_file_in_the_cache_is_reported_and_replaced(cache, damage, caplog):
    file = FILES[0]
    fill(cache, CONTENT | {file: DAMAGES[damage](CONTENT[file])[0]})
    with caplog.at_level(logging.WARNING):
        found = obtain(tiny(Giver("giver", CONTENT)))
    assert found[file].content == (cache / file).read_bytes() == CONTENT[file]
    assert f"{cache / file}: expected SHA-256 {digest(CONTENT[file])}" in caplog.text
    assert names(cache) == sorted(FILES)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_bad_file_in_the_cache_does_not_stay_without_a_source(cache, damage):
    bad = DAMAGES[damage](CONTENT[FILES[0]])[0]
    fill(cache, CONTENT | {f"{FILES[0]}.gz": bad, FILES[0]: bad})
    with pytest.raises(DataUnavailableError, match=r"\.gz: expected SHA-256"):
        obtain(tiny())
    assert names(cache) == sorted(FILES[1:])


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_bad_file_from_a_source_is_not_kept_and_the_next_source_asked(
    cache, damage, caplog
):
    bad = Giver("bad", CONTENT | {FILES[1]: DAMAGES[damage](CONTENT[FILES[1]])[0]})
    good = Giver("good", CONTENT)
    found = obtain(tiny(bad, good))
    assert [item.source for item in found.values()] == ["bad", "good", "good", "good"]
    assert bad.asked == list(FILES[:2]), "a source that failed is not asked again"
    assert f"bad: {FILES[1]}: expected SHA-256" in caplog.text
    assert {file: (cache / file).read_bytes() for file in names(cache)} == CONTENT


def test_the_files_of_another_data_set_in_a_flat_folder_are_passed_over(own):
    other = {file: content + b"other" for file, content in CONTENT.items()}
    fill(own, other)
    foreign = {digest(content) for content in other.values()}
    found = obtain(tiny(Giver("giver", CONTENT)), own, foreign=foreign)
    assert {item.source for item in found.values()} == {"giver"}
    with pytest.raises(InputError):
        obtain(tiny(Giver("giver", CONTENT)), own)


def test_without_a_source_the_error_lists_every_one_and_its_reason(cache, own):
    own.mkdir()
    givers = Giver("first mirror", {}), Giver("second mirror", {FILES[0]: b"junk"})
    with pytest.raises(DataUnavailableError) as caught:
        obtain(tiny(*givers), own)
    message = str(caught.value)
    assert f"{own}: no {FILES[0]}, " in message
    assert str(cache) in message
    assert f"first mirror: {FILES[0]} is not here" in message
    assert f"second mirror: {FILES[0]}: expected SHA-256" in message
    assert "'mnist-5k', which needs no network" in message
    assert names(cache) == []


def test_a_missing_folder_is_refused(own):
    with pytest.raises(InputError, match=r"own' does not exist; .* leave data_dir"):
        obtain(tiny(Giver("giver", CONTENT)), own)


def test_a_cache_that_cannot_be_written_is_said_and_leaves_nothing(cache, monkeypatch):
    def refuse(*paths):
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(InputError, match=r"cannot write .*: no space left; make"):
        obtain(tiny(Giver("giver", CONTENT)))
    assert names(cache) == []


def test_an_interrupted_write_is_not_taken_for_a_file(cache, monkeypatch):
    def interrupt(*paths):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", interrupt)
        with pytest.raises(KeyboardInterrupt):
            obtain(tiny(Giver("giver", CONTENT)))
    assert names(cache) == []


def test_loads_at_once_do_not_harm_each_other(cache):
    fill(cache, {FILES[0]: b"altered"})
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(obtain, tiny(Giver("giver", CONTENT))) for _ in range(40)]
        for job in jobs:
            found = job.result()
            assert {file: item.content for file, item in found.items()} == CONTENT
    assert {file: (cache / file).read_bytes() for file in names(cache)} == CONTENT


def test_a_decompression_bomb_is_refused(monkeypatch):
    monkeypatch.setattr("netrobust.data.cache.LARGEST_FILE", 1000)
    bomb = Giver("bomb", {FILES[0]: gzip.compress(bytes(10**6))})
    with pytest.raises(DataUnavailableError, match=digest(bytes(1000))):
        obtain(tiny(bomb))


def test_the_cache_lies_in_the_users_cache(tmp_path):
    assert Path(tmp_path / "cache") in cache_folder("mnist").parents
